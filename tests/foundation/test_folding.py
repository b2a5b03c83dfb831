"""Folding: several writes as one statement, which does all of them or none."""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from asyncpg.exceptions import NotNullViolationError
from tortoise.exceptions import IntegrityError
from tortoise.models import Model

from models.engine.asyncpg import Client
from models.engine.sqlite import text_of
from models.folding import FEW, Added, Changed, Fold, Part, fold, fold_alone
from models.shapes import add_shape, change_shape
from models.sql import SQL
from tests.foundation.conftest import scratch_database
from tests.foundation.scratch import Box, Colour, Thing

pytestmark = pytest.mark.anyio
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
Row = Mapping[str, Any]


class Taken(Exception):  # noqa: N818
    """That name is taken."""


@pytest.fixture
async def postgres(dialect: str, empty_url: str) -> AsyncIterator[Client]:
    """The scratch tables on PostgreSQL."""
    if dialect != "postgres":
        pytest.skip("SQLite's writes are not folded")
    async with scratch_database(f"{empty_url}&maxsize=2") as found:
        assert isinstance(found, Client)
        yield found


def added(model: type[Model], *rows: Row, clash: type[Exception] | None = None) -> Added:
    """Rows to be added."""
    shape = add_shape(model, tuple(rows[0]))
    return Added(shape, [shape.given(row) for row in rows], clash)


def changed(model: type[Model], *rows: tuple[Row, Row]) -> Changed:
    """Rows to be changed."""
    where, to = rows[0]
    told = [(*found.values(), *news.values()) for found, news in rows]
    return Changed(change_shape(model, tuple(where), tuple(to)), told)


def alone(parts: list[Part], row: Row) -> tuple[str, list[Any]]:
    """The parts as one statement that stands alone, given a box as it was read."""
    return fold_alone(parts, Box, row, next((part for part in parts if part.shape.model is Box), None))


def thing(box: UUID, name: str, **more: Any) -> dict[str, Any]:
    """A thing to be added."""
    return {"id": uuid4(), "box_id": box, "name": name, "made_at": NOON, **more}


async def a_box(volume: int = 0) -> UUID:
    """A box that is there."""
    box = uuid4()
    await SQL("INSERT INTO box (id, volume) VALUES ($1, $2)").run(box, volume)
    return box


async def volumes() -> list[int]:
    """The volumes of all boxes."""
    return [row["volume"] for row in await SQL("SELECT volume FROM box ORDER BY volume").rows()]


async def names() -> str:
    """The names of all things."""
    return "".join(row["name"] for row in await SQL("SELECT name FROM thing ORDER BY name").rows())


async def sent(client: Client, made: Fold) -> list[Any]:
    """What a fold answers."""
    rows = await client.execute_query_dict(made.text, made.values)
    return [*rows[0].values()] if rows else []


def test_a_shape_is_one_object_for_all_of_its_kind() -> None:
    assert add_shape(Box, ("id", "volume")) is add_shape(Box, (*("id", "volume"),))
    assert add_shape(Box, ("id", "volume")) is not add_shape(Box, ("volume", "id"))
    assert change_shape(Box, ("id",), ("volume",)) is not change_shape(Box, ("id", "volume"), ())


@pytest.mark.parametrize("size", [1, 2, FEW, FEW + 1, 40])
async def test_however_many_rows_there_are_all_of_them_are_written(postgres: Client, size: int) -> None:
    box, letters = await a_box(), [chr(ord("A") + place) for place in range(size)]
    things = [thing(box, each, weight=place) for place, each in enumerate(letters)]
    heavier = [({"box_id": box, "id": each["id"], "weight": each["weight"]}, {"weight": 100}) for each in things]
    assert await sent(postgres, fold([added(Thing, *things)])) == [1]
    assert await sent(postgres, fold([changed(Thing, *heavier)])) == [size]
    assert await names() == "".join(letters)
    assert await SQL("SELECT count(*) FROM thing WHERE weight = 100 AND whole").value() == size


async def test_beyond_a_few_the_text_does_not_depend_on_how_many_there_are() -> None:
    made = [fold([added(Box, *({"id": uuid4()} for _ in range(size)))]) for size in (1, 2, FEW, FEW + 1, 40)]
    assert len({each.text for each in made}) == 4
    assert made[-1].text == made[-2].text


async def test_values_are_written_as_their_fields_have_them(postgres: Client) -> None:
    box = await a_box()
    row = thing(box, "A", colour=Colour.BLUE, notes={"of": "what"}, weight=None)
    await sent(postgres, fold([added(Thing, row), changed(Box, ({"id": box}, {"volume": 7}))]))
    found = await Thing.get()
    assert (found.colour, found.notes, found.weight, found.made_at) == (Colour.BLUE, {"of": "what"}, None, NOON)
    assert await volumes() == [7]
    with pytest.raises(ValueError, match="GREEN"):
        fold([added(Thing, thing(box, "B", colour="GREEN"))])


def test_rows_of_a_part_name_the_same_fields() -> None:
    with pytest.raises(ValueError, match="must all name"):
        fold([added(Box, {"id": uuid4()}, {"id": uuid4(), "volume": 1})])
    with pytest.raises(ValueError, match="volume"):
        fold([added(Box, {"id": uuid4(), "volume": 1}, {"id": uuid4(), "weight": 1})])


async def test_a_change_that_finds_no_row_is_counted(postgres: Client) -> None:
    box = await a_box(3)
    wrong = changed(Box, ({"id": box, "volume": 4}, {"volume": 5}))
    assert await sent(postgres, fold([wrong])) == [0]
    with pytest.raises(AssertionError, match="moved"):
        wrong.check(0)


async def test_what_a_constraint_refuses_takes_all_of_it_along(postgres: Client) -> None:
    box = await a_box(3)
    parts: list[Part] = [changed(Box, ({"id": box}, {"volume": 5})), added(Box, {"id": box}, clash=Taken)]
    with pytest.raises(IntegrityError):
        await sent(postgres, fold(parts))
    assert await volumes() == [3]
    with pytest.raises(Taken):
        parts[1].check(0)


async def test_alone_it_writes_once_the_owner_is_as_it_was_read(postgres: Client) -> None:
    box = await a_box(3)
    parts: list[Part] = [added(Thing, thing(box, "A")), changed(Box, ({"id": box, "volume": 3}, {"volume": 4}))]
    made = alone(parts, {"id": box, "volume": 3})
    assert await postgres.write(*made)
    assert (await names(), await volumes()) == ("A", [4])


async def test_alone_an_owner_that_is_only_watched_is_held_and_stays(postgres: Client) -> None:
    box = await a_box(3)
    made = alone([added(Thing, thing(box, "A"))], {"id": box, "volume": 3})
    assert "FOR NO KEY UPDATE" in made[0]
    assert await postgres.write(*made)
    assert (await names(), await volumes()) == ("A", [3])


async def test_alone_it_writes_nothing_and_says_so_when_the_owner_has_moved(postgres: Client) -> None:
    box = await a_box(3)
    parts: list[Part] = [changed(Box, ({"id": box}, {"volume": 9})), added(Thing, thing(box, "A"))]
    made = alone(parts, {"id": box, "volume": 2})
    # no error either, which the server would write into its log
    assert await postgres.execute_query_dict(*made) == []
    assert not await postgres.write(*made)
    assert (await names(), await volumes()) == ("", [3])


async def test_alone_nothing_stays_when_another_row_is_not_found(postgres: Client) -> None:
    box, other = await a_box(3), await a_box(4)
    parts: list[Part] = [changed(Thing, ({"box_id": other, "id": uuid4()}, {"weight": 1}))]
    parts += [changed(Box, ({"id": box}, {"volume": 9})), added(Thing, thing(box, "A"))]
    made = alone(parts, {"id": box})
    assert not await postgres.write(*made)
    assert (await names(), await volumes()) == ("", [3, 4])


async def test_alone_a_row_that_is_there_already_undoes_the_rest(postgres: Client) -> None:
    box = await a_box(3)
    parts: list[Part] = [changed(Box, ({"id": box}, {"volume": 9})), added(Box, {"id": box})]
    made = alone(parts, {"id": box})
    assert not await postgres.write(*made)
    assert await volumes() == [3]


async def test_a_writer_that_was_refused_is_used_again(postgres: Client) -> None:
    box = await a_box(3)
    made = alone([added(Box, {"id": box})], {"id": box})
    for _ in range(3):
        assert not await postgres.write(*made)
    with pytest.raises(IntegrityError) as refused:
        await postgres.write("INSERT INTO box (id, volume) VALUES ($1, NULL)", [uuid4()])
    assert isinstance(refused.value.__cause__, NotNullViolationError)
    assert len(postgres.writers._all) == len(postgres.writers._idle) == 1


async def test_a_statement_that_writes_knows_a_column_that_came_later(postgres: Client) -> None:
    box = await a_box(3)
    made = alone([changed(Box, ({"id": box}, {"volume": 4}))], {"id": box})
    assert await postgres.write(*made)
    await postgres.execute_script("ALTER TABLE box ALTER COLUMN volume TYPE numeric")
    assert await postgres.write(*made)


async def test_a_moment_that_is_told_several_times_is_sent_once(postgres: Client) -> None:
    box, later = await a_box(3), NOON.replace(hour=13)
    parts: list[Part] = [added(Thing, thing(box, "A", weight=1)), added(Thing, thing(box, "B", made_at=later))]
    parts += [changed(Box, ({"id": box}, {"volume": 4})), added(Thing, thing(box, "C"))]
    text, values = alone(parts, {"id": box, "volume": 3})
    assert [each for each in values if each in (NOON, text_of(NOON), later)] == [text_of(NOON), later]
    assert await postgres.write(text, values)
    told = {row["name"]: row["made_at"] for row in await SQL("SELECT name, made_at FROM thing").rows()}
    assert told == {"A": NOON, "B": later, "C": NOON}
    assert await volumes() == [4]


async def test_a_moment_without_a_time_zone_is_not_left_to_the_session(postgres: Client) -> None:
    told = thing(await a_box(), "A", made_at=NOON.replace(tzinfo=None))
    with pytest.raises(ValueError, match="no time zone"):
        fold([added(Thing, told)])
