"""Statements: a relation costs one statement for a whole level, however many members a page shows."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from rules.remembering import Remembered
from schema.context import BATCH_MAX, Context, Reference
from schema.tiers import Ladder
from tests.ladder import pay, plan, scheme
from tests.people import NOON, adjust, buy, fresh_key, member, merge, programme, redeem
from tests.schema.asking import CLERK, as_member, ask, forget_documents, member_id
from tests.schema.test_home import HOME

PAGE = """{ members(first: 12) { nodes {
  id state
  profile { displayName }
  card { displayName }
  identities { masked }
  tier { code }
  tierProgress { growth next { need } }
  points { available expiring(first: 3) { points } entries(first: 3) { nodes { points } } }
  purchases(first: 3) { nodes { orderRef lines { lineRef } } }
} } }"""


WHOLE_COST = 7
"""One for the members with their tier, points and profile, one for each of the four lists that hang on them and the
lines of purchases, and one for the keys of the names. A change that makes it less may write the lesser number."""

BENCHMARKS_HOME = """{ me {
  card { displayName } tier { name benefits { kind value } }
  tierProgress { growth next { need percent tier { name } } }
  points { available pending held expiring(first: 1) { points expiresAt } }
} }"""
LEDGER = """{ me { points { entries(first: 50) {
  nodes { id kind points balanceAfter reason occurredAt } pageInfo { hasNextPage endCursor }
} } } }"""
STAFF_LIST = """{ members(first: 50) {
  nodes { id state card { displayName } tier { name } points { available entries(first: 3) {
    nodes { kind points occurredAt } } } }
  pageInfo { hasNextPage endCursor }
} }"""


async def shoppers(count: int) -> list[UUID]:
    """Members who bought twice and spent once."""
    await programme(expire_months=12)
    found = []
    for number in range(count):
        who = await member(f"Member {number}", at=NOON + timedelta(minutes=number))
        await buy(who, 100_00, 50_00)
        await buy(who, 20_00)
        await redeem(who, 5)
        found.append(who)
    return found


async def cost(document: str, heard: list[str], **more: Any) -> int:
    """How many statements a document takes, in either way it is run, when the terms are known."""
    reference = Reference()
    forget_documents()
    counts = []
    for _ in ("by graphql-core", "compiled"):
        reference.keys = Remembered()
        await reference.terms()
        heard.clear()
        assert (await ask(document, reference=reference, **more)).errors == []
        counts.append(len(heard))
    assert counts[1] <= counts[0]
    return counts[1]


async def shown(document: str, **more: Any) -> Any:
    """What a document answers, which is the same in either way it is run."""
    forget_documents()
    first, second = [await ask(document, **more) for _ in range(2)]
    assert first.errors == []
    assert first == second
    return second.data


@pytest.mark.parametrize("count", [1, 12])
async def test_a_page_of_members_takes_as_many_statements_as_it_has_relations(
    count: int, statements: list[str]
) -> None:
    await shoppers(count)
    nodes = (await ask(PAGE, who=CLERK))["members"]["nodes"]
    assert len(nodes) == count
    assert all(len(node["purchases"]["nodes"][1]["lines"]) == 2 for node in nodes)
    assert await cost(PAGE, statements, who=CLERK) == WHOLE_COST


OUTLOOK = """{ members(first: 20) { nodes { id tierProgress {
  tier { code } source growthInWindow retain { need deadline }
  projected { tier { code } at } risks { kind at to { code } }
} } } }"""
ALONE = OUTLOOK.replace("members(first: 20) { nodes {", "me {").replace("} } } }", "} } }")


@pytest.mark.parametrize("basis", ["GROWTH", "SPEND", "ORDERS"])
@pytest.mark.parametrize("kind", ["ROLLING", "ANNIVERSARY"])
async def test_what_is_to_come_of_tiers_takes_as_many_statements_for_a_page_as_for_one(
    basis: str, kind: str, statements: list[str]
) -> None:
    """Also where a review is due that nobody has written down yet."""
    await programme()
    most = {"GROWTH": 7, "SPEND": 7_00, "ORDERS": 3}[basis]
    levels = [
        {"code": "BASIC", "name": "Basic", "threshold": 0},
        {"code": "GOLD", "name": "Gold", "threshold": most},
    ]
    window = {"kind": kind, **({"days": 40} if kind == "ROLLING" else {})}
    parts: dict[str, Any] = {"window": window, "validity": {"n": 30, "unit": "DAY"}, "grace_days": 10}
    await scheme(basis=basis, levels=levels, downgrade_mode="REASSESS", **parts)
    costs, them, later = [], list[UUID](), NOON + timedelta(days=35)
    for count in (4, 12):
        for number in range(len(them), count):
            them.append(await member(f"Member {number}", at=NOON + timedelta(minutes=number)))
            for bought in range(number % 4 + 1):
                await buy(them[-1], 3_00, ref=fresh_key(), at=NOON + timedelta(days=7 * bought, hours=number % 4))
        costs.append(await cost(OUTLOOK, statements, who=CLERK, at=later))
    assert costs[0] == costs[1]
    pages = (await shown(OUTLOOK, who=CLERK, at=later))["members"]["nodes"]
    assert {each["tierProgress"]["tier"]["code"] for each in pages} == {"BASIC", "GOLD"}
    for each in them:
        alone = (await shown(ALONE, who=as_member(each), at=later))["me"]
        assert alone in pages


@pytest.mark.parametrize("day", [1, 31])
async def test_what_else_was_paid_for_takes_as_many_statements_for_a_page_as_for_one(
    day: int, statements: list[str]
) -> None:
    """Those who were two have paid for thirty days of gold and sixty of silver; nobody writes down what is over."""
    await programme()
    await plan()
    await plan("WHITE", tier="SILVER", days=60)
    costs, them, at = [], list[UUID](), NOON + timedelta(days=day)
    for count in (1, 6):
        for _ in range(len(them), count):
            them.append(await member("Mei"))
            twin = await member("Old")
            await pay(them[-1], "WHITE")
            await pay(twin)
            await merge(twin, them[-1])
        costs.append(await cost(OUTLOOK, statements, who=CLERK, at=at))
    assert costs[0] == costs[1]
    pages = (await shown(OUTLOOK, who=CLERK, at=at))["members"]["nodes"]
    told = [each["tierProgress"] for each in pages if each["id"] in {member_id(who) for who in them}]
    assert [each["tier"]["code"] for each in told] == [{1: "GOLD", 31: "SILVER"}[day]] * 6
    to = [[risk["to"]["code"] for risk in each["risks"]] for each in told]
    assert to == [{1: ["SILVER", "BASIC"], 31: ["BASIC"]}[day]] * 6


async def test_a_plain_list_of_members_takes_three_statements(statements: list[str]) -> None:
    await shoppers(5)
    document = """{ members(first: 50) { nodes {
      tier { code } points { available } profile { displayName } purchases(first: 3) { nodes { orderRef } }
    } } }"""
    assert await cost(document, statements, who=CLERK) == 3


async def test_a_members_home_takes_a_statement_for_each_list_it_shows(statements: list[str]) -> None:
    [mei] = await shoppers(1)
    assert await cost(HOME, statements, who=as_member(mei)) == WHOLE_COST - 1


@pytest.mark.parametrize(
    ("document", "most"),
    [
        (BENCHMARKS_HOME, 2),
        (LEDGER, 1),
        ("{ me { id state joinedAt } }", 1),
        ("{ me { tier { code } tierProgress { growth } } }", 1),
        ("{ me { points { available expiring { points } } } }", 1),
        ("{ me { points { __typename expiring(first: 2) { points } } } }", 1),
        ("{ me { card { displayName } profile { birthday } } }", 2),
        (
            "{ me { ...Shown } } fragment Shown on Member { ... on Node { id } points { ...Held } }"
            " fragment Held on PointsAccount { held soon: expiring(first: 5) { points } }",
            1,
        ),
        ("{ me { points { one: expiring(first: 1) { points } expiring { points } } } }", 3),
        ("{ me { state points { entries { nodes { points } } } } }", 2),
    ],
)
async def test_a_member_asks_with_as_few_statements_as_there_may_be(
    document: str, most: int, statements: list[str]
) -> None:
    [mei] = await shoppers(1)
    assert await cost(document, statements, who=as_member(mei)) == most


async def test_a_home_that_was_shown_a_moment_ago_takes_one_statement(statements: list[str]) -> None:
    [mei] = await shoppers(1)
    reference = Reference(clock=lambda: 0.0)
    await ask(BENCHMARKS_HOME, who=as_member(mei), reference=reference)
    statements.clear()
    again = await ask(BENCHMARKS_HOME, who=as_member(mei), reference=reference)
    assert again["me"]["card"] == {"displayName": "Member 0"}
    assert len(statements) == 1


async def test_the_staffs_list_takes_three_statements(statements: list[str]) -> None:
    await shoppers(4)
    assert await cost(STAFF_LIST, statements, who=CLERK) == 3
    edges = STAFF_LIST.replace("nodes { id state", "edges { cursor node { id state").replace(
        "nodes { kind points occurredAt } } } }", "nodes { kind points occurredAt } } } } }"
    )
    assert await cost(edges, statements, who=CLERK) == 3
    for chosen in ("state: ACTIVE", 'tierCode: "BASIC"', 'state: ACTIVE, tierCode: "BASIC"'):
        asked = STAFF_LIST.replace("first: 50", f"first: 50, filter: {{ {chosen} }}")
        assert await cost(asked, statements, who=CLERK) == 3
        assert len((await shown(asked, who=CLERK))["members"]["nodes"]) == 4


async def test_what_is_read_ahead_is_what_is_asked_for() -> None:
    [mei] = await shoppers(1)
    document = """query($n: Int, $no: Boolean!) { me {
      all: points { available expiring(first: $n) { points expiresAt } }
      none: points @skip(if: $no) { pending }
      tier { code } again: tier { name }
    } }"""
    expected = await shown("{ me { points { available expiring { points expiresAt } } } }", who=as_member(mei))
    for given in ({"no": True}, {"no": False}, {"no": True, "n": None}, {"no": True, "n": 100}):
        me = (await shown(document, variables=given, who=as_member(mei)))["me"]
        assert me["all"] == expected["me"]["points"]
        assert ("none" in me) is not given["no"]
        assert me["tier"] == {"code": "BASIC"}
        assert me["again"] == {"name": "Basic"}
    wrong = await ask(document, {"no": True, "n": 101}, who=as_member(mei))
    assert wrong.codes == ["BAD_USER_INPUT"]


async def test_of_somebody_who_is_not_there_nothing_is_shown() -> None:
    await programme()
    for document in (BENCHMARKS_HOME, "{ me { id } }", "{ me { state points { entries { nodes { id } } } } }"):
        assert await shown(document, who=as_member(UUID(int=7))) == {"me": None}


async def test_a_member_of_a_tier_that_is_new_is_shown_with_it(statements: list[str]) -> None:
    [mei] = await shoppers(1)
    reference = Reference()
    stale = await reference.terms()
    reference._terms = replace(stale, ladder=stale.ladder[1:])
    answer = await ask("{ me { tier { code } } }", who=as_member(mei), reference=reference)
    assert answer["me"]["tier"] == {"code": "BASIC"}
    assert statements


async def test_the_terms_are_read_again_when_they_are_a_second_old(statements: list[str]) -> None:
    await programme()
    moment = [0.0]
    reference = Reference(lambda: moment[0])
    statements.clear()
    first = await reference.made(Ladder)
    moment[0] = 0.99
    assert await reference.made(Ladder) is first
    assert len(statements) == 1
    moment[0] = 1.0
    assert await reference.made(Ladder) is first
    assert len(statements) == 2


async def test_each_member_of_a_page_gets_their_own(statements: list[str]) -> None:
    first, second = await shoppers(2)
    await buy(second, 7_000_00)
    nodes = (await ask(PAGE, who=CLERK))["members"]["nodes"]
    by_id = {node["id"]: node for node in nodes}
    one, other = by_id[member_id(first)], by_id[member_id(second)]
    assert (one["tier"]["code"], one["points"]["available"]) == ("BASIC", 165)
    assert (other["tier"]["code"], other["points"]["available"]) == ("GOLD", 7_165)
    assert (one["card"]["displayName"], other["card"]["displayName"]) == ("Member 0", "Member 1")
    assert [len(node["purchases"]["nodes"]) for node in (one, other)] == [2, 3]
    assert [len(node["identities"]) for node in (one, other)] == [1, 1]
    assert statements


async def test_each_member_gets_their_own_also_when_others_were_shown_before() -> None:
    """A relation must never be remembered by the address of an object that is gone: another may live there now."""
    await programme()
    everybody = [await member(f"Member {number}", f"+86138000010{number:02}") for number in range(30)]
    for number, who in enumerate(everybody):
        await adjust(who, 1_000 + number)
    shown = "{ id ... on Member { points { available } } }"
    document = f"""query($first: MemberBy!, $second: MemberBy!, $some: [ID!]!, $more: [ID!]!, $rest: [ID!]!) {{
      member(by: $first) {shown} other: member(by: $second) {shown}
      some: nodes(ids: $some) {shown} more: nodes(ids: $more) {shown} rest: nodes(ids: $rest) {shown} }}"""
    encoded = [member_id(who) for who in everybody]
    given = {
        "first": {"id": encoded[0]},
        "second": {"identity": {"kind": "PHONE", "value": "+8613800001001"}},
        "some": encoded[2:5],
        "more": encoded[5:12],
        "rest": encoded[12:],
    }
    for _ in range(5):
        answer = await ask(document, given, who=CLERK)
        nodes = [answer["member"], answer["other"], *answer["some"], *answer["more"], *answer["rest"]]
        assert [node["id"] for node in nodes] == encoded
        assert [node["points"]["available"] for node in nodes] == list(range(1_000, 1_030))


async def test_the_same_relation_with_other_arguments_is_another_page() -> None:
    [mei] = await shoppers(1)
    document = """{ me { points {
      one: entries(first: 1) { nodes { points } } two: entries(first: 2) { nodes { points } }
    } } }"""
    account = (await ask(document, who=as_member(mei)))["me"]["points"]
    assert (len(account["one"]["nodes"]), len(account["two"]["nodes"])) == (1, 2)


async def test_a_batch_is_told_all_parents_at_once_up_to_its_bound() -> None:
    seen: list[int] = []

    async def sizes(parents: list[object], context: Context) -> list[object]:
        assert context.now == NOON
        seen.append(len(parents))
        return parents

    context = Context(NOON)
    parents = [object() for _ in range(BATCH_MAX + 1)]
    found = await asyncio.gather(*(context.load(sizes, parent) for parent in parents))
    assert list(found) == parents
    assert seen == [BATCH_MAX, 1]
