"""Paying with points: within the order's share and what its shop said, in whole units, whoever is first."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from models.invariants import violations
from models.units import BasisPoints, Growth, Minor, Points
from rules import points
from rules.points import AboveShareLimit, Cart, OffUnit
from rules.policy import Payment
from rules.programme import Rung
from tests.people import (
    NOON,
    adjust,
    balance,
    buy,
    capture,
    give_back,
    member,
    programme,
    publish,
    redeem,
    release,
    set_aside,
)
from tests.stories.test_races import outcomes

HALF = Payment(points=Points(100), minor=Minor(100), max_share_bps=BasisPoints(5_000), unit=Points(10))


async def mei_with(held: int = 50_000, payment: Payment = HALF, **terms: Any) -> UUID:
    """Somebody with points, where a hundred of them are worth a yuan and pay half of an order at most."""
    await programme(**terms)
    await publish(payment=payment)
    mei = await member("Mei")
    await adjust(mei, held)
    return mei


async def ordered(mei: UUID, *lines: int, by_points: int) -> UUID:
    return (await buy(mei, *lines, paid=False, by_points_minor=Minor(by_points))).purchase_id


async def test_points_pay_what_the_shop_said_and_not_a_unit_more() -> None:
    mei = await mei_with()
    tea = await ordered(mei, 100_00, by_points=3_000)
    with pytest.raises(AboveShareLimit) as refused:
        await redeem(mei, 3_010, purchase_id=tea)
    assert (refused.value.wanted, refused.value.limit) == (3_010, 3_000)
    with pytest.raises(OffUnit):
        await redeem(mei, 2_995, purchase_id=tea)
    await redeem(mei, 1_000, purchase_id=tea)
    with pytest.raises(AboveShareLimit) as refused:
        await redeem(mei, 2_010, purchase_id=tea)
    assert refused.value.limit == 2_000
    await redeem(mei, 2_000, purchase_id=tea)
    assert (await balance(mei))["available"] == 47_000


async def test_an_order_that_says_more_than_its_share_is_paid_up_to_its_share() -> None:
    mei = await mei_with()
    tea = await ordered(mei, 60_00, 40_00, by_points=9_000)
    with pytest.raises(AboveShareLimit) as refused:
        await redeem(mei, 5_010, purchase_id=tea)
    assert refused.value.limit == 5_000
    await redeem(mei, 5_000, purchase_id=tea)


async def test_an_order_of_which_the_shop_said_nothing_is_not_paid_by_points() -> None:
    mei = await mei_with()
    tea = await ordered(mei, 100_00, by_points=0)
    with pytest.raises(AboveShareLimit):
        await redeem(mei, 10, purchase_id=tea)
    await redeem(mei, 13)


async def test_what_came_back_may_pay_again() -> None:
    mei = await mei_with()
    tea = await ordered(mei, 100_00, by_points=3_000)
    spent = await redeem(mei, 3_000, purchase_id=tea)
    await give_back(mei, spent.transaction_id, 1_000)
    await redeem(mei, 1_000, purchase_id=tea)
    with pytest.raises(AboveShareLimit):
        await redeem(mei, 10, purchase_id=tea)


async def test_holds_and_captures_are_bound_alike_and_count() -> None:
    mei = await mei_with()
    tea = await ordered(mei, 100_00, by_points=3_000)
    with pytest.raises(AboveShareLimit):
        await set_aside(mei, 3_010, purchase_id=tea)
    kept = await set_aside(mei, 2_000, purchase_id=tea)
    with pytest.raises(AboveShareLimit):
        await redeem(mei, 1_010, purchase_id=tea)
    with pytest.raises(OffUnit):
        await capture(mei, kept.hold_id, 15)
    await capture(mei, kept.hold_id, 1_500)
    free = await set_aside(mei, 1_510, order_ref="tea")
    with pytest.raises(AboveShareLimit):
        await capture(mei, free.hold_id, purchase_id=tea)
    await capture(mei, free.hold_id, 1_500, purchase_id=tea)
    with pytest.raises(OffUnit):
        await set_aside(mei, 15, order_ref="cake")
    await release(mei, (await set_aside(mei, 15)).hold_id)
    assert await violations() == []


async def test_a_hold_that_has_ended_counts_no_longer() -> None:
    mei = await mei_with()
    tea = await ordered(mei, 100_00, by_points=3_000)
    await set_aside(mei, 3_000, purchase_id=tea, lasting=timedelta(minutes=1))
    with pytest.raises(AboveShareLimit):
        await redeem(mei, 10, purchase_id=tea)
    await redeem(mei, 3_000, purchase_id=tea, at=NOON + timedelta(minutes=1))


async def test_a_programme_that_never_said_what_points_are_worth_binds_nobody() -> None:
    mei = await mei_with(payment=Payment())
    tea = (await buy(mei, 1_00)).purchase_id
    await redeem(mei, 7_777, purchase_id=tea)


async def test_sixteen_who_pay_for_one_order_at_once_pay_it_once() -> None:
    mei = await mei_with()
    tea = await ordered(mei, 100_00, by_points=3_000)
    won, refused = await asyncio.wait_for(outcomes(redeem(mei, 500, purchase_id=tea) for _ in range(16)), 60)
    assert (len(won), refused) == (6, {AboveShareLimit.code(): 10})


async def test_a_trial_tells_the_most_and_what_stands_against_what_was_asked_for() -> None:
    ladder = (Rung("BASIC", "Basic", Growth(0), redeem_limit_points=Points(2_000)),)
    mei = await mei_with(2_345, ladder=ladder)
    told = await points.offer(mei, Cart((Minor(100_00),)), None, now=NOON)
    assert (told.usable, told.worth, told.share_limit, told.tier_limit) == (2_000, 2_000, 5_000, 2_000)
    assert told.objections == []
    told = await points.offer(mei, Cart((Minor(15_55),)), Points(2_345), now=NOON)
    # half of it is 7.77, of which 770 points pay 7.70: a unit more would be beyond it
    assert (told.usable, told.worth, told.share_limit, told.pays) == (770, 770, 770, 1_555)
    assert [type(each).__name__ for each in told.objections] == ["AboveTierLimit", "OffUnit", "AboveShareLimit"]


async def test_a_trial_counts_what_is_set_aside_for_the_order() -> None:
    mei = await mei_with()
    await set_aside(mei, 3_000, order_ref="tea-1")
    told = await points.offer(mei, Cart((Minor(100_00),), "tea-1"), None, now=NOON)
    assert (told.already, told.usable, told.worth) == (3_000, 2_000, 2_000)
    told = await points.offer(mei, Cart((Minor(100_00),), "tea-2"), None, now=NOON)
    assert told.usable == 5_000
