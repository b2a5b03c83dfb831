"""Merged members are one person to referrals: one cap, one count for milestones, one debt, one who was brought."""

from uuid import UUID

import pytest

from models.sql import SQL
from models.units import Points
from rules import jobs
from rules.jobs import TASKS
from rules.lifecycle import UnmergeNotPossible
from rules.policy import ClawBack, ClawBackPolicy
from rules.referrals import Caps, Milestone
from tests.people import DAY, NOON, balance, buy, member, merge, programme, publish, redeem, refund
from tests.referring import campaign, code, friend, given, work
from tests.stories.test_unmerging import unmerge

DEBT = SQL("SELECT owed FROM referral_debt WHERE member_id = $1")
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
