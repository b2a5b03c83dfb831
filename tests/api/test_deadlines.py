"""Deadlines: what takes too long is stopped where it waits, and all else is left alone."""

import asyncio
from threading import Thread

import pytest

from api import deadlines
from api.deadlines import Deadlines


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadlines, "TICK", 0.005)


async def test_what_takes_too_long_is_stopped_where_it_waits() -> None:
    watched = Deadlines()
    with pytest.raises(TimeoutError), watched.within(0.01):
        await asyncio.Event().wait()
    assert watched.under_way == set()
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0, "the task goes on as if nothing had been"


async def test_what_ends_in_time_is_left_alone() -> None:
    watched = Deadlines()
    with watched.within(0.02):
        await asyncio.sleep(0)
    await asyncio.sleep(0.05)
    with pytest.raises(ZeroDivisionError), watched.within(0.02):
        raise ZeroDivisionError


async def test_the_inner_of_two_ends_first_and_the_outer_goes_on() -> None:
    watched = Deadlines()
    with watched.within(5):
        with pytest.raises(TimeoutError), watched.within(0.01):
            await asyncio.Event().wait()
        await asyncio.sleep(0)
    with pytest.raises(TimeoutError), watched.within(0.01), watched.within(5):
        await asyncio.Event().wait()


async def test_somebody_elses_cancellation_is_not_taken_for_a_deadline() -> None:
    watched = Deadlines()

    async def work() -> None:
        with watched.within(5):
            await asyncio.Event().wait()

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert watched.under_way == set()


async def test_one_timer_looks_after_all_and_rests_when_there_is_nothing() -> None:
    watched = Deadlines()

    async def late() -> bool:
        try:
            with watched.within(0.01):
                await asyncio.Event().wait()
        except TimeoutError:
            return True
        return False

    assert await asyncio.gather(*(late() for _ in range(100))) == [True] * 100
    await asyncio.sleep(0.03)
    assert watched._loop is None
    assert await late(), "it begins anew"


def test_another_loop_has_a_timer_of_its_own() -> None:
    watched = Deadlines()

    async def late() -> None:
        with pytest.raises(TimeoutError), watched.within(0.01):
            await asyncio.Event().wait()

    async def hasty() -> None:
        with watched.within(5):
            await asyncio.sleep(0)

    for each in (hasty, late, hasty, late):
        asyncio.run(each())


def test_what_runs_in_another_thread_is_not_taken_for_what_runs_here() -> None:
    watched = Deadlines()

    ended: list[str] = []

    async def wait() -> None:
        with watched.within(0.01):
            await asyncio.wait({asyncio.create_task(asyncio.Event().wait())}, timeout=1)
            ended.append("by itself")

    async def late() -> None:
        with pytest.raises(TimeoutError):
            await wait()
        ended.append("in time")

    async def meanwhile() -> None:
        with watched.within(5):
            thread = Thread(target=lambda: asyncio.run(late()))
            thread.start()
            thread.join()
            assert ended == ["in time"]

    asyncio.run(meanwhile())
