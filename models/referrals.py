"""Referrals: the campaigns, the codes and touches of those who recommend, and whom they brought."""

from enum import StrEnum
from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model
from uuid_utils.compat import uuid7

from models.ddl import PartialIndex
from models.members import Member
from models.partners import Partner
from models.units import minor_field, points_field

CODE_MAX = 32
"""How long the code of a campaign is, and the name of a channel."""


class ReferralState(StrEnum):
    """Where a referral stands."""

    BOUND = "BOUND"
    QUALIFYING = "QUALIFYING"
    QUALIFIED = "QUALIFIED"
    REWARDED = "REWARDED"
    CLAWED_BACK = "CLAWED_BACK"
    EXPIRED = "EXPIRED"
    REVIEW = "REVIEW"
    REJECTED = "REJECTED"
    VOIDED = "VOIDED"


class ReferralStep(StrEnum):
    """What happened to a referral: it came to stand there, or its referee bought something or gave it back."""

    BOUND = "BOUND"
    QUALIFYING = "QUALIFYING"
    QUALIFIED = "QUALIFIED"
    REWARDED = "REWARDED"
    CLAWED_BACK = "CLAWED_BACK"
    EXPIRED = "EXPIRED"
    REVIEW = "REVIEW"
    REJECTED = "REJECTED"
    VOIDED = "VOIDED"
    ORDER = "ORDER"
    REFUND = "REFUND"
    COST = "COST"
    """The referee's own reward was given, or taken back."""


class ReferralCampaign(Model):
    """One version of a campaign: written once, never changed. The newest of a code is in force."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    code = fields.CharField(max_length=CODE_MAX)
    version = fields.IntField()
    """Counted from 1 for each code."""
    document = fields.TextField()
    """All of it as JSON."""
    starts_at = fields.DatetimeField()
    ends_at = fields.DatetimeField(null=True)
    """The first moment at which nobody is bound by it any more. Null: it does not end by itself."""
    published_at = fields.DatetimeField()
    published_by = fields.CharField(max_length=60)
    """The principal who did."""

    class Meta:
        table = "referral_campaign"
        constraints = (
            UniqueConstraint(name="referral_campaign_version", fields=("code", "version")),
            CheckConstraint(name="referral_campaign_counted", check="version > 0"),
            CheckConstraint(name="referral_campaign_ends", check="ends_at >= starts_at"),
        )


class ReferralCode(Model):
    """A code by which a member or a partner recommends the programme on one channel."""

    code = fields.CharField(max_length=16, primary_key=True)
    referrer_id = fields.UUIDField(null=True)
    """The member whose it is; null where it is a partner's."""
    partner: fields.ForeignKeyNullableRelation[Partner] = fields.ForeignKeyField(
        "models.Partner", related_name=False, on_delete=fields.RESTRICT, null=True
    )
    partner_id: UUID | None
    channel = fields.CharField(max_length=CODE_MAX)
    """Where it is shown, in one word: `MOMENTS`, `POSTER_7`."""
    campaign = fields.CharField(max_length=CODE_MAX, null=True)
    """The campaign it is for. Null: for that which is usual when somebody uses it."""
    created_at = fields.DatetimeField()
    retired_at = fields.DatetimeField(null=True)
    """Since when it brings nobody any more."""

    class Meta:
        table = "referral_code"
        indexes = (
            Index(name="referral_code_referrer", fields=("referrer_id", "created_at", "code")),
            Index(name="referral_code_partner", fields=("partner_id", "created_at", "code")),
        )
        constraints = (
            CheckConstraint(name="referral_code_whose", check="(referrer_id IS NULL) <> (partner_id IS NULL)"),
            UniqueConstraint(
                name="referral_code_channel", fields=("channel", "referrer_id"), condition="retired_at IS NULL"
            ),
        )


class ReferralTouch(Model):
    """Somebody, nobody knows who, came by way of a code: written once. It holds neither address nor person."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    code = fields.CharField(max_length=16)
    channel = fields.CharField(max_length=CODE_MAX)
    campaign = fields.CharField(max_length=CODE_MAX, null=True)
    partner_id = fields.UUIDField(null=True)
    """Whose link it was; null for a member's."""
    device_hash = fields.CharField(max_length=64)
    """A keyed hash of what the app calls the device. Nothing of it can be read back."""
    once = fields.CharField(max_length=64)
    """A keyed hash of the request, so that one sent again is no second touch."""
    at = fields.DatetimeField()

    class Meta:
        table = "referral_touch"
        indexes = (
            Index(name="referral_touch_device", fields=("device_hash", "id")),
            Index(name="referral_touch_at", fields=("at",)),
        )
        constraints = (UniqueConstraint(name="referral_touch_once", fields=("once",)),)


class Referral(Model):
    """Who brought a member, and how far it has come. There is one level: who brought the referrer is not said.

    `pair` names both members in the order of their ids: so no two can ever have brought each other.
    """

    referee: fields.OneToOneRelation[Member] = fields.OneToOneField(
        "models.Member", related_name=False, on_delete=fields.RESTRICT, primary_key=True
    )
    referee_id: UUID
    referrer_id = fields.UUIDField(null=True)
    """The member who brought them; null where it was a partner."""
    partner: fields.ForeignKeyNullableRelation[Partner] = fields.ForeignKeyField(
        "models.Partner", related_name=False, on_delete=fields.RESTRICT, null=True
    )
    partner_id: UUID | None
    pair = fields.CharField(max_length=80, null=True)
    code = fields.CharField(max_length=16, null=True)
    """The code they came by; null where staff bound them without one."""
    channel = fields.CharField(max_length=CODE_MAX, null=True)
    campaign = fields.CharField(max_length=CODE_MAX)
    campaign_version = fields.IntField()
    """The version that was in force when they were bound: it holds for this referral for good."""
    state = fields.CharEnumField(ReferralState, max_length=12, description="")
    cause = fields.CharField(max_length=40)
    """Why it stands there, in one word."""
    bound_by = fields.CharField(max_length=60, null=True)
    """The principal of the staff who bound them; null where a code or a touch did."""
    device_hash = fields.CharField(max_length=64, null=True)
    """The device they registered with, as touches name it; null where none was told."""
    bound_at = fields.DatetimeField()
    valid_until = fields.DatetimeField()
    """The first moment at which it can qualify no more, and orders count for nothing."""
    qualifies_at = fields.DatetimeField(null=True)
    """When the hold ends, or ended, after which it has qualified. Null before the qualifying act."""
    qualified_at = fields.DatetimeField(null=True)
    claw_back_until = fields.DatetimeField(null=True)
    """The first moment from which a refund leaves the rewards alone. Null before it has qualified."""
    purchase_id = fields.UUIDField(null=True)
    """The order that was the qualifying act, where one was."""
    spent_minor = minor_field(default=0)
    """What the referee has paid and not got back, as far as it counts."""
    seq = fields.IntField()
    """How many events it has."""
    score = fields.SmallIntField(default=0)
    """How suspicious it is: 0 for not at all."""
    evidence = fields.JSONField[dict[str, Any] | None](null=True)
    """What speaks against it, by the codes of the reasons. It holds no personal data."""
    cleared = fields.SmallIntField(null=True)
    """The score with which somebody of the staff let it go on. Null before."""
    review_until = fields.DatetimeField(null=True)
    """Until when somebody may look at it, while they have to; after that it is refused."""
    reward_skipped = fields.CharField(max_length=20, null=True)
    """Why the referrer was given nothing though it has qualified. Null where they were, or will be."""

    class Meta:
        table = "referral"
        indexes = (
            Index(name="referral_referrer", fields=("referrer_id", "bound_at", "referee_id")),
            Index(name="referral_partner", fields=("partner_id", "bound_at", "referee_id")),
            Index(name="referral_device", fields=("device_hash", "bound_at")),
            Index(name="referral_listed", fields=("bound_at", "referee_id")),
            Index(name="referral_state", fields=("state", "bound_at", "referee_id")),
            PartialIndex(
                name="referral_open",
                fields=("valid_until", "referee_id"),
                condition="state IN ('BOUND', 'REVIEW')",
            ),
            PartialIndex(
                name="referral_unreviewed",
                fields=("review_until", "referee_id"),
                condition="state = 'REVIEW'",
            ),
        )
        constraints = (
            CheckConstraint(name="referral_whose", check="(referrer_id IS NULL) <> (partner_id IS NULL)"),
            CheckConstraint(name="referral_of_another", check="referrer_id <> referee_id"),
            CheckConstraint(name="referral_paired", check="referrer_id IS NULL OR pair IS NOT NULL"),
            UniqueConstraint(name="referral_pair", fields=("pair",)),
            CheckConstraint(name="referral_lasts", check="valid_until > bound_at"),
            CheckConstraint(name="referral_counted", check="seq > 0 AND campaign_version > 0"),
            CheckConstraint(name="referral_scored", check="score >= 0"),
            CheckConstraint(
                name="referral_qualified",
                check="(qualified_at IS NULL) = (claw_back_until IS NULL)"
                " AND (state NOT IN ('QUALIFIED', 'REWARDED', 'CLAWED_BACK') OR qualified_at IS NOT NULL)",
            ),
        )


class ReferralEvent(Model):
    """One thing that happened to a referral: written once, in the order of ids. Whose it is, is the referee."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    member: fields.ForeignKeyRelation[Member] = fields.ForeignKeyField(
        "models.Member", related_name=False, on_delete=fields.RESTRICT
    )
    member_id: UUID
    """The referee."""
    seq = fields.IntField()
    """Counted from 1 for each referral."""
    kind = fields.CharEnumField(ReferralStep, max_length=12, description="")
    cause = fields.CharField(max_length=40)
    referrer_id = fields.UUIDField(null=True)
    partner_id = fields.UUIDField(null=True)
    code = fields.CharField(max_length=16, null=True)
    channel = fields.CharField(max_length=CODE_MAX, null=True)
    campaign = fields.CharField(max_length=CODE_MAX)
    campaign_version = fields.IntField()
    purchase_id = fields.UUIDField(null=True)
    gross_minor = minor_field(default=0)
    """ORDER: what was paid, and not by points."""
    refund_minor = minor_field(default=0)
    """REFUND: what was given back of it."""
    points = points_field(default=0)
    """COST: what the referee's own reward was, below 0 where it was taken back."""
    at = fields.DatetimeField()
    """When it happened."""
    created_at = fields.DatetimeField()
    """When it was written."""

    class Meta:
        table = "referral_event"
        indexes = (Index(name="referral_event_purchase", fields=("member_id", "purchase_id")),)
        constraints = (
            UniqueConstraint(name="referral_event_seq", fields=("member_id", "seq")),
            CheckConstraint(name="referral_event_counted", check="seq > 0"),
            CheckConstraint(name="referral_event_amounts", check="gross_minor >= 0 AND refund_minor >= 0"),
            CheckConstraint(name="referral_event_whose", check="(referrer_id IS NULL) <> (partner_id IS NULL)"),
        )


class IdentityTombstone(Model):
    """That somebody by a name was a member and was erased: a keyed hash of the name's hash, and nothing else."""

    digest = fields.CharField(max_length=64, primary_key=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "identity_tombstone"
