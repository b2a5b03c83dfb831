"""Rewards of referrals: what each gave to whom or took back, and what caps, milestones and budgets count by."""

from enum import StrEnum
from uuid import UUID

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model
from uuid_utils.compat import uuid7

from models.members import Member
from models.referrals import CODE_MAX
from models.units import growth_field, points_field


class RewardSide(StrEnum):
    """Whose reward it is, and for what."""

    REFERRER = "REFERRER"
    REFEREE = "REFEREE"
    MILESTONE = "MILESTONE"
    """The referrer's, for so many referrals that have qualified."""


class RewardOutcome(StrEnum):
    """What became of a reward."""

    GRANTED = "GRANTED"
    SKIPPED = "SKIPPED"
    """Nothing was given, for the reason it names."""
    TAKEN_BACK = "TAKEN_BACK"
    """What had been given was taken back: a line of its own that names the one it takes back."""
    NETTED = "NETTED"
    """What the member owed was kept of a reward that was given to who they are now; the cause names it."""


class TallyPeriod(StrEnum):
    """Over what a referrer's referrals are counted."""

    DAY = "DAY"
    MONTH = "MONTH"
    QUARTER = "QUARTER"
    YEAR = "YEAR"
    LIFETIME = "LIFETIME"


class ReferralBudget(Model):
    """How many points the rewards of a campaign hold of its budget. One row for all, which is locked last."""

    campaign = fields.CharField(max_length=CODE_MAX, primary_key=True)
    budget = points_field()
    used = points_field(default=0)

    class Meta:
        table = "referral_budget"
        constraints = (CheckConstraint(name="referral_budget_range", check="used BETWEEN 0 AND budget"),)


class ReferralReward(Model):
    """What a referral gave one member, did not give them, or took back: written once, never changed."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    member: fields.ForeignKeyRelation[Member] = fields.ForeignKeyField(
        "models.Member", related_name=False, on_delete=fields.RESTRICT
    )
    member_id: UUID
    """Whose reward it is."""
    cause = fields.CharField(max_length=120)
    """The fact behind it. The same fact never gives twice, not even to two members."""
    side = fields.CharEnumField(RewardSide, max_length=12, description="")
    outcome = fields.CharEnumField(RewardOutcome, max_length=12, description="")
    reason = fields.CharField(max_length=20, null=True)
    """Why it was skipped. Null where it was not."""
    referee_id = fields.UUIDField(null=True)
    """Whose qualifying act it is for; null for a milestone's."""
    campaign = fields.CharField(max_length=CODE_MAX)
    campaign_version = fields.IntField()
    points = points_field(default=0)
    """What it moved: below 0 where it was taken back."""
    growth = growth_field(default=0)
    netted = points_field(default=0)
    """GRANTED, NETTED: what was kept against what the member still owed from earlier ones."""
    owed = points_field(default=0)
    """TAKEN_BACK: what could not be taken, and is kept of later rewards."""
    transaction_id = fields.UUIDField(null=True)
    """The movement of points; null where none moved."""
    reverses_id = fields.UUIDField(null=True)
    """TAKEN_BACK: the reward that was."""
    local_day = fields.DateField()
    """The programme's day of the giving, by which caps and cycles count; of one taken back, that same day."""
    created_at = fields.DatetimeField()

    class Meta:
        table = "referral_reward"
        indexes = (
            Index(name="referral_reward_member", fields=("member_id", "id")),
            Index(name="referral_reward_movement", fields=("member_id", "transaction_id")),
        )
        constraints = (
            UniqueConstraint(name="referral_reward_cause", fields=("cause",)),
            CheckConstraint(
                name="referral_reward_range",
                check="CASE outcome WHEN 'TAKEN_BACK' THEN points <= 0 AND growth <= 0 AND netted = 0 AND owed >= 0"
                " WHEN 'SKIPPED' THEN points = 0 AND growth = 0 AND netted = 0 AND owed = 0"
                " ELSE points >= 0 AND growth >= 0 AND netted >= 0 AND owed = 0 END",
            ),
            CheckConstraint(name="referral_reward_moved", check="(points = 0) = (transaction_id IS NULL)"),
            CheckConstraint(name="referral_reward_skipped", check="(outcome = 'SKIPPED') = (reason IS NOT NULL)"),
            CheckConstraint(
                name="referral_reward_reverses", check="(outcome = 'TAKEN_BACK') = (reverses_id IS NOT NULL)"
            ),
            CheckConstraint(name="referral_reward_referee", check="(side = 'MILESTONE') = (referee_id IS NULL)"),
        )


class ReferralMilestone(Model):
    """A milestone a referrer has reached in one cycle. It is never given twice in it, also if it was taken back."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    member: fields.ForeignKeyRelation[Member] = fields.ForeignKeyField(
        "models.Member", related_name=False, on_delete=fields.RESTRICT
    )
    member_id: UUID
    campaign = fields.CharField(max_length=CODE_MAX)
    milestone = fields.IntField()
    """How many referrals that have qualified it takes."""
    cycle = fields.DateField()
    """The first day of the cycle; 1970-01-01 where there is but one."""
    reward: fields.ForeignKeyRelation[ReferralReward] = fields.ForeignKeyField(
        "models.ReferralReward", related_name=False, on_delete=fields.RESTRICT
    )
    reward_id: UUID
    reached_at = fields.DatetimeField()
    revoked_at = fields.DatetimeField(null=True)

    class Meta:
        table = "referral_milestone"
        constraints = (
            UniqueConstraint(
                name="referral_milestone_once", fields=("member_id", "campaign", "milestone", "cycle")
            ),
            CheckConstraint(name="referral_milestone_counted", check="milestone > 0"),
        )


class ReferralTally(Model):
    """How many referrals of a referrer were rewarded in one period, and how many have qualified and still have."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    member: fields.ForeignKeyRelation[Member] = fields.ForeignKeyField(
        "models.Member", related_name=False, on_delete=fields.RESTRICT
    )
    member_id: UUID
    campaign = fields.CharField(max_length=CODE_MAX)
    period = fields.CharEnumField(TallyPeriod, max_length=12, description="")
    starts_on = fields.DateField()
    """The programme's first day of the period; 1970-01-01 for a lifetime."""
    rewarded = fields.IntField(default=0)
    """Rewards that were given: caps count them, and a claw-back does not give the place back."""
    qualified = fields.IntField(default=0)
    """Referrals that have qualified, less those that were clawed back: milestones count them."""

    class Meta:
        table = "referral_tally"
        constraints = (
            UniqueConstraint(name="referral_tally_once", fields=("member_id", "campaign", "period", "starts_on")),
            CheckConstraint(name="referral_tally_range", check="rewarded >= 0 AND qualified >= 0"),
        )


class ReferralDebt(Model):
    """What a member owes of referral rewards that could not be taken back: kept of later ones."""

    member: fields.OneToOneRelation[Member] = fields.OneToOneField(
        "models.Member", related_name=False, on_delete=fields.RESTRICT, primary_key=True
    )
    member_id: UUID
    owed = points_field()

    class Meta:
        table = "referral_debt"
        constraints = (CheckConstraint(name="referral_debt_range", check="owed >= 0"),)
