"""Points as a part of the price: how many may pay for a cart, what that is worth, and what so many would pay."""

from typing import Annotated

import strawberry

from models.units import Minor, Money, is_plain
from rules import points
from rules.points import Cart, Offer
from rules.refusals import NotFound
from schema.context import Info
from schema.errors import INPUT, UserError, answer_to, bad_input
from schema.permissions import COUNTER, MEMBER, READS_POINTS, asked, seen
from schema.points._asking import positive, whose
from schema.programme import MoneyType
from schema.scalars import BasisPointsValue, Long

PAYS = MEMBER | COUNTER | READS_POINTS
LINES_MAX = 2_000
REFERENCE_MAX = 100
CART_MAX = 10**12
"""The most minor units a cart may come to."""


@strawberry.input(description="One line of a cart.")
class CartLineInput:
    paid_minor: Long = strawberry.field(
        description="What the whole line costs after discounts other than the member's price, in minor units; 0 or"
        " more. Shipping is no line."
    )


@strawberry.input(description="A cart that points may help to pay.")
class PointsPreviewInput:
    member_id: strawberry.ID | None = strawberry.field(
        default=None, description="Whose points. Members leave it out: their own."
    )
    lines: list[CartLineInput] = strawberry.field(description="Its lines, 1 to 2,000.")
    points: Long | None = strawberry.field(
        default=None, description="With how many it is to be paid, above 0; by default with as many as may be."
    )
    order_ref: str | None = strawberry.field(
        default=None,
        description="What the shop calls the order, 1 to 100 characters: what is set aside for it already counts.",
    )
    member_priced: bool = strawberry.field(
        default=False,
        description="Whether the lines are at the member's price already, so that it is not taken off.",
    )


@strawberry.type(description="What a cart costs at the price of the member's tier (会员价).")
class MemberPrice:
    off_bps: BasisPointsValue = seen(PAYS, "What the tier takes off goods.")
    goods: MoneyType = seen(PAYS, "What all lines cost the member.")
    off: MoneyType = seen(PAYS, "How much less that is.")
    lines_minor: list[Long] = seen(
        PAYS, "What each line costs the member in minor units, in the order they were named; together `goods`."
    )


@strawberry.type(description="What points can do for a cart.")
class PointsPreview:
    member_price: MemberPrice | None = seen(
        PAYS,
        "What the cart costs the member; null where their tier takes nothing off, or the lines say so already.",
    )
    discount_bps: BasisPointsValue = seen(
        PAYS, "How many fewer points pay the same part of a price at the member's tier; 0 for none."
    )
    available: Long = seen(PAYS, "What the member may spend now.")
    tier_limit: Long | None = seen(PAYS, "The most points of one redemption at the member's tier; null for none.")
    share_limit: Long = seen(
        PAYS, "The most points that may pay for this cart by the programme's policy, less what is set aside for it."
    )
    unit: Long = seen(PAYS, "Points pay in multiples of this.")
    usable: Long = seen(
        PAYS,
        "The most points that may pay for it in the end: the least of all these, and no more than pay as much.",
    )
    worth: MoneyType = seen(PAYS, "What those are worth as a part of its price.")
    pays: MoneyType | None = seen(PAYS, "What `points` would pay of it; null when none were named.")
    rest: MoneyType = seen(PAYS, "What is left to be paid in money, with `points` or as many as may be.")
    allowed: bool = seen(PAYS, "Whether `points`, or as many as may be, would be taken now.")
    user_errors: list[UserError] = seen(PAYS, "Everything that stands against that, not only the first.")


@strawberry.type
class PayingQuery:
    """What may be asked of points as a part of the price."""

    @asked(PAYS, "How many points may help to pay for a cart, and what they are worth. Writes nothing.")
    async def points_preview(self, info: Info, input: Annotated[PointsPreviewInput, INPUT]) -> PointsPreview | None:
        """Try to pay with points."""
        context = info.context
        cart, wanted = _cart(input), None if input.points is None else positive(input.points)
        try:
            told = await points.offer(whose(context, input.member_id), cart, wanted, now=context.now)
        except NotFound:
            return None

        def money(minor: Minor) -> MoneyType:
            return MoneyType.of(Money(minor, told.currency))

        paid = told.worth if told.pays is None else told.pays
        return PointsPreview(
            member_price=_member_price(told, cart),
            discount_bps=BasisPointsValue(told.rate.discount_bps),
            available=Long(told.available),
            tier_limit=None if told.tier_limit is None else Long(told.tier_limit),
            share_limit=Long(told.share_limit),
            unit=Long(told.rate.payment.unit),
            usable=Long(told.usable),
            worth=money(told.worth),
            pays=None if told.pays is None else money(told.pays),
            rest=money(Minor(told.goods - paid)),
            allowed=not told.objections,
            user_errors=[answer_to(refusal, context.language) for refusal in told.objections],
        )


def _cart(input: PointsPreviewInput) -> Cart:
    if not 1 <= len(input.lines) <= LINES_MAX:
        raise bad_input(f"A cart has 1 to {LINES_MAX} lines.")
    goods = sum(line.paid_minor for line in input.lines)
    if any(line.paid_minor < 0 for line in input.lines) or goods > CART_MAX:
        raise bad_input(f"A line costs 0 or more, and a cart {CART_MAX} minor units at most.")
    reference = input.order_ref
    if reference is not None and not (1 <= len(reference) <= REFERENCE_MAX and is_plain(reference)):
        raise bad_input("`orderRef` is 1 to 100 printable characters.")
    return Cart(tuple(Minor(line.paid_minor) for line in input.lines), reference, input.member_priced)


def _member_price(told: Offer, cart: Cart) -> MemberPrice | None:
    if not told.member_price_bps:
        return None
    return MemberPrice(
        off_bps=BasisPointsValue(told.member_price_bps),
        goods=MoneyType.of(Money(told.goods, told.currency)),
        off=MoneyType.of(Money(Minor(sum(cart.lines) - told.goods), told.currency)),
        lines_minor=[Long(each) for each in told.lines],
    )
