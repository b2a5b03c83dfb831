"""Entering: what was counted is written into the books, each stretch of the ledger and each day once."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import orjson
from uuid_utils.compat import uuid7

from models.finance import PointsBooks, PointsClosing, PointsOutlook, Term
from models.sql import SQL, insert
from rules.finance._counting import Count
from rules.transactions import transaction


@dataclass(frozen=True, slots=True)
class Books:
    """How far the ledger has been counted."""

    turn: int
    counted_id: UUID
    closed_day: date | None


@dataclass(frozen=True, slots=True)
class Closing:
    """A day to be closed, and where the programme stood at its end."""

    day: date
    ends_at: datetime
    points: int
    open_points: int


STATE = SQL("SELECT turn, counted_id, CAST(closed_day AS TEXT) AS closed FROM points_books")


async def books() -> Books:
    """How far the ledger has been counted; the books are opened the first time."""
    row = await STATE.row()
    if row is None:
        await _open()
        row = await STATE.row()
    if row is None:
        raise AssertionError("The books were opened and are not there.")
    return Books(row["turn"], row["counted_id"], day_of(row["closed"]))


def day_of(text: str | None) -> date | None:
    """A day as SQL told it."""
    return None if text is None else date.fromisoformat(text)


@transaction
async def _open() -> None:
    await insert(PointsBooks, [{"one": 1}], ignore_conflicts=True)


TAKE_TURN = SQL(
    "UPDATE points_books SET turn = turn + 1, counted_id = $2, counted_at = $3 WHERE turn = $1 RETURNING one"
)
ENTER_DAYS = SQL(
    "INSERT INTO points_day (id, day, kind, movements, points, open_points, lost)"
    " SELECT id, day, kind, movements, points, open_points, lost FROM json_to_recordset($1::text::json)"
    " AS e(id uuid, day date, kind text, movements bigint, points bigint, open_points bigint, lost bigint)"
    " WHERE TRUE"
    " ON CONFLICT (kind, day) DO UPDATE SET movements = points_day.movements + excluded.movements,"
    " points = points_day.points + excluded.points, open_points = points_day.open_points + excluded.open_points,"
    " lost = COALESCE(points_day.lost + excluded.lost, points_day.lost, excluded.lost)",
    sqlite="INSERT INTO points_day (id, day, kind, movements, points, open_points, lost)"
    " SELECT value ->> 'id', value ->> 'day', value ->> 'kind', value ->> 'movements', value ->> 'points',"
    " value ->> 'open_points', value ->> 'lost' FROM json_each($1) WHERE TRUE"
    " ON CONFLICT (kind, day) DO UPDATE SET movements = points_day.movements + excluded.movements,"
    " points = points_day.points + excluded.points, open_points = points_day.open_points + excluded.open_points,"
    " lost = COALESCE(points_day.lost + excluded.lost, points_day.lost, excluded.lost)",
)
ENTER_COHORTS = SQL(
    "INSERT INTO points_cohort (id, booked, cohort, kind, points)"
    " SELECT id, booked, cohort, kind, points FROM json_to_recordset($1::text::json)"
    " AS e(id uuid, booked date, cohort date, kind text, points bigint) WHERE TRUE"
    " ON CONFLICT (kind, cohort, booked) DO UPDATE SET points = points_cohort.points + excluded.points",
    sqlite="INSERT INTO points_cohort (id, booked, cohort, kind, points)"
    " SELECT value ->> 'id', value ->> 'booked', value ->> 'cohort', value ->> 'kind', value ->> 'points'"
    " FROM json_each($1) WHERE TRUE"
    " ON CONFLICT (kind, cohort, booked) DO UPDATE SET points = points_cohort.points + excluded.points",
)


@transaction
async def enter(counted: Count, *, found: Books, now: datetime) -> bool:
    """Enter a stretch of the ledger. Says no when somebody else entered anything since the books were looked at."""
    if await TAKE_TURN.row(found.turn, counted.upto, now) is None:
        return False
    await ENTER_DAYS.run(_json(_day_rows(counted)))
    await ENTER_COHORTS.run(_json(_cohort_rows(counted)))
    return True


def _day_rows(counted: Count) -> list[dict[str, Any]]:
    return [
        {
            "id": uuid7(),
            "day": day,
            "kind": kind,
            "movements": moved.movements,
            "points": moved.points,
            "open_points": moved.open_points,
            "lost": moved.lost or None,
        }
        for (day, kind), moved in counted.days.items()
    ]


def _cohort_rows(counted: Count) -> list[dict[str, Any]]:
    return [
        {"id": uuid7(), "booked": booked, "cohort": cohort, "kind": kind, "points": points}
        for (booked, cohort, kind), points in counted.cohorts.items()
        if points
    ]


def _json(rows: list[dict[str, Any]]) -> str:
    return orjson.dumps(rows).decode()


CLOSE = SQL(
    "UPDATE points_books SET turn = turn + 1, closed_day = $2::text::date WHERE turn = $1 RETURNING counted_id"
)


@transaction
async def close(days: list[Closing], *, found: Books, now: datetime) -> bool:
    """Close some days, in their order. Says no when somebody else entered anything since they were reckoned."""
    row = await CLOSE.row(found.turn, days[-1].day.isoformat())
    if row is None:
        return False
    rows = [
        {
            "day": each.day,
            "ends_at": each.ends_at,
            "counted_id": row["counted_id"],
            "points": each.points,
            "open_points": each.open_points,
            "closed_at": now,
        }
        for each in days
    ]
    await insert(PointsClosing, rows)
    return True


@transaction
async def look_ahead(day: date, found: dict[tuple[date, Term], int]) -> None:
    """Keep the outlook of a closed day. What is there already stays."""
    rows = [
        {"day": day, "cohort": cohort, "term": term, "points": points}
        for (cohort, term), points in found.items()
        if points > 0
    ]
    await insert(PointsOutlook, rows, ignore_conflicts=True)
