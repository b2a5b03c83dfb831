"""Entrance: how staff come in, prove themselves anew, and leave."""

from uuid import UUID

import strawberry

from models.units import is_plain
from rules import attempts, credentials, passwords, programme, staff, totp
from rules.credentials import LoginRefused
from rules.staff import StaffAccount
from rules.totp import Secret, TotpRequired, TotpSetupRequired, TotpWrong
from schema.context import Context, Info
from schema.errors import UserError, answer_to, command
from schema.permissions import PUBLIC, STAFF, seen
from schema.scalars import Moment
from schema.sessions import Tokens, tokens_of
from schema.staff import outside, own_id

TEXT_MAX = 512
LOGIN, PROOF, CODE, INVITATION = "staff login", "staff proof", "staff code", "staff invitation"
"""What tries are counted for."""

EVERYWHERE = "everywhere"
"""The network of a counter that is for all of them."""


@strawberry.type(description="What a login of staff came to.")
class StaffLoginPayload:
    tokens: Tokens | None = seen(PUBLIC, "The tokens; null when refused.", default=None)
    setup_token: str | None = seen(
        PUBLIC,
        "With `TOTP_SETUP_REQUIRED`: what `staffActivate` takes to set up the second factor, for a quarter of an "
        "hour. The page `/activate#<token>` does it for people.",
        default=None,
    )
    user_errors: list[UserError] = seen(PUBLIC, "Why it was refused; empty on success.", default_factory=list)


@strawberry.type(description="A second factor to be: what to put into an authenticator app.")
class TotpProvisioning:
    username: str = seen(PUBLIC, "Whose account it is for.")
    secret: str = seen(PUBLIC, "The secret in base 32, for typing.")
    address: str = seen(PUBLIC, "The same as an `otpauth` address.")
    qr_svg: str = seen(PUBLIC, "The address as a QR code: an SVG element.")


@strawberry.type(description="What an activation came to.")
class StaffActivatePayload:
    provisioning: TotpProvisioning | None = seen(
        PUBLIC,
        "The second factor to set up, when no code was sent yet; nothing is stored until one is.",
        default=None,
    )
    activated: bool = seen(
        PUBLIC, "Whether the account now has that password and second factor. Log in with them.", default=False
    )
    user_errors: list[UserError] = seen(PUBLIC, "Why it was refused; empty on success.", default_factory=list)


@strawberry.type(description="What a proof came to.")
class StaffProvePayload:
    proven_until: Moment | None = seen(STAFF, "Until when it is good; null when refused.", default=None)
    user_errors: list[UserError] = seen(STAFF, "Why it was refused; empty on success.", default_factory=list)


@strawberry.type(description="What a change of password came to.")
class StaffPasswordChangePayload:
    ended_logins: int = seen(STAFF, "How many other logins of the account ended.", default=0)
    user_errors: list[UserError] = seen(STAFF, "Why it was refused; empty on success.", default_factory=list)


@strawberry.type(description="What a logout came to.")
class StaffLogoutPayload:
    ended: bool = seen(STAFF, "Whether the login was live until now.", default=False)
    user_errors: list[UserError] = seen(STAFF, "Why it was refused; empty on success.", default_factory=list)


@strawberry.input(description="A login of staff.")
class StaffLoginInput:
    username: str = strawberry.field(description="The name of the account.")
    password: str = strawberry.field(description="Its password.")
    totp: str | None = strawberry.field(
        default=None, description="The six digits the authenticator app shows; asked for by `TOTP_REQUIRED`."
    )
    device: str | None = strawberry.field(
        default=None, description="What you call the device: `till 2`. Cut to 80."
    )


@strawberry.input(description="An invitation to use.")
class StaffActivateInput:
    token: str = strawberry.field(description="The invitation: what follows the # of its link.")
    password: str = strawberry.field(
        description="The password to be: 12 to 128 characters of any kind, not among the first to be guessed."
    )
    totp: str | None = strawberry.field(
        default=None,
        description="The six digits the authenticator app shows. Leave it out first, to be told the secret.",
    )


@strawberry.input(description="A proof that it is still you.")
class StaffProveInput:
    totp: str | None = strawberry.field(default=None, description="The six digits the authenticator app shows.")
    password: str | None = strawberry.field(
        default=None, description="The password, for accounts without a second factor."
    )


@strawberry.input(description="Another password.")
class StaffPasswordChangeInput:
    old_password: str = strawberry.field(description="The one there is.")
    password: str = strawberry.field(
        description="The one to be: 12 to 128 characters of any kind, not among the first to be guessed."
    )


@strawberry.input(description="The end of a shift.")
class StaffLogoutInput:
    everywhere: bool = strawberry.field(default=False, description="Whether all your other logins end too.")


async def _named(info: Info, name: str, password: str) -> StaffAccount:
    """The account of a name and its password. A name nobody has is answered alike, and takes as long.

    Raises: TooManyAttempts, PasswordsBusy, LoginRefused.
    """
    context = info.context
    await attempts.reserve(LOGIN, name, context.network, now=context.now)
    attacked = await attempts.tally(LOGIN, name, now=context.now)
    account = await staff.account(name) if is_plain(name) else None
    stored = account.password_hash if account else None
    right = await outside(info).is_password(stored, password[:TEXT_MAX], slowly=attacked)
    if account is None or not right:
        await staff.refuse(account, name, actor=context.actor, now=context.now)
        raise LoginRefused
    await attempts.forget(LOGIN, name, context.network)
    return account


async def _own(info: Info, password: str) -> StaffAccount:
    """The caller's account, if that is its password.

    Raises: TooManyAttempts, PasswordsBusy, LoginRefused.
    """
    context, whose = info.context, str(own_id(info.context))
    await attempts.reserve(PROOF, whose, context.network, now=context.now)
    account = await staff.account_of(UUID(whose))
    right = await outside(info).is_password(account.password_hash if account else None, password[:TEXT_MAX])
    if account is None or not right:
        await staff.refuse(account, whose, actor=context.actor, now=context.now)
        raise LoginRefused
    await attempts.forget(PROOF, whose, context.network)
    return account


async def _reserve_code(context: Context, account: StaffAccount) -> None:
    """Count a try of somebody's code, from this network; from all together when too many come.

    Raises: TooManyAttempts.
    """
    whose = str(account.id)
    await attempts.reserve(CODE, whose, context.network, now=context.now)
    if await staff.is_code_attacked(account.id, now=context.now):
        await attempts.reserve(CODE, whose, EVERYWHERE, now=context.now)


async def _forget_code(context: Context, account: StaffAccount) -> None:
    for network in (context.network, EVERYWHERE):
        await attempts.forget(CODE, str(account.id), network)


async def _enter(info: Info, account: StaffAccount, input: StaffLoginInput) -> credentials.Issued:
    """Log in somebody whose password was right."""
    context = info.context
    if account.has_totp:
        if input.totp is None:
            raise TotpRequired
        await _reserve_code(context, account)
    try:
        issued = await staff.enter(
            account, code=input.totp, device=input.device, actor=context.actor, now=context.now
        )
    except TotpWrong:
        await staff.refuse(account, account.username, actor=context.actor, now=context.now)
        raise
    if account.has_totp:
        await _forget_code(context, account)
    return issued


async def _provisioning(username: str, secret: Secret) -> TotpProvisioning:
    import segno  # it takes long to load, and few servers draw at all

    address = secret.address((await programme.terms()).name, username)
    drawn: str = segno.make(address, error="m", micro=False).svg_inline(scale=4, border=4, omitsize=True)
    return TotpProvisioning(username=username, secret=secret.text, address=address, qr_svg=drawn)


@strawberry.type
class EntranceMutation:
    """How staff come in, prove themselves anew, and leave."""

    @command(
        PUBLIC,
        "Log staff in with name, password and the code of their second factor. Wrong tries are slowed down; "
        "an unknown name is answered like a wrong password, and takes as long. A login with a code counts as a "
        "`staffProve`.",
        StaffLoginPayload,
        attempts.reserve,
        staff.enter,
    )
    async def staff_login(self, info: Info, input: StaffLoginInput) -> StaffLoginPayload | None:
        """Log staff in.

        Raises: PasswordsBusy, TotpSetupRequired.
        """
        context = info.context
        account = await _named(info, input.username[:TEXT_MAX], input.password)
        if outside(info).totp_required and not account.has_totp:
            token = await staff.let_set_up(account, actor=context.actor, now=context.now)
            why = answer_to(TotpSetupRequired(), context.language)
            return StaffLoginPayload(setup_token=token, user_errors=[why])
        issued = await _enter(info, account, input)
        if outside(info).is_dated(account.password_hash):
            await staff.rehash(account, await outside(info).hashed(input.password[:TEXT_MAX]))
        return StaffLoginPayload(tokens=tokens_of(issued))

    @command(
        PUBLIC,
        "Use an invitation, in two steps: send the password to be told the second factor's secret, then the same "
        "again with a code of it. Only then is anything stored; all other logins of the account end. The page "
        "`/activate` does it for people.",
        StaffActivatePayload,
        attempts.reserve,
        passwords.check_password,
        staff.activate,
    )
    async def staff_activate(self, info: Info, input: StaffActivateInput) -> StaffActivatePayload | None:
        """Use an invitation.

        Raises: PasswordsBusy.
        """
        context, token = info.context, input.token[:TEXT_MAX]
        await attempts.reserve(INVITATION, "", context.network, now=context.now)
        username = await staff.invited(token, context.now)
        await attempts.forget(INVITATION, "", context.network)
        password = passwords.normalised(input.password[:TEXT_MAX])
        passwords.check_password(password, username)
        secret = totp.secret_for(token, password)
        if input.totp is None:
            return StaffActivatePayload(provisioning=await _provisioning(username, secret))
        hashed = await outside(info).hashed(password)
        await staff.activate(token, hashed, secret, input.totp, actor=context.actor, now=context.now)
        return StaffActivatePayload(activated=True)

    @command(
        STAFF,
        "Prove again that it is you: with a code, or where there is no second factor with the password. It is good "
        "for five minutes, for what refuses with `PROOF_REQUIRED`.",
        StaffProvePayload,
        attempts.reserve,
        staff.prove,
    )
    async def staff_prove(self, info: Info, input: StaffProveInput) -> StaffProvePayload | None:
        """Prove oneself again.

        Raises: PasswordsBusy, TotpSetupRequired.
        """
        context = info.context
        account = await staff.account_of(own_id(context))
        login = context.principal.login if context.principal else None
        if account is None or login is None:
            raise LoginRefused
        if account.has_totp:
            if input.totp is None:
                raise TotpRequired
            await _reserve_code(context, account)
        elif outside(info).totp_required:
            raise TotpSetupRequired
        else:
            await _own(info, input.password or "")
        try:
            until = await staff.prove(account.id, login, code=input.totp, actor=context.actor, now=context.now)
        except TotpWrong:
            await staff.refuse(account, account.username, actor=context.actor, now=context.now)
            raise
        await _forget_code(context, account)
        return StaffProvePayload(proven_until=Moment(until))

    @command(
        STAFF,
        "Change the password of the calling account. Its other logins end.",
        StaffPasswordChangePayload,
        attempts.reserve,
        passwords.check_password,
        staff.change_password,
    )
    async def staff_password_change(
        self, info: Info, input: StaffPasswordChangeInput
    ) -> StaffPasswordChangePayload | None:
        """Change a password.

        Raises: PasswordsBusy.
        """
        context = info.context
        account = await _own(info, input.old_password)
        password = passwords.normalised(input.password[:TEXT_MAX])
        passwords.check_password(password, account.username)
        hashed = await outside(info).hashed(password)
        login = context.principal.login if context.principal else None
        ended = await staff.change_password(account, hashed, login=login, actor=context.actor, now=context.now)
        return StaffPasswordChangePayload(ended_logins=ended)

    @command(STAFF, "End the calling login, or all logins of the account.", StaffLogoutPayload, credentials.end)
    async def staff_logout(self, info: Info, input: StaffLogoutInput) -> StaffLogoutPayload | None:
        """Log out."""
        context, whose = info.context, own_id(info.context)
        if input.everywhere:
            ended = await credentials.end_others(whose, but=None, now=context.now)
        elif context.principal and context.principal.login:
            ended = await credentials.end(context.principal.login, whose=whose, now=context.now)
        else:
            ended = 0
        return StaffLogoutPayload(ended=ended > 0)
