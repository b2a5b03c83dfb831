"""The real commands against a model where points wait and slide: the same figures after every step."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from models.earning import EarnRuleKind
from models.invariants import violations
from models.purchases import PurchaseEventKind
from models.sql import SQL
from models.units import BasisPoints, Points
from rules import jobs, points
from rules.points import InsufficientPoints
from rules.points._ledger import open_books
from rules.policy import Activation, ActivationMode, Expiry, ExpiryMode, Span
from tests.people import (
    DAY,
    LADDER,
    buy,
    caps,
    happens,
    member,
    programme,
    publish,
    redeem,
    refund,
    release,
    rule,
    set_aside,
)
from tests.rules.purse import Aside, Purse
from tests.stories.test_model import MIDNIGHT, SHANGHAI, midnight_after

SLIDES_FOR = 4
STEP = st.tuples(
    st.sampled_from(
        [
            "buy",
            "buy",
            "buy",
            "complete",
            "complete",
            "refund",
            "redeem",
            "redeem",
            "hold",
            "let_go",
            "sweep",
            "sleep",
            "sleep",
        ]
    ),
    st.integers(1, 99),
    st.integers(0, 5),
)
STEPS = st.lists(STEP, min_size=8, max_size=30)


USED = SQL("SELECT used FROM earn_budget WHERE code = $1")
HELD = SQL("SELECT code, period, starts_on::text AS day, used FROM earn_usage WHERE member_id = $1")


class Way:
    """A policy, and what the design's words say of points that come at a moment."""

    activation = Activation()
    expiry = Expiry()
    slides = False
    completes = False

    def begins(self, at: datetime) -> datetime | None:
        """When they become available by themselves; None at once."""
        del at
        return None

    def expires(self, since: datetime) -> datetime:
        """When they expire that became available then."""
        return midnight_after(since, days=3)

    async def publish(self, shopper: "Shopper") -> None:
        """Put into force what is to be, before the shopper does anything."""
        del shopper
        await publish(activation=self.activation, expiry=self.expiry)

    def earns(self, shopper: "Shopper", size: int) -> list["Award"]:
        """What an order of so many yuan earns, in the order in which it is credited."""
        del shopper
        return [Award(size)]


@dataclass
class Award:
    """Points that an order earned, and by which counts they are held: of a cap or a budget over a period."""

    points: int
    held_by: list[tuple[str, str, str]] = field(default_factory=list)


class ByRules(Way):
    """One and a half as many points besides, and ten more, within caps and a budget."""

    expiry = Expiry(ExpiryMode.ROLLING, 3, Span.DAY)

    async def publish(self, shopper: "Shopper") -> None:
        await super().publish(shopper)
        # shoppers before this one have had of the budget
        had = shopper.used["TEN", "budget", ""] = await USED.value("TEN") or 0
        shopper.budget = had + 70
        await rule("MORE", EarnRuleKind.BONUS_MULTIPLIER, multiplier_bps=BasisPoints(25_000), caps=caps(day=60))
        await rule("TEN", EarnRuleKind.BONUS_POINTS, caps=caps(lifetime=45), budget=Points(shopper.budget))
        await rule("ALL", EarnRuleKind.CAPS, caps=caps(transaction=120, month=500))

    def earns(self, shopper: "Shopper", size: int) -> list[Award]:
        day, month = periods(shopper.now)
        whole = {("ALL", "month", month): 500}
        wanted = [
            (size, whole),
            (size * 3 // 2, {("MORE", "day", day): 60, **whole}),
            (10, {("TEN", "life", ""): 45, ("TEN", "budget", ""): shopper.budget, **whole}),
        ]
        found, left = list[Award](), 120
        for wish, limits in wanted:
            room = [most - shopper.used[key] for key, most in limits.items()]
            points = max(0, min([wish, left, *room]))
            left -= points
            shopper.used.update(dict.fromkeys(limits, points))
            found.append(Award(points, list(limits)))
        return found


def periods(moment: datetime) -> tuple[str, str]:
    """The day and the month a moment lies in, where the shop is."""
    day = moment.astimezone(SHANGHAI).date().isoformat()
    return day, day[:7]


class AfterDays(Way):
    activation = Activation(ActivationMode.AFTER_DAYS, days=2)
    expiry = Expiry(ExpiryMode.ROLLING, 3, Span.DAY)

    def begins(self, at: datetime) -> datetime | None:
        return midnight_after(at, days=2)


class OnCompletion(Way):
    completes = True
    activation = Activation(ActivationMode.ON_COMPLETION, after_days=4)
    expiry = Expiry(ExpiryMode.ROLLING, 3, Span.DAY)

    def begins(self, at: datetime) -> datetime | None:
        return midnight_after(at, days=4)


class Sliding(Way):
    expiry = Expiry(ExpiryMode.SLIDING, SLIDES_FOR, Span.DAY)
    slides = True

    def expires(self, since: datetime) -> datetime:
        return midnight_after(since, days=SLIDES_FOR)


class Shopper:
    """One shopper, in the house and as coins."""

    def __init__(self, who: UUID, way: Way) -> None:
        self.who, self.way = who, way
        self.now = MIDNIGHT
        self.purse = Purse()
        self.orders: list[tuple[int, int, list[Award]]] = []
        """How large each order was, 0 once it is refunded; its parcel, and what it earned."""
        self.used: Counter[tuple[str, str, str]] = Counter()
        """How much is held of each cap and budget."""
        self.budget = 0
        self.holds: list[tuple[Aside, UUID]] = []

    async def step(self, name: str, size: int, which: int) -> None:
        self.purse.pass_time(self.now)
        await getattr(self, name)(size, which)

    def ref(self, number: int) -> str:
        return f"{self.who}-{number}"

    def acts(self) -> None:
        if self.way.slides:
            self.purse.slide(midnight_after(self.now, days=SLIDES_FOR))

    async def buy(self, size: int, _: int) -> None:
        number, begins = len(self.orders), self.way.begins(self.now)
        await buy(self.who, size * 100, ref=self.ref(number), at=self.now)
        expires = self.way.expires(begins or self.now)
        waits, slides = begins is not None, self.way.slides
        came, awards = 0, self.way.earns(self, size)
        for award in awards:
            came = self.purse.put(
                award.points, self.now, expires=expires, order=number, pending=waits, begins=begins, slides=slides
            )
            self.purse.earned += award.points
        self.orders.append((size, came, awards))
        self.acts()

    async def complete(self, _: int, which: int) -> None:
        if self.orders:
            number = which % len(self.orders)
            size, came, _awards = self.orders[number]
            await happens(PurchaseEventKind.COMPLETED, self.ref(number), at=self.now)
            waiting = [coin for coin in self.purse.coins if coin.came == came and coin.pending]
            if self.way.completes and size and waiting:
                for coin in waiting:
                    coin.expires = self.way.expires(self.now)
                self.purse.begin(came, self.now)

    async def refund(self, _: int, which: int) -> None:
        if self.orders:
            number = which % len(self.orders)
            size, came, awards = self.orders[number]
            if size:
                await refund(self.ref(number), {"A": size * 100}, at=self.now)
                for award in awards:
                    before = self.purse.earned
                    self.purse.claw_back(award.points, number)
                    self.let_go_of(award, before - self.purse.earned)
                self.orders[number] = (0, came, [])

    def let_go_of(self, award: Award, taken: int) -> None:
        """What is taken back is held of no lifetime and no budget any more, nor of a cap whose period runs."""
        for code, over, begun in award.held_by:
            if begun in ("", *periods(self.now)):
                self.used[code, over, begun] -= taken

    async def redeem(self, size: int, _: int) -> None:
        taken = self.purse.take(size // 2 + 1)
        if taken is None:
            with pytest.raises(InsufficientPoints) as refused:
                await redeem(self.who, size // 2 + 1, at=self.now)
            assert refused.value.available == self.purse.available()
            return
        posted = await redeem(self.who, size // 2 + 1, at=self.now)
        self.acts()
        assert posted.available == self.purse.available()

    async def hold(self, size: int, which: int) -> None:
        lasting = (which + 1) * DAY
        aside = self.purse.set_aside(size // 3 + 1, self.now + lasting)
        if aside is not None:
            kept = await set_aside(self.who, size // 3 + 1, lasting=lasting, at=self.now)
            self.holds.append((aside, kept.hold_id))
            self.acts()

    async def let_go(self, _: int, which: int) -> None:
        mine = [each for each in self.holds if each[0] in self.purse.asides]
        if mine:
            aside, hold_id = mine[which % len(mine)]
            await release(self.who, hold_id, at=self.now)
            self.purse.release(aside, self.now)

    async def sweep(self, _: int, which: int) -> None:
        sweepers = (points.activate_due, points.release_overdue, points.expire_due)
        await sweepers[which % len(sweepers)]({}, self.now)

    async def sleep(self, _: int, which: int) -> None:
        self.now += timedelta(hours=12 * which)

    async def compare(self) -> None:
        """The same figures, whoever has written what time has done."""
        self.purse.pass_time(self.now)
        [book] = await open_books([self.who], self.now)
        ours, theirs = book.balances, self.purse
        assert (ours.available, ours.pending, ours.held, ours.debt) == (
            theirs.available(),
            theirs.pending(),
            theirs.held(),
            theirs.debt,
        )
        assert await USED.value("TEN") in (None, self.used["TEN", "budget", ""])
        for row in await HELD.rows(self.who):
            over = {"LIFETIME": ("life", ""), "DAY": ("day", row["day"]), "MONTH": ("month", row["day"][:7])}
            assert row["used"] == self.used[row["code"], *over[row["period"]]]
        assert (ours.lifetime_earned, ours.lifetime_spent, ours.lifetime_expired) == (
            theirs.earned,
            theirs.spent,
            theirs.expired,
        )


@pytest.mark.parametrize(
    "way", [AfterDays(), OnCompletion(), Sliding(), ByRules()], ids=lambda way: type(way).__name__
)
@settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=STEPS)
async def test_however_points_live_the_ledger_says_what_the_model_says(
    way: Way, steps: list[tuple[str, int, int]]
) -> None:
    await programme(ladder=LADDER[:1])
    shopper = Shopper(await member("Mei", at=MIDNIGHT), way)
    await way.publish(shopper)
    for step in steps:
        await shopper.step(*step)
        await shopper.compare()
    while lease := await jobs.claim(points.LAND, now=shopper.now):
        await jobs.TASKS[points.LAND].work(lease.facts, shopper.now)
        await jobs.finish(lease, now=shopper.now)
    assert await violations() == []
