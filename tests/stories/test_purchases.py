"""Orders: recorded once, paid once, in whatever order the shop tells of them."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from models.purchases import PurchaseEventKind as Event
from models.sql import SQL
from models.staff import StaffRole
from rules.actors import SYSTEM, Actor, ActorKind
from rules.purchases import (
    BackfillRequired,
    CurrencyMismatch,
    EventExists,
    OrderExists,
    OrderInvalid,
    OrderNotFound,
    PurchaseStateConflict,
)
from rules.refusals import ClockSkew, NotFound
from tests.people import (
    NOON,
    balance,
    buy,
    freeze,
    happens,
    lots,
    member,
    movements,
    programme,
    redeem,
    refund,
    unfreeze,
)

STATE = SQL("SELECT state FROM purchase WHERE member_id = $1 AND order_ref = $2")
HOUR = timedelta(hours=1)


async def test_a_paid_order_earns_once_however_often_it_is_told() -> None:
    await programme()
    mei = await member("Mei")
    first = await buy(mei, 80_00, ref="tea")
    again = await buy(mei, 80_00, ref="tea")
    assert (again.purchase_id, again.replayed, first.replayed) == (first.purchase_id, True, False)
    third = await happens(Event.PAID, "tea", event_ref="tea-paid")
    fourth = await happens(Event.PAID, "tea", event_ref="paid-once-more")
    assert (third.replayed, fourth.replayed) == (True, False)
    assert fourth.transaction_ids == ()
    assert await movements(mei) == [("EARN", 80)]


async def test_an_order_earns_when_it_is_paid_and_not_before() -> None:
    await programme()
    mei = await member("Mei")
    await buy(mei, 80_00, ref="tea", paid=False)
    assert (await balance(mei))["available"] == 0
    await happens(Event.PAID, "tea")
    assert (await balance(mei))["available"] == 80


async def test_a_payment_told_with_an_order_that_is_known_already_is_not_lost() -> None:
    await programme()
    mei = await member("Mei")
    known = await buy(mei, 80_00, ref="tea", paid=False)
    paid = await buy(mei, 80_00, ref="tea", paid=True)
    assert (paid.purchase_id, paid.growth, paid.replayed) == (known.purchase_id, 80, False)
    assert (await balance(mei))["available"] == 80


async def test_a_payment_told_with_a_cancelled_order_is_refused() -> None:
    await programme()
    mei = await member("Mei")
    await buy(mei, 80_00, ref="tea", paid=False)
    await happens(Event.CANCELLED, "tea")
    with pytest.raises(PurchaseStateConflict) as refused:
        await buy(mei, 80_00, ref="tea", paid=True)
    assert refused.value.state == "CANCELLED"


async def test_an_order_of_another_content_or_another_member_is_refused() -> None:
    await programme()
    mei, wang = await member("Mei"), await member("Wang")
    await buy(mei, 80_00, 20_00, ref="tea")
    changed: list[tuple[tuple[int, ...], dict[str, Any]]] = [
        ((80_00,), {}),
        ((80_00, 20_01), {}),
        ((80_00, 20_00, 1), {}),
        ((80_00, 20_00), {"shipping_minor": 5}),
        ((80_00, 20_00), {"by_points_minor": 5}),
    ]
    for lines, more in changed:
        with pytest.raises(OrderExists):
            await buy(mei, *lines, ref="tea", **more)
    with pytest.raises(OrderExists):
        await buy(wang, 80_00, 20_00, ref="tea")
    assert await movements(mei) == [("EARN", 100)]
    assert await movements(wang) == []


async def test_the_same_reference_in_another_shop_is_another_order() -> None:
    await programme()
    mei = await member("Mei")
    await buy(mei, 80_00, ref="1001")
    await buy(mei, 30_00, ref="1001", source="the other shop")
    assert (await balance(mei))["available"] == 110


async def test_shipping_and_what_points_paid_earn_nothing() -> None:
    await programme()
    mei = await member("Mei")
    await buy(mei, 80_00, shipping_minor=12_00, by_points_minor=30_00)
    assert (await balance(mei))["available"] == 50
    await buy(mei, 0, 0)
    assert await movements(mei) == [("EARN", 50)]


async def test_an_order_that_does_not_add_up_leaves_nothing_behind() -> None:
    await programme()
    mei = await member("Mei")
    with pytest.raises(OrderInvalid):
        await buy(mei, -1)
    with pytest.raises(CurrencyMismatch):
        await buy(mei, 80_00, ref="tea", currency="USD")
    with pytest.raises(OrderNotFound) as refused:
        await happens(Event.PAID, "tea")
    assert refused.value.retryable
    with pytest.raises(NotFound):
        await buy(UUID(int=5), 80_00)


async def test_a_completed_order_was_paid_even_if_nobody_said_so() -> None:
    await programme()
    mei = await member("Mei")
    await buy(mei, 80_00, ref="tea", paid=False)
    done = await happens(Event.COMPLETED, "tea", at=NOON + HOUR)
    assert done.growth == 80
    assert await STATE.value(mei, "tea") == "COMPLETED"
    late = await happens(Event.PAID, "tea", at=NOON)
    assert late.transaction_ids == ()
    assert await movements(mei) == [("EARN", 80)]
    assert await STATE.value(mei, "tea") == "COMPLETED"


async def test_an_order_goes_no_way_its_state_does_not_lead() -> None:
    await programme()
    mei = await member("Mei")
    await buy(mei, 80_00, ref="paid")
    await buy(mei, 80_00, ref="gone", paid=False)
    await happens(Event.CANCELLED, "gone")
    again = await happens(Event.CANCELLED, "gone")
    assert again.transaction_ids == ()
    with pytest.raises(PurchaseStateConflict):
        await happens(Event.CANCELLED, "paid")
    for kind in (Event.PAID, Event.COMPLETED):
        with pytest.raises(PurchaseStateConflict):
            await happens(kind, "gone")
    with pytest.raises(PurchaseStateConflict):
        await refund("gone", {"A": 1})


async def test_an_event_reference_stands_for_one_event() -> None:
    await programme()
    mei = await member("Mei")
    await buy(mei, 80_00, 20_00, ref="tea")
    await refund("tea", {"A": 5_00}, "r-1")
    again = await refund("tea", {"A": 5_00}, "r-1")
    assert again.replayed
    for other in ({"A": 5_01}, {"B": 5_00}, {"A": 5_00, "B": 1}):
        with pytest.raises(EventExists):
            await refund("tea", other, "r-1")
    assert (await balance(mei))["available"] == 95


async def test_a_shops_clock_may_be_five_minutes_ahead() -> None:
    await programme()
    mei = await member("Mei")
    ahead = NOON + timedelta(minutes=5)
    await buy(mei, 80_00, at=ahead, now=NOON)
    with pytest.raises(ClockSkew):
        await buy(mei, 80_00, at=ahead + timedelta(milliseconds=1), now=NOON)
    await buy(mei, 80_00, ref="tea")
    with pytest.raises(ClockSkew):
        await refund("tea", {"A": 1}, at=ahead + timedelta(milliseconds=1), now=NOON)


async def test_orders_of_long_ago_need_the_right_to_backfill() -> None:
    await programme()
    mei = await member("Mei")
    long_ago = NOON - timedelta(days=91)
    with pytest.raises(BackfillRequired):
        await buy(mei, 80_00, ref="tea", at=long_ago, now=NOON)
    admin = Actor(ActorKind.STAFF, "00000000-0000-4000-8000-00000000000a", role=StaffRole.ADMIN)
    await buy(mei, 80_00, ref="tea", at=long_ago, now=NOON, actor=admin)
    with pytest.raises(BackfillRequired):
        await refund("tea", {"A": 1}, at=long_ago, now=NOON)
    await refund("tea", {"A": 8_00}, at=long_ago, now=NOON, actor=SYSTEM)
    assert (await balance(mei))["available"] == 72


async def test_points_of_an_order_older_than_their_lifetime_are_earned_and_expired() -> None:
    await programme(expire_months=1)
    mei = await member("Mei")
    await buy(mei, 80_00, ref="old", at=datetime(2020, 1, 1, tzinfo=UTC), now=NOON, actor=SYSTEM)
    assert await movements(mei) == [("EARN", 80), ("EXPIRE", -80)]
    now = await balance(mei)
    assert (now["available"], now["growth"], now["lifetime_expired"]) == (0, 80, 80)
    await refund("old", {"A": 80_00})
    assert (await balance(mei))["debt"] == 0


async def test_what_a_frozen_member_earns_waits_until_they_are_thawed() -> None:
    await programme()
    mei = await member("Mei")
    await buy(mei, 5_000_00)
    await freeze(mei)
    await buy(mei, 100_00, ref="tea")
    frozen = await balance(mei)
    assert (frozen["available"], frozen["pending"], frozen["growth"]) == (5_000, 125, 5_100)
    await refund("tea", {"A": 40_00})
    assert (await balance(mei))["pending"] == 75
    await unfreeze(mei)
    thawed = await balance(mei)
    assert (thawed["available"], thawed["pending"]) == (5_075, 0)
    assert (await movements(mei))[-2:] == [("ACTIVATE", 0), ("ACTIVATE", 0)]
    await redeem(mei, 5_075)


async def test_a_debt_is_repaid_when_frozen_points_are_thawed_but_not_from_those_that_died_meanwhile() -> None:
    await programme(expire_months=1)
    mei = await member("Mei")
    await buy(mei, 100_00, ref="coat")
    await redeem(mei, 100)
    await refund("coat", {"A": 100_00})
    await freeze(mei)
    await buy(mei, 30_00, at=NOON)
    later = NOON + timedelta(days=40)
    await buy(mei, 60_00, at=later)
    assert (await balance(mei))["pending"] == 90
    await unfreeze(mei, at=later)
    thawed = await balance(mei)
    assert (thawed["available"], thawed["pending"], thawed["debt"], thawed["lifetime_expired"]) == (0, 0, 40, 30)
    assert [lot["remaining"] for lot in await lots(mei)] == [0, 0, 0]
