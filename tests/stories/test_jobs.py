"""Jobs: promised in a transaction, done at least once, by one worker at a time."""

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from api.worker import Worker
from models.sql import SQL
from rules import jobs
from rules.jobs import TASKS, Lease, job
from rules.transactions import transaction
from tests.people import NOON, balance, buy, member, programme, redeem

JOBS = SQL("SELECT id, name, cause, state, attempts, fence, due_at, last_error FROM job ORDER BY id")
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def did(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A house with two kinds of jobs, greetings and failures, and the names of those that were done."""
    for name in tuple(TASKS):
        monkeypatch.delitem(TASKS, name)
    found: list[str] = []

    @job("greet", lease=MINUTE)
    async def greet(facts: dict[str, Any], _: datetime) -> None:
        found.append(facts["who"])

    @job("stumble", attempts=3)
    async def stumble(facts: dict[str, Any], _: datetime) -> None:
        found.append("stumbled")
        raise LookupError("a secret nobody may read in a table")

    return found


@pytest.fixture(autouse=True)
def _tasks_as_they_were() -> Iterator[None]:
    before = dict(TASKS)
    yield
    TASKS.clear()
    TASKS.update(before)


@transaction
async def promise(who: str, cause: str | None = None, *, due_at: datetime = NOON, name: str = "greet") -> bool:
    return await jobs.enqueue(name, cause or f"greeting:{who}", {"who": who}, now=NOON, due_at=due_at)


@transaction
async def promise_and_fail(who: str) -> None:
    await jobs.enqueue("greet", f"greeting:{who}", {"who": who}, now=NOON)
    raise LookupError


async def claimed(name: str = "greet", at: datetime = NOON) -> Lease:
    lease = await jobs.claim(name, now=at)
    assert lease is not None
    return lease


async def states() -> list[tuple[str, int]]:
    return [(row["state"], row["attempts"]) for row in await JOBS.rows()]


async def test_a_promise_is_kept_only_with_the_transaction_that_made_it(did: list[str]) -> None:
    with pytest.raises(LookupError):
        await promise_and_fail("Mei")
    assert await JOBS.rows() == []
    assert await promise("Mei")
    assert len(await JOBS.rows()) == 1


async def test_one_cause_is_promised_once_for_ever(did: list[str]) -> None:
    assert await promise("Mei", "birthday:2026")
    assert not await promise("Mei", "birthday:2026")
    await jobs.finish(await claimed(), now=NOON)
    assert not await promise("Mei", "birthday:2026")
    assert await promise("Mei", "birthday:2027")
    assert [row["state"] for row in await JOBS.rows()] == ["DONE", "READY"]


async def test_a_job_waits_for_its_moment_and_the_longest_waiting_comes_first(did: list[str]) -> None:
    await promise("Wang", due_at=NOON + 2 * SECOND)
    await promise("Mei", due_at=NOON + SECOND)
    assert await jobs.claim("greet", now=NOON) is None
    assert await jobs.due(NOON) == []
    assert await jobs.due(NOON + SECOND) == ["greet"]
    assert [(await claimed(at=NOON + 2 * SECOND)).facts["who"] for _ in range(2)] == ["Mei", "Wang"]


async def test_a_leased_job_is_nobody_elses_until_its_lease_ends(did: list[str]) -> None:
    await promise("Mei")
    first = await claimed()
    assert (first.facts, first.attempts, first.fence) == ({"who": "Mei"}, 1, 1)
    assert await jobs.claim("greet", now=NOON + MINUTE - SECOND) is None
    second = await claimed(at=NOON + MINUTE)
    assert (second.id, second.attempts, second.fence) == (first.id, 2, 2)


async def test_who_lost_their_lease_has_no_say_any_more(did: list[str]) -> None:
    await promise("Mei")
    late = await claimed()
    new = await claimed(at=NOON + MINUTE)
    assert not await jobs.finish(late, now=NOON + MINUTE)
    assert not await jobs.fail(late, "late", now=NOON + MINUTE)
    [row] = await JOBS.rows()
    assert (row["state"], row["last_error"]) == ("READY", None)
    assert await jobs.finish(new, now=NOON + MINUTE)
    assert not await jobs.finish(new, now=NOON + MINUTE)
    assert not await jobs.fail(new, "after the end", now=NOON + MINUTE)
    assert await states() == [("DONE", 2)]


async def test_a_failed_job_is_tried_again_after_a_while_and_buried_after_its_last_attempt(did: list[str]) -> None:
    await promise("Mei", name="stumble")
    for after in (0, 2, 6):
        assert await jobs.claim("stumble", now=NOON + after * SECOND - timedelta(milliseconds=1)) is None
        lease = await claimed("stumble", NOON + after * SECOND)
        assert await jobs.fail(lease, "x" * 500, now=NOON + after * SECOND)
    [row] = await JOBS.rows()
    assert (row["state"], row["attempts"], row["last_error"]) == ("DEAD", 3, "x" * 400)
    assert await jobs.claim("stumble", now=NOON + timedelta(days=365)) is None


async def test_a_job_whose_workers_all_died_is_buried_too(did: list[str]) -> None:
    await promise("Mei", name="stumble")
    at = NOON
    for _ in range(3):
        await claimed("stumble", at)
        at += MINUTE
    assert await jobs.claim("stumble", now=at) is None
    [row] = await JOBS.rows()
    assert (row["state"], row["last_error"]) == ("DEAD", "no worker lived to say")


async def test_a_dead_job_can_be_given_its_attempts_back(did: list[str]) -> None:
    await promise("Mei", name="stumble")
    [row] = await JOBS.rows()
    assert not await jobs.revive(row["id"], now=NOON), "it is not dead"
    for minutes in range(3):
        await jobs.fail(await claimed("stumble", NOON + minutes * MINUTE), "no", now=NOON + minutes * MINUTE)
    assert await states() == [("DEAD", 3)]
    assert await jobs.revive(row["id"], now=NOON)
    assert await states() == [("READY", 0)]
    assert (await claimed("stumble")).attempts == 1
    assert not await jobs.revive(UUID(int=5), now=NOON)


async def test_a_slot_of_a_recurring_job_comes_once_however_many_workers_ask(did: list[str]) -> None:
    @job("sweep", every=timedelta(hours=1))
    async def sweep(_: dict[str, Any], __: datetime) -> None:
        did.append("swept")

    opened = await asyncio.gather(*(jobs.open_slots(NOON + number * SECOND) for number in range(5)))
    assert sorted(opened) == [0, 0, 0, 0, 1]
    assert await jobs.open_slots(NOON + timedelta(minutes=59)) == 0
    assert await jobs.open_slots(NOON + timedelta(hours=1)) == 1
    assert [row["due_at"] for row in await JOBS.rows()] == [NOON, NOON + timedelta(hours=1)]


@pytest.mark.parametrize("workers", [2, 8])
async def test_two_workers_never_share_a_job(did: list[str], workers: int) -> None:
    for number in range(12):
        await promise(f"Member {number}")

    async def work() -> list[UUID]:
        found = []
        while lease := await jobs.claim("greet", now=NOON):
            found.append(lease.id)
        return found

    taken = await asyncio.gather(*(work() for _ in range(workers)))
    flat = [each for found in taken for each in found]
    assert len(flat) == len(set(flat)) == 12


async def test_a_worker_does_what_is_due_and_nothing_twice(did: list[str]) -> None:
    for who in ("Mei", "Wang"):
        await promise(who)
    await promise("Li", due_at=NOON + MINUTE)
    worker = Worker(lambda: NOON)
    while await worker.once():
        pass
    assert did == ["Mei", "Wang"]
    assert await states() == [("DONE", 1), ("DONE", 1), ("READY", 0)]


async def test_a_worker_marks_what_failed_and_goes_on(did: list[str], caplog: pytest.LogCaptureFixture) -> None:
    await promise("Mei", name="stumble", due_at=NOON - SECOND)
    await promise("Wang")
    worker = Worker(lambda: NOON)
    assert await worker.once() == 2
    assert did == ["stumbled", "Wang"]
    failed, done = await JOBS.rows()
    assert (failed["state"], failed["last_error"], failed["attempts"]) == ("READY", "LookupError", 1)
    assert done["state"] == "DONE"
    assert "secret" not in failed["last_error"]
    assert [record.message for record in caplog.records if record.name == "loyalty.worker"] == [
        "job stumble failed"
    ]


async def test_a_job_that_takes_longer_than_its_lease_has_failed(did: list[str]) -> None:
    @job("dawdle", lease=timedelta(milliseconds=20))
    async def dawdle(_: dict[str, Any], __: datetime) -> None:
        await asyncio.Event().wait()

    await promise("Mei", name="dawdle")
    assert await Worker(lambda: NOON).once() == 1
    [row] = await JOBS.rows()
    assert (row["state"], row["last_error"]) == ("READY", "TimeoutError")


async def test_a_job_nobody_knows_any_more_stays_and_holds_nobody_up(did: list[str]) -> None:
    await promise("Mei", name="forgotten")
    await promise("Wang")
    assert await Worker(lambda: NOON).once() == 1
    assert did == ["Wang"]
    assert await states() == [("READY", 0), ("DONE", 1)]


async def test_a_worker_outlives_a_database_that_is_away(
    did: list[str], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("api.worker.AWAY", 0.001)
    worker = Worker(lambda: NOON)
    looks = 0

    async def away() -> int:
        nonlocal looks
        looks += 1
        if looks == 1:
            raise ConnectionError
        worker.stop()
        return 1

    monkeypatch.setattr(worker, "once", away)
    await asyncio.wait_for(worker.run(), 5)
    assert looks == 2
    assert "could not look for jobs" in caplog.text


async def test_a_job_that_ran_twice_moves_points_once(did: list[str]) -> None:
    await programme()
    mei = await member("Mei")
    await buy(mei, 100_00)

    @job("reward", lease=MINUTE)
    async def reward(facts: dict[str, Any], now: datetime) -> None:
        await redeem(mei, 10, key=facts["who"], at=now)

    await promise("key-of-the-reward", name="reward")
    crashed = await claimed("reward")
    await TASKS["reward"].work(crashed.facts, NOON)
    assert await Worker(lambda: NOON + MINUTE).once() == 1
    assert (await balance(mei))["available"] == 90
    assert await states() == [("DONE", 2)]
