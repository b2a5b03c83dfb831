"""What tiers take off prices: what a trial says of points and of goods is what is done, at every moment."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from models.invariants import violations
from models.units import BasisPoints, Minor, Points
from rules import points
from rules.points import AboveShareLimit, Cart, Offer
from rules.policy import Payment
from rules.refusals import Refusal
from rules.schemes import TierSchemeInvalid
from tests.ladder import pay, plan, scheme
from tests.people import DAY, NOON, adjust, balance, buy, capture, member, programme, publish, redeem, set_aside

OFF = {"kind": "REDEEM_DISCOUNT", "value": 1_500}
CHEAPER = {"kind": "MEMBER_PRICE", "value": 1_000}
HALF = Payment(points=Points(100), minor=Minor(100), max_share_bps=BasisPoints(5_000), unit=Points(10))


async def gold_mei(held: int = 50_000, payment: Payment = HALF, **gives: list[dict[str, Any]]) -> UUID:
    """Somebody who is gold for thirty days, where gold takes something off."""
    await programme()
    await scheme(benefits=gives or {"GOLD": [OFF, CHEAPER]})
    await publish(payment=payment)
    await plan()
    mei = await member("Mei")
    await pay(mei)
    await adjust(mei, held)
    return mei


async def tried(mei: UUID, *lines: int, **more: Any) -> Offer:
    at = more.pop("at", NOON)
    return await points.offer(mei, Cart(tuple(Minor(each) for each in lines), **more), None, now=at)


CARTS = [
    (HALF, 50_000, (100_00,)),
    (HALF, 50_000, (59_90, 40_15, 0)),
    (HALF, 1_234, (100_00, 1)),
    (replace(HALF, points=Points(3), minor=Minor(1), unit=Points(1)), 100, (99_99,)),
    (replace(HALF, points=Points(1), minor=Minor(3), unit=Points(7)), 50_000, (33_33, 66_67)),
    (replace(HALF, max_share_bps=BasisPoints(10_000)), 50_000, (15_55, 7)),
]


@pytest.mark.parametrize(("payment", "held", "lines"), CARTS)
async def test_what_a_trial_says_is_usable_pays_and_a_unit_more_is_refused(
    payment: Payment, held: int, lines: tuple[int, ...]
) -> None:
    mei = await gold_mei(held, payment)
    told = await tried(mei, *lines)
    assert told.usable > 0
    for is_held in (False, True):
        order = await buy(mei, *told.lines, paid=False, by_points_minor=told.worth)
        with pytest.raises(Refusal):
            await redeem(mei, told.usable + payment.unit, purchase_id=order.purchase_id)
        with pytest.raises(Refusal):
            await set_aside(mei, told.usable + payment.unit, purchase_id=order.purchase_id)
        if is_held:
            kept = await set_aside(mei, told.usable, purchase_id=order.purchase_id)
            await capture(mei, kept.hold_id)
        else:
            await redeem(mei, told.usable, purchase_id=order.purchase_id)
        await adjust(mei, held - (await balance(mei))["available"])
    assert await violations() == []


async def test_fewer_points_pay_the_same_part_of_a_lower_price() -> None:
    mei = await gold_mei()
    wang = await member("Wang")
    await adjust(wang, 50_000)
    told, plainly = await tried(mei, 59_90, 40_15), await tried(wang, 59_90, 40_15)
    assert (told.lines, told.goods, told.member_price_bps) == ((53_91, 36_13), 90_04, 1_000)
    # half of it is 45.02; ceil(4502 * 0.85) = 3827 points would pay it, and 3820 are whole units
    assert (told.usable, told.worth) == (3_820, 44_94)
    assert (plainly.lines, plainly.usable, plainly.worth) == ((59_90, 40_15), 5_000, 50_00)


async def test_lines_at_the_members_price_are_not_lowered_twice() -> None:
    mei = await gold_mei()
    told = await tried(mei, 53_91, 36_13, is_member_priced=True)
    assert (told.lines, told.member_price_bps, told.usable) == ((53_91, 36_13), 0, 3_820)


async def test_when_the_tier_is_over_so_are_its_prices_whoever_has_written_it() -> None:
    mei = await gold_mei()
    later = NOON + 40 * DAY
    told = await tried(mei, 100_00, at=later)
    assert (told.goods, told.usable, told.rate.discount_bps) == (100_00, 5_000, 0)
    order = await buy(mei, 100_00, paid=False, at=later, by_points_minor=Minor(50_00))
    await redeem(mei, 5_000, purchase_id=order.purchase_id, at=later)


async def test_points_that_were_set_aside_pay_at_the_price_of_that_moment() -> None:
    mei = await gold_mei(GOLD=[OFF])
    wang = await member("Wang")
    await adjust(wang, 50_000)
    kept = await set_aside(wang, 5_000, order_ref="tea")
    await pay(wang)
    order = await buy(wang, 100_00, paid=False, by_points_minor=Minor(50_00))
    with pytest.raises(AboveShareLimit) as refused:
        await redeem(wang, 5_000, purchase_id=order.purchase_id)
    assert refused.value.limit == 4_250
    await capture(wang, kept.hold_id, purchase_id=order.purchase_id)
    assert await violations() == []
    # and who was gold when they did still pays with no more of them when gold is over
    later = NOON + 34 * DAY
    long = await set_aside(mei, 4_500, order_ref="cake", at=NOON + 29 * DAY, lasting=timedelta(days=6))
    order = await buy(mei, 100_00, paid=False, at=later, by_points_minor=Minor(50_00))
    with pytest.raises(AboveShareLimit):
        await capture(mei, long.hold_id, purchase_id=order.purchase_id, at=later)
    await capture(mei, long.hold_id, 4_250, purchase_id=order.purchase_id, at=later)


@pytest.mark.parametrize("kind", ["REDEEM_DISCOUNT", "MEMBER_PRICE"])
@pytest.mark.parametrize("spoiled", [{"value": 0}, {"value": 10_000}, {"value": None}, {"code": "TEA"}])
async def test_a_tier_takes_less_than_all_off(kind: str, spoiled: dict[str, Any]) -> None:
    await programme()
    with pytest.raises(TierSchemeInvalid):
        await scheme(benefits={"GOLD": [{"kind": kind, "value": 1, **spoiled}]})
