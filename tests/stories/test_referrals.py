"""Referrals: who brings a friend is rewarded for what the friend does, once, and what was given is taken back."""

import pytest

from models.invariants import violations
from models.purchases import PurchaseEventKind
from models.sql import SQL
from models.units import Minor, ReasonCode
from rules import partners, purchases, referrals
from rules.actors import SYSTEM
from rules.referrals import Attribution, QualifyingAct, ReferralCampaignUnknown
from tests.bringing import organisation
from tests.people import DAY, NOON, SHOP, balance, buy, fresh_key, happens, member, order, programme, refund
from tests.referring import campaign, code, friend, given, state, steps, touch, work

BY = SQL("SELECT referrer_id FROM referral WHERE referee_id = $1")
RETIRE = SQL("UPDATE referral_code SET retired_at = created_at WHERE code = $1 RETURNING code")
TOUCHED = SQL("SELECT channel FROM referral_touch ORDER BY id", fans_out="a test looks")


async def test_a_friend_who_pays_a_first_order_earns_both_sides_their_reward_once() -> None:
    await programme()
    await campaign()
    mei = await member("Mei")
    lan = await friend(await code(mei))
    assert await state(lan) == "BOUND"
    await buy(lan, 50_00)
    assert await state(lan) == "QUALIFIED"
    assert await work() == 1
    assert await state(lan) == "REWARDED"
    assert await given(mei) == [("REFERRER", "GRANTED", 100)]
    assert await given(lan) == [("REFEREE", "GRANTED", 20)]
    assert ((await balance(mei))["available"], (await balance(lan))["available"]) == (100, 70)
    await buy(lan, 80_00)
    assert await work() == 0
    assert await steps(lan) == ["BOUND", "ORDER", "QUALIFYING", "QUALIFIED", "COST", "REWARDED", "ORDER"]
    assert await violations() == []


async def test_what_an_order_would_bring_is_told_to_whoever_was_brought() -> None:
    await programme()
    await campaign()
    lan = await friend(await code(await member("Mei")))
    foreseen = await purchases.preview(lan, order(50_00, ref="next"), paid_at=NOON, actor=SHOP, now=NOON)
    assert ([lot.granted for lot in foreseen.lots], await state(lan)) == ([50], "BOUND")
    await buy(lan, 50_00)
    assert await state(lan) == "QUALIFIED"
    foreseen = await purchases.preview(lan, order(30_00, ref="next"), paid_at=NOON, actor=SHOP, now=NOON)
    assert [lot.granted for lot in foreseen.lots] == [30]


async def test_the_last_touch_of_a_device_binds_and_a_first_touch_where_the_campaign_says_so() -> None:
    await programme()
    mei, wang = await member("Mei"), await member("Wang")
    await campaign()
    await touch(await code(mei), "phone-1", at=NOON - 3 * DAY)
    await touch(await code(wang), "phone-1", at=NOON - DAY)
    await touch(await code(mei), "phone-2", at=NOON - 3 * DAY)
    await touch(await code(wang), "phone-2", at=NOON - DAY)
    await buy(await friend(device="phone-1"), 10_00)
    await campaign(attribution=Attribution.FIRST_TOUCH_WINDOW)
    await buy(await friend(device="phone-2"), 10_00)
    await work()
    assert await given(wang) == [("REFERRER", "GRANTED", 100)]
    assert await given(mei) == [("REFERRER", "GRANTED", 100)]


@pytest.mark.parametrize("attribution", [Attribution.FIRST_TOUCH_WINDOW, Attribution.FIRST_TOUCH_PERMANENT])
async def test_fifty_touches_that_count_for_nothing_hide_none_that_does(attribution: Attribution) -> None:
    await programme()
    await campaign(attribution=attribution)
    retired, mei = await code(await member("Wang")), await member("Mei")
    for ago in (40, 3):
        for _ in range(50):
            await touch(retired, at=NOON - ago * DAY)
    assert await RETIRE.row(retired)
    await touch(await code(mei), at=NOON - DAY)
    lan = await friend(device="phone-1")
    assert (await BY.value(lan)) == mei


async def test_a_partners_link_keeps_its_channel_and_brings_nobody_while_it_is_disabled() -> None:
    await programme()
    await campaign()
    bamboo = await organisation()
    link = await partners.open_link(bamboo, "POSTER", key=fresh_key(), actor=SYSTEM, now=NOON)
    await touch(link, "phone-1", channel="ELSEWHERE")
    await touch(await code(await member("Mei"), "POSTER"), "phone-1", channel="ELSEWHERE")
    assert [row["channel"] for row in await TOUCHED.rows()] == ["POSTER", "ELSEWHERE"]
    why = ReasonCode("CONTRACT_ENDED")
    await partners.disable(bamboo, reason=why, actor=SYSTEM, now=NOON)
    assert await state(await friend(link)) is None
    await partners.enable(bamboo, reason=why, actor=SYSTEM, now=NOON)
    assert await state(await friend(link)) == "BOUND"


async def test_a_hold_that_has_ended_is_over_though_the_refund_comes_before_the_worker() -> None:
    await programme()
    await campaign(hold_days=7, claw_back_days=0)
    mei = await member("Mei")
    for ref, days, stands in (("late", 7, "REWARDED"), ("early", 6, "BOUND")):
        lan = await friend(await code(mei))
        await buy(lan, 50_00, ref=ref)
        await refund(ref, {"A": 50_00}, at=NOON + days * DAY)
        await work(NOON + 9 * DAY)
        assert await state(lan) == stands


async def test_a_refund_takes_back_what_the_referral_gave_on_both_sides() -> None:
    await programme()
    await campaign()
    mei = await member("Mei")
    lan = await friend(await code(mei))
    await buy(lan, 50_00, ref="first")
    await work()
    await refund("first", {"A": 50_00}, at=NOON + DAY)
    assert await state(lan) == "CLAWED_BACK"
    assert await work(NOON + DAY) == 1
    assert [line[1:] for line in await given(mei)] == [("GRANTED", 100), ("TAKEN_BACK", -100)]
    assert [line[1:] for line in await given(lan)] == [("GRANTED", 20), ("TAKEN_BACK", -20)]
    assert ((await balance(mei))["available"], (await balance(lan))["available"]) == (0, 0)
    assert await work(NOON + 2 * DAY) == 0


async def test_a_completed_order_qualifies_after_its_hold_and_a_refund_before_lets_it_wait_for_another() -> None:
    await programme()
    await campaign(act=QualifyingAct.FIRST_ORDER_COMPLETED, hold_days=7)
    mei = await member("Mei")
    lan = await friend(await code(mei))
    await buy(lan, 50_00, ref="first")
    assert await state(lan) == "BOUND"
    await happens(PurchaseEventKind.COMPLETED, "first", at=NOON + DAY)
    assert await state(lan) == "QUALIFYING"
    await refund("first", {"A": 50_00}, at=NOON + 2 * DAY)
    assert await state(lan) == "BOUND"
    await buy(lan, 60_00, ref="second", at=NOON + 3 * DAY)
    await happens(PurchaseEventKind.COMPLETED, "second", at=NOON + 3 * DAY)
    assert await work(NOON + 9 * DAY) == 1
    assert (await state(lan), await given(mei)) == ("QUALIFYING", [])
    await work(NOON + 10 * DAY)
    assert (await state(lan), await given(mei)) == ("REWARDED", [("REFERRER", "GRANTED", 100)])


async def test_an_order_given_back_in_part_and_then_completed_qualifies_as_it_does_the_other_way_round() -> None:
    await programme()
    await campaign(act=QualifyingAct.FIRST_ORDER_COMPLETED, hold_days=7, min_order_minor=Minor(40_00))
    for ref, is_completed_first in (("one", True), ("other", False)):
        lan = await friend(await code(await member()))
        await buy(lan, 50_00, ref=ref)
        if is_completed_first:
            await happens(PurchaseEventKind.COMPLETED, ref, at=NOON + DAY)
        await refund(ref, {"A": 10_00}, at=NOON + DAY)
        if not is_completed_first:
            await happens(PurchaseEventKind.COMPLETED, ref, at=NOON + DAY)
        assert await state(lan) == "QUALIFYING"


async def test_a_link_is_of_a_campaign_there_is() -> None:
    await programme()
    await campaign()
    await referrals.check_campaign("FRIENDS")
    with pytest.raises(ReferralCampaignUnknown):
        await referrals.check_campaign("NOBODY")
