"""The ledger: what a book decided, as the rows it leaves."""

from dataclasses import fields
from uuid import UUID

from uuid_utils.compat import uuid7

from benchmarks.speed.data.store import Store
from rules.actors import Actor
from rules.points import Book, Lot

LOT = [each.name for each in fields(Lot)]


def write(store: Store, book: Book, actor: Actor) -> None:
    """Write a book's movements with their lines and lot moves, and the lots that are spent."""
    for movement in book.movements:
        store.add(
            "points_transaction",
            {
                "id": movement.id,
                "member_id": book.member_id,
                "kind": movement.kind.value,
                "points": movement.points,
                "cause": movement.cause,
                "purchase_id": movement.purchase_id,
                "actor_kind": actor.kind.value,
                "actor_id": actor.id,
                "reason": movement.reason,
                "effective_at": movement.effective_at,
                "created_at": book.now,
            },
        )
    for line in book.lines:
        store.add(
            "points_entry",
            {
                "id": line.id,
                "transaction_id": line.movement.id,
                "member_id": book.member_id,
                "seq": line.seq,
                "bucket": line.bucket.value,
                "delta": line.delta,
                "balance_after": line.balance_after,
                "counter": line.counter.value,
            },
        )
    for move in book.moves:
        store.add(
            "points_lot_move",
            {
                "id": uuid7(),
                "member_id": book.member_id,
                "lot_id": move.lot.id,
                "transaction_id": move.movement.id,
                "d_remaining": move.d_remaining,
                "d_held": 0,
            },
        )
    for lot in book.lots:
        if not lot.remaining:
            write_lot(store, book.member_id, lot)


def write_lot(store: Store, member_id: UUID, lot: Lot) -> None:
    """Write a lot that will not change any more."""
    store.add("points_lot", {"member_id": member_id, **{name: getattr(lot, name) for name in LOT}})
