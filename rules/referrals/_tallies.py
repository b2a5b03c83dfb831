"""Tallies: how many referrals a referrer was rewarded for, and how many have qualified, in each period."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from models.referral_rewards import ReferralTally, TallyPeriod
from models.sql import SQL
from models.writing import add, change
from rules.calendar import first_of
from rules.referrals._campaign import Campaign, Caps

EPOCH = date(1970, 1, 1)
MONTHS = {TallyPeriod.MONTH: 1, TallyPeriod.QUARTER: 3, TallyPeriod.YEAR: 12}


def start_of(period: TallyPeriod, day: date) -> date:
    """The first day of the period that a day lies in.

    >>> start_of(TallyPeriod.QUARTER, date(2026, 11, 22)).isoformat()
    '2026-10-01'
    """
    if period is TallyPeriod.LIFETIME:
        return EPOCH
    return day if period is TallyPeriod.DAY else first_of(day, MONTHS[period])


def periods(campaign: Campaign) -> tuple[TallyPeriod, ...]:
    """The periods a campaign counts in."""
    usual = (TallyPeriod.DAY, TallyPeriod.MONTH, TallyPeriod.LIFETIME)
    return usual if campaign.cycle in usual else (*usual, campaign.cycle)


@dataclass(slots=True)
class Count:
    """What is counted in one period."""

    id: UUID | None = None
    rewarded: int = 0
    qualified: int = 0


TALLIES = SQL(
    "SELECT id, period, starts_on::text AS starts, rewarded, qualified FROM referral_tally"
    " WHERE member_id = $1 AND campaign = $2 AND starts_on = ANY($3::date[])"
)
BESIDES = SQL(
    "SELECT period, starts_on::text AS starts, SUM(rewarded)::bigint AS rewarded,"
    " SUM(qualified)::bigint AS qualified FROM referral_tally"
    " WHERE member_id = ANY($1::uuid[]) AND campaign = $2 AND starts_on = ANY($3::date[])"
    " GROUP BY period, starts_on",
    fans_out="caps and milestones are a person's, whichever member they were",
)


class Tallies:
    """A held member's counts of one campaign around one day, beside those of whoever else they are or were."""

    def __init__(
        self,
        member_id: UUID,
        campaign: Campaign,
        day: date,
        rows: Iterable[dict[str, Any]],
        besides: Iterable[dict[str, Any]] = (),
    ) -> None:
        self.member_id, self.campaign = member_id, campaign
        self.starts = {period: start_of(period, day) for period in periods(campaign)}
        self.counts, self.others = self._counts(rows), self._counts(besides)

    def _counts(self, rows: Iterable[dict[str, Any]]) -> dict[TallyPeriod, Count]:
        counts = {period: Count() for period in self.starts}
        for row in rows:
            period = TallyPeriod(row["period"])
            if period in self.starts and row["starts"] == self.starts[period].isoformat():
                counts[period] = Count(row.get("id"), row["rewarded"], row["qualified"])
        return counts

    @property
    def in_cycle(self) -> int:
        """How many have qualified in the cycle."""
        cycle = self.campaign.cycle
        return self.counts[cycle].qualified + self.others[cycle].qualified

    @property
    def cycle(self) -> date:
        """The first day of the cycle."""
        return self.starts[self.campaign.cycle]

    def is_full(self, caps: Caps) -> bool:
        """Whether a cap lets no more be rewarded."""
        most = {TallyPeriod.DAY: caps.day, TallyPeriod.MONTH: caps.month, TallyPeriod.LIFETIME: caps.lifetime}
        return any(cap is not None and self._rewarded(period) >= cap for period, cap in most.items())

    def _rewarded(self, period: TallyPeriod) -> int:
        return self.counts[period].rewarded + self.others[period].rewarded

    def count(self, *, rewarded: int = 0, qualified: int) -> None:
        """Have one more counted in each period, or one less."""
        for period, count in self.counts.items():
            count.rewarded += rewarded
            count.qualified += qualified
            told = {"rewarded": count.rewarded, "qualified": count.qualified}
            if count.id is not None:
                change(ReferralTally, {"member_id": self.member_id, "id": count.id}, told)
                continue
            where = {"member_id": self.member_id, "campaign": self.campaign.code}
            add(ReferralTally, [{**where, "period": period, "starts_on": self.starts[period], **told}])


async def tallies(member_id: UUID, campaign: Campaign, day: date, besides: Sequence[UUID]) -> Tallies:
    """What is counted around a day of a held member, and of those who turned out to be the same person."""
    starts = sorted({start_of(period, day) for period in periods(campaign)})
    rows = await TALLIES.rows(member_id, campaign.code, starts)
    others = await BESIDES.rows(besides, campaign.code, starts) if besides else ()
    return Tallies(member_id, campaign, day, rows, others)
