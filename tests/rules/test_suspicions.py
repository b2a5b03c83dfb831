"""Suspicions: what speaks against a referral weighs something, and a campaign says what follows of the sum."""

import json

import pytest

from models.referrals import ReferralState
from rules.lint._sense import USUAL_GUARDS
from rules.policy import plain
from rules.referrals import Campaign, Facts, Guards, ReferralCampaignInvalid, Score, suspicions
from rules.referrals._campaign import check, parsed
from rules.referrals._suspicions import verdict

GUARDS = Guards()


@pytest.mark.parametrize(
    ("facts", "score", "evidence"),
    [
        (Facts(in_hour=10, in_day=40), 0, {}),
        (Facts(same_device=1), 60, {"SAME_DEVICE": 1}),
        (Facts(same_device=9), 180, {"SAME_DEVICE": 9}),
        (Facts(same_payer=1), 60, {"SAME_PAYER": 1}),
        (Facts(same_address=1), 30, {"SAME_ADDRESS": 1}),
        (Facts(in_hour=11), 50, {"VELOCITY": 11}),
        (Facts(in_hour=3, in_day=41), 50, {"VELOCITY": 41}),
        (
            Facts(same_address=1, same_device=2, in_hour=99),
            200,
            {"SAME_DEVICE": 2, "VELOCITY": 99, "SAME_ADDRESS": 1},
        ),
    ],
)
def test_every_reason_weighs_and_the_gravest_comes_first(
    facts: Facts, score: int, evidence: dict[str, int]
) -> None:
    found = suspicions(facts, GUARDS)
    assert (found.score, list(found.evidence.items())) == (score, list(evidence.items()))


@pytest.mark.parametrize(
    ("score", "cleared", "follows"),
    [
        (0, 0, None),
        (49, 0, None),
        (50, 0, ReferralState.REVIEW),
        (149, 0, ReferralState.REVIEW),
        (150, 0, ReferralState.REJECTED),
        (60, 60, None),
        (61, 60, ReferralState.REVIEW),
        (150, 150, None),
        (210, 150, ReferralState.REJECTED),
    ],
)
def test_a_sum_is_looked_at_or_refused_unless_it_was_cleared(
    score: int, cleared: int, follows: ReferralState | None
) -> None:
    assert verdict(Score(score, {"SAME_DEVICE": 1}), GUARDS, cleared=cleared) is follows


def test_a_lint_takes_the_guards_to_be_what_they_usually_are() -> None:
    assert {"staff": GUARDS.staff, "reviewScore": GUARDS.review_score} == USUAL_GUARDS


def test_a_campaign_says_what_weighs_how_much() -> None:
    strict = Guards(review_score=10, reject_score=20, same_device=5, velocity=0, per_hour=1)
    assert suspicions(Facts(same_device=2, in_hour=50), strict) == Score(10, {"SAME_DEVICE": 2})
    campaign = Campaign("FRIENDS", "Friends", guards=strict)
    check(campaign)
    assert parsed(json.dumps(plain(campaign))).guards == strict


@pytest.mark.parametrize(
    "wrong",
    [
        Guards(review_score=0),
        Guards(review_score=60, reject_score=59),
        Guards(same_payer=-1),
        Guards(per_hour=0),
        Guards(review_days=0),
    ],
)
def test_guards_that_guard_nothing_are_refused(wrong: Guards) -> None:
    with pytest.raises(ReferralCampaignInvalid):
        check(Campaign("FRIENDS", "Friends", guards=wrong))
