"""Asking: what resolvers are given, made ready before they are called: their arguments and their Info."""

from collections.abc import Callable, Mapping
from inspect import signature
from typing import Any, TypeAlias

import strawberry
from graphql import (
    ArgumentNode,
    FieldNode,
    GraphQLField,
    GraphQLNonNull,
    GraphQLObjectType,
    ListValueNode,
    Node,
    ObjectValueNode,
    OperationDefinitionNode,
    Undefined,
    VariableNode,
    is_required_argument,
)
from graphql.execution.values import VariableValues, get_argument_values
from graphql.pyutils.path import Path
from strawberry.execution import optimized_is_awaitable
from strawberry.relay.types import GlobalID
from strawberry.schema.schema import _OperationContextAwareGraphQLResolveInfo as ResolveInfo
from strawberry.types.arguments import StrawberryArgument, convert_arguments
from strawberry.types.base import StrawberryMaybe, StrawberryOptional
from strawberry.types.field import StrawberryField

from schema.compiler._inputs import PLAIN, Make, Odd, converting
from schema.compiler._leaves import Declined, is_leaf

BATCH = "batch"
"""The key of a field's metadata under which it has its batch function."""

SHOWN = "shown"
"""The parameter by which a batch function is told what is shown of what it gives."""

Shown: TypeAlias = Mapping[str, frozenset[str]]
"""The attributes that are shown below a field, by the name of their type."""

BATCH_MAX = 1_000
"""The most parents a batch function is given at once."""


def asks_what_is_shown(batch: Callable[..., Any]) -> bool:
    """Whether a batch function is told what is shown of what it gives."""
    return SHOWN in signature(batch).parameters


class Run:
    """One execution of a compiled operation."""

    __slots__ = ("context", "outcome", "root", "values")

    def __init__(self, context: Any, values: VariableValues, root: Any) -> None:
        self.context = context
        self.values = values
        self.root = root
        self.outcome: Outcome | None = None

    async def once(self, resolving: Any) -> Any:
        """Resolve a mutation, and remember what came of it: it must not be done again."""
        try:
            value = await resolving
        except Exception as error:
            self.outcome = Outcome(error=error)
            raise
        self.outcome = Outcome(value)
        return value

    async def batch(self, batch: Callable[..., Any], them: list[Any], arguments: Mapping[str, Any]) -> list[Any]:
        """One value for each parent. Neither list is shared with the batch function, which may do as it likes."""
        if len(them) <= BATCH_MAX:
            given = batch(them[:], self.context, **arguments)
            return list(given if given.__class__ is list else await given)
        found: list[Any] = []
        for start in range(0, len(them), BATCH_MAX):
            some = them[start : start + BATCH_MAX]
            more = await self.batch(batch, some, arguments)
            if len(more) != len(some):
                raise Declined("A batch that forgot a parent.")
            found += more
        return found


class Outcome:
    """What a mutation's resolver gave or raised."""

    __slots__ = ("error", "value")

    def __init__(self, value: Any = None, error: Exception | None = None) -> None:
        self.value = value
        self.error = error


class Place:
    """Where a field stands in an operation."""

    __slots__ = ("definition", "field", "fragments", "keys", "kind", "nodes", "operation", "schema")

    def __init__(
        self,
        schema: strawberry.Schema,
        operation: OperationDefinitionNode,
        fragments: Mapping[str, Any],
        kind: GraphQLObjectType,
        nodes: list[FieldNode],
        keys: tuple[str, ...],
    ) -> None:
        self.schema = schema
        self.operation = operation
        self.fragments = fragments
        self.kind = kind
        self.nodes = nodes
        self.keys = keys
        self.definition: GraphQLField = kind.fields[nodes[0].name.value]
        self.field: StrawberryField = self.definition.extensions["strawberry-definition"]


class Information:
    """The Info of a field, for each run."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.info = place.schema.config.info_class
        path: Path | None = None
        for key in place.keys:
            path = Path(path, key, None)
        nodes, kind, schema = place.nodes, place.kind, place.schema._schema
        self._known = nodes[0].name.value, nodes, place.definition.type, kind, path, schema, place.fragments
        """What is the same for each run, and comes first."""

    def raw(self, run: Run) -> Any:
        """What graphql-core would tell of the field."""
        own = run.root, self.place.operation, run.values.coerced, run.context
        # by its own way, each of its fields would be looked at
        return tuple.__new__(ResolveInfo, (*self._known, *own, optimized_is_awaitable, None, None, {}))

    def __call__(self, run: Run) -> Any:
        """What strawberry tells a resolver of its field."""
        return self.info(_raw_info=self.raw(run), _field=self.place.field)


class Arguments:
    """The arguments of a field, for each run: what never changes, what is just a variable, and the rest."""

    def __init__(self, place: Place) -> None:
        self.schema = place.schema
        self.constants: dict[str, Any] = {}
        self.variables: list[tuple[str, str, dict[str, Any] | None, bool]] = []
        """Each variable, whose argument it is, what there is without it (None: nothing will do), and no null?"""
        self.inputs: list[tuple[str, str, Make, _Alone]] = []
        """Each variable, whose argument it is, how that is made of it, and who sees to it where there is none."""
        self.rest: list[_Alone] = []
        given = {each.name.value: each for each in place.nodes[0].arguments or ()}
        for argument in place.field.arguments:
            name = self.schema.config.name_converter.from_argument(argument)
            self._prepare(_Alone(self.schema, place, argument, name, given.get(name)))

    def _prepare(self, alone: "_Alone") -> None:
        value = alone.given.value if alone.given else None
        if value is None or not _has_variable(value):
            constant = alone.constant()
            if constant is None:
                self.rest.append(alone)
            else:
                self.constants |= constant
        elif isinstance(value, VariableNode) and alone.passes:
            without = None if is_required_argument(alone.described) else alone.absent()
            refuses_null = isinstance(alone.described.type, GraphQLNonNull)
            self.variables.append((value.name.value, alone.argument.python_name, without, refuses_null))
        elif isinstance(value, VariableNode) and (make := alone.make()) is not None:
            self.inputs.append((value.name.value, alone.argument.python_name, make, alone))
        else:
            self.rest.append(alone)

    @property
    def are_constant(self) -> bool:
        """Whether every run has the same."""
        return not self.variables and self.are_plain

    @property
    def are_plain(self) -> bool:
        """Whether all calls of a run may share them."""
        return not self.rest and not self.inputs

    def __call__(self, run: Run) -> dict[str, Any]:
        """The arguments as the resolver takes them."""
        found = dict(self.constants)
        coerced = run.values.coerced
        for variable, name, without, refuses_null in self.variables:
            value = coerced.get(variable, Undefined)
            if value is Undefined:
                if without is None:
                    raise Declined("An argument that must be given was not.")
                found |= without
            elif value is None and refuses_null:
                raise Declined("Null for an argument that may not be null.")
            else:
                found[name] = value
        for variable, name, make, alone in self.inputs:
            value = coerced.get(variable)
            found |= alone.value(run.values) if value is None else {name: make(value)}
        for alone in self.rest:
            found |= alone.value(run.values)
        return found


class _Alone:
    """One argument of a field, by itself."""

    def __init__(
        self,
        schema: strawberry.Schema,
        place: Place,
        argument: StrawberryArgument,
        name: str,
        given: ArgumentNode | None,
    ) -> None:
        self.schema = schema
        self.argument = argument
        self.described = place.definition.args[name]
        self.given = given
        self.field = GraphQLField(place.definition.type, args={name: self.described})
        self.node = FieldNode(name=place.nodes[0].name, arguments=(given,) if given else ())

    @property
    def passes(self) -> bool:
        """Whether a coerced variable is what the resolver takes, as it is."""
        kind = self.described.type
        inner = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
        taken = self.argument.type
        while isinstance(taken, StrawberryOptional) and not isinstance(taken, StrawberryMaybe):
            taken = taken.of_type
        return is_leaf(inner) and not isinstance(taken, StrawberryMaybe) and taken is not GlobalID

    def make(self) -> Make | None:
        """How a coerced variable becomes what the resolver takes; None where that is strawberry's to find out."""
        try:
            return converting(self.schema, self.argument.type)
        except Odd:
            return None

    def constant(self) -> dict[str, Any] | None:
        """What all requests may share of it; None where it must be made anew, or cannot be made at all."""
        try:
            found = self.value(None)
        except Exception:
            # whatever an input class objects to, each run will meet it
            return None
        return found if all(isinstance(each, PLAIN) for each in found.values()) else None

    def value(self, values: VariableValues | None) -> dict[str, Any]:
        """The argument by its name in Python; nothing where it has no value."""
        return self._converted(get_argument_values(self.field, self.node, values))

    def absent(self) -> dict[str, Any]:
        """What there is when it is not given."""
        return self._converted(get_argument_values(self.field, FieldNode(name=self.node.name, arguments=()), None))

    def _converted(self, given: dict[str, Any]) -> dict[str, Any]:
        converter = self.schema.schema_converter
        return convert_arguments(given, [self.argument], converter.scalar_registry, self.schema.config)


def _has_variable(node: Node) -> bool:
    if isinstance(node, VariableNode):
        return True
    if isinstance(node, ListValueNode):
        return any(_has_variable(each) for each in node.values)
    return isinstance(node, ObjectValueNode) and any(_has_variable(each.value) for each in node.fields)
