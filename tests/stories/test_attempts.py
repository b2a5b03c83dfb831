"""Attempts: guesses are slowed down where they come from, and the right person gets in from elsewhere."""

import asyncio
from datetime import datetime, timedelta

import pytest

from models.sql import SQL
from rules import attempts, housekeeping, vault
from rules.attempts import CEILING, CEILING_FOR, FREE, LONGEST_PAUSE, TooManyAttempts, pause
from rules.refusals import Refusal
from tests.people import MASTER_KEY, NOON

HERE, THERE = "203.0.113.0/24", "198.51.100.0/24"
ROWS = SQL("SELECT subject, failures, last_at, free_at FROM attempt ORDER BY failures DESC")
SECOND = timedelta(seconds=1)

vault.unlock(MASTER_KEY)


async def guess(whose: str = "ann", network: str | None = HERE, *, at: datetime = NOON) -> int:
    """One try; how many seconds to wait when it is not looked at, else 0."""
    try:
        await attempts.reserve("staff login", whose, network, now=at)
    except TooManyAttempts as refused:
        return refused.retry_after_seconds
    return 0


def test_the_pause_doubles_from_a_second_to_five_minutes() -> None:
    tries = (1, 2, 3, 4, 5, 11, 12, 1_000)
    assert [int(pause(each).total_seconds()) for each in tries] == [0, 0, 1, 2, 4, 256, 300, 300]


async def test_after_three_tries_the_next_waits_and_is_told_how_long() -> None:
    assert [await guess() for _ in range(5)] == [0, 0, 0, 1, 1]
    assert await guess(at=NOON + SECOND) == 0
    assert await guess(at=NOON + SECOND) == 2
    assert await guess(at=NOON + SECOND + SECOND / 2) == 2
    assert await guess(at=NOON + 3 * SECOND) == 0


async def test_a_guesser_who_never_tires_is_looked_at_once_in_five_minutes() -> None:
    looked_at, moment = 0, NOON
    while moment < NOON + timedelta(hours=4):
        wait = await guess(at=moment)
        looked_at += wait == 0
        assert wait <= LONGEST_PAUSE.total_seconds()
        moment += max(SECOND, wait * SECOND)
    assert looked_at < 12 + 4 * 12


async def test_a_stranger_elsewhere_does_not_make_anybody_wait() -> None:
    for _ in range(10):
        await guess(network=THERE)
    assert await guess(network=THERE) > 0
    assert await guess(network=HERE) == 0
    assert await guess(network=None) == 0
    assert await guess("mei", network=THERE) == 0


async def test_a_right_try_forgets_the_wrong_ones() -> None:
    for _ in range(FREE):
        await guess()
    assert await guess() == 1
    await attempts.forget("staff login", "ann", HERE)
    assert await ROWS.rows() == []
    assert [await guess() for _ in range(FREE)] == [0, 0, 0]


@pytest.mark.parametrize("callers", [32])
async def test_of_32_guesses_at_once_three_are_looked_at(callers: int) -> None:
    tries = (attempts.reserve("staff login", "ann", HERE, now=NOON) for _ in range(callers))
    done = await asyncio.gather(*tries, return_exceptions=True)
    refused = [each for each in done if isinstance(each, Refusal)]
    assert {each.code() for each in refused} == {"TOO_MANY_ATTEMPTS"}
    assert (len(refused), done.count(None)) == (callers - FREE, FREE)


async def test_a_later_storm_is_let_through_one_by_one() -> None:
    for _ in range(FREE):
        await guess()
    at = NOON + SECOND
    tries = (attempts.reserve("staff login", "ann", HERE, now=at) for _ in range(32))
    done = await asyncio.gather(*tries, return_exceptions=True)
    assert done.count(None) == 1


async def test_old_tries_are_forgotten_and_swept() -> None:
    for _ in range(FREE):
        await guess()
    tomorrow = NOON + timedelta(days=1)
    assert [await guess(at=tomorrow) for _ in range(2)] == [0, 0]
    await housekeeping.sweep({}, tomorrow + timedelta(hours=23))
    assert len(await ROWS.rows()) == 1
    await housekeeping.sweep({}, tomorrow + timedelta(hours=24))
    assert await ROWS.rows() == []


async def test_tries_from_everywhere_are_noticed_and_hold_nobody_up() -> None:
    told = [await attempts.tally("staff login", "ann", now=NOON) for _ in range(CEILING + 2)]
    assert told == [False] * CEILING + [True, True]
    assert await guess() == 0
    assert not await attempts.tally("staff login", "mei", now=NOON)
    assert await attempts.tally("staff login", "ann", now=NOON + CEILING_FOR - SECOND)
    assert not await attempts.tally("staff login", "ann", now=NOON + CEILING_FOR)


async def test_a_counter_tells_neither_whose_it_is_nor_where() -> None:
    await guess()
    await attempts.tally("staff login", "ann", now=NOON)
    rows = await ROWS.rows()
    assert len({row["subject"] for row in rows}) == 2
    assert not any("ann" in str(row) or HERE in str(row) for row in rows)
    assert {len(row["subject"]) for row in rows} == {64}
