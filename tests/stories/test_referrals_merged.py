"""Merged members are one person to referrals: one cap, one count for milestones, one debt, one who was brought."""

import asyncio
from uuid import UUID

import pytest

from models.purchases import PurchaseEventKind
from models.sql import SQL
from models.units import Points, ReasonCode
from rules import jobs, referrals
from rules.jobs import TASKS
from rules.lifecycle import UnmergeNotPossible
from rules.policy import ClawBack, ClawBackPolicy
from rules.referrals import Caps, Decision, Guards, Milestone, QualifyingAct
from tests.people import (
    CLERK,
    DAY,
    NOON,
    balance,
    buy,
    fresh_key,
    happens,
    member,
    merge,
    programme,
    publish,
    redeem,
    refund,
)
from tests.referring import campaign, code, friend, given, state, steps, work
from tests.stories.test_unmerging import unmerge

DEBT = SQL("SELECT owed FROM referral_debt WHERE member_id = $1")
CAUSE = SQL("SELECT state, cause FROM referral WHERE referee_id = $1")
SPENT = SQL("SELECT spent_minor FROM referral WHERE referee_id = $1")
SKIPPED = SQL("SELECT reward_skipped FROM referral WHERE referee_id = $1")


async def bring(said: str, count: int = 1, *, first: int = 0) -> list[UUID]:
    """So many friends register and pay an order each; a worker rewards what that wins."""
    friends = [await friend(said) for _ in range(count)]
    for place, each in enumerate(friends, start=first):
        await buy(each, 50_00, ref=f"{said}-{place}")
    await work()
    return friends


async def reach() -> None:
    """A worker sees what milestones those have reached together who turned out to be one."""
    while lease := await jobs.claim("referrals.reach", now=NOON):
        await TASKS[lease.name].work(lease.facts, NOON)
        await jobs.finish(lease, now=NOON)


async def test_two_who_turn_out_to_be_one_have_one_cap() -> None:
    await programme()
    await campaign(caps=Caps(month=2))
    mei, twin = await member("Mei"), await member("Mei, too")
    await bring(await code(twin))
    said = await code(mei)
    await bring(said)
    await merge(twin, mei)
    [lan] = await bring(said, first=1)
    assert [outcome for _, outcome, _ in await given(mei)] == ["GRANTED", "SKIPPED"]
    assert await SKIPPED.value(lan) == "CAP"
    await unmerge(twin)
    await bring(said, first=2)
    assert [outcome for _, outcome, _ in await given(mei)] == ["GRANTED", "SKIPPED", "GRANTED"]


async def test_a_milestone_two_reach_together_is_given_once_and_taken_back_when_too_few_are_left() -> None:
    await programme()
    await campaign(milestones=(Milestone(2, Points(30)), Milestone(3, Points(40))))
    mei, twin = await member("Mei"), await member("Mei, too")
    theirs, said = await code(twin), await code(mei)
    await bring(theirs)
    await bring(said)
    await merge(twin, mei)
    await reach()
    assert [each[2] for each in await given(mei)] == [100, 30]
    await bring(theirs, first=1)
    await reach()
    assert [each[2] for each in await given(mei)] == [100, 30, 100, 40]
    await refund(f"{theirs}-0", {"A": 50_00}, at=NOON + DAY)
    await work(NOON + DAY)
    assert [each[2] for each in await given(twin)] == [100, -100]
    assert [each[2] for each in await given(mei)] == [100, 30, 100, 40, -40]


async def test_a_milestone_either_has_had_is_not_given_again_in_its_cycle() -> None:
    await programme()
    await campaign(milestones=(Milestone(1, Points(30)),))
    mei, twin = await member("Mei"), await member("Mei, too")
    await bring(await code(twin))
    await merge(twin, mei)
    await reach()
    await bring(await code(mei))
    assert [each[2] for each in await given(mei)] == [100]


async def owing(who: UUID) -> str:
    """They have spent a reward that was taken back, and owe 90 of it; by which code it came."""
    said = await code(who)
    await bring(said)
    await redeem(who, 90)
    await refund(f"{said}-0", {"A": 50_00})
    await work()
    return said


async def test_what_either_owes_is_kept_of_what_they_are_given_and_owed_again_when_that_is_taken_back() -> None:
    await programme()
    await publish(claw_back=ClawBack(ClawBackPolicy.CLAMP))
    await campaign()
    mei, twin = await member("Mei"), await member("Mei, too")
    await owing(twin)
    assert await DEBT.value(twin) == 90
    await merge(twin, mei)
    said = await code(mei)
    await bring(said)
    assert ([each[2] for each in await given(mei)], await DEBT.value(twin)) == ([10], 0)
    await refund(f"{said}-0", {"A": 50_00}, at=NOON + DAY)
    await work(NOON + DAY)
    assert ((await balance(mei))["available"], await DEBT.value(mei)) == (0, 90)
    with pytest.raises(UnmergeNotPossible) as refused:
        await unmerge(twin, NOON + DAY)
    assert refused.value.reason in ("DEBT", "SPENT")


async def test_what_was_owed_and_not_kept_yet_is_theirs_again_after_an_unmerge() -> None:
    await programme()
    await publish(claw_back=ClawBack(ClawBackPolicy.CLAMP))
    await campaign()
    mei, twin = await member("Mei"), await member("Mei, too")
    await owing(twin)
    await merge(twin, mei)
    await unmerge(twin)
    await bring(await code(mei))
    assert ([each[2] for each in await given(mei)], await DEBT.value(twin)) == ([100], 90)


async def test_what_was_kept_for_the_other_keeps_two_one() -> None:
    await programme()
    await publish(claw_back=ClawBack(ClawBackPolicy.CLAMP))
    await campaign()
    mei, twin = await member("Mei"), await member("Mei, too")
    await owing(twin)
    await merge(twin, mei)
    await bring(await code(mei))
    with pytest.raises(UnmergeNotPossible) as refused:
        await unmerge(twin)
    assert refused.value.reason == "DEBT"


async def test_what_was_kept_for_one_by_way_of_another_keeps_them_one_too() -> None:
    await programme()
    await publish(claw_back=ClawBack(ClawBackPolicy.CLAMP))
    await campaign()
    mei, twin, third = await member("Mei"), await member("Mei, too"), await member("Mei, three")
    await owing(third)
    await merge(third, twin)
    await merge(twin, mei)
    await bring(await code(mei))
    assert await DEBT.value(third) == 0
    with pytest.raises(UnmergeNotPossible) as refused:
        await unmerge(twin)
    assert refused.value.reason == "DEBT"


async def test_what_a_friend_buys_as_who_they_are_now_counts_and_is_taken_back() -> None:
    await programme()
    await campaign(act=QualifyingAct.SPEND, spend_minor=80_00)
    mei, lan, twin = await member("Mei"), await member("Lan"), await member("Lin")
    brought = await friend(await code(mei))
    await buy(brought, 30_00, ref="before")
    await merge(brought, twin)
    await merge(twin, lan)
    await buy(lan, 50_00, ref="after", at=NOON + DAY)
    await work(NOON + DAY)
    assert (await state(brought), len(await given(mei)), len(await given(lan))) == ("REWARDED", 1, 1)
    await refund("after", {"A": 1}, at=NOON + 2 * DAY)
    await work(NOON + 2 * DAY)
    assert (await state(brought), (await balance(mei))["available"]) == ("CLAWED_BACK", 0)


async def test_an_order_that_is_paid_after_the_merge_counts_for_who_they_are_now() -> None:
    await programme()
    await campaign(act=QualifyingAct.FIRST_ORDER_COMPLETED)
    lan, twin = await friend(await code(await member("Mei"))), await member("Lan, too")
    await buy(twin, 50_00, ref="placed", paid=False)
    await merge(twin, lan)
    await happens(PurchaseEventKind.PAID, "placed")
    assert await state(lan) == "BOUND"
    await happens(PurchaseEventKind.COMPLETED, "placed")
    await work()
    assert await state(lan) == "REWARDED"


@pytest.mark.parametrize("stays", ["old", "new"])
async def test_whoever_had_bought_before_was_no_new_member(stays: str) -> None:
    await programme()
    await campaign()
    old = await member("Lan")
    await buy(old, 50_00, ref="long ago", at=NOON - DAY)
    new = await friend(await code(await member("Mei")))
    await merge(*((new, old) if stays == "old" else (old, new)), at=NOON + DAY)
    await buy(old if stays == "old" else new, 50_00, ref="now", at=NOON + DAY)
    assert (await CAUSE.row(new) or {}) == {"state": "VOIDED", "cause": "NOT_NEW"}


async def test_whoever_was_brought_and_rewarded_for_is_not_brought_again() -> None:
    await programme()
    await campaign()
    mei, wang = await member("Mei"), await member("Wang")
    later = await friend(await code(wang), at=NOON)
    [first] = await bring(await code(mei))
    await merge(later, first)
    assert (await state(first), await state(later)) == ("REWARDED", "VOIDED")


@pytest.mark.parametrize("act", [QualifyingAct.FIRST_ORDER_PAID, QualifyingAct.SPEND])
async def test_two_who_are_two_after_all_lose_what_the_other_bought(act: QualifyingAct) -> None:
    await programme()
    await campaign(act=act, spend_minor=50_00 if act is QualifyingAct.SPEND else None)
    mei, lan = await member("Mei"), await member("Lan")
    brought = await friend(await code(mei))
    await merge(brought, lan)
    await buy(lan, 50_00, ref="hers", at=NOON + DAY)
    await unmerge(brought, NOON + DAY)
    await work(NOON + DAY)
    assert (await state(brought), (await balance(mei))["available"]) == ("CLAWED_BACK", 0)
    before = await steps(brought)
    await refund("hers", {"A": 50_00}, at=NOON + 2 * DAY)
    await buy(lan, 50_00, ref="hers again", at=NOON + 2 * DAY)
    assert await steps(brought) == before


async def test_what_was_taken_off_is_not_taken_off_again_once_they_are_one_again() -> None:
    await programme()
    await campaign(act=QualifyingAct.SPEND, spend_minor=500_00)
    lan, brought = await member("Lan"), await friend(await code(await member("Mei")))
    await merge(brought, lan)
    await buy(lan, 50_00, ref="hers", at=NOON + DAY)
    await unmerge(brought, NOON + DAY)
    await merge(brought, lan, at=NOON + DAY)
    await refund("hers", {"A": 50_00}, at=NOON + 2 * DAY)
    assert (await SPENT.value(brought), await steps(brought)) == (0, ["BOUND", "ORDER", "REFUND"])


async def test_who_paid_for_an_order_of_their_own_is_no_second_payer() -> None:
    await programme()
    await campaign(hold_days=7)
    lan, twin = await friend(await code(await member("Mei"))), await member("Lan, too")
    await buy(twin, 10_00, ref="theirs", at=NOON, payer_hash="one account")
    await merge(twin, lan, at=NOON + DAY)
    await buy(lan, 50_00, ref="hers", at=NOON + DAY, payer_hash="one account")
    assert await state(lan) == "QUALIFYING"


async def test_orders_of_who_they_are_now_at_once_all_count_and_a_review_beside_them() -> None:
    await programme()
    await campaign(act=QualifyingAct.SPEND, spend_minor=80_00, guards=Guards(same_device=60))
    said = await code(await member("Mei"))
    await friend(said, device="one phone")
    brought, lan = await friend(said, device="one phone"), await member("Lan")
    assert await state(brought) == "REVIEW"
    await merge(brought, lan)
    await asyncio.gather(
        referrals.review(
            brought, Decision.APPROVE, reason=ReasonCode("FAMILY"), key=fresh_key(), actor=CLERK, now=NOON
        ),
        *[buy(lan, 10_00, ref=f"order {place}") for place in range(8)],
    )
    assert (await SPENT.value(brought), await state(brought)) == (80_00, "QUALIFIED")
