"""The book: one member's points in memory, where every movement is decided before any is written.

A book is pure: it knows balances and lots, keeps what each movement did to them, and touches no database.
`rules.points` opens it under the member's lock and writes what it gathered in a few statements.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from uuid import UUID

from models.points import Bucket, Counter, HoldState, PointsKind
from models.units import MOVE_MAX, BasisPoints, Growth, Points, new_id
from rules.points._parts import Balances, Hold, Line, Lot, LotMove, Movement, between, cancelling
from rules.points._tally import PointsLimit, Tally
from rules.policy import ClawBack, ClawBackPolicy, Life
from rules.refusals import Refusal


@dataclass(eq=False)
class InsufficientPoints(Refusal):
    """The member has fewer points than asked for."""

    zh = "积分不足。"
    field = ("points",)
    wanted: Points
    available: Points


AS_EVER = ClawBack()
"""Points that are not there any more become a debt."""


class Book(Tally):
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
        super().__init__(member_id, balances, lots, now=now)
        self.holds = {hold.id: hold for hold in holds}
        """The holds that are open."""
        self.new_holds: list[Hold] = []
        self.ended_holds: list[Hold] = []
        self.activated: list[Lot] = []
        """The lots that have become available since it was opened."""
        self.landed: set[UUID] = set()
        """Those of them whose growth has landed with them, so that nobody has to be asked to land it."""
        self.changed: list[Lot] = []
        """The lots of which more has changed than what is left of them."""
        if balances.slid:
            self.stretch()
        # nothing comes due while nothing is held, or pending
        if balances.held or balances.pending:
            self._pass_time()
        self._expire(now)

    def earn(
        self,
        movement: Movement,
        points: Points,
        *,
        life: Life | None = None,
        expires_at: datetime | None = None,
        active: bool = True,
        growth: Growth | None = None,
    ) -> Lot:
        """Credit points as a new lot with its life; what the member owes is repaid from it first.

        `growth` is what lands once it becomes available.

        Raises: PointsLimit.
        """
        life = life or Life(active, self.now if active else None, expires_at=expires_at)
        lot = self._new_lot(movement, points, life=life, purchase_id=movement.purchase_id)
        lot.growth = growth
        if life.slides and life.slides_until and self._slides(movement, life.slides):
            self.balances.slide(life.slides, life.slides_until)
            self.stretch()
        bucket = Bucket.AVAILABLE if life.active else Bucket.PENDING
        counter = Counter.ADJUSTMENT if movement.kind is PointsKind.ADJUST_IN else Counter.ISSUANCE
        self._line(movement, bucket, points, counter)
        self._settle(movement, self.now)
        return lot

    def spend(self, movement: Movement, points: Points) -> Line:
        """Debit points from the lots that expire soonest.

        Raises: InsufficientPoints, PointsLimit.
        """
        for lot, share in self.payable(points):
            self._move(movement, lot, -share)
        counter = Counter.ADJUSTMENT if movement.kind is PointsKind.ADJUST_OUT else Counter.REDEMPTION
        return self._line(movement, Bucket.AVAILABLE, -points, counter)

    def payable(self, points: Points) -> list[tuple[Lot, int]]:
        """Which lots would give so many points, those that expire soonest first, and how many each.

        Raises: InsufficientPoints, PointsLimit.
        """
        self._check_debit(points)
        return self._shares(points, self._usable(self.now))

    def receive(
        self, movement: Movement, parts: Sequence[tuple[Lot, int]], counter: Counter, *, owed: int = 0
    ) -> None:
        """Points come to lots of this account, new ones or such that were spent up; what it owes is repaid.

        Raises: PointsLimit.
        """
        for lot, share in parts:
            if lot.transaction_id == movement.id:
                self.new_lots.append(lot)
            self._move(movement, self._known(lot), share)
        self._balance(movement, parts, counter, owed=owed, sign=1)
        self._settle(movement, self.now)

    def hold(
        self,
        movement: Movement,
        points: Points,
        *,
        expires_at: datetime,
        order_ref: str | None = None,
        grace_until: datetime | None = None,
        discount_bps: BasisPoints | None = None,
    ) -> Hold:
        """Set points aside, out of the lots that expire soonest: nothing else can spend them before it ends.

        Raises: InsufficientPoints, PointsLimit.
        """
        shares = self.payable(points)
        hold = Hold(
            new_id(),
            movement.id,
            points,
            movement.reason or "",
            movement.purchase_id,
            order_ref,
            self.now,
            expires_at,
            grace_until,
            discount_bps,
        )
        movement.hold_id = hold.id
        hold.shares = shares
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

        Where the hold has a grace that is not over, it comes back as a new lot instead. What the member owes is
        repaid first.
        """
        movement = Movement(
            PointsKind.RELEASE,
            f"hold:{hold.id}:release",
            at,
            purchase_id=hold.purchase_id,
            reason=hold.reason,
            hold_id=hold.id,
        )
        points, late = hold.amount - hold.captured, 0
        for lot, share in hold.part(hold.captured, points):
            is_late = lot.is_over(at) and hold.grace_until is not None and hold.grace_until > at
            self._move(movement, lot, 0 if is_late else share, -share)
            late += share if is_late else 0
        if late:
            life = Life(activates_at=at, expires_at=hold.grace_until)
            self._new_lot(movement, Points(late), life=life, purchase_id=None)
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
        known = {lot.id: lot for lot in self.lots}
        paid = [(known.get(lot.id) or self._slid(lot), share) for lot, share in paid_by]
        for lot, share in between(already, points, sorted(paid, key=lambda p: p[0].is_spent_before())[::-1]):
            if lot.is_over(self.now):
                late += share
            else:
                self._move(movement, self._known(lot), share)
        if late:
            # no longer earned by a purchase: a claw-back takes it as it takes any other lot
            life = Life(activates_at=self.now, expires_at=grace)
            self._new_lot(movement, Points(late), life=life, purchase_id=None)
        self._line(movement, Bucket.AVAILABLE, points, Counter.REDEMPTION)
        self._settle(movement, self.now)

    def claw_back(
        self, movement: Movement, points: Points, terms: ClawBack = AS_EVER, *, written_off: int = 0
    ) -> None:
        """Take earned points back: from the purchase's own lots, then from others, then as a debt.

        Of what no purchase earned the own lots are those that the movement made which is taken back.

        What was written off of the purchase's own lots was taken before: it is neither taken from others nor owed.
        By the policy it may stop before: what is not taken then is lost to the programme. The movement says both.
        """
        own = [lot for lot in self.lots if _is_of(lot, movement)]
        # what is left of each pending lot is what is left of the movement that made it
        waiting = sorted(
            (lot for lot in own if not lot.active), key=lambda lot: lot.transaction_id != movement.reverses_id
        )
        left = points - self._take_some(movement, points, waiting, Bucket.PENDING)
        mine = [lot for lot in own if lot.active]
        before = max(0, min(written_off, left - sum(lot.remaining for lot in mine)))
        left -= before
        if terms.policy is not ClawBackPolicy.PENDING_ONLY:
            others = [lot for lot in self._usable(self.now) if lot not in mine]
            left -= self._take_some(movement, left, [*mine, *others], Bucket.AVAILABLE)
        owed = self._room_for_debt(left, terms)
        if owed:
            self._line(movement, Bucket.DEBT, owed, Counter.ISSUANCE)
        self._leave(movement, lost=left - owed, written_off=before)

    def _room_for_debt(self, points: int, terms: ClawBack) -> int:
        """How many of the points the member may come to owe."""
        if terms.policy is not ClawBackPolicy.DEBT:
            return 0
        return points if terms.max_debt is None else max(0, min(points, terms.max_debt - self.balances.debt))

    def activate(self, movement: Movement, lots: Sequence[Lot], *, at: datetime | None = None) -> None:
        """Make pending lots spendable from a moment on, now by default; what the member owes is repaid first."""
        at = at or self.now
        for lot in lots:
            lot.active, lot.activates_at = True, at
            self.activated.append(lot)
            points = lot.remaining
            self.moves.append(LotMove(movement, lot, 0))
            self._line(movement, Bucket.PENDING, -points, Counter.INTERNAL)
            self._line(movement, Bucket.AVAILABLE, points, Counter.INTERNAL)
        self._settle(movement, at)

    def cancel(self, movement: Movement, lot: Lot) -> None:
        """Take back what is left of a pending lot, which never becomes available."""
        points = lot.remaining
        self._move(movement, lot, -points)
        self._line(movement, Bucket.PENDING, -points, Counter.ISSUANCE)

    def reinstate(self, movement: Movement, lot: Lot, points: Points) -> None:
        """Put back what was cancelled of a lot: it is pending again, and nothing cancels it any more."""
        mine = self._known(lot)
        mine.cancels_at = None
        self.changed.append(mine)
        self._move(movement, mine, points)
        self._line(movement, Bucket.PENDING, points, Counter.ISSUANCE)

    def stretch(self) -> None:
        """Let the lots that slide live as long as the member's last activity has it."""
        self.lots = sorted((self._slid(lot) for lot in self.lots), key=Lot.is_spent_before)

    def _slid(self, lot: Lot) -> Lot:
        """A lot, as far as it has slid."""
        if lot.slides and lot.expires_at:
            lot.expires_at = max(lot.expires_at, self.balances.slid_until(lot.slides))
        return lot

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

    def _slides(self, movement: Movement, span: str) -> bool:
        """Whether a movement that brings a lot of a span is an activity of the member, or its first."""
        return movement.kind in (PointsKind.EARN, PointsKind.BONUS) or span not in (self.balances.slid or {})

    def _pass_time(self) -> None:
        """Do what time alone has done by now, in its order: lots become available, holds end."""
        due: list[tuple[datetime, int, UUID, Lot | Hold]] = [
            (hold.expires_at, 1, hold.id, hold) for hold in self.holds.values() if hold.is_over(self.now)
        ]
        due += [
            (at, 0, lot.id, lot)
            for lot in self.lots
            if not lot.active and (at := lot.changes_at()) is not None and at <= self.now
        ]
        # at one moment lots become available before holds end
        for at, _, _, each in sorted(due, key=itemgetter(0, 1, 2)):
            if isinstance(each, Hold):
                self.release(each, at=at, state=HoldState.EXPIRED)
            else:
                self._change(each, at)

    def _change(self, lot: Lot, at: datetime) -> None:
        """A pending lot has become available, or is cancelled, since its moment came."""
        if lot.activates_at is not None and not lot.thaws:
            movement = Movement(PointsKind.ACTIVATE, f"activate:{lot.id}", at, purchase_id=lot.purchase_id)
            self.activate(movement, [lot], at=at)
        else:
            self.cancel(cancelling(lot, f"cancel:{lot.id}", at), lot)

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


def _is_of(lot: Lot, movement: Movement) -> bool:
    """Whether a lot is of what a movement takes back."""
    if movement.purchase_id is None:
        return lot.transaction_id == movement.reverses_id
    return lot.purchase_id == movement.purchase_id


def reversal(original: Points, *, refunded: int, paid: int, already: int) -> Points:
    """How much more of an original movement to take back, now that so much of the paid sum is refunded.

    The target is floor(original * refunded / paid), the whole at a full refund; so the order of partial refunds
    does not matter, and their sum is exact.
    """
    target = original if refunded >= paid else original * refunded // paid
    return Points(target - already)
