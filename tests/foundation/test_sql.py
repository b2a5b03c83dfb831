"""Hand-written SQL: one text, both databases, and values as Python wants them."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.exceptions import IntegrityError

from models import sql
from models.sql import SQL, insert
from tests.foundation.scratch import Box, Colour, Thing

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


async def some_things(*names: str) -> list[UUID]:
    """Things of these names in a box of their own; their ids."""
    box = uuid4()
    ids = [uuid4() for _ in names]
    await insert(Box, [{"id": box, "volume": 5}])
    rows = [
        {"id": each, "box_id": box, "name": name, "made_at": NOON} for each, name in zip(ids, names, strict=True)
    ]
    await insert(Thing, rows)
    return ids


async def test_values_come_back_as_the_models_have_them(client: BaseDBAsyncClient) -> None:
    [thing] = await some_things("a")
    row = await SQL("SELECT id, made_at, whole, notes, weight, name AS called FROM thing WHERE id = $1").row(thing)
    assert row == {"id": thing, "made_at": NOON, "whole": True, "notes": {}, "weight": None, "called": "a"}
    assert isinstance(row["id"], UUID)
    assert row["whole"] is True
    assert row["made_at"].utcoffset() == timedelta(0)


async def test_a_row_or_a_value_that_is_not_there_is_none(client: BaseDBAsyncClient) -> None:
    assert await SQL("SELECT id FROM thing WHERE id = $1").row(uuid4()) is None
    assert await SQL("SELECT id FROM thing WHERE id = $1").value(uuid4()) is None
    assert await SQL("SELECT count(*) FROM thing").value() == 0
    assert await SQL("SELECT max(made_at) AS made_at FROM thing").value() is None


async def test_one_text_serves_lists_locks_and_casts(client: BaseDBAsyncClient) -> None:
    first, second, third = await some_things("a", "b", "c")
    named = SQL("SELECT name FROM thing WHERE id = ANY($1::uuid[]) ORDER BY name FOR NO KEY UPDATE")
    others = SQL("SELECT count(*)::bigint FROM thing WHERE id <> ALL($1)")
    async with client._in_transaction():
        assert await named.rows([first, third]) == [{"name": "a"}, {"name": "c"}]
    assert await others.value([second]) == 2
    assert await named.rows([]) == []
    assert await SQL("SELECT count(*) FROM thing WHERE made_at = ANY($1)").value([NOON]) == 3


async def test_one_text_serves_a_given_list_and_a_row_beside_each(client: BaseDBAsyncClient) -> None:
    first, second, _ = await some_things("a", "b", "c")
    given = "unnest($1::uuid[]) AS wanted(thing_id)"
    beside = "JOIN LATERAL (SELECT * FROM thing t WHERE t.id = wanted.thing_id AND t.name <> $2 LIMIT 1) t ON true"
    asked = SQL(f"SELECT t.name FROM {given} {beside} ORDER BY t.name")
    assert await asked.rows([first, second, UUID(int=7)], "a") == [{"name": "b"}]
    every = SQL(f"SELECT t.name FROM {given} LEFT {beside} ORDER BY t.name IS NULL")
    assert await every.rows([first, second], "a") == [{"name": "b"}, {"name": None}]
    placed = "unnest($1::uuid[]) WITH ORDINALITY AS wanted(thing_id, place) JOIN thing t ON t.id = wanted.thing_id"
    turned = SQL(f"SELECT t.name FROM {placed} ORDER BY wanted.place DESC")
    assert await turned.rows([second, first]) == [{"name": "a"}, {"name": "b"}]
    assert await turned.rows([]) == []


async def test_a_second_text_serves_where_the_dialects_differ(client: BaseDBAsyncClient, dialect: str) -> None:
    assert await SQL("SELECT 'postgres' AS which", sqlite="SELECT 'sqlite' AS which").value() == dialect


async def test_the_number_of_rows_written_is_told(client: BaseDBAsyncClient) -> None:
    things = await some_things("a", "b", "c")
    assert await SQL("UPDATE thing SET weight = $1 WHERE name <> 'a'").run(3) == 2
    assert await SQL("UPDATE thing SET weight = $1 WHERE name = 'z'").run(3) == 0
    copy = SQL("INSERT INTO box (id, volume) SELECT id, 1 FROM thing WHERE id = $1")
    assert await copy.run(things[0]) == 1
    assert await SQL("WITH old AS (SELECT 'a' AS n) DELETE FROM thing WHERE name IN (SELECT n FROM old)").run() == 1


async def test_returning_gives_rows(client: BaseDBAsyncClient) -> None:
    await some_things("a")
    spend = SQL("UPDATE box SET volume = volume - $1 WHERE volume >= $1 RETURNING volume")
    assert await spend.row(3) == {"volume": 2}
    assert await spend.row(3) is None


async def test_it_takes_part_in_the_current_transaction(client: BaseDBAsyncClient) -> None:
    async def fail() -> None:
        async with client._in_transaction():
            await some_things("a")
            assert await SQL("SELECT count(*) FROM thing").value() == 1
            raise KeyError

    with pytest.raises(KeyError):
        await fail()
    assert await SQL("SELECT count(*) FROM thing").value() == 0


async def test_a_text_that_fans_out_is_known_by_its_reason() -> None:
    before = list(sql.fanning_out)
    quiet = SQL("SELECT 1")
    loud = SQL("SELECT 2", fans_out="a test looks")
    try:
        assert [each for each in sql.fanning_out if each not in before] == [loud]
        assert quiet.fans_out is None
    finally:
        sql.fanning_out.remove(loud)


async def test_a_column_that_two_models_fill_differently_is_refused(
    client: BaseDBAsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    field = Thing._meta.fields_map["notes"]
    monkeypatch.setitem(Box._meta.fields_map, "volume", field)
    monkeypatch.setitem(Box._meta.fields_db_projection, "weight", "weight")
    monkeypatch.setitem(Box._meta.fields_map, "weight", field)
    await some_things("a")
    with pytest.raises(TypeError, match="'weight'"):
        await SQL("SELECT weight FROM thing").rows()


async def test_rows_are_inserted_with_the_defaults_of_the_model(
    client: BaseDBAsyncClient, statements: list[str]
) -> None:
    await some_things("a", "b", "c")
    assert len([text for text in statements if text.startswith("INSERT")]) == 2
    thing = await Thing.get(name="b")
    assert (thing.colour, thing.whole, thing.notes, thing.weight) == (Colour.RED, True, {}, None)
    assert thing.made_at == NOON


@pytest.mark.parametrize(("at_once", "expected"), [(1_000, 18), (100_000, 2)])
async def test_more_rows_than_one_statement_takes_are_inserted_all_the_same(
    client: BaseDBAsyncClient,
    statements: list[str],
    monkeypatch: pytest.MonkeyPatch,
    at_once: int,
    expected: int,
) -> None:
    monkeypatch.setattr(sql, "ROWS_AT_ONCE", at_once)
    statements.clear()
    rows = [{"id": uuid4(), "volume": number} for number in range(17_500)]
    assert await insert(Box, rows) == 17_500
    assert len(statements) == expected
    assert await SQL("SELECT count(DISTINCT volume) FROM box").value() == 17_500
    assert await insert(Box, []) == 0


async def test_conflicts_are_left_out_of_the_count(client: BaseDBAsyncClient) -> None:
    rows = [{"id": uuid4()} for _ in range(3)]
    await insert(Box, rows[:2])
    assert await insert(Box, rows, ignore_conflicts=True) == 1
    with pytest.raises(IntegrityError):
        await insert(Box, rows)


@pytest.mark.parametrize("second", [{"id": uuid4()}, {"id": uuid4(), "volumes": 1}])
async def test_rows_that_name_different_fields_are_refused(
    client: BaseDBAsyncClient, second: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match="must all name"):
        await insert(Box, [{"id": uuid4(), "volume": 1}, second])
    assert await SQL("SELECT count(*) FROM box").value() == 0


async def test_a_text_longer_than_its_column_is_refused(client: BaseDBAsyncClient) -> None:
    with pytest.raises(Exception, match=r"(?i)length|too long"):
        await some_things("longer than eight")


async def test_many_tasks_read_at_once(client: BaseDBAsyncClient) -> None:
    await some_things("a", "b")
    counts = await asyncio.gather(*(SQL("SELECT count(*) FROM thing").value() for _ in range(30)))
    assert counts == [2] * 30
