"""Credentials: tokens and keys, of which only hashes are kept."""

from enum import StrEnum
from uuid import UUID

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model

from models.programme import Store
from models.staff import Partner


class PrincipalKind(StrEnum):
    """What sort of caller a credential stands for."""

    MEMBER = "MEMBER"
    STAFF = "STAFF"
    PARTNER = "PARTNER"
    SERVICE = "SERVICE"


class TokenUse(StrEnum):
    """What a token is good for."""

    ACCESS = "ACCESS"
    REFRESH = "REFRESH"


class Token(Model):
    """An opaque token, kept as its SHA-256."""

    digest = fields.CharField(max_length=64, primary_key=True)
    use = fields.CharEnumField(TokenUse, max_length=8, description="")
    principal_kind = fields.CharEnumField(PrincipalKind, max_length=8, description="")
    principal_id = fields.UUIDField()
    family = fields.UUIDField()
    """One login. Revoking a family ends everything that came of it."""
    expires_at = fields.DatetimeField()
    spent_at = fields.DatetimeField(null=True)
    """When a refresh token was exchanged. A second exchange revokes the family."""
    revoked_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "token"
        indexes = (
            Index(name="token_family", fields=("family",)),
            Index(name="token_expires", fields=("expires_at",)),
        )
        constraints = (
            CheckConstraint(name="token_only_refresh_is_spent", check="use = 'REFRESH' OR spent_at IS NULL"),
        )


class ApiKey(Model):
    """A key of a partner or a service, kept as the SHA-256 of its secret."""

    key_id = fields.CharField(max_length=16, primary_key=True)
    """The public part of the key."""
    digest = fields.CharField(max_length=64)
    kind = fields.CharEnumField(PrincipalKind, max_length=8, description="")
    name = fields.CharField(max_length=80)
    source = fields.CharField(max_length=64, null=True)
    """A service's name for itself. Its orders are unique within it."""
    store: fields.ForeignKeyNullableRelation[Store] = fields.ForeignKeyField(
        "models.Store", related_name=False, on_delete=fields.RESTRICT, null=True
    )
    store_id: UUID | None
    partner: fields.ForeignKeyNullableRelation[Partner] = fields.ForeignKeyField(
        "models.Partner", related_name=False, on_delete=fields.RESTRICT, null=True
    )
    partner_id: UUID | None
    expires_at = fields.DatetimeField(null=True)
    revoked_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "api_key"
        constraints = (
            CheckConstraint(
                name="api_key_belongs",
                check="(kind = 'PARTNER' AND partner_id IS NOT NULL AND source IS NULL)"
                " OR (kind = 'SERVICE' AND source IS NOT NULL AND partner_id IS NULL)",
            ),
        )
