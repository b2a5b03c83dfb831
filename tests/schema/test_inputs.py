"""Inputs: what is found out once for their types is what graphql-core and strawberry make of each value."""

from enum import Enum
from typing import Any

import pytest
import strawberry
from graphql import GraphQLList, GraphQLNonNull, Undefined
from graphql.utilities.coerce_input_value import coerce_input_value
from hypothesis import given
from hypothesis import strategies as st
from strawberry.types.arguments import convert_argument

from schema.compiler._inputs import Odd, coercing, converting


@strawberry.enum
class Size(Enum):
    """How large."""

    SMALL = "s"
    LARGE = "l"


@strawberry.input
class Line:
    """One line."""

    sku: str
    count: int = 1
    size: Size | None = None


@strawberry.input
class Wanted:
    """An order."""

    order_ref: str
    lines: list[Line]
    note: str | None = strawberry.UNSET
    gift: Line | None = None
    weights: list[float] | None = None


@strawberry.input
class Tree:
    """A tree of trees."""

    name: str
    branches: list["Tree"] | None = None


@strawberry.input(one_of=True)
class Either:
    """One of two."""

    this: strawberry.Maybe[int]
    that: strawberry.Maybe[int]


@strawberry.type
class Query:
    """What may be asked."""

    @strawberry.field
    def all(self, wanted: Wanted, tree: Tree, either: Either) -> str:
        """Ask for it."""
        return f"{wanted} {tree} {either}"


SCHEMA = strawberry.Schema(Query)
KINDS: dict[str, Any] = {name: SCHEMA._schema.type_map[name] for name in ("Line", "Wanted", "Tree")}
ANYTHING = st.sampled_from([None, 1, 1.5, "a", True, 2**40, "SMALL", [], {}, {"sku": "a"}, [{"sku": "a"}, None]])
LINES = st.dictionaries(st.sampled_from(["sku", "count", "size", "more"]), ANYTHING, max_size=4)
ORDERS = st.fixed_dictionaries(
    {"orderRef": ANYTHING | st.just("a"), "lines": ANYTHING | st.lists(LINES | ANYTHING, max_size=3)},
    optional={"note": ANYTHING, "gift": ANYTHING | LINES, "weights": ANYTHING, "sku": ANYTHING},
)


@given(ORDERS | LINES | ANYTHING)
def test_a_value_becomes_what_the_libraries_make_of_it(value: Any) -> None:
    for name, taken in (("Wanted", Wanted), ("Line", Line)):
        for kind in (KINDS[name], GraphQLNonNull(KINDS[name]), GraphQLList(KINDS[name])):
            coerced = coerce_input_value(value, kind)
            assert coercing(kind)(value) == coerced
        coerced = coerce_input_value(value, KINDS[name])
        if coerced is not Undefined:
            converter = SCHEMA.schema_converter
            expected = convert_argument(coerced, taken, converter.scalar_registry, SCHEMA.config)
            assert converting(SCHEMA, taken)(coerced) == expected


def test_what_is_made_is_each_requests_own() -> None:
    make, read = converting(SCHEMA, Wanted), coercing(KINDS["Wanted"])
    value = {"orderRef": "a", "lines": [{"sku": "b"}], "weights": [1.0]}
    first, second = make(read(value)), make(read(value))
    first.lines[0].count, first.weights[0] = 7, 2.0
    assert second == Wanted(order_ref="a", lines=[Line(sku="b")], weights=[1.0])


def test_what_is_odd_is_left_to_the_libraries() -> None:
    with pytest.raises(Odd):
        coercing(KINDS["Tree"])
    for taken in (Tree, Either):
        with pytest.raises(Odd):
            converting(SCHEMA, taken)
