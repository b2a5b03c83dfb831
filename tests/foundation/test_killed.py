"""Connections that PostgreSQL ends: whoever is on one hears that it is lost, and the next one gets another."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import asyncpg
import pytest

from models.database import is_away
from models.engine.asyncpg import Client as PostgresClient
from tests.foundation.conftest import scratch_database
from tests.foundation.test_readers import COUNT, SLOW, everybody_home, gone, pid, until
from tests.postgres import plain


async def test_a_killed_connection_is_replaced(postgres: PostgresClient) -> None:
    before = await pid(postgres)
    assert await pid(postgres) == before
    await postgres.execute_query_dict("SELECT pg_terminate_backend($1, 5000)", [before])
    await until(lambda: gone(postgres, before))
    assert await pid(postgres) != before


async def test_a_connection_killed_while_it_reads_is_away_and_replaced(postgres: PostgresClient) -> None:
    before = await pid(postgres)
    reading = asyncio.create_task(SLOW.value(50_000_000))
    await asyncio.sleep(0.05)
    await postgres.execute_query_dict("SELECT pg_terminate_backend($1)", [before])
    with pytest.raises(Exception) as lost:  # noqa: PT011  # the driver has several for it
        await reading
    assert is_away(lost.value)
    assert await pid(postgres) != before
    await until(lambda: everybody_home(postgres, 2))


def unheard(url: str, process: int) -> None:
    """End a process of the server. The event loop has heard nothing of it yet."""

    async def end() -> None:
        other = await asyncpg.connect(plain(url))
        await other.execute(f"SELECT pg_terminate_backend({process}, 5000)")
        await other.close()

    with ThreadPoolExecutor() as apart:
        apart.submit(asyncio.run, end()).result()


@pytest.mark.parametrize("turns", range(8))
async def test_a_connection_killed_while_it_rests_is_away_whenever_it_is_asked(
    empty_url: str, dialect: str, turns: int
) -> None:
    if dialect != "postgres":
        pytest.skip("SQLite has none")
    async with scratch_database(f"{empty_url}&readers=1&maxsize=1") as client:
        assert isinstance(client, PostgresClient)
        [own] = await client.execute_query_dict("SELECT pg_backend_pid() AS pid")
        asked: dict[int, Callable[[], Awaitable[Any]]] = {
            own["pid"]: lambda: client.execute_query_dict("SELECT 1"),
            await pid(client): COUNT.value,
        }
        for process, ask in asked.items():
            unheard(empty_url, process)
            for _ in range(turns):
                await asyncio.sleep(0)
            for answer in await asyncio.gather(ask(), return_exceptions=True):
                # it may have been heard in time
                assert not isinstance(answer, BaseException) or is_away(answer)
            await ask()
