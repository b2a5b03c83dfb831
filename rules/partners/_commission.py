"""Commission: what a referee's own orders bring the partner who brought them. One level, and pure.

An order brings so many basis points of what was paid and not refunded, whatever the order of its refunds. It is
estimated until its buyer has done what the campaign asks for, frozen for some days then, and available after them.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeAlias
from uuid import UUID

from models.commissions import CommissionState as State
from models.units import WHOLE

OPEN = (State.ESTIMATED, State.FROZEN, State.AVAILABLE)
"""The states of what is in no settlement."""

ENDS = ("REJECTED", "VOIDED", "EXPIRED")
"""What ends a referral: what is still open of it was never earned."""


@dataclass(slots=True)
class Commission:
    """One order's."""

    id: UUID
    purchase_id: UUID
    referee_id: UUID
    campaign: str
    campaign_version: int
    bps: int
    frozen_days: int
    gross_minor: int
    refunded_minor: int
    amount_minor: int
    settled_minor: int | None
    state: State
    ordered_at: datetime
    frozen_until: datetime | None

    def freeze(self, at: datetime) -> None:
        """It is earned, and waits for refunds."""
        if self.state is State.ESTIMATED:
            self.state, self.frozen_until = State.FROZEN, at + timedelta(days=self.frozen_days)

    def refund(self, minor: int) -> int:
        """Something of the order is given back. Says what the partner owes by it, since that was settled."""
        self.refunded_minor = min(self.gross_minor, self.refunded_minor + minor)
        return self._becomes(worth(self.gross_minor - self.refunded_minor, self.bps))

    def end(self) -> None:
        """It was never earned. What is settled stays."""
        if self.state in OPEN:
            self._becomes(0)

    def _becomes(self, amount_minor: int) -> int:
        before = self.amount_minor
        if self.state is State.REVERSED:
            return 0
        self.amount_minor = amount_minor
        if not amount_minor and self.state is not State.PAID:
            self.state = State.REVERSED
        return 0 if self.settled_minor is None else before - amount_minor


@dataclass(frozen=True, slots=True)
class Step:
    """One event of a referral, as far as commissions follow it."""

    id: UUID
    kind: str
    referee_id: UUID
    purchase_id: UUID | None
    campaign: str
    campaign_version: int
    gross_minor: int
    refund_minor: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Terms:
    """What a campaign's version gives partners."""

    bps: int
    frozen_days: int
    min_settlement_minor: int = 0


TermsOf: TypeAlias = dict[tuple[str, int], Terms]
"""By a campaign's code and version."""


@dataclass(slots=True)
class Book:
    """Some commissions of one partner, and what becomes of them."""

    known: dict[UUID, Commission]
    """By their orders."""
    of_referees: dict[UUID, list[Commission]]
    qualified: dict[UUID, datetime]
    """When referees had done what their campaign asks for."""
    terms: TermsOf
    changed: dict[UUID, Commission] = field(default_factory=dict)
    owed_minor: int = 0
    """What the partner owes more than before."""

    def follow(self, steps: Iterable[Step], new_id: Iterable[UUID]) -> None:
        """Do what events of its referees mean; ids are taken as they are needed."""
        ids = iter(new_id)
        for step in steps:
            if step.kind == "ORDER" and step.purchase_id and step.purchase_id not in self.known:
                made = self._made(step, next(ids))
                if made is not None:
                    self._add(made)
            elif step.kind == "REFUND" and step.purchase_id in self.known:
                commission = self.known[step.purchase_id]
                self.owed_minor += commission.refund(step.refund_minor)
                self.changed[commission.purchase_id] = commission
            elif step.kind == "QUALIFIED":
                self.qualified.setdefault(step.referee_id, step.at)
                self._each_of(step.referee_id, step.at)
            elif step.kind in ENDS:
                self._each_of(step.referee_id, None)

    def _made(self, step: Step, commission_id: UUID) -> Commission | None:
        terms = self.terms.get((step.campaign, step.campaign_version))
        if terms is None or not terms.bps or step.purchase_id is None:
            return None
        made = Commission(
            commission_id,
            step.purchase_id,
            step.referee_id,
            step.campaign,
            step.campaign_version,
            terms.bps,
            terms.frozen_days,
            step.gross_minor,
            0,
            worth(step.gross_minor, terms.bps),
            None,
            State.ESTIMATED,
            step.at,
            None,
        )
        if step.referee_id in self.qualified:
            made.freeze(max(step.at, self.qualified[step.referee_id]))
        return made

    def _each_of(self, referee_id: UUID, earned_at: datetime | None) -> None:
        """All of a referee's commissions are earned, or never were."""
        for commission in self.of_referees.get(referee_id, ()):
            if commission.state in OPEN:
                if earned_at is None:
                    commission.end()
                else:
                    commission.freeze(earned_at)
                self.changed[commission.purchase_id] = commission

    def _add(self, commission: Commission) -> None:
        self.known[commission.purchase_id] = commission
        self.of_referees.setdefault(commission.referee_id, []).append(commission)
        self.changed[commission.purchase_id] = commission


def book(commissions: Iterable[Commission], qualified: dict[UUID, datetime], terms: TermsOf) -> Book:
    """A book of commissions that are known."""
    found = Book({}, {}, qualified, terms)
    for each in commissions:
        found._add(each)
    found.changed.clear()
    return found


def worth(minor: int, bps: int) -> int:
    """So many basis points of an amount, rounded down."""
    return minor * bps // WHOLE
