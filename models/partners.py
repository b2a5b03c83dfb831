"""Partners: the organisations that bring members, and the books of what those whom they brought did."""

from enum import StrEnum
from uuid import UUID, uuid4

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model
from uuid_utils.compat import uuid7

from models.units import minor_field, points_field

LEAST = 5
"""How many people stand behind any number that a partner is told, at least."""

CELL_MAX = 32
"""How long the name of a channel or the code of a campaign is."""


class Family(StrEnum):
    """Numbers that are told together, since the same people stand behind them."""

    TOUCH = "TOUCH"
    REGISTERED = "REGISTERED"
    QUALIFIED = "QUALIFIED"
    ORDER = "ORDER"
    REFUND = "REFUND"
    REWARD = "REWARD"


class Partner(Model):
    """An organisation that brings members and reads its own statistics."""

    id = fields.UUIDField(primary_key=True, default=uuid4)
    name = fields.CharField(max_length=80, unique=True)
    created_at = fields.DatetimeField(null=True)
    """Null for those that were there before this was written down."""
    disabled_at = fields.DatetimeField(null=True)
    """Since when its keys open nothing; null while they do."""

    class Meta:
        table = "partner"


class PartnerBooks(Model):
    """How far touches and referral events have been counted."""

    one = fields.SmallIntField(primary_key=True, generated=False)
    turn = fields.BigIntField(default=0)
    """How often anything was entered; guards against two who count at once."""
    touch_id = fields.UUIDField(default=UUID(int=0))
    """The last touch that was counted, in the order of ids."""
    event_id = fields.UUIDField(default=UUID(int=0))
    """The last event that was counted."""
    touched_at = fields.DatetimeField(null=True)
    """Up to which moment all touches are counted. Days that ended before it never change."""
    happened_at = fields.DatetimeField(null=True)
    """The same of events."""
    accrued_id = fields.UUIDField(default=UUID(int=0))
    """The last event that partners' commissions follow."""

    class Meta:
        table = "partner_books"
        constraints = (
            CheckConstraint(name="partner_books_are_one", check="one = 1"),
            CheckConstraint(name="partner_books_turn", check="turn >= 0"),
        )


class PartnerDay(Model):
    """What a partner may be told of one day, channel and campaign: behind each number stand five people or none.

    An empty channel and campaign are those that come without one, and those that are too few to be told apart.
    """

    id = fields.UUIDField(primary_key=True, default=uuid7)
    partner: fields.ForeignKeyRelation[Partner] = fields.ForeignKeyField(
        "models.Partner", related_name=False, on_delete=fields.RESTRICT
    )
    partner_id: UUID
    day = fields.DateField()
    channel = fields.CharField(max_length=CELL_MAX)
    campaign = fields.CharField(max_length=CELL_MAX)
    touchers = fields.BigIntField(default=0)
    """The devices behind the touches; of each group of them that was told together, each once."""
    touches = fields.BigIntField(default=0)
    unique_touches = fields.BigIntField(default=0)
    """The touches that were the device's first at this code on their day."""
    registered = fields.BigIntField(default=0)
    qualified = fields.BigIntField(default=0)
    buyers = fields.BigIntField(default=0)
    orders = fields.BigIntField(default=0)
    gross_minor = minor_field(default=0)
    gross_cost = fields.BigIntField(default=0)
    """What the orders bring the partner, in ten-thousandths of a minor unit."""
    refunders = fields.BigIntField(default=0)
    refunds = fields.BigIntField(default=0)
    refund_minor = minor_field(default=0)
    refund_cost = fields.BigIntField(default=0)
    """What the refunds take from the partner, in ten-thousandths of a minor unit."""
    rewarded = fields.BigIntField(default=0)
    reward_points = points_field(default=0)
    """What the referees were given."""

    class Meta:
        table = "partner_day"
        constraints = (
            UniqueConstraint(name="partner_day_once", fields=("partner_id", "day", "channel", "campaign")),
            CheckConstraint(
                name="partner_day_least",
                check="(touchers >= 5 OR (touchers = 0 AND touches = 0 AND unique_touches = 0))"
                " AND (registered >= 5 OR registered = 0) AND (qualified >= 5 OR qualified = 0)"
                " AND (buyers >= 5 OR (buyers = 0 AND orders = 0 AND gross_minor = 0 AND gross_cost = 0))"
                " AND (refunders >= 5 OR (refunders = 0 AND refunds = 0 AND refund_minor = 0 AND refund_cost = 0))"
                " AND (rewarded >= 5 OR (rewarded = 0 AND reward_points = 0))",
            ),
        )


class PartnerPool(Model):
    """What waits until five people stand behind it, of one family, channel and campaign. It is told to nobody."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    partner: fields.ForeignKeyRelation[Partner] = fields.ForeignKeyField(
        "models.Partner", related_name=False, on_delete=fields.RESTRICT
    )
    partner_id: UUID
    figure = fields.CharEnumField(Family, max_length=12, description="")
    channel = fields.CharField(max_length=CELL_MAX)
    campaign = fields.CharField(max_length=CELL_MAX)
    since = fields.DateField()
    """The day from which it has waited."""
    people = fields.JSONField[list[str]]()
    """Who stands behind it, four at most, as hashes that mean nothing elsewhere."""
    number = fields.BigIntField()
    """Touches, members, orders, refunds or rewards."""
    firsts = fields.BigIntField(default=0)
    """Of touches: those that were their device's first of the day."""
    amount = fields.BigIntField(default=0)
    """Of orders and refunds: minor units; of rewards: points."""
    cost = fields.BigIntField(default=0)
    """Of orders and refunds: commission, in ten-thousandths of a minor unit."""

    class Meta:
        table = "partner_pool"
        indexes = (Index(name="partner_pool_since", fields=("since",)),)
        constraints = (
            UniqueConstraint(name="partner_pool_once", fields=("partner_id", "figure", "channel", "campaign")),
            CheckConstraint(name="partner_pool_waits", check="number > 0"),
        )
