"""Counting: what a stretch of the ledger comes to, by day and kind and by cohort. Pure but for the reading."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from models.finance import REPAID
from models.points import PointsKind
from models.reading import Row, Rows

START = UUID(int=0)
"""Before the first movement."""

MERGE_OUT, MERGE_IN = PointsKind.MERGE_OUT.value, PointsKind.MERGE_IN.value

QUARTER = 900
"""Seconds in which a zone's day cannot change: offsets are whole quarters of an hour."""


class MovementRow(Row):
    """A movement, as far as it is counted."""

    id: UUID
    kind: str
    points: int
    effective_at: datetime
    created_at: datetime
    lost: int | None


class ShareRow(Row):
    """What a movement did to a lot, and when the lot's points came."""

    transaction_id: UUID
    moved: int
    was_held: bool
    """Whether it came out of what was set aside, or went into it."""
    effective_at: datetime
    created_at: datetime


MOVEMENTS = Rows(
    MovementRow,
    "SELECT id, kind, points, effective_at, created_at, lost FROM points_transaction WHERE id > $1"
    " ORDER BY id LIMIT $2",
    fans_out="the books count the whole ledger, bit by bit",
)
SHARES = Rows(
    ShareRow,
    "SELECT m.transaction_id, m.d_remaining + m.d_held AS moved, m.d_held <> 0 AS was_held,"
    " COALESCE(l.origin_at, o.effective_at) AS effective_at, o.created_at"
    " FROM points_transaction t"
    " JOIN points_lot_move m ON m.member_id = t.member_id AND m.transaction_id = t.id"
    " JOIN points_lot l ON l.member_id = m.member_id AND l.id = m.lot_id"
    " JOIN points_transaction o ON o.member_id = l.member_id AND o.id = l.transaction_id"
    " WHERE t.id > $1 AND t.id <= $2",
    fans_out="the books count the whole ledger, bit by bit",
)


class Calendar:
    """The days and months of a programme's zone."""

    def __init__(self, timezone: str) -> None:
        self._zone = ZoneInfo(timezone)
        self._days: dict[int, date] = {}

    def day(self, moment: datetime) -> date:
        """The programme's day of a moment."""
        quarter = int(moment.timestamp()) // QUARTER
        found = self._days.get(quarter)
        if found is None:
            found = self._days[quarter] = (
                datetime.fromtimestamp(quarter * QUARTER, UTC).astimezone(self._zone).date()
            )
        return found

    def happened(self, effective_at: datetime, created_at: datetime) -> date:
        """The day on which something happened; what a shop dates into the future happened when it was written."""
        return self.day(min(effective_at, created_at))


@dataclass(slots=True)
class Moved:
    """What some movements of one kind came to on one day."""

    movements: int = 0
    points: int = 0
    open_points: int = 0
    lost: int = 0
    """What claw-backs left to the programme."""


@dataclass(slots=True)
class Count:
    """What a stretch of the ledger came to."""

    upto: UUID = START
    """Its last movement."""
    movements: int = 0
    days: dict[tuple[date, str], Moved] = field(default_factory=lambda: defaultdict(Moved))
    """By day and kind."""
    cohorts: dict[tuple[date, date, str], int] = field(default_factory=lambda: defaultdict(int))
    """By the month of booking, the month in which the points came, and kind."""

    def add(self, movements: Iterable[MovementRow], shares: Iterable[ShareRow], books: "Booking") -> None:
        """Count movements and what they did to lots."""
        known: dict[UUID, tuple[MovementRow, date, Moved]] = {}
        for each in movements:
            day = books.day(each)
            moved = self.days[day, each.kind]
            moved.movements += 1
            moved.points += each.points
            moved.lost += each.lost or 0
            self.movements += 1
            known[each.id] = (each, day, moved)
            self.upto = each.id
        for share in shares:
            if share.transaction_id not in known:
                continue  # committed between the two readings: counted next time
            movement, day, moved = known[share.transaction_id]
            moved.open_points += share.moved
            came = books.calendar.happened(share.effective_at, share.created_at)
            kind = REPAID if _repays(movement, share) else movement.kind
            self.cohorts[month(day), month(came), kind] += share.moved


def _repays(movement: MovementRow, share: ShareRow) -> bool:
    """Whether points of a lot went into a debt, or come back since that is undone.

    A movement that brings points, or moves them inside an account, takes from a lot only to repay.
    """
    if movement.kind == MERGE_OUT:
        return share.moved > 0
    return share.moved < 0 and not share.was_held and (movement.points >= 0 or movement.kind == MERGE_IN)


@dataclass(frozen=True, slots=True)
class Booking:
    """Which day a movement is booked on: the one it happened on, or if that is closed, the first that is not."""

    calendar: Calendar
    closed_day: date | None

    def day(self, movement: MovementRow) -> date:
        """The day of a movement."""
        happened = self.calendar.happened(movement.effective_at, movement.created_at)
        return happened if self.closed_day is None else max(happened, self.closed_day + timedelta(days=1))


async def count(into: Count, *, after: UUID, books: Booking, before: datetime | None, most: int) -> int:
    """Count the next movements after one, and say how many there were.

    The first one written after `before` ends it, and all that came later: what has a smaller id and is not
    committed yet could otherwise be passed by.
    """
    rows = await MOVEMENTS.rows(after, most)
    if before is not None:
        fresh = next((place for place, each in enumerate(rows) if each.created_at > before), len(rows))
        rows = rows[:fresh]
    if rows:
        into.add(rows, await SHARES.rows(after, rows[-1].id), books)
    return len(rows)


def month(day: date) -> date:
    """The first day of a day's month."""
    return day.replace(day=1)
