"""Credentials: who a bearer token stands for, believed for a second. What the peers of the house share with it."""

import hashlib
import hmac
import time
import zlib
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

KEY = SQL(
    "SELECT k.digest, k.kind AS principal_kind, k.partner_id AS principal_id, k.expires_at,"
    " COALESCE(k.revoked_at, p.disabled_at) AS revoked_at, TRUE AS active FROM api_key k"
    " LEFT JOIN partner p ON p.id = k.partner_id WHERE k.key_id = $1"
)
KEYS, KEY_PARTS = "lyl_", 5

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


def credential(header: str | None) -> str | None:
    """The digest of the token in an Authorization header, or the API key that is there."""
    if header is None or not header.startswith("Bearer "):
        return None
    secret = header[7:]
    return secret if secret.startswith(KEYS) else digest(secret)


def digest(secret: str) -> str:
    """Under what a token or key is kept."""
    return hashlib.sha256(secret.encode()).hexdigest()


def key_id(secret: str) -> str | None:
    """The id in an API key; None where it was mistyped."""
    parts = secret.split("_")
    if len(parts) != KEY_PARTS or parts[4] != f"{zlib.crc32('_'.join(parts[:4]).encode()):08x}":
        return None
    return parts[2]


def key_holder(secret: str, row: Any) -> Caller | None:
    """Who a row of API keys stands for now; None for nobody."""
    return caller(row) if row is not None and hmac.compare_digest(row["digest"], digest(secret)) else None


def caller(row: Any) -> Caller | None:
    """Who a row of tokens stands for now; None for nobody."""
    if row is None or row["revoked_at"] or row["active"] in (False, 0) or _is_over(row["expires_at"]):
        return None
    whose = row["principal_id"]
    return Caller(row["principal_kind"], whose if isinstance(whose, UUID) else UUID(str(whose)))


def _is_over(expires_at: Any) -> bool:
    if expires_at is None:
        return False
    until = datetime.fromisoformat(expires_at) if isinstance(expires_at, str) else expires_at
    return bool(until <= datetime.now(UTC))  # noqa: TID251  a server of its own
