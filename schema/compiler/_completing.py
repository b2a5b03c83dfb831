"""Completing: the expressions that make a leaf's value a legal one, and the checks of objects."""

from collections.abc import Callable, Mapping
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLLeafType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
)

from schema.compiler._leaves import Complete, Names, completing, names_of
from schema.compiler._shapes import Checking, listing

BUILT_IN: Mapping[str, type] = {"String": str, "ID": str, "Boolean": bool}
"""The scalars of the specification whose values, in Python's own class, are already as they are told."""

INT = "Int"
LEAST, MOST = -(2**31), 2**31 - 1
"""The range of an Int."""


class Completing:
    """How values of the schema's types are completed.

    `passing` names custom scalars with the class whose values are already as they are told.
    """

    def __init__(self, passing: Mapping[str, type]) -> None:
        self.passing = {**BUILT_IN, **passing}
        self.checks: dict[str, Checking] = {}
        self.functions: dict[str, Any] = {}

    def check(self, kind: GraphQLObjectType) -> Checking:
        """What declines objects that are not of a type."""
        return self.checks.setdefault(kind.name, Checking(kind))

    def expression(
        self, leaf: GraphQLLeafType, variable: str, name_of: Callable[[str, Any], str], *, nullable: bool
    ) -> str:
        """What completes the value of a variable; what it uses goes by the names it is given."""
        if isinstance(leaf, GraphQLEnumType):
            return f"{self.naming(leaf, name_of, nullable=nullable)}({variable})"
        name, complete = self._complete(leaf, nullable=nullable)
        call = f"{name_of(name, complete)}({variable})"
        fits = self._fits(leaf, variable, name_of)
        if fits is None:
            return call
        return f"{variable} if {f'{variable} is None or ' if nullable else ''}{fits} else {call}"

    def naming(self, enum: GraphQLEnumType, name_of: Callable[[str, Any], str], *, nullable: bool) -> str:
        """The function that names the values of an enum, by the name it is given."""
        name, complete = self._complete(enum, nullable=nullable)
        known = {**names_of(enum), **({None: None} if nullable else {})}
        told = f"{name}_name"
        return name_of(told, self._kept(told, lambda: Names(known, complete).__getitem__))

    def _complete(self, leaf: GraphQLLeafType, *, nullable: bool) -> tuple[str, Complete]:
        """What completes any value of a leaf, and what that is called."""
        name = f"{leaf.name}_or_null" if nullable else leaf.name
        return name, self._kept(name, lambda: completing(leaf, nullable=nullable))

    def _fits(self, leaf: GraphQLLeafType, variable: str, name_of: Callable[[str, Any], str]) -> str | None:
        """Whether a value is as it is told already; None where that cannot be seen."""
        if leaf.name == INT:
            return f"{variable}.__class__ is int and {LEAST} <= {variable} <= {MOST}"
        kind = self.passing.get(leaf.name)
        return f"{variable}.__class__ is {name_of(kind.__name__, kind)}" if kind else None

    def _kept(self, name: str, make: Callable[[], Any]) -> Any:
        if name not in self.functions:
            self.functions[name] = make()
        return self.functions[name]


def leaf_list(kind: GraphQLOutputType) -> Any:
    """How a list of leaves is completed."""
    nullable = not isinstance(kind, GraphQLNonNull)
    inner: Any = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
    if isinstance(inner, GraphQLList):
        return listing(leaf_list(inner.of_type), nullable=nullable)
    return completing(inner, nullable=nullable)
