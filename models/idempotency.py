"""Idempotency keys: what a request was answered, so that a retry gets the same answer."""

from typing import Any

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import UniqueConstraint
from tortoise.models import Model
from uuid_utils.compat import uuid7


class IdempotencyKey(Model):
    """One answered request, stored in the transaction that did what it asked."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    owner_id = fields.UUIDField()
    """The member whose value moved."""
    principal = fields.CharField(max_length=60)
    key = fields.CharField(max_length=128)
    operation = fields.CharField(max_length=60)
    fingerprint = fields.CharField(max_length=64)
    """SHA-256 of the input, to tell a retry from another request under the same key."""
    response = fields.JSONField[Any]()
    created_at = fields.DatetimeField()

    class Meta:
        table = "idempotency_key"
        indexes = (Index(name="idempotency_key_created", fields=("created_at",)),)
        constraints = (UniqueConstraint(name="idempotency_key_once", fields=("owner_id", "principal", "key")),)
