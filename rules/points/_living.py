"""Living: what completion, a thaw, an activity and the staff do to lots that wait or slide."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from models.points import PointsKind, WaitsFor
from models.sql import SQL
from models.units import Note, ReasonCode
from rules import earning, heirs, members
from rules.actors import Actor
from rules.idempotency import Key, Slip
from rules.points._book import Book
from rules.points._ledger import OF_A_LOT, open_book
from rules.points._parts import Lot, Movement, cancelling
from rules.points._posting import Posted, conclude
from rules.policy import expires_by, slid
from rules.programme import Terms
from rules.refusals import NotFound, Refusal
from rules.transactions import transaction


@dataclass(eq=False)
class PointsNotPending(Refusal):
    """These points are not pending any more."""

    zh = "该批积分已不在待生效状态。"
    field = ("id",)


def complete(book: Book, purchase_id: UUID, at: datetime, terms: Terms) -> None:
    """A purchase is completed: what it earned becomes available, unless it waits for a thaw, too."""
    for lot in [each for each in book.pending_lots() if each.purchase_id == purchase_id]:
        if lot.waits_for != WaitsFor.COMPLETION or is_due(lot, at):
            continue
        lot.activates_at, lot.cancels_at = at, None
        lot.expires_at = expires_by(lot.lifetime, at, terms.timezone)
        book.changed.append(lot)
        if not lot.thaws:
            _activate(book, lot, f"activate:{lot.id}", at)


CANCELLED = SQL(
    f"SELECT {OF_A_LOT}, c.id AS cancelled_by, c.reverses_id, -c.points AS gone FROM points_transaction c"  # noqa: S608
    " JOIN points_lot_move m ON m.member_id = c.member_id AND m.transaction_id = c.id"
    " JOIN points_lot l ON l.member_id = m.member_id AND l.id = m.lot_id WHERE c.member_id = $1"
    " AND c.purchase_id = $2 AND c.kind = 'CANCEL_PENDING' AND c.reason IS NULL AND l.cancels_at > $3 ORDER BY l.id"
)
"""What time alone has cancelled after a moment. What staff cancelled has a reason, and stays so."""


async def reinstate(book: Book, purchase_id: UUID, at: datetime) -> None:
    """A purchase was completed before what it earned was cancelled: that waits for its completion again.

    It uses caps anew. Where a budget has no room for it, since others had it meanwhile, it stays cancelled.

    Raises: PointsLimit.
    """
    for row in await CANCELLED.rows(book.member_id, purchase_id, at):
        cancelled_by, earned_by, points = row.pop("cancelled_by"), row.pop("reverses_id"), row.pop("gone")
        lot = Lot(**row)
        movement = Movement(
            PointsKind.RESTORE, f"restore:{lot.id}", at, purchase_id=purchase_id, reverses_id=earned_by
        )
        if await earning.use_again(book.member_id, earned_by, given_back_by=cancelled_by, taken_by=movement.id):
            book.reinstate(movement, lot, points)


def thaw(book: Book) -> None:
    """The member acts again: what waited for that alone becomes available, all else goes on waiting."""
    for lot in book.pending_lots():
        if lot.waits_for is None or (lot.thaws and is_due(lot, book.now)):
            _activate(book, lot, f"thaw:{lot.id}", book.now)
        if lot.thaws:
            lot.thaws = None
            book.changed.append(lot)


def is_due(lot: Lot, at: datetime) -> bool:
    """Whether a lot's moment has come, though it may wait for a thaw."""
    return lot.activates_at is not None and lot.activates_at <= at


def touch(book: Book, at: datetime, terms: Terms) -> None:
    """The member has done something at a moment: lots that slide live longer from there."""
    if book.balances.slid:
        for span in book.balances.slid:
            book.balances.slide(span, slid(span, at, terms.timezone))
        book.stretch()


def _activate(book: Book, lot: Lot, cause: str, at: datetime) -> None:
    movement = Movement(PointsKind.ACTIVATE, cause, at, purchase_id=lot.purchase_id)
    book.activate(movement, [lot], at=at)


EXISTS = SQL("SELECT id FROM points_lot WHERE member_id = $1 AND id = $2")


@transaction
async def cancel_pending(
    member_id: UUID,
    lot_id: UUID,
    *,
    reason: ReasonCode,
    note: Note | None = None,
    key: Key,
    actor: Actor,
    now: datetime,
) -> Posted:
    """Take back what is left of points that are pending, for a reason: they never become available.

    What their purchase would have given in growth with them never lands. What waits with a merged member, for the
    orders they had, is cancelled there.

    Raises: NotFound, IdempotencyKeyReused, MemberNotActive, PointsNotPending, PointsLimit.
    """
    _, heir = await heirs.hold(member_id)
    slip = Slip(member_id, actor, key, "points.cancel", (lot_id, reason, note))
    if earlier := await slip.recall():
        return Posted.replay(earlier)
    if refused := members.inactivity(heir.state, frozen_may=True):
        raise refused
    if await EXISTS.row(member_id, lot_id) is None:
        raise NotFound
    book = await open_book(member_id, now)
    lot = next((each for each in book.pending_lots() if each.id == lot_id), None)
    if lot is None:
        raise PointsNotPending
    movement = cancelling(lot, f"cancel:{lot.id}", now, reason)
    book.cancel(movement, lot)
    return await conclude(book, movement, slip, note=note)
