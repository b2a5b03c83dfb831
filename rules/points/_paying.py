"""Paying with points: what they are worth towards an order, and how many of them may pay for it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from models.members import MemberState
from models.sql import SQL
from models.units import WHOLE, BasisPoints, Minor, Points
from rules import programme, standings
from rules.points._checks import objections
from rules.points._ledger import open_books
from rules.policy import Payment
from rules.prices import member_prices
from rules.programme import Rung, Terms
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


def worth(terms: Terms, tier: Rung) -> Worth:
    """What points are worth now to whoever holds a tier."""
    return Worth(terms.policy.payment, tier.redeem_discount_bps)


@dataclass(frozen=True, slots=True)
class Quote:
    """What bounds the points that may pay for goods: what there is, what is set aside already, the tier's limit."""

    goods: Minor
    available: Points
    already: Points = Points(0)  # noqa: RUF009  an int
    limit: Points | None = None

    def left(self, rate: Worth) -> Points:
        """The most that the share of the goods leaves."""
        return Points(max(0, rate.most(rate.share(self.goods)) - self.already))

    def usable(self, rate: Worth) -> Points:
        """The most that may pay, in whole units; and no more than it takes to pay as much as they do."""
        most = min(self.available, self.left(rate), self.limit or self.available)
        return rate.most(rate.pays(Points(most - most % rate.payment.unit)))


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
    member_id: UUID, purchase_id: UUID, wanted: Points, *, rate: Worth, now: datetime, hold_id: UUID | None = None
) -> None:
    """Refuse points beyond what may pay for a held member's purchase: its share, and what the shop said they paid.

    What points have paid and are set aside to pay counts, but for the hold that is about to be taken.

    Raises: AboveShareLimit, OffUnit.
    """
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
    """What a member is about to buy: what each line costs after discounts, and what its shop calls the order."""

    lines: tuple[Minor, ...]
    order_ref: str | None = None
    is_member_priced: bool = False
    """Whether the lines are at the member's price already."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What a cart costs a member, what points could do for it, and what so many would pay."""

    objections: list[Refusal]
    member_price_bps: BasisPoints
    lines: tuple[Minor, ...]
    """What each line costs this member."""
    available: Points
    tier_limit: Points | None
    share_limit: Points
    already: Points
    usable: Points
    worth: Minor
    pays: Minor | None
    rate: Worth
    currency: str

    @property
    def goods(self) -> Minor:
        """What all of it costs this member."""
        return Minor(sum(self.lines))


WHO = SQL(
    "SELECT m.state, g.tier_id, g.changes_at FROM member m JOIN growth_account g ON g.member_id = m.id"
    " WHERE m.id = $1",
)
SET_ASIDE = SQL(
    "SELECT COALESCE(SUM(amount), 0)::bigint AS points FROM points_hold WHERE member_id = $1 AND order_ref = $2"
    " AND state = 'HELD' AND expires_at > $3"
)


async def offer(member_id: UUID, cart: Cart, wanted: Points | None, *, now: datetime) -> Offer:
    """What a cart costs a member, what points could do for it, and all that stands against so many of them.

    Raises: NotFound.
    """
    who = await WHO.row(member_id)
    if who is None:
        raise NotFound
    terms = await programme.terms()
    tier = terms.rung(who["tier_id"])
    if who["changes_at"] is not None and who["changes_at"] <= now:
        # the time may be over for which it was held
        tier = (await standings.reckoned(member_id, terms, now)).tier
    off = NO_DISCOUNT if cart.is_member_priced else tier.member_price_bps
    lines = member_prices(cart.lines, off)
    [book] = await open_books([member_id], now)
    already = Points(await SET_ASIDE.value(member_id, cart.order_ref, now) if cart.order_ref else 0)
    quote = Quote(Minor(sum(lines)), Points(book.balances.available), already, tier.redeem_limit_points)
    rate = worth(terms, tier)
    usable = quote.usable(rate)
    asked = usable if wanted is None else wanted
    found = objections(asked, available=quote.available, state=MemberState(who["state"]), tier=tier)
    found += payment_objections(asked, already=already, value=rate.share(quote.goods), rate=rate)
    return Offer(
        found,
        off,
        lines,
        quote.available,
        tier.redeem_limit_points,
        quote.left(rate),
        already,
        usable,
        min(rate.pays(usable), rate.share(quote.goods)),
        None if wanted is None else min(rate.pays(wanted), quote.goods),
        rate,
        terms.currency,
    )
