"""Straying: what a command may await on SQLite's writer, and what comes of one that awaits something else."""

import asyncio
import threading
from contextvars import ContextVar

import pytest

from models.engine.sqlite import Client
from models.engine.writer import Strayed, elsewhere
from tests.foundation.scratch import Box
from tests.foundation.writing import (
    ADD,
    SLOW,
    Attempt,
    NoMoreError,
    adding,
    of,
    together,
    volumes,
)

pytestmark = pytest.mark.anyio


async def sleeps_a_moment() -> None:
    await ADD.run(1)
    await asyncio.sleep(0)


async def sleeps() -> None:
    await ADD.run(1)
    await asyncio.sleep(0.001)


async def waits() -> None:
    await ADD.run(1)
    await asyncio.Event().wait()


async def saves() -> None:
    await Box.create(volume=1)  # Tortoise gathers who listens to its signals


async def insists() -> None:
    try:
        await sleeps_a_moment()
    finally:
        await asyncio.sleep(0)


@pytest.mark.parametrize("foreign", [sleeps_a_moment, sleeps, waits, saves, insists])
async def test_who_awaits_something_else_is_undone_and_told_apart(sqlite_client: Client, foreign: Attempt) -> None:
    first, strayed, last = await together(sqlite_client, adding(3), foreign, adding(4))
    assert isinstance(strayed, Strayed)
    assert (first, last) == (1, 2)
    with pytest.raises(Strayed):
        await of(sqlite_client).done("alone", foreign)
    assert await volumes() == [3, 4]


async def test_who_asks_the_loops_own_connection_has_strayed(sqlite_client: Client) -> None:
    async def reads() -> None:
        await ADD.run(1)
        await sqlite_client.execute_query_dict("SELECT 1")

    async def begins() -> None:
        await ADD.run(1)
        async with sqlite_client._in_transaction():
            pass

    for each in (reads, begins):
        with pytest.raises(Strayed):
            await of(sqlite_client).done("foreign", each)
    assert await asyncio.wait_for(volumes(), 5) == []


async def test_what_is_elsewhere_is_done_by_the_loop_and_its_errors_come_back(sqlite_client: Client) -> None:
    threads = list[str]()

    async def fail() -> None:
        threads.append(threading.current_thread().name)
        await asyncio.sleep(0)
        raise NoMoreError

    async def fetch() -> int:
        await asyncio.sleep(0.001)
        return 5

    async def command() -> int:
        threads.append(threading.current_thread().name)
        with pytest.raises(NoMoreError):
            await elsewhere(fail())
        await ADD.run(await elsewhere(fetch()))
        return 1

    assert await of(sqlite_client).done("command", command) == 1
    assert threads[1] == threading.current_thread().name != threads[0]
    assert await volumes() == [5]
    assert await elsewhere(fetch()) == 5


WHO: ContextVar[str] = ContextVar("who", default="nobody")


async def test_a_command_sees_its_callers_context_and_changes_nobody_elses(sqlite_client: Client) -> None:
    async def who() -> str:
        found = WHO.get()
        WHO.set("somebody else")
        return found

    async def ask(name: str) -> str:
        WHO.set(name)
        answer: str = await of(sqlite_client).done("who", who)
        return f"{answer} {WHO.get()}"

    async with sqlite_client.acquire_connection():
        callers = [asyncio.create_task(ask(name)) for name in ("Mei", "Wang")]
        await asyncio.sleep(0)
    assert await asyncio.gather(*callers) == ["Mei Mei", "Wang Wang"]


async def test_the_loop_goes_on_while_the_thread_works(sqlite_client: Client) -> None:
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.001)
            ticks += 1

    ticking = asyncio.create_task(tick())
    await of(sqlite_client).done("slow", SLOW.value)
    ticking.cancel()
    assert ticks > 5
