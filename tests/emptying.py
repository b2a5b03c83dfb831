"""What happens to the suite's database after each test that wrote: it is verified, then emptied.

Both look only where anything is. A table without rows need not be emptied; and an invariant all of whose tables
have none finds what it finds in a new database, which is nothing. What is asked is prepared once, on a connection
kept for it: so a test costs what it left behind, not what it costs to plan 80 queries.
"""

import re
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from typing import Any, Protocol

import asyncpg
from tortoise.backends.base.client import BaseDBAsyncClient

from models.engine.sqlite import Client as SqliteClient
from models.invariants import INVARIANTS, Invariant
from tests.postgres import plain

MANY = 1_000
"""More statements than there are."""


class Sweeper(Protocol):
    """Who looks through the database after a test."""

    async def suspicions(self) -> list[str]:
        """The names of the invariants that find something."""

    async def sweep(self) -> None:
        """Empty every table."""


@asynccontextmanager
async def sweeper(client: BaseDBAsyncClient, url: str, tables: Sequence[str]) -> AsyncIterator[Sweeper]:
    """Who sweeps the database of a client; `tables` are all of its tables, each before those it refers to."""
    if isinstance(client, SqliteClient):
        with closing(sqlite3.connect(client.filename, isolation_level=None, cached_statements=MANY)) as reader:
            yield SqliteSweeper(client, reader, tables)
    else:
        connection = await asyncpg.connect(plain(url))
        try:
            await connection.execute(_verifying(tables))
            await connection.execute(_sweeping(tables))
            yield PostgresSweeper(connection)
        finally:
            await connection.close()


def read_by(invariant: Invariant, tables: Sequence[str]) -> list[str]:
    """The tables an invariant reads, and maybe more: those whose names stand anywhere in its queries."""
    words = set(re.findall(r"\w+", f"{invariant.query} {invariant.postgres}"))
    return [table for table in tables if table in words]


class SqliteSweeper:
    """A connection beside the suite's own, which knows every question."""

    def __init__(self, client: SqliteClient, reader: sqlite3.Connection, tables: Sequence[str]) -> None:
        self._client, self._reader = client, reader
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

    async def sweep(self) -> None:
        if filled := self._not_empty():
            deletes = "; ".join(f'DELETE FROM "{table}"' for table in filled)
            await self._client.execute_script(f"BEGIN IMMEDIATE; {deletes}; COMMIT")


class PostgresSweeper:
    """A connection of its own with two functions, whose plans PostgreSQL keeps."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def suspicions(self) -> list[str]:
        return [row[0] for row in await self._connection.fetch("SELECT pg_temp.suspicions()")]

    async def sweep(self) -> None:
        await self._connection.execute("SELECT pg_temp.sweep()")


def _verifying(tables: Sequence[str]) -> str:
    """A function that names the invariants which find something, all at one moment."""
    fills = [f"IF {_filled(table)} THEN found_in := found_in || {_text(table)}; END IF;" for table in tables]
    looks = [
        f"IF found_in && {_texts(read_by(each, tables))} AND EXISTS ({each.postgres or each.query})"
        f" THEN RETURN NEXT {_text(each.name)}; END IF;"
        for each in INVARIANTS
    ]
    return (
        "CREATE FUNCTION pg_temp.suspicions() RETURNS SETOF text LANGUAGE plpgsql STABLE AS $suite$"
        f" DECLARE found_in text[] := {_texts([])}; BEGIN {' '.join(fills + looks)} END $suite$"
    )


def _sweeping(tables: Sequence[str]) -> str:
    """A function that empties what is not empty."""
    deletes = [f'IF {_filled(table)} THEN DELETE FROM "{table}"; END IF;' for table in tables]
    return (
        "CREATE FUNCTION pg_temp.sweep() RETURNS void LANGUAGE plpgsql AS $suite$"
        f" BEGIN {' '.join(deletes)} END $suite$"
    )


def _filled(table: str) -> str:
    return f'EXISTS (SELECT 1 FROM "{table}")'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'::text"


def _texts(values: Sequence[str]) -> str:
    return f"ARRAY[{', '.join(map(_text, values))}]::text[]"
