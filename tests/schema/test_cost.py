"""Cost: what an operation may cost is known before it runs, and what it cost is told after."""

from typing import Any

import pytest
from graphql import parse

from schema import cost
from schema.root import schema
from tests.people import buy, member, programme
from tests.schema.asking import CLERK, as_member, ask
from tests.schema.test_home import HOME


def price(document: str, operation: str | None = None) -> cost.Price:
    return cost.prices(schema._schema, parse(document))[operation]


@pytest.mark.parametrize(
    ("document", "points"),
    [
        ("{ __typename }", 1),
        ("{ __schema { types { fields { name } } } }", 1),
        ("{ me { id state } }", 1),
        ("{ me { card { displayName } points { available } } }", 3),
        ("{ me { ... on Member { card { displayName } } ...A ...A } } fragment A on Member { tier { code } }", 4),
        ("{ members(first: 10) { nodes { id } } }", 1 + 10),
        ("{ members(first: 10) { edges { cursor node { id } } pageInfo { hasNextPage } } }", 1 + 10),
        ("{ all: members(last: 10) { n: nodes { c: card { displayName } } } }", 1 + 10 * 2),
        ("{ members { nodes { id } } }", 1 + 20),
        ("{ members(first: null) { nodes { id } } }", 1 + 20),
        (
            "{ members(first: 10) { nodes { purchases(first: 3) { nodes { lines { lineRef } } } } } }",
            1 + 10 * (1 + 1 + 3 * (1 + 5)),
        ),
        ("{ me { points { expiring(first: 3) { points } } } }", 2 + 3),
        ('{ nodes(ids: ["a", "b", "c"]) { id } }', 3),
        ("{ me { points { entries(first: 101) { nodes { points } } } } }", 2 + 1 + 100),
        ('mutation { tokenRevoke(input: {token: "x"}) { revoked } }', 10),
        (
            'mutation { tokenRefresh(input: {refreshToken: "x"}) { tokens { accessToken } userErrors { code } } }',
            12,
        ),
        (
            "mutation { "
            + "".join(f'a{n}: tokenRevoke(input: {{token: "x"}}) {{ revoked }} ' for n in range(9))
            + "}",
            90,
        ),
    ],
)
def test_what_an_operation_may_cost(document: str, points: int) -> None:
    found = price(document)
    assert found.constant == found.most({}) == found.most(None) == points


@pytest.mark.parametrize(
    ("variables", "points"),
    [
        ({"n": 5}, 6),
        ({}, 8),
        ({"n": None}, 21),
        ({"n": 10**9}, 101),
        ({"n": -1}, 2),
        ({"n": "many"}, 101),
    ],
)
def test_a_variable_counts_as_what_the_request_says(variables: dict[str, Any], points: int) -> None:
    found = price("query A($n: Int = 7) { members(first: $n) { nodes { id } } }", "A")
    assert found.constant is None
    assert found.most(variables) == points


@pytest.mark.parametrize(
    ("one", "other", "points"), [(3, 9, 10), (9, 3, 10), (None, 4, 5), (4, None, 5), (None, None, 21)]
)
def test_of_two_sizes_the_larger_counts(one: int | None, other: int | None, points: int) -> None:
    found = price("query A($a: Int, $b: Int) { members(first: $a, last: $b) { nodes { id } } }", "A")
    assert found.most({"a": one, "b": other}) == points
    named = price("query A($b: Int) { members(first: 6, last: $b) { nodes { id } } }", "A")
    assert named.most({"b": other}) == 1 + max(6, other or 0)


def test_a_list_of_ids_counts_as_it_is_long() -> None:
    found = price("query A($ids: [ID!]!) { nodes(ids: $ids) { id } }", "A")
    assert [found.most({"ids": ["x"] * count}) for count in (0, 1, 40, 1_000)] == [1, 1, 40, 100]


def test_each_operation_of_a_document_has_its_own_cost() -> None:
    both = "query A { me { id } } query B { me { card { displayName } } }"
    assert (price(both, "A").constant, price(both, "B").constant) == (1, 2)


DEEP = "{ members(first: 50) { nodes { purchases(first: 10) { nodes { goods { amountMinor } } } } } }"


async def test_what_costs_too_much_is_not_run(statements: list[str]) -> None:
    await programme()
    statements.clear()
    answer = await ask(DEEP, who=CLERK)
    assert (answer.data, answer.codes) == (None, ["OPERATION_TOO_COMPLEX"])
    assert "costs up to 1101 points, and 1000 are allowed" in answer.errors[0]["message"]
    assert statements == []


@pytest.mark.parametrize(("size", "codes"), [(45, []), (46, ["OPERATION_TOO_COMPLEX"])])
async def test_what_a_variable_says_decides(size: int, codes: list[str]) -> None:
    await programme()
    document = DEEP.replace("{ members(first: 50)", "query($n: Int!) { members(first: $n)")
    assert (await ask(document, {"n": size}, who=CLERK)).codes == codes


async def test_the_lists_of_an_answer_decide_what_it_cost() -> None:
    await programme()
    mei = await member("Mei")
    await buy(mei, 100_00, 50_00)
    await buy(mei, 20_00)
    document = "{ me { a: purchases(first: 9) { e: edges { node { id l: lines { lineRef } } } nodes { id } } } }"
    found, answer = price(document), await ask(document, who=as_member(mei))
    assert answer.codes == []
    assert found.constant == 1 + 1 + 9 * (1 + 5) + 9
    assert found.spent(answer.data, found.constant) == 1 + 1 + (2 + 3) + 2
    assert found.spent(None, found.constant) == 2
    assert found.spent({"me": None}, found.constant) == 2
    assert found.spent({"me": {}}, found.constant) == 2
    for many in (1, 9):
        assert found.spent({"me": {"a": {"e": [{"node": None}, {}] * many}}}, found.constant) == 2 + 2 * many


async def test_a_members_home_is_cheap() -> None:
    await programme()
    mei = await member("Mei")
    found = price(HOME, "MemberHome")
    answer = await ask(HOME, who=as_member(mei))
    assert answer.codes == []
    assert (found.most({}), found.spent(answer.data, found.most({}))) == (41, 12)
