"""The engine: what plain Tortoise 1.1.9 loses, ours keeps."""

import asyncio
import random  # noqa: TID251  # the moment of a cancellation; seeded
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.exceptions import IntegrityError, TransactionManagementError

from models import engine
from models.engine import connection
from models.engine.sqlite import statements, text_of
from models.sql import SQL
from tests.foundation.conftest import scratch_database
from tests.foundation.scratch import Box, Colour, Thing

pytestmark = pytest.mark.anyio
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


async def boxes(client: BaseDBAsyncClient) -> int:
    """How many boxes there are, asked outside every transaction."""
    [row] = await client.execute_query_dict("SELECT count(*) AS n FROM box")
    count: int = row["n"]
    return count


async def test_two_thousand_cancellations_leak_nothing(empty_url: str, dialect: str) -> None:
    # a pool of three, opened beforehand: a leak of three is already a standstill
    url = f"{empty_url}&minsize=3&maxsize=3" if dialect == "postgres" else empty_url
    rng = random.Random(7)

    async def transact(client: BaseDBAsyncClient) -> None:
        async with client._in_transaction() as transaction:
            await transaction.execute_query_dict("SELECT 1")

    async with scratch_database(url) as client:
        for _ in range(100):
            tasks = [asyncio.create_task(transact(client)) for _ in range(20)]
            for task in tasks:
                for _ in range(rng.randrange(5)):
                    await asyncio.sleep(0)
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.wait_for(asyncio.gather(*(transact(client) for _ in range(12))), 5)


async def test_a_reading_that_is_cancelled_ends_as_cancelled(empty_url: str, dialect: str) -> None:
    url = f"{empty_url}&minsize=3&maxsize=3" if dialect == "postgres" else empty_url
    rng = random.Random(8)
    async with scratch_database(url) as client:
        for _ in range(50):
            tasks = [asyncio.create_task(client.execute_query_dict("SELECT 1 AS n")) for _ in range(6)]
            for task in tasks:
                for _ in range(rng.randrange(8)):
                    await asyncio.sleep(0)
                task.cancel()
            for done in await asyncio.gather(*tasks, return_exceptions=True):
                assert isinstance(done, asyncio.CancelledError) or done == [{"n": 1}], repr(done)
        assert await asyncio.wait_for(boxes(client), 5) == 0


async def test_a_turn_cancelled_while_the_connection_opens_is_given_back(empty_url: str) -> None:
    async with scratch_database(empty_url) as client:
        await client.close()
        for _ in range(5):
            task = asyncio.create_task(client.execute_query_dict("SELECT 1"))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        assert await asyncio.wait_for(boxes(client), 5) == 0


async def box_and(error: BaseException, client: BaseDBAsyncClient) -> None:
    """Make a box in a transaction, or in one within the client's, and fail."""
    async with client._in_transaction():
        await Box.create()
        raise error


async def test_every_error_rolls_back(client: BaseDBAsyncClient) -> None:
    for error in (TransactionManagementError("no"), KeyError("no"), asyncio.CancelledError()):
        with pytest.raises(type(error)):
            await box_and(error, client)
        async with client._in_transaction():
            pass
    assert await boxes(client) == 0


async def test_an_inner_transaction_is_undone_alone(client: BaseDBAsyncClient) -> None:
    async with client._in_transaction() as outer:
        await Box.create()
        with pytest.raises(TransactionManagementError):
            await box_and(TransactionManagementError("no"), outer)
    assert await boxes(client) == 1


async def test_a_refused_commit_leaves_a_connection_that_works(client: BaseDBAsyncClient, dialect: str) -> None:
    deferred = "DEFERRABLE INITIALLY DEFERRED"
    await client.execute_script(
        f"CREATE TABLE a (id INTEGER PRIMARY KEY); CREATE TABLE b (a INTEGER REFERENCES a (id) {deferred})"
    )
    with pytest.raises(IntegrityError if dialect == "sqlite" else Exception, match=r"(?i)foreign key"):
        async with client._in_transaction() as transaction:
            await transaction.execute_query("INSERT INTO b (a) VALUES (1)")
    async with client._in_transaction() as transaction:
        await transaction.execute_query("INSERT INTO a (id) VALUES (1)")
    assert await client.execute_query_dict("SELECT * FROM b") == []


WRITER = """
import asyncio, sys
from tests.foundation.conftest import scratch
from models.database import opened

async def main(url, count):
    async with opened(scratch(url)) as client:
        for _ in range(count):
            async with client._in_transaction() as transaction:
                await transaction.execute_query_dict("SELECT volume FROM box")
                await asyncio.sleep(0.005)  # so that the processes meet
                await transaction.execute_query("UPDATE box SET volume = volume + 1")

asyncio.run(main(sys.argv[1], int(sys.argv[2])))
"""


async def test_readers_that_turn_writers_in_three_processes_never_meet_a_lock(
    client: BaseDBAsyncClient, empty_url: str
) -> None:
    await Box.create()
    processes = [await python(WRITER, empty_url, "40") for _ in range(3)]
    for process in processes:
        _, errors = await process.communicate()
        assert process.returncode == 0, errors.decode()
    assert (await Box.get()).volume == 120


async def python(script: str, *arguments: str) -> asyncio.subprocess.Process:
    """A process of its own that runs the script at the project's root."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        script,
        *arguments,
        cwd=Path(__file__).parents[2],
        stderr=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )


async def test_a_connection_comes_back_without_a_reset(client: BaseDBAsyncClient, dialect: str) -> None:
    if dialect == "sqlite":
        await client.execute_query("SELECT 1")
        return
    async with client.acquire_connection() as first:
        before = first._con._protocol.queries_count
    async with client.acquire_connection() as second:
        assert second._con._protocol.queries_count == before


async def test_a_moment_is_one_text_whatever_its_zone(client: BaseDBAsyncClient) -> None:
    shanghai = NOON.astimezone(timezone(timedelta(hours=8)))
    box = await Box.create()
    await Thing.create(box=box, name="a", made_at=shanghai)
    assert await Thing.filter(made_at=NOON).count() == 1
    for moment in (NOON, shanghai):
        assert await Thing.filter(made_at__lte=moment, made_at__gte=moment).count() == 1
        assert await SQL("SELECT count(*) FROM thing WHERE made_at = $1").value(moment) == 1
    assert (await Thing.get()).made_at == NOON


async def test_a_moment_is_stored_as_tortoise_stores_it() -> None:
    field = Thing._meta.fields_map["made_at"]
    stored = field.to_db_value(NOON, Thing)
    assert text_of(NOON) == stored.isoformat(" ") == "2026-05-01 12:00:00+00:00"
    assert text_of(NOON + timedelta(microseconds=5)) > text_of(NOON)
    late = datetime.max.replace(tzinfo=timezone(timedelta(hours=-3, minutes=-30))) - timedelta(days=1)
    assert text_of(late) == late.astimezone(UTC).isoformat(" ")
    with pytest.raises(ValueError, match="no time zone"):
        text_of(NOON.replace(tzinfo=None))


async def test_every_statement_is_heard_inside_and_outside_a_transaction(
    client: BaseDBAsyncClient, statements: list[str]
) -> None:
    mark = "$1" if client.capabilities.dialect == "postgres" else "?"
    for where in ("outside", "inside"):
        statements.clear()
        async with client._in_transaction() as transaction:
            sender = client if where == "outside" and client.capabilities.dialect == "postgres" else transaction
            await sender.execute_query("SELECT 1")
            await sender.execute_query_dict("SELECT 2")
            await sender.execute_insert(f"INSERT INTO box (id, volume) VALUES ({mark}, 3)", [str(uuid4())])
            await sender.execute_many(f"INSERT INTO box (id, volume) VALUES ({mark}, 4)", [[str(uuid4())]])
            await sender.execute_script("SELECT 5; SELECT 6")
            await SQL("DELETE FROM box WHERE volume = 7").run()
        heard = "\n".join(statements)
        for number in range(1, 8):
            assert str(number) in heard


async def test_nothing_is_asked_of_an_observer_that_is_not_there(
    client: BaseDBAsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "observer", None)
    assert await boxes(client) == 0


@pytest.mark.parametrize("count", [1, 3])
async def test_a_batch_is_written_whole_or_not_at_all(client: BaseDBAsyncClient, count: int) -> None:
    mark = "$1" if client.capabilities.dialect == "postgres" else "?"
    same = str(uuid4())
    with pytest.raises(IntegrityError):
        await client.execute_many(
            f"INSERT INTO box (id, volume) VALUES ({mark}, 0)", [[str(uuid4())]] * count + [[same], [same]]
        )
    assert await boxes(client) == 0


async def test_a_script_inside_a_transaction_is_undone_with_it(client: BaseDBAsyncClient) -> None:
    async def fail() -> None:
        async with client._in_transaction() as transaction:
            await transaction.execute_script("CREATE TABLE left_over (a INTEGER); CREATE TABLE more (a INTEGER)")
            raise KeyError

    with pytest.raises(KeyError):
        await fail()
    await client.execute_script("CREATE TABLE left_over (a INTEGER)")


def test_a_script_is_divided_at_its_statements_only() -> None:
    trigger = "CREATE TRIGGER t BEFORE UPDATE ON a BEGIN SELECT 1; SELECT 'x;y'; END;"
    assert statements(f"SELECT ';' /* ; */; {trigger} SELECT 3") == [
        "SELECT ';' /* ; */;",
        trigger,
        "SELECT 3",
    ]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            "postgres://ann:p%40ss%2Fw@db:5433/shop",
            {"user": "ann", "password": "p@ss/w", "port": 5433, "host": "db"},
        ),
        ("postgresql:///shop?host=/run/pg&port=6000", {"host": "/run/pg", "port": 6000, "database": "shop"}),
        ("asyncpg://db/shop?minsize=2&maxsize=9", {"minsize": 2, "maxsize": 9}),
        ("postgres://db/shop", {"minsize": 1, "maxsize": 8, "port": 5432}),
    ],
)
def test_a_postgres_url_says_everything(url: str, expected: dict[str, Any]) -> None:
    found = connection(url)
    assert found["engine"] == "models.engine.asyncpg"
    assert expected.items() <= found["credentials"].items()


def test_statements_end_in_time_unless_the_url_says_otherwise() -> None:
    default = {"statement_timeout": "15s", "idle_in_transaction_session_timeout": "30s"}
    assert connection("postgres://db/shop")["credentials"]["server_settings"] == default
    given = connection("postgres://db/shop?statement_timeout=1s&idle_in_transaction_session_timeout=server")
    assert given["credentials"]["server_settings"] == {"statement_timeout": "1s"}


def test_a_sqlite_url_is_careful_unless_it_says_otherwise() -> None:
    careful = connection("sqlite://var/my%20shop.db")["credentials"]
    assert careful["file_path"] == "var/my shop.db"
    assert (careful["synchronous"], careful["journal_mode"], careful["foreign_keys"]) == ("FULL", "WAL", "ON")
    assert connection("sqlite:///a/b.db?synchronous=NORMAL")["credentials"]["synchronous"] == "NORMAL"


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("mysql://db/shop", "begins with 'mysql'"),
        ("var/loyalty.db", "must begin with"),
        ("sqlite://", "names no file"),
        ("sqlite://a.db?sychronous=OFF", "unknown parameter 'sychronous'"),
        ("sqlite://a.db?cache_size=1;DROP", "impossible value"),
        ("postgres://db/shop?pool=9", "unknown parameter 'pool'"),
        ("postgres://db/shop?readers=0", "readers has the impossible value '0'"),
        ("postgres://db/shop?maxsize=many", "maxsize has the impossible value 'many'"),
        ("postgres://db/shop?minsize=9", "minsize is above maxsize"),
        ("postgres://db/shop?durability=on", "can only be `off`"),
    ],
)
def test_a_wrong_url_is_explained(url: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        connection(url)


async def test_an_enumeration_is_a_text_to_the_database(client: BaseDBAsyncClient) -> None:
    box = await Box.create()
    await Thing.create(box=box, name="a", made_at=NOON, colour=Colour.BLUE)
    assert await SQL("SELECT count(*) FROM thing WHERE colour = $1").value(Colour.BLUE) == 1
