"""Staff: who works with the programme, where, and for whom."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from models.programme import Store
from models.sql import SQL, insert
from models.staff import Partner, Staff, StaffRole
from rules.refusals import Refusal
from rules.transactions import transaction


@dataclass(eq=False)
class NameTaken(Refusal):
    """Somebody or something already goes by that name."""

    zh = "该名称已被使用。"


@dataclass(eq=False)
class StoreRequired(Refusal):
    """A cashier works in one store, which must be named."""

    zh = "收银员必须指定所属门店。"


@dataclass(frozen=True, slots=True, repr=False)
class StaffAccount:
    """What is needed to let a member of staff in."""

    id: UUID
    password_hash: str
    role: StaffRole
    store_id: UUID | None


BY_NAME = SQL("SELECT id, password_hash, role, store_id, active FROM staff WHERE username = $1")


async def account(username: str) -> StaffAccount | None:
    """The account that goes by a name; None where there is none, or it is closed."""
    row = await BY_NAME.row(username)
    if row is None or not row["active"]:
        return None
    return StaffAccount(row["id"], row["password_hash"], StaffRole(row["role"]), row["store_id"])


@transaction
async def hire(
    username: str, password_hash: str, role: StaffRole, *, store_id: UUID | None = None, now: datetime
) -> UUID:
    """Open an account for a member of staff.

    Raises: NameTaken, StoreRequired.
    """
    if role is StaffRole.CASHIER and store_id is None:
        raise StoreRequired
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
    return staff_id


STORE = SQL("SELECT id FROM store WHERE code = $1")
PARTNER = SQL("SELECT id FROM partner WHERE name = $1")


async def store(code: str) -> UUID | None:
    """The store of a code; None where there is none."""
    found: UUID | None = await STORE.value(code)
    return found


@transaction
async def open_store(code: str, name: str) -> UUID:
    """Open a store of the programme.

    Raises: NameTaken.
    """
    if await STORE.value(code):
        raise NameTaken
    store_id = uuid4()
    await insert(Store, [{"id": store_id, "code": code, "name": name}])
    return store_id


@transaction
async def register(name: str) -> UUID:
    """Register a partner organisation.

    Raises: NameTaken.
    """
    if await PARTNER.value(name):
        raise NameTaken
    partner_id = uuid4()
    await insert(Partner, [{"id": partner_id, "name": name}])
    return partner_id


CLOSE = SQL("UPDATE staff SET active = $2 WHERE username = $1 AND active <> $2 RETURNING id")


@transaction
async def close(username: str) -> bool:
    """Close an account: its tokens open nothing from this moment. Says whether there was an open one."""
    return await CLOSE.row(username, False) is not None  # noqa: FBT003  a column's value
