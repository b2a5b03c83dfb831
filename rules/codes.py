"""Member codes: what a member shows at the counter, for a minute and for one reader."""

import re
import secrets
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from models.credentials import MemberCode
from models.sql import SQL, insert
from rules import audit, members, vault
from rules.actors import Actor
from rules.refusals import NotFound
from rules.transactions import transaction

LIVES = timedelta(seconds=60)
PREFIX = "77"
"""No payment code begins so (WeChat Pay 10 to 15, Alipay 25 to 30, UnionPay 62): a till tells them apart."""

DIGITS = 18
RANDOM_DIGITS = 15
"""Between the prefix and the check digit."""

PURPOSE = "member code"
GAPS = re.compile(r"[\s\-]+")


@dataclass(frozen=True, slots=True, repr=False)
class Shown:
    """A fresh code, told once. Only its keyed hash is kept."""

    code: str
    expires_at: datetime


def checked(number: str) -> str:
    """A number with its check digit (Luhn), by which a mistyped code is told from a wrong one.

    >>> checked("7992739871")
    '79927398713'
    """
    doubled = [int(digit) * (2 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(number))]
    return f"{number}{-sum(each // 10 + each % 10 for each in doubled) % 10}"


def digits(said: str) -> str | None:
    """The code somebody scanned or typed, also in groups or in full width; None for what cannot be one."""
    text = GAPS.sub("", unicodedata.normalize("NFKC", said[: 4 * DIGITS]))
    plain = re.fullmatch(rf"{PREFIX}[0-9]{{{DIGITS - len(PREFIX)}}}", text)
    return text if plain and checked(text[:-1]) == text else None


END = SQL(
    "UPDATE member_code SET expires_at = $2 WHERE member_id = $1 AND expires_at > $2 AND used_at IS NULL"
    " RETURNING digest",
    fans_out="a member's last code is found by whose it is, among those that live",
)


@transaction
async def show(member_id: UUID, *, now: datetime) -> Shown:
    """A fresh code for a member, which ends the one before it unless that was read.

    Raises: NotFound, MemberNotActive, MemberMerged.
    """
    held = await members.hold(member_id)
    if refused := members.inactivity(held.state, frozen_may=True):
        raise refused
    await END.rows(member_id, now)
    code = checked(f"{PREFIX}{secrets.randbelow(10**RANDOM_DIGITS):0{RANDOM_DIGITS}}")
    row = {
        "digest": vault.unlocked().mark(PURPOSE, code),
        "member_id": member_id,
        "expires_at": now + LIVES,
        "created_at": now,
    }
    await insert(MemberCode, [row])
    return Shown(code, now + LIVES)


TAKE = SQL(
    "UPDATE member_code SET used_at = $3, used_by = $2 WHERE digest = $1 AND used_by IS NULL AND expires_at > $3"
    " RETURNING member_id"
)
CODE = SQL("SELECT member_id, used_by, expires_at FROM member_code WHERE digest = $1")


def marked(said: str) -> str:
    """A code as it may be remembered; nothing of it can be read back."""
    return vault.unlocked().mark(PURPOSE, digits(said) or "")


async def meant(said: str, reader: str, now: datetime) -> UUID | None:
    """Whose a code is, for a reader who may read it, or has read it; None for any other. It stays as it is."""
    code = digits(said)
    row = None if code is None else await CODE.row(vault.unlocked().mark(PURPOSE, code))
    if row is None or row["used_by"] not in (None, reader) or row["expires_at"] <= now:
        return None
    found: UUID = row["member_id"]
    return found


async def take(said: str, reader: str, now: datetime) -> bool:
    """Make a code the reader's, within a command. Says no when another was first, or it has ended."""
    code = digits(said)
    if code is None:
        return False
    hashed = vault.unlocked().mark(PURPOSE, code)
    return await TAKE.row(hashed, reader, now) is not None or await meant(said, reader, now) is not None


@transaction
async def read(said: str, *, actor: Actor, now: datetime) -> UUID | None:
    """Whose a code is; None when there never was such a code. It is then the reader's, who may read it again.

    Raises: NotFound.
    """
    code, reader = digits(said), actor.principal
    if code is None:
        raise NotFound
    hashed = vault.unlocked().mark(PURPOSE, code)
    if taken := await TAKE.row(hashed, reader, now):
        await audit.note(actor, "member.code_read", member_id=taken["member_id"], now=now)
        found: UUID = taken["member_id"]
        return found
    row = await CODE.row(hashed)
    if row is not None and (row["used_by"] != reader or row["expires_at"] <= now):
        raise NotFound
    return row["member_id"] if row else None
