"""Actors: who calls, and on whose behalf a command runs."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from models.credentials import PrincipalKind
from models.staff import StaffRole


class ActorKind(StrEnum):
    """What sort of actor."""

    SYSTEM = "SYSTEM"
    MEMBER = "MEMBER"
    STAFF = "STAFF"
    PARTNER = "PARTNER"
    SERVICE = "SERVICE"
    NOBODY = "NOBODY"


class Actor(NamedTuple):
    """Who acts, where, and in which request. Goes into the ledger, the keys and the audit log."""

    kind: ActorKind
    id: str | None = None
    role: StaffRole | None = None
    store_id: UUID | None = None
    source: str | None = None
    network: str | None = None
    """Where the request came from, cut short: the first 24 bits of an IPv4 address, the first 48 of an IPv6 one."""
    request_id: str | None = None
    proven_until: datetime | None = None
    """Until when staff have proved themselves anew; None when they have not."""

    @property
    def principal(self) -> str:
        """The actor in one word, as idempotency keys name it."""
        return f"{self.kind}:{self.id or ''}"


_ACTORS = {kind: ActorKind(kind.value) for kind in PrincipalKind}


@dataclass(frozen=True, slots=True)
class Principal:
    """Who calls, as their credential says: a member, staff, a partner or a service."""

    kind: PrincipalKind
    id: str
    role: StaffRole | None = None
    store_id: UUID | None = None
    source: str | None = None
    scopes: frozenset[str] | None = None
    """What a key may do, of all that its kind may, with what that includes; None means all."""
    login: UUID | None = None
    """The login the token came of; None for keys."""
    proven_until: datetime | None = None
    """Until when staff have proved themselves anew; None when they have not."""

    def acting(self, *, network: str | None = None, request_id: str | None = None) -> Actor:
        """The caller, as the rules know them."""
        return Actor(
            _ACTORS[self.kind],
            self.id,
            self.role,
            self.store_id,
            self.source,
            network,
            request_id,
            self.proven_until,
        )


SYSTEM = Actor(ActorKind.SYSTEM)
"""The programme itself: jobs and imports."""

CLI = Actor(ActorKind.SYSTEM, "CLI")
"""Whoever sits at the command line. What they change about access is in the audit log."""
