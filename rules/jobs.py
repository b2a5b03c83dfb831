"""Jobs: work promised in a transaction and done after it, at least once, by whichever worker is free.

A job's function is repeatable: the commands it calls are told apart by their cause, so that a second run after a
crash finds the work done. A worker leases a job; when the lease runs out, another may take it, and the fence
keeps the first one's late word from counting.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from models.jobs import Job, JobState
from models.sql import SQL, insert
from rules.transactions import transaction

Work = Callable[[dict[str, Any], datetime], Awaitable[None]]

ERROR_MAX = 400
BACKOFF = timedelta(seconds=2)
BACKOFF_MAX = timedelta(hours=1)
DOUBLINGS = 16
"""More of them would not lengthen the wait, and too many would overflow it."""


@dataclass(frozen=True, slots=True)
class Task:
    """A kind of job: what to do, how often to try, how long one try may take, and how often it comes round."""

    name: str
    work: Work
    attempts: int
    lease: timedelta
    every: timedelta | None


TASKS: dict[str, Task] = {}
"""Every kind of job the house knows, by name."""


def job(
    name: str,
    *,
    attempts: int = 10,
    lease: timedelta = timedelta(minutes=1),
    every: timedelta | None = None,
) -> Callable[[Work], Work]:
    """Make a function the work of a job. With `every`, a slot of it falls due at each multiple of that span."""

    def register(work: Work) -> Work:
        TASKS[name] = Task(name, work, attempts, lease, every)
        return work

    return register


async def enqueue(
    name: str, cause: str, facts: dict[str, Any], *, now: datetime, due_at: datetime | None = None
) -> bool:
    """Promise a job, in the transaction that makes it necessary. Says whether the cause was new."""
    row = {
        "name": name,
        "cause": cause,
        "facts": facts,
        "state": JobState.READY,
        "due_at": due_at or now,
        "created_at": now,
    }
    return bool(await insert(Job, [row], ignore_conflicts=True))


@dataclass(frozen=True, slots=True)
class Lease:
    """A job in a worker's hands until the lease ends."""

    id: UUID
    name: str
    facts: dict[str, Any]
    attempts: int
    fence: int


CLAIM = SQL(
    "UPDATE job SET due_at = $1, attempts = attempts + 1, fence = fence + 1 WHERE id = ("
    "SELECT id FROM job WHERE state = 'READY' AND due_at <= $2 AND name = $3 ORDER BY due_at"
    " LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING id, name, facts, attempts, fence"
)
DUE = SQL("SELECT name, MIN(due_at) AS due_at FROM job WHERE state = 'READY' AND due_at <= $1 GROUP BY name")
DONE = SQL(
    "UPDATE job SET state = 'DONE', finished_at = $3, last_error = NULL"
    " WHERE id = $1 AND fence = $2 AND state = 'READY' RETURNING id"
)
AGAIN = SQL(
    "UPDATE job SET due_at = $3, last_error = $4 WHERE id = $1 AND fence = $2 AND state = 'READY' RETURNING id"
)
BURY = SQL(
    "UPDATE job SET state = 'DEAD', finished_at = $3, last_error = $4"
    " WHERE id = $1 AND fence = $2 AND state = 'READY' RETURNING id"
)
REVIVE = SQL(
    "UPDATE job SET state = 'READY', finished_at = NULL, attempts = 0, due_at = $2"
    " WHERE id = $1 AND state = 'DEAD' RETURNING id"
)


async def due(now: datetime) -> list[str]:
    """The names of the known jobs that wait, the one that has waited longest first."""
    rows = await DUE.rows(now)
    return [row["name"] for row in sorted(rows, key=lambda row: str(row["due_at"])) if row["name"] in TASKS]


@transaction
async def claim(name: str, *, now: datetime) -> Lease | None:
    """Lease the longest-waiting job of a name, or find none. No two workers get the same one.

    A job whose every attempt ended without a word, because its worker died with it, is buried instead.
    """
    row = await CLAIM.row(now + TASKS[name].lease, now, name)
    if row is None:
        return None
    lease = Lease(**row)
    if lease.attempts > TASKS[name].attempts:
        await BURY.row(lease.id, lease.fence, now, "no worker lived to say")
        return None
    return lease


@transaction
async def finish(lease: Lease, *, now: datetime) -> bool:
    """Mark a leased job done. Says no when the lease was lost meanwhile."""
    return await DONE.row(lease.id, lease.fence, now) is not None


@transaction
async def fail(lease: Lease, error: str, *, now: datetime) -> bool:
    """Put a leased job back for later, or bury it after its last attempt. Says no when the lease was lost."""
    said = error[:ERROR_MAX]
    if lease.attempts >= TASKS[lease.name].attempts:
        return await BURY.row(lease.id, lease.fence, now, said) is not None
    return await AGAIN.row(lease.id, lease.fence, now + backoff(lease.attempts), said) is not None


DEAD = SQL(
    "SELECT id, name, cause, last_error, finished_at FROM job WHERE state = 'DEAD'"
    " ORDER BY finished_at DESC LIMIT 100"
)


async def dead() -> list[dict[str, Any]]:
    """The jobs that died, newest first, 100 at most."""
    return await DEAD.rows()


@dataclass(frozen=True, slots=True)
class Backlog:
    """The jobs that wait for a worker, since when, and those that wait for an operator."""

    due: int
    oldest: datetime | None
    dead: int


WAITING = SQL(
    "SELECT state, COUNT(*) AS count, MIN(due_at) AS due_at FROM job"
    " WHERE state = 'DEAD' OR (state = 'READY' AND due_at <= $1) GROUP BY state"
)


async def backlog(now: datetime) -> Backlog:
    """What waits at this moment; a job that is leased does not."""
    rows = {row["state"]: row for row in await WAITING.rows(now)}
    ready, dead = rows.get(JobState.READY), rows.get(JobState.DEAD)
    return Backlog(ready["count"] if ready else 0, ready["due_at"] if ready else None, dead["count"] if dead else 0)


@transaction
async def revive(job_id: UUID, *, now: datetime) -> bool:
    """Give a dead job its attempts back."""
    return await REVIVE.row(job_id, now) is not None


@transaction
async def open_slots(now: datetime) -> int:
    """Promise this moment's slot of every recurring job; however many workers ask, each slot comes once."""
    opened = 0
    for task in TASKS.values():
        if task.every:
            slot = slot_of(now, task.every)
            opened += await enqueue(task.name, f"slot:{slot.isoformat()}", {}, now=now, due_at=slot)
    return opened


def slot_of(now: datetime, every: timedelta) -> datetime:
    """The latest multiple of the span since the epoch."""
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return epoch + (now - epoch) // every * every


def backoff(attempts: int) -> timedelta:
    """How long to wait after a failed attempt: two seconds, doubled each time, an hour at most."""
    return min(BACKOFF * (1 << min(attempts - 1, DOUBLINGS)), BACKOFF_MAX)
