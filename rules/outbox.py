"""The outbox: what happened is written where it happened, for others to act on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from models.members import Member
from models.outbox import BUCKETS, OutboxEvent
from models.sql import SQL
from models.writing import Adding, Changing
from rules.transactions import after_commit


@dataclass(slots=True)
class Event:
    """Something that happened to a member. Its body holds ids and numbers, never personal data."""

    type: str
    body: dict[str, Any] = field(default_factory=dict)
    transaction_id: UUID | None = None


BETWEEN_STAFF = "approval."
"""How the types of events begin that are between the staff: what they ask of each other."""


def is_between_staff(type: str) -> bool:
    """Whether an event of that type is between the staff, and told to nobody else."""
    return type.startswith(BETWEEN_STAFF)


def shown(type: str) -> str:
    """A type of event by the name clients know: `points.moved` is `POINTS_MOVED`."""
    return type.replace(".", "_").upper()


listeners: set[Callable[[UUID, int], None]] = set()
"""Who in this process hears at once that a member's events up to some number are committed."""

COUNT = SQL("UPDATE member SET event_seq = event_seq + $2 WHERE id = $1 RETURNING event_seq")


_NEWEST = Changing(Member, ("id", "event_seq"), ("event_seq",))
_EVENTS = Adding(OutboxEvent, "member_id", "seq", "transaction_id", "bucket", "type", "body", "created_at")


async def tell(member_id: UUID, events: Sequence[Event], now: datetime, *, after: int | None = None) -> None:
    """Write a held member's events, numbered without gaps: after the number of their newest, where it was read."""
    if not events:
        return
    if after is None:
        last = await COUNT.value(member_id, len(events))
    else:
        last = after + len(events)
        _NEWEST.change((member_id, after), (last,))
    bucket = member_id.int % BUCKETS
    _EVENTS.add(
        [
            (member_id, seq, event.transaction_id, bucket, event.type, event.body, now)
            for seq, event in enumerate(events, last - len(events) + 1)
        ]
    )
    for heard in listeners:
        after_commit(partial(heard, member_id, last))


LATEST = SQL(
    "SELECT id, event_seq FROM member WHERE id = ANY($1::uuid[])",
    fans_out="those who wait for events are told of all their members at once",
)


async def latest(member_ids: Sequence[UUID]) -> dict[UUID, int]:
    """The number of each member's newest event; 0 before the first."""
    return {row["id"]: row["event_seq"] for row in await LATEST.rows(list(member_ids))}
