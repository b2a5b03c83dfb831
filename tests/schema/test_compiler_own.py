"""The compiler: what it does wrong itself spoils no answer, and is told once, without a word of anybody's."""

from collections.abc import Callable
from typing import Any

import pytest
import strawberry
from graphql import parse

from api import watching
from schema import executing
from schema.compiler import BATCH, Executor, Fault, Plan, _asking
from schema.compiler._writing import Writer
from schema.context import Context
from tests.people import NOON, programme
from tests.schema.asking import forget_documents

SECRET = "13800001234"
TIRED = {"times": 0}


async def toys_of(parents: list["Child"], context: Any) -> list[str]:
    del context
    return [each.name for each in parents]


async def _toy(self: "Child", info: strawberry.Info) -> str:
    return (await toys_of([self], info.context))[0]


@strawberry.type
class Child:
    name: str
    toy: str = strawberry.field(resolver=_toy, metadata={BATCH: toys_of})


@strawberry.type
class Query:
    @strawberry.field
    async def child(self, name: list[str] | None = None) -> Child:
        return Child(name=" ".join(name or ["Tom"]))

    @strawberry.field
    async def tired(self) -> str:
        """Broken the first time, as a connection may be."""
        TIRED["times"] += 1
        if TIRED["times"] == 1:
            raise ConnectionError(SECRET)
        return "awake"

    @strawberry.field
    async def broken(self) -> str:
        raise ValueError(SECRET)


TOLD: list[tuple[Plan, Fault]] = []


@pytest.fixture
def executor() -> Executor:
    TOLD.clear()
    TIRED.clear()
    TIRED["times"] = 0
    return Executor(strawberry.Schema(Query), tell=lambda *told: TOLD.append(told))


async def run(executor: Executor, document: str, times: int = 1, **variables: Any) -> Any:
    plan = executor.plan(parse(document), None)
    results = [await executor.execute(plan, None, variables) for _ in range(times)]
    return results[-1]


NAMED = "query($name: [String!]!) { child(name: $name) { name toy } }"


def clumsy(patch: pytest.MonkeyPatch) -> None:
    """Compiled functions that are written wrongly."""
    source = Writer.source
    patch.setattr(Writer, "source", lambda writer: source(writer).replace("child_ = {", "child_ = {}[0], {"))


def unable(patch: pytest.MonkeyPatch) -> None:
    """Arguments that are made ready wrongly."""

    def failing(*_: object) -> None:
        raise KeyError(SECRET)

    patch.setattr(_asking, "converting", lambda *_: failing)


@pytest.mark.parametrize("wrong", [clumsy, unable])
async def test_compiled_code_that_fails_where_graphql_core_does_not_is_told_once_a_plan(
    wrong: Callable[[pytest.MonkeyPatch], None], executor: Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong(monkeypatch)
    result = await run(executor, NAMED, 3, name=[SECRET])
    assert (result.data, result.errors) == ({"child": {"name": SECRET, "toy": SECRET}}, None)
    assert executor.counts == {"declined": 3}
    assert executor.faults == 1
    [(plan, fault)] = TOLD
    assert plan.fault is fault
    assert str(fault).startswith("KeyError at ")
    assert "<operation>:" in str(fault)
    assert SECRET not in str(fault)


async def test_a_function_that_could_not_be_written_is_told_once_and_run_by_graphql_core(
    executor: Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: object) -> None:
        raise LookupError(SECRET)

    monkeypatch.setattr(Writer, "root", failing)
    result = await run(executor, NAMED, 3, name=["Mei"])
    assert result.data == {"child": {"name": "Mei", "toy": "Mei"}}
    assert (executor.counts, executor.faults, len(TOLD)) == ({"generic": 3}, 1, 1)
    [(plan, _)] = TOLD
    assert str(plan.reason).startswith("a fault of the compiler: LookupError at ")
    assert SECRET not in str(plan.reason)


@pytest.mark.parametrize(
    ("document", "variables"),
    [
        ("{ broken }", {}),
        ("{ tired }", {}),
        (NAMED, {}),
        (NAMED, {"name": 7}),
        ("query($yes: Boolean = true) { child @include(if: $yes) { name } }", {"yes": None}),
    ],
    ids=[
        "a resolver",
        "a resolver once",
        "a variable missing",
        "a variable of another type",
        "a condition of null",
    ],
)
async def test_what_resolvers_and_clients_do_wrong_is_no_fault_of_the_compiler(
    executor: Executor, document: str, variables: dict[str, Any]
) -> None:
    await run(executor, document, 2, **variables)
    assert executor.counts["declined"] >= 1
    assert (executor.faults, TOLD) == (0, [])


@pytest.mark.once
async def test_a_fault_of_the_compiler_is_in_the_log_and_in_the_numbers(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def failing(*_: object) -> None:
        raise LookupError(SECRET)

    await programme()
    forget_documents()
    before = watching.FAULTS._value.get()
    monkeypatch.setattr(Writer, "root", failing)
    for _ in range(3):
        answer = await executing.run("query Tiers { tiers { code } }", None, Context(now=NOON))
        assert answer.errors is None
    watching.COUNTED.put_down()
    watching.COUNTED.put_down()
    assert watching.FAULTS._value.get() == before + 1
    [line] = [each.getMessage() for each in caplog.records if each.name == "loyalty.faults"]
    assert line.startswith("a fault of the compiler in Tiers: LookupError at ")
    assert SECRET not in line
