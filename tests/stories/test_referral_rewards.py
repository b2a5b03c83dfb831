"""Rewards of referrals: caps, budgets, milestones, tiers; what is taken back, and what is owed when it is gone."""

from uuid import UUID

from models.purchases import PurchaseEventKind
from models.referrals import ReferralTouch
from models.sql import SQL
from models.units import Growth, Points
from rules import housekeeping, lifecycle, phones
from rules.actors import SYSTEM
from rules.jobs import TASKS
from rules.members import Profile
from rules.policy import ClawBack, ClawBackPolicy
from rules.programme import terms
from rules.referrals import Came, Caps, Milestone, QualifyingAct, Reward, TierReward
from tests.ladder import standing
from tests.people import (
    DAY,
    NOON,
    SHOP,
    adjust,
    balance,
    buy,
    freeze,
    happens,
    leave,
    member,
    merge,
    phone,
    programme,
    publish,
    redeem,
    refund,
    unfreeze,
)
from tests.referring import bound, campaign, code, friend, given, state, steps, touch, work

SKIPPED = SQL("SELECT reward_skipped FROM referral WHERE referee_id = $1")
BUDGET = SQL("SELECT used FROM referral_budget WHERE campaign = 'FRIENDS'")
DEBT = SQL("SELECT owed FROM referral_debt WHERE member_id = $1")


async def bring(said: str, count: int = 1) -> list[UUID]:
    """So many friends register and pay an order each, `f0`, `f1`, …; a worker rewards what that wins."""
    friends = [await friend(said) for _ in range(count)]
    for place, each in enumerate(friends):
        await buy(each, 50_00, ref=f"{said}-{place}")
    await work()
    return friends


async def test_beyond_a_cap_a_referral_qualifies_and_its_reward_is_skipped() -> None:
    await programme()
    await campaign(caps=Caps(day=2))
    mei = await member("Mei")
    friends = await bring(await code(mei), 3)
    assert [outcome for _, outcome, _ in await given(mei)] == ["GRANTED", "GRANTED", "SKIPPED"]
    assert [await state(each) for each in friends] == ["REWARDED", "REWARDED", "QUALIFIED"]
    assert [await SKIPPED.value(each) for each in friends] == [None, None, "CAP"]
    assert [each[1] for each in await given(friends[2])] == ["GRANTED"]


async def test_a_budget_is_never_exceeded_and_what_is_taken_back_may_be_given_again() -> None:
    await programme()
    await campaign(budget=Points(150), referee=Reward(Points(20)))
    mei = await member("Mei")
    said = await code(mei)
    first, second = await bring(said, 2)
    assert [outcome for _, outcome, _ in await given(mei)] == ["GRANTED", "SKIPPED"]
    assert (await SKIPPED.value(second), await BUDGET.value()) == ("BUDGET", 140)
    await refund(f"{said}-0", {"A": 50_00}, at=NOON + DAY)
    await work(NOON + DAY)
    assert (await state(first), await BUDGET.value()) == ("CLAWED_BACK", 20)


async def test_a_reward_is_by_the_tier_of_whoever_gets_it() -> None:
    await programme()
    gold = TierReward("GOLD", Points(150), Growth(7))
    await campaign(referrer=Reward(Points(100), Growth(1), (gold,)))
    mei, wang = await member("Mei"), await member("Wang")
    await buy(wang, 5_000_00)
    await bring(await code(mei))
    await bring(await code(wang))
    assert await given(mei) == [("REFERRER", "GRANTED", 100)]
    assert await given(wang) == [("REFERRER", "GRANTED", 150)]
    assert (await standing(wang, NOON)).growth == 5_007


async def test_a_milestone_is_given_once_in_its_cycle_and_taken_back_when_too_few_are_left() -> None:
    await programme()
    await campaign(milestones=(Milestone(2, Points(30)), Milestone(3, Points(40), revocable=False)))
    mei = await member("Mei")
    said = await code(mei)
    await bring(said, 3)
    assert [each[2] for each in await given(mei)] == [100, 100, 30, 100, 40]
    for place in range(2):
        await refund(f"{said}-{place}", {"A": 50_00}, at=NOON + DAY)
    await work(NOON + DAY)
    assert [each[2] for each in await given(mei)][5:] == [-100, -100, -30]
    again = await code(mei, "AGAIN")
    await bring(again, 2)
    assert [each[2] for each in await given(mei)][8:] == [100, 100]
    assert (await balance(mei))["available"] == 3 * 100 + 40


async def test_a_refund_in_part_leaves_the_reward_while_enough_is_left() -> None:
    await programme()
    await campaign(min_order_minor=40_00)
    mei = await member("Mei")
    said = await code(mei)
    [lan] = await bring(said)
    await refund(f"{said}-0", {"A": 10_00}, at=NOON + DAY)
    assert (await state(lan), await work(NOON + DAY)) == ("REWARDED", 0)
    await refund(f"{said}-0", {"A": 1}, at=NOON + DAY)
    await work(NOON + DAY)
    assert (await state(lan), (await balance(mei))["available"]) == ("CLAWED_BACK", 0)


async def test_a_refund_long_after_leaves_the_rewards_alone() -> None:
    await programme()
    await campaign(claw_back_days=10)
    mei = await member("Mei")
    said = await code(mei)
    [lan] = await bring(said)
    await refund(f"{said}-0", {"A": 50_00}, at=NOON + 10 * DAY)
    assert (await state(lan), await work(NOON + 10 * DAY)) == ("REWARDED", 0)
    assert (await steps(lan))[-1] == "REFUND"


async def test_spending_counts_orders_less_refunds() -> None:
    await programme()
    await campaign(act=QualifyingAct.SPEND, spend_minor=100_00)
    lan = await friend(await code(await member("Mei")))
    await buy(lan, 90_00, ref="first")
    await refund("first", {"A": 20_00})
    await buy(lan, 20_00, ref="second")
    assert await state(lan) == "BOUND"
    await buy(lan, 10_00, ref="third")
    await work()
    assert await state(lan) == "REWARDED"
    await refund("second", {"A": 1}, at=NOON + DAY)
    assert await state(lan) == "CLAWED_BACK"


async def test_what_is_gone_is_owed_by_the_policy_or_kept_of_later_rewards() -> None:
    await programme()
    await publish(claw_back=ClawBack(ClawBackPolicy.CLAMP))
    await campaign()
    mei = await member("Mei")
    said = await code(mei)
    await bring(said)
    await redeem(mei, 90)
    await refund(f"{said}-0", {"A": 50_00}, at=NOON + DAY)
    await work(NOON + DAY)
    assert ((await balance(mei))["available"], await DEBT.value(mei)) == (0, 90)
    await bring(await code(mei, "AGAIN"), 2)
    assert [each[2] for each in await given(mei)] == [100, -10, 10, 100]
    assert await DEBT.value(mei) == 0


async def test_the_reward_of_a_frozen_referrer_waits_and_one_who_left_gets_none() -> None:
    await programme()
    await campaign()
    mei, wang = await member("Mei"), await member("Wang")
    codes = [await code(mei), await code(wang)]
    lan, lin = [await friend(each) for each in codes]
    await freeze(mei)
    await leave(wang)
    await buy(lan, 50_00)
    await buy(lin, 50_00)
    await work()
    assert ((await balance(mei))["available"], (await balance(mei))["pending"]) == (0, 100)
    await unfreeze(mei)
    assert (await balance(mei))["available"] == 100
    assert (await state(lin), await SKIPPED.value(lin)) == ("QUALIFIED", "REFERRER_GONE")


async def test_a_merged_referrer_is_rewarded_as_who_they_are_now_and_never_for_themselves() -> None:
    await programme()
    await campaign()
    mei, twin, wang = await member("Mei"), await member("Mei, too"), await member("Wang")
    lan, lin = await friend(await code(twin)), await friend(await code(wang))
    await merge(twin, mei)
    await merge(wang, lin)
    await buy(lan, 50_00, ref="lan")
    await buy(lin, 50_00, ref="lin")
    await work()
    assert (await given(mei), await state(lan)) == ([("REFERRER", "GRANTED", 100)], "REWARDED")
    assert (await given(lin), await state(lin)) == ([], "VOIDED")


async def test_what_somebody_got_for_bringing_themselves_is_taken_back_when_both_are_merged() -> None:
    await programme()
    await campaign()
    mei = await member("Mei")
    [twin] = await bring(await code(mei))
    lin = await friend(await code(mei))
    await merge(twin, mei, at=NOON + DAY)
    await merge(lin, mei, at=NOON + DAY)
    await work(NOON + DAY)
    assert (await state(twin), await state(lin)) == ("CLAWED_BACK", "VOIDED")
    assert [each[2] for each in await given(mei)] == [100, -100]
    assert (await balance(mei))["available"] == 50


async def test_of_two_referrals_of_one_person_the_earlier_stays() -> None:
    await programme()
    await campaign()
    mei, wang = await member("Mei"), await member("Wang")
    first = await friend(await code(mei), at=NOON)
    second = await friend(await code(wang), at=NOON + DAY)
    await merge(first, second, at=NOON + 2 * DAY)
    assert (await state(first), await state(second)) == ("BOUND", "VOIDED")


async def test_whoever_verifies_a_phone_later_has_registered_then() -> None:
    await programme()
    await campaign(act=QualifyingAct.REGISTERED)
    mei = await member("Mei")
    came, said = Came(await code(mei)), phone(verified=False)
    lan, _ = await lifecycle.enroll(None, [said], Profile(), came=came, actor=SHOP, now=NOON)
    assert await state(lan) == "BOUND"
    await phones.link(lan, phone(said.value), now=NOON + DAY)
    await work(NOON + DAY)
    assert (await state(lan), len(await given(mei))) == ("REWARDED", 1)


async def test_touches_are_swept_after_their_time_and_a_partners_only_once_they_are_counted() -> None:
    await programme()
    await campaign()
    await touch(await code(await member("Mei")))
    await housekeeping.sweep({}, NOON + 399 * DAY)
    assert await ReferralTouch.all().count() == 1
    await housekeeping.sweep({}, NOON + 400 * DAY)
    assert await ReferralTouch.all().count() == 0


async def test_a_reward_is_taken_back_from_who_a_merged_referrer_is_now() -> None:
    await programme()
    await campaign(referrer=Reward(Points(100), Growth(5)))
    mei, twin = await member("Mei"), await member("Mei, too")
    said = await code(twin)
    await bring(said)
    await merge(twin, mei)
    assert (await balance(mei))["available"] == 100
    await refund(f"{said}-0", {"A": 50_00}, at=NOON + DAY)
    await work(NOON + DAY)
    assert ((await balance(mei))["available"], (await balance(mei))["debt"]) == (0, 0)
    assert (await standing(mei, NOON + DAY)).growth == 0


async def test_nobody_is_brought_twice_or_by_themselves_or_in_a_circle_or_once_they_have_bought() -> None:
    await programme()
    await campaign()
    mei = await member("Mei")
    said = await code(mei)
    lan = await friend(said)
    theirs = await code(lan)
    assert await objection(mei, said) == "SELF"
    assert await objection(mei, theirs) == "CYCLE"
    assert await objection(lan, theirs) == "BOUND_ALREADY"
    lin = await friend(theirs)
    assert await objection(mei, await code(lin)) == "CYCLE"
    su = await member("Su")
    await buy(su, 10_00)
    assert await objection(su, said) == "NOT_NEW"
    assert await objection(await member("Zhu"), "ABCDEFGH23") == "NOT_FOUND"


async def objection(who: UUID, said: str) -> str | None:
    """What stands against binding somebody by hand; None when they are bound."""
    try:
        await bound(who, said)
    except Exception as refused:
        return str(getattr(refused, "reason", refused))
    return None


async def test_whoever_was_erased_comes_back_as_no_new_member() -> None:
    await programme()
    await campaign()
    said = await code(await member("Mei"))
    lan = await friend(said, number="+8613812340000")
    await lifecycle.erase(lan, reason=(await terms()).name, actor=SYSTEM, now=NOON)  # type: ignore[arg-type]
    back = await friend(said, number="+8613812340000")
    assert (back != lan, await state(back)) == (True, None)


async def test_a_second_friend_from_the_same_device_waits_for_somebody_to_look() -> None:
    await programme()
    await campaign()
    mei = await member("Mei")
    said = await code(mei)
    await touch(said, "one-phone")
    first = await friend(device="one-phone")
    await buy(first, 50_00)
    second = await friend(device="one-phone")
    await buy(second, 50_00)
    await work()
    assert (await state(first), await state(second)) == ("REWARDED", "REVIEW")
    assert len(await given(mei)) == 1


async def test_a_referral_that_runs_out_qualifies_no_more() -> None:
    await programme()
    await campaign(valid_days=10)
    mei = await member("Mei")
    lan = await friend(await code(mei))
    await buy(lan, 50_00, at=NOON + 10 * DAY)
    await work(NOON + 10 * DAY)
    assert (await state(lan), await given(mei)) == ("EXPIRED", [])


async def test_a_sweeper_ends_what_has_run_out_without_a_word_from_anybody() -> None:
    await programme()
    await campaign(valid_days=10)
    said = await code(await member("Mei"))
    early, late = await friend(said), await friend(said, at=NOON + DAY)
    await TASKS["referrals.expire"].work({}, NOON + 10 * DAY)
    assert (await state(early), await state(late)) == ("EXPIRED", "BOUND")


async def test_registering_is_enough_where_the_campaign_says_so_and_completion_where_it_says_that() -> None:
    await programme()
    await campaign(act=QualifyingAct.REGISTERED)
    mei = await member("Mei")
    said = await code(mei)
    await friend(said)
    await work()
    assert len(await given(mei)) == 1
    await campaign(act=QualifyingAct.FIRST_ORDER_COMPLETED)
    lan = await friend(said)
    await buy(lan, 50_00, ref="tea")
    await happens(PurchaseEventKind.COMPLETED, "tea")
    await work()
    assert len(await given(mei)) == 2
    await adjust(mei, 1)
