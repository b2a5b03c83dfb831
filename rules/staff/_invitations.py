"""Invitations: links by which staff choose a password and set up their second factor, once."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from models.sql import SQL, insert
from models.staff import StaffInvitation, StaffRole
from rules import credentials, totp
from rules.actors import Actor, ActorKind
from rules.keys import digest
from rules.refusals import NotFound, Refusal
from rules.staff._accounts import BY_NAME, NameTaken, StaffAccount, add, check_reach, note
from rules.totp import Secret
from rules.transactions import transaction

INVITED_FOR = timedelta(hours=24)
INVITED_MAX = timedelta(days=7)
SETUP_FOR = timedelta(minutes=15)
"""How long somebody who logged in without a second factor has to set one up."""

PREFIX = "lyi_"


@dataclass(eq=False)
class InvitationInvalid(Refusal):
    """This invitation is unknown, used or expired. Ask for a new one."""

    zh = "邀请链接无效、已使用或已过期，请重新索取。"
    field = ("token",)


@dataclass(frozen=True, slots=True, repr=False)
class Invited:
    """An invitation, told once; only its hash is kept."""

    staff_id: UUID
    token: str
    expires_at: datetime
    is_new: bool
    """Whether the account was opened for it."""


VOID = SQL(
    "UPDATE staff_invitation SET used_at = $2 WHERE staff_id = $1 AND used_at IS NULL",
    fans_out="all invitations of an account are void at once",
)
HOLD = SQL("SELECT id, active FROM staff WHERE id = $1 FOR UPDATE")


@transaction
async def invite(
    username: str,
    role: StaffRole | None,
    *,
    store_id: UUID | None = None,
    lives: timedelta = INVITED_FOR,
    actor: Actor,
    now: datetime,
) -> Invited:
    """Invite somebody to work with the programme, or, without a role, to set up anew the access they have.

    Until the invitation is used the old password and second factor go on working; earlier invitations are void.

    Raises: NameTaken, StoreRequired, NotFound, RoleTooLow, ProofRequired.
    """
    row = await BY_NAME.row(username)
    if row is None:
        if role is None:
            raise NotFound
        staff_id = await add(username, "", role, store_id=store_id, actor=actor, now=now)
    else:
        staff_id = row["id"]
        check_again(row, role, store_id)
        check_reach(actor, StaffRole(row["role"]), now=now)
        await HOLD.row(staff_id)
        await VOID.run(staff_id, now)
    token = await _write(staff_id, now, lives)
    await note(actor, "staff.invited", staff_id, role=role, store_id=store_id, now=now)
    return Invited(staff_id, token, now + lives, row is None)


def check_again(row: dict[str, Any], role: StaffRole | None, store_id: UUID | None) -> None:
    """Whether there is an account to invite somebody to. One who never came is invited again like anybody new.

    Raises: NameTaken, NotFound.
    """
    if role is None:
        if not row["active"]:
            raise NotFound
    elif row["password_hash"] or not row["active"] or (row["role"], row["store_id"]) != (role, store_id):
        raise NameTaken


async def _write(staff_id: UUID, now: datetime, lives: timedelta) -> str:
    token = PREFIX + secrets.token_urlsafe(32)
    row = {"digest": digest(token), "staff_id": staff_id, "expires_at": now + lives, "created_at": now}
    await insert(StaffInvitation, [row])
    return token


@transaction
async def let_set_up(account: StaffAccount, *, actor: Actor, now: datetime) -> str:
    """An invitation of a quarter of an hour, for somebody whose password was right and who has no second factor."""
    token = await _write(account.id, now, SETUP_FOR)
    await note(actor, "staff.invited", account.id, now=now)
    return token


FIND = SQL(
    "SELECT i.staff_id, s.username FROM staff_invitation i JOIN staff s ON s.id = i.staff_id"
    " WHERE i.digest = $1 AND i.used_at IS NULL AND i.expires_at > $2 AND s.active"
)


async def invited(token: str, now: datetime) -> str:
    """The username an invitation is for.

    Raises: InvitationInvalid.
    """
    row = await FIND.row(digest(token), now)
    if row is None:
        raise InvitationInvalid
    name: str = row["username"]
    return name


USE = SQL(
    "UPDATE staff_invitation SET used_at = $2 WHERE digest = $1 AND used_at IS NULL AND expires_at > $2"
    " RETURNING staff_id"
)
ACTIVATE = SQL("UPDATE staff SET password_hash = $2, totp_sealed = $3, totp_step = $4 WHERE id = $1")


@transaction
async def activate(
    token: str, password_hash: str, secret: Secret, code: str, *, actor: Actor, now: datetime
) -> UUID:
    """Give an account the password and the second factor its person chose, once a code shows that they have it.

    All logins of the account end. Whose it is.

    Raises: InvitationInvalid, TotpWrong.
    """
    found = await FIND.row(digest(token), now)
    if found is None or (await HOLD.row(found["staff_id"]) or {}).get("active") is not True:
        raise InvitationInvalid
    staff_id: UUID = found["staff_id"]
    if await USE.row(digest(token), now) is None:
        raise InvitationInvalid
    step = totp.step_of(secret, code, now)
    await ACTIVATE.run(staff_id, password_hash, totp.sealed(secret), step)
    await VOID.run(staff_id, now)
    await credentials.end_all(staff_id, now)
    who = Actor(ActorKind.STAFF, str(staff_id), network=actor.network, request_id=actor.request_id)
    await note(who, "staff.activated", staff_id, now=now)
    return staff_id
