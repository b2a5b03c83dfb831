"""The demo's referrals: what can be known of them before anything is sown."""

from api.friends import BROUGHT, CAMPAIGN, FRIENDS, PASSERS_BY
from rules import lint
from rules.policy import plain


def test_nothing_speaks_against_the_demos_campaign() -> None:
    assert lint.findings(plain(CAMPAIGN)) == []


def test_the_demos_friends_are_told_apart() -> None:
    assert len({each.name for each in (*FRIENDS, *PASSERS_BY)}) == BROUGHT
