"""The keyring: members' keys and the house's own, in a store apart from all that they open.

The two databases have no transaction in common, so the order is what makes a crash harmless. A key is committed
before its member is, and dropped after the member says ERASED: what a crash may leave is a key nobody needs.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from uuid import UUID, uuid4
from weakref import WeakKeyDictionary

from cryptography.exceptions import InvalidTag
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.connection import get_connection

from models.keystore import KEYS, KeyRows, KeySQL, add_keys, truncate_log
from models.reading import Row
from models.sql import SQL, insert_rows
from rules import vault
from rules.transactions import key_transaction, transaction
from rules.vault import Master, Vault

INDEX, HOUSE = "index", "house"
"""The names of the house's own keys: of the blind index, and of all else."""

BOUND = "store:"
"""How the programme's `key_check` begins once its keys have a store of their own."""

LEAST, MOST = 8, 512
"""How many keys are reserved at once: few for now and then, many when members come by the thousand."""

QUICK_SECONDS = 10.0
"""Reservations used up within that time are followed by twice as many."""

GOOD_SECONDS = 600.0
"""How long a reservation may be used. An hour later it is swept."""

BATCH = 1_000

_BOOT = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""A clock that goes on while the machine sleeps, as the store's own does."""


class WrongMasterKey(Exception):  # noqa: N818  a fault of the set-up
    """This database was made with another master key. Give the one it was made with; see docs/settings.md."""


class WrongKeyStore(Exception):  # noqa: N818  a fault of the set-up
    """This key store does not belong to this database. Give the one it was made with; see docs/operations.md."""


class KeysMoved(Exception):  # noqa: N818  a fault of the set-up
    """New keys are wrapped by a master key this process does not have. Restart it with the new master key."""


STORE = KeySQL("SELECT store_id::text AS store FROM key_store WHERE one = 1")
MASTERS = KeySQL("SELECT generation, key_check FROM master_key ORDER BY generation")
HOUSE_KEYS = KeySQL("SELECT name, wrapped FROM house_key")
ANY_MEMBER = KeySQL("SELECT generation FROM member_key LIMIT 1", fans_out="whether the store was ever used")


async def binding() -> str:
    """What the programme remembers of the open key store."""
    return f"{BOUND}{await STORE.value()}"


async def unlock(masters: Sequence[Master], *, known: str | None) -> Vault:
    """Unlock the vault with the house's keys, and see that database, key store and master key belong together.

    `known` is what the programme remembers of its keys; where there is no programme yet, the house gets its keys.

    Raises: WrongMasterKey, WrongKeyStore.
    """
    if known is not None and known != await binding():
        raise WrongKeyStore(WrongKeyStore.__doc__)
    if known is None:
        if await ANY_MEMBER.row():
            raise WrongKeyStore(WrongKeyStore.__doc__)
        await furnish(masters[0], {INDEX: vault.fresh_key(), HOUSE: vault.fresh_key()})
    return vault.unlock(await opened(masters))


@key_transaction
async def furnish(master: Master, keys: Mapping[str, bytes]) -> None:
    """Give a new house its keys. A house that has some keeps them."""
    if await MASTERS.row():
        return
    await insert_rows("master_key", ("generation", "key_check"), [(1, master.check)], on=KEYS)
    rows = [(name, 1, master.wrap(key, name)) for name, key in keys.items()]
    await insert_rows("house_key", ("name", "generation", "wrapped"), rows, on=KEYS)


async def opened(masters: Sequence[Master]) -> Vault:
    """The vault of the store's keys.

    Raises: WrongMasterKey, when a key of the store was wrapped by a master key that was not given.
    """
    given = {each.check for each in masters}
    if {row["key_check"] for row in await MASTERS.rows()} - given:
        raise WrongMasterKey(WrongMasterKey.__doc__)
    locked = Vault(tuple(masters), b"", b"")
    rows = {row["name"]: row["wrapped"] for row in await HOUSE_KEYS.rows()}
    try:
        found = {name: locked.unwrap(wrapped, name) for name, wrapped in rows.items()}
        return Vault(tuple(masters), found[INDEX], found[HOUSE])
    except (InvalidTag, KeyError) as error:
        raise WrongMasterKey(WrongMasterKey.__doc__) from error


OLD_KEYS = SQL(
    "SELECT member_id, wrapped FROM member_key ORDER BY member_id LIMIT $1",
    fans_out="keys move to their own store, once",
)
OLD_GONE = SQL(
    "DELETE FROM member_key WHERE member_id = ANY($1::uuid[])", fans_out="keys move to their own store, once"
)
BIND = SQL("UPDATE programme SET key_check = $1 WHERE one = 1 RETURNING one")
TOMBSTONES = KeySQL("SELECT member_id FROM erased_member WHERE member_id = ANY($1::uuid[])")


async def adopt(found: Vault) -> int:
    """Move the keys of a database that kept them itself to the store, and say how many there were.

    What a crash interrupts is simply done again. Whoever was erased stays erased.

    Raises: WrongMasterKey, WrongKeyStore.
    """
    await furnish(found.masters[0], {INDEX: found.indexing, HOUSE: found.house})
    if (await opened(found.masters)).indexing != found.indexing:
        raise WrongKeyStore(WrongKeyStore.__doc__)
    moved = await take_over(found)
    await _bind(await binding())
    return moved


async def take_over(found: Vault) -> int:
    """Move the members' keys that the main database holds, and say how many there were."""
    moved = 0
    while rows := await OLD_KEYS.rows(BATCH):
        await _move(found, [(row["member_id"], row["wrapped"]) for row in rows])
        moved += await _leave([row["member_id"] for row in rows])
    return moved


@key_transaction
async def _move(found: Vault, keys: Sequence[tuple[UUID, bytes]]) -> None:
    """Into the newest generation, whichever master key wrapped them."""
    generation, master = await _newest(found)
    gone = {row["member_id"] for row in await TOMBSTONES.rows([who for who, _ in keys])}
    rows = [
        (who, generation, master.wrap(found.unwrap(wrapped, str(who)), str(who)), True)
        for who, wrapped in keys
        if who not in gone
    ]
    await add_keys(rows, ignore_conflicts=True)


@transaction
async def _leave(member_ids: Sequence[UUID]) -> int:
    return await OLD_GONE.run(member_ids)


@transaction
async def _bind(check: str) -> None:
    await BIND.row(check)


@dataclass(slots=True, eq=False)
class _Pool:
    """Keys that are in the store and have no member yet."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    keys: list[tuple[UUID, bytes]] = field(default_factory=list)
    filled_at: float = float("-inf")
    size: int = LEAST


_pools: WeakKeyDictionary[BaseDBAsyncClient, _Pool] = WeakKeyDictionary()
_fresh: ContextVar[dict[UUID, bytes] | None] = ContextVar("fresh_keys", default=None)
"""The keys taken in the transaction that runs here: it seals with them before anybody else can know them."""


async def take() -> UUID:
    """A new member's id, which tells nothing of when or in which order they came, and whose key is in the store."""
    pool = _pools.setdefault(get_connection(KEYS), _Pool())
    async with pool.lock:
        age = time.clock_gettime(_BOOT) - pool.filled_at
        if not pool.keys or age > GOOD_SECONDS:
            pool.size = min(pool.size * 2, MOST) if age < QUICK_SECONDS else LEAST
            pool.filled_at = time.clock_gettime(_BOOT)
            pool.keys = await _reserve(pool.size)
        member_id, wrapped = pool.keys.pop()
    _fresh.set({**(_fresh.get() or {}), member_id: wrapped})
    return member_id


LOCK = KeySQL("SELECT one FROM key_store WHERE one = 1 FOR SHARE")


@key_transaction
async def _reserve(count: int) -> list[tuple[UUID, bytes]]:
    """New keys, of the newest generation. Nobody begins another one meanwhile."""
    generation, master = await _newest(vault.unlocked())
    keys = [(who, master.wrap(vault.fresh_key(), str(who))) for who in (uuid4() for _ in range(count))]
    await add_keys([(who, generation, wrapped, False) for who, wrapped in keys])
    return keys


async def _newest(found: Vault) -> tuple[int, Master]:
    """The newest generation, and its master key. No newer one begins while this transaction lasts."""
    await LOCK.row()
    return await _last(found)


async def _last(found: Vault) -> tuple[int, Master]:
    newest = (await MASTERS.rows())[-1]
    master = next((each for each in found.masters if each.check == newest["key_check"]), None)
    if master is None:
        raise KeysMoved(KeysMoved.__doc__)
    return newest["generation"], master


async def check() -> None:
    """See that the key store answers, and that this process can wrap new keys.

    Raises: KeysMoved.
    """
    await _last(vault.unlocked())


ONE = KeySQL("SELECT wrapped FROM member_key WHERE member_id = $1")


class KeyRow(Row):
    """A member's wrapped key; null where they have none."""

    wrapped: bytes | None


OF_ONE = KeyRows(KeyRow, "SELECT wrapped FROM member_key WHERE member_id = $1", combines=True)
SOME = KeyRows(
    KeyRow,
    "SELECT (SELECT k.wrapped FROM member_key k WHERE k.member_id = whose.id) AS wrapped"
    " FROM unnest($1::uuid[]) WITH ORDINALITY AS whose(id, place) ORDER BY whose.place",
    fans_out="a page of members shows their names",
)
"""A row for each of them, in the order in which they are asked for."""


async def wrapped(member_id: UUID) -> bytes | None:
    """A member's wrapped key; None where there is none, or none any more."""
    if found := (_fresh.get() or {}).get(member_id):
        return found
    kept: bytes | None = await ONE.value(member_id)
    return kept


async def wrapped_for(member_ids: Sequence[UUID]) -> list[bytes | None]:
    """The wrapped key of each of those members; None for one who has none."""
    if not member_ids:
        return []
    if all(each == member_ids[0] for each in member_ids):
        row = await OF_ONE.row(member_ids[0])
        return [row.wrapped if row else None] * len(member_ids)
    return [row.wrapped for row in await SOME.rows(member_ids)]


async def wrapped_of(member_ids: Sequence[UUID]) -> dict[UUID, bytes]:
    """The wrapped keys of those members who have one."""
    found = zip(member_ids, await wrapped_for(member_ids), strict=True)
    return {whose: wrapped for whose, wrapped in found if wrapped is not None}


class _Drops:
    count = 0


def drops() -> int:
    """How many keys this process has dropped."""
    return _Drops.count


DROP = KeySQL("DELETE FROM member_key WHERE member_id = $1 RETURNING member_id")
REMEMBER = KeySQL("INSERT INTO erased_member (member_id) VALUES ($1) ON CONFLICT DO NOTHING")


async def drop(member_id: UUID) -> bool:
    """Destroy the key of an erased member, and remember that they were erased. Says whether there was one."""
    dropped = await _drop(member_id)
    _Drops.count += 1
    await truncate_log()
    return dropped


@key_transaction
async def _drop(member_id: UUID) -> bool:
    await REMEMBER.run(member_id)
    return await DROP.row(member_id) is not None


ERASED = KeySQL(
    "SELECT member_id FROM erased_member WHERE ($1::uuid IS NULL OR member_id > $1::uuid)"
    " ORDER BY member_id LIMIT $2",
    fans_out="a restored database is told whom to forget again",
)
RISEN = SQL(
    "SELECT id FROM member WHERE id = ANY($1::uuid[]) AND state NOT IN ('ERASED', 'MERGED')",
    fans_out="a restored database is told whom to forget again",
)


async def risen() -> list[UUID]:
    """Who was erased, and is in the database again as if they never had been: an older copy was restored."""
    found: list[UUID] = []
    after: UUID | None = None
    while rows := await ERASED.rows(after, BATCH):
        found += [row["id"] for row in await RISEN.rows([row["member_id"] for row in rows])]
        after = rows[-1]["member_id"]
    return found


UNSETTLED = KeySQL(
    "SELECT member_id FROM member_key WHERE NOT settled AND created_at < now() - interval '1 hour'"
    " ORDER BY created_at LIMIT $1",
    sqlite="SELECT member_id FROM member_key WHERE NOT settled"
    " AND created_at < strftime('%Y-%m-%d %H:%M:%f+00:00', 'now', '-1 hour') ORDER BY created_at LIMIT $1",
    fans_out="reservations are settled for everybody",
)
SETTLE = KeySQL(
    "UPDATE member_key SET settled = true WHERE member_id = ANY($1::uuid[])",
    fans_out="reservations are settled for everybody",
)
SWEEP = KeySQL(
    "DELETE FROM member_key WHERE member_id = ANY($1::uuid[]) AND NOT settled",
    fans_out="reservations are settled for everybody",
)
KNOWN = SQL("SELECT id FROM member WHERE id = ANY($1::uuid[])", fans_out="reservations are settled for everybody")


async def settle() -> int:
    """Sweep the reservations of an hour ago that nobody used, and say how many; the others are settled for good.

    A settled key is never swept: when an older copy of the database is restored, the keys of members who came
    since must not be lost with it.
    """
    swept = 0
    while rows := await UNSETTLED.rows(BATCH):
        reserved = [row["member_id"] for row in rows]
        known = [row["id"] for row in await KNOWN.rows(reserved)]
        swept += await _settle(known, sorted(set(reserved) - set(known)))
    return swept


@key_transaction
async def _settle(known: Sequence[UUID], unknown: Sequence[UUID]) -> int:
    await SETTLE.run(known)
    return await SWEEP.run(unknown)
