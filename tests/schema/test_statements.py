"""Statements: a relation costs one statement for a whole level, however many members a page shows."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from schema.context import BATCH_MAX, Context
from tests.people import NOON, adjust, buy, member, programme, redeem
from tests.schema.asking import CLERK, as_member, ask, member_id
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


WHOLE_COST = 15
"""One for the members, one for each of the ten relations, the programme's terms for each of the two that show a
tier, and keys for each of the two that show a name. A change that makes it less may write the lesser number."""


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


async def cost(document: str, heard: list[str], **more: object) -> int:
    """How many statements a document takes."""
    heard.clear()
    assert (await ask(document, **more)).errors == []  # type: ignore[arg-type]
    return len(heard)


@pytest.mark.parametrize("count", [1, 12])
async def test_a_page_of_members_takes_as_many_statements_as_it_has_relations(
    count: int, statements: list[str]
) -> None:
    await shoppers(count)
    nodes = (await ask(PAGE, who=CLERK))["members"]["nodes"]
    assert len(nodes) == count
    assert all(len(node["purchases"]["nodes"][1]["lines"]) == 2 for node in nodes)
    assert await cost(PAGE, statements, who=CLERK) == WHOLE_COST


async def test_a_plain_list_of_members_takes_seven_statements(statements: list[str]) -> None:
    await shoppers(5)
    document = """{ members(first: 50) { nodes {
      tier { code } points { available } profile { displayName } purchases(first: 3) { nodes { orderRef } }
    } } }"""
    assert await cost(document, statements, who=CLERK) == 7


async def test_a_members_home_takes_a_statement_for_each_thing_it_shows(statements: list[str]) -> None:
    [mei] = await shoppers(1)
    assert await cost(HOME, statements, who=as_member(mei)) == WHOLE_COST


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
