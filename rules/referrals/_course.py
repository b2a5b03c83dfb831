"""The course of a referral: how each order, refund and day moves it, reckoned without a database."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from models.referrals import ReferralState, ReferralStep
from models.units import Minor, Points
from rules.referrals._campaign import Campaign, QualifyingAct
from rules.referrals._suspicions import Score, verdict

OVER = frozenset({ReferralState.EXPIRED, ReferralState.REJECTED, ReferralState.VOIDED})
"""Where nothing counts any more."""

OPEN = frozenset({ReferralState.BOUND, ReferralState.QUALIFYING, ReferralState.REVIEW})
UNREWARDED = OPEN | {ReferralState.QUALIFIED}
DECIDED = frozenset({ReferralState.QUALIFIED, ReferralState.REWARDED})

REFUNDED, HELD, OVERDUE = "REFUNDED", "HELD", "OVERDUE"
"""Why a referral fell back, came through its hold, or ran out."""

APPROVED, UNREVIEWED = "APPROVED", "UNREVIEWED"
"""Why a referral goes on, or is refused: somebody looked at it, or nobody did in time."""


@dataclass(slots=True)
class Referral:
    """A referral as it stands."""

    referee_id: UUID
    referrer_id: UUID | None
    partner_id: UUID | None
    code: str | None
    channel: str | None
    campaign: str
    campaign_version: int
    state: ReferralState
    cause: str
    bound_by: str | None
    device_hash: str | None
    bound_at: datetime
    valid_until: datetime
    qualifies_at: datetime | None
    qualified_at: datetime | None
    claw_back_until: datetime | None
    purchase_id: UUID | None
    spent_minor: int
    seq: int
    score: int
    evidence: dict[str, int] | None
    cleared: int | None
    review_until: datetime | None
    reward_skipped: str | None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Referral":
        """The referral of a row."""
        told = {name: row[name] for name in cls.__slots__}
        return cls(**{**told, "state": ReferralState(row["state"])})


@dataclass(frozen=True, slots=True)
class Step:
    """One event of a referral, to be written."""

    kind: ReferralStep
    cause: str
    at: datetime
    purchase_id: UUID | None = None
    gross_minor: int = 0
    refund_minor: int = 0
    points: Points = Points(0)  # noqa: RUF009  an int

    @property
    def is_state(self) -> bool:
        """Whether it says where the referral stands."""
        return self.kind.value in ReferralState.__members__


@dataclass(frozen=True, slots=True)
class Bought:
    """An order of a referee, as far as a referral asks of it."""

    purchase_id: UUID
    paid_at: datetime
    gross_minor: Minor
    """What was paid for it, and not by points."""
    refunded_minor: int = 0
    """What was given back of the whole order."""

    @property
    def net_minor(self) -> int:
        """What is left of it; what was given back is taken off what was paid in money first."""
        return max(0, self.gross_minor - self.refunded_minor)


@dataclass(slots=True)
class Course:
    """A referral under its campaign, while things happen to it; the steps that are to be written."""

    referral: Referral
    campaign: Campaign
    now: datetime
    steps: list[Step] = field(default_factory=list)
    is_marked: bool = False
    """Whether something else of it has changed."""
    is_several: bool = False
    """Whether the referee is or was others besides, as members who were merged."""

    @property
    def may_qualify(self) -> bool:
        """Whether an order may be the qualifying act yet."""
        found = self.referral
        return found.state in (ReferralState.BOUND, ReferralState.REVIEW) and found.qualifies_at is None

    @property
    def matures_at(self) -> datetime | None:
        """When it will have qualified by itself; None unless it is in its hold."""
        found = self.referral
        return found.qualifies_at if found.state is ReferralState.QUALIFYING else None

    def counts(self, bought: Bought) -> bool:
        """Whether an order is one of the referral's: paid while it was valid."""
        return self.referral.bound_at <= bought.paid_at < self.referral.valid_until

    def registered(self, at: datetime) -> None:
        """The referee has registered, and is proven to be somebody."""
        if self.campaign.act is QualifyingAct.REGISTERED:
            self._act(None, at)

    def paid(self, bought: Bought) -> None:
        """The referee has paid an order."""
        found = self.referral
        if found.state in OVER or not self.counts(bought):
            self.pass_time()
            return
        self._step(ReferralStep.ORDER, "PAID", bought.paid_at, bought.purchase_id, gross_minor=bought.gross_minor)
        found.spent_minor += bought.gross_minor
        if self.campaign.act is QualifyingAct.FIRST_ORDER_PAID and self._is_enough(bought):
            self._act(bought.purchase_id, bought.paid_at)
        if self.campaign.act is QualifyingAct.SPEND and self._has_spent():
            self._act(bought.purchase_id, bought.paid_at)
        self.pass_time()

    def completed(self, bought: Bought, at: datetime) -> None:
        """An order of the referee's was completed."""
        is_asked = self.campaign.act is QualifyingAct.FIRST_ORDER_COMPLETED
        if is_asked and self.counts(bought) and at < self.referral.valid_until and self._is_enough(bought):
            self._act(bought.purchase_id, at)
        self.pass_time()

    def refunded(self, before: Bought, after: Bought, at: datetime, cause: str = REFUNDED) -> None:
        """Something was given back of an order that counted: what had qualified by it may have no more.

        A hold that has ended by now is over, whether or not somebody has looked since.
        """
        if self.matures_at:
            self.pass_time()
        given_back = before.net_minor - after.net_minor
        if given_back:
            self._step(ReferralStep.REFUND, cause, at, after.purchase_id, refund_minor=given_back)
            self.referral.spent_minor -= given_back
        if not self._still_holds(after):
            self._fall_back(at, cause)
        self.pass_time()

    def pass_time(self) -> None:
        """Do what time alone has done by now: a hold ends well, or a referral runs out."""
        found = self.referral
        if found.state is ReferralState.QUALIFYING and found.qualifies_at and found.qualifies_at <= self.now:
            found.qualified_at = found.qualifies_at
            found.claw_back_until = found.qualifies_at + timedelta(days=self.campaign.claw_back_days)
            self.turn(ReferralState.QUALIFIED, HELD, found.qualifies_at)
        elif found.state is ReferralState.BOUND and found.valid_until <= self.now:
            self.turn(ReferralState.EXPIRED, OVERDUE, found.valid_until)
        elif found.state is ReferralState.REVIEW and found.review_until and found.review_until <= self.now:
            self.turn(ReferralState.REJECTED, UNREVIEWED, found.review_until)

    def weigh(self, score: Score) -> None:
        """So much is known to speak against it by now. What once did is not forgotten."""
        found = self.referral
        if score.score >= found.score and score.evidence != (found.evidence or {}):
            found.score, found.evidence, self.is_marked = score.score, score.evidence, True

    def doubt(self, at: datetime) -> bool:
        """Somebody has to look at it, or nobody has: where more speaks against it than was cleared."""
        found, guards = self.referral, self.campaign.guards
        known = Score(found.score, found.evidence or {})
        follows = verdict(known, guards, cleared=found.cleared or 0)
        if follows is None or follows is found.state:
            return False
        self.turn(follows, known.reason, at)
        if follows is ReferralState.REVIEW:
            found.review_until = self.now + timedelta(days=guards.review_days)
        return True

    def approve(self) -> None:
        """Somebody looked at it and lets it go on, from where it stood."""
        found = self.referral
        found.cleared = found.score
        goes_on = ReferralState.QUALIFYING if found.qualifies_at else ReferralState.BOUND
        self.turn(goes_on, APPROVED, self.now)
        self.pass_time()

    def reject(self, cause: str) -> None:
        """Somebody looked at it and refuses it."""
        self.turn(ReferralState.REJECTED, cause, self.now)

    def turn(self, state: ReferralState, cause: str, at: datetime) -> None:
        """The referral stands somewhere else from now on, and why."""
        self.referral.state, self.referral.cause = state, cause
        self.referral.review_until = None
        self._step(ReferralStep(state.value), cause, at, self.referral.purchase_id)

    def cost(self, points: Points, cause: str) -> None:
        """The referee's own reward was given, or taken back."""
        if points:
            self.steps.append(Step(ReferralStep.COST, cause, self.now, points=points))

    def skip(self, reason: str) -> None:
        """The referrer is given nothing though it has qualified."""
        self.referral.reward_skipped, self.is_marked = reason, True

    def _act(self, purchase_id: UUID | None, at: datetime) -> None:
        """The qualifying act was done: the hold begins. Only the first counts."""
        found = self.referral
        if not self.may_qualify:
            return
        found.purchase_id = purchase_id
        found.qualifies_at = at + timedelta(days=self.campaign.hold_days)
        if not self.doubt(at) and found.state is ReferralState.BOUND:
            self.turn(ReferralState.QUALIFYING, self.campaign.act.value, at)

    def _is_enough(self, bought: Bought) -> bool:
        return 0 < bought.net_minor >= self.campaign.min_order_minor

    def _has_spent(self) -> bool:
        return self.referral.spent_minor >= (self.campaign.spend_minor or 0)

    def _still_holds(self, after: Bought) -> bool:
        """Whether what the referral qualified by is still there after a refund."""
        if self.referral.qualifies_at is None:
            return True
        if self.campaign.act is QualifyingAct.SPEND:
            return self._has_spent()
        return after.purchase_id != self.referral.purchase_id or self._is_enough(after)

    def _fall_back(self, at: datetime, cause: str) -> None:
        """What it qualified by is gone: it waits for another order, or what it gave is taken back."""
        found = self.referral
        if found.state in DECIDED:
            if found.claw_back_until and at < found.claw_back_until:
                self.turn(ReferralState.CLAWED_BACK, cause, at)
        elif found.state in OPEN:
            found.qualifies_at = found.purchase_id = None
            if found.state is ReferralState.QUALIFYING:
                self.turn(ReferralState.BOUND, cause, at)

    def _step(self, kind: ReferralStep, cause: str, at: datetime, purchase_id: UUID | None, **more: Any) -> None:
        self.steps.append(Step(kind, cause, at, purchase_id, **more))
