"""Staff, stores and partners: one name for each, and a cashier has a store."""

import asyncio

import pytest

from models.staff import StaffRole
from rules import staff
from rules.actors import SYSTEM
from rules.refusals import Refusal
from rules.staff import NameTaken, StoreRequired
from tests.people import NOON


async def test_a_cashier_works_in_one_store() -> None:
    with pytest.raises(StoreRequired):
        await staff.hire("ann", "hash", StaffRole.CASHIER, now=NOON)
    assert await staff.account("ann") is None
    lake = await staff.open_store("LAKE", "By the lake")
    hired = await staff.hire("ann", "hash", StaffRole.CASHIER, store_id=lake, now=NOON)
    account = await staff.account("ann")
    assert account is not None
    assert (account.id, account.role, account.store_id) == (hired, StaffRole.CASHIER, lake)
    assert await staff.store("LAKE") == lake


async def test_a_name_is_given_once() -> None:
    await staff.hire("ann", "hash", StaffRole.CS, now=NOON)
    await staff.open_store("LAKE", "By the lake")
    for again in (
        staff.hire("ann", "another", StaffRole.OWNER, now=NOON),
        staff.open_store("LAKE", "Another lake"),
    ):
        with pytest.raises(NameTaken):
            await again


async def test_a_name_wanted_by_eight_at_once_is_given_once() -> None:
    hiring = (staff.hire("ann", "hash", StaffRole.CS, now=NOON) for _ in range(8))
    answers = await asyncio.gather(*hiring, return_exceptions=True)
    refused = [answer for answer in answers if isinstance(answer, Refusal)]
    assert [refusal.code() for refusal in refused] == ["NAME_TAKEN"] * 7
    assert sum(not isinstance(answer, BaseException) for answer in answers) == 1


async def test_a_closed_account_lets_nobody_in_and_keeps_its_name() -> None:
    ann = await staff.hire("ann", "hash", StaffRole.CS, now=NOON)
    assert await staff.close(ann, actor=SYSTEM, now=NOON)
    assert not await staff.close(ann, actor=SYSTEM, now=NOON)
    assert await staff.account("ann") is None
    with pytest.raises(NameTaken):
        await staff.hire("ann", "hash", StaffRole.CS, now=NOON)
    assert await staff.reopen(ann, actor=SYSTEM, now=NOON)
    assert not await staff.reopen(ann, actor=SYSTEM, now=NOON)
    assert await staff.account("ann") is not None
