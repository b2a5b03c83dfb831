"""Staff and partners: who works with the programme without being a member of it."""

from enum import StrEnum
from uuid import UUID, uuid4

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model

from models.ddl import PartialIndex
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
    """Argon2id. Empty until the account is activated, and then nothing matches it."""
    role = fields.CharEnumField(StaffRole, max_length=20, description="")
    store: fields.ForeignKeyNullableRelation[Store] = fields.ForeignKeyField(
        "models.Store", related_name=False, on_delete=fields.RESTRICT, null=True
    )
    store_id: UUID | None
    active = fields.BooleanField(default=True)
    totp_sealed = fields.BinaryField(null=True)
    """The secret of the second factor, sealed with a key of the house. Null while there is none."""
    totp_step = fields.BigIntField(null=True)
    """The time step of the last code that was taken: no code is good twice."""
    as_member_id = fields.UUIDField(null=True)
    """Who they are as a member, where that was told: they bind nobody for themselves."""
    created_at = fields.DatetimeField()

    class Meta:
        table = "staff"
        indexes = (
            PartialIndex(name="staff_member", fields=("as_member_id",), condition="as_member_id IS NOT NULL"),
        )
        constraints = (
            CheckConstraint(name="staff_cashier_has_store", check="role <> 'CASHIER' OR store_id IS NOT NULL"),
        )


class StaffInvitation(Model):
    """A one-time link by which a person activates their account, or sets it up anew."""

    digest = fields.CharField(max_length=64, primary_key=True)
    staff: fields.ForeignKeyRelation[Staff] = fields.ForeignKeyField(
        "models.Staff", related_name=False, on_delete=fields.RESTRICT
    )
    staff_id: UUID
    expires_at = fields.DatetimeField()
    used_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "staff_invitation"
        indexes = (Index(name="staff_invitation_staff", fields=("staff_id",)),)
