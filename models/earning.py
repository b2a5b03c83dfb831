"""Earning: the rules by which purchases earn, what each gave, and how much of every cap and budget is used."""

from enum import StrEnum
from uuid import UUID

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model
from uuid_utils.compat import uuid7

from models.members import Member
from models.purchases import Purchase
from models.units import points_field

CODE_MAX = 32


class EarnRuleKind(StrEnum):
    """What a rule does."""

    BASE_RATE = "BASE_RATE"
    BONUS_POINTS = "BONUS_POINTS"
    BONUS_MULTIPLIER = "BONUS_MULTIPLIER"
    CAPS = "CAPS"
    """Gives nothing: its caps are those of the whole programme."""


class AwardKind(StrEnum):
    """What gave points for a purchase: the programme's base, the tier, or a rule of one of these kinds."""

    BASE = "BASE"
    TIER = "TIER"
    BASE_RATE = "BASE_RATE"
    BONUS_POINTS = "BONUS_POINTS"
    BONUS_MULTIPLIER = "BONUS_MULTIPLIER"


class CapPeriod(StrEnum):
    """Over what a cap is counted."""

    TRANSACTION = "TRANSACTION"
    """Of one purchase: nothing is counted for it."""
    DAY = "DAY"
    WEEK = "WEEK"
    MONTH = "MONTH"
    LIFETIME = "LIFETIME"
    BUDGET = "BUDGET"
    """Of all members together, for ever."""


class EarnRule(Model):
    """One version of a rule. Nothing of it ever changes but that it ends."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    code = fields.CharField(max_length=CODE_MAX)
    version = fields.IntField()
    """Counted from 1 for each code."""
    kind = fields.CharEnumField(EarnRuleKind, max_length=20, description="")
    name = fields.CharField(max_length=80)
    points = points_field(null=True)
    """What it gives: so many, or as a base rate so many for each `minor`."""
    minor = fields.BigIntField(null=True)
    multiplier_bps = fields.IntField(null=True)
    """It adds base points * (multiplier_bps - 10000) / 10000."""
    terms = fields.TextField()
    """All of it as JSON: priority, group, filters, caps, budget."""
    published_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)
    """When it was retired, or the next version took its place. Null while it is in force."""

    class Meta:
        table = "earn_rule"
        constraints = (
            UniqueConstraint(name="earn_rule_version", fields=("code", "version")),
            UniqueConstraint(name="earn_rule_in_force", fields=("code",), condition="ended_at IS NULL"),
            CheckConstraint(name="earn_rule_counted", check="version > 0"),
            CheckConstraint(name="earn_rule_ends", check="ended_at >= published_at"),
            CheckConstraint(
                name="earn_rule_gives",
                check="CASE kind WHEN 'BASE_RATE' THEN points >= 0 AND minor > 0 AND multiplier_bps IS NULL"
                " WHEN 'BONUS_POINTS' THEN points > 0 AND minor IS NULL AND multiplier_bps IS NULL"
                " WHEN 'BONUS_MULTIPLIER' THEN points IS NULL AND minor IS NULL AND multiplier_bps > 10000"
                " ELSE points IS NULL AND minor IS NULL AND multiplier_bps IS NULL END",
            ),
        )


class EarnBudget(Model):
    """How much of a rule's budget its purchases hold. One row for all members: it is the last to be locked."""

    code = fields.CharField(max_length=CODE_MAX, primary_key=True)
    budget = points_field()
    used = points_field(default=0)

    class Meta:
        table = "earn_budget"
        constraints = (CheckConstraint(name="earn_budget_range", check="used BETWEEN 0 AND budget"),)


class EarnAward(Model):
    """What one rule, the programme's base or the tier gave for a purchase: written once, never changed."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    member: fields.ForeignKeyRelation[Member] = fields.ForeignKeyField(
        "models.Member", related_name=False, on_delete=fields.RESTRICT
    )
    member_id: UUID
    purchase: fields.ForeignKeyRelation[Purchase] = fields.ForeignKeyField(
        "models.Purchase", related_name=False, on_delete=fields.RESTRICT
    )
    purchase_id: UUID
    place = fields.SmallIntField()
    """Its turn among the awards of the purchase, from 0: in this order caps were used."""
    kind = fields.CharEnumField(AwardKind, max_length=20, description="")
    rule: fields.ForeignKeyNullableRelation[EarnRule] = fields.ForeignKeyField(
        "models.EarnRule", related_name=False, on_delete=fields.RESTRICT, null=True
    )
    rule_id: UUID | None
    """The version of the rule. Null for the programme's base and the tier."""
    basis = fields.BigIntField()
    """What it was reckoned from: minor units for a base, base points for a multiplier."""
    wanted = points_field()
    """What it came to before any cap."""
    points = points_field()
    transaction_id = fields.UUIDField(null=True)
    """The movement that credited the points. Null when caps left none."""
    capped_by = fields.JSONField[list[str]]()
    """What clipped it, each as `code:period`."""

    class Meta:
        table = "earn_award"
        indexes = (Index(name="earn_award_transaction", fields=("member_id", "transaction_id")),)
        constraints = (
            UniqueConstraint(name="earn_award_place", fields=("member_id", "purchase_id", "place")),
            UniqueConstraint(name="earn_award_of_rule", fields=("member_id", "purchase_id", "rule_id")),
            CheckConstraint(name="earn_award_range", check="wanted > 0 AND points BETWEEN 0 AND wanted"),
            CheckConstraint(name="earn_award_moved", check="(points > 0) = (transaction_id IS NOT NULL)"),
            CheckConstraint(name="earn_award_of", check="(kind IN ('BASE', 'TIER')) = (rule_id IS NULL)"),
        )


class EarnUsage(Model):
    """How much of one cap a member has used in one period. Always the sum of its counts."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    member: fields.ForeignKeyRelation[Member] = fields.ForeignKeyField(
        "models.Member", related_name=False, on_delete=fields.RESTRICT
    )
    member_id: UUID
    code = fields.CharField(max_length=CODE_MAX)
    """The rule whose cap it is, whatever its version."""
    period = fields.CharEnumField(CapPeriod, max_length=12, description="")
    starts_on = fields.DateField()
    """The programme's first day of the period; 1970-01-01 for a lifetime."""
    used = points_field()
    most = points_field()
    """The highest cap that anything in the period was measured by."""

    class Meta:
        table = "earn_usage"
        constraints = (
            UniqueConstraint(name="earn_usage_once", fields=("member_id", "code", "period", "starts_on")),
            CheckConstraint(name="earn_usage_range", check="used BETWEEN 0 AND most"),
        )


class EarnCount(Model):
    """What one movement used of a cap or a budget, or gave back: written once, never changed."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    member_id = fields.UUIDField()
    award: fields.ForeignKeyRelation[EarnAward] = fields.ForeignKeyField(
        "models.EarnAward", related_name=False, on_delete=fields.RESTRICT
    )
    award_id: UUID
    transaction_id = fields.UUIDField()
    """The movement that credited the points, or took them back."""
    code = fields.CharField(max_length=CODE_MAX)
    period = fields.CharEnumField(CapPeriod, max_length=12, description="")
    starts_on = fields.DateField()
    used = points_field()
    """Below 0 where it was given back."""

    class Meta:
        table = "earn_count"
        indexes = (
            Index(name="earn_count_award", fields=("member_id", "award_id")),
            Index(name="earn_count_usage", fields=("member_id", "code", "period", "starts_on")),
        )
        constraints = (
            UniqueConstraint(
                name="earn_count_once",
                fields=("member_id", "award_id", "transaction_id", "code", "period"),
            ),
            CheckConstraint(name="earn_count_uses", check="used <> 0"),
        )
