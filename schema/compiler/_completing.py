"""Completing: the lines that make a leaf's value a legal one, and the checks of objects."""

from collections.abc import Callable, Mapping
from typing import Any

from graphql import GraphQLEnumType, GraphQLLeafType, GraphQLObjectType

from schema.compiler._leaves import completing, names_of
from schema.compiler._shapes import Checking

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

    def lines(
        self, leaf: GraphQLLeafType, variable: str, name_of: Callable[[str, Any], str], *, nullable: bool
    ) -> list[str]:
        """The lines that complete a variable in place; what they use goes by the names it is given."""
        name = f"{leaf.name}_or_null" if nullable else leaf.name
        name = name_of(name, self._kept(name, lambda: completing(leaf, nullable=nullable)))
        then = f"{variable} = {name}({variable})"
        when = [f"{variable} is not None"] if nullable else []
        if isinstance(leaf, GraphQLEnumType):
            names = f"{leaf.name}_names"
            names = name_of(names, self._kept(names, lambda: names_of(leaf)))
            then = f"{variable} = {names}.get({variable}) or {name}({variable})"
        elif leaf.name == INT:
            outside = f"{variable}.__class__ is not int or not {LEAST} <= {variable} <= {MOST}"
            when.append(f"({outside})" if nullable else outside)
        elif kind := self.passing.get(leaf.name):
            when.append(f"{variable}.__class__ is not {name_of(kind.__name__, kind)}")
        return [f"if {' and '.join(when)}:", f"    {then}"] if when else [then]

    def _kept(self, name: str, make: Callable[[], Any]) -> Any:
        if name not in self.functions:
            self.functions[name] = make()
        return self.functions[name]
