"""The audit log: who of the staff or the services wrote what, where and why."""

from typing import Any

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model
from uuid_utils.compat import uuid7


class AuditLog(Model):
    """One act of staff, a partner or a service. Written once, never changed, without personal data."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    at = fields.DatetimeField()
    actor_kind = fields.CharField(max_length=12)
    actor_id = fields.CharField(max_length=40, null=True)
    role = fields.CharField(max_length=20, null=True)
    store_id = fields.UUIDField(null=True)
    action = fields.CharField(max_length=60)
    member_id = fields.UUIDField(null=True)
    """The member concerned. A plain column, since the log outlives whom it speaks of."""
    reason = fields.CharField(max_length=40, null=True)
    network = fields.CharField(max_length=45, null=True)
    """Where the request came from: the first 24 bits of an IPv4 address, the first 48 of an IPv6 one."""
    request_id = fields.CharField(max_length=64, null=True)
    facts = fields.JSONField[dict[str, Any]]()
    """Ids and numbers of before and after."""

    class Meta:
        table = "audit_log"
        indexes = (
            Index(name="audit_log_member", fields=("member_id", "id")),
            Index(name="audit_log_about", fields=("member_id", "at", "id")),
            Index(name="audit_log_at", fields=("at", "id")),
            Index(name="audit_log_actor", fields=("actor_id", "at", "id")),
            Index(name="audit_log_action", fields=("action", "at", "id")),
            Index(name="audit_log_request", fields=("request_id", "at", "id")),
        )
