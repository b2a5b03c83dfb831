"""SQLite: one connection, and write transactions that queue at BEGIN IMMEDIATE."""

import asyncio
import contextlib
import os
import sqlite3
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar, cast
from uuid import UUID

import aiosqlite
import orjson
from asyncpg.pgproto import pgproto
from tortoise.backends.base.client import (
    ConnectionWrapper,
    NestedTransactionContext,
    TransactionalDBClient,
    TransactionContext,
)
from tortoise.backends.sqlite.client import (
    SqliteClient,
    SqliteTransactionContext,
    SqliteTransactionWrapper,
    translate_exceptions,
)
from tortoise.connection import get_connections
from tortoise.exceptions import IntegrityError, OperationalError, TransactionManagementError

from models import engine
from models.engine import Converters, Form, Observed, Query
from models.engine.inline import InlineConnection
from models.engine.reader import Reader, fetched
from models.engine.writer import Writer, check_on_loop

T = TypeVar("T")

STOP_SECONDS = 5.0
"""How long a connection that is given up may take to end."""


def text_of(moment: datetime) -> str:
    """A moment as the database holds it: UTC, so that texts sort as moments do.

    Raises: ValueError, when the moment has no time zone.
    """
    if moment.tzinfo is None:
        raise ValueError(f"{moment!r} has no time zone; a stored moment is in UTC.")
    # as `isoformat` has it, in a quarter of the time
    return orjson.dumps(moment.astimezone(UTC))[1:-1].decode().replace("T", " ")


# The import of Tortoise's client above registers its own adapter for datetime; ours comes after and wins.
sqlite3.register_adapter(UUID, str)
sqlite3.register_adapter(pgproto.UUID, str)
sqlite3.register_adapter(datetime, text_of)
sqlite3.register_adapter(bool, int)


def statements(script: str) -> list[str]:
    """The script's statements; semicolons in texts, comments and triggers divide nothing."""
    found: list[str] = []
    start = 0
    for end in [place + 1 for place, letter in enumerate(script) if letter == ";"] + [len(script)]:
        piece = script[start:end]
        if piece.strip() and (end == len(script) or sqlite3.complete_statement(piece)):
            found.append(piece.strip())
            start = end
    return found


class Turn(ConnectionWrapper[aiosqlite.Connection]):
    """One statement's turn on the connection; the turn is given back if it cannot begin."""

    async def __aenter__(self) -> aiosqlite.Connection:
        await self._lock.acquire()
        try:
            await self.ensure_connection()
        except BaseException:
            self._lock.release()
            raise
        return self.connection


class Reading(Observed):
    """What a client and a transaction do alike."""

    shapes: dict[tuple[str, ...], Converters]

    @translate_exceptions
    async def execute_affected(self, query: str, values: list[Any]) -> int:
        """The number of rows one statement wrote, or read when it is a query."""
        if engine.observer is not None:
            engine.observer(query)
        async with self.acquire_connection() as connection:
            return int(await _call(connection, _affected, connection._conn, query, values))

    async def read(self, query: str, values: list[Any], form: Form) -> list[Any]:
        """The rows of a query."""
        [rows] = await self.read_together([(query, values, form)])
        return rows

    async def read_together(self, queries: Sequence[Query]) -> list[list[Any]]:
        """The rows of several queries, one after another."""
        if engine.observer is not None:
            for query, _, _ in queries:
                engine.observer(query)
        return await self._read(queries)

    async def _read(self, queries: Sequence[Query]) -> list[list[Any]]:
        rows: list[list[Any]] = await self._read_here("", queries)
        return rows

    @translate_exceptions
    async def _read_here(self, _: str, queries: Sequence[Query]) -> list[list[Any]]:
        """What this connection sees; Tortoise's translation wants a text first."""
        async with self.acquire_connection() as connection:
            return await _call(connection, _all_fetched, connection._conn, queries)


async def _call(connection: aiosqlite.Connection, function: Callable[..., T], *arguments: Any) -> T:
    """What the function returns on the connection's own thread."""
    result: T = await connection._execute(function, *arguments)  # type: ignore[no-untyped-call]
    return result


def _commit(connection: sqlite3.Connection) -> None:
    try:
        connection.execute("COMMIT")
    except sqlite3.Error:
        # A refused COMMIT leaves the transaction open, and every later BEGIN would fail.
        connection.rollback()
        raise


def _affected(connection: sqlite3.Connection, query: str, values: list[Any]) -> int:
    cursor = connection.execute(query, values)
    try:
        if cursor.description is not None:
            return len(cursor.fetchall())
        if cursor.rowcount >= 0:
            return cursor.rowcount
        # sqlite3 does not count a write that begins with WITH
        count: int = connection.execute("SELECT changes()").fetchone()[0]
        return count
    finally:
        cursor.close()


def _all_fetched(connection: sqlite3.Connection, queries: Sequence[Query]) -> list[list[Any]]:
    return [fetched(connection, *query) for query in queries]


async def _ended(connection: aiosqlite.Connection) -> None:
    """Wait for the thread of a connection that is given up: it still answers the loop, which may be closed soon."""
    thread = getattr(connection, "_thread", None)
    if thread is not None and thread.is_alive():
        await asyncio.to_thread(thread.join, STOP_SECONDS)


class Wrapper(Reading, SqliteTransactionWrapper):
    """A transaction on the one connection."""

    def __init__(self, connection: "Client | Wrapper") -> None:
        super().__init__(connection)
        self.filename = connection.filename
        self.shapes = connection.shapes

    def acquire_connection(self) -> Turn:
        """The transaction's own turn; tasks that share it stand in line."""
        return Turn(self._lock, self)

    @translate_exceptions
    async def _on_thread(self, function: Callable[..., Any], *arguments: Any) -> None:
        await _call(self._connection, function, *arguments)

    async def begin(self) -> None:
        """Take the write lock now: a reader that turns writer could never get it later."""
        await self._on_thread(self._connection._conn.execute, "BEGIN IMMEDIATE")

    async def commit(self) -> None:
        """Make the writes last, or undo them all and say why not."""
        if self._finalized:
            raise TransactionManagementError("Transaction already finalised")
        self._finalized = True
        await self._on_thread(_commit, self._connection._conn)

    async def execute_script(self, query: str) -> None:
        """Several statements, one by one: sqlite3's own executescript would commit the transaction first."""
        for statement in statements(query):
            await self.execute_query(statement)

    def _in_transaction(self) -> TransactionContext:
        return Savepoint(Wrapper(self))


class InPlace(Wrapper):
    """A transaction for who is on the connection's own thread: what the house sends is answered without a turn."""

    def __init__(self, connection: "Client") -> None:
        super().__init__(connection)
        self.at = self._connection._conn
        self._connection = cast("aiosqlite.Connection", InlineConnection(self.at))

    async def execute_affected(self, query: str, values: list[Any]) -> int:
        """The number of rows one statement wrote, or read when it is a query."""
        if engine.observer is not None:
            engine.observer(query)
        try:
            return _affected(self.at, query, values)
        except sqlite3.Error as error:
            raise _translated(error) from error

    async def execute_query_dict(self, query: str, values: list[Any] | None = None) -> list[dict[str, Any]]:
        """The rows as dictionaries, RETURNING included."""
        if engine.observer is not None:
            engine.observer(query)
        try:
            return list(map(dict, self.at.execute(query, values or []).fetchall()))
        except sqlite3.Error as error:
            raise _translated(error) from error

    async def _read(self, queries: Sequence[Query]) -> list[list[Any]]:
        try:
            return _all_fetched(self.at, queries)
        except sqlite3.Error as error:
            raise _translated(error) from error


def _translated(error: sqlite3.Error) -> Exception:
    """The error as Tortoise names it."""
    if isinstance(error, sqlite3.OperationalError):
        return OperationalError(error)
    return IntegrityError(error) if isinstance(error, sqlite3.IntegrityError) else error


class Savepoint(NestedTransactionContext):
    """A transaction within a transaction."""

    async def __aexit__(self, kind: Any, error: Any, traceback: Any) -> None:
        # Tortoise skips the rollback for TransactionManagementError alone
        await super().__aexit__(kind and BaseException, error, traceback)


class Transaction(SqliteTransactionContext):
    """A transaction that gives the connection back however it ends, cancelled while it begins included."""

    async def __aenter__(self) -> TransactionalDBClient:
        await self._trxlock.acquire()
        try:
            await self.ensure_connection()
            self.token = get_connections().set(self.connection_name, self.connection)
        except BaseException:
            self._trxlock.release()
            raise
        try:
            await self.connection.begin()
        except BaseException as error:
            with contextlib.suppress(Exception):
                await self.__aexit__(type(error), error, error.__traceback__)
            raise
        entered: TransactionalDBClient = self.connection
        return entered

    async def __aexit__(self, kind: Any, error: Any, traceback: Any) -> None:
        # Tortoise skips the rollback for TransactionManagementError; the next BEGIN commits
        await super().__aexit__(kind and BaseException, error, traceback)


class Client(Reading, SqliteClient):
    """The one connection to a database file, in write-ahead mode."""

    def __init__(self, file_path: str, *, durability: str = "", threads: str = "on", **kwargs: Any) -> None:
        super().__init__(file_path, **kwargs)
        self.durable = durability != "off"
        self.inline = threads == "off"
        self.shapes = {}
        self._reader: Reader | None = None
        self._alone = True
        self.writer = None if self.inline else Writer(self.acquire_connection, lambda: InPlace(self))
        """Who does whole commands on the connection's thread; None where it has none."""

    async def create_connection(self, with_db: bool) -> None:  # noqa: FBT001  # Tortoise's signature
        """Open the file, making it and its folder if need be; a half-prepared connection is never kept."""
        del with_db  # a file is its only database
        if self._connection is not None:
            return
        if self.filename != ":memory:":
            Path(self.filename).parent.mkdir(parents=True, exist_ok=True)
            # made by us, so that only its owner reads it; SQLite gives its log the same permissions
            os.close(os.open(self.filename, os.O_RDONLY | os.O_CREAT, 0o600))
        opened = await self._open()
        try:
            mode = await _call(opened, _prepare, opened._conn, self.pragmas)
            await self._post_connect()
        except BaseException as error:
            opened.stop()
            await _ended(opened)
            if isinstance(error, sqlite3.Error):
                raise OperationalError(error) from error
            raise
        self._connection = opened
        # in any other mode whoever reads keeps writers waiting
        self._alone = self.inline or mode != "wal"

    async def _open(self) -> aiosqlite.Connection:
        if self.inline:
            opened = sqlite3.connect(self.filename, isolation_level=None, cached_statements=512)
            return cast("aiosqlite.Connection", InlineConnection(opened))
        opening = aiosqlite.connect(self.filename, isolation_level=None, cached_statements=512)
        try:
            return await opening
        except BaseException:
            await _ended(opening)
            raise

    def acquire_connection(self) -> Turn:
        """The next turn on the connection."""
        check_on_loop()
        return Turn(self._lock, self)

    async def _read(self, queries: Sequence[Query]) -> list[list[Any]]:
        """What is committed, from the reader, where there may be one."""
        check_on_loop()
        if self._connection is None:
            async with self.acquire_connection():
                pass
        if self._alone:
            return await super()._read(queries)
        if self._reader is None:
            self._reader = Reader(self.filename, self.pragmas)
        return await self._reader.ask(queries)

    async def warm(self, queries: Sequence[tuple[str, Form]]) -> None:
        """Open the reader; what it prepares for a query the first time costs next to nothing."""
        del queries
        await self.read_together([])

    async def close(self) -> None:
        """Close both connections, once what was asked has been answered."""
        reader, self._reader = self._reader, None
        if reader is not None:
            await reader.close()
        await super().close()

    async def execute_many(self, query: str, values: list[list[Any]]) -> None:
        """One statement for each row of values, all or none."""
        async with self._in_transaction() as transaction:
            await transaction.execute_many(query, values)

    def _in_transaction(self) -> TransactionContext:
        check_on_loop()
        return Transaction(Wrapper(self), self._lock)


def _prepare(connection: sqlite3.Connection, pragmas: dict[str, Any]) -> str:
    """Set the connection up, and return its journal's mode."""
    connection.row_factory = sqlite3.Row
    for name, value in pragmas.items():
        connection.execute(f"PRAGMA {name}={value}").close()
    mode: str = connection.execute("PRAGMA journal_mode").fetchone()[0]
    return mode


client_class: Callable[..., Client] = Client
