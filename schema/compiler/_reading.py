"""Reading: some attributes of all objects of a level, a column for each."""

from collections.abc import Callable
from functools import partial
from inspect import getattr_static
from operator import attrgetter
from types import WrapperDescriptorType
from typing import Any, TypeAlias

from schema.compiler._shapes import CLASSES, Objects

AT_ONCE = "at_once"
"""The name under which a property has a function that gives it for a list of objects of its class."""

SEVERAL = "__at_once__"
"""The name under which a class says how several attributes of a list of its objects are read in one go."""

Way: TypeAlias = Callable[[Objects], Objects]
"""How an attribute of all objects of a level is read."""


class Reading:
    """Reads some attributes of all objects of a level: a column for each."""

    def __init__(self, attributes: tuple[str, ...]) -> None:
        self.attributes = attributes
        self.ways: list[Way] = [partial(mapped, attrgetter(each)) for each in attributes]
        """How they are read of whatever objects."""
        self.known: dict[type, Callable[[Objects], list[Objects]]] = {}
        """How they are read of the objects of a class."""

    def __call__(self, them: Objects, kinds: set[type]) -> list[Objects]:
        """The columns of objects of these classes."""
        if len(kinds) == 1:
            [kind] = kinds
            return (self.known.get(kind) or self._read_of(kind))(them)
        return one_by_one(self.ways, them)

    def _read_of(self, kind: type) -> Callable[[Objects], list[Objects]]:
        read = partial(one_by_one, self.ways)
        if isinstance(kind.__getattribute__, WrapperDescriptorType):
            # nothing stands between an attribute and its property
            ways = [_way(kind, name, usual) for name, usual in zip(self.attributes, self.ways, strict=True)]
            several = getattr(kind, SEVERAL, None)
            read = (several and several(self.attributes)) or partial(one_by_one, ways)
        if len(self.known) < CLASSES:
            self.known[kind] = read
        return read


def _way(kind: type, name: str, usual: Way) -> Way:
    """How a class's attribute is read of many objects."""
    found = getattr_static(kind, name, None)
    if not isinstance(found, property) or found.fget is None:
        return usual
    return getattr(found, AT_ONCE, None) or partial(mapped, found.fget)


def one_by_one(ways: list[Way], them: Objects) -> list[Objects]:
    """The columns, each read by itself."""
    return [way(them) for way in ways]


def mapped(get: Callable[[Any], Any], them: Objects) -> Objects:
    """What a function gives for each object."""
    return list(map(get, them))
