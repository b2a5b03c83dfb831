"""Finance: the ledger counted into books of days and cohorts, which a report reads whatever the ledger's size.

Movements are counted in the order in which they came, a stretch at a time, each once. A movement is booked on the
day on which it happened; when that day is closed already, on the first that is not. So a closed day never changes,
and nothing that comes late is lost.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from models.sql import SQL
from rules import programme
from rules.calendar import local_midnight
from rules.finance import _entering
from rules.finance._counting import Booking, Calendar, Count, count
from rules.finance._entering import Books, Closing, books
from rules.finance._liability import (
    COHORTS_MAX,
    MONTHS_MAX,
    Cohort,
    Cost,
    Liability,
    Month,
    Outlook,
    cost_of,
    objection,
    report,
    ultimate,
)
from rules.finance._outlook import outlook
from rules.jobs import job
from rules.programme import Terms

__all__ = [
    "COHORTS_MAX",
    "MONTHS_MAX",
    "Closed",
    "Cohort",
    "Cost",
    "Liability",
    "Month",
    "Outlook",
    "bring_up_to_date",
    "cost_of",
    "objection",
    "report",
    "ultimate",
]

MARGIN = timedelta(minutes=15)
"""How long a movement is left alone after it was written: longer than a transaction and two clocks may differ."""

AT_ONCE = 5_000
"""How many movements are counted in one go."""

STRETCHES_MAX = 2_000
"""How many of those one run takes at most; the next one goes on."""

DAYS_AT_ONCE = 366
DAYS_MAX = 100 * DAYS_AT_ONCE


@dataclass(frozen=True, slots=True)
class Closed:
    """What a run came to."""

    movements: int
    days: int
    upto: date | None
    """The last closed day."""


@job("finance.close", every=timedelta(hours=1), lease=timedelta(minutes=30))
async def close_books(_: dict[str, Any], now: datetime) -> None:
    """Count what came since the last hour, and close the days that are over."""
    await bring_up_to_date(now)


async def bring_up_to_date(now: datetime) -> Closed:
    """Count the ledger, close the days that are over, and keep the outlook of the last of them.

    It may be cut short anywhere, and called at any time by anybody: what was entered is not entered again.
    """
    terms = await programme.terms()
    movements = await _count(terms, now)
    days = await _close(terms, now)
    upto = (await books()).closed_day
    if upto is not None:
        await _keep_outlook(upto, terms)
    return Closed(movements, days, upto)


async def _count(terms: Terms, now: datetime) -> int:
    """Count what is there and not fresh, and say how many movements that was."""
    calendar, total = Calendar(terms.timezone), 0
    for _stretch in range(STRETCHES_MAX):
        found, counted = await books(), Count()
        booking = Booking(calendar, found.closed_day)
        number = await count(counted, after=found.counted_id, books=booking, before=now - MARGIN, most=AT_ONCE)
        if number and not await _entering.enter(counted, found=found, now=now):
            continue  # somebody else counts, too
        total += number
        if number < AT_ONCE:
            break
    return total


async def _close(terms: Terms, now: datetime) -> int:
    """Close the days that are over and counted to their end, and say how many those were."""
    closed = 0
    for _step in range(DAYS_MAX // DAYS_AT_ONCE):
        found = await books()
        last = Calendar(terms.timezone).day(now - MARGIN) - timedelta(days=1)
        if not await _is_counted(found, now):
            break
        days = await _due(found, last, terms)
        if not days:
            break
        if await _entering.close(days, found=found, now=now):
            closed += len(days)
    return closed


OLDER = SQL(
    "SELECT created_at FROM points_transaction WHERE id > $1 ORDER BY id LIMIT 1",
    fans_out="the books count the whole ledger, bit by bit",
)


async def _is_counted(found: Books, now: datetime) -> bool:
    """Whether all is counted that is not fresh."""
    oldest = await OLDER.value(found.counted_id)
    return oldest is None or oldest > now - MARGIN


BEFORE = SQL("SELECT points, open_points FROM points_closing WHERE day = $1::text::date")
UNCLOSED = SQL(
    "SELECT CAST(day AS TEXT) AS booked_on, SUM(points)::bigint AS points, SUM(open_points)::bigint AS open_points"
    " FROM points_day WHERE day > $1::text::date AND day <= $2::text::date GROUP BY day ORDER BY day LIMIT $3"
)
LONG_AGO = "0001-01-01"


async def _due(found: Books, last: date, terms: Terms) -> list[Closing]:
    """The next days to close, up to the last that is over: each day of the calendar from the first movement on."""
    after = found.closed_day.isoformat() if found.closed_day else LONG_AGO
    rows = await UNCLOSED.rows(after, last.isoformat(), DAYS_AT_ONCE)
    moved = {date.fromisoformat(row["booked_on"]): row for row in rows}
    start = found.closed_day + timedelta(days=1) if found.closed_day else min(moved, default=None)
    if start is None:
        return []
    before = await BEFORE.row(found.closed_day.isoformat()) if found.closed_day else None
    points, open_points = (before["points"], before["open_points"]) if before else (0, 0)
    closings = []
    for place in range(min(DAYS_AT_ONCE, (last - start).days + 1)):
        day = start + timedelta(days=place)
        if day in moved:
            points, open_points = points + moved[day]["points"], open_points + moved[day]["open_points"]
        closings.append(Closing(day, local_midnight(day + timedelta(days=1), terms.timezone), points, open_points))
    return closings


KEPT = SQL("SELECT 1 AS one FROM points_outlook WHERE day = $1::text::date LIMIT 1")


async def _keep_outlook(day: date, terms: Terms) -> None:
    """Keep what the open points look like from the end of a day, unless it is kept."""
    if await KEPT.row(day.isoformat()) is None:
        await _entering.look_ahead(day, await outlook(day, terms.timezone))
