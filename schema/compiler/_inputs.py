"""Inputs: how a variable becomes what its type says, and then what a resolver takes, found out once for the types.

Only what goes well is done here. For what is odd, of a type or of a value, graphql-core and strawberry are asked.
"""

from collections.abc import Callable, Mapping
from dataclasses import MISSING
from datetime import date
from enum import Enum
from typing import Any, TypeAlias

import strawberry
from graphql import (
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLScalarType,
    Undefined,
)
from graphql.type import GraphQLEnumType, is_required_input_field
from graphql.utilities.coerce_input_value import coerce_default_value, coerce_input_value
from strawberry.relay.types import GlobalID
from strawberry.scalars import is_scalar
from strawberry.types.base import (
    StrawberryList,
    StrawberryMaybe,
    StrawberryObjectDefinition,
    StrawberryOptional,
    has_object_definition,
)
from strawberry.types.enum import StrawberryEnumDefinition, has_enum_definition
from strawberry.types.unset import UNSET

PLAIN = str | int | float | bool | date | Enum | None
"""Values that nobody can change, so that all requests may share them."""

Make: TypeAlias = Callable[[Any], Any]


class Odd(Exception):  # noqa: N818  it is no error: the libraries do it
    """A type for which nothing is found out beforehand."""


def coercing(kind: GraphQLInputType) -> Make:
    """What `coerce_input_value` makes of a value for this type, Undefined included.

    Raises: Odd, for types that have themselves among their fields, and defaults that could be changed.
    """
    return _coercing(kind, ())


def _coercing(kind: Any, above: tuple[Any, ...]) -> Make:
    if isinstance(kind, GraphQLNonNull):
        if isinstance(kind.of_type, GraphQLScalarType | GraphQLEnumType):
            return _leaf(kind.of_type, null=Undefined)
        inner = _coercing(kind.of_type, above)
        return lambda value: Undefined if value is None else inner(value)
    if isinstance(kind, GraphQLScalarType | GraphQLEnumType):
        return _leaf(kind)
    if isinstance(kind, GraphQLList):
        return _list(kind, _coercing(kind.of_type, above))
    if not isinstance(kind, GraphQLInputObjectType) or kind in above:
        raise Odd
    return _object(kind, (*above, kind))


def _leaf(kind: GraphQLScalarType | GraphQLEnumType, null: Any = None) -> Make:
    read = kind.coerce_input_value

    def coerce(value: Any) -> Any:
        if value is None:
            return null
        if value is Undefined:
            return None
        try:
            return read(value)
        except Exception:
            return Undefined

    return coerce


def _list(kind: GraphQLList[Any], item: Make) -> Make:
    def coerce(value: Any) -> Any:
        if value.__class__ is not list:
            return coerce_input_value(value, kind)
        found = [item(each) for each in value]
        return Undefined if any(each is Undefined for each in found) else found

    return coerce


def _object(kind: GraphQLInputObjectType, above: tuple[Any, ...]) -> Make:
    if kind.is_one_of:
        raise Odd
    absent = {name: _absent(each) for name, each in kind.fields.items()}
    fields = {
        name: (each.out_name or name, _coercing(each.type, above), absent[name] is Undefined)
        for name, each in kind.fields.items()
    }
    required = sum(value is Undefined for value in absent.values())
    given = {
        fields[name][0]: value for name, value in absent.items() if value is not Undefined and value is not _NOTHING
    }
    out_type = kind.out_type

    def coerce(value: Any) -> Any:
        if value.__class__ is not dict:
            return coerce_input_value(value, kind)
        found, missing = given.copy(), required
        for name, told in value.items():
            field = fields.get(name)
            if field is None:
                # a field that is none is refused
                return Undefined
            made = field[1](told)
            if made is Undefined:
                return Undefined
            found[field[0]] = made
            missing -= field[2]
        return Undefined if missing else out_type(found)

    return coerce


_NOTHING = object()


def _absent(field: GraphQLInputField) -> Any:
    """What a field is when it is not given: Undefined where it must be. Raises: Odd."""
    if is_required_input_field(field):
        return Undefined
    default = coerce_default_value(field)
    if default is Undefined:
        return _NOTHING
    if not isinstance(default, PLAIN):
        raise Odd
    return default


def converting(schema: strawberry.Schema, taken: Any) -> Make:
    """What strawberry's `convert_argument` makes of a coerced value for a resolver that takes this type.

    Raises: Odd, for what has a way of its own to be made, and for types that have themselves among their fields.
    """
    return _Converting(schema).of(taken, ())


def _same(value: Any) -> Any:
    return value


class _Converting:
    def __init__(self, schema: strawberry.Schema) -> None:
        self.scalars: Mapping[object, Any] = schema.schema_converter.scalar_registry
        self.config = schema.config

    def of(self, taken: Any, above: tuple[Any, ...]) -> Make:
        while isinstance(taken, StrawberryOptional) and not isinstance(taken, StrawberryMaybe):
            taken = taken.of_type
        if isinstance(taken, StrawberryMaybe) or taken is GlobalID:
            raise Odd
        is_leaf = is_scalar(taken, self.scalars) or isinstance(taken, StrawberryEnumDefinition)
        if is_leaf or has_enum_definition(taken):
            return _same
        if isinstance(taken, StrawberryList):
            inner = self.of(taken.of_type, above)
            # also where nothing is done to the items: the list is the resolver's own
            return lambda value: value if value is None or value is UNSET else [inner(each) for each in value]
        if not has_object_definition(taken) or taken in above:
            raise Odd
        definition = taken.__strawberry_definition__
        if definition.from_input is not None or not definition.is_input:
            raise Odd
        return self._object(taken, definition, (*above, taken))

    def _object(self, taken: Any, definition: StrawberryObjectDefinition, above: tuple[Any, ...]) -> Make:
        name_of = self.config.name_converter.from_field
        makes = {
            name_of(each): (each.python_name, self.of(each.resolve_type(type_definition=definition), above))
            for each in definition.fields
        }
        # what has no default of its own is None when it is not given
        nothing = {
            each.python_name: None
            for each in definition.fields
            if each.default_value is MISSING and each.default_factory is MISSING
        }

        def convert(value: Any) -> Any:
            if value is None or value is UNSET:
                return value
            told = nothing.copy()
            for name, given in value.items():
                if (field := makes.get(name)) is not None:
                    told[field[0]] = given if field[1] is _same else field[1](given)
            return taken(**told)

        return convert
