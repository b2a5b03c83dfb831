"""Posting: the last beat of a movement on points alone, and the answer it leaves behind."""

from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter
from typing import Any, NamedTuple
from uuid import UUID

from models.points import PointsNote
from models.units import Note, Points
from models.writing import add
from rules import audit, members, vault
from rules.actors import Actor
from rules.idempotency import Slip
from rules.outbox import tell
from rules.points._book import Book
from rules.points._ledger import post
from rules.points._parts import Balances, Line, Movement

_FIGURES_OF = attrgetter("available", "pending", "held", "debt")


class Written(NamedTuple):
    """What a command wrote a moment ago: the first line of its movement, and the account's figures after it."""

    member_id: UUID
    line: Line
    balances: Balances
    at: datetime


@dataclass(slots=True)
class Posted:
    """What a command left behind: its transaction, the account after it, and whether it was done before."""

    transaction_id: UUID
    available: Points
    pending: Points
    held: Points
    debt: Points
    replayed: bool = False
    written: Written | None = field(default=None, compare=False, repr=False)
    """What need not be read again to be shown; None for what was done before."""
    heir_id: UUID | None = None
    """Whose account it is, where the points of a merged member went on to who they are now."""

    @classmethod
    def replay(cls, response: dict[str, Any]) -> "Posted":
        """The stored answer of an earlier, identical request."""
        heir_id = response.get("heir_id")
        told = {"transaction_id": UUID(response["transaction_id"]), "heir_id": heir_id and UUID(heir_id)}
        return cls(**{**response, **told, "replayed": True})

    @property
    def response(self) -> dict[str, Any]:
        """The answer as it is stored."""
        answer: dict[str, Any] = {
            "available": self.available,
            "pending": self.pending,
            "held": self.held,
            "debt": self.debt,
        }
        if self.heir_id is not None:
            answer["heir_id"] = str(self.heir_id)
        answer["transaction_id"] = str(self.transaction_id)
        return answer

    def of_heir(self, book: Book) -> "Posted":
        """The same, with the account of who the member is now."""
        written = self.written and self.written._replace(balances=book.balances)
        figures = _FIGURES_OF(book.balances)
        return Posted(self.transaction_id, *figures, written=written, heir_id=book.member_id)


async def conclude(
    book: Book, movement: Movement, slip: Slip, *, note: Note | None, after: int | None = None
) -> Posted:
    """The last beat of a command on points alone: what was decided is written, and the answer stored."""
    posted = await record(book, movement, slip.operation, note=note, actor=slip.actor, after=after)
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
    after: int | None = None,
) -> Posted:
    """Write the one movement of a book: rows, note, events, and a line of the audit log with these facts too.

    The member's newest event has the number `after`; None where it was not read.
    """
    events = await post(book, actor)
    if note is not None:
        await _keep_note(book.member_id, movement.id, note)
    await tell(book.member_id, events, book.now, after=after)
    if audit.is_noted(actor, operation):
        told = {"points": movement.points, "transaction": str(movement.id), **(facts or {})}
        whom, why = book.member_id, movement.reason
        await audit.note(actor, operation, member_id=whom, reason=why, facts=told, now=book.now)
    first = next(line for line in book.lines if line.movement is movement)
    written = Written(book.member_id, first, book.balances, book.now)
    return Posted(movement.id, *_FIGURES_OF(book.balances), written=written)


async def _keep_note(member_id: UUID, transaction_id: UUID, note: Note) -> None:
    wrapped = await members.wrapped_key(member_id)
    sealed = vault.unlocked().seal(wrapped, member_id, f"note:{transaction_id}", note)
    add(PointsNote, [{"transaction_id": transaction_id, "member_id": member_id, "sealed": sealed}])
