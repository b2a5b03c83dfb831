"""Keys: how partners and services call, with secrets that are told once and kept as hashes."""

import hashlib
import secrets
import zlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_network
from typing import Any
from uuid import UUID

from models.credentials import ApiKey, KeyScope, PrincipalKind
from models.sql import SQL, insert
from models.units import is_plain
from rules import audit
from rules.actors import Actor, Principal
from rules.recognition import Address, Credential, changes, within
from rules.refusals import NotFound, Refusal
from rules.transactions import transaction

PREFIX = "lyl_"
KEY_PARTS = 5
"""lyl, environment, key id, secret, checksum."""

SLOTS = (1, 2)
"""One key in use, and one that takes its place."""

NAME_MAX, SOURCE_MAX, NETWORKS_MAX = 80, 64, 20
OVERLAP_MAX = timedelta(days=90)

SCOPES: dict[PrincipalKind, frozenset[KeyScope]] = {
    PrincipalKind.SERVICE: frozenset(
        {
            KeyScope.MEMBERS_READ,
            KeyScope.MEMBERS_WRITE,
            KeyScope.POINTS_READ,
            KeyScope.POINTS_WRITE,
            KeyScope.PURCHASES_READ,
            KeyScope.PURCHASES_WRITE,
        }
    ),
    PrincipalKind.PARTNER: frozenset(
        {KeyScope.STATISTICS_READ, KeyScope.LINKS_WRITE, KeyScope.SETTLEMENTS_READ, KeyScope.WEBHOOKS_WRITE}
    ),
}
"""What a key of each kind may be kept to."""

INCLUDED = {
    KeyScope.MEMBERS_WRITE: KeyScope.MEMBERS_READ,
    KeyScope.POINTS_WRITE: KeyScope.POINTS_READ,
    KeyScope.PURCHASES_WRITE: KeyScope.PURCHASES_READ,
    KeyScope.WEBHOOKS_WRITE: KeyScope.SETTLEMENTS_READ,
}
"""Whoever may write may read what was written; whoever says where settlements are told may read them."""


@dataclass(eq=False)
class KeyLimit(Refusal):
    """Two keys of this holder live already; revoke one of them first."""

    zh = "该持有方已有两个有效密钥，请先吊销其中一个。"


@dataclass(eq=False)
class KeyInvalid(Refusal):
    """A key cannot be issued like this."""

    zh = "无法按此要求签发密钥。"
    why: str


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose a key is: a partner's, or a service's that goes by a source and perhaps sells in one store."""

    kind: PrincipalKind
    source: str | None = None
    store_id: UUID | None = None
    partner_id: UUID | None = None

    @classmethod
    def service(cls, source: str, store_id: UUID | None = None) -> "Holder":
        """A shop's back end or point of sale."""
        return cls(PrincipalKind.SERVICE, source, store_id)

    @classmethod
    def partner(cls, partner_id: UUID) -> "Holder":
        """A partner organisation."""
        return cls(PrincipalKind.PARTNER, partner_id=partner_id)

    @property
    def word(self) -> str:
        """The holder in one word: the store goes first, since a source may hold any letter."""
        return f"{self.kind}:{self.partner_id or self.store_id or ''}:{self.source or ''}"


@dataclass(frozen=True, slots=True)
class Bounds:
    """What narrows a key. None narrows nothing."""

    scopes: Collection[str] | None = None
    networks: Sequence[str] | None = None
    expires_at: datetime | None = None


ANYTHING = Bounds()


@dataclass(frozen=True, slots=True, repr=False)
class IssuedKey:
    """A fresh key: `lyl_<env>_<id>_<secret>_<checksum>`, told once. Only its hash is kept."""

    key_id: str
    secret: str


def digest(secret: str) -> str:
    """The SHA-256 under which a token is kept. It has 256 random bits, so it needs no slow hash."""
    return hashlib.sha256(secret.encode()).hexdigest()


def check_bounds(kind: PrincipalKind, bounds: Bounds, *, now: datetime) -> Bounds:
    """The bounds as they are kept: scopes in order, networks in their usual form.

    Raises: KeyInvalid.
    """
    scopes = bounds.scopes
    if scopes is not None:
        known = sorted(SCOPES.get(kind, ()))
        if not scopes or not set(scopes) <= set(known):
            raise KeyInvalid(f"The scopes of a key of this kind are {', '.join(known)}.")
        scopes = tuple(sorted(set(scopes)))
    if bounds.expires_at is not None and bounds.expires_at <= now:
        raise KeyInvalid("It would have expired already.")
    return Bounds(scopes, _networks(bounds.networks), bounds.expires_at)


def _networks(told: Sequence[str] | None) -> tuple[str, ...] | None:
    if told is None:
        return None
    if not 0 < len(told) <= NETWORKS_MAX:
        raise KeyInvalid(f"A key has 1 to {NETWORKS_MAX} networks, or none at all to be used from anywhere.")
    try:
        return tuple(dict.fromkeys(str(ip_network(each)) for each in told))
    except ValueError:
        raise KeyInvalid(
            "A network is an address or a CIDR block with all bits beyond it 0: 203.0.113.0/24."
        ) from None


KEY = SQL(
    "SELECT key_id, digest, kind, source, store_id, partner_id, scopes, networks, expires_at, revoked_at,"
    " p.disabled_at FROM api_key LEFT JOIN partner p ON p.id = partner_id WHERE key_id = $1"
)


async def recognise(secret: str, now: datetime, address: Address | None = None) -> Principal | None:
    """Who an API key stands for at this moment, called from that address; None for nobody."""
    found = await find(secret, now, address)
    return None if found is None else found.principal


async def find(secret: str, now: datetime, address: Address | None = None) -> Credential | None:
    """What an API key stands for, if it is good at this moment, called from that address."""
    parts = secret.split("_")
    if len(parts) != KEY_PARTS or parts[4] != _checksum("_".join(parts[:4])):
        return None
    row = await KEY.row(parts[2])
    if row is None or not secrets.compare_digest(row["digest"], digest(secret)):
        return None
    if row["disabled_at"] or not _lives(row, now) or not within(address, row["networks"]):
        return None
    _used[row["key_id"]] = now.replace(second=0, microsecond=0)
    kind = PrincipalKind(row["kind"])
    who = str(row["partner_id"]) if kind is PrincipalKind.PARTNER else parts[2]
    found = Principal(kind, who, None, row["store_id"], row["source"], _granted(row["scopes"]))
    return Credential(found, row["expires_at"], row["networks"])


def _lives(row: dict[str, Any], now: datetime) -> bool:
    return not row["revoked_at"] and (row["expires_at"] is None or row["expires_at"] > now)


def _granted(scopes: Sequence[str] | None) -> frozenset[str] | None:
    """The scopes of a key with those they include."""
    if scopes is None:
        return None
    return frozenset(scopes) | {reads for writes, reads in INCLUDED.items() if writes in scopes}


_used: dict[str, datetime] = {}
"""The keys used lately in this process, and the minute they were: to be written down off the path of requests."""

USED = SQL("UPDATE api_key SET last_used_at = $2 WHERE key_id = $1 AND (last_used_at IS NULL OR last_used_at < $2)")


async def write_uses() -> int:
    """Write down when keys were last used, and say how many were; what cannot be written is kept for next time."""
    taken = dict(_used)
    if taken:
        await _write_uses(taken)
    for key_id, at in taken.items():
        if _used.get(key_id) == at:
            del _used[key_id]
    return len(taken)


@transaction
async def _write_uses(uses: dict[str, datetime]) -> None:
    for key_id in sorted(uses):
        await USED.run(key_id, uses[key_id])


IS_PARTNER = SQL("SELECT id FROM partner WHERE id = $1")
IS_STORE = SQL("SELECT id FROM store WHERE id = $1")


@transaction
async def issue(
    holder: Holder,
    *,
    name: str,
    environment: str,
    bounds: Bounds = ANYTHING,
    counted: bool = True,
    actor: Actor,
    now: datetime,
) -> IssuedKey:
    """A new API key, told once. Of each holder two may live, so that one can follow the other.

    One that is not `counted` lives beside the two: the demo makes its own at each start.

    Raises: NotFound, KeyInvalid, KeyLimit.
    """
    if not _is_name(name, NAME_MAX) or (holder.source is not None and not _is_name(holder.source, SOURCE_MAX)):
        raise KeyInvalid(f"A name has 1 to {NAME_MAX} printable characters, a source 1 to {SOURCE_MAX}.")
    for table, row_id in ((IS_PARTNER, holder.partner_id), (IS_STORE, holder.store_id)):
        if row_id is not None and await table.value(row_id) is None:
            raise NotFound
    bounds = check_bounds(holder.kind, bounds, now=now)
    slot = await _free_slot(holder, now) if counted else None
    issued = await _write(holder, name, environment, bounds, slot, now)
    await _note(actor, "key.issue", issued.key_id, holder, bounds, now)
    return issued


def _is_name(text: str, most: int) -> bool:
    return bool(text.strip()) and len(text) <= most and is_plain(text)


LAPSED = SQL(
    "UPDATE api_key SET slot = NULL WHERE holder = $1 AND slot IS NOT NULL AND expires_at <= $2",
    fans_out="a holder has two keys at most",
)
TAKEN = SQL(
    "SELECT slot FROM api_key WHERE holder = $1 AND slot IS NOT NULL", fans_out="a holder has two keys at most"
)


HELD = SQL(
    "SELECT key_id FROM api_key WHERE holder = $1 AND slot IS NOT NULL ORDER BY created_at",
    fans_out="a holder has two keys at most",
)
HOLDER = SQL("SELECT holder FROM api_key WHERE key_id = $1")


async def held(whose: Holder | str) -> list[str]:
    """The ids of the live keys of a holder, or of whoever holds the key of that id."""
    word = whose.word if isinstance(whose, Holder) else await HOLDER.value(whose)
    return [row["key_id"] for row in await HELD.rows(word)] if word else []


async def _free_slot(holder: Holder, now: datetime) -> int:
    """A slot no live key is in; whoever loses a race for it finds it taken when they try again."""
    await LAPSED.run(holder.word, now)
    taken = {row["slot"] for row in await TAKEN.rows(holder.word)}
    free = next((slot for slot in SLOTS if slot not in taken), None)
    if free is None:
        raise KeyLimit
    return free


async def _write(
    holder: Holder, name: str, environment: str, bounds: Bounds, slot: int | None, now: datetime
) -> IssuedKey:
    key_id = secrets.token_hex(8)
    told = f"lyl_{environment}_{key_id}_{secrets.token_hex(24)}"
    told = f"{told}_{_checksum(told)}"
    row = {
        "key_id": key_id,
        "digest": digest(told),
        "kind": holder.kind,
        "name": name,
        "source": holder.source,
        "store_id": holder.store_id,
        "partner_id": holder.partner_id,
        "scopes": None if bounds.scopes is None else list(bounds.scopes),
        "networks": None if bounds.networks is None else list(bounds.networks),
        "expires_at": bounds.expires_at,
        "holder": holder.word,
        "slot": slot,
        "created_at": now,
    }
    await insert(ApiKey, [row])
    return IssuedKey(key_id, told)


ONE = SQL(
    "SELECT key_id, kind, name, source, store_id, partner_id, scopes, networks, expires_at, revoked_at, created_at"
    " FROM api_key WHERE key_id = $1 FOR UPDATE"
)
ENDS = SQL("UPDATE api_key SET expires_at = $2 WHERE key_id = $1")


@transaction
async def rotate(key_id: str, *, overlap: timedelta, environment: str, actor: Actor, now: datetime) -> IssuedKey:
    """A key to follow a live one, alike in all but its secret. That one goes on for the overlap, then ends.

    A key that was to live for a while is followed by one that lives as long.

    Raises: NotFound, KeyInvalid, KeyLimit.
    """
    row = await ONE.row(key_id)
    if row is None or not _lives(row, now):
        raise NotFound
    if not timedelta() <= overlap <= OVERLAP_MAX:
        raise KeyInvalid(f"An overlap is 0 to {OVERLAP_MAX.days} days.")
    holder = Holder(PrincipalKind(row["kind"]), row["source"], row["store_id"], row["partner_id"])
    until, ends = row["expires_at"], now + overlap
    bounds = Bounds(row["scopes"], row["networks"], until and now + (until - row["created_at"]))
    await ENDS.run(key_id, ends if until is None else min(ends, until))
    changes()
    slot = await _free_slot(holder, now)
    issued = await _write(holder, row["name"], environment, bounds, slot, now)
    await _note(actor, "key.rotate", issued.key_id, holder, bounds, now, follows=key_id)
    return issued


REVOKE = SQL(
    "UPDATE api_key SET revoked_at = $2, slot = NULL WHERE key_id = $1 AND revoked_at IS NULL RETURNING key_id"
)


@transaction
async def revoke(key_id: str, *, actor: Actor, now: datetime) -> bool:
    """End an API key. Says whether there was one that was not revoked yet."""
    if await REVOKE.row(key_id, now) is None:
        return False
    changes()
    await audit.note(actor, "key.revoke", facts={"key": key_id}, now=now)
    return True


async def _note(
    actor: Actor, action: str, key_id: str, holder: Holder, bounds: Bounds, now: datetime, **more: str
) -> None:
    told = {
        "key": key_id,
        "kind": holder.kind.value,
        "source": holder.source,
        "partner": holder.partner_id and str(holder.partner_id),
        "store": holder.store_id and str(holder.store_id),
        "scopes": bounds.scopes and ",".join(bounds.scopes),
        "networks": bounds.networks and len(bounds.networks),
        "expires": bounds.expires_at and bounds.expires_at.isoformat(),
        **more,
    }
    facts = {name: value for name, value in told.items() if value is not None}
    await audit.note(actor, action, facts=facts, now=now)


LIST = SQL(
    "SELECT key_id, kind, k.name, source, store_id, p.code AS store, partner_id, scopes, networks, expires_at,"
    " revoked_at, last_used_at, created_at FROM api_key k LEFT JOIN store p ON p.id = k.store_id"
    " WHERE $1::boolean OR revoked_at IS NULL"
    " ORDER BY created_at DESC, key_id DESC LIMIT $2",
    fans_out="an operator looks at all keys",
)


async def listed(*, all_of_them: bool, most: int) -> list[dict[str, Any]]:
    """The keys that were issued, newest first; those that are revoked only when asked for."""
    return await LIST.rows(all_of_them, most)


def _checksum(text: str) -> str:
    """Tells a mistyped key from a wrong one without asking the database."""
    return f"{zlib.crc32(text.encode()):08x}"
