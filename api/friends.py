"""The demo's referrals: a campaign, whom its first member brought, and whom its partner's poster brought."""

import itertools
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from heapq import heappop, heappush
from uuid import UUID

from models.referral_rewards import TallyPeriod
from models.sql import SQL
from models.staff import StaffRole
from models.units import BasisPoints, Minor, Points
from rules import jobs, partners, referrals
from rules.actors import SYSTEM, Actor, ActorKind
from rules.idempotency import Key
from rules.jobs import TASKS
from rules.referrals import Came, Campaign, Caps, Milestone, PartnerTerms, QualifyingAct, Reward

CAMPAIGN = Campaign(
    code="FRIENDS",
    name="好友同饮 Bring a friend",
    act=QualifyingAct.FIRST_ORDER_PAID,
    min_order_minor=Minor(50_00),
    referrer=Reward(Points(100)),
    referee=Reward(Points(50)),
    milestones=(
        Milestone(1, Points(20)),
        Milestone(3, Points(100)),
        Milestone(10, Points(500)),
    ),
    cycle=TallyPeriod.LIFETIME,
    caps=Caps(day=5, month=20, lifetime=100),
    budget=Points(100_000),
    link="https://tea.example/join?c={code}",
    partner=PartnerTerms(BasisPoints(500)),
)
CHANNEL = "POSTER_7"
HOLD = timedelta(days=CAMPAIGN.hold_days, hours=1)
JOBS = ("referrals.mature", "referrals.reward", "referrals.claw_back")

Act = Callable[[datetime], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Friend:
    """Somebody who was brought: so many days ago they came, bought and gave it back."""

    name: str
    came: float
    bought: float | None = None
    returned: float | None = None
    device: str | None = None
    """What they came with, where that was somebody else's."""


FRIENDS = (
    Friend("孙春梅", 200),
    Friend("陈嘉文", 75, 70),
    Friend("王思远", 40, 38),
    Friend("赵梓涵", 26, 24, 12),
    Friend("李静雅", 8, 3),
    Friend("周晓明", 5),
    Friend("何若曦", 2, device="周晓明"),
)
"""Whom the first member brought: one in each state in which a referral may stand for long."""

EARLY, LATE = ("吴芳", "徐志强", "马燕", "朱宁", "胡海"), ("郭桂兰", "林浩", "高玉", "罗俊杰", "郑怡")
PASSERS_BY = (
    *(Friend(name, 64 - place, 63 - place) for place, name in enumerate(EARLY)),
    *(Friend(name, 14 - place, 13 - place) for place, name in enumerate(LATE)),
    Friend("梁欣", 6),
)
"""Whom the poster brought: those of two months ago are in a settlement, those of last week in the statistics."""

STRANGERS = (13.0, 10.5, 7.5)
"""When somebody looked at the poster and went on."""

BROUGHT = len(FRIENDS) + len(PASSERS_BY)


@dataclass(slots=True)
class Story:
    """What happens at which moment, told in that order as time goes by."""

    plans: list[tuple[datetime, int, Act]] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def plan(self, at: datetime, act: Act) -> None:
        """Have something happen, after what was planned for the same moment before."""
        heappush(self.plans, (at, next(self.numbers), act))

    async def until(self, moment: datetime) -> None:
        """Let everything happen that was planned up to a moment."""
        while self.plans and self.plans[0][0] <= moment:
            at, _, act = heappop(self.plans)
            await act(at)


@dataclass(frozen=True, slots=True)
class House:
    """What the demo's people can do: join with how they came, buy, and give back what they bought."""

    join: Callable[[int, str, Came, datetime], Awaitable[UUID]]
    buy: Callable[[UUID, str, datetime], Awaitable[None]]
    give_back: Callable[[str, datetime], Awaitable[None]]


async def plan(
    story: Story, house: House, *, referrer_id: UUID, partner_id: UUID, first: int, now: datetime
) -> None:
    """Plan who comes by the referrer's code and by the partner's poster. Their numbers begin with `first`."""
    start = now - timedelta(days=220)
    await referrals.publish(CAMPAIGN, key=Key("demo-campaign"), actor=SYSTEM, now=start)
    own = (await referrals.own_code(referrer_id, now=start)).code
    poster = await partners.open_link(
        partner_id, CHANNEL, CAMPAIGN.code, key=Key("demo-link"), actor=SYSTEM, now=start
    )
    brought = [*((own, each) for each in FRIENDS), *((poster, each) for each in PASSERS_BY)]
    for number, (code, friend) in enumerate(brought, start=first):
        _plan(story, house, number, code, friend, now)
    for days in STRANGERS:
        story.plan(now - timedelta(days=days), partial(_look, poster, f"stranger-{days}"))


def _plan(story: Story, house: House, number: int, code: str, friend: Friend, now: datetime) -> None:
    """One friend's way."""
    device, ref = f"demo-{friend.device or friend.name}", f"F{number:04}"
    known: list[UUID] = []

    async def come(at: datetime) -> None:
        known.append(await house.join(number, friend.name, Came(code, device), at))

    async def buy(at: datetime) -> None:
        await house.buy(known[0], ref, at)

    async def give_back(at: datetime) -> None:
        await house.give_back(ref, at)
        await _work(at)

    async def run_out(at: datetime) -> None:
        await referrals.pass_time(known[0], now=at)

    came = now - timedelta(days=friend.came)
    story.plan(came - timedelta(minutes=3), partial(_look, code, device))
    story.plan(came, come)
    if friend.bought is not None:
        bought = now - timedelta(days=friend.bought)
        story.plan(bought, buy)
        story.plan(bought + HOLD, _work)
    if friend.returned is not None:
        story.plan(now - timedelta(days=friend.returned), give_back)
    story.plan(came + timedelta(days=CAMPAIGN.valid_days), run_out)


async def _look(code: str, device: str, at: datetime) -> None:
    """A device comes by way of a code."""
    await referrals.touch(code, device, network=None, key=Key(f"demo-{device}"), now=at)


async def _work(at: datetime) -> None:
    """Do the jobs of referrals that are due."""
    for name in JOBS:
        while lease := await jobs.claim(name, now=at):
            await TASKS[name].work(lease.facts, at)
            await jobs.finish(lease, now=at)


SETTLED = SQL(
    "SELECT partner_id, id FROM partner_settlement WHERE state = 'READY'", fans_out="the demo has one settlement"
)


async def count(approver_id: UUID, now: datetime) -> None:
    """Let the partner's statistics, commissions and settlements follow; settled is approved, not paid."""
    await partners.bring_up_to_date(now)
    await partners.accrue(now)
    await partners.bring_settlements(now)
    actor = Actor(ActorKind.STAFF, str(approver_id), StaffRole.OWNER, proven_until=now + timedelta(minutes=1))
    for row in await SETTLED.rows():
        await partners.approve_settlement(row["partner_id"], row["id"], actor=actor, now=now)
