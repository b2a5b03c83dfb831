"""Contents: what a courier tells of an event, read when it sets out."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from models.sql import SQL
from rules.webhooks._deliveries import Parcel

EVENTS = SQL(
    "SELECT id, member_id, seq, type, body, transaction_id, created_at FROM outbox_event"
    " WHERE member_id = ANY($1::uuid[]) AND id = ANY($2::uuid[])",
    fans_out="a courier carries several members' events",
)
HAPPENED = SQL(
    "SELECT e.id, e.type, e.created_at, e.partner_id, s.id AS settlement_id, CAST(s.month AS TEXT) AS month,"
    " s.commissions, s.earned_minor - s.netted_minor AS due_minor, s.fee_minor, s.payable_minor, s.payment_ref"
    " FROM partner_event e JOIN partner_settlement s ON s.id = e.settlement_id AND s.partner_id = e.partner_id"
    # a partner is shown no settlement that was rejected: see rules/partners/_settling.py
    " WHERE e.partner_id = ANY($1::uuid[]) AND e.id = ANY($2::uuid[])"
    " AND (s.state <> 'REJECTED' OR e.type = 'settlement.rejected')",
    fans_out="a courier carries several partners' events",
)


async def contents(parcels: Sequence[Parcel]) -> dict[UUID, dict[str, Any]]:
    """The events of some parcels, by their ids; a test has none.

    A parcel to the programme is of a member, one to a partner of that partner: any other finds nothing in it.
    """
    found: list[dict[str, Any]] = []
    members = [each for each in parcels if each.partner_id is None and each.member_id is not None]
    if members:
        found += await EVENTS.rows([each.member_id for each in members], [each.event_id for each in members])
    if partners := [each for each in parcels if each.partner_id is not None]:
        found += await HAPPENED.rows([each.partner_id for each in partners], [each.event_id for each in partners])
    return {row["id"]: row for row in found}
