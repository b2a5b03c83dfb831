"""Approvals: what one of the staff asks for and another allows."""

from enum import StrEnum
from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model
from uuid_utils.compat import uuid7

from models.members import Member


class ApprovalKind(StrEnum):
    """What is asked for."""

    POINTS_ADJUST = "POINTS_ADJUST"


class ApprovalState(StrEnum):
    """Where a request stands."""

    PENDING = "PENDING"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    WITHDRAWN = "WITHDRAWN"


class Approval(Model):
    """One request, and what became of it. Nobody decides on their own."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    kind = fields.CharEnumField(ApprovalKind, max_length=20, description="")
    state = fields.CharEnumField(ApprovalState, max_length=10, description="")
    member: fields.ForeignKeyRelation[Member] = fields.ForeignKeyField(
        "models.Member", related_name=False, on_delete=fields.RESTRICT
    )
    member_id: UUID
    facts = fields.JSONField[dict[str, Any]]()
    """What would be done: ids and numbers, without personal data."""
    reason = fields.CharField(max_length=40)
    note = fields.BinaryField(null=True)
    """A line for people, sealed with the member's key."""
    requested_by = fields.UUIDField()
    requested_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    """From this moment on a pending request can no longer be approved."""
    decided_by = fields.UUIDField(null=True)
    decided_at = fields.DatetimeField(null=True)
    decision_reason = fields.CharField(max_length=40, null=True)
    transaction_id = fields.UUIDField(null=True)
    """The points transaction an approval led to."""

    class Meta:
        table = "approval"
        indexes = (
            Index(name="approval_state", fields=("state", "id")),
            Index(name="approval_member", fields=("member_id", "id")),
        )
        constraints = (
            CheckConstraint(name="approval_decided", check="(state = 'PENDING') = (decided_at IS NULL)"),
            CheckConstraint(
                name="approval_two_people",
                check="state NOT IN ('APPROVED', 'REJECTED')"
                " OR (decided_by IS NOT NULL AND decided_by <> requested_by)",
            ),
            CheckConstraint(name="approval_done", check="(state = 'APPROVED') = (transaction_id IS NOT NULL)"),
        )
