"""PostgreSQL's readers: a few connections of their own, of which the last one back is the first one out.

So are its writers, for what is written in one statement and needs no transaction. A connection is held while a
statement runs and no longer, so taking one is a list's `pop` and giving it back an `append`. Whatever happens to a
statement, its connection is given back only when it is known to be in order.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import Context
from math import inf
from typing import Any

from asyncpg.exceptions import PostgresError, TooManyConnectionsError
from tortoise.exceptions import DBConnectionError

WAIT_SECONDS = 10.0
"""How long a statement waits for a connection."""

REST_SECONDS = 300.0
"""How long a connection that nobody needed is kept, at least; at most, twice that."""

CLOSE_SECONDS = 10.0
FULL = TooManyConnectionsError
"""What a server says that lets nobody in because there are enough."""

FULL_SECONDS = 1.0
"""How long a server that has no room for another connection is not asked again, while there is one."""

DOUBTFUL = ("08", "25", "53", "57", "58", "XX")
"""How the SQLSTATE begins of an error after which a connection is not used again."""


class Readers:
    """At most so many connections, opened as they are needed."""

    def __init__(self, connect: Callable[[], Awaitable[Any]], most: int) -> None:
        self._connect = connect
        self.most = most
        self._idle: list[Any] = []
        self._unneeded = 0
        """How many of the idle ones, from the bottom, were never needed lately."""
        self._places = 0
        """How many connections are open, being opened, or being closed."""
        self._full_until = -inf
        """Until when no more are opened than there are, since the server had no room."""
        self._all: set[Any] = set()
        self._waiting: deque[tuple[float, asyncio.Future[Any]]] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._timers: dict[Callable[[], None], asyncio.TimerHandle] = {}
        self._closed: asyncio.Future[None] | None = None

    def take(self) -> Any:
        """An idle connection; None when there is none."""
        while self._idle:
            connection = self._idle.pop()
            if len(self._idle) < self._unneeded:
                self._unneeded = len(self._idle)
            if not connection.is_closed():
                return connection
            self._all.discard(connection)
            self._places -= 1
        return None

    async def wait(self) -> Any:
        """A new connection, or the next one that comes back.

        Raises: DBConnectionError, when none does in time; whatever keeps a new one from being opened.
        """
        loop = asyncio.get_running_loop()
        turn = loop.create_future()
        self._waiting.append((loop.time(), turn))
        self._after(WAIT_SECONDS, self._expire)
        if self._places < self.most and (not self._places or loop.time() >= self._full_until):
            self._places += 1
            self._begin(self._open())
        try:
            return await turn
        except asyncio.CancelledError:
            if not turn.cancelled() and turn.exception() is None:
                self.give(turn.result())
            raise

    def give(self, connection: Any) -> None:
        """Take back a connection that is in order."""
        if self._closed is not None and not self._waiting:
            self.retire(connection)
        elif self._waiting and (turn := self._next()) is not None:
            turn.set_result(connection)
        else:
            self._idle.append(connection)

    def settle(self, connection: Any, error: BaseException) -> None:
        """Take back a connection on which a statement failed, unless that leaves it in doubt."""
        refused = isinstance(error, PostgresError) and not str(error.sqlstate or "XX").startswith(DOUBTFUL)
        # the driver's own error, of a value that cannot be sent, has no severity: it leaves a statement prepared
        # and not run, for which the server waits within the statement's time and with its locks
        refused = refused and getattr(error, "severity", None) is not None
        if refused and not connection.is_closed():
            self.give(connection)
        else:
            self.retire(connection)

    def retire(self, connection: Any) -> None:
        """Close a connection; its place is free once the server has let it go."""
        self._begin(self._retire(connection))

    async def warm(self, prepare: Callable[[Any], Awaitable[None]]) -> int:
        """Open and prepare every connection there may be, or as many as the server has room for; says how many.

        Where it has not room for all, others need some, too: half of those that were opened are closed again.

        Raises: whatever keeps the first from being opened or prepared.
        """
        idle = list(iter(self.take, None))
        work = [self._prepared(prepare, each) for each in idle]
        free = self.most - self._places
        # kept at once: who waits meanwhile opens none beside them
        self._places += free
        work += [self._opened(prepare) for _ in range(free)]
        failed = [each for each in await asyncio.gather(*work, return_exceptions=True) if each is not None]
        if errors := [each for each in failed if not (self._all and isinstance(each, FULL))]:
            raise errors[0]
        opened = len(self._all)
        for _ in range(opened // 2 if failed else 0):
            if connection := self.take():
                self.retire(connection)
        return opened

    async def close(self) -> None:
        """Close all connections, once what runs on them has ended, but not wait for ever."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self._closed = asyncio.get_running_loop().create_future()
        try:
            while connection := self.take():
                self.retire(connection)
            if self._places:
                await asyncio.wait_for(self._closed, CLOSE_SECONDS)
        except TimeoutError:
            for connection in self._all:
                connection.terminate()
        finally:
            self._closed = None

    async def _prepared(self, prepare: Callable[[Any], Awaitable[None]], connection: Any) -> None:
        try:
            await prepare(connection)
        except BaseException as error:
            self.settle(connection, error)
            raise
        self.give(connection)

    async def _opened(self, prepare: Callable[[Any], Awaitable[None]]) -> None:
        try:
            connection = await self._connect()
        except BaseException as error:
            self._note_full(error)
            self._vacate()
            raise
        self._all.add(connection)
        self._after(REST_SECONDS, self._rest)
        await self._prepared(prepare, connection)

    def _note_full(self, error: BaseException) -> bool:
        """Remember for a while that the server has no room, if that is what it said."""
        if isinstance(error, FULL):
            self._full_until = asyncio.get_running_loop().time() + FULL_SECONDS
        return isinstance(error, FULL)

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        """Have it done by a task of its own: whoever waits may leave without cutting it short."""
        task = asyncio.get_running_loop().create_task(work, context=Context())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _open(self) -> None:
        """A new connection, in a place that was kept for it, for whoever waits longest."""
        began = asyncio.get_running_loop().time()
        try:
            connection = await self._connect()
        except Exception as error:
            if self._note_full(error) and self._all:
                # those there are will do; whoever waits is served by the next that comes back
                self._places -= 1
                return
            # but not where somebody came later: by then the server may be back
            if (turn := self._next(began)) is not None:
                turn.set_exception(error)
            self._vacate()
        else:
            self._all.add(connection)
            self._after(REST_SECONDS, self._rest)
            self.give(connection)

    async def _retire(self, connection: Any) -> None:
        try:
            await connection.close(timeout=CLOSE_SECONDS)
        except Exception:
            connection.terminate()
        finally:
            self._all.discard(connection)
            self._vacate()

    def _vacate(self) -> None:
        """Give up a place, or open another connection in it for those who wait."""
        if any(not turn.done() for _, turn in self._waiting):
            self._begin(self._open())
            return
        self._places -= 1
        if self._closed is not None and not self._places and not self._closed.done():
            self._closed.set_result(None)

    def _next(self, before: float = inf) -> asyncio.Future[Any] | None:
        """Who waits longest, if they came before that."""
        while self._waiting and self._waiting[0][0] <= before:
            _, turn = self._waiting.popleft()
            if not turn.done():
                return turn
        return None

    def _after(self, seconds: float, then: Callable[[], None]) -> None:
        """Have it done once after so long; what is due already stays due."""
        if then not in self._timers:
            self._timers[then] = asyncio.get_running_loop().call_later(seconds, then)

    def _expire(self) -> None:
        """Send those away who have waited long enough."""
        self._timers.pop(self._expire).cancel()
        now = asyncio.get_running_loop().time()
        while (turn := self._next(now - WAIT_SECONDS)) is not None:
            turn.set_exception(DBConnectionError(f"No connection came free within {WAIT_SECONDS:g} s."))
        if self._waiting:
            self._after(self._waiting[0][0] + WAIT_SECONDS - now, self._expire)

    def _rest(self) -> None:
        """Close the connections that nobody has needed since the last time."""
        self._timers.pop(self._rest).cancel()
        unneeded, self._idle = self._idle[: self._unneeded], self._idle[self._unneeded :]
        for connection in unneeded:
            self.retire(connection)
        self._unneeded = len(self._idle)
        if self._places > len(unneeded):
            self._after(REST_SECONDS, self._rest)
