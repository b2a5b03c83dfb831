"""Lines: what a settlement's commission is made of, by campaign and rate, five people or more in each."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from models.partners import LEAST
from models.sql import SQL

LINES_MAX = 5_000
"""More parts than that are told as one."""


@dataclass(frozen=True, slots=True)
class Line:
    """Some people's orders, and the commission on them. Without campaign and rate: what is left."""

    campaign: str | None
    bps: int | None
    referees: int
    orders: int
    minor: int


PARTS = SQL(
    "SELECT campaign, bps, COUNT(DISTINCT referee_id) AS referees, COUNT(*) AS orders,"
    " SUM(settled_minor)::bigint AS minor FROM commission WHERE partner_id = $1 AND settlement_id = $2"
    " GROUP BY campaign, bps ORDER BY campaign, bps LIMIT $3"
)


async def lines(partner_id: UUID, settlement_id: UUID, whole: Line) -> list[Line]:
    """The parts of a settlement's commission, which add up to the whole: the largest first, what is left last.

    They are for those who lead alone: beside the statistics, which tell other groups of the same people, they would
    tell of one or two. Nothing is in one that was rejected any more, which is told as a whole.
    """
    found = [Line(**row) for row in await PARTS.rows(partner_id, settlement_id, LINES_MAX)]
    is_all = (sum(each.orders for each in found), sum(each.minor for each in found)) == (whole.orders, whole.minor)
    return folded(found) if is_all else [whole]


def folded(parts: Sequence[Line]) -> list[Line]:
    """The parts with fewer than five people as one, and with them so many of the others that it is five people."""
    told = sorted(parts, key=lambda each: -each.referees)
    left: list[Line] = []
    while told and (told[-1].referees < LEAST or 0 < sum(each.referees for each in left) < LEAST):
        left.append(told.pop())
    return [*told, _sum(left)] if left else told


def _sum(parts: Sequence[Line]) -> Line:
    referees, orders = sum(each.referees for each in parts), sum(each.orders for each in parts)
    return Line(None, None, referees, orders, sum(each.minor for each in parts))
