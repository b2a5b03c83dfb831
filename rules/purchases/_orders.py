"""Orders: how one is read with its member, and what it is before anything has happened to it."""

from uuid import UUID

from models.purchases import PurchaseState
from models.units import Minor, new_id
from rules import earning, points, referrals, standings
from rules.purchases._facts import Order, Stored

PAYMENT, PAYMENT_ON_SQLITE = earning.columns(6)
PURSE_AND_ORDER = points.purse(
    f", m.joined_at, o.member_id, o.purchase_id{referrals.COLUMNS}{PAYMENT}{standings.COLUMNS}",
    f" LEFT JOIN purchase_key o ON o.source = $4 AND o.order_ref = $5{referrals.JOIN}{earning.JOIN}",
    on_sqlite=f", m.joined_at, o.member_id, o.purchase_id{referrals.COLUMNS}{PAYMENT_ON_SQLITE}{standings.COLUMNS}",
)
"""What a member has, whose an order is, and by what a payment of these days earns."""


def placed(member_id: UUID, order: Order) -> Stored:
    """A purchase that nobody knew of."""
    return Stored(
        id=new_id(),
        member_id=member_id,
        state=PurchaseState.CREATED,
        currency=order.currency,
        goods_minor=order.goods_minor,
        by_points_minor=order.by_points_minor,
        refunded_minor=Minor(0),
        shipping_minor=order.shipping_minor,
        channel=order.channel,
        store_id=order.store_id,
        payer_hash=order.payer_hash,
        address_hash=order.address_hash,
        ordered_at=order.ordered_at,
        paid_at=None,
    )
