"""Replays: what was told is told again, one event or all since a moment."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from models.sql import SQL, insert
from models.webhooks import WebhookDelivery
from rules.actors import Actor
from rules.jobs import enqueue, job
from rules.refusals import NotFound, Refusal
from rules.transactions import transaction
from rules.webhooks._deliveries import BEFORE, Subscriber, delivery
from rules.webhooks._endpoints import held, note

REPLAY_FOR = timedelta(days=30)
"""How far back a replay may reach."""

PAGE = 500
PAGES_MAX = 200
"""How much one replay sends at most: 100,000 events."""

STRAGGLERS = timedelta(hours=1)
"""By how much an event may stand behind others that happened after it."""

REPLAY = "webhooks.replay"


@dataclass(eq=False)
class ReplayTooFar(Refusal):
    """Events are told again of the last thirty days only."""

    zh = "仅可重放最近三十天的事件。"
    field = ("since",)


AGAIN = SQL(
    "UPDATE webhook_delivery SET state = 'PENDING', attempts = 0, due_at = $3, finished_at = NULL"
    " WHERE endpoint_id = $1 AND id = $2 AND state <> 'PENDING'"
)
IS_THERE = SQL("SELECT id FROM webhook_delivery WHERE endpoint_id = $1 AND id = $2")


@transaction
async def replay(endpoint_id: UUID, delivery_id: UUID, *, actor: Actor, now: datetime) -> None:
    """Tell an endpoint one event again, by the same id. What is still on its way stays there.

    Raises: NotFound.
    """
    await held(endpoint_id, actor)
    if await IS_THERE.row(endpoint_id, delivery_id) is None:
        raise NotFound
    await AGAIN.run(endpoint_id, delivery_id, now)
    await note(actor, "webhook.replay", endpoint_id, now, delivery=str(delivery_id))


@transaction
async def replay_since(
    endpoint_id: UUID, since: datetime, *, undelivered: bool, actor: Actor, now: datetime
) -> None:
    """Promise to tell an endpoint again what happened since a moment, 100,000 events at most, oldest first.

    With `undelivered`, only what it did not take or was never sent. It is told the types it is told now.

    Raises: NotFound, ReplayTooFar.
    """
    await held(endpoint_id, actor)
    if not now - REPLAY_FOR <= since <= now:
        raise ReplayTooFar
    facts = {
        "endpoint": str(endpoint_id),
        "since": since.isoformat(),
        "until": now.isoformat(),
        "undelivered": undelivered,
        "after": str(first_id(since)),
        "page": 1,
    }
    await enqueue(REPLAY, f"{uuid7()}:1", facts, now=now)
    await note(actor, "webhook.replay", endpoint_id, now, since=since.isoformat(), undelivered=undelivered)


def first_id(since: datetime) -> UUID:
    """An id smaller than those of all events that were told from a moment on."""
    return UUID(int=max(0, int(since.timestamp() * 1000) - BEFORE) << 80)


@job(REPLAY)
async def replay_page(facts: dict[str, Any], now: datetime) -> None:
    """Put the next events of a replay on their way, and promise those after them."""
    await _replay_page(facts, now)


TYPES = SQL("SELECT types, partner_id FROM webhook_endpoint WHERE id = $1 AND state <> 'DELETED'")
EVENTS = SQL(
    "SELECT id, member_id, type, created_at FROM outbox_event WHERE id > $1 ORDER BY id LIMIT $2",
    fans_out="what all members did is told again",
)
THEIRS = SQL(
    "SELECT e.id, NULL AS member_id, e.type, e.created_at FROM partner_event e JOIN partner_settlement s"
    " ON s.id = e.settlement_id AND s.partner_id = e.partner_id WHERE e.partner_id = $3 AND e.id > $1"
    " AND (s.state <> 'REJECTED' OR e.type = 'settlement.rejected') ORDER BY e.id LIMIT $2"
)
ONCE_MORE = SQL(
    "UPDATE webhook_delivery SET state = 'PENDING', attempts = 0, due_at = $3, finished_at = NULL"
    " WHERE endpoint_id = $1 AND event_id = ANY($2::uuid[]) AND (state = 'DEAD' OR (state = 'DELIVERED'"
    " AND NOT $4::boolean AND finished_at <= $5::timestamptz))"
)


@transaction
async def _replay_page(facts: dict[str, Any], now: datetime) -> None:
    endpoint_id = UUID(facts["endpoint"])
    there = await TYPES.row(endpoint_id)
    if there is None:
        return
    since, until = datetime.fromisoformat(facts["since"]), datetime.fromisoformat(facts["until"])
    types = None if there["types"] is None else frozenset(there["types"])
    asks = Subscriber(endpoint_id, types, since, UUID(int=0))
    events = await _events(there["partner_id"], UUID(facts["after"]))
    wanted = [each for each in events if since <= each["created_at"] <= until and asks.wants(each["type"])]
    await insert(WebhookDelivery, [delivery(endpoint_id, each, now) for each in wanted], ignore_conflicts=True)
    # one that was taken since the replay was asked for has been told again, by this page before it was cut short
    await ONCE_MORE.run(endpoint_id, [each["id"] for each in wanted], now, facts["undelivered"], until)
    if len(events) == PAGE and facts["page"] < PAGES_MAX and events[-1]["created_at"] <= until + STRAGGLERS:
        page = facts["page"] + 1
        following = {**facts, "after": str(events[-1]["id"]), "page": page}
        await enqueue(REPLAY, f"{facts['endpoint']}:{facts['until']}:{following['after']}", following, now=now)


async def _events(partner_id: UUID | None, after: UUID) -> list[dict[str, Any]]:
    """The next events for an endpoint: all members', or for a partner's endpoint that partner's."""
    if partner_id is None:
        return await EVENTS.rows(after, PAGE)
    return await THEIRS.rows(after, PAGE, partner_id)
