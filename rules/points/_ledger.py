"""The ledger: opens a member's book under their lock, and writes what was decided in it in a few statements."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any
from uuid import UUID

from models.points import PointsAccount, PointsEntry, PointsLot, PointsLotMove, PointsTransaction
from models.sql import SQL, insert
from models.units import Points
from models.writing import add, change
from rules import programme
from rules.actors import Actor
from rules.idempotency import IdempotencyKeyReused
from rules.outbox import Event
from rules.points._book import Balances, Book, Line, Lot, Movement


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


ACCOUNTS = SQL(
    "SELECT member_id, available, pending, held, debt, seq, lifetime_earned, lifetime_spent, lifetime_expired"
    " FROM points_account WHERE member_id = ANY($1::uuid[])",
    fans_out="a queue of adjustments shows what each would come to",
)
LOTS_OF = SQL(
    "SELECT member_id, id, transaction_id, purchase_id, granted, remaining, held, active, activates_at, expires_at"
    " FROM points_lot WHERE member_id = ANY($1::uuid[]) AND (remaining > 0 OR held > 0)",
    fans_out="a queue of adjustments shows what each would come to",
)


async def open_books(member_ids: Sequence[UUID], now: datetime) -> list[Book]:
    """A book of its own for each of these members, who may be the same, in their order; to try, not to post."""
    ids = list(set(member_ids))
    accounts = {row.pop("member_id"): row for row in await ACCOUNTS.rows(ids)}
    lots: dict[UUID, list[dict[str, Any]]] = {member_id: [] for member_id in ids}
    for row in await LOTS_OF.rows(ids):
        lots[row.pop("member_id")].append(row)
    return [
        Book(each, Balances(**accounts[each]), [Lot(**lot) for lot in lots[each]], now=now) for each in member_ids
    ]


async def post(book: Book, actor: Actor) -> list[Event]:
    """Have all written that was decided in a book, and hand back its events for the outbox.

    Raises: IdempotencyKeyReused, in the end, when a movement of the same cause was written before.
    """
    if not book.movements:
        return []
    rows = [_transaction_row(book, movement, actor) for movement in book.movements]
    # the ledger remembers a key's cause for ever, also when its stored answer was swept away
    add(PointsTransaction, rows, clash=IdempotencyKeyReused)
    add(PointsLot, [{**_plain(lot), "member_id": book.member_id} for lot in book.new_lots])
    _keep_lots(book)
    add(PointsLotMove, _lot_moves(book))
    add(PointsEntry, [_entry_row(book, line) for line in book.lines])
    figures = {name: getattr(book.balances, name) for name in _FIGURES}
    change(PointsAccount, {"member_id": book.member_id, "seq": book.seq_read}, figures)
    return [_event(book, movement) for movement in book.movements]


_FIGURES = [each.name for each in fields(Balances)]


async def _paid_by(member_id: UUID, transaction_id: UUID | None) -> list[tuple[Lot, int]]:
    """What each lot paid of a redemption."""
    rows = await PAID_BY.rows(member_id, transaction_id)
    return [(Lot(**{name: row[name] for name in _LOT}), row["share"]) for row in rows]


_LOT = [each.name for each in fields(Lot)]


def _keep_lots(book: Book) -> None:
    """Write what is left of the lots that moved and were not new."""
    new = {lot.id for lot in book.new_lots}
    moved = {move.lot.id: move.lot for move in book.moves if move.lot.id not in new}
    for lot in moved.values():
        left = {"remaining": lot.remaining, "active": lot.active, "activates_at": lot.activates_at}
        change(PointsLot, {"member_id": book.member_id, "id": lot.id}, left)


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


def _entry_row(book: Book, line: Line) -> dict[str, Any]:
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
