"""Leaving: who opts out or asks to be erased has time to think again, and has lost nothing until then."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from models.invariants import violations
from models.members import MemberState
from models.units import ReasonCode
from rules import finance, lifecycle, members
from rules.lifecycle import ErasureBlocked
from rules.lifecycle._leaving import part
from rules.refusals import MemberFrozen, MemberNotActive
from tests.people import (
    CLERK,
    DAY,
    NOON,
    adjust,
    balance,
    buy,
    freeze,
    leave,
    member,
    movements,
    phone,
    programme,
    publish,
    redeem,
    refund,
    set_aside,
)

WHY = ReasonCode("MEMBER_ASKED")


async def come_back(who: UUID, at: datetime = NOON) -> MemberState:
    return await lifecycle.rejoin(who, reason=WHY, actor=CLERK, now=at)


async def ask(who: UUID, at: datetime = NOON) -> MemberState:
    return await lifecycle.request_erasure(who, reason=WHY, actor=CLERK, now=at)


async def take_back(who: UUID, at: datetime = NOON) -> MemberState:
    return await lifecycle.cancel_erasure(who, reason=WHY, actor=CLERK, now=at)


async def test_who_left_spends_nothing_and_comes_back_to_what_there_was() -> None:
    await programme()
    mei = await member("Mei")
    await buy(mei, 1_200_00)
    before = await balance(mei)
    await set_aside(mei, 50)
    assert [await leave(mei), await leave(mei)] == [MemberState.OPTED_OUT] * 2
    assert (await balance(mei))["held"] == 0
    with pytest.raises(MemberNotActive):
        await redeem(mei, 1)
    assert await come_back(mei, NOON + 29 * DAY) is MemberState.ACTIVE
    after = await balance(mei)
    assert {name: after[name] for name in ("available", "tier")} == {
        name: before[name] for name in ("available", "tier")
    }
    await redeem(mei, 1, at=NOON + 29 * DAY)
    assert await violations() == []


@pytest.mark.parametrize("early", [timedelta(milliseconds=1), timedelta(0)])
async def test_points_are_forfeited_at_their_moment_whoever_writes_it(early: timedelta) -> None:
    await programme(expire_months=12)
    mei, wang = await member("Mei"), await member("Wang")
    for who in (mei, wang):
        await buy(who, 100_00)
        await leave(who)
    due = NOON + 30 * DAY
    await part({}, due - early)
    await come_back(wang, due - early)
    is_over = not early
    for who in (mei, wang):
        assert (await balance(who))["available"] == (0 if is_over else 100)
    assert [kind for kind, _ in await movements(mei)] == ["EARN", "FORFEIT"][: 1 + is_over]
    await part({}, due + DAY)
    assert (await balance(mei))["available"] == 0
    assert (await balance(wang))["available"] == (0 if is_over else 100)
    await finance.bring_up_to_date(due + 3 * DAY)
    told = await finance.report(NOON.date(), (due + DAY).date())
    assert sum(each.forfeited for each in told.months) == (-200 if is_over else -100)
    assert await violations() == []


async def test_who_left_frozen_comes_back_frozen() -> None:
    await programme()
    mei = await member("Mei")
    await buy(mei, 100_00)
    await freeze(mei)
    await leave(mei)
    assert await come_back(mei) is MemberState.FROZEN
    with pytest.raises(MemberFrozen):
        await redeem(mei, 1)


async def test_a_refund_after_leaving_is_taken_from_what_is_kept() -> None:
    await programme()
    mei = await member("Mei")
    await buy(mei, 100_00, ref="tea")
    await leave(mei)
    await refund("tea", {"A": 40_00})
    await come_back(mei)
    assert (await balance(mei))["available"] == 60


async def test_who_asked_for_it_is_erased_when_it_is_time_and_has_nothing_left() -> None:
    await programme()
    mine = phone("13800138000")
    mei = await member("Mei", "13800138000")
    await adjust(mei, 70)
    assert [await ask(mei), await ask(mei)] == [MemberState.ERASURE_PENDING] * 2
    with pytest.raises(MemberNotActive):
        await redeem(mei, 1)
    await part({}, NOON + 7 * DAY - timedelta(milliseconds=1))
    assert await members.find(mine) == mei
    await part({}, NOON + 7 * DAY)
    assert await members.find(mine) is None
    assert await movements(mei) == [("ADJUST_IN", 70), ("FORFEIT", -70)]
    assert (await members.profile_of(mei)).display_name is None
    with pytest.raises(MemberNotActive):
        await ask(mei)
    await part({}, NOON + 9 * DAY)
    assert await violations() == []


async def test_an_erasure_is_taken_back_to_where_the_member_stood() -> None:
    await programme()
    mei = await member("Mei")
    await buy(mei, 100_00)
    await ask(mei)
    assert await take_back(mei, NOON + 6 * DAY) is MemberState.ACTIVE
    await redeem(mei, 10)
    await leave(mei)
    await ask(mei)
    assert await take_back(mei) is MemberState.OPTED_OUT
    await part({}, NOON + 8 * DAY)
    assert await come_back(mei, NOON + 9 * DAY) is MemberState.ACTIVE
    assert (await balance(mei))["available"] == 90


async def test_points_held_for_a_checkout_stand_against_an_erasure() -> None:
    await programme()
    mei = await member("Mei")
    await buy(mei, 100_00)
    await set_aside(mei, 30)
    with pytest.raises(ErasureBlocked) as refused:
        await ask(mei)
    assert refused.value.held == 30


@pytest.mark.parametrize("call", [leave, come_back])
async def test_who_is_to_be_erased_neither_leaves_nor_comes_back(
    call: Callable[[UUID], Awaitable[MemberState]],
) -> None:
    await programme()
    mei = await member("Mei")
    await ask(mei)
    with pytest.raises(MemberNotActive):
        await call(mei)


async def test_the_days_are_the_policys() -> None:
    await programme()
    await publish(opt_out_cooling_days=0, erasure_cooling_days=1)
    mei, wang = await member("Mei"), await member("Wang")
    await buy(mei, 100_00)
    await leave(mei)
    await ask(wang)
    await part({}, NOON)
    assert (await balance(mei))["available"] == 0
    await part({}, NOON + DAY)
    assert (await balance(wang))["available"] == 0
    assert await violations() == []
