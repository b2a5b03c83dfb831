"""Referrals when many come at once, and when a worker dies between two steps: each reward once, in any order."""

import asyncio
from datetime import datetime, timedelta

from api.clock import now
from api.worker import working
from models.referral_rewards import RewardSide
from models.sql import SQL
from models.units import Points
from rules import jobs, referrals
from rules.jobs import TASKS
from rules.referrals import Caps, Guards, Milestone
from tests.people import DAY, NOON, balance, buy, fresh_key, member, programme, refund
from tests.referring import bound, campaign, code, friend, given, state, steps, work

REWARD, CLAW_BACK = "referrals.reward", "referrals.claw_back"
CODES = SQL("SELECT COUNT(*) AS n FROM referral_code WHERE referrer_id = $1")


async def run(name: str, at: datetime = NOON) -> None:
    """A worker takes a job and does it, without a word that it is done."""
    lease = await jobs.claim(name, now=at)
    assert lease is not None
    await TASKS[name].work(lease.facts, at)


async def test_thirty_two_workers_give_one_reward_and_one_milestone() -> None:
    await programme()
    await campaign(milestones=(Milestone(1, Points(5)),))
    mei = await member("Mei")
    lan = await friend(await code(mei))
    await buy(lan, 50_00)
    lease = await jobs.claim(REWARD, now=NOON)
    assert lease is not None
    await asyncio.gather(*(TASKS[REWARD].work(lease.facts, NOON) for _ in range(32)))
    assert [each[2] for each in await given(mei)] == [100, 5]
    assert (await given(lan), await state(lan)) == ([("REFEREE", "GRANTED", 20)], "REWARDED")


async def test_thirty_two_friends_at_once_never_pass_a_cap() -> None:
    await programme()
    await campaign(caps=Caps(day=5), guards=Guards(velocity=0))
    mei = await member("Mei")
    said = await code(mei)
    friends = [await friend(said) for _ in range(32)]
    await asyncio.gather(*(buy(each, 50_00) for each in friends))
    leases = [lease for _ in friends if (lease := await jobs.claim(REWARD, now=NOON))]
    await asyncio.gather(*(TASKS[REWARD].work(lease.facts, NOON) for lease in leases))
    outcomes = [outcome for _, outcome, _ in await given(mei)]
    assert (outcomes.count("GRANTED"), outcomes.count("SKIPPED")) == (5, 27)
    assert (await balance(mei))["available"] == 500


async def test_the_same_payment_reported_by_many_at_once_counts_once() -> None:
    await programme()
    await campaign()
    mei = await member("Mei")
    lan = await friend(await code(mei))
    key = fresh_key()
    await asyncio.gather(*(buy(lan, 50_00, ref="tea", key=key) for _ in range(8)))
    await asyncio.gather(*(buy(lan, 50_00, ref="tea") for _ in range(8)))
    await work()
    assert (await steps(lan)).count("ORDER") == 1
    assert len(await given(mei)) == 1


async def test_a_refund_that_overtakes_the_reward_leaves_nothing_to_give() -> None:
    await programme()
    await campaign()
    mei = await member("Mei")
    lan = await friend(await code(mei))
    await buy(lan, 50_00, ref="tea")
    await refund("tea", {"A": 50_00}, at=NOON)
    await run(CLAW_BACK)
    await run(REWARD)
    assert [each[1:] for each in await given(mei)] == [("SKIPPED", 0)]
    assert (await state(lan), (await balance(mei))["available"]) == ("CLAWED_BACK", 0)


async def test_a_refund_while_the_reward_is_given_takes_it_back() -> None:
    await programme()
    await campaign()
    mei = await member("Mei")
    lan = await friend(await code(mei))
    await buy(lan, 50_00, ref="tea")
    # the worker dies when the referrer has theirs
    await referrals.reward_referrer(lan, now=NOON)
    await refund("tea", {"A": 50_00}, at=NOON)
    await work(NOON + DAY)
    assert [each[2] for each in await given(mei)] == [100, -100]
    assert (await given(lan), (await balance(mei))["available"]) == ([], 0)


async def test_rewards_and_refunds_at_once_come_to_nothing_in_any_order() -> None:
    await programme()
    await campaign()
    mei = await member("Mei")
    said = await code(mei)
    friends = [await friend(said) for _ in range(8)]
    for place, each in enumerate(friends):
        await buy(each, 50_00, ref=f"tea-{place}")
    rewards = [work() for _ in range(4)]
    refunds = [refund(f"tea-{place}", {"A": 50_00}) for place in range(8)]
    await asyncio.gather(*rewards, *refunds)
    await work(NOON + DAY)
    assert ((await balance(mei))["available"], (await balance(mei))["debt"]) == (0, 0)
    assert {await state(each) for each in friends} == {"CLAWED_BACK"}


async def test_a_worker_that_dies_between_two_steps_is_followed_by_one_that_finds_them_done() -> None:
    await programme()
    await campaign()
    mei = await member("Mei")
    lan = await friend(await code(mei))
    await buy(lan, 50_00, ref="tea")
    await referrals.reward_referrer(lan, now=NOON)
    assert await state(lan) == "QUALIFIED"
    await work()
    assert (await state(lan), len(await given(mei)), len(await given(lan))) == ("REWARDED", 1, 1)
    await refund("tea", {"A": 50_00})
    for side in RewardSide.REFERRER, RewardSide.REFERRER, RewardSide.REFEREE:
        await referrals.take_back(lan, side, now=NOON)
    await work()
    assert ((await balance(mei))["available"], (await balance(lan))["available"]) == (0, 0)
    assert (await steps(lan)).count("COST") == 2


async def test_thirty_two_requests_for_a_code_or_a_binding_come_to_one() -> None:
    await programme()
    await campaign()
    mei, wang, lan = [await member(name) for name in ("Mei", "Wang", "Lan")]
    codes = await asyncio.gather(*(referrals.own_code(mei, now=NOON) for _ in range(32)))
    assert (len({each.code for each in codes}), await CODES.value(mei)) == (1, 1)
    theirs = [codes[0].code, await code(wang)]
    tries = await asyncio.gather(*(bound(lan, theirs[n % 2]) for n in range(32)), return_exceptions=True)
    assert sum(not isinstance(each, BaseException) for each in tries) == 1
    both = await asyncio.gather(bound(mei, theirs[1]), bound(wang, theirs[0]), return_exceptions=True)
    assert sum(not isinstance(each, BaseException) for each in both) == 1


async def test_with_no_hold_a_reward_is_there_within_two_seconds_of_the_payment() -> None:
    await programme()
    await campaign(at=now() - DAY)
    mei = await member("Mei")
    lan = await friend(await code(mei), at=now())
    async with working():
        await asyncio.sleep(0.6)
        began = asyncio.get_running_loop().time()
        await buy(lan, 50_00, at=now())
        while not await given(lan):
            assert asyncio.get_running_loop().time() - began < timedelta(seconds=2).total_seconds()
            await asyncio.sleep(0.02)
    assert await state(lan) == "REWARDED"
