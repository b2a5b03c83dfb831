"""Sessions: how members log in, and how tokens are exchanged and ended."""

from collections.abc import Sequence

import strawberry

from models.credentials import PrincipalKind
from models.members import MemberState
from models.sql import SQL
from rules import credentials, lifecycle, phones
from rules.actors import Actor, ActorKind
from rules.credentials import LoginRefused, TokenInvalid
from rules.members import Identity
from rules.phones import PhoneCodeRefused
from rules.refusals import Refusal
from schema.context import Info, Outside
from schema.errors import UserError, answer_to, command
from schema.permissions import PUBLIC, seen
from schema.scalars import Moment

TEXT_MAX = 512


@strawberry.type(description="Tokens, told once. Send the access token as `Authorization: Bearer <token>`.")
class Tokens:
    access_token: str = seen(PUBLIC, "Opens the API until it expires.")
    access_token_expires_at: Moment = seen(PUBLIC, "When it expires.")
    access_token_expires_in: int = seen(PUBLIC, "In how many seconds it expires: clocks of phones are wrong.")
    refresh_token: str | None = seen(
        PUBLIC, "Exchange it once for fresh tokens; null for staff, who log in for each shift."
    )
    refresh_token_expires_at: Moment | None = seen(
        PUBLIC, "When it expires, and with it the login, unless it is exchanged before; null for staff."
    )


@strawberry.type(description="What a login or an exchange came to.")
class TokensPayload:
    tokens: Tokens | None = seen(PUBLIC, "The tokens; null when refused.", default=None)
    is_new_member: bool = seen(
        PUBLIC,
        "Whether the login made a member.",
        default=False,
        deprecation_reason="Ask for `memberState`: whoever is PENDING has yet to enrol, also when they were here "
        "before. This field goes after 2027-06-30.",
    )
    member_state: MemberState | None = seen(
        PUBLIC,
        "Where the membership stands: show PENDING members the page to enrol. Told by `memberLogin` alone.",
        default=None,
    )
    phone_linked: bool | None = seen(
        PUBLIC,
        "Whether the member has a verified phone now. Told by `memberLogin` with a `phoneCode` alone.",
        default=None,
    )
    phone_error: UserError | None = seen(
        PUBLIC, "Why the phone was not linked, although the login succeeded.", default=None
    )
    user_errors: list[UserError] = seen(PUBLIC, "Why it was refused; empty on success.", default_factory=list)


@strawberry.type(description="What a revocation came to.")
class TokenRevokePayload:
    revoked: bool = seen(PUBLIC, "Whether the token was live until now.", default=False)
    user_errors: list[UserError] = seen(PUBLIC, "Why it was refused; empty on success.", default_factory=list)


@strawberry.input(description="A member's login.")
class MemberLoginInput:
    code: str = strawberry.field(description="What `wx.login` gave the mini-program. It is good once.")
    phone_code: str | None = strawberry.field(
        default=None,
        description="What the button `getPhoneNumber` gave, if it was pressed: finds whom the shop knows by phone. "
        "WeChat is asked only when the phone is not known yet. What is wrong with it never keeps anybody "
        "from logging in: `phoneError` tells.",
    )
    device: str | None = strawberry.field(
        default=None,
        description="What you call the device, for the member's list of logins: `iPhone 15, WeChat`. Cut to 80 "
        "characters; not a person's name.",
    )


@strawberry.input(description="An exchange of tokens.")
class TokenRefreshInput:
    refresh_token: str = strawberry.field(description="The latest refresh token. It is good once.")


@strawberry.input(description="An end of a login.")
class TokenRevokeInput:
    token: str = strawberry.field(description="Its access or refresh token. All tokens of the login end.")


def tokens_of(issued: credentials.Issued) -> Tokens:
    """Issued tokens, as a client sees them."""
    until = issued.refresh_expires_at
    return Tokens(
        access_token=issued.access,
        access_token_expires_at=Moment(issued.access_expires_at),
        access_token_expires_in=int(issued.access_for.total_seconds()),
        refresh_token=issued.refresh,
        refresh_token_expires_at=None if until is None else Moment(until),
    )


def outside_of(info: Info) -> Outside:
    """The outside world of an operation."""
    if info.context.outside is None:
        raise AssertionError("An operation without the outside world.")
    return info.context.outside


async def _phone(info: Info, who: Sequence[Identity], code: str | None) -> tuple[Identity | None, Refusal | None]:
    """The phone behind a code, where it is not known yet; or why there is none."""
    if not code or not await phones.is_wanted(who):
        return None, None
    try:
        if len(code) > TEXT_MAX:
            raise PhoneCodeRefused
        return await outside_of(info).wechat_phone(code, who[0].hash), None
    except Refusal as refused:
        return None, refused


STATE = SQL("SELECT state FROM member WHERE id = $1")


@strawberry.type
class SessionsMutation:
    """How callers come and go."""

    @command(
        PUBLIC,
        "Log a member in with a WeChat login code. A stranger becomes a PENDING member; `memberEnroll` makes them "
        "an active one.",
        TokensPayload,
        lifecycle.enter,
        phones.link,
        renamed={"identities": ()},
    )
    async def member_login(self, info: Info, input: MemberLoginInput) -> TokensPayload | None:
        """Log a member in.

        Raises: LoginRefused, WechatUnavailable, PhoneCodeRefused, PhoneLookupsSpent.
        """
        context = info.context
        if not 0 < len(input.code) <= TEXT_MAX:
            raise LoginRefused
        who = list(await outside_of(info).wechat_identities(input.code))
        phone, why = await _phone(info, who, input.phone_code)
        known = [*who, phone] if phone else who
        member_id, created = await lifecycle.enter(known, actor=context.actor, now=context.now)
        if phone:
            try:
                member_id = await phones.link(member_id, phone, now=context.now)
            except Refusal as refused:
                why = refused
        actor = Actor(ActorKind.MEMBER, str(member_id), request_id=context.request_id)
        issued = await credentials.log_in(
            PrincipalKind.MEMBER, member_id, actor=actor, device=input.device, now=context.now
        )
        return TokensPayload(
            tokens=tokens_of(issued),
            is_new_member=created,
            member_state=MemberState(await STATE.value(member_id)),
            phone_linked=await phones.has_proven(member_id) if input.phone_code else None,
            phone_error=answer_to(why, context.language) if why else None,
        )

    @command(
        PUBLIC,
        "Exchange a refresh token for fresh tokens, once. A second exchange of the same token ends the login, "
        "since somebody else has it. When the answer was lost, log in anew.",
        TokensPayload,
    )
    async def token_refresh(self, info: Info, input: TokenRefreshInput) -> TokensPayload | None:
        """Exchange tokens.

        Raises: TokenInvalid.
        """
        issued = await credentials.exchange(
            input.refresh_token[:TEXT_MAX], info.context.now, outside_of(info).refresh_grace
        )
        if issued is None:
            raise TokenInvalid
        return TokensPayload(tokens=tokens_of(issued))

    @command(PUBLIC, "End a login. An unknown token is answered like a dead one.", TokenRevokePayload)
    async def token_revoke(self, info: Info, input: TokenRevokeInput) -> TokenRevokePayload | None:
        """End a login."""
        revoked = await credentials.log_out(input.token[:TEXT_MAX], info.context.now)
        return TokenRevokePayload(revoked=revoked)
