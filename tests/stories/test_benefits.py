"""Benefits: what a tier opens is used so often a month, by whoever holds the tier at that moment."""

from datetime import UTC, datetime

import pytest

from models.earning import EarnRuleKind
from models.invariants import violations
from models.units import Points
from rules.benefits import BenefitExhausted, BenefitNotEntitled
from rules.refusals import MemberFrozen
from rules.schemes import BenefitKind
from tests.ladder import pay, pay_back, plan, scheme, use
from tests.people import DAY, NOON, balance, buy, caps, freeze, fresh_key, member, programme, rule

TWICE = {"kind": "EXCLUSIVE_ACCESS", "code": "LOUNGE", "per_month": 2}
COUPON = {"kind": "PERIODIC_COUPON", "code": "TEN_OFF", "value": 1}
APRIL = datetime(2026, 3, 31, 16, tzinfo=UTC)
"""Midnight before 1 April in Shanghai."""


async def test_a_benefit_is_used_so_often_a_month_and_again_in_the_next() -> None:
    await programme()
    await scheme(benefits={"SILVER": [TWICE, COUPON]})
    mei = await member()
    await buy(mei, 1_000_00)
    key = fresh_key()
    first, again, second = await use(mei, key=key), await use(mei, key=key), await use(mei)
    assert [(each.number, each.left, each.replayed) for each in (first, again, second)] == [
        (1, 1, False),
        (1, 1, True),
        (2, 0, False),
    ]
    with pytest.raises(BenefitExhausted) as refused:
        await use(mei)
    assert refused.value.limit == 2
    assert (await use(mei, at=APRIL)).number == 1
    assert (await use(mei, BenefitKind.PERIODIC_COUPON, "TEN_OFF")).left == 0
    with pytest.raises(BenefitExhausted):
        await use(mei, BenefitKind.PERIODIC_COUPON, "TEN_OFF")
    assert await violations() == []


async def test_only_who_holds_the_tier_at_that_moment_uses_what_it_gives() -> None:
    await programme()
    await scheme(benefits={"GOLD": [TWICE]})
    await plan()
    mei = await member()
    with pytest.raises(BenefitNotEntitled):
        await use(mei)
    bought = await pay(mei)
    await use(mei)
    for kind, code in ((BenefitKind.EXCLUSIVE_ACCESS, "POOL"), (BenefitKind.EARN_MULTIPLIER, "LOUNGE")):
        with pytest.raises(BenefitNotEntitled):
            await use(mei, kind, code)
    # the membership is over, and nobody has written that down
    with pytest.raises(BenefitNotEntitled):
        await use(mei, at=NOON + 40 * DAY)
    await pay_back(mei, bought)
    with pytest.raises(BenefitNotEntitled):
        await use(mei)
    await pay(mei)
    await freeze(mei)
    with pytest.raises(MemberFrozen):
        await use(mei)


async def test_a_tier_may_widen_what_is_earned_at_most() -> None:
    await programme()
    wide = {"kind": "CAP_OVERRIDE", "value": 15_000}
    await scheme(benefits={"GOLD": [wide]})
    await rule("ALL", EarnRuleKind.CAPS, caps=caps(day=100))
    mei, wang = await member("Mei"), await member("Wang")
    await plan()
    await pay(mei)
    for who in (mei, wang):
        await buy(who, 400_00)
    assert [(await balance(who))["available"] for who in (mei, wang)] == [Points(150), Points(100)]
