"""Paying with points: what they are worth towards an order, and how many of them may pay for it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from models.members import MemberState
from models.sql import SQL
from models.units import WHOLE, BasisPoints, Minor, Points
from rules import programme
from rules.points._checks import objections
from rules.points._ledger import open_books
from rules.policy import Payment
from rules.programme import Terms
from rules.refusals import NotFound, Refusal


@dataclass(eq=False)
class AboveShareLimit(Refusal):
    """So many points may not pay for this order."""

    zh = "超出该订单可用积分抵扣的上限。"
    field = ("points",)
    wanted: Points
    limit: Points


@dataclass(eq=False)
class OffUnit(Refusal):
    """Points pay in multiples of a unit."""

    zh = "抵扣积分须为最小单位的整数倍。"
    field = ("points",)
    wanted: Points
    unit: Points


NO_DISCOUNT = BasisPoints(0)
UNTOLD = Payment()
"""What a policy says that never spoke of paying: then an order may be paid as its shop sees fit."""


@dataclass(frozen=True, slots=True)
class Worth:
    """What points are worth as a part of a price, to a member whose tier may have a discount on them."""

    payment: Payment
    discount_bps: BasisPoints = NO_DISCOUNT

    def price(self, value: Minor) -> Points:
        """How many points pay an amount: ceil(value * points / minor), less the discount, rounded up once."""
        whole = value * self.payment.points * (WHOLE - self.discount_bps)
        return Points(-(-whole // (self.payment.minor * WHOLE)))

    def pays(self, points: Points) -> Minor:
        """The largest amount that so many points pay."""
        each = self.payment.points * (WHOLE - self.discount_bps)
        return Minor(points * self.payment.minor * WHOLE // each)

    def share(self, goods: Minor) -> Minor:
        """How much of an order points may pay."""
        return Minor(goods * self.payment.max_share_bps // WHOLE)

    def most(self, value: Minor) -> Points:
        """How many points may pay towards an amount, in whole units and never more than it takes."""
        unit = self.payment.unit
        needed = -(-self.price(value) // unit) * unit
        return Points(needed if self.pays(Points(needed)) <= value else needed - unit)


def worth(terms: Terms) -> Worth:
    """What points are worth now."""
    return Worth(terms.policy.payment)


def payment_objections(wanted: Points, *, already: Points, value: Minor, rate: Worth) -> list[Refusal]:
    """What stands against points' paying towards an amount for which points have already paid."""
    if rate.payment == UNTOLD:
        return []
    found: list[Refusal] = []
    if wanted % rate.payment.unit:
        found.append(OffUnit(wanted, rate.payment.unit))
    if already + wanted > (limit := rate.most(value)):
        found.append(AboveShareLimit(wanted, Points(max(0, limit - already))))
    return found


PAID = (
    "(SELECT COALESCE(SUM(-t.points), 0) FROM points_transaction t WHERE t.member_id = $1 AND t.purchase_id = p.id"
    " AND t.kind IN ('REDEEM', 'RETURN'))::bigint + (SELECT COALESCE(SUM(h.amount), 0) FROM points_hold h"
    " WHERE h.member_id = $1 AND h.purchase_id = p.id AND h.state = 'HELD' AND h.expires_at > $3"
    " AND ($4::uuid IS NULL OR h.id <> $4::uuid))::bigint AS already"
)
BOUGHT = SQL(
    f"SELECT p.goods_minor, p.by_points_minor, {PAID} FROM purchase p WHERE p.member_id = $1 AND p.id = $2"  # noqa: S608
)


async def check_payment(
    member_id: UUID, purchase_id: UUID, wanted: Points, *, terms: Terms, now: datetime, hold_id: UUID | None = None
) -> None:
    """Refuse points beyond what may pay for a held member's purchase: its share, and what the shop said they paid.

    What points have paid and are set aside to pay counts, but for the hold that is about to be taken.

    Raises: AboveShareLimit, OffUnit.
    """
    rate = worth(terms)
    if rate.payment == UNTOLD:
        return
    row = await BOUGHT.row(member_id, purchase_id, now, hold_id)
    if row is None:
        raise AssertionError("A purchase that was there a moment ago.")
    value = min(rate.share(row["goods_minor"]), row["by_points_minor"])
    for refusal in payment_objections(wanted, already=row["already"], value=Minor(value), rate=rate):
        raise refusal


def check_unit(wanted: Points, *, terms: Terms) -> None:
    """Refuse points that are set aside for an order nobody has told of yet, and are off the unit.

    Raises: OffUnit.
    """
    unit = terms.policy.payment.unit
    if wanted % unit:
        raise OffUnit(wanted, unit)


@dataclass(frozen=True, slots=True)
class Cart:
    """What a member is about to buy: what the goods cost after discounts, and what its shop calls the order."""

    goods: Minor
    order_ref: str | None = None


@dataclass(frozen=True, slots=True)
class Offer:
    """What points could do for a cart: the most that may pay, what that is worth, and what so many would pay."""

    objections: list[Refusal]
    available: Points
    tier_limit: Points | None
    share_limit: Points
    already: Points
    usable: Points
    worth: Minor
    pays: Minor | None
    rate: Worth
    currency: str


WHO = SQL(
    "SELECT m.state, g.tier_id FROM member m JOIN growth_account g ON g.member_id = m.id WHERE m.id = $1",
)
SET_ASIDE = SQL(
    "SELECT COALESCE(SUM(amount), 0)::bigint AS points FROM points_hold WHERE member_id = $1 AND order_ref = $2"
    " AND state = 'HELD' AND expires_at > $3"
)


async def offer(member_id: UUID, cart: Cart, wanted: Points | None, *, now: datetime) -> Offer:
    """What points could do for a cart, and everything that stands against paying with so many of them.

    Raises: NotFound.
    """
    who = await WHO.row(member_id)
    if who is None:
        raise NotFound
    terms = await programme.terms()
    rate, tier = worth(terms), terms.rung(who["tier_id"])
    [book] = await open_books([member_id], now)
    available = Points(book.balances.available)
    already = Points(await SET_ASIDE.value(member_id, cart.order_ref, now) if cart.order_ref else 0)
    value = rate.share(cart.goods)
    left = Points(max(0, rate.most(value) - already))
    most = min(available, left, tier.redeem_limit_points or available)
    usable = Points(most - most % rate.payment.unit)
    asked = usable if wanted is None else wanted
    found = objections(asked, available=available, state=MemberState(who["state"]), tier=tier)
    found += payment_objections(asked, already=already, value=value, rate=rate)
    return Offer(
        found,
        available,
        tier.redeem_limit_points,
        left,
        already,
        usable,
        min(rate.pays(usable), value),
        None if wanted is None else min(rate.pays(wanted), cart.goods),
        rate,
        terms.currency,
    )
