"""Lint: what the law and WeChat forbid is named with its rule before anybody is bound by it."""

from typing import Any

import orjson
import pytest

from rules import lint
from rules.lint import LintCode, Severity
from rules.lint._findings import WORDS

GOOD: dict[str, Any] = {
    "code": "FRIENDS",
    "name": "老友推荐",
    "act": "FIRST_ORDER_COMPLETED",
    "minOrderMinor": 10_000,
    "holdDays": 7,
    "referrer": {"points": 500, "byTier": [{"tier": "GOLD", "points": 800}]},
    "referee": {"points": 300},
    "milestones": [{"qualified": 5, "points": 1_000}],
    "budget": 1_000_000,
}


def codes(draft: dict[str, Any], **worth: Any) -> list[LintCode]:
    """What is said of a draft."""
    return [each.code for each in lint.findings(draft, **worth)]


def blocks(draft: dict[str, Any]) -> dict[LintCode, str | None]:
    """What keeps a draft from being published, and where."""
    return {each.code: each.field for each in lint.findings(draft) if each.severity is Severity.BLOCKS}


def test_a_usual_campaign_has_nothing_against_it() -> None:
    assert codes(GOOD, worth=(1, 1)) == []


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"levels": 2}, "levels"),
        ({"levels": [{"points": 5}, {"points": 3}]}, "levels"),
        ({"second_level": {"points": 10}}, "second_level"),
        ({"referrer": {"points": 5, "indirectReward": 3}}, "referrer.indirectReward"),
        ({"partner": {"teamCommission": 100}}, "partner.teamCommission"),
    ],
)
def test_no_draft_may_pay_for_a_second_level(said: dict[str, Any], field: str) -> None:
    assert blocks(GOOD | said) == {LintCode.LAW_PYRAMID_DEPTH: field}


def test_one_level_is_no_second_one() -> None:
    assert not blocks(GOOD | {"levels": 1, "indirect": False, "downlines": []})
    assert not blocks(GOOD | {"levels": [{"points": 5, "growth": 5}]})


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"act": "REGISTERED"}, "milestones"),
        ({"act": "REGISTERED", "milestones": [], "caps": {"day": None, "month": None}}, "act"),
        ({"act": "INVITED", "milestones": [], "caps": {"month": None}}, "act"),
        ({"milestones": [{"registered": 10, "points": 5}]}, "milestones.0.registered"),
        ({"referrer": {"perHead": 5}}, "referrer.perHead"),
    ],
)
def test_nobody_is_paid_for_heads(said: dict[str, Any], field: str) -> None:
    assert blocks(GOOD | said) == {LintCode.LAW_HEAD_COUNT: field}


def test_a_capped_thanks_for_whoever_registers_is_a_warning() -> None:
    draft = GOOD | {"act": "REGISTERED", "milestones": [], "caps": {"month": 3}}
    assert (codes(draft), blocks(draft)) == ([LintCode.LAW_HEAD_COUNT], {})
    assert codes(draft | {"referrer": {}}) == []


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"entryFee": 100}, "entryFee"),
        ({"requiresPurchase": True}, "requiresPurchase"),
        ({"eligibility": {"minOrders": 1}}, "eligibility.minOrders"),
        ({"referrer": {"points": 5, "minSpendMinor": 9_900}}, "referrer.minSpendMinor"),
        ({"entry": {"deposit_minor": 1}}, "entry.deposit_minor"),
    ],
)
def test_to_recommend_costs_nothing(said: dict[str, Any], field: str) -> None:
    assert blocks(GOOD | said) == {LintCode.LAW_ENTRY_FEE: field}


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"act": "SHARED"}, "act"),
        ({"act": "FOLLOWED"}, "act"),
        ({"perShare": 5}, "perShare"),
        ({"referee": {"points": 1, "mustShare": True}}, "referee.mustShare"),
    ],
)
def test_the_act_of_sharing_is_neither_paid_nor_forced(said: dict[str, Any], field: str) -> None:
    assert blocks(GOOD | said) == {LintCode.WECHAT_SHARE_REWARD: field}


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"referrer": {"random": True}}, "referrer.random"),
        ({"referrer": {"minPoints": 1, "maxPoints": 500}}, "referrer"),
        ({"referrer": {"points": {"min": 1, "max": 500}}}, "referrer.points"),
        ({"redPacket": {"split": "RANDOM"}}, "redPacket.split"),
        ({"milestones": [{"qualified": 5, "lotteryChances": 1}]}, "milestones.0.lotteryChances"),
    ],
)
def test_gains_are_known_beforehand(said: dict[str, Any], field: str) -> None:
    assert blocks(GOOD | said) == {LintCode.WECHAT_RANDOM_GAIN: field}


def test_no_prize_is_above_fifty_thousand_yuan() -> None:
    prizes = [{"valueMinor": 5_000_000}, {"valueMinor": 5_000_001}]
    found = blocks(GOOD | {"prizes": prizes})
    assert found == {LintCode.LAW_LOTTERY_MAX: "prizes.1.valueMinor", LintCode.WECHAT_RANDOM_GAIN: "prizes"}


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("推荐二级分销，人人有奖", LintCode.LAW_PYRAMID_DEPTH),
        ("发展下线，团队计酬", LintCode.LAW_PYRAMID_DEPTH),
        ("不限人数，随时发展下线", LintCode.LAW_PYRAMID_DEPTH),
        ("Earn from your downline", LintCode.LAW_PYRAMID_DEPTH),
        ("按人头给钱", LintCode.LAW_HEAD_COUNT),
        ("先交纳押金", LintCode.LAW_ENTRY_FEE),
        ("购买大礼包后方可成为推荐人", LintCode.LAW_ENTRY_FEE),
        ("分享到朋友圈得积分", LintCode.WECHAT_SHARE_REWARD),
        ("转发即领红包", LintCode.WECHAT_SHARE_REWARD),
        ("Share to win", LintCode.WECHAT_SHARE_REWARD),
        ("每推荐一人抽奖一次", LintCode.WECHAT_RANDOM_GAIN),
        ("Up to 500 points", LintCode.WECHAT_RANDOM_GAIN),
    ],
)
def test_words_make_a_person_read_them_and_never_block(words: str, code: LintCode) -> None:
    for name in ("name", "terms"):
        draft = GOOD | {name: words}
        assert (codes(draft), blocks(draft)) == ([code], {})


@pytest.mark.parametrize(
    "words",
    [
        "本活动不发展下线",
        "推荐仅限一级，没有团队奖励",
        "No downlines",
        "线下线上同享",
        "分享给好友，好友下单后得积分",
    ],
)
def test_words_that_deny_it_are_no_finding(words: str) -> None:
    assert codes(GOOD | {"name": words}) == []


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"holdDays": 0}, LintCode.HOLD_ZERO),
        ({"clawBackDays": 0}, LintCode.CLAW_BACK_NONE),
        ({"caps": {"day": None, "month": None, "lifetime": None}}, LintCode.CAP_MISSING),
        ({"budget": None}, LintCode.BUDGET_MISSING),
        ({"windowDays": 30, "validDays": 29}, LintCode.WINDOW_ABOVE_VALIDITY),
        ({"minOrderMinor": 1_099}, LintCode.REWARD_ABOVE_ORDER),
        ({"act": "SPEND", "spendMinor": 1_099}, LintCode.REWARD_ABOVE_ORDER),
        ({"guards": {"staff": 49}}, LintCode.STAFF_PAID),
        ({"guards": {"staff": 150, "reviewScore": 151, "rejectScore": 151}}, LintCode.STAFF_PAID),
        ({"surprise": 1}, LintCode.FIELD_UNKNOWN),
    ],
)
def test_what_costs_more_than_was_meant_is_a_warning(said: dict[str, Any], code: LintCode) -> None:
    found = lint.findings(GOOD | said, worth=(1, 1))
    assert [(each.code, each.severity) for each in found] == [(code, Severity.WARNS)]


def test_points_are_compared_with_money_by_what_they_are_worth() -> None:
    assert codes(GOOD | {"minOrderMinor": 1_100}, worth=(1, 1)) == []
    assert codes(GOOD | {"minOrderMinor": 11}, worth=(100, 1)) == []
    assert codes(GOOD | {"minOrderMinor": 1}) == [], "nobody said what points are worth"


def test_a_campaign_that_gives_nothing_needs_no_hold() -> None:
    assert codes({"code": "X", "name": "X", "holdDays": 0, "clawBackDays": 0, "referrer": {"points": 0}}) == []


@pytest.mark.parametrize("text", ["", "[]", "{", "nothing", '{"a":' * 1_500, '{"name": "' + "x" * 70_000 + '"}'])
def test_what_is_no_draft_is_said_to_be_none(text: str) -> None:
    assert [each.code for each in lint.read(text)] == [LintCode.DRAFT_UNREADABLE]


def test_a_draft_of_ten_thousand_values_is_none() -> None:
    assert [each.code for each in lint.read(orjson.dumps({"a": [0] * 10_000}).decode())] == [
        LintCode.DRAFT_UNREADABLE
    ]


def test_what_blocks_comes_first_and_little_is_said_of_much() -> None:
    found = lint.findings(GOOD | {f"a{place}": {"fee": 1} for place in range(200)})
    assert len(found) == 100
    assert {each.severity for each in found} == {Severity.BLOCKS}


def test_values_of_any_shape_are_read_without_a_fault() -> None:
    for value in (None, True, 5, "x", [], [1], {}, {"a": 1}, [{"a": [None]}]):
        lint.findings(dict.fromkeys(lint.FIELDS, value), worth=(1, 1))


def test_every_finding_names_its_rule_in_both_languages() -> None:
    for code in LintCode:
        words = WORDS[code]
        assert words.rule, code
        assert words.en.isascii() or "，" not in words.en, code
        assert any("一" <= each <= "鿿" for each in words.zh), code
    assert "444" in WORDS[LintCode.LAW_PYRAMID_DEPTH].rule
