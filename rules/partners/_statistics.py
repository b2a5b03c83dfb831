"""Statistics: sums of whole groups, over days, channels or campaigns. What was not told is in none of them."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

from models.reading import Row, Rows
from rules.calendar import DAY

DAYS_MAX = 366
CELLS_MAX = 500
"""How many cells are told at most. A partner has fewer channels and campaigns than that."""

WHOLE = 10_000


class By(StrEnum):
    """What the figures are told by."""

    DAY = "DAY"
    CHANNEL = "CHANNEL"
    CAMPAIGN = "CAMPAIGN"


class FiguresRow(Row):
    """What a partner is told of some days. None is fewer than five people, or nobody."""

    as_of: str | None
    """On the last row, up to when all is counted."""
    is_total: int | None
    """1 for the sum of the cells, 0 for a cell; None where there is no cell."""
    touches: int | None
    unique_touches: int | None
    registered: int | None
    qualified: int | None
    orders: int | None
    gross_minor: int | None
    refunds: int | None
    refund_minor: int | None
    net_minor: int | None
    reward_points: int | None
    reward_cost_minor: int | None
    conversion_bps: int | None
    """Who has qualified in these days, of who has registered in them: of a short time it may be more than 10,000.

    Days that are over never change, so what became of those who came on one cannot be told.
    """


class DayRow(FiguresRow):
    """A day's."""

    day: str | None
    channel = None
    campaign = None


class ChannelRow(FiguresRow):
    """A channel's."""

    channel: str | None
    day = None
    campaign = None


class CampaignRow(FiguresRow):
    """A campaign's."""

    campaign: str | None
    day = None
    channel = None


SUMMED = (
    "touches",
    "unique_touches",
    "registered",
    "qualified",
    "buyers",
    "orders",
    "gross_minor",
    "gross_cost",
    "refunders",
    "refunds",
    "refund_minor",
    "refund_cost",
    "rewarded",
    "reward_points",
)
SUMS = ", ".join(f"SUM({name})::bigint AS {name}" for name in SUMMED)

TOLD = {
    "touches": "NULLIF(d.touches, 0)",
    "unique_touches": "CASE WHEN d.touches > 0 THEN d.unique_touches END",
    "registered": "NULLIF(d.registered, 0)",
    "qualified": "NULLIF(d.qualified, 0)",
    "orders": "CASE WHEN d.buyers > 0 THEN d.orders END",
    "gross_minor": "CASE WHEN d.buyers > 0 THEN d.gross_minor END",
    "refunds": "CASE WHEN d.refunders > 0 THEN d.refunds END",
    "refund_minor": "CASE WHEN d.refunders > 0 THEN d.refund_minor END",
    "net_minor": "CASE WHEN d.buyers > 0 THEN d.gross_minor - d.refund_minor END",
    "reward_points": "CASE WHEN d.rewarded > 0 THEN d.reward_points END",
    # rounded down also below zero, where more is told of refunds than of orders
    "reward_cost_minor": "CASE WHEN d.buyers > 0 THEN CASE WHEN d.gross_cost >= d.refund_cost"
    f" THEN (d.gross_cost - d.refund_cost) / {WHOLE}"
    f" ELSE -((d.refund_cost - d.gross_cost + {WHOLE - 1}) / {WHOLE}) END END",
    "conversion_bps": "CASE WHEN d.registered > 0 AND d.qualified > 0"
    f" THEN d.qualified * {WHOLE} / d.registered END",
}
"""What is told of sums of whole groups: nothing of a family in which there is nobody."""

EARLIER = "CASE WHEN b.touched_at <= b.happened_at THEN b.touched_at ELSE COALESCE(b.happened_at, b.touched_at) END"
"""Up to when both kinds of events are counted; of one that never was there is nothing to count."""

EACH = ", ".join(f"{what} AS {name}" for name, what in TOLD.items())


def _by(row: type[FiguresRow], column: str) -> Rows[Any]:
    cells = (
        f"SELECT CAST({column} AS TEXT) AS cell, {SUMS} FROM partner_day WHERE partner_id = $1"  # noqa: S608
        f" AND day >= $2::text::date AND day <= $3::text::date GROUP BY {column} ORDER BY {column} LIMIT $4"
    )
    # an empty name is that of all that have none of their own
    told = (
        f"SELECT NULLIF(d.cell, '') AS {column}, d.cell AS cell, 0 AS is_total, {EACH} FROM cells d"  # noqa: S608
        f" UNION ALL SELECT NULL, NULL, 1, {EACH} FROM (SELECT COUNT(*) AS cells, {SUMS} FROM cells) d"
        " WHERE d.cells > 0"
    )
    names = ", ".join(f"t.{name}" for name in (column, "is_total", *TOLD))
    # a moment is dear to read, and one is enough
    as_of = f"CASE WHEN t.is_total = 0 THEN NULL ELSE ISO({EARLIER}) END"
    return Rows(
        row,
        f"WITH cells AS ({cells}), told AS ({told}) SELECT {as_of} AS as_of, {names}"  # noqa: S608
        " FROM partner_books b LEFT JOIN told t ON TRUE ORDER BY t.is_total, t.cell",
        combines=True,
    )


CELLS = {
    By.DAY: _by(DayRow, "day"),
    By.CHANNEL: _by(ChannelRow, "channel"),
    By.CAMPAIGN: _by(CampaignRow, "campaign"),
}


@dataclass(frozen=True, slots=True)
class Statistics:
    """The figures of some days: as a whole, and by cells."""

    as_of: str | None
    """Up to when all is counted, as it is shown; None where nothing is yet."""
    total: FiguresRow | None
    """The sum of the cells; None where there are none."""
    cells: list[FiguresRow]
    """By day, channel or campaign, in order."""


def objection(first: date, last: date) -> str | None:
    """What is wrong with a stretch of days; None for nothing."""
    if last < first:
        return "`to` is not before `from`."
    if last - first >= DAYS_MAX * DAY:
        return f"Statistics cover {DAYS_MAX} days at most."
    return None


async def statistics(partner_id: UUID, first: date, last: date, by: By) -> Statistics:
    """What a partner is told of the days from the first to the last."""
    rows = await CELLS[by].rows(partner_id, first.isoformat(), last.isoformat(), CELLS_MAX)
    if not rows:
        return Statistics(None, None, [])
    *cells, last_row = rows
    # the sum comes last; without a cell there is neither
    return Statistics(last_row.as_of, last_row if cells else None, cells)
