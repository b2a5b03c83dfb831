"""Points that wait: for days, completion, a date, a thaw; available at the very moment, written or not."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from models.invariants import violations
from models.purchases import PurchaseEventKind
from models.sql import SQL
from models.units import Points, ReasonCode
from rules import jobs, points
from rules.points import InsufficientPoints, PointsNotPending
from rules.policy import Activation, ActivationMode, ClawBack, ClawBackPolicy, Expiry, ExpiryMode, Span
from rules.refusals import NotFound
from tests.people import (
    CLERK,
    DAY,
    NOON,
    adjust,
    balance,
    buy,
    freeze,
    fresh_key,
    happens,
    lots,
    member,
    movements,
    programme,
    publish,
    redeem,
    refund,
    set_aside,
    unfreeze,
)

WEEK = Activation(ActivationMode.AFTER_DAYS, days=7)
COMPLETED = Activation(ActivationMode.ON_COMPLETION)
BY_DAY_7 = Activation(ActivationMode.ON_COMPLETION, after_days=7)
OR_CANCELLED = Activation(ActivationMode.ON_COMPLETION, cancel_after_days=7)
MONTH = Expiry(ExpiryMode.ROLLING, 1, Span.MONTH)
RIPE = datetime(2026, 3, 18, tzinfo=UTC) - timedelta(hours=8)
"""The end of the seventh day after NOON's, in Shanghai."""
MS = timedelta(milliseconds=1)
NOW_3 = NOON + 3 * DAY


async def under(activation: Activation, expiry: Expiry = MONTH) -> UUID:
    """A member of a programme in which points wait."""
    await programme()
    await publish(activation=activation, expiry=expiry)
    return await member("Mei")


async def seen(who: UUID, at: datetime) -> tuple[int, int]:
    """What whoever only reads is shown: available and pending."""
    found = (await points.lapsed([who], at)).get(who)
    told = asdict(found) if found else await balance(who)
    return told["available"], told["pending"]


LANDING = SQL("SELECT facts FROM job WHERE name = 'purchases.land' AND state = 'READY'")


async def work(at: datetime) -> None:
    """The worker lands the growth that waits."""
    while lease := await jobs.claim(points.LAND, now=at):
        await jobs.TASKS[points.LAND].work(lease.facts, at)
        await jobs.finish(lease, now=at)


async def test_points_wait_for_their_days_and_are_there_at_that_very_moment() -> None:
    mei = await under(WEEK)
    await buy(mei, 100_00, ref="tea")
    assert await seen(mei, RIPE - MS) == (0, 100)
    assert await seen(mei, RIPE) == (100, 0)
    with pytest.raises(InsufficientPoints):
        await redeem(mei, 1, at=RIPE - MS)
    assert (await redeem(mei, 30, at=RIPE)).available == 70
    assert await movements(mei) == [("EARN", 100), ("ACTIVATE", 0), ("REDEEM", -30)]
    assert await violations() == []


async def test_the_clock_of_expiry_starts_when_points_become_available() -> None:
    mei = await under(WEEK, Expiry(ExpiryMode.ROLLING, 1, Span.DAY))
    await buy(mei, 100_00, ref="tea")
    over = RIPE + 2 * DAY
    assert [row["expires_at"] for row in await lots(mei)] == [over]
    assert await seen(mei, over - MS) == (100, 0)
    with pytest.raises(InsufficientPoints):
        await redeem(mei, 1, at=over)
    await adjust(mei, 5, at=over)
    assert [kind for kind, _ in await movements(mei)] == ["EARN", "ACTIVATE", "EXPIRE", "ADJUST_IN"]
    assert await violations() == []


async def test_growth_lands_when_the_points_do() -> None:
    mei = await under(WEEK)
    await buy(mei, 1_200_00, ref="tea")
    assert ((await balance(mei))["growth"], (await balance(mei))["tier"]) == (0, "BASIC")
    await adjust(mei, 1, at=RIPE)
    assert len(await LANDING.rows()) == 1
    await work(RIPE)
    assert ((await balance(mei))["growth"], (await balance(mei))["tier"]) == (1_200, "SILVER")
    assert await violations() == []


async def test_growth_lands_once_however_often_its_job_runs() -> None:
    mei = await under(WEEK)
    await buy(mei, 100_00, ref="tea")
    await adjust(mei, 1, at=RIPE)
    [row] = await LANDING.rows()
    for _ in range(3):
        await jobs.TASKS[points.LAND].work(row["facts"], RIPE)
    assert (await balance(mei))["growth"] == 100
    await work(RIPE)
    assert (await balance(mei))["growth"] == 100


async def test_completion_makes_points_available_and_growth_lands_with_them() -> None:
    mei = await under(COMPLETED)
    await buy(mei, 1_200_00, ref="tea")
    assert await seen(mei, NOON + 300 * DAY) == (0, 1_200)
    done = await happens(PurchaseEventKind.COMPLETED, "tea", at=NOON + DAY)
    assert (done.growth, done.tier) == (1_200, "SILVER")
    assert (await balance(mei))["available"] == 1_200
    [row] = await lots(mei)
    assert str(row["expires_at"]) == "2026-04-11 16:00:00+00:00"
    assert await LANDING.rows() == []
    assert await violations() == []


@pytest.mark.parametrize("paid", [True, False])
async def test_completion_gives_what_is_left_of_an_order_that_is_refunded_in_part(paid: bool) -> None:
    mei = await under(OR_CANCELLED)
    await buy(mei, 60_00, 40_00, ref="tea", paid=paid)
    await refund("tea", {"A": 60_00}, at=NOON + DAY)
    done = await happens(PurchaseEventKind.COMPLETED, "tea", at=NOON + 2 * DAY)
    told = await balance(mei)
    assert (told["available"], told["pending"], told["growth"], done.growth) == (40, 0, 40, 40)
    assert await seen(mei, RIPE) == (40, 0)
    assert await violations() == []


async def test_an_order_that_is_completed_before_it_was_paid_earns_at_once() -> None:
    mei = await under(COMPLETED)
    await buy(mei, 100_00, ref="tea", paid=False)
    done = await happens(PurchaseEventKind.COMPLETED, "tea")
    assert ((await balance(mei))["available"], done.growth) == (100, 100)
    assert await violations() == []


async def test_without_completion_points_become_available_at_the_latest() -> None:
    mei = await under(BY_DAY_7)
    await buy(mei, 100_00, ref="tea")
    assert await seen(mei, RIPE - MS) == (0, 100)
    assert await seen(mei, RIPE) == (100, 0)
    await happens(PurchaseEventKind.COMPLETED, "tea", at=RIPE + DAY)
    assert [kind for kind, _ in await movements(mei)] == ["EARN", "ACTIVATE"]
    assert (await balance(mei))["growth"] == 100
    assert await violations() == []


async def test_what_never_completes_is_cancelled_and_its_growth_never_lands() -> None:
    mei = await under(OR_CANCELLED)
    await buy(mei, 100_00, ref="tea")
    assert await seen(mei, RIPE - MS) == (0, 100)
    assert await seen(mei, RIPE) == (0, 0)
    await adjust(mei, 1, at=RIPE)
    assert await movements(mei) == [("EARN", 100), ("CANCEL_PENDING", -100), ("ADJUST_IN", 1)]
    late = await happens(PurchaseEventKind.COMPLETED, "tea", at=RIPE + DAY)
    told = await balance(mei)
    assert (late.growth, told["growth"], told["lifetime_earned"], told["pending"]) == (0, 0, 0, 0)
    await refund("tea", {"A": 100_00}, at=RIPE + DAY)
    assert (await balance(mei))["debt"] == 0
    assert await violations() == []


async def test_points_become_available_when_the_next_of_some_days_begins() -> None:
    mei = await under(Activation(ActivationMode.FIXED_DATES, dates=("03-10", "04-01")))
    await buy(mei, 100_00, ref="tea")
    first = datetime(2026, 3, 31, 16, tzinfo=UTC)
    assert await seen(mei, first - MS) == (0, 100)
    assert await seen(mei, first) == (100, 0)


async def test_a_thaw_leaves_those_that_wait_for_something_else() -> None:
    mei = await under(WEEK)
    await freeze(mei)
    await buy(mei, 100_00, ref="tea")
    await unfreeze(mei, at=NOON + DAY)
    assert await seen(mei, RIPE - MS) == (0, 100)
    assert await seen(mei, RIPE) == (100, 0)
    assert await violations() == []


async def test_what_was_earned_while_frozen_waits_for_the_thaw_besides() -> None:
    mei = await under(WEEK)
    await freeze(mei)
    await buy(mei, 100_00, ref="tea")
    assert await seen(mei, RIPE + DAY) == (0, 100)
    await unfreeze(mei, at=RIPE + DAY)
    assert await seen(mei, RIPE + DAY) == (100, 0)
    await work(RIPE + DAY)
    assert (await balance(mei))["growth"] == 100
    assert await violations() == []


async def test_an_order_completed_while_frozen_gives_its_points_with_the_thaw() -> None:
    mei = await under(OR_CANCELLED)
    await freeze(mei)
    await buy(mei, 100_00, ref="tea")
    done = await happens(PurchaseEventKind.COMPLETED, "tea", at=NOON + DAY)
    assert ((await balance(mei))["pending"], done.growth) == (100, 0)
    assert await seen(mei, RIPE + DAY) == (0, 100)
    await unfreeze(mei, at=RIPE + DAY)
    await work(RIPE + DAY)
    assert ((await balance(mei))["available"], (await balance(mei))["growth"]) == (100, 100)
    assert await violations() == []


@pytest.mark.parametrize("order", [("A", "B"), ("B", "A")])
async def test_refunds_of_a_pending_purchase_take_from_it_and_growth_lands_as_what_is_left(
    order: tuple[str, str],
) -> None:
    mei = await under(WEEK)
    await adjust(mei, 50)
    await buy(mei, 60_00, 40_00, ref="tea")
    amounts = {"A": 60_00, "B": 40_00}
    await refund("tea", {order[0]: amounts[order[0]]}, at=NOON + DAY)
    gone = amounts[order[0]] // 100
    assert await seen(mei, NOON + DAY) == (50, 100 - gone)
    await adjust(mei, 1, at=RIPE)
    await work(RIPE)
    assert ((await balance(mei))["available"], (await balance(mei))["growth"]) == (151 - gone, 100 - gone)
    await refund("tea", {order[1]: amounts[order[1]]}, at=RIPE + DAY)
    assert ((await balance(mei))["available"], (await balance(mei))["growth"]) == (51, 0)
    assert await violations() == []


async def test_a_refund_leaves_each_pending_lot_what_is_its_own() -> None:
    mei = await under(WEEK)
    await adjust(mei, 1)
    await buy(mei, 1_000_00, ref="sofa", at=NOON - 30 * DAY)
    await adjust(mei, 1)
    await work(NOON)
    await buy(mei, 100_00, ref="tea")
    await refund("tea", {"A": 95_00})
    assert [row["remaining"] for row in await lots(mei) if not row["active"]] == [5, 1]
    await adjust(mei, 1, at=RIPE)
    await work(RIPE)
    assert (await balance(mei))["growth"] == 1_005
    assert await violations() == []


async def test_points_that_become_available_repay_a_debt() -> None:
    mei = await under(Activation())
    await buy(mei, 100_00, ref="tea")
    await redeem(mei, 100)
    await publish(activation=WEEK)
    await buy(mei, 150_00, ref="rice")
    await refund("tea", {"A": 100_00})
    assert (await balance(mei))["debt"] == 100
    assert await seen(mei, RIPE) == (50, 0)
    await adjust(mei, 10, at=RIPE)
    assert ((await balance(mei))["available"], (await balance(mei))["debt"]) == (60, 0)
    assert await violations() == []


LOT = SQL("SELECT id FROM points_lot WHERE member_id = $1 AND NOT active")


async def cancel(who: UUID, lot: Any, *, at: datetime = NOON) -> points.Posted:
    reason = ReasonCode("FRAUD")
    return await points.cancel_pending(who, lot, reason=reason, key=fresh_key(), actor=CLERK, now=at)


async def test_staff_cancel_points_that_are_pending_and_none_that_are_not() -> None:
    mei = await under(WEEK)
    bought = await buy(mei, 100_00, ref="tea")
    lot = await LOT.value(mei)
    posted = await cancel(mei, lot)
    assert (posted.pending, posted.available) == (0, 0)
    with pytest.raises(PointsNotPending):
        await cancel(mei, lot)
    with pytest.raises(NotFound):
        await cancel(mei, bought.purchase_id)
    await refund("tea", {"A": 100_00}, at=NOON + DAY)
    told = await balance(mei)
    assert (told["debt"], told["growth"], told["lifetime_earned"]) == (0, 0, 0)
    assert await violations() == []


async def test_points_whose_moment_has_come_are_not_cancelled_though_nobody_wrote_it() -> None:
    mei = await under(WEEK)
    await buy(mei, 100_00, ref="tea")
    with pytest.raises(PointsNotPending):
        await cancel(mei, await LOT.value(mei), at=RIPE)


async def test_a_preview_counts_what_has_become_available() -> None:
    mei = await under(WEEK)
    await buy(mei, 100_00, ref="tea")
    assert (await points.preview(mei, Points(100), now=RIPE)).objections == []
    assert (await points.preview(mei, Points(100), now=RIPE - MS)).available == 0


@pytest.mark.parametrize(
    ("policy", "told"),
    [
        (ClawBack(ClawBackPolicy.CLAMP), (0, 0, 80)),
        (ClawBack(ClawBackPolicy.DEBT, Points(30)), (0, 30, 50)),
        (ClawBack(ClawBackPolicy.PENDING_ONLY), (20, 0, 100)),
    ],
)
async def test_what_a_refund_cannot_take_back_is_written_down_as_lost(
    policy: ClawBack, told: tuple[int, int, int]
) -> None:
    await programme()
    await publish(claw_back=policy)
    mei = await member("Mei")
    await buy(mei, 60_00, 40_00, ref="tea")
    await redeem(mei, 80)
    await refund("tea", {"A": 60_00})
    await refund("tea", {"B": 40_00})
    found = await balance(mei)
    lost = await SQL("SELECT SUM(lost)::bigint AS lost FROM points_transaction WHERE member_id = $1").value(mei)
    assert (found["available"], found["debt"], lost) == told
    assert found["growth"] == 0


async def test_what_expired_while_it_was_held_comes_back_for_the_grace_of_the_policy() -> None:
    await programme()
    await publish(expiry=Expiry(ExpiryMode.ROLLING, 1, Span.DAY), release_grace_days=2)
    mei = await member("Mei")
    await adjust(mei, 10)
    await set_aside(mei, 10, lasting=3 * DAY)
    await points.release_overdue({}, NOW_3)
    assert ((await balance(mei))["available"], (await lots(mei))[-1]["expires_at"]) == (10, RIPE - 2 * DAY)
