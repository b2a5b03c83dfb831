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

Way: TypeAlias = Callable[[Objects], Objects]
"""How an attribute of all objects of a level is read."""


class Reading:
    """Reads some attributes of all objects of a level: a column for each."""

    def __init__(self, attributes: tuple[str, ...]) -> None:
        self.attributes = attributes
        self.ways: list[Way] = [partial(mapped, attrgetter(each)) for each in attributes]
        """How they are read of whatever objects."""
        self.known: dict[type, list[Way]] = {}
        """How they are read of the objects of a class."""

    def __call__(self, them: Objects) -> list[Objects]:
        """The columns."""
        kinds = set(map(type, them))
        ways = self.ways
        if len(kinds) == 1:
            [kind] = kinds
            ways = self.known.get(kind) or self._ways_of(kind)
        return [way(them) for way in ways]

    def _ways_of(self, kind: type) -> list[Way]:
        ways = self.ways
        if isinstance(kind.__getattribute__, WrapperDescriptorType):
            # nothing stands between an attribute and its property
            ways = [_way(kind, name, usual) for name, usual in zip(self.attributes, ways, strict=True)]
        if len(self.known) < CLASSES:
            self.known[kind] = ways
        return ways


def _way(kind: type, name: str, usual: Way) -> Way:
    """How a class's attribute is read of many objects."""
    found = getattr_static(kind, name, None)
    if not isinstance(found, property) or found.fget is None:
        return usual
    return getattr(found, AT_ONCE, None) or partial(mapped, found.fget)


def mapped(get: Callable[[Any], Any], them: Objects) -> Objects:
    """What a function gives for each object."""
    return list(map(get, them))
