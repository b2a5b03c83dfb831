"""Holds refused: how many, how long, by whom, and what of them is done only once."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from models.members import MemberState
from models.staff import StaffRole
from models.units import Growth, Points, ReasonCode
from rules import lifecycle, points
from rules.actors import CLI, SYSTEM, Actor, ActorKind
from rules.idempotency import IdempotencyKeyReused
from rules.lifecycle import ErasureBlocked
from rules.points import (
    AboveTierLimit,
    CaptureExceedsHold,
    HoldNotOpen,
    HoldTooLong,
    InsufficientPoints,
    Kept,
    TooManyHolds,
)
from rules.points._holds import HOLD_MAX, HOLDS_MAX
from rules.programme import Rung
from rules.refusals import MemberFrozen, NotFound, Refusal
from tests.people import (
    CASHIER,
    CLERK,
    DAY,
    NOON,
    SHOP,
    capture,
    freeze,
    fresh_key,
    programme,
    redeem,
    release,
    set_aside,
    unfreeze,
)
from tests.stories.test_holds import QUARTER, figures, shopper


async def test_what_stands_against_a_redemption_stands_against_a_hold() -> None:
    await programme(ladder=(Rung("BASIC", "Basic", Growth(0), redeem_limit_points=Points(60)),))
    mei = await shopper(100)
    with pytest.raises(AboveTierLimit):
        await set_aside(mei, 61)
    await set_aside(mei, 60)
    with pytest.raises(InsufficientPoints):
        await set_aside(mei, 41)
    with pytest.raises(NotFound):
        await set_aside(uuid4(), 1)
    await freeze(mei)
    with pytest.raises(MemberFrozen):
        await set_aside(mei, 1)
    stranger, _ = await lifecycle.enter([], actor=SYSTEM, now=NOON)
    with pytest.raises(Refusal) as refused:
        await set_aside(stranger, 1)
    assert refused.value.code() == "MEMBER_NOT_ACTIVE"


async def test_a_frozen_members_hold_stays_and_is_not_taken_before_they_are_thawed() -> None:
    await programme()
    mei = await shopper(100)
    kept, given = await set_aside(mei, 60), await set_aside(mei, 10)
    await freeze(mei)
    assert await figures(mei) == (30, 70, 0)
    with pytest.raises(MemberFrozen):
        await capture(mei, kept.hold_id)
    await release(mei, given.hold_id)
    await unfreeze(mei)
    await capture(mei, kept.hold_id)
    assert await figures(mei) == (40, 0, 0)


async def test_a_hold_lasts_a_week_at_most() -> None:
    await programme()
    mei = await shopper(100)
    await set_aside(mei, 1, lasting=HOLD_MAX)
    with pytest.raises(HoldTooLong) as refused:
        await set_aside(mei, 1, lasting=HOLD_MAX + timedelta(seconds=1))
    assert (refused.value.wanted, refused.value.limit) == (604_801, 604_800)


async def test_a_member_has_only_so_many_holds_open() -> None:
    await programme()
    mei = await shopper(100)
    made = [await set_aside(mei, 1) for _ in range(HOLDS_MAX)]
    with pytest.raises(TooManyHolds):
        await set_aside(mei, 1)
    await release(mei, made[0].hold_id)
    await set_aside(mei, 1)
    await set_aside(mei, 1, at=NOON + QUARTER)
    assert await figures(mei) == (99, 1, 0)


async def test_a_hold_gives_what_it_has_and_only_once() -> None:
    await programme()
    mei = await shopper(100)
    kept = await set_aside(mei, 60)
    with pytest.raises(CaptureExceedsHold) as refused:
        await capture(mei, kept.hold_id, 61)
    assert (refused.value.wanted, refused.value.limit) == (61, 60)
    await capture(mei, kept.hold_id, 60)
    ends: list[Callable[[], Awaitable[Kept]]] = [
        lambda: capture(mei, kept.hold_id),
        lambda: release(mei, kept.hold_id),
    ]
    for end in ends:
        with pytest.raises(HoldNotOpen):
            await end()
    assert await figures(mei) == (40, 0, 0)


async def test_the_same_key_is_answered_alike_whatever_happened_since() -> None:
    await programme()
    mei = await shopper(100)
    holding, taking = fresh_key(), fresh_key()
    kept = await set_aside(mei, 60, key=holding)
    taken = await capture(mei, kept.hold_id, 50, key=taking)
    later = NOON + 2 * DAY
    again = await capture(mei, kept.hold_id, 50, key=taking, at=later)
    assert (again.hold_id, again.posted) == (kept.hold_id, replace(taken.posted, replayed=True))
    once_more = await set_aside(mei, 60, key=holding, at=later)
    assert (once_more.hold_id, once_more.posted) == (kept.hold_id, replace(kept.posted, replayed=True))
    with pytest.raises(IdempotencyKeyReused):
        await capture(mei, kept.hold_id, 49, key=taking)
    with pytest.raises(IdempotencyKeyReused):
        await set_aside(mei, 60, order_ref="another", key=holding)
    with pytest.raises(IdempotencyKeyReused):
        await release(mei, kept.hold_id, key=taking)
    let_go = await set_aside(mei, 10)
    leaving = fresh_key()
    first = await release(mei, let_go.hold_id, key=leaving)
    assert (await release(mei, let_go.hold_id, key=leaving)).posted == replace(first.posted, replayed=True)
    assert await figures(mei) == (50, 0, 0)


HERE, THERE = uuid4(), uuid4()
TILL = CASHIER._replace(role=StaffRole.CASHIER, store_id=HERE)


@pytest.mark.parametrize(
    ("made_by", "ended_by", "may"),
    [
        ("mei", "mei", True),
        ("mei", TILL, True),
        ("mei", SHOP, True),
        ("mei", CLERK, True),
        (SHOP, "mei", False),
        (TILL, "mei", False),
        (SHOP, SHOP._replace(id="newkey"), True),
        (SHOP, SHOP._replace(source="rival"), False),
        (TILL, SHOP, False),
        (TILL, TILL, True),
        (TILL, TILL._replace(store_id=THERE), False),
        (SHOP, TILL, False),
        (SHOP, CLERK, True),
        (TILL, CLERK, True),
    ],
)
async def test_a_hold_is_ended_by_those_whose_it_is(made_by: Any, ended_by: Any, may: bool) -> None:
    await programme()
    mei = await shopper(100)
    herself = Actor(ActorKind.MEMBER, str(mei))
    made_by, ended_by = (herself if each == "mei" else each for each in (made_by, ended_by))
    kept, other = await set_aside(mei, 10, actor=made_by), await set_aside(mei, 10, actor=made_by)
    if may:
        await capture(mei, kept.hold_id, actor=ended_by)
        await release(mei, other.hold_id, actor=ended_by)
        return
    for end in (capture, release):
        with pytest.raises(NotFound):
            await end(mei, kept.hold_id, actor=ended_by)


async def test_a_hold_is_found_with_its_own_member_only() -> None:
    await programme()
    mei, wang = await shopper(), await shopper()
    kept = await set_aside(mei, 10)
    for end in (capture, release):
        with pytest.raises(NotFound):
            await end(wang, kept.hold_id)
        with pytest.raises(NotFound):
            await end(mei, uuid4())


async def test_nobody_is_erased_while_a_checkout_is_under_way() -> None:
    await programme()
    mei = await shopper(100)
    await set_aside(mei, 60)
    why = ReasonCode("ASKED")
    with pytest.raises(ErasureBlocked) as refused:
        await lifecycle.erase(mei, reason=why, actor=CLI, now=NOON)
    assert refused.value.held == 60
    assert await lifecycle.erase(mei, reason=why, actor=CLI, now=NOON + QUARTER) is MemberState.ERASED
    await points.release_overdue({}, NOON + QUARTER)
    assert await figures(mei) == (0, 0, 0)


async def test_whom_a_restore_brought_back_is_erased_again_whatever_is_held() -> None:
    await programme()
    mei = await shopper(100)
    await set_aside(mei, 60)
    assert await lifecycle.erase(mei, reason=ReasonCode("RESTORED"), actor=SYSTEM, now=NOON) is MemberState.ERASED


async def test_an_open_hold_costs_a_redemption_nothing(statements: list[str]) -> None:
    await programme()
    mei, wang = await shopper(), await shopper()
    await set_aside(mei, 10)
    counts = []
    for who in (wang, mei):
        statements.clear()
        await redeem(who, 5)
        counts.append(len(statements))
    assert counts[0] == counts[1]
