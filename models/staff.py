"""Staff and partners: who works with the programme without being a member of it."""

from enum import StrEnum
from uuid import UUID, uuid4

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model

from models.programme import Store


class StaffRole(StrEnum):
    """What a member of staff may do."""

    OWNER = "OWNER"
    ADMIN = "ADMIN"
    OPERATOR = "OPERATOR"
    CS = "CS"
    CASHIER = "CASHIER"
    COMMUNITY_MANAGER = "COMMUNITY_MANAGER"
    ANALYST = "ANALYST"


class Staff(Model):
    """A person who works for the programme."""

    id = fields.UUIDField(primary_key=True, default=uuid4)
    username = fields.CharField(max_length=64, unique=True)
    password_hash = fields.CharField(max_length=200)
    role = fields.CharEnumField(StaffRole, max_length=20, description="")
    store: fields.ForeignKeyNullableRelation[Store] = fields.ForeignKeyField(
        "models.Store", related_name=False, on_delete=fields.RESTRICT, null=True
    )
    store_id: UUID | None
    active = fields.BooleanField(default=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "staff"
        constraints = (
            CheckConstraint(name="staff_cashier_has_store", check="role <> 'CASHIER' OR store_id IS NOT NULL"),
        )


class Partner(Model):
    """An organisation that brings members and reads its own statistics."""

    id = fields.UUIDField(primary_key=True, default=uuid4)
    name = fields.CharField(max_length=80, unique=True)

    class Meta:
        table = "partner"
