"""Memberships of members who were merged: what they paid for is the other's, and so is what is refunded of it."""

import pytest

from models.invariants import violations
from rules.lifecycle import UnmergeNotPossible
from rules.memberships import MembershipRefunded
from tests.ladder import history, pay, pay_back, plan, standing
from tests.people import DAY, NOON, member, merge, programme
from tests.stories.test_memberships import shanghai
from tests.stories.test_unmerging import unmerge


async def test_a_refund_finds_who_its_payer_is_now() -> None:
    await programme()
    await plan()
    oldest, old, mei = await member("Oldest"), await member("Old"), await member("Mei")
    bought = await pay(oldest)
    await merge(oldest, old)
    await merge(old, mei)
    assert (await standing(mei, NOON)).tier.code == "GOLD"
    await pay_back(oldest, bought, at=NOON + DAY)
    assert [await history(each) for each in (oldest, mei)] == [
        [("JOINED", "BASIC"), ("PAID_STARTED", "GOLD"), ("MERGED", "BASIC")],
        [("JOINED", "BASIC"), ("MERGED", "GOLD"), ("PAID_REFUNDED", "BASIC")],
    ]
    with pytest.raises(MembershipRefunded):
        await pay_back(oldest, bought, at=NOON + DAY)
    assert await violations() == []


async def test_what_was_bought_after_it_moves_up_whoever_bought_it() -> None:
    await programme()
    await plan()
    old, mei = await member("Old"), await member("Mei")
    first, second = await pay(old), await pay(old)
    await merge(old, mei)
    third = await pay(mei)
    assert (await standing(mei, NOON)).changes_at == shanghai("2026-06-09")
    await pay_back(old, first, at=NOON + 2 * DAY)
    assert (await standing(mei, NOON + 2 * DAY)).changes_at == shanghai("2026-05-12")
    await pay_back(old, second, at=NOON + 3 * DAY)
    assert (await standing(mei, NOON + 3 * DAY)).changes_at == shanghai("2026-04-13")
    await pay_back(mei, third, at=NOON + 4 * DAY)
    assert (await standing(mei, NOON + 4 * DAY)).tier.code == "BASIC"
    assert await violations() == []


@pytest.mark.parametrize("refunded", ["old", "mei"])
async def test_of_two_that_ran_side_by_side_the_other_goes_on(refunded: str) -> None:
    await programme()
    await plan()
    people = {"old": await member("Old"), "mei": await member("Mei")}
    bought = {"old": await pay(people["old"]), "mei": await pay(people["mei"], at=NOON + 5 * DAY)}
    await merge(people["old"], people["mei"])
    renewed = await pay(people["mei"], at=NOON + 6 * DAY)
    later = NOON + 7 * DAY
    assert (await standing(people["mei"], later)).changes_at == shanghai("2026-05-15")
    await pay_back(people[refunded], bought[refunded], at=later)
    # nobody waits longer for what they renewed, nor is there a gap before it
    until = {"old": "2026-05-15", "mei": "2026-05-10"}[refunded]
    assert (await standing(people["mei"], later)).changes_at == shanghai(until)
    await pay_back(people["mei"], renewed, at=later)
    until = {"old": "2026-04-15", "mei": "2026-04-10"}[refunded]
    assert (await standing(people["mei"], later)).changes_at == shanghai(until)
    assert await violations() == []


@pytest.mark.parametrize("refunded", ["old", "mei"])
@pytest.mark.parametrize("gold", ["old", "mei"])
async def test_of_two_tiers_that_were_paid_for_the_best_is_left(refunded: str, gold: str) -> None:
    await programme()
    await plan()
    await plan("WHITE", tier="SILVER", days=60)
    people = {"old": await member("Old"), "mei": await member("Mei")}
    bought = {name: await pay(each, "BLACK" if name == gold else "WHITE") for name, each in people.items()}
    await merge(people["old"], people["mei"])
    await pay_back(people[refunded], bought[refunded], at=NOON + DAY)
    found = await standing(people["mei"], NOON + DAY)
    left = ("SILVER", shanghai("2026-05-10")) if refunded == gold else ("GOLD", shanghai("2026-04-10"))
    assert (found.tier.code, found.changes_at) == left
    assert await violations() == []


async def test_what_was_over_before_moves_nothing() -> None:
    await programme()
    await plan()
    old, mei = await member("Old"), await member("Mei")
    bought = await pay(old)
    later = NOON + 90 * DAY
    await pay(mei, at=later)
    await merge(old, mei, at=later)
    before = await history(mei)
    await pay_back(old, bought, at=later)
    assert (await history(mei), (await standing(mei, later)).tier.code) == (before, "GOLD")
    assert await violations() == []


@pytest.mark.parametrize("refunded", ["old", "mei"])
async def test_who_got_money_back_since_stays_merged(refunded: str) -> None:
    await programme()
    await plan()
    people = {"old": await member("Old"), "mei": await member("Mei")}
    bought = {name: await pay(each) for name, each in people.items()}
    await merge(people["old"], people["mei"])
    await pay_back(people[refunded], bought[refunded], at=NOON + DAY)
    with pytest.raises(UnmergeNotPossible) as refusal:
        await unmerge(people["old"], NOON + 2 * DAY)
    assert refusal.value.reason == "ORDERS"
