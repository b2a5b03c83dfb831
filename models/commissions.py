"""Commissions: what partners earn by the orders of those whom they brought, and how it is settled with them."""

from enum import StrEnum
from uuid import UUID

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model
from uuid_utils.compat import uuid7

from models.partners import CELL_MAX, Partner
from models.units import minor_field


class CommissionState(StrEnum):
    """Where a commission stands."""

    ESTIMATED = "ESTIMATED"
    """The order is paid; its buyer has not done yet what the campaign asks for."""
    FROZEN = "FROZEN"
    """It is earned, and waits for refunds."""
    AVAILABLE = "AVAILABLE"
    """It waits for the next settlement."""
    SETTLING = "SETTLING"
    """It is in a settlement that is not paid yet."""
    PAID = "PAID"
    REVERSED = "REVERSED"
    """Nothing is left of it."""


class SettlementState(StrEnum):
    """Where a settlement stands."""

    READY = "READY"
    APPROVED = "APPROVED"
    PAID = "PAID"
    REJECTED = "REJECTED"


class PartnerAccount(Model):
    """What is held while a partner's commissions change, and what it has to give back."""

    partner: fields.OneToOneRelation[Partner] = fields.OneToOneField(
        "models.Partner", related_name=False, on_delete=fields.RESTRICT, primary_key=True
    )
    partner_id: UUID
    event_id = fields.UUIDField(default=UUID(int=0))
    """The last event its commissions follow."""
    owed_minor = minor_field(default=0)
    """What was settled and then refunded: it is netted from the next settlements."""
    fee_bps = fields.IntField(default=0)
    """What is kept of each settlement, as the contract says."""

    class Meta:
        table = "partner_account"
        constraints = (
            CheckConstraint(name="partner_account_owes", check="owed_minor >= 0"),
            CheckConstraint(name="partner_account_fee", check="fee_bps BETWEEN 0 AND 10000"),
        )


class PartnerSettlement(Model):
    """What a partner is paid for a month. Its sums do not change: later refunds are netted from the next one."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    partner: fields.ForeignKeyRelation[Partner] = fields.ForeignKeyField(
        "models.Partner", related_name=False, on_delete=fields.RESTRICT
    )
    partner_id: UUID
    month = fields.DateField()
    """The first day of the month before whose end all of it became available.

    One that is rejected is not made anew: what was in it waits for the next month.
    """
    state = fields.CharEnumField(SettlementState, max_length=10, description="")
    commissions = fields.IntField()
    referees = fields.IntField()
    """How many people's orders it is for."""
    earned_minor = minor_field()
    netted_minor = minor_field()
    """What was owed from earlier settlements, and is taken off."""
    fee_minor = minor_field()
    payable_minor = minor_field()
    made_at = fields.DatetimeField()
    decided_at = fields.DatetimeField(null=True)
    decided_by = fields.UUIDField(null=True)
    """Who of the staff approved or rejected it."""
    reason = fields.CharField(max_length=40, null=True)
    """Why it was rejected."""
    paid_at = fields.DatetimeField(null=True)
    paid_by = fields.UUIDField(null=True)
    """Who of the staff said that it was paid."""
    payment_ref = fields.CharField(max_length=100, null=True)
    """What the bank calls the payment."""

    class Meta:
        table = "partner_settlement"
        constraints = (
            UniqueConstraint(name="partner_settlement_month", fields=("partner_id", "month")),
            CheckConstraint(name="partner_settlement_least", check="referees >= 5 AND commissions >= referees"),
            CheckConstraint(
                name="partner_settlement_sums",
                check="earned_minor > 0 AND netted_minor >= 0 AND fee_minor >= 0 AND payable_minor > 0"
                " AND payable_minor = earned_minor - netted_minor - fee_minor",
            ),
            CheckConstraint(
                name="partner_settlement_decided",
                check="(state = 'READY') = (decided_by IS NULL) AND (decided_by IS NULL) = (decided_at IS NULL)"
                " AND (state = 'REJECTED') = (reason IS NOT NULL)",
            ),
            CheckConstraint(
                name="partner_settlement_paid",
                check="(state = 'PAID') = (paid_at IS NOT NULL) AND (paid_at IS NULL) = (paid_by IS NULL)"
                " AND (paid_at IS NULL) = (payment_ref IS NULL) AND (paid_by IS NULL OR paid_by <> decided_by)",
            ),
        )


class Commission(Model):
    """What a partner earns by an order of somebody whom it brought: basis points of what is not refunded."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    partner: fields.ForeignKeyRelation[Partner] = fields.ForeignKeyField(
        "models.Partner", related_name=False, on_delete=fields.RESTRICT
    )
    partner_id: UUID
    purchase_id = fields.UUIDField()
    referee_id = fields.UUIDField()
    """Who bought. Nobody brings somebody for a commission on what others bring."""
    campaign = fields.CharField(max_length=CELL_MAX)
    campaign_version = fields.IntField()
    bps = fields.IntField()
    frozen_days = fields.IntField()
    gross_minor = minor_field()
    refunded_minor = minor_field(default=0)
    amount_minor = minor_field()
    """What it comes to now."""
    settled_minor = minor_field(null=True)
    """What it came to when it was settled; null while it is in no settlement."""
    state = fields.CharEnumField(CommissionState, max_length=10, description="")
    ordered_at = fields.DatetimeField()
    frozen_until = fields.DatetimeField(null=True)
    """When it becomes available; null before it is earned."""
    settlement: fields.ForeignKeyNullableRelation[PartnerSettlement] = fields.ForeignKeyField(
        "models.PartnerSettlement", related_name=False, on_delete=fields.RESTRICT, null=True
    )
    settlement_id: UUID | None
    shown = fields.BooleanField(null=True)
    """Whether it was in a settlement that the partner has seen and that was rejected then."""

    class Meta:
        table = "commission"
        indexes = (
            Index(name="commission_referee", fields=("partner_id", "referee_id")),
            Index(name="commission_state", fields=("partner_id", "state", "frozen_until")),
            Index(name="commission_due", fields=("state", "frozen_until")),
            Index(name="commission_settlement", fields=("settlement_id",)),
        )
        constraints = (
            UniqueConstraint(name="commission_once", fields=("partner_id", "purchase_id")),
            CheckConstraint(
                name="commission_amounts",
                check="bps BETWEEN 0 AND 10000 AND frozen_days >= 0 AND gross_minor >= 0"
                " AND refunded_minor BETWEEN 0 AND gross_minor AND amount_minor BETWEEN 0 AND gross_minor",
            ),
            CheckConstraint(
                name="commission_stands",
                check="(settlement_id IS NULL) = (settled_minor IS NULL)"
                " AND (state NOT IN ('SETTLING', 'PAID') OR settlement_id IS NOT NULL)"
                " AND (state NOT IN ('ESTIMATED', 'FROZEN', 'AVAILABLE') OR settlement_id IS NULL)"
                " AND (state NOT IN ('FROZEN', 'AVAILABLE', 'SETTLING', 'PAID') OR frozen_until IS NOT NULL)"
                " AND (state <> 'REVERSED' OR amount_minor = 0)",
            ),
        )
