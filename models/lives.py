"""Lives: how memberships were made one, and what is due for those who are leaving."""

from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model
from uuid_utils.compat import uuid7

from models.ddl import PartialIndex
from models.members import Member, MemberState
from models.units import growth_field


class MemberMerge(Model):
    """One merge of a member into another, with all that is needed to undo it. No personal data."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    member: fields.ForeignKeyRelation[Member] = fields.ForeignKeyField(
        "models.Member", related_name=False, on_delete=fields.RESTRICT
    )
    """Who became somebody else."""
    member_id: UUID
    into_id = fields.UUIDField()
    """Who they became."""
    merged_at = fields.DatetimeField()
    undone_at = fields.DatetimeField(null=True)
    state = fields.CharEnumField(MemberState, max_length=16, description="")
    """The state the member was in before."""
    growth = growth_field()
    """How much growth value went over."""
    stood = fields.JSONField[list[dict[str, Any]]]()
    """Where both stood before, the one they became first."""
    out_id = fields.UUIDField(null=True)
    """The movement that took the points out; null when there was nothing to move."""
    in_id = fields.UUIDField(null=True)
    """The movement that brought them in."""
    identities = fields.JSONField[dict[str, str]]()
    """The identities that went over: the ids they had before, by those they got."""
    filled = fields.JSONField[list[str]]()
    """The parts of the profile that the other had not told, and got."""

    class Meta:
        table = "member_merge"
        indexes = (
            Index(name="member_merge_member", fields=("member_id", "id")),
            Index(name="member_merge_into", fields=("into_id", "id")),
        )
        constraints = (
            UniqueConstraint(name="member_merge_open", fields=("member_id",), condition="undone_at IS NULL"),
            CheckConstraint(name="member_merge_two", check="member_id <> into_id"),
            CheckConstraint(name="member_merge_growth", check="growth >= 0"),
            CheckConstraint(name="member_merge_pair", check="(out_id IS NULL) = (in_id IS NULL)"),
            CheckConstraint(name="member_merge_undone", check="undone_at >= merged_at"),
        )


class MemberLeaving(Model):
    """What is due for a member who left, or asked to be erased. Who comes back has none."""

    member: fields.OneToOneRelation[Member] = fields.OneToOneField(
        "models.Member", related_name=False, on_delete=fields.RESTRICT, primary_key=True
    )
    member_id: UUID
    state = fields.CharEnumField(MemberState, max_length=16, description="")
    """The state the member comes back to."""
    left_at = fields.DatetimeField(null=True)
    """Since when they are out of the programme; null for those who only asked to be erased."""
    forfeits_at = fields.DatetimeField(null=True)
    """When their points are forfeited; null once that is done."""
    erases_at = fields.DatetimeField(null=True)
    """When they are erased; null for those who did not ask for it."""

    class Meta:
        table = "member_leaving"
        indexes = (
            PartialIndex(
                name="member_leaving_forfeit",
                fields=("forfeits_at", "member_id"),
                condition="forfeits_at IS NOT NULL",
            ),
            PartialIndex(
                name="member_leaving_erase", fields=("erases_at", "member_id"), condition="erases_at IS NOT NULL"
            ),
        )
        constraints = (
            CheckConstraint(name="member_leaving_why", check="left_at IS NOT NULL OR erases_at IS NOT NULL"),
            CheckConstraint(name="member_leaving_after", check="forfeits_at IS NULL OR forfeits_at >= left_at"),
        )
