"""PostgreSQL: pooled connections that come back clean without a RESET round trip."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any, cast

from asyncpg import Connection as BaseConnection
from asyncpg import Record, connect
from asyncpg.exceptions import (
    DataError,
    DivisionByZeroError,
    InvalidCachedStatementError,
    OutdatedSchemaCacheError,
    QueryCanceledError,
    UniqueViolationError,
)
from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper
from tortoise.backends.base.client import (
    ConnectionWrapper,
    NestedTransactionContext,
    TransactionalDBClient,
    TransactionContext,
    TransactionContextPooled,
)
from tortoise.backends.base_postgres.client import translate_exceptions
from tortoise.connection import get_connections

from models import engine
from models.engine import POSTGRES_SESSION, Converters, Form, Moved, Observed, Query
from models.engine.combining import Combining, combined
from models.engine.readers import Readers

_log = logging.getLogger(__name__)

READS = {"default_transaction_read_only": "on", "plan_cache_mode": "force_generic_plan"}
"""What a reader's session is told. A statement of the house goes by one plan, whatever its values are; where one
is a list, PostgreSQL would make that plan anew each time, which costs three times as much as to run it."""

STATEMENTS = 400
"""How many statements a connection beside the pool knows, unless the URL says otherwise: more than there are."""


class Connection(BaseConnection):  # type: ignore[misc]  # asyncpg has no types
    """A connection whose session nobody changes: releasing it needs no RESET (a ROLLBACK still happens)."""

    _cut_short = False

    async def _execute(self, *args: Any, **options: Any) -> Any:
        try:
            return await super()._execute(*args, **options)
        except (asyncio.CancelledError, TimeoutError, DataError):
            self._cut_short = True
            raise

    async def execute(self, query: str, *args: Any, **options: Any) -> str:
        """Run a statement, or without arguments a script, which ends whatever was left open before it."""
        self._cut_short = self._cut_short and bool(args)
        return cast("str", await super().execute(query, *args, **options))

    def get_reset_query(self) -> str:
        """No statement at all."""
        return ""

    async def _reset(self) -> None:
        # asyncpg complains of a transaction left open; after a cancelled BEGIN that is no fault of anyone's
        if self._top_xact is not None:
            self._top_xact._managed = True
        await super()._reset()
        if self._cut_short:
            # asyncpg only flushes between preparing and executing: cancelled there, a statement leaves the server
            # inside an implicit transaction, which any script ends, also when a late cancellation hits it (an empty
            # script would do, but asyncpg stumbles over its answer)
            with contextlib.suppress(QueryCanceledError):
                await self.execute("SELECT")


class Reading(Observed):
    """What a client and a transaction do alike."""

    shapes: dict[tuple[str, ...], Converters]

    @translate_exceptions
    async def execute_affected(self, query: str, values: list[Any]) -> int:
        """The number of rows one statement wrote, or read when it is a query."""
        if engine.observer is not None:
            engine.observer(query)
        async with self.acquire_connection() as connection:
            # the status ends with the count: "UPDATE 3", but "INSERT 0 3"
            last = (await connection.execute(query, *values)).rsplit(" ", 1)[-1]
        return int(last) if last.isdigit() else 0


class Turn(ConnectionWrapper[Any]):
    """One statement's turn in a transaction, which begins with the first."""

    async def __aenter__(self) -> Any:
        await self._lock.acquire()
        try:
            await cast("Wrapper", self.client).begin()
        except BaseException:
            self._lock.release()
            raise
        return self.client._connection


class Wrapper(Reading, TransactionWrapper):
    """A transaction on a connection of the pool, which it takes with its first statement."""

    def __init__(self, connection: "Client | Wrapper") -> None:
        super().__init__(connection)
        self._connection = None
        self.shapes = connection.shapes
        self.has_begun = False

    def acquire_connection(self) -> Turn:
        """The transaction's own turn; tasks that share it stand in line."""
        return Turn(self._lock, self)

    async def begin(self) -> None:
        """Begin, unless that was done."""
        if self.has_begun:
            return
        await self._lease()
        await super().begin()
        self.has_begun = True

    async def _lease(self) -> None:
        if self._connection is None:
            if isinstance(self._parent, Wrapper):
                await self._parent.begin()
                self._connection = self._parent._connection
            else:
                self._connection = await cast("Any", self._parent._pool).acquire()

    async def read(self, query: str, values: list[Any], form: Form) -> list[Any]:
        """The rows of a query, as the transaction sees them."""
        rows: list[list[Any]] = await self.read_together([(query, values, form)])
        return rows[0]

    @translate_exceptions
    async def read_together(self, queries: Sequence[Query]) -> list[list[Any]]:
        """The rows of several queries, as the transaction sees them."""
        async with self.acquire_connection() as connection:
            return [await _fetched(connection, *each) for each in queries]

    def _in_transaction(self) -> TransactionContext:
        return Savepoint(Wrapper(self))


class Savepoint(NestedTransactionContext):
    """A transaction within a transaction."""

    async def __aexit__(self, kind: Any, error: Any, traceback: Any) -> None:
        # Tortoise skips the rollback for TransactionManagementError alone
        await super().__aexit__(kind and BaseException, error, traceback)


class Transaction(TransactionContextPooled):
    """A transaction that gives its connection back however it ends, cancelled while it begins included."""

    client: Wrapper

    async def __aenter__(self) -> TransactionalDBClient:
        if cast("Any", self.client._parent)._pool is None:
            await self.ensure_connection()
        self.token = get_connections().set(self.connection_name, self.client)
        return self.client

    async def __aexit__(self, kind: Any, error: Any, traceback: Any) -> None:
        held = self.client
        try:
            if held.has_begun and not held._finalized:
                await (held.rollback() if kind else held.commit())
        finally:
            if held._connection is not None:
                # whatever a cancelled BEGIN left behind is undone there
                await cast("Any", held._parent._pool).release(held._connection)
            get_connections().reset(self.token)


class Turns(asyncio.Semaphore):
    """Turns of commands: so many at once, others in order."""

    def take(self) -> bool:
        """Have a turn if one is free and nobody waits, without being put to sleep; else ask for it by `acquire`."""
        if self._waiters or not self._value:
            return False
        self._value -= 1
        return True


class Ahead:
    """Stands where a transaction would while a command does without one: whoever asks it for anything needs one."""

    def __init__(self, client: "Client") -> None:
        self.capabilities = client.capabilities

    def _check_loop(self) -> bool:
        return True

    def __getattr__(self, name: str) -> Any:
        raise Moved


class Client(Reading, AsyncpgDBClient):
    """The pool of connections to one server, and beside it those for reading and for single writes."""

    connection_class = Connection

    def __init__(self, *, durability: str = "", readers: int = 0, combine: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.durable = durability != "off"
        self.shapes = {}
        most = self.pool_maxsize
        self.readers = Readers(self._reader, readers or most)
        self.turn = Turns(2 * most)
        """What a command has while it is under way: of more at once, most would have begun only to wait."""
        # of those that write, half are for transactions and half for what needs none
        self.writers = Readers(self._connected, max(1, most // 2))
        self.pool_maxsize = max(1, most - most // 2)
        self.pool_minsize = min(self.pool_minsize, self.pool_maxsize)
        self.ahead = Ahead(self)
        self.combining: dict[str, Combining] = {}
        self.combined: dict[str, str] = {}
        """What asks many of the questions that are asked together, by the text of one."""
        self.knows_statements = self.extra.get("statement_cache_size") != 0
        self.combines = self.knows_statements and combine != "off"

    def read(self, query: str, values: list[Any], form: Form) -> Coroutine[Any, Any, list[Any]]:
        """The rows of a query that only reads, outside every transaction."""
        if not (form.combines and self.combines):
            return self._asked(query, form, values)
        return (self.combining.get(query) or self._combining(query, form)).ask(values)

    def _combining(self, query: str, form: Form) -> Combining:
        alone, together = partial(self._asked, query, form), partial(self._asked, query, form, is_one=False)
        made = Combining(alone, together)
        return self.combining.setdefault(query, made)

    async def _asked(self, query: str, form: Form, values: list[Any], *, is_one: bool = True) -> list[Any]:
        readers = self.readers
        connection = readers.take() or await readers.wait()
        try:
            # on the same connection: what is prepared and not run leaves its server waiting
            text = query if is_one else self.combined.get(query) or await self._combined(connection, query, form)
            rows = await _read(connection, text, values, form)
        except BaseException as error:
            readers.settle(connection, error)
            await self._raised(error)
            raise
        readers.give(connection)
        return rows

    async def _combined(self, connection: Any, query: str, form: Form) -> str:
        """The text that asks many of these questions; their parameters' kinds are the server's to say."""
        text = self.combined.get(query)
        if text is None:
            statement = await connection._prepare(query, use_cache=True, record_class=form.record)
            text = self.combined[query] = combined(query, [each.name for each in statement.get_parameters()])
        return text

    async def write(self, query: str, values: list[Any]) -> bool:
        """Run a statement that writes all or nothing by itself. Says whether it answered; no where it clashed."""
        writers = self.writers
        connection = writers.take() or await writers.wait()
        try:
            rows = await _read(connection, query, values, _AS_THEY_ARE)
        except BaseException as error:
            writers.settle(connection, error)
            if isinstance(error, DivisionByZeroError | UniqueViolationError):
                return False
            await self._raised(error)
            raise
        writers.give(connection)
        return bool(rows)

    async def read_together(self, queries: Sequence[Query]) -> list[list[Any]]:
        """The rows of several queries that only read, one after another on one connection."""
        readers = self.readers
        connection = readers.take() or await readers.wait()
        try:
            answers = [await _read(connection, *each) for each in queries]
        except BaseException as error:
            readers.settle(connection, error)
            await self._raised(error)
            raise
        readers.give(connection)
        return answers

    async def warm(self, queries: Sequence[tuple[str, Form]]) -> None:
        """Open every reader there may be, or as many as the server has room for, and have it know these queries."""

        async def prepare(connection: Any) -> None:
            for query, form in queries if self.knows_statements else ():
                await connection._prepare(query, use_cache=True, record_class=form.record)
                if form.combines and self.combines:
                    text = await self._combined(connection, query, form)
                    await connection._prepare(text, use_cache=True, record_class=form.record)
            # what is prepared and not run leaves the server waiting for more, within the statement's time
            await connection.execute("SELECT 1")

        try:
            opened = await self.readers.warm(prepare)
        except BaseException as error:
            await self._raised(error)
            raise
        if opened < self.readers.most:
            _log.warning(
                "PostgreSQL has room for %d of the %d connections that read %s: half of them are left to others. "
                "Raise its max_connections, or set `readers` in the database's URL",
                *(opened, self.readers.most, self.database),
            )

    async def _reader(self) -> Any:
        """A new connection that can do nothing but read."""
        # else all settings are left to the server: a pooler such as pgbouncer refuses them
        is_told = self.server_settings.keys() & POSTGRES_SESSION.keys()
        return await self._connected(**(READS if is_told else {}))

    async def _connected(self, **more: str) -> Any:
        """A new connection, of nobody's pool."""
        settings = {**self.server_settings, **more}
        if self.application_name:
            settings["application_name"] = self.application_name
        return await connect(
            host=self.host,
            port=self.port,
            user=self.user,
            password=self.password,
            database=self.database,
            server_settings=settings,
            **{"statement_cache_size": STATEMENTS, **self.extra},
        )

    @translate_exceptions
    async def _raised(self, error: BaseException) -> None:
        """Raise a driver's error as Tortoise's, if it has one for it."""
        raise error

    async def _close(self) -> None:
        await self.readers.close()
        await self.writers.close()
        await super()._close()

    def _in_transaction(self) -> TransactionContext:
        return Transaction(Wrapper(self), self._pool_init_lock)


class _Records:
    """Rows as the driver has them."""

    record = Record
    combines = False

    def of_records(self, records: list[Any]) -> list[Any]:
        return records

    def of_tuples(self, names: tuple[str, ...], rows: list[tuple[Any, ...]]) -> list[Any]:
        return [dict(zip(names, row, strict=True)) for row in rows]


_AS_THEY_ARE = _Records()


async def _fetched(connection: Any, query: str, values: list[Any], form: Form) -> list[Any]:
    if engine.observer is not None:
        engine.observer(query)
    return form.of_records(await connection.fetch(query, *values, record_class=form.record))


async def _read(connection: Any, query: str, values: list[Any], form: Form) -> list[Any]:
    """As `_fetched`, for a connection that is nobody else's and knows the statement: a fifth cheaper."""
    statement = connection._stmt_cache.get((query, form.record, False))
    if statement is None:
        return await _fetched(connection, query, values, form)
    if engine.observer is not None:
        engine.observer(query)
    try:
        records = await connection._protocol.bind_execute(statement, values, "", 0, False, None)  # noqa: FBT003
    except (InvalidCachedStatementError, OutdatedSchemaCacheError):
        # the tables have changed since: this prepares it anew
        records = await connection.fetch(query, *values, record_class=form.record)
    return form.of_records(records)


client_class: Callable[..., Client] = Client
