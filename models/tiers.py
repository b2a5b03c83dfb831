"""Tiers: the ladder, each member's growth value, and how they climbed."""

from enum import StrEnum
from uuid import UUID, uuid4

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model
from uuid_utils.compat import uuid7

from models.ddl import PartialIndex
from models.members import Member
from models.points import PointsTransaction
from models.units import growth_field, points_field


class TierCause(StrEnum):
    """What step was taken, and why."""

    JOINED = "JOINED"
    UPGRADED = "UPGRADED"
    RETAINED = "RETAINED"
    GRACE_ENTERED = "GRACE_ENTERED"
    GRACE_RECOVERED = "GRACE_RECOVERED"
    DOWNGRADED = "DOWNGRADED"
    REVERSED = "REVERSED"
    PAID_STARTED = "PAID_STARTED"
    PAID_RENEWED = "PAID_RENEWED"
    PAID_EXPIRED = "PAID_EXPIRED"
    PAID_REFUNDED = "PAID_REFUNDED"
    GRANTED = "GRANTED"
    REVOKED = "REVOKED"
    GRANT_EXPIRED = "GRANT_EXPIRED"
    MERGED = "MERGED"
    UNMERGED = "UNMERGED"


class TierSource(StrEnum):
    """By what a tier is held."""

    EARNED = "EARNED"
    PAID = "PAID"
    GRANTED = "GRANTED"


class TierScheme(Model):
    """One published version of the scheme of tiers: written once, never changed."""

    version = fields.IntField(primary_key=True, generated=False)
    """1 for the first that was published, one more for each after it."""
    document = fields.TextField()
    """The scheme and its levels as JSON, with its version."""
    published_at = fields.DatetimeField()
    published_by = fields.CharField(max_length=60)
    """The principal who did."""

    class Meta:
        table = "tier_scheme"
        constraints = (CheckConstraint(name="tier_scheme_version", check="version >= 1"),)


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
    """A member's growth value, and the tier they hold. The value is always the sum of the growth entries.

    Of somebody whose tier no time can change all that follows `known_since` is null.
    """

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
    """The tier in effect: the highest by any source, as it was last written."""
    tier_since = fields.DatetimeField()
    known_since = fields.DatetimeField(null=True)
    """The member's own `created_at`: so the members of a tier are read in their order from one index. Null only
    where a release that did not know the column wrote the account."""
    changes_at = fields.DatetimeField(null=True)
    """The first moment at which any of it may change by time alone. Once it has passed, all is reckoned anew."""
    earned_tier_id = fields.UUIDField(null=True)
    """The tier that was earned; null where that is the one in effect."""
    earned_since = fields.DatetimeField(null=True)
    tier_expires_at = fields.DatetimeField(null=True)
    """When the earned tier is reviewed, or in a grace, when it was. Null means never."""
    grace_until = fields.DatetimeField(null=True)
    """The end of the grace of an earned tier that was not retained."""
    deferred_tier_id = fields.UUIDField(null=True)
    """The higher tier that was reached, and begins with the next period."""
    deferred_at = fields.DatetimeField(null=True)
    paid_tier_id = fields.UUIDField(null=True)
    paid_since = fields.DatetimeField(null=True)
    paid_until = fields.DatetimeField(null=True)
    granted_tier_id = fields.UUIDField(null=True)
    granted_since = fields.DatetimeField(null=True)
    granted_until = fields.DatetimeField(null=True)
    tier_steps = fields.BigIntField(null=True)
    """How many numbered steps there are in the history; null before the first."""

    class Meta:
        table = "growth_account"
        indexes = (
            PartialIndex(
                name="growth_account_due", fields=("changes_at", "member_id"), condition="changes_at IS NOT NULL"
            ),
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
        indexes = (
            Index(name="growth_entry_purchase", fields=("member_id", "purchase_id")),
            Index(name="growth_entry_window", fields=("member_id", "effective_at", "delta")),
        )
        constraints = (
            CheckConstraint(name="growth_entry_moves", check="delta <> 0"),
            CheckConstraint(name="growth_entry_after", check="growth_after >= 0"),
            UniqueConstraint(name="growth_entry_seq", fields=("member_id", "seq")),
            UniqueConstraint(name="growth_entry_cause", fields=("member_id", "cause")),
        )


class TierChange(Model):
    """A step of a member's tier: written once, never changed.

    `from_tier` and `to_tier` are the tiers in effect before and after it; what it did to its own source stands in
    the columns from `source` on, which are null in what an older release wrote.
    """

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
    source = fields.CharEnumField(TierSource, max_length=8, null=True, description="")
    own_from_id = fields.UUIDField(null=True)
    """The tier the source gave before; null where it gave none."""
    own_to_id = fields.UUIDField(null=True)
    """The tier the source gives after; null where it gives none any more."""
    ended_at = fields.DatetimeField(null=True)
    """Until when it gave the tier before: the review that was due."""
    ends_at = fields.DatetimeField(null=True)
    """Until when it gives the tier after; null means for good, or that it gives none."""
    graced_until = fields.DatetimeField(null=True)
    """The grace that was running before; null where none was."""
    reason = fields.CharField(max_length=40, null=True)
    """Why staff did it: a reason code."""
    seq = fields.BigIntField(null=True)
    """The number of the step among the member's; null of the first ones, which an older release wrote."""

    class Meta:
        table = "tier_change"
        indexes = (Index(name="tier_change_member", fields=("member_id", "id")),)
        constraints = (
            UniqueConstraint(name="tier_change_seq", fields=("member_id", "seq")),
            CheckConstraint(name="tier_change_joined", check="(cause = 'JOINED') = (from_tier_id IS NULL)"),
        )


class BenefitUse(Model):
    """One use of a benefit: written once, never changed."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    member: fields.ForeignKeyRelation[Member] = fields.ForeignKeyField(
        "models.Member", related_name=False, on_delete=fields.RESTRICT
    )
    member_id: UUID
    benefit = fields.CharField(max_length=20)
    """Its kind."""
    code = fields.CharField(max_length=32)
    period = fields.CharField(max_length=7)
    """The programme's month in which it was used: 2026-03."""
    number = fields.IntField()
    """Which use of that month it was, from 1."""
    tier: fields.ForeignKeyRelation[Tier] = fields.ForeignKeyField(
        "models.Tier", related_name=False, on_delete=fields.RESTRICT
    )
    """The tier that gave it."""
    tier_id: UUID
    used_at = fields.DatetimeField()

    class Meta:
        table = "benefit_use"
        constraints = (
            UniqueConstraint(name="benefit_use_once", fields=("member_id", "benefit", "code", "period", "number")),
            CheckConstraint(name="benefit_use_number", check="number >= 1"),
        )


class BenefitGrant(Model):
    """What a tier gave a member once: in a cycle, or in the month of a birthday. Written once, never changed."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    member: fields.ForeignKeyRelation[Member] = fields.ForeignKeyField(
        "models.Member", related_name=False, on_delete=fields.RESTRICT
    )
    member_id: UUID
    benefit = fields.CharField(max_length=20)
    """Its kind."""
    tier: fields.ForeignKeyRelation[Tier] = fields.ForeignKeyField(
        "models.Tier", related_name=False, on_delete=fields.RESTRICT
    )
    """The level that gave it."""
    tier_id: UUID
    period = fields.CharField(max_length=10)
    """The first day of the cycle, or EVER; of a birthday gift its month: 2026-03."""
    points = points_field()
    transaction: fields.ForeignKeyRelation[PointsTransaction] = fields.ForeignKeyField(
        "models.PointsTransaction", related_name=False, on_delete=fields.RESTRICT
    )
    """The movement that brought them."""
    transaction_id: UUID
    won_by_id = fields.UUIDField()
    """Who rose: the member, or somebody who was merged into them since. Of a birthday gift the member."""
    won_seq = fields.BigIntField()
    """The number of that step among theirs; of a birthday gift, of the last step before it: 0 where none is
    numbered."""
    granted_at = fields.DatetimeField()

    class Meta:
        table = "benefit_grant"
        indexes = (Index(name="benefit_grant_moved", fields=("member_id", "transaction_id")),)
        constraints = (
            UniqueConstraint(name="benefit_grant_once", fields=("member_id", "benefit", "tier_id", "period")),
            CheckConstraint(name="benefit_grant_gives", check="points > 0"),
        )
