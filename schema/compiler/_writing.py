"""Writing: each selection set of an operation is put down in Python, for one object or for all of a level."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from keyword import iskeyword
from typing import Any, TypeAlias

import strawberry
from graphql import (
    FragmentDefinitionNode,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
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

from schema.compiler._asking import Information, Place, Shown
from schema.compiler._bodies import LOCAL, TYPENAME, Function, Keys, Many, One, Text
from schema.compiler._completing import Completing
from schema.compiler._faults import WRITTEN
from schema.compiler._leaves import NotCovered, is_leaf
from schema.compiler._shapes import (
    Checking,
    Kinds,
    among,
    classes,
    decides_itself,
    flat,
    flat_there,
    listed,
    regroup,
    there,
)
from schema.compiler._telling import Told, may_be_unchanging

OWN = frozenset({"it", "kind", "kinds", "list", "map", "run", "them", "zip"})
"""What every function calls something of its own, or of Python's."""


Known: TypeAlias = tuple[Any, ...]
"""A selection set: the type of its objects, and the nodes it is below."""


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
        self.names: dict[str, Any] = {
            each.__name__: each for each in (among, classes, flat, flat_there, listed, regroup, there)
        }
        self._functions: dict[tuple[Known, bool], Function] = {}
        self._below: dict[Known, GroupedFieldSet] = {}
        self._uses: Counter[Known] = Counter()
        """At how many places of the operation each selection set stands."""

    def root(self) -> Function:
        """Write the whole operation; its function takes the root value."""
        kind = self.core.get_root_type(self.operation.operation)
        if kind is None:
            raise NotCovered("a kind of operation the schema has not")
        found = collect_fields(self.core, self.details, self.values, kind, self.operation)
        fields = found.grouped_field_set
        resolved = [each for each in fields.values() if each[0].node.name.value != TYPENAME]
        if self.operation.operation is OperationType.MUTATION and len(resolved) > 1:
            raise NotCovered("a mutation with several fields, which are done one after another")
        self._count(kind, fields)
        return self._one(kind, fields, (), name=kind.name)

    def name_of(self, wanted: str, meant: Any) -> str:
        """A name for something the functions use, as it was wanted or with a number."""
        name, number = wanted, 1
        while name in OWN or iskeyword(name) or name.endswith(LOCAL) or self.names.get(name, meant) is not meant:
            number += 1
            name = f"{wanted}_{number}"
        self.names[name] = meant
        return name

    def below(self, kind: GraphQLObjectType, details: FieldDetailsList) -> GroupedFieldSet:
        """The fields of the objects of a type at a place."""
        known = _known(kind, details)
        if known not in self._below:
            found = collect_subfields(self.core, self.details, self.values, self.operation, kind, details)
            self._below[known] = found.grouped_field_set
        return self._below[known]

    def _count(self, kind: GraphQLObjectType, fields: GroupedFieldSet) -> None:
        """Count where the selection sets stand. Each is looked into once, however often a fragment is spread."""
        todo = [(kind, fields)]
        while todo:
            here, below = todo.pop()
            for details in below.values():
                for inner in self._kinds_at(here, details):
                    known = _known(inner, details)
                    self._uses[known] += 1
                    if self._uses[known] == 1:
                        todo.append((inner, self.below(inner, details)))

    def _kinds_at(self, kind: GraphQLObjectType, details: FieldDetailsList) -> Iterator[GraphQLObjectType]:
        """The types of the objects a field may give."""
        definition = kind.fields.get(details[0].node.name.value)
        named = definition and get_named_type(definition.type)
        if isinstance(named, GraphQLObjectType):
            yield named
        elif isinstance(named, GraphQLInterfaceType | GraphQLUnionType):
            yield from self.core.get_possible_types(named)

    def shown(self, kind: GraphQLObjectType, details: FieldDetailsList) -> Shown:
        """The attributes that are shown below a field; what is below a resolver is for that to come by."""
        found: defaultdict[str, set[str]] = defaultdict(set)
        seen: set[Known] = set()
        todo = [(inner, details) for inner in self._kinds_at(kind, details)]
        while todo:
            here, above = todo.pop()
            if (known := _known(here, above)) in seen:
                continue
            seen.add(known)
            for below in self.below(here, above).values():
                if below[0].node.name.value == TYPENAME:
                    continue
                field = self.place(here, below, ()).field
                found[here.name].add(field.python_name)
                if field.base_resolver is None:
                    todo += [(inner, below) for inner in self._kinds_at(here, below)]
        return {name: frozenset(attributes) for name, attributes in found.items()}

    def is_alone(self, kind: GraphQLObjectType, details: FieldDetailsList) -> bool:
        """Whether a selection set stands at one place, so that it needs no function of its own."""
        return self._uses[_known(kind, details)] == 1 and not self._is_told_again(kind, details)

    def _is_told_again(self, kind: GraphQLObjectType, details: FieldDetailsList) -> bool:
        """Whether objects may never change, and nothing is asked of them but what hangs on them."""
        return may_be_unchanging(kind) and self._is_plain(kind, details)

    def _is_plain(self, kind: GraphQLObjectType, details: FieldDetailsList) -> bool:
        """Whether all below a field is read from attributes."""
        for below in self.below(kind, details).values():
            if below[0].node.name.value == TYPENAME:
                continue
            place = self.place(kind, below, ())
            named = get_named_type(place.definition.type)
            if place.field.base_resolver is not None:
                return False
            if not (self._is_plain(named, below) if isinstance(named, GraphQLObjectType) else is_leaf(named)):
                return False
        return True

    def check(self, text: Text, kind: GraphQLObjectType, variable: str, keys: Keys) -> None:
        """Write what declines one object that is not of a type; a class that was found to be is only looked up."""
        check = self.completing.check(kind)
        name, classes = self.name_of(kind.name, check), self.name_of(f"{kind.name}_classes", check.known)
        text.add(f"# {'.'.join(keys)}: {kind.name}")
        text.add(f"if {variable}.__class__ not in {classes}:", f"    {name}.one({variable})")

    def one(self, kind: GraphQLObjectType, details: FieldDetailsList, keys: Keys) -> Function:
        """The function of one object of a type at a place."""
        known = _known(kind, details)
        if (known, False) not in self._functions:
            function = self._one(kind, self.below(kind, details), keys, name=keys[-1])
            if self._is_told_again(kind, details):
                told = self.name_of(f"{keys[-1]}_told", Told(function.name))
                function = Function(f"{told}.one", awaits=False)
                self._functions[known, True] = Function(f"{told}.many", awaits=False)
            self._functions[known, False] = function
        return self._functions[known, False]

    def many(self, kind: GraphQLObjectType, details: FieldDetailsList, keys: Keys) -> Function:
        """The function of the objects of one type at a place."""
        if self._is_told_again(kind, details):
            self.one(kind, details, keys)
        known = _known(kind, details), True
        if known not in self._functions:
            check = self.name_of(kind.name, self.completing.check(kind))
            fields = self.below(kind, details)
            self._functions[known] = self._many(kind, fields, keys, name=keys[-1], check=check)
        return self._functions[known]

    def _one(self, kind: GraphQLObjectType, fields: GroupedFieldSet, keys: Keys, *, name: str) -> Function:
        text = Text()
        if keys:
            self.check(text, kind, "it", keys)
        else:
            text.add(f"# the operation: {kind.name}")
        lines = One(self, text, kind, keys, "it", len(keys)).answer(fields)
        text.add(f"return {lines[0]}", *lines[1:])
        return self._written(name, text, ("it", "run"))

    def _many(
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
        text = Text()
        body = Many(self, text, kind, keys, typename or repr(kind.name))
        body.answer(fields)
        begins = [f"    # {'.'.join(keys)}: {kind.name}"]
        begins += [f"    kinds = {check or 'classes'}(them)"]
        begins += ["    if not them:", "        return []"] if text.awaits else []
        text.lines[:0] = begins
        return self._written(name, text, ("them", "run", *([typename] if typename else [])))

    def _written(self, name: str, text: Text, takes: tuple[str, ...]) -> Function:
        own = self.name_of(f"{name}_of", object())
        head = f"{'async ' if text.awaits else ''}def {own}({', '.join(takes)}):"
        self.written.append("\n".join([head, *text.lines]))
        return Function(own, text.awaits)

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
            fields = self.below(kind, details)
            shape = self._shape(kind, fields)
            if shape not in shared:
                shared[shape] = self._many(
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
            if isinstance(meant, _Kinds | Told):
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


def _known(kind: GraphQLObjectType, details: FieldDetailsList) -> Known:
    return kind.name, *(id(each.node) for each in details)
