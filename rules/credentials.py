"""Credentials: who a token or key stands for, and how logins begin, are kept up and end."""

import secrets
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from uuid_utils.compat import uuid7

from models.credentials import Login, PrincipalKind, Token, TokenUse
from models.reading import Row, Rows
from models.sql import SQL, insert
from models.staff import StaffRole
from models.units import is_plain
from rules import audit, keys
from rules.actors import Actor, Principal
from rules.keys import digest
from rules.recognition import Address, Credential, changes
from rules.refusals import NotFound, Refusal
from rules.transactions import transaction

ACCESS_FOR = timedelta(minutes=30)
REFRESH_FOR = timedelta(days=30)
STAFF_FOR = timedelta(hours=12)
"""A shift. Staff log in anew after it."""

NO_GRACE = timedelta(0)

LOGINS_MAX = 20
"""How many logins of a member live; a further one ends the one that was seen least lately."""

DEVICE_MAX = 80


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
    access_for: timedelta
    access_expires_at: datetime
    refresh: str | None
    refresh_expires_at: datetime | None
    login: UUID


def device_name(said: str | None) -> str | None:
    """What a client calls its device, as it is kept: in NFC, of plain characters, cut to 80; None for nothing."""
    text = unicodedata.normalize("NFC", "".join(each for each in (said or "") if is_plain(each)))
    return text.strip()[:DEVICE_MAX].strip() or None


class _Token(Row):
    """A token, and what it stands for today."""

    digest: str
    principal_kind: PrincipalKind
    principal_id: str
    family: UUID
    issued_for: str | None
    used_at: str | None
    expires_at: datetime
    role: StaffRole | None
    store_id: UUID | None
    active: bool | None


TOKEN = Rows(
    _Token,
    "SELECT t.digest, t.principal_kind, t.principal_id::text AS principal_id, t.family, t.issued_for,"
    " t.used_at::text AS used_at, t.expires_at, s.role, s.store_id, s.active FROM token t"
    " LEFT JOIN staff s ON s.id = t.principal_id AND t.principal_kind = 'STAFF'"
    " WHERE t.digest = $1 AND t.use = 'ACCESS' AND t.revoked_at IS NULL",
    combines=True,
)
PROVEN = SQL("SELECT proven_until FROM login WHERE id = $1")


async def recognise(secret: str, now: datetime, address: Address | None = None) -> Principal | None:
    """Who a bearer token or API key stands for at this moment, called from that address; None for nobody."""
    found = await find(secret, now, address)
    return None if found is None else found.principal


async def find(secret: str, now: datetime, address: Address | None = None) -> Credential | None:
    """What a bearer token or API key stands for, if it is good at this moment, called from that address."""
    if secret.startswith(keys.PREFIX):
        return await keys.find(secret, now, address)
    row = await TOKEN.row(digest(secret))
    if row is None or row.expires_at <= now or row.active is False:
        return None
    if row.issued_for and row.used_at is None and not await _arrive(row.digest, now):
        return None
    kind = row.principal_kind
    until = await PROVEN.value(row.family) if kind is PrincipalKind.STAFF else None
    who = Principal(kind, row.principal_id, row.role, row.store_id, login=row.family, proven_until=until)
    return Credential(who, row.expires_at)


USED = SQL("UPDATE token SET used_at = $2 WHERE digest = $1 AND revoked_at IS NULL RETURNING digest")


@transaction
async def _arrive(token: str, now: datetime) -> bool:
    """Mark an exchanged token as one that came into somebody's hands. Says whether it still lives."""
    return await USED.row(token, now) is not None


STANDS = SQL("SELECT state FROM member WHERE id = $1 FOR NO KEY UPDATE")


@transaction
async def log_in(
    kind: PrincipalKind,
    principal_id: UUID,
    *,
    actor: Actor,
    now: datetime,
    device: str | None = None,
    access_for: timedelta | None = None,
) -> Issued:
    """Issue tokens for somebody whose identity was just proven. Members get a refresh token, staff a shift.

    Raises: LoginRefused, when the member was erased meanwhile, or is another one by now.
    """
    # the member is held, as by whatever ends all their logins
    if kind is PrincipalKind.MEMBER and await STANDS.value(principal_id) in (None, "ERASED", "MERGED"):
        raise LoginRefused
    if kind is PrincipalKind.STAFF:
        await audit.note(actor, "staff.login", now=now)
    return await begin(kind, principal_id, device=device, access_for=access_for, now=now)


SURPLUS = SQL(
    "SELECT id FROM login WHERE principal_id = $1 AND ended_at IS NULL ORDER BY seen_at DESC, id DESC"
    " LIMIT 1000 OFFSET $2",
    fans_out="somebody's logins are found by whose they are",
)


async def begin(
    kind: PrincipalKind,
    principal_id: UUID,
    *,
    device: str | None,
    access_for: timedelta | None = None,
    now: datetime,
) -> Issued:
    """A new login and its first tokens."""
    family = uuid7()
    base = {"principal_kind": kind, "principal_id": principal_id, "created_at": now, "seen_at": now}
    await insert(Login, [{**base, "id": family, "device": device_name(device)}])
    issued = await _issue(kind, principal_id, family, now, access_for=access_for)
    if kind is PrincipalKind.MEMBER:
        await _end([row["id"] for row in await SURPLUS.rows(principal_id, LOGINS_MAX)], now)
    return issued


PROVE = SQL("UPDATE login SET proven_until = $2 WHERE id = $1 AND ended_at IS NULL RETURNING id")


async def prove(login: UUID, until: datetime) -> bool:
    """Staff of a login have proved themselves anew, which is good until then. Says whether the login lives."""
    changes()
    return await PROVE.row(login, until) is not None


DEVICE = SQL("SELECT device FROM login WHERE id = $1")


async def device_of(login: UUID) -> str | None:
    """What the client called the device of a login."""
    found: str | None = await DEVICE.value(login)
    return found


REFRESH = SQL(
    "SELECT digest, principal_kind, principal_id, family, expires_at, spent_at, revoked_at FROM token"
    " WHERE digest = $1 AND use = 'REFRESH' FOR UPDATE"
)
FAMILY = SQL("SELECT family FROM token WHERE digest = $1")
LOCK = SQL("SELECT id FROM login WHERE id = $1 FOR UPDATE")
SPEND = SQL("UPDATE token SET spent_at = $2 WHERE digest = $1 RETURNING digest")
SEEN = SQL("UPDATE login SET seen_at = CASE WHEN seen_at < $2 THEN $2 ELSE seen_at END WHERE id = $1 RETURNING id")


@transaction
async def exchange(refresh: str, now: datetime, grace: timedelta = NO_GRACE) -> Issued | None:
    """Fresh tokens for a refresh token, once; None when it is no good.

    A second exchange of the same token means that somebody else has it: the whole login is ended. With a grace it
    means a lost answer, where it comes within that time and nothing of the first answer was used; then that is
    dead, and this lives. When the dead one is used after all, two have the token, and the login ends.
    """
    # the login is locked first, here and where it ends, so that no tokens are issued behind an end's back
    await LOCK.row(await FAMILY.value(digest(refresh)))
    row = await REFRESH.row(digest(refresh))
    if row is None or row["expires_at"] <= now:
        return None
    if row["revoked_at"]:
        await _end([row["family"]], now)
        return None
    if row["spent_at"] is None:
        await SPEND.row(row["digest"], now)
    elif not (grace and now - row["spent_at"] <= grace and await _is_lost(row["family"], row["digest"], now)):
        await _end([row["family"]], now)
        return None
    await SEEN.row(row["family"], now)
    kind, whose = PrincipalKind(row["principal_kind"]), row["principal_id"]
    return await _issue(kind, whose, row["family"], now, issued_for=row["digest"])


UNUSED = SQL(
    "UPDATE token SET revoked_at = $3 WHERE family = $1 AND issued_for = $2 AND revoked_at IS NULL"
    " AND used_at IS NULL AND spent_at IS NULL RETURNING digest",
    fans_out="a login's tokens are found by their family",
)
ARRIVED = SQL(
    "SELECT digest FROM token WHERE family = $1 AND issued_for = $2"
    " AND (used_at IS NOT NULL OR spent_at IS NOT NULL) LIMIT 1",
    fans_out="a login's tokens are found by their family",
)


async def _is_lost(family: UUID, spent: str, now: datetime) -> bool:
    """Whether the answer of an exchange never arrived. What of it was not used is dead from now on."""
    await UNUSED.rows(family, spent, now)
    return await ARRIVED.row(family, spent) is None


@transaction
async def log_out(secret: str, now: datetime) -> bool:
    """End the login a token came of, with all its tokens. Says whether it was live."""
    family = await FAMILY.value(digest(secret))
    return family is not None and await _end([family], now) > 0


THEIRS = SQL("SELECT id FROM login WHERE id = $1 AND principal_id = $2")
LIVING = SQL(
    "SELECT id FROM login WHERE principal_id = $1 AND ended_at IS NULL AND ($2::uuid IS NULL OR id <> $2)"
    " LIMIT 1000",
    fans_out="somebody's logins are found by whose they are",
)


@transaction
async def end(login_id: UUID, *, whose: UUID, now: datetime) -> int:
    """End one of somebody's logins, with all its tokens. How many were live: one, or none.

    Raises: NotFound.
    """
    if await THEIRS.row(login_id, whose) is None:
        raise NotFound
    return await _end([login_id], now)


@transaction
async def end_others(whose: UUID, *, but: UUID | None, now: datetime) -> int:
    """End all of somebody's logins but one. How many were live."""
    return await end_all(whose, now, but=but)


async def end_all(whose: UUID, now: datetime, *, but: UUID | None = None) -> int:
    """End somebody's logins, but for one. How many were live."""
    return await _end([row["id"] for row in await LIVING.rows(whose, but)], now)


DEVICES = SQL(
    "UPDATE login SET device = NULL WHERE principal_id = $1 AND device IS NOT NULL",
    fans_out="somebody's logins are found by whose they are",
)


async def forget(whose: UUID, now: datetime) -> None:
    """End all of somebody's logins, and tell no more on which devices they were."""
    await end_all(whose, now)
    await DEVICES.run(whose)


REVOKE = SQL(
    "UPDATE token SET revoked_at = $2 WHERE family = ANY($1::uuid[]) AND revoked_at IS NULL"
    " RETURNING family, expires_at",
    fans_out="a login's tokens are found by their family",
)
END = SQL(
    "UPDATE login SET ended_at = $2 WHERE id = ANY($1::uuid[]) AND ended_at IS NULL RETURNING id",
    fans_out="several logins end together",
)


async def _end(logins: Sequence[UUID], now: datetime) -> int:
    """End logins with all their tokens. How many had one that was live."""
    if not logins:
        return 0
    changes()
    await END.rows(logins, now)
    revoked = await REVOKE.rows(logins, now)
    return len({row["family"] for row in revoked if row["expires_at"] > now})


async def _issue(
    kind: PrincipalKind,
    principal_id: UUID,
    family: UUID,
    now: datetime,
    *,
    access_for: timedelta | None = None,
    issued_for: str | None = None,
) -> Issued:
    access = f"lya_{secrets.token_urlsafe(32)}"
    refresh = f"lyr_{secrets.token_urlsafe(32)}" if kind is PrincipalKind.MEMBER else None
    lives = access_for or (STAFF_FOR if kind is PrincipalKind.STAFF else ACCESS_FOR)
    until, refresh_until = now + lives, now + REFRESH_FOR if refresh else None
    base = {
        "principal_kind": kind,
        "principal_id": principal_id,
        "family": family,
        "issued_for": issued_for,
        "created_at": now,
    }
    rows = [{**base, "digest": digest(access), "use": TokenUse.ACCESS, "expires_at": until}]
    if refresh:
        rows.append({**base, "digest": digest(refresh), "use": TokenUse.REFRESH, "expires_at": refresh_until})
    await insert(Token, rows)
    return Issued(access, lives, until, refresh, refresh_until, family)
