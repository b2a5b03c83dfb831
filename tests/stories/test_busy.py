"""Busy: a process takes on no more writes than it can end, and says so at once."""

import asyncio

import pytest

from rules import transactions
from rules.refusals import Busy
from tests.people import balance, member, programme, redeem


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
