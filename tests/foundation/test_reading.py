"""Reading: rows with attributes, moments as text, and statements that go together."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, NewType
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tortoise.backends.base.client import BaseDBAsyncClient

from models.reading import AtOnce, Row, Rows, together
from models.sql import SQL, insert
from schema.scalars import show_moment
from tests.foundation.scratch import Box, Colour, Thing

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
Weight = NewType("Weight", int)


class ThingRow(Row):
    id: UUID
    name: str
    colour: Colour
    made_at: datetime
    shown: str
    whole: bool
    notes: dict[str, Any]
    weight: Weight | None

    @property
    def label(self) -> str:
        return f"{self.name} ({self.colour.value})"

    def weighs(self, least: int) -> bool:
        return self.weight is not None and self.weight >= least


def _sizes(volumes: Sequence[int]) -> list[str]:
    return [f"{volume} of {len(volumes)}" for volume in volumes]


class BoxRow(Row):
    id: str
    volume: int
    size = AtOnce(_sizes, "volume")


THINGS = Rows(
    ThingRow,
    "SELECT weight, id, name, colour, made_at, ISO(made_at) AS shown, whole, notes"
    " FROM thing WHERE box_id = $1 ORDER BY name",
)
BOXES = Rows(BoxRow, "SELECT id::text, volume FROM box WHERE id = ANY($1::uuid[]) ORDER BY volume")


async def a_box(*weights: int | None, volume: int = 5) -> UUID:
    """A box of things of these weights, named a, b, c."""
    box = uuid4()
    await insert(Box, [{"id": box, "volume": volume}])
    things = [
        {
            "id": uuid4(),
            "box_id": box,
            "name": chr(97 + place),
            "made_at": NOON,
            "weight": weight,
            "notes": {"n": [1]},
        }
        for place, weight in enumerate(weights)
    ]
    await insert(Thing, things)
    return box


async def test_a_column_is_an_attribute_of_its_type(client: BaseDBAsyncClient) -> None:
    first, second = await THINGS.rows(await a_box(7, None))
    assert isinstance(first, ThingRow)
    assert isinstance(first.id, UUID)
    assert (first.name, first.colour, first.made_at, first.shown) == ("a", Colour.RED, NOON, "2026-05-01T12:00:00Z")
    assert first.whole is True
    assert first.notes == {"n": [1]}
    assert (first.weight, second.weight) == (7, None)


async def test_what_is_computed_sees_the_columns(client: BaseDBAsyncClient) -> None:
    row = await THINGS.row(await a_box(7))
    assert row is not None
    assert row.label == "a (RED)"
    assert (row.weighs(7), row.weighs(8)) == (True, False)
    assert await THINGS.row(uuid4()) is None


async def test_an_id_may_be_asked_for_as_text(client: BaseDBAsyncClient) -> None:
    box = await a_box()
    [row] = await BOXES.rows([box])
    assert row.id == str(box)


async def test_what_is_computed_at_once_is_computed_for_one_too(client: BaseDBAsyncClient) -> None:
    rows = await BOXES.rows([await a_box(volume=2), await a_box(volume=3)])
    assert [row.size for row in rows] == ["2 of 1", "3 of 1"]
    assert type(rows[0]).size.at_once(rows) == ["2 of 2", "3 of 2"]


async def test_columns_read_in_one_go_are_what_each_row_says(client: BaseDBAsyncClient) -> None:
    things = await THINGS.rows(await a_box(7, None, 9))
    for names in (("weight", "name", "id", "colour"), ("notes", "whole", "made_at", "shown")):
        read = type(things[0]).__at_once__(names)
        assert read is not None
        assert [list(each) for each in read(things)] == [[getattr(row, name) for row in things] for name in names]
    boxes = await BOXES.rows([await a_box(volume=2), await a_box(volume=3)])
    read = type(boxes[0]).__at_once__(("size", "volume"))
    assert read is not None
    assert [list(each) for each in read(boxes)] == [["2 of 2", "3 of 2"], [2, 3]]


async def test_what_is_no_column_or_one_of_many_is_read_by_itself(client: BaseDBAsyncClient) -> None:
    [thing] = await THINGS.rows(await a_box(7))
    for names in (("label", "name", "id"), ("name",), ("name", "unheard_of")):
        assert type(thing).__at_once__(names) is None


async def test_questions_that_go_together_are_answered_in_their_order(client: BaseDBAsyncClient) -> None:
    box, other = await a_box(1, 2), await a_box(volume=9)
    boxes, things, none = await together(BOXES.asked([box, other]), THINGS.asked(box), THINGS.asked(other))
    assert [row.volume for row in boxes] == [5, 9]
    assert [row.weight for row in things] == [1, 2]
    assert none == []


async def test_a_transaction_reads_its_own_rows(client: BaseDBAsyncClient) -> None:
    async with client._in_transaction():
        box = await a_box(1)
        assert [row.name for row in await THINGS.rows(box)] == ["a"]
        boxes, things = await together(BOXES.asked([box]), THINGS.asked(box))
        assert (len(boxes), len(things)) == (1, 1)


async def test_a_class_and_its_statement_must_agree(client: BaseDBAsyncClient) -> None:
    box = await a_box()
    with pytest.raises(TypeError, match="BoxRow and its statement differ on: size, volume"):
        await Rows(BoxRow, "SELECT id, volume AS size FROM box WHERE id = $1").rows(box)
    with pytest.raises(TypeError, match="differ on: volume"):
        await Rows(BoxRow, "SELECT id FROM box WHERE id = $1").rows(box)


def test_a_class_names_columns_a_database_can_give() -> None:
    class Empty(Row):
        @property
        def name(self) -> str:
            return ""

    class Odd(Row):
        things: set[int]

    with pytest.raises(TypeError, match="names no columns"):
        Rows(Empty, "SELECT 1 AS n")
    with pytest.raises(TypeError, match="cannot be read as"):
        Rows(Odd, "SELECT 1 AS things")


@pytest.mark.parametrize(
    "text",
    [
        "UPDATE box SET volume = 0 RETURNING id, volume",
        "WITH gone AS (DELETE FROM box RETURNING id, volume) SELECT id, volume FROM gone",
        "SELECT id, volume FROM box FOR NO KEY UPDATE",
        "SELECT id, volume FROM box FOR KEY SHARE",
        "SELECT pg_advisory_lock(1) AS id, 1 AS volume",
        "SELECT set_config('a', 'b', false) AS id, 1 AS volume",
    ],
)
def test_rows_are_of_statements_that_only_read(text: str) -> None:
    assert not SQL(text).reads
    with pytest.raises(ValueError, match="only read"):
        Rows(BoxRow, text)


def test_columns_and_texts_that_only_sound_like_writing_are_read() -> None:
    assert SQL("SELECT updated_at, deleted FROM a WHERE kind = 'INSERTED'").reads
    assert not SQL("SELECT 1", sqlite="DELETE FROM a RETURNING 1").reads


MOMENTS = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC)) | st.datetimes(  # noqa: DTZ001
    datetime(1970, 1, 1),  # noqa: DTZ001
    datetime(2100, 1, 1),  # noqa: DTZ001
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=8)), timezone(-timedelta(hours=3, minutes=30))]),
).map(lambda moment: moment.replace(microsecond=0))


class MomentRow(Row):
    shown: str | None


MOMENT = Rows(MomentRow, "SELECT ISO(max(made_at)) AS shown FROM thing WHERE (box_id = $1)")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moment=MOMENTS)
async def test_a_moment_leaves_the_database_as_graphql_shows_it(
    client: BaseDBAsyncClient, moment: datetime
) -> None:
    box = uuid4()
    await insert(Box, [{"id": box}])
    row = await MOMENT.row(box)
    assert row is not None
    assert row.shown is None
    await insert(Thing, [{"id": uuid4(), "box_id": box, "name": "a", "made_at": moment}])
    row = await MOMENT.row(box)
    assert row is not None
    stored = await SQL("SELECT made_at FROM thing WHERE box_id = $1").value(box)
    assert stored == moment
    assert row.shown == show_moment(stored) == show_moment(moment)


def test_a_bracket_left_open_is_refused() -> None:
    with pytest.raises(ValueError, match="not closed"):
        SQL("SELECT ISO(max(a FROM b")
