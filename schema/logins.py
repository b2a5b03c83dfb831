"""Logins: on which devices a member is logged in, and how they end it there."""

from collections.abc import Sequence
from uuid import UUID

import strawberry

from models.sql import SQL
from models.units import ReasonCode
from rules import credentials, lifecycle
from rules.credentials import LOGINS_MAX, REFRESH_FOR
from rules.refusals import NotFound
from schema import ids
from schema.context import Context, HasMember, Info
from schema.errors import UserError, command
from schema.permissions import LEADS, MEMBER, Audience, seen
from schema.scalars import Moment

ENDS = LEADS | {Audience.CS}
SEES = MEMBER | ENDS


@strawberry.type(description="A login of a member (登录): one device on which they are logged in.")
class Login:
    id: strawberry.ID = seen(SEES, "To end it by: `loginEnd`.")
    device: str | None = seen(SEES, "What the client called the device; null when it told nothing.")
    created_at: Moment = seen(SEES, "Since when they are logged in there.")
    last_seen_at: Moment = seen(SEES, "When it last logged in or exchanged tokens there: to the half-hour.")
    current: bool = seen(SEES, "Whether it is the login that asks.")


LOGINS = SQL(
    "SELECT id, principal_id, device, created_at, seen_at FROM login"
    " WHERE principal_id = ANY($1::uuid[]) AND ended_at IS NULL AND seen_at > $2 ORDER BY seen_at DESC, id DESC",
    fans_out="a member's logins are found by whose they are",
)


async def logins_of(parents: Sequence[HasMember], context: Context) -> list[list[Login]]:
    """Each member's logins that can still be used, the one seen last first."""
    found: dict[UUID, list[Login]] = {parent.member_id: [] for parent in parents}
    own = context.principal.login if context.principal else None
    for row in await LOGINS.rows(list(found), context.now - REFRESH_FOR):
        login = Login(
            id=strawberry.ID(ids.encode(ids.Tag.LOGIN, row["id"])),
            device=row["device"],
            created_at=row["created_at"],
            last_seen_at=row["seen_at"],
            current=row["id"] == own,
        )
        found[row["principal_id"]].append(login)
    return [found[parent.member_id][:LOGINS_MAX] for parent in parents]


@strawberry.type(description="What an end of logins came to.")
class LoginsEndedPayload:
    ended: int = seen(SEES, "How many logins were live until now.", default=0)
    user_errors: list[UserError] = seen(SEES, "Why it was refused; empty on success.", default_factory=list)


@strawberry.input(description="One of your logins.")
class LoginEndInput:
    login_id: strawberry.ID = strawberry.field(description="Which, by the `id` from `me { logins }`.")


@strawberry.input(description="A member's logins.")
class LoginsEndInput:
    member_id: strawberry.ID = strawberry.field(description="Whose.")
    reason: ReasonCode = strawberry.field(description="Why, in one word: `PHONE_LOST`.")


@strawberry.type
class LoginsMutation:
    """How logins are ended from elsewhere."""

    @command(
        MEMBER,
        "Log out on one of your devices: its tokens are dead within a second. Ending it again changes nothing.",
        LoginsEndedPayload,
        credentials.end,
    )
    async def login_end(self, info: Info, input: LoginEndInput) -> LoginsEndedPayload | None:
        """End one login."""
        own, which = info.context.member_id, ids.decode_one(ids.Tag.LOGIN, input.login_id)
        if own is None or which is None:
            raise NotFound
        return LoginsEndedPayload(ended=await credentials.end(which, whose=own, now=info.context.now))

    @command(MEMBER, "Log out on all your devices but this one.", LoginsEndedPayload, credentials.end_others)
    async def login_end_others(self, info: Info) -> LoginsEndedPayload | None:
        """End all logins but the one that asks.

        Raises: NotFound.
        """
        own, who = info.context.member_id, info.context.principal
        if own is None or who is None:
            raise NotFound
        return LoginsEndedPayload(ended=await credentials.end_others(own, but=who.login, now=info.context.now))

    @command(
        ENDS,
        "Log a member out everywhere, when they lost a phone or somebody else was in their account.",
        LoginsEndedPayload,
        lifecycle.end_logins,
    )
    async def logins_end(self, info: Info, input: LoginsEndInput) -> LoginsEndedPayload | None:
        """End all logins of a member."""
        context = info.context
        whose = ids.decode_one(ids.Tag.MEMBER, input.member_id)
        if whose is None:
            raise NotFound
        ended = await lifecycle.end_logins(whose, reason=input.reason, actor=context.actor, now=context.now)
        return LoginsEndedPayload(ended=ended)
