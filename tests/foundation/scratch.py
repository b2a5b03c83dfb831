"""Models to try the foundation on: boxes, and the things in them."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID, uuid4

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model


class Colour(StrEnum):
    """What a thing looks like."""

    RED = "RED"
    BLUE = "BLUE"


class Box(Model):
    """A box; of a volume; that holds things."""

    id = fields.UUIDField(primary_key=True, default=uuid4)
    volume = fields.BigIntField(default=0)

    class Meta:
        table = "box"
        constraints = (CheckConstraint(name="box_volume_not_negative", check="volume >= 0"),)


class Rule(Model):
    """The one rule there is; its key is given, not generated."""

    one = fields.SmallIntField(primary_key=True, generated=False)

    class Meta:
        table = "rule"


class Thing(Model):
    """What lies in a box."""

    id = fields.UUIDField(primary_key=True, default=uuid4)
    box: fields.ForeignKeyRelation[Box] = fields.ForeignKeyField(
        "scratch.Box", related_name=False, on_delete=fields.RESTRICT
    )
    box_id: UUID
    name = fields.CharField(max_length=8)
    colour = fields.CharEnumField(Colour, max_length=8, default=Colour.RED, description="")
    made_at: datetime = fields.DatetimeField()
    whole = fields.BooleanField(default=True)
    notes = fields.JSONField[dict[str, str]](default=dict)
    weight = fields.IntField(null=True, db_index=True)

    class Meta:
        table = "thing"
        indexes = (Index(name="thing_box_id", fields=("box_id", "id")),)
        constraints = (
            CheckConstraint(name="thing_named", check="name <> ''"),
            UniqueConstraint(name="thing_name", fields=("box_id", "name"), condition="whole"),
        )
