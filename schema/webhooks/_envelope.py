"""Envelopes: an event as webhook endpoints are told it, in the words and with the ids of `memberEvents`."""

from typing import Any
from uuid import UUID

import orjson

from rules.webhooks import TEST, Parcel
from schema import ids
from schema.events import MemberEvent, PointsExpiring
from schema.ids import Tag
from schema.points import entries_written
from schema.scalars import show_moment

LINES = 100
"""How many lines of the ledger one event tells at most; `memberEvents` has them all."""


async def envelope(parcel: Parcel, event: dict[str, Any] | None) -> bytes:
    """The body of a delivery: `type`, `timestamp`, `data`. At every try it is the same, down to the last byte.

    Raises: LookupError, when the event is gone.
    """
    if parcel.type == TEST:
        told = {"type": TEST, "timestamp": show_moment(parcel.created_at), "data": {}}
    elif event is None:
        raise LookupError("A delivery without its event.")
    else:
        told = await _told(event)
    return orjson.dumps(told)


async def _told(row: dict[str, Any]) -> dict[str, Any]:
    event = MemberEvent.of(row)
    who: UUID = row["member_id"]
    lines = await entries_written(who, [event.transaction_id]) if event.transaction_id else []
    return {
        "type": event.type.name,
        "timestamp": show_moment(row["created_at"]),
        "data": {
            "memberId": ids.encode(Tag.MEMBER, who),
            "sequence": row["seq"],
            "occurredAt": show_moment(row["created_at"]),
            "purchaseId": event.purchase_id,
            "expiring": _expiring(event.expiring),
            "entries": [_line(each) for each in lines[:LINES]],
        },
    }


def _expiring(told: PointsExpiring | None) -> dict[str, Any] | None:
    if told is None:
        return None
    return {"points": told.points, "expiresAt": show_moment(told.expires_at), "days": told.days}


def _line(line: Any) -> dict[str, Any]:
    return {
        "id": line.id,
        "kind": line.kind,
        "bucket": line.bucket,
        "points": line.points,
        "balanceAfter": line.balance_after,
        "reason": line.reason,
        "occurredAt": line.occurred_at,
        "recordedAt": line.recorded_at,
        "purchaseId": line.purchase_id,
    }
