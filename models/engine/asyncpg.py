"""PostgreSQL: pooled connections that come back clean without a RESET round trip."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import partial
from itertools import groupby
from operator import itemgetter
from typing import Any, cast

from asyncpg import connect
from asyncpg.exceptions import (
    DivisionByZeroError,
    LockNotAvailableError,
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
from models.engine.connections import AS_THEY_ARE, Connection, fetched, fetched_known, write_all
from models.engine.readers import Readers

_log = logging.getLogger(__name__)

READS = {"default_transaction_read_only": "on", "plan_cache_mode": "force_generic_plan"}
"""What a reader's session is told. A statement of the house goes by one plan, whatever its values are; where one
is a list, PostgreSQL would make that plan anew each time, which costs three times as much as to run it."""

STATEMENTS = 400
"""How many statements a connection beside the pool knows, unless the URL says otherwise: more than there are."""


WRITES = {"lock_timeout": "100ms"}
"""What a writer's session is told: others share its commit, so it does not wait long for what somebody holds."""

BUFFERED = 1 << 30
"""How many bytes may wait to be sent on a writer's connection: more than the largest orders that share a commit."""

SHARED = 16
"""How many commands share a commit, at most: each holds its owner until the last of them is done."""

MISSED = DivisionByZeroError, UniqueViolationError, LockNotAvailableError
"""What a single write hears that was overtaken, or would have to wait: it is to be tried in a transaction."""


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
            return [await fetched(connection, *each) for each in queries]

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
        self.writers = Readers(self._writer, max(1, most // 2))
        self.pool_maxsize = max(1, most - most // 2)
        self.pool_minsize = min(self.pool_minsize, self.pool_maxsize)
        self.ahead = Ahead(self)
        self.combining: dict[str, Combining[list[Any]]] = {}
        """By its text, each of the questions that are asked together."""
        self.sharing: dict[str, Combining[bool]] = {}
        """By its text, each of the statements that share a commit with others of their kind."""
        self.combined: dict[str, str] = {}
        """What asks many of the questions that are asked together, by the text of one."""
        self.knows_statements = self.extra.get("statement_cache_size") != 0
        self.combines = self.knows_statements and combine != "off"

    def read(self, query: str, values: list[Any], form: Form) -> Coroutine[Any, Any, list[Any]]:
        """The rows of a query that only reads, outside every transaction."""
        if not (form.combines and self.combines):
            return self._asked(query, form, values)
        return (self.combining.get(query) or self._combining(query, form)).ask(values)

    def _combining(self, query: str, form: Form) -> Combining[list[Any]]:
        made = Combining(partial(self._asked, query, form), partial(self._asked_together, query, form))
        return self.combining.setdefault(query, made)

    async def _asked_together(self, query: str, form: Form, questions: list[list[Any]]) -> list[list[Any]]:
        """The rows that answer each of the questions, asked as one."""
        values = [list(each) for each in zip(*questions, strict=True)]
        found: list[list[Any]] = [[] for _ in questions]
        for number, rows in groupby(await self._asked(query, form, values, is_one=False), itemgetter(-1)):
            found[number - 1] += rows
        return found

    async def _asked(self, query: str, form: Form, values: list[Any], *, is_one: bool = True) -> list[Any]:
        readers = self.readers
        connection = readers.take() or await readers.wait()
        try:
            # on the same connection: what is prepared and not run leaves its server waiting
            text = query if is_one else self.combined.get(query) or await self._combined(connection, query, form)
            rows = await fetched_known(connection, text, values, form)
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

    def write(self, query: str, values: list[Any], *, shares: bool = True) -> Coroutine[Any, Any, bool]:
        """Run a statement that writes all or nothing by itself. Says whether it answered; no where it clashed.

        It answers its owner's id, the first of its values. Unless it holds what others wait for, it shares a commit
        with those of its kind that come within two turns of the loop.
        """
        if not (shares and self.combines):
            return self._written(query, values)
        return (self.sharing.get(query) or self._sharing(query)).ask(values)

    def _sharing(self, query: str) -> Combining[bool]:
        made = Combining(partial(self._written, query), partial(self._written_together, query), SHARED)
        return self.sharing.setdefault(query, made)

    async def _written(self, query: str, values: list[Any]) -> bool:
        writers = self.writers
        connection = writers.take() or await writers.wait()
        try:
            rows = await fetched_known(connection, query, values, AS_THEY_ARE)
        except BaseException as error:
            writers.settle(connection, error)
            if isinstance(error, MISSED):
                return False
            await self._raised(error)
            raise
        writers.give(connection)
        return bool(rows)

    async def _written_together(self, query: str, several: list[list[Any]]) -> list[bool]:
        """Whether each of them answered, all in one commit; if one fails, nothing of any stays.

        They go in the order of their owners, so that those of two processes do not wait for each other.
        """
        owners = [values[0] for values in several]
        if len(set(owners)) < len(owners):
            raise Moved
        writers = self.writers
        connection = writers.take() or await writers.wait()
        try:
            rows = await write_all(connection, query, sorted(several, key=itemgetter(0)))
        except BaseException as error:
            writers.settle(connection, error)
            if not isinstance(error, MISSED):
                _log.warning("%s undid a commit of %d: each tries alone", type(error).__name__, len(several))
            raise
        writers.give(connection)
        answered = {row["owner"] for row in rows}
        return [owner in answered for owner in owners]

    async def read_together(self, queries: Sequence[Query]) -> list[list[Any]]:
        """The rows of several queries that only read, one after another on one connection."""
        readers = self.readers
        connection = readers.take() or await readers.wait()
        try:
            answers = [await fetched_known(connection, *each) for each in queries]
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

    def _reader(self) -> Coroutine[Any, Any, Any]:
        """A new connection that can do nothing but read."""
        return self._connected(READS)

    async def _writer(self) -> Any:
        """A new connection for single writes."""
        connection = await self._connected(WRITES)
        # told to wait with what does not fit on the line, the driver would not hear that the server is gone
        connection._transport.set_write_buffer_limits(BUFFERED)
        return connection

    async def _connected(self, more: Mapping[str, str]) -> Any:
        """A new connection, of nobody's pool, whose session is told so much more."""
        # else all settings are left to the server: a pooler such as pgbouncer refuses them
        is_told = self.server_settings.keys() & POSTGRES_SESSION.keys()
        settings = {**self.server_settings, **(more if is_told else {})}
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


client_class: Callable[..., Client] = Client
