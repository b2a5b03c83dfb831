"""Cost: what an operation may ask of the server, in points, known before it runs; and what it did ask, after.

A scalar or an enum costs nothing and an object one point; a list costs what one item does, as often as its page
is large; a mutation costs ten points and what its payload asks for. Every operation costs at least one point. What
a connection wraps its items in (`edges`, `pageInfo`) is free beside the connection itself.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from operator import itemgetter
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLNamedType,
    GraphQLSchema,
    IntValueNode,
    ListValueNode,
    NullValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    value_from_ast_untyped,
)

from schema import limits

LIMIT = 1_000
"""Points an operation may cost."""

MUTATION = 10
LEAST = 1
"""What an operation costs that asks for nothing of value, so that asking is never free."""

PAGE = 20
"""What a page counts as where nothing names its size."""

SOME = 5
"""What a list counts as that has no pages: the lines of an order, the entries of an event."""

FREE = {"pageInfo", "edges"}
"""What belongs to a connection itself."""

ITEMS = {"nodes", "edges"}
"""Where a connection has its items."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many items a list may have: the sizes a document names, the variables that name one, or neither."""

    named: int | None
    variables: tuple[str, ...]
    otherwise: int

    def most(self, variables: Mapping[str, Any]) -> int:
        """The most items there may be with these variables."""
        most = self.named
        for name in self.variables:
            said = _count(variables.get(name))
            if said is not None and (most is None or said > most):
                most = said
        return self.otherwise if most is None else most


@dataclass(frozen=True, slots=True)
class Plan:
    """What a selection costs: its own objects, and lists of others."""

    fixed: int
    lists: tuple["Many", ...]

    def most(self, variables: Mapping[str, Any]) -> int:
        """The most the selection may cost."""
        most = self.fixed
        for each in self.lists:
            item = each.item
            most += each.sizes.most(variables) * (item.most(variables) if item.lists else item.fixed)
        return most

    def spent(self, level: list[Any]) -> int:
        """What the selection cost all objects of a level together, by the lists of an answer."""
        cost = self.fixed * len(level)
        for each in self.lists:
            found = _lists(level, each.path)
            item = each.item
            cost += item.spent(_flat(found)) if item.lists else item.fixed * sum(map(len, found))
        return cost


@dataclass(frozen=True, slots=True)
class Many:
    """A list below a selection: where the answer has it, how long it may be, and what an item costs."""

    path: tuple[str, ...]
    sizes: Sizes
    item: Plan


@dataclass(frozen=True, slots=True)
class Price:
    """What an operation costs."""

    plan: Plan
    defaults: Mapping[str, Any]
    constant: int | None
    """The cost where no variable matters."""

    def most(self, variables: Mapping[str, Any] | None) -> int:
        """The most the operation may cost with these variables."""
        if self.constant is not None:
            return self.constant
        return max(LEAST, self.plan.most({**self.defaults, **(variables or {})}))

    def spent(self, data: object, most: int) -> int:
        """What the operation cost, by its answer, and never more than it was said to."""
        if not self.plan.lists:
            return most
        return max(LEAST, min(most, self.plan.spent([data])))


def prices(schema: GraphQLSchema, document: DocumentNode) -> dict[str | None, Price]:
    """What each operation of a valid document costs, by its name.

    The document is within the limits, so that with its fragments unfolded it has few fields and is simply walked.
    """
    fragments = {each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)}
    return {
        each.name.value if each.name else None: _price(_Prices(schema, fragments), each)
        for each in document.definitions
        if isinstance(each, OperationDefinitionNode)
    }


def _price(walk: "_Prices", operation: OperationDefinitionNode) -> Price:
    root = walk.schema.get_root_type(operation.operation)
    fields = list(walk.fields(operation.selection_set, root))
    plan = walk.plan(operation.selection_set, root)
    if operation.operation is OperationType.MUTATION:
        # the payload is a part of the ten points
        below = sum(1 for node, _ in fields if node.selection_set)
        plan = Plan(plan.fixed - below + MUTATION * len(fields), plan.lists)
    defaults = {
        each.variable.name.value: value_from_ast_untyped(each.default_value)
        for each in operation.variable_definitions or ()
        if each.default_value is not None
    }
    constant = None if _varies(plan) else max(LEAST, plan.most({}))
    return Price(plan, defaults, constant)


def _varies(plan: Plan) -> bool:
    return any(each.sizes.variables or _varies(each.item) for each in plan.lists)


class _Prices:
    """Walks the selections of a document by the types of the schema."""

    def __init__(self, schema: GraphQLSchema, fragments: Mapping[str, FragmentDefinitionNode]) -> None:
        self.schema = schema
        self.fragments = fragments

    def fields(
        self, selections: SelectionSetNode | None, parent: GraphQLNamedType | None
    ) -> Iterator[tuple[FieldNode, GraphQLNamedType | None]]:
        """The fields of a selection with the types they are selected on, fragments unfolded."""
        for node in selections.selections if selections else ():
            if isinstance(node, FieldNode):
                yield node, parent
                continue
            inner: Any = self.fragments[node.name.value] if isinstance(node, FragmentSpreadNode) else node
            on = self.schema.get_type(inner.type_condition.name.value) if inner.type_condition else parent
            yield from self.fields(inner.selection_set, on)

    def plan(
        self, selections: SelectionSetNode | None, parent: GraphQLNamedType | None, page: Sizes | None = None
    ) -> Plan:
        """What a selection costs; `page` is how many items a connection has of which this is the selection."""
        fixed = 0
        lists: list[Many] = []
        for node, on in self.fields(selections, parent):
            definition = getattr(on, "fields", {}).get(node.name.value)
            if definition is None or node.selection_set is None:
                continue  # a scalar, or the schema itself
            name, kind = node.name.value, get_named_type(definition.type)
            is_connection = kind.name.endswith("Connection")
            sizes = page if page and name in ITEMS else _sizes(node, definition)
            below = self.plan(node.selection_set, kind, sizes if is_connection else None)
            own = Plan(below.fixed + (0 if page and name in FREE else 1), below.lists)
            key = node.alias.value if node.alias else name
            if sizes and not is_connection:
                lists.append(Many((key,), sizes, own))
            else:
                fixed += own.fixed
                lists += [Many((key, *each.path), each.sizes, each.item) for each in own.lists]
        return Plan(fixed, tuple(lists))


def _sizes(node: FieldNode, definition: GraphQLField) -> Sizes | None:
    """How many items a field may have; None where it has one, or so few that they are not counted."""
    name = node.name.value
    if limits.PAGE_ARGUMENTS.isdisjoint(definition.args):
        return Sizes(None, (), SOME) if name in limits.LISTS else None
    values = [each.value for each in node.arguments or () if each.name.value in limits.PAGE_ARGUMENTS]
    named = [size for size in map(_named, values) if size is not None]
    variables = tuple(each.name.value for each in values if isinstance(each, VariableNode))
    return Sizes(max(named, default=None), variables, limits.LISTS.get(name, PAGE))


def _named(value: ValueNode) -> int | None:
    """The size a document names; more than a page may have is a mistake that the field will tell."""
    if isinstance(value, IntValueNode):
        return _count(int(value.value[: limits.DIGITS]))
    if isinstance(value, ListValueNode):
        return _count(value.values)
    return None if isinstance(value, VariableNode | NullValueNode) else limits.MOST


def _count(value: object) -> int | None:
    """How many items a page size or a list of ids stands for; None where it says nothing."""
    if value is None:
        return None
    # a union of the two would be made anew each time
    size = len(value) if isinstance(value, (list, tuple)) else value
    return min(max(1, size), limits.MOST) if isinstance(size, int) else limits.MOST


def _lists(level: list[Any], path: tuple[str, ...]) -> list[list[Any]]:
    """The lists that some objects have at a path; lists on the way are looked through."""
    if len(level) == 1 and (alone := _only(level[0], path)) is not None:
        return alone
    for key in path[:-1]:
        level = _values(level, key)
        if list in map(type, level):
            level = _flat(level)
    return _there(_values(level, path[-1]))


def _only(it: Any, path: tuple[str, ...]) -> list[list[Any]] | None:
    """The list that one object has at a path; None where there is none, or a list on the way."""
    try:
        for key in path:
            it = it[key]
    except (KeyError, TypeError):
        return None
    return [it] if type(it) is list else None


def _values(level: list[Any], key: str) -> list[Any]:
    """What objects have at a key; nothing of what is no object."""
    # now and then there is a null, or what a condition left out
    with suppress(KeyError, TypeError):
        return list(map(itemgetter(key), level))
    return [each.get(key) for each in level if type(each) is dict]


def _flat(found: list[Any]) -> list[Any]:
    """The items of all lists among what was found."""
    if len(found) == 1 and type(found[0]) is list:
        only: list[Any] = found[0]
        return only
    return list(chain.from_iterable(_there(found)))


def _there(found: list[Any]) -> list[list[Any]]:
    """The lists among what was found."""
    return found if {list}.issuperset(map(type, found)) else [each for each in found if type(each) is list]
