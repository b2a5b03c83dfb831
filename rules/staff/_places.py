"""Stores: where the programme runs."""

from collections.abc import Collection
from typing import Any
from uuid import UUID, uuid4

from models.programme import Store
from models.sql import SQL, insert
from rules.staff._accounts import NameTaken
from rules.transactions import transaction

STORE = SQL("SELECT id FROM store WHERE code = $1")


async def store(code: str) -> UUID | None:
    """The store of a code; None where there is none."""
    found: UUID | None = await STORE.value(code)
    return found


ALL_STORES = SQL(
    "SELECT id, code, name FROM store ORDER BY code LIMIT $1", fans_out="an operator looks at all stores"
)
CODES = SQL("SELECT id, code FROM store WHERE id = ANY($1::uuid[])", fans_out="stores are nobody's own")


async def stores(most: int) -> list[dict[str, Any]]:
    """The programme's stores, by their codes."""
    return await ALL_STORES.rows(most)


async def codes(store_ids: Collection[UUID]) -> dict[UUID, str]:
    """The codes of some stores."""
    rows = await CODES.rows(list(store_ids)) if store_ids else []
    return {row["id"]: row["code"] for row in rows}


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
