"""Doors: how staff log in, prove themselves anew, and change their passwords."""

from datetime import datetime
from typing import Any
from uuid import UUID

from models.credentials import PrincipalKind
from models.sql import SQL
from models.staff import StaffRole
from rules import attempts, audit, credentials, totp
from rules.actors import Actor, ActorKind
from rules.credentials import Issued, LoginRefused
from rules.proofs import PROVEN_FOR
from rules.staff._accounts import StaffAccount, note
from rules.totp import TotpRequired
from rules.transactions import transaction

CODES_CEILING = 30
"""So many codes tried for one account within an hour, from anywhere, mean that somebody has its password."""

HOLD = SQL(
    "SELECT id, password_hash, role, store_id, active, totp_sealed, totp_step FROM staff WHERE id = $1 FOR UPDATE"
)
SPEND = SQL("UPDATE staff SET totp_step = $2 WHERE id = $1")


async def _hold(staff_id: UUID, password_hash: str | None = None) -> dict[str, Any]:
    """An open account, held, whose password has not changed since it was looked at.

    Raises: LoginRefused.
    """
    row = await HOLD.row(staff_id)
    if row is None or not row["active"] or password_hash not in (None, row["password_hash"]):
        raise LoginRefused
    return row


async def _spend(row: dict[str, Any], code: str | None, now: datetime) -> bool:
    """Take the code of an account that has a second factor. Says whether it has one.

    Raises: TotpRequired, TotpWrong.
    """
    if row["totp_sealed"] is None:
        return False
    if code is None:
        raise TotpRequired
    step = totp.step_of(totp.opened(row["totp_sealed"]), code, now, after=row["totp_step"])
    await SPEND.run(row["id"], step)
    return True


@transaction
async def enter(
    account: StaffAccount, *, code: str | None, device: str | None = None, actor: Actor, now: datetime
) -> Issued:
    """Log in somebody whose password was right, if their code is too. `actor` says from where they come.

    A login with a code is proof for what asks for one.

    Raises: LoginRefused, TotpRequired, TotpWrong.
    """
    row = await _hold(account.id, account.password_hash)
    with_code = await _spend(row, code, now)
    issued = await credentials.begin(PrincipalKind.STAFF, account.id, device=device, now=now)
    if with_code:
        await credentials.prove(issued.login, now + PROVEN_FOR)
    who = Actor(
        ActorKind.STAFF,
        str(account.id),
        StaffRole(row["role"]),
        row["store_id"],
        network=actor.network,
        request_id=actor.request_id,
    )
    await audit.note(who, "staff.login", now=now)
    return issued


@transaction
async def refuse(account: StaffAccount | None, name: str, *, actor: Actor, now: datetime) -> None:
    """Write down that a login was refused. For a name nobody has as much is written, so that it takes as long."""
    if account is None:
        await attempts.count("staff login of nobody", name, now=now)
    else:
        await note(actor, "staff.login_refused", account.id, now=now)


@transaction
async def is_code_attacked(staff_id: UUID, *, now: datetime) -> bool:
    """Count a try of somebody's code. Says whether there were so many that a stranger has the password."""
    return await attempts.count("staff code", str(staff_id), now=now) > CODES_CEILING


@transaction
async def prove(staff_id: UUID, login: UUID, *, code: str | None, actor: Actor, now: datetime) -> datetime:
    """Staff proved themselves anew: with a code, or where they have no second factor, with their password.

    Until when it is good. Whether the password was right is known to the caller, who gives no code then.

    Raises: LoginRefused, TotpRequired, TotpWrong.
    """
    await _spend(await _hold(staff_id), code, now)
    until = now + PROVEN_FOR
    if not await credentials.prove(login, until):
        raise LoginRefused
    await note(actor, "staff.proved", staff_id, now=now)
    return until


PASSWORD = SQL("UPDATE staff SET password_hash = $2 WHERE id = $1")


@transaction
async def change_password(
    account: StaffAccount, password_hash: str, *, login: UUID | None, actor: Actor, now: datetime
) -> int:
    """Give an account another password, and end its logins but the one that asks. How many ended.

    Raises: LoginRefused.
    """
    await _hold(account.id, account.password_hash)
    await PASSWORD.run(account.id, password_hash)
    ended = await credentials.end_all(account.id, now, but=login)
    await note(actor, "staff.password_changed", account.id, now=now)
    return ended


REHASH = SQL("UPDATE staff SET password_hash = $3 WHERE id = $1 AND password_hash = $2")


@transaction
async def rehash(account: StaffAccount, password_hash: str) -> None:
    """Keep the same password under a hash of today's strength, unless it was changed meanwhile."""
    await REHASH.run(account.id, account.password_hash, password_hash)
