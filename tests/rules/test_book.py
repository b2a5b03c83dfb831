"""The book: what every movement does to balances and lots, decided without a database."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from models.points import Bucket, PointsKind
from models.units import BALANCE_MAX, MOVE_MAX, Points
from rules.points import Balances, Book, InsufficientPoints, Lot, Movement, PointsLimit

NOON = datetime(2026, 6, 15, 4, tzinfo=UTC)
JULY = datetime(2026, 6, 30, 16, tzinfo=UTC)
"""Midnight after 30 June in Shanghai."""
NEW_YEAR = datetime(2026, 12, 31, 16, tzinfo=UTC)
MS = timedelta(milliseconds=1)
MEI = UUID(int=1)


def lot(
    left: int,
    *,
    granted: int | None = None,
    expires: datetime | None = None,
    active: bool = True,
    purchase: UUID | None = None,
    place: int = 1,
) -> Lot:
    return Lot(
        id=UUID(int=place),
        transaction_id=UUID(int=place),
        purchase_id=purchase,
        granted=Points(granted or left),
        remaining=Points(left),
        held=Points(0),
        active=active,
        activates_at=NOON if active else None,
        expires_at=expires,
    )


def book(*lots: Lot, debt: int = 0, now: datetime = NOON) -> Book:
    active = sum(each.remaining for each in lots if each.active)
    pending = sum(each.remaining for each in lots if not each.active)
    return Book(MEI, Balances(available=active, pending=pending, debt=debt), lots, now=now)


def movement(kind: PointsKind = PointsKind.REDEEM, purchase: UUID | None = None) -> Movement:
    return Movement(kind, f"test:{uuid4()}", NOON, purchase_id=purchase)


def figures(of: Book) -> tuple[int, int, int]:
    """Available, pending, debt."""
    return of.balances.available, of.balances.pending, of.balances.debt


def test_earned_points_are_a_lot_of_their_own() -> None:
    mei = book(lot(5))
    made = mei.earn(movement(PointsKind.EARN), Points(90), expires_at=JULY, active=True)
    assert (made.granted, made.remaining, made.active, made.expires_at) == (90, 90, True, JULY)
    assert figures(mei) == (95, 0, 0)
    assert mei.balances.lifetime_earned == 90


def test_points_earned_while_they_must_wait_are_pending() -> None:
    mei = book()
    mei.earn(movement(PointsKind.EARN), Points(90), expires_at=None, active=False)
    assert figures(mei) == (0, 90, 0)
    with pytest.raises(InsufficientPoints):
        mei.spend(movement(), Points(1))


def test_spending_takes_the_soonest_expiry_first_and_never_last() -> None:
    never, later, soon = lot(50, place=1), lot(50, expires=NEW_YEAR, place=2), lot(50, expires=JULY, place=3)
    mei = book(never, later, soon)
    mei.spend(movement(), Points(120))
    assert (soon.remaining, later.remaining, never.remaining) == (0, 0, 30)


def test_lots_of_one_expiry_are_spent_as_they_came() -> None:
    first, second = lot(50, expires=JULY, place=1), lot(50, expires=JULY, place=2)
    mei = book(second, first)
    mei.spend(movement(), Points(60))
    assert (first.remaining, second.remaining) == (0, 40)


@pytest.mark.parametrize(("late", "available"), [(-MS, 50), (timedelta(), 0), (MS, 0)])
def test_points_are_good_until_the_last_millisecond_before_their_expiry(late: timedelta, available: int) -> None:
    mei = book(lot(50, expires=JULY), now=JULY + late)
    assert mei.balances.available == available
    if available:
        mei.spend(movement(), Points(50))
    else:
        with pytest.raises(InsufficientPoints) as refused:
            mei.spend(movement(), Points(1))
        assert (refused.value.wanted, refused.value.available) == (1, 0)
        assert [each.kind for each in mei.movements] == [PointsKind.EXPIRE]
        assert mei.movements[0].effective_at == JULY
        assert mei.balances.lifetime_expired == 50


def test_each_expired_lot_is_written_off_once() -> None:
    gone = lot(50, expires=JULY)
    again = book(gone, lot(20, place=2), now=JULY)
    assert (gone.remaining, again.balances.available) == (0, 20)
    reopened = Book(MEI, again.balances, [gone, lot(20, place=2)], now=NEW_YEAR)
    assert reopened.movements == []


def test_a_point_more_than_there_is_is_refused_and_takes_nothing() -> None:
    mei = book(lot(50))
    with pytest.raises(InsufficientPoints):
        mei.spend(movement(), Points(51))
    assert figures(mei) == (50, 0, 0)
    assert mei.moves == []


@pytest.mark.parametrize("points", [0, -5])
def test_nobody_spends_nothing_or_less(points: int) -> None:
    mei = book(lot(50, granted=100))
    with pytest.raises(AssertionError):
        mei.spend(movement(), Points(points))
    assert figures(mei) == (50, 0, 0)


def test_one_movement_has_a_limit() -> None:
    mei = book()
    with pytest.raises(PointsLimit):
        mei.earn(movement(PointsKind.EARN), Points(MOVE_MAX + 1), expires_at=None, active=True)
    with pytest.raises(PointsLimit):
        mei.spend(movement(), Points(MOVE_MAX + 1))
    mei.earn(movement(PointsKind.EARN), MOVE_MAX, expires_at=None, active=True)
    assert mei.balances.available == MOVE_MAX


def test_one_account_has_a_limit() -> None:
    mei = Book(MEI, Balances(available=BALANCE_MAX - 5), [], now=NOON)
    mei.earn(movement(PointsKind.EARN), Points(5), expires_at=None, active=True)
    with pytest.raises(PointsLimit) as refused:
        mei.earn(movement(PointsKind.EARN), Points(1), expires_at=None, active=True)
    assert refused.value.limit == BALANCE_MAX


def test_new_points_repay_debt_first() -> None:
    mei = book(debt=180)
    mei.earn(movement(PointsKind.EARN), Points(250), expires_at=None, active=True)
    assert figures(mei) == (70, 0, 0)
    assert mei.movements[0].points == 250


def test_points_that_wait_repay_nothing_until_they_are_active() -> None:
    mei = book(debt=180)
    waiting = mei.earn(movement(PointsKind.EARN), Points(250), expires_at=None, active=False)
    assert figures(mei) == (0, 250, 180)
    mei.activate(movement(PointsKind.ACTIVATE), [waiting])
    assert figures(mei) == (70, 0, 0)
    assert [each.points for each in mei.movements] == [250, 0]
    assert mei.balances.lifetime_earned == 250


def test_points_that_expired_while_they_waited_repay_nothing() -> None:
    dead = lot(100, expires=JULY, active=False)
    mei = book(dead, debt=40, now=JULY)
    assert figures(mei) == (0, 100, 40)
    mei.activate(movement(PointsKind.ACTIVATE), [dead])
    assert figures(mei) == (0, 0, 40)
    assert mei.balances.lifetime_expired == 100


def test_points_of_a_purchase_so_old_that_they_have_expired_repay_nothing() -> None:
    mei = book(debt=40, now=JULY)
    mei.earn(movement(PointsKind.EARN), Points(100), expires_at=JULY, active=True)
    assert figures(mei) == (0, 0, 40)
    assert (mei.balances.lifetime_earned, mei.balances.lifetime_expired) == (100, 100)


def test_points_come_back_to_the_lots_that_paid_the_longest_lived_first() -> None:
    l1, l2 = lot(0, granted=50, expires=JULY, place=1), lot(70, granted=100, expires=NEW_YEAR, place=2)
    mei = book(l1, l2)
    paid_by = [(l1, 50), (l2, 30)]
    mei.give_back(movement(PointsKind.RETURN), Points(60), paid_by=paid_by, already=0, grace=NEW_YEAR)
    assert (l1.remaining, l2.remaining) == (30, 100)
    mei.give_back(movement(PointsKind.RETURN), Points(20), paid_by=paid_by, already=60, grace=NEW_YEAR)
    assert (l1.remaining, l2.remaining) == (50, 100)


def test_the_share_of_an_expired_lot_comes_back_as_a_new_lot() -> None:
    l1, l2 = lot(0, granted=50, expires=JULY, place=1), lot(70, granted=100, expires=NEW_YEAR, place=2)
    mei = book(l1, l2, now=JULY)
    grace = JULY + timedelta(days=7)
    back = movement(PointsKind.RETURN, purchase=UUID(int=77))
    mei.give_back(back, Points(60), paid_by=[(l1, 50), (l2, 30)], already=0, grace=grace)
    [made] = mei.new_lots
    assert (made.granted, made.remaining, made.expires_at, made.purchase_id) == (30, 30, grace, None)
    assert (l1.remaining, l2.remaining, mei.balances.available) == (0, 100, 130)


def test_without_grace_the_share_of_an_expired_lot_is_forfeit() -> None:
    l1 = lot(0, granted=50, expires=JULY)
    mei = book(now=JULY)
    mei.give_back(movement(PointsKind.RETURN), Points(30), paid_by=[(l1, 50)], already=0, grace=JULY)
    assert figures(mei) == (0, 0, 0)
    assert [(each.kind, each.points) for each in mei.movements] == [
        (PointsKind.RETURN, 30),
        (PointsKind.EXPIRE, -30),
    ]


def test_returned_points_repay_debt_first() -> None:
    l1 = lot(0, granted=50)
    mei = book(debt=20)
    mei.give_back(movement(PointsKind.RETURN), Points(50), paid_by=[(l1, 50)], already=0, grace=JULY)
    assert figures(mei) == (30, 0, 0)
    assert l1.remaining == 30


def test_a_claw_back_takes_what_waits_then_the_orders_own_then_others_then_opens_a_debt() -> None:
    tea = UUID(int=77)
    waiting = lot(10, active=False, purchase=tea, place=1)
    own = lot(20, expires=NEW_YEAR, purchase=tea, place=2)
    other = lot(40, expires=JULY, place=3)
    mei = book(waiting, own, other)
    taken = []
    for points in (5, 15, 30, 40):
        mei.claw_back(movement(PointsKind.CLAWBACK, tea), Points(points))
        taken.append((waiting.remaining, own.remaining, other.remaining, mei.balances.debt))
    assert taken == [(5, 20, 40, 0), (0, 10, 40, 0), (0, 0, 20, 0), (0, 0, 0, 20)]
    assert mei.balances.lifetime_earned == -90


def test_a_claw_back_leaves_what_others_orders_wait_for() -> None:
    tea, rice = UUID(int=77), UUID(int=78)
    waiting = lot(10, active=False, purchase=rice)
    mei = book(waiting)
    mei.claw_back(movement(PointsKind.CLAWBACK, tea), Points(4))
    assert figures(mei) == (0, 10, 4)


def test_available_and_debt_are_never_both_above_nought() -> None:
    mei = book(lot(10, purchase=UUID(int=77)))
    mei.claw_back(movement(PointsKind.CLAWBACK, UUID(int=77)), Points(30))
    assert figures(mei) == (0, 0, 20)
    mei.earn(movement(PointsKind.EARN), Points(20), expires_at=None, active=True)
    assert figures(mei) == (0, 0, 0)


def test_entries_are_numbered_on_and_keep_the_balance_after_them() -> None:
    mei = Book(MEI, Balances(available=10, seq=7), [lot(10)], now=NOON)
    mei.earn(movement(PointsKind.EARN), Points(5), expires_at=None, active=True)
    line = mei.spend(movement(), Points(12))
    assert [(each.seq, each.bucket, each.delta, each.balance_after) for each in mei.lines] == [
        (8, Bucket.AVAILABLE, 5, 15),
        (9, Bucket.AVAILABLE, -12, 3),
    ]
    assert line is mei.lines[-1]
    assert mei.seq_read == 7
