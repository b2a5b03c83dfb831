"""The book's holds: which lots are set aside, which pay, and what comes back."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from models.points import Bucket, Counter, HoldState, PointsKind
from models.units import BALANCE_MAX, Points
from rules.points import Balances, Book, Hold, InsufficientPoints, Lot, Movement, PointsLimit

NOW = datetime(2026, 4, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def lot(points: int, days: int | None = None, *, held: int = 0) -> Lot:
    """A lot that expires in so many days, or never."""
    expires = None if days is None else NOW + days * DAY
    return Lot(
        uuid4(), uuid4(), None, Points(points + held), Points(points), Points(held), True, NOW - 90 * DAY, expires
    )


def opened(*lots: Lot, now: datetime = NOW, debt: int = 0, holds: tuple[Hold, ...] = ()) -> Book:
    """A book of these lots."""
    held = sum(each.held for each in lots)
    available = sum(each.remaining for each in lots)
    return Book(uuid4(), Balances(available, 0, held, debt), lots, holds=holds, now=now)


def holding(*shares: tuple[Lot, int], until: datetime) -> Hold:
    """An open hold of these shares."""
    amount = Points(sum(share for _, share in shares))
    return Hold(uuid4(), uuid4(), amount, "CHECKOUT", None, None, until - 8 * DAY, until, shares=list(shares))


def held(book: Book, points: int) -> Hold:
    """Points set aside for a day."""
    movement = Movement(PointsKind.HOLD, "hold", NOW, reason="CHECKOUT")
    return book.hold(movement, Points(points), expires_at=NOW + DAY)


def test_a_hold_reserves_the_lots_that_expire_soonest() -> None:
    late, soon, never = lot(100, 90), lot(50, 30), lot(10)
    book = opened(late, never, soon)
    hold = held(book, 120)
    assert [(each, share) for each, share in hold.shares] == [(soon, 50), (late, 70)]
    assert [(each.remaining, each.held) for each in (soon, late, never)] == [(0, 50), (30, 70), (10, 0)]
    assert [(line.bucket, line.delta, line.counter) for line in book.lines] == [
        (Bucket.AVAILABLE, -120, Counter.INTERNAL),
        (Bucket.HELD, 120, Counter.INTERNAL),
    ]
    assert book.movements[0].points == 0


def test_a_capture_takes_the_soonest_share_and_gives_back_the_last() -> None:
    soon, late = lot(50, 30), lot(100, 90)
    book = opened(soon, late)
    hold = held(book, 120)
    spent = Movement(PointsKind.REDEEM, "capture", NOW)
    book.capture(spent, hold, Points(80))
    assert [(each.remaining, each.held) for each in (soon, late)] == [(0, 0), (70, 0)]
    assert (spent.points, hold.captured, hold.released, hold.state) == (-80, 80, 40, HoldState.PARTIALLY_CAPTURED)
    assert (book.balances.available, book.balances.held, book.balances.lifetime_spent) == (70, 0, 80)
    assert [move.lot for move in book.moves if move.movement is spent] == [soon, late]


def test_a_capture_of_all_releases_nothing() -> None:
    book = opened(lot(50))
    hold = held(book, 50)
    book.capture(Movement(PointsKind.REDEEM, "capture", NOW), hold, Points(50))
    assert hold.state is HoldState.CAPTURED
    assert [movement.kind for movement in book.movements] == [PointsKind.HOLD, PointsKind.REDEEM]


@pytest.mark.parametrize("points", [0, 51])
def test_no_more_is_taken_than_is_held_and_no_less_than_one(points: int) -> None:
    book = opened(lot(100))
    hold = held(book, 50)
    with pytest.raises(AssertionError, match="of what is held"):
        book.capture(Movement(PointsKind.REDEEM, "capture", NOW), hold, Points(points))


def test_what_is_not_there_is_not_held() -> None:
    with pytest.raises(InsufficientPoints):
        held(opened(lot(50), lot(50, 0)), 51)


def test_a_hold_that_is_over_is_released_by_whoever_opens_the_book() -> None:
    mine = lot(0, 30, held=20)
    hold = holding((mine, 20), until=NOW)
    book = opened(mine, holds=(hold,))
    assert (book.balances.available, book.balances.held, book.holds) == (20, 0, {})
    assert (hold.state, hold.released) == (HoldState.EXPIRED, 20)
    [movement] = book.movements
    assert (movement.kind, movement.cause, movement.effective_at) == (
        PointsKind.RELEASE,
        f"hold:{hold.id}:release",
        NOW,
    )


def test_a_hold_lives_until_its_last_moment() -> None:
    mine = lot(0, 30, held=20)
    book = opened(mine, holds=(holding((mine, 20), until=NOW + timedelta(milliseconds=1)),))
    assert (book.balances.held, book.movements) == (20, [])


def test_an_expired_lot_is_kept_for_its_hold_and_written_off_when_released() -> None:
    mine = lot(30, -1, held=20)
    hold = holding((mine, 20), until=NOW + DAY)
    book = opened(mine, holds=(hold,))
    assert (book.balances.available, book.balances.held) == (0, 20)
    book.release(hold, at=NOW)
    assert (book.balances.available, book.balances.held, book.balances.lifetime_expired) == (0, 0, 50)


def test_a_release_repays_what_is_owed_first() -> None:
    mine = lot(0, held=80)
    hold = holding((mine, 80), until=NOW + DAY)
    book = opened(mine, holds=(hold,), debt=50)
    movement = book.release(hold, at=NOW)
    assert (book.balances.available, book.balances.debt, mine.remaining) == (30, 0, 30)
    assert movement.points == 0


def test_a_hold_repays_with_points_that_were_alive_when_it_ended() -> None:
    mine = lot(0, -1, held=80)
    hold = holding((mine, 80), until=NOW - 2 * DAY)
    book = opened(mine, holds=(hold,), debt=50)
    assert (book.balances.debt, book.balances.lifetime_expired) == (0, 30)


def test_a_claw_back_leaves_what_is_held_and_opens_a_debt() -> None:
    mine = lot(20, held=80)
    book = opened(mine, holds=(holding((mine, 80), until=NOW + DAY),))
    book.claw_back(Movement(PointsKind.CLAWBACK, "refund", NOW), Points(100))
    assert (book.balances.available, book.balances.held, book.balances.debt) == (0, 80, 80)


def test_what_is_held_keeps_its_room_in_the_balance() -> None:
    mine = lot(0, held=10)
    book = opened(mine, holds=(holding((mine, 10), until=NOW + DAY),))
    book.balances.available = BALANCE_MAX - 15
    earned = Movement(PointsKind.EARN, "purchase", NOW)
    with pytest.raises(PointsLimit):
        book.earn(earned, Points(6), expires_at=None, active=True)
