"""Statistics: sums of whole groups, over days, channels or campaigns. What was not told is in none of them."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
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


@dataclass(slots=True)
class Figures:
    """What a partner is told of some days. None is fewer than five people, or nobody.

    It is not frozen, since that makes it twice as dear to make, and there is one for each day.
    """

    touches: int | None = None
    unique_touches: int | None = None
    registered: int | None = None
    qualified: int | None = None
    orders: int | None = None
    gross_minor: int | None = None
    refunds: int | None = None
    refund_minor: int | None = None
    net_minor: int | None = None
    reward_points: int | None = None
    reward_cost_minor: int | None = None
    conversion_bps: int | None = None
    """Who has qualified in these days, of who has registered in them: of a short time it may be more than 10,000.

    Days that are over never change, so what became of those who came on one cannot be told.
    """


class FiguresRow(Row):
    """The sums of a cell, with the people behind them, and up to when all is counted. No cell: there is nothing."""

    touched_at: datetime | None
    happened_at: datetime | None
    cell: str | None
    touchers: int
    touches: int
    unique_touches: int
    registered: int
    qualified: int
    buyers: int
    orders: int
    gross_minor: int
    gross_cost: int
    refunders: int
    refunds: int
    refund_minor: int
    refund_cost: int
    rewarded: int
    reward_points: int


SUMMED = tuple(name for name in FiguresRow.__annotations__ if name not in ("touched_at", "happened_at", "cell"))
SUMS = ", ".join(f"SUM({name})::bigint AS {name}" for name in SUMMED)


def _by(column: str) -> Rows[FiguresRow]:
    return Rows(
        FiguresRow,
        f"SELECT b.touched_at, b.happened_at, d.* FROM partner_books b LEFT JOIN (SELECT CAST({column} AS TEXT)"  # noqa: S608
        f" AS cell, {SUMS} FROM partner_day WHERE partner_id = $1 AND day >= $2::text::date"
        f" AND day <= $3::text::date GROUP BY {column} ORDER BY {column} LIMIT $4) d ON TRUE ORDER BY d.cell",
    )


CELLS = {By.DAY: _by("day"), By.CHANNEL: _by("channel"), By.CAMPAIGN: _by("campaign")}


@dataclass(frozen=True, slots=True)
class Statistics:
    """The figures of some days: as a whole, and by cells."""

    as_of: datetime | None
    """Up to when all is counted; None where nothing is yet."""
    total: Figures
    cells: list[tuple[str, Figures]]
    """By day, or by channel or campaign; an empty name is that of all that have none of their own."""


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
    moments = [each for row in rows[:1] for each in (row.touched_at, row.happened_at) if each is not None]
    told = [(row.cell, {name: getattr(row, name) for name in SUMMED}) for row in rows if row.cell is not None]
    columns = zip(*(sums.values() for _, sums in told), strict=True) if told else [(0,)] * len(SUMMED)
    total = dict(zip(SUMMED, map(sum, columns), strict=True))
    return Statistics(min(moments, default=None), figures(total), [(cell, figures(sums)) for cell, sums in told])


def figures(sums: dict[str, int]) -> Figures:
    """What is told of sums of whole groups: nothing of a family in which there is none."""
    traded, refunded = sums["buyers"] > 0, sums["refunders"] > 0
    registered, qualified = sums["registered"] or None, sums["qualified"] or None
    cost = sums["gross_cost"] - sums["refund_cost"]
    return Figures(
        touches=sums["touches"] or None,
        unique_touches=sums["unique_touches"] if sums["touches"] else None,
        registered=registered,
        qualified=qualified,
        orders=sums["orders"] if traded else None,
        gross_minor=sums["gross_minor"] if traded else None,
        refunds=sums["refunds"] if refunded else None,
        refund_minor=sums["refund_minor"] if refunded else None,
        net_minor=sums["gross_minor"] - sums["refund_minor"] if traded else None,
        reward_points=sums["reward_points"] if sums["rewarded"] else None,
        reward_cost_minor=cost // WHOLE if traded else None,
        conversion_bps=qualified * WHOLE // registered if qualified and registered else None,
    )
