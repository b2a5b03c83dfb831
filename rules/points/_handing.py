"""Handing over: what one account holds and owes becomes another's, with every promise that was made of it.

Nothing changes its owner: lots are closed on one side and opened on the other, in two movements of one cause that
come to nothing together. A lot keeps its expiry, whether it is active, its purchase, and the moment at which its
points were earned.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from models.points import Counter, PointsKind
from models.sql import SQL
from models.units import Points, new_id
from rules.actors import SYSTEM
from rules.outbox import tell
from rules.points._book import Book
from rules.points._ledger import OF_LOT, open_book, post
from rules.points._parts import Lot, Movement

Traces: TypeAlias = dict[UUID, tuple[datetime, UUID | None]]
"""Of lots, when their points were earned, and which lots of another account they came out of."""


@dataclass(frozen=True, slots=True)
class Handed:
    """The two movements of one handing over."""

    out: Movement
    into: Movement


EARNED = SQL(
    "SELECT l.id, l.origin_at, l.from_lot_id, o.effective_at, o.created_at FROM points_lot l"
    " JOIN points_transaction o ON o.member_id = l.member_id AND o.id = l.transaction_id"
    " WHERE l.member_id = $1 AND l.id = ANY($2::uuid[])"
)


async def trace(book: Book) -> Traces:
    """When the points of each lot of a book were earned, and which lot they came out of."""
    rows = {row["id"]: row for row in await EARNED.rows(book.member_id, [lot.id for lot in book.lots])}
    made = {movement.id: movement for movement in book.movements}
    found: Traces = {}
    for lot in book.lots:
        if row := rows.get(lot.id):
            origin_at = row["origin_at"] or min(row["effective_at"], row["created_at"])
            found[lot.id] = origin_at, row["from_lot_id"]
        elif lot.origin_at is not None:
            found[lot.id] = lot.origin_at, lot.from_lot_id
        else:
            found[lot.id] = min(made[lot.transaction_id].effective_at, book.now), None
    return found


def hand_over(
    giver: Book,
    taker: Book,
    cause: str,
    *,
    group: UUID,
    traces: Traces,
    lots: Sequence[Lot] | None = None,
    reason: str | None = None,
) -> Handed | None:
    """Hand all that a book holds and owes to another, or only these lots; None when there is nothing.

    What waits to become available stays, and is handed over when it has. What the taker owes is repaid from what
    comes.

    Raises: PointsLimit.
    """
    chosen = [lot for lot in (giver.lots if lots is None else lots) if lot.remaining and not _waits(lot)]
    owed = giver.balances.debt if lots is None else 0
    if not chosen and not owed:
        return None
    out, into = (
        Movement(kind, cause, giver.now, reason=reason, group_id=group, counterpart_id=other.member_id)
        for kind, other in ((PointsKind.MERGE_OUT, taker), (PointsKind.MERGE_IN, giver))
    )
    for lot in chosen:
        if lot.slides:
            taker.balances.slide(lot.slides, giver.balances.slid_until(lot.slides))
    parts = [(lot, lot.remaining) for lot in chosen]
    coming = [(_home(taker, into, lot, *traces[lot.id]), points) for lot, points in parts]
    giver.part_with(out, parts, Counter.MERGE, owed=owed)
    taker.receive(into, coming, Counter.MERGE, owed=owed)
    return Handed(out, into)


async def hand_on(member_id: UUID, heir_id: UUID, now: datetime) -> Book:
    """All that a held merged member has is their heir's, held too, whose book this is.

    Raises: PointsLimit.
    """
    giver, taker = [await open_book(each, now) for each in (member_id, heir_id)]
    group = new_id()
    hand_over(giver, taker, f"pass:{group}", group=group, traces=await trace(giver))
    for book in (giver, taker):
        await tell(book.member_id, await post(book, SYSTEM), now)
    return taker


def _waits(lot: Lot) -> bool:
    """Whether a lot waits for an order or a moment, and may yet be cancelled. A frozen member's own do not."""
    return not lot.active and lot.waits_for is not None


def _home(taker: Book, into: Movement, lot: Lot, origin_at: datetime, from_lot_id: UUID | None) -> Lot:
    """Where what is left of a lot comes to: the lot it once came out of or came to, or a new one."""
    for mine in taker.lots:
        if _is_kin(mine, lot, from_lot_id) and mine.remaining + mine.held + lot.remaining <= mine.granted:
            return mine
    return replace(
        lot,
        id=new_id(),
        transaction_id=into.id,
        granted=lot.remaining,
        remaining=Points(0),
        origin_at=origin_at,
        from_lot_id=lot.id,
    )


def _is_kin(mine: Lot, lot: Lot, from_lot_id: UUID | None) -> bool:
    """Whether one of two lots came out of the other, and both promise the same."""
    related = mine.id == from_lot_id or mine.from_lot_id == lot.id
    return related and (mine.active, mine.expires_at) == (lot.active, lot.expires_at)


MOVED = SQL(
    "SELECT m.lot_id, m.d_remaining, l.from_lot_id FROM points_lot_move m"
    " JOIN points_lot l ON l.member_id = m.member_id AND l.id = m.lot_id"
    " WHERE m.member_id = $1 AND m.transaction_id = $2"
)
CAME_FROM = SQL(
    f"SELECT {OF_LOT} FROM points_lot WHERE member_id = $1 AND id = ANY($2::uuid[])"  # noqa: S608  names of columns
)
OWED = SQL(
    "SELECT COALESCE(SUM(delta), 0)::bigint AS points FROM points_entry"
    " WHERE member_id = $1 AND transaction_id = $2 AND bucket = 'DEBT'"
)


async def hand_back(giver: Book, taker: Book, into_id: UUID, cause: str, *, group: UUID) -> bool:
    """What came to a book by a movement goes back to the very lots it came out of, as far as it has not expired.

    Says no, having decided nothing, when it cannot be told apart any more: it repaid a debt, or is no longer whole.

    Raises: PointsLimit.
    """
    moved = await MOVED.rows(giver.member_id, into_id)
    owed: int = await OWED.value(giver.member_id, into_id)
    mine = {lot.id: lot for lot in giver.lots}
    whole = all(row["d_remaining"] > 0 and _is_whole(mine.get(row["lot_id"]), row["d_remaining"]) for row in moved)
    if not whole or not 0 <= owed <= giver.balances.debt:
        return False
    ids = [row["from_lot_id"] for row in moved]
    theirs = {row["id"]: Lot(**row) for row in await CAME_FROM.rows(taker.member_id, ids)}
    out, into = (
        Movement(kind, cause, giver.now, group_id=group, counterpart_id=other.member_id)
        for kind, other in ((PointsKind.MERGE_OUT, taker), (PointsKind.MERGE_IN, giver))
    )
    going: list[tuple[Lot, int]] = []
    coming: list[tuple[Lot, int]] = []
    for row in moved:
        if (lot := mine.get(row["lot_id"])) is not None and lot.remaining:
            was = theirs[row["from_lot_id"]]
            was.active, was.activates_at = lot.active, lot.activates_at
            going.append((lot, row["d_remaining"]))
            coming.append((was, row["d_remaining"]))
    giver.part_with(out, going, Counter.MERGE, owed=owed)
    taker.receive(into, coming, Counter.MERGE, owed=owed)
    return True


def _is_whole(lot: Lot | None, came: int) -> bool:
    """Whether a lot still holds what came, or has expired; then it is not there any more."""
    return lot is None or lot.remaining == 0 or (lot.remaining >= came and not lot.held)
