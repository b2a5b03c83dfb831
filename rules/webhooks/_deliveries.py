"""Deliveries: which events go to which endpoint, who carries one just now, and what came of each try.

An event is put on its way in one transaction with the mark that it was, so a courier that dies loses none and
doubles none. A delivery is leased as a job is: what a courier did not live to report is sent again, by the same id.
"""

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from models.sql import SQL, insert
from models.webhooks import DeliveryState, DisabledWhy, Failure, WebhookAttempt, WebhookDelivery
from rules.actors import Actor
from rules.outbox import is_between_staff, shown
from rules.transactions import transaction
from rules.webhooks import _signing as signing
from rules.webhooks._endpoints import SERVED, disable, held, note
from rules.webhooks._signing import Secret

TEST = "WEBHOOK_TEST"
"""The type of an event that only tries an endpoint out."""

AT_ONCE = 500
"""How many events one transaction puts on their way."""

LEASE = timedelta(minutes=1)
"""How long a courier has a delivery: several times what a try may take."""

WAITS = (
    timedelta(seconds=5),
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=18),
    timedelta(hours=22),
)
"""How long to wait after each failed try: about three days in all."""

JITTER_PERCENT = 20
"""By how much a wait may be longer, so that what failed together does not come back together."""

LOOKED_AT = 100
"""How many endpoints a courier looks at in one go: many more than are full at once."""

ATTEMPTS = len(WAITS) + 1
FAILING_FOR = timedelta(days=5)
"""After how long without a success an endpoint is told nothing more."""

PAUSE = timedelta(days=2)
"""After how long without a try a failure begins a new run: more than the longest wait between two."""

GONE = 410
"""An answer that says: never again."""

SUCCESS = range(200, 300)
BEFORE = 3_600_000
"""Milliseconds by which an event's id may be older than its commit, other clocks and slow transactions included."""


def floor(since_id: UUID) -> UUID:
    """An id smaller than those of all events told from the moment on at which that one was made."""
    made_at = since_id.int >> 80
    return UUID(int=max(0, made_at - BEFORE) << 80)


@dataclass(frozen=True, slots=True)
class Subscriber:
    """An endpoint that is told events."""

    id: UUID
    types: frozenset[str] | None
    since: datetime
    since_id: UUID

    def wants(self, type: str) -> bool:
        """Whether events of that type are for it. What staff ask of each other is for nobody outside."""
        return not is_between_staff(type) and (self.types is None or shown(type) in self.types)


ACTIVE = SQL(
    # a partner is told nothing of members: see rules/webhooks/_partners.py
    "SELECT id, types, active_since, since_id FROM webhook_endpoint WHERE state = 'ACTIVE' AND partner_id IS NULL"
)
TAKE = SQL(
    "UPDATE outbox_event SET told_at = $1 WHERE told_at IS NULL AND id IN (SELECT id FROM outbox_event"
    " WHERE told_at IS NULL AND id >= $2 ORDER BY id LIMIT $3) RETURNING id, member_id, type, created_at",
    fans_out="what all members did is told to whoever asked for it",
)


async def subscribers() -> list[Subscriber]:
    """The programme's endpoints, which are told members' events now: 20 at most."""
    return [subscriber(row) for row in await ACTIVE.rows()]


def subscriber(row: dict[str, Any]) -> Subscriber:
    """An endpoint as it is asked what it wants."""
    types = None if row["types"] is None else frozenset(row["types"])
    return Subscriber(row["id"], types, row["active_since"], row["since_id"])


async def spread(now: datetime) -> int:
    """Put the next events on their way to every endpoint that wants them, and say how many events were looked at.

    While nobody is told anything, this is one small question.
    """
    found = await subscribers()
    return await _spread(min(floor(each.since_id) for each in found), now) if found else 0


@transaction
async def _spread(lowest: UUID, now: datetime) -> int:
    events = await TAKE.rows(now, lowest, AT_ONCE)
    if not events:
        return 0
    # read after the events: whoever was there before an event was committed is seen here
    told = await subscribers()
    rows = [
        delivery(each.id, event, now)
        for event in sorted(events, key=lambda event: str(event["id"]))
        for each in told
        if event["created_at"] >= each.since and each.wants(event["type"])
    ]
    await insert(WebhookDelivery, rows, ignore_conflicts=True)
    return len(events)


def delivery(endpoint_id: UUID, event: dict[str, Any], now: datetime) -> dict[str, Any]:
    """An event's row on its way to an endpoint."""
    return {
        "endpoint_id": endpoint_id,
        "event_id": event["id"],
        "member_id": event["member_id"],
        "type": event["type"],
        "state": DeliveryState.PENDING,
        "due_at": now,
        "created_at": now,
    }


TRIED_OUT = SQL(
    "SELECT id FROM webhook_delivery WHERE endpoint_id = $1 AND type = $2 AND state = 'PENDING' LIMIT 1"
)


@transaction
async def send_test(endpoint_id: UUID, *, actor: Actor, now: datetime) -> UUID:
    """Send an endpoint an event of no member, to try it out, and answer with its delivery.

    Of a partner's endpoint one is on its way at a time: asked for again, it is that one.

    Raises: NotFound.
    """
    where = await held(endpoint_id, actor)
    if where["partner_id"] and (earlier := await TRIED_OUT.value(endpoint_id, TEST)):
        return UUID(str(earlier))
    row = delivery(endpoint_id, {"id": uuid7(), "member_id": None, "type": TEST}, now)
    row["id"] = uuid7()
    await insert(WebhookDelivery, [row])
    await note(actor, "webhook.test", endpoint_id, now)
    made: UUID = row["id"]
    return made


@dataclass(frozen=True, slots=True)
class Parcel:
    """A delivery in a courier's hands until the lease ends."""

    id: UUID
    endpoint_id: UUID
    event_id: UUID
    member_id: UUID | None
    type: str
    attempts: int
    fence: int
    created_at: datetime
    url: str
    partner_id: UUID | None
    """Whose endpoint it goes to; None is the programme's."""
    secrets: tuple[Secret, ...] = field(repr=False)

    @property
    def name(self) -> str:
        """The event's id as the endpoint is told it: the same at every try, and at every endpoint."""
        return name_of(self.event_id)


def name_of(event_id: UUID) -> str:
    """An event's id as endpoints are told it."""
    return f"evt_{event_id.hex}"


DUE = SQL(
    "SELECT d.endpoint_id, e.partner_id, MIN(d.due_at) AS due_at FROM webhook_delivery d JOIN webhook_endpoint e"  # noqa: S608
    f" ON e.id = d.endpoint_id WHERE {SERVED} AND d.state = 'PENDING' AND d.due_at <= $1"
    " GROUP BY d.endpoint_id, e.partner_id ORDER BY e.partner_id IS NOT NULL, due_at LIMIT $2",
    fans_out="a courier goes to all endpoints",
)
ADDRESS = SQL(
    "SELECT url, partner_id, secret, previous_secret, previous_until FROM webhook_endpoint e"  # noqa: S608
    f" WHERE id = $1 AND {SERVED}"
)
NEXT = (
    "SELECT id FROM webhook_delivery WHERE endpoint_id = $1 AND state = 'PENDING' AND due_at <= $2"
    " ORDER BY due_at, id LIMIT $4 FOR UPDATE SKIP LOCKED"
)
TAKEN = (
    "UPDATE webhook_delivery SET due_at = $3, attempts = attempts + 1, fence = fence + 1 WHERE endpoint_id = $1"
    " AND id {those} RETURNING id, endpoint_id, event_id, member_id, type, attempts, fence, created_at"
)
CLAIM = SQL(
    # an array is made once; what stands behind IN may be asked anew for each row, and each time skip what is locked
    TAKEN.format(those=f"= ANY(ARRAY({NEXT}))"),
    sqlite=TAKEN.format(those=f"IN ({NEXT})"),
)


async def due(now: datetime) -> dict[UUID, bool]:
    """The endpoints something is due for, and whether each is a partner's.

    The programme's own come first, and of both the one that has waited longest.
    """
    return {row["endpoint_id"]: row["partner_id"] is not None for row in await DUE.rows(now, LOOKED_AT)}


@transaction
async def claim(endpoint_id: UUID, most: int, *, now: datetime) -> list[Parcel]:
    """Lease the deliveries to an endpoint that have waited longest. No two couriers get the same one.

    One whose every try ended without a word, because its courier died with it, is buried instead.
    """
    there = await ADDRESS.row(endpoint_id)
    if there is None:
        return []
    sealed = [there["secret"]]
    if there["previous_until"] is not None and there["previous_until"] > now:
        sealed.append(there["previous_secret"])
    keys = tuple(signing.opened(endpoint_id, each) for each in sealed)
    taken: list[Parcel] = []
    for row in await CLAIM.rows(endpoint_id, now, now + LEASE, most):
        parcel = Parcel(**row, url=there["url"], partner_id=there["partner_id"], secrets=keys)
        if parcel.attempts > ATTEMPTS:
            await END.row(endpoint_id, parcel.id, parcel.fence, DeliveryState.DEAD.value, now)
        else:
            taken.append(parcel)
    return sorted(taken, key=lambda parcel: str(parcel.event_id))


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a try went: the status that was answered, or why none was."""

    status: int | None
    failure: Failure | None
    took: timedelta

    @property
    def is_success(self) -> bool:
        """Whether the endpoint took it. A redirect is not followed, and so is a failure."""
        return self.status in SUCCESS


END = SQL(
    "UPDATE webhook_delivery SET state = $4, finished_at = $5"
    " WHERE endpoint_id = $1 AND id = $2 AND fence = $3 AND state = 'PENDING' RETURNING id"
)
AGAIN = SQL(
    "UPDATE webhook_delivery SET due_at = $4"
    " WHERE endpoint_id = $1 AND id = $2 AND fence = $3 AND state = 'PENDING' RETURNING id"
)
WELL = SQL(
    "UPDATE webhook_endpoint SET failing_since = NULL, last_delivered_at = $2 WHERE id = $1"
    " AND (failing_since IS NOT NULL OR last_delivered_at IS NULL OR last_delivered_at < $3)"
)
ILL = SQL(
    "UPDATE webhook_endpoint SET failing_since = CASE WHEN failing_since IS NOT NULL"
    " AND COALESCE(last_failed_at, failing_since) >= $3 THEN failing_since ELSE $2 END, last_failed_at = $2"
    " WHERE id = $1 RETURNING failing_since"
)


@transaction
async def report(parcel: Parcel, outcome: Outcome, *, now: datetime) -> DeliveryState | None:
    """Write down how a try went, and when the next one is. Nothing when the lease was lost meanwhile.

    After its last try a delivery is dead. An endpoint that has failed for five days, or that says it is gone, is
    told nothing more.
    """
    state = await _move(parcel, outcome, now)
    if state is None:
        return None
    attempt = {
        "endpoint_id": parcel.endpoint_id,
        "delivery_id": parcel.id,
        "number": parcel.fence,
        "at": now - outcome.took,
        "duration_ms": outcome.took // timedelta(milliseconds=1),
        "status": outcome.status,
        "failure": outcome.failure,
    }
    await insert(WebhookAttempt, [attempt])
    if outcome.is_success:
        await WELL.run(parcel.endpoint_id, now.replace(second=0, microsecond=0), now - timedelta(minutes=1))
    else:
        await _doubt(parcel.endpoint_id, outcome, now)
    return state


async def _move(parcel: Parcel, outcome: Outcome, now: datetime) -> DeliveryState | None:
    """Where a delivery stands after a try; None when somebody else has it."""
    which = (parcel.endpoint_id, parcel.id, parcel.fence)
    state = DeliveryState.PENDING
    if outcome.is_success:
        state = DeliveryState.DELIVERED
    elif parcel.attempts >= ATTEMPTS:
        state = DeliveryState.DEAD
    if state is DeliveryState.PENDING:
        moved = await AGAIN.row(*which, now + wait(parcel.attempts))
    else:
        moved = await END.row(*which, state.value, now)
    return state if moved else None


async def _doubt(endpoint_id: UUID, outcome: Outcome, now: datetime) -> None:
    """See whether an endpoint that failed has failed for too long."""
    since = await ILL.value(endpoint_id, now, now - PAUSE)
    if outcome.status == GONE:
        await disable(endpoint_id, DisabledWhy.GONE, now)
        return
    if since is not None and since <= now - FAILING_FOR:
        await disable(endpoint_id, DisabledWhy.FAILING, now)


@transaction
async def give_up(parcel: Parcel, *, now: datetime) -> bool:
    """Bury a delivery whose event is no longer kept: there is nothing to tell. No, when the lease was lost."""
    which = (parcel.endpoint_id, parcel.id, parcel.fence)
    return await END.row(*which, DeliveryState.DEAD.value, now) is not None


def wait(attempts: int) -> timedelta:
    """How long to wait after that many failed tries: up to a fifth longer than the schedule says."""
    usual = WAITS[min(attempts, len(WAITS)) - 1]
    return usual * (100 + secrets.randbelow(JITTER_PERCENT + 1)) / 100


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits for a courier, since when; what is dead; and how many endpoints were given up.

    What is dead or given up of partners' endpoints is for the partners to see to.
    """

    due: int
    oldest: datetime | None
    dead: int
    disabled: int


WAITING = SQL(
    "SELECT d.state, COUNT(*) AS count, MIN(d.due_at) AS due_at FROM webhook_delivery d"  # noqa: S608
    " JOIN webhook_endpoint e"
    " ON e.id = d.endpoint_id WHERE (d.state = 'DEAD' AND e.state <> 'DELETED' AND e.partner_id IS NULL)"
    f" OR (d.state = 'PENDING' AND d.due_at <= $1 AND {SERVED}) GROUP BY d.state",
    fans_out="an operator looks at all endpoints",
)
GIVEN_UP = SQL(
    "SELECT COUNT(*) AS n FROM webhook_endpoint WHERE state = 'DISABLED' AND disabled_why IN ('FAILING', 'GONE')"
    " AND partner_id IS NULL"
)


async def backlog(now: datetime) -> Backlog:
    """What waits at this moment; a delivery that is leased does not."""
    rows: dict[str, dict[str, Any]] = {row["state"]: row for row in await WAITING.rows(now)}
    waits, dead = rows.get(DeliveryState.PENDING), rows.get(DeliveryState.DEAD)
    return Backlog(
        waits["count"] if waits else 0,
        waits["due_at"] if waits else None,
        dead["count"] if dead else 0,
        await GIVEN_UP.value(),
    )
