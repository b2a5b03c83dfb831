"""Expiry and its sweepers: at the very moment, each once, whatever fails; warnings; lifetimes that slide."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from tortoise.exceptions import OperationalError

from models.sql import SQL
from models.units import Points
from rules import jobs, points, programme
from rules.points import InsufficientPoints, _ledger, _sweeping
from rules.policy import Activation, ActivationMode, Expiry, ExpiryMode, Span
from tests.people import (
    DAY,
    NOON,
    adjust,
    balance,
    buy,
    capture,
    freeze,
    give_back,
    lots,
    member,
    movements,
    publish,
    redeem,
    set_aside,
)
from tests.people import programme as set_up

MS = timedelta(milliseconds=1)
DAYS_2 = Expiry(ExpiryMode.ROLLING, 2, Span.DAY)
OVER = datetime(2026, 3, 12, 16, tzinfo=UTC)
"""The end of the second day after NOON's, in Shanghai."""


async def under(expiry: Expiry, **parts: Any) -> None:
    """A programme in which points live like that."""
    await set_up()
    await publish(expiry=expiry, **parts)


async def kinds(who: UUID) -> list[str]:
    return [kind for kind, _ in await movements(who)]


async def test_the_sweeper_writes_off_what_has_expired_and_nothing_a_moment_before() -> None:
    await under(DAYS_2)
    people = [await member(f"Member {number}") for number in range(3)]
    for each in people:
        await adjust(each, 10)
    await points.expire_due({}, OVER - MS)
    assert [await kinds(each) for each in people] == [["ADJUST_IN"]] * 3
    await points.expire_due({}, OVER)
    await points.expire_due({}, OVER + DAY)
    assert [await movements(each) for each in people] == [[("ADJUST_IN", 10), ("EXPIRE", -10)]] * 3


async def test_the_sweeper_writes_what_has_become_available_and_the_growth_lands() -> None:
    await under(DAYS_2, activation=Activation(ActivationMode.AFTER_DAYS, days=2))
    mei = await member("Mei")
    await buy(mei, 100_00, ref="tea")
    await points.activate_due({}, OVER - MS)
    assert await kinds(mei) == ["EARN"]
    await points.activate_due({}, OVER)
    await points.activate_due({}, OVER)
    assert await kinds(mei) == ["EARN", "ACTIVATE"]
    assert "purchases.land" in await jobs.due(OVER)
    lease = await jobs.claim(points.LAND, now=OVER)
    assert lease
    await jobs.TASKS[points.LAND].work(lease.facts, OVER)
    assert (await balance(mei))["growth"] == 100


SWEEPERS = [
    ("release_overdue", _sweeping.ENDED),
    ("activate_due", _sweeping.RIPE),
    ("expire_due", _sweeping.EXPIRED),
]


@pytest.mark.parametrize(("name", "found"), SWEEPERS)
async def test_a_book_that_breaks_stops_nobody_behind_it(
    name: str, found: SQL, monkeypatch: pytest.MonkeyPatch
) -> None:
    await under(DAYS_2, activation=Activation(ActivationMode.AFTER_DAYS, days=2))
    people = sorted([await member(f"Member {number}") for number in range(5)])
    for each in people:
        await adjust(each, 10)
        await buy(each, 10_00)
        await set_aside(each, 5, lasting=DAY)
    broken = people[0]

    async def open_or_break(member_id: UUID, now: datetime) -> Any:
        if member_id == broken:
            raise AssertionError("A book that breaks.")
        return await _ledger.open_book(member_id, now)

    monkeypatch.setattr(_sweeping, "open_book", open_or_break)
    with pytest.raises(ExceptionGroup) as raised:
        await getattr(points, name)({}, OVER)
    assert [str(each) for each in raised.value.exceptions] == ["A book that breaks."]
    left = [row["member_id"] for row in await found.rows(_sweeping.START, OVER, 100)]
    assert left == [broken]


async def test_a_run_that_is_cut_short_is_gone_on_with(monkeypatch: pytest.MonkeyPatch) -> None:
    await under(DAYS_2)
    people = [await member(f"Member {number}") for number in range(7)]
    for each in people:
        await adjust(each, 10)
    monkeypatch.setattr(_sweeping, "BATCH", 2)
    monkeypatch.setattr(_sweeping, "BATCHES_MAX", 2)
    await points.expire_due({}, OVER)
    assert Counter([len(await movements(each)) for each in people]) == {2: 4, 1: 3}
    await points.expire_due({}, OVER)
    assert Counter([len(await movements(each)) for each in people]) == {2: 7}


async def test_when_everything_fails_a_run_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    await under(DAYS_2)
    for number in range(5):
        await adjust(await member(f"Member {number}"), 10)

    async def away(_: UUID, __: datetime) -> Any:
        raise OperationalError("The database is away.")

    monkeypatch.setattr(_sweeping, "open_book", away)
    monkeypatch.setattr(_sweeping, "BATCH", 2)
    monkeypatch.setattr(_sweeping, "FAILURES_MAX", 2)
    with pytest.raises(ExceptionGroup) as raised:
        await points.expire_due({}, OVER)
    assert len(raised.value.exceptions) == 2


async def test_several_sweepers_at_once_do_each_once() -> None:
    await under(DAYS_2)
    people = [await member(f"Member {number}") for number in range(6)]
    for each in people:
        await adjust(each, 10)
    await asyncio.gather(*(points.expire_due({}, OVER) for _ in range(4)))
    assert [await movements(each) for each in people] == [[("ADJUST_IN", 10), ("EXPIRE", -10)]] * 6


async def test_at_one_moment_points_become_available_before_others_expire_and_debt_is_repaid() -> None:
    await set_up()
    mei = await member("Mei")
    await publish(activation=Activation(ActivationMode.AFTER_DAYS, days=2))
    await buy(mei, 30_00, ref="tea")
    await publish(expiry=DAYS_2)
    await adjust(mei, 10)
    await points.catch_up(mei, now=OVER)
    assert await kinds(mei) == ["EARN", "ADJUST_IN", "ACTIVATE", "EXPIRE"]
    assert (await balance(mei))["available"] == 30


WARNED = SQL(
    "SELECT body, created_at FROM outbox_event WHERE member_id = $1 AND type = 'points.expiring' ORDER BY seq"
)


async def warned(who: UUID) -> list[tuple[int, int]]:
    """What a member was told is about to expire: points, and days before."""
    return [(row["body"]["points"], row["body"]["days"]) for row in await WARNED.rows(who)]


async def test_members_are_warned_30_7_and_1_days_before_each_once() -> None:
    await under(Expiry(ExpiryMode.ROLLING, 40, Span.DAY))
    mei = await member("Mei")
    await adjust(mei, 10)
    [lot] = await lots(mei)
    found = []
    for days in range(45):
        for hours in (0, 7, 23):
            at = NOON + timedelta(days=days, hours=hours)
            before = len(await warned(mei))
            await points.warn_all({}, at)
            found += [(lot["expires_at"] - at, told) for told in (await warned(mei))[before:]]
    assert [told for _, told in found] == [(10, 30), (10, 7), (10, 1)]
    assert all(timedelta(days - 1) < before <= timedelta(days) for before, (_, days) in found)


async def test_what_is_spent_is_not_warned_of_and_what_comes_late_is_told_by_the_nearest_day() -> None:
    await under(Expiry(ExpiryMode.ROLLING, 5, Span.DAY))
    mei, wang = await member("Mei"), await member("Wang")
    await adjust(mei, 10)
    await adjust(wang, 10)
    await redeem(wang, 10)
    await points.warn_all({}, NOON)
    await points.warn_all({}, NOON)
    assert (await warned(mei), await warned(wang)) == ([(10, 7)], [])
    await adjust(mei, 5)
    await points.warn_all({}, NOON + DAY)
    assert await warned(mei) == [(10, 7)]


async def test_who_is_frozen_is_warned_and_who_is_pending_waits_with_the_points() -> None:
    await under(Expiry(ExpiryMode.ROLLING, 1, Span.DAY), activation=Activation(ActivationMode.AFTER_DAYS, days=9))
    mei = await member("Mei")
    await adjust(mei, 10)
    await buy(mei, 50_00, ref="tea")
    await freeze(mei)
    await points.warn_all({}, NOON)
    assert await warned(mei) == [(10, 7)]


SLIDING = Expiry(ExpiryMode.SLIDING, 30, Span.DAY)


async def available(who: UUID, at: datetime) -> int:
    return (await points.preview(who, Points(1), now=at)).available


async def test_each_activity_extends_all_lots_that_slide_without_writing_them() -> None:
    await under(SLIDING)
    mei = await member("Mei")
    await buy(mei, 100_00, ref="tea")
    first = (await lots(mei))[0]["expires_at"]
    assert await available(mei, first - MS) == 100
    assert await available(mei, first) == 0
    await redeem(mei, 10, at=NOON + 20 * DAY)
    again = first + 20 * DAY
    assert (await lots(mei))[0]["expires_at"] == first
    assert (await available(mei, first), await available(mei, again - MS), await available(mei, again)) == (
        90,
        90,
        0,
    )
    await points.expire_due({}, again - MS)
    assert await kinds(mei) == ["EARN", "REDEEM"]
    await points.expire_due({}, again)
    assert await kinds(mei) == ["EARN", "REDEEM", "EXPIRE"]


async def test_an_activity_never_revives_what_has_slid_out() -> None:
    await under(SLIDING)
    mei = await member("Mei")
    await buy(mei, 100_00, ref="tea")
    await buy(mei, 30_00, ref="rice", at=NOON + 31 * DAY)
    assert (await balance(mei))["available"] == 30
    assert await kinds(mei) == ["EARN", "EXPIRE", "EARN"]
    with pytest.raises(InsufficientPoints):
        await redeem(mei, 31, at=NOON + 31 * DAY)


async def test_an_adjustment_is_no_activity_and_time_that_is_told_late_shortens_nothing() -> None:
    await under(SLIDING)
    mei = await member("Mei")
    await buy(mei, 100_00, ref="tea")
    over = (await lots(mei))[0]["expires_at"]
    await buy(mei, 1_00, ref="late", at=NOON - 10 * DAY, now=NOON + DAY)
    await adjust(mei, 5, at=NOON + 5 * DAY)
    assert (await available(mei, over - MS), await available(mei, over)) == (106, 5)


async def test_a_hold_and_its_capture_are_activities() -> None:
    await under(SLIDING)
    mei = await member("Mei")
    await buy(mei, 100_00, ref="tea")
    over = (await lots(mei))[0]["expires_at"]
    kept = await set_aside(mei, 10, at=NOON + 2 * DAY, lasting=7 * DAY)
    assert await available(mei, over + 2 * DAY - MS) == 100
    await capture(mei, kept.hold_id, at=NOON + 8 * DAY)
    assert await available(mei, over + 8 * DAY - MS) == 90


async def test_lots_keep_the_span_they_came_with() -> None:
    await under(SLIDING)
    mei = await member("Mei")
    await buy(mei, 100_00, ref="tea")
    await publish(expiry=replace(SLIDING, count=10))
    await buy(mei, 20_00, ref="rice", at=NOON + DAY)
    assert await available(mei, NOON + 12 * DAY) == 100
    assert await available(mei, NOON + 31 * DAY) == 100
    assert await available(mei, NOON + 32 * DAY) == 0


async def test_lots_that_slide_are_spent_by_when_they_really_expire() -> None:
    await under(SLIDING)
    mei = await member("Mei")
    await buy(mei, 100_00, ref="tea")
    await publish(expiry=Expiry(ExpiryMode.ROLLING, 40, Span.DAY))
    await adjust(mei, 50)
    await buy(mei, 100, ref="sip", at=NOON + 20 * DAY)
    await redeem(mei, 50, at=NOON + 20 * DAY)
    assert [row["remaining"] for row in await lots(mei)] == [100, 0, 1]


async def test_the_terms_tell_what_lots_were_issued_under() -> None:
    await under(DAYS_2)
    mei = await member("Mei")
    await buy(mei, 10_00, ref="tea")
    await publish(expiry=Expiry())
    await buy(mei, 10_00, ref="rice")
    assert [row["expires_at"] for row in await lots(mei)] == [OVER, None]
    rows = await SQL("SELECT policy_version FROM points_lot WHERE member_id = $1 ORDER BY id").rows(mei)
    assert [row["policy_version"] for row in rows] == [1, 2]
    assert (await programme.terms()).policy.version == 2


async def test_points_come_back_to_a_lot_that_was_spent_up_and_has_slid_on_meanwhile() -> None:
    await under(SLIDING)
    mei = await member("Mei")
    await buy(mei, 100_00, ref="tea")
    over = (await lots(mei))[0]["expires_at"]
    spent = await redeem(mei, 100)
    await buy(mei, 1_00, ref="sip", at=NOON + 20 * DAY)
    await give_back(mei, spent.transaction_id, at=over + DAY)
    assert [row["remaining"] for row in await lots(mei)] == [100, 1]
    assert await available(mei, over + 20 * DAY - MS) == 101
    assert await available(mei, over + 20 * DAY) == 0
