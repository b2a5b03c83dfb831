"""Stores and partners: where the programme runs, and who brings members."""

from uuid import UUID, uuid4

from models.programme import Store
from models.sql import SQL, insert
from models.staff import Partner
from rules.staff._accounts import NameTaken
from rules.transactions import transaction

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
