"""Credentials: logins, tokens, keys and codes, of which only hashes are kept, and the counters of wrong tries."""

from enum import StrEnum
from uuid import UUID

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model

from models.partners import Partner
from models.programme import Store


class PrincipalKind(StrEnum):
    """What sort of caller a credential stands for."""

    MEMBER = "MEMBER"
    STAFF = "STAFF"
    PARTNER = "PARTNER"
    SERVICE = "SERVICE"


class KeyScope(StrEnum):
    """One thing a key may do, of all that its kind may."""

    MEMBERS_READ = "members.read"
    MEMBERS_WRITE = "members.write"
    POINTS_READ = "points.read"
    POINTS_WRITE = "points.write"
    PURCHASES_READ = "purchases.read"
    PURCHASES_WRITE = "purchases.write"
    STATISTICS_READ = "statistics.read"
    LINKS_WRITE = "links.write"
    SETTLEMENTS_READ = "settlements.read"
    WEBHOOKS_WRITE = "webhooks.write"


class TokenUse(StrEnum):
    """What a token is good for."""

    ACCESS = "ACCESS"
    REFRESH = "REFRESH"


class Login(Model):
    """One login of a member or of staff: on which device, and since when. All its tokens are its family."""

    id = fields.UUIDField(primary_key=True)
    """The family of its tokens."""
    principal_kind = fields.CharEnumField(PrincipalKind, max_length=8, description="")
    principal_id = fields.UUIDField()
    device = fields.CharField(max_length=80, null=True)
    """What the client calls the device it runs on."""
    created_at = fields.DatetimeField()
    seen_at = fields.DatetimeField()
    """When tokens were last issued for it."""
    proven_until = fields.DatetimeField(null=True)
    """Until when staff who proved themselves anew may do what asks for it."""
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "login"
        indexes = (Index(name="login_principal", fields=("principal_id", "created_at")),)
        constraints = (CheckConstraint(name="login_seen", check="seen_at >= created_at"),)


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
    """When a refresh token was exchanged. A second exchange revokes the family, but for a lost answer."""
    issued_for = fields.CharField(max_length=64, null=True)
    """The refresh token it was exchanged for; null for what a login issued."""
    used_at = fields.DatetimeField(null=True)
    """When an access token from an exchange was first used: from then on, the exchange's answer was not lost."""
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
    scopes = fields.JSONField[list[str] | None](null=True)
    """What it may do, of all that its kind may. Null means all."""
    networks = fields.JSONField[list[str] | None](null=True)
    """From where it may be used, as CIDR blocks. Null means anywhere."""
    holder = fields.CharField(max_length=160, null=True)
    """Whose it is, in one word: of each holder at most two keys live, one in each slot."""
    slot = fields.SmallIntField(null=True)
    """1 or 2 while the key lives; null once it is revoked, and for keys older than slots."""
    revoked_at = fields.DatetimeField(null=True)
    last_used_at = fields.DatetimeField(null=True)
    """To the minute."""
    created_at = fields.DatetimeField()

    class Meta:
        table = "api_key"
        constraints = (
            UniqueConstraint(name="api_key_slot", fields=("holder", "slot")),
            CheckConstraint(name="api_key_slots", check="slot IN (1, 2)"),
            CheckConstraint(
                name="api_key_belongs",
                check="(kind = 'PARTNER' AND partner_id IS NOT NULL AND source IS NULL)"
                " OR (kind = 'SERVICE' AND source IS NOT NULL AND partner_id IS NULL)",
            ),
        )


class MemberCode(Model):
    """A code a member shows at the counter: for a minute, and for one reader."""

    digest = fields.CharField(max_length=64, primary_key=True)
    """A keyed hash: the code is short enough to be guessed from a plain one."""
    member_id = fields.UUIDField()
    expires_at = fields.DatetimeField()
    used_at = fields.DatetimeField(null=True)
    used_by = fields.CharField(max_length=60, null=True)
    """Who read it. The same reader may read it again until it expires, since an answer can be lost."""
    created_at = fields.DatetimeField()

    class Meta:
        table = "member_code"
        indexes = (Index(name="member_code_expires", fields=("expires_at",)),)
        constraints = (CheckConstraint(name="member_code_used", check="(used_at IS NULL) = (used_by IS NULL)"),)


class Attempt(Model):
    """Wrong tries at one thing from one place, lately. A right one forgets them."""

    subject = fields.CharField(max_length=64, primary_key=True)
    """A keyed hash of what is tried and from which network, so that nobody is read from it."""
    failures = fields.IntField()
    last_at = fields.DatetimeField()
    free_at = fields.DatetimeField()
    """Not before this moment is another try looked at."""

    class Meta:
        table = "attempt"
        indexes = (Index(name="attempt_last", fields=("last_at",)),)
        constraints = (CheckConstraint(name="attempt_failures", check="failures > 0"),)


class RateBucket(Model):
    """How much of a principal's allowance is used up, settled between the server's processes."""

    principal = fields.CharField(max_length=80, primary_key=True)
    level = fields.BigIntField()
    """Thousandths of points of cost not yet leaked away at `at`."""
    at = fields.DatetimeField()

    class Meta:
        table = "rate_bucket"
        indexes = (Index(name="rate_bucket_at", fields=("at",)),)
        constraints = (CheckConstraint(name="rate_bucket_level", check="level >= 0"),)
