"""Order facts: what a shop may report, and when."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from models.staff import StaffRole
from models.units import BALANCE_MAX, Minor
from rules.actors import SYSTEM, Actor, ActorKind
from rules.purchases import BackfillRequired, CurrencyMismatch, Order, OrderInvalid, OrderLine
from rules.purchases._facts import LINES_MAX, check_moment, check_order, check_refunds
from rules.refusals import ClockSkew
from tests.people import NOON, SHOP, order
from tests.rules.test_terms import TERMS

MS = timedelta(milliseconds=1)


def line(ref: str = "A", quantity: int = 1, paid: int = 100) -> OrderLine:
    return OrderLine(ref, quantity, Minor(paid))


def with_lines(*lines: OrderLine) -> Order:
    return replace(order(100), lines=lines)


@pytest.mark.parametrize(
    "told",
    [
        with_lines(),
        with_lines(line("A"), line("A")),
        with_lines(line(quantity=0)),
        with_lines(line(quantity=-1)),
        with_lines(line(quantity=1_000_001)),
        with_lines(line(paid=-1)),
        with_lines(*(line(str(number)) for number in range(LINES_MAX + 1))),
        with_lines(line("A", paid=BALANCE_MAX), line("B", paid=1)),
        order(100, shipping_minor=-1),
        order(100, by_points_minor=-1),
        order(100, by_points_minor=101),
    ],
)
def test_an_order_that_does_not_add_up_is_refused(told: Order) -> None:
    with pytest.raises(OrderInvalid) as refused:
        check_order(told, TERMS)
    assert refused.value.why


def test_an_order_may_cost_nothing_be_paid_by_points_alone_or_be_very_long() -> None:
    check_order(order(0), TERMS)
    check_order(order(100, by_points_minor=100, shipping_minor=10**9), TERMS)
    check_order(with_lines(*(line(str(number)) for number in range(LINES_MAX))), TERMS)
    check_order(with_lines(line(paid=BALANCE_MAX)), TERMS)


def test_an_order_in_another_currency_is_refused_with_ours() -> None:
    with pytest.raises(CurrencyMismatch) as refused:
        check_order(order(100, currency="GBP"), TERMS)
    assert refused.value.expected == "CNY"


@pytest.mark.parametrize(
    ("ahead", "refused"), [(0, False), (5 * 60, False), (5 * 60 + 0.001, True), (86_400, True)]
)
def test_an_event_may_lie_five_minutes_ahead_and_no_more(ahead: float, refused: bool) -> None:
    moment = NOON + timedelta(seconds=ahead)
    if refused:
        with pytest.raises(ClockSkew):
            check_moment(moment, actor=SYSTEM, now=NOON)
        assert ClockSkew.retryable
    else:
        check_moment(moment, actor=SYSTEM, now=NOON)


def staff(role: StaffRole) -> Actor:
    return Actor(ActorKind.STAFF, str(uuid4()), role=role)


@pytest.mark.parametrize("actor", [SYSTEM, staff(StaffRole.OWNER), staff(StaffRole.ADMIN)])
def test_the_owner_an_admin_and_an_import_may_backfill(actor: Actor) -> None:
    check_moment(datetime(2010, 12, 1, tzinfo=UTC), actor=actor, now=NOON)


@pytest.mark.parametrize("actor", [SHOP, staff(StaffRole.CASHIER), staff(StaffRole.CS), staff(StaffRole.OPERATOR)])
def test_others_report_what_is_at_most_ninety_days_old(actor: Actor) -> None:
    oldest = NOON - timedelta(days=90)
    check_moment(oldest, actor=actor, now=NOON)
    with pytest.raises(BackfillRequired):
        check_moment(oldest - MS, actor=actor, now=NOON)


@pytest.mark.parametrize(
    "refunds",
    [
        [],
        [("A", 5), ("A", 6)],
        [("A", -1)],
        [("A", 0), ("B", 0)],
        [(str(number), 1) for number in range(LINES_MAX + 1)],
    ],
)
def test_a_refund_that_makes_no_sense_is_refused(refunds: list[tuple[str, int]]) -> None:
    with pytest.raises(OrderInvalid):
        check_refunds([(ref, Minor(amount)) for ref, amount in refunds])
