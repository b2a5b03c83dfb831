"""The tally: the figures and lots of one member, and what each movement did to them, down to the line."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from models.points import Bucket, Counter, PointsKind
from models.units import BALANCE_MAX, MOVE_MAX, Points, new_id
from rules.points._parts import Balances, Line, Lot, LotMove, Movement, between
from rules.policy import Life
from rules.refusals import Refusal


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


EARNS = {
    PointsKind.EARN,
    PointsKind.BONUS,
    PointsKind.REFERRAL,
    PointsKind.CLAWBACK,
    PointsKind.CANCEL_PENDING,
    PointsKind.RESTORE,
}
"""The kinds that make up what was ever earned."""

SPENDS = {PointsKind.REDEEM, PointsKind.RETURN}
"""Those that make up what was ever spent."""


class Tally:
    """One member's figures and lots at one moment, and the lines and moves that changed them since."""

    def __init__(self, member_id: UUID, balances: Balances, lots: Sequence[Lot], *, now: datetime) -> None:
        self.member_id = member_id
        self.balances = balances
        self.lots = sorted(lots, key=Lot.is_spent_before)
        self.now = now
        self.seq_read = balances.seq
        """The sequence the account was read at, which guards its update."""
        self.slid_read = balances.slid
        """How far the spans had slid when the account was read."""
        self.movements: list[Movement] = []
        self.lines: list[Line] = []
        self.moves: list[LotMove] = []
        self.new_lots: list[Lot] = []

    def part_with(
        self, movement: Movement, parts: Sequence[tuple[Lot, int]], counter: Counter, *, owed: int = 0
    ) -> None:
        """So many points of lots leave this account, and what is owed with them."""
        for lot, share in parts:
            self._move(movement, lot, -share)
        self._balance(movement, parts, counter, owed=owed, sign=-1)

    def _balance(
        self, movement: Movement, parts: Sequence[tuple[Lot, int]], counter: Counter, *, owed: int, sign: int
    ) -> None:
        """The lines for points of lots that come or go, and for what is owed with them."""
        sums = {Bucket.AVAILABLE: 0, Bucket.PENDING: 0, Bucket.DEBT: owed}
        for lot, share in parts:
            sums[Bucket.AVAILABLE if lot.active else Bucket.PENDING] += share
        for bucket, points in sums.items():
            if points:
                self._line(movement, bucket, sign * points, counter)

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

    def _new_lot(self, movement: Movement, points: Points, *, life: Life, purchase_id: UUID | None) -> Lot:
        if points > MOVE_MAX:
            raise PointsLimit(points, MOVE_MAX)
        lot = Lot(
            id=new_id(),
            transaction_id=movement.id,
            purchase_id=purchase_id,
            granted=points,
            remaining=Points(0),
            held=Points(0),
            active=life.active,
            activates_at=life.activates_at,
            expires_at=life.expires_at,
            waits_for=life.waits_for,
            thaws=life.thaws or None,
            cancels_at=life.cancels_at,
            slides=life.slides,
            lifetime=life.lifetime,
            policy_version=life.policy_version,
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

    def _leave(self, movement: Movement, *, lost: int = 0, written_off: int = 0) -> None:
        """Points that a movement is about are not there, and nobody owes them."""
        if (lost or written_off) and movement not in self.movements:
            self.movements.append(movement)
        movement.lost += lost
        movement.written_off += written_off

    def _count(self, kind: PointsKind, worth: int) -> None:
        """Keep the lifetime figures."""
        if kind in EARNS:
            self.balances.lifetime_earned += worth
        elif kind in SPENDS:
            self.balances.lifetime_spent -= worth
        elif kind is PointsKind.EXPIRE:
            self.balances.lifetime_expired -= worth
