"""Idempotency: the same request under the same key is done once and always answered alike."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from models.purchases import PurchaseEventKind as Event
from models.sql import SQL
from rules.actors import Actor, ActorKind
from rules.idempotency import IdempotencyKeyReused, Key
from rules.points import InsufficientPoints, Posted
from rules.purchases import Applied
from tests.people import (
    CASHIER,
    CLERK,
    NOON,
    adjust,
    balance,
    buy,
    freeze,
    give_back,
    happens,
    member,
    movements,
    programme,
    redeem,
    refund,
)

KEY = Key("the-same-key")
STORED = SQL("SELECT COUNT(*) AS n FROM idempotency_key WHERE owner_id = $1")


async def test_fifty_retries_get_the_first_answer() -> None:
    await programme()
    mei = await member("Mei")
    await buy(mei, 100_00)
    first = await redeem(mei, 10, key=KEY)
    for retry in range(49):
        if retry == 20:
            await buy(mei, 5_00)
        again = await redeem(mei, 10, key=KEY, at=NOON + timedelta(minutes=retry))
        assert again.replayed
        assert (again.transaction_id, again.available) == (first.transaction_id, 90)
    assert (await balance(mei))["available"] == 95


async def test_a_retry_is_answered_even_when_the_same_request_would_now_be_refused() -> None:
    await programme()
    mei = await member("Mei")
    await buy(mei, 100_00)
    first = await redeem(mei, 100, key=KEY)
    await freeze(mei)
    assert (await redeem(mei, 100, key=KEY)).transaction_id == first.transaction_id


@pytest.mark.parametrize("command", ["redeem", "adjust", "buy", "refund", "give back"])
async def test_32_callers_with_one_key_have_one_effect(command: str) -> None:
    await programme()
    mei = await member("Mei")
    await buy(mei, 100_00, ref="tea")
    spent = await redeem(mei, 40)
    calls: dict[str, Callable[[], Awaitable[Posted | Applied]]] = {
        "redeem": lambda: redeem(mei, 10, key=KEY),
        "adjust": lambda: adjust(mei, 10, key=KEY),
        "buy": lambda: buy(mei, 50_00, ref="coat", key=KEY),
        "refund": lambda: refund("tea", {"A": 10_00}, "r-1", key=KEY),
        "give back": lambda: give_back(mei, spent.transaction_id, 10, key=KEY),
    }
    before = len(await movements(mei))
    answers = await asyncio.gather(*(calls[command]() for _ in range(32)))
    assert sorted(answer.replayed for answer in answers) == [False] + [True] * 31
    assert len(await movements(mei)) == before + 1


async def test_a_key_stands_for_one_request_and_not_for_another() -> None:
    await programme()
    mei = await member("Mei")
    await buy(mei, 100_00, ref="tea")
    await redeem(mei, 10, key=KEY, actor=CLERK)
    for other in (
        redeem(mei, 11, key=KEY, actor=CLERK),
        redeem(mei, 10, key=KEY, actor=CLERK, note="for Auntie"),
        adjust(mei, -10, key=KEY, actor=CLERK),
        adjust(mei, 10, key=KEY, actor=CLERK),
        buy(mei, 1_00, key=KEY, actor=CLERK),
        happens(Event.COMPLETED, "tea", key=KEY, actor=CLERK),
    ):
        with pytest.raises(IdempotencyKeyReused):
            await other
    assert await movements(mei) == [("EARN", 100), ("REDEEM", -10)]


async def test_the_same_key_of_another_principal_or_for_another_member_is_another_request() -> None:
    await programme()
    mei, wang = await member("Mei"), await member("Wang")
    for who in (mei, wang):
        await buy(who, 100_00)
    actors = [CASHIER, CLERK, Actor(ActorKind.MEMBER, str(mei)), Actor(ActorKind.SERVICE, CASHIER.id)]
    done = [await redeem(mei, 10, key=KEY, actor=actor) for actor in actors]
    done.append(await redeem(wang, 10, key=KEY, actor=CASHIER))
    assert not any(each.replayed for each in done)
    assert len({each.transaction_id for each in done}) == 5
    assert ((await balance(mei))["available"], (await balance(wang))["available"]) == (60, 90)


async def test_a_refusal_leaves_the_key_free() -> None:
    await programme()
    mei = await member("Mei")
    with pytest.raises(InsufficientPoints):
        await redeem(mei, 10, key=KEY)
    assert await STORED.value(mei) == 0
    await buy(mei, 100_00)
    assert not (await redeem(mei, 20, key=KEY)).replayed


async def test_a_forgotten_key_moves_nothing_a_second_time() -> None:
    await programme()
    mei = await member("Mei")
    await buy(mei, 100_00)
    await redeem(mei, 10, key=KEY)
    await SQL("DELETE FROM idempotency_key WHERE owner_id = $1").run(mei)
    with pytest.raises(IdempotencyKeyReused):
        await redeem(mei, 10, key=KEY)
    assert (await balance(mei))["available"] == 90
