"""Invariants: what must always be true across tables, each a query that finds nothing while it is.

`loyalty verify`, the hourly job and the test suite run them in one read-only snapshot. A query added here needs
a corruption planted for it in the tests.
"""

import sqlite3
from asyncio import to_thread
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any
from urllib.parse import quote

from tortoise.connection import get_connection

from models.engine.asyncpg import Client as PostgresClient
from models.engine.sqlite import Client as SqliteClient
from models.invariants._earning import EARNING
from models.invariants._events import EVENTS
from models.invariants._finance import FINANCE
from models.invariants._invariant import Invariant
from models.invariants._lives import LIVES
from models.invariants._lots import LOTS
from models.invariants._members import MEMBERS
from models.invariants._partners import PARTNERS
from models.invariants._points import POINTS
from models.invariants._programme import PROGRAMME
from models.invariants._purchases import PURCHASES
from models.invariants._referrals import REFERRALS
from models.invariants._tiers import TIERS
from models.keystore import SAYS, is_connected, misplaced

__all__ = ["INVARIANTS", "Invariant", "Violation", "violations"]

SHOWN = 20
"""How many offending rows of one invariant are told."""

STEPS = 100_000
"""How many steps SQLite takes between two looks whether anybody still waits."""

INVARIANTS: tuple[Invariant, ...] = (
    *POINTS,
    *LOTS,
    *PURCHASES,
    *EARNING,
    *TIERS,
    *REFERRALS,
    *MEMBERS,
    *LIVES,
    *EVENTS,
    *FINANCE,
    *PARTNERS,
    *PROGRAMME,
)
"""Everything `verify` looks at."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One row that breaks an invariant."""

    name: str
    says: str
    row: dict[str, Any]


async def violations() -> list[Violation]:
    """Every row that breaks an invariant, at one moment; empty while all is well. Writers are not held up.

    Where the key store is open, the two databases are compared, too.
    """
    found = await _of_the_database()
    if is_connected():
        found += [Violation(name, SAYS[name], {"member_id": str(who)}) for name, who in await misplaced(SHOWN)]
    return found


async def _of_the_database() -> list[Violation]:
    client = get_connection("default")
    if isinstance(client, SqliteClient):
        given_up = Event()
        try:
            return await to_thread(_on_sqlite, client.filename, given_up)
        finally:
            # a process cannot end while its threads are at work
            given_up.set()
    if not isinstance(client, PostgresClient):
        raise TypeError("Verification looks at the database from outside any transaction.")
    return await _on_postgres(client)


def _on_sqlite(filename: str, given_up: Event) -> list[Violation]:
    place = quote(str(Path(filename).absolute()))
    connection = sqlite3.connect(f"file://{place}?mode=ro", uri=True, isolation_level=None)
    connection.set_progress_handler(given_up.is_set, STEPS)
    try:
        connection.row_factory = sqlite3.Row
        connection.execute("BEGIN")
        found: list[Violation] = []
        for each in INVARIANTS:
            rows = connection.execute(_plain(each.query)).fetchmany(SHOWN)
            found += [Violation(each.name, each.says, dict(row)) for row in rows]
        return found
    finally:
        connection.close()


def _plain(query: str) -> str:
    """The query for SQLite, which stores ids as text."""
    return query.replace("::text", "")


async def _on_postgres(client: PostgresClient) -> list[Violation]:
    async with (
        client.acquire_connection() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        # a ledger of years takes longer than a request may
        await connection.execute("SET LOCAL statement_timeout = 0")
        found: list[Violation] = []
        for each in INVARIANTS:
            rows = await connection.fetch(_first(each.postgres or each.query))
            told = ({name: str(value) for name, value in row.items()} for row in rows)
            found += [Violation(each.name, each.says, row) for row in told]
        return found


def _first(query: str) -> str:
    """The first rows of a query, planned by PostgreSQL as if all were wanted: of sound books there are none.

    Told how few are, it takes the way to the first of them, on which each purchase of a member meets all others.
    """
    return f"WITH broken AS MATERIALIZED ({query}) SELECT * FROM broken LIMIT {SHOWN}"  # noqa: S608  ours
