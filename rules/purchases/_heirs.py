"""Heirs: who the member of an order is now, with all that a fact about the order may move of theirs."""

from dataclasses import dataclass, field
from uuid import UUID

from models.members import MemberState
from rules.outbox import Event
from rules.points import Book
from rules.standings import Standing


@dataclass(slots=True)
class Heir:
    """Who a merged member is now, held beside them."""

    id: UUID
    state: MemberState
    book: Book
    standing: Standing
    passing: UUID
    """What the causes of points that are passed name together."""
    events: list[Event] = field(default_factory=list)
