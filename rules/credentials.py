"""Credentials: who a token or key stands for, and how tokens are issued, exchanged and ended."""

import hashlib
import secrets
import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from uuid_utils.compat import uuid7

from models.credentials import ApiKey, PrincipalKind, Token, TokenUse
from models.sql import SQL, insert
from models.staff import StaffRole
from rules import audit
from rules.actors import Actor
from rules.refusals import Refusal
from rules.transactions import transaction

ACCESS_FOR = timedelta(minutes=30)
REFRESH_FOR = timedelta(days=30)
STAFF_FOR = timedelta(hours=12)
"""A shift. Staff log in anew after it."""

KEY_PARTS = 5
"""lyl, environment, key id, secret, checksum."""


@dataclass(eq=False)
class LoginRefused(Refusal):
    """This login did not succeed."""

    zh = "登录失败。"


@dataclass(eq=False)
class WechatUnavailable(Refusal):
    """WeChat cannot be reached just now."""

    zh = "暂时无法连接微信。"
    retryable = True


@dataclass(eq=False)
class TokenInvalid(Refusal):
    """This token is unknown, spent or expired."""

    zh = "令牌无效、已使用或已过期。"


@dataclass(frozen=True, slots=True)
class Principal:
    """Who calls: a member, staff, a partner or a service."""

    kind: PrincipalKind
    id: str
    role: StaffRole | None = None
    store_id: UUID | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Issued:
    """Fresh tokens, told once. Only their hashes are kept."""

    access: str
    access_expires_at: datetime
    refresh: str | None
    principal_kind: PrincipalKind
    principal_id: UUID


def digest(secret: str) -> str:
    """The SHA-256 under which a token is kept. It has 256 random bits, so it needs no slow hash."""
    return hashlib.sha256(secret.encode()).hexdigest()


TOKEN = SQL(
    "SELECT t.principal_kind, t.principal_id, t.expires_at, t.revoked_at, s.role, s.store_id, s.active"
    " FROM token t LEFT JOIN staff s ON s.id = t.principal_id AND t.principal_kind = 'STAFF'"
    " WHERE t.digest = $1 AND t.use = 'ACCESS'"
)
KEY = SQL(
    "SELECT digest, kind, source, store_id, partner_id, expires_at, revoked_at FROM api_key WHERE key_id = $1"
)


async def recognise(secret: str, now: datetime) -> Principal | None:
    """Who a bearer token or API key stands for at this moment; None for nobody."""
    if secret.startswith("lyl_"):
        return await _by_key(secret, now)
    row = await TOKEN.row(digest(secret))
    if row is None or row["revoked_at"] or row["expires_at"] <= now or row["active"] is False:
        return None
    kind = PrincipalKind(row["principal_kind"])
    role = StaffRole(row["role"]) if row["role"] else None
    return Principal(kind, str(row["principal_id"]), role, row["store_id"])


async def _by_key(secret: str, now: datetime) -> Principal | None:
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
async def log_in(
    kind: PrincipalKind,
    principal_id: UUID,
    *,
    actor: Actor,
    now: datetime,
    access_for: timedelta | None = None,
) -> Issued:
    """Issue tokens for somebody whose identity was just proven. Members get a refresh token, staff a shift."""
    if kind is PrincipalKind.STAFF:
        await audit.note(actor, "staff.login", now=now)
    return await _issue(kind, principal_id, uuid7(), now, access_for)


@transaction
async def issue_key(
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


REVOKE_KEY = SQL("UPDATE api_key SET revoked_at = $2 WHERE key_id = $1 AND revoked_at IS NULL RETURNING key_id")


@transaction
async def revoke_key(key_id: str, *, now: datetime) -> bool:
    """End an API key at once. Says whether there was a live one."""
    return await REVOKE_KEY.row(key_id, now) is not None


REFRESH = SQL(
    "SELECT digest, principal_kind, principal_id, family, expires_at, spent_at, revoked_at FROM token"
    " WHERE digest = $1 AND use = 'REFRESH' FOR UPDATE"
)
SPEND = SQL("UPDATE token SET spent_at = $2 WHERE digest = $1 AND spent_at IS NULL RETURNING digest")
REVOKE = SQL(
    "UPDATE token SET revoked_at = $2 WHERE family = $1 AND revoked_at IS NULL RETURNING digest",
    fans_out="a login's tokens are found by their family",
)


@transaction
async def exchange(refresh: str, now: datetime) -> Issued | None:
    """Fresh tokens for a refresh token, once; None when it is no good.

    A second exchange of the same token means that somebody else has it: the whole login is ended.
    """
    row = await REFRESH.row(digest(refresh))
    if row is None or row["revoked_at"] or row["expires_at"] <= now:
        return None
    if row["spent_at"] or await SPEND.row(row["digest"], now) is None:
        await REVOKE.rows(row["family"], now)
        return None
    return await _issue(PrincipalKind(row["principal_kind"]), row["principal_id"], row["family"], now)


FAMILY = SQL("SELECT family FROM token WHERE digest = $1")


@transaction
async def log_out(secret: str, now: datetime) -> bool:
    """End the login a token came of, with all its tokens. Says whether there was one."""
    family = await FAMILY.value(digest(secret))
    return family is not None and bool(await REVOKE.rows(family, now))


async def _issue(
    kind: PrincipalKind, principal_id: UUID, family: UUID, now: datetime, access_for: timedelta | None = None
) -> Issued:
    access = f"lya_{secrets.token_urlsafe(32)}"
    refresh = f"lyr_{secrets.token_urlsafe(32)}" if kind is PrincipalKind.MEMBER else None
    expires_at = now + (access_for or (STAFF_FOR if kind is PrincipalKind.STAFF else ACCESS_FOR))
    base = {"principal_kind": kind, "principal_id": principal_id, "family": family, "created_at": now}
    rows = [{**base, "digest": digest(access), "use": TokenUse.ACCESS, "expires_at": expires_at}]
    if refresh:
        until = now + REFRESH_FOR
        rows.append({**base, "digest": digest(refresh), "use": TokenUse.REFRESH, "expires_at": until})
    await insert(Token, rows)
    return Issued(access, expires_at, refresh, kind, principal_id)


def _checksum(text: str) -> str:
    """Tells a mistyped key from a wrong one without asking the database."""
    return f"{zlib.crc32(text.encode()):08x}"
