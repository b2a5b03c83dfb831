"""Busy: a process takes on no more writes than it can end, and says so at once."""

import asyncio
from uuid import UUID
from weakref import WeakKeyDictionary

import pytest
from tortoise.connection import get_connection

from models.engine.asyncpg import Turns
from rules import keyring, transactions
from rules.refusals import Busy
from tests.people import balance, buy, member, programme, redeem


async def test_beyond_its_measure_a_write_is_refused_and_may_be_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    await programme()
    mei = await member("Mei")
    before = await balance(mei)
    with monkeypatch.context() as full:
        full.setattr(transactions, "AT_ONCE", 0)
        with pytest.raises(Busy) as refused:
            await redeem(mei, 1)

    assert refused.value.retryable
    assert await balance(mei) == before


async def test_a_graceful_stop_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    endless = asyncio.create_task(asyncio.Event().wait())
    monkeypatch.setattr(transactions, "_running", {endless})
    monkeypatch.setattr(transactions, "DRAIN_SECONDS", 0.01)

    async with asyncio.timeout(5):
        await transactions.drain()

    assert not endless.done()
    endless.cancel()


async def test_nothing_is_begun_for_a_caller_who_has_left_while_they_waited() -> None:
    await programme()
    mei = await member("Mei")
    await buy(mei, 100_00)

    async def asked(*, has_left: bool) -> object:
        transactions.ask_first(lambda: has_left)
        try:
            return await redeem(mei, 40)
        except Busy as busy:
            return busy

    gone, there = await asyncio.gather(
        asyncio.create_task(asked(has_left=True)), asyncio.create_task(asked(has_left=False))
    )
    assert isinstance(gone, Busy)
    assert not isinstance(there, Busy)
    assert (await balance(mei))["available"] == 60


async def test_nobody_overtakes_who_stands_in_line() -> None:
    line = Turns(1)
    assert line.take()
    assert not line.take()
    waiting = asyncio.create_task(line.acquire())
    await asyncio.sleep(0)
    line.release()
    assert not line.take(), "who waited has the turn, though they have not begun"
    assert await waiting


async def test_what_stands_in_line_is_not_begun_for_a_caller_who_leaves(
    dialect: str, statements: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    if dialect == "sqlite":
        pytest.skip("SQLite's writer has a line of its own")
    await programme()
    mei = await member("Mei")
    await buy(mei, 100_00)
    gone, line = False, Turns(1)
    monkeypatch.setattr(get_connection("default"), "turn", line)

    async def asked() -> None:
        transactions.ask_first(lambda: gone)
        await redeem(mei, 40)

    async with line:
        waiting = asyncio.create_task(asked())
        await asyncio.sleep(0.05)
        statements.clear()
        gone = True
    with pytest.raises(Busy):
        await waiting
    assert statements == []
    assert (await balance(mei))["available"] == 100


async def test_what_follows_a_command_is_done_also_for_a_caller_who_has_left_after_it() -> None:
    await programme()
    mei = await member("Mei")
    gone = False

    async def asked() -> None:
        nonlocal gone
        transactions.ask_first(lambda: gone)
        await buy(mei, 100_00)
        gone = True
        await redeem(mei, 40)

    await asyncio.create_task(asked())
    assert (await balance(mei))["available"] == 60


async def test_a_command_under_way_gets_its_key_also_for_a_caller_who_leaves_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await programme()
    monkeypatch.setattr(keyring, "_pools", WeakKeyDictionary())
    looks = iter([False])

    async def asked() -> UUID:
        transactions.ask_first(lambda: next(looks, True))
        return await member("Mei")

    mei = await asyncio.create_task(asked())
    assert await keyring.wrapped(mei) is not None
