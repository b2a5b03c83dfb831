"""Memberships: plans that give a tier for a price, and what members have paid for them."""

from uuid import UUID

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model
from uuid_utils.compat import uuid7

from models.members import Member
from models.tiers import Tier
from models.units import minor_field


class MembershipPlan(Model):
    """One published version of a plan: written once, never changed. The newest of its code is the one on sale."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    code = fields.CharField(max_length=32)
    version = fields.IntField()
    """1 for the first of its code, one more for each after it."""
    name = fields.CharField(max_length=80)
    price_minor = minor_field()
    duration_days = fields.IntField()
    tier: fields.ForeignKeyRelation[Tier] = fields.ForeignKeyField(
        "models.Tier", related_name=False, on_delete=fields.RESTRICT
    )
    tier_id: UUID
    on_sale = fields.BooleanField()
    published_at = fields.DatetimeField()

    class Meta:
        table = "membership_plan"
        constraints = (
            UniqueConstraint(name="membership_plan_version", fields=("code", "version")),
            CheckConstraint(
                name="membership_plan_terms",
                check="version >= 1 AND price_minor >= 0 AND duration_days BETWEEN 1 AND 3660",
            ),
        )


class Membership(Model):
    """One payment for a plan, and the time it bought. Renewals follow one another without a gap."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    member: fields.ForeignKeyRelation[Member] = fields.ForeignKeyField(
        "models.Member", related_name=False, on_delete=fields.RESTRICT
    )
    member_id: UUID
    plan: fields.ForeignKeyRelation[MembershipPlan] = fields.ForeignKeyField(
        "models.MembershipPlan", related_name=False, on_delete=fields.RESTRICT
    )
    plan_id: UUID
    source = fields.CharField(max_length=64)
    """The service that reported the payment, or `staff`."""
    payment_ref = fields.CharField(max_length=100)
    paid_minor = minor_field()
    starts_at = fields.DatetimeField()
    ends_at = fields.DatetimeField()
    """The first moment that was not paid for; of a refunded one, when it was refunded or had begun."""
    paid_at = fields.DatetimeField()
    refunded_at = fields.DatetimeField(null=True)

    class Meta:
        table = "membership"
        indexes = (Index(name="membership_member", fields=("member_id", "id")),)
        constraints = (
            CheckConstraint(name="membership_lasts", check="ends_at >= starts_at"),
            CheckConstraint(name="membership_paid", check="paid_minor >= 0"),
        )


class MembershipKey(Model):
    """Whose a payment is: its reference at its source, unique across members."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    source = fields.CharField(max_length=64)
    payment_ref = fields.CharField(max_length=100)
    member_id = fields.UUIDField()
    membership_id = fields.UUIDField()

    class Meta:
        table = "membership_key"
        constraints = (UniqueConstraint(name="membership_key_payment", fields=("source", "payment_ref")),)
