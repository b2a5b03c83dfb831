"""Partners: the organisations that bring members."""

from uuid import uuid4

from tortoise import fields
from tortoise.models import Model


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
