"""Purchases: orders and their lines, with a resolver for the lines."""

from datetime import datetime
from typing import Any
from uuid import UUID

import strawberry

from schema import ids


@strawberry.type
class Money:
    amount_minor: int
    currency: str


@strawberry.type
class PurchaseLine:
    line_ref: str
    sku: str | None
    name: str | None
    quantity: int
    paid: Money
    refunded: Money


@strawberry.type
class Purchase:
    id: strawberry.ID
    purchase_id: strawberry.Private[UUID]
    currency: strawberry.Private[str]
    source: str
    order_ref: str
    state: str
    channel: str | None
    goods: Money
    shipping: Money
    paid_by_points: Money
    refunded: Money
    ordered_at: datetime
    paid_at: datetime | None

    @strawberry.field
    async def lines(self, info: strawberry.Info[Any, None]) -> list[PurchaseLine]:
        rows = await info.context.loaders.lines.load(self.purchase_id)
        return [
            PurchaseLine(
                line_ref=row.line_ref,
                sku=row.sku,
                name=row.name,
                quantity=row.quantity,
                paid=Money(amount_minor=row.paid_minor, currency=self.currency),
                refunded=Money(amount_minor=row.refunded_minor, currency=self.currency),
            )
            for row in rows
        ]


def purchase_of(row: Any) -> Purchase:
    """A purchase as a client sees it."""
    money = {
        name: Money(amount_minor=getattr(row, column), currency=row.currency)
        for name, column in (
            ("goods", "goods_minor"),
            ("shipping", "shipping_minor"),
            ("paid_by_points", "by_points_minor"),
            ("refunded", "refunded_minor"),
        )
    }
    return Purchase(
        id=strawberry.ID(ids.encode(ids.Tag.PURCHASE, row.member_id, row.id)),
        purchase_id=row.id,
        source=row.source,
        order_ref=row.order_ref,
        state=row.state.value,
        channel=row.channel,
        ordered_at=row.ordered_at,
        paid_at=row.paid_at,
        currency=row.currency,
        **money,
    )
