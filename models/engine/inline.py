"""SQLite in the calling thread: for the writer's thread, and for a process that does one thing at a time.

aiosqlite answers each statement from a thread of its own, which costs a statement its weight in waking it. Who is
on that thread already is answered in place (models/engine/writer.py). So is a process in which no request waits on
the event loop, such as an import or a seed: that takes about a third off a whole import (docs/decisions/0015).
"""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

T = TypeVar("T")


class InlineConnection:
    """What the house uses of an aiosqlite connection, done in the calling thread."""

    def __init__(self, opened: sqlite3.Connection) -> None:
        self._conn = opened

    async def _execute(self, function: Callable[..., T], *arguments: Any) -> T:
        return function(*arguments)

    async def execute(self, sql: str, parameters: Iterable[Any] = ()) -> sqlite3.Cursor:
        """Run one statement."""
        return self._conn.execute(sql, tuple(parameters))

    async def execute_fetchall(self, sql: str, parameters: Iterable[Any] | None = None) -> list[Any]:
        """Run one statement and return its rows."""
        return self._conn.execute(sql, tuple(parameters or ())).fetchall()

    async def execute_insert(self, sql: str, parameters: Iterable[Any] | None = None) -> tuple[int | None]:
        """Run one insert and return the row it made."""
        return (self._conn.execute(sql, tuple(parameters or ())).lastrowid,)

    async def executemany(self, sql: str, parameters: Iterable[Sequence[Any]]) -> sqlite3.Cursor:
        """Run one statement for each row of parameters."""
        return self._conn.executemany(sql, parameters)

    async def commit(self) -> None:
        """Make the writes last."""
        self._conn.commit()

    async def rollback(self) -> None:
        """Undo the writes."""
        self._conn.rollback()

    async def close(self) -> None:
        """Close the file."""
        self._conn.close()

    def stop(self) -> None:
        """Close the file at once."""
        self._conn.close()

    @property
    def total_changes(self) -> int:
        """How many rows were ever changed on this connection."""
        return self._conn.total_changes
