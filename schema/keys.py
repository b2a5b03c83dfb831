"""API keys as those who lead the programme keep them: listed, issued, rotated, revoked."""

from datetime import timedelta
from typing import Annotated, Any

import strawberry

from models.credentials import KeyScope, PrincipalKind
from models.sql import SQL
from models.units import is_plain
from rules import keys
from rules.keys import Bounds, Holder, IssuedKey
from rules.refusals import NotFound
from schema import ids, pages
from schema.context import Info
from schema.enums import describe
from schema.errors import UserError, bad_input, command
from schema.ids import Tag
from schema.pages import After, Before, Connection, First, Last
from schema.permissions import LEADS, asked, seen
from schema.scalars import Moment

KEY_ID = 16
OVERLAP_HOURS = 24

describe(
    PrincipalKind,
    "Who calls with a key.",
    {
        PrincipalKind.PARTNER: "A partner organisation.",
        PrincipalKind.SERVICE: "A shop's back end or point of sale.",
    },
    name="KeyKind",
)


@strawberry.type(
    description="A key of a partner or a service (接口密钥). Its secret is told once, when it is issued."
)
class ApiKey:
    id: strawberry.ID = seen(LEADS, "The public part of the key: the third of its five pieces.")
    kind: PrincipalKind = seen(LEADS, "Who calls with it.")
    name: str = seen(LEADS, "What people call it.")
    source: str | None = seen(LEADS, "A service's name for itself; its orders are unique within it.")
    store_id: strawberry.ID | None = seen(LEADS, "The store a service sells in; null for any.")
    partner_id: strawberry.ID | None = seen(LEADS, "The partner whose it is.")
    scopes: list[KeyScope] | None = seen(LEADS, "What it is kept to; null means all that its kind may.")
    networks: list[str] | None = seen(LEADS, "From where it may be used, as CIDR blocks; null means anywhere.")
    expires_at: Moment | None = seen(LEADS, "When it ends by itself; null means never.")
    revoked_at: Moment | None = seen(LEADS, "When it was revoked; null while it is not.")
    last_used_at: Moment | None = seen(LEADS, "When it was last used, to the minute; null if never.")
    created_at: Moment = seen(LEADS, "When it was issued.")

    @classmethod
    def of(cls, row: dict[str, Any]) -> "ApiKey":
        """The key as a client sees it."""
        told = ("name", "source", "networks", "expires_at", "revoked_at", "last_used_at", "created_at")
        return cls(
            id=strawberry.ID(row["key_id"]),
            kind=PrincipalKind(row["kind"]),
            store_id=row["store_id"] and strawberry.ID(ids.encode(Tag.STORE, row["store_id"])),
            partner_id=row["partner_id"] and strawberry.ID(ids.encode(Tag.PARTNER, row["partner_id"])),
            scopes=None if row["scopes"] is None else [KeyScope(each) for each in row["scopes"]],
            **{name: row[name] for name in told},
        )


COLUMNS = (
    "key_id, kind, name, source, store_id, partner_id, scopes, networks, expires_at, revoked_at, last_used_at,"
    " created_at"
)
ONE = SQL(f"SELECT {COLUMNS} FROM api_key WHERE key_id = $1")  # noqa: S608  constants
LIST = {
    backwards: SQL(
        f"SELECT {COLUMNS} FROM api_key WHERE ($1::boolean OR revoked_at IS NULL)"  # noqa: S608  constants
        f" AND ($2::timestamptz IS NULL OR (created_at, key_id) {beyond} ($2::timestamptz, $3::text))"
        f" ORDER BY created_at {order}, key_id {order} LIMIT $4",
        fans_out="those who lead look at all keys",
    )
    for backwards, order, beyond in ((False, "DESC", "<"), (True, "ASC", ">"))
}


@strawberry.type(description="What became of a key.")
class ApiKeyPayload:
    api_key: ApiKey | None = seen(LEADS, "The key; null when refused.", default=None)
    secret: str | None = seen(
        LEADS, "All of a fresh key, to be sent as `Bearer`. It is told this once and never again.", default=None
    )
    user_errors: list[UserError] = seen(LEADS, "Why it was refused; empty on success.", default_factory=list)


@strawberry.input(description="A service that is to have a key.")
class ServiceHolderInput:
    source: str = strawberry.field(description="Its name for itself, 1 to 64 characters: `pos-shanghai`.")
    store_id: strawberry.ID | None = strawberry.field(default=None, description="The one store it sells in.")


@strawberry.input(one_of=True, description="Whose the key is to be.")
class ApiKeyHolderInput:
    service: ServiceHolderInput | None = strawberry.field(default=strawberry.UNSET, description="A service's.")
    partner_id: strawberry.ID | None = strawberry.field(default=strawberry.UNSET, description="A partner's.")


@strawberry.input(description="A key to issue. Of each holder two may live, so that one can follow the other.")
class ApiKeyCreateInput:
    holder: ApiKeyHolderInput = strawberry.field(description="Whose it is to be.")
    name: str = strawberry.field(description="What people call it, 1 to 80 characters: `till 3`.")
    scopes: list[KeyScope] | None = strawberry.field(
        default=None, description="What it is kept to; all that its kind may when left out."
    )
    networks: list[str] | None = strawberry.field(
        default=None, description="From where it may be used, 20 at most: `203.0.113.0/24`. Anywhere when left out."
    )
    expires_at: Moment | None = strawberry.field(default=None, description="When it ends; never when left out.")


@strawberry.input(description="A key to be followed by another, alike but for its secret.")
class ApiKeyRotateInput:
    id: strawberry.ID = strawberry.field(description="The present key.")
    overlap_hours: int = strawberry.field(
        default=OVERLAP_HOURS, description="How many hours the present key goes on; 2,160 at most."
    )


@strawberry.input(description="A key to end.")
class ApiKeyRevokeInput:
    id: strawberry.ID = strawberry.field(description="Which.")


async def told(key_id: str, issued: IssuedKey | None = None) -> ApiKeyPayload:
    """What became of a key, with the secret of a fresh one."""
    row = await ONE.row(key_id)
    return ApiKeyPayload(api_key=ApiKey.of(row) if row else None, secret=issued.secret if issued else None)


def holder_of(given: ApiKeyHolderInput) -> Holder:
    """The holder a client means.

    Raises: NotFound.
    """
    if isinstance(given.partner_id, str):
        partner = ids.decode_one(Tag.PARTNER, given.partner_id)
        if partner is None:
            raise NotFound
        return Holder.partner(partner)
    service = given.service
    if not isinstance(service, ServiceHolderInput):
        raise bad_input("`holder` names a service or a partner.")
    if service.store_id is None:
        return Holder.service(service.source)
    store = ids.decode_one(Tag.STORE, service.store_id)
    if store is None:
        raise NotFound
    return Holder.service(service.source, store)


def _key_id(text: str) -> str:
    """A key's id as it may be looked for."""
    if len(text) != KEY_ID or not is_plain(text):
        raise NotFound
    return text


@strawberry.type
class KeysQuery:
    """What may be asked of keys."""

    @asked(LEADS, "The API keys that were issued, newest first.")
    async def api_keys(
        self,
        revoked: Annotated[bool, strawberry.argument(description="Those that were revoked, too.")] = False,  # noqa: FBT002
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[ApiKey] | None:
        """A page of keys."""
        shape = (pages.moment, pages.plain)
        asked_for = pages.window(first=first, after=after, last=last, before=before, shape=shape)
        at, beyond = asked_for.key or (None, None)
        rows = await LIST[asked_for.backwards].rows(revoked, at, beyond, asked_for.fetch)
        return pages.page(rows, asked_for, ApiKey.of, lambda row: (row["created_at"], row["key_id"]))


@strawberry.type
class KeysMutation:
    """What may be done with keys."""

    @command(LEADS, "Issue an API key. `secret` is told once.", ApiKeyPayload, keys.issue)
    async def api_key_create(self, info: Info, input: ApiKeyCreateInput) -> ApiKeyPayload | None:
        """Issue a key."""
        context = info.context
        issued = await keys.issue(
            holder_of(input.holder),
            name=input.name,
            environment=context.environment,
            bounds=Bounds(input.scopes, input.networks, input.expires_at),
            actor=context.actor,
            now=context.now,
        )
        return await told(issued.key_id, issued)

    @command(
        LEADS,
        "Issue a key that follows another. The present one goes on for `overlapHours`, then ends by itself.",
        ApiKeyPayload,
        keys.rotate,
    )
    async def api_key_rotate(self, info: Info, input: ApiKeyRotateInput) -> ApiKeyPayload | None:
        """Rotate a key."""
        context = info.context
        issued = await keys.rotate(
            _key_id(input.id),
            overlap=timedelta(hours=input.overlap_hours),
            environment=context.environment,
            actor=context.actor,
            now=context.now,
        )
        return await told(issued.key_id, issued)

    @command(
        LEADS,
        "End an API key, in every process within a second. Ending it again changes nothing.",
        ApiKeyPayload,
        keys.revoke,
    )
    async def api_key_revoke(self, info: Info, input: ApiKeyRevokeInput) -> ApiKeyPayload | None:
        """Revoke a key.

        Raises: NotFound.
        """
        context = info.context
        key_id = _key_id(input.id)
        await keys.revoke(key_id, actor=context.actor, now=context.now)
        done = await told(key_id)
        if done.api_key is None:
            raise NotFound
        return done
