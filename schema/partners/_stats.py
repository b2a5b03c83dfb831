"""Statistics as a partner sees them: figures behind each of which stand five people or more."""

from datetime import date, timedelta
from typing import Annotated, cast

import strawberry

from rules import partners
from rules.partners import TOLD, By, Statistics
from schema.context import Info
from schema.enums import describe
from schema.errors import bad_input
from schema.permissions import READS_STATISTICS, seen
from schema.scalars import BasisPointsValue, Day, Long, Moment

LATELY = timedelta(days=29)
"""How long before the last day statistics begin where nobody says."""

describe(
    By,
    "What statistics are told by.",
    {
        By.DAY: "The days of the programme's time zone.",
        By.CHANNEL: "The channels of the partner's links.",
        By.CAMPAIGN: "The campaigns under which members came.",
    },
    name="PartnerStatsBy",
)


@strawberry.type(
    description="What a partner's links came to (合作伙伴统计). A number covers whole groups of five people or "
    "more; up to four people of a channel and campaign wait untold. Null: fewer than five people, or nobody."
)
class PartnerFigures:
    touches: Long | None = seen(READS_STATISTICS, "How often somebody came by a link.")
    unique_touches: Long | None = seen(
        READS_STATISTICS, "Of these, the first of a device by a link on a day (去重点击)."
    )
    registered: Long | None = seen(READS_STATISTICS, "Members who came by a link, and were bound to it.")
    qualified: Long | None = seen(READS_STATISTICS, "Those who did what their campaign asks for.")
    orders: Long | None = seen(READS_STATISTICS, "What these members ordered and paid.")
    gross_minor: Long | None = seen(READS_STATISTICS, "What they paid for it, in minor units.")
    refunds: Long | None = seen(READS_STATISTICS, "How often something was refunded.")
    refund_minor: Long | None = seen(READS_STATISTICS, "What was refunded.")
    net_minor: Long | None = seen(READS_STATISTICS, "`grossMinor` less what is told of refunds.")
    reward_points: Long | None = seen(
        READS_STATISTICS, "What the members were given for coming by the link, in points."
    )
    reward_cost_minor: Long | None = seen(
        READS_STATISTICS, "The partner's commission on `netMinor`, before each order's is rounded down."
    )
    conversion_bps: BasisPointsValue | None = seen(
        READS_STATISTICS,
        "`qualified` of `registered` in these days, rounded down. Who qualifies now may have come before them: of "
        "a short time it may be more than 10000.",
    )


@strawberry.type(description="What came of one day, one channel or one campaign.")
class PartnerCell(PartnerFigures):
    day: Day | None = seen(READS_STATISTICS, "The day, where it is told by days.")
    channel: str | None = seen(
        READS_STATISTICS,
        "The channel, where it is told by channels; null for what came without one, or is too little.",
    )
    campaign: str | None = seen(
        READS_STATISTICS,
        "The campaign, where it is told by campaigns; null for what came without one, or is too little.",
    )


@strawberry.type(description="What a partner's links came to in some days.")
class PartnerStats:
    from_day: Day = seen(READS_STATISTICS, "The first day.", name="from")
    to_day: Day = seen(READS_STATISTICS, "The last day.", name="to")
    as_of: Moment | None = seen(
        READS_STATISTICS,
        "Up to when everything is counted: about a minute ago. Days that ended before it never change. Null where "
        "nothing was ever counted.",
    )
    total: PartnerFigures = seen(READS_STATISTICS, "All of it: the sum of the cells.")
    cells: list[PartnerCell] = seen(
        READS_STATISTICS, "By day, channel or campaign, in order, without those of which nothing is told."
    )


NOTHING = PartnerFigures(**dict.fromkeys(TOLD))


def shown(told: Statistics, first: date, last: date) -> PartnerStats:
    """Statistics as a client sees them: the rows tell the figures."""
    return PartnerStats(
        from_day=Day(first),
        to_day=Day(last),
        as_of=cast("Moment | None", told.as_of),
        total=cast("PartnerFigures", told.total or NOTHING),
        cells=cast("list[PartnerCell]", told.cells),
    )


From = Annotated[
    Day | None, strawberry.argument(name="from", description="The first day; by default 29 days before `to`.")
]
To = Annotated[Day | None, strawberry.argument(description="The last day; by default today.")]
ByWhat = Annotated[By, strawberry.argument(description="What it is told by.")]


async def stretch(info: Info, first: Day | None, last: Day | None) -> tuple[date, date]:
    """The days a client means."""
    until: date = last or (await info.context.reference.terms()).local_day(info.context.now)
    since: date = first or until - LATELY
    if said := partners.objection(since, until):
        raise bad_input(said)
    return since, until
