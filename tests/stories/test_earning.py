"""Earn rules: what they give, what caps and budgets leave of it, and what refunds take back."""

from dataclasses import replace
from datetime import time
from typing import Any

import pytest

from models.earning import EarnRuleKind as Kind
from models.sql import SQL
from rules import earning
from rules.actors import CLI
from rules.earning import Choice, EarnRuleChanged, EarnRuleInvalid
from rules.refusals import NotFound
from tests.people import (
    NOON,
    balance,
    buy,
    caps,
    earn_rule,
    fresh_key,
    member,
    movements,
    programme,
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
