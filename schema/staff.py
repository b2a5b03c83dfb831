"""Staff as the API shows them: who works for the programme, and how their accounts are opened and closed."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import strawberry

from models.sql import SQL
from models.staff import StaffRole
from models.units import is_plain
from rules import staff
from rules.refusals import NotFound
from schema import ids, pages
from schema.context import Context, Info, Outside
from schema.errors import UserError, bad_input, command
from schema.pages import After, Before, Connection, First, Last
from schema.permissions import LEADS, STAFF, asked, related, seen
from schema.scalars import Moment

NAME_MAX = 64
HOURS = range(1, int(staff.INVITED_MAX / timedelta(hours=1)) + 1)


@strawberry.type(description="A store of the programme.")
class Store:
    id: strawberry.ID = seen(STAFF, "Opaque. Store it, send it back, read nothing into it.")
    code: str = seen(STAFF, "Its short code, which does not change.")
    name: str = seen(STAFF, "Its name for people.")

    @classmethod
    def of(cls, row: dict[str, Any]) -> "Store":
        """The store as a client sees it."""
        return cls(id=strawberry.ID(ids.encode(ids.Tag.STORE, row["id"])), code=row["code"], name=row["name"])


STORES = SQL("SELECT id, code, name FROM store WHERE id = ANY($1::uuid[])", fans_out="stores are nobody's own")


STORE_PAGES = {
    backwards: SQL(
        f"SELECT id, code, name FROM store WHERE ($1::text IS NULL OR code {beyond} $1::text)"  # noqa: S608
        f" ORDER BY code {order} LIMIT $2",
        fans_out="stores are nobody's own",
    )
    for backwards, order, beyond in ((False, "ASC", ">"), (True, "DESC", "<"))
}


async def store_of(parents: Sequence["StaffMember"], context: Context) -> list[Store | None]:
    """The store each one works in; None for those who work in all."""
    del context
    wanted = list({parent.store_id for parent in parents if parent.store_id})
    found = {row["id"]: Store.of(row) for row in (await STORES.rows(wanted) if wanted else ())}
    return [found.get(parent.store_id) if parent.store_id else None for parent in parents]


LAST_LOGINS = SQL(
    "SELECT principal_id, MAX(created_at) AS created_at FROM login"
    " WHERE principal_kind = 'STAFF' AND principal_id = ANY($1::uuid[]) GROUP BY principal_id",
    fans_out="a page of staff shows when each one came last",
)


async def last_login_of(parents: Sequence["StaffMember"], context: Context) -> list[Moment | None]:
    """When each one last logged in."""
    del context
    rows = await LAST_LOGINS.rows([parent.row_id for parent in parents])
    found = {row["principal_id"]: row["created_at"] for row in rows}
    return [found.get(parent.row_id) for parent in parents]


@strawberry.type(description="An account of somebody who works for the programme.")
class StaffMember:
    row_id: strawberry.Private[UUID]
    store_id: strawberry.Private[UUID | None]
    id: strawberry.ID = seen(STAFF, "Opaque. Store it, send it back, read nothing into it.")
    username: str = seen(STAFF, "The name they log in with.")
    role: StaffRole = seen(STAFF, "What they may do.")
    store: Store | None = related(STAFF, "The one store they work in; null for those who work in all.", store_of)
    is_open: bool = seen(STAFF, "Whether they may log in at all. False once the account is closed.")
    is_activated: bool = seen(STAFF, "Whether they have a password. False until they used their invitation.")
    has_totp: bool = seen(STAFF, "Whether they have a second factor.")
    member_id: strawberry.ID | None = seen(
        LEADS, "Who they are as a member, where that was told (`staffMemberSet`); else null."
    )
    created_at: Moment = seen(STAFF, "When the account was opened.")
    last_login_at: Moment | None = related(
        STAFF, "When they last logged in; null when they never did, or too long ago.", last_login_of
    )

    @classmethod
    def of(cls, row: dict[str, Any]) -> "StaffMember":
        """The account as a client sees it."""
        return cls(
            row_id=row["id"],
            store_id=row["store_id"],
            id=strawberry.ID(ids.encode(ids.Tag.STAFF, row["id"])),
            username=row["username"],
            role=StaffRole(row["role"]),
            is_open=bool(row["active"]),
            is_activated=bool(row["is_activated"]),
            has_totp=bool(row["has_totp"]),
            member_id=row["as_member_id"] and strawberry.ID(ids.encode(ids.Tag.MEMBER, row["as_member_id"])),
            created_at=Moment(row["created_at"]),
        )


COLUMNS = (
    "id, username, role, store_id, active, password_hash <> '' AS is_activated,"
    " totp_sealed IS NOT NULL AS has_totp, as_member_id, created_at"
)
ONE = SQL(f"SELECT {COLUMNS} FROM staff WHERE id = $1")  # noqa: S608  a constant
PAGES = {
    backwards: SQL(
        f"SELECT {COLUMNS} FROM staff WHERE ($1::text IS NULL OR username {beyond} $1::text)"  # noqa: S608
        f" ORDER BY username {order} LIMIT $2"
    )
    for backwards, order, beyond in ((False, "ASC", ">"), (True, "DESC", "<"))
}


async def staff_member(staff_id: UUID) -> StaffMember | None:
    """One account."""
    row = await ONE.row(staff_id)
    return StaffMember.of(row) if row else None


def _name(value: Any) -> str:
    """A part of a cursor that is a username."""
    name = pages.text(value)
    if not is_plain(name):
        raise ValueError
    return name


@strawberry.type(description="The calling member of staff.")
class StaffViewer:
    staff: StaffMember = seen(STAFF, "Their account.")
    proven_until: Moment | None = seen(
        STAFF, "Until when `staffProve` is good, or a login with a code; null when it is not."
    )


@strawberry.type
class StaffQuery:
    """What may be asked of the staff."""

    @asked(STAFF, "Who is calling: the account, its role and its store.")
    async def staff_me(self, info: Info) -> StaffViewer | None:
        """The calling account."""
        context = info.context
        found = await staff_member(own_id(context))
        if found is None or context.principal is None:
            return None
        until = context.principal.proven_until
        return StaffViewer(staff=found, proven_until=Moment(until) if until and until > context.now else None)

    @asked(LEADS, "Everybody who works for the programme, or did, by name.")
    async def staff(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[StaffMember] | None:
        """A page of accounts."""
        del info
        window = pages.window(first=first, after=after, last=last, before=before, shape=(_name,))
        rows = await PAGES[window.backwards].rows(window.key[0] if window.key else None, window.fetch)
        return pages.page(rows, window, StaffMember.of, lambda row: (row["username"],))

    @asked(STAFF, "The stores of the programme, by code: `apiKeyCreate` takes an id, `staffInvite` a code.")
    async def stores(
        self, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> Connection[Store] | None:
        """A page of stores."""
        window = pages.window(first=first, after=after, last=last, before=before, shape=(pages.plain,))
        rows = await STORE_PAGES[window.backwards].rows(window.key[0] if window.key else None, window.fetch)
        return pages.page(rows, window, Store.of, lambda row: (row["code"],))


@strawberry.type(description="What a change of an account came to.")
class StaffPayload:
    staff: StaffMember | None = seen(LEADS, "The account after it; null when refused.", default=None)
    user_errors: list[UserError] = seen(LEADS, "Why it was refused; empty on success.", default_factory=list)


@strawberry.type(description="What an invitation came to.")
class StaffInvitePayload:
    staff: StaffMember | None = seen(LEADS, "The account; null when refused.", default=None)
    link: str | None = seen(
        LEADS,
        "The page where they choose a password and set up their second factor, told once. Whoever has it gets the "
        "account: hand it over in person, or by a channel you trust.",
        default=None,
    )
    expires_at: Moment | None = seen(LEADS, "Until when it is good.", default=None)
    user_errors: list[UserError] = seen(LEADS, "Why it was refused; empty on success.", default_factory=list)


@strawberry.input(description="Somebody to invite.")
class StaffInviteInput:
    username: str = strawberry.field(description=f"The name to log in with: 1 to {NAME_MAX} characters.")
    role: StaffRole | None = strawberry.field(
        default=None,
        description="What they will be. Leave it out to let somebody who has an account choose a new password and "
        "a new second factor.",
    )
    store_code: str | None = strawberry.field(
        default=None, description="The code of the one store they work in; cashiers have one."
    )
    hours: int = strawberry.field(
        default=24, description=f"How long the invitation is good: {HOURS[0]} to {HOURS[-1]} hours."
    )


@strawberry.input(description="An account to close.")
class StaffCloseInput:
    staff_id: strawberry.ID = strawberry.field(description="Whose.")


@strawberry.input(description="An account to open again.")
class StaffReopenInput:
    staff_id: strawberry.ID = strawberry.field(description="Whose.")


@strawberry.input(description="Another role for somebody.")
class StaffRoleChangeInput:
    staff_id: strawberry.ID = strawberry.field(description="Whose.")
    role: StaffRole = strawberry.field(description="What they will be.")
    store_code: str | None = strawberry.field(
        default=None, description="The code of the one store they work in from now on; null for all stores."
    )


@strawberry.input(description="Who somebody of the staff is as a member.")
class StaffMemberSetInput:
    staff_id: strawberry.ID = strawberry.field(description="Whose account.")
    member_id: strawberry.ID | None = strawberry.field(
        description="The member they are; null where they are none. Staff bind nobody for themselves, and bring "
        "members as a campaign says (`guards.staff`)."
    )


def own_id(context: Context) -> UUID:
    """The account of the caller, who is known to be staff."""
    if context.principal is None:
        raise AssertionError("Staff without a principal.")
    return UUID(context.principal.id)


def outside(info: Info) -> Outside:
    """The world, which every operation from outside has."""
    if info.context.outside is None:
        raise AssertionError("An operation without the outside world.")
    return info.context.outside


def _id(text: str) -> UUID:
    found = ids.decode_one(ids.Tag.STAFF, text)
    if found is None:
        raise NotFound
    return found


async def _store(code: str | None) -> UUID | None:
    if code is None:
        return None
    found = await staff.store(code) if is_plain(code) else None
    if found is None:
        raise NotFound
    return found


@strawberry.type
class StaffMutation:
    """What may be done with accounts of staff."""

    @command(
        LEADS,
        "Invite somebody to work for the programme, or to set up their access anew. Needs a proof (`staffProve`).",
        StaffInvitePayload,
        staff.invite,
    )
    async def staff_invite(self, info: Info, input: StaffInviteInput) -> StaffInvitePayload | None:
        """Invite somebody.

        Raises: NotFound.
        """
        context, name = info.context, input.username.strip()
        if not 0 < len(name) <= NAME_MAX or not is_plain(name):
            raise bad_input(f"`username` has 1 to {NAME_MAX} printable characters.")
        if input.hours not in HOURS:
            raise bad_input(f"`hours` is {HOURS[0]} to {HOURS[-1]}.")
        made = await staff.invite(
            name,
            input.role,
            store_id=await _store(input.store_code),
            lives=timedelta(hours=input.hours),
            actor=context.actor,
            now=context.now,
        )
        return StaffInvitePayload(
            staff=await staff_member(made.staff_id),
            link=f"{outside(info).public_url}/activate#{made.token}",
            expires_at=Moment(made.expires_at),
        )

    @command(
        LEADS,
        "Close an account: its logins end. Closing it again changes nothing. Needs a proof (`staffProve`).",
        StaffPayload,
        staff.close,
    )
    async def staff_close(self, info: Info, input: StaffCloseInput) -> StaffPayload | None:
        """Close an account."""
        who = _id(input.staff_id)
        await staff.close(who, actor=info.context.actor, now=info.context.now)
        return StaffPayload(staff=await staff_member(who))

    @command(
        LEADS,
        "Open a closed account again, with the password and second factor it had. Needs a proof (`staffProve`).",
        StaffPayload,
        staff.reopen,
    )
    async def staff_reopen(self, info: Info, input: StaffReopenInput) -> StaffPayload | None:
        """Open an account again."""
        who = _id(input.staff_id)
        await staff.reopen(who, actor=info.context.actor, now=info.context.now)
        return StaffPayload(staff=await staff_member(who))

    @command(
        LEADS,
        "Give somebody another role or store. It holds within a second. Needs a proof (`staffProve`).",
        StaffPayload,
        staff.change_role,
    )
    async def staff_role_change(self, info: Info, input: StaffRoleChangeInput) -> StaffPayload | None:
        """Change a role.

        Raises: NotFound.
        """
        context, who = info.context, _id(input.staff_id)
        store_id = await _store(input.store_code)
        await staff.change_role(who, input.role, store_id=store_id, actor=context.actor, now=context.now)
        return StaffPayload(staff=await staff_member(who))

    @command(
        LEADS,
        "Say who somebody of the staff is as a member, so that they bind nobody for themselves. Again changes "
        "nothing. Needs a proof (`staffProve`).",
        StaffPayload,
        staff.name_member,
    )
    async def staff_member_set(self, info: Info, input: StaffMemberSetInput) -> StaffPayload | None:
        """Say who they are.

        Raises: NotFound.
        """
        context, who = info.context, _id(input.staff_id)
        whose = None if input.member_id is None else ids.decode_one(ids.Tag.MEMBER, input.member_id)
        if whose is None and input.member_id is not None:
            raise NotFound
        await staff.name_member(who, whose, actor=context.actor, now=context.now)
        return StaffPayload(staff=await staff_member(who))
