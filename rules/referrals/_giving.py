"""Giving: a held member's rewards, credited and taken back in their own books, each once, and written down."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from models.members import MemberState
from models.points import PointsKind
from models.referral_rewards import (
    ReferralBudget,
    ReferralReward,
    RewardOutcome,
    RewardSide,
)
from models.sql import SQL
from models.units import Points, new_id
from models.writing import add, draw
from rules import heirs, points, programme, tiers
from rules.actors import SYSTEM
from rules.members import Held
from rules.outbox import Event, tell
from rules.points import Book, Movement
from rules.programme import Terms
from rules.referrals._campaign import Campaign, Milestone, Reward
from rules.referrals._debts import Debts, debts
from rules.standings import Standing

CAP, BUDGET, GONE, CLAWED_BACK, SELF = "CAP", "BUDGET", "REFERRER_GONE", "CLAWED_BACK", "SELF"
"""Why a reward is skipped. What was skipped for a cap or a budget has qualified all the same."""

STAYS = frozenset({MemberState.ACTIVE, MemberState.FROZEN})
"""Who may be given something."""

QUALIFIED_ALL_THE_SAME = frozenset({CAP, BUDGET})


def cause_of(referee_id: UUID, side: RewardSide) -> str:
    """The cause of one side's reward for a referral."""
    return f"referral:{referee_id}:{side.value}"


def netting(reward_id: UUID, member_id: UUID) -> str:
    """The cause by which something is kept of a reward for what somebody owed before they were its member."""
    return f"net:{reward_id}:{member_id}"


@dataclass(slots=True)
class Given:
    """A reward as it was written down."""

    id: UUID
    member_id: UUID
    cause: str
    side: RewardSide
    outcome: RewardOutcome
    reason: str | None
    referee_id: UUID | None
    points: int
    growth: int
    netted: int
    transaction_id: UUID | None
    day: date

    @property
    def has_qualified(self) -> bool:
        """Whether it counts as a referral that has qualified."""
        return self.outcome is RewardOutcome.GRANTED or self.reason in QUALIFIED_ALL_THE_SAME


_GIVEN = (
    "SELECT id, member_id, cause, side, outcome, reason, referee_id, points, growth, netted, transaction_id,"
    " local_day::text AS day FROM referral_reward WHERE"
)
BY_CAUSE = SQL(f"{_GIVEN} cause = $1", fans_out="a reward is given once, whoever its member is by now")
BY_ID = SQL(f"{_GIVEN} member_id = $1 AND id = $2")
NETTED = SQL(
    "SELECT COALESCE(SUM(netted), 0)::bigint AS netted FROM referral_reward WHERE cause = ANY($1::text[])",
    fans_out="what was kept of a reward for whoever else the person was is told by its cause",
)
LEFT = SQL("SELECT budget - used AS left_over FROM referral_budget WHERE campaign = $1 FOR UPDATE")
REVERSED = SQL(
    "SELECT COALESCE(SUM(COALESCE(lost, 0) + COALESCE(written_off, 0) - points), 0)::bigint AS gone"
    " FROM points_transaction"
    " WHERE member_id = $1 AND reverses_id = $2"
)


def _given(row: dict[str, Any] | None) -> Given | None:
    if row is None:
        return None
    told = {"side": RewardSide(row["side"]), "outcome": RewardOutcome(row["outcome"])}
    return Given(**{**row, **told, "day": date.fromisoformat(row["day"])})


async def given_by(cause: str) -> Given | None:
    """What was written down for a cause; None while nothing was."""
    return _given(await BY_CAUSE.row(cause))


async def given_as(member_id: UUID, reward_id: UUID) -> Given | None:
    """One of a member's rewards."""
    return _given(await BY_ID.row(member_id, reward_id))


@dataclass(slots=True)
class Hand:
    """A held member to whom rewards are given, or from whom they are taken back, and what was decided so far."""

    held: Held
    heir: Held
    """Who they are now: what is taken from them in the end."""
    campaign: Campaign
    terms: Terms
    book: Book
    heirs_book: Book
    standing: Standing
    heirs_standing: Standing
    debts: Debts
    besides: list[UUID]
    """Whoever else the person is or was, as members who were merged."""
    now: datetime
    drawn: int = 0
    left: int | None = None
    """What is left of the budget; None before anybody asked."""
    events: list[Event] = field(default_factory=list)
    heirs_events: list[Event] = field(default_factory=list)

    @property
    def day(self) -> date:
        """The programme's day."""
        return self.terms.local_day(self.now)

    def reward(self, wanted: Reward) -> Reward:
        """What the member's tier makes of a reward."""
        return wanted.of_tier(self.standing.tier.code)

    async def affords(self, amount: int) -> bool:
        """Whether the budget has room for so many points more; from then on nobody else draws on it."""
        if self.left is None:
            self.left = await LEFT.value(self.campaign.code) or 0
        return self.drawn + amount <= self.left

    async def give(
        self, wanted: Reward | Milestone, cause: str, side: RewardSide, referee_id: UUID | None
    ) -> Given:
        """Credit a reward, less what the person owes of earlier ones.

        Raises: PointsLimit, GrowthLimit.
        """
        kept = self.debts.net(wanted.points)
        amount = Points(wanted.points - sum(kept.values()))
        movement = Movement(PointsKind.REFERRAL, cause, self.now, reason=side.value)
        if amount:
            frozen = self.held.state is MemberState.FROZEN
            self.book.earn(movement, amount, life=self.terms.life(self.now, frozen=frozen))
            self.drawn += amount
        await self._grow(wanted.growth, cause)
        told = {"points": amount, "growth": wanted.growth, "netted": kept.pop(self.held.id, 0)}
        moved = movement.id if amount else None
        self.events.append(_event("granted", self.campaign, side, amount, wanted.growth))
        given = self._write(cause, side, referee_id, RewardOutcome.GRANTED, transaction_id=moved, **told)
        for whose, netted in kept.items():
            whence = {"member_id": whose, "netted": netted}
            self._write(netting(given.id, whose), side, referee_id, RewardOutcome.NETTED, **whence)
        return given

    def skip(self, cause: str, side: RewardSide, referee_id: UUID | None, reason: str) -> Given:
        """Write down that nothing is given, and why."""
        return self._write(cause, side, referee_id, RewardOutcome.SKIPPED, reason=reason)

    async def take_back(self, was: Given) -> int:
        """Take a reward back, by the points policy; what is not taken then is kept of later ones. The points taken.

        What has expired of it is taken out of nothing else, and is not owed.

        Raises: GrowthLimit.
        """
        cause = f"{was.cause}:back"
        movement = Movement(
            PointsKind.CLAWBACK, cause, self.now, reverses_id=was.transaction_id, reason=was.side.value
        )
        if was.transaction_id is not None:
            due = was.points - await REVERSED.value(self.held.id, was.transaction_id)
            if due > 0:
                gone = await self._call_back(was.transaction_id)
                self.book.claw_back(movement, Points(due), self.terms.policy.claw_back, written_off=gone)
        await self._grow(-was.growth, cause)
        owed = movement.lost + was.netted
        if self.besides:
            owed += await NETTED.value([netting(was.id, each) for each in self.besides]) or 0
        self.debts.owe(owed)
        self.drawn += movement.points
        told = {"points": movement.points, "growth": -was.growth, "owed": owed}
        moved = movement.id if movement.points else None
        more = {"reverses_id": was.id, "transaction_id": moved, "day": was.day, **told}
        self._write(cause, was.side, was.referee_id, RewardOutcome.TAKEN_BACK, **more)
        self.events.append(_event("taken_back", self.campaign, was.side, movement.points, -was.growth))
        return -movement.points

    async def _call_back(self, transaction_id: UUID) -> int:
        """Have what is left of a reward in the book of whose it was, and say how much of it was written off."""
        books, line = [self.book], []
        if self.heir is not self.held:
            books, line = [self.book, self.heirs_book], await heirs.line_of(self.held.id)
        lots = await points.lots_of(transaction_id, self.held.id, line)
        theirs = [lot for lot in self.heirs_book.lots if lot.id in lots] if line else []
        if theirs:
            group, traces = new_id(), await points.trace(self.heirs_book)
            cause = f"pass:{group}:back"
            points.hand_over(self.heirs_book, self.book, cause, group=group, traces=traces, lots=theirs)
        return await points.gone_of(lots, books, [self.held.id, *line])

    async def _grow(self, delta: int, cause: str) -> None:
        if not delta:
            return
        events = self.events if self.heir is self.held else self.heirs_events
        events += await tiers.grow(
            self.standing,
            delta,
            cause=cause,
            terms=self.terms,
            purchase_id=None,
            effective_at=self.now,
            now=self.now,
            heir=None if self.heir is self.held else self.heirs_standing,
        )

    def _write(
        self, cause: str, side: RewardSide, referee_id: UUID | None, outcome: RewardOutcome, **more: Any
    ) -> Given:
        day = more.pop("day", self.day)
        usual = {"points": 0, "growth": 0, "netted": 0, "owed": 0, "transaction_id": None, "reverses_id": None}
        told = {"id": new_id(), "reason": None, **usual, **more}
        row = {"member_id": self.held.id, "cause": cause, "side": side, "outcome": outcome, **told}
        whence = {"campaign": self.campaign.code, "campaign_version": self.campaign.version}
        when = {"local_day": day, "created_at": self.now}
        add(ReferralReward, [{**row, **whence, **when, "referee_id": referee_id}])
        left_out = ("reverses_id", "owed")
        return Given(referee_id=referee_id, day=day, **{k: v for k, v in row.items() if k not in left_out})

    async def close(self) -> None:
        """Write all that was decided, tell it, and draw on the budget last of all."""
        if self.heir is not self.held:
            group = new_id()
            traces = await points.trace(self.book)
            points.hand_over(self.book, self.heirs_book, f"pass:{group}", group=group, traces=traces)
            self.heirs_events += await points.post(self.heirs_book, SYSTEM)
            self.heirs_events += tiers.keep(self.heirs_standing, self.now)
            await tell(self.heir.id, self.heirs_events, self.now)
        self.events += await points.post(self.book, SYSTEM)
        self.events += tiers.keep(self.standing, self.now)
        await tell(self.held.id, self.events, self.now)
        self.debts.keep()
        if self.drawn:
            draw(ReferralBudget, "campaign", self.campaign.code, "used", self.drawn, most="budget")


def _event(what: str, campaign: Campaign, side: RewardSide, moved: int, growth: int) -> Event:
    """A reward as it is told of the member whose it is."""
    body = {"campaign": campaign.code, "side": side.value, "points": moved, "growth": growth}
    return Event(f"referral.reward_{what}", body)


async def hand_of(member_id: UUID, campaign: Campaign, now: datetime, *, to_heir: bool) -> Hand:
    """Hold a member, and who they are now; `to_heir` when it is the latter who is given something.

    Raises: NotFound.
    """
    held, heir = await heirs.hold(member_id)
    whose = heir if to_heir else held
    terms = await programme.terms()
    standing, book = await tiers.standing(whose.id, terms, now), await points.open_book(whose.id, now)
    others, other_book = standing, book
    if heir is not whose:
        others, other_book = await tiers.standing(heir.id, terms, now), await points.open_book(heir.id, now)
    besides = await heirs.besides(whose.id, heir.id)
    owed = await debts(whose.id, besides)
    return Hand(whose, heir, campaign, terms, book, other_book, standing, others, owed, besides, now)
