"""The writer: whole commands on SQLite's own thread, those that wait together in one commit."""

import asyncio
import sqlite3
import threading
import traceback
from collections.abc import Coroutine, Sequence
from types import NoneType
from typing import Any, cast

import pytest
from tortoise.connection import get_connection
from tortoise.exceptions import IntegrityError, OperationalError

from models.engine import writer
from models.engine.sqlite import Client
from models.sql import SQL
from tests.foundation.scratch import Box
from tests.foundation.writing import (
    ADD,
    SLOW,
    Attempt,
    NoMoreError,
    adding,
    no_more,
    of,
    orphan,
    sent,
    together,
    volumes,
)

pytestmark = pytest.mark.anyio


async def test_commands_that_wait_share_a_commit_and_keep_their_order(sqlite_client: Client) -> None:
    async with sent(sqlite_client) as heard:
        answers = await together(sqlite_client, *(adding(volume) for volume in range(5)))
    assert answers == [1, 2, 3, 4, 5]
    assert (heard.count("BEGIN"), heard.count("COMMIT"), heard.count("SAVEPOINT")) == (1, 1, 4)
    assert await volumes() == [0, 1, 2, 3, 4]


async def test_a_command_that_waits_alone_is_a_plain_transaction(sqlite_client: Client) -> None:
    async with sent(sqlite_client) as heard:
        assert await of(sqlite_client).done("add", adding(1)) == 1
    assert [word for word in heard if word not in ("INSERT", "SELECT")] == ["BEGIN", "COMMIT"]


@pytest.mark.parametrize("place", [0, 1, 3])
async def test_a_refusal_undoes_only_itself(sqlite_client: Client, place: int) -> None:
    attempts = [adding(volume) for volume in range(3)]
    attempts.insert(place, no_more)
    answers = await together(sqlite_client, *attempts)
    assert isinstance(answers.pop(place), NoMoreError)
    assert answers == [1, 2, 3]
    assert await volumes() == [0, 1, 2]


async def test_an_error_tells_where_it_was_raised(sqlite_client: Client) -> None:
    for refused in await together(sqlite_client, no_more, adding(1), no_more):
        if not isinstance(refused, int):
            frames = [frame.name for frame in traceback.extract_tb(refused.__traceback__)]
            assert frames[-1] == "no_more"
            assert "_drive" not in frames


async def test_a_commit_that_fails_undoes_all_and_each_is_done_again_alone(sqlite_client: Client) -> None:
    tries = list[str]()

    async def asks() -> int:
        tries.append("asked")
        if 98 in await volumes():
            raise NoMoreError
        return 0

    async with sent(sqlite_client) as heard:
        first, told, asked, last = await together(sqlite_client, adding(1), orphan, asks, adding(2))
    assert isinstance(told, IntegrityError)
    # the refusal rested on what was undone: it was never told
    assert (first, asked, last) == (1, 0, 2)
    assert tries == ["asked", "asked"]
    assert await volumes() == [1, 2]
    assert heard.count("BEGIN") == 5


async def test_a_command_that_takes_the_whole_transaction_along_takes_nobody_elses_success(
    sqlite_client: Client,
) -> None:
    await ADD.run(7)
    await sqlite_client.execute_script("CREATE UNIQUE INDEX once ON box (volume)")

    async def ruin() -> None:
        await SQL("INSERT OR ROLLBACK INTO box (id, volume) VALUES ('x', 7)").run()

    first, ruined, last = await together(sqlite_client, adding(1), ruin, adding(2))
    assert isinstance(ruined, IntegrityError)
    assert (first, last) == (2, 3)
    assert await volumes() == [7, 1, 2]


async def test_a_command_that_loses_its_transaction_unnoticed_is_told_of_it(sqlite_client: Client) -> None:
    async def ruin_quietly() -> None:
        await ADD.run(1)
        cast("Any", get_connection("default")).at.rollback()

    for attempts in ([ruin_quietly], [ruin_quietly, adding(2)], [adding(2), ruin_quietly]):
        answers = await together(sqlite_client, *attempts)
        assert isinstance(answers[attempts.index(ruin_quietly)], OperationalError)
        assert 1 not in await volumes()
    assert await volumes() == [2, 2]


async def test_a_full_disk_is_told_to_whom_it_concerns(sqlite_client: Client) -> None:
    [pages] = await sqlite_client.execute_query_dict("PRAGMA page_count")
    await sqlite_client.execute_query(f"PRAGMA max_page_count = {pages['page_count'] + 2}")

    async def fill() -> None:
        await SQL("CREATE TABLE full (x); ").run()
        await SQL("INSERT INTO full VALUES (zeroblob(1000000))").run()

    first, filled, last = await together(sqlite_client, adding(1), fill, adding(2))
    assert isinstance(filled, OperationalError)
    assert "full" in str(filled)
    assert (first, last) == (1, 2)
    assert await volumes() == [1, 2]


async def test_a_group_has_a_measure(sqlite_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "MOST", 3)
    async with sent(sqlite_client) as heard:
        await together(sqlite_client, *(adding(volume) for volume in range(7)))
    assert heard.count("COMMIT") == 3
    monkeypatch.setattr(writer, "LATEST_SECONDS", 0.0)
    async with sent(sqlite_client) as heard:
        await together(sqlite_client, *(adding(volume) for volume in range(7, 12)))
    assert heard.count("COMMIT") == 5
    assert await volumes() == list(range(12))


async def test_who_takes_long_goes_alone_the_next_time(
    sqlite_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "LATEST_SECONDS", 60.0)
    monkeypatch.setattr(writer, "LONG_SECONDS", 0.01)
    attempts = (adding(1), SLOW.value, adding(2))
    commits = []
    for _ in range(2):
        async with sent(sqlite_client) as heard:
            await together(sqlite_client, *attempts)
        commits.append(heard.count("COMMIT"))
    assert commits == [1, 2]


async def test_others_have_the_connection_between_two_groups(
    sqlite_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "MOST", 1)
    async with sqlite_client.acquire_connection():
        commands = [asyncio.create_task(of(sqlite_client).done("add", adding(volume))) for volume in range(4)]
        await asyncio.sleep(0)
        other = asyncio.create_task(Box.create(volume=50))
        await asyncio.sleep(0.01)
    await asyncio.gather(*commands, other)
    assert await volumes() == [0, 50, 1, 2, 3]


async def test_who_leaves_before_their_turn_withdraws(sqlite_client: Client) -> None:
    async with sqlite_client.acquire_connection():
        callers = [asyncio.create_task(of(sqlite_client).done("add", adding(volume))) for volume in range(3)]
        await asyncio.sleep(0)
        callers[1].cancel()
        await asyncio.sleep(0)
    answers = await asyncio.gather(*callers, return_exceptions=True)
    assert (answers[0], answers[2]) == (1, 2)
    assert isinstance(answers[1], asyncio.CancelledError)
    assert await volumes() == [0, 2]


async def test_who_leaves_in_the_middle_has_it_done(sqlite_client: Client) -> None:
    begun, may_end = threading.Event(), threading.Event()

    async def wait() -> None:
        await ADD.run(1)
        begun.set()
        may_end.wait(5)

    caller = asyncio.create_task(of(sqlite_client).done("wait", wait))
    await asyncio.to_thread(begun.wait, 5)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    may_end.set()
    # what is done next is done after it
    assert await of(sqlite_client).done("add", adding(2)) == 2
    assert await volumes() == [1, 2]


async def test_a_writer_torn_away_keeps_nobody_waiting_and_works_on(sqlite_client: Client) -> None:
    begun, may_end = threading.Event(), threading.Event()

    async def wait() -> int:
        begun.set()
        may_end.wait(5)
        return 7

    first = asyncio.create_task(of(sqlite_client).done("wait", wait))
    await asyncio.to_thread(begun.wait, 5)
    may_end.set()
    waits = [asyncio.create_task(of(sqlite_client).done("add", adding(volume))) for volume in range(2)]
    pump = of(sqlite_client)._pump
    assert pump
    pump.cancel()
    await asyncio.wait_for(asyncio.gather(first, *waits, pump, return_exceptions=True), 5)
    assert await asyncio.wait_for(of(sqlite_client).done("add", adding(9)), 5) >= 1
    assert (await volumes())[-1] == 9


async def test_a_savepoint_of_a_command_is_its_own(sqlite_client: Client) -> None:
    await sqlite_client.execute_script("CREATE UNIQUE INDEX once ON box (volume)")

    def with_savepoint(volume: int) -> Attempt:
        async def attempt() -> None:
            await ADD.run(volume)
            try:
                async with get_connection("default")._in_transaction():
                    await ADD.run(-1)
                    await ADD.run(volume)
            except IntegrityError:
                await ADD.run(volume + 1)
            async with get_connection("default")._in_transaction():
                await ADD.run(volume + 2)

        return attempt

    answers = await together(sqlite_client, with_savepoint(10), with_savepoint(20), no_more, with_savepoint(30))
    assert [type(answer) for answer in answers] == [NoneType, NoneType, NoMoreError, NoneType], answers
    assert await volumes() == [10, 11, 12, 20, 21, 22, 30, 31, 32]


async def test_a_database_that_cannot_be_opened_is_told_to_each(
    sqlite_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def cannot(**_: object) -> None:
        raise OperationalError("unable to open database file")

    await sqlite_client.close()
    with monkeypatch.context() as broken:
        broken.setattr(sqlite_client, "create_connection", cannot)
        callers: Sequence[Coroutine[Any, Any, Any]] = [of(sqlite_client).done("add", adding(1)) for _ in range(3)]
        answers = await asyncio.wait_for(asyncio.gather(*callers, return_exceptions=True), 5)
    assert all(isinstance(answer, OperationalError) for answer in answers)
    assert await asyncio.wait_for(of(sqlite_client).done("add", adding(2)), 5) == 1


async def test_a_fault_of_the_writer_itself_keeps_nobody_waiting(
    sqlite_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise sqlite3.InterfaceError("broken")

    with monkeypatch.context() as fault:
        fault.setattr(writer.Group, "_beside", broken)
        answers = await asyncio.wait_for(together(sqlite_client, adding(1), adding(2)), 5)
    assert isinstance(answers[0], sqlite3.InterfaceError)
    assert await asyncio.wait_for(of(sqlite_client).done("add", adding(3)), 5) == 1
