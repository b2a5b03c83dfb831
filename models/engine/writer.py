"""The writer: whole transactions of SQLite done in one go on the connection's thread, several to a commit.

A command awaits nothing but its database, so the thread that has the database may itself drive the command's
coroutine: every statement inside returns without suspending, and the event loop is woken once, with the outcome.
Commands that wait when the thread comes to them share a transaction, each within a savepoint, and one commit.
Nobody is told anything before that commit, not even a refusal: it may rest on what another command of the group
wrote. Where the commit fails, the group is undone and each is done again alone.
"""

import asyncio
import contextlib
import sqlite3
import time
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from contextvars import Context, ContextVar, copy_context
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from tortoise.connection import get_connections

T = TypeVar("T")

MOST = 64
"""How many commands share a commit."""

LATEST_SECONDS = 0.02
"""How long after its first command a group still takes another one."""

LONG_SECONDS = 0.1
"""A command that took longer than that goes alone the next time: nobody who came before waits for its end."""

ELSEWHERE_SECONDS = 30.0
"""How long the thread waits for the event loop to do something for a command."""


class Strayed(BaseException):
    """A command awaits something that the writer cannot give it. No refusal and no fault, so nothing catches it."""


class Transaction(Protocol):
    """A transaction whose statements are answered in the calling thread."""

    connection_name: str

    @property
    def at(self) -> sqlite3.Connection:
        """The connection it is on."""

    async def begin(self) -> None:
        """Take the write lock."""

    async def commit(self) -> None:
        """Make the writes last, or undo them all and say why not."""

    async def rollback(self) -> None:
        """Undo the writes."""


@dataclass(slots=True, eq=False)
class Work:
    """A command that waits for its turn, and who waits for its outcome."""

    name: str
    attempt: Callable[[], Coroutine[Any, Any, Any]]
    context: Context
    done: "asyncio.Future[Any]"
    alone: bool = False


@dataclass(slots=True, eq=False)
class Outcome:
    """What a command came to, once it is known to last."""

    work: Work
    value: Any = None
    error: BaseException | None = None


@dataclass(frozen=True, slots=True)
class Driver:
    """The loop that a command driven by the thread came from, and the context it was asked for in."""

    loop: asyncio.AbstractEventLoop
    context: Context


_driver: ContextVar[Driver | None] = ContextVar("driver", default=None)


def check_on_loop() -> None:
    """See that whoever asks runs on the event loop. Raises: Strayed."""
    if _driver.get() is not None:
        raise Strayed


async def elsewhere(work: Coroutine[Any, Any, T]) -> T:
    """Await something that is not the command's own database; the thread waits while the event loop does it."""
    driver = _driver.get()
    if driver is None:
        return await work
    return driver.context.run(asyncio.run_coroutine_threadsafe, work, driver.loop).result(ELSEWHERE_SECONDS)


def finished(coroutine: Coroutine[Any, Any, T]) -> T:
    """What a coroutine returns that never waits.

    Raises: Strayed, when it does.
    """
    try:
        coroutine.send(None)
    except StopIteration as ended:
        value: T = ended.value
        return value
    except (RuntimeError, AttributeError) as error:
        if _misses_loop(error):
            raise Strayed from error
        raise
    with contextlib.suppress(RuntimeError):  # it may not even go without waiting
        coroutine.close()
    raise Strayed


def _misses_loop(error: RuntimeError | AttributeError) -> bool:
    """Whether asyncio was asked for something that takes an event loop, and found that the thread has none."""
    if isinstance(error, AttributeError):
        return error.obj is None and hasattr(asyncio.AbstractEventLoop, str(error.name))
    return "event loop" in str(error)


def _driven(work: Work, driver: Driver, transaction: Transaction) -> Any:
    """The command's outcome, in the context it was asked for in."""
    _driver.set(driver)
    get_connections().set(transaction.connection_name, transaction)  # type: ignore[arg-type]  # it is a client
    return finished(work.attempt())


class Group:
    """Commands that share one transaction, and so one fate."""

    def __init__(self, loop: asyncio.AbstractEventLoop, transaction: Callable[[], Transaction]) -> None:
        self.loop = loop
        self.begins = transaction
        self.open: Transaction | None = None
        self.is_over = False
        self.asked: list[Outcome] = []
        self.undecided: list[Outcome] = []
        """Those that are done, and wait for the commit."""
        self.decided: list[Outcome] = []
        self.again: list[Work] = []

    def add(self, work: Work) -> None:
        """Do one more."""
        outcome = Outcome(work)
        self.asked.append(outcome)
        if self.open is None:
            try:
                self.open = self.begins()
                finished(self.open.begin())
            except Exception as error:
                outcome.error, self.open, self.is_over = error, None, True
                self.decided.append(outcome)
                return
        if self.undecided:
            self._beside(outcome, self.open)
        else:
            self._first(outcome, self.open)

    def _drive(self, outcome: Outcome, transaction: Transaction) -> None:
        work = outcome.work
        try:
            outcome.value = work.context.copy().run(_driven, work, Driver(self.loop, work.context), transaction)
        except BaseException as error:
            # without this frame, which would hold the error that holds it
            outcome.error = error.with_traceback(error.__traceback__ and error.__traceback__.tb_next)

    def _first(self, outcome: Outcome, transaction: Transaction) -> None:
        """Nothing else is in the transaction: a failure undoes it."""
        self._drive(outcome, transaction)
        if outcome.error is None:
            self.undecided.append(outcome)
            self.is_over = not transaction.at.in_transaction
            return
        self.open = None
        self.decided.append(outcome)
        try:
            finished(transaction.rollback())
        except sqlite3.Error as error:
            outcome.error = error

    def _beside(self, outcome: Outcome, transaction: Transaction) -> None:
        """Others have written before: a failure undoes the command alone, unless it took the transaction along."""
        self.undecided.append(outcome)
        try:
            transaction.at.execute("SAVEPOINT command")
            self._drive(outcome, transaction)
            if outcome.error is not None:
                transaction.at.execute("ROLLBACK TO command")
            transaction.at.execute("RELEASE command")
        except sqlite3.Error as error:
            # SQLite itself undoes the whole transaction, savepoints and all, when for example the disk is full
            outcome.error = error
            transaction.at.rollback()
        self.is_over = not transaction.at.in_transaction

    def close(self) -> None:
        """Make it all last; or leave nothing of it, and have each done again alone."""
        if self.open is None:
            return
        try:
            finished(self.open.commit())
        except Exception as error:
            self._undone(error)
        else:
            self.decided += self.undecided

    def fail(self, error: BaseException) -> None:
        """Leave nothing of it, and tell everybody who was not told that the writer failed."""
        if self.open is not None:
            with contextlib.suppress(sqlite3.Error):
                self.open.at.rollback()
        for outcome in self.asked:
            if outcome not in self.decided:
                outcome.error = error
                self.decided.append(outcome)

    def _undone(self, error: BaseException) -> None:
        if len(self.undecided) == 1:
            self.undecided[0].error = error
            self.decided += self.undecided
            return
        self.again = [outcome.work for outcome in self.undecided]
        for work in self.again:
            work.alone = True


class Writer:
    """Who waits for the writing thread, in order of arrival."""

    def __init__(
        self,
        turn: Callable[[], contextlib.AbstractAsyncContextManager[Any]],
        transaction: Callable[[], Transaction],
    ) -> None:
        self._turn = turn
        self._transaction = transaction
        self._waiting: deque[Work] = deque()
        self._long: set[str] = set()
        self._pump: asyncio.Task[None] | None = None

    async def done(self, name: str, attempt: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """What the command of that name returns, committed. Who is cancelled before its turn withdraws it.

        Raises: Strayed, when it awaits something else than its database. Nothing of it remains.
        """
        loop = asyncio.get_running_loop()
        work = Work(name, attempt, copy_context(), loop.create_future())
        self._waiting.append(work)
        if self._pump is None or self._pump.done():
            self._pump = loop.create_task(self._pumped(loop))
        value: T = await work.done
        return value

    async def _pumped(self, loop: asyncio.AbstractEventLoop) -> None:
        """One group after another until nobody waits; between two of them others may have the connection."""
        try:
            while self._waiting:
                try:
                    async with self._turn() as connection:
                        await connection._execute(self._group, loop)
                except Exception as error:
                    # there is no connection: the first is told so, as they would be alone
                    if self._waiting:
                        _tell([Outcome(self._waiting.popleft(), error=error)])
        finally:
            # nothing was awaited since nobody waited; unless the loop ends, and everybody's waiting with it
            self._pump = None
            for work in tuple(self._waiting):
                work.done.cancel()

    def _group(self, loop: asyncio.AbstractEventLoop) -> None:
        """On the thread: do those who wait, and tell them all at once."""
        group = Group(loop, self._transaction)
        try:
            self._fill(group)
            group.close()
        except BaseException as error:
            group.fail(error)
        self._waiting.extendleft(reversed(group.again))
        loop.call_soon_threadsafe(_tell, group.decided)

    def _fill(self, group: Group) -> None:
        latest = time.monotonic() + LATEST_SECONDS
        while not group.is_over and (work := self._next(group)):
            began = time.monotonic()
            group.add(work)
            ended = time.monotonic()
            (self._long.add if ended - began > LONG_SECONDS else self._long.discard)(work.name)
            if work.alone or len(group.asked) >= MOST or ended > latest:
                break

    def _next(self, group: Group) -> Work | None:
        """Who is next to join; None, when nobody waits or they go alone."""
        while self._waiting:
            work = self._waiting[0]
            if group.undecided and (work.alone or work.name in self._long):
                return None
            self._waiting.popleft()
            if not work.done.cancelled():
                return work
        return None


def _tell(outcomes: Sequence[Outcome]) -> None:
    for outcome in outcomes:
        done = outcome.work.done
        if done.done():
            continue
        if outcome.error is None:
            done.set_result(outcome.value)
        else:
            done.set_exception(outcome.error)
            done.exception()  # whoever is torn away in this moment never asks
