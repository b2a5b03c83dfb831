"""Deadlines: what may take so long and no longer, watched together by one timer.

A timer for each request costs more than all else that is done for it here. A deadline passes up to `TICK` late.
"""

import asyncio
from threading import get_ident
from types import TracebackType

TICK = 0.05
"""Seconds between two looks at what is under way."""


class Deadlines:
    """The deadlines of all that is under way in one event loop."""

    def __init__(self) -> None:
        self.under_way: set[Deadline] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        """The loop whose timer is set; None while nothing is under way."""
        self._thread = 0
        """Where it runs."""

    def within(self, seconds: float) -> "Deadline":
        """So long may the block take; then it is cancelled, and raises TimeoutError, as `asyncio.timeout` does."""
        return Deadline(self, seconds)

    def here(self) -> "tuple[asyncio.Task[object], asyncio.AbstractEventLoop]":
        """The task that is running, and its loop, whose timer is set from now on.

        To ask which loop is running is a call of the system in this Python; in the thread of the loop that is
        watched already, it need not be asked.
        """
        loop = self._loop
        if loop is not None and self._thread == get_ident() and (task := asyncio.current_task(loop)) is not None:
            return task, loop
        loop = asyncio.get_running_loop()
        task = asyncio.current_task(loop)
        if task is None:
            raise RuntimeError("A deadline is for a task.")
        if self._loop is not loop:
            self._loop, self._thread = loop, get_ident()
            loop.call_later(TICK, self._look)
        return task, loop

    def _look(self) -> None:
        loop = self._loop
        if loop is None or not self.under_way:
            self._loop = None
            return
        moment = loop.time()
        for each in [each for each in self.under_way if each.ends_at <= moment]:
            each.pass_()
        loop.call_later(TICK, self._look)


class Deadline:
    """A block that may take so long."""

    __slots__ = ("_all", "_cancelling", "_is_over", "_task", "ends_at")

    _task: "asyncio.Task[object]"

    def __init__(self, watching: Deadlines, seconds: float) -> None:
        self._all = watching
        self._is_over = False
        self.ends_at = seconds

    def __enter__(self) -> None:
        self._task, loop = self._all.here()
        self._cancelling = self._task.cancelling()
        self.ends_at += loop.time()
        self._all.under_way.add(self)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._all.under_way.discard(self)
        if self._is_over and self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def pass_(self) -> None:
        """It is over: the block is cancelled where it waits."""
        self._all.under_way.discard(self)
        self._is_over = True
        self._task.cancel()
