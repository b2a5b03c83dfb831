"""What a purchase would change, asked before anybody pays."""

from typing import Annotated
from uuid import UUID

import strawberry

from models.sql import SQL
from models.units import Minor
from rules import purchases
from rules.points import Lot
from rules.purchases import Foreseen, Order
from rules.refusals import NotFound
from schema import ids
from schema.context import Context, Info
from schema.earning import EarnAward
from schema.errors import INPUT, UserError, answer_to, bad_input
from schema.permissions import asked, seen
from schema.purchases._lines import SHORT_MAX, PurchaseLineInput, lines_in, ref
from schema.scalars import CurrencyCode, Long, Moment
from schema.tiers import FORESEES, ForeseenTier, Tier, foreseen_tier


@strawberry.input(description="An order to try without recording it.")
class PurchasePreviewInput:
    member_id: strawberry.ID = strawberry.field(description="Whose order.")
    currency: CurrencyCode = strawberry.field(description="The programme's currency.")
    lines: list[PurchaseLineInput] = strawberry.field(description="Its lines, 1 to 2,000.")
    paid_at: Moment | None = strawberry.field(default=None, description="When it is paid; now by default.")
    shipping_minor: Long = strawberry.field(default=Long(0), description="Shipping paid. Earns nothing.")
    paid_by_points_minor: Long = strawberry.field(
        default=Long(0), description="The part of the lines paid by points, as money. Earns nothing."
    )
    channel: str | None = strawberry.field(default=None, description="Where it is sold.")
    store_code: str | None = strawberry.field(
        default=None, description="The store; by default the caller's own, where they have one."
    )


@strawberry.type(description="Points that would be credited together.")
class ForeseenPoints:
    points: Long = seen(FORESEES, "How many.")
    available: bool = seen(FORESEES, "Whether they may be spent at once.")
    activates_at: Moment | None = seen(
        FORESEES, "From when on they may be spent; null where that depends on what happens."
    )
    expires_at: Moment | None = seen(
        FORESEES, "The first moment they would be worth nothing; null when they never expire, or it depends."
    )

    @classmethod
    def of(cls, lot: Lot) -> "ForeseenPoints":
        """The points of a lot."""
        return cls(
            points=Long(lot.granted),
            available=lot.active,
            activates_at=None if lot.activates_at is None else Moment(lot.activates_at),
            expires_at=None if lot.expires_at is None else Moment(lot.expires_at),
        )


@strawberry.type(description="What a purchase would come to.")
class PurchasePreview:
    allowed: bool = seen(FORESEES, "Whether it would be taken.")
    points: Long = seen(FORESEES, "What it would earn in all.")
    awards: list[EarnAward] = seen(FORESEES, "What the base, the tier and each rule would give.")
    growth: Long = seen(FORESEES, "By how much it would move the growth value at once.")
    growth_later: Long = seen(FORESEES, "By how much more, once points that wait become available.")
    tier: Tier = seen(FORESEES, "The tier held now.")
    tier_after: Tier = seen(FORESEES, "The tier right after it.")
    after: ForeseenTier = seen(FORESEES, "Where the member would stand right after it.")
    credits: list[ForeseenPoints] = seen(FORESEES, "The points, as they come and expire.")
    user_errors: list[UserError] = seen(FORESEES, "Everything that stands against it, not only the first.")


STORE = SQL("SELECT id FROM store WHERE code = $1")


async def _store(context: Context, code: str | None) -> UUID | None:
    own = context.principal.store_id if context.principal else None
    if code is None or own is not None:
        return own
    found: UUID | None = await STORE.value(code)
    if found is None:
        raise bad_input("There is no store of that code.")
    return found


async def _order(input: PurchasePreviewInput, paid_at: Moment, context: Context) -> Order:
    principal = context.principal
    return Order(
        source=(principal and principal.source) or "preview",
        # a reference that no order can have, so that it is nobody's
        order_ref="",
        currency=input.currency,
        ordered_at=paid_at,
        lines=lines_in(input.lines),
        shipping_minor=Minor(input.shipping_minor),
        by_points_minor=Minor(input.paid_by_points_minor),
        channel=input.channel and ref(input.channel, "channel", SHORT_MAX),
        store_id=await _store(context, input.store_code),
    )


@strawberry.type
class PurchasesQuery:
    """What may be asked of purchases."""

    @asked(FORESEES, "What a purchase would change if it were recorded now. Decides as one would, writes nothing.")
    async def purchase_preview(
        self, info: Info, input: Annotated[PurchasePreviewInput, INPUT]
    ) -> PurchasePreview | None:
        """Try a purchase."""
        context = info.context
        member_id = ids.decode_one(ids.Tag.MEMBER, input.member_id)
        if member_id is None:
            return None
        paid_at = input.paid_at or Moment(context.now)
        order = await _order(input, paid_at, context)
        try:
            foreseen = await purchases.preview(
                member_id, order, paid_at=paid_at, actor=context.actor, now=context.now
            )
        except NotFound:
            return None
        return await _shown(context, foreseen)


async def _shown(context: Context, foreseen: Foreseen) -> PurchasePreview:
    before, after = await foreseen_tier(context, foreseen.prospect)
    return PurchasePreview(
        allowed=not foreseen.objections,
        points=Long(sum(each.points for each in foreseen.awards)),
        awards=[EarnAward.foreseen(each) for each in foreseen.awards],
        growth=Long(foreseen.growth),
        growth_later=Long(foreseen.growth_later),
        tier=before,
        tier_after=after.tier,
        after=after,
        credits=[ForeseenPoints.of(each) for each in foreseen.lots],
        user_errors=[answer_to(each, context.language) for each in foreseen.objections],
    )
