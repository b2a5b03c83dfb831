"""Leaves: how the value of a scalar or an enum becomes a legal one."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from graphql import GraphQLEnumType, GraphQLLeafType, GraphQLScalarType, Undefined
from strawberry.execution import optimized_is_awaitable


class Declined(Exception):  # noqa: N818  it is no error: graphql-core takes over
    """The compiled function will not answer this; graphql-core does, with the errors as they should be."""


class NotCovered(Exception):  # noqa: N818  it is no error: graphql-core runs the operation
    """The operation asks for something that is not compiled: what, in words."""


Complete: TypeAlias = Callable[[Any], Any]


def refuse(value: object) -> None:
    """Decline what graphql-core would not complete as a value: an exception, and what should have been awaited."""
    if isinstance(value, Exception):
        raise value
    if optimized_is_awaitable(value):
        raise Declined("An awaitable where a value was expected.")


def completing(leaf: GraphQLLeafType, *, nullable: bool) -> Complete:
    """How any value of a leaf is completed: as graphql-core does, or declined."""
    coerce = leaf.coerce_output_value

    def complete(value: Any) -> Any:
        if value is None or value is Undefined:
            if nullable:
                return None
            raise Declined(f"Null for a {leaf.name}, which may not be null.")
        refuse(value)
        told = coerce(value)
        if told is None or told is Undefined:
            raise Declined(f"A {leaf.name} that came to nothing.")
        return told

    return complete


class Names(dict[Any, Any]):
    """The names of an enum's values; what is not among them is completed like any other value."""

    def __init__(self, names: Mapping[Any, Any], complete: Complete) -> None:
        super().__init__(names)
        self._complete = complete

    def __missing__(self, value: Any) -> Any:
        return self._complete(value)


def names_of(enum: GraphQLEnumType) -> dict[Any, str]:
    """The name of each value of an enum, by its member in Python and by what the member stands for.

    What cannot be looked up is left out, and so are members that are found by what they equal: among texts alone
    a text is found in half the time.
    """
    by_value = {
        value.value: name
        for name, value in enum.values.items()
        if _can_be_looked_up(value.value) and value.value is not None
    }
    members = getattr(getattr(enum, "wrapped_cls", None), "__members__", {}).values()
    by_member = {
        each: by_value[each.value] for each in members if _can_be_looked_up(each.value) and each.value in by_value
    }
    return {**by_value, **{each: name for each, name in by_member.items() if by_value.get(each) != name}}


def _can_be_looked_up(value: Any) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True


def is_leaf(kind: object) -> bool:
    """Whether a type has values of its own, and no fields."""
    return isinstance(kind, GraphQLScalarType | GraphQLEnumType)
