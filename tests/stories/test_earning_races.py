"""Earn rules in races: the last points of a cap and of a budget go to somebody, and to nobody twice."""

import asyncio
from collections import Counter
from collections.abc import Awaitable
from typing import Any

import pytest
from tortoise.backends.base.client import BaseDBAsyncClient

from models.earning import EarnRuleKind as Kind
from models.purchases import PurchaseEventKind as Event
from models.units import BasisPoints, Points
from rules import earning, purchases
from rules.earning import Choice, EarnRuleChanged
from tests.people import (
    balance,
    buy,
    caps,
    happens,
    member,
    movements,
    programme,
    refund,
    rule,
)
from tests.stories.test_at_once import meanwhile
from tests.stories.test_earning import USED, awards
from tests.stories.test_races import outcomes


@pytest.mark.parametrize("members", [1, 32])
async def test_32_purchases_at_once_share_the_last_points_of_a_budget(members: int) -> None:
    await programme()
    await rule("TEN", Kind.BONUS_POINTS, budget=Points(104))
    people = [await member(f"Member {number}") for number in range(members)]
    won, refused = await outcomes(buy(people[number % members], 1_00) for number in range(32))
    assert (len(won), refused) == (32, Counter())
    given = Counter([(await awards(each.member_id, each.purchase_id))[-1][1] for each in won])
    assert given == {10: 10, 4: 1, 0: 21}
    assert await USED.value("TEN") == 104


async def test_32_purchases_at_once_share_the_last_points_of_a_cap() -> None:
    await programme()
    await rule("TEN", Kind.BONUS_POINTS, caps=caps(week=33))
    await rule("ALL", Kind.CAPS, caps=caps(day=60))
    mei = await member("Mei")
    won, refused = await outcomes(buy(mei, 1_00) for _ in range(32))
    assert (len(won), refused) == (32, Counter())
    assert (await balance(mei))["available"] == 60
    assert Counter(points for kind, points in await movements(mei) if kind == "BONUS") == {10: 3, 3: 1}


async def test_of_32_first_orders_at_once_one_is_the_first() -> None:
    await programme()
    await rule("WELCOME", Kind.BONUS_POINTS, first_order=True)
    mei = await member("Mei")
    calls = [buy(mei, 1_00) for _ in range(31)]
    await buy(mei, 1_00, ref="told before", paid=False)
    won, refused = await outcomes([*calls, happens(Event.PAID, "told before")])
    assert (len(won), refused) == (32, Counter())
    assert [points for kind, points in await movements(mei) if kind == "BONUS"] == [10]


async def test_refunds_and_purchases_at_once_hold_a_budget_to_the_point() -> None:
    await programme()
    await rule("TEN", Kind.BONUS_POINTS, budget=Points(50))
    people = [await member(f"Member {number}") for number in range(4)]
    for number in range(5):
        await buy(people[number % 4], 10_00, ref=f"tea-{number}")
    calls = [buy(people[number % 4], 10_00) for number in range(16)]
    calls += [refund(f"tea-{number}", {"A": 10_00}) for number in range(5)]
    won, refused = await outcomes(calls)
    assert (len(won), refused) == (21, Counter())
    assert (
        await USED.value("TEN")
        == sum([points for who in people for kind, points in await movements(who) if kind == "BONUS"]) - 50
    )


async def test_rules_published_amid_purchases_leave_every_purchase_with_one_version() -> None:
    await programme()
    await rule()
    people = [await member(f"Member {number}") for number in range(4)]
    calls: list[Awaitable[Any]] = [buy(people[number % 4], 10_00) for number in range(24)]
    calls[6:6] = [rule(multiplier_bps=BasisPoints(30_000))]
    calls[18:18] = [rule(multiplier_bps=BasisPoints(40_000))]
    won, refused = await outcomes(calls)
    assert (len(won), refused) == (26, Counter())
    assert [each.version for each in await earning.in_force()] == [3]


async def test_of_several_who_publish_what_they_saw_one_does() -> None:
    await programme()
    await rule()
    won, refused = await outcomes(rule(expected=1) for _ in range(8))
    assert (len(won), refused) == (1, Counter({EarnRuleChanged.code(): 7}))


RECORD = {"sqlite": 20, "postgres": 2}
"""How many statements a paid order takes by rules with caps and a budget, where it takes 16 and 2 without rules."""


async def test_an_order_by_rules_takes_no_statement_more_to_decide(
    database: BaseDBAsyncClient, statements: list[str]
) -> None:
    dialect = database.capabilities.dialect
    await programme()
    await rule("TEN", Kind.BONUS_POINTS, caps=caps(day=15), budget=Points(1_000))
    await rule("TEA", Kind.BONUS_MULTIPLIER, categories=Choice(frozenset({"tea"})), first_order=True)
    mei = await member("Mei")
    statements.clear()
    first = await buy(mei, 10_00, 5_00)
    assert len(statements) == RECORD[dialect]
    statements.clear()
    again = await buy(mei, 10_00)
    assert len(statements) == RECORD[dialect]
    assert [(await awards(mei, each.purchase_id))[-1][1] for each in (first, again)] == [10, 5]


async def test_who_was_overtaken_at_the_end_of_a_budget_gets_what_is_left(
    database: BaseDBAsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    if database.capabilities.dialect == "sqlite":
        pytest.skip("on SQLite one command waits for another from its beginning")
    await programme()
    await rule("TEN", Kind.BONUS_POINTS, budget=Points(14))
    mei, wang = await member("Mei"), await member("Wang")
    meanwhile(monkeypatch, lambda: buy(wang, 1_00, ref="overtook"), purchases, "_conclude")
    done = await buy(mei, 1_00)
    assert (await awards(mei, done.purchase_id))[-1] == ("TEN", 4, ["TEN:BUDGET"])
    assert await USED.value("TEN") == 14


async def test_the_last_points_of_a_budget_are_whose_order_looked_first(
    database: BaseDBAsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    if database.capabilities.dialect == "sqlite":
        pytest.skip("on SQLite one command waits for another from its beginning")
    await programme()
    await rule("TEN", Kind.BONUS_POINTS, budget=Points(14))
    mei = await member("Mei")
    await buy(mei, 1_00)
    others = [await member(f"Member {number}") for number in range(32)]
    for number, who in enumerate(others):
        await buy(who, 1_00, ref=f"told-{number}", paid=False)
    await buy(mei, 1_00, ref="told", paid=False)
    calls: list[asyncio.Task[Any]] = []

    async def the_others() -> None:
        calls.extend(asyncio.create_task(happens(Event.PAID, f"told-{number}")) for number in range(32))
        await asyncio.wait(calls, timeout=0.3)

    meanwhile(monkeypatch, the_others, purchases, "_conclude")
    first = await happens(Event.PAID, "told")
    late = await asyncio.gather(*calls)
    # 4 were left: whoever has seen them has them, and all others wait to hear so
    assert (await awards(mei, first.purchase_id))[-1] == ("TEN", 4, ["TEN:BUDGET"])
    assert {(await awards(each.member_id, each.purchase_id))[-1][1] for each in late} == {0}
    assert await USED.value("TEN") == 14


async def test_a_spent_budget_is_not_waited_for(database: BaseDBAsyncClient, statements: list[str]) -> None:
    await programme()
    await rule("TEN", Kind.BONUS_POINTS, budget=Points(10))
    mei = await member("Mei")
    await buy(mei, 1_00)
    statements.clear()
    await buy(mei, 1_00)
    told = [each for each in statements if "earn_budget" in each and not each.lstrip().startswith("SELECT m.state")]
    assert told == []
    assert len(statements) <= RECORD[database.capabilities.dialect]
