"""Compiled: no field of the schema keeps an operation from being compiled, but for those listed with a reason."""

from collections.abc import Iterator
from functools import cache

import pytest
from graphql import (
    DocumentNode,
    GraphQLInterfaceType,
    GraphQLObjectType,
    get_named_type,
    is_composite_type,
    parse,
    specified_rules,
    validate,
)

from schema.compiler import Executor, Plan
from schema.root import schema
from tests.schema.matrix import LITERALS, PUBLISHED, asked, kind_of

pytestmark = pytest.mark.either

EXECUTOR = Executor(schema, {"DateTime": str})
ROOTS = [(root, name) for root in ("Query", "Mutation") for name in kind_of(root).fields]

GENERIC: dict[str, str] = {}
"""Fields that graphql-core has to run, and why. Each makes its operation twenty times as dear."""

UNCOVERED = {
    "{ __schema { queryType { name } } }": "introspection (__schema)",
    '{ me { id } __type(name: "Member") { name } }': "introspection (__type)",
    "mutation { one: staffLogout(input: {}) { ok: __typename } two: staffLogout(input: {}) { ok: __typename } }": (
        "a mutation with several fields, which are done one after another"
    ),
    "subscription { memberEvents { cursor } }": "a subscription",
}
"""What is not compiled, whatever it asks for, and the reason that is told."""


class Everything:
    """The document that asks for all there is below a field of the root; each type is opened where it is first."""

    def __init__(self) -> None:
        self.opened: set[str] = set()
        self.fields: set[str] = set()

    def document(self, root: str, name: str) -> str:
        """The whole document."""
        return f"{root.lower()} {{ {self._field(root, name)} }}"

    def _field(self, parent: str, name: str) -> str:
        field = kind_of(parent).fields[name]
        self.fields.add(f"{parent}.{name}")
        kind = get_named_type(field.type)
        inner = f" {{ {' '.join(self._selections(kind.name))} }}" if is_composite_type(kind) else ""
        return f"{parent}_{name}: {asked(name, field, LITERALS['ID'])}{inner}"

    def _selections(self, kind: str) -> Iterator[str]:
        yield "__typename"
        if kind in self.opened:
            return
        self.opened.add(kind)
        meant = kind_of(kind)
        for name in meant.fields:
            yield self._field(kind, name)
        if isinstance(meant, GraphQLInterfaceType):
            for each in PUBLISHED.get_possible_types(meant):
                yield f"... on {each.name} {{ {' '.join(self._selections(each.name))} }}"


@cache
def documents() -> dict[tuple[str, str], str]:
    """All there is below each field of the root.

    Mutations give much the same: what one of them opened stays closed in those that follow.
    """
    mutations = Everything()
    each_alone = {(root, name): mutations if root == "Mutation" else Everything() for root, name in ROOTS}
    return {(root, name): everything.document(root, name) for (root, name), everything in each_alone.items()}


def compiled(document: DocumentNode) -> Plan:
    plan = EXECUTOR.plan(document, None)
    plan.compile()
    return plan


@pytest.mark.parametrize(("root", "name"), ROOTS)
def test_all_there_is_below_a_field_of_the_root_is_compiled(root: str, name: str) -> None:
    document = parse(documents()[root, name])
    assert validate(schema._schema, document, specified_rules) == []
    plan = compiled(document)
    assert plan.reason == GENERIC.get(f"{root}.{name}")
    assert plan.source() if plan.reason is None else True


def test_what_is_compiled_reaches_every_field_there_is() -> None:
    everything = Everything()
    for root, name in ROOTS:
        everything.document(root, name)
    kinds = [
        each for each in PUBLISHED.type_map.values() if isinstance(each, GraphQLObjectType | GraphQLInterfaceType)
    ]
    fields = {f"{kind.name}.{name}" for kind in kinds if not kind.name.startswith("__") for name in kind.fields}
    assert {each for each in fields - everything.fields if not each.startswith("Subscription.")} == set()


@pytest.mark.parametrize("source", UNCOVERED)
def test_what_is_not_compiled_says_why(source: str) -> None:
    document = parse(source)
    assert validate(schema._schema, document, specified_rules) == []
    assert compiled(document).reason == UNCOVERED[source]
