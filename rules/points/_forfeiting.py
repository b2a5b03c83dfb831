"""Forfeiting: whoever left the programme, or is erased, has no points any more; and what a purchase lost so."""

from collections.abc import Sequence
from uuid import UUID

from models.points import Counter, PointsKind
from models.sql import SQL
from rules.points._book import Book
from rules.points._parts import Movement


def forfeit(book: Book, cause: str, *, reason: str) -> Movement | None:
    """Take all that a member has, also what waits; None when there is nothing. What they owe stays as it is."""
    movement = Movement(PointsKind.FORFEIT, cause, book.now, reason=reason)
    left = [(lot, lot.remaining) for lot in book.lots if lot.remaining]
    book.part_with(movement, left, Counter.FORFEITURE)
    return movement if left else None


_GONE = (
    "SELECT COALESCE(SUM(-x.d_remaining), 0)::bigint AS points FROM points_lot l JOIN points_lot_move x"
    " ON x.member_id = l.member_id AND x.lot_id = l.id JOIN points_transaction e ON e.member_id = x.member_id"
    " AND e.id = x.transaction_id AND (e.kind IN ('EXPIRE', 'FORFEIT')"
    # what was cancelled with an heir takes back nothing of where it was earned
    " OR (e.kind = 'CANCEL_PENDING' AND e.reverses_id IS NULL)) WHERE "
)
GONE = SQL(f"{_GONE}l.member_id = $1 AND l.transaction_id = ANY($2::uuid[])")
GONE_WITH_HEIRS = SQL(
    f"{_GONE}l.member_id = ANY($1::uuid[]) AND l.purchase_id = $2",
    fans_out="what an order of a merged member earned may have expired with any of those they became",
)
WRITES_OFF = (PointsKind.EXPIRE, PointsKind.FORFEIT)


async def written_off(
    purchase_id: UUID, books: Sequence[Book], *, earned_by: Sequence[UUID], heirs: Sequence[UUID]
) -> int:
    """How many of the points that these movements earned for a purchase have expired or were forfeited since.

    The first of the books is that of the purchase's member. With `heirs`, those they became by merges, it is what
    was written off there, too. What is decided in the books and not written yet counts.
    """
    mine = books[0].member_id
    gone: int = await (
        GONE_WITH_HEIRS.value([mine, *heirs], purchase_id) if heirs else GONE.value(mine, list(earned_by))
    )
    moves = [move for book in books for move in book.moves if move.lot.purchase_id == purchase_id]
    return gone - sum(move.d_remaining for move in moves if move.movement.kind in WRITES_OFF)


LOTS = SQL("SELECT id FROM points_lot WHERE member_id = $1 AND transaction_id = $2")
CAME = SQL("SELECT id FROM points_lot WHERE member_id = $1 AND from_lot_id = ANY($2::uuid[])")
GONE_OF = SQL(
    f"{_GONE}l.member_id = ANY($1::uuid[]) AND l.id = ANY($2::uuid[])",
    fans_out="what a merged member was given may have expired with any of those they became",
)


async def lots_of(transaction_id: UUID, member_id: UUID, line: Sequence[UUID]) -> set[UUID]:
    """The lots that a member's movement made, and those they became with whom the member is by merges, in turn."""
    last = [row["id"] for row in await LOTS.rows(member_id, transaction_id)]
    found = set(last)
    for whose in line:
        last = [row["id"] for row in await CAME.rows(whose, last)] if last else []
        found |= set(last)
    return found


async def gone_of(lots: set[UUID], books: Sequence[Book], whose: Sequence[UUID]) -> int:
    """How many points of these lots have expired or were forfeited, also what is decided and not written yet."""
    gone: int = await GONE_OF.value(list(whose), list(lots))
    moves = [move for book in books for move in book.moves if move.lot.id in lots]
    return gone - sum(move.d_remaining for move in moves if move.movement.kind in WRITES_OFF)


def let_go(book: Book) -> None:
    """End all that is set aside: its points are available again."""
    for hold in list(book.holds.values()):
        book.release(hold, at=book.now)
