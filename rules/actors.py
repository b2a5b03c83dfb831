"""Actors: on whose behalf a command runs."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from models.staff import StaffRole


class ActorKind(StrEnum):
    """What sort of actor."""

    SYSTEM = "SYSTEM"
    MEMBER = "MEMBER"
    STAFF = "STAFF"
    PARTNER = "PARTNER"
    SERVICE = "SERVICE"
    NOBODY = "NOBODY"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, where, and in which request. Goes into the ledger, the keys and the audit log."""

    kind: ActorKind
    id: str | None = None
    role: StaffRole | None = None
    store_id: UUID | None = None
    source: str | None = None
    request_id: str | None = None

    @property
    def principal(self) -> str:
        """The actor in one word, as idempotency keys name it."""
        return f"{self.kind}:{self.id or ''}"


SYSTEM = Actor(ActorKind.SYSTEM)
"""The programme itself: jobs, imports and the command line."""
