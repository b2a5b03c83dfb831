"""Sessions: how members and staff log in, and how tokens are exchanged and ended."""

import strawberry

from models.credentials import PrincipalKind
from models.units import is_plain
from rules import credentials, lifecycle, staff
from rules.actors import Actor, ActorKind
from rules.credentials import LoginRefused, TokenInvalid
from schema.context import Info, Outside
from schema.errors import UserError, command
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
    is_new_member: bool = seen(PUBLIC, "Whether the login made a member, who is yet to enrol.", default=False)
    user_errors: list[UserError] = seen(PUBLIC, "Why it was refused; empty on success.", default_factory=list)


@strawberry.type(description="What a revocation came to.")
class TokenRevokePayload:
    revoked: bool = seen(PUBLIC, "Whether the token was live until now.", default=False)
    user_errors: list[UserError] = seen(PUBLIC, "Why it was refused; empty on success.", default_factory=list)


@strawberry.input(description="A member's login.")
class MemberLoginInput:
    code: str = strawberry.field(description="What `wx.login` gave the mini-program. It is good once.")
    device: str | None = strawberry.field(
        default=None,
        description="What you call the device, for the member's list of logins: `iPhone 15, WeChat`. Cut to 80 "
        "characters; not a person's name.",
    )


@strawberry.input(description="A login of staff.")
class StaffLoginInput:
    username: str = strawberry.field(description="The name of the account.")
    password: str = strawberry.field(description="Its password.")


@strawberry.input(description="An exchange of tokens.")
class TokenRefreshInput:
    refresh_token: str = strawberry.field(
        description="The latest refresh token. It is good once; sent again within 30 seconds, it is good again as "
        "long as nothing of the first answer was used, since that was lost."
    )


@strawberry.input(description="An end of a login.")
class TokenRevokeInput:
    token: str = strawberry.field(description="Its access or refresh token. All tokens of the login end.")


def _tokens(issued: credentials.Issued) -> Tokens:
    until = issued.refresh_expires_at
    return Tokens(
        access_token=issued.access,
        access_token_expires_at=Moment(issued.access_expires_at),
        access_token_expires_in=int(issued.access_for.total_seconds()),
        refresh_token=issued.refresh,
        refresh_token_expires_at=None if until is None else Moment(until),
    )


def _outside(info: Info) -> Outside:
    if info.context.outside is None:
        raise AssertionError("An operation without the outside world.")
    return info.context.outside


@strawberry.type
class SessionsMutation:
    """How callers come and go."""

    @command(
        PUBLIC,
        "Log a member in with a WeChat login code. A stranger becomes a PENDING member; `memberEnroll` makes them "
        "an active one.",
        TokensPayload,
        lifecycle.enter,
        renamed={"identities": ()},
    )
    async def member_login(self, info: Info, input: MemberLoginInput) -> TokensPayload | None:
        """Log a member in.

        Raises: LoginRefused, WechatUnavailable.
        """
        context = info.context
        if not 0 < len(input.code) <= TEXT_MAX:
            raise LoginRefused
        who = await _outside(info).wechat_identities(input.code)
        member_id, created = await lifecycle.enter(who, actor=context.actor, now=context.now)
        actor = Actor(ActorKind.MEMBER, str(member_id), request_id=context.request_id)
        issued = await credentials.log_in(
            PrincipalKind.MEMBER, member_id, actor=actor, device=input.device, now=context.now
        )
        return TokensPayload(tokens=_tokens(issued), is_new_member=created)

    @command(
        PUBLIC,
        "Log staff in with name and password.",
        TokensPayload,
    )
    async def staff_login(self, info: Info, input: StaffLoginInput) -> TokensPayload | None:
        """Log staff in. An unknown name takes as long as a wrong password, and is answered alike.

        Raises: LoginRefused.
        """
        context = info.context
        name = input.username[:TEXT_MAX]
        account = await staff.account(name) if is_plain(name) else None
        stored = account.password_hash if account else None
        if not await _outside(info).is_password(stored, input.password[:TEXT_MAX]) or account is None:
            raise LoginRefused
        actor = Actor(
            ActorKind.STAFF, str(account.id), account.role, account.store_id, request_id=context.request_id
        )
        issued = await credentials.log_in(PrincipalKind.STAFF, account.id, actor=actor, now=context.now)
        return TokensPayload(tokens=_tokens(issued))

    @command(
        PUBLIC,
        "Exchange a refresh token for fresh tokens, once. A second exchange of the same token ends the login, "
        "since somebody else has it; only when the first answer was lost, the same token may be sent again within "
        "30 seconds.",
        TokensPayload,
    )
    async def token_refresh(self, info: Info, input: TokenRefreshInput) -> TokensPayload | None:
        """Exchange tokens.

        Raises: TokenInvalid.
        """
        issued = await credentials.exchange(input.refresh_token[:TEXT_MAX], info.context.now)
        if issued is None:
            raise TokenInvalid
        return TokensPayload(tokens=_tokens(issued))

    @command(PUBLIC, "End a login. An unknown token is answered like a dead one.", TokenRevokePayload)
    async def token_revoke(self, info: Info, input: TokenRevokeInput) -> TokenRevokePayload | None:
        """End a login."""
        revoked = await credentials.log_out(input.token[:TEXT_MAX], info.context.now)
        return TokenRevokePayload(revoked=revoked)
