"""The ledger: opens a member's book under their lock, and writes what was decided in it in a few statements."""

from collections.abc import Collection, Sequence
from dataclasses import fields
from datetime import datetime
from operator import attrgetter
from typing import Any
from uuid import UUID

from models.columns import Values
from models.points import (
    Bucket,
    HoldState,
    PointsAccount,
    PointsEntry,
    PointsHold,
    PointsKind,
    PointsLot,
    PointsLotMove,
    PointsTransaction,
)
from models.sql import SQL, insert
from models.units import Points
from models.writing import Adding, Changing, add, change
from rules import earning, programme
from rules.actors import Actor, ActorKind
from rules.earning import Reversal
from rules.idempotency import IdempotencyKeyReused
from rules.jobs import enqueue
from rules.outbox import Event
from rules.points._book import Book
from rules.points._parts import Balances, Hold, Line, Lot, Movement

LAND = "purchases.land"
"""The job by which growth lands with the points of its purchase, when time alone has made them available."""


def landing(lot_id: UUID) -> str:
    """The cause of that job: a lot becomes available once."""
    return f"lot:{lot_id}"


async def return_to_lots(book: Book, movement: Movement, points: Points, *, already: int) -> None:
    """Return part of the redemption a movement reverses to the lots that paid for it."""
    terms = await programme.terms()
    paid_by = await _paid_by(book.member_id, movement.reverses_id)
    book.give_back(movement, points, paid_by=paid_by, already=already, grace=terms.grace(book.now))


_FIGURES = [each.name for each in fields(Balances)]
_FIGURES_OF = attrgetter(*_FIGURES)
_LOT = [each.name for each in fields(Lot)]
_PLAIN = attrgetter(*_LOT)
FIGURES, OF_LOT = ", ".join(_FIGURES), ", ".join(_LOT)
OF_A_LOT = ", ".join(f"l.{name}" for name in _LOT)
ACCOUNT = SQL(f"SELECT {FIGURES} FROM points_account WHERE member_id = $1")  # noqa: S608  names of columns
LOTS = SQL(
    f"SELECT {OF_LOT} FROM points_lot WHERE member_id = $1 AND (remaining > 0 OR held > 0)"  # noqa: S608  the same
)
PAID_BY = SQL(
    f"SELECT {', '.join(f'l.{name}' for name in _LOT if name != 'slides')},"  # noqa: S608  names of columns
    # what was written off while the member did nothing slides no more, whatever they have done since
    " CASE WHEN l.slides IS NOT NULL AND NOT EXISTS (SELECT 1 FROM points_lot_move x JOIN points_transaction e"
    " ON e.member_id = x.member_id AND e.id = x.transaction_id AND e.kind = 'EXPIRE'"
    " WHERE x.member_id = l.member_id AND x.lot_id = l.id) THEN l.slides END AS slides,"
    " -m.d_remaining - m.d_held AS share FROM points_lot_move m"
    " JOIN points_lot l ON l.member_id = m.member_id AND l.id = m.lot_id"
    " WHERE m.member_id = $1 AND m.transaction_id = $2"
)


OPEN = (
    "SELECT h.member_id, h.id, h.transaction_id, h.amount, h.reason, h.purchase_id, h.order_ref, h.created_at,"
    " h.expires_at, h.grace_until, h.discount_bps, m.lot_id, m.d_held AS share FROM points_hold h"
    " JOIN points_lot_move m ON m.member_id = h.member_id AND m.hold_id = h.id"
    " WHERE h.state = 'HELD' AND h.member_id"
)
HOLDS = SQL(f"{OPEN} = $1")
HOLDS_OF = SQL(
    f"{OPEN} = ANY($1::uuid[])", fans_out="members whose holds ended without a word are shown without them"
)


async def open_account(member_id: UUID) -> None:
    """Give a new member an empty account."""
    await insert(PointsAccount, [{"member_id": member_id}])


def has_slid_out(slid: dict[str, str] | None, now: datetime) -> bool:
    """Whether lots that slide are over: an activity must find them written off, or it would revive them."""
    return slid is not None and any(datetime.fromisoformat(until) <= now for until in slid.values())


async def open_book(member_id: UUID, now: datetime, *, with_lots: bool = True) -> Book:
    """A held member's points. Crediting a member who owes nothing needs no lots; everything else does."""
    row = await ACCOUNT.row(member_id)
    if row is None:
        raise AssertionError("A member without a points account.")
    # what is released or becomes available repays the debt before anything else does, and what is over stays so
    owes = row["debt"] and (row["held"] or row["pending"])
    whole = with_lots or bool(owes) or has_slid_out(row["slid"], now)
    lots = [Lot(**lot) for lot in await LOTS.rows(member_id)] if whole else []
    holds = _holds(await HOLDS.rows(member_id), lots) if whole and row["held"] else []
    return Book(member_id, Balances(**row), lots, holds=holds, now=now)


ACCOUNTS = SQL(
    f"SELECT member_id, {FIGURES} FROM points_account WHERE member_id = ANY($1::uuid[])",  # noqa: S608  names
    fans_out="a queue of adjustments shows what each would come to",
)
LOTS_OF = SQL(
    f"SELECT member_id, {OF_LOT} FROM points_lot"  # noqa: S608  names of columns
    " WHERE member_id = ANY($1::uuid[]) AND (remaining > 0 OR held > 0)",
    fans_out="a queue of adjustments shows what each would come to",
)


SEQS = SQL(
    "SELECT member_id, seq FROM points_account WHERE member_id = ANY($1::uuid[])",
    fans_out="a queue of adjustments shows what each would come to",
)
TRIES = 5


async def open_books(member_ids: Sequence[UUID], now: datetime) -> list[Book]:
    """A book of its own for each of these members, who may be the same, in their order; to try, not to post.

    Nobody is held: what was written while it was read is read again, since halves of two states are none.
    """
    ids = list(set(member_ids))
    for _ in range(TRIES):
        accounts = {row.pop("member_id"): row for row in await ACCOUNTS.rows(ids)}
        lots: dict[UUID, list[dict[str, Any]]] = {member_id: [] for member_id in ids}
        for row in await LOTS_OF.rows(ids):
            lots[row.pop("member_id")].append(row)
        holding = [member_id for member_id in ids if accounts[member_id]["held"]]
        open_now = await HOLDS_OF.rows(holding) if holding else []
        if all(accounts[row["member_id"]]["seq"] == row["seq"] for row in await SEQS.rows(ids)):
            return [_book(each, accounts[each], lots[each], open_now, now) for each in member_ids]
    raise AssertionError("Accounts that are never at rest.")


def _book(
    member_id: UUID,
    account: dict[str, Any],
    lots: Sequence[dict[str, Any]],
    holds: Sequence[dict[str, Any]],
    now: datetime,
) -> Book:
    own = [Lot(**lot) for lot in lots]
    held = _holds([row for row in holds if row["member_id"] == member_id], own)
    return Book(member_id, Balances(**account), own, holds=held, now=now)


def _holds(rows: Sequence[dict[str, Any]], lots: Sequence[Lot]) -> list[Hold]:
    """One member's open holds, each with its shares of their lots, of rows that tell a share each."""
    known = {lot.id: lot for lot in lots}
    found: dict[UUID, Hold] = {}
    for row in rows:
        hold = found.setdefault(row["id"], Hold(**{name: row[name] for name in _HOLD}))
        hold.shares.append((known[row["lot_id"]], row["share"]))
    return list(found.values())


_HOLD = (
    "id",
    "transaction_id",
    "amount",
    "reason",
    "purchase_id",
    "order_ref",
    "created_at",
    "expires_at",
    "grace_until",
    "discount_bps",
)


async def post(book: Book, actor: Actor) -> list[Event]:
    """Have all written that was decided in a book, and hand back its events for the outbox.

    Raises: IdempotencyKeyReused, in the end, when a movement of the same cause was written before.
    """
    if not book.movements:
        _keep_lots(book)
        return []
    if taken := _taken_back(book):
        await earning.give_back(book.member_id, taken, await programme.terms())
    rows = [_transaction(book, movement, actor) for movement in book.movements]
    # the ledger remembers a key's cause for ever, also when its stored answer was swept away
    _TRANSACTIONS.add(rows, clash=IdempotencyKeyReused)
    _keep_lots(book)
    _keep_holds(book, actor)
    _keep_moves(book)
    _ENTRIES.add([_entry(book, line) for line in book.lines])
    account, figures = (book.member_id, book.seq_read), _FIGURES_OF(book.balances)
    if book.balances.slid == book.slid_read:
        _ACCOUNT.change(account, figures[:-1])
    else:
        _SLID_ACCOUNT.change(account, figures)
    for lot in book.activated:
        if lot.growth and lot.id not in book.landed:
            facts = {"member": str(book.member_id), "lot": str(lot.id)}
            await enqueue(LAND, landing(lot.id), facts, now=book.now)
    return [_event(book, movement) for movement in book.movements]


def _taken_back(book: Book) -> list[Reversal]:
    """What was cancelled before it was available: it is held of no cap and no budget any more."""
    return [
        Reversal(movement.reverses_id, movement.id, Points(-movement.points), movement.effective_at)
        for movement in book.movements
        if movement.kind is PointsKind.CANCEL_PENDING and movement.reverses_id
    ]


async def _paid_by(member_id: UUID, transaction_id: UUID | None) -> list[tuple[Lot, int]]:
    """What each lot paid of a redemption."""
    rows = await PAID_BY.rows(member_id, transaction_id)
    return [(Lot(**{name: row[name] for name in _LOT if name in row}), row["share"]) for row in rows]


def _keep_lots(book: Book) -> None:
    """Write the new lots, and what is left of those that moved."""
    if book.new_lots:
        add(PointsLot, [{**_plain(lot), "member_id": book.member_id} for lot in book.new_lots])
    for lot, more in _moved(book):
        if more:
            names = ["remaining", *(name for name in (*_COME, "held", *_LIFE) if name in more)]
            found = {"member_id": book.member_id, "id": lot.id}
            change(PointsLot, found, {name: getattr(lot, name) for name in names})
        else:
            _LEFT.change((book.member_id, lot.id), (lot.remaining,))


def _moved(book: Book) -> Collection[tuple[Lot, set[str]]]:
    """The lots that moved and are not new, and what has changed of each besides what is left of it."""
    moved: dict[UUID, tuple[Lot, set[str]]] = {}
    for move in book.moves:
        _, more = moved.setdefault(move.lot.id, (move.lot, set()))
        # what leaves a lot changes nothing else of it; what comes may come with another life
        if move.d_remaining >= 0:
            more.update(_COME)
        if move.d_held:
            more.add("held")
    for lot in book.changed:
        moved.setdefault(lot.id, (lot, set()))[1].update(_COME, _LIFE)
    for lot in book.new_lots:
        del moved[lot.id]
    return moved.values()


def _keep_holds(book: Book, actor: Actor) -> None:
    """Write the new holds, and what became of those that ended. Each ends once."""
    if book.new_holds:
        add(PointsHold, [_hold_row(book, hold, actor) for hold in book.new_holds])
    for hold in book.ended_holds:
        found = {"member_id": book.member_id, "id": hold.id, "state": HoldState.HELD}
        end = {"state": hold.state, "captured": hold.captured, "released": hold.released, "closed_at": book.now}
        change(PointsHold, found, end)


_COME, _LIFE = ("active", "activates_at"), ("expires_at", "thaws", "cancels_at")
_LEFT = Changing(PointsLot, ("member_id", "id"), ("remaining",))
_ACCOUNT = Changing(PointsAccount, ("member_id", "seq"), tuple(_FIGURES[:-1]))
_SLID_ACCOUNT = Changing(PointsAccount, ("member_id", "seq"), tuple(_FIGURES))

_TRANSACTIONS = Adding(
    PointsTransaction,
    *("id", "member_id", "kind", "points", "lost", "written_off"),
    *("cause", "reverses_id", "group_id", "counterpart_id", "purchase_id"),
    *("actor_kind", "actor_id", "store_id", "request_id"),
    *("reason", "effective_at", "created_at"),
)


def _transaction(book: Book, movement: Movement, actor: Actor) -> Values:
    return (
        *(movement.id, book.member_id, movement.kind, movement.points, movement.lost or None),
        movement.written_off or None,
        *(movement.cause, movement.reverses_id, movement.group_id, movement.counterpart_id, movement.purchase_id),
        *(actor.kind, actor.id, actor.store_id, actor.request_id),
        *(movement.reason, movement.effective_at, book.now),
    )


def _plain(lot: Lot) -> dict[str, Any]:
    return dict(zip(_LOT, _PLAIN(lot), strict=True))


_ENTRIES = Adding(
    PointsEntry, "id", "transaction_id", "member_id", "seq", "bucket", "delta", "balance_after", "counter"
)


def _entry(book: Book, line: Line) -> Values:
    return (
        *(line.id, line.movement.id, book.member_id, line.seq),
        *(line.bucket, line.delta, line.balance_after, line.counter),
    )


_MOVES = Adding(PointsLotMove, "member_id", "lot_id", "transaction_id", "d_remaining")
_HELD_MOVES = Adding(PointsLotMove, "member_id", "lot_id", "transaction_id", "d_remaining", "d_held", "hold_id")


def _keep_moves(book: Book) -> None:
    """Write the moves that have to do with no hold, and those that have."""
    moves: list[Values] = []
    held: list[Values] = []
    for move in book.moves:
        row = (book.member_id, move.lot.id, move.movement.id, move.d_remaining)
        if move.d_held:
            held.append((*row, move.d_held, move.movement.hold_id))
        elif move.d_remaining:
            moves.append(row)
    _MOVES.add(moves)
    _HELD_MOVES.add(held)


def _hold_row(book: Book, hold: Hold, actor: Actor) -> dict[str, Any]:
    return {
        **{name: getattr(hold, name) for name in _HOLD},
        "member_id": book.member_id,
        "captured": 0,
        "released": 0,
        "state": HoldState.HELD,
        "actor_kind": actor.kind.value,
        "actor_id": actor.id,
        "source": actor.source if actor.kind is ActorKind.SERVICE else None,
        "store_id": actor.store_id,
    }


def _event(book: Book, movement: Movement) -> Event:
    body: dict[str, Any] = {
        "kind": movement.kind,
        "points": movement.points,
        "available": book.balances.available,
    }
    if movement.hold_id is None:
        return Event("points.moved", body, movement.id)
    moved = next(line.delta for line in book.lines if line.movement is movement and line.bucket is Bucket.HELD)
    body |= {"hold": str(movement.hold_id), "held": moved}
    if movement.kind is PointsKind.HOLD:
        return Event("points.held", body, movement.id)
    if movement.kind is PointsKind.RELEASE:
        return Event("points.released", body, movement.id)
    return Event("points.captured", body, movement.id)
