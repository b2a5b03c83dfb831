"""Points: what may be earned, redeemed, returned and adjusted, and the ledger that records it."""

from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from models.members import MemberState
from models.points import (
    PointsAccount,
    PointsEntry,
    PointsKind,
    PointsLot,
    PointsLotMove,
    PointsNote,
    PointsTransaction,
)
from models.sql import SQL, insert
from models.units import Note, Points, ReasonCode
from rules import audit, members, programme, vault
from rules.actors import Actor
from rules.idempotency import Key, Slip
from rules.outbox import Event, tell
from rules.points._book import Balances, Book, InsufficientPoints, Lot, Movement, PointsLimit, reversal
from rules.programme import Rung
from rules.refusals import NotFound, Refusal
from rules.transactions import transaction

__all__ = [
    "AboveTierLimit",
    "BalanceChanged",
    "Balances",
    "Book",
    "Chance",
    "InsufficientPoints",
    "Lot",
    "Movement",
    "PointsLimit",
    "Posted",
    "RefundExceedsOriginal",
    "adjust",
    "check_redemption",
    "give_back",
    "objections",
    "open_book",
    "post",
    "preview",
    "redeem",
    "reversal",
]


@dataclass(eq=False)
class AboveTierLimit(Refusal):
    """The member's tier does not allow so many points in one redemption."""

    zh = "超出该会员等级的单次兑换上限。"
    field = ("points",)
    wanted: Points
    limit: Points


@dataclass(eq=False)
class BalanceChanged(Refusal):
    """The balance is not what the request expected."""

    zh = "积分余额已变动。"
    field = ("expectedAvailable",)
    available: Points


@dataclass(eq=False)
class RefundExceedsOriginal(Refusal):
    """More would be given back than there was."""

    zh = "退还数量超过原始数量。"
    wanted: int
    left: int


@dataclass(frozen=True, slots=True)
class Posted:
    """What a command left behind: its transaction, the account after it, and whether it was done before."""

    transaction_id: UUID
    available: Points
    pending: Points
    held: Points
    debt: Points
    replayed: bool = False

    @classmethod
    def replay(cls, response: dict[str, Any]) -> "Posted":
        """The stored answer of an earlier, identical request."""
        return cls(**{**response, "transaction_id": UUID(response["transaction_id"]), "replayed": True})


def objections(wanted: Points, *, available: Points, state: MemberState, tier: Rung) -> list[Refusal]:
    """Everything that stands against a redemption, the first to be told first; empty when it may go ahead."""
    found: list[Refusal] = []
    if refused := members.inactivity(state):
        found.append(refused)
    if tier.redeem_limit_points is not None and wanted > tier.redeem_limit_points:
        found.append(AboveTierLimit(wanted, tier.redeem_limit_points))
    if wanted > available:
        found.append(InsufficientPoints(wanted, available))
    return found


def check_redemption(wanted: Points, *, available: Points, state: MemberState, tier: Rung) -> None:
    """Refuse a redemption for the first objection there is.

    Raises: MemberFrozen, MemberNotActive, MemberMerged, AboveTierLimit, InsufficientPoints.
    """
    for refusal in objections(wanted, available=available, state=state, tier=tier):
        raise refusal


@dataclass(frozen=True, slots=True)
class Chance:
    """What a redemption would come to: what stands against it, what there is, and how much is allowed at once."""

    objections: list[Refusal]
    available: Points
    limit: Points | None


STATE_OF = SQL("SELECT state FROM member WHERE id = $1")


async def preview(member_id: UUID, points: Points, *, now: datetime) -> Chance:
    """Run the checks of a redemption without doing it, and tell everything that stands against it.

    Raises: NotFound.
    """
    state = await STATE_OF.value(member_id)
    if state is None:
        raise NotFound
    terms = await programme.terms()
    tier = terms.rung(await TIER_OF.value(member_id))
    book = await open_book(member_id, now)
    available = Points(book.balances.available)
    found = objections(points, available=available, state=MemberState(state), tier=tier)
    return Chance(found, available, tier.redeem_limit_points)


TIER_OF = SQL("SELECT tier_id FROM growth_account WHERE member_id = $1")


@transaction
async def redeem(
    member_id: UUID,
    points: Points,
    *,
    reason: ReasonCode,
    note: Note | None = None,
    purchase_id: UUID | None = None,
    key: Key,
    actor: Actor,
    now: datetime,
) -> Posted:
    """Take points from a member for a reward, or as part of the price of a purchase.

    The same key is always answered by the same transaction. Points paid towards a purchase come back when it is
    refunded.

    Raises: NotFound, IdempotencyKeyReused, MemberFrozen, MemberNotActive, MemberMerged, AboveTierLimit,
    InsufficientPoints, PointsLimit.
    """
    held = await members.hold(member_id)
    slip = Slip(member_id, actor, key, "points.redeem", (points, reason, note, purchase_id))
    if earlier := await slip.recall():
        return Posted.replay(earlier)
    terms = await programme.terms()
    book = await open_book(member_id, now)
    tier = terms.rung(await TIER_OF.value(member_id))
    check_redemption(points, available=Points(book.balances.available), state=held.state, tier=tier)
    if purchase_id is not None:
        await _check_purchase(member_id, purchase_id)
    movement = Movement(PointsKind.REDEEM, slip.cause, now, purchase_id=purchase_id, reason=reason)
    book.spend(movement, points)
    return await _conclude(book, movement, slip, note=note)


@transaction
async def adjust(
    member_id: UUID,
    delta: int,
    *,
    reason: ReasonCode,
    note: Note | None = None,
    expected_available: Points | None = None,
    key: Key,
    actor: Actor,
    now: datetime,
) -> Posted:
    """Put points in or take points out by hand, for a reason. There is no way to set a balance.

    Raises: NotFound, IdempotencyKeyReused, MemberNotActive, MemberMerged, BalanceChanged, InsufficientPoints,
    PointsLimit.
    """
    held = await members.hold(member_id)
    slip = Slip(member_id, actor, key, "points.adjust", (delta, reason, note, expected_available))
    if earlier := await slip.recall():
        return Posted.replay(earlier)
    if refused := members.inactivity(held.state, frozen_may=True):
        raise refused
    terms = await programme.terms()
    book = await open_book(member_id, now)
    if expected_available is not None and expected_available != book.balances.available:
        raise BalanceChanged(Points(book.balances.available))
    if delta > 0:
        movement = Movement(PointsKind.ADJUST_IN, slip.cause, now, reason=reason)
        book.earn(movement, Points(delta), expires_at=terms.expiry(now), active=True)
    else:
        movement = Movement(PointsKind.ADJUST_OUT, slip.cause, now, reason=reason)
        book.spend(movement, Points(-delta))
    return await _conclude(book, movement, slip, note=note)


ORIGINAL = SQL("SELECT id, kind, points, purchase_id FROM points_transaction WHERE member_id = $1 AND id = $2")
REVERSED = SQL(
    "SELECT COALESCE(SUM(points), 0) AS points FROM points_transaction WHERE member_id = $1 AND reverses_id = $2"
)


@transaction
async def give_back(
    member_id: UUID,
    transaction_id: UUID,
    points: Points | None,
    *,
    reason: ReasonCode,
    note: Note | None = None,
    key: Key,
    actor: Actor,
    now: datetime,
) -> Posted:
    """Return the points of a redemption, in part or (with None) all that is left of it, to the lots that paid.

    Raises: NotFound, IdempotencyKeyReused, MemberNotActive, MemberMerged, RefundExceedsOriginal, PointsLimit.
    """
    held = await members.hold(member_id)
    slip = Slip(member_id, actor, key, "points.return", (transaction_id, points, reason, note))
    if earlier := await slip.recall():
        return Posted.replay(earlier)
    if refused := members.inactivity(held.state, frozen_may=True):
        raise refused
    original = await ORIGINAL.row(member_id, transaction_id)
    if original is None or original["kind"] != PointsKind.REDEEM:
        raise NotFound
    already = await REVERSED.value(member_id, transaction_id)
    left = -original["points"] - already
    wanted = Points(left) if points is None else points
    if not 0 < wanted <= left:
        raise RefundExceedsOriginal(wanted, left)
    book = await open_book(member_id, now)
    movement = Movement(
        PointsKind.RETURN,
        slip.cause,
        now,
        purchase_id=original["purchase_id"],
        reverses_id=transaction_id,
        reason=reason,
    )
    await return_to_lots(book, movement, wanted, already=already)
    return await _conclude(book, movement, slip, note=note)


async def return_to_lots(book: Book, movement: Movement, points: Points, *, already: int) -> None:
    """Return part of the redemption a movement reverses to the lots that paid for it."""
    terms = await programme.terms()
    paid_by = await _paid_by(book.member_id, movement.reverses_id)
    book.give_back(movement, points, paid_by=paid_by, already=already, grace=terms.grace(book.now))


ACCOUNT = SQL(
    "SELECT available, pending, held, debt, seq, lifetime_earned, lifetime_spent, lifetime_expired"
    " FROM points_account WHERE member_id = $1"
)
LOTS = SQL(
    "SELECT id, transaction_id, purchase_id, granted, remaining, held, active, activates_at, expires_at"
    " FROM points_lot WHERE member_id = $1 AND (remaining > 0 OR held > 0)"
)
PAID_BY = SQL(
    "SELECT l.id, l.transaction_id, l.purchase_id, l.granted, l.remaining, l.held, l.active, l.activates_at,"
    " l.expires_at, -m.d_remaining AS share FROM points_lot_move m"
    " JOIN points_lot l ON l.member_id = m.member_id AND l.id = m.lot_id"
    " WHERE m.member_id = $1 AND m.transaction_id = $2"
)
KEEP = SQL(
    "UPDATE points_account SET available = $3, pending = $4, held = $5, debt = $6, seq = $7,"
    " lifetime_earned = $8, lifetime_spent = $9, lifetime_expired = $10"
    " WHERE member_id = $1 AND seq = $2 RETURNING seq"
)
KEEP_LOT = SQL(
    "UPDATE points_lot SET remaining = $3, active = $4, activates_at = $5"
    " WHERE member_id = $1 AND id = $2 RETURNING id"
)


async def open_account(member_id: UUID) -> None:
    """Give a new member an empty account."""
    await insert(PointsAccount, [{"member_id": member_id}])


async def open_book(member_id: UUID, now: datetime, *, with_lots: bool = True) -> Book:
    """A held member's points. Crediting a member who owes nothing needs no lots; everything else does."""
    row = await ACCOUNT.row(member_id)
    if row is None:
        raise AssertionError("A member without a points account.")
    lots = [Lot(**lot) for lot in await LOTS.rows(member_id)] if with_lots else []
    return Book(member_id, Balances(**row), lots, now=now)


async def post(book: Book, actor: Actor) -> list[Event]:
    """Write all that was decided in a book, and hand back its events for the outbox."""
    if not book.movements:
        return []
    await insert(PointsTransaction, [_transaction_row(book, movement, actor) for movement in book.movements])
    if book.new_lots:
        await insert(PointsLot, [{**_plain(lot), "member_id": book.member_id} for lot in book.new_lots])
    await _keep_lots(book)
    if moved := _lot_moves(book):
        await insert(PointsLotMove, moved)
    await insert(PointsEntry, [_entry_row(book, line) for line in book.lines])
    figures = asdict(book.balances)
    if await KEEP.row(book.member_id, book.seq_read, *(figures[name] for name in _FIGURES)) is None:
        raise AssertionError("The points account moved although its member was held.")
    return [_event(book, movement) for movement in book.movements]


_FIGURES = [each.name for each in fields(Balances)]


async def _conclude(book: Book, movement: Movement, slip: Slip, *, note: Note | None) -> Posted:
    """The last beat of a command on points alone: rows, note, events, audit, answer."""
    events = await post(book, slip.actor)
    if note is not None:
        await _keep_note(book.member_id, movement.id, note)
    await tell(book.member_id, events, book.now)
    await audit.note(
        slip.actor,
        slip.operation,
        member_id=book.member_id,
        reason=movement.reason,
        facts={"points": movement.points, "transaction": str(movement.id)},
        now=book.now,
    )
    balances = book.balances
    posted = Posted(
        movement.id,
        Points(balances.available),
        Points(balances.pending),
        Points(balances.held),
        Points(balances.debt),
    )
    answer = {name: getattr(posted, name) for name in ("available", "pending", "held", "debt")}
    await slip.keep({**answer, "transaction_id": str(posted.transaction_id)}, book.now)
    return posted


PURCHASE = SQL("SELECT id FROM purchase WHERE member_id = $1 AND id = $2 AND state <> 'CANCELLED'")


async def _check_purchase(member_id: UUID, purchase_id: UUID) -> None:
    """Points pay only towards the member's own live purchase.

    Raises: NotFound.
    """
    if await PURCHASE.row(member_id, purchase_id) is None:
        raise NotFound


async def _paid_by(member_id: UUID, transaction_id: UUID | None) -> list[tuple[Lot, int]]:
    """What each lot paid of a redemption."""
    rows = await PAID_BY.rows(member_id, transaction_id)
    return [(Lot(**{name: row[name] for name in _LOT}), row["share"]) for row in rows]


_LOT = [each.name for each in fields(Lot)]


async def _keep_lots(book: Book) -> None:
    """Write what is left of the lots that moved and were not new."""
    new = {lot.id for lot in book.new_lots}
    moved = {move.lot.id: move.lot for move in book.moves if move.lot.id not in new}
    for lot in moved.values():
        await KEEP_LOT.row(book.member_id, lot.id, lot.remaining, lot.active, lot.activates_at)


async def _keep_note(member_id: UUID, transaction_id: UUID, note: Note) -> None:
    wrapped = await members.wrapped_key(member_id)
    sealed = vault.unlocked().seal(wrapped, member_id, f"note:{transaction_id}", note)
    await insert(PointsNote, [{"transaction_id": transaction_id, "member_id": member_id, "sealed": sealed}])


def _transaction_row(book: Book, movement: Movement, actor: Actor) -> dict[str, Any]:
    return {
        "id": movement.id,
        "member_id": book.member_id,
        "kind": movement.kind,
        "points": movement.points,
        "cause": movement.cause,
        "reverses_id": movement.reverses_id,
        "purchase_id": movement.purchase_id,
        "actor_kind": actor.kind.value,
        "actor_id": actor.id,
        "store_id": actor.store_id,
        "reason": movement.reason,
        "request_id": actor.request_id,
        "effective_at": movement.effective_at,
        "created_at": book.now,
    }


def _plain(lot: Lot) -> dict[str, Any]:
    return {name: getattr(lot, name) for name in _LOT}


def _entry_row(book: Book, line: Any) -> dict[str, Any]:
    return {
        "id": line.id,
        "transaction_id": line.movement.id,
        "member_id": book.member_id,
        "seq": line.seq,
        "bucket": line.bucket,
        "delta": line.delta,
        "balance_after": line.balance_after,
        "counter": line.counter,
    }


def _lot_moves(book: Book) -> list[dict[str, Any]]:
    return [
        {
            "member_id": book.member_id,
            "lot_id": move.lot.id,
            "transaction_id": move.movement.id,
            "d_remaining": move.d_remaining,
        }
        for move in book.moves
        if move.d_remaining
    ]


def _event(book: Book, movement: Movement) -> Event:
    body = {"kind": movement.kind.value, "points": movement.points, "available": book.balances.available}
    return Event("points.moved", body, movement.id)
