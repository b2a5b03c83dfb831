"""What has expired of an order or was forfeited is not taken a second time, whenever the order is refunded."""

from datetime import datetime
from itertools import permutations
from uuid import UUID

import pytest

from models.invariants import violations
from models.sql import SQL
from models.units import ReasonCode
from rules import lifecycle, points
from rules.lifecycle._leaving import part
from rules.policy import ClawBack, ClawBackPolicy, Expiry, ExpiryMode, Span
from tests.people import (
    CLERK,
    DAY,
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
    publish,
    redeem,
    refund,
)
from tests.referring import campaign, code, friend, work

TOOK = SQL(
    "SELECT points, lost, written_off FROM points_transaction WHERE member_id = $1 AND kind = 'CLAWBACK'"
    " ORDER BY id"
)
OWED = SQL("SELECT owed FROM referral_debt WHERE member_id = $1")
LOT = SQL("SELECT id FROM points_lot WHERE member_id = $1 AND remaining > 0")
LATER = NOON + 40 * DAY


async def shopper() -> UUID:
    """Mei has bought for 90.05 and spent 20 of her 90 points, which live ten days."""
    await programme()
    await publish(expiry=Expiry(ExpiryMode.ROLLING, 10, Span.DAY))
    mei = await member("Mei")
    await buy(mei, 53_91, 36_14, ref="tea")
    await redeem(mei, 20)
    return mei


async def leaves(mei: UUID, at: datetime) -> None:
    """She leaves, forfeits what she has, and comes back."""
    await leave(mei, at=at)
    await lifecycle.rejoin(mei, reason=ReasonCode("BACK"), actor=CLERK, now=at + DAY)


async def waits(_: UUID, at: datetime) -> None:
    """Her points expire."""
    await points.expire_due({}, at + DAY)


@pytest.mark.parametrize("gone", ["forfeited", "expired"])
@pytest.mark.parametrize("order", list(permutations(["A", "B", "gone"])), ids="-".join)
async def test_refunds_before_and_after_points_are_written_off_take_what_was_spent(
    gone: str, order: tuple[str, ...]
) -> None:
    mei = await shopper()
    await publish(opt_out_cooling_days=0)
    at = NOON
    for each in order:
        if each == "gone":
            at += 11 * DAY if gone == "expired" else DAY
            await (waits if gone == "expired" else leaves)(mei, at)
        else:
            await refund("tea", {each: {"A": 53_91, "B": 36_14}[each]}, at=at)
    await buy(mei, 100_00, at=at + DAY)
    told = await balance(mei)
    # whatever the order, she owes the 20 she spent and nothing that she lost
    assert (told["available"], told["debt"]) == (80, 0)
    assert sum(row["points"] - (row["written_off"] or 0) for row in await TOOK.rows(mei)) == -90
    assert await violations() == []


async def test_what_was_written_off_is_told_apart_from_what_is_lost() -> None:
    mei = await shopper()
    await publish(claw_back=ClawBack(ClawBackPolicy.CLAMP))
    await refund("tea", {"A": 53_91, "B": 36_14}, at=LATER)
    assert [tuple(row.values()) for row in await TOOK.rows(mei)] == [(0, 20, 70)]
    assert (await balance(mei))["lifetime_earned"] == 90
    assert await violations() == []


async def test_a_refund_to_somebody_who_was_erased_is_no_debt() -> None:
    mei = await shopper()
    await lifecycle.erase(mei, reason=ReasonCode("MEMBER_ASKED"), actor=proven(CLERK), now=NOON)
    await refund("tea", {"A": 53_91})
    await refund("tea", {"B": 36_14})
    # the 20 that were spent are owed for good
    assert (await balance(mei))["debt"] == 20
    assert await violations() == []


async def test_what_expired_with_who_they_are_now_is_not_taken_again() -> None:
    mei = await shopper()
    new, last = await member("New"), await member("Last")
    await merge(mei, new)
    await refund("tea", {"A": 10_00})
    await points.expire_due({}, LATER)
    await merge(new, last, at=LATER)
    await buy(last, 50_00, at=LATER)
    await refund("tea", {"A": 43_91, "B": 36_14}, at=LATER)
    assert (await balance(last))["available"] == 30
    assert await violations() == []


async def test_what_was_cancelled_with_who_they_are_now_is_not_taken_again() -> None:
    await programme()
    mei, new = await member("Mei"), await member("New")
    for who in (mei, new):
        await freeze(who)
    await buy(mei, 90_00, ref="tea")
    await merge(mei, new)
    reason, lot = ReasonCode("FRAUD"), await LOT.value(new)
    await points.cancel_pending(new, lot, reason=reason, key=fresh_key(), actor=CLERK, now=NOON)
    assert await violations() == []
    await refund("tea", {"A": 90_00})
    assert (await balance(new))["debt"] == 0
    assert ("CANCEL_PENDING", -90) in await movements(new)
    assert await violations() == []


async def test_those_who_left_and_are_refunded_before_they_come_back_owe_nothing_they_lost() -> None:
    mei = await shopper()
    await leave(mei)
    await part({}, LATER)
    await refund("tea", {"A": 53_91, "B": 36_14}, at=LATER)
    assert (await balance(mei))["debt"] == 20
    assert await violations() == []


@pytest.mark.parametrize("merges", [False, True], ids=["alone", "merged"])
@pytest.mark.parametrize("spends", [0, 30])
async def test_a_reward_that_expired_is_taken_out_of_nothing_else(*, merges: bool, spends: int) -> None:
    await programme()
    await publish(expiry=Expiry(ExpiryMode.ROLLING, 10, Span.DAY))
    await campaign()
    mei, heir = await member("Mei"), await member("Mei, too")
    said = await code(mei)
    await buy(await friend(said), 50_00, ref="tea")
    await work()
    if merges:
        await merge(mei, heir)
        mei = heir
    if spends:
        await redeem(mei, spends)
    await points.expire_due({}, NOON + 11 * DAY)
    await buy(mei, 60_00, at=NOON + 12 * DAY)
    await refund("tea", {"A": 50_00}, at=NOON + 12 * DAY)
    await work(NOON + 12 * DAY)
    # she gives back what she spent of it, and nothing that she lost
    assert ((await balance(mei))["available"], (await balance(mei))["debt"]) == (60 - spends, 0)


async def test_a_reward_is_taken_from_where_it_is_now_before_it_is_said_to_be_gone() -> None:
    await programme()
    await publish(claw_back=ClawBack(ClawBackPolicy.CLAMP))
    await campaign()
    mei, heir, last = await member("Mei"), await member("Mei, too"), await member("Mei, at last")
    await buy(await friend(await code(mei)), 50_00, ref="tea")
    await work()
    await merge(mei, heir)
    await merge(heir, last)
    await refund("tea", {"A": 50_00}, at=NOON + DAY)
    await work(NOON + DAY)
    assert ((await balance(last))["available"], await OWED.value(mei)) == (0, None)
