"""Who looks through the suite's database: after each test that wrote it is verified, then emptied.

Both look only where anything is. A table without rows need not be emptied; and an invariant all of whose tables
have none finds what it finds in a new database, which is nothing. What is asked is prepared once, on a connection
kept for it: so a test costs what it left behind, not what it costs to plan 80 queries.
"""

import hashlib
import re
import sqlite3
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from typing import Any, Protocol

import asyncpg
from tortoise.backends.base.client import BaseDBAsyncClient

from models.engine.sqlite import Client as SqliteClient
from models.invariants import INVARIANTS, Invariant
from tests.postgres import plain

OFTEN = 50
"""After so many tests PostgreSQL clears away what was deleted; by itself it does not, at whatever moment."""

MANY = 1_000
"""More statements than there are."""


Tables = Mapping[str, Sequence[str]]
"""The columns of each table, by its name; each before those it refers to."""


class Sweeper(Protocol):
    """Who looks through the database."""

    async def suspicions(self) -> list[str]:
        """The names of the invariants that find something."""

    async def contents(self) -> dict[str, str]:
        """A hash of the rows of each table that has any."""

    async def sweep(self) -> None:
        """Empty every table."""

    async def keep(self, number: int) -> None:
        """Keep all there is, by a number."""

    async def put_back(self, number: int) -> None:
        """Put what was kept into the empty tables."""


_at_work: list[Sweeper] = []


def sweeper() -> Sweeper:
    """Who looks through the suite's own database."""
    return _at_work[-1]


@asynccontextmanager
async def at_work(client: BaseDBAsyncClient, url: str, tables: Tables) -> AsyncIterator[None]:
    """Meanwhile somebody looks through the database of a client, all of whose tables are named."""
    async with _sweeper(client, url, tables) as one:
        _at_work.append(one)
        yield
        _at_work.remove(one)


@asynccontextmanager
async def _sweeper(client: BaseDBAsyncClient, url: str, tables: Tables) -> AsyncIterator[Sweeper]:
    if isinstance(client, SqliteClient):
        with closing(sqlite3.connect(client.filename, isolation_level=None, cached_statements=MANY)) as reader:
            reader.execute("ATTACH ':memory:' AS kept")
            yield SqliteSweeper(client, reader, tables)
    else:
        connection = await asyncpg.connect(plain(url))
        try:
            for made in (_verifying(list(tables)), _telling(tables), _sweeping(list(tables))):
                await connection.execute(made)
            yield PostgresSweeper(connection, tables)
        finally:
            await connection.close()


def read_by(invariant: Invariant, tables: Iterable[str]) -> list[str]:
    """The tables an invariant reads, and maybe more: those whose names stand anywhere in its queries."""
    words = set(re.findall(r"\w+", f"{invariant.query} {invariant.postgres}"))
    return [table for table in tables if table in words]


class SqliteSweeper:
    """A connection beside the suite's own, which knows every question."""

    def __init__(self, client: SqliteClient, reader: sqlite3.Connection, tables: Tables) -> None:
        self._client, self._reader = client, reader
        self._rows = {table: f'SELECT {_named(columns)} FROM "{table}"' for table, columns in tables.items()}
        self._filled = [(table, f'SELECT 1 FROM "{table}" LIMIT 1') for table in tables]
        self._questions = [
            (each.name, f"{each.query.replace('::text', '')} LIMIT 1", set(read_by(each, tables)))
            for each in INVARIANTS
        ]

    def _found(self, query: str) -> bool:
        return self._reader.execute(query).fetchone() is not None

    def _not_empty(self) -> list[str]:
        return [table for table, query in self._filled if self._found(query)]

    async def suspicions(self) -> list[str]:
        self._reader.execute("BEGIN")
        try:
            filled = set(self._not_empty())
            return [name for name, query, tables in self._questions if filled & tables and self._found(query)]
        finally:
            self._reader.execute("COMMIT")

    async def contents(self) -> dict[str, str]:
        return {table: self._hash(table) for table in self._not_empty()}

    def _hash(self, table: str) -> str:
        rows = sorted(map(repr, self._reader.execute(self._rows[table])))
        return hashlib.sha256("\n".join(rows).encode()).hexdigest()

    async def sweep(self) -> None:
        if filled := self._not_empty():
            deletes = "; ".join(f'DELETE FROM "{table}"' for table in filled)
            await self._client.execute_script(f"BEGIN IMMEDIATE; {deletes}; COMMIT")

    async def keep(self, number: int) -> None:
        for table in self._not_empty():
            self._reader.execute(f"CREATE TABLE kept.{table}_{number} AS SELECT * FROM main.{table}")

    async def put_back(self, number: int) -> None:
        known = {row[0] for row in self._reader.execute("SELECT name FROM kept.sqlite_master")}
        self._reader.execute("BEGIN IMMEDIATE")
        for table in self._rows:
            if f"{table}_{number}" in known:
                self._reader.execute(f"INSERT INTO main.{table} SELECT * FROM kept.{table}_{number}")
        self._reader.execute("COMMIT")


class PostgresSweeper:
    """A connection of its own with functions, whose plans PostgreSQL keeps."""

    def __init__(self, connection: Any, tables: Tables) -> None:
        self._connection, self._tables = connection, tables
        self._kept: dict[int, list[str]] = {}
        self._sweeps = 0

    async def suspicions(self) -> list[str]:
        return [row[0] for row in await self._connection.fetch("SELECT pg_temp.suspicions()")]

    async def contents(self) -> dict[str, str]:
        return dict(await self._connection.fetch("SELECT * FROM pg_temp.contents()"))

    async def sweep(self) -> None:
        await self._connection.execute("SELECT pg_temp.sweep()")
        self._sweeps += 1
        if self._sweeps % OFTEN == 0:
            await self._connection.execute("VACUUM")

    async def keep(self, number: int) -> None:
        filled = (await self.contents()).keys()
        # parents first
        self._kept[number] = [table for table in reversed(list(self._tables)) if table in filled]
        await self._connection.execute(
            "; ".join(f"CREATE TEMP TABLE {table}_{number} AS TABLE {table}" for table in self._kept[number])
        )

    async def put_back(self, number: int) -> None:
        await self._connection.execute(
            "; ".join(f"INSERT INTO {table} TABLE pg_temp.{table}_{number}" for table in self._kept[number])
        )


TOLD = "md5(string_agg(r::text, ' ' ORDER BY r::text))"


def _verifying(tables: Sequence[str]) -> str:
    """A function that names the invariants which find something, all at one moment."""
    fills = [f"IF {_filled(table)} THEN filled := filled || {_text(table)}; END IF;" for table in tables]
    looks = [
        # apart, since of a question without parameters PostgreSQL keeps the plan
        f"IF filled && {_texts(read_by(each, tables))} THEN IF EXISTS ({each.postgres or each.query})"
        f" THEN RETURN NEXT {_text(each.name)}; END IF; END IF;"
        for each in INVARIANTS
    ]
    return (
        "CREATE FUNCTION pg_temp.suspicions() RETURNS SETOF text LANGUAGE plpgsql STABLE AS $suite$"
        f" DECLARE filled text[] := {_texts([])}; BEGIN {' '.join(fills + looks)} END $suite$"
    )


def _telling(tables: Tables) -> str:
    """A function that tells what each table holds, all at one moment."""
    tells = [
        f"IF {_filled(table)} THEN RETURN QUERY SELECT {_text(table)}, {TOLD}"
        f' FROM (SELECT {_named(columns)} FROM "{table}") r; END IF;'
        for table, columns in tables.items()
    ]
    return (
        "CREATE FUNCTION pg_temp.contents() RETURNS TABLE (table_told text, rows_told text) LANGUAGE plpgsql STABLE"
        f" AS $suite$ BEGIN {' '.join(tells)} END $suite$"
    )


def _sweeping(tables: Sequence[str]) -> str:
    """A function that empties what is not empty."""
    deletes = [f'IF {_filled(table)} THEN DELETE FROM "{table}"; END IF;' for table in tables]
    return (
        "CREATE FUNCTION pg_temp.sweep() RETURNS void LANGUAGE plpgsql AS $suite$"
        f" BEGIN {' '.join(deletes)} END $suite$"
    )


def _named(columns: Sequence[str]) -> str:
    return ", ".join(f'"{each}"' for each in columns)


def _filled(table: str) -> str:
    return f'EXISTS (SELECT 1 FROM "{table}")'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'::text"


def _texts(values: Sequence[str]) -> str:
    return f"ARRAY[{', '.join(map(_text, values))}]::text[]"
