"""The parts of a book: lots, holds, movements, and what a movement did to balances and lots."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from models.points import Bucket, Counter, HoldState, PointsKind, WaitsFor
from models.units import BasisPoints, Growth, Points, new_id

LAST = datetime.max.replace(tzinfo=UTC)
"""Where lots that never expire stand in the order of spending."""


@dataclass(slots=True)
class Lot:
    """Points that came together, as far as they are left."""

    id: UUID
    transaction_id: UUID
    purchase_id: UUID | None
    granted: Points
    remaining: Points
    held: Points
    active: bool
    activates_at: datetime | None
    expires_at: datetime | None
    """When it expires; of one that slides, as far as it has slid."""
    origin_at: datetime | None = None
    """When the points were first earned, where they came from another member. Not read of a lot that was there."""
    waits_for: WaitsFor | None = None
    thaws: bool | None = None
    cancels_at: datetime | None = None
    growth: Growth | None = None
    slides: str | None = None
    lifetime: str | None = None
    policy_version: int | None = None
    from_lot_id: UUID | None = None

    def is_spent_before(self) -> tuple[datetime, UUID]:
        """The order of spending: soonest expiry first, never last, then as they came."""
        return (self.expires_at or LAST, self.id)

    def is_over(self, now: datetime) -> bool:
        """Whether the lot has expired. At the very moment of its expiry it has."""
        return self.expires_at is not None and self.expires_at <= now

    def changes_at(self) -> datetime | None:
        """When a pending lot becomes available or is cancelled by itself; None while it does not."""
        if self.active or not self.remaining or self.waits_for is None:
            return None
        begins = None if self.thaws else self.activates_at
        return begins or self.cancels_at


@dataclass(slots=True)
class Hold:
    """Points set aside until a moment, and the lots they lie in."""

    id: UUID
    transaction_id: UUID
    amount: Points
    reason: str
    purchase_id: UUID | None
    order_ref: str | None
    created_at: datetime
    expires_at: datetime
    grace_until: datetime | None = None
    """Until when points live that are released and have expired meanwhile; None: they are forfeit."""
    discount_bps: BasisPoints | None = None
    """What the member's tier took off the price in points when they were set aside; None: nothing."""
    captured: int = 0
    released: int = 0
    state: HoldState = HoldState.HELD
    shares: list[tuple[Lot, int]] = field(default_factory=list)

    def is_over(self, now: datetime) -> bool:
        """Whether nothing can be taken any more. At the very moment of its expiry nothing can."""
        return self.expires_at <= now

    def ends_before(self) -> tuple[datetime, UUID]:
        """The order in which holds end by themselves."""
        return (self.expires_at, self.id)

    def part(self, start: int, points: int) -> list[tuple[Lot, int]]:
        """The shares that lie between `start` and `start + points`, in the order of spending."""
        return between(start, points, sorted(self.shares, key=lambda share: share[0].is_spent_before()))


@dataclass(slots=True)
class Movement:
    """One transaction of the ledger: a kind, a cause, and what it came to."""

    kind: PointsKind
    cause: str
    effective_at: datetime
    purchase_id: UUID | None = None
    reverses_id: UUID | None = None
    reason: str | None = None
    hold_id: UUID | None = None
    group_id: UUID | None = None
    """What it has in common with another member's movement, where both are one."""
    counterpart_id: UUID | None = None
    """That member."""
    id: UUID = field(default_factory=new_id)
    points: int = 0
    """What it did to the member's worth; debt counts against it."""
    lost: int = 0
    """What a claw-back should have taken besides, and leaves to the programme."""
    written_off: int = 0
    """What it need not take, since it had expired or was forfeited before."""


@dataclass(slots=True)
class Line:
    """One entry of a movement."""

    movement: Movement
    seq: int
    bucket: Bucket
    delta: int
    balance_after: int
    counter: Counter
    id: UUID = field(default_factory=new_id)


@dataclass(slots=True)
class LotMove:
    """What a movement did to a lot."""

    movement: Movement
    lot: Lot
    d_remaining: int
    d_held: int = 0


@dataclass(slots=True)
class Balances:
    """The stored figures of an account."""

    available: int = 0
    pending: int = 0
    held: int = 0
    debt: int = 0
    seq: int = 0
    lifetime_earned: int = 0
    lifetime_spent: int = 0
    lifetime_expired: int = 0
    slid: dict[str, str] | None = None
    """Until when lots of a sliding span live, by the span; None for a member who has none."""

    def slid_until(self, span: str) -> datetime:
        """Until when lots of a span live by the member's last activity."""
        return datetime.fromisoformat((self.slid or {})[span])

    def slide(self, span: str, until: datetime) -> None:
        """Let lots of a span live until a moment at least: it extends, and never shortens."""
        known = (self.slid or {}).get(span)
        if known is None or datetime.fromisoformat(known) < until:
            # as SQLite keeps moments, so that texts compare as they do
            self.slid = {**(self.slid or {}), span: until.astimezone(UTC).isoformat(" ")}


def cancelling(lot: Lot, cause: str, at: datetime, reason: str | None = None) -> Movement:
    """The movement that cancels a pending lot: it takes back what is left of the one that earned it.

    Where the lot came from a member who was merged, that is not this member's to take back.
    """
    return Movement(
        PointsKind.CANCEL_PENDING,
        cause,
        at,
        purchase_id=lot.purchase_id,
        reverses_id=None if lot.from_lot_id else lot.transaction_id,
        reason=reason,
    )


def between(start: int, points: int, shares: Sequence[tuple[Lot, int]]) -> list[tuple[Lot, int]]:
    """The shares that lie between `start` and `start + points`, laid end to end."""
    found: list[tuple[Lot, int]] = []
    at = 0
    for lot, share in shares:
        low, high = max(at, start), min(at + share, start + points)
        if high > low:
            found.append((lot, high - low))
        at += share
    return found
