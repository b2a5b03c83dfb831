"""Pages: members listed forwards and backwards, and arguments that no page can answer."""

import base64
import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from schema import pages
from tests.people import NOON, adjust, buy, freeze, member, programme
from tests.schema.asking import ANALYST, CLERK, OWNER, SERVICE, as_member, ask, member_id

LIST = """query($first: Int, $after: String, $last: Int, $before: String, $filter: MembersFilter) {
  members(first: $first, after: $after, last: $last, before: $before, filter: $filter) {
    nodes { id }
    edges { cursor node { id } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}"""


async def seven() -> list[str]:
    """Seven members, newest first; two of them came at the same moment."""
    await programme()
    minutes = (0, 1, 2, 3, 3, 4, 5)
    who = [await member(f"Member {place}", at=NOON + timedelta(minutes=at)) for place, at in enumerate(minutes)]
    order = sorted(zip(minutes, who, strict=True), key=lambda each: (each[0], str(each[1])), reverse=True)
    return [member_id(each) for _, each in order]


async def page(**arguments: Any) -> Any:
    return (await ask(LIST, arguments, who=ANALYST))["members"]


def ids_of(found: Any) -> list[str]:
    assert [edge["node"]["id"] for edge in found["edges"]] == [node["id"] for node in found["nodes"]]
    return [node["id"] for node in found["nodes"]]


async def test_the_list_is_read_forwards_to_its_end_without_gap_or_repetition() -> None:
    everybody = await seven()
    seen: list[str] = []
    after = None
    for has_next in (True, True, False):
        found = await page(first=3, after=after)
        seen += ids_of(found)
        assert found["pageInfo"]["hasNextPage"] is has_next
        assert found["pageInfo"]["hasPreviousPage"] is (after is not None)
        assert found["pageInfo"]["startCursor"] == found["edges"][0]["cursor"]
        after = found["pageInfo"]["endCursor"]
        assert after == found["edges"][-1]["cursor"]
    assert seen == everybody


async def test_the_list_is_read_backwards_from_its_end() -> None:
    everybody = await seven()
    seen: list[str] = []
    before = None
    for has_previous in (True, True, False):
        found = await page(last=3, before=before)
        seen = ids_of(found) + seen
        assert found["pageInfo"]["hasPreviousPage"] is has_previous
        assert found["pageInfo"]["hasNextPage"] is (before is not None)
        before = found["pageInfo"]["startCursor"]
    assert seen == everybody


async def test_a_page_beyond_the_end_is_empty() -> None:
    await seven()
    last = (await page(last=1))["pageInfo"]["endCursor"]
    found = await page(first=5, after=last)
    assert found["nodes"] == []
    assert found["pageInfo"] == {
        "hasNextPage": False,
        "hasPreviousPage": True,
        "startCursor": None,
        "endCursor": None,
    }


async def test_a_page_has_twenty_items_unless_asked_otherwise() -> None:
    await programme()
    for minute in range(22):
        await member("Many", at=NOON + timedelta(minutes=minute))
    assert len(ids_of(await page())) == 20
    assert len(ids_of(await page(first=21))) == 21


async def test_members_are_listed_by_state_and_by_tier() -> None:
    await programme()
    lan, mei = await member("Lan"), await member("Mei")
    await buy(mei, 1_000_00)
    await freeze(lan)
    assert ids_of(await page(filter={"state": "FROZEN"})) == [member_id(lan)]
    assert ids_of(await page(filter={"tierCode": "SILVER"})) == [member_id(mei)]
    assert ids_of(await page(filter={"state": "FROZEN", "tierCode": "SILVER"})) == []
    assert ids_of(await page(filter={"tierCode": "NONE"})) == []
    assert len(ids_of(await page(filter={}))) == 2


@pytest.mark.parametrize(
    "arguments",
    [
        {"first": 0},
        {"first": 101},
        {"first": -1},
        {"first": 10**9},
        {"last": 0},
        {"last": 101},
        {"last": -3},
        {"first": 2, "last": 2},
        {"first": 2, "before": "x"},
        {"last": 2, "after": "x"},
        {"before": "x"},
        {"after": "a", "before": "b"},
    ],
)
async def test_a_page_nobody_can_have_is_a_mistake_of_the_request(arguments: dict[str, Any]) -> None:
    answer = await ask(LIST, arguments, who=OWNER)
    assert answer.codes == ["BAD_USER_INPUT"]
    assert answer.data == {"members": None}


def coded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


NOBODY = str(UUID(int=1))


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "%%%%",
        "不是游标",
        "a" * 5_000,
        coded([]),
        coded({}),
        coded(1),
        coded([1]),
        coded([1, NOON.isoformat()]),
        coded([2, NOON.isoformat(), NOBODY]),
        coded([True, NOON.isoformat(), NOBODY, 1]),
        coded([1, "2026-03-10", NOBODY]),
        coded([1, "2026-03-10T04:00:00", NOBODY]),
        coded([1, 5, NOBODY]),
        coded([1, NOON.isoformat(), "1' OR '1'='1"]),
        coded([1, NOON.isoformat(), None]),
        coded([1, [NOON.isoformat()], NOBODY]),
        coded([1, "0001-01-01T00:00:00+14:00", NOBODY]),
        coded([1, "9999-12-31T23:59:59-12:00", NOBODY]),
    ],
)
async def test_a_cursor_from_elsewhere_is_a_mistake_of_the_request(cursor: str) -> None:
    for arguments in ({"first": 2, "after": cursor}, {"last": 2, "before": cursor}):
        answer = await ask(LIST, arguments, who=CLERK)
        assert answer.codes == ["BAD_USER_INPUT"]
        assert cursor not in answer.errors[0]["message"] or not cursor


ENTRIES = """query($first: Int, $after: String, $last: Int, $before: String) {
  me { points { entries(first: $first, after: $after, last: $last, before: $before) {
    nodes { points } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  } } }
}"""


async def test_a_ledger_is_read_in_both_directions() -> None:
    await programme()
    mei = await member("Mei")
    for amount in (1, 2, 3, 4, 5):
        await adjust(mei, amount)

    async def lines(**arguments: Any) -> Any:
        return (await ask(ENTRIES, arguments, who=as_member(mei)))["me"]["points"]["entries"]

    newest = await lines(first=2)
    assert [line["points"] for line in newest["nodes"]] == [5, 4]
    older = await lines(first=9, after=newest["pageInfo"]["endCursor"])
    assert [line["points"] for line in older["nodes"]] == [3, 2, 1]
    assert older["pageInfo"]["hasNextPage"] is False
    oldest = await lines(last=2)
    assert [line["points"] for line in oldest["nodes"]] == [2, 1]
    between = await lines(last=2, before=oldest["pageInfo"]["startCursor"])
    assert [line["points"] for line in between["nodes"]] == [4, 3]
    assert between["pageInfo"]["hasPreviousPage"] is True


@pytest.mark.parametrize(
    "cursor", [coded([1, "5"]), coded([1, 1.5]), coded([1, True]), coded([1, 2**63]), coded([1])]
)
async def test_a_cursor_of_another_list_does_not_page_a_ledger(cursor: str) -> None:
    await programme()
    mei = await member("Mei")
    answer = await ask(ENTRIES, {"first": 1, "after": cursor}, who=as_member(mei))
    assert answer.codes == ["BAD_USER_INPUT"]


async def test_purchases_are_read_in_both_directions_also_at_one_moment() -> None:
    await programme()
    mei = await member("Mei")
    for number, day in enumerate((1, 2, 2, 3)):
        await buy(mei, 100, ref=f"tea-{number}", at=NOON + timedelta(days=day), now=NOON + timedelta(days=9))
    document = """query($id: ID!, $first: Int, $after: String, $last: Int, $before: String) {
      member(by: {id: $id}) { purchases(first: $first, after: $after, last: $last, before: $before) {
        nodes { orderRef } pageInfo { hasNextPage startCursor endCursor } } } }"""

    async def bought(**arguments: Any) -> tuple[list[str], Any]:
        answer = await ask(document, {"id": member_id(mei), **arguments}, who=SERVICE)
        found = answer["member"]["purchases"]
        return [each["orderRef"] for each in found["nodes"]], found["pageInfo"]

    everything, _ = await bought()
    assert everything[0] == "tea-3"
    assert everything[-1] == "tea-0"
    first, info = await bought(first=2)
    second, _ = await bought(first=2, after=info["endCursor"])
    assert first + second == everything
    end, info = await bought(last=2)
    start, _ = await bought(last=2, before=info["startCursor"])
    assert start + end == everything


def test_a_cursor_comes_back_as_it_was_sent() -> None:
    sent = pages.cursor(NOON, UUID(int=1))
    assert pages.read_cursor(sent, (pages.moment, pages.row_id)) == (NOON, UUID(int=1))
    assert pages.read_cursor(pages.cursor(7), (pages.whole,)) == (7,)
    assert pages.read_cursor(pages.cursor("七"), (pages.text,)) == ("七",)
