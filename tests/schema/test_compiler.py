"""The compiler: on a schema of its own, every operation is answered as graphql-core answers it, errors and all."""

import math
import re
import sys
from collections import Counter
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any, NewType

import pytest
import strawberry
from graphql import ExecutionResult, parse
from strawberry.schema.config import StrawberryConfig

from schema import compiler
from schema.compiler import BATCH, Executor

CALLS: Counter[str] = Counter()
"""How often each resolver was called."""

When = NewType("When", datetime)


@strawberry.enum
class Colour(Enum):
    RED = "red"
    BLUE = "blue"


@strawberry.interface
class Animal:
    name: str


@strawberry.type
class Leg:
    length: int


async def legs_of(parents: list["Cat"], context: Any, at_least: int = 0) -> list[list[Leg] | None]:
    CALLS["legs"] += 1
    if context == "forgetful":
        return []
    return [None if each.name == "Tom" else [Leg(length=4 + at_least)] * 2 for each in parents]


async def _legs(self: "Cat", info: strawberry.Info, at_least: int = 0) -> list[Leg] | None:
    [found] = await legs_of([self], info.context, at_least)
    return found


@strawberry.type
class Cat(Animal):
    lives: int
    colour: Colour = Colour.RED
    legs: list[Leg] | None = strawberry.field(resolver=_legs, metadata={BATCH: legs_of})


@strawberry.type
class Dog(Animal):
    age: float | None = None
    born: When = When(datetime(2026, 3, 1, 4, tzinfo=UTC))


@strawberry.type
class Fish:
    wet: bool = True


@strawberry.input
class Wish:
    name: str
    times: list[int] | None = None
    colour: Colour = Colour.BLUE


@strawberry.type
class Query:
    @strawberry.field
    async def pets(self, info: strawberry.Info) -> list[Animal | None]:
        found: list[Animal | None] = [Cat(name="Tom", lives=9), None, Dog(name="Rex"), Cat(name="Mog", lives=7)]
        return [Cat(name="Bad", lives=2**31)] if info.context == "too many lives" else found

    @strawberry.field
    def anything(self) -> list[Annotated[Cat | Fish, strawberry.union("Anything")]]:
        return [Fish(), Cat(name="Tom", lives=9)]

    @strawberry.field
    async def cat(self, name: str = "Tom", lives: int | None = 9) -> Cat | None:
        CALLS["cat"] += 1
        if name == "angry":
            raise ValueError("it scratches")
        return None if name == "none" else Cat(name=name, lives=lives)  # type: ignore[arg-type]

    @strawberry.field
    def grid(self) -> list[list[int | None]] | None:
        return [[1, None], []]

    @strawberry.field
    def holes(self) -> list[list[Leg | None] | None]:
        return [None, [Leg(length=1), None], []]

    @strawberry.field
    def odd(self, which: int) -> float:
        return (1.5, math.nan, None, "1.5", 2)[which]  # type: ignore[return-value]

    @strawberry.field
    def echo(self, wish: Wish, colours: list[Colour] | None = None) -> str:
        return f"{wish.name} {wish.times} {wish.colour.name} {colours}"

    @strawberry.field
    def where(self, info: strawberry.Info) -> str:
        said = f"{info.field_name} {info.path.as_list()} {info.variable_values} {info.operation.operation.value}"
        raw: Any = info._raw_info
        return f"{said} {len(raw.field_nodes)} {info.return_type} {len(raw)}"


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def adopt(self, name: str) -> Cat | None:
        CALLS["adopt"] += 1
        if name == "angry":
            raise ValueError("it scratches")
        return Cat(name=name, lives=2**40 if name == "Ghost" else 9)


WHENS: Any = strawberry.scalar(name="When", serialize=lambda value: value.isoformat())
SCHEMA = strawberry.Schema(
    Query, Mutation, types=[Cat, Dog, Fish], config=StrawberryConfig(scalar_map={When: WHENS})
)
EXECUTOR = Executor(SCHEMA)


async def compiled(document: str, variables: dict[str, Any] | None = None, context: Any = None) -> ExecutionResult:
    return await EXECUTOR.execute(EXECUTOR.plan(parse(document), None), context, variables)


async def generic(document: str, variables: dict[str, Any] | None = None, context: Any = None) -> ExecutionResult:
    plan = EXECUTOR.plan(parse(document), None)
    plan.reason = "for the comparison"
    return await EXECUTOR.execute(plan, context, variables)


async def how(document: str, variables: dict[str, Any] | None = None, context: Any = None) -> str:
    """How an operation was run; its answer is compared with graphql-core's, to the order of its keys."""
    before = Counter(EXECUTOR.counts)
    ours = await compiled(document, variables, context)
    [ran] = EXECUTOR.counts - before
    theirs = await generic(document, variables, context)
    assert repr(ours.data) == repr(theirs.data)
    assert [each.formatted for each in ours.errors or ()] == [each.formatted for each in theirs.errors or ()]
    return ran


@pytest.mark.parametrize(
    "document",
    [
        "{ pets { name } }",
        "{ pets { __typename ... on Cat { lives colour } ... on Dog { age born } name } }",
        "{ anything { ... on Cat { name } ... on Fish { wet } __typename } }",
        "{ pets { ...all } } fragment all on Animal { name ...cat } fragment cat on Cat { lives legs { length } }",
        "{ cat { legs(atLeast: 2) { length } other: legs { length } name name } cat { lives } }",
        "{ grid holes { length __typename } __typename }",
        "{ odd(which: 0) more: odd(which: 4) }",
        '{ echo(wish: {name: "x", times: [1, 2]}, colours: [RED]) }',
        "{ where } ",
        "{ cat: where Query_where: where __1: where string: cat { String: name it: lives them: colour } }",
    ],
)
async def test_what_goes_well_is_compiled_and_answered_alike(document: str) -> None:
    assert await how(document) == "compiled"


CONDITIONAL = """query($yes: Boolean = true, $no: Boolean!) {
  cat @include(if: $yes) { lives @skip(if: $no) name ... @include(if: $no) { colour } ...more @skip(if: true) }
  other: cat { lives } }
fragment more on Cat { legs { length } }"""


@pytest.mark.parametrize("yes", [True, False])
@pytest.mark.parametrize("no", [True, False])
async def test_what_is_skipped_or_included_depends_on_variables(yes: bool, no: bool) -> None:
    assert await how(CONDITIONAL, {"yes": yes, "no": no}) == "compiled"


async def test_an_operation_has_functions_for_some_sets_of_conditions_and_runs_for_all() -> None:
    names = [f"c{number}" for number in range(5)]
    fields = " ".join(f"{name}: where @include(if: ${name})" for name in names)
    plan = EXECUTOR.plan(parse(f"query({' '.join(f'${name}: Boolean!' for name in names)}) {{ {fields} }}"), None)
    before = Counter(EXECUTOR.counts)
    for bits in range(2 ** len(names)):
        given = {name: bool(bits >> place & 1) for place, name in enumerate(names)}
        result = await EXECUTOR.execute(plan, None, given)
        assert list(result.data or ()) == [name for name in names if given[name]]
    assert EXECUTOR.counts - before == {"compiled": 8, "generic": 24}


@pytest.mark.parametrize(
    ("variables", "ran"),
    [
        ({"name": "Mog"}, "compiled"),
        ({}, "compiled"),
        ({"name": "Mog", "lives": 3}, "compiled"),
        ({"name": None}, "declined"),
        ({"lives": "many"}, "declined"),
        ({"lives": 2**31}, "declined"),
        ({"name": "none"}, "compiled"),
        ({"name": "angry"}, "declined"),
        ({"lives": None}, "declined"),
    ],
)
async def test_variables_are_what_they_are_to_graphql_core(variables: dict[str, Any], ran: str) -> None:
    assert (
        await how(
            'query($name: String! = "Tim", $lives: Int) { cat(name: $name, lives: $lives) { name lives } }',
            variables,
        )
        == ran
    )


@pytest.mark.parametrize(
    ("variables", "ran"),
    [
        ({"wish": {"name": "x", "times": 3, "colour": "RED"}, "colour": "BLUE"}, "compiled"),
        ({"wish": {"name": "x"}}, "compiled"),
        ({"wish": {"nome": "x"}}, "declined"),
        ({"wish": {"name": "x", "colour": "GREEN"}}, "declined"),
        ({}, "declined"),
    ],
)
async def test_inputs_are_what_they_are_to_graphql_core(variables: dict[str, Any], ran: str) -> None:
    document = "query($wish: Wish!, $colour: Colour) { echo(wish: $wish, colours: [$colour]) }"
    if "colour" not in variables:
        document = "query($wish: Wish!) { echo(wish: $wish) }"
    assert await how(document, variables) == ran


@pytest.mark.parametrize(
    ("document", "context"),
    [
        ("{ pets { name ... on Cat { lives } } }", "too many lives"),
        ("{ odd(which: 1) }", None),
        ("{ odd(which: 2) }", None),
        ("{ cat { legs { length } name } }", "forgetful"),
        ('{ a: cat { name } b: cat(name: "angry") { name } }', None),
        ("{ cat(lives: null) { name lives } }", None),
    ],
)
async def test_what_goes_wrong_is_told_by_graphql_core(document: str, context: Any) -> None:
    if context == "forgetful":
        # the generic resolver takes a batch of one; both refuse, each in its own words
        assert (await compiled(document, None, context)).errors
        return
    assert await how(document, None, context) == "declined"


async def test_a_batch_is_asked_once_for_all_parents_of_a_level() -> None:
    CALLS.clear()
    await compiled("{ pets { ... on Cat { legs { length } } } }")
    assert CALLS["legs"] == 1


@pytest.mark.parametrize(("name", "ran"), [("Tom", "compiled"), ("angry", "declined"), ("Ghost", "declined")])
async def test_a_mutation_is_resolved_once_whatever_goes_wrong_after(name: str, ran: str) -> None:
    document = "mutation($name: String!) { adopt(name: $name) { name lives } }"
    assert await how(document, {"name": name}) == ran
    CALLS.clear()
    await compiled(document, {"name": name})
    assert CALLS["adopt"] == 1


async def test_a_mutation_whose_variables_are_wrong_is_not_resolved() -> None:
    CALLS.clear()
    result = await compiled("mutation($name: String!) { adopt(name: $name) { name } }", {"name": 7})
    assert result.errors
    assert CALLS["adopt"] == 0


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ("{ __schema { queryType { name } } }", "introspection"),
        ('mutation { a: adopt(name: "Tom") { name } b: adopt(name: "Mog") { name } }', "one after another"),
    ],
)
async def test_what_is_not_covered_says_why_and_is_run_by_graphql_core(document: str, reason: str) -> None:
    assert await how(document) == "generic"
    plan = EXECUTOR.plan(parse(document), None)
    plan.compile()
    assert reason in str(plan.reason)


async def test_what_was_written_can_be_read() -> None:
    plan = EXECUTOR.plan(parse("{ cat { name } }"), None)
    plan.compile()
    assert plan.source() == (
        "async def Query_of(it, run):\n"
        "    # the operation: Query\n"
        "    cat_ = await Query_cat(it, **Query_cat_given)\n"
        "    if cat_ is not None:\n"
        "        # cat: Cat\n"
        "        if cat_.__class__ not in Cat_classes:\n"
        "            Cat.one(cat_)\n"
        "        cat_name_ = cat_.name\n"
        "        cat_ = {\n"
        "            'name': cat_name_ if cat_name_.__class__ is str else String(cat_name_),\n"
        "        }\n"
        "    return {\n"
        "        'cat': cat_,\n"
        "    }"
    )


def test_the_example_of_its_readme_does_what_it_says(capsys: pytest.CaptureFixture[str]) -> None:
    readme = Path(compiler.__path__[0], "README.md").read_text()
    example, written = re.findall(r"```(?:python|text)\n(.*?)```", readme, re.DOTALL)
    module = ModuleType("example")
    sys.modules["example"] = module
    try:
        exec(example, module.__dict__)
    finally:
        del sys.modules["example"]
    assert capsys.readouterr().out == written
