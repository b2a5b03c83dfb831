"""A PostgreSQL with little room: what it lets in is used, and nobody waits for what it does not."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import asyncpg
import pytest

from models.database import is_away
from models.engine.asyncpg import Client as PostgresClient
from models.reading import warm
from models.sql import insert
from tests.foundation.conftest import scratch_database
from tests.foundation.scratch import Box
from tests.foundation.test_readers import COUNT, COUNTED, SLOW, everybody_home, until


@asynccontextmanager
async def let_in(url: str, most: int) -> AsyncIterator[str]:
    """The URL as somebody of whom the server lets in so many at most."""
    role = f"few_{uuid4().hex}"
    scheme, _, rest = url.partition("://")
    admin = await asyncpg.connect(url.partition("?")[0])
    [name, owner] = await admin.fetchrow("SELECT current_database(), current_user")
    await admin.execute(
        f'CREATE ROLE {role} LOGIN CONNECTION LIMIT {most}; ALTER DATABASE "{name}" OWNER TO {role}'
    )
    try:
        yield f"{scheme}://{role}@{rest.partition('@')[2]}"
    finally:
        await admin.execute(
            f'ALTER DATABASE "{name}" OWNER TO {owner}; DROP OWNED BY {role} CASCADE; DROP ROLE {role}'
        )
        await admin.close()


async def given_up(client: PostgresClient, left: int) -> bool:
    """Whether the readers that others have room for are closed."""
    return client.readers._places <= left


async def test_a_server_with_room_for_some_is_read_by_those_and_it_is_said(
    empty_url: str, dialect: str, caplog: pytest.LogCaptureFixture
) -> None:
    if dialect != "postgres":
        pytest.skip("PostgreSQL's readers")
    async with let_in(empty_url, 5) as url, scratch_database(f"{url}&readers=8&maxsize=2") as client:
        assert isinstance(client, PostgresClient)
        await warm(COUNT, COUNTED)
        [said] = [record.getMessage() for record in caplog.records]
        assert said.startswith("PostgreSQL has room for 4 of the 8 connections that read")
        await until(lambda: given_up(client, 2))
        await until(lambda: everybody_home(client, 2))
        await asyncio.gather(
            *(insert(Box, [{"id": uuid4()}]) for _ in range(4)), *(SLOW.value(9) for _ in range(99))
        )
        assert await COUNT.value() == 4
        client.readers._full_until = 0
        assert await asyncio.gather(*(SLOW.value(9_999) for _ in range(99))) == [9_999] * 99
        await until(lambda: everybody_home(client, 4))


async def test_a_server_with_room_for_nobody_is_away(empty_url: str, dialect: str) -> None:
    if dialect != "postgres":
        pytest.skip("PostgreSQL's readers")
    async with let_in(empty_url, 1) as url, scratch_database(f"{url}&readers=2&maxsize=1") as client:
        assert isinstance(client, PostgresClient)
        with pytest.raises(asyncpg.TooManyConnectionsError) as refused:
            await warm(COUNT)
        assert is_away(refused.value)
        assert client.readers._places == 0
