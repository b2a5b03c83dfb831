"""Webhooks: who is told of events over HTTP, what each of them is to be told, and how every try went.

An endpoint is the programme's, and told of members, or a partner's, and told of that partner's settlements alone.
"""

from enum import StrEnum
from uuid import UUID

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.models import Model
from uuid_utils.compat import uuid7

from models.commissions import PartnerSettlement
from models.ddl import PartialIndex
from models.partners import Partner

ENDPOINTS_MAX = 20
"""How many endpoints the programme may have at once."""

PARTNER_ENDPOINTS_MAX = 5
"""How many each partner may have."""


class EndpointState(StrEnum):
    """Whether an endpoint is told of events."""

    ACTIVE = "ACTIVE"
    DISABLED = "DISABLED"
    DELETED = "DELETED"


class DisabledWhy(StrEnum):
    """Why an endpoint is not told of events."""

    STAFF = "STAFF"
    FAILING = "FAILING"
    GONE = "GONE"


class DeliveryState(StrEnum):
    """What became of a delivery."""

    PENDING = "PENDING"
    DELIVERED = "DELIVERED"
    DEAD = "DEAD"


class Failure(StrEnum):
    """Why a try failed, where it was not the answer's status."""

    ADDRESS_REFUSED = "ADDRESS_REFUSED"
    NAME_UNKNOWN = "NAME_UNKNOWN"
    CONNECTION_FAILED = "CONNECTION_FAILED"
    TLS_FAILED = "TLS_FAILED"
    TIMED_OUT = "TIMED_OUT"
    CONNECTION_LOST = "CONNECTION_LOST"


class PartnerEventKind(StrEnum):
    """What partners are told of."""

    SETTLEMENT_APPROVED = "settlement.approved"
    SETTLEMENT_PAID = "settlement.paid"
    SETTLEMENT_REJECTED = "settlement.rejected"


class PartnerEvent(Model):
    """Something that happened to a settlement of a partner, written in the transaction in which it happened.

    It holds no sums: those of its settlement never change.
    """

    id = fields.UUIDField(primary_key=True, default=uuid7)
    partner: fields.ForeignKeyRelation[Partner] = fields.ForeignKeyField(
        "models.Partner", related_name=False, on_delete=fields.RESTRICT
    )
    partner_id: UUID
    settlement: fields.ForeignKeyRelation[PartnerSettlement] = fields.ForeignKeyField(
        "models.PartnerSettlement", related_name=False, on_delete=fields.RESTRICT
    )
    settlement_id: UUID
    type = fields.CharEnumField(PartnerEventKind, max_length=40, description="")
    created_at = fields.DatetimeField()

    class Meta:
        table = "partner_event"
        indexes = (Index(name="partner_event_told", fields=("partner_id", "id")),)
        constraints = (UniqueConstraint(name="partner_event_once", fields=("settlement_id", "type")),)


class WebhookEndpoint(Model):
    """Where events are told. Its secrets are sealed. A deleted one stays as a line, without them.

    One that a partner deleted goes with what was on its way there.
    """

    id = fields.UUIDField(primary_key=True, default=uuid7)
    partner: fields.ForeignKeyNullableRelation[Partner] = fields.ForeignKeyField(
        "models.Partner", null=True, related_name=False, on_delete=fields.RESTRICT
    )
    partner_id: UUID | None
    """Whose it is, for good. Null where it is the programme's."""
    slot = fields.SmallIntField(null=True)
    """One of the programme's twenty, or of the partner's five, while it is there. Null once it is deleted."""
    url = fields.CharField(max_length=1000)
    description = fields.CharField(max_length=200)
    types = fields.JSONField[list[str] | None](null=True)
    """The events it is told, by the names clients know. Null means all."""
    state = fields.CharEnumField(EndpointState, max_length=8, description="")
    disabled_why = fields.CharEnumField(DisabledWhy, max_length=8, null=True, description="")
    secret = fields.BinaryField(null=True)
    previous_secret = fields.BinaryField(null=True)
    """Signs beside the other one until `previous_until`."""
    previous_until = fields.DatetimeField(null=True)
    active_since = fields.DatetimeField()
    """It is told what happens from this moment on."""
    since_id = fields.UUIDField()
    """Made at that moment. Ids of events from long before it are smaller."""
    failing_since = fields.DatetimeField(null=True)
    """The first failure of a run in which none was long ago. Null while all is well."""
    last_failed_at = fields.DatetimeField(null=True)
    """The last failure of that run. Null of one from before this was kept."""
    last_delivered_at = fields.DatetimeField(null=True)
    """To the minute."""
    created_at = fields.DatetimeField()

    class Meta:
        table = "webhook_endpoint"
        constraints = (
            UniqueConstraint(
                name="webhook_endpoint_slot", fields=("slot",), condition="partner_id IS NULL AND slot IS NOT NULL"
            ),
            UniqueConstraint(name="webhook_endpoint_partner_slot", fields=("partner_id", "slot")),
            CheckConstraint(name="webhook_endpoint_slots", check="slot BETWEEN 1 AND 20"),
            CheckConstraint(name="webhook_endpoint_partner_slots", check="partner_id IS NULL OR slot <= 5"),
            CheckConstraint(
                name="webhook_endpoint_live",
                check="(state = 'DELETED') = (slot IS NULL) AND (state = 'DELETED') = (secret IS NULL)",
            ),
            CheckConstraint(
                name="webhook_endpoint_disabled", check="(state = 'DISABLED') = (disabled_why IS NOT NULL)"
            ),
            CheckConstraint(
                name="webhook_endpoint_overlap", check="(previous_secret IS NULL) = (previous_until IS NULL)"
            ),
        )


class WebhookDelivery(Model):
    """One event on its way to one endpoint. A partner's event has no member, nor has one that is only a test.

    The database itself refuses one to a partner's endpoint that is not of an event of that partner.
    """

    id = fields.UUIDField(primary_key=True, default=uuid7)
    endpoint: fields.ForeignKeyRelation[WebhookEndpoint] = fields.ForeignKeyField(
        "models.WebhookEndpoint", related_name=False, on_delete=fields.RESTRICT
    )
    endpoint_id: UUID
    event_id = fields.UUIDField()
    member_id = fields.UUIDField(null=True)
    type = fields.CharField(max_length=60)
    state = fields.CharEnumField(DeliveryState, max_length=9, description="")
    due_at = fields.DatetimeField()
    """Not before this moment. While a courier has it, the end of the courier's lease."""
    attempts = fields.SmallIntField(default=0)
    fence = fields.IntField(default=0)
    """Counts the leases. A courier whose fence is old has lost the delivery."""
    created_at = fields.DatetimeField()
    finished_at = fields.DatetimeField(null=True)

    class Meta:
        table = "webhook_delivery"
        indexes = (
            PartialIndex(
                name="webhook_delivery_due", fields=("endpoint_id", "due_at"), condition="state = 'PENDING'"
            ),
            Index(name="webhook_delivery_listed", fields=("endpoint_id", "created_at", "id")),
            Index(name="webhook_delivery_finished", fields=("state", "finished_at")),
        )
        constraints = (
            UniqueConstraint(name="webhook_delivery_once", fields=("endpoint_id", "event_id")),
            CheckConstraint(name="webhook_delivery_attempts", check="attempts >= 0 AND fence >= attempts"),
            CheckConstraint(name="webhook_delivery_ended", check="(state = 'PENDING') = (finished_at IS NULL)"),
        )


class WebhookAttempt(Model):
    """One try at a delivery. Of the answer only its status is kept."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    endpoint_id = fields.UUIDField()
    delivery: fields.ForeignKeyRelation[WebhookDelivery] = fields.ForeignKeyField(
        "models.WebhookDelivery", related_name=False, on_delete=fields.RESTRICT
    )
    delivery_id: UUID
    number = fields.IntField()
    """The fence it was made under, so that one lease is one try."""
    at = fields.DatetimeField()
    duration_ms = fields.IntField()
    status = fields.SmallIntField(null=True)
    """What the endpoint answered. Null when it did not."""
    failure = fields.CharEnumField(Failure, max_length=20, null=True, description="")

    class Meta:
        table = "webhook_attempt"
        constraints = (
            UniqueConstraint(name="webhook_attempt_once", fields=("delivery_id", "number")),
            CheckConstraint(name="webhook_attempt_told", check="(status IS NULL) = (failure IS NOT NULL)"),
            CheckConstraint(name="webhook_attempt_took", check="duration_ms >= 0 AND number > 0"),
        )
