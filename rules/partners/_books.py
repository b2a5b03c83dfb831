"""Books: twice a minute touches and events are counted, and told where enough people stand behind them.

They are counted in the order of their ids, which is the order in which they came. What was written in the last
seconds is left alone: a smaller id may not be committed yet.
"""

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from itertools import takewhile
from typing import Any, TypeVar
from uuid import UUID

from models.partners import Family
from rules import programme
from rules.calendar import local_day
from rules.jobs import job
from rules.partners import _counting, _entering
from rules.partners._counting import EVENTS, TOUCHES, Days, EventRow, TouchRow
from rules.partners._entering import Books
from rules.partners._grouping import Grouping, Happened

MARGIN = timedelta(seconds=20)
"""How long a row is left alone after it was written: longer than a statement may take, or two clocks differ."""

AT_ONCE = 5_000
"""How many rows are counted in one go."""

OF_TOUCHES = (Family.TOUCH,)
OF_EVENTS = tuple(family for family in Family if family is not Family.TOUCH)

Counted = TypeVar("Counted", TouchRow, EventRow)

STRETCHES_MAX = 2_000
"""How many of those one run takes at most of each table; the next one goes on."""


@job("partners.count", every=timedelta(seconds=30), lease=timedelta(minutes=10))
async def count(_: dict[str, Any], now: datetime) -> None:
    """Count what came since the last half minute."""
    await bring_up_to_date(now)


async def bring_up_to_date(now: datetime, *, margin: timedelta = MARGIN) -> int:
    """Count touches and events up to a little while ago, and say how many rows that were.

    It may be cut short anywhere, and called at any time by anybody: what was entered is not entered again.
    """
    timezone = (await programme.terms()).timezone
    counted = 0
    for stretch in (_touches, _events):
        for _ in range(STRETCHES_MAX):
            found = await stretch(timezone, now, now - margin)
            if found is None:
                continue  # somebody else counts, too
            counted += found
            if found < AT_ONCE:
                break
    return counted


async def _touches(timezone: str, now: datetime, until: datetime) -> int | None:
    """Count the next touches, and say how many those were; None when somebody else did."""
    before = await _entering.books()
    rows = _settled(await TOUCHES.rows(before.touch_id, AT_ONCE), until)
    upto, at = _reached(rows, before.touch_id, until)
    happened = list(_counting.touches(rows, Days(timezone, before.touched_at, now)))
    return await _enter(before.touched(upto, at), len(rows), happened, OF_TOUCHES, local_day(at, timezone))


async def _events(timezone: str, now: datetime, until: datetime) -> int | None:
    """Count the next events, and say how many those were; None when somebody else did."""
    before = await _entering.books()
    rows = _settled(await EVENTS.rows(before.event_id, AT_ONCE), until)
    upto, at = _reached(rows, before.event_id, until)
    rates = await _counting.rates_of(rows)
    happened = list(_counting.events(rows, Days(timezone, before.happened_at, now), rates))
    return await _enter(before.happened(upto, at), len(rows), happened, OF_EVENTS, local_day(at, timezone))


def _settled(rows: list[Counted], until: datetime) -> list[Counted]:
    """The rows up to the first that is fresh."""
    return list(takewhile(lambda row: row.at <= until, rows))


def _reached(rows: Sequence[TouchRow] | Sequence[EventRow], upto: UUID, until: datetime) -> tuple[UUID, datetime]:
    """The last row of a stretch, and up to which moment all is counted with it."""
    if not rows:
        return upto, until
    return rows[-1].id, until if len(rows) < AT_ONCE else rows[-1].at


async def _enter(
    books: Books, rows: int, happened: list[Happened], families: Collection[Family], today: date
) -> int | None:
    if not rows and not books.turn:
        return 0
    found = await _entering.pools({each.cell.partner_id for each in happened}, families, today)
    grouping = Grouping(dict(found.waiting))
    grouping.take(happened)
    grouping.tell(today)
    done = await _entering.enter(books, told=grouping.told, before=found, waiting=grouping.waiting)
    return rows if done else None
