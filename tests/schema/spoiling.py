"""A schema of animals whose resolvers, batches and attributes may be spoilt: they give what they should not."""

import asyncio
import math
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum, StrEnum
from typing import Annotated, Any, NewType

import strawberry
from graphql import GraphQLError, Undefined
from strawberry.dataloader import DataLoader
from strawberry.schema.config import StrawberryConfig

from schema.compiler import BATCH, Executor

When = NewType("When", datetime)
Json = NewType("Json", object)


@dataclass
class Fault:
    """What one field gives in place of its value: of every object, or of those of one name."""

    where: str = ""
    whose: str | None = None
    what: Callable[[Any], Any] = repr
    met: int = 0


fault = Fault()
_made: list[Any] = []
"""Coroutines that nobody may have waited for."""


def spoilt(where: str, value: Any, whose: object = None) -> Any:
    """A field's value, or what the fault makes of it."""
    if where != fault.where or (fault.whose is not None and whose != fault.whose):
        return value
    fault.met += 1
    return fault.what(value)


class Spoilt:
    """An object whose attributes may be spoilt."""

    def __getattribute__(self, name: str) -> Any:
        value = object.__getattribute__(self, name)
        if name.startswith("_"):
            return value
        given = object.__getattribute__(self, "__dict__")
        return spoilt(f"{type(self).__name__}.{name}", value, given.get("name")) if name in given else value


@strawberry.enum
class Colour(Enum):
    RED = "red"
    BLUE = strawberry.enum_value("blue", name="AZURE")
    AZURE = strawberry.enum_value("azure", name="BLUE")


@strawberry.interface
class Animal(Spoilt):
    name: str | None
    near: "list[Animal | None] | None" = None


@strawberry.type
class Leg(Spoilt):
    length: int
    toes: list[list[int | None]] | None = None


async def legs_of(parents: list["Cat"], context: Any, longer: int = 0) -> Any:
    del context
    found: list[Any] = [
        None if each.name == "Tom" else [Leg(length=4 + longer, toes=[[1, None], []]), Leg(length=5)]
        for each in parents
    ]
    parents.reverse()
    return spoilt("legs_of", [spoilt("legs_of.item", each) for each in found])


async def friend_of(parents: list[Animal], context: Any) -> Any:
    del context
    return spoilt("friend_of", [Dog(name=f"friend of {each.name}") for each in parents])


async def _loaded(batch: Any, parent: object, info: strawberry.Info, **given: Any) -> Any:
    key = (batch, *given.items())
    if key not in info.context:

        async def together(parents: list[Any]) -> Any:
            return await batch(list(parents), info.context, **given)

        info.context[key] = DataLoader(load_fn=together, cache=False)
    return await info.context[key].load(parent)


async def _legs(self: "Cat", info: strawberry.Info, longer: int = 0) -> list[Leg] | None:
    found: list[Leg] | None = await _loaded(legs_of, self, info, longer=longer)
    return found


async def _friend(self: "Cat", info: strawberry.Info) -> "Dog":
    found: Dog = await _loaded(friend_of, self, info)
    return found


@strawberry.type
class Cat(Animal):
    lives: int = 9
    colour: Colour = Colour.RED
    legs: list[Leg] | None = strawberry.field(resolver=_legs, metadata={BATCH: legs_of})
    friend: "Dog" = strawberry.field(resolver=_friend, metadata={BATCH: friend_of})


@strawberry.type
class Dog(Animal):
    age: float | None = 1.5
    born: When = When(datetime(2026, 3, 1, 4, tzinfo=UTC))
    colours: list[Colour | None] | None = field(default_factory=lambda: [Colour.RED, None, Colour.BLUE])

    @strawberry.field
    def bark(self, times: int = 2, words: list[str] | None = None) -> list[str]:
        said = words or []
        said.append("wuff")
        return spoilt("Dog.bark", said * times, self.name)  # type: ignore[no-any-return]

    @strawberry.field
    async def owner(self, parent: strawberry.Parent[Any], info: strawberry.Info) -> str | None:
        return spoilt("Dog.owner", f"{info.field_name} of {parent.name}", self.name)  # type: ignore[no-any-return]


@strawberry.type
class Fish(Spoilt):
    wet: bool = True
    anything: Json | None = field(default_factory=lambda: Json({"a": [1]}))
    id: strawberry.ID = strawberry.ID("7")


Anything = Annotated[Cat | Fish, strawberry.union("Anything")]


@strawberry.input
class Wish:
    name: str
    times: list[list[int]] | None = None
    colour: Colour = Colour.BLUE
    inner: "Wish | None" = None
    anything: Json | None = strawberry.UNSET


def _pets() -> list[Animal | None]:
    return [
        Cat(name="Tom", near=[Dog(name="Rex"), None]),
        None,
        Dog(name="Rex"),
        Cat(name="Mog", colour="blue"),  # type: ignore[arg-type]
    ]


@strawberry.type
class Asked:
    @strawberry.field
    async def pets(self) -> list[Animal | None]:
        return spoilt("Query.pets", _pets())  # type: ignore[no-any-return]

    @strawberry.field
    def cats(self) -> list[Cat] | None:
        return spoilt("Query.cats", [Cat(name="Tom"), Cat(name="Mog")])  # type: ignore[no-any-return]

    @strawberry.field
    def cat(self, name: str = "Mog", lives: int | None = 9) -> Cat:
        return spoilt("Query.cat", Cat(name=name, lives=lives))  # type: ignore[arg-type, no-any-return]

    @strawberry.field
    def anything(self) -> list[list[Anything] | None]:
        return spoilt("Query.anything", [[Fish(), Cat(name="Tom")], None, []])  # type: ignore[no-any-return]

    @strawberry.field
    async def maybe(self, wish: Wish | None = None, colours: list[Colour] | None = None) -> Anything | None:
        del wish, colours
        return spoilt("Query.maybe", Fish())  # type: ignore[no-any-return]

    @strawberry.field
    def echo(self, wish: Wish, json: Json | None = None) -> str:
        if isinstance(json, dict):
            json["seen"] = True
        return f"{wish} {json}"

    @strawberry.field
    def colour(self) -> Colour | None:
        return spoilt("Query.colour", Colour.AZURE)  # type: ignore[no-any-return]


@strawberry.type
class Query(Asked):
    @strawberry.field
    async def again(self) -> "Query":
        return Query()


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def adopt(self, name: str = "Mog", wish: Wish | None = None) -> Cat | None:
        del wish
        DONE["adopt"] += 1
        return spoilt("Mutation.adopt", Cat(name=name, near=_pets()))  # type: ignore[no-any-return]


DONE: Counter[str] = Counter()
SCALARS: Any = {
    When: strawberry.scalar(name="When", serialize=lambda value: value.isoformat()),
    Json: strawberry.scalar(name="Json", serialize=lambda value: value, parse_value=lambda value: value),
}
SCHEMA = strawberry.Schema(Query, Mutation, types=[Cat, Dog, Fish], config=StrawberryConfig(scalar_map=SCALARS))
EXECUTOR = Executor(SCHEMA)

PLACES = [
    *("Cat.name", "Cat.near", "Cat.lives", "Cat.colour", "Dog.name", "Dog.near", "Dog.age", "Dog.born"),
    *("Dog.colours", "Leg.length", "Leg.toes", "Fish.wet", "Fish.anything", "Fish.id", "Dog.bark", "Dog.owner"),
    *("legs_of", "legs_of.item", "friend_of", "Query.pets", "Query.cats", "Query.cat", "Query.anything"),
    *("Query.maybe", "Query.colour", "Mutation.adopt"),
]
"""What may be spoilt."""


class Other(StrEnum):
    """An enum that is not the field's, of the same words."""

    RED = "red"


class Text(str):
    """A text of a class of its own."""


class Number(int):
    """A number of a class of its own."""


def _raise(_: object) -> Any:
    raise ValueError("it scratches")


def _refuse(_: object) -> Any:
    raise GraphQLError("it will not", extensions={"code": "NO"})


def _coroutine(value: Any) -> Any:
    async def given() -> Any:
        return value

    _made.append(given())
    return _made[-1]


def _future(value: Any) -> Any:
    found: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    found.set_result(value)
    return found


async def _stream(value: Any) -> AsyncIterator[Any]:
    for each in value or ():
        yield each


def _each(made: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: [made(each) for each in value] if isinstance(value, list) else made(value)


GIVEN: list[Any] = [
    *(None, Undefined, strawberry.UNSET, 0, 1, True, -(2**31), 2**31, 2**63, 1.0, 1.5, math.nan, math.inf),
    *("", "text", "red", "RED", "7", b"bytes", Text("text"), Number(3), Number(2**40), Other.RED, Colour.RED),
    *(Colour, object(), ValueError("given"), ValueError, GraphQLError("given"), datetime(2026, 3, 1, tzinfo=UTC)),
    *([], [None], [[]], [[[1]]], (), (None,), {}, {"a": 1}, set(), frozenset({1}), range(3), [ValueError("in it")]),
]
FAULTS: list[Callable[[Any], Any]] = [
    *(lambda _, given=given: given for given in GIVEN),
    *(_raise, _refuse, _coroutine, _future, _stream, tuple, iter, repr),
    *(_each(_coroutine), _each(_future), _each(lambda _: None), _each(lambda _: ValueError("each"))),
    lambda value: (each for each in value),
    lambda value: value[:-1],
    lambda value: [*value, *value],
    lambda value: [value],
    lambda value: value[0],
    lambda value: dict.fromkeys(range(len(value)), value),
    lambda _: Cat(name="another"),
    lambda _: Dog(name="another"),
    lambda _: Fish(),
    lambda _: [Fish(), Cat(name="another"), Leg(length=1)],
    lambda _: strawberry.cast(Dog, object()),
]  # fmt: skip


@contextmanager
def spoiling(where: str, what: Callable[[Any], Any], whose: str | None = None) -> Iterator[None]:
    """A field gives something else for a while."""
    fault.where, fault.what, fault.whose, fault.met = where, what, whose, 0
    try:
        yield
    finally:
        fault.where = ""
        while _made:
            _made.pop().close()
