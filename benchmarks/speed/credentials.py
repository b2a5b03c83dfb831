"""Credentials: who a bearer token stands for, believed for a second. What the peers of the house share with it."""

import hashlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from models.sql import SQL

BELIEVED_SECONDS = 1.0
KEPT = 10_000
"""How many tokens are remembered."""

TOKEN = SQL(
    "SELECT t.principal_kind, t.principal_id, t.expires_at, t.revoked_at, s.role, s.active FROM token t"
    " LEFT JOIN staff s ON s.id = t.principal_id AND t.principal_kind = 'STAFF'"
    " WHERE t.digest = $1 AND t.use = 'ACCESS'",
    fans_out="a token is found by its digest",
)

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls."""

    kind: str
    id: UUID


class Believed(Generic[Value]):
    """What was found out about some texts within the last second."""

    def __init__(self, find: Callable[[str], Awaitable[Value]]) -> None:
        self._find = find
        self._known: dict[str, tuple[Value, float]] = {}

    async def get(self, text: str) -> Value:
        """What is known of a text, found out anew when that was too long ago."""
        now = time.monotonic()
        known = self._known.get(text)
        if known is not None and known[1] > now:
            return known[0]
        if len(self._known) >= KEPT:
            self._known.clear()
        found = await self._find(text)
        self._known[text] = (found, now + BELIEVED_SECONDS)
        return found


def digest(header: str | None) -> str | None:
    """The key of the token in an Authorization header."""
    if header is None or not header.startswith("Bearer "):
        return None
    return hashlib.sha256(header[7:].encode()).hexdigest()


def caller(row: Any) -> Caller | None:
    """Who a row of tokens stands for now; None for nobody."""
    if row is None or row["revoked_at"] or row["active"] in (False, 0) or _is_over(row["expires_at"]):
        return None
    whose = row["principal_id"]
    return Caller(row["principal_kind"], whose if isinstance(whose, UUID) else UUID(str(whose)))


def _is_over(expires_at: Any) -> bool:
    until = datetime.fromisoformat(expires_at) if isinstance(expires_at, str) else expires_at
    return bool(until <= datetime.now(UTC))  # noqa: TID251  a server of its own
