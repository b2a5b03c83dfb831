"""Jotting: what requests leave in memory is written down beside them, once a second or once a minute."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from itertools import count

from api import watching
from rules import audit, keys

PAUSE = 1.0
"""Seconds between looks for denials."""

USES_EVERY = 60
"""After how many looks the last uses of keys are written."""

_log = logging.getLogger("loyalty.jotting")


@asynccontextmanager
async def jotting(clock: Callable[[], datetime]) -> AsyncIterator[None]:
    """A small task beside the requests, which jots until it is left, and then once more."""
    stopping = asyncio.Event()
    task = asyncio.create_task(_run(clock, stopping))
    try:
        yield
    finally:
        stopping.set()
        await task


async def _run(clock: Callable[[], datetime], stopping: asyncio.Event) -> None:
    for look in count(1):
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), PAUSE)
        watching.COUNTED.put_down()
        is_last = stopping.is_set()
        await jot(clock(), uses=is_last or look % USES_EVERY == 0)
        if is_last:
            return


async def jot(now: datetime, *, uses: bool) -> None:
    """Write down what was denied, and with `uses` when keys were last used. What cannot be written waits."""
    try:
        await audit.write_denials(now)
        if uses:
            await keys.write_uses()
    except Exception:
        # the database may be away for a while, and no request waits for this
        _log.exception("what requests left could not be written")
