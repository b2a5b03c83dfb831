"""Partners: the caller's organisation and what its links came to, summed by Tortoise."""

from datetime import date, datetime
from enum import Enum
from typing import Annotated, Any
from uuid import UUID

import strawberry
from tortoise.functions import Sum

from models.partners import PartnerBooks, PartnerDay

WHOLE = 10_000
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


@strawberry.enum
class PartnerStatsBy(Enum):
    DAY = "day"
    CHANNEL = "channel"
    CAMPAIGN = "campaign"


@strawberry.type
class Figures:
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


@strawberry.type
class Cell(Figures):
    day: date | None
    channel: str | None
    campaign: str | None


def _figures(sums: dict[str, int]) -> dict[str, int | None]:
    bought, returned = sums["buyers"] > 0, sums["refunders"] > 0
    registered, qualified = sums["registered"], sums["qualified"]
    return {
        "touches": sums["touches"] or None,
        "unique_touches": sums["unique_touches"] if sums["touches"] else None,
        "registered": registered or None,
        "qualified": qualified or None,
        "orders": sums["orders"] if bought else None,
        "gross_minor": sums["gross_minor"] if bought else None,
        "refunds": sums["refunds"] if returned else None,
        "refund_minor": sums["refund_minor"] if returned else None,
        "net_minor": sums["gross_minor"] - sums["refund_minor"] if bought else None,
        "reward_points": sums["reward_points"] if sums["rewarded"] else None,
        "reward_cost_minor": (sums["gross_cost"] - sums["refund_cost"]) // WHOLE if bought else None,
        "conversion_bps": qualified * WHOLE // registered if qualified and registered else None,
    }


@strawberry.type
class Stats:
    from_: date = strawberry.field(name="from")
    to: date
    as_of: datetime | None
    total: Figures
    cells: list[Cell]


@strawberry.type
class Partner:
    row_id: strawberry.Private[UUID]
    name: str

    @strawberry.field
    async def stats(
        self,
        from_: Annotated[date, strawberry.argument(name="from")],
        to: date,
        by: PartnerStatsBy = PartnerStatsBy.DAY,
    ) -> Stats:
        books = await PartnerBooks.get_or_none(one=1)
        moments = [each for each in (books and books.touched_at, books and books.happened_at) if each]
        days = PartnerDay.filter(partner_id=self.row_id, day__gte=from_, day__lte=to)
        sums = {f"sum_{name}": Sum(name) for name in SUMMED}
        grouped = days.annotate(**sums).group_by(by.value).order_by(by.value).values(by.value, *sums)
        rows = [(row[by.value], {name: int(row[f"sum_{name}"]) for name in SUMMED}) for row in await grouped]
        total = {name: sum(told[name] for _, told in rows) for name in SUMMED}
        nowhere: dict[str, Any] = {each.value: None for each in PartnerStatsBy}
        told_by = [{**nowhere, by.value: where or None, **_figures(told)} for where, told in rows]
        cells = [Cell(**each) for each in told_by]
        return Stats(
            from_=from_,
            to=to,
            as_of=min(moments, default=None),
            total=Figures(**_figures(total)),
            cells=cells,
        )
