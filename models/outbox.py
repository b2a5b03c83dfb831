"""The outbox: what happened, written in the transaction in which it happened."""

from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model
from uuid_utils.compat import uuid7

from models.ddl import PartialIndex
from models.members import Member

BUCKETS = 16
"""How many readers may share the outbox at most."""


class OutboxEvent(Model):
    """One event of one member, numbered without gaps. Holds no personal data."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    member: fields.ForeignKeyRelation[Member] = fields.ForeignKeyField(
        "models.Member", related_name=False, on_delete=fields.RESTRICT
    )
    member_id: UUID
    seq = fields.BigIntField()
    transaction_id = fields.UUIDField(null=True)
    """The points transaction that caused it, if one did."""
    bucket = fields.SmallIntField()
    type = fields.CharField(max_length=60)
    body = fields.JSONField[dict[str, Any]]()
    created_at = fields.DatetimeField()
    told_at = fields.DatetimeField(null=True)
    """When it was put on its way to those who are told over HTTP. Null where nobody has looked yet."""

    class Meta:
        table = "outbox_event"
        indexes = (PartialIndex(name="outbox_event_untold", fields=("id",), condition="told_at IS NULL"),)
        constraints = (
            UniqueConstraint(name="outbox_event_seq", fields=("member_id", "seq")),
            CheckConstraint(name="outbox_event_bucket_range", check="bucket BETWEEN 0 AND 15"),
        )
