"""Endpoints: where events are told, added, changed, given new secrets and taken away.

Those who lead keep all of them. A partner keeps its own, and knows of no others.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from models import writing
from models.sql import SQL, insert
from models.units import is_plain
from models.webhooks import (
    ENDPOINTS_MAX,
    PARTNER_ENDPOINTS_MAX,
    DisabledWhy,
    EndpointState,
    PartnerEventKind,
    WebhookEndpoint,
)
from rules import audit
from rules.actors import SYSTEM, Actor, ActorKind
from rules.idempotency import Key, Slip
from rules.outbox import shown
from rules.refusals import NotFound, Refusal
from rules.transactions import transaction
from rules.webhooks import _signing as signing
from rules.webhooks._addresses import target
from rules.webhooks._signing import Secret

DESCRIPTION_MAX = 200
OVERLAP_MAX = timedelta(days=7)
OWNERLESS = UUID(int=0)
"""Whose an idempotency key is of a caller who has no id of their own: the command line's. No partner's."""

FOR_PARTNERS = frozenset(shown(each) for each in PartnerEventKind)
"""The events that partners' endpoints are told, by the names clients know; all others are for the programme's."""

SERVED = (
    "e.state = 'ACTIVE' AND NOT EXISTS (SELECT 1 FROM partner p WHERE p.id = e.partner_id"
    " AND p.disabled_at IS NOT NULL)"
)
"""Which endpoints `e` anything is sent to now: while a partner is disabled, none of its own."""


@dataclass(eq=False)
class WebhookLimit(Refusal):
    """There are as many webhook endpoints as there may be; delete one of them first."""

    zh = "Webhook 端点数量已达上限，请先删除其中一个。"
    limit: int


@dataclass(eq=False)
class WebhookInvalid(Refusal):
    """A webhook endpoint cannot be like this."""

    zh = "无法按此要求设置 Webhook 端点。"
    why: str


@dataclass(frozen=True, slots=True)
class Wish:
    """What an endpoint is to be: where, what for, which events it is told, and whose. No types are all of them."""

    url: str
    description: str = ""
    types: tuple[str, ...] | None = None
    partner_id: UUID | None = None
    """None is the programme's own."""


@dataclass(frozen=True, slots=True)
class Added:
    """An endpoint, and its secret where it is told."""

    endpoint_id: UUID
    secret: Secret | None


def check_wish(wish: Wish) -> Wish:
    """The wish as it is kept.

    Raises: WebhookUrlRefused, WebhookInvalid.
    """
    target(wish.url)
    if len(wish.description) > DESCRIPTION_MAX or not is_plain(wish.description):
        raise WebhookInvalid(f"A description has at most {DESCRIPTION_MAX} printable characters.")
    if wish.types is not None and not wish.types:
        raise WebhookInvalid("An endpoint is told at least one type of event.")
    if wish.types is not None and not all((each in FOR_PARTNERS) is bool(wish.partner_id) for each in wish.types):
        raise WebhookInvalid("Partners' endpoints are told of the partner's settlements, and no others are.")
    return replace(wish, types=None if wish.types is None else tuple(sorted(set(wish.types))))


async def recalled(wish: Wish, *, key: Key, actor: Actor) -> Added | None:
    """What the same request was answered before, without its secret; None for a new one.

    Raises: NotFound, IdempotencyKeyReused.
    """
    _check_own(wish, actor)
    return await _recall(_slip(wish, key, actor))


def _slip(wish: Wish, key: Key, actor: Actor) -> Slip:
    # what the programme's own are recognised by is what it was before partners had any
    whose = (wish.partner_id,) if wish.partner_id else ()
    return Slip(_owner(actor), actor, key, "webhook.add", (wish.url, wish.description, wish.types, *whose))


async def _recall(slip: Slip) -> Added | None:
    earlier = await slip.recall()
    return None if earlier is None else Added(UUID(earlier["endpoint"]), None)


TAKEN = SQL(
    "SELECT slot FROM webhook_endpoint WHERE slot IS NOT NULL"
    " AND (partner_id = $1 OR ($1::uuid IS NULL AND partner_id IS NULL))"
)
IS_PARTNER = SQL("SELECT id FROM partner WHERE id = $1")


@transaction
async def add(wish: Wish, *, key: Key, actor: Actor, now: datetime) -> Added:
    """Tell events to an endpoint from now on. Its secret is told once: the same key's second answer is without it.

    A partner adds endpoints for itself alone.

    Raises: NotFound, WebhookUrlRefused, WebhookInvalid, WebhookLimit, IdempotencyKeyReused.
    """
    _check_own(wish, actor)
    slip = _slip(wish, key, actor)
    if (earlier := await _recall(slip)) is not None:
        return earlier
    if wish.partner_id is not None and await IS_PARTNER.value(wish.partner_id) is None:
        raise NotFound
    wish = check_wish(wish)
    slot = await _free_slot(wish.partner_id)
    endpoint_id, secret = uuid7(), signing.fresh()
    row = {
        "id": endpoint_id,
        "partner_id": wish.partner_id,
        "slot": slot,
        "url": wish.url,
        "description": wish.description,
        "types": None if wish.types is None else list(wish.types),
        "state": EndpointState.ACTIVE,
        "secret": signing.seal(endpoint_id, secret),
        "active_since": now,
        "since_id": endpoint_id,
        "created_at": now,
    }
    await insert(WebhookEndpoint, [row])
    facts = {"host": target(wish.url).host, "types": _told(wish.types)}
    whose = {"partner": str(wish.partner_id)} if wish.partner_id else {}
    await note(actor, "webhook.add", endpoint_id, now, **facts, **whose)
    await slip.keep({"endpoint": str(endpoint_id)}, now)
    return Added(endpoint_id, secret)


async def _free_slot(partner_id: UUID | None) -> int:
    """A slot that none of the programme's endpoints is in, or none of the partner's.

    Raises: WebhookLimit.
    """
    most = ENDPOINTS_MAX if partner_id is None else PARTNER_ENDPOINTS_MAX
    taken = {row["slot"] for row in await TAKEN.rows(partner_id)}
    slot = next((each for each in range(1, most + 1) if each not in taken), None)
    if slot is None:
        raise WebhookLimit(most)
    return slot


def kept_to(actor: Actor) -> UUID | None:
    """The partner whose endpoints alone an actor may know of; None for the staff and the house, who know all."""
    if actor.kind in (ActorKind.STAFF, ActorKind.SYSTEM):
        return None
    return UUID(actor.id) if actor.kind is ActorKind.PARTNER and actor.id else OWNERLESS


def _check_own(wish: Wish, actor: Actor) -> None:
    """Raises: NotFound."""
    if kept_to(actor) not in (None, wish.partner_id):
        raise NotFound


def _owner(actor: Actor) -> UUID:
    """Whose an actor's keys are: their own, since no member is concerned."""
    return UUID(actor.id) if actor.id else OWNERLESS


def _told(types: tuple[str, ...] | None) -> str:
    return "*" if types is None else ",".join(types)


async def note(actor: Actor, action: str, endpoint_id: UUID, now: datetime, **facts: Any) -> None:
    """Write down what was done to an endpoint, without its secrets or the whole of its URL, which may be one."""
    await audit.note(actor, action, facts={"endpoint": str(endpoint_id), **facts}, now=now)


ONE = SQL(
    "SELECT id, partner_id, url, description, types, state, secret, previous_until FROM webhook_endpoint"
    " WHERE id = $1 AND state <> 'DELETED' AND ($2::uuid IS NULL OR partner_id = $2) FOR UPDATE"
)


async def held(endpoint_id: UUID, actor: Actor) -> dict[str, Any]:
    """An endpoint that is there, and that the actor may know of, held. Raises: NotFound."""
    row = await ONE.row(endpoint_id, kept_to(actor))
    if row is None:
        raise NotFound
    return row


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be other about an endpoint. What is None stays as it is.

    To be told all types, `retype` is said for an endpoint of the programme, and `retype_partner` for a partner's.
    """

    url: str | None = None
    description: str | None = None
    types: tuple[str, ...] | None = None
    retype: bool = False
    retype_partner: bool = False
    enabled: bool | None = None


ENABLE = SQL(
    "UPDATE webhook_endpoint SET state = 'ACTIVE', disabled_why = NULL, failing_since = NULL,"
    " last_failed_at = NULL, active_since = $2, since_id = $3 WHERE id = $1 AND state = 'DISABLED'"
)
DISABLE = SQL(
    "UPDATE webhook_endpoint SET state = 'DISABLED', disabled_why = $2 WHERE id = $1 AND state = 'ACTIVE'"
    " RETURNING id"
)


@transaction
async def change(endpoint_id: UUID, wanted: Change, *, actor: Actor, now: datetime) -> None:
    """Change an endpoint. One that is enabled again is told what happens from now on.

    What was on its way to it when it was disabled goes on then.

    Raises: NotFound, WebhookUrlRefused, WebhookInvalid.
    """
    row = await held(endpoint_id, actor)
    types = wanted.types
    if types is None and not (wanted.retype_partner if row["partner_id"] else wanted.retype):
        types = row["types"] and tuple(row["types"])
    wish = check_wish(
        Wish(
            row["url"] if wanted.url is None else wanted.url,
            row["description"] if wanted.description is None else wanted.description,
            types,
            row["partner_id"],
        )
    )
    if wanted.enabled:
        await ENABLE.run(endpoint_id, now, uuid7())
    elif wanted.enabled is False:
        await DISABLE.row(endpoint_id, DisabledWhy.STAFF.value)
    listed = None if wish.types is None else list(wish.types)
    told = {"url": wish.url, "description": wish.description, "types": listed}
    writing.change(WebhookEndpoint, {"id": endpoint_id}, told)
    facts = {"host": target(wish.url).host, "types": _told(wish.types), "moved": row["url"] != wish.url}
    enabled = {} if wanted.enabled is None else {"enabled": wanted.enabled}
    await note(actor, "webhook.change", endpoint_id, now, **facts, **enabled)


async def disable(endpoint_id: UUID, why: DisabledWhy, now: datetime) -> bool:
    """Tell an endpoint nothing more, inside a command, and say whether it was told anything until now."""
    if await DISABLE.row(endpoint_id, why.value) is None:
        return False
    await note(SYSTEM, "webhook.disable", endpoint_id, now, why=why.value)
    return True


ROTATE = SQL("UPDATE webhook_endpoint SET secret = $2, previous_secret = $3, previous_until = $4 WHERE id = $1")


@transaction
async def rotate(endpoint_id: UUID, *, overlap: timedelta, actor: Actor, now: datetime) -> Secret:
    """A new secret for an endpoint, told once. Both it and the present one sign for the overlap.

    Raises: NotFound, WebhookInvalid.
    """
    row = await held(endpoint_id, actor)
    if not timedelta() <= overlap <= OVERLAP_MAX:
        raise WebhookInvalid(f"An overlap is 0 to {OVERLAP_MAX.days} days.")
    secret = signing.fresh()
    before = (row["secret"], now + overlap) if overlap else (None, None)
    await ROTATE.run(endpoint_id, signing.seal(endpoint_id, secret), *before)
    await note(actor, "webhook.rotate", endpoint_id, now, hours=overlap // timedelta(hours=1))
    return secret


DELETE = SQL(
    "UPDATE webhook_endpoint SET state = 'DELETED', disabled_why = NULL, slot = NULL, secret = NULL,"
    " previous_secret = NULL, previous_until = NULL WHERE id = $1 AND state <> 'DELETED' RETURNING id"
)


@transaction
async def delete(endpoint_id: UUID, *, actor: Actor, now: datetime) -> None:
    """Take an endpoint away, with its secrets and all that was on its way to it.

    Raises: NotFound.
    """
    await held(endpoint_id, actor)
    await DELETE.row(endpoint_id)
    await note(actor, "webhook.delete", endpoint_id, now)
