"""The course of a referral, reckoned without a database: what moves it, what does not, and in whatever order."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import permutations
from typing import Any
from uuid import UUID

import pytest

from models.referrals import ReferralState, ReferralStep
from models.units import Minor
from rules.referrals import Bought, Campaign, Course, QualifyingAct, Referral, missing
from tests.people import DAY, NOON

LAN, MEI, TEA, CUP = (UUID(int=number) for number in range(4))


def course(now: datetime = NOON, **parts: Any) -> Course:
    """Lan was brought by Mei at noon; a paid order of 40 qualifies at once unless something else is said."""
    usual: dict[str, Any] = {"act": QualifyingAct.FIRST_ORDER_PAID, "min_order_minor": 40, "hold_days": 0}
    campaign = Campaign("FRIENDS", "Friends", version=1, **{**usual, **parts})
    stands: dict[str, Any] = dict.fromkeys(Referral.__slots__)
    stands |= {"referee_id": LAN, "referrer_id": MEI, "campaign": "FRIENDS", "campaign_version": 1, "cause": "CODE"}
    stands |= {"state": ReferralState.BOUND, "bound_at": NOON, "spent_minor": 0, "seq": 1, "score": 0}
    found = Referral(**stands | {"valid_until": NOON + timedelta(days=campaign.valid_days)})
    return Course(found, campaign, now)


def order(gross: int = 50, *, refunded: int = 0, at: datetime = NOON, which: UUID = TEA) -> Bought:
    return Bought(which, at, Minor(gross), refunded)


def kinds(of: Course) -> list[str]:
    return [step.kind.value for step in of.steps]


def test_an_order_below_the_least_counts_and_qualifies_nobody() -> None:
    found = course()
    found.paid(order(39))
    assert (kinds(found), found.referral.state, found.referral.spent_minor) == (["ORDER"], "BOUND", 39)


def test_an_order_that_was_paid_before_or_after_its_time_counts_for_nothing() -> None:
    for at in (NOON - DAY, NOON + 180 * DAY):
        found = course(at)
        found.paid(order(at=at))
        assert "ORDER" not in kinds(found)


def test_a_hold_ends_at_its_moment_and_not_before() -> None:
    found = course(hold_days=7)
    found.paid(order())
    assert found.matures_at == NOON + 7 * DAY
    found.now = NOON + 7 * DAY - timedelta(microseconds=1)
    found.pass_time()
    assert found.referral.state == ReferralState.QUALIFYING
    found.now = NOON + 7 * DAY
    found.pass_time()
    assert (found.referral.state, found.referral.qualified_at) == ("QUALIFIED", NOON + 7 * DAY)


@pytest.mark.parametrize("looked", [False, True], ids=["worker late", "worker in time"])
def test_a_refund_told_after_the_hold_ends_alike_whether_or_not_a_worker_has_looked(*, looked: bool) -> None:
    found = course(hold_days=7, claw_back_days=0)
    found.paid(order())
    found.now = NOON + 8 * DAY
    if looked:
        found.pass_time()
    found.refunded(order(), order(refunded=50), NOON + 6 * DAY)
    assert (found.referral.state, found.referral.qualified_at) == ("CLAWED_BACK", NOON + 7 * DAY)


@pytest.mark.parametrize("state", ["EXPIRED", "REJECTED", "VOIDED"])
def test_what_is_over_is_moved_by_nothing(state: str) -> None:
    found = course()
    found.referral.state = ReferralState(state)
    found.paid(order())
    found.completed(order(), NOON)
    found.refunded(order(), order(refunded=50), NOON)
    assert (found.referral.state, found.referral.qualifies_at) == (state, None)
    assert "QUALIFYING" not in kinds(found)


def test_what_waits_for_a_look_keeps_counting_and_goes_on_when_it_is_cleared() -> None:
    found = course()
    found.referral.state = ReferralState.REVIEW
    found.paid(order())
    assert (found.referral.state, found.referral.qualifies_at) == ("REVIEW", NOON)
    found.turn(ReferralState.QUALIFYING, "CLEARED", NOON)
    found.pass_time()
    assert found.referral.state == ReferralState.QUALIFIED


def test_partial_refunds_end_alike_in_any_order() -> None:
    ends = set()
    for amounts in permutations((5, 15, 30)):
        found, before = course(), order()
        found.paid(before)
        for amount in amounts:
            after = replace(before, refunded_minor=before.refunded_minor + amount)
            found.refunded(before, after, NOON + DAY)
            before = after
        refunds = [step.refund_minor for step in found.steps if step.kind is ReferralStep.REFUND]
        ends.add((found.referral.state, found.referral.spent_minor, sum(refunds)))
    assert ends == {(ReferralState.CLAWED_BACK, 0, 50)}


def test_a_refund_of_another_order_leaves_the_one_that_qualified_alone() -> None:
    found = course()
    found.paid(order())
    found.paid(order(20, which=CUP))
    found.refunded(order(20, which=CUP), order(20, refunded=20, which=CUP), NOON)
    assert (found.referral.state, found.referral.spent_minor) == ("QUALIFIED", 50)


def test_what_is_missing_is_said_for_each_act() -> None:
    says = {
        act: missing(course(act=act, spend_minor=Minor(100)).campaign, ReferralState.BOUND, 30)
        for act in QualifyingAct
        if act is not QualifyingAct.COMMUNITY_DAYS
    }
    assert {act.value: (need.what.value, need.minor) for act, need in says.items()} == {
        "REGISTERED": ("REGISTRATION", 40),
        "FIRST_ORDER_PAID": ("ORDER", 40),
        "FIRST_ORDER_COMPLETED": ("ORDER", 40),
        "SPEND": ("SPENDING", 70),
    }
