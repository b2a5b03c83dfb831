"""The audit log: every write of staff, a partner or a service leaves a line."""

from datetime import datetime
from typing import Any
from uuid import UUID

from models.audit import AuditLog
from models.sql import insert
from rules.actors import Actor, ActorKind

WATCHED = {ActorKind.STAFF, ActorKind.PARTNER, ActorKind.SERVICE}


async def note(
    actor: Actor,
    action: str,
    *,
    member_id: UUID | None = None,
    reason: str | None = None,
    facts: dict[str, Any] | None = None,
    now: datetime,
) -> None:
    """Write down who did what, in the transaction in which it is done. Members' own acts are in the ledger."""
    if actor.kind not in WATCHED:
        return
    row = {
        "at": now,
        "actor_kind": actor.kind.value,
        "actor_id": actor.id,
        "role": actor.role,
        "store_id": actor.store_id,
        "action": action,
        "member_id": member_id,
        "reason": reason,
        "request_id": actor.request_id,
        "facts": facts or {},
    }
    await insert(AuditLog, [row])
