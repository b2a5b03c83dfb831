"""The book: one member's points in memory, where every movement is decided before any is written.

A book is pure: it knows balances and lots, keeps what each movement did to them, and touches no database.
`rules.points` opens it under the member's lock and writes what it gathered in a few statements.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from models.points import Bucket, Counter, PointsKind
from models.units import BALANCE_MAX, MOVE_MAX, Points, new_id
from rules.refusals import Refusal

LAST = datetime.max.replace(tzinfo=UTC)
"""Where lots that never expire stand in the order of spending."""


@dataclass(eq=False)
class InsufficientPoints(Refusal):
    """The member has fewer points than asked for."""

    zh = "积分不足。"
    field = ("points",)
    wanted: Points
    available: Points


@dataclass(eq=False)
class PointsLimit(Refusal):
    """This is more than one movement or one account may carry."""

    zh = "超出单次变动或账户的积分上限。"
    wanted: Points
    limit: Points


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

    def is_spent_before(self) -> tuple[datetime, UUID]:
        """The order of spending: soonest expiry first, never last, then as they came."""
        return (self.expires_at or LAST, self.id)

    def is_over(self, now: datetime) -> bool:
        """Whether the lot has expired. At the very moment of its expiry it has."""
        return self.expires_at is not None and self.expires_at <= now


@dataclass(slots=True)
class Movement:
    """One transaction of the ledger: a kind, a cause, and what it came to."""

    kind: PointsKind
    cause: str
    effective_at: datetime
    purchase_id: UUID | None = None
    reverses_id: UUID | None = None
    reason: str | None = None
    id: UUID = field(default_factory=new_id)
    points: int = 0
    """What it did to the member's worth; debt counts against it."""


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


_BUCKETS = {
    Bucket.AVAILABLE: "available",
    Bucket.PENDING: "pending",
    Bucket.HELD: "held",
    Bucket.DEBT: "debt",
}


class Book:
    """One member's points at one moment, and what has been decided about them since it was opened."""

    def __init__(self, member_id: UUID, balances: Balances, lots: Sequence[Lot], *, now: datetime) -> None:
        self.member_id = member_id
        self.balances = balances
        self.lots = sorted(lots, key=Lot.is_spent_before)
        self.now = now
        self.seq_read = balances.seq
        """The sequence the account was read at, which guards its update."""
        self.movements: list[Movement] = []
        self.lines: list[Line] = []
        self.moves: list[LotMove] = []
        self.new_lots: list[Lot] = []
        self._expire()

    def earn(self, movement: Movement, points: Points, *, expires_at: datetime | None, active: bool) -> Lot:
        """Credit points as a new lot; what the member owes is repaid from it first.

        Raises: PointsLimit.
        """
        lot = self._new_lot(
            movement, points, expires_at=expires_at, active=active, purchase_id=movement.purchase_id
        )
        bucket = Bucket.AVAILABLE if active else Bucket.PENDING
        counter = Counter.ADJUSTMENT if movement.kind is PointsKind.ADJUST_IN else Counter.ISSUANCE
        self._line(movement, bucket, points, counter)
        self._settle(movement)
        return lot

    def spend(self, movement: Movement, points: Points) -> Line:
        """Debit points from the lots that expire soonest.

        Raises: InsufficientPoints, PointsLimit.
        """
        if points <= 0:
            raise AssertionError("A debit is of one point or more.")
        if points > MOVE_MAX:
            raise PointsLimit(points, MOVE_MAX)
        if points > self.balances.available:
            raise InsufficientPoints(points, Points(self.balances.available))
        self._take(movement, points, self._usable())
        counter = Counter.ADJUSTMENT if movement.kind is PointsKind.ADJUST_OUT else Counter.REDEMPTION
        return self._line(movement, Bucket.AVAILABLE, -points, counter)

    def give_back(
        self,
        movement: Movement,
        points: Points,
        *,
        paid_by: Sequence[tuple[Lot, int]],
        already: int,
        grace: datetime,
    ) -> None:
        """Return spent points to the lots that paid them, the longest-lived first; debt is repaid from them.

        `paid_by` says what each lot paid of the whole redemption and `already` how much of it has come back.
        The share of a lot that has expired comes back as a new lot that lives until `grace`.
        """
        late = 0
        for lot, share in _after(already, points, sorted(paid_by, key=lambda p: p[0].is_spent_before())[::-1]):
            if lot.is_over(self.now):
                late += share
            else:
                self._move(movement, self._known(lot), share)
        if late:
            # no longer earned by a purchase: a claw-back takes it as it takes any other lot
            self._new_lot(movement, Points(late), expires_at=grace, active=True, purchase_id=None)
        self._line(movement, Bucket.AVAILABLE, points, Counter.REDEMPTION)
        self._settle(movement)

    def claw_back(self, movement: Movement, points: Points) -> None:
        """Take earned points back: from the purchase's own lots, then from others, then as a debt."""
        own = [lot for lot in self.lots if lot.purchase_id == movement.purchase_id]
        waiting = [lot for lot in own if not lot.active]
        left = points - self._take_some(movement, points, waiting, Bucket.PENDING)
        mine = [lot for lot in own if lot.active]
        others = [lot for lot in self._usable() if lot not in mine]
        left -= self._take_some(movement, left, [*mine, *others], Bucket.AVAILABLE)
        if left:
            self._line(movement, Bucket.DEBT, left, Counter.ISSUANCE)

    def activate(self, movement: Movement, lots: Sequence[Lot]) -> None:
        """Make pending lots spendable; what the member owes is repaid from them first."""
        for lot in lots:
            lot.active = True
            points = lot.remaining
            self.moves.append(LotMove(movement, lot, 0))
            self._line(movement, Bucket.PENDING, -points, Counter.INTERNAL)
            self._line(movement, Bucket.AVAILABLE, points, Counter.INTERNAL)
        self._settle(movement)

    def pending_lots(self) -> list[Lot]:
        """The lots that are not active yet."""
        return [lot for lot in self.lots if not lot.active and lot.remaining]

    def _expire(self) -> None:
        """Write off what has expired by now, lot by lot. Whoever opens the book does it; a sweeper only hurries."""
        for lot in self.lots:
            if lot.active and lot.remaining and lot.is_over(self.now):
                expired = lot.remaining
                # a return asked for before midnight may fill a lot once more, so the lot alone is no cause
                cause = f"expire:{lot.id}:{self.balances.seq}"
                movement = Movement(PointsKind.EXPIRE, cause, lot.expires_at or self.now)
                self._move(movement, lot, -expired)
                self._line(movement, Bucket.AVAILABLE, -expired, Counter.EXPIRY)

    def _settle(self, movement: Movement) -> None:
        """Repay debt from what is available, within the movement that made it available.

        What it made available may have expired long ago; such points repay nothing.
        """
        self._expire()
        repaid = min(self.balances.debt, self.balances.available)
        if repaid:
            self._take(movement, repaid, self._usable())
            self._line(movement, Bucket.AVAILABLE, -repaid, Counter.INTERNAL)
            self._line(movement, Bucket.DEBT, -repaid, Counter.INTERNAL)

    def _usable(self) -> list[Lot]:
        """The lots that can pay, in the order of spending."""
        return [lot for lot in self.lots if lot.active and lot.remaining and not lot.is_over(self.now)]

    def _take_some(self, movement: Movement, points: int, lots: Sequence[Lot], bucket: Bucket) -> int:
        """Take as much of the points as the lots hold, and say how much that was."""
        taken = min(points, sum(lot.remaining for lot in lots))
        if taken:
            self._take(movement, taken, lots)
            self._line(movement, bucket, -taken, Counter.ISSUANCE)
        return taken

    def _take(self, movement: Movement, points: int, lots: Sequence[Lot]) -> None:
        """Take points from lots in their order."""
        for lot in lots:
            share = min(points, lot.remaining)
            if share:
                self._move(movement, lot, -share)
                points -= share
        if points:
            raise AssertionError("The lots hold less than the account says.")

    def _new_lot(
        self,
        movement: Movement,
        points: Points,
        *,
        expires_at: datetime | None,
        active: bool,
        purchase_id: UUID | None,
    ) -> Lot:
        if points > MOVE_MAX:
            raise PointsLimit(points, MOVE_MAX)
        lot = Lot(
            id=new_id(),
            transaction_id=movement.id,
            purchase_id=purchase_id,
            granted=points,
            remaining=Points(0),
            held=Points(0),
            active=active,
            activates_at=self.now if active else None,
            expires_at=expires_at,
        )
        self.new_lots.append(lot)
        self.lots = sorted([*self.lots, lot], key=Lot.is_spent_before)
        self._move(movement, lot, points)
        return lot

    def _known(self, lot: Lot) -> Lot:
        """The book's own copy of a lot, which joins the book if it was spent up when the book was opened."""
        for mine in self.lots:
            if mine.id == lot.id:
                return mine
        self.lots = sorted([*self.lots, lot], key=Lot.is_spent_before)
        return lot

    def _move(self, movement: Movement, lot: Lot, d_remaining: int) -> None:
        lot.remaining = Points(lot.remaining + d_remaining)
        self.moves.append(LotMove(movement, lot, d_remaining))

    def _line(self, movement: Movement, bucket: Bucket, delta: int, counter: Counter) -> Line:
        name = _BUCKETS[bucket]
        after = getattr(self.balances, name) + delta
        if after > BALANCE_MAX:
            raise PointsLimit(Points(after), BALANCE_MAX)
        setattr(self.balances, name, after)
        self.balances.seq += 1
        worth = -delta if bucket is Bucket.DEBT else delta
        if movement.points == 0 and movement not in self.movements:
            self.movements.append(movement)
        movement.points += worth
        self._count(movement.kind, worth if counter is not Counter.INTERNAL else 0)
        line = Line(movement, self.balances.seq, bucket, delta, after, counter)
        self.lines.append(line)
        return line

    def _count(self, kind: PointsKind, worth: int) -> None:
        """Keep the lifetime figures."""
        if kind in (PointsKind.EARN, PointsKind.BONUS, PointsKind.CLAWBACK):
            self.balances.lifetime_earned += worth
        elif kind in (PointsKind.REDEEM, PointsKind.RETURN):
            self.balances.lifetime_spent -= worth
        elif kind is PointsKind.EXPIRE:
            self.balances.lifetime_expired -= worth


def reversal(original: Points, *, refunded: int, paid: int, already: int) -> Points:
    """How much more of an original movement to take back, now that so much of the paid sum is refunded.

    The target is floor(original * refunded / paid), the whole at a full refund; so the order of partial refunds
    does not matter, and their sum is exact.
    """
    target = original if refunded >= paid else original * refunded // paid
    return Points(target - already)


def _after(already: int, points: int, shares: Sequence[tuple[Lot, int]]) -> list[tuple[Lot, int]]:
    """The shares that lie between `already` and `already + points`, laid end to end."""
    found: list[tuple[Lot, int]] = []
    start = 0
    for lot, share in shares:
        low, high = max(start, already), min(start + share, already + points)
        if high > low:
            found.append((lot, high - low))
        start += share
    return found
