"""Finance as those who lead and analysts see it: the liability report. Its figures are counted in rules/finance."""

from datetime import date
from typing import Annotated

import strawberry

from models.finance import Term
from models.units import BasisPoints
from rules import finance
from rules.calendar import add_months
from rules.finance import MONTHS_MAX, Cohort, Cost, Liability, Month, Outlook
from schema.context import Info
from schema.errors import bad_input
from schema.permissions import LEADS, Audience, asked, seen
from schema.scalars import BasisPointsValue, CurrencyCode, Day, Long

FINANCE = LEADS | {Audience.ANALYST}
"""Who may see what the points of all members come to."""

LATELY = 11
"""How many months before the last one a report begins where nobody says."""


@strawberry.type(
    description="A month's roll-forward (滚动表), in the members' worth: balances, less what they owe. The lines "
    "are signed: `opening` and the lines from `earned` to `other` add up to `closing`."
)
class LiabilityMonth:
    month: Day = seen(FINANCE, "The first day of the month.")
    opening: Long = seen(FINANCE, "Where the month began: the closing of the one before.")
    earned: Long = seen(FINANCE, "Earned by purchases, before any bonus.")
    bonus: Long = seen(FINANCE, "Added by tiers.")
    adjusted_in: Long = seen(FINANCE, "Put in by hand.")
    returned: Long = seen(FINANCE, "Given back of redemptions.")
    redeemed: Long = seen(FINANCE, "Redeemed; negative.")
    clawed_back: Long = seen(FINANCE, "Taken back by refunds; negative.")
    cancelled: Long = seen(
        FINANCE, "Pending points that never became available, less what was put back of them; negative."
    )
    adjusted_out: Long = seen(FINANCE, "Taken out by hand; negative.")
    expired: Long = seen(FINANCE, "Written off as expired; negative.")
    forfeited: Long = seen(FINANCE, "Given up by members who left or were erased; negative.")
    other: Long = seen(FINANCE, "All other movements. Those within an account come to nothing here.")
    closing: Long = seen(FINANCE, "Where the month ended. Of a month that is not over: where it stands.")
    open_points: Long = seen(FINANCE, "What all lots held then: `closing` and `debt` together.")
    debt: Long = seen(FINANCE, "What members owed then.")
    movements: Long = seen(FINANCE, "How many movements the month had.")
    lost: Long = seen(
        FINANCE,
        "What refunds should have taken back and neither took nor made a debt, by the policy. In no other line.",
    )

    @classmethod
    def of(cls, each: Month) -> "LiabilityMonth":
        """The month as a client sees it."""
        return cls(
            month=Day(each.month),
            opening=Long(each.opening),
            earned=Long(each.earned),
            bonus=Long(each.bonus),
            adjusted_in=Long(each.adjusted_in),
            returned=Long(each.returned),
            redeemed=Long(each.redeemed),
            clawed_back=Long(each.clawed_back),
            cancelled=Long(each.cancelled),
            adjusted_out=Long(each.adjusted_out),
            expired=Long(each.expired),
            forfeited=Long(each.forfeited),
            other=Long(each.other),
            closing=Long(each.closing),
            open_points=Long(each.open_points),
            debt=Long(each.debt),
            movements=Long(each.movements),
            lost=Long(each.lost),
        )


@strawberry.type(
    description="What became of the points that came in one month (批次月), as of the end of the report. "
    "The lines from `granted` to `other` add up to `remaining`."
)
class LiabilityCohort:
    month: Day = seen(FINANCE, "The first day of the month in which the points came.")
    and_earlier: bool = seen(FINANCE, "Whether all older cohorts are in it, too.")
    granted: Long = seen(FINANCE, "Earned, added as a bonus and put in by hand.")
    returned: Long = seen(FINANCE, "Given back of redemptions.")
    redeemed: Long = seen(FINANCE, "Redeemed; negative.")
    clawed_back: Long = seen(FINANCE, "Taken back by refunds; negative.")
    cancelled: Long = seen(FINANCE, "Pending points that never became available; negative.")
    adjusted_out: Long = seen(FINANCE, "Taken out by hand; negative.")
    expired: Long = seen(FINANCE, "Written off as expired; negative.")
    forfeited: Long = seen(FINANCE, "Given up by members who left or were erased; negative.")
    repaid: Long = seen(FINANCE, "Went into debts as they came; negative.")
    other: Long = seen(FINANCE, "All other movements.")
    remaining: Long = seen(FINANCE, "What is left in its lots.")
    is_matured: bool = seen(FINANCE, "Whether the month is over and none of its points can be spent any more.")
    redemption_bps: BasisPointsValue | None = seen(
        FINANCE, "Redeemed less returned, of what was granted; null where nothing was granted."
    )
    breakage_bps: BasisPointsValue | None = seen(
        FINANCE, "Expired, of what was granted; null until the cohort has matured."
    )
    liability_minor: Long | None = seen(
        FINANCE, "What its remaining points will cost, in minor units, rounded up; null without `unitCost`."
    )

    @classmethod
    def of(cls, each: Cohort, told: Liability) -> "LiabilityCohort":
        """The cohort as a client sees it."""
        redemption, breakage, costs = each.redemption_bps, each.breakage_bps, told.costs(each.remaining)
        return cls(
            month=Day(each.month),
            and_earlier=each.and_earlier,
            granted=Long(each.granted),
            returned=Long(each.returned),
            redeemed=Long(each.redeemed),
            clawed_back=Long(each.clawed_back),
            cancelled=Long(each.cancelled),
            adjusted_out=Long(each.adjusted_out),
            expired=Long(each.expired),
            forfeited=Long(each.forfeited),
            repaid=Long(each.repaid),
            other=Long(each.other),
            remaining=Long(each.remaining),
            is_matured=each.is_matured,
            redemption_bps=None if redemption is None else BasisPointsValue(redemption),
            breakage_bps=None if breakage is None else BasisPointsValue(breakage),
            liability_minor=None if costs is None else Long(costs),
        )


@strawberry.type(
    description="How long the points live that were open when a day was closed. Counted once for each day, shortly "
    "after its end."
)
class LiabilityOutlook:
    day: Day = seen(FINANCE, "The day from whose end it looks ahead.")
    within_7_days: Long = seen(FINANCE, "Expire within 7 days.")
    within_30_days: Long = seen(FINANCE, "Expire within 30 days, the first 7 among them.")
    within_90_days: Long = seen(FINANCE, "Expire within 90 days, the first 30 among them.")
    later: Long = seen(FINANCE, "Expire later.")
    never: Long = seen(FINANCE, "Never expire.")
    waiting: Long = seen(FINANCE, "Not spendable yet.")
    expired: Long = seen(FINANCE, "Have expired, and were not written off yet.")

    @classmethod
    def of(cls, outlook: Outlook) -> "LiabilityOutlook":
        """The outlook as a client sees it."""
        within_7, within_30, within_90 = outlook.within
        return cls(
            day=Day(outlook.day),
            within_7_days=Long(within_7),
            within_30_days=Long(within_30),
            within_90_days=Long(within_90),
            later=Long(outlook.terms[Term.LATER]),
            never=Long(outlook.terms[Term.NEVER]),
            waiting=Long(outlook.terms[Term.WAITING]),
            expired=Long(outlook.terms[Term.EXPIRED]),
        )


@strawberry.type(description="What the programme owes its members in points (积分负债), and how that came about.")
class LiabilityReport:
    currency: CurrencyCode = seen(FINANCE, "The currency of what it costs.")
    months: list[LiabilityMonth] = seen(FINANCE, f"The months asked for, {MONTHS_MAX} at most, oldest first.")
    cohorts: list[LiabilityCohort] = seen(
        FINANCE, f"The cohorts at the end of the last month, {finance.COHORTS_MAX} at most, oldest first."
    )
    open_points: Long = seen(FINANCE, "What all lots held at the end: the points that are owed.")
    ultimate_redemption_bps: BasisPointsValue = seen(
        FINANCE,
        "What share of open points will be used in the end: the one given, or that of all matured cohorts; "
        "10000 where none has matured.",
    )
    matured_cohorts: int = seen(FINANCE, "How many cohorts have matured.")
    liability_minor: Long | None = seen(
        FINANCE,
        "What the open points will cost, in minor units: ceil(openPoints × ultimateRedemptionBps / 10000 × "
        "unitCost); null without `unitCost`.",
    )
    outlook: LiabilityOutlook | None = seen(
        FINANCE, "How long open points live, from the last closed day of the report; null before the first."
    )
    closed_day: Day | None = seen(FINANCE, "The last closed day of the books: figures up to it never change.")
    is_behind: bool = seen(
        FINANCE, "Whether more is uncounted than a report counts for itself, so that the newest is missing."
    )

    @classmethod
    def of(cls, told: Liability) -> "LiabilityReport":
        """The report as a client sees it."""
        costs = told.costs(told.last.open_points)
        return cls(
            currency=CurrencyCode(told.currency),
            months=[LiabilityMonth.of(each) for each in told.months],
            cohorts=[LiabilityCohort.of(each, told) for each in told.cohorts],
            open_points=Long(told.last.open_points),
            ultimate_redemption_bps=BasisPointsValue(told.ultimate_bps),
            matured_cohorts=told.matured,
            liability_minor=None if costs is None else Long(costs),
            outlook=None if told.outlook is None else LiabilityOutlook.of(told.outlook),
            closed_day=None if told.closed_day is None else Day(told.closed_day),
            is_behind=told.is_behind,
        )


@strawberry.input(description="What points cost when they are redeemed: so many minor units for so many points.")
class UnitCost:
    minor: Long = strawberry.field(description="Minor units: 1 …")
    points: Long = strawberry.field(description="… for 100 points, say.")


@strawberry.type
class FinanceQuery:
    """What finance may ask."""

    @asked(
        FINANCE,
        "What the programme owes its members in points: months that roll forward and tie to the ledger to the "
        "point, and what became of the points of each month. It costs the same however large the ledger is.",
    )
    async def liability_report(
        self,
        info: Info,
        from_: Annotated[
            Day | None,
            strawberry.argument(name="from", description="A day of the first month; by default 11 months before."),
        ] = None,
        to: Annotated[
            Day | None, strawberry.argument(description="A day of the last month; by default the month that runs.")
        ] = None,
        unit_cost: Annotated[
            UnitCost | None, strawberry.argument(description="What points cost; without it nothing is costed.")
        ] = None,
        ultimate_redemption_bps: Annotated[
            BasisPointsValue | None,
            strawberry.argument(description="The share of open points that will be used, if you know better."),
        ] = None,
    ) -> LiabilityReport | None:
        """The report."""
        last: date = to or (await info.context.reference.terms()).local_day(info.context.now)
        first: date = from_ or add_months(last.replace(day=1), -LATELY)
        cost = Cost(unit_cost.minor, unit_cost.points) if unit_cost else None
        rate = None if ultimate_redemption_bps is None else BasisPoints(ultimate_redemption_bps)
        if said := finance.objection(first, last, cost, rate):
            raise bad_input(said)
        return LiabilityReport.of(await finance.report(first, last, cost=cost, rate=rate))
