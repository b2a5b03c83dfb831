"""The book against a purse of loose coins: whatever happens in whatever order, they hold the same."""

from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.points import PointsKind, WaitsFor
from models.units import Points
from rules.points import Balances, Book, Hold, InsufficientPoints, Lot, Movement, thaw
from rules.policy import Life
from tests.rules.purse import Aside, Purse, Spending

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
SPAN = 5 * DAY
ORDERS = [UUID(int=number) for number in range(1, 5)]
Step = tuple[str, int, int, int]
Moves = Counter[UUID]

STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                "earn",
                "earn",
                "wait",
                "take",
                "take",
                "give_back",
                "claw",
                "activate",
                "wait_for_a_day",
                "wait_for_a_day",
                "slide",
                "touch",
                "cancel",
                "set_aside",
                "set_aside",
                "capture",
                "release",
                "sleep",
            ]
        ),
        st.integers(1, 60),
        st.integers(0, 7),
        st.integers(0, 9),
    ),
    min_size=4,
    max_size=40,
)


class Account:
    """The book as the database would keep it between commands: figures, all lots, and what paid for what."""

    def __init__(self) -> None:
        self.balances = Balances()
        self.lots: dict[UUID, Lot] = {}
        self.earned_by: list[tuple[UUID, int]] = []
        self.spendings: list[tuple[Movement, int, int]] = []
        self.paid: dict[UUID, Moves] = {}
        self.holds: dict[UUID, Hold] = {}

    def opened(self, now: datetime) -> Book:
        lots = {lot.id: deepcopy(lot) for lot in self.lots.values() if lot.remaining or lot.held}
        holds = [
            replace(hold, shares=[(lots[lot.id], share) for lot, share in hold.shares])
            for hold in self.holds.values()
        ]
        return Book(UUID(int=9), deepcopy(self.balances), list(lots.values()), holds=holds, now=now)

    def keep(self, book: Book) -> None:
        for lot in [*book.new_lots, *(move.lot for move in book.moves)]:
            # what a lot has slid is the account's to know
            own = self.lots.get(lot.id, lot).expires_at if lot.slides else lot.expires_at
            self.lots[lot.id] = replace(lot, expires_at=own)
        for move in book.moves:
            self.paid.setdefault(move.movement.id, Counter())[move.lot.id] -= move.d_remaining + move.d_held
        self.balances, self.holds = book.balances, book.holds
        check_lines(book)

    def stretched(self, lot: Lot) -> Lot:
        """A lot as far as it has slid."""
        until = ours if (ours := lot.expires_at) is None or not lot.slides else self.balances.slid_until(lot.slides)
        return lot if until is None or ours is None else replace(lot, expires_at=max(ours, until))

    def paid_by(self, movement: Movement) -> list[tuple[Lot, int]]:
        return [(deepcopy(self.lots[lot]), share) for lot, share in self.paid[movement.id].items()]


def check_lines(book: Book) -> None:
    """Each movement's entries, lots and amount tell the same story."""
    for movement in book.movements:
        lines = [line for line in book.lines if line.movement is movement]
        worth = sum(-line.delta if line.bucket == "DEBT" else line.delta for line in lines)
        lots = sum(move.d_remaining + move.d_held for move in book.moves if move.movement is movement)
        assert movement.points == worth
        assert lots == sum(line.delta for line in lines if line.bucket != "DEBT")
        assert all(line.delta and line.balance_after >= 0 for line in lines)
    assert book.balances.seq == book.seq_read + len(book.lines)


class Pair:
    """The same member twice: as the house keeps them, and as coins."""

    def __init__(self) -> None:
        self.now = START
        self.account = Account()
        self.purse = Purse()
        self.coins: list[Spending] = []
        self.asides: dict[UUID, Aside] = {}
        self.parcels: dict[UUID, int] = {}
        """The numbers of the parcels that wait for a day, by their lots."""

    def step(self, step: Step) -> None:
        name, points, when, which = step
        self.purse.pass_time(self.now)
        book = self.account.opened(self.now)
        do: Callable[[Book, int, int, int], None] = getattr(self, name)
        do(book, points, when, which)
        self.account.keep(book)

    def earn(self, book: Book, points: int, when: int, which: int, *, waits: bool = False) -> None:
        order = ORDERS[which % len(ORDERS)]
        # a purchase of long ago earns points that are over already
        expires = None if when == 0 else self.now + (when - 1) * 3 * DAY
        movement = Movement(PointsKind.EARN, str(uuid4()), self.now, purchase_id=order)
        book.earn(movement, Points(points), expires_at=expires, active=not waits)
        self.purse.earned += points
        self.purse.put(points, self.now, expires=expires, order=order, pending=waits)
        self.account.earned_by.append((order, points))

    def wait(self, book: Book, points: int, when: int, which: int) -> None:
        self.earn(book, points, when, which, waits=True)

    def wait_for_a_day(self, book: Book, points: int, when: int, which: int) -> None:
        order, begins = ORDERS[which % len(ORDERS)], self.now + when * DAY
        expires = begins + (which % 4) * DAY
        life = Life(active=False, activates_at=begins, waits_for=WaitsFor.TIME, expires_at=expires)
        movement = Movement(PointsKind.EARN, str(uuid4()), self.now, purchase_id=order)
        lot = book.earn(movement, Points(points), life=life)
        self.purse.earned += points
        came = self.purse.put(points, self.now, expires=expires, order=order, pending=True, begins=begins)
        self.parcels[lot.id] = came

    def slide(self, book: Book, points: int, _: int, which: int) -> None:
        order, until = ORDERS[which % len(ORDERS)], self.now + SPAN
        life = Life(activates_at=self.now, expires_at=until, slides="D5", slides_until=until)
        movement = Movement(PointsKind.EARN, str(uuid4()), self.now, purchase_id=order)
        book.earn(movement, Points(points), life=life)
        self.purse.earned += points
        self.purse.put(points, self.now, expires=until, order=order, pending=False, slides=True)
        self.purse.slide(until)

    def touch(self, book: Book, _: int, __: int, ___: int) -> None:
        if book.balances.slid:
            book.balances.slide("D5", self.now + SPAN)
            book.stretch()
            self.purse.slide(self.now + SPAN)

    def cancel(self, book: Book, _: int, __: int, which: int) -> None:
        waiting = [lot for lot in book.pending_lots() if lot.id in self.parcels]
        if waiting:
            lot = waiting[which % len(waiting)]
            movement = Movement(PointsKind.CANCEL_PENDING, str(uuid4()), self.now, reverses_id=lot.transaction_id)
            book.cancel(movement, lot)
            self.purse.cancel(self.parcels[lot.id])

    def take(self, book: Book, points: int, _: int, __: int) -> None:
        taken = self.purse.take(points)
        movement = Movement(PointsKind.REDEEM, str(uuid4()), self.now)
        if taken is None:
            with pytest.raises(InsufficientPoints) as refused:
                book.spend(movement, Points(points))
            assert refused.value.available == self.purse.available()
            return
        book.spend(movement, Points(points))
        self.coins.append(taken)
        self.account.spendings.append((movement, points, 0))

    def set_aside(self, book: Book, points: int, when: int, _: int) -> None:
        until = self.now + (when + 1) * DAY
        aside = self.purse.set_aside(points, until)
        movement = Movement(PointsKind.HOLD, str(uuid4()), self.now, reason="CHECKOUT")
        if aside is None:
            with pytest.raises(InsufficientPoints):
                book.hold(movement, Points(points), expires_at=until)
            return
        self.asides[book.hold(movement, Points(points), expires_at=until).id] = aside

    def open_hold(self, book: Book, which: int) -> Hold | None:
        holds = sorted(book.holds.values(), key=lambda hold: hold.id)
        return holds[which % len(holds)] if holds else None

    def capture(self, book: Book, points: int, _: int, which: int) -> None:
        if hold := self.open_hold(book, which):
            some = min(points, hold.amount)
            movement = Movement(PointsKind.REDEEM, str(uuid4()), self.now)
            book.capture(movement, hold, Points(some))
            self.coins.append(self.purse.capture(self.asides[hold.id], some, self.now))
            self.account.spendings.append((movement, some, 0))

    def release(self, book: Book, _: int, __: int, which: int) -> None:
        if hold := self.open_hold(book, which):
            book.release(hold, at=self.now)
            self.purse.release(self.asides[hold.id], self.now)

    def give_back(self, book: Book, points: int, when: int, which: int) -> None:
        if not self.coins:
            return
        place = which % len(self.coins)
        spent, total, already = self.account.spendings[place]
        some = min(points, total - already)
        if not some:
            return
        grace = self.now + when * DAY
        movement = Movement(PointsKind.RETURN, str(uuid4()), self.now, reverses_id=spent.id)
        paid_by = self.account.paid_by(spent)
        book.give_back(movement, Points(some), paid_by=paid_by, already=already, grace=grace)
        self.purse.hand_back(self.coins[place], some, self.now, grace=grace)
        self.account.spendings[place] = (spent, total, already + some)

    def claw(self, book: Book, _: int, __: int, which: int) -> None:
        if not self.account.earned_by:
            return
        order, points = self.account.earned_by.pop(which % len(self.account.earned_by))
        taken = Movement(PointsKind.CLAWBACK, str(uuid4()), self.now, purchase_id=order)
        book.claw_back(taken, Points(points), written_off=self.purse.gone.get(order, 0))
        self.purse.claw_back(points, order)

    def activate(self, book: Book, _: int, __: int, ___: int) -> None:
        thaw(book)
        self.purse.activate(self.now)

    def sleep(self, _: Book, __: int, when: int, ___: int) -> None:
        self.now += when * DAY

    def compare(self) -> None:
        ours, theirs = self.account.balances, self.purse
        assert (ours.available, ours.pending, ours.debt) == (theirs.available(), theirs.pending(), theirs.debt)
        assert ours.held == theirs.held()
        assert [hold.amount for hold in self.account.holds.values()] == [len(each.coins) for each in theirs.asides]
        lifetime = (ours.lifetime_earned, ours.lifetime_spent, ours.lifetime_expired)
        assert lifetime == (theirs.earned, theirs.spent, theirs.expired)
        lots: Counter[tuple[object, ...]] = Counter()
        held: Counter[tuple[object, ...]] = Counter()
        for stored in self.account.lots.values():
            lot = self.account.stretched(stored)
            assert min(lot.remaining, lot.held) >= 0
            assert lot.remaining + lot.held <= lot.granted
            if lot.held:
                held[lot.expires_at, lot.purchase_id] += lot.held
            if lot.remaining:
                lots[lot.expires_at, lot.purchase_id, not lot.active] += lot.remaining
        assert lots == Counter((coin.expires, coin.order, coin.pending) for coin in theirs.coins)
        assert held == Counter((coin.expires, coin.order) for aside in theirs.asides for coin in aside.coins)
        assert not (ours.available and ours.debt)


@settings(max_examples=500, deadline=None, derandomize=True)
@given(STEPS)
def test_whatever_happens_the_book_holds_what_the_coins_do(steps: list[Step]) -> None:
    pair = Pair()
    for step in steps:
        pair.step(step)
        pair.compare()
