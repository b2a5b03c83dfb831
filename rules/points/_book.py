"""The book: one member's points in memory, where every movement is decided before any is written.

A book is pure: it knows balances and lots, keeps what each movement did to them, and touches no database.
`rules.points` opens it under the member's lock and writes what it gathered in a few statements.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from models.points import Bucket, Counter, HoldState, PointsKind
from models.units import BALANCE_MAX, MOVE_MAX, Points, new_id
from rules.points._parts import Balances, Hold, Line, Lot, LotMove, Movement, between
from rules.refusals import Refusal


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


_BUCKETS = {
    Bucket.AVAILABLE: "available",
    Bucket.PENDING: "pending",
    Bucket.HELD: "held",
    Bucket.DEBT: "debt",
}


class Book:
    """One member's points at one moment, and what has been decided about them since it was opened."""

    def __init__(
        self,
        member_id: UUID,
        balances: Balances,
        lots: Sequence[Lot],
        *,
        holds: Sequence[Hold] = (),
        now: datetime,
    ) -> None:
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
        self.holds = {hold.id: hold for hold in holds}
        """The holds that are open."""
        self.new_holds: list[Hold] = []
        self.ended_holds: list[Hold] = []
        for hold in sorted(holds, key=Hold.ends_before):
            if hold.is_over(now):
                self.release(hold, at=hold.expires_at, state=HoldState.EXPIRED)
        self._expire(now)

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
        self._settle(movement, self.now)
        return lot

    def spend(self, movement: Movement, points: Points) -> Line:
        """Debit points from the lots that expire soonest.

        Raises: InsufficientPoints, PointsLimit.
        """
        self._check_debit(points)
        self._take(movement, points, self._usable(self.now))
        counter = Counter.ADJUSTMENT if movement.kind is PointsKind.ADJUST_OUT else Counter.REDEMPTION
        return self._line(movement, Bucket.AVAILABLE, -points, counter)

    def hold(
        self, movement: Movement, points: Points, *, expires_at: datetime, order_ref: str | None = None
    ) -> Hold:
        """Set points aside, out of the lots that expire soonest: nothing else can spend them before it ends.

        Raises: InsufficientPoints, PointsLimit.
        """
        self._check_debit(points)
        hold = Hold(
            new_id(),
            movement.id,
            points,
            movement.reason or "",
            movement.purchase_id,
            order_ref,
            self.now,
            expires_at,
        )
        movement.hold_id = hold.id
        hold.shares = self._shares(points, self._usable(self.now))
        for lot, share in hold.shares:
            self._move(movement, lot, -share, share)
        self._line(movement, Bucket.AVAILABLE, -points, Counter.INTERNAL)
        self._line(movement, Bucket.HELD, points, Counter.INTERNAL)
        self.holds[hold.id] = hold
        self.new_holds.append(hold)
        return hold

    def capture(self, movement: Movement, hold: Hold, points: Points) -> None:
        """Spend points that were set aside, out of their own lots, expired or not; the rest is released."""
        if not 0 < points <= hold.amount:
            raise AssertionError("A capture is of what is held.")
        movement.hold_id = hold.id
        for lot, share in hold.part(0, points):
            self._move(movement, lot, 0, -share)
        self._line(movement, Bucket.HELD, -points, Counter.REDEMPTION)
        hold.captured = points
        if points == hold.amount:
            self._end(hold, HoldState.CAPTURED)
        else:
            self.release(hold, at=self.now, state=HoldState.PARTIALLY_CAPTURED)

    def release(self, hold: Hold, *, at: datetime, state: HoldState = HoldState.RELEASED) -> Movement:
        """Give points that were set aside back to their lots at a moment; what has expired by then is written off.

        What the member owes is repaid from them first.
        """
        movement = Movement(
            PointsKind.RELEASE,
            f"hold:{hold.id}:release",
            at,
            purchase_id=hold.purchase_id,
            reason=hold.reason,
            hold_id=hold.id,
        )
        points = hold.amount - hold.captured
        for lot, share in hold.part(hold.captured, points):
            self._move(movement, lot, share, -share)
        self._line(movement, Bucket.HELD, -points, Counter.INTERNAL)
        self._line(movement, Bucket.AVAILABLE, points, Counter.INTERNAL)
        hold.released = points
        self._end(hold, state)
        self._settle(movement, at)
        return movement

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
        for lot, share in between(already, points, sorted(paid_by, key=lambda p: p[0].is_spent_before())[::-1]):
            if lot.is_over(self.now):
                late += share
            else:
                self._move(movement, self._known(lot), share)
        if late:
            # no longer earned by a purchase: a claw-back takes it as it takes any other lot
            self._new_lot(movement, Points(late), expires_at=grace, active=True, purchase_id=None)
        self._line(movement, Bucket.AVAILABLE, points, Counter.REDEMPTION)
        self._settle(movement, self.now)

    def claw_back(self, movement: Movement, points: Points) -> None:
        """Take earned points back: from the purchase's own lots, then from others, then as a debt."""
        own = [lot for lot in self.lots if lot.purchase_id == movement.purchase_id]
        waiting = [lot for lot in own if not lot.active]
        left = points - self._take_some(movement, points, waiting, Bucket.PENDING)
        mine = [lot for lot in own if lot.active]
        others = [lot for lot in self._usable(self.now) if lot not in mine]
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
        self._settle(movement, self.now)

    def pending_lots(self) -> list[Lot]:
        """The lots that are not active yet."""
        return [lot for lot in self.lots if not lot.active and lot.remaining]

    def _check_debit(self, points: Points) -> None:
        """Raises: InsufficientPoints, PointsLimit."""
        if points <= 0:
            raise AssertionError("A debit is of one point or more.")
        if points > MOVE_MAX:
            raise PointsLimit(points, MOVE_MAX)
        if points > self.balances.available:
            raise InsufficientPoints(points, Points(self.balances.available))

    def _end(self, hold: Hold, state: HoldState) -> None:
        hold.state = state
        del self.holds[hold.id]
        self.ended_holds.append(hold)

    def _expire(self, at: datetime) -> None:
        """Write off what has expired by then, lot by lot. Whoever opens the book does it."""
        for lot in self.lots:
            if lot.active and lot.remaining and lot.is_over(at):
                expired = lot.remaining
                # a return asked for before midnight may fill a lot once more, so the lot alone is no cause
                cause = f"expire:{lot.id}:{self.balances.seq}"
                movement = Movement(PointsKind.EXPIRE, cause, lot.expires_at or self.now)
                self._move(movement, lot, -expired)
                self._line(movement, Bucket.AVAILABLE, -expired, Counter.EXPIRY)

    def _settle(self, movement: Movement, at: datetime) -> None:
        """Repay debt from what is available at that moment, within the movement that made it available.

        What it made available may have expired long ago; such points repay nothing.
        """
        self._expire(at)
        repaid = min(self.balances.debt, self.balances.available)
        if repaid:
            self._take(movement, repaid, self._usable(at))
            self._line(movement, Bucket.AVAILABLE, -repaid, Counter.INTERNAL)
            self._line(movement, Bucket.DEBT, -repaid, Counter.INTERNAL)

    def _usable(self, at: datetime) -> list[Lot]:
        """The lots that can pay at that moment, in the order of spending."""
        return [lot for lot in self.lots if lot.active and lot.remaining and not lot.is_over(at)]

    def _take_some(self, movement: Movement, points: int, lots: Sequence[Lot], bucket: Bucket) -> int:
        """Take as much of the points as the lots hold, and say how much that was."""
        taken = min(points, sum(lot.remaining for lot in lots))
        if taken:
            self._take(movement, taken, lots)
            self._line(movement, bucket, -taken, Counter.ISSUANCE)
        return taken

    def _take(self, movement: Movement, points: int, lots: Sequence[Lot]) -> None:
        """Take points from lots in their order."""
        for lot, share in self._shares(points, lots):
            self._move(movement, lot, -share)

    @staticmethod
    def _shares(points: int, lots: Sequence[Lot]) -> list[tuple[Lot, int]]:
        """How much each lot has to give, in their order, for so many points."""
        found = between(0, points, [(lot, lot.remaining) for lot in lots])
        if sum(share for _, share in found) < points:
            raise AssertionError("The lots hold less than the account says.")
        return found

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

    def _move(self, movement: Movement, lot: Lot, d_remaining: int, d_held: int = 0) -> None:
        lot.remaining = Points(lot.remaining + d_remaining)
        lot.held = Points(lot.held + d_held)
        self.moves.append(LotMove(movement, lot, d_remaining, d_held))

    def _line(self, movement: Movement, bucket: Bucket, delta: int, counter: Counter) -> Line:
        name = _BUCKETS[bucket]
        after = getattr(self.balances, name) + delta
        # what is held may become available again, and must find room
        whole = after + self.balances.held if bucket is Bucket.AVAILABLE else after
        if whole > BALANCE_MAX:
            raise PointsLimit(Points(whole), BALANCE_MAX)
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
