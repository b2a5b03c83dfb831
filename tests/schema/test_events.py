"""Events: a member hears what happens to them, in order, without gaps and without doubles."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

import rules
from api import feed as feeding
from api.feed import Feed
from models.referrals import ReferralState
from models.sql import SQL
from rules import outbox
from schema import events, pages
from schema.events import MemberEventType
from tests.people import NOON, buy, freeze, member, programme, redeem, refund
from tests.schema.asking import PARTNER, SERVICE, as_member, ask, purchase_id
from tests.schema.following import following

PAGE = """query($after: String, $first: Int) {
  memberEvents(after: $after, first: $first) {
    latest hasMore
    events { cursor type occurredAt purchaseId entries { kind points } points { available } tier { code } }
  }
}"""
FOLLOW = """subscription($after: String) {
  memberEvents(after: $after) {
    cursor type purchaseId entries { kind points } member { state } points { available }
  }
}"""
BEGINNING = pages.cursor(events.MARK, 0)


@pytest.fixture
async def feed() -> AsyncIterator[Feed]:
    """A feed with nobody else at it."""
    found = Feed()
    yield found
    assert found.watches == {}
    await found.aclose()
    assert outbox.listeners == set()


async def page(who: Any, **variables: Any) -> Any:
    return (await ask(PAGE, variables, who=as_member(who)))["memberEvents"]


async def test_a_purchase_is_told_in_the_order_in_which_it_took_effect() -> None:
    await programme()
    mei = await member("Mei")
    known = (await page(mei))["latest"]
    bought = await buy(mei, 1_200_00, ref="tea-1")
    told = await page(mei, after=known)
    assert [each["type"] for each in told["events"]] == [
        "PURCHASE_PAID",
        "GROWTH_MOVED",
        "TIER_CHANGED",
        "POINTS_MOVED",
    ]
    assert told["events"][0]["purchaseId"] == purchase_id(mei, bought.purchase_id)
    assert told["latest"] == told["events"][-1]["cursor"]


async def test_the_subscription_and_its_twin_tell_the_same_events_with_the_same_cursors(feed: Feed) -> None:
    await programme()
    mei = await member("Mei")
    await buy(mei, 1_200_00, ref="tea-1")
    await redeem(mei, 200)
    await refund("tea-1", {"A": 100_00})
    await freeze(mei)
    polled, after = [], None
    while True:
        found = await page(mei, after=after, first=3)
        polled += found["events"]
        after = found["events"][-1]["cursor"]
        if not found["hasMore"]:
            break
    assert len(polled) > 8
    async with following(
        "subscription($after: String) { memberEvents(after: $after) { cursor type occurredAt purchaseId"
        " entries { kind points } points { available } tier { code } } }",
        who=as_member(mei),
        feed=feed,
        variables={"after": BEGINNING},
    ) as mei_s:
        assert await mei_s.events(len(polled)) == polled


async def waiting(feed: Feed, who: UUID) -> None:
    """Until somebody waits for this member's next event, however busy the machine is."""
    async with asyncio.timeout(10):
        while not any(each._stir._waiters for each in feed.watches.get(who, ())):  # noqa: ASYNC110  it tells nobody
            await asyncio.sleep(0.001)


async def test_what_happens_while_somebody_follows_is_heard_at_once(feed: Feed, monkeypatch: Any) -> None:
    monkeypatch.setattr(feeding, "POLL_SECONDS", 60.0)
    await programme()
    mei = await member("Mei")
    async with following(FOLLOW, who=as_member(mei), feed=feed) as mei_s:
        heard = asyncio.create_task(mei_s.events(1))
        await waiting(feed, mei)
        await buy(mei, 100_00)
        [event] = await heard
        assert event["points"] == {"available": 100}


async def test_what_another_process_wrote_is_heard_by_looking(feed: Feed, monkeypatch: Any) -> None:
    monkeypatch.setattr(feeding, "POLL_SECONDS", 0.02)
    monkeypatch.setattr(outbox, "after_commit", lambda _: None)
    await programme()
    mei = await member("Mei")
    async with following(FOLLOW, who=as_member(mei), feed=feed) as mei_s:
        heard = asyncio.create_task(mei_s.events(1))
        await asyncio.sleep(0.05)
        await buy(mei, 100_00)
        [event] = await heard
        assert event["type"] == "PURCHASE_PAID"


async def test_whoever_comes_back_hears_what_they_missed_and_then_what_comes(feed: Feed) -> None:
    await programme()
    mei = await member("Mei")
    async with following(FOLLOW, who=as_member(mei), feed=feed, variables={"after": BEGINNING}) as mei_s:
        before = await mei_s.events(2)
    await buy(mei, 100_00)
    again = {"after": before[-1]["cursor"]}
    async with following(FOLLOW, who=as_member(mei), feed=feed, variables=again) as mei_s:
        missed = await mei_s.events(4)
        heard = asyncio.create_task(mei_s.events(1))
        await redeem(mei, 30)
        came = await heard
    everything = (await page(mei, first=100))["events"]
    assert [each["cursor"] for each in before + missed + came] == [each["cursor"] for each in everything]
    assert came[0]["entries"] == [{"kind": "REDEEM", "points": -30}]


async def test_many_events_at_once_come_one_by_one_without_a_gap(feed: Feed, monkeypatch: Any) -> None:
    monkeypatch.setattr(pages, "MOST", 3)
    await programme()
    mei = await member("Mei")
    async with following(FOLLOW, who=as_member(mei), feed=feed, variables={"after": BEGINNING}) as mei_s:
        first = await mei_s.events(1)
        for _ in range(4):
            await buy(mei, 10_00)
        rest = await mei_s.events(await SEQ.value(mei) - 1)
    numbers = [pages.read_cursor(each["cursor"], (pages.text, pages.whole))[1] for each in first + rest]
    assert all(later == earlier + 1 for earlier, later in pairwise(numbers))


SEQ = SQL("SELECT event_seq FROM member WHERE id = $1")


async def test_nobody_hears_of_another(feed: Feed) -> None:
    await programme()
    mei, lan = await member("Mei"), await member("Lan")
    async with following(FOLLOW, who=as_member(lan), feed=feed) as lan_s:
        heard = asyncio.create_task(lan_s.events(1))
        await asyncio.sleep(0.05)
        await buy(mei, 100_00)
        await asyncio.sleep(0.05)
        assert not heard.done()
        await freeze(lan)
        [event] = await heard
        assert (event["type"], event["member"]["state"]) == ("MEMBER_FROZEN", "FROZEN")


async def test_anothers_cursor_shows_nothing_of_theirs() -> None:
    await programme()
    mei, lan = await member("Mei"), await member("Lan")
    await freeze(mei)
    await freeze(lan)
    first = (await page(mei, first=1))["events"][0]["cursor"]
    told = (await page(lan, after=first))["events"]
    assert [each["cursor"] for each in told] == [each["cursor"] for each in (await page(lan))["events"][1:]]


async def test_every_event_is_answered_at_its_own_moment(feed: Feed) -> None:
    await programme(expire_months=1)
    mei = await member("Mei")
    await buy(mei, 100_00)
    async with following(FOLLOW, who=as_member(mei), feed=feed) as mei_s:

        async def later(context: Any) -> None:
            context.now = NOON + timedelta(days=90)

        mei_s.context.renewal = later
        heard = asyncio.create_task(mei_s.events(1))
        await asyncio.sleep(0.05)
        await freeze(mei)
        [event] = await heard
        assert event["points"] == {"available": 0}


async def test_a_subscription_ends_when_the_house_closes(feed: Feed) -> None:
    await programme()
    mei = await member("Mei")
    async with following(FOLLOW, who=as_member(mei), feed=feed) as mei_s:
        ended = asyncio.create_task(mei_s.is_over())
        await asyncio.sleep(0.05)
        await feed.aclose()
        assert await ended


@pytest.mark.parametrize(
    "after",
    [
        *("", "x", "AAAA", "é" * 9, pages.cursor(3), pages.cursor("events"), pages.cursor("other", 1)),
        *(pages.cursor("events", seq) for seq in (-1, "1", 10**6)),
    ],
)
async def test_a_cursor_that_is_none_is_refused_by_both(after: str, feed: Feed) -> None:
    await programme()
    mei = await member("Mei")
    assert (await ask(PAGE, {"after": after}, who=as_member(mei))).codes == ["BAD_USER_INPUT"]
    async with following(FOLLOW, who=as_member(mei), feed=feed, variables={"after": after}) as mei_s:
        assert (await mei_s.next()).codes == ["BAD_USER_INPUT"]


@pytest.mark.parametrize(
    ("who", "code"), [(None, "UNAUTHENTICATED"), (PARTNER, "FORBIDDEN"), (SERVICE, "FORBIDDEN")]
)
async def test_events_are_for_members_only(who: Any, code: str, feed: Feed, statements: list[str]) -> None:
    async with following(FOLLOW, who=who, feed=feed) as stranger:
        assert set((await stranger.next()).codes) == {code}
    assert statements == []


async def test_what_came_the_wrong_way_is_told_the_right_one(feed: Feed, statements: list[str]) -> None:
    asked = await ask(FOLLOW, who=PARTNER)
    assert asked.codes == ["BAD_REQUEST"]
    assert "WebSocket" in asked.errors[0]["message"]
    for document in ("{ me { id } }", 'mutation { tokenRevoke(input: {token: "x"}) { revoked } }'):
        async with following(document, who=PARTNER, feed=feed) as somebody:
            answer = await somebody.next()
            assert (answer.codes, "POST" in answer.errors[0]["message"]) == (["BAD_REQUEST"], True)
    assert statements == []


async def test_a_database_that_goes_away_is_a_fault_without_its_words(feed: Feed, monkeypatch: Any) -> None:
    await programme()
    mei = await member("Mei")

    async def gone(*_: object) -> None:
        raise OSError("connection to 10.0.0.7 lost")

    async with following(FOLLOW, who=as_member(mei), feed=feed, variables={"after": BEGINNING}) as mei_s:
        await mei_s.events(1)
        mei_s.context.renewal = gone
        answer = await mei_s.next()
        assert (answer.codes, answer.errors[0]["message"]) == (
            ["INTERNAL_SERVER_ERROR"],
            "Something broke on our side.",
        )


async def test_nothing_is_asked_of_the_database_while_nobody_follows(
    feed: Feed, monkeypatch: Any, statements: list[str]
) -> None:
    monkeypatch.setattr(feeding, "POLL_SECONDS", 0.01)
    with feed.watch(await member_of_the_house()):
        await asyncio.sleep(0.1)
        assert outbox.LATEST.sqlite in statements or outbox.LATEST.postgres in statements
    await asyncio.sleep(0.05)
    statements.clear()
    await asyncio.sleep(0.1)
    assert statements == []


async def member_of_the_house() -> Any:
    await programme()
    return await member("Mei")


def test_every_event_of_the_rules_has_a_word() -> None:
    text = "\n".join(path.read_text("utf-8") for path in Path(rules.__file__).parent.rglob("*.py"))
    told = set(re.findall(r'\bEvent\(\s*"([a-z_.]+)"', text))
    told |= {f"purchase.{what}" for what in re.findall(r'_tell\(sitting, "(\w+)"\)', text)}
    told |= {f"referral.{state.value.lower()}" for state in ReferralState}
    told |= {f"referral.reward_{what}" for what in re.findall(r'_event\("(\w+)"', text)}
    told = {name for name in told if not name.startswith("approval.")}
    assert {name.replace(".", "_").upper() for name in told} == set(MemberEventType.__members__) - {"OTHER"}


CHANGED = "subscription { memberChanged { state points { available } tier { code } } }"


async def test_who_follows_themselves_sees_how_they_are_and_what_they_become(feed: Feed) -> None:
    await programme()
    mei = await member("Mei")
    async with following(CHANGED, who=as_member(mei), feed=feed) as mei_s:
        now = (await mei_s.next())["memberChanged"]
        assert now == {"state": "ACTIVE", "points": {"available": 0}, "tier": {"code": "BASIC"}}
        heard = asyncio.create_task(mei_s.next())
        await buy(mei, 1_200_00)
        after = (await heard)["memberChanged"]
        assert after == {"state": "ACTIVE", "points": {"available": 1_200}, "tier": {"code": "SILVER"}}
        heard = asyncio.create_task(mei_s.next())
        await freeze(mei)
        assert (await heard)["memberChanged"]["state"] == "FROZEN"


async def test_of_changes_that_come_too_fast_the_last_state_is_told(feed: Feed) -> None:
    await programme()
    mei = await member("Mei")
    await buy(mei, 100_00)
    async with following(CHANGED, who=as_member(mei), feed=feed) as mei_s:
        await mei_s.next()
        for _ in range(3):
            await redeem(mei, 10)
        assert (await mei_s.next())["memberChanged"]["points"] == {"available": 70}
        heard = asyncio.create_task(mei_s.next())
        await redeem(mei, 5)
        assert (await heard)["memberChanged"]["points"] == {"available": 65}


async def test_what_happens_to_somebody_else_changes_nobody_else(feed: Feed) -> None:
    await programme()
    mei, other = await member("Mei"), await member("Other")
    async with following(CHANGED, who=as_member(mei), feed=feed) as mei_s:
        await mei_s.next()
        heard = asyncio.create_task(mei_s.next())
        await buy(other, 100_00)
        await asyncio.sleep(0.05)
        assert not heard.done()
        await buy(mei, 20_00)
        assert (await heard)["memberChanged"]["points"] == {"available": 20}
