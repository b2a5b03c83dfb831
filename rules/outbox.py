"""The outbox: what happened is written where it happened, for others to act on."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from models.outbox import BUCKETS, OutboxEvent
from models.sql import SQL, insert


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a member. Its body holds ids and numbers, never personal data."""

    type: str
    body: dict[str, Any] = field(default_factory=dict)
    transaction_id: UUID | None = None


COUNT = SQL("UPDATE member SET event_seq = event_seq + $2 WHERE id = $1 RETURNING event_seq")


async def tell(member_id: UUID, events: Sequence[Event], now: datetime) -> None:
    """Write a held member's events, numbered without gaps."""
    if not events:
        return
    last = await COUNT.value(member_id, len(events))
    rows = [
        {
            "member_id": member_id,
            "seq": last - len(events) + place,
            "transaction_id": event.transaction_id,
            "bucket": member_id.int % BUCKETS,
            "type": event.type,
            "body": event.body,
            "created_at": now,
        }
        for place, event in enumerate(events, start=1)
    ]
    await insert(OutboxEvent, rows)
