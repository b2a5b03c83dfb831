"""Schemes are published once, over the one that was seen, and leave no level out that anybody needs."""

import asyncio
from uuid import UUID

import pytest

from models.invariants import violations
from models.sql import SQL
from rules import programme as programmes
from rules import tiers
from rules.tiers import TierLevelInUse, TierSchemeChanged
from tests import guard
from tests.ladder import ADMIN, document, plan, standing
from tests.people import NOON, balance, buy, fresh_key, member, programme

PLANS_GONE = SQL("DELETE FROM membership_plan")


async def test_a_tier_somebody_is_to_begin_is_not_left_out() -> None:
    await programme()
    told = document(window={"kind": "CALENDAR", "period": "YEAR"}, upgrade_timing="NEXT_PERIOD")
    await tiers.publish(told, expected_version=0, key=fresh_key(), actor=ADMIN, now=NOON)
    await buy(await member(), 5_000_00)
    without = {**told, "levels": told["levels"][:2]}
    with pytest.raises(TierLevelInUse):
        await tiers.publish(without, expected_version=1, key=fresh_key(), actor=ADMIN, now=NOON)


async def test_a_tier_is_left_out_while_somebody_gets_it_or_is_not() -> None:
    await programme()
    told = document(window={"kind": "CALENDAR", "period": "YEAR"}, upgrade_timing="NEXT_PERIOD")
    without = {**told, "levels": told["levels"][:2]}
    for place in range(4):
        await tiers.publish(told, expected_version=None, key=fresh_key(), actor=ADMIN, now=NOON)
        mei = await member(f"Mei {place}")
        await asyncio.gather(
            *(buy(mei, 2_500_00, ref=fresh_key()) for _ in range(2)),
            tiers.publish(without, expected_version=None, key=fresh_key(), actor=ADMIN, now=NOON),
            return_exceptions=True,
        )
        assert (await standing(mei, NOON)).deferred in (None, *(await programmes.terms()).ladder)
        # a tier that was given by the ladder as it was is nobody's once the new scheme has been held against all
        await tiers.refresh({"version": (await programmes.terms()).scheme.version}, NOON)
        assert (await standing(mei, NOON)).deferred in (await programmes.terms()).ladder
    assert [each.name for each in await violations()] == []


SPOIL = SQL("UPDATE growth_account SET deferred_tier_id = $2 WHERE member_id = $1")


async def test_a_tier_that_left_while_it_was_given_counts_as_never_given_and_a_new_scheme_says_so() -> None:
    await programme()
    told = document(window={"kind": "CALENDAR", "period": "YEAR"}, upgrade_timing="NEXT_PERIOD")
    await tiers.publish(told, expected_version=0, key=fresh_key(), actor=ADMIN, now=NOON)
    mei = await member()
    await buy(mei, 1_000_00)
    with guard.recorder.paused():
        await SPOIL.run(mei, UUID(int=1))
    found = await standing(mei, NOON)
    assert (found.deferred, found.deferred_at) == (None, None)
    assert "tiers are of the ladder" in {each.name for each in await violations()}
    await tiers.refresh({"version": 1}, NOON)
    found = await standing(mei, NOON)
    assert found.deferred is not None
    assert found.deferred.code == "SILVER"
    assert await violations() == []


async def test_a_scheme_is_published_once_and_over_the_one_that_was_seen() -> None:
    await programme()
    mei, key, told = await member(), fresh_key(), document()
    await buy(mei, 1_000_00)
    first = await tiers.publish(told, expected_version=0, key=key, actor=ADMIN, now=NOON)
    again = await tiers.publish(told, expected_version=0, key=key, actor=ADMIN, now=NOON)
    assert (first.version, again.version, again.replayed) == (1, 1, True)
    with pytest.raises(TierSchemeChanged) as refused:
        await tiers.publish(told, expected_version=0, key=fresh_key(), actor=ADMIN, now=NOON)
    assert refused.value.version == 1
    without = {**told, "levels": [told["levels"][0], told["levels"][2]]}
    with pytest.raises(TierLevelInUse):
        await tiers.publish(without, expected_version=1, key=fresh_key(), actor=ADMIN, now=NOON)
    # nobody ever held gold, but a plan gives it
    without["levels"] = told["levels"][:2]
    await plan()
    with pytest.raises(TierLevelInUse):
        await tiers.publish(without, expected_version=1, key=fresh_key(), actor=ADMIN, now=NOON)
    with guard.recorder.paused():
        await PLANS_GONE.run()
    assert (await tiers.publish(without, expected_version=1, key=fresh_key(), actor=ADMIN, now=NOON)).version == 2
    assert (await balance(mei))["tier"] == "SILVER"
    assert await violations() == []
