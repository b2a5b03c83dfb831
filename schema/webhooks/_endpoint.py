"""Endpoints as those who lead the programme see them, and partners their own: what was sent, and how it went."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import strawberry

from models.sql import SQL
from models.webhooks import DeliveryState, DisabledWhy, EndpointState, Failure, PartnerEventKind
from rules import webhooks
from rules.outbox import shown
from schema import ids, pages
from schema.context import Context
from schema.enums import describe
from schema.events import MemberEventType
from schema.ids import Tag
from schema.pages import After, Before, Connection, First, Last
from schema.permissions import KEEPS_WEBHOOKS, LEADS, related, seen
from schema.scalars import Moment

ATTEMPTS_SHOWN = 20

describe(
    PartnerEventKind,
    "What happened to a settlement of a partner. New values may come: leave out what you do not know.",
    {
        PartnerEventKind.SETTLEMENT_APPROVED: "It was approved, and its statement can be fetched.",
        PartnerEventKind.SETTLEMENT_PAID: "It was paid: `paymentRef` is what the bank calls the payment.",
        PartnerEventKind.SETTLEMENT_REJECTED: "It had been approved, and is not after all: it will not be paid.",
    },
    name="PartnerEventType",
)
describe(
    EndpointState,
    "Whether an endpoint is told of events.",
    {
        EndpointState.ACTIVE: "It is.",
        EndpointState.DISABLED: "It is not, and what happens meanwhile is not kept for it: see `webhookReplay`.",
    },
    name="WebhookEndpointState",
)
describe(
    DisabledWhy,
    "Why an endpoint is not told of events.",
    {
        DisabledWhy.STAFF: "Somebody disabled it.",
        DisabledWhy.FAILING: "Nothing could be delivered for five days.",
        DisabledWhy.GONE: "It answered 410: never again.",
    },
    name="WebhookDisabledReason",
)
describe(
    DeliveryState,
    "What became of a delivery.",
    {
        DeliveryState.PENDING: "It is tried, now or at `nextAttemptAt`.",
        DeliveryState.DELIVERED: "The endpoint took it: it answered with a status from 200 to 299.",
        DeliveryState.DEAD: "It was given up after the last try. `webhookReplay` sends it again.",
    },
    name="WebhookDeliveryState",
)
describe(
    Failure,
    "Why a try failed before there was an answer.",
    {
        Failure.ADDRESS_REFUSED: "The name leads to an address that webhooks are not sent to.",
        Failure.NAME_UNKNOWN: "The name leads nowhere, or, as far as a partner is told, not to the Internet alone.",
        Failure.CONNECTION_FAILED: "Nobody listens there.",
        Failure.TLS_FAILED: "The certificate is not good for the name, or there is no TLS.",
        Failure.TIMED_OUT: "There was no answer within 15 seconds.",
        Failure.CONNECTION_LOST: "The connection ended before there was an answer.",
    },
    name="WebhookFailure",
)


@strawberry.type(description="One try at a delivery. Of the answer only its status is kept.")
class WebhookAttempt:
    number: int = seen(
        KEEPS_WEBHOOKS, "Which try it was. A number that is missing was a try nobody lived to report."
    )
    at: Moment = seen(KEEPS_WEBHOOKS, "When it began.")
    duration_ms: int = seen(KEEPS_WEBHOOKS, "How long it took, in milliseconds.")
    status: int | None = seen(KEEPS_WEBHOOKS, "The HTTP status that was answered; null when there was no answer.")
    failure: Failure | None = seen(KEEPS_WEBHOOKS, "Why there was no answer; null when there was one.")


ATTEMPTS = SQL(
    "SELECT delivery_id, number, at, duration_ms, status, failure FROM (SELECT a.*, ROW_NUMBER() OVER"
    " (PARTITION BY a.delivery_id ORDER BY a.number DESC) AS place FROM webhook_attempt a"
    " WHERE a.delivery_id = ANY($1::uuid[])) latest WHERE place <= $2 ORDER BY number",
    fans_out="those who lead look at several deliveries",
)


async def attempts_of(parents: Sequence["WebhookDelivery"], context: Context) -> list[list[WebhookAttempt]]:
    """The latest tries at each delivery, oldest first. What names lead to in our own network no partner is told."""
    is_partner = webhooks.kept_to(context.actor) is not None
    found: dict[UUID, list[WebhookAttempt]] = {parent.row_id: [] for parent in parents}
    for row in await ATTEMPTS.rows(list(found), ATTEMPTS_SHOWN):
        which = row.pop("delivery_id")
        failure = row.pop("failure")
        if is_partner and failure == Failure.ADDRESS_REFUSED:
            failure = Failure.NAME_UNKNOWN
        found[which].append(WebhookAttempt(**row, failure=Failure(failure) if failure else None))
    return [found[parent.row_id] for parent in parents]


@strawberry.type(description="One event on its way to one endpoint (投递).")
class WebhookDelivery:
    row_id: strawberry.Private[UUID]
    id: strawberry.ID = seen(KEEPS_WEBHOOKS, "To replay it by: `webhookReplay`.")
    event_id: str = seen(KEEPS_WEBHOOKS, "What is sent as `webhook-id`: the same at every try.")
    type: str = seen(KEEPS_WEBHOOKS, "A `MemberEventType`, a `PartnerEventType`, or `WEBHOOK_TEST`.")
    member_id: strawberry.ID | None = seen(
        LEADS, "Whom it happened to, for `node`; null for a test, and for what happened to a partner's settlement."
    )
    state: DeliveryState = seen(KEEPS_WEBHOOKS, "What became of it.")
    next_attempt_at: Moment | None = seen(
        KEEPS_WEBHOOKS, "When it is tried next; null when it is not tried any more."
    )
    created_at: Moment = seen(KEEPS_WEBHOOKS, "When it was put on its way.")
    finished_at: Moment | None = seen(
        KEEPS_WEBHOOKS, "When it was delivered or given up; null while it is pending."
    )
    attempts: list[WebhookAttempt] = related(
        KEEPS_WEBHOOKS, f"The latest {ATTEMPTS_SHOWN} tries, oldest first.", attempts_of
    )

    @classmethod
    def of(cls, row: dict[str, Any]) -> "WebhookDelivery":
        """The delivery as a client sees it."""
        state, who = DeliveryState(row["state"]), row["member_id"]
        return cls(
            row_id=row["id"],
            id=strawberry.ID(ids.encode(Tag.WEBHOOK_DELIVERY, row["endpoint_id"], row["id"])),
            event_id=webhooks.name_of(row["event_id"]),
            type=_type(row["type"]),
            member_id=who and strawberry.ID(ids.encode(Tag.MEMBER, who)),
            state=state,
            next_attempt_at=row["due_at"] if state is DeliveryState.PENDING else None,
            created_at=row["created_at"],
            finished_at=row["finished_at"],
        )


def _type(word: str) -> str:
    name = shown(word)
    is_known = name in {**MemberEventType.__members__, **PartnerEventKind.__members__, webhooks.TEST: None}
    return name if is_known else MemberEventType.OTHER.name


COLUMNS = "id, endpoint_id, event_id, member_id, type, state, due_at, created_at, finished_at"
DELIVERY = SQL(f"SELECT {COLUMNS} FROM webhook_delivery WHERE endpoint_id = $1 AND id = $2")  # noqa: S608  constants
DELIVERIES = {
    backwards: SQL(
        f"SELECT {COLUMNS} FROM webhook_delivery WHERE endpoint_id = $1"  # noqa: S608  constants
        " AND ($2::text IS NULL OR state = $2::text)"
        f" AND ($3::timestamptz IS NULL OR (created_at, id) {beyond} ($3::timestamptz, $4::uuid))"
        f" ORDER BY created_at {order}, id {order} LIMIT $5"
    )
    for backwards, order, beyond in ((False, "DESC", "<"), (True, "ASC", ">"))
}


async def deliveries_of(
    parents: Sequence["WebhookEndpoint"],
    context: Context,
    state: Annotated[
        DeliveryState | None, strawberry.argument(description="Only those that stand so; all by default.")
    ] = None,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
) -> list[Connection[WebhookDelivery]]:
    """A page of the deliveries to each endpoint, newest first. Whoever asks has few endpoints."""
    del context
    window = pages.window(first=first, after=after, last=last, before=before, shape=pages.BY_MOMENT)
    at, beyond = window.key or (None, None)
    asked_for = state and state.value
    found = []
    for parent in parents:
        rows = await DELIVERIES[window.backwards].rows(parent.row_id, asked_for, at, beyond, window.fetch)
        found.append(pages.page(rows, window, WebhookDelivery.of, lambda row: (row["created_at"], row["id"])))
    return found


COUNTS = SQL(
    "SELECT endpoint_id, state, COUNT(*) AS count FROM webhook_delivery WHERE endpoint_id = ANY($1::uuid[])"
    " AND state IN ('PENDING', 'DEAD') GROUP BY endpoint_id, state",
    fans_out="those who lead look at all endpoints",
)


async def _counts(parents: Sequence["WebhookEndpoint"], state: DeliveryState) -> list[int]:
    rows = await COUNTS.rows([parent.row_id for parent in parents])
    found = {row["endpoint_id"]: row["count"] for row in rows if row["state"] == state}
    return [found.get(parent.row_id, 0) for parent in parents]


async def pending_of(parents: Sequence["WebhookEndpoint"], context: Context) -> list[int]:
    """How many deliveries each endpoint waits for."""
    del context
    return await _counts(parents, DeliveryState.PENDING)


async def dead_of(parents: Sequence["WebhookEndpoint"], context: Context) -> list[int]:
    """How many deliveries to each endpoint were given up."""
    del context
    return await _counts(parents, DeliveryState.DEAD)


@strawberry.type(description="Where events are told over HTTP (Webhook 端点), by the Standard Webhooks scheme.")
class WebhookEndpoint:
    row_id: strawberry.Private[UUID]
    id: strawberry.ID = seen(KEEPS_WEBHOOKS, "To change it by.")
    url: str = seen(KEEPS_WEBHOOKS, "Where events are sent.")
    description: str = seen(KEEPS_WEBHOOKS, "What people call it.")
    partner_id: strawberry.ID | None = seen(LEADS, "The partner whose it is; null where it is the programme's own.")
    event_types: list[MemberEventType] | None = seen(
        LEADS,
        "The events of members it is told; null means all, also new ones. An endpoint of a partner is told none.",
    )
    partner_event_types: list[PartnerEventKind] | None = seen(
        KEEPS_WEBHOOKS,
        "The events of its partner an endpoint of a partner is told; null means all, also new ones. One of the "
        "programme's own is told none.",
    )
    state: EndpointState = seen(KEEPS_WEBHOOKS, "Whether it is told of events.")
    disabled_reason: DisabledWhy | None = seen(KEEPS_WEBHOOKS, "Why it is not; null when it is.")
    active_since: Moment = seen(KEEPS_WEBHOOKS, "It is told what happened from this moment on.")
    failing_since: Moment | None = seen(
        KEEPS_WEBHOOKS, "The first failure since the last success; null while all is well."
    )
    last_delivered_at: Moment | None = seen(
        KEEPS_WEBHOOKS, "When it last took an event, to the minute; null if never."
    )
    previous_secret_until: Moment | None = seen(
        KEEPS_WEBHOOKS, "Until when the secret before the present one signs, too; null when there is none."
    )
    created_at: Moment = seen(KEEPS_WEBHOOKS, "When it was added.")
    pending: int = related(KEEPS_WEBHOOKS, "How many deliveries are on their way to it.", pending_of)
    dead: int = related(KEEPS_WEBHOOKS, "How many deliveries to it were given up.", dead_of)
    deliveries: Connection[WebhookDelivery] = related(
        KEEPS_WEBHOOKS, "What was sent to it, newest first. What was delivered is kept for 30 days.", deliveries_of
    )

    @classmethod
    def of(cls, row: dict[str, Any], now: datetime) -> "WebhookEndpoint":
        """The endpoint as a client sees it."""
        types, why, until, whose = row["types"], row["disabled_why"], row["previous_until"], row["partner_id"]
        told = ("url", "description", "active_since", "failing_since", "last_delivered_at", "created_at")
        return cls(
            row_id=row["id"],
            id=strawberry.ID(ids.encode(Tag.WEBHOOK_ENDPOINT, row["id"])),
            partner_id=whose and strawberry.ID(ids.encode(Tag.PARTNER, whose)),
            event_types=None if types is None or whose else [MemberEventType[each] for each in types],
            partner_event_types=[PartnerEventKind[each] for each in types] if types and whose else None,
            state=EndpointState(row["state"]),
            disabled_reason=DisabledWhy(why) if why else None,
            previous_secret_until=until if until and until > now else None,
            **{name: row[name] for name in told},
        )


SHOWN = (
    "id, partner_id, url, description, types, state, disabled_why, active_since, failing_since, last_delivered_at,"
    " previous_until, created_at"
)
OURS = SQL(
    f"SELECT {SHOWN} FROM webhook_endpoint WHERE slot IS NOT NULL AND partner_id IS NULL"  # noqa: S608  constants
    " ORDER BY created_at, id"
)
THEIRS = SQL(
    f"SELECT {SHOWN} FROM webhook_endpoint WHERE slot IS NOT NULL"  # noqa: S608  constants
    " AND partner_id = ANY($1::uuid[]) ORDER BY created_at, id"
)
ONE = SQL(f"SELECT {SHOWN} FROM webhook_endpoint WHERE id = $1 AND slot IS NOT NULL")  # noqa: S608  constants


async def endpoints(now: datetime) -> list[WebhookEndpoint]:
    """The programme's own endpoints, oldest first."""
    return [WebhookEndpoint.of(row, now) for row in await OURS.rows()]


async def endpoints_of(partner_ids: Sequence[UUID], now: datetime) -> list[list[WebhookEndpoint]]:
    """The endpoints of each partner, oldest first."""
    found: dict[UUID, list[WebhookEndpoint]] = {each: [] for each in partner_ids}
    for row in await THEIRS.rows(list(found)):
        found[row["partner_id"]].append(WebhookEndpoint.of(row, now))
    return [found[each] for each in partner_ids]


async def endpoint(endpoint_id: UUID, now: datetime) -> WebhookEndpoint | None:
    """An endpoint that is there."""
    row = await ONE.row(endpoint_id)
    return WebhookEndpoint.of(row, now) if row else None


async def delivery(endpoint_id: UUID, delivery_id: UUID) -> WebhookDelivery | None:
    """A delivery."""
    row = await DELIVERY.row(endpoint_id, delivery_id)
    return WebhookDelivery.of(row) if row else None
