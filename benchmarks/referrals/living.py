"""Living: a year of referrals done by the rules, with a worker that is killed now and then, and what came of it."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from random import Random  # noqa: TID251  a benchmark takes a seed
from typing import Any
from uuid import UUID

from benchmarks.referrals.lives import Attempt, Fraud, Order, Person, Refund, Year
from benchmarks.referrals.reckoning import (
    FOR_REFEREE,
    FOR_REFERRER,
    LEAST,
    MILESTONES,
    PER_HOUR,
    PER_MONTH,
    Reckoned,
)
from models.sql import SQL
from models.units import Minor, Points
from rules import jobs, purchases, referrals
from rules.jobs import TASKS
from rules.referrals import Caps, Guards, Milestone, QualifyingAct, ReferralNotPossible, Reward
from tests.people import buy, refund
from tests.referring import bound, campaign, code, friend

REWARD, CLAW_BACK, MATURE = "referrals.reward", "referrals.claw_back", "referrals.mature"
WHY = "a proof"
GIVEN = SQL(
    "SELECT member_id, SUM(points)::bigint AS points,"
    " SUM(CASE WHEN side = 'REFERRER' AND outcome = 'GRANTED' THEN 1 ELSE 0 END)::bigint AS granted"
    " FROM referral_reward GROUP BY member_id",
    fans_out=WHY,
)
REACHED = SQL(
    "SELECT member_id, COUNT(*) AS n FROM referral_milestone WHERE revoked_at IS NULL GROUP BY member_id",
    fans_out=WHY,
)
STANDS = SQL("SELECT state FROM referral WHERE referee_id = $1")
TWICE = SQL(
    "SELECT COUNT(*) AS n FROM (SELECT referee_id, side FROM referral_reward WHERE outcome = 'GRANTED'"
    " AND referee_id IS NOT NULL GROUP BY referee_id, side HAVING COUNT(*) > 1) twice",
    fans_out=WHY,
)
STOPPED = {"REVIEW", "REJECTED"}


@dataclass(slots=True)
class Life:
    """What has come of a year so far."""

    year: Year
    chance: Random
    members: dict[int, UUID] = field(default_factory=dict)
    moments: list[datetime] = field(default_factory=list)
    refused: list[tuple[Fraud, str]] = field(default_factory=list)
    kills: int = 0

    async def live(self) -> None:
        """Do all of it, in its order; a worker comes by before and after each thing that happens."""
        await campaign(
            at=self.year.people[0].joins_at,
            act=QualifyingAct.FIRST_ORDER_PAID,
            min_order_minor=Minor(LEAST),
            hold_days=7,
            claw_back_days=30,
            referrer=Reward(Points(FOR_REFERRER)),
            referee=Reward(Points(FOR_REFEREE)),
            milestones=tuple(Milestone(needed, Points(points)) for needed, points in MILESTONES.items()),
            caps=Caps(day=None, month=PER_MONTH),
            guards=Guards(per_hour=PER_HOUR, per_day=1_000, review_days=3_650),
        )
        for at, what in happenings(self.year):
            self.moments.append(at)
            await self.work(at)
            await self._do(what, at)
            await self.work(at)

    async def _do(self, what: "Happening", at: datetime) -> None:
        if isinstance(what, Person):
            said = None if what.referrer is None else await code(self.members[what.referrer], at=at)
            self.members[what.number] = await friend(said, device=what.device, at=at)
        elif isinstance(what, Order):
            payer = None if what.payer is None else purchases.traced("payer", what.payer)
            await buy(self.members[what.who], what.minor, ref=what.ref, at=at, payer_hash=payer)
        elif isinstance(what, Attempt):
            try:
                await bound(self.members[what.who], await code(self.members[what.whose], at=at), at=at)
            except ReferralNotPossible as refused:
                self.refused.append((what.fraud, refused.reason))
        else:
            order, back = what
            await refund(order.ref, {"A": back.minor}, event_ref=f"{order.ref}-{back.at}", at=at)

    async def work(self, at: datetime) -> None:
        """A worker does what is due, and is killed now and then before it can say so."""
        while names := [name for name in await jobs.due(at) if name in (MATURE, REWARD, CLAW_BACK)]:
            for name in names:
                lease = await jobs.claim(name, now=at)
                if lease is None:
                    continue
                if name != MATURE and self.chance.random() < 0.1:
                    self.kills += 1
                    await self._half(name, lease.facts, at)
                else:
                    await TASKS[name].work(lease.facts, at)
                    await jobs.finish(lease, now=at)

    async def _half(self, name: str, facts: dict[str, Any], at: datetime) -> None:
        """As far as a worker comes that is killed: half of the job, or all of it and no word."""
        if name == REWARD and self.chance.random() < 0.5:
            await referrals.reward_referrer(UUID(facts["referee"]), now=at)
        else:
            await TASKS[name].work(facts, at)

    async def wrong(self, wanted: Reckoned) -> list[str]:
        """Where what was given is not what was reckoned, and which frauds went through."""
        numbers = {who: number for number, who in self.members.items()}
        rows = await GIVEN.rows()
        points = Counter({numbers[row["member_id"]]: row["points"] for row in rows})
        granted = Counter({numbers[row["member_id"]]: row["granted"] for row in rows})
        reached = Counter({numbers[row["member_id"]]: row["n"] for row in await REACHED.rows()})
        told = []
        for what, found, meant in (
            ("points", points, wanted.points),
            ("rewards", granted, wanted.granted),
            ("milestones", reached, wanted.milestones),
        ):
            numbered = sorted(found.keys() | meant.keys())
            off = [each for each in numbered if found[each] != meant[each]]
            told += [f"{what} of {each}: {found[each]}, reckoned {meant[each]}" for each in off]
        told += [f"{fraud} was refused as {reason}" for fraud, reason in self.refused if fraud != reason]
        if len(self.refused) != len(self.year.attempts):
            told.append(f"{len(self.refused)} of {len(self.year.attempts)} bindings by hand were refused")
        for person in self.year.people:
            state = person.fraud and await STANDS.value(self.members[person.number])
            if state and state not in STOPPED:
                told.append(f"{person.fraud} of {person.number} is {state}")
        return told + ["a referral was rewarded twice"] * bool(await TWICE.value())


Happening = Person | Order | Attempt | tuple[Order, Refund]


def happenings(year: Year) -> list[tuple[datetime, Happening]]:
    """All that happens, in its order."""
    found: list[tuple[datetime, Happening]] = [(each.joins_at, each) for each in year.people]
    found += [(each.at, each) for each in year.orders]
    found += [(each.at, each) for each in year.attempts]
    found += [(back.at, (order, back)) for order in year.orders for back in order.refunds]
    return sorted(found, key=lambda each: each[0])
