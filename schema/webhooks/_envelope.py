"""Envelopes: an event as webhook endpoints are told it, in the words and with the ids of GraphQL."""

from typing import Any
from uuid import UUID

import orjson

from models.commissions import SettlementState
from models.webhooks import PartnerEventKind
from rules.webhooks import TEST, Parcel
from schema import ids
from schema.events import MemberEvent, PointsExpiring
from schema.ids import Tag
from schema.points import entries_written
from schema.scalars import show_moment

STANDS = {
    PartnerEventKind.SETTLEMENT_APPROVED: SettlementState.APPROVED,
    PartnerEventKind.SETTLEMENT_PAID: SettlementState.PAID,
    PartnerEventKind.SETTLEMENT_REJECTED: SettlementState.REJECTED,
}
"""Where a settlement stood after each event, whatever became of it since."""

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
        told = await _told(event) if parcel.partner_id is None else _told_partner(event)
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


def _told_partner(row: dict[str, Any]) -> dict[str, Any]:
    """What happened to a settlement: no more than `partnerSettlement` tells, and no sums of a rejected one."""
    kind, partner_id = PartnerEventKind(row["type"]), row["partner_id"]
    told: dict[str, Any] = dict.fromkeys(("commissions", "dueMinor", "feeMinor", "payableMinor", "paymentRef"))
    if kind is not PartnerEventKind.SETTLEMENT_REJECTED:
        sums = {"dueMinor": row["due_minor"], "feeMinor": row["fee_minor"], "payableMinor": row["payable_minor"]}
        told |= {"commissions": row["commissions"], **sums}
    if kind is PartnerEventKind.SETTLEMENT_PAID:
        told["paymentRef"] = row["payment_ref"]
    return {
        "type": kind.name,
        "timestamp": show_moment(row["created_at"]),
        "data": {
            "partnerId": ids.encode(Tag.PARTNER, partner_id),
            "settlementId": ids.encode(Tag.PARTNER_SETTLEMENT, partner_id, row["settlement_id"]),
            "month": row["month"],
            "state": STANDS[kind].value,
            **told,
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
