"""The fuzz: what it writes is understood, whatever the schema has become, and it reaches all of it."""

import re
from random import Random  # noqa: TID251  the fuzz takes a seed

import pytest
from graphql import parse, validate

from benchmarks.fuzz import ENDINGS, ROLES, Pool, Writer
from schema.root import schema
from tests.schema.matrix import PUBLISHED, Step

SERVED = schema._schema


@pytest.mark.parametrize("role", ROLES)
def test_every_operation_is_valid(role: str) -> None:
    writer = Writer(role, Pool(), Random(1))
    wrong = [
        (document, found)
        for document, _ in (writer.operation() for _ in range(30))
        if (found := validate(SERVED, parse(document)))
    ]
    assert wrong == []


def test_every_root_field_is_asked_for_by_somebody() -> None:
    asked = set(ENDINGS)
    for role in ROLES:
        writer = Writer(role, Pool(), Random(1))
        asked |= {re.search(r"{ (\w+)", writer.operation()[0]).group(1) for _ in range(800)}  # type: ignore[union-attr]
    kinds = (PUBLISHED.query_type, PUBLISHED.mutation_type)
    roots = {(kind.name, name) for kind in kinds if kind for name in kind.fields}
    assert asked >= {name for kind, name in roots if any(Step(kind, name, "").is_for(role) for role in ROLES)}


def test_ids_and_cursors_of_answers_are_sent_on() -> None:
    pool = Pool()
    pool.learn({"me": {"__typename": "Member", "id": "M1", "purchases": {"pageInfo": {"endCursor": "C1"}}}})
    assert pool.ids == {"Member": ["M1"], "cursor": ["C1"]}
    assert "M1" in {pool.id("memberId", Random(seed)) for seed in range(5)}
