"""Webhooks as those who lead keep them, and partners their own: added, changed, tried out, replayed, and sent."""

from datetime import datetime, timedelta
from uuid import UUID

import strawberry

from models.webhooks import PartnerEventKind
from rules import webhooks
from rules.actors import Actor
from rules.refusals import NotFound
from rules.webhooks import Change, Wish
from schema import ids
from schema.context import Info
from schema.errors import UserError, bad_input, command, key_of
from schema.events import MemberEventType
from schema.ids import Tag
from schema.permissions import KEEPS_WEBHOOKS, LEADS, asked, seen
from schema.scalars import KEY_SAYS, Moment
from schema.sessions import outside_of
from schema.webhooks._endpoint import (
    WebhookDelivery,
    WebhookEndpoint,
    delivery,
    endpoint,
    endpoints,
    endpoints_of,
)
from schema.webhooks._envelope import envelope

__all__ = [
    "WebhookDelivery",
    "WebhookEndpoint",
    "WebhooksMutation",
    "WebhooksQuery",
    "endpoints_of",
    "envelope",
]

OVERLAP_HOURS = 24


@strawberry.type(description="What became of a webhook endpoint.")
class WebhookEndpointPayload:
    webhook_endpoint: WebhookEndpoint | None = seen(
        KEEPS_WEBHOOKS, "The endpoint; null when refused.", default=None
    )
    secret: str | None = seen(
        KEEPS_WEBHOOKS,
        "A fresh secret to verify signatures with: `whsec_…`. Told this once and never again.",
        default=None,
    )
    user_errors: list[UserError] = seen(
        KEEPS_WEBHOOKS, "Why it was refused; empty on success.", default_factory=list
    )


@strawberry.type(description="What became of a webhook endpoint that was to be deleted.")
class WebhookEndpointDeletePayload:
    deleted: bool = seen(KEEPS_WEBHOOKS, "Whether it is gone now.", default=False)
    user_errors: list[UserError] = seen(
        KEEPS_WEBHOOKS, "Why it was refused; empty on success.", default_factory=list
    )


@strawberry.type(description="What is on its way.")
class WebhookSendPayload:
    webhook_delivery: WebhookDelivery | None = seen(
        KEEPS_WEBHOOKS, "The delivery; null when refused, and when many are replayed.", default=None
    )
    user_errors: list[UserError] = seen(
        KEEPS_WEBHOOKS, "Why it was refused; empty on success.", default_factory=list
    )


EVENT_TYPES = (
    "The events of members it is to be told. All, also those that come to be later, when null. For the programme's "
)
"own endpoints alone."
PARTNER_EVENT_TYPES = (
    "The events of the partner an endpoint of a partner is to be told. All, also those that come to be "
)
"later, when null."


@strawberry.input(description="An endpoint that is to be told of events.")
class WebhookEndpointCreateInput:
    url: str = strawberry.field(
        description="Where: `https`, a name that leads to the Internet, port 443 or one from 1024 up. In "
        "development also `http` to this machine."
    )
    description: str = strawberry.field(default="", description="What people call it, 200 characters at most.")
    event_types: list[MemberEventType] | None = strawberry.field(default=None, description=EVENT_TYPES)
    partner_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="The partner whose it is to be. A partner that asks need not say; the programme's own when "
        "staff leave it out.",
    )
    partner_event_types: list[PartnerEventKind] | None = strawberry.field(
        default=None, description=PARTNER_EVENT_TYPES
    )
    idempotency_key: str = strawberry.field(description=KEY_SAYS)


@strawberry.input(description="What is to be other about an endpoint. What is left out stays as it is.")
class WebhookEndpointUpdateInput:
    id: strawberry.ID = strawberry.field(description="Which.")
    url: str | None = strawberry.field(default=None, description="Where events are to be sent.")
    description: str | None = strawberry.field(default=None, description="What people call it.")
    event_types: list[MemberEventType] | None = strawberry.field(default=strawberry.UNSET, description=EVENT_TYPES)
    partner_event_types: list[PartnerEventKind] | None = strawberry.field(
        default=strawberry.UNSET, description=PARTNER_EVENT_TYPES
    )
    enabled: bool | None = strawberry.field(
        default=None, description="Whether it is to be told of events. Enabled again, it is told those from now on."
    )


@strawberry.input(description="An endpoint to delete.")
class WebhookEndpointDeleteInput:
    id: strawberry.ID = strawberry.field(description="Which.")


@strawberry.input(description="An endpoint to try out.")
class WebhookTestInput:
    id: strawberry.ID = strawberry.field(description="Which.")


@strawberry.input(description="An endpoint that is to have a new secret.")
class WebhookSecretRotateInput:
    id: strawberry.ID = strawberry.field(description="Which.")
    overlap_hours: int = strawberry.field(
        default=OVERLAP_HOURS, description="How many hours the present secret signs, too; 168 at most."
    )


@strawberry.input(description="Everything an endpoint was to be told since a moment.")
class WebhookReplaySinceInput:
    endpoint_id: strawberry.ID = strawberry.field(description="Which endpoint.")
    since: Moment = strawberry.field(description="From when on: 30 days ago at most.")
    undelivered_only: bool = strawberry.field(
        default=False,
        description="Only what it did not take: what was given up, or never sent while it was disabled.",
    )


@strawberry.input(one_of=True, description="What is to be sent again.")
class WebhookReplayInput:
    delivery_id: strawberry.ID | None = strawberry.field(default=strawberry.UNSET, description="One delivery.")
    all: WebhookReplaySinceInput | None = strawberry.field(
        default=strawberry.UNSET, description="Many: 100,000 events at most, oldest first."
    )


def _endpoint_id(text: str) -> UUID:
    found = ids.decode_one(Tag.WEBHOOK_ENDPOINT, text)
    if found is None:
        raise NotFound
    return found


def _types(input: WebhookEndpointCreateInput | WebhookEndpointUpdateInput) -> tuple[str, ...] | None:
    """The events that are asked for, whoever's they are; None for all."""
    ours, theirs = input.event_types, input.partner_event_types
    if ours and theirs:
        raise bad_input("An endpoint is told of members or of a partner: name `eventTypes` or `partnerEventTypes`.")
    if ours and MemberEventType.OTHER in ours:
        raise bad_input("`OTHER` is no type to ask for: leave `eventTypes` out to be told all.")
    given: list[MemberEventType] | list[PartnerEventKind] | None = theirs if isinstance(theirs, list) else ours
    return tuple(each.name for each in given) if isinstance(given, list) else None


def _whose(input: WebhookEndpointCreateInput, actor: Actor) -> UUID | None:
    """Whose an endpoint is to be: the partner's that is named, or else the partner's that calls.

    Raises: NotFound.
    """
    if input.partner_id is None:
        return webhooks.kept_to(actor)
    found = ids.decode_one(Tag.PARTNER, input.partner_id)
    if found is None:
        raise NotFound
    return found


async def _check_url(info: Info, url: str) -> None:
    """See that webhooks may be sent there now. A partner is not told why not: it knows nothing of our network.

    Raises: WebhookUrlRefused.
    """
    webhooks.target(url)
    try:
        await outside_of(info).check_webhook(url)
    except webhooks.WebhookUrlRefused:
        if webhooks.kept_to(info.context.actor) is None:
            raise
        raise webhooks.WebhookUrlRefused("Its name does not lead to the Internet, or not to it alone.") from None


async def _payload(
    endpoint_id: UUID, now: datetime, secret: webhooks.Secret | None = None
) -> WebhookEndpointPayload:
    found = await endpoint(endpoint_id, now)
    return WebhookEndpointPayload(webhook_endpoint=found, secret=secret.text if secret else None)


@strawberry.type
class WebhooksQuery:
    """What may be asked of webhooks."""

    @asked(
        LEADS,
        "The programme's own endpoints, which are told of members' events over HTTP, oldest first; 20 at most. "
        "Those of a partner are in `partner`.",
    )
    async def webhook_endpoints(self, info: Info) -> list[WebhookEndpoint]:
        """The programme's endpoints."""
        return await endpoints(info.context.now)


@strawberry.type
class WebhooksMutation:
    """What may be done with webhooks."""

    @command(
        KEEPS_WEBHOOKS,
        "Tell an endpoint of events from now on, signed by the Standard Webhooks scheme: the programme's own of "
        "members, a partner's of its settlements. `secret` is told once: a repetition with the same key is "
        "answered without it. See docs/webhooks.md.",
        WebhookEndpointPayload,
        webhooks.add,
    )
    async def webhook_endpoint_create(
        self, info: Info, input: WebhookEndpointCreateInput
    ) -> WebhookEndpointPayload | None:
        """Add an endpoint."""
        context = info.context
        wish = Wish(input.url, input.description, _types(input), _whose(input, context.actor))
        key = key_of(input.idempotency_key)
        added = await webhooks.recalled(wish, key=key, actor=context.actor)
        if added is None:
            # a name that is unknown by now must not keep a repetition from its answer
            await _check_url(info, input.url)
            added = await webhooks.add(wish, key=key, actor=context.actor, now=context.now)
        return await _payload(added.endpoint_id, context.now, added.secret)

    @command(
        KEEPS_WEBHOOKS,
        "Change an endpoint, disable it, or enable it again.",
        WebhookEndpointPayload,
        webhooks.change,
    )
    async def webhook_endpoint_update(
        self, info: Info, input: WebhookEndpointUpdateInput
    ) -> WebhookEndpointPayload | None:
        """Change an endpoint."""
        context, which = info.context, _endpoint_id(input.id)
        said: tuple[object, ...] = (input.event_types, input.partner_event_types)
        retype, retype_partner = [each is not strawberry.UNSET for each in said]
        if input.url is not None:
            await _check_url(info, input.url)
        wanted = Change(input.url, input.description, _types(input), retype, retype_partner, input.enabled)
        await webhooks.change(which, wanted, actor=context.actor, now=context.now)
        return await _payload(which, context.now)

    @command(
        KEEPS_WEBHOOKS,
        "Give an endpoint a new secret. Until the overlap ends, events are signed with both.",
        WebhookEndpointPayload,
        webhooks.rotate,
    )
    async def webhook_secret_rotate(
        self, info: Info, input: WebhookSecretRotateInput
    ) -> WebhookEndpointPayload | None:
        """Rotate a secret."""
        context, which = info.context, _endpoint_id(input.id)
        overlap = timedelta(hours=input.overlap_hours)
        secret = await webhooks.rotate(which, overlap=overlap, actor=context.actor, now=context.now)
        return await _payload(which, context.now, secret)

    @command(
        KEEPS_WEBHOOKS,
        "Delete an endpoint, with what is on its way to it.",
        WebhookEndpointDeletePayload,
        webhooks.delete,
    )
    async def webhook_endpoint_delete(
        self, info: Info, input: WebhookEndpointDeleteInput
    ) -> WebhookEndpointDeletePayload | None:
        """Delete an endpoint."""
        context = info.context
        await webhooks.delete(_endpoint_id(input.id), actor=context.actor, now=context.now)
        return WebhookEndpointDeletePayload(deleted=True)

    @command(
        KEEPS_WEBHOOKS,
        "Send an endpoint an event of the type `WEBHOOK_TEST`, whatever types it is told. It waits while the "
        "endpoint is disabled.",
        WebhookSendPayload,
        webhooks.send_test,
    )
    async def webhook_test(self, info: Info, input: WebhookTestInput) -> WebhookSendPayload | None:
        """Try an endpoint out."""
        context, which = info.context, _endpoint_id(input.id)
        made = await webhooks.send_test(which, actor=context.actor, now=context.now)
        return WebhookSendPayload(webhook_delivery=await delivery(which, made))

    @command(
        KEEPS_WEBHOOKS,
        "Send one event again, or all since a moment, each with its own `webhook-id`. What is still on its way is "
        "left as it is.",
        WebhookSendPayload,
        webhooks.replay,
        webhooks.replay_since,
        renamed={"since": ("all", "since")},
    )
    async def webhook_replay(self, info: Info, input: WebhookReplayInput) -> WebhookSendPayload | None:
        """Send again."""
        context = info.context
        if isinstance(input.delivery_id, str):
            which = ids.decode(Tag.WEBHOOK_DELIVERY, input.delivery_id)
            if which is None:
                raise NotFound
            await webhooks.replay(*which, actor=context.actor, now=context.now)
            return WebhookSendPayload(webhook_delivery=await delivery(*which))
        many = input.all
        if not isinstance(many, WebhookReplaySinceInput):
            raise bad_input("Name a delivery, or an endpoint and since when.")
        await webhooks.replay_since(
            _endpoint_id(many.endpoint_id),
            many.since,
            undelivered=many.undelivered_only,
            actor=context.actor,
            now=context.now,
        )
        return WebhookSendPayload()
