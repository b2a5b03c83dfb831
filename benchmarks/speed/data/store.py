"""Stores: rows gathered by table and written many at once, by COPY to PostgreSQL, in one transaction to SQLite."""

import sqlite3
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg

KEYS = "keys"
"""Before a dot: a table of the key store."""

AT_ONCE = 60_000
"""How many rows are gathered before they are written."""


class Store(ABC):
    """Rows that wait to be written, by table."""

    def __init__(self) -> None:
        self.waiting: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
        self.count = 0
        self.written = 0

    def add(self, table: str, row: Mapping[str, Any]) -> None:
        """Have a row written. The rows of a table name the same columns in the same order."""
        self.waiting[table].append(row)
        self.count += 1

    @property
    def is_full(self) -> bool:
        """Whether it is time to write."""
        return self.count >= AT_ONCE

    async def flush(self) -> None:
        """Write what waits."""
        for table, rows in self.waiting.items():
            if rows:
                await self.write(table, tuple(rows[0]), [tuple(row.values()) for row in rows])
                rows.clear()
        self.written += self.count
        self.count = 0

    @abstractmethod
    async def write(self, table: str, columns: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
        """Write rows of one table."""

    @abstractmethod
    async def settle(self) -> None:
        """Bring the databases to rest: all that was written counted, nothing left to tidy up."""


class Postgres(Store):
    """PostgreSQL, by COPY. References are not looked at: the book is trusted, and checked afterwards."""

    def __init__(self, main: Any, keys: Any) -> None:
        super().__init__()
        self.main, self.keys = main, keys

    async def write(self, table: str, columns: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
        """Copy rows."""
        where, _, name = table.rpartition(".")
        connection = self.keys if where == KEYS else self.main
        await connection.copy_records_to_table(name, records=rows, columns=columns)

    async def settle(self) -> None:
        """Vacuum, analyse, and write everything out, so that nothing of it falls into the measurement."""
        for connection in (self.main, self.keys):
            await connection.execute("VACUUM (ANALYZE)")
            await connection.execute("CHECKPOINT")


class Sqlite(Store):
    """Two SQLite files."""

    def __init__(self, main: sqlite3.Connection, keys: sqlite3.Connection) -> None:
        super().__init__()
        self.main, self.keys = main, keys

    async def write(self, table: str, columns: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
        """Insert rows."""
        where, _, name = table.rpartition(".")
        connection = self.keys if where == KEYS else self.main
        marks = ", ".join("?" * len(columns))
        connection.executemany(f"INSERT INTO {name} ({', '.join(columns)}) VALUES ({marks})", rows)

    async def settle(self) -> None:
        """Commit, analyse, and empty the write-ahead log."""
        for connection in (self.main, self.keys):
            connection.commit()
            connection.execute("ANALYZE")
            connection.commit()
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


@asynccontextmanager
async def opened(url: str, keys_url: str) -> AsyncIterator[Store]:
    """A store for a house's two databases."""
    if url.startswith("sqlite"):
        files = [Path(each.removeprefix("sqlite://").partition("?")[0]) for each in (url, keys_url)]
        found = [_file(each) for each in files]
        try:
            yield Sqlite(*found)
        finally:
            for connection in found:
                connection.close()
        return
    main, keys = await _connect(url), await _connect(keys_url)
    try:
        yield Postgres(main, keys)
    finally:
        await main.close()
        await keys.close()


def _file(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("PRAGMA foreign_keys = OFF")
    return connection


async def _connect(url: str) -> Any:
    connection = await asyncpg.connect(url.partition("?")[0])
    await connection.execute("SET session_replication_role = replica; SET synchronous_commit = off")
    return connection
