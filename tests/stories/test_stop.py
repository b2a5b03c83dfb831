"""Stops: a worker that is told to leave leaves soon, and what it leaves undone falls to the next."""

import asyncio
import threading
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from api.clock import now
from api.worker import working
from models import invariants
from models.invariants import Invariant, Violation
from models.sql import SQL
from rules import jobs
from rules.jobs import TASKS, job
from rules.transactions import transaction

pytestmark = pytest.mark.anyio
JOBS = SQL("SELECT state, attempts, due_at FROM job WHERE name = 'dawdle'")
LONG = (
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000000)"
    " SELECT i FROM n WHERE i < 0"
)


@pytest.fixture(autouse=True)
def _no_other_jobs(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in tuple(TASKS):
        monkeypatch.delitem(TASKS, name)
    yield
    TASKS.pop("dawdle", None)


@transaction
async def promise() -> None:
    await jobs.enqueue("dawdle", "once", {}, now=now())


async def test_a_worker_told_to_leave_gives_up_a_long_job_and_keeps_its_lease(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("api.worker.LEAVE_SECONDS", 0.05)
    begun = asyncio.Event()

    @job("dawdle")
    async def dawdle(_: dict[str, Any], __: datetime) -> None:
        begun.set()
        await asyncio.Event().wait()

    await promise()
    async with asyncio.timeout(5):
        async with working():
            await begun.wait()
    [left] = await JOBS.rows()
    assert (left["state"], left["attempts"]) == ("READY", 1)
    assert left["due_at"] > now()


async def test_a_worker_told_to_leave_finishes_a_short_job(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, may_end = asyncio.Event(), asyncio.Event()

    @job("dawdle")
    async def dawdle(_: dict[str, Any], __: datetime) -> None:
        begun.set()
        await may_end.wait()

    await promise()
    async with working() as worker:
        await begun.wait()
        asyncio.get_running_loop().call_later(0.01, may_end.set)
    assert worker.stopping.is_set()
    assert [row["state"] for row in await JOBS.rows()] == ["DONE"]


RUNNING = SQL(
    "SELECT count(*) n FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'WITH broken%RECURSIVE n(i)%'",
    sqlite="SELECT 0 AS n",
)


async def test_a_verification_nobody_waits_for_ends_at_once(monkeypatch: pytest.MonkeyPatch, dialect: str) -> None:
    monkeypatch.setattr(invariants, "INVARIANTS", (Invariant("long", "Takes a minute to look through.", LONG),))
    at_work = threading.Semaphore(0)
    look = invariants._on_sqlite

    def watched(filename: str, given_up: threading.Event) -> list[Violation]:
        at_work.release()
        try:
            return look(filename, given_up)
        finally:
            at_work.release()

    monkeypatch.setattr(invariants, "_on_sqlite", watched)
    looking = asyncio.create_task(invariants.violations())
    async with asyncio.timeout(5):
        if dialect == "sqlite":
            await asyncio.to_thread(at_work.acquire)
        else:
            await until(1)
        looking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await looking
        if dialect == "sqlite":
            await asyncio.to_thread(at_work.acquire)
        await until(0)


async def until(running: int) -> None:
    """Wait until PostgreSQL runs so many verifications."""
    while await RUNNING.value() != running:  # noqa: ASYNC110  the database tells
        await asyncio.sleep(0.01)
