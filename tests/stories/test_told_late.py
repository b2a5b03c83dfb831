"""A completion counts when it happened: points that were cancelled before word of it came are put back."""

from datetime import datetime, timedelta
from itertools import permutations
from uuid import UUID

import pytest

from models.earning import EarnRuleKind as Kind
from models.invariants import violations
from models.purchases import PurchaseEventKind as Event
from models.sql import SQL
from models.units import Points, ReasonCode
from rules import points
from rules.policy import Activation, ActivationMode, Expiry, ExpiryMode, Span
from rules.purchases import Applied
from tests.people import (
    CLERK,
    DAY,
    NOON,
    adjust,
    balance,
    buy,
    caps,
    freeze,
    fresh_key,
    happens,
    member,
    merge,
    movements,
    programme,
    publish,
    refund,
    rule,
    unfreeze,
)

DEADLINE = datetime.fromisoformat("2026-03-17T16:00:00+00:00")
"""The midnight in Shanghai that ends the seventh day."""
MS = timedelta(milliseconds=1)
TOLD = DEADLINE + 2 * DAY
LOT = SQL("SELECT id FROM points_lot WHERE member_id = $1")
LIVES = SQL("SELECT activates_at, expires_at, remaining, active FROM points_lot WHERE member_id = $1")
BUDGET = SQL("SELECT used FROM earn_budget WHERE code = $1")


async def waiting(minor: int = 100_00, **parts: int) -> UUID:
    """A member whose points of an order wait for its completion, for seven days."""
    await programme()
    cancelled = Activation(ActivationMode.ON_COMPLETION, cancel_after_days=7)
    await publish(activation=cancelled, expiry=Expiry(ExpiryMode.ROLLING, 30, Span.DAY))
    if parts:
        await rule("TEN", Kind.BONUS_POINTS, budget=Points(parts["budget"]), caps=caps(lifetime=10))
    mei = await member("Mei")
    await buy(mei, minor, ref="tea")
    return mei


async def completed(at: datetime, told: datetime = TOLD) -> Applied:
    return await happens(Event.COMPLETED, "tea", at=at, now=told)


@pytest.mark.parametrize("written", ["by a sweeper", "by whoever opens the account"])
@pytest.mark.parametrize(("at", "left"), [(DEADLINE - MS, 100), (DEADLINE, 0), (DEADLINE + MS, 0)])
async def test_a_completion_in_time_puts_cancelled_points_back(at: datetime, left: int, written: str) -> None:
    mei = await waiting()
    if written == "by a sweeper":
        await points.activate_due({}, DEADLINE)
        assert (await balance(mei))["pending"] == 0
    await completed(at)
    told = await balance(mei)
    assert (told["available"], told["pending"], told["growth"], told["lifetime_earned"]) == (left, 0, left, left)
    if left:
        [lot] = await LIVES.rows(mei)
        # it lives from the completion on, as it would have
        assert (lot["activates_at"], lot["expires_at"]) == (at, DEADLINE + 30 * DAY)
        assert await movements(mei) == [("EARN", 100), ("CANCEL_PENDING", -100), ("RESTORE", 100), ("ACTIVATE", 0)]
    await happens(Event.COMPLETED, "tea", at=at, now=TOLD + DAY)
    assert (await balance(mei))["available"] == left
    assert await violations() == []


@pytest.mark.parametrize("order", list(permutations(["A", "B", "told"])), ids="-".join)
async def test_refunds_around_it_are_exact_in_any_order(order: tuple[str, ...]) -> None:
    await waiting()
    mei = await member("Other")
    await buy(mei, 53_91, 36_14, ref="two")
    for step, each in enumerate(order):
        at = DEADLINE - DAY if step == 0 and each != "told" else TOLD
        if each == "told":
            await happens(Event.COMPLETED, "two", at=DEADLINE - MS, now=TOLD)
        else:
            await refund("two", {each: {"A": 53_91, "B": 36_14}[each]}, at=at)
    told = await balance(mei)
    assert [told[name] for name in ("available", "pending", "debt", "growth", "lifetime_earned")] == [0] * 5
    assert await violations() == []


async def test_what_staff_cancelled_stays_cancelled() -> None:
    mei = await waiting()
    reason, lot = ReasonCode("FRAUD"), await LOT.value(mei)
    await points.cancel_pending(mei, lot, reason=reason, key=fresh_key(), actor=CLERK, now=NOON)
    await completed(DEADLINE - MS)
    assert (await balance(mei))["available"] == 0


async def test_what_was_restored_uses_its_budget_and_cap_again_and_gives_them_back_with_a_refund() -> None:
    mei = await waiting(budget=10)
    await points.activate_due({}, DEADLINE)
    assert await BUDGET.value("TEN") == 0
    await completed(DEADLINE - MS)
    assert ((await balance(mei))["available"], await BUDGET.value("TEN")) == (110, 10)
    await refund("tea", {"A": 50_00}, at=TOLD)
    assert ((await balance(mei))["available"], await BUDGET.value("TEN")) == (55, 5)
    assert await violations() == []


async def test_a_budget_that_others_had_meanwhile_is_not_exceeded_and_a_cap_is_widened() -> None:
    mei = await waiting(budget=15)
    await adjust(mei, 1, at=DEADLINE)
    await buy(mei, 10_00, at=DEADLINE, ref="more")
    await completed(DEADLINE - MS)
    # the base is put back, the ten are not: five were left
    assert ((await balance(mei))["available"], await BUDGET.value("TEN")) == (101, 10)
    await refund("tea", {"A": 100_00}, at=TOLD)
    await refund("more", {"A": 10_00}, at=TOLD)
    assert ((await balance(mei))["pending"], await BUDGET.value("TEN")) == (0, 0)
    assert await violations() == []


async def test_of_a_frozen_member_it_waits_for_the_thaw() -> None:
    mei = await waiting()
    await freeze(mei)
    await buy(mei, 10_00, ref="frozen")
    await points.activate_due({}, DEADLINE)
    await happens(Event.COMPLETED, "frozen", at=DEADLINE - MS, now=TOLD)
    assert ((await balance(mei))["available"], (await balance(mei))["pending"]) == (0, 10)
    await unfreeze(mei, at=TOLD)
    assert (await balance(mei))["available"] == 10
    assert await violations() == []


async def test_of_a_merged_member_it_is_who_they_are_now() -> None:
    mei = await waiting()
    new = await member("New")
    await merge(mei, new)
    await points.activate_due({}, DEADLINE)
    await completed(DEADLINE - MS)
    assert ((await balance(new))["available"], (await balance(new))["growth"]) == (100, 100)
    assert await violations() == []


async def test_what_would_have_expired_since_is_written_off() -> None:
    mei = await waiting()
    await completed(DEADLINE - MS, DEADLINE + 60 * DAY)
    await adjust(mei, 1, at=DEADLINE + 60 * DAY)
    assert (await balance(mei))["available"] == 1
    assert ("EXPIRE", -100) in await movements(mei)
    assert await violations() == []
