"""Forfeiting: whoever has left the programme, or is erased, has no points any more."""

from models.points import Bucket, Counter, PointsKind
from rules.points._book import Book
from rules.points._parts import Movement


def forfeit(book: Book, cause: str, *, reason: str) -> Movement | None:
    """Take all that a member has, also what waits; None when there is nothing. What they owe stays as it is."""
    movement = Movement(PointsKind.FORFEIT, cause, book.now, reason=reason)
    left = {Bucket.AVAILABLE: 0, Bucket.PENDING: 0}
    for lot in book.lots:
        if lot.remaining:
            left[Bucket.AVAILABLE if lot.active else Bucket.PENDING] += lot.remaining
            book._move(movement, lot, -lot.remaining)
    for bucket, points in left.items():
        if points:
            book._line(movement, bucket, -points, Counter.FORFEITURE)
    return movement if any(left.values()) else None


def let_go(book: Book) -> None:
    """End all that is set aside: its points are available again."""
    for hold in list(book.holds.values()):
        book.release(hold, at=book.now)
