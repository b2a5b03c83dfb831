"""Tiers: the ladder, each member's growth value, and how they climbed."""

from enum import StrEnum
from uuid import UUID, uuid4

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model
from uuid_utils.compat import uuid7

from models.members import Member
from models.units import growth_field


class TierCause(StrEnum):
    """Why a member's tier changed."""

    JOINED = "JOINED"
    UPGRADED = "UPGRADED"


class Tier(Model):
    """One rung of the ladder, with the benefits it carries."""

    id = fields.UUIDField(primary_key=True, default=uuid4)
    code = fields.CharField(max_length=32, unique=True)
    name = fields.CharField(max_length=80)
    rank = fields.SmallIntField(unique=True)
    """0 for the lowest rung, which needs no growth."""
    threshold = growth_field(unique=True)
    """The growth value from which the tier is held."""
    earn_multiplier_bps = fields.IntField(default=10_000)
    redeem_limit_points = fields.BigIntField(null=True)
    """The most points of one redemption. Null means no limit."""

    class Meta:
        table = "tier"
        constraints = (
            CheckConstraint(name="tier_rank", check="rank >= 0 AND (rank > 0) = (threshold > 0)"),
            CheckConstraint(name="tier_threshold", check="threshold BETWEEN 0 AND 1000000000000"),
            CheckConstraint(name="tier_multiplier", check="earn_multiplier_bps BETWEEN 10000 AND 1000000"),
            CheckConstraint(name="tier_redeem_limit", check="redeem_limit_points > 0"),
        )


class GrowthAccount(Model):
    """A member's growth value and the tier it earned them. Always the sum of the growth entries."""

    member: fields.OneToOneRelation[Member] = fields.OneToOneField(
        "models.Member", related_name=False, on_delete=fields.RESTRICT, primary_key=True
    )
    member_id: UUID
    growth = growth_field(default=0)
    seq = fields.BigIntField(default=0)
    """How many growth entries there are."""
    tier: fields.ForeignKeyRelation[Tier] = fields.ForeignKeyField(
        "models.Tier", related_name=False, on_delete=fields.RESTRICT
    )
    tier_id: UUID
    tier_since = fields.DatetimeField()
    known_since = fields.DatetimeField(null=True)
    """The member's own `created_at`: so the members of a tier are read in their order from one index. Null only
    where a release that did not know the column wrote the account."""

    class Meta:
        table = "growth_account"
        indexes = (
            Index(name="growth_account_tier", fields=("tier_id",)),
            Index(name="growth_account_known", fields=("tier_id", "known_since", "member_id")),
        )
        constraints = (
            CheckConstraint(name="growth_never_negative", check="growth BETWEEN 0 AND 1000000000000"),
            CheckConstraint(name="growth_seq", check="seq >= 0"),
        )


class GrowthEntry(Model):
    """One movement of growth value: written once, never changed."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    member: fields.ForeignKeyRelation[Member] = fields.ForeignKeyField(
        "models.Member", related_name=False, on_delete=fields.RESTRICT
    )
    member_id: UUID
    seq = fields.BigIntField()
    delta = growth_field()
    growth_after = growth_field()
    cause = fields.CharField(max_length=240)
    purchase_id = fields.UUIDField(null=True)
    effective_at = fields.DatetimeField()
    created_at = fields.DatetimeField()

    class Meta:
        table = "growth_entry"
        indexes = (Index(name="growth_entry_purchase", fields=("member_id", "purchase_id")),)
        constraints = (
            CheckConstraint(name="growth_entry_moves", check="delta <> 0"),
            CheckConstraint(name="growth_entry_after", check="growth_after >= 0"),
            UniqueConstraint(name="growth_entry_seq", fields=("member_id", "seq")),
            UniqueConstraint(name="growth_entry_cause", fields=("member_id", "cause")),
        )


class TierChange(Model):
    """A step on the ladder: written once, never changed."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    member: fields.ForeignKeyRelation[Member] = fields.ForeignKeyField(
        "models.Member", related_name=False, on_delete=fields.RESTRICT
    )
    member_id: UUID
    from_tier: fields.ForeignKeyNullableRelation[Tier] = fields.ForeignKeyField(
        "models.Tier", related_name=False, on_delete=fields.RESTRICT, null=True
    )
    to_tier: fields.ForeignKeyRelation[Tier] = fields.ForeignKeyField(
        "models.Tier", related_name=False, on_delete=fields.RESTRICT
    )
    cause = fields.CharEnumField(TierCause, max_length=16, description="")
    purchase_id = fields.UUIDField(null=True)
    at = fields.DatetimeField()

    class Meta:
        table = "tier_change"
        indexes = (Index(name="tier_change_member", fields=("member_id", "id")),)
        constraints = (
            CheckConstraint(name="tier_change_joined", check="(cause = 'JOINED') = (from_tier_id IS NULL)"),
        )
