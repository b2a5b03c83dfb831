"""Keys: how partners and services call, with secrets that are told once and kept as hashes."""

import hashlib
import secrets
import zlib
from datetime import datetime
from uuid import UUID

from models.credentials import ApiKey, PrincipalKind
from models.sql import SQL, insert
from rules.actors import Principal
from rules.transactions import transaction

PREFIX = "lyl_"
KEY_PARTS = 5
"""lyl, environment, key id, secret, checksum."""


def digest(secret: str) -> str:
    """The SHA-256 under which a token is kept. It has 256 random bits, so it needs no slow hash."""
    return hashlib.sha256(secret.encode()).hexdigest()


KEY = SQL(
    "SELECT digest, kind, source, store_id, partner_id, expires_at, revoked_at FROM api_key WHERE key_id = $1"
)


async def recognise(secret: str, now: datetime) -> Principal | None:
    """Who an API key stands for at this moment; None for nobody."""
    parts = secret.split("_")
    if len(parts) != KEY_PARTS or parts[4] != _checksum("_".join(parts[:4])):
        return None
    row = await KEY.row(parts[2])
    if row is None or not secrets.compare_digest(row["digest"], digest(secret)):
        return None
    if row["revoked_at"] or (row["expires_at"] and row["expires_at"] <= now):
        return None
    kind = PrincipalKind(row["kind"])
    who = str(row["partner_id"]) if kind is PrincipalKind.PARTNER else parts[2]
    return Principal(kind, who, None, row["store_id"], row["source"])


@transaction
async def issue(
    kind: PrincipalKind,
    *,
    name: str,
    environment: str,
    source: str | None = None,
    store_id: UUID | None = None,
    partner_id: UUID | None = None,
    expires_at: datetime | None = None,
    now: datetime,
) -> str:
    """A new API key of a partner or a service, told once: `lyl_<env>_<id>_<secret>_<checksum>`."""
    key_id = secrets.token_hex(8)
    told = f"lyl_{environment}_{key_id}_{secrets.token_hex(24)}"
    told = f"{told}_{_checksum(told)}"
    row = {
        "key_id": key_id,
        "digest": digest(told),
        "kind": kind,
        "name": name,
        "source": source,
        "store_id": store_id,
        "partner_id": partner_id,
        "expires_at": expires_at,
        "created_at": now,
    }
    await insert(ApiKey, [row])
    return told


REVOKE = SQL("UPDATE api_key SET revoked_at = $2 WHERE key_id = $1 AND revoked_at IS NULL RETURNING key_id")


@transaction
async def revoke(key_id: str, *, now: datetime) -> bool:
    """End an API key at once. Says whether there was a live one."""
    return await REVOKE.row(key_id, now) is not None


def _checksum(text: str) -> str:
    """Tells a mistyped key from a wrong one without asking the database."""
    return f"{zlib.crc32(text.encode()):08x}"
