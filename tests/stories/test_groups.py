"""Groups: commands that wait together on SQLite share a commit, and nothing else."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.exceptions import IntegrityError

from models.engine.sqlite import Client
from models.engine.writer import Group
from models.invariants import violations
from models.sql import SQL
from rules import outbox, transactions
from rules.points import InsufficientPoints
from rules.transactions import after_commit, transaction
from tests.people import balance, buy, fresh_key, member, movements, programme, redeem

SIX = 6
TURNS = 20
"""Of the loop: more than a command takes from its call to where it waits for the writer."""


@pytest.fixture
def groups(dialect: str, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many commands were in each transaction of the writer that was to last."""
    if dialect == "postgres":
        pytest.skip("PostgreSQL has no writer")
    sizes = list[int]()
    close = Group.close

    def counted(group: Group) -> None:
        if group.undecided:
            sizes.append(len(group.undecided))
        close(group)

    monkeypatch.setattr(Group, "close", counted)
    return sizes


@asynccontextmanager
async def held(database: BaseDBAsyncClient) -> AsyncIterator[None]:
    """Meanwhile everybody waits for the connection."""
    assert isinstance(database, Client)
    async with database.acquire_connection():
        yield


async def together(database: BaseDBAsyncClient, *commands: Awaitable[Any]) -> list[Any]:
    """What comes of commands that all wait when the writer comes to them."""
    async with held(database):
        callers = [asyncio.ensure_future(each) for each in commands]
        for _ in range(TURNS):
            await asyncio.sleep(0)
    return await asyncio.gather(*callers, return_exceptions=True)


async def test_of_a_group_only_the_one_who_asks_too_much_is_refused(
    database: BaseDBAsyncClient, groups: list[int]
) -> None:
    await programme()
    people = [await member() for _ in range(SIX)]
    for each in people:
        await buy(each, 10_00)
    groups.clear()
    answers = await together(database, *(redeem(each, 5 if each != people[3] else 50) for each in people))
    assert groups == [SIX]
    refused = answers.pop(3)
    assert isinstance(refused, InsufficientPoints)
    assert all(not answer.replayed for answer in answers)
    assert [(await balance(each))["available"] for each in people] == [5, 5, 5, 10, 5, 5]


async def test_a_member_in_a_group_with_themselves_is_served_in_order(
    database: BaseDBAsyncClient, groups: list[int]
) -> None:
    await programme()
    mei = await member("Mei")
    await buy(mei, 10_00)
    groups.clear()
    key = fresh_key()
    first, again, rest, more = await together(
        database, redeem(mei, 6, key=key), redeem(mei, 6, key=key), redeem(mei, 4), redeem(mei, 1)
    )
    assert groups == [4]
    assert (first.replayed, again.replayed, rest.replayed) == (False, True, False)
    assert isinstance(more, InsufficientPoints)
    assert await movements(mei) == [("EARN", 10), ("REDEEM", -6), ("REDEEM", -4)]


async def test_members_who_come_together_have_their_keys_and_names(
    database: BaseDBAsyncClient, groups: list[int]
) -> None:
    await programme()
    groups.clear()
    people = await together(database, *(member(name) for name in ("Mei", "Wang", "Lan")))
    assert groups == [3]
    await together(database, *(buy(each, 10_00) for each in people))
    await together(database, *(redeem(each, 1, note="for Auntie") for each in people))
    assert groups == [3, 3, 3]
    assert await violations() == []
    assert not {name for name in transactions.strayed if not name.startswith("tests.")}


@transaction
async def orphan() -> None:
    """Writes what no commit takes."""
    after_commit(lambda: outbox.listeners.clear())
    await SQL("PRAGMA defer_foreign_keys = ON").rows()
    await SQL(
        "INSERT INTO growth_account (member_id, growth, seq, tier_id, tier_since)"
        " VALUES ('00000000-0000-4000-8000-000000000000', 0, 0, 'NONE', '2026-03-10 04:00:00+00:00')"
    ).run()


async def test_a_commit_that_fails_is_told_to_its_cause_alone_and_the_others_are_done_once(
    database: BaseDBAsyncClient, groups: list[int]
) -> None:
    await programme()
    people = [await member() for _ in range(3)]
    for each in people:
        await buy(each, 10_00)
    heard = list[int]()
    listener = lambda _, seq: heard.append(seq)  # noqa: E731  it is compared below
    outbox.listeners.add(listener)
    groups.clear()
    try:
        answers = await together(
            database, redeem(people[0], 5), redeem(people[1], 5), orphan(), redeem(people[2], 5)
        )
        await asyncio.sleep(0)
        assert listener in outbox.listeners, "what was undone had its way after a commit there never was"
    finally:
        outbox.listeners.discard(listener)
    assert groups == [4, 1, 1, 1, 1]
    assert isinstance(answers.pop(2), IntegrityError)
    assert [(await balance(each))["available"] for each in people] == [5, 5, 5]
    assert len(heard) == 3


async def test_a_stop_waits_for_those_who_wait_in_line(database: BaseDBAsyncClient, groups: list[int]) -> None:
    await programme()
    mei = await member("Mei")
    await buy(mei, 10_00)
    async with held(database):
        callers = [asyncio.create_task(redeem(mei, 1)) for _ in range(5)]
        await asyncio.sleep(0)
        stop = asyncio.create_task(transactions.drain())
        for caller in callers[:2]:
            caller.cancel()
        await asyncio.sleep(0.01)
        assert not stop.done()
    await asyncio.wait_for(stop, 5)
    # who left had it done all the same
    assert (await balance(mei))["available"] == 5
    await asyncio.gather(*callers, return_exceptions=True)


async def test_a_command_that_strays_is_undone_and_done_on_the_loop_from_then_on(
    groups: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    await programme()
    mei = await member("Mei")
    await buy(mei, 10_00)
    tries = list[int]()

    @transaction
    async def dawdle() -> int:
        tries.append(await SQL("UPDATE member SET event_seq = event_seq + 1 WHERE id = $1").run(mei))
        await asyncio.sleep(0)
        return await SQL("UPDATE member SET event_seq = event_seq - 1 WHERE id = $1").run(mei)

    assert (await dawdle(), await dawdle()) == (1, 1)
    assert len(tries) == 3
    assert [record.levelname for record in caplog.records if "dawdle" in record.getMessage()] == ["WARNING"]
