"""The compiler: a level of objects is asked for as few times as there may be, however many objects it has."""

import sys
from collections import Counter
from collections.abc import Awaitable, Sequence
from types import FrameType
from typing import Any, cast

import pytest
import strawberry
from graphql import parse

from schema.compiler import BATCH, Executor, Shown, by_class

CALLS: Counter[str] = Counter()
"""How often each of the functions here was called."""


class Told(property):
    """A property that is had for many objects at once."""

    def __init__(self, at_once: Any) -> None:
        super().__init__(lambda it: at_once([it])[0])
        self.at_once = at_once


def _names(lines: Sequence["Row"]) -> list[str]:
    CALLS["names"] += 1
    return [f"line {line.number}" for line in lines]


class Row:
    """A line, as it was read."""

    __slots__ = ("number",)
    name = Told(_names)

    def __init__(self, number: int) -> None:
        self.number = number


class Strict(Row):
    """A line whose attributes are looked at as they are read."""

    __slots__ = ()

    def __getattribute__(self, name: str) -> Any:
        CALLS["looked at"] += 1
        return "hidden" if name == "name" else object.__getattribute__(self, name)


def owners_of(parents: list[Any], context: Any) -> list["Owner"] | Awaitable[list["Owner"]]:
    """Whose each line is: at once, where the context knows."""
    CALLS["owners"] += 1
    if context == "at hand":
        return [Owner(name="Mei") for _ in parents]
    return _owners_of(parents)


async def _owners_of(parents: list[Any]) -> list["Owner"]:
    CALLS["waited"] += 1
    return [Owner(name="Mei") for _ in parents]


async def _owner(self: Any, info: strawberry.Info) -> "Owner":
    found = owners_of([self], info.context)
    return (found if isinstance(found, list) else await found)[0]


TOLD: list[Shown | None] = []
"""What the functions that ask for it were told is shown."""


async def copies_of(parents: list[Any], context: Any, shown: Shown | None = None) -> list["Copies"]:
    """The copies of each line."""
    del context
    TOLD.append(shown)
    return [Copies(all=[Owner(name="Mei", age=7)]) for _ in parents]


async def _copies(self: Any, info: strawberry.Info) -> "Copies":
    return (await copies_of([self], info.context))[0]


@strawberry.type
class Owner:
    name: str
    age: int = 0


@strawberry.type
class Copies:
    all: list[Owner]


@strawberry.interface
class Numbered:
    number: int


@strawberry.type
class Line(Numbered):
    name: str
    owner: Owner = strawberry.field(resolver=_owner, metadata={BATCH: owners_of})
    payer: Owner = strawberry.field(resolver=_owner, metadata={BATCH: owners_of})
    copies: Copies = strawberry.field(resolver=_copies, metadata={BATCH: copies_of})

    @classmethod
    @by_class
    def is_type_of(cls, value: object, _info: object) -> bool:
        CALLS["is it a line"] += 1
        return isinstance(value, Row)


@strawberry.type
class Query:
    @strawberry.field
    def lines(self, first: int = 3, strict: int = 0) -> list[Line]:
        found: list[Any] = [*map(Row, range(first)), *map(Strict, range(strict))]
        return found

    @strawberry.field
    def line(self) -> Line:
        found: Line = cast("Any", Row(7))
        return found


@pytest.fixture
def executor() -> Executor:
    CALLS.clear()
    TOLD.clear()
    return Executor(strawberry.Schema(Query, types=[Line]))


async def answered(executor: Executor, document: str, context: Any = None) -> Any:
    """What is answered, which is the same in either way it is run; what was called is of the compiled one."""
    plan = executor.plan(parse(document), None)
    theirs = await executor.interpret(plan.document, None, context)
    plan.compile()
    CALLS.clear()
    ours = await executor.execute(plan, context)
    assert executor.counts == {"generic": 1, "compiled": 1}
    assert (ours.data, ours.errors) == (theirs.data, None)
    return ours.data


async def test_a_property_that_is_had_at_once_is_had_once_for_a_level(executor: Executor) -> None:
    found = await answered(executor, "{ lines { name number } }")
    assert found["lines"][2] == {"name": "line 2", "number": 2}
    assert CALLS["names"] == 1


async def test_objects_of_several_classes_and_what_looks_at_its_attributes_are_read_one_by_one(
    executor: Executor,
) -> None:
    found = await answered(
        executor, "{ lines(first: 1, strict: 2) { name } only: lines(first: 0, strict: 2) { name } }"
    )
    assert [each["name"] for each in found["lines"]] == ["line 0", "hidden", "hidden"]
    assert [each["name"] for each in found["only"]] == ["hidden", "hidden"]


async def test_a_type_that_decides_by_the_class_is_asked_once_for_a_class(executor: Executor) -> None:
    await answered(executor, "{ lines(first: 50, strict: 50) { number } line { number } }")
    assert CALLS["is it a line"] == 2


@pytest.mark.parametrize("document", ["{ lines { owner { name } } }", "{ line { owner { name } } }"])
@pytest.mark.parametrize(("context", "waited"), [("at hand", 0), (None, 1)])
async def test_what_is_at_hand_is_not_waited_for(
    document: str, context: Any, waited: int, executor: Executor
) -> None:
    await answered(executor, document, context)
    assert (CALLS["owners"], CALLS["waited"]) == (1, waited)


@pytest.mark.parametrize("of", ["lines", "line"])
async def test_fields_with_the_same_batch_ask_it_once(of: str, executor: Executor) -> None:
    await answered(
        executor, f"{{ {of} {{ owner {{ name }} payer {{ named: name }} again: owner {{ __typename }} }} }}"
    )
    assert CALLS["owners"] == 1


@pytest.mark.parametrize("of", ["lines", "line"])
async def test_a_batch_that_asks_what_is_shown_is_told_for_each_place(of: str, executor: Executor) -> None:
    fields = "copies { all { ...Name __typename } } other: copies { all { years: age ...Name } }"
    await answered(executor, f"{{ {of} {{ {fields} }} }} fragment Name on Owner {{ name }}")
    generic, compiled = TOLD[:-2], TOLD[-2:]
    assert set(generic) == {None}
    copies = frozenset({"all"})
    assert compiled == [
        {"Copies": copies, "Owner": frozenset({"name"})},
        {"Copies": copies, "Owner": frozenset({"name", "age"})},
    ]


async def test_what_is_skipped_is_not_shown(executor: Executor) -> None:
    document = parse("query($old: Boolean!) { lines { copies { all { name age @include(if: $old) } } } }")
    plan = executor.plan(document, None)
    for old in (True, False):
        await executor.execute(plan, None, {"old": old})
    assert [told and sorted(told["Owner"]) for told in TOLD] == [["age", "name"], ["name"]]


async def test_a_longer_list_takes_no_more_calls_of_python(executor: Executor) -> None:
    """Whatever is done for each of many objects is done in one place for all of them."""
    plan = executor.plan(parse("query($n: Int!) { lines(first: $n) { number name owner { name } } }"), None)
    counts = []
    for number in (5, 5, 50):
        calls: Counter[str] = Counter()

        def called(frame: FrameType, event: str, _: Any, calls: Counter[str] = calls) -> None:
            if event == "call" and frame.f_code.co_name not in ("__init__", "<lambda>"):
                calls[frame.f_code.co_name] += 1

        sys.setprofile(called)
        try:
            await executor.execute(plan, "at hand", {"n": number})
        finally:
            sys.setprofile(None)
        counts.append(calls)
    assert counts[1] == counts[2]
