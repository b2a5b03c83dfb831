"""The books of finance: what moved each day, what became of the points of each month, and what expires when.

They are counted from the ledger and never the other way round: whatever is in them can be made anew from it.
"""

from enum import StrEnum
from uuid import UUID

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model
from uuid_utils.compat import uuid7

from models.units import points_field

KIND_MAX = 24
REPAID = "REPAID"
"""In place of a kind: points that repaid a debt within the movement that brought them."""


class Term(StrEnum):
    """How long open points live, as seen from the end of a day."""

    EXPIRED = "EXPIRED"
    """Worth nothing any more, and not yet written off."""
    DAYS_7 = "DAYS_7"
    DAYS_30 = "DAYS_30"
    """More than 7 days, and 30 at most."""
    DAYS_90 = "DAYS_90"
    """More than 30 days, and 90 at most."""
    LATER = "LATER"
    NEVER = "NEVER"
    WAITING = "WAITING"
    """Not spendable yet."""


class PointsBooks(Model):
    """How far the ledger has been counted."""

    one = fields.SmallIntField(primary_key=True, generated=False)
    turn = fields.BigIntField(default=0)
    """How often anything was entered; guards against two who count at once."""
    counted_id = fields.UUIDField(default=UUID(int=0))
    """The last movement that was counted. They are counted in the order of their ids, that is, as they came."""
    counted_at = fields.DatetimeField(null=True)
    closed_day = fields.DateField(null=True)
    """The last closed day. What comes late is booked on the day after it, or later."""

    class Meta:
        table = "points_books"
        constraints = (
            CheckConstraint(name="points_books_are_one", check="one = 1"),
            CheckConstraint(name="points_books_turn", check="turn >= 0"),
        )


class PointsDay(Model):
    """What the movements of one kind came to on one day of the programme. Never changed once the day is closed."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    day = fields.DateField()
    kind = fields.CharField(max_length=KIND_MAX)
    movements = fields.BigIntField()
    points = points_field()
    """What they did to the members' worth: balances up or down, debt counted against them."""
    open_points = points_field()
    """What they did to the lots: the same but for what became debt or repaid it."""
    lost = points_field(null=True)
    """What claw-backs should have taken besides, and left to the programme. Null: nothing."""

    class Meta:
        table = "points_day"
        indexes = (Index(name="points_day_day", fields=("day",)),)
        constraints = (
            UniqueConstraint(name="points_day_once", fields=("kind", "day")),
            CheckConstraint(name="points_day_moves", check="movements > 0"),
        )


class PointsCohort(Model):
    """What was done in one month to the points that came in one month, by the kind of movement."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    booked = fields.DateField()
    """The first day of the month in which it was booked."""
    cohort = fields.DateField()
    """The first day of the month in which the points came."""
    kind = fields.CharField(max_length=KIND_MAX)
    """A kind of movement, or `REPAID`."""
    points = points_field()

    class Meta:
        table = "points_cohort"
        indexes = (Index(name="points_cohort_booked", fields=("booked",)),)
        constraints = (UniqueConstraint(name="points_cohort_once", fields=("kind", "cohort", "booked")),)


class PointsClosing(Model):
    """A closed day, and where the programme stood at its end."""

    day = fields.DateField(primary_key=True)
    ends_at = fields.DatetimeField()
    """The midnight that ends the day, in the programme's zone."""
    counted_id = fields.UUIDField()
    """The last movement that was counted when the day was closed."""
    points = points_field()
    """The members' worth at the end of the day."""
    open_points = points_field()
    """What the lots held at the end of the day."""
    closed_at = fields.DatetimeField()

    class Meta:
        table = "points_closing"
        indexes = (Index(name="points_closing_ends", fields=("ends_at",)),)


class PointsOutlook(Model):
    """How many points of a cohort were open when a day was closed, by how long they live."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    day = fields.DateField()
    cohort = fields.DateField()
    term = fields.CharEnumField(Term, max_length=12, description="")
    points = points_field()

    class Meta:
        table = "points_outlook"
        indexes = (Index(name="points_outlook_day", fields=("day",)),)
        constraints = (
            UniqueConstraint(name="points_outlook_once", fields=("term", "cohort", "day")),
            CheckConstraint(name="points_outlook_open", check="points > 0"),
        )
