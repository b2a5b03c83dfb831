"""A standing: what a member has of each source, how a step changes it, and how the account keeps it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from models.tiers import TierCause, TierSource
from models.units import Growth
from rules.programme import Terms
from rules.schemes import Basis, Gift, Rung


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose growth, spending or orders are asked for, from one moment until before another."""

    member_id: UUID
    since: datetime
    before: datetime


Count = Callable[[Basis, Asked], Awaitable[int]]
"""How what counts is added up."""


@dataclass(frozen=True, slots=True)
class Overlay:
    """A tier that is held until a moment whatever was earned: paid for, or granted."""

    tier: Rung
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Paid:
    """A payment for a plan, and the time it bought."""

    id: UUID
    member_id: UUID
    starts_at: datetime
    ends_at: datetime
    duration_days: int
    tier_id: UUID


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a standing: what its source gave before and after, and the tier in effect before and after."""

    cause: TierCause
    source: TierSource
    at: datetime
    from_tier: Rung
    to_tier: Rung
    own_from: Rung | None
    own_to: Rung | None
    ended_at: datetime | None
    ends_at: datetime | None
    graced_until: datetime | None
    purchase_id: UUID | None = None
    reason: str | None = None
    gifts: tuple[Gift, ...] = ()


@dataclass(slots=True)
class Standing:
    """A member's growth value and tiers, and the steps taken since it was read."""

    member_id: UUID
    joined_at: datetime
    growth: Growth
    seq: int
    tier: Rung
    """The tier in effect: the highest of all sources."""
    tier_since: datetime
    earned: Rung
    earned_since: datetime
    expires_at: datetime | None = None
    """When the earned tier is reviewed; in its grace, when it was."""
    grace_until: datetime | None = None
    deferred: Rung | None = None
    deferred_at: datetime | None = None
    overlays: dict[TierSource, Overlay] = field(default_factory=dict)
    steps_before: int = 0
    """How many steps the history numbers."""
    kept: dict[str, Any] = field(default_factory=dict)
    """It as the account holds it."""
    steps: list[Step] = field(default_factory=list)
    count: Count | None = None
    """How what counts for it is added up, if not by a statement of its own."""
    paid: Sequence[Paid] | None = None
    """What the person has paid for beyond the end of the paid tier; None as long as nobody had to know."""

    @property
    def changes_at(self) -> datetime | None:
        """The first moment at which time alone changes anything; None when it never does."""
        moments = [self.grace_until or self.expires_at, self.deferred_at]
        moments += [each.until for each in self.overlays.values()]
        return min((each for each in moments if each is not None), default=None)

    @property
    def source(self) -> TierSource:
        """By what the tier in effect is held; what was earned comes first."""
        found = (source for source, each in self.overlays.items() if each.tier is self.tier)
        return TierSource.EARNED if self.earned is self.tier else next(found, TierSource.EARNED)

    @property
    def ends_at(self) -> datetime | None:
        """When the tier in effect is reviewed, or over; None when it never is."""
        overlay = self.overlays.get(self.source)
        return overlay.until if overlay else self.expires_at

    def step(
        self,
        cause: TierCause,
        at: datetime,
        *,
        source: TierSource = TierSource.EARNED,
        purchase_id: UUID | None = None,
        reason: str | None = None,
        gifts: tuple[Gift, ...] = (),
        **changes: Any,
    ) -> Step:
        """Take a step: the named parts become these, and the tier in effect what follows from it."""
        before, (own, ended, graced) = self.tier, self._own(source)
        for name, value in changes.items():
            setattr(self, name, value)
        self.settle(at)
        after, ends, _ = self._own(source)
        ending = (ended, ends, graced)
        taken = Step(cause, source, at, before, self.tier, own, after, *ending, purchase_id, reason, gifts)
        self.steps.append(taken)
        return taken

    def _own(self, source: TierSource) -> tuple[Rung | None, datetime | None, datetime | None]:
        if source is TierSource.EARNED:
            return self.earned, self.expires_at, self.grace_until
        overlay = self.overlays.get(source)
        return (overlay.tier, overlay.until, None) if overlay else (None, None, None)

    def settle(self, at: datetime) -> None:
        """Have the highest of all sources in effect."""
        highest = max([self.earned, *(each.tier for each in self.overlays.values())], key=lambda rung: rung.rank)
        if highest is not self.tier:
            self.tier, self.tier_since = highest, at


OVERLAYS = {TierSource.PAID: "paid", TierSource.GRANTED: "granted"}
TIMED = (
    "changes_at",
    "earned_tier_id",
    "earned_since",
    "tier_expires_at",
    "grace_until",
    "deferred_tier_id",
    "deferred_at",
    "paid_tier_id",
    "paid_since",
    "paid_until",
    "granted_tier_id",
    "granted_since",
    "granted_until",
)
"""What the account keeps of a tier that time may change."""

COLUMNS = ", g.growth, g.seq AS growth_seq, g.tier_since, g.tier_steps" + "".join(
    f", g.{name}" for name in TIMED if name != "changes_at"
)
"""What a statement with the account as `g` reads, beside its tier, for `of_row`."""


def of_row(member_id: UUID, row: Mapping[str, Any], terms: Terms) -> Standing:
    """The standing that an account holds.

    A tier that left the ladder in the very moment in which somebody got it counts as never given. Whoever reckons
    the standing anew, as every new scheme does, writes down what is held instead.
    """
    tier, since = terms.rung(row["tier_id"]), row["tier_since"]
    deferred = terms.find(row["deferred_tier_id"])
    held = {source: terms.find(row[f"{name}_tier_id"]) for source, name in OVERLAYS.items()}
    found = Standing(
        member_id=member_id,
        joined_at=row["joined_at"] or since,
        growth=row["growth"],
        seq=row["growth_seq"],
        tier=tier,
        tier_since=since,
        earned=terms.find(row["earned_tier_id"]) or tier,
        earned_since=row["earned_since"] or since,
        expires_at=row["tier_expires_at"],
        grace_until=row["grace_until"],
        deferred=deferred,
        deferred_at=row["deferred_at"] if deferred else None,
        steps_before=row["tier_steps"] or 0,
        overlays={
            source: Overlay(rung, row[f"{OVERLAYS[source]}_since"], row[f"{OVERLAYS[source]}_until"])
            for source, rung in held.items()
            if rung
        },
    )
    found.kept = stored(found) | {name: row[name] for name in TIMED if name.endswith("_tier_id")}
    return found


def stored(standing: Standing) -> dict[str, Any]:
    """The standing as the account holds it; nothing but the tier of somebody whose tier no time can change."""
    told: dict[str, Any] = {
        "growth": standing.growth,
        "seq": standing.seq,
        "tier_id": standing.tier.id,
        "tier_since": standing.tier_since,
        "tier_steps": standing.steps_before or None,
    }
    changes_at = standing.changes_at
    if changes_at is None:
        return told | dict.fromkeys(TIMED)
    told |= {
        "changes_at": changes_at,
        "earned_tier_id": standing.earned.id,
        "earned_since": standing.earned_since,
        "tier_expires_at": standing.expires_at,
        "grace_until": standing.grace_until,
        "deferred_tier_id": standing.deferred and standing.deferred.id,
        "deferred_at": standing.deferred_at,
    }
    for source, name in OVERLAYS.items():
        overlay = standing.overlays.get(source)
        told |= {
            f"{name}_tier_id": overlay and overlay.tier.id,
            f"{name}_since": overlay and overlay.since,
            f"{name}_until": overlay and overlay.until,
        }
    return told
