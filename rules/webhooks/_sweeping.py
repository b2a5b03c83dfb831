"""Sweeping: deliveries that have served their time go, with the tries at them."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from models.sql import SQL
from rules.jobs import job
from rules.transactions import transaction
from rules.webhooks._endpoints import SERVED

DELIVERED_FOR, DEAD_FOR = timedelta(days=30), timedelta(days=90)
"""How long a delivery is kept that was taken, and one that was given up."""

BATCH = 1_000
BATCHES_MAX = 100
"""How much of each sort one run sweeps at most; the next run goes on."""

OLD = {
    state: SQL(
        f"SELECT endpoint_id, id FROM webhook_delivery WHERE state = '{state}' AND finished_at <= $1"  # noqa: S608
        " ORDER BY finished_at LIMIT $2",
        fans_out="old deliveries are swept for all endpoints",
    )
    for state in ("DELIVERED", "DEAD")
}
DELETED = SQL(
    "SELECT d.endpoint_id, d.id FROM webhook_delivery d JOIN webhook_endpoint e ON e.id = d.endpoint_id"
    " WHERE e.state = 'DELETED' AND d.created_at <= $1 LIMIT $2",
    fans_out="what was on its way to endpoints that are deleted is swept",
)
FORGOTTEN = SQL(
    "SELECT d.endpoint_id, d.id FROM webhook_delivery d JOIN webhook_endpoint e ON e.id = d.endpoint_id"  # noqa: S608
    f" WHERE d.state = 'PENDING' AND d.due_at <= $1 AND NOT ({SERVED}) LIMIT $2",
    fans_out="what waits where nothing is sent is swept",
)
EMPTY = SQL(
    "DELETE FROM webhook_endpoint WHERE id IN (SELECT e.id FROM webhook_endpoint e WHERE e.state = 'DELETED'"
    " AND e.partner_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM webhook_delivery d WHERE d.endpoint_id = e.id)"
    " LIMIT $1) RETURNING id",
    fans_out="what partners deleted is swept",
)
TRIES = SQL("DELETE FROM webhook_attempt WHERE endpoint_id = $1 AND delivery_id = ANY($2::uuid[])")
GONE = SQL("DELETE FROM webhook_delivery WHERE endpoint_id = $1 AND id = ANY($2::uuid[])")


@job("webhooks.sweep", every=timedelta(hours=1), lease=timedelta(minutes=10))
async def sweep(_: dict[str, Any], now: datetime) -> None:
    """Delete what was taken a month ago, what was given up three months ago, and all of deleted endpoints.

    What has waited for three months at an endpoint that nothing is sent to goes, too, and so do the endpoints that
    partners deleted: they may add others as often as they like.
    """
    for find, before in (
        (OLD["DELIVERED"], now - DELIVERED_FOR),
        (OLD["DEAD"], now - DEAD_FOR),
        (DELETED, now),
        (FORGOTTEN, now - DEAD_FOR),
    ):
        for _batch in range(BATCHES_MAX):
            if await _sweep(find, before) < BATCH:
                break
    await _sweep_endpoints()


@transaction
async def _sweep_endpoints() -> None:
    await EMPTY.rows(BATCH * BATCHES_MAX)


@transaction
async def _sweep(find: SQL, before: datetime) -> int:
    found: dict[UUID, list[UUID]] = {}
    rows = await find.rows(before, BATCH)
    for row in rows:
        found.setdefault(row["endpoint_id"], []).append(row["id"])
    for endpoint_id in sorted(found):
        await TRIES.run(endpoint_id, found[endpoint_id])
        await GONE.run(endpoint_id, found[endpoint_id])
    return len(rows)
