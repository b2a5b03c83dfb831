"""Combining: what many ask for within two turns of the event loop is asked of PostgreSQL once."""

import asyncio
from datetime import UTC, datetime
from typing import Any, cast
from uuid import uuid4

import pytest
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.exceptions import OperationalError

from models.engine.asyncpg import Client as PostgresClient
from models.engine.combining import MOST, TURNS, Combining
from models.reading import Row, Rows
from models.units import new_id
from tests.foundation.test_reading import a_box


class WeightRow(Row):
    name: str
    weight: int | None


WEIGHTS = Rows(
    WeightRow,
    "SELECT name, weight FROM thing WHERE box_id = $1 AND weight > $2 ORDER BY weight DESC LIMIT $3",
    combines=True,
)
SAID = Rows(
    WeightRow,
    "SELECT $1::uuid || ' ' || $2::text || ' ' || ISO($3::timestamptz) AS name, $4::int AS weight",
    combines=True,
)
DIVIDED = Rows(WeightRow, "SELECT 'a' AS name, 6 / $1::int AS weight", combines=True)


async def asked(*several: tuple[Any, ...], rows: Rows[Any] = WEIGHTS) -> list[Any]:
    """What each of those who ask at once is answered, as pairs; or what they hear."""
    answers = await asyncio.gather(*(rows.rows(*values) for values in several), return_exceptions=True)
    return [
        each if isinstance(each, BaseException) else [(row.name, row.weight) for row in each] for each in answers
    ]


async def test_each_has_their_own_rows_in_their_order(client: BaseDBAsyncClient) -> None:
    full, other = await a_box(3, 9, 5, 1), await a_box(2)
    several = [(full, 0, 3), (uuid4(), 0, 3), (other, 0, 3), (full, 4, 9), (full, 0, 0)]
    alone = [[(row.name, row.weight) for row in await WEIGHTS.rows(*each)] for each in several]
    assert alone == [[("b", 9), ("c", 5), ("a", 3)], [], [("a", 2)], [("b", 9), ("c", 5)], []]
    assert await asked(*several) == alone


async def test_many_are_one_statement(client: BaseDBAsyncClient, dialect: str, statements: list[str]) -> None:
    box = await a_box(*range(1, 6))
    await WEIGHTS.rows(box, 0, 1)
    statements.clear()
    answers = await asked(*((box, least, 1) for least in range(5)))
    assert answers == [[("e", 5)]] * 5
    assert len(statements) == (1 if dialect == "postgres" else 5)


async def test_what_is_asked_is_told_as_it_was_said(client: BaseDBAsyncClient, dialect: str) -> None:
    if dialect == "sqlite":
        pytest.skip("SQLite is asked for each by itself")
    moment = datetime(2026, 2, 28, 23, 59, 59, 123456, UTC)
    several = [(uuid4(), 'a, "b" {c}', moment, None), (new_id(), "", moment, -1), (new_id(), None, None, 2**31 - 1)]
    alone = [[(row.name, row.weight) for row in await SAID.rows(*each)] for each in several]
    assert alone[0] == [(f'{several[0][0]} a, "b" {{c}} 2026-02-28T23:59:59.123456Z', None)]
    assert await asked(*several, rows=SAID) == alone


async def test_each_hears_of_their_own_mistake_alone(client: BaseDBAsyncClient, dialect: str) -> None:
    if dialect == "sqlite":
        pytest.skip("there a division by zero is null")
    first, wrong, last = await asked((2,), (0,), (3,), rows=DIVIDED)
    assert (first, last) == ([("a", 3)], [("a", 2)])
    assert isinstance(wrong, OperationalError)
    assert "zero" in str(wrong)


async def test_where_the_url_says_so_each_asks_alone(
    client: BaseDBAsyncClient, dialect: str, statements: list[str]
) -> None:
    if dialect == "sqlite":
        pytest.skip("SQLite has no use for it")
    box = await a_box(1)
    cast("PostgresClient", client).combines = False
    assert await asked((box, 0, 1), (box, 0, 1)) == [[("a", 1)]] * 2
    assert len([each for each in statements if "thing" in each and "SELECT" in each]) == 2


class Answering:
    """Answers a question with its values doubled, and notes what was asked together."""

    def __init__(self) -> None:
        self.alone: list[int] = []
        self.together: list[list[int]] = []
        self.fails = False
        self.waits = asyncio.Event()
        self.waits.set()
        self.combining = Combining(self._one, self._many)

    async def _one(self, values: list[int]) -> int:
        self.alone.append(values[0])
        return 2 * values[0]

    async def _many(self, questions: list[list[int]]) -> list[int]:
        self.together.append([each for [each] in questions])
        await self.waits.wait()
        if self.fails:
            raise OSError
        return [2 * each for [each] in questions]

    async def ask(self, value: int) -> int:
        """The answer, however it was come by."""
        return await self.combining.ask([value])


@pytest.mark.either
async def test_who_asks_alone_is_answered_alone() -> None:
    one = Answering()
    assert [await one.ask(1), await one.ask(2)] == [2, 4]
    assert one.alone == [1, 2]
    assert not one.together


@pytest.mark.either
async def test_who_comes_a_turn_later_is_answered_with_the_first() -> None:
    one = Answering()

    async def later(turns: int) -> int:
        for _ in range(turns):
            await asyncio.sleep(0)
        return await one.ask(turns)

    assert await asyncio.gather(*map(later, range(TURNS + 1))) == [2 * each for each in range(TURNS + 1)]
    assert one.together == [[*range(TURNS)]]
    assert one.alone == [TURNS]


@pytest.mark.either
async def test_no_statement_answers_more_than_so_many() -> None:
    one = Answering()
    count = 2 * MOST + 1
    assert await asyncio.gather(*map(one.ask, range(count))) == [2 * each for each in range(count)]
    assert [len(each) for each in one.together] == [MOST, MOST]
    assert one.alone == [count - 1]


@pytest.mark.either
async def test_where_the_whole_fails_each_asks_alone() -> None:
    one = Answering()
    one.fails = True
    assert await asyncio.gather(*map(one.ask, range(3))) == [0, 2, 4]
    assert sorted(one.alone) == [0, 1, 2]


@pytest.mark.either
@pytest.mark.parametrize("is_sent", [False, True])
async def test_nobody_waits_for_one_who_has_left(*, is_sent: bool) -> None:
    one = Answering()
    one.waits.clear()
    first, *others = [asyncio.create_task(one.ask(each)) for each in range(3)]
    for _ in range(2 + TURNS if is_sent else 1):
        await asyncio.sleep(0)
    assert len(one.together) == is_sent
    first.cancel()
    assert await asyncio.wait_for(asyncio.gather(*others), 1) == [2, 4]
    assert first.cancelled()
    assert await one.ask(5) == 10


@pytest.mark.either
async def test_one_who_has_left_is_not_answered() -> None:
    one = Answering()
    first, second, third = [asyncio.create_task(one.ask(each)) for each in range(3)]
    await asyncio.sleep(0)
    second.cancel()
    assert [await first, await third] == [0, 4]
    assert second.cancelled()
