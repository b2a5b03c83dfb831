"""Writing: each selection set of an operation is put down as one Python function over all objects of its level."""

from collections.abc import Mapping
from dataclasses import dataclass
from keyword import iskeyword
from typing import Any, TypeAlias

import strawberry
from graphql import (
    FragmentDefinitionNode,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLUnionType,
    OperationDefinitionNode,
    OperationType,
    default_type_resolver,
    get_named_type,
)
from graphql.execution.collect_fields import (
    FieldDetailsList,
    FragmentDetails,
    GroupedFieldSet,
    collect_fields,
    collect_subfields,
)
from graphql.execution.values import VariableValues

from schema.compiler._asking import BATCH, Arguments, Information, Place
from schema.compiler._completing import Completing
from schema.compiler._faults import WRITTEN
from schema.compiler._leaves import completing, is_leaf
from schema.compiler._shapes import (
    Checking,
    Kinds,
    among,
    decides_itself,
    flat,
    flat_there,
    listing,
    regroup,
    there,
)

TYPENAME = "__typename"
OWN = frozenset({"answers", "it", "kind", "run", "them", "zip"})
"""What every function calls something of its own."""

LOCAL = ("_", "_column", "_items", "_info", "_arguments")
"""How the variables of a function end, as nothing outside of it does."""


class NotCovered(Exception):  # noqa: N818  it is no error: graphql-core runs the operation
    """The operation asks for something that is not compiled: what, in words."""


@dataclass(frozen=True, slots=True)
class Function:
    """A function that was written: its name, and whether it has to be awaited."""

    name: str
    awaits: bool


Keys: TypeAlias = tuple[str, ...]
"""Where a selection set stands: the keys of the answer on the way to it."""


class Writer:
    """Writes the functions of one operation, for one set of the values its `@skip` and `@include` depend on."""

    def __init__(
        self,
        schema: strawberry.Schema,
        operation: OperationDefinitionNode,
        fragments: Mapping[str, FragmentDefinitionNode],
        values: VariableValues,
        completing: Completing,
    ) -> None:
        self.schema = schema
        self.core = schema._schema
        self.operation = operation
        self.fragments = fragments
        self.details = {name: FragmentDetails(each, None) for name, each in fragments.items()}
        self.values = values
        self.completing = completing
        self.written: list[str] = []
        self.names: dict[str, Any] = {each.__name__: each for each in (flat, flat_there, regroup, there, among)}
        self.known: dict[tuple[Any, ...], Function] = {}

    def root(self) -> Function:
        """Write the whole operation; its function takes a list of the root value alone."""
        kind = self.core.get_root_type(self.operation.operation)
        if kind is None:
            raise NotCovered("a kind of operation the schema has not")
        found = collect_fields(self.core, self.details, self.values, kind, self.operation)
        fields = found.grouped_field_set
        resolved = [each for each in fields.values() if each[0].node.name.value != TYPENAME]
        if self.operation.operation is OperationType.MUTATION and len(resolved) > 1:
            raise NotCovered("a mutation with several fields, which are done one after another")
        return self._write(kind, fields, (), name=kind.name, check=None)

    def name_of(self, wanted: str, meant: Any) -> str:
        """A name for something the functions use, as it was wanted or with a number."""
        name, number = wanted, 1
        while name in OWN or iskeyword(name) or name.endswith(LOCAL) or self.names.get(name, meant) is not meant:
            number += 1
            name = f"{wanted}_{number}"
        self.names[name] = meant
        return name

    def _below(self, kind: GraphQLObjectType, details: FieldDetailsList) -> GroupedFieldSet:
        found = collect_subfields(self.core, self.details, self.values, self.operation, kind, details)
        return found.grouped_field_set

    def _object(self, kind: GraphQLObjectType, details: FieldDetailsList, keys: Keys) -> Function:
        """The function of the objects of one type at one place."""
        known = (kind.name, *(id(each.node) for each in details))
        if known not in self.known:
            check = self.name_of(kind.name, self.completing.check(kind))
            self.known[known] = self._write(kind, self._below(kind, details), keys, name=keys[-1], check=check)
        return self.known[known]

    def _write(
        self,
        kind: GraphQLObjectType,
        fields: GroupedFieldSet,
        keys: Keys,
        *,
        name: str,
        check: str | None,
        typename: str | None = None,
    ) -> Function:
        """Write the function of one selection set. With `typename`, the objects' type is told when it is called."""
        body = Body(self, kind, keys, typename or repr(kind.name))
        for key, details in fields.items():
            body.field(key, details)
        own = self.name_of(f"{name}_of", object())
        self.written.append(body.text(own, check=check, takes=("them", "run", *([typename] if typename else []))))
        return Function(own, body.awaits)

    def kinds(self, abstract: GraphQLNamedType, details: FieldDetailsList, place: Place, keys: Keys) -> Function:
        """The functions of the objects at a place where an interface or a union stands.

        Types that answer alike, from attributes alone, share one.
        """
        if not isinstance(abstract, GraphQLInterfaceType | GraphQLUnionType):
            raise NotCovered(f"the type {abstract.name}")
        shared: dict[Any, Function] = {}
        functions: dict[str, str] = {}
        awaiting = []
        for kind in self.core.get_possible_types(abstract):
            fields = self._below(kind, details)
            shape = self._shape(kind, fields)
            if shape not in shared:
                shared[shape] = self._write(
                    kind, fields, keys, name=f"{keys[-1]}_as_{kind.name}", check=None, typename="kind"
                )
            functions[kind.name] = shared[shape].name
            awaiting += [kind.name] if shared[shape].awaits else []
        checks = {kind.name: self.completing.check(kind) for kind in self.core.get_possible_types(abstract)}
        meant = _Kinds(abstract, Information(place), checks, functions, frozenset(awaiting))
        name = self.name_of(f"{keys[-1]}_by_type", meant)
        return Function(f"{name}.awaited" if awaiting else name, bool(awaiting))

    def _shape(self, kind: GraphQLObjectType, fields: GroupedFieldSet) -> Any:
        """What makes the functions of two types the same; a type with resolvers is like no other."""
        parts: list[Any] = []
        for key, details in fields.items():
            name = details[0].node.name.value
            if name == TYPENAME:
                parts.append((key, name))
                continue
            place = self.place(kind, details, ())
            if place.field.base_resolver is not None:
                return kind.name
            nodes = tuple(id(each.node) for each in details)
            parts.append((key, nodes, place.field.python_name, str(place.definition.type)))
        return tuple(parts)

    def place(self, kind: GraphQLObjectType, details: FieldDetailsList, keys: Keys) -> Place:
        """Where a field stands. Raises: NotCovered."""
        name = details[0].node.name.value
        if name.startswith("__"):
            raise NotCovered(f"introspection ({name})")
        definition = kind.fields[name]
        field = definition.extensions.get("strawberry-definition")
        if field is None:
            raise NotCovered(f"{kind.name}.{name}, which is not strawberry's")
        if field.extensions:
            raise NotCovered(f"{kind.name}.{name}, which has field extensions")
        nodes = [each.node for each in details]
        return Place(self.schema, self.operation, self.fragments, kind, nodes, keys)

    def source(self) -> str:
        """All that was written."""
        return "\n\n".join(self.written)

    def made(self, root: Function) -> Any:
        """The function of the operation, ready to be called."""
        names = dict(self.names)
        exec(compile(self.source(), WRITTEN, "exec"), names)  # noqa: S102  written here, from a valid document
        for meant in self.names.values():
            if isinstance(meant, _Kinds):
                meant.made(names)
        return names[root.name]


class _Kinds(Kinds):
    """A place of several types, whose functions are yet to be made from what was written."""

    def __init__(
        self,
        abstract: GraphQLInterfaceType | GraphQLUnionType,
        information: Information,
        checks: dict[str, Checking],
        named: dict[str, str],
        awaiting: frozenset[str],
    ) -> None:
        resolve = abstract.resolve_type or default_type_resolver
        super().__init__(
            lambda it, run: resolve(it, information.raw(run), abstract),
            {},
            checks,
            awaiting,
            remembers=not decides_itself(abstract, "resolve_type"),
        )
        self.named = named

    def made(self, names: Mapping[str, Any]) -> None:
        """Take the functions by their names."""
        self.functions = {kind: names[name] for kind, name in self.named.items()}


class Body:
    """The lines of one function: columns, which hold a value for each object, and a loop that makes the answers.

    Its variables begin with the key of an answer and end with `_`, `_column`, `_items`, `_info` or `_arguments`, as
    no name outside a function does, so that no alias of a client's can hide one.
    """

    def __init__(self, writer: Writer, kind: GraphQLObjectType, keys: Keys, typename: str) -> None:
        self.writer = writer
        self.kind = kind
        self.keys = keys
        self.typename = typename
        self.awaits = False
        self.before: list[str] = []
        self.inside: list[str] = []
        self.columns: list[tuple[str, str]] = []
        self.answer: list[str] = []

    def field(self, key: str, details: FieldDetailsList) -> None:
        """Write how one field is come by and completed."""
        if details[0].node.name.value == TYPENAME:
            self.answer.append(f"{key!r}: {self.typename}")
            return
        place = self.writer.place(self.kind, details, (*self.keys, key))
        named = get_named_type(place.definition.type)
        variable = f"{key}_"
        self.answer.append(f"{key!r}: {variable}")
        if place.field.base_resolver is None and is_leaf(named):
            self.inside.append(f"{variable} = it.{place.field.python_name}")
        else:
            self.columns.append((variable, f"{key}_column"))
            self.before.append(f"{key}_column = {self._values(key, place)}")
        if is_leaf(named):
            self._leaf(place.definition.type, variable)
        else:
            self._complete(place.definition.type, f"{key}_column", details, place)

    def _values(self, key: str, place: Place) -> str:
        """What gives a field's value for each object, as an expression."""
        resolver = place.field.base_resolver
        if resolver is None:
            return f"[it.{place.field.python_name} for it in them]"
        own = f"{place.kind.name}_{place.field.python_name}"
        given = self._given(key, own, place)
        batch = self._batch(place)
        if batch is not None:
            self.awaits = True
            return f"await run.batch({self.writer.name_of(f'{own}_batch', batch)}, them, {given or '{}'})"
        call = (
            f"{self.writer.name_of(own, resolver.wrapped_func)}({', '.join(self._parts(key, own, given, place))})"
        )
        if self._is_done:
            if not place.field.is_async:
                raise NotCovered(f"{own}, a mutation that is not async")
            call = f"run.once({call})"
        if place.field.is_async:
            self.awaits = True
            call = f"await {call}"
        return f"[{call} for it in them]"

    def _batch(self, place: Place) -> Any:
        """The batch function of a relation; what is done is done by its resolver."""
        return None if self._is_done else place.field.metadata.get(BATCH)

    def _parts(self, key: str, own: str, given: str | None, place: Place) -> list[str]:
        """What a resolver is called with."""
        resolver: Any = place.field.base_resolver
        parts = ["it"] if resolver.self_parameter else []
        parts += [
            f"{each.name}=it" for each in (resolver.parent_parameter, resolver.root_parameter) if each is not None
        ]
        if resolver.info_parameter is not None:
            name = self.writer.name_of(f"{own}_info_for", Information(place))
            self.before.append(f"{key}_info = {name}(run)")
            parts.append(f"{resolver.info_parameter.name}={key}_info")
        return [*parts, f"**{given}"] if given else parts

    @property
    def _is_done(self) -> bool:
        """Whether its fields do something."""
        return self.kind is self.writer.core.mutation_type and not self.keys

    def _given(self, key: str, own: str, place: Place) -> str | None:
        """The arguments of a field, as an expression that is a dictionary; None where it takes none."""
        if not place.field.arguments:
            return None
        arguments = Arguments(place)
        if arguments.are_constant:
            return self.writer.name_of(f"{own}_given", arguments.constants)
        name = self.writer.name_of(f"{own}_arguments_for", arguments)
        if not arguments.are_plain and self._batch(place) is None:
            # each call has its own: a resolver may change what it is given
            return f"{name}(run)"
        self.before.append(f"{key}_arguments = {name}(run)")
        return f"{key}_arguments"

    def _leaf(self, kind: GraphQLOutputType, variable: str) -> None:
        """Write how the value of a leaf is completed, in the loop."""
        nullable = not isinstance(kind, GraphQLNonNull)
        inner = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
        if isinstance(inner, GraphQLList):
            name = self.writer.name_of(f"{variable}list", _leaf_list(kind))
            self.inside.append(f"{variable} = {name}({variable})")
            return
        leaf: Any = inner
        self.inside += self.writer.completing.lines(leaf, variable, self.writer.name_of, nullable=nullable)

    def _complete(self, kind: GraphQLOutputType, column: str, details: FieldDetailsList, place: Place) -> None:
        """Write how a column of objects, or of lists of them, is completed."""
        nullable = not isinstance(kind, GraphQLNonNull)
        inner = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
        if isinstance(inner, GraphQLList):
            items = f"{column}_items"
            self.before.append(f"{items} = {'flat_there' if nullable else 'flat'}({column})")
            self._complete(inner.of_type, items, details, place)
            self.before.append(f"{column} = regroup({column}, {items})")
            return
        if isinstance(inner, GraphQLObjectType):
            function = self.writer._object(inner, details, place.keys)
        else:
            function = self.writer.kinds(get_named_type(inner), details, place, place.keys)
        self.awaits = self.awaits or function.awaits
        wait = "await " if function.awaits else ""
        if nullable:
            self.before.append(f"{column} = among({column}, {wait}{function.name}(there({column}), run))")
        else:
            self.before.append(f"{column} = {wait}{function.name}({column}, run)")

    def text(self, name: str, *, check: str | None, takes: tuple[str, ...]) -> str:
        """The whole function."""
        lines = [f"{'async ' if self.awaits else ''}def {name}({', '.join(takes)}):"]
        lines.append(f"    # {'.'.join(self.keys) or 'the operation'}: {self.kind.name}")
        if check:
            lines.append(f"    {check}(them)")
        if self.awaits:
            lines += ["    if not them:", "        return []"]
        lines += [f"    {each}" for each in self.before]
        lines.append("    answers = []")
        if self.columns:
            those = ", ".join(each for each, _ in self.columns)
            columns = ", ".join(each for _, each in self.columns)
            lines.append(f"    for it, {those} in zip(them, {columns}, strict=True):")
        else:
            lines.append("    for it in them:")
        lines += [f"        {each}" for each in self.inside]
        lines.append(f"        answers.append({{{', '.join(self.answer)}}})")
        lines.append("    return answers")
        return "\n".join(lines)


def _leaf_list(kind: GraphQLOutputType) -> Any:
    """How a list of leaves is completed."""
    nullable = not isinstance(kind, GraphQLNonNull)
    inner: Any = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
    if isinstance(inner, GraphQLList):
        return listing(_leaf_list(inner.of_type), nullable=nullable)
    return completing(inner, nullable=nullable)
