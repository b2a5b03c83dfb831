"""Telling: what is told of objects that never change is put together once, and told again."""

from collections.abc import Mapping
from typing import Any, TypeVar

from graphql import GraphQLObjectType

from schema.compiler._shapes import Objects

KEPT = 64
"""Of how many objects the answers to a selection set are kept."""

UNCHANGING = "__unchanging__"

T = TypeVar("T", bound=type)


def unchanging(kind: T) -> T:
    """Say of a class that its objects never change, nor what hangs on them: each is told the same every time."""
    setattr(kind, UNCHANGING, True)
    return kind


def is_unchanging(kind: type) -> bool:
    """Whether that was said of this very class; one that is derived from it may be another matter."""
    return UNCHANGING in vars(kind)


def may_be_unchanging(kind: GraphQLObjectType) -> bool:
    """Whether objects of a type may be of such a class; others of the type may not be, and are told anew."""
    origin = getattr(kind.extensions.get("strawberry-definition"), "origin", None)
    return origin is not None and is_unchanging(origin)


class Told:
    """Tells what one function makes of objects: of those that never change, what it made of them the first time."""

    def __init__(self, named: str) -> None:
        self.named = named
        self.complete: Any = None
        self.known: dict[int, tuple[Any, Any]] = {}
        """By its address, each object and its answer. It is kept, so that no other can be there."""

    def made(self, names: Mapping[str, Any]) -> None:
        """Take the function by its name."""
        self.complete = names[self.named]

    def one(self, it: Any, run: Any) -> Any:
        """The answer about an object."""
        found = self.known.get(id(it))
        return self._anew(it, run) if found is None else found[1]

    def many(self, them: Objects, run: Any) -> Objects:
        """The answers about many objects."""
        return [self.one(it, run) for it in them]

    def _anew(self, it: Any, run: Any) -> Any:
        answer = self.complete(it, run)
        if is_unchanging(type(it)):
            if len(self.known) >= KEPT:
                self.known.clear()
            self.known[id(it)] = it, answer
        return answer
