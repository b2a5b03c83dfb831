"""The readers: connections beside the writers', which lose nothing, write nothing and wait for nobody long."""

import asyncio
import random  # noqa: TID251  # the moment of a cancellation; seeded
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from tortoise.exceptions import BaseORMException, DBConnectionError, OperationalError

from models.database import is_away, opened
from models.engine import readers
from models.engine.asyncpg import Client as PostgresClient
from models.engine.reader import Reader
from models.engine.sqlite import Client as SqliteClient
from models.reading import Row, Rows, together, warm
from models.sql import SQL, insert
from tests.foundation.conftest import scratch, scratch_database
from tests.foundation.scratch import Box

Client = PostgresClient | SqliteClient


class CountRow(Row):
    n: int


COUNT = SQL("SELECT count(*) AS n FROM box")
COUNTED = Rows(CountRow, "SELECT count(*) AS n FROM box")
VOLUME = SQL("SELECT volume FROM box WHERE id = $1")
SLOW = SQL(
    "SELECT count(*) AS n FROM generate_series(1, $1::int)",
    sqlite="WITH RECURSIVE g(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM g WHERE n < $1) SELECT count(*) n FROM g",
)


@pytest.fixture
async def sqlite(empty_url: str, dialect: str) -> AsyncIterator[SqliteClient]:
    """SQLite, with its one reader."""
    if dialect != "sqlite":
        pytest.skip("SQLite's reader")
    async with scratch_database(empty_url) as client:
        assert isinstance(client, SqliteClient)
        yield client


async def until(true: Callable[[], Awaitable[bool]]) -> None:
    """Wait for it."""
    for _ in range(500):
        if await true():
            return
        await asyncio.sleep(0.01)
    pytest.fail("it did not come to pass")


async def test_hundreds_of_cancelled_readings_leak_nothing(empty_url: str, dialect: str) -> None:
    url = f"{empty_url}&readers=3" if dialect == "postgres" else empty_url
    rng = random.Random(9)
    async with scratch_database(url) as client:
        for _ in range(30):
            asked = [SLOW.value(rng.choice((1, 1, 20_000))) for _ in range(10)]
            asked += [together(COUNTED.asked(), COUNTED.asked())]
            tasks = [asyncio.ensure_future(each) for each in asked]
            for task in tasks:
                for _ in range(rng.randrange(6)):
                    await asyncio.sleep(rng.choice((0, 0, 0.0005)))
                task.cancel()
            for done in await asyncio.gather(*tasks, return_exceptions=True):
                assert isinstance(done, asyncio.CancelledError | int | tuple), repr(done)
        assert await asyncio.wait_for(asyncio.gather(*(SLOW.value(7) for _ in range(20))), 5) == [7] * 20
        if isinstance(client, PostgresClient):
            await until(lambda: everybody_home(client, 3))


async def everybody_home(client: PostgresClient, most: int) -> bool:
    """Whether all readers are idle, here and at the server."""
    found = client.readers
    [row] = await client.execute_query_dict(
        "SELECT count(*) AS n, count(*) FILTER (WHERE state = 'active') AS busy FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
    )
    others = client._pool.get_size() - 1 if client._pool else 0
    assert len(found._idle) <= found._places <= most
    return len(found._idle) == found._places == row["n"] - others and not row["busy"] and not found._tasks


async def test_a_reader_cannot_write(client: Client) -> None:
    await insert(Box, [{"id": uuid4()}])
    for text in ("DELETE FROM box RETURNING id", "CREATE TABLE more (a INTEGER)"):
        with pytest.raises(BaseORMException, match=r"read-?only"):
            await client.read(text, [], SQL.form)
    assert await COUNT.value() == 1


async def test_a_transaction_sees_what_it_wrote_and_nobody_else_does(client: Client) -> None:
    box = uuid4()

    async def told() -> list[Any]:
        [[counted], _] = await together(COUNTED.asked(), COUNTED.asked())
        return [await COUNT.value(), counted.n, await VOLUME.value(box)]

    begun, looked = asyncio.Event(), asyncio.Event()

    async def write() -> list[Any]:
        async with client._in_transaction():
            await insert(Box, [{"id": box, "volume": 3}])
            begun.set()
            await looked.wait()
            return await told()

    writing = asyncio.create_task(write())
    await begun.wait()
    assert await told() == [0, 0, None]
    looked.set()
    assert await writing == [1, 1, 3]
    assert await told() == [1, 1, 3]


async def test_every_text_is_heard(client: Client, statements: list[str]) -> None:
    await warm(COUNT, COUNTED)
    assert statements == []
    await COUNT.value()
    await together(COUNTED.asked(), COUNTED.asked())
    assert statements == [COUNT.postgres] * 3


async def test_a_wrong_statement_is_tortoises_error(client: Client) -> None:
    for _ in range(20):
        with pytest.raises(OperationalError, match="no_such"):
            await SQL("SELECT no_such FROM box").rows()
    assert await COUNT.value() == 0


async def test_a_new_column_is_read_by_those_who_knew_the_table_before(client: Client) -> None:
    everything = SQL("SELECT * FROM box")
    await insert(Box, [{"id": uuid4(), "volume": 3}])
    assert await everything.row() is not None
    await client.execute_script("ALTER TABLE box ADD COLUMN depth INTEGER")
    row = await everything.row()
    assert row is not None
    assert row["depth"] is None


async def test_a_client_that_was_closed_opens_again(client: Client) -> None:
    assert await COUNT.value() == 0
    await client.close()
    assert await asyncio.gather(*(COUNT.value() for _ in range(5))) == [0] * 5


async def pid(client: PostgresClient) -> int:
    """The reader's process at the server."""
    [row] = await client.read("SELECT pg_backend_pid() AS pid", [], SQL.form)
    found: int = row["pid"]
    return found


async def gone(client: PostgresClient, process: int) -> bool:
    """Whether the server has let a process go."""
    return not await client.execute_query_dict("SELECT 1 FROM pg_stat_activity WHERE pid = $1", [process])


async def test_a_value_that_cannot_be_sent_leaves_no_lock_behind(empty_url: str, dialect: str) -> None:
    if dialect != "postgres":
        pytest.skip("SQLite takes any")
    async with scratch_database(f"{empty_url}&statement_timeout=500ms&readers=1") as client:
        for _ in range(2):
            with pytest.raises(OperationalError):
                await VOLUME.value("no id")
        await client.execute_script("ALTER TABLE box ADD COLUMN depth INTEGER")
        assert await COUNT.value() == 0


async def test_what_is_cut_short_is_not_used_again(postgres: PostgresClient) -> None:
    before = await pid(postgres)
    reading = asyncio.create_task(SLOW.value(50_000_000))
    await asyncio.sleep(0.05)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert await pid(postgres) != before
    await until(lambda: gone(postgres, before))
    await until(lambda: everybody_home(postgres, 2))


async def test_a_statement_that_takes_too_long_ends_with_its_connection(empty_url: str, dialect: str) -> None:
    if dialect != "postgres":
        pytest.skip("SQLite sets no limit")
    async with scratch_database(f"{empty_url}&statement_timeout=500ms&readers=1") as client:
        assert isinstance(client, PostgresClient)
        before = await pid(client)
        with pytest.raises(Exception, match="statement timeout"):
            await SLOW.value(50_000_000)
        assert await pid(client) != before


async def test_nobody_waits_long_for_a_connection(
    postgres: PostgresClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readers, "WAIT_SECONDS", 0.3)
    await warm(COUNT)
    busy = [asyncio.create_task(SLOW.value(50_000_000)) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(DBConnectionError) as refused:
        await COUNT.value()
    assert is_away(refused.value)
    for task in busy:
        task.cancel()
    await asyncio.wait(busy)
    monkeypatch.setattr(readers, "WAIT_SECONDS", 10.0)
    assert await COUNT.value() == 0


async def test_who_waits_is_served_in_turn(empty_url: str, dialect: str) -> None:
    if dialect != "postgres":
        pytest.skip("PostgreSQL's readers")
    order: list[int] = []

    async def ask(number: int) -> None:
        await COUNT.value()
        order.append(number)

    async with scratch_database(f"{empty_url}&readers=1"):
        await asyncio.gather(*(ask(number) for number in range(40)))
    assert order == list(range(40))


async def test_a_server_that_cannot_be_reached_is_told_to_each_who_waits(
    postgres: PostgresClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(postgres, "host", "127.0.0.1")
        patch.setattr(postgres, "port", 1)
        for error in await asyncio.gather(*(COUNT.value() for _ in range(12)), return_exceptions=True):
            assert isinstance(error, OSError)
            assert is_away(error)
    assert await COUNT.value() == 0
    await until(lambda: everybody_home(postgres, 2))


async def test_connections_that_nobody_needs_are_closed(postgres: PostgresClient) -> None:
    await warm()
    assert len(postgres.readers._idle) == 2
    postgres.readers._rest()
    assert len(postgres.readers._idle) == 2
    await COUNT.value()
    postgres.readers._rest()
    assert len(postgres.readers._idle) == 1
    assert await COUNT.value() == 0


async def test_readers_have_the_settings_of_the_url_and_may_do_without_prepared_statements(
    empty_url: str, dialect: str
) -> None:
    if dialect != "postgres":
        pytest.skip("PostgreSQL's settings")
    url = f"{empty_url}&readers=2&statement_timeout=7s&application_name=till&statement_cache_size=0"
    async with scratch_database(url) as client:
        assert isinstance(client, PostgresClient)
        await warm(COUNT, COUNTED)
        found = await client.read_together(
            [(f"SHOW {name}", [], SQL.form) for name in ("statement_timeout", "application_name")]
            + [("SELECT count(*) AS n FROM pg_prepared_statements WHERE NOT from_sql AND name <> ''", [], SQL.form)]
        )
        assert found == [[{"statement_timeout": "7s"}], [{"application_name": "till"}], [{"n": 0}]]
        assert await COUNT.value() == 0


async def test_a_warm_reader_knows_the_statements(postgres: PostgresClient) -> None:
    await warm(COUNT, COUNTED, SQL("DELETE FROM box RETURNING id"))
    assert len(postgres.readers._idle) == 2
    known = ("SELECT count(*) AS n FROM pg_prepared_statements WHERE statement = $1", [COUNT.postgres], SQL.form)
    for connection in list(postgres.readers._idle):
        assert await connection.fetchval(known[0], *known[1]) == 2
    await COUNT.value()
    await COUNTED.row()
    assert await postgres.read(*known) == [{"n": 2}]
    with pytest.raises(OperationalError, match="no_such"):
        await warm(SQL("SELECT no_such FROM box"))


async def test_who_reads_while_all_are_opened_opens_none_beside_them(postgres: PostgresClient) -> None:
    await asyncio.gather(warm(COUNT), COUNT.value())
    assert len(postgres.readers._all) == 2


async def test_questions_that_wait_share_the_way_back(
    sqlite: SqliteClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    ways: list[Any] = []
    call = Reader._call
    await COUNT.value()

    def counted(self: Reader, *given: Any) -> None:
        ways.append(given)
        call(self, *given)

    monkeypatch.setattr(Reader, "_call", counted)
    first = asyncio.create_task(SLOW.value(200_000))
    await asyncio.sleep(0.001)
    assert await asyncio.gather(first, *(COUNT.value() for _ in range(50))) == [200_000, *[0] * 50]
    assert len(ways) <= 3
    ways.clear()
    await together(COUNTED.asked(), COUNTED.asked(), COUNTED.asked())
    assert len(ways) == 1


async def test_a_reading_under_way_keeps_no_writer_waiting(sqlite: SqliteClient) -> None:
    slow = asyncio.create_task(SLOW.value(300_000))
    await asyncio.sleep(0.01)
    await asyncio.wait_for(insert(Box, [{"id": uuid4()}]), 5)
    assert not slow.done()
    assert await slow == 300_000
    assert await COUNT.value() == 1


def reading_threads() -> set[threading.Thread]:
    """The threads of all readers; the suite's own database has some."""
    return {each for each in threading.enumerate() if each.name == "sqlite-reader"}


async def test_closing_answers_what_was_asked_and_ends_the_thread(sqlite: SqliteClient) -> None:
    others = reading_threads()
    asked = [asyncio.create_task(SLOW.value(50_000)) for _ in range(5)]
    await asyncio.sleep(0)
    [own] = reading_threads() - others
    await sqlite.close()
    assert await asyncio.gather(*asked) == [50_000] * 5
    assert own not in reading_threads()


@pytest.mark.parametrize("parameter", ["threads=off", "journal_mode=DELETE"])
async def test_some_files_are_read_where_they_are_written(empty_url: str, dialect: str, parameter: str) -> None:
    if dialect != "sqlite":
        pytest.skip("SQLite's reader")
    async with scratch_database(empty_url):
        pass
    others = reading_threads()
    async with opened(scratch(f"{empty_url}&{parameter}")):
        await insert(Box, [{"id": uuid4()}])
        assert await COUNT.value() == 1
        [[counted], _] = await together(COUNTED.asked(), COUNTED.asked())
        assert counted.n == 1
        assert reading_threads() <= others


async def test_a_file_that_is_gone_is_not_made_anew(sqlite: SqliteClient) -> None:
    path = Path(sqlite.filename)
    path.rename(path.with_suffix(".away"))  # noqa: ASYNC240  in a test
    with pytest.raises(OperationalError, match="unable to open"):
        await COUNT.value()
    path.with_suffix(".away").rename(path)
    assert await COUNT.value() == 0


async def test_a_reader_makes_one_plan_for_all_values(client: Client) -> None:
    if not isinstance(client, PostgresClient):
        pytest.skip("SQLite plans a text once")
    shown = SQL("SELECT current_setting('plan_cache_mode') AS mode")
    assert await shown.value() == "force_generic_plan"
