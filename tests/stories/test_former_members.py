"""What is asked for by the name of a merged member reaches who they are now, where it can still mean something."""

import pytest

from models.invariants import violations
from models.sql import SQL
from models.units import ReasonCode
from rules import lifecycle, points
from rules.lifecycle import UnmergeNotPossible
from rules.points import PointsNotPending, RefundExceedsOriginal
from rules.policy import Activation, ActivationMode
from rules.refusals import MemberNotActive
from tests.people import (
    CLERK,
    NOON,
    adjust,
    balance,
    buy,
    fresh_key,
    give_back,
    leave,
    member,
    merge,
    movements,
    programme,
    proven,
    publish,
    redeem,
)

LOT = SQL("SELECT id FROM points_lot WHERE member_id = $1")


async def test_a_redemption_of_a_merged_member_is_returned_to_who_they_are_now() -> None:
    await programme(expire_months=1)
    old, new, last = [await member(name) for name in ("Old", "New", "Last")]
    await buy(old, 100_00)
    spent = await redeem(old, 60)
    await adjust(last, 5)
    await merge(old, new)
    await merge(new, last)
    key = fresh_key()
    back = await give_back(old, spent.transaction_id, 20, key=key)
    assert (back.heir_id, back.available) == (last, 65)
    assert await give_back(old, spent.transaction_id, 20, key=key) == points.Posted.replay(back.response)
    with pytest.raises(RefundExceedsOriginal):
        await give_back(old, spent.transaction_id, 41)
    assert (await give_back(old, spent.transaction_id)).available == 105
    assert ((await balance(old))["available"], (await balance(last))["available"]) == (0, 105)
    assert (await movements(old))[-2:] == [("RETURN", 40), ("MERGE_OUT", -40)]
    assert await violations() == []


async def test_nothing_is_returned_to_who_has_left_and_no_merge_is_undone_after_it() -> None:
    await programme()
    old, new = await member("Old"), await member("New")
    await buy(old, 100_00)
    spent = await redeem(old, 60)
    await merge(old, new)
    await give_back(old, spent.transaction_id, 20)
    with pytest.raises(UnmergeNotPossible):
        await lifecycle.unmerge(old, reason=ReasonCode("MISTAKE"), key=fresh_key(), actor=proven(CLERK), now=NOON)
    await leave(new)
    with pytest.raises(MemberNotActive):
        await give_back(old, spent.transaction_id, 20)


async def test_staff_cancel_what_still_waits_with_a_merged_member() -> None:
    await programme()
    await publish(activation=Activation(ActivationMode.AFTER_DAYS, days=7))
    old, new = await member("Old"), await member("New")
    await buy(old, 100_00)
    await merge(old, new)
    lot, reason = await LOT.value(old), ReasonCode("FRAUD")
    posted = await points.cancel_pending(old, lot, reason=reason, key=fresh_key(), actor=CLERK, now=NOON)
    assert posted.pending == 0
    with pytest.raises(PointsNotPending):
        await points.cancel_pending(old, lot, reason=reason, key=fresh_key(), actor=CLERK, now=NOON)
    assert await violations() == []
