"""Caps and budgets are what a person holds of them: without what was cancelled, with what both had who are one."""

import asyncio
from datetime import datetime
from uuid import UUID

import pytest

from models.earning import EarnRuleKind as Kind
from models.invariants import violations
from models.purchases import PurchaseEventKind as Event
from models.sql import SQL
from models.units import Points, ReasonCode
from rules import lifecycle, points, purchases
from rules.policy import Activation, ActivationMode
from rules.purchases import Applied
from tests.people import (
    CLERK,
    DAY,
    NOON,
    SHOP,
    adjust,
    balance,
    buy,
    caps,
    fresh_key,
    happens,
    member,
    merge,
    order,
    programme,
    proven,
    publish,
    refund,
    rule,
)

CANCELLED = Activation(ActivationMode.ON_COMPLETION, cancel_after_days=7)
LATE = NOON + 8 * DAY
BUDGET = SQL("SELECT used FROM earn_budget WHERE code = $1")
USAGE = SQL("SELECT used FROM earn_usage WHERE member_id = $1 AND code = $2 AND period = $3")
PENDING = SQL("SELECT id FROM points_lot WHERE member_id = $1 AND NOT active AND granted = 10")


async def spent_budget() -> UUID:
    """A member who has all of a rule's budget of ten, pending until an order is completed."""
    await programme()
    await publish(activation=CANCELLED)
    await rule("TEN", Kind.BONUS_POINTS, caps=caps(month=10, lifetime=10), budget=Points(10))
    mei = await member("Mei")
    await buy(mei, 100_00, ref="tea")
    assert await BUDGET.value("TEN") == 10
    return mei


@pytest.mark.parametrize("at", [LATE, NOON + 60 * DAY])
async def test_points_that_never_became_available_are_held_of_no_cap_and_no_budget(at: datetime) -> None:
    mei = await spent_budget()
    # what counts is when it happened, not when somebody writes it
    await adjust(mei, 1, at=at)
    assert await BUDGET.value("TEN") == 0
    assert [await USAGE.value(mei, "TEN", period) for period in ("LIFETIME", "MONTH")] == [0, 0]
    await refund("tea", {"A": 100_00}, at=NOON + 61 * DAY)
    assert (await balance(mei))["debt"] == 0
    await buy(mei, 50_00, at=NOON + 61 * DAY)
    assert await BUDGET.value("TEN") == 10
    assert await violations() == []


async def test_the_sweeper_gives_back_what_it_cancels() -> None:
    await spent_budget()
    await points.activate_due({}, LATE)
    assert await BUDGET.value("TEN") == 0


async def test_what_staff_cancel_is_given_back_once_and_what_was_refunded_before_is_not() -> None:
    mei = await spent_budget()
    await refund("tea", {"A": 50_00})
    assert await BUDGET.value("TEN") == 5
    reason = ReasonCode("FRAUD")
    lot = await PENDING.value(mei)
    await points.cancel_pending(mei, lot, reason=reason, key=fresh_key(), actor=CLERK, now=NOON)
    assert await BUDGET.value("TEN") == 0
    await adjust(mei, 1, at=LATE)
    await refund("tea", {"A": 50_00}, at=LATE)
    assert (await BUDGET.value("TEN"), (await balance(mei))["debt"]) == (0, 0)
    assert await violations() == []


async def two_who_buy() -> tuple[UUID, UUID]:
    """Two members who have bought once each, under a rule for first orders and one with ten points for life."""
    await programme()
    await rule("FIRST", Kind.BONUS_POINTS, points=Points(100), first_order=True)
    await rule("TEN", Kind.BONUS_POINTS, caps=caps(day=25, lifetime=30))
    old, new = await member("Old"), await member("New")
    await buy(old, 10_00, ref="old", at=NOON - DAY)
    await buy(old, 10_00, ref="older", at=NOON)
    return old, new


async def given(done: Applied) -> list[int]:
    """What the rules of `two_who_buy` gave for an order, the first order's first."""
    return [row["points"] for row in await AWARDS.rows(done.member_id, done.purchase_id)]


AWARDS = SQL(
    "SELECT a.points FROM earn_award a JOIN earn_rule e ON e.id = a.rule_id WHERE a.member_id = $1"
    " AND a.purchase_id = $2 ORDER BY e.code"
)


async def test_two_who_turn_out_to_be_one_have_one_cap_and_one_first_order() -> None:
    old, new = await two_who_buy()
    await buy(old, 1_00, ref="unpaid", paid=False)
    await merge(old, new)
    # of the day 15 are left, of the life 10, and the first order was the other's
    assert await given(await buy(new, 10_00)) == [10]
    assert await given(await buy(new, 10_00)) == [0]
    assert await given(await happens(Event.PAID, "unpaid")) == [0]
    await refund("old", {"A": 5_00})
    foreseen = await purchases.preview(new, order(10_00, ref="next"), paid_at=NOON, actor=SHOP, now=NOON)
    assert foreseen.awards[-1].points == 5
    assert await given(await buy(new, 10_00)) == [5]
    assert await violations() == []


async def test_unmerging_leaves_each_what_is_theirs_of_caps_and_first_orders() -> None:
    old, new = await two_who_buy()
    await merge(old, new)
    await buy(new, 10_00, ref="since")
    await lifecycle.unmerge(old, reason=ReasonCode("MISTAKE"), key=fresh_key(), actor=proven(CLERK), now=NOON)
    assert await given(await buy(old, 10_00, at=NOON + DAY)) == [10]
    assert await given(await buy(old, 10_00, at=NOON + DAY)) == [0]
    assert await given(await buy(new, 10_00, at=NOON + DAY)) == [10]
    assert await violations() == []


async def test_a_person_by_way_of_others_has_one_cap() -> None:
    old, new = await two_who_buy()
    last = await member("Last")
    await merge(old, new)
    await merge(new, last)
    assert await given(await buy(last, 10_00)) == [10]
    assert await given(await buy(last, 10_00)) == [0]


async def test_orders_of_both_at_once_share_the_last_points_of_a_cap() -> None:
    old, new = await two_who_buy()
    refs = [f"order-of-old-{number}" for number in range(8)]
    for ref in refs:
        await buy(old, 10_00, ref=ref, paid=False)
    await merge(old, new)
    done = await asyncio.gather(*(happens(Event.PAID, ref) for ref in refs), *(buy(new, 10_00) for _ in range(8)))
    assert sum([sum(await given(each)) for each in done]) == 10
    assert await violations() == []
