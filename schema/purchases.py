"""Purchases as a client sees them, and what a shop's back end reports of them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import strawberry

from models.listing import MOMENT, ROW_ID, Listing
from models.purchases import PurchaseEventKind, PurchaseState
from models.sql import SQL
from models.staff import StaffRole
from models.units import Minor, Money, is_plain
from rules import programme, purchases
from rules.idempotency import Key
from rules.purchases import Applied, Happening, Order, OrderLine
from rules.refusals import NotFound
from schema import ids, pages
from schema.context import Context, HasMember, Info
from schema.enums import describe
from schema.errors import UserError, bad_input, command, key_of
from schema.pages import After, Before, Connection, First, Last
from schema.permissions import SEES_PURCHASES, WRITES_PURCHASES, related, seen
from schema.points import PointsEntry, entries_written
from schema.programme import MoneyType
from schema.scalars import KEY_SAYS, CurrencyCode, Long, Moment
from schema.tiers import Node, Tier

REF_MAX, SHORT_MAX, NAME_MAX = 100, 64, 200
"""How long an order's reference, a line's, and an article's name may be."""

describe(
    PurchaseState,
    "Where a purchase stands.",
    {
        PurchaseState.CREATED: "Ordered, not paid.",
        PurchaseState.PAID: "Paid.",
        PurchaseState.COMPLETED: "Delivered and accepted.",
        PurchaseState.PARTIALLY_REFUNDED: "Refunded in part.",
        PurchaseState.REFUNDED: "Refunded in whole.",
        PurchaseState.CANCELLED: "Given up before it was paid.",
    },
)
describe(
    PurchaseEventKind,
    "What happened to an order. A refund has a mutation of its own.",
    {
        PurchaseEventKind.PAID: "The order was paid: points and growth are earned.",
        PurchaseEventKind.COMPLETED: "The order was delivered and accepted. Implies that it was paid.",
        PurchaseEventKind.CANCELLED: "The order was given up before it was paid. Points spent on it return.",
    },
)


@strawberry.type(description="One line of an order.")
class PurchaseLine:
    line_ref: str = seen(SEES_PURCHASES, "The shop's reference of the line.")
    sku: str | None = seen(SEES_PURCHASES, "The article, as the shop numbers it.")
    name: str | None = seen(SEES_PURCHASES, "The article's name.")
    quantity: int = seen(SEES_PURCHASES, "How many.")
    paid: MoneyType = seen(SEES_PURCHASES, "What was paid for the line, after discounts.")
    refunded: MoneyType = seen(SEES_PURCHASES, "What has been refunded of it so far.")


LINES = SQL(
    "SELECT purchase_id, line_ref, sku, name, quantity, paid_minor, refunded_minor FROM purchase_line"
    " WHERE member_id = ANY($1::uuid[]) AND purchase_id = ANY($2::uuid[]) ORDER BY id",
    fans_out="a page of members shows each one's purchases",
)


async def lines_of(parents: Sequence["Purchase"], context: Context) -> list[list[PurchaseLine]]:
    """The lines of each purchase, in the order the shop told them."""
    del context
    found: dict[UUID, list[PurchaseLine]] = {parent.row_id: [] for parent in parents}
    currency = {parent.row_id: parent.goods.currency for parent in parents}
    members = list({parent.member_id for parent in parents})
    for row in await LINES.rows(members, list(found)):
        unit = currency[row["purchase_id"]]
        line = PurchaseLine(
            line_ref=row["line_ref"],
            sku=row["sku"],
            name=row["name"],
            quantity=row["quantity"],
            paid=MoneyType.of(Money(row["paid_minor"], unit)),
            refunded=MoneyType.of(Money(row["refunded_minor"], unit)),
        )
        found[row["purchase_id"]].append(line)
    return [found[parent.row_id] for parent in parents]


@strawberry.type(description="An order of a member, as their shop reported it.")
class Purchase(Node):
    member_id: strawberry.Private[UUID]
    row_id: strawberry.Private[UUID]
    source: str = seen(SEES_PURCHASES, "The shop system that reported it.")
    order_ref: str = seen(SEES_PURCHASES, "The shop's reference of the order.")
    state: PurchaseState = seen(SEES_PURCHASES, "Where it stands.")
    channel: str | None = seen(SEES_PURCHASES, "Where it was sold: a store, a mini-program, a country.")
    goods: MoneyType = seen(SEES_PURCHASES, "What was paid for its lines. This earns.")
    shipping: MoneyType = seen(SEES_PURCHASES, "What was paid for shipping. This does not.")
    paid_by_points: MoneyType = seen(SEES_PURCHASES, "The part of the goods paid by points, which earns nothing.")
    refunded: MoneyType = seen(SEES_PURCHASES, "What has been refunded of the lines so far.")
    ordered_at: Moment = seen(SEES_PURCHASES, "When it was ordered.")
    paid_at: Moment | None = seen(SEES_PURCHASES, "When it was paid; null while it is not.")
    lines: list[PurchaseLine] = related(SEES_PURCHASES, "Its lines.", lines_of)

    @classmethod
    def of(cls, row: dict[str, Any]) -> "Purchase":
        """The purchase as a client sees it."""

        def money(column: str) -> MoneyType:
            return MoneyType.of(Money(Minor(row[column]), row["currency"]))

        return cls(
            id=strawberry.ID(ids.encode(ids.Tag.PURCHASE, row["member_id"], row["id"])),
            member_id=row["member_id"],
            row_id=row["id"],
            source=row["source"],
            order_ref=row["order_ref"],
            state=PurchaseState[row["state"]],
            channel=row["channel"],
            goods=money("goods_minor"),
            shipping=money("shipping_minor"),
            paid_by_points=money("by_points_minor"),
            refunded=money("refunded_minor"),
            ordered_at=row["ordered_at"],
            paid_at=row["paid_at"],
        )


COLUMNS = (
    "id, member_id, source, order_ref, state, channel, currency, goods_minor, shipping_minor, by_points_minor,"
    " refunded_minor, ordered_at, paid_at"
)
ONE = SQL(
    f"SELECT {COLUMNS} FROM purchase WHERE member_id = $1 AND id = $2"  # noqa: S608  constants
    " AND ($3::uuid IS NULL OR store_id = $3::uuid) AND ($4::text IS NULL OR source = $4)"
)


def _kept_to(context: Context) -> tuple[UUID | None, str | None]:
    """The store and the source whose purchases a caller may see: a cashier their store's, a service its own."""
    principal = context.principal
    if principal is None:
        return None, None
    return principal.store_id if principal.role is StaffRole.CASHIER else None, principal.source


async def purchase(context: Context, member_id: UUID, purchase_id: UUID) -> Purchase | None:
    """One purchase of a member, if the caller may see it."""
    row = await ONE.row(member_id, purchase_id, *_kept_to(context))
    return Purchase.of(row) if row else None


PAGES = Listing(
    ", ".join(f"p.{column}" for column in COLUMNS.split(", ")),
    "purchase p",
    order={"ordered_at": MOMENT, "id": ROW_ID},
    where="({0}::uuid IS NULL OR p.store_id = {0}::uuid) AND ({1}::text IS NULL OR p.source = {1})",
    fans_out="a page of members shows the latest of each one's purchases",
)


async def purchases_of(
    parents: Sequence[HasMember],
    context: Context,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
) -> list[Connection[Purchase]]:
    """A page of each member's purchases, newest first."""
    asked_for = pages.window(first=first, after=after, last=last, before=before, shape=pages.BY_MOMENT)
    found = await pages.listed(PAGES, parents, asked_for, *_kept_to(context))
    return [pages.page(rows, asked_for, Purchase.of, lambda row: (row["ordered_at"], row["id"])) for rows in found]


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


@strawberry.input(description="One line of an order.")
class PurchaseLineInput:
    line_ref: str = strawberry.field(description="Your reference of the line, unique in the order.")
    quantity: int = strawberry.field(description="How many, above 0.")
    paid_minor: Long = strawberry.field(
        description="What was paid for the whole line after discounts, in minor units; 0 or more."
    )
    sku: str | None = strawberry.field(default=None, description="The article, as you number it.")
    name: str | None = strawberry.field(default=None, description="The article's name.")


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


def _ref(text: str, name: str, most: int = REF_MAX) -> str:
    """A reference of the shop's, as it may be stored."""
    kept = text.strip()
    if not (0 < len(kept) <= most and is_plain(kept)):
        raise bad_input(f"`{name}` has 1 to {most} characters, and no control characters.")
    return kept


def _order(input: PurchaseRecordInput, context: Context) -> Order:
    principal = context.principal
    lines = tuple(
        OrderLine(
            line_ref=_ref(line.line_ref, "lineRef", SHORT_MAX),
            quantity=line.quantity,
            paid_minor=Minor(line.paid_minor),
            sku=line.sku and _ref(line.sku, "sku", SHORT_MAX),
            name=line.name and _ref(line.name, "name", NAME_MAX),
        )
        for line in input.lines
    )
    return Order(
        source=_source(context),
        order_ref=_ref(input.order_ref, "orderRef"),
        currency=input.currency,
        ordered_at=input.ordered_at,
        lines=lines,
        shipping_minor=Minor(input.shipping_minor),
        by_points_minor=Minor(input.paid_by_points_minor),
        channel=input.channel and _ref(input.channel, "channel", SHORT_MAX),
        store_id=principal.store_id if principal else None,
    )


def _source(context: Context) -> str:
    """The service's own name: it reports its own orders and no others."""
    if context.principal is None or context.principal.source is None:
        raise AssertionError("A service without a source.")
    return context.principal.source


async def _answer(context: Context, applied: Applied) -> PurchasePayload:
    bought = await purchase(context, applied.member_id, applied.purchase_id)
    ladder = (await programme.terms()).ladder if applied.tier else ()
    climbed = next((Tier.of(rung) for rung in ladder if rung.code == applied.tier), None)
    return PurchasePayload(
        purchase=bought,
        entries=await entries_written(applied.member_id, applied.transaction_ids),
        growth=Long(applied.growth),
        tier=climbed,
        parked=applied.parked,
        replayed=applied.replayed,
    )


async def _report(context: Context, order_ref: str, happening: Happening, key: Key) -> PurchasePayload:
    applied = await purchases.report(
        _source(context),
        _ref(order_ref, "orderRef"),
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
        happening = Happening(input.kind, _ref(input.event_ref, "eventRef"), input.occurred_at)
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
            (_ref(line.line_ref, "lineRef", SHORT_MAX), Minor(line.refund_minor)) for line in input.lines
        )
        ref = _ref(input.event_ref, "eventRef")
        happening = Happening(PurchaseEventKind.REFUNDED, ref, input.occurred_at, refunds)
        return await _report(info.context, input.order_ref, happening, key_of(input.idempotency_key))
