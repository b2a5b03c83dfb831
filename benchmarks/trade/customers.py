"""Customers: what each member of the year does, decided by a seed and the member's number alone."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random  # noqa: TID251  a benchmark takes a seed
from uuid import UUID

from models.purchases import PurchaseEventKind
from models.units import Points, ReasonCode
from rules import points
from rules.lifecycle import MergeBlocked
from rules.points import HoldNotOpen, InsufficientPoints, Receiver
from rules.refusals import Refusal
from tests import people

LINES = ("A", "B", "C")
NOBODY = UUID(int=0)


@dataclass(slots=True)
class Bought:
    """An order, and what of each of its lines is not refunded."""

    ref: str
    left: dict[str, int]


@dataclass(slots=True)
class Customer:
    """A member, what they may still return or take, and the dice that decide what they do."""

    number: int
    chance: Random
    joins_on: int
    """On which day of the year."""
    id: UUID = NOBODY
    orders: list[Bought] = field(default_factory=list)
    unpaid: list[str] = field(default_factory=list)
    redeemed: list[UUID] = field(default_factory=list)
    held: list[UUID] = field(default_factory=list)
    made: int = 0
    """How many orders they have placed."""
    is_frozen: bool = False
    is_gone: bool = False
    """Whether they are somebody else now."""

    async def join(self, at: datetime) -> None:
        """Enrol."""
        self.id = await people.member(f"Customer {self.number}", f"+86139{self.number:08}", at=at)

    async def act(self, at: datetime) -> str:
        """Do one thing, and say what it was; what the programme refuses is said with a question mark."""
        deed = self.chance.choices(list(DEEDS), list(DEEDS.values()))[0]
        try:
            await deed(self, at)
        except Refusal as refused:
            if not isinstance(refused, _MAY_REFUSE) and not self.is_frozen:
                raise
            return f"{deed.__name__}?"
        return deed.__name__

    async def buy(self, at: datetime) -> None:
        """Order one to three things and pay, or pay another time."""
        self.made += 1
        ref = f"{self.number}-{self.made}"
        paid = {line: self.chance.randint(5_00, 300_00) for line in LINES[: self.chance.randint(1, 3)]}
        if self.chance.random() < UNPAID:
            await people.buy(self.id, *paid.values(), ref=ref, at=at, paid=False)
            self.unpaid.append(ref)
        else:
            await people.buy(self.id, *paid.values(), ref=ref, at=at)
        self.orders.append(Bought(ref, paid))

    async def settle(self, at: datetime) -> None:
        """Pay for, complete or give up what was ordered before."""
        if self.unpaid:
            ref = self.unpaid.pop()
            kind = self.chance.choice((PurchaseEventKind.PAID, PurchaseEventKind.CANCELLED))
            if kind is PurchaseEventKind.CANCELLED:
                self.orders = [each for each in self.orders if each.ref != ref]
            await people.happens(kind, ref, at=at)
        elif self.orders:
            await people.happens(PurchaseEventKind.COMPLETED, self.chance.choice(self.orders).ref, at=at)

    async def bring_back(self, at: datetime) -> None:
        """Return a thing, in part or whole; of an order that is not paid yet this is parked."""
        open_orders = [each for each in self.orders if any(each.left.values())]
        if not open_orders:
            return
        order = self.chance.choice(open_orders)
        line = self.chance.choice([line for line, left in order.left.items() if left])
        amount = order.left[line] if self.chance.random() < WHOLE else self.chance.randint(1, order.left[line])
        order.left[line] -= amount
        await people.refund(order.ref, {line: amount}, at=at)

    async def redeem(self, at: datetime) -> None:
        """Take a reward."""
        done = await people.redeem(self.id, self.chance.randint(1, 150), at=at)
        self.redeemed.append(done.transaction_id)

    async def undo(self, at: datetime) -> None:
        """Have some points of a reward back, or all that are left."""
        if self.redeemed:
            amount = None if self.chance.random() < WHOLE else self.chance.randint(1, 20)
            await people.give_back(self.id, self.chance.choice(self.redeemed), amount, at=at)

    async def hold(self, at: datetime) -> None:
        """Begin a checkout that may be forgotten."""
        lasting = self.chance.choice((timedelta(minutes=15), timedelta(days=5)))
        kept = await people.set_aside(self.id, self.chance.randint(1, 200), lasting=lasting, at=at)
        self.held.append(kept.hold_id)

    async def check_out(self, at: datetime) -> None:
        """End a checkout: take all, take some, or take nothing."""
        if not self.held:
            return
        hold_id = self.held.pop()
        how = self.chance.choice((None, 1, 0))
        if how == 0:
            await people.release(self.id, hold_id, at=at)
        else:
            await people.capture(self.id, hold_id, how, at=at)

    async def give(self, other: "Customer", at: datetime) -> str:
        """The desk moves points to somebody else, if there are any and the other may have them."""
        amount, reason = Points(self.chance.randint(1, 60)), ReasonCode("FAMILY")
        to, key = Receiver(id=other.id), people.fresh_key()
        try:
            await points.transfer(self.id, to, amount, reason=reason, key=key, actor=people.CLERK, now=at)
        except (InsufficientPoints, points.ReceiverNotActive):
            return "give?"
        return "give"

    async def merge(self, other: "Customer", at: datetime) -> str:
        """Somebody else turns out to be them, unless one of the two is frozen or at a checkout."""
        try:
            await people.merge(other.id, self.id, at=at)
        except MergeBlocked:
            return "merge?"
        other.is_gone = True
        self.orders += other.orders
        self.unpaid += other.unpaid
        return "merge"

    async def complain(self, at: datetime) -> None:
        """Staff put something right."""
        await people.adjust(self.id, self.chance.choice((-20, 15, 60)), at=at)

    async def trouble(self, at: datetime) -> None:
        """Staff freeze them, or let them act again."""
        await (people.unfreeze if self.is_frozen else people.freeze)(self.id, at=at)
        self.is_frozen = not self.is_frozen


UNPAID, WHOLE = 0.15, 0.5
_MAY_REFUSE = (
    InsufficientPoints,
    HoldNotOpen,
    points.HoldExpired,
    points.AboveTierLimit,
    points.RefundExceedsOriginal,
    points.TooManyHolds,
)

DEEDS: dict[Callable[[Customer, datetime], Awaitable[None]], int] = {
    Customer.buy: 50,
    Customer.settle: 8,
    Customer.bring_back: 9,
    Customer.redeem: 24,
    Customer.undo: 4,
    Customer.hold: 5,
    Customer.check_out: 5,
    Customer.complain: 3,
    Customer.trouble: 2,
}
"""What customers do, and how often."""
