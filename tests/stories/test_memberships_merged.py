"""Memberships of members who were merged: what they paid for is the other's, and so is what is refunded of it."""

from datetime import datetime
from uuid import UUID

import pytest

from models.invariants import violations
from rules import programme as programmes
from rules import tiers
from rules.lifecycle import UnmergeNotPossible
from rules.memberships import Bought, MembershipRefunded, MembershipRuns
from rules.outlook import outlooks
from tests.ladder import history, pay, pay_back, plan, standing
from tests.people import DAY, NOON, balance, member, merge, programme
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


FORTH = shanghai("2026-04-10")
"""When what lasts thirty days is over, and that is gold; silver lasts sixty."""

SIXTIETH = shanghai("2026-05-10")


async def two_who_paid(gold: str = "old", *, at: datetime = NOON) -> tuple[dict[str, UUID], dict[str, Bought]]:
    """Old and Mei, of whom one has paid for thirty days of gold and the other for sixty of silver, are merged."""
    await programme()
    await plan()
    await plan("WHITE", tier="SILVER", days=60)
    people = {"old": await member("Old"), "mei": await member("Mei")}
    bought = {name: await pay(each, "BLACK" if name == gold else "WHITE") for name, each in people.items()}
    await merge(people["old"], people["mei"], at=at)
    return people, bought


@pytest.mark.parametrize("gold", ["old", "mei"])
async def test_when_the_higher_tier_is_over_what_is_still_paid_for_takes_its_place(gold: str) -> None:
    people, _ = await two_who_paid(gold)
    mei = people["mei"]
    for at, tier, until in (
        (NOON, "GOLD", FORTH),
        (FORTH, "SILVER", SIXTIETH),
        (SIXTIETH, "BASIC", None),
    ):
        found = await standing(mei, at)
        assert (found.tier.code, found.changes_at) == (tier, until)
        await tiers.review({}, at)
        assert (await balance(mei))["tier"] == tier
        assert await violations() == []
    assert (await history(mei))[-2:] == [("PAID_EXPIRED", "SILVER"), ("PAID_EXPIRED", "BASIC")]


async def test_what_took_its_place_is_renewed_from_its_end() -> None:
    people, _ = await two_who_paid()
    with pytest.raises(MembershipRuns):
        await pay(people["mei"], "WHITE", at=NOON + DAY)
    await pay(people["mei"], "WHITE", at=FORTH + DAY)
    assert (await standing(people["mei"], FORTH + DAY)).changes_at == shanghai("2026-07-09")
    with pytest.raises(MembershipRuns):
        await pay(people["mei"], at=FORTH + DAY)
    assert await violations() == []


async def test_the_higher_tier_is_renewed_from_its_end_while_the_lower_runs_on() -> None:
    people, _ = await two_who_paid()
    await pay(people["mei"], at=NOON + DAY)
    assert (await standing(people["mei"], FORTH)).changes_at == SIXTIETH
    assert await violations() == []
    # both are over in the same moment
    await tiers.review({}, SIXTIETH)
    assert (await history(people["mei"]))[-1] == ("PAID_EXPIRED", "BASIC")
    assert await violations() == []


async def test_who_was_several_has_all_that_any_of_them_paid_for() -> None:
    people, _ = await two_who_paid()
    wang = await member("Wang")
    await merge(people["mei"], wang, at=NOON + DAY)
    found = [await standing(wang, at) for at in (NOON + DAY, FORTH, SIXTIETH)]
    assert [each.tier.code for each in found] == ["GOLD", "SILVER", "BASIC"]
    [ahead] = await outlooks(found[:1], await programmes.terms())
    assert [(each.at, each.to.code) for each in ahead.risks] == [(FORTH, "SILVER"), (SIXTIETH, "BASIC")]
    assert await violations() == []


async def test_what_was_over_unseen_before_a_merge_is_not_asked_for() -> None:
    people, _ = await two_who_paid()
    wang = await member("Wang")
    await merge(people["mei"], wang, at=SIXTIETH + DAY)
    assert (await balance(wang))["tier"] == "BASIC"
    assert await violations() == []


@pytest.mark.parametrize("refunded", ["old", "mei"])
async def test_a_refund_takes_only_its_own_also_of_what_is_to_take_its_place(refunded: str) -> None:
    people, bought = await two_who_paid()
    await pay_back(people[refunded], bought[refunded], at=NOON + DAY)
    left = {"old": ("SILVER", "BASIC"), "mei": ("BASIC", "BASIC")}[refunded]
    found = [(await standing(people["mei"], at)).tier.code for at in (FORTH, SIXTIETH)]
    assert tuple(found) == left
    assert await violations() == []


async def test_who_are_two_again_have_what_each_of_them_paid_for() -> None:
    await programme()
    await plan()
    old, mei = await member("Old"), await member("Mei")
    await pay(old)
    await merge(old, mei)
    await pay(mei, at=NOON + DAY)
    assert (await standing(mei, NOON + DAY)).changes_at == SIXTIETH
    parted = NOON + 3 * DAY
    await unmerge(old, parted)
    found = [await standing(each, parted) for each in (old, mei)]
    assert [(each.tier.code, each.tier_since, each.changes_at) for each in found] == [
        ("GOLD", NOON, FORTH),
        ("GOLD", NOON, shanghai("2026-04-13")),
    ]
    assert await violations() == []
    # and each renews their own
    await pay(mei, at=parted)
    assert (await standing(mei, parted)).changes_at == shanghai("2026-05-13")
    assert await violations() == []


@pytest.mark.parametrize("reviewed", [True, False])
@pytest.mark.parametrize("gold", ["old", "mei"])
async def test_what_took_its_place_is_again_with_whoever_paid_for_it(gold: str, reviewed: bool) -> None:
    people, _ = await two_who_paid(gold, at=NOON + 20 * DAY)
    if reviewed:
        await tiers.review({}, FORTH)
    await unmerge(people["old"], FORTH + DAY)
    found = {name: await standing(each, FORTH + DAY) for name, each in people.items()}
    assert {name: (each.tier.code, each.changes_at) for name, each in found.items()} == {
        "old": ("BASIC", None) if gold == "old" else ("SILVER", SIXTIETH),
        "mei": ("BASIC", None) if gold == "mei" else ("SILVER", SIXTIETH),
    }
    assert await violations() == []
