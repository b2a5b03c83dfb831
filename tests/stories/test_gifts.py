"""Upgrade gifts: every level that is crossed gives once in a cycle, whatever crashes, races or is undone."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID

from models.invariants import violations
from models.points import PointsKind
from models.sql import SQL
from models.units import ReasonCode
from rules import finance, gifts, jobs, lifecycle, tiers
from rules.finance import Cost
from rules.jobs import Lease
from tests.ladder import hand_out, history, pay, plan, scheme
from tests.people import (
    CLERK,
    NOON,
    balance,
    buy,
    freeze,
    fresh_key,
    leave,
    member,
    merge,
    movements,
    programme,
    proven,
    refund,
    unfreeze,
)

GIVES = {
    "SILVER": [{"kind": "UPGRADE_GIFT", "value": 30}],
    "GOLD": [{"kind": "UPGRADE_GIFT", "value": 70}],
}
YEAR = {"kind": "CALENDAR", "period": "YEAR"}
NEXT_YEAR = datetime(2027, 1, 5, tzinfo=UTC)
JOBS = SQL("SELECT state, attempts FROM job WHERE name = 'gifts.grant' ORDER BY id")


async def given(who: UUID) -> list[int]:
    """The gifts a member got."""
    return [points for kind, points in await movements(who) if kind == PointsKind.GRANT]


async def won(at: datetime = NOON) -> Lease:
    """A gift that was won and waits for its worker."""
    lease = await jobs.claim(tiers.GIFTS, now=at)
    assert lease is not None
    return lease


async def test_every_level_that_is_crossed_gives_its_gift_and_no_more() -> None:
    await programme()
    await scheme(benefits=GIVES)
    mei, wang = await member("Mei"), await member("Wang")
    await buy(mei, 5_000_00)
    await buy(wang, 1_000_00)
    assert (await given(mei), await given(wang)) == ([], [])
    await hand_out()
    assert (await given(mei), await given(wang)) == ([30, 70], [30])
    await buy(wang, 4_000_00)
    await buy(mei, 4_000_00)
    await hand_out()
    assert (await given(mei), await given(wang)) == ([30, 70], [30, 70])
    stands = await balance(mei)
    assert (stands["available"], stands["lifetime_earned"], stands["growth"]) == (10_100, 10_000, 9_000)
    assert await violations() == []


async def test_where_no_level_gives_anything_nothing_is_promised() -> None:
    await programme()
    await scheme()
    await buy(await member(), 5_000_00)
    assert await JOBS.rows() == []


async def test_a_tier_that_is_paid_for_gives_no_gift() -> None:
    await programme()
    await scheme(benefits=GIVES)
    await plan()
    mei = await member()
    await pay(mei)
    assert await JOBS.rows() == []
    await buy(mei, 1_000_00)
    await hand_out()
    assert await given(mei) == [30]


async def test_sixteen_workers_and_a_retry_give_once() -> None:
    await programme()
    await scheme(benefits=GIVES)
    mei = await member()
    await buy(mei, 5_000_00)
    lease = await won()
    await asyncio.gather(*(gifts.give(lease.facts, NOON) for _ in range(16)))
    # the worker died before it could say so, and another takes the job
    await jobs.fail(lease, "the database went away", now=NOON)
    again = NOON + jobs.BACKOFF_MAX
    await hand_out(again)
    assert [(row["state"], row["attempts"]) for row in await JOBS.rows()] == [("DONE", 2)]
    assert await given(mei) == [30, 70]
    assert await violations() == []


async def test_a_tier_that_is_taken_back_leaves_its_gifts_and_gives_none_again_in_its_cycle() -> None:
    await programme()
    await scheme(benefits=GIVES, window=YEAR, validity={"n": 1, "unit": "DAY"}, downgrade_mode="REASSESS")
    mei = await member()
    await buy(mei, 1_000_00, ref="coat")
    await hand_out()
    await refund("coat", {"A": 1_000_00})
    assert await history(mei) == [("JOINED", "BASIC"), ("UPGRADED", "SILVER"), ("REVERSED", "BASIC")]
    assert (await balance(mei))["available"] == 30
    await buy(mei, 1_000_00, ref="hat")
    await hand_out()
    assert (await history(mei))[-1] == ("UPGRADED", "SILVER")
    assert await given(mei) == [30]
    await tiers.review({}, NEXT_YEAR)
    await buy(mei, 1_000_00, ref="gloves", at=NEXT_YEAR)
    await hand_out(NEXT_YEAR)
    assert await given(mei) == [30, 30]
    assert await violations() == []


async def test_the_gift_of_a_frozen_member_waits_for_the_thaw() -> None:
    await programme()
    await scheme(benefits=GIVES)
    mei = await member()
    await buy(mei, 1_000_00)
    await freeze(mei)
    await hand_out()
    assert [(await balance(mei))[each] for each in ("available", "pending")] == [1_000, 30]
    await unfreeze(mei)
    assert [(await balance(mei))[each] for each in ("available", "pending")] == [1_030, 0]
    assert await violations() == []


async def test_who_was_merged_meanwhile_gets_the_gift_once_as_who_they_are_now() -> None:
    await programme()
    await scheme(benefits=GIVES)
    mei, twin = await member("Mei"), await member("Mei, too")
    await buy(mei, 1_000_00)
    await hand_out()
    await buy(twin, 1_000_00)
    await merge(twin, mei)
    await hand_out()
    assert (await given(mei), await given(twin)) == ([30], [])
    assert await violations() == []


async def test_what_a_merged_member_won_is_given_to_who_they_are_now() -> None:
    await programme()
    await scheme(benefits=GIVES)
    mei, twin = await member("Mei"), await member("Mei, too")
    await buy(twin, 1_000_00)
    await merge(twin, mei)
    await hand_out()
    assert (await given(mei), await given(twin)) == ([30], [])
    assert await violations() == []


async def test_two_who_are_parted_again_keep_the_gifts_they_got() -> None:
    await programme()
    await scheme(benefits=GIVES)
    mei, twin = await member("Mei"), await member("Mei, too")
    await buy(twin, 1_000_00)
    await merge(twin, mei)
    await hand_out()
    why, who = ReasonCode("TWO_PEOPLE"), proven(CLERK)
    await lifecycle.unmerge(twin, reason=why, key=fresh_key(), actor=who, now=NOON)
    await hand_out()
    assert (await given(mei), await given(twin)) == ([30], [])
    assert [(await balance(each))["available"] for each in (mei, twin)] == [30, 1_000]
    assert await violations() == []


async def test_who_has_left_gets_no_gift() -> None:
    await programme()
    await scheme(benefits=GIVES)
    mei = await member()
    await buy(mei, 1_000_00)
    await leave(mei)
    await hand_out()
    assert await given(mei) == []
    assert [row["state"] for row in await JOBS.rows()] == ["DONE"]


async def test_gifts_are_told_among_the_bonus_of_their_month() -> None:
    await programme()
    await scheme(benefits=GIVES)
    await buy(await member(), 1_000_00)
    await hand_out()
    told = await finance.report(NOON.date(), NOON.date(), cost=Cost(1, 100))
    [month] = told.months
    assert (month.earned, month.bonus, month.other, month.closing) == (1_000, 30, 0, 1_030)
