"""Purchases: orders of the shop `bench-pos` with their lines, paid at once."""

from dataclasses import dataclass
from datetime import datetime
from random import Random  # noqa: TID251  a benchmark takes a seed
from uuid import UUID

from uuid_utils.compat import uuid7

from api.wares import basket
from benchmarks.speed.data.store import Store
from models.units import Minor
from rules.programme import Terms

SOURCE = "bench-pos"


@dataclass(frozen=True, slots=True)
class Bought:
    """A purchase, as far as it earns."""

    id: UUID
    goods: Minor


def bought(store: Store, chance: Random, terms: Terms, member_id: UUID, order_ref: str, at: datetime) -> Bought:
    """Write down an order that was paid when it was made."""
    purchase_id = uuid7()
    goods = 0
    for place, (sku, name, price) in enumerate(basket(chance), start=1):
        goods += price
        store.add(
            "purchase_line",
            {
                "id": uuid7(),
                "member_id": member_id,
                "purchase_id": purchase_id,
                "line_ref": str(place),
                "sku": sku,
                "name": name,
                "quantity": 1,
                "paid_minor": price,
                "refunded_minor": 0,
            },
        )
    _order(store, terms.currency, member_id, purchase_id, order_ref, goods, at)
    return Bought(purchase_id, Minor(goods))


def _order(
    store: Store, currency: str, member_id: UUID, purchase_id: UUID, order_ref: str, goods: int, at: datetime
) -> None:
    told = {"source": SOURCE, "order_ref": order_ref, "member_id": member_id}
    store.add("purchase_key", {"id": uuid7(), **told, "purchase_id": purchase_id})
    money = {"goods_minor": goods, "shipping_minor": 0, "by_points_minor": 0, "refunded_minor": 0}
    moments = {"ordered_at": at, "paid_at": at, "created_at": at}
    where = {"state": "PAID", "channel": None, "store_id": None, "currency": currency}
    store.add("purchase", {"id": purchase_id, **told, **where, **money, **moments})
    store.add(
        "purchase_event",
        {
            "id": uuid7(),
            "member_id": member_id,
            "purchase_id": purchase_id,
            "kind": "PAID",
            "event_ref": "paid",
            "state": "APPLIED",
            "occurred_at": at,
            "refund_minor": 0,
            "body": "{}",
            "created_at": at,
        },
    )
