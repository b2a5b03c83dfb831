"""The worker: takes due jobs and does them, in the server's process or in one of its own."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime

from api.clock import now
from api.watching import JOBS
from models.database import is_away
from rules import (
    finance,
    gifts,
    housekeeping,
    jobs,
    lifecycle,
    partners,
    points,
    purchases,
    referrals,
    tiers,
    webhooks,
)
from rules.jobs import TASKS, Lease

IDLE = 0.5
"""Seconds between looks when nothing is due."""

AWAY = 5.0
"""Seconds to wait when the database does not answer."""

SLOTS = 15.0
"""Seconds between looks for recurring jobs."""

LEAVE_SECONDS = 5.0
"""How long a worker that is told to stop may go on with the job under way."""

ROOMS = (finance, gifts, housekeeping, lifecycle, partners, points, purchases, referrals, tiers, webhooks)
"""The rooms whose jobs a worker does; a room enters its jobs when it is imported."""

_log = logging.getLogger("loyalty.worker")


class Worker:
    """Does jobs until it is stopped. Any number may run; each job is leased to one of them."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.clock = clock
        self.stopping = asyncio.Event()
        self._slots_at = 0.0

    async def run(self) -> None:
        """Work until `stop` is called; a job under way is finished first."""
        while not self.stopping.is_set():
            try:
                pause = 0.0 if await self.once() else IDLE
            except Exception as error:
                # the database may be away for a while; the worker outlives that
                away = is_away(error)
                said = "the worker could not look for jobs: %s"
                _log.error(said, type(error).__name__, exc_info=None if away else error)
                pause = AWAY
            if pause:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self.stopping.wait(), pause)

    def stop(self) -> None:
        """Ask the worker to end."""
        self.stopping.set()

    async def once(self) -> int:
        """Do what is due now, one job of each kind, and say how many there were."""
        loop_time = asyncio.get_running_loop().time()
        if loop_time >= self._slots_at:
            self._slots_at = loop_time + SLOTS
            await jobs.open_slots(self.clock())
        did = 0
        for name in await jobs.due(self.clock()):
            if lease := await jobs.claim(name, now=self.clock()):
                await self.do(lease)
                did += 1
        return did

    async def do(self, lease: Lease) -> None:
        """Do one leased job; what goes wrong is written down, and tried again later."""
        task = TASKS[lease.name]
        try:
            async with asyncio.timeout(task.lease.total_seconds()):
                await task.work(lease.facts, self.clock())
        except Exception as error:
            _log.exception("job %s failed", lease.name, extra={"job": str(lease.id)})
            # the words of an error may hold what a log or a table should not
            await jobs.fail(lease, type(error).__name__, now=self.clock())
            JOBS.labels(lease.name, "dead" if lease.attempts >= task.attempts else "failed").inc()
        else:
            await jobs.finish(lease, now=self.clock())
            JOBS.labels(lease.name, "done").inc()


@asynccontextmanager
async def working() -> AsyncIterator[Worker]:
    """A worker beside whatever else this process does. It finishes its job before it leaves, if that is soon."""
    worker = Worker(now)
    task = asyncio.create_task(worker.run())
    try:
        yield worker
    finally:
        worker.stop()
        await asyncio.wait({task}, timeout=LEAVE_SECONDS)
        # what is given up now falls to whoever works when its lease has run out
        task.cancel()
        await asyncio.wait({task})
