"""Earn rules: what they give, what caps and budgets leave of it, and what refunds take back."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import permutations
from typing import Any
from uuid import UUID

import pytest

from models.earning import EarnRuleKind as Kind
from models.invariants import violations
from models.purchases import PurchaseEventKind as Event
from models.sql import SQL
from models.units import BasisPoints, Minor, Points
from rules import earning, purchases, staff
from rules.actors import CLI
from rules.earning import BirthdayMatch, Choice, EarnRuleChanged, EarnRuleInvalid
from rules.policy import Activation, ActivationMode
from rules.purchases import CurrencyMismatch, Happening, OrderLine
from rules.refusals import ClockSkew, NotFound
from tests.digest import changed, digest
from tests.ladder import document, scheme
from tests.people import (
    DAY,
    NOON,
    SHOP,
    balance,
    buy,
    caps,
    earn_rule,
    fresh_key,
    happens,
    lots,
    member,
    movements,
    order,
    programme,
    publish,
    refund,
    rule,
)

AWARDS = SQL(
    "SELECT a.kind, e.code, e.version, a.wanted, a.points, a.capped_by FROM earn_award a"
    " LEFT JOIN earn_rule e ON e.id = a.rule_id WHERE a.member_id = $1 AND a.purchase_id = $2 ORDER BY a.place"
)


async def awards(member_id: Any, purchase_id: Any) -> list[tuple[Any, ...]]:
    """What a purchase was given: code, points, what clipped it."""
    rows = await AWARDS.rows(member_id, purchase_id)
    return [(row["code"] or row["kind"], row["points"], row["capped_by"]) for row in rows]


async def test_a_rule_adds_to_the_base_and_its_refund_is_exact() -> None:
    await programme()
    await rule()
    await rule("TEN", Kind.BONUS_POINTS, caps=caps(day=15), budget=18)
    mei = await member("Mei")
    first = await buy(mei, 80_00, ref="tea")
    assert await awards(mei, first.purchase_id) == [("BASE", 80, []), ("DOUBLE", 80, []), ("TEN", 10, [])]
    second = await buy(mei, 80_00, ref="cup")
    assert (await awards(mei, second.purchase_id))[-1] == ("TEN", 5, ["TEN:DAY"])
    assert (await balance(mei))["available"] == 335
    await refund("tea", {"A": 40_00})
    third = await buy(mei, 1_00)
    assert (await awards(mei, third.purchase_id))[-1] == ("TEN", 5, ["TEN:DAY"])
    await refund("tea", {"A": 40_00})
    assert (await balance(mei))["available"] == 165 + 7
    assert await movements(mei) != []


async def test_a_rule_of_some_goods_gives_for_those_alone() -> None:
    await programme()
    await rule("TEA", categories=Choice(frozenset({"tea"})))
    assert (await earning.in_force())[0].categories.include == {"tea"}


async def test_a_rule_that_nobody_could_keep_is_refused_and_changes_nothing() -> None:
    await programme()
    wrong: list[dict[str, Any]] = [
        {"code": "small"},
        {"name": ""},
        {"multiplier_bps": 10_000},
        {"points": 5},
        {"caps": caps(day=-1)},
        {"stores": Choice(frozenset({"NOWHERE"}))},
        {"tiers": Choice(frozenset({"BRONZE"}))},
        {"skus": Choice(frozenset({"a"}), frozenset({"a"}))},
        {"time_from": time(9)},
        {"starts_at": NOON, "ends_at": NOON},
        {"kind": Kind.BASE_RATE, "points": 1, "minor": 0, "multiplier_bps": None},
        {"kind": Kind.CAPS, "multiplier_bps": None},
    ]
    for more in wrong:
        with pytest.raises(EarnRuleInvalid):
            await earning.publish(replace(earn_rule(), **more), key=fresh_key(), actor=CLI, now=NOON)
    assert await earning.in_force() == []


async def test_two_people_do_not_overwrite_each_others_rule() -> None:
    await programme()
    first = await rule(expected=0)
    assert (await rule(expected=1, multiplier_bps=30_000)).version == first.version + 1
    for late in (0, 1, 3):
        with pytest.raises(EarnRuleChanged) as refused:
            await rule(expected=late)
        assert refused.value.version == 2
    await earning.retire("DOUBLE", expected_version=2, key=fresh_key(), actor=CLI, now=NOON)
    assert await earning.in_force() == []
    with pytest.raises(NotFound):
        await earning.retire("DOUBLE", key=fresh_key(), actor=CLI, now=NOON)
    assert (await rule(expected=0)).version == 3


async def test_a_preview_is_what_the_purchase_comes_to_and_writes_nothing() -> None:
    await programme(expire_months=12)
    await rule()
    await rule("TEN", Kind.BONUS_POINTS, caps=caps(day=15), budget=Points(18), first_order=True)
    await rule("ALL", Kind.CAPS, caps=caps(day=2_500))
    mei = await member("Mei")
    for ref, lines in (("a", (999_00,)), ("b", (300_00, 1_50)), ("c", (5_00,))):
        before = await digest()
        told = order(*lines, ref=ref, by_points_minor=1_00)
        foreseen = await purchases.preview(mei, told, paid_at=NOON, actor=SHOP, now=NOON)
        assert changed(before, await digest()) == []
        assert foreseen.objections == []
        tier = (await balance(mei))["tier"]
        done = await buy(mei, *lines, ref=ref, by_points_minor=1_00)
        given = [(each.wish.wanted, each.points, list(each.capped_by)) for each in foreseen.awards]
        rows = await AWARDS.rows(mei, done.purchase_id)
        assert given == [(row["wanted"], row["points"], row["capped_by"]) for row in rows]
        assert foreseen.growth == done.growth
        before_it, after = foreseen.prospect.before.tier.code, foreseen.prospect.standing.tier.code
        assert (before_it, after) == (tier, (await balance(mei))["tier"])
        new = (await lots(mei))[-len(foreseen.lots) :] if foreseen.lots else []
        assert [(lot.granted, lot.expires_at) for lot in foreseen.lots] == [
            (lot["granted"], lot["expires_at"]) for lot in new
        ]


async def test_a_preview_of_points_that_wait_says_until_when_and_what_lands_with_them() -> None:
    await programme(expire_months=12)
    await publish(activation=Activation(ActivationMode.AFTER_DAYS, days=7))
    await rule()
    mei = await member("Mei")
    foreseen = await purchases.preview(mei, order(50_00, ref="tea"), paid_at=NOON, actor=SHOP, now=NOON)
    done = await buy(mei, 50_00, ref="tea")
    assert (foreseen.growth, foreseen.growth_later, done.growth) == (0, 50, 0)
    # until the end of the seventh day after, which begins in Shanghai at 16:00 of the day before
    until = datetime(2026, 3, 17, 16, tzinfo=UTC)
    assert [(lot.granted, lot.active, lot.activates_at) for lot in foreseen.lots] == [(50, False, until)] * 2
    assert (await balance(mei))["pending"] == 100


async def test_a_preview_tells_everything_that_stands_against_the_purchase() -> None:
    await programme()
    mei = await member("Mei")
    told = order(5_00, currency="USD")
    foreseen = await purchases.preview(mei, told, paid_at=NOON + DAY, actor=SHOP, now=NOON)
    assert [type(each) for each in foreseen.objections] == [CurrencyMismatch, ClockSkew]
    with pytest.raises(NotFound):
        await purchases.preview(UUID(int=5), told, paid_at=NOON, actor=SHOP, now=NOON)


async def test_what_was_given_stays_whatever_becomes_of_its_rule() -> None:
    await programme()
    await rule(multiplier_bps=BasisPoints(30_000))
    mei = await member("Mei")
    first = await buy(mei, 90_00, ref="tea")
    await rule(multiplier_bps=BasisPoints(15_000))
    second = await buy(mei, 90_00, ref="cup")
    await earning.retire("DOUBLE", key=fresh_key(), actor=CLI, now=NOON)
    third = await buy(mei, 90_00, ref="pot")
    rows = [row for each in (first, second, third) for row in await AWARDS.rows(mei, each.purchase_id)]
    assert [(row["code"], row["version"], row["points"]) for row in rows if row["code"]] == [
        ("DOUBLE", 1, 180),
        ("DOUBLE", 2, 45),
    ]
    for ref in ("tea", "cup", "pot"):
        await refund(ref, {"A": 30_00})
    assert (await balance(mei))["available"] == 180 + 90 + 60
    for ref in ("tea", "cup", "pot"):
        await refund(ref, {"A": 60_00})
    assert (await balance(mei))["available"] == 0


@pytest.mark.parametrize("order_of", list(permutations(["A", "A", "B"])))
async def test_partial_refunds_of_a_goods_award_end_exact_in_any_order(order_of: tuple[str, ...]) -> None:
    await programme()
    await rule("TEA", Kind.BONUS_MULTIPLIER, skus=Choice(frozenset({"TEA"})), multiplier_bps=BasisPoints(13_700))
    mei = await member("Mei")
    lines = (OrderLine("A", 1, Minor(53_91), "TEA"), OrderLine("B", 1, Minor(36_14), "CUP"))
    told = replace(order(1, ref="order-1"), lines=lines)
    paid = Happening(Event.PAID, "paid", NOON)
    done = await purchases.record(mei, told, paid=paid, key=fresh_key(), actor=SHOP, now=NOON)
    # the two lines alone would be 54 and 36 of the base; the rule is of the first line's own 53
    assert await awards(mei, done.purchase_id) == [("BASE", 90, []), ("TEA", 19, [])]
    parts = {"A": [30_00, 23_91], "B": [36_14]}
    refunded = 0
    for line in order_of:
        amount = parts[line].pop()
        refunded += amount
        await refund("order-1", {line: amount})
        back = [given * refunded // 90_05 if refunded < 90_05 else given for given in (90, 19)]
        assert (await balance(mei))["available"] == 109 - sum(back)
    assert (await balance(mei))["available"] == 0


MIDNIGHT = datetime(2026, 3, 8, 16, tzinfo=UTC)
"""Where Sunday, 8 March ends in Shanghai, and a week with it."""


@pytest.mark.parametrize(
    ("period", "before", "after"),
    [
        ("day", MIDNIGHT - timedelta(microseconds=1), MIDNIGHT),
        ("week", MIDNIGHT - timedelta(microseconds=1), MIDNIGHT),
        ("month", datetime(2026, 3, 31, 15, 59, 59, tzinfo=UTC), datetime(2026, 3, 31, 16, tzinfo=UTC)),
    ],
)
async def test_a_cap_begins_anew_at_the_programmes_midnight(period: str, before: datetime, after: datetime) -> None:
    await programme()
    await rule("TEN", Kind.BONUS_POINTS, caps=caps(**{period: 15}))
    mei = await member("Mei", at=before - DAY)
    given = []
    for number, at in enumerate((before - timedelta(minutes=1), before, after, after)):
        done = await buy(mei, 1_00, ref=f"tea-{number}", at=at, now=after)
        given.append((await awards(mei, done.purchase_id))[-1][1])
    assert given == [10, 5, 10, 5]
    # what is refunded in the next period gives nothing back to the one before
    await refund("tea-1", {"A": 1_00}, at=after)
    late = await buy(mei, 1_00, at=before, now=after)
    assert (await awards(mei, late.purchase_id))[-1] == ("TEN", 0, [f"TEN:{period.upper()}"])
    await refund("tea-0", {"A": 1_00}, at=before, now=after)
    again = await buy(mei, 1_00, at=before, now=after)
    assert (await awards(mei, again.purchase_id))[-1] == ("TEN", 10, [])


async def test_a_lifetimes_cap_and_a_budget_get_back_what_is_refunded_whenever_it_is() -> None:
    await programme()
    await rule("TEN", Kind.BONUS_POINTS, caps=caps(lifetime=15), budget=Points(25))
    mei, wang = await member("Mei"), await member("Wang")
    for number, (who, expected) in enumerate(((mei, 10), (mei, 5), (wang, 10), (mei, 0))):
        done = await buy(who, 100_00, ref=f"tea-{number}")
        assert (await awards(who, done.purchase_id))[-1][1] == expected
    assert await USED.value("TEN") == 25
    await refund("tea-0", {"A": 50_00}, at=NOON + 60 * DAY)
    assert await USED.value("TEN") == 20
    done = await buy(mei, 100_00, at=NOON + 60 * DAY)
    assert (await awards(mei, done.purchase_id))[-1] == ("TEN", 5, ["TEN:LIFETIME", "TEN:BUDGET"])


USED = SQL("SELECT used FROM earn_budget WHERE code = $1")


async def test_a_budget_counts_on_in_the_next_version_and_is_not_set_below_what_is_given() -> None:
    await programme()
    await rule("TEN", Kind.BONUS_POINTS, budget=Points(12))
    mei = await member("Mei")
    await buy(mei, 1_00)
    with pytest.raises(EarnRuleInvalid) as refused:
        await rule("TEN", Kind.BONUS_POINTS, budget=Points(9))
    assert "10" in refused.value.why
    await rule("TEN", Kind.BONUS_POINTS, budget=Points(10))
    spent = await buy(mei, 1_00)
    assert (await awards(mei, spent.purchase_id))[-1] == ("TEN", 0, ["TEN:BUDGET"])
    await rule("TEN", Kind.BONUS_POINTS, budget=Points(30))
    assert (await awards(mei, (await buy(mei, 1_00)).purchase_id))[-1] == ("TEN", 10, [])


async def test_a_birthday_is_read_from_the_sealed_profile() -> None:
    await programme()
    await rule("CAKE", Kind.BONUS_POINTS, birthday=BirthdayMatch.DAY)
    mei, lan = await member("Mei", at=NOON - 10 * DAY, birthday=date(1990, 3, 10)), await member("Lan")
    given = [await buy(who, 1_00, at=at) for who, at in ((mei, NOON), (mei, NOON + DAY), (lan, NOON))]
    found = [await awards(each.member_id, each.purchase_id) for each in given]
    assert [each[1:] for each in found] == [[("CAKE", 10, [])], [], []]


async def test_a_birthday_that_is_told_at_the_till_counts_from_the_next_month_on() -> None:
    await programme()
    await rule("CAKE", Kind.BONUS_POINTS, birthday=BirthdayMatch.DAY)
    mei = await member("Mei", birthday=date(1990, 3, 10))
    given = [await buy(mei, 1_00, at=at) for at in (NOON, NOON.replace(year=2027))]
    found = [await awards(each.member_id, each.purchase_id) for each in given]
    assert [each[1:] for each in found] == [[], [("CAKE", 10, [])]]


async def test_an_order_told_of_before_its_payment_earns_by_its_goods_and_place() -> None:
    await programme()
    store = await staff.open_store("SH01", "Shanghai")
    await rule("TEA", Kind.BONUS_POINTS, categories=Choice(frozenset({"tea"})), stores=Choice(frozenset({"SH01"})))
    mei = await member("Mei")
    lines = (OrderLine("A", 1, Minor(1_00), categories=("tea", "gift")), OrderLine("B", 1, Minor(2_00)))
    for ref, where in (("here", store), ("there", None)):
        told = replace(order(1, ref=ref), lines=lines, store_id=where)
        await purchases.record(mei, told, key=fresh_key(), actor=SHOP, now=NOON)
    here, there = await happens(Event.PAID, "here"), await happens(Event.COMPLETED, "there")
    assert await awards(mei, here.purchase_id) == [("BASE", 3, []), ("TEA", 10, [])]
    assert await awards(mei, there.purchase_id) == [("BASE", 3, [])]


async def test_a_first_order_is_the_first_that_is_paid_whatever_becomes_of_it() -> None:
    await programme()
    await rule("WELCOME", Kind.BONUS_POINTS, first_order=True)
    mei = await member("Mei")
    await buy(mei, 1_00, ref="never paid", paid=False)
    first = await buy(mei, 1_00, ref="first")
    await refund("first", {"A": 1_00})
    second = await buy(mei, 1_00)
    assert await awards(mei, first.purchase_id) == [("BASE", 1, []), ("WELCOME", 10, [])]
    assert await awards(mei, second.purchase_id) == [("BASE", 1, [])]


async def test_a_refund_that_waited_for_its_payment_gives_back_what_it_used() -> None:
    await programme()
    await rule("TEN", Kind.BONUS_POINTS, caps=caps(day=10), budget=Points(10))
    mei = await member("Mei")
    await buy(mei, 10_00, ref="tea", paid=False)
    await refund("tea", {"A": 5_00})
    await happens(Event.PAID, "tea")
    assert (await balance(mei))["available"] == 10
    assert await USED.value("TEN") == 5
    done = await buy(mei, 10_00)
    assert (await awards(mei, done.purchase_id))[-1] == ("TEN", 5, ["TEN:DAY", "TEN:BUDGET"])


async def test_a_scheme_of_tiers_with_other_multipliers_leaves_what_was_given_in_order() -> None:
    """What is stored is proven after every test: also what was given by multipliers that no tier has any more."""
    await programme()
    mei = await member("Mei")
    await buy(mei, 1_000_00)
    await buy(mei, 30_00)
    for number, bps in enumerate((12_000, 17_000)):
        at = NOON + (number + 1) * timedelta(hours=1)
        levels = document()["levels"]
        levels[1]["benefits"] = [{"kind": "EARN_MULTIPLIER", "value": bps}]
        await scheme(levels=levels, at=at)
        await buy(mei, 30_00, at=at + timedelta(minutes=1))
        await rule(f"TEN{number}", Kind.BONUS_POINTS, at=at + timedelta(minutes=2))
        await buy(mei, 30_00, at=at + timedelta(minutes=3))
    given = [points for kind, points in await movements(mei) if kind == "BONUS"]
    assert given == [3, 6, 6, 10, 21, 10, 21, 10, 10]


async def test_a_tier_that_widens_caps_earns_its_members_more_of_a_rule() -> None:
    await programme()
    await scheme(levels=document(benefits={"SILVER": [{"kind": "CAP_OVERRIDE", "value": 15_000}]})["levels"])
    await rule("TEN", Kind.BONUS_POINTS, points=Points(40), caps=caps(day=30), budget=Points(80))
    mei, wang = await member("Mei"), await member("Wang")
    for who, amount, expected in ((mei, 1_000_00, 30), (mei, 10_00, 15), (mei, 10_00, 0), (wang, 10_00, 30)):
        done = await buy(who, amount)
        assert (await awards(who, done.purchase_id))[-1][1] == expected
    assert await USED.value("TEN") == 75


async def test_growth_waits_with_a_bonus_where_a_cap_leaves_nothing_of_the_base() -> None:
    await programme()
    await publish(activation=Activation(ActivationMode.ON_COMPLETION, cancel_after_days=7))
    await rule("TWO", Kind.BASE_RATE, caps=caps(day=50))
    await rule("TEN", Kind.BONUS_POINTS)
    mei = await member("Mei")
    await buy(mei, 60_00)
    await buy(mei, 1_200_00, ref="sofa")
    assert ((await balance(mei))["pending"], (await balance(mei))["growth"]) == (70, 0)
    assert (await happens(Event.COMPLETED, "sofa")).growth == 1_200
    assert await violations() == []
