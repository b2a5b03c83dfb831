"""Memberships: bought, renewed from their end, refunded at once, and never twice for one payment."""

from datetime import UTC, datetime, timedelta

import pytest

from models.invariants import violations
from models.units import ReasonCode
from rules import memberships, tiers
from rules.actors import Actor, ActorKind
from rules.memberships import (
    MembershipNotOnSale,
    MembershipPaymentKnown,
    MembershipPlanInvalid,
    MembershipPriceMismatch,
    MembershipRefunded,
    MembershipRuns,
)
from rules.refusals import NotFound
from tests.ladder import history, pay, pay_back, plan, standing
from tests.people import CLERK, DAY, NOON, balance, buy, fresh_key, member, merge, programme

MS = timedelta(milliseconds=1)
OTHER_SHOP = Actor(ActorKind.SERVICE, "othershop", source="other")


def shanghai(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}T00:00+08:00").astimezone(UTC)


async def test_a_membership_lasts_to_the_end_of_its_last_day_and_not_a_moment_longer() -> None:
    await programme()
    await plan()
    mei = await member()
    await buy(mei, 1_000_00)
    await pay(mei)
    until = shanghai("2026-04-10")
    assert ((await standing(mei, until - MS)).tier.code, (await standing(mei, until)).tier.code) == (
        "GOLD",
        "SILVER",
    )
    await tiers.review({}, until)
    assert [cause for cause, _ in await history(mei)][2:] == ["PAID_STARTED", "PAID_EXPIRED"]
    assert (await balance(mei))["tier"] == "SILVER"
    assert await violations() == []


async def test_a_renewal_counts_from_the_end_of_what_runs() -> None:
    await programme()
    await plan()
    mei = await member()
    await pay(mei)
    await pay(mei, at=NOON + 5 * DAY)
    found = await standing(mei, NOON + 6 * DAY)
    assert [(each.since, each.until) for each in found.overlays.values()] == [(NOON, shanghai("2026-05-10"))]
    # once it is over a new one begins
    late = shanghai("2026-05-10")
    await pay(mei, at=late)
    assert [cause for cause, _ in await history(mei)][1:] == [
        "PAID_STARTED",
        "PAID_RENEWED",
        "PAID_EXPIRED",
        "PAID_STARTED",
    ]
    assert await violations() == []


async def test_a_refund_ends_what_it_paid_for_at_once_and_the_rest_moves_up() -> None:
    await programme()
    await plan()
    mei = await member()
    first, second = await pay(mei), await pay(mei)
    await pay_back(mei, first, at=NOON + 2 * DAY)
    found = await standing(mei, NOON + 2 * DAY)
    assert (found.tier.code, found.changes_at) == ("GOLD", shanghai("2026-04-12"))
    await pay_back(mei, second, at=NOON + 3 * DAY)
    assert (await balance(mei))["tier"] == "BASIC"
    with pytest.raises(MembershipRefunded):
        await pay_back(mei, second, at=NOON + 3 * DAY)
    assert [cause for cause, _ in await history(mei)][-2:] == ["PAID_REFUNDED", "PAID_REFUNDED"]
    third = await pay(mei, at=NOON + 4 * DAY)
    over = await standing(mei, NOON + 90 * DAY)
    assert over.tier.code == "BASIC"
    await pay_back(mei, third, at=NOON + 90 * DAY)
    assert await violations() == []


async def test_a_payment_buys_once_whoever_tells_of_it_again() -> None:
    await programme()
    await plan()
    mei, wang, key = await member("Mei"), await member("Wang"), fresh_key()
    first = await pay(mei, ref="pay-1", key=key)
    same_key, new_key = await pay(mei, ref="pay-1", key=key), await pay(mei, ref="pay-1")
    assert (first.replayed, same_key.replayed, new_key.replayed) == (False, True, True)
    assert {first.membership_id} == {same_key.membership_id, new_key.membership_id}
    with pytest.raises(MembershipPaymentKnown):
        await pay(wang, ref="pay-1")
    await pay(wang, ref="pay-1", actor=OTHER_SHOP)
    assert (await standing(mei, NOON)).changes_at == shanghai("2026-04-10")


async def test_what_cannot_be_bought_is_refused() -> None:
    await programme()
    await plan()
    await plan("WHITE", tier="SILVER")
    await plan("GONE", on_sale=False)
    mei = await member()
    for code in ("GONE", "NONE"):
        with pytest.raises(MembershipNotOnSale):
            await pay(mei, code)
    with pytest.raises(MembershipPriceMismatch) as refused:
        await pay(mei, paid=97_00)
    assert refused.value.expected == 98_00
    bought = await pay(mei)
    with pytest.raises(MembershipRuns):
        await pay(mei, "WHITE")
    with pytest.raises(NotFound):
        await pay_back(mei, bought, actor=OTHER_SHOP)
    why = ReasonCode("MISTAKE")
    await memberships.refund(mei, bought.membership_id, reason=why, key=fresh_key(), actor=CLERK, now=NOON)
    await pay(mei, "WHITE")
    for wrong in ({"tier": "BASIC"}, {"tier": "DIAMOND"}, {"days": 0}, {"price": -1}):
        with pytest.raises(MembershipPlanInvalid):
            await plan("ODD", **wrong)


async def test_what_was_sold_keeps_its_terms_when_the_plan_changes() -> None:
    await programme()
    await plan()
    mei = await member()
    await pay(mei)
    await plan(price=128_00, days=60)
    await pay(mei, paid=128_00)
    assert (await standing(mei, NOON)).changes_at == shanghai("2026-06-09")


async def test_what_a_merge_brought_runs_on_and_is_renewed_from_its_end() -> None:
    await programme()
    await plan()
    old, mei = await member("Old"), await member("Mei")
    await pay(old)
    await merge(old, mei)
    assert ((await balance(mei))["tier"], (await balance(old))["tier"]) == ("GOLD", "BASIC")
    assert await violations() == []
    renewed = await pay(mei)
    assert (await standing(mei, NOON)).changes_at == shanghai("2026-05-10")
    await pay_back(mei, renewed)
    assert (await standing(mei, NOON)).changes_at == shanghai("2026-04-10")
    assert (await standing(mei, shanghai("2026-04-10"))).tier.code == "BASIC"
