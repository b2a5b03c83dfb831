"""Purchases: what a shop's back end reports of them, and how a client sees them."""

import strawberry

from models.purchases import PurchaseEventKind
from models.units import Minor
from rules import purchases
from rules.idempotency import Key
from rules.purchases import Applied, Happening, Order, traced
from rules.refusals import NotFound
from schema import ids
from schema.context import Context, Info
from schema.enums import describe
from schema.errors import UserError, command, key_of
from schema.permissions import WRITES_PURCHASES, seen
from schema.points import PointsEntry, entries_written
from schema.purchases._lines import SHORT_MAX, PurchaseLineInput, lines_in, ref
from schema.purchases._preview import PurchasesQuery
from schema.purchases._purchase import Purchase, purchase, purchases_of
from schema.scalars import KEY_SAYS, CurrencyCode, Long, Moment
from schema.tiers import Tier, tier_of_code

TRACE_MAX = 300

__all__ = ["Purchase", "PurchasesMutation", "PurchasesQuery", "purchase", "purchases_of"]

describe(
    PurchaseEventKind,
    "What happened to an order. A refund has a mutation of its own.",
    {
        PurchaseEventKind.PAID: "The order was paid: points and growth are earned.",
        PurchaseEventKind.COMPLETED: "The order was delivered and accepted. Implies that it was paid.",
        PurchaseEventKind.CANCELLED: "The order was given up before it was paid. Points spent on it return.",
    },
)


@strawberry.type(description="What a report came to.")
class PurchasePayload:
    purchase: Purchase | None = seen(WRITES_PURCHASES, "The purchase after it; null when refused.", default=None)
    entries: list[PointsEntry] = seen(
        WRITES_PURCHASES, "The lines it wrote in the points ledger.", default_factory=list
    )
    growth: Long = seen(WRITES_PURCHASES, "By how much it moved the growth value.", default=Long(0))
    tier: Tier | None = seen(
        WRITES_PURCHASES, "The tier it lifted the member to; null when it did not.", default=None
    )
    parked: bool = seen(
        WRITES_PURCHASES,
        "Whether a refund waits for its payment, 72 hours at most, before it takes effect.",
        default=False,
    )
    replayed: bool = seen(WRITES_PURCHASES, "Whether this had been reported before.", default=False)
    user_errors: list[UserError] = seen(
        WRITES_PURCHASES, "Why it was refused; empty on success.", default_factory=list
    )


@strawberry.input(description="An order to record.")
class PurchaseRecordInput:
    member_id: strawberry.ID = strawberry.field(description="Whose order, from `memberIdentify`.")
    order_ref: str = strawberry.field(description="Your reference of the order, unique among your orders.")
    currency: CurrencyCode = strawberry.field(description="The programme's currency.")
    lines: list[PurchaseLineInput] = strawberry.field(description="Its lines, 1 to 2,000.")
    ordered_at: Moment = strawberry.field(description="When it was ordered.")
    paid_at: Moment | None = strawberry.field(
        default=None, description="When it was paid, if it was. Leave it out and report `PAID` later."
    )
    shipping_minor: Long = strawberry.field(default=Long(0), description="Shipping paid. Earns nothing.")
    paid_by_points_minor: Long = strawberry.field(
        default=Long(0), description="The part of the lines paid by points, as money. Earns nothing."
    )
    channel: str | None = strawberry.field(default=None, description="Where it was sold.")
    payer: str | None = strawberry.field(
        default=None,
        description="The account that paid, by any name you have for it: the payer's openid. Only a keyed hash "
        "of it is stored, to see whether members who are said to be two pay as one. Leave it out where it is "
        "nobody's own: cash, a till.",
    )
    address: str | None = strawberry.field(
        default=None,
        description="Where it goes, as you write it. Only a keyed hash of its letters and digits is stored.",
    )
    idempotency_key: str = strawberry.field(description=KEY_SAYS)


@strawberry.input(description="Something that happened to an order.")
class PurchaseEventInput:
    order_ref: str = strawberry.field(description="Your reference of the order.")
    kind: PurchaseEventKind = strawberry.field(description="What happened.")
    event_ref: str = strawberry.field(description="Your reference of the event, unique for the order and kind.")
    occurred_at: Moment = strawberry.field(description="When it happened.")
    idempotency_key: str = strawberry.field(description=KEY_SAYS)


@strawberry.input(description="What is refunded of one line.")
class RefundLineInput:
    line_ref: str = strawberry.field(description="The line.")
    refund_minor: Long = strawberry.field(description="This refund's amount, in minor units.")


@strawberry.input(description="A refund of an order, in part or whole.")
class PurchaseRefundInput:
    order_ref: str = strawberry.field(description="Your reference of the order.")
    event_ref: str = strawberry.field(description="Your reference of the refund, unique for the order.")
    lines: list[RefundLineInput] = strawberry.field(description="What is refunded, each line once.")
    occurred_at: Moment = strawberry.field(description="When it happened.")
    idempotency_key: str = strawberry.field(description=KEY_SAYS)


def _order(input: PurchaseRecordInput, context: Context) -> Order:
    principal = context.principal
    return Order(
        source=_source(context),
        order_ref=ref(input.order_ref, "orderRef"),
        currency=input.currency,
        ordered_at=input.ordered_at,
        lines=lines_in(input.lines),
        shipping_minor=Minor(input.shipping_minor),
        by_points_minor=Minor(input.paid_by_points_minor),
        channel=input.channel and ref(input.channel, "channel", SHORT_MAX),
        store_id=principal.store_id if principal else None,
        payer_hash=_trace("payer", input.payer),
        address_hash=_trace("address", input.address),
    )


def _trace(what: str, said: str | None) -> str | None:
    return None if said is None else traced(what, ref(said, what, TRACE_MAX))


def _source(context: Context) -> str:
    """The service's own name: it reports its own orders and no others."""
    if context.principal is None or context.principal.source is None:
        raise AssertionError("A service without a source.")
    return context.principal.source


async def _answer(context: Context, applied: Applied) -> PurchasePayload:
    bought = await purchase(context, applied.member_id, applied.purchase_id)
    return PurchasePayload(
        purchase=bought,
        entries=await entries_written(applied.member_id, applied.transaction_ids),
        growth=Long(applied.growth),
        tier=await tier_of_code(context, applied.tier) if applied.tier else None,
        parked=applied.parked,
        replayed=applied.replayed,
    )


async def _report(context: Context, order_ref: str, happening: Happening, key: Key) -> PurchasePayload:
    applied = await purchases.report(
        _source(context),
        ref(order_ref, "orderRef"),
        happening,
        key=key,
        actor=context.actor,
        now=context.now,
    )
    return await _answer(context, applied)


@strawberry.type
class PurchasesMutation:
    """What a shop's back end reports."""

    @command(
        WRITES_PURCHASES,
        "Record a member's order, and its payment if it was paid. Reporting it again changes nothing.",
        PurchasePayload,
        purchases.record,
        renamed={"occurredAt": ("orderedAt",)},
    )
    async def purchase_record(self, info: Info, input: PurchaseRecordInput) -> PurchasePayload | None:
        """Record an order."""
        context = info.context
        member_id = ids.decode_one(ids.Tag.MEMBER, input.member_id)
        if member_id is None:
            raise NotFound
        paid = None if input.paid_at is None else Happening(PurchaseEventKind.PAID, "paid", input.paid_at)
        applied = await purchases.record(
            member_id,
            _order(input, context),
            paid=paid,
            key=key_of(input.idempotency_key),
            actor=context.actor,
            now=context.now,
        )
        return await _answer(context, applied)

    @command(WRITES_PURCHASES, "Report what happened to an order.", PurchasePayload, purchases.report)
    async def purchase_event(self, info: Info, input: PurchaseEventInput) -> PurchasePayload | None:
        """Report an event."""
        happening = Happening(input.kind, ref(input.event_ref, "eventRef"), input.occurred_at)
        return await _report(info.context, input.order_ref, happening, key_of(input.idempotency_key))

    @command(
        WRITES_PURCHASES,
        "Report a refund. It returns the points spent on the order, takes back what it earned, exactly and in "
        "any order of refunds, and lowers the growth value.",
        PurchasePayload,
        purchases.report,
    )
    async def purchase_refund(self, info: Info, input: PurchaseRefundInput) -> PurchasePayload | None:
        """Report a refund."""
        refunds = tuple(
            (ref(line.line_ref, "lineRef", SHORT_MAX), Minor(line.refund_minor)) for line in input.lines
        )
        told = ref(input.event_ref, "eventRef")
        happening = Happening(PurchaseEventKind.REFUNDED, told, input.occurred_at, refunds)
        return await _report(info.context, input.order_ref, happening, key_of(input.idempotency_key))
