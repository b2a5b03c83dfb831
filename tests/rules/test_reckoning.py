"""Reckoning: what an order comes to by rules and caps, on plain values alone."""

from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.earning import AwardKind, CapPeriod, EarnRuleKind
from models.units import BasisPoints, Minor, Points
from rules.earning import BirthdayMatch, Choice, Facts, Goods, Rule, Weekday, eligible
from rules.earning._reckoning import Key, Room, clip, fits, start_of, wishes
from rules.prices import split
from rules.programme import Rung, Terms
from tests.people import GIVES, LADDER, caps, earn_rule

TERMS = Terms("Tea House", "CNY", "Asia/Shanghai", 1, 100, None, 7, ladder=LADDER)
SHANGHAI = ZoneInfo("Asia/Shanghai")
TUESDAY = datetime(2026, 3, 10, 12, tzinfo=SHANGHAI)
BONUS = EarnRuleKind.BONUS_POINTS


def facts(*amounts: int, at: datetime = TUESDAY, tier: Rung = LADDER[0], **more: Any) -> Facts:
    goods = tuple(Goods(amount) for amount in amounts or (100_00,))
    return Facts(at, **{"goods": goods, "tier": tier, **more})


def given_by(rules: list[Rule], told: Facts, **used: Any) -> dict[str, int]:
    """What an order is given, by rule or kind."""
    room = Room(used.get("used", {}), used.get("left", {}))
    awards = clip(wishes(rules, told, TERMS), rules, told, room)
    return {each.wish.rule.code if each.wish.rule else each.wish.kind.value: each.points for each in awards}


def test_multipliers_add_up_and_never_multiply() -> None:
    rules = [earn_rule("A", multiplier_bps=BasisPoints(20_000)), earn_rule("B", multiplier_bps=BasisPoints(30_000))]
    told = facts(100_00, tier=LADDER[2])
    assert given_by(rules, told) == {"BASE": 100, "TIER": 25, "A": 100, "B": 200}


def test_a_better_rate_replaces_the_base_of_its_goods_alone() -> None:
    tea = Choice(frozenset({"tea"}))
    rate = earn_rule("RATE", EarnRuleKind.BASE_RATE, categories=tea)
    goods = (Goods(50_50, categories=("tea",)), Goods(49_99))
    told = facts(goods=goods, tier=LADDER[2])
    assert given_by([rate], told) == {"RATE": 101, "BASE": 49, "TIER": 37}
    double = earn_rule("DOUBLE", categories=tea)
    assert given_by([rate, double], told)["DOUBLE"] == 101
    assert given_by([rate, earn_rule("DOUBLE")], told)["DOUBLE"] == 150
    other = earn_rule("OTHER", categories=Choice(exclude=frozenset({"tea"})))
    assert given_by([rate, other], told)["OTHER"] == 49


def test_of_two_rates_one_applies_by_priority_then_points_then_code() -> None:
    low = earn_rule("LOW", EarnRuleKind.BASE_RATE, points=Points(9))
    high = earn_rule("HIGH", EarnRuleKind.BASE_RATE, priority=1)
    assert given_by([low, high], facts()) == {"HIGH": 200}
    same = earn_rule("ALSO", EarnRuleKind.BASE_RATE, priority=1)
    assert given_by([low, high, same], facts()) == {"ALSO": 200}
    assert given_by([earn_rule("NONE", EarnRuleKind.BASE_RATE, points=Points(0), priority=2), high], facts()) == {}


def test_of_a_group_the_rule_that_gives_most_applies_and_of_equals_the_lowest_code() -> None:
    one, two, three = (
        earn_rule(code, BONUS, exclusive_group="G", points=Points(n))
        for code, n in (("B", 10), ("A", 10), ("C", 9))
    )
    alone = earn_rule("Z", BONUS)
    assert given_by([one, two, three, alone], facts()) == {"BASE": 100, "A": 10, "Z": 10}


def test_an_order_draws_on_one_budget_that_of_the_rule_that_gives_most() -> None:
    rules = [earn_rule("A", BONUS, budget=Points(100)), earn_rule("B", BONUS, budget=Points(5), points=Points(20))]
    assert given_by(rules, facts(), left={"A": 100, "B": 5}) == {"BASE": 100, "B": 5}


@pytest.mark.parametrize(
    ("more", "told", "fitting"),
    [
        ({"tiers": Choice(frozenset({"GOLD"}))}, {"tier": LADDER[2]}, True),
        ({"tiers": Choice(frozenset({"GOLD"}))}, {}, False),
        ({"tiers": Choice(exclude=frozenset({"BASIC"}))}, {}, False),
        ({"channels": Choice(frozenset({"web"}))}, {"channel": "web"}, True),
        ({"channels": Choice(frozenset({"web"}))}, {}, False),
        ({"channels": Choice(exclude=frozenset({"web"}))}, {}, True),
        ({"store_ids": Choice(frozenset({"s"}))}, {"store_id": "s"}, True),
        ({"store_ids": Choice(frozenset({"s"}))}, {"store_id": "t"}, False),
        ({"skus": Choice(frozenset({"T"}))}, {"goods": (Goods(1, "T"), Goods(9, "U"))}, True),
        ({"skus": Choice(frozenset({"T"}))}, {"goods": (Goods(9, "U"), Goods(9))}, False),
        ({"skus": Choice(frozenset({"T"}))}, {"goods": (Goods(0, "T"), Goods(9))}, False),
        ({"first_order": True}, {"is_first": True}, True),
        ({"first_order": True}, {}, False),
        ({"min_eligible_minor": Minor(100_00)}, {}, True),
        ({"min_eligible_minor": Minor(100_01)}, {}, False),
        ({"birthday": BirthdayMatch.DAY}, {"birthday": date(1990, 3, 10)}, True),
        ({"birthday": BirthdayMatch.DAY}, {"birthday": date(1990, 3, 11)}, False),
        ({"birthday": BirthdayMatch.MONTH}, {"birthday": date(1990, 3, 31)}, True),
        ({"birthday": BirthdayMatch.MONTH}, {"birthday": date(1990, 4, 10)}, False),
        ({"birthday": BirthdayMatch.DAY}, {}, False),
    ],
)
def test_a_rule_applies_where_all_its_filters_let_a_purchase_in(
    more: dict[str, Any], told: dict[str, Any], fitting: bool
) -> None:
    assert fits(earn_rule(**more), facts(**told)) is fitting
    sometimes = earn_rule(**more, weekdays=frozenset({Weekday.MON}))
    assert not fits(sometimes, facts(**told))


def test_nothing_is_given_for_an_order_that_nobody_paid_for() -> None:
    assert given_by([earn_rule("TEN", BONUS)], facts(0)) == {}


@pytest.mark.parametrize(
    ("day", "born", "is_near"),
    [
        (date(2026, 2, 28), date(2000, 2, 29), True),
        (date(2026, 2, 27), date(2000, 2, 29), False),
        (date(2026, 3, 1), date(2000, 2, 29), False),
        (date(2028, 2, 28), date(2000, 2, 29), False),
        (date(2028, 2, 29), date(2000, 2, 29), True),
        (date(2026, 2, 28), date(2000, 2, 28), True),
        (date(2028, 2, 29), date(2000, 2, 28), False),
    ],
)
def test_who_was_born_on_a_leap_day_has_a_birthday_every_year(day: date, born: date, is_near: bool) -> None:
    at = datetime.combine(day, time(12), SHANGHAI)
    assert fits(earn_rule(birthday=BirthdayMatch.DAY), facts(at=at, birthday=born)) is is_near


@pytest.mark.parametrize(
    ("clock", "is_in"),
    [("08:59:59.999999", False), ("09:00", True), ("17:59:59.999999", True), ("18:00", False)],
)
def test_a_time_of_day_is_from_its_first_moment_to_before_its_last(clock: str, is_in: bool) -> None:
    at = datetime.combine(date(2026, 3, 10), time.fromisoformat(clock), SHANGHAI)
    by_day = earn_rule(time_from=time(9), time_until=time(18))
    by_night = earn_rule(time_from=time(18), time_until=time(9))
    assert (fits(by_day, facts(at=at)), fits(by_night, facts(at=at))) == (is_in, not is_in)


def test_a_period_and_a_weekday_are_the_programmes() -> None:
    # midnight in Shanghai is 16:00 of the day before in UTC
    midnight = datetime(2026, 3, 9, 16, tzinfo=UTC)
    only = earn_rule(starts_at=midnight, ends_at=midnight.replace(day=10))
    tuesdays = earn_rule(weekdays=frozenset({Weekday.TUE}))
    for moment, is_in in (
        (midnight, True),
        (midnight.replace(hour=15, minute=59, second=59), False),
        (midnight.replace(day=10, hour=15, minute=59, second=59), True),
        (midnight.replace(day=10), False),
    ):
        told = facts(at=moment.astimezone(SHANGHAI))
        assert (fits(only, told), fits(tuesdays, told)) == (is_in, is_in), moment


def test_periods_begin_on_their_first_day() -> None:
    sunday, monday = date(2026, 3, 1), date(2026, 3, 2)
    assert [start_of(CapPeriod.WEEK, day) for day in (sunday, monday)] == [date(2026, 2, 23), monday]
    assert [start_of(CapPeriod.MONTH, day) for day in (date(2026, 2, 28), sunday)] == [date(2026, 2, 1), sunday]
    assert start_of(CapPeriod.DAY, sunday) == sunday


def test_what_clips_is_told_with_what_was_wanted() -> None:
    rule = earn_rule("TEN", BONUS, caps=caps(transaction=8, day=20))
    whole = earn_rule("ALL", EarnRuleKind.CAPS, caps=caps(week=103))
    today = Key("TEN", CapPeriod.DAY, TUESDAY.date())
    awards = clip(wishes([rule, whole], facts(), TERMS), [rule, whole], facts(), Room({today: 12}, {}))
    assert [(each.wish.wanted, each.points, each.capped_by) for each in awards] == [
        (100, 100, ()),
        (10, 3, ("ALL:WEEK",)),
    ]
    alone = clip(wishes([rule], facts(), TERMS), [rule], facts(), Room({today: 12}, {}))
    assert (alone[1].points, alone[1].capped_by) == (8, ("TEN:TRANSACTION", "TEN:DAY"))


def test_a_tier_may_widen_a_members_caps_but_no_budget() -> None:
    rule = earn_rule("TEN", BONUS, points=Points(50), caps=caps(day=10), budget=Points(14))
    wide = facts(cap_bps=BasisPoints(15_000))
    assert given_by([rule], wide, left={"TEN": 100})["TEN"] == 15
    assert given_by([rule], wide, left={"TEN": 14})["TEN"] == 14


def test_what_an_order_earned_is_split_over_its_lines_to_the_point() -> None:
    assert split(90, [53_91, 36_14]) == [54, 36]
    assert split(1, [5, 5]) == [1, 0]
    assert split(7, [0, 0]) == [0, 0]


def test_what_points_paid_is_split_over_the_lines_to_the_last_fen() -> None:
    assert eligible([59_90, 40_15], 10_00) == [59_90 - 5_99, 40_15 - 4_01]
    assert eligible([1, 1, 1], 2) == [0, 0, 1]
    assert eligible([0, 5], 5) == [0, 0]
    assert eligible([3, 4], 0) == [3, 4]


amounts = st.integers(0, 10**12)
AMOUNTS = st.lists(st.tuples(amounts, st.sampled_from(["tea", "cup", "pot"])), min_size=1, max_size=5)


@given(st.lists(amounts, min_size=1, max_size=6), st.data())
def test_every_line_keeps_a_part_of_what_was_paid_and_all_of_them_the_whole(
    paid: list[int], data: st.DataObject
) -> None:
    by_points = data.draw(st.integers(0, sum(paid)))
    left = eligible(paid, by_points)
    assert sum(left) == sum(paid) - by_points
    assert all(0 <= part <= whole for part, whole in zip(left, paid, strict=True))


CODES = st.sampled_from("ABCDEF")
SOME = st.none() | st.integers(0, 300)


@st.composite
def some_rules(draw: st.DrawFn) -> list[Rule]:
    """Rules of any kind, each code once, with caps, groups, budgets and goods."""
    found = {}
    for code in draw(st.lists(CODES, max_size=5, unique=True)):
        kind = draw(st.sampled_from([EarnRuleKind.BASE_RATE, BONUS, EarnRuleKind.BONUS_MULTIPLIER]))
        told = {name: draw(SOME) for name in ("transaction", "day", "week", "month", "lifetime")}
        more: dict[str, Any] = {"caps": caps(**told), "priority": draw(st.integers(0, 2))}
        if kind is not EarnRuleKind.BASE_RATE:
            more |= {"exclusive_group": draw(st.sampled_from([None, "G"])), "budget": draw(SOME)}
        if draw(st.booleans()):
            more["categories"] = Choice(frozenset({"tea"}))
        found[code] = Rule(**{"code": code, "kind": kind, "name": code, **GIVES[kind], **more})
    if draw(st.booleans()):
        found["ALL"] = earn_rule("ALL", EarnRuleKind.CAPS, caps=caps(transaction=draw(SOME), day=draw(SOME)))
    return list(found.values())


@given(some_rules(), AMOUNTS, st.sampled_from(LADDER), st.data())
def test_the_order_of_the_rules_says_nothing_and_no_cap_is_ever_passed(
    rules: list[Rule], lines: list[tuple[int, str]], tier: Rung, data: st.DataObject
) -> None:
    told = facts(goods=tuple(Goods(amount % 100_000, categories=(kind,)) for amount, kind in lines), tier=tier)
    left = {rule.code: data.draw(st.integers(0, rule.budget or 0)) for rule in rules if rule.budget is not None}
    used: dict[Key, int] = {}
    mixed = data.draw(st.permutations(rules))
    first = clip(wishes(rules, told, TERMS), rules, told, Room(used, left))
    assert first == clip(wishes(mixed, told, TERMS), mixed, told, Room(used, left))
    base = sum(each.wish.wanted for each in first if each.wish.kind in (AwardKind.BASE, AwardKind.BASE_RATE))
    for _ in range(3):
        awards = clip(wishes(rules, told, TERMS), rules, told, Room(used, left))
        for award in awards:
            rule = award.wish.rule
            assert 0 <= award.points <= award.wish.wanted <= max(base * 2, 10, award.wish.basis)
            assert bool(award.capped_by) == (award.points < award.wish.wanted)
            for key, width in award.counts:
                if key.period is CapPeriod.BUDGET:
                    left[key.code] -= award.points
                    assert left[key.code] >= 0
                else:
                    used[key] = used.get(key, 0) + award.points
                    assert used[key] <= width
            if rule and rule.caps.transaction is not None:
                assert award.points <= rule.caps.transaction
        for whole in [
            rule for rule in rules if rule.kind is EarnRuleKind.CAPS and rule.caps.transaction is not None
        ]:
            assert sum(each.points for each in awards) <= (whole.caps.transaction or 0)
        assert len([each for each in awards if each.wish.kind is AwardKind.BASE_RATE]) <= 1
        groups = [each.wish.rule.exclusive_group for each in awards if each.wish.rule]
        assert groups.count("G") <= 1
        assert len([each for each in awards if each.wish.rule and each.wish.rule.budget is not None]) <= 1
