"""Purchases: what a shop told us of its orders, and what came of it."""

from enum import StrEnum
from uuid import UUID

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model
from uuid_utils.compat import uuid7

from models.ddl import PartialIndex
from models.members import Member
from models.units import minor_field


class PurchaseState(StrEnum):
    """Where a purchase stands."""

    CREATED = "CREATED"
    PAID = "PAID"
    COMPLETED = "COMPLETED"
    PARTIALLY_REFUNDED = "PARTIALLY_REFUNDED"
    REFUNDED = "REFUNDED"
    CANCELLED = "CANCELLED"


class PurchaseEventKind(StrEnum):
    """What a shop may tell us about an order."""

    PAID = "PAID"
    COMPLETED = "COMPLETED"
    REFUNDED = "REFUNDED"
    CANCELLED = "CANCELLED"


class EventState(StrEnum):
    """Whether a reported event has taken effect."""

    APPLIED = "APPLIED"
    PARKED = "PARKED"
    LAPSED = "LAPSED"


class Purchase(Model):
    """One order of one member."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    member: fields.ForeignKeyRelation[Member] = fields.ForeignKeyField(
        "models.Member", related_name=False, on_delete=fields.RESTRICT
    )
    member_id: UUID
    source = fields.CharField(max_length=64)
    order_ref = fields.CharField(max_length=100)
    state = fields.CharEnumField(PurchaseState, max_length=20, description="")
    channel = fields.CharField(max_length=64, null=True)
    store_id = fields.UUIDField(null=True)
    currency = fields.CharField(max_length=3)
    goods_minor = minor_field()
    """What was paid for the lines, after discounts."""
    shipping_minor = minor_field(default=0)
    """Earns nothing."""
    by_points_minor = minor_field(default=0)
    """The part of the goods paid by points, which earns nothing."""
    refunded_minor = minor_field(default=0)
    """What has been refunded of the lines so far."""
    payer_hash = fields.CharField(max_length=64, null=True)
    """A keyed hash of the account that paid, where the shop told it. Nothing of it can be read back."""
    address_hash = fields.CharField(max_length=64, null=True)
    """A keyed hash of where it went, likewise."""
    ordered_at = fields.DatetimeField()
    paid_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "purchase"
        indexes = (
            Index(name="purchase_member", fields=("member_id", "ordered_at", "id")),
            Index(name="purchase_paid", fields=("member_id", "paid_at")),
            PartialIndex(
                name="purchase_payer", fields=("payer_hash", "member_id"), condition="payer_hash IS NOT NULL"
            ),
            PartialIndex(
                name="purchase_address", fields=("address_hash", "member_id"), condition="address_hash IS NOT NULL"
            ),
        )
        constraints = (
            UniqueConstraint(name="purchase_order", fields=("member_id", "source", "order_ref")),
            CheckConstraint(
                name="purchase_amounts",
                check="goods_minor >= 0 AND shipping_minor >= 0 AND by_points_minor BETWEEN 0 AND goods_minor",
            ),
            CheckConstraint(name="purchase_refund_within_paid", check="refunded_minor BETWEEN 0 AND goods_minor"),
            CheckConstraint(
                name="purchase_paid_has_time",
                check="(paid_at IS NULL) = (state IN ('CREATED', 'CANCELLED'))",
            ),
        )


class PurchaseKey(Model):
    """Whose an order is: the shop's own reference, unique across members."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    source = fields.CharField(max_length=64)
    order_ref = fields.CharField(max_length=100)
    member_id = fields.UUIDField()
    purchase_id = fields.UUIDField()

    class Meta:
        table = "purchase_key"
        constraints = (UniqueConstraint(name="purchase_key_order", fields=("source", "order_ref")),)


class PurchaseLine(Model):
    """One line of an order."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    member_id = fields.UUIDField()
    purchase: fields.ForeignKeyRelation[Purchase] = fields.ForeignKeyField(
        "models.Purchase", related_name=False, on_delete=fields.RESTRICT
    )
    purchase_id: UUID
    line_ref = fields.CharField(max_length=64)
    sku = fields.CharField(max_length=64, null=True)
    name = fields.CharField(max_length=200, null=True)
    categories = fields.JSONField[list[str]](null=True)
    """The categories the shop counts the article among. Null for none."""
    quantity = fields.IntField()
    paid_minor = minor_field()
    refunded_minor = minor_field(default=0)

    class Meta:
        table = "purchase_line"
        constraints = (
            UniqueConstraint(name="purchase_line_once", fields=("member_id", "purchase_id", "line_ref")),
            CheckConstraint(
                name="purchase_line_amounts",
                check="quantity > 0 AND paid_minor >= 0 AND refunded_minor BETWEEN 0 AND paid_minor",
            ),
        )


class PurchaseEvent(Model):
    """One thing a shop reported about an order. The same report never takes effect twice."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    member_id = fields.UUIDField()
    purchase: fields.ForeignKeyRelation[Purchase] = fields.ForeignKeyField(
        "models.Purchase", related_name=False, on_delete=fields.RESTRICT
    )
    purchase_id: UUID
    kind = fields.CharEnumField(PurchaseEventKind, max_length=12, description="")
    event_ref = fields.CharField(max_length=100)
    state = fields.CharEnumField(EventState, max_length=8, description="")
    occurred_at = fields.DatetimeField()
    refund_minor = minor_field(default=0)
    body = fields.JSONField[dict[str, int]]()
    """The refunded minor units by line_ref. Empty for other kinds."""
    created_at = fields.DatetimeField()

    class Meta:
        table = "purchase_event"
        constraints = (
            UniqueConstraint(name="purchase_event_once", fields=("member_id", "purchase_id", "kind", "event_ref")),
            CheckConstraint(name="purchase_event_refund", check="refund_minor >= 0"),
        )
