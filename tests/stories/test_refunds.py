"""Refunds: one event drives every reversal, exactly, however it comes."""

from datetime import timedelta
from itertools import permutations
from uuid import UUID

import pytest

from models.purchases import PurchaseEventKind as Event
from models.sql import SQL
from rules.actors import Actor, ActorKind
from rules.points import RefundExceedsOriginal
from rules.purchases import OrderInvalid, lapse
from rules.refusals import NotFound
from tests.people import (
    CASHIER,
    NOON,
    balance,
    buy,
    give_back,
    happens,
    lots,
    member,
    movements,
    programme,
    redeem,
    refund,
)

STATE = SQL("SELECT state, refunded_minor FROM purchase WHERE member_id = $1 AND order_ref = $2")
PARKED = SQL("SELECT state FROM purchase_event WHERE member_id = $1 AND kind = 'REFUNDED' ORDER BY event_ref")
HOUR = timedelta(hours=1)
MS = timedelta(milliseconds=1)


async def test_nothing_is_refunded_beyond_what_was_paid() -> None:
    await programme()
    mei = await member("Mei")
    await buy(mei, 80_00, 20_00, ref="tea")
    for line, amount in [("A", 80_01), ("B", 20_01), ("A", 100_00)]:
        with pytest.raises(RefundExceedsOriginal) as refused:
            await refund("tea", {line: amount})
        assert refused.value.wanted == amount
    await refund("tea", {"A": 79_00, "B": 20_00})
    with pytest.raises(RefundExceedsOriginal) as refused:
        await refund("tea", {"A": 1_01})
    assert refused.value.left == 1_00
    await refund("tea", {"A": 1_00})
    assert (await balance(mei))["available"] == 0
    assert await STATE.row(mei, "tea") == {"state": "REFUNDED", "refunded_minor": 100_00}


async def test_a_refund_of_an_unknown_line_or_of_none_is_refused() -> None:
    await programme()
    mei = await member("Mei")
    await buy(mei, 80_00, ref="tea")
    for lines in ({"Z": 1}, {"A": -1}, {}):
        with pytest.raises(OrderInvalid):
            await refund("tea", lines)
    assert (await balance(mei))["available"] == 80


async def test_points_spent_on_an_order_come_back_before_those_it_earned_are_taken() -> None:
    await programme()
    mei = await member("Mei")
    await buy(mei, 60_00)
    bought = await buy(mei, 100_00, ref="coat", by_points_minor=30_00)
    await redeem(mei, 60, purchase_id=bought.purchase_id)
    assert (await balance(mei))["available"] == 70
    await refund("coat", {"A": 50_00})
    assert (await balance(mei))["available"] == 70 + 30 - 35
    await refund("coat", {"A": 50_00})
    after = await balance(mei)
    assert (after["available"], after["debt"], after["lifetime_spent"]) == (60, 0, 0)
    assert (await movements(mei))[3:] == [("RETURN", 30), ("CLAWBACK", -35), ("RETURN", 30), ("CLAWBACK", -35)]


async def test_what_staff_returned_by_hand_does_not_come_back_twice() -> None:
    await programme()
    mei = await member("Mei")
    await buy(mei, 100_00)
    bought = await buy(mei, 40_00, ref="coat", by_points_minor=40_00)
    spent = await redeem(mei, 40, purchase_id=bought.purchase_id)
    await give_back(mei, spent.transaction_id, 30)
    await refund("coat", {"A": 20_00})
    assert (await balance(mei))["available"] == 90
    await refund("coat", {"A": 20_00})
    assert (await balance(mei))["available"] == 100
    with pytest.raises(RefundExceedsOriginal) as refused:
        await give_back(mei, spent.transaction_id, 1)
    assert (refused.value.wanted, refused.value.left) == (1, 0)


async def test_points_returned_to_a_purchase_are_not_the_first_its_refund_claws_back() -> None:
    await programme(expire_months=1)
    mei = await member("Mei")
    await buy(mei, 50_00)
    later = NOON + timedelta(days=20)
    bought = await buy(mei, 100_00, ref="coat", by_points_minor=50_00, at=later)
    await redeem(mei, 50, purchase_id=bought.purchase_id, at=later)
    after = NOON + timedelta(days=40)
    await refund("coat", {"A": 50_00}, at=after)
    # the 25 of the expired lot live a week more; the 25 clawed back are the purchase's own
    assert [(lot["granted"], lot["remaining"]) for lot in await lots(mei)] == [(50, 0), (50, 25), (25, 25)]


async def test_cancelling_an_unpaid_order_returns_what_was_spent_on_it() -> None:
    await programme()
    mei = await member("Mei")
    await buy(mei, 100_00)
    ordered = await buy(mei, 80_00, ref="coat", paid=False, by_points_minor=60_00)
    await redeem(mei, 60, purchase_id=ordered.purchase_id)
    await happens(Event.CANCELLED, "coat")
    assert (await balance(mei))["available"] == 100
    assert await movements(mei) == [("EARN", 100), ("REDEEM", -60), ("RETURN", 60)]


async def test_points_pay_only_towards_ones_own_live_order() -> None:
    await programme()
    mei, wang = await member("Mei"), await member("Wang")
    await buy(mei, 100_00)
    wangs = await buy(wang, 80_00)
    gone = await buy(mei, 80_00, ref="gone", paid=False)
    await happens(Event.CANCELLED, "gone")
    returned = await buy(mei, 20_00, ref="returned")
    await refund("returned", {"A": 20_00})
    for purchase in (wangs, gone, returned):
        with pytest.raises(NotFound):
            await redeem(mei, 10, purchase_id=purchase.purchase_id)


async def test_a_refund_told_before_its_payment_waits_and_takes_effect_with_it() -> None:
    await programme()
    mei = await member("Mei")
    await buy(mei, 80_00, 20_00, ref="tea", paid=False)
    parked = await refund("tea", {"B": 20_00})
    assert (parked.parked, parked.transaction_ids) == (True, ())
    assert await movements(mei) == []
    paid = await happens(Event.PAID, "tea", at=NOON + HOUR)
    assert paid.growth == 80
    assert await movements(mei) == [("EARN", 100), ("CLAWBACK", -20)]
    assert await STATE.row(mei, "tea") == {"state": "PARTIALLY_REFUNDED", "refunded_minor": 20_00}


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_refunds_told_before_and_after_the_payment_end_alike(order: tuple[int, ...]) -> None:
    await programme()
    mei = await member("Mei")
    await buy(mei, 53_91, 36_14, ref="tea", paid=False)
    told = [{"A": 17_77}, {"B": 36_14}, {"A": 36_14}]
    for place, which in enumerate(order):
        if place == 2:
            await happens(Event.COMPLETED, "tea")
        await refund("tea", told[which], f"r-{which}")
    now = await balance(mei)
    assert (now["available"], now["debt"], now["growth"], now["lifetime_earned"]) == (0, 0, 0, 0)
    assert (await STATE.row(mei, "tea") or {})["state"] == "REFUNDED"


@pytest.mark.parametrize(("late", "left"), [(-MS, 60), (timedelta(), 80), (MS, 80)])
async def test_a_refund_whose_payment_does_not_come_for_72_hours_lapses(late: timedelta, left: int) -> None:
    await programme()
    mei = await member("Mei")
    await buy(mei, 80_00, ref="tea", paid=False)
    await refund("tea", {"A": 20_00})
    # whether or not the sweeper has been there
    await happens(Event.PAID, "tea", at=NOON + 72 * HOUR + late)
    assert (await balance(mei))["available"] == left


async def test_the_sweeper_marks_refunds_whose_payment_never_came() -> None:
    await programme()
    mei = await member("Mei")
    await buy(mei, 80_00, ref="tea", paid=False)
    await refund("tea", {"A": 20_00}, "r-1")
    await refund("tea", {"A": 20_00}, "r-2", at=NOON + HOUR)
    await lapse({}, NOON + 72 * HOUR)
    assert [row["state"] for row in await PARKED.rows(mei)] == ["LAPSED", "PARKED"]
    await lapse({}, NOON + 72 * HOUR)
    await happens(Event.PAID, "tea", at=NOON + 72 * HOUR)
    assert [row["state"] for row in await PARKED.rows(mei)] == ["LAPSED", "APPLIED"]
    assert (await balance(mei))["available"] == 60


async def test_a_refund_that_cannot_take_effect_is_not_parked_either() -> None:
    await programme()
    mei = await member("Mei")
    await buy(mei, 80_00, ref="tea", paid=False)
    with pytest.raises(OrderInvalid):
        await refund("tea", {"Z": 1})
    with pytest.raises(RefundExceedsOriginal):
        await refund("tea", {"A": 80_01})
    await refund("tea", {"A": 60_00})
    with pytest.raises(RefundExceedsOriginal) as refused:
        await refund("tea", {"A": 20_01})
    assert refused.value.left == 20_00
    await refund("tea", {"A": 20_00})
    await happens(Event.PAID, "tea")
    assert (await balance(mei))["available"] == 0


async def test_a_refund_that_lapsed_may_be_told_again() -> None:
    await programme()
    mei = await member("Mei")
    await buy(mei, 80_00, ref="tea", paid=False)
    await refund("tea", {"A": 20_00}, "r-1")
    again = await refund("tea", {"A": 20_00}, "r-1", at=NOON + HOUR)
    assert (again.parked, again.replayed) == (True, True)
    late = NOON + 73 * HOUR
    await happens(Event.PAID, "tea", at=late)
    assert (await balance(mei))["available"] == 80
    once_more = await refund("tea", {"A": 20_00}, "r-1", at=late)
    assert (once_more.parked, once_more.replayed, once_more.growth) == (False, False, -20)
    assert (await refund("tea", {"A": 20_00}, "r-1", at=late)).replayed
    assert (await balance(mei))["available"] == 60


async def test_a_refund_of_nothing_is_none() -> None:
    await programme()
    mei = await member("Mei")
    await buy(mei, 80_00, ref="tea")
    await buy(mei, 0, ref="gift")
    for ref in ("tea", "gift"):
        with pytest.raises(OrderInvalid):
            await refund(ref, {"A": 0})
    assert (await STATE.row(mei, "tea") or {})["state"] == "PAID"


async def test_points_are_bound_to_a_purchase_by_those_who_saw_it_paid() -> None:
    await programme()
    mei = await member("Mei")
    bought = await buy(mei, 100_00, ref="coat")
    lake, hill = UUID(int=1), UUID(int=2)
    at_the_lake = await buy(mei, 10_00, store_id=lake)
    with pytest.raises(NotFound):
        await redeem(mei, 10, purchase_id=bought.purchase_id, actor=Actor(ActorKind.MEMBER, str(mei)))
    ann = CASHIER._replace(store_id=lake)
    for actor, purchase in [(ann, bought), (CASHIER._replace(store_id=hill), at_the_lake)]:
        with pytest.raises(NotFound):
            await redeem(mei, 10, purchase_id=purchase.purchase_id, actor=actor)
    spent = await redeem(mei, 10, purchase_id=at_the_lake.purchase_id, actor=ann)
    with pytest.raises(NotFound):
        await give_back(mei, spent.transaction_id, actor=CASHIER._replace(store_id=hill))
    await give_back(mei, spent.transaction_id, actor=ann)
    await refund("coat", {"A": 1})
    with pytest.raises(NotFound):
        await redeem(mei, 10, purchase_id=bought.purchase_id)
