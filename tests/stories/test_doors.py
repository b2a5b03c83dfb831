"""The staff's doors under the rules: a code is good once however many send it, and an owner is always left."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from models.sql import SQL
from models.staff import StaffRole
from rules import credentials, staff, totp
from rules.actors import SYSTEM, Actor, ActorKind
from rules.credentials import LoginRefused
from rules.proofs import ProofRequired
from rules.refusals import NotFound, Refusal
from rules.staff import InvitationInvalid, LastOwner, NameTaken, RoleTooLow, StaffAccount, StoreRequired
from rules.totp import STEP_SECONDS, Secret
from tests.people import NOON, programme

STEP = timedelta(seconds=STEP_SECONDS)
STRANGER = Actor(ActorKind.NOBODY, network="203.0.113.0/24")
LOGINS = SQL("SELECT COUNT(*) AS n FROM login WHERE principal_kind = 'STAFF' AND ended_at IS NULL")


def code(secret: Secret, at: datetime = NOON) -> str:
    return secret.code(int(at.timestamp()) // STEP_SECONDS)


def boss(who: UUID | None = None, role: StaffRole = StaffRole.OWNER) -> Actor:
    """Somebody who decides, freshly proven."""
    return Actor(ActorKind.STAFF, str(who or UUID(int=9)), role, proven_until=NOON + timedelta(days=1))


async def working(name: str = "mei", role: StaffRole = StaffRole.OWNER) -> tuple[StaffAccount, Secret]:
    """An activated account, whose last code lies before noon."""
    before = NOON - 2 * STEP
    token = (await staff.invite(name, role, actor=SYSTEM, now=before)).token
    secret = totp.secret_for(token, "a password")
    await staff.activate(token, f"hash of {name}", secret, code(secret, before), actor=STRANGER, now=before)
    account = await staff.account(name)
    assert account is not None
    return account, secret


async def settled(*work: Any) -> tuple[list[Any], list[str]]:
    """What was done at once, and the codes of what was refused."""
    done = await asyncio.gather(*work, return_exceptions=True)
    for each in done:
        if isinstance(each, BaseException) and not isinstance(each, Refusal):
            raise each
    refused = [each.code() for each in done if isinstance(each, Refusal)]
    return [each for each in done if not isinstance(each, BaseException)], refused


async def test_one_code_sent_by_sixteen_at_once_lets_one_in() -> None:
    account, secret = await working()
    won, refused = await settled(
        *(staff.enter(account, code=code(secret), actor=STRANGER, now=NOON) for _ in range(16))
    )
    assert (len(won), refused) == (1, ["TOTP_WRONG"] * 15)
    assert await LOGINS.value() == 1


async def test_a_code_that_let_somebody_in_proves_nothing_more() -> None:
    account, secret = await working()
    issued = await staff.enter(account, code=code(secret), actor=STRANGER, now=NOON)
    with pytest.raises(totp.TotpWrong):
        await staff.prove(account.id, issued.login, code=code(secret), actor=boss(account.id), now=NOON)
    later = NOON + STEP
    until = await staff.prove(account.id, issued.login, code=code(secret, later), actor=boss(account.id), now=later)
    assert until == later + timedelta(minutes=5)
    who = await credentials.recognise(issued.access, later)
    assert who is not None
    assert who.proven_until == until


async def test_an_ended_login_is_not_proven() -> None:
    account, secret = await working()
    issued = await staff.enter(account, code=code(secret), actor=STRANGER, now=NOON)
    await credentials.end(issued.login, whose=account.id, now=NOON)
    with pytest.raises(LoginRefused):
        await staff.prove(
            account.id, issued.login, code=code(secret, NOON + STEP), actor=boss(account.id), now=NOON + STEP
        )


async def test_an_invitation_used_by_eight_at_once_is_used_once() -> None:
    token = (await staff.invite("mei", StaffRole.OWNER, actor=SYSTEM, now=NOON)).token
    secret = totp.secret_for(token, "a password")
    won, refused = await settled(
        *(staff.activate(token, "hash", secret, code(secret), actor=STRANGER, now=NOON) for _ in range(8))
    )
    assert (len(won), refused) == (1, ["INVITATION_INVALID"] * 7)


async def test_an_invitation_to_a_closed_account_opens_nothing() -> None:
    made = await staff.invite("mei", StaffRole.CS, actor=SYSTEM, now=NOON)
    await staff.close(made.staff_id, actor=SYSTEM, now=NOON)
    secret = totp.secret_for(made.token, "a password")
    with pytest.raises(InvitationInvalid):
        await staff.invited(made.token, NOON)
    with pytest.raises(InvitationInvalid):
        await staff.activate(made.token, "hash", secret, code(secret), actor=STRANGER, now=NOON)
    with pytest.raises(NotFound):
        await staff.invite("mei", None, actor=SYSTEM, now=NOON)


async def test_a_password_changed_meanwhile_lets_nobody_in_with_the_old_one() -> None:
    account, secret = await working()
    await staff.change_password(account, "another hash", login=None, actor=boss(account.id), now=NOON)
    with pytest.raises(LoginRefused):
        await staff.enter(account, code=code(secret), actor=STRANGER, now=NOON)
    with pytest.raises(LoginRefused):
        await staff.change_password(account, "a third", login=None, actor=boss(account.id), now=NOON)


async def test_the_last_owner_is_neither_closed_nor_demoted() -> None:
    mei, _ = await working("mei")
    with pytest.raises(LastOwner):
        await staff.close(mei.id, actor=SYSTEM, now=NOON)
    with pytest.raises(LastOwner):
        await staff.change_role(mei.id, StaffRole.ADMIN, store_id=None, actor=boss(mei.id), now=NOON)
    await staff.invite("li", StaffRole.OWNER, actor=SYSTEM, now=NOON)
    with pytest.raises(LastOwner):
        await staff.close(mei.id, actor=SYSTEM, now=NOON)
    await working("wang")
    assert await staff.close(mei.id, actor=SYSTEM, now=NOON)


async def test_two_owners_who_close_each_other_at_once_leave_one() -> None:
    mei, _ = await working("mei")
    li, _ = await working("li")
    won, refused = await settled(
        staff.close(mei.id, actor=boss(li.id), now=NOON), staff.close(li.id, actor=boss(mei.id), now=NOON)
    )
    assert (won, refused) == ([True], ["LAST_OWNER"])


async def test_an_admin_decides_over_everybody_but_owners() -> None:
    mei, _ = await working("mei")
    await working("zhao")
    admin = boss(role=StaffRole.ADMIN)
    for refused in (
        staff.invite("li", StaffRole.OWNER, actor=admin, now=NOON),
        staff.invite("mei", None, actor=admin, now=NOON),
        staff.close(mei.id, actor=admin, now=NOON),
        staff.reopen(mei.id, actor=admin, now=NOON),
        staff.change_role(mei.id, StaffRole.CS, store_id=None, actor=admin, now=NOON),
        staff.hire("li", "hash", StaffRole.OWNER, actor=admin, now=NOON),
    ):
        with pytest.raises(RoleTooLow):
            await refused
    made = await staff.invite("li", StaffRole.ADMIN, actor=admin, now=NOON)
    with pytest.raises(RoleTooLow):
        await staff.change_role(made.staff_id, StaffRole.OWNER, store_id=None, actor=admin, now=NOON)
    await staff.change_role(made.staff_id, StaffRole.ANALYST, store_id=None, actor=admin, now=NOON)
    assert await staff.close(made.staff_id, actor=admin, now=NOON)


@pytest.mark.parametrize("role", [each for each in StaffRole if each not in (StaffRole.OWNER, StaffRole.ADMIN)])
async def test_nobody_else_decides_over_anybody(role: StaffRole) -> None:
    wang, _ = await working("wang", StaffRole.CS)
    with pytest.raises(RoleTooLow):
        await staff.close(wang.id, actor=boss(role=role), now=NOON)
    with pytest.raises(RoleTooLow):
        await staff.invite("li", StaffRole.ANALYST, actor=boss(role=role), now=NOON)


async def test_who_decides_over_accounts_has_proved_themselves_lately() -> None:
    wang, _ = await working("wang", StaffRole.CS)
    stale = boss()._replace(proven_until=NOON)
    for refused in (
        staff.close(wang.id, actor=stale, now=NOON),
        staff.reopen(wang.id, actor=stale, now=NOON),
        staff.invite("li", StaffRole.CS, actor=stale, now=NOON),
        staff.change_role(wang.id, StaffRole.ANALYST, store_id=None, actor=stale, now=NOON),
    ):
        with pytest.raises(ProofRequired):
            await refused


async def test_a_cashier_has_a_store_in_every_way_to_become_one() -> None:
    wang, _ = await working("wang", StaffRole.CS)
    with pytest.raises(StoreRequired):
        await staff.invite("li", StaffRole.CASHIER, actor=SYSTEM, now=NOON)
    with pytest.raises(StoreRequired):
        await staff.change_role(wang.id, StaffRole.CASHIER, store_id=None, actor=SYSTEM, now=NOON)
    lake = await staff.open_store("LAKE", "By the lake")
    await staff.change_role(wang.id, StaffRole.CASHIER, store_id=lake, actor=SYSTEM, now=NOON)
    account = await staff.account("wang")
    assert account is not None
    assert (account.role, account.store_id) == (StaffRole.CASHIER, lake)


async def test_a_name_in_use_is_not_invited_as_somebody_else() -> None:
    await working("wang", StaffRole.CS)
    for role in (StaffRole.CS, StaffRole.OWNER):
        with pytest.raises(NameTaken):
            await staff.invite("wang", role, actor=SYSTEM, now=NOON)
    first = await staff.invite("li", StaffRole.CS, actor=SYSTEM, now=NOON)
    again = await staff.invite("li", StaffRole.CS, actor=SYSTEM, now=NOON)
    assert (again.staff_id, first.is_new, again.is_new) == (first.staff_id, True, False)
    with pytest.raises(NameTaken):
        await staff.invite("li", StaffRole.OWNER, actor=SYSTEM, now=NOON)
    with pytest.raises(NotFound):
        await staff.invite("nobody", None, actor=SYSTEM, now=NOON)


async def test_closing_ends_every_login_and_reopening_revives_none() -> None:
    wang, secret = await working("wang", StaffRole.CS)
    issued = await staff.enter(wang, code=code(secret), actor=STRANGER, now=NOON)
    await staff.close(wang.id, actor=SYSTEM, now=NOON)
    assert await credentials.recognise(issued.access, NOON) is None
    with pytest.raises(LoginRefused):
        await staff.enter(wang, code=code(secret, NOON + STEP), actor=STRANGER, now=NOON + STEP)
    await staff.reopen(wang.id, actor=SYSTEM, now=NOON)
    assert await credentials.recognise(issued.access, NOON) is None
    again = await staff.enter(wang, code=code(secret, NOON + STEP), actor=STRANGER, now=NOON + STEP)
    assert await credentials.recognise(again.access, NOON + STEP) is not None


async def test_a_secret_and_an_invitation_are_stored_as_nobody_can_read_them() -> None:
    await programme()
    token = (await staff.invite("mei", StaffRole.OWNER, actor=SYSTEM, now=NOON)).token
    secret = totp.secret_for(token, "a password")
    await staff.activate(token, "hash", secret, code(secret), actor=STRANGER, now=NOON)
    rows = [*await SQL("SELECT * FROM staff").rows(), *await SQL("SELECT * FROM staff_invitation").rows()]
    assert token not in str(rows)
    assert secret.text not in str(rows)
    sealed = await SQL("SELECT totp_sealed FROM staff").value()
    assert totp.opened(sealed) == secret
