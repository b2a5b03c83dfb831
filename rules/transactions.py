"""Transactions: commands done whole or not at all, and the one door to the database's own."""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, nullcontext
from contextvars import ContextVar
from functools import partial, wraps
from typing import Any, ParamSpec, TypeAlias, TypeVar

from tortoise.connection import get_connection
from tortoise.exceptions import IntegrityError, OperationalError
from tortoise.transactions import in_transaction  # noqa: TID251  the one door to transactions

from models import sql, writing
from models.engine.asyncpg import Client as PostgresClient
from models.engine.sqlite import Client as SqliteClient
from models.engine.writer import Strayed, elsewhere
from models.keystore import KEYS
from models.sql import SQL
from rules.refusals import Busy

Given = ParamSpec("Given")
Done = TypeVar("Done")

TRIES = 5
"""How often a command is tried when the database asks for it."""

AT_ONCE = 4_000
"""How many commands may run or wait for the database in one process; more are refused at once."""

DRAIN_SECONDS = 20.0

SERIALISATION = {"40001", "40P01"}
"""SQLSTATEs of a serialisation failure and a deadlock."""

UNIQUE = "23505"
FOREIGN_KEY = "23503"
"""What a command refers to is gone since it looked; another try finds out."""

COMMANDS = SQL.on
"""The connection commands write on."""

Attempt: TypeAlias = Callable[[], Awaitable[Done]]

strayed: set[str] = set()
"""The commands that were found to await something else than their database: they run on the event loop."""

reading_ahead: set[str] = set()
"""The commands that were found to read all they decide on at first: PostgreSQL needs no transaction for them."""

_has_left: ContextVar[Callable[[], bool] | None] = ContextVar("caller_has_left", default=None)
_running: set[asyncio.Task[Any]] = set()
_log = logging.getLogger(__name__)


def transaction(
    command: Callable[Given, Coroutine[Any, Any, Done]],
) -> Callable[Given, Coroutine[Any, Any, Done]]:
    """Run a command in one transaction; a refusal or a fault undoes everything it wrote.

    The transaction runs in a task of its own: a caller who is cancelled leaves, the transaction ends as it would
    have. It is tried again, a bounded number of times, on a serialisation failure, a deadlock, a locked SQLite
    file, or a lost race for a unique key, whose winner the next try finds. A command never calls another one.

    It awaits nothing but its database and the key store: so SQLite's writer can do it whole on its own thread, in
    one commit with others that wait.

    Raises: Busy, when too many run already, and when whoever asked for it left before it began.
    """

    name = _name(command)

    @wraps(command)
    async def whole(*args: Given.args, **kwargs: Given.kwargs) -> Done:
        if inside():
            raise RuntimeError(f"{command.__qualname__} was called inside another command.")
        if len(_running) >= AT_ONCE:
            raise Busy

        def attempt() -> Coroutine[Any, Any, Done]:
            _see_wanted()
            return command(*args, **kwargs)

        done = await _shielded(_tried(name, attempt))
        # what follows belongs to what was done: the line of the audit log to the try that was counted before
        _has_left.set(None)
        return done

    return whole


def key_transaction(
    write: Callable[Given, Coroutine[Any, Any, Done]],
) -> Callable[Given, Coroutine[Any, Any, Done]]:
    """Run a write to the key store in one transaction there: shielded, and tried again, as a command is.

    It is committed when it returns, also inside a command: the two databases have no transaction in common.
    """

    name = _name(write)

    @wraps(write)
    async def whole(*args: Given.args, **kwargs: Given.kwargs) -> Done:
        async def shielded() -> Done:
            return await _shielded(_tried(name, lambda: write(*args, **kwargs), KEYS))

        return await elsewhere(shielded())

    return whole


def _shielded(work: Coroutine[Any, Any, Done]) -> "asyncio.Future[Done]":
    """Let it end as it would have, whether or not the caller stays: who is cancelled waits no longer.

    `asyncio.shield` does the same by two more turns of the loop.
    """
    loop = asyncio.get_running_loop()
    task, told = loop.create_task(work), loop.create_future()
    _running.add(task)
    task.add_done_callback(partial(_ended, told))
    return told


def ask_first(has_left: Callable[[], bool]) -> None:
    """Begin nothing for the caller of this task once they have left, since others wait behind it.

    What follows a command that was done for them is done nevertheless. It may be asked in another thread.
    """
    _has_left.set(has_left)


def _see_wanted() -> None:
    """See that somebody waits for a command that is about to begin. Raises: Busy."""
    if (has_left := _has_left.get()) is not None and has_left():
        raise Busy


async def drain() -> None:
    """Wait until the transactions under way have ended, for a graceful stop, but not for ever."""
    if _running:
        await asyncio.wait(set(_running), timeout=DRAIN_SECONDS)


def inside() -> bool:
    """Whether a command is running here."""
    return writing.is_under_way()


def after_commit(then: Callable[[], None]) -> None:
    """Have something done once the transaction under way is committed; never, when it is undone.

    It happens in this process only and is lost with it: good for a nudge, not for a promise. Promises are jobs.
    """
    writing.afterwards(then)


async def _tried(name: str, attempt: Attempt[Done], on: str = COMMANDS) -> Done:
    """The command's outcome, after as many tries as it may have."""
    for before in range(TRIES - 1):
        try:
            return await (_once(name, attempt, on) if before else _first(name, attempt, on))
        except writing.Moved:
            continue
        except Exception as error:
            if not is_retryable(error):
                raise
        await asyncio.sleep((10 + secrets.randbelow(191)) / 1000)
    try:
        return await _once(name, attempt, on)
    except writing.Moved as moved:
        raise Busy from moved


def _first(name: str, attempt: Attempt[Done], on: str) -> Awaitable[Done]:
    """The first try; without a transaction, where the command can do without one.

    Raises: Moved, when it could not.
    """
    if on != COMMANDS:
        return _once(name, attempt, on)
    return _ahead(attempt) if name in reading_ahead else _found_out(name, attempt)


async def _found_out(name: str, attempt: Attempt[Done]) -> Done:
    """A try of a command that is not known to do without a transaction, and another one if it can."""
    try:
        return await _once(name, attempt, COMMANDS, may_ask=True)
    except writing.ReadsAhead:
        reading_ahead.add(name)
    return await _ahead(attempt)


async def _ahead(attempt: Attempt[Done]) -> Done:
    """One try with no transaction, of a command that reads first and then writes in one statement.

    Raises: Moved, when it wants anything more, or was overtaken. Nothing was written then.
    """
    client = sql.current(COMMANDS)
    if not isinstance(client, PostgresClient):
        raise writing.Moved
    if not client.turn.take():
        await client.turn.acquire()
    before = sql.stand_in(COMMANDS, client.ahead)
    try:
        with writing.sheet(client) as gathered:
            done = await attempt()
            await gathered.settle()
    finally:
        sql.stand_down(before)
        client.turn.release()
    _follow(gathered.then)
    return done


async def _once(name: str, attempt: Attempt[Done], on: str, *, may_ask: bool = False) -> Done:
    """One try in a transaction, and what was asked for after its commit."""
    done, then = await _committed(name, partial(_whole, attempt, may_ask=may_ask), on)
    _follow(then)
    return done


def _follow(then: writing.Then) -> None:
    for each in then:
        # by the loop, so that nothing that goes wrong there is taken for the command's
        asyncio.get_running_loop().call_soon(each)


async def _whole(attempt: Attempt[Done], *, may_ask: bool) -> tuple[Done, writing.Then]:
    """What comes of it, all it decided to write being sent, and what it wants done after its commit."""
    with writing.sheet(may_ask=may_ask) as gathered:
        done = await attempt()
        await gathered.settle()
    return done, gathered.then


async def _committed(name: str, attempt: Callable[[], Coroutine[Any, Any, Done]], on: str) -> Done:
    """What comes of it in a transaction: whole on the writer's thread where there is one, else on the loop."""
    client = get_connection(on)
    if on == COMMANDS and isinstance(client, SqliteClient) and client.writer and name not in strayed:
        try:
            return await client.writer.done(name, attempt)
        except Strayed:
            # nothing of it is left
            strayed.add(name)
            _log.warning("%s awaits something else than its database, so it runs on the event loop", name)
    async with _turn(client), in_transaction(on):
        return await attempt()


def _turn(client: Any) -> AbstractAsyncContextManager[None]:
    """A place among the commands under way on a server; whoever waits for it has not begun, and may yet leave."""
    return client.turn if isinstance(client, PostgresClient) else nullcontext()


def _name(command: Callable[..., Any]) -> str:
    return f"{command.__module__}.{command.__qualname__}"


def is_retryable(error: BaseException) -> bool:
    """Whether the database, not the command, is the reason, and another try may do."""
    for cause in _chain(error):
        state = getattr(cause, "sqlstate", None)
        if state in SERIALISATION or state in (UNIQUE, FOREIGN_KEY):
            return True
    if isinstance(error, OperationalError):
        return "database is locked" in str(error)
    return isinstance(error, IntegrityError) and "UNIQUE constraint failed" in str(error)


def _chain(error: BaseException) -> list[BaseException]:
    """The error, what it was raised from, and what it wraps."""
    wrapped = [arg for arg in error.args if isinstance(arg, BaseException)]
    return [each for each in (error, error.__cause__, *wrapped) if each is not None]


def _ended(told: "asyncio.Future[Any]", task: "asyncio.Task[Any]") -> None:
    """Let go of a finished transaction and tell the caller how it ended, unless they have left."""
    _running.discard(task)
    error = None if task.cancelled() else task.exception()
    if told.done():
        if error is not None:
            _log.debug("a transaction ended with %s", type(error).__name__)
    elif task.cancelled():
        told.cancel()
    elif error is not None:
        told.set_exception(error)
    else:
        told.set_result(task.result())
