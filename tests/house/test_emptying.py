"""After a test: what looks at the database sees what `loyalty verify` sees, and leaves nothing behind."""

import sqlite3
from contextlib import closing

import pytest
from tortoise.backends.base.client import BaseDBAsyncClient

from models.engine.sqlite import Client
from models.invariants import INVARIANTS, _plain, violations
from tests.conftest import tables_children_first
from tests.emptying import read_by, sweeper
from tests.people import buy, member, programme, redeem


@pytest.mark.corrupts
async def test_what_is_wrong_is_suspected_and_what_is_right_is_not(database: BaseDBAsyncClient) -> None:
    await programme()
    mei = await member("Mei")
    await buy(mei, 100_00)
    await redeem(mei, 40)
    assert await sweeper().suspicions() == []
    await database.execute_query("UPDATE points_account SET available = available + 1")
    await database.execute_query("UPDATE member SET event_seq = event_seq + 1")
    suspected = await sweeper().suspicions()
    assert suspected == list(dict.fromkeys(each.name for each in await violations()))
    assert {"balances", "event sequence"} <= set(suspected)


@pytest.mark.corrupts
async def test_nothing_is_left_behind(database: BaseDBAsyncClient) -> None:
    await programme()
    await buy(await member("Mei"), 100_00)
    await sweeper().sweep()
    for table in tables_children_first():
        assert await database.execute_query_dict(f'SELECT 1 AS found FROM "{table}" LIMIT 1') == [], table


async def test_an_empty_database_breaks_no_invariant() -> None:
    assert await violations() == []


@pytest.mark.either
async def test_it_is_known_what_each_invariant_reads(database: Client) -> None:
    tables = tables_children_first()
    read: set[str] = set()

    def sees(action: int, name: str | None, *_: object) -> int:
        if action == sqlite3.SQLITE_READ:
            read.add(name or "")
        return sqlite3.SQLITE_OK

    with closing(sqlite3.connect(database.filename)) as connection:
        connection.set_authorizer(sees)
        for each in INVARIANTS:
            read.clear()
            connection.execute(f"EXPLAIN {_plain(each.query)}")
            assert read & set(tables) <= set(read_by(each, tables)), each.name
            assert read & set(tables), each.name
