"""Partners: what happened to a partner's settlements goes to that partner's own endpoints, and nothing else does.

An event of a partner and its deliveries are written by the command that made it happen, in its one transaction:
there are five endpoints at most. From there on they are carried as members' events are.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from models.sql import SQL, insert
from models.units import new_id
from models.webhooks import PartnerEvent, PartnerEventKind, WebhookDelivery
from rules.webhooks._deliveries import delivery, subscriber
from rules.webhooks._endpoints import SERVED

THEIRS = SQL(
    f"SELECT id, types, active_since, since_id FROM webhook_endpoint e WHERE partner_id = $1 AND {SERVED}"  # noqa: S608  a constant
)


async def tell(partner_id: UUID, settlement_id: UUID, kind: PartnerEventKind, now: datetime) -> None:
    """Put on its way, inside a command, what happened to a settlement of a held partner."""
    event: dict[str, Any] = {
        "id": new_id(),
        "partner_id": partner_id,
        "settlement_id": settlement_id,
        "type": kind,
        "created_at": now,
    }
    await insert(PartnerEvent, [event])
    told = [each for each in map(subscriber, await THEIRS.rows(partner_id)) if each.wants(kind)]
    rows = [delivery(each.id, {**event, "member_id": None, "type": kind.value}, now) for each in told]
    if rows:
        await insert(WebhookDelivery, rows)


LOST = SQL(
    "SELECT (SELECT COUNT(*) FROM webhook_delivery d JOIN webhook_endpoint e ON e.id = d.endpoint_id"
    " WHERE d.state = 'DEAD' AND e.partner_id IS NOT NULL) AS dead, (SELECT COUNT(*) FROM webhook_endpoint"
    " WHERE state = 'DISABLED' AND disabled_why IN ('FAILING', 'GONE') AND partner_id IS NOT NULL) AS disabled",
    fans_out="an operator looks at all endpoints",
)


async def lost() -> tuple[int, int]:
    """How many deliveries to partners are dead, and how many of their endpoints were given up."""
    [row] = await LOST.rows()
    return row["dead"], row["disabled"]
