"""The audit log: every write of staff, a partner or a service leaves a line."""

from datetime import datetime
from typing import Any
from uuid import UUID

from models.audit import AuditLog
from models.sql import insert
from rules.actors import Actor, ActorKind
from rules.transactions import transaction

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
        "network": actor.network,
        "request_id": actor.request_id,
        "facts": facts or {},
    }
    await insert(AuditLog, [row])


@transaction
async def exported(what: str, rows: int, *, now: datetime) -> None:
    """Write down that data left the house, and how much of it."""
    row = {
        "at": now,
        "actor_kind": ActorKind.SYSTEM.value,
        "actor_id": None,
        "role": None,
        "store_id": None,
        "action": what,
        "member_id": None,
        "reason": None,
        "network": None,
        "request_id": None,
        "facts": {"rows": rows},
    }
    await insert(AuditLog, [row])
