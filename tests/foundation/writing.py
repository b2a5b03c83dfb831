"""Commands for SQLite's writer: boxes that are added, and what goes wrong with them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, cast

from models.engine.sqlite import Client
from models.engine.writer import Writer
from models.sql import SQL

Attempt = Callable[[], Coroutine[Any, Any, Any]]
VOLUMES = SQL("SELECT volume FROM box ORDER BY rowid")
ADD = SQL("INSERT INTO box (id, volume) VALUES (lower(hex(randomblob(16))), $1)")
ORPHAN = SQL("INSERT INTO b (a) VALUES (1)")
SLOW = SQL(
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400000) SELECT max(i) AS n FROM n"
)


def of(client: Client) -> Writer:
    assert client.writer
    return client.writer


@asynccontextmanager
async def sent(client: Client) -> AsyncIterator[list[str]]:
    """The first word of each statement that SQLite itself hears, those of transactions included."""
    heard: list[str] = []
    assert client._connection
    await client._connection.set_trace_callback(lambda text: heard.append(text.split(" ", 1)[0]))
    yield heard
    await client._connection.set_trace_callback(cast("Any", None))


async def together(client: Client, *attempts: Attempt) -> list[Any]:
    """What comes of commands that all wait when the writer comes to them."""
    async with client.acquire_connection():
        callers = [
            asyncio.create_task(of(client).done(f"{place}", attempt)) for place, attempt in enumerate(attempts)
        ]
        await asyncio.sleep(0)
    return await asyncio.gather(*callers, return_exceptions=True)


async def volumes() -> list[int]:
    return [row["volume"] for row in await VOLUMES.rows()]


def adding(volume: int) -> Attempt:
    """A command that makes a box, and answers how many there are then."""

    async def add() -> int:
        await ADD.run(volume)
        return len(await VOLUMES.rows())

    return add


class NoMoreError(Exception):
    """A command says no."""


async def no_more() -> None:
    await ADD.run(99)
    raise NoMoreError


async def orphan() -> None:
    """Writes what no commit takes."""
    await ADD.run(98)
    await ORPHAN.run()
