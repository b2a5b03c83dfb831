"""Plans: what is known of an operation once, so that each run has only its own variables to look at."""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

import strawberry
from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLInputType,
    GraphQLNonNull,
    GraphQLSchema,
    Node,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    Undefined,
    VariableDefinitionNode,
    VariableNode,
)
from graphql.execution.get_variable_signature import GraphQLVariableSignature, get_variable_signature
from graphql.execution.values import (
    VariableValues,
    VariableValueSource,
    get_variable_values,
    input_is_nested_too_deeply,
)
from graphql.utilities.coerce_input_value import coerce_input_value

from schema.compiler._completing import Completing
from schema.compiler._faults import Fault
from schema.compiler._inputs import PLAIN, Make, Odd, coercing
from schema.compiler._leaves import Declined, NotCovered
from schema.compiler._writing import Writer

VARIANTS_MAX = 8
"""For how many sets of values of its conditions an operation has functions; graphql-core runs the others."""

CONDITIONS = ("skip", "include")
"""The directives that are compiled."""

NONE: Any = MappingProxyType({})
NO_VALUES = VariableValues(NONE, NONE)
"""The variables of an operation that has none."""

FAULT = "a fault of the compiler"
"""How the reason begins where writing the functions failed."""

Compiled: TypeAlias = Callable[..., Any]


class Variable:
    """A variable of an operation: what it may be, and what it is when it is not given."""

    __slots__ = ("_coerce", "_default", "is_shared", "kind", "name", "node", "required", "schema", "signature")

    def __init__(
        self, schema: GraphQLSchema, node: VariableDefinitionNode, signature: GraphQLVariableSignature
    ) -> None:
        self.schema = schema
        self.node = node
        self.signature = signature
        self.name = signature.name
        self.kind: GraphQLInputType = signature.type
        self._default = self._made()
        self.is_shared = self._default is Undefined or isinstance(self._default, PLAIN)
        self.required = isinstance(self.kind, GraphQLNonNull)
        self._coerce = _coercing(self.kind)

    def _made(self) -> Any:
        found = get_variable_values(self.schema, [self.node], {})
        return found.coerced.get(self.name, Undefined) if isinstance(found, VariableValues) else Undefined

    @property
    def default(self) -> Any:
        """What it is when it is not given: made anew where a resolver could change it."""
        return self._default if self.is_shared else self._made()

    def coerced(self, given: Any) -> Any:
        """What was given as the resolvers' types want it. Raises: Declined."""
        value = self._coerce(given)
        if value is Undefined:
            raise Declined("A variable that is not of its type.")
        return value


def _coercing(kind: GraphQLInputType) -> Make:
    """How a variable of a type is coerced; to Undefined where it cannot be."""
    try:
        return coercing(kind)
    except Odd:

        def coerce(given: Any) -> Any:
            return Undefined if input_is_nested_too_deeply(given, kind) else coerce_input_value(given, kind)

        return coerce


class Plan:
    """One operation of a valid document."""

    def __init__(
        self,
        schema: strawberry.Schema,
        document: DocumentNode,
        operation_name: str | None,
        completing: Completing,
        tell: Callable[["Plan", Fault], None],
    ) -> None:
        self.schema = schema
        self.document = document
        self.operation_name = operation_name
        self.completing = completing
        self.reason: str | None = None
        """Why graphql-core runs it; None where it is compiled."""
        self.variables: list[Variable] = []
        self.conditions: tuple[str, ...] = ()
        """The variables that `@skip` and `@include` depend on."""
        self.fragments: dict[str, FragmentDefinitionNode] = {}
        self.operation: OperationDefinitionNode | None = None
        self._functions: dict[tuple[Any, ...], tuple[Compiled, bool]] = {}
        self._sources: dict[tuple[Any, ...], str] = {}
        self._tell = tell
        self.fault: Fault | None = None
        """What the compiler did wrong, the first time it did; None where it did all it should."""
        self.grew: Callable[[int], None] | None = None
        """Told of how many characters functions were written; they take some five times as much memory."""
        try:
            self._read()
        except NotCovered as why:
            self.reason = str(why)

    def _read(self) -> None:
        self.operation = _operation(self.document, self.operation_name)
        self.fragments = {
            each.name.value: each for each in self.document.definitions if isinstance(each, FragmentDefinitionNode)
        }
        for node in self.operation.variable_definitions or ():
            signature = get_variable_signature(self.schema._schema, node)
            if isinstance(signature, GraphQLError):
                raise NotCovered(signature.message)
            self.variables.append(Variable(self.schema._schema, node, signature))
        named = {each.name for each in self.variables}
        # a fragment may be another operation's, with conditions of its own
        self.conditions = tuple(sorted(named.intersection(self._conditions())))

    def _conditions(self) -> Iterator[str]:
        todo: list[SelectionSetNode] = [each.selection_set for each in self.fragments.values()]
        todo += [self.operation.selection_set] if self.operation else []
        while todo:
            for node in todo.pop().selections:
                yield from _asked_by(node)
                inner = getattr(node, "selection_set", None)
                todo += [inner] if inner else []

    def values(self, given: Mapping[str, Any]) -> VariableValues:
        """The variables of a run. Raises: Declined, where graphql-core must say what is wrong."""
        if not self.variables:
            return NO_VALUES
        sources: dict[str, VariableValueSource] = {}
        coerced: dict[str, Any] = {}
        for variable in self.variables:
            value = given.get(variable.name, Undefined)
            sources[variable.name] = VariableValueSource(variable.signature, value)
            if value is not Undefined:
                coerced[variable.name] = variable.coerced(value)
            elif (default := variable.default) is not Undefined:
                coerced[variable.name] = default
            elif variable.required:
                raise Declined("A variable that must be given was not.")
        return VariableValues(sources, coerced)

    def function(self, values: VariableValues) -> tuple[Compiled, bool]:
        """The operation's function for these variables, and whether it is to be awaited.

        Raises: NotCovered.
        """
        variant = tuple([values.coerced.get(each) for each in self.conditions]) if self.conditions else ()
        found = self._functions.get(variant)
        if found is None:
            found = self._written(variant, values)
        return found

    def _written(self, variant: tuple[Any, ...], values: VariableValues) -> tuple[Compiled, bool]:
        if self.reason is not None or self.operation is None:
            raise NotCovered(self.reason)
        if None in variant:
            raise Declined("A condition that is neither true nor false.")
        if len(self._functions) >= VARIANTS_MAX:
            raise NotCovered("more sets of conditions than there are functions for")
        writer = Writer(self.schema, self.operation, self.fragments, values, self.completing)
        try:
            root = writer.root()
            self._functions[variant] = (writer.made(root), root.awaits)
        except NotCovered as why:
            # what one set of conditions leaves out may be covered in another, but is rare: one reason is kept
            self.reason = str(why)
            raise
        except Exception as error:
            # it is not tried again and again; the tests of the house see to it that there is no such reason
            fault = Fault(error)
            self.reason = f"{FAULT}: {fault}"
            self.failed(fault)
            raise NotCovered(self.reason) from error
        self._sources[variant] = writer.source()
        if self.grew is not None:
            self.grew(len(self._sources[variant]))
        return self._functions[variant]

    def failed(self, fault: Fault) -> None:
        """Tell what the compiler did wrong, the first time; the operation is answered all the same."""
        if self.fault is None:
            self.fault = fault
            self._tell(self, fault)

    def compile(self, conditions: Mapping[str, bool] | None = None) -> None:
        """Write the function now, for these values of its conditions or their defaults; else the first run does."""
        if self.reason is not None:
            return
        known = {each.name: each.default for each in self.variables if each.default is not Undefined}
        known.update(conditions or {})
        if all(each in known for each in self.conditions):
            sources = {each.name: VariableValueSource(each.signature) for each in self.variables}
            try:
                self.function(VariableValues(sources, known))
            except NotCovered:
                return

    def source(self) -> str:
        """What was written so far, for a person to read."""
        parts = []
        for variant, text in self._sources.items():
            said = ", ".join(f"${name} is {value}" for name, value in zip(self.conditions, variant, strict=True))
            parts.append(f"# where {said}\n\n{text}" if said else text)
        return "\n\n\n".join(parts)


def _operation(document: DocumentNode, name: str | None) -> OperationDefinitionNode:
    found = [
        each
        for each in document.definitions
        if isinstance(each, OperationDefinitionNode) and (name is None or (each.name and each.name.value == name))
    ]
    if len(found) != 1:
        raise NotCovered("no one operation that is meant")
    if found[0].operation is OperationType.SUBSCRIPTION:
        raise NotCovered("a subscription")
    return found[0]


def _asked_by(node: Node) -> Iterator[str]:
    """The variables that decide whether a selection is there. Raises: NotCovered."""
    for directive in getattr(node, "directives", None) or ():
        if directive.name.value not in CONDITIONS:
            raise NotCovered(f"the directive @{directive.name.value}")
        for argument in directive.arguments or ():
            if isinstance(argument.value, VariableNode):
                yield argument.value.name.value
