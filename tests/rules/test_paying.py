"""What points are worth: prices rounded up once, shares rounded down, units whole, and never more than it takes."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from models.units import BasisPoints, Minor, Points
from rules.points import AboveShareLimit, OffUnit, Worth
from rules.points._paying import UNTOLD, Quote, payment_objections
from rules.policy import Payment

HUNDRED = Payment(points=Points(100), minor=Minor(100), max_share_bps=BasisPoints(5_000), unit=Points(10))


@pytest.mark.parametrize(
    ("payment", "discount", "value", "price"),
    [
        (Payment(), 0, 990, 990),
        (Payment(points=Points(3)), 0, 10, 30),
        (Payment(points=Points(10), minor=Minor(3)), 0, 1, 4),
        (Payment(points=Points(10), minor=Minor(3)), 0, 3, 10),
        (Payment(points=Points(10), minor=Minor(3)), 1_000, 3, 9),
        (Payment(points=Points(1)), 1_500, 7, 6),
        (Payment(), 0, 0, 0),
    ],
)
def test_a_price_is_rounded_up_once_after_the_discount(
    payment: Payment, discount: int, value: int, price: int
) -> None:
    assert Worth(payment, BasisPoints(discount)).price(Minor(value)) == price


payments = st.builds(
    Payment,
    points=st.integers(1, 10_000).map(Points),
    minor=st.integers(1, 10_000).map(Minor),
    max_share_bps=st.integers(0, 10_000).map(BasisPoints),
    unit=st.integers(1, 1_000).map(Points),
)
values = st.integers(0, 10**9).map(Minor)


@given(payments, st.integers(0, 9_999).map(BasisPoints), values)
def test_what_a_price_pays_is_at_least_its_amount_and_a_point_less_does_not(
    payment: Payment, discount: BasisPoints, value: Minor
) -> None:
    rate = Worth(payment, discount)
    price = rate.price(value)
    assert rate.pays(price) >= value
    assert not price or rate.pays(Points(price - 1)) < value


discounts = st.integers(0, 9_999).map(BasisPoints)


@given(payments, discounts, values)
def test_the_most_points_are_whole_units_worth_no_more_than_the_amount(
    payment: Payment, discount: BasisPoints, value: Minor
) -> None:
    rate = Worth(payment, discount)
    most = rate.most(value)
    assert most >= 0
    assert most % payment.unit == 0
    assert rate.pays(most) <= value
    assert most - rate.price(value) < payment.unit
    # a unit more is beyond the amount, or more than it takes
    assert rate.pays(Points(most + payment.unit)) > value or most >= rate.price(value)


@given(payments, values)
def test_a_share_is_never_more_than_its_part(payment: Payment, goods: Minor) -> None:
    share = Worth(payment).share(goods)
    assert share * 10_000 <= goods * payment.max_share_bps < (share + 1) * 10_000


def test_what_has_paid_already_counts() -> None:
    rate = Worth(HUNDRED)
    assert payment_objections(Points(50), already=Points(0), value=Minor(50), rate=rate) == []
    [refused] = payment_objections(Points(20), already=Points(40), value=Minor(50), rate=rate)
    assert isinstance(refused, AboveShareLimit)
    assert (refused.wanted, refused.limit) == (20, 10)
    odd, above = payment_objections(Points(55), already=Points(0), value=Minor(50), rate=rate)
    assert (type(odd), type(above)) == (OffUnit, AboveShareLimit)


def test_a_policy_that_never_spoke_of_paying_binds_nobody() -> None:
    assert payment_objections(Points(10**6), already=Points(0), value=Minor(0), rate=Worth(Payment())) == []


@given(payments, discounts, discounts, values, values)
def test_a_price_in_points_never_falls_with_the_amount_nor_rises_with_the_discount(
    payment: Payment, one: BasisPoints, other: BasisPoints, value: Minor, more: Minor
) -> None:
    less, most = sorted((one, other))
    dear, cheap = Worth(payment, BasisPoints(less)), Worth(payment, BasisPoints(most))
    assert 0 <= cheap.price(value) <= dear.price(value) <= dear.price(Minor(value + more))
    assert cheap.most(value) <= cheap.most(Minor(value + more))


@given(payments, discounts, values, values, st.none() | st.integers(1, 10**6))
def test_what_is_said_to_be_usable_may_pay_and_a_unit_more_may_not(
    payment: Payment, discount: BasisPoints, goods: Minor, available: int, limit: int | None
) -> None:
    assume(payment != UNTOLD)
    rate = Worth(payment, discount)
    usable = Quote(goods, Points(available), limit=None if limit is None else Points(limit)).usable(rate)
    assert 0 <= usable <= min(available, limit or available)
    # the shop records what those points are worth as paid by points
    value = Minor(min(rate.share(goods), rate.pays(usable)))
    assert payment_objections(usable, already=Points(0), value=value, rate=rate) == []
    [refused] = payment_objections(Points(usable + payment.unit), already=Points(0), value=value, rate=rate)
    assert isinstance(refused, AboveShareLimit)
