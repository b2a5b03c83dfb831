"""Credentials: who a token or key stands for, and how tokens are issued, exchanged and ended."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from uuid_utils.compat import uuid7

from models.credentials import PrincipalKind, Token, TokenUse
from models.sql import SQL, insert
from models.staff import StaffRole
from rules import audit, keys
from rules.actors import Actor, Principal
from rules.keys import digest
from rules.refusals import Refusal
from rules.transactions import transaction

ACCESS_FOR = timedelta(minutes=30)
REFRESH_FOR = timedelta(days=30)
STAFF_FOR = timedelta(hours=12)
"""A shift. Staff log in anew after it."""


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


@dataclass(frozen=True, slots=True, repr=False)
class Issued:
    """Fresh tokens, told once. Only their hashes are kept."""

    access: str
    access_expires_at: datetime
    refresh: str | None
    principal_kind: PrincipalKind
    principal_id: UUID


TOKEN = SQL(
    "SELECT t.principal_kind, t.principal_id, t.expires_at, t.revoked_at, s.role, s.store_id, s.active"
    " FROM token t LEFT JOIN staff s ON s.id = t.principal_id AND t.principal_kind = 'STAFF'"
    " WHERE t.digest = $1 AND t.use = 'ACCESS'"
)


async def recognise(secret: str, now: datetime) -> Principal | None:
    """Who a bearer token or API key stands for at this moment; None for nobody."""
    if secret.startswith(keys.PREFIX):
        return await keys.recognise(secret, now)
    row = await TOKEN.row(digest(secret))
    if row is None or row["revoked_at"] or row["expires_at"] <= now or row["active"] is False:
        return None
    kind = PrincipalKind(row["principal_kind"])
    role = StaffRole(row["role"]) if row["role"] else None
    return Principal(kind, str(row["principal_id"]), role, row["store_id"])


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
