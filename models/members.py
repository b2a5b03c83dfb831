"""Members: who they are, what state they are in, and how they are recognised."""

from enum import StrEnum
from uuid import UUID, uuid4

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model
from uuid_utils.compat import uuid7


class MemberState(StrEnum):
    """Where a membership stands."""

    PENDING = "PENDING"
    ACTIVE = "ACTIVE"
    FROZEN = "FROZEN"
    OPTED_OUT = "OPTED_OUT"
    MERGED = "MERGED"
    ERASURE_PENDING = "ERASURE_PENDING"
    ERASED = "ERASED"


class IdentityKind(StrEnum):
    """What kind of name a member is known by outside the programme."""

    WECHAT_OPENID = "WECHAT_OPENID"
    WECHAT_UNIONID = "WECHAT_UNIONID"
    PHONE = "PHONE"
    CARD = "CARD"
    EXTERNAL = "EXTERNAL"


class Member(Model):
    """A person in the programme. The row is the lock of everything the member owns."""

    id = fields.UUIDField(primary_key=True, default=uuid4)
    state = fields.CharEnumField(MemberState, max_length=16, description="")
    event_seq = fields.BigIntField(default=0)
    """How many events of this member the outbox has seen."""
    profile = fields.BinaryField(null=True)
    """The profile (display name, avatar, birthday) as JSON, sealed with the member's key."""
    merged_into_id = fields.UUIDField(null=True)
    """Who a merged member is now."""
    has_absorbed = fields.BooleanField(null=True)
    """Whether others were ever merged into this one, so that whoever asks for a person's sums looks for them."""
    joined_at = fields.DatetimeField(null=True)
    """When the member became active for the first time."""
    created_at = fields.DatetimeField()

    class Meta:
        table = "member"
        indexes = (
            Index(name="member_created", fields=("created_at", "id")),
            Index(name="member_state", fields=("state", "created_at", "id")),
            Index(name="member_merged_into", fields=("merged_into_id",)),
        )
        constraints = (
            CheckConstraint(name="member_event_seq", check="event_seq >= 0"),
            CheckConstraint(name="member_merged", check="(state = 'MERGED') = (merged_into_id IS NOT NULL)"),
            CheckConstraint(name="member_active_has_joined", check="state <> 'ACTIVE' OR joined_at IS NOT NULL"),
        )


class MemberKey(Model):
    """A wrapped key from before there was a key store, until `migrate` has moved it there. Empty ever after."""

    member: fields.OneToOneRelation[Member] = fields.OneToOneField(
        "models.Member", related_name=False, on_delete=fields.RESTRICT, primary_key=True
    )
    member_id: UUID
    wrapped = fields.BinaryField()

    class Meta:
        table = "member_key"


class MemberIdentity(Model):
    """One identity of a member: sealed value, mask to show, and the hash it is found by."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    member: fields.ForeignKeyRelation[Member] = fields.ForeignKeyField(
        "models.Member", related_name=False, on_delete=fields.RESTRICT
    )
    member_id: UUID
    kind = fields.CharEnumField(IdentityKind, max_length=16, description="")
    namespace = fields.CharField(max_length=64)
    """The app id of an openid, the open-platform account of a unionid, the system of an external id."""
    value_hash = fields.CharField(max_length=64)
    sealed = fields.BinaryField()
    mask = fields.CharField(max_length=80)
    verified = fields.BooleanField()
    created_at = fields.DatetimeField()

    class Meta:
        table = "member_identity"
        indexes = (Index(name="member_identity_member", fields=("member_id", "id")),)
        constraints = (UniqueConstraint(name="member_identity_once", fields=("member_id", "value_hash")),)


class IdentityKey(Model):
    """Whose an identity is: a keyed hash of kind, namespace and value, unique across members."""

    value_hash = fields.CharField(max_length=64, primary_key=True)
    member_id = fields.UUIDField()
    created_at = fields.DatetimeField()

    class Meta:
        table = "identity_key"
        indexes = (Index(name="identity_key_member", fields=("member_id",)),)
