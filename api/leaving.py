"""Leaving: answers that are ready in one turn of the event loop leave together.

To write to a connection wakes whoever waits at its other end. Where that is a process of the same machine, as a
proxy is, to wake it costs as much as a fifteenth of a member's home. Of answers that leave one right behind the
other, only the first finds it asleep.
"""

import asyncio
import logging
from weakref import WeakKeyDictionary, ref

MOST = 8
"""How many answers wait for each other, at most: the first one does for as long as the others take to be made."""

_log = logging.getLogger("loyalty.leaving")


class Leaving:
    """The answers of one event loop that have yet to leave."""

    __slots__ = ("_loop", "_waiting")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        # it is found by its loop, which it must not keep
        self._loop = ref(loop)
        self._waiting: list[tuple[asyncio.Transport, bytes]] = []

    def write(self, transport: asyncio.Transport, answer: bytes) -> None:
        """Have an answer leave with the others of this turn.

        Whatever begins after it leaves after it. Who closes the connection before the turn is over has to say so,
        by `now`.
        """
        self._waiting.append((transport, answer))
        if len(self._waiting) == 1 and (loop := self._loop()) is not None:
            loop.call_soon(self.now)
        elif len(self._waiting) == MOST:
            self.now()

    def now(self) -> None:
        """Let all leave. A connection that cannot be written to is cut, and keeps nobody else's back."""
        waiting, self._waiting = self._waiting, []
        for transport, answer in waiting:
            try:
                if not transport.is_closing():
                    transport.write(answer)
            except Exception as error:
                # by its kind alone: what an error says may be what was to be written
                _log.warning("an answer could not be written: %s", type(error).__name__)
                transport.abort()


_known: WeakKeyDictionary[asyncio.AbstractEventLoop, Leaving] = WeakKeyDictionary()


def of_loop(loop: asyncio.AbstractEventLoop) -> Leaving:
    """What leaves in a loop."""
    known = _known.get(loop)
    if known is None:
        known = _known[loop] = Leaving(loop)
    return known
