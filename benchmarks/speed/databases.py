"""Databases: the two of a house as an endpoint written by hand opens them: a driver, a pool, and no ORM."""

import asyncio
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import asyncpg
import orjson

from models.engine.connections import Connection
from models.sql import SQL

Row = Any
"""A row by names: `row["id"]`."""


class Database(ABC):
    """One database, read by several requests at a time."""

    @abstractmethod
    async def rows(self, statement: SQL, *values: Any) -> Sequence[Row]:
        """All rows of a statement."""

    async def row(self, statement: SQL, *values: Any) -> Row | None:
        """The first row; None when there is none."""
        rows = await self.rows(statement, *values)
        return rows[0] if rows else None


class Postgres(Database):
    """A pool of asyncpg's, whose connections come back without a reset, since nobody changes their session."""

    def __init__(self, pool: Any) -> None:
        self.pool = pool

    async def rows(self, statement: SQL, *values: Any) -> Sequence[Row]:
        """All rows of a statement."""
        lists = {place: ",".join(map(str, values[place])) for place in statement.ids}
        arguments = [lists.get(place, each) for place, each in enumerate(values)]
        found: Sequence[Row] = await self.pool.fetch(statement.postgres, *arguments)
        return found


class Sqlite(Database):
    """One connection on a thread of its own: each call is one hop there and back."""

    def __init__(self, path: Path) -> None:
        self._thread = ThreadPoolExecutor(1)
        self._path = path
        self.connection: sqlite3.Connection | None = None

    async def hop(self, work: Any, *values: Any) -> Any:
        """Have something done with the connection, on its thread."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._do, work, values)

    def _do(self, work: Any, values: tuple[Any, ...]) -> Any:
        if self.connection is None:
            self.connection = sqlite3.connect(self._path, isolation_level=None, timeout=10)
            self.connection.row_factory = sqlite3.Row
            self.connection.execute("PRAGMA foreign_keys = ON")
        return work(self.connection, *values)

    async def rows(self, statement: SQL, *values: Any) -> Sequence[Row]:
        """All rows of a statement."""
        arguments = [orjson.dumps([str(each) for each in v]).decode() if isinstance(v, list) else v for v in values]
        found: Sequence[Row] = await self.hop(_fetch, statement.sqlite, arguments)
        return found


def _fetch(connection: sqlite3.Connection, text: str, values: list[Any]) -> list[Row]:
    return connection.execute(text, values).fetchall()


async def open_database(url: str, most: int) -> Database:
    """The database of a URL, with so many connections at most."""
    if url.startswith("sqlite"):
        return Sqlite(Path(url.removeprefix("sqlite://").partition("?")[0]))
    pool = await asyncpg.create_pool(
        url.partition("?")[0], min_size=most, max_size=most, connection_class=Connection
    )
    return Postgres(pool)
