"""Poison in queries: every argument, of root fields and of lists below, is sent what nobody should send."""

from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLScalarType,
    get_named_type,
    is_composite_type,
)

from schema.root import schema
from tests.schema.asking import OWNER, ask
from tests.schema.matrix import Step, Way, ways
from tests.schema.poisoning import is_told, spoiled
from tests.schema.test_poison import PARSERS, good

SERVED = schema._schema
PLAIN: dict[str, Any] = {
    "BasisPoints": 1,
    "Boolean": True,
    "Date": "2026-03-10",
    "DateTime": "2026-03-10T04:00:00Z",
    "ID": "nobody",
    "Int": 1,
    "CurrencyCode": "CNY",
    "Long": 1,
    "String": "words",
}
"""A value for each scalar that a query may be sent."""

OURS = {"Boolean", "Float", "ID", "Int", "String"}
"""GraphQL's own scalars, which the library reads."""

SAME = {"BasisPoints": "Long"}
"""Scalars that are read as another one is."""


def full(kind: Any) -> Any:
    """A value of that kind with all its parts."""
    if isinstance(kind, GraphQLNonNull):
        return full(kind.of_type)
    if isinstance(kind, GraphQLList):
        return [full(kind.of_type)]
    if isinstance(kind, GraphQLEnumType):
        return next(iter(kind.values))
    if isinstance(kind, GraphQLInputObjectType):
        parts = {name: full(each.type) for name, each in kind.fields.items()}
        is_one_of = kind.extensions["strawberry-definition"].is_one_of
        return dict([list(parts.items())[-1]]) if is_one_of else parts
    return PLAIN[kind.name]


def asking() -> dict[str, Way]:
    """A way to every field that a query may ask for with arguments."""
    found = {way.field: way for way in ways('"nobody"') if way.is_asked}
    return {
        name: way
        for name, way in found.items()
        if way.steps[0].parent == "Query" and SERVED.type_map[way.steps[-1].parent].fields[way.steps[-1].name].args  # type: ignore[attr-defined]
    }


ASKING = asking()


@pytest.mark.parametrize("name", ASKING)
async def test_no_argument_of_a_query_breaks_anything(name: str, dialect: str) -> None:
    given = await good()
    own, frozen = given["memberProfileUpdate"][0], given["memberFreeze"][1]["memberId"]
    steps = {way.field: way for way in ways(f'"{frozen}"')}[name].steps
    last = steps[-1]
    field = SERVED.type_map[last.parent].fields[last.name]  # type: ignore[attr-defined]
    told = ", ".join(f"{argument}: ${argument}" for argument in field.args)
    inner = "{ __typename }" if is_composite_type(get_named_type(field.type)) else ""
    body = f"{last.name}({told}) {inner}"
    for step in reversed((*steps[:-1], Step(last.parent, last.name, body))):
        inner = f"{{ ... on {step.parent} {{ {step.asked} {inner if step.name != last.name else ''} }} }}"
    heads = ", ".join(f"${argument}: {each.type}" for argument, each in field.args.items())
    variables = {argument: full(each.type) for argument, each in field.args.items()}
    variables |= {argument: None for argument in ("last", "before", "after") if argument in variables}
    who = OWNER if Way(steps).is_for("OWNER") else own
    assert (await ask(f"query({heads}) {inner}", variables, who=who)).errors == []
    kinds = {argument: each.type for argument, each in field.args.items()}
    broken = [
        (bad, refused, answer.errors)
        for bad, refused in spoiled(name, kinds, variables, dialect)
        if not is_told((answer := await ask(f"query({heads}) {inner}", bad, who=who)).codes, refused=refused)
    ]
    assert broken == []


def test_every_scalar_of_ours_is_poisoned() -> None:
    ours = {name for name, kind in SERVED.type_map.items() if isinstance(kind, GraphQLScalarType)} - OURS
    assert {SAME.get(name, name) for name in ours} == set(PARSERS)
