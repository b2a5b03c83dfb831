"""Accounts of staff: opened, closed, opened again, and given another role."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from models.sql import SQL, insert
from models.staff import Staff, StaffRole
from rules import audit, credentials, members
from rules.actors import SYSTEM, Actor, ActorKind
from rules.proofs import check_proof
from rules.recognition import changes
from rules.refusals import NotFound, Refusal
from rules.transactions import transaction

HIRES = {StaffRole.OWNER: frozenset(StaffRole), StaffRole.ADMIN: frozenset(StaffRole) - {StaffRole.OWNER}}
"""Whose accounts a role may open, change and close."""


@dataclass(eq=False)
class NameTaken(Refusal):
    """Somebody or something already goes by that name."""

    zh = "该名称已被使用。"


@dataclass(eq=False)
class StoreRequired(Refusal):
    """A cashier works in one store, which must be named."""

    zh = "收银员必须指定所属门店。"


@dataclass(eq=False)
class RoleTooLow(Refusal):
    """Your role may not open, change or close an account of that role."""

    zh = "您的角色无权开通、变更或关闭该角色的账号。"


@dataclass(eq=False)
class LastOwner(Refusal):
    """This is the last owner who can log in: make somebody else an owner first."""

    zh = "这是最后一位可登录的所有者，请先指定其他所有者。"


@dataclass(frozen=True, slots=True, repr=False)
class StaffAccount:
    """What is needed to let a member of staff in."""

    id: UUID
    username: str
    password_hash: str
    role: StaffRole
    store_id: UUID | None
    has_totp: bool


EVERYBODY = SQL(
    "SELECT s.id, s.username, s.role, p.code AS store, s.active, s.totp_sealed IS NOT NULL AS has_totp"
    " FROM staff s LEFT JOIN store p ON p.id = s.store_id ORDER BY s.username LIMIT $1",
    fans_out="an operator looks at all accounts",
)
NAMES = SQL(
    "SELECT id, username FROM staff WHERE id = ANY($1::uuid[])", fans_out="lines of the audit log name who did it"
)


async def everybody(most: int) -> list[dict[str, Any]]:
    """The accounts of all staff, by their names, those that are closed, too."""
    return await EVERYBODY.rows(most)


async def usernames(staff_ids: Collection[UUID]) -> dict[UUID, str]:
    """What some members of staff are called."""
    rows = await NAMES.rows(list(staff_ids)) if staff_ids else []
    return {row["id"]: row["username"] for row in rows}


COLUMNS = "id, username, password_hash, role, store_id, active, totp_sealed IS NOT NULL AS has_totp"
BY_NAME = SQL(f"SELECT {COLUMNS} FROM staff WHERE username = $1")  # noqa: S608  a constant
BY_ID = SQL(f"SELECT {COLUMNS} FROM staff WHERE id = $1")  # noqa: S608  a constant


async def account(username: str) -> StaffAccount | None:
    """The account that goes by a name; None where there is none, or it is closed."""
    return _open(await BY_NAME.row(username))


async def account_of(staff_id: UUID) -> StaffAccount | None:
    """The account of an id; None where there is none, or it is closed."""
    return _open(await BY_ID.row(staff_id))


async def id_of(username: str) -> UUID | None:
    """The account of a name, open or closed; None where there is none."""
    row = await BY_NAME.row(username)
    return row["id"] if row else None


def _open(row: dict[str, Any] | None) -> StaffAccount | None:
    if row is None or not row["active"]:
        return None
    return StaffAccount(
        id=row["id"],
        username=row["username"],
        password_hash=row["password_hash"],
        role=StaffRole(row["role"]),
        store_id=row["store_id"],
        has_totp=bool(row["has_totp"]),
    )


@transaction
async def hire(
    username: str,
    password_hash: str,
    role: StaffRole,
    *,
    store_id: UUID | None = None,
    actor: Actor = SYSTEM,
    now: datetime,
) -> UUID:
    """Open an account for a member of staff, with a password that somebody else chose.

    Raises: NameTaken, StoreRequired, RoleTooLow, ProofRequired.
    """
    return await add(username, password_hash, role, store_id=store_id, actor=actor, now=now)


async def add(
    username: str, password_hash: str, role: StaffRole, *, store_id: UUID | None, actor: Actor, now: datetime
) -> UUID:
    """A new account, in the transaction of whoever opens it."""
    check_reach(actor, role, now=now)
    check_store(role, store_id)
    if await BY_NAME.row(username):
        raise NameTaken
    staff_id = uuid4()
    row = {
        "id": staff_id,
        "username": username,
        "password_hash": password_hash,
        "role": role,
        "store_id": store_id,
        "created_at": now,
    }
    await insert(Staff, [row])
    await note(actor, "staff.opened", staff_id, role=role, store_id=store_id, now=now)
    return staff_id


def check_reach(actor: Actor, *roles: StaffRole, now: datetime) -> None:
    """Whether somebody may decide over accounts of these roles, and has proved lately to be who they are.

    Raises: RoleTooLow, ProofRequired.
    """
    reach = frozenset(StaffRole) if actor.kind is ActorKind.SYSTEM else frozenset[StaffRole]()
    if actor.kind is ActorKind.STAFF and actor.role is not None:
        reach = HIRES.get(actor.role, reach)
    if not reach.issuperset(roles):
        raise RoleTooLow
    check_proof(actor, now)


def check_store(role: StaffRole, store_id: UUID | None) -> None:
    """Whether a role goes without a store.

    Raises: StoreRequired.
    """
    if role is StaffRole.CASHIER and store_id is None:
        raise StoreRequired


OWNERS = SQL("SELECT id FROM staff WHERE role = 'OWNER' AND active AND password_hash <> '' ORDER BY id FOR UPDATE")
HOLD = SQL("SELECT id, role, active FROM staff WHERE id = $1 FOR UPDATE")


async def _hold(staff_id: UUID, actor: Actor, *roles: StaffRole, now: datetime) -> dict[str, Any]:
    """An account, held, which the actor may decide over. Owners are held first: they are counted.

    Raises: NotFound, RoleTooLow, ProofRequired.
    """
    owners = [each["id"] for each in await OWNERS.rows()]
    row = await HOLD.row(staff_id)
    if row is None:
        raise NotFound
    check_reach(actor, StaffRole(row["role"]), *roles, now=now)
    row["is_last_owner"] = owners == [staff_id]
    return row


CLOSE = SQL("UPDATE staff SET active = $2 WHERE id = $1")


@transaction
async def close(staff_id: UUID, *, actor: Actor, now: datetime) -> bool:
    """Close an account: its logins have ended from this moment. Says whether it was open.

    Raises: NotFound, LastOwner, RoleTooLow, ProofRequired.
    """
    row = await _hold(staff_id, actor, now=now)
    if row["is_last_owner"]:
        raise LastOwner
    if not row["active"]:
        return False
    await CLOSE.run(staff_id, False)  # noqa: FBT003  a column's value
    await credentials.end_all(staff_id, now)
    await note(actor, "staff.closed", staff_id, now=now)
    return True


@transaction
async def reopen(staff_id: UUID, *, actor: Actor, now: datetime) -> bool:
    """Open a closed account again, with the password and the second factor it had. Says whether it was closed.

    Raises: NotFound, RoleTooLow, ProofRequired.
    """
    row = await _hold(staff_id, actor, now=now)
    if row["active"]:
        return False
    changes()
    await CLOSE.run(staff_id, True)  # noqa: FBT003  a column's value
    await note(actor, "staff.reopened", staff_id, now=now)
    return True


ROLE = SQL("UPDATE staff SET role = $2, store_id = $3 WHERE id = $1")


@transaction
async def change_role(
    staff_id: UUID, role: StaffRole, *, store_id: UUID | None, actor: Actor, now: datetime
) -> None:
    """Give somebody another role, or another store.

    It holds for the next they write, and within a second for what they read.

    Raises: NotFound, StoreRequired, LastOwner, RoleTooLow, ProofRequired.
    """
    row = await _hold(staff_id, actor, role, now=now)
    if row["is_last_owner"] and role is not StaffRole.OWNER:
        raise LastOwner
    check_store(role, store_id)
    await ROLE.run(staff_id, role, store_id)
    changes()
    was = StaffRole(row["role"])
    await note(actor, "staff.role_changed", staff_id, role=role, store_id=store_id, was=was, now=now)


OWN = SQL("SELECT as_member_id FROM staff WHERE id = $1")
NAME = SQL("UPDATE staff SET as_member_id = $2 WHERE id = $1")


@transaction
async def name_member(staff_id: UUID, member_id: UUID | None, *, actor: Actor, now: datetime) -> bool:
    """Say who somebody of the staff is as a member, or that they are none. Says whether that is news.

    A member who was merged is whoever they are now, for as long as that holds.

    Raises: NotFound, RoleTooLow, ProofRequired.
    """
    whose = None if member_id is None else await members.existing(member_id)
    await _hold(staff_id, actor, now=now)
    was = await OWN.value(staff_id)
    if was == whose:
        return False
    await NAME.run(staff_id, whose)
    facts = {"staff": str(staff_id)}
    await audit.note(actor, "staff.member_named", member_id=whose or was, facts=facts, now=now)
    return True


async def note(
    actor: Actor,
    action: str,
    staff_id: UUID,
    *,
    role: StaffRole | None = None,
    store_id: UUID | None = None,
    was: StaffRole | None = None,
    now: datetime,
) -> None:
    """Write down who did what to whose account."""
    facts = {"staff": str(staff_id)}
    if role is not None:
        facts["role"] = role.value
    if store_id is not None:
        facts["store"] = str(store_id)
    if was is not None:
        facts["was"] = was.value
    await audit.note(actor, action, facts=facts, now=now)
