"""Warming: the statements of hot paths are known to every connection before the first request."""

import pytest

from api import warming
from models.sql import SQL
from rules import credentials

WAITING = SQL(
    "SELECT count(*) AS n FROM pg_stat_activity"
    " WHERE datname = current_database() AND state <> 'idle' AND pid <> pg_backend_pid()"
)


async def test_what_is_read_as_rows_anywhere_is_known_before_the_first_request() -> None:
    found = warming.readings()
    assert credentials.TOKEN in found
    assert len({id(each) for each in found}) == len(found)
    await warming.ready()


async def test_the_server_waits_for_nothing_once_it_knows_the_statements(dialect: str) -> None:
    if dialect == "sqlite":
        pytest.skip("SQLite has no server")
    await warming.ready()
    assert await WAITING.value() == 0
