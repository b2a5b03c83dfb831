"""The compiler: nothing a client writes gets into what is written for it, or stays there for the next client."""

import ast
import asyncio
import builtins
import gc
import keyword
import weakref
from collections import Counter
from typing import Any, NewType

import pytest
import strawberry
from graphql import ExecutionResult, parse, specified_rules, validate
from strawberry.schema.config import StrawberryConfig

from schema.compiler import BATCH, Executor, Plan
from schema.compiler._bodies import LOCAL
from schema.compiler._plans import VARIANTS_MAX
from schema.compiler._writing import OWN

Json = NewType("Json", object)
SECRET = "s3cret"
DONE: Counter[str] = Counter()
SHARED: list[Any] = []


async def toys_of(parents: list["them"], context: Any) -> list[list["them"]]:
    del context
    parents.sort(key=lambda each: each.zip)
    return [SHARED for _ in parents]


async def _toys(self: "them", info: strawberry.Info) -> list["them"]:
    [found] = await toys_of([self], info.context)
    return found


@strawberry.type
class them:  # noqa: N801  a type of the very name that functions use
    zip: str = "z"
    get_info: int = 1
    run: str | None = None
    toys: list["them"] = strawberry.field(resolver=_toys, metadata={BATCH: toys_of})

    @strawberry.field
    def answers(self, given: list[int], more: Json | None = None) -> list[int]:
        given.append(len(given))
        if isinstance(more, dict):
            more["seen"] = True
        return given


@strawberry.type(name="class")
class Keyword:
    it: str = "it"


@strawberry.type(name="None")
class Query:
    @strawberry.field
    def get_info(self, info: strawberry.Info) -> list[them]:
        return [them(zip=info.field_name), them(zip="a")]

    @strawberry.field
    def get(self, info: strawberry.Info, name: str = "x", json: Json | None = None) -> str:
        return f"{info.field_name} {name} {json}"

    @strawberry.field
    def keyword(self) -> Keyword:
        return Keyword()

    @strawberry.field
    def json(self, given: Json | None = None) -> Json | None:
        if isinstance(given, dict):
            given["times"] = given.get("times", 0) + 1
            return Json(dict(given))
        return given

    @strawberry.field
    def broken(self) -> str:
        raise ValueError(SECRET)


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def done(self, name: str = "x") -> them | None:
        DONE[name] += 1
        return them(zip=name, get_info=2**40)


SCALARS: Any = {Json: strawberry.scalar(name="Json", serialize=lambda each: each, parse_value=lambda each: each)}
SCHEMA = strawberry.Schema(Query, Mutation, config=StrawberryConfig(scalar_map=SCALARS))
EXECUTOR = Executor(SCHEMA)


def planned(source: str) -> Plan:
    document = parse(source)
    assert validate(SCHEMA._schema, document, specified_rules) == [], source
    return EXECUTOR.plan(document, None)


def told(result: ExecutionResult) -> Any:
    return repr(result.data), [each.formatted for each in result.errors or ()]


async def how(plan: Plan, variables: dict[str, Any] | None = None) -> str:
    """How a plan ran; its answer is compared with graphql-core's."""
    before = Counter(EXECUTOR.counts)
    ours = await EXECUTOR.execute(plan, {}, variables)
    [ran] = EXECUTOR.counts - before
    assert told(ours) == told(await EXECUTOR.interpret(plan.document, None, {}, variables))
    return ran


NAMES = sorted(
    {*keyword.kwlist, *keyword.softkwlist, *OWN, *(name for name in dir(builtins) if name.islower())}
    | {
        f"get{end}"
        for end in (*LOCAL, "_of", "_of_2", "_list", "_by_type", "_info_for", "_arguments_for", "_given")
    }
    | {"__class__", "__builtins__", "__import__", "None_get_info", "None_get", "String", "Int", "class", "flat"}
)
"""What an alias may be called that somebody who writes Python could trip over."""


@pytest.mark.parametrize("name", NAMES)
async def test_an_alias_of_any_name_is_an_alias(name: str) -> None:
    document = f"""{{ {name}: get(name: "{name}") get_: getInfo {{ {name}: zip {name}_: getInfo }}
      {name}_info: getInfo {{ {name}: toys {{ run }} {name}_column: zip }} keyword {{ {name}: it }} }}"""
    if name in ("get_", "keyword") or f"{name}_info" in ("get_", "keyword"):
        document = document.replace("get_: getInfo", "other: getInfo").replace("keyword {", "that: keyword {")
    assert await how(planned(document)) == "compiled"


WORDS = ['"; import os #', "')", '"""', "\\n\\nraise SystemExit", "__import__('os')", "{them}", "\\u0000", "中"]


@pytest.mark.parametrize("word", WORDS)
async def test_no_text_of_a_client_is_in_what_is_written(word: str) -> None:
    told_as = word.replace('"', '\\"')
    tame = (
        'query tame($v: String = "x", $j: Json = "x") { get(name: "x", json: {k: "x"}) b: get(name: $v, json: $j) }'
    )
    wild = tame.replace('"x"', f'"{told_as}"').replace("tame", "os_system").replace("k:", "evil_key:")
    plans = [planned(each) for each in (tame, wild)]
    for plan in plans:
        assert await how(plan) == "compiled"
    assert plans[0].source() == plans[1].source()


ALLOWED = {"__class__", "batch", "context", "once", "one", "awaited", "zip", "run", "get_info", "it"}
"""Attributes that may be read or called: what runs it, and the fields of the schema."""


@pytest.mark.parametrize("name", NAMES)
def test_what_is_written_is_functions_over_attributes_and_nothing_else(name: str) -> None:
    plan = planned(f"{{ {name}: getInfo {{ {name}: zip {name}_: toys {{ run }} }} }}")
    plan.compile()
    module = ast.parse(plan.source())
    assert all(isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef) for each in module.body)
    for node in ast.walk(module):
        assert not isinstance(
            node, ast.Import | ast.ImportFrom | ast.Global | ast.Nonlocal | ast.Lambda | ast.Delete
        )
        if isinstance(node, ast.Attribute):
            assert node.attr in ALLOWED
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            assert node.value in {name, f"{name}_", "run"}


async def test_what_a_resolver_does_to_its_arguments_is_its_own() -> None:
    for document, given in (
        ("query($j: Json = {a: 1}) { json(given: $j) }", {}),
        ("{ json(given: {a: 1}) }", {}),
        ("{ getInfo { answers(given: [1], more: {a: 1}) } }", {}),
        ("query($g: [Int!]!) { getInfo { answers(given: $g) } }", {"g": [1]}),
        ("query($g: [Int!]! = [1]) { getInfo { answers(given: $g) } }", {}),
    ):
        plan = planned(document)
        for _ in range(3):
            assert await how(plan, dict(given)) == "compiled"


async def test_a_batch_may_change_what_it_is_given_and_nobody_elses_answer_changes() -> None:
    SHARED[:] = [them(zip="b"), them(zip="c")]
    document = "{ getInfo { zip toys { zip toys { zip } } } }"
    assert await how(planned(document)) == "compiled"
    assert [each.zip for each in SHARED] == ["b", "c"]


async def test_what_one_client_sends_spoils_no_plan_for_the_next() -> None:
    plan = planned("query($yes: Boolean = true) { get @include(if: $yes) }")
    assert await how(plan, {"yes": None}) == "declined"
    assert await how(plan, {}) == "compiled"
    plan = planned("mutation($yes: Boolean!) { done @include(if: $yes) { zip } __typename }")
    assert await how(plan, {"yes": False}) == "compiled"
    assert await how(plan, {"yes": True}) == "compiled"
    assert plan.reason is None


async def test_a_mutation_is_done_once_beside_its_typename() -> None:
    DONE.clear()
    for document in ("mutation { __typename done { zip } }", "mutation { __typename done { zip getInfo } }"):
        await EXECUTOR.execute(planned(document), {}, None)
    assert DONE == {"x": 2}
    assert await how(planned("mutation { one: __typename done { getInfo } two: __typename }")) == "declined"


async def test_a_plan_has_a_bound_on_its_functions() -> None:
    names = [f"c{number}" for number in range(6)]
    heads = " ".join(f"${each}: Boolean!" for each in names)
    plan = planned(
        f"query({heads}) {{ {' '.join(f'{each}: get @skip(if: ${each})' for each in names)} keyword {{ it }} }}"
    )
    for bits in range(2 ** len(names)):
        await EXECUTOR.execute(plan, {}, {name: bool(bits >> place & 1) for place, name in enumerate(names)})
    assert len(plan._functions) == VARIANTS_MAX


async def test_a_fault_keeps_nothing_of_the_run_that_declined() -> None:
    """The errors of an answer are graphql-core's own: behind them is no trace of the run before."""
    result = await EXECUTOR.execute(planned("{ broken }"), {}, None)
    assert result.errors is not None
    [error] = result.errors
    assert str(error.original_error) == SECRET
    assert error.original_error is not None
    assert error.original_error.__context__ is None


async def test_a_plan_that_is_forgotten_is_gone() -> None:
    plan = planned("{ keyword { it } getInfo { zip } }")
    await EXECUTOR.execute(plan, {}, None)
    gone = weakref.ref(plan)
    [function] = [weakref.ref(each) for each, _ in plan._functions.values()]
    del plan
    gc.collect()
    assert (gone(), function()) == (None, None)


async def test_the_same_plan_runs_for_many_at_once() -> None:
    plan = planned("query($n: String!) { get(name: $n) getInfo { zip toys { zip } } }")
    results = await asyncio.gather(*(EXECUTOR.execute(plan, {}, {"n": str(number)}) for number in range(50)))
    assert [each.data["get"] for each in results if each.data] == [f"get {number} None" for number in range(50)]
