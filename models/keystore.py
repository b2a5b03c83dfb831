"""The key store: a database of its own for the keys, so that its copies live and die apart from the main one's.

It is small and has no models: two dialects of plain SQL, numbered by version. A key that is deleted here is gone
with the last copy of this database, however long the copies of the main one are kept.
"""

from asyncio import to_thread
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID, uuid4

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.connection import get_connection, get_connections
from tortoise.context import TortoiseContext

from models.engine import connection
from models.engine.writer import elsewhere
from models.lock import one_at_a_time
from models.reading import Row, Rows
from models.sql import SQL, insert_rows

R = TypeVar("R", bound=Row)

KEYS = "keys"
"""The name of the key store's connection."""

ADVISORY_LOCK = 7_265_110_424
CONNECTIONS = 4
"""How many connections a process opens to a PostgreSQL key store, unless its URL says otherwise."""

WRAPPED_BYTES = 61
"""A version, a nonce, a key and a tag."""

BATCH = 5_000


class KeySQL(SQL):
    """A statement for the key store. A command may send it too, whose own database is the main one."""

    on = KEYS

    async def rows(self, *values: Any) -> list[dict[str, Any]]:
        """All rows as dictionaries; of a query, or of a write with RETURNING."""
        return await elsewhere(super().rows(*values))

    async def run(self, *values: Any) -> int:
        """The number of rows the statement wrote."""
        return await elsewhere(super().run(*values))


class KeyRows(Rows[R]):
    """A query of the key store whose rows are objects of one class."""

    on = KEYS

    async def rows(self, *values: Any) -> list[R]:
        """All rows."""
        return await elsewhere(super().rows(*values))


def key_connection(url: str) -> dict[str, Any]:
    """The Tortoise connection of a key store. What SQLite deletes there is overwritten, too.

    Raises: ValueError, as for the main database.
    """
    made = connection(url)
    credentials = made["credentials"]
    if "file_path" in credentials:
        return {**made, "credentials": {**credentials, "secure_delete": "ON"}}
    most = credentials["maxsize"] if "maxsize=" in url else CONNECTIONS
    return {**made, "credentials": {**credentials, "maxsize": most}}


def _version_1(key: str, binary: str, moment: str, clock: str, size: str) -> list[str]:
    wrapped = f"wrapped {binary} NOT NULL CONSTRAINT {{0}}_wrapped CHECK ({size}(wrapped) = {WRAPPED_BYTES})"
    generation = "generation INTEGER NOT NULL CONSTRAINT {0}_generation REFERENCES master_key (generation)"
    created = f"created_at {moment} NOT NULL DEFAULT {clock}"
    return [
        f"CREATE TABLE key_store (one SMALLINT PRIMARY KEY CONSTRAINT key_store_one CHECK (one = 1),"
        f" store_id {key} NOT NULL, version INTEGER NOT NULL, {created})",
        "CREATE TABLE master_key (generation INTEGER PRIMARY KEY"
        " CONSTRAINT master_key_generation CHECK (generation > 0),"
        f" key_check VARCHAR(64) NOT NULL CONSTRAINT master_key_once UNIQUE, {created})",
        f"CREATE TABLE house_key (name VARCHAR(20) PRIMARY KEY, {generation.format('house_key')},"
        f" {wrapped.format('house_key')}, {created})",
        f"CREATE TABLE member_key (member_id {key} PRIMARY KEY, {generation.format('member_key')},"
        f" {wrapped.format('member_key')}, settled BOOLEAN NOT NULL, {created})",
        "CREATE INDEX member_key_unsettled ON member_key (created_at) WHERE NOT settled",
        "CREATE INDEX member_key_generation ON member_key (generation)",
        f"CREATE TABLE erased_member (member_id {key} PRIMARY KEY, erased_at {moment} NOT NULL DEFAULT {clock})",
    ]


VERSIONS = {
    "sqlite": [
        _version_1("CHAR(36)", "BLOB", "TIMESTAMP", "(strftime('%Y-%m-%d %H:%M:%f+00:00', 'now'))", "length"),
    ],
    "postgres": [_version_1("UUID", "BYTEA", "TIMESTAMPTZ", "now()", "octet_length")],
}
"""What each version adds, by dialect. A version that was released never changes."""

TABLES = ("member_key", "house_key", "erased_member", "master_key", "key_store")


async def bring_up(url: str) -> list[str]:
    """Bring a key store to the newest version, whole or not at all, and return the names of what was applied."""
    async with one_at_a_time(url), _alone(url) as client, client._in_transaction() as transaction:
        dialect = client.capabilities.dialect
        if dialect == "postgres":
            await transaction.execute_query_dict("SELECT pg_advisory_xact_lock($1)", [ADVISORY_LOCK])
        reached = await _version(transaction)
        steps = VERSIONS[dialect][reached:]
        for statement in (each for step in steps for each in step):
            await transaction.execute_query(statement)
        if not reached:
            mark = "$1" if dialect == "postgres" else "?"
            await transaction.execute_query(
                f"INSERT INTO key_store (one, store_id, version) VALUES (1, {mark}, 0)",  # noqa: S608  a mark
                [uuid4()],
            )
        newest = len(VERSIONS[dialect])
        await transaction.execute_query(f"UPDATE key_store SET version = {newest:d}")  # noqa: S608  a number
    return pending(reached)


async def version(url: str) -> int:
    """The version a key store is at; 0 where there is none yet. A file that does not exist is not made."""
    if not await is_there(url):
        return 0
    async with _alone(url) as client:
        return await _version(client)


async def is_there(url: str) -> bool:
    """Whether a key store that is a file exists; whether one on a server does shows when it is opened."""
    path = connection(url)["credentials"].get("file_path")
    return path is None or await to_thread(Path(path).exists)


async def reached() -> int:
    """The version the key store that is open is at; 0 where there is none yet."""
    return await _version(get_connection(KEYS))


def pending(reached: int) -> list[str]:
    """What `bring_up` would apply to a key store that is at this version."""
    return [f"key store {number}" for number in range(reached + 1, len(VERSIONS["sqlite"]) + 1)]


async def _version(client: BaseDBAsyncClient) -> int:
    catalogue = {
        "sqlite": "SELECT 1 AS found FROM sqlite_master WHERE name = 'key_store'",
        "postgres": "SELECT 1 AS found WHERE to_regclass('key_store') IS NOT NULL",
    }
    if not await client.execute_query_dict(catalogue[client.capabilities.dialect]):
        return 0
    [row] = await client.execute_query_dict("SELECT version FROM key_store")
    return int(row["version"])


@asynccontextmanager
async def _alone(url: str) -> AsyncIterator[BaseDBAsyncClient]:
    async with TortoiseContext() as context:
        # not by init(), which wants models
        context.connections._init_config({KEYS: key_connection(url)})
        client = context.connections.get(KEYS)
        await client.create_connection(with_db=True)
        yield client


async def add_keys(rows: Sequence[tuple[UUID, int, bytes, bool]], *, ignore_conflicts: bool = False) -> int:
    """Add members' keys: member, generation, wrapped key, and whether the member is known to exist."""
    columns = ("member_id", "generation", "wrapped", "settled")
    return await insert_rows("member_key", columns, rows, on=KEYS, ignore_conflicts=ignore_conflicts)


async def truncate_log() -> None:
    """Leave nothing of what was deleted in SQLite's write-ahead log; PostgreSQL's own is its archive's business."""
    client = get_connection(KEYS)
    if client.capabilities.dialect == "sqlite":
        await client.execute_query_dict("PRAGMA wal_checkpoint(TRUNCATE)")


async def leave_no_trace() -> None:
    """Overwrite what the main database kept of keys that have moved here."""
    client = get_connection(SQL.on)
    if client.capabilities.dialect == "sqlite":
        await client.execute_query_dict("VACUUM")
        await client.execute_query_dict("PRAGMA wal_checkpoint(TRUNCATE)")
    else:
        await client.execute_query("VACUUM member_key")


def is_connected() -> bool:
    """Whether this process has the key store open."""
    return KEYS in get_connections().db_config


MEMBERS = SQL(
    "SELECT id, state FROM member WHERE ($1::uuid IS NULL OR id > $1::uuid) ORDER BY id LIMIT $2",
    fans_out="verification visits every member",
)
HELD = KeySQL(
    "SELECT member_id FROM member_key WHERE ($1::uuid IS NULL OR member_id > $1::uuid) ORDER BY member_id LIMIT $2",
    fans_out="verification visits every key",
)
KEYED = KeySQL(
    "SELECT member_id FROM member_key WHERE member_id = ANY($1::uuid[])",
    fans_out="verification looks twice before it accuses",
)
OVERDUE = KeySQL(
    "SELECT member_id FROM member_key WHERE member_id = ANY($1::uuid[])"
    " AND (settled OR created_at < now() - interval '3 hours')",
    sqlite="SELECT member_id FROM member_key WHERE member_id = ANY($1) AND (settled"
    " OR created_at < strftime('%Y-%m-%d %H:%M:%f+00:00', 'now', '-3 hours'))",
    fans_out="verification looks twice before it accuses",
)
STATES = SQL(
    "SELECT id, state FROM member WHERE id = ANY($1::uuid[])",
    fans_out="verification looks twice before it accuses",
)
FORGETTING = SQL(
    "SELECT cause FROM job WHERE name = 'members.forget' AND state = 'READY' AND cause = ANY($1::text[])"
)

KEYLESS = "members have keys"
ORPHANED = "keys have members"
UNFORGOTTEN = "erased members have no keys"
SAYS = {
    KEYLESS: "Each member who is neither erased nor found to be another one has a key in the key store.",
    ORPHANED: "Each key belongs to a member, unless it was reserved lately.",
    UNFORGOTTEN: "The key of an erased member is gone, or a job is about to drop it.",
}
"""What must be true of the two databases together, by name."""

NEEDLESS = {"ERASED", "MERGED"}
"""The states of members of whom nothing is sealed. A merged one's key is there until who they are is erased."""


async def misplaced(most: int) -> list[tuple[str, UUID]]:
    """What is not true of the two databases together: which of the above, and whose key; so many of each at most.

    The databases have no moment in common. So whoever looks wrong is looked at again, in the order in which keys
    come and go: a key is there before its member, and leaves after the member says ERASED.
    """
    found: dict[str, list[UUID]] = {name: [] for name in SAYS}
    after: UUID | None = None
    while True:
        rows, keys = await MEMBERS.rows(after, BATCH), await HELD.rows(after, BATCH)
        ends = [batch[-1][name] for batch, name in ((rows, "id"), (keys, "member_id")) if len(batch) == BATCH]
        until = min(ends) if ends else None
        members = {row["id"]: row["state"] for row in rows if until is None or row["id"] <= until}
        keyed = {row["member_id"] for row in keys if until is None or row["member_id"] <= until}
        keyless = [who for who, state in members.items() if who not in keyed and state not in NEEDLESS]
        for name, suspects in (
            (KEYLESS, await _keyless(keyless)),
            (ORPHANED, await _orphaned([who for who in keyed if who not in members])),
            (UNFORGOTTEN, await _unforgotten([who for who in keyed if members.get(who) == "ERASED"])),
        ):
            found[name] += suspects
        if until is None:
            return [(name, who) for name, these in found.items() for who in sorted(these)[:most]]
        after = until


async def _keyless(suspects: Sequence[UUID]) -> list[UUID]:
    """Those who still have no key, and after that were still not erased."""
    if not suspects:
        return []
    keyed = {row["member_id"] for row in await KEYED.rows(suspects)}
    rows = await STATES.rows([who for who in suspects if who not in keyed])
    return [row["id"] for row in rows if row["state"] not in NEEDLESS]


async def _orphaned(suspects: Sequence[UUID]) -> list[UUID]:
    """Those keys that are old enough to have a member, and after that still had none."""
    if not suspects:
        return []
    overdue = [row["member_id"] for row in await OVERDUE.rows(suspects)]
    known = {row["id"] for row in await STATES.rows(overdue)}
    return [who for who in overdue if who not in known]


async def _unforgotten(suspects: Sequence[UUID]) -> list[UUID]:
    """Those keys no job is about to drop, and which after that were still there."""
    if not suspects:
        return []
    promised = {row["cause"] for row in await FORGETTING.rows([f"erase:{who}" for who in suspects])}
    rows = await KEYED.rows([who for who in suspects if f"erase:{who}" not in promised])
    return [row["member_id"] for row in rows]
