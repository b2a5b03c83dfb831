"""A snapshot: all rows of a statement as they are at one moment, a few at a time, however many there are.

What is written meanwhile is not in it, and no writer is held up. No more than a batch is ever in memory.
"""

import sqlite3
from asyncio import to_thread
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID

from tortoise.connection import get_connection

from models.engine.asyncpg import Client as PostgresClient
from models.engine.sqlite import Client as SqliteClient
from models.engine.sqlite import text_of
from models.sql import SQL

BATCH = 1_000

Rows = list[dict[str, Any]]


async def batches(statement: SQL, *values: Any) -> AsyncIterator[Rows]:
    """The rows in their order, batch by batch: as the database gives them, so ask for ids and moments as text."""
    client = get_connection(statement.on)
    if isinstance(client, SqliteClient):
        found = _of_sqlite(client.filename, statement.sqlite, [_plain(value) for value in values])
    elif isinstance(client, PostgresClient):
        found = _of_postgres(client, statement.postgres, values)
    else:
        raise TypeError("A snapshot is taken outside any transaction.")
    async with aclosing(found) as rows:  # type: ignore[type-var]
        async for batch in rows:
            yield batch


async def _of_postgres(client: PostgresClient, text: str, values: tuple[Any, ...]) -> AsyncIterator[Rows]:
    async with (
        client.acquire_connection() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        # a ledger of years takes longer than a request may
        await connection.execute("SET LOCAL statement_timeout = 0")
        await connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        cursor = await connection.cursor(text, *values)
        while rows := await cursor.fetch(BATCH):
            yield [dict(row) for row in rows]


async def _of_sqlite(filename: str, text: str, values: list[Any]) -> AsyncIterator[Rows]:
    place = _place(filename)
    connection = await to_thread(
        sqlite3.connect, f"file://{place}?mode=ro", uri=True, isolation_level=None, check_same_thread=False
    )
    try:
        connection.row_factory = sqlite3.Row
        await to_thread(connection.execute, "BEGIN")
        cursor = await to_thread(connection.execute, text, values)
        while rows := await to_thread(cursor.fetchmany, BATCH):
            yield [dict(row) for row in rows]
    finally:
        await to_thread(connection.close)


def _place(filename: str) -> str:
    return quote(str(Path(filename).absolute()))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return text_of(value)
    return str(value) if isinstance(value, UUID) else value
