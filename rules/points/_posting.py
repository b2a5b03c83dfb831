"""Posting: the last beat of a movement on points alone, and the answer it leaves behind."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from models.points import PointsNote
from models.sql import insert
from models.units import Note, Points
from rules import audit, members, vault
from rules.actors import Actor
from rules.idempotency import Slip
from rules.outbox import tell
from rules.points._book import Book, Movement
from rules.points._ledger import post


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

    @property
    def response(self) -> dict[str, Any]:
        """The answer as it is stored."""
        answer = {name: getattr(self, name) for name in ("available", "pending", "held", "debt")}
        return {**answer, "transaction_id": str(self.transaction_id)}


async def conclude(book: Book, movement: Movement, slip: Slip, *, note: Note | None) -> Posted:
    """The last beat of a command on points alone: what was decided is written, and the answer stored."""
    posted = await record(book, movement, slip.operation, note=note, actor=slip.actor)
    await slip.keep(posted.response, book.now)
    return posted


async def record(
    book: Book,
    movement: Movement,
    operation: str,
    *,
    note: Note | None,
    actor: Actor,
    facts: dict[str, Any] | None = None,
) -> Posted:
    """Write the one movement of a book: rows, note, events, and a line of the audit log with these facts too."""
    events = await post(book, actor)
    if note is not None:
        await _keep_note(book.member_id, movement.id, note)
    await tell(book.member_id, events, book.now)
    await audit.note(
        actor,
        operation,
        member_id=book.member_id,
        reason=movement.reason,
        facts={"points": movement.points, "transaction": str(movement.id), **(facts or {})},
        now=book.now,
    )
    balances = book.balances
    return Posted(
        movement.id,
        Points(balances.available),
        Points(balances.pending),
        Points(balances.held),
        Points(balances.debt),
    )


async def _keep_note(member_id: UUID, transaction_id: UUID, note: Note) -> None:
    wrapped = await members.wrapped_key(member_id)
    sealed = vault.unlocked().seal(wrapped, member_id, f"note:{transaction_id}", note)
    await insert(PointsNote, [{"transaction_id": transaction_id, "member_id": member_id, "sealed": sealed}])
