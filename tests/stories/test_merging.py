"""Merging: two members turn out to be one, who has what both had; what comes later of their orders finds them."""

from datetime import timedelta
from uuid import UUID

import pytest

from models.invariants import violations
from models.members import IdentityKind
from models.purchases import PurchaseEventKind as Event
from models.units import ReasonCode
from rules import finance, heirs, jobs, lifecycle, members
from rules.idempotency import Key
from rules.lifecycle import MergeBlocked, MergeSelf
from rules.members import Profile
from rules.policy import Activation, ActivationMode
from rules.proofs import ProofRequired
from rules.refusals import MemberMerged, MemberNotActive, NotFound
from tests.people import (
    CLERK,
    NOON,
    SHOP,
    adjust,
    balance,
    buy,
    capture,
    freeze,
    fresh_key,
    happens,
    lots,
    member,
    merge,
    movements,
    phone,
    programme,
    publish,
    redeem,
    refund,
    set_aside,
    unfreeze,
)

WHY = ReasonCode("SAME_PERSON")
DAY = timedelta(days=1)


async def test_points_keep_their_expiry_and_the_growth_adds_up_to_a_higher_tier() -> None:
    await programme(expire_months=1)
    mei, old = await member("Mei"), await member("Mei again")
    await buy(old, 600_00, at=NOON - 20 * DAY)
    await buy(mei, 500_00)
    before = {row["expires_at"]: row["remaining"] for who in (mei, old) for row in await lots(who)}
    await merge(old, mei)
    after = await balance(mei)
    assert (after["available"], after["growth"], after["tier"]) == (1_100, 1_100, "SILVER")
    assert {row["expires_at"]: row["remaining"] for row in await lots(mei)} == before
    assert await movements(old) == [("EARN", 600), ("MERGE_OUT", -600)]
    assert await movements(mei) == [("EARN", 500), ("MERGE_IN", 600)]
    gone = await balance(old)
    assert (gone["available"], gone["growth"]) == (0, 0)
    assert await heirs.heir_of(old) == mei
    assert await violations() == []


async def test_a_debt_goes_over_and_is_repaid_from_what_the_other_has() -> None:
    await programme()
    mei, old = await member("Mei"), await member("Mei again")
    await buy(old, 200_00, ref="tea")
    await redeem(old, 180)
    await refund("tea", {"A": 200_00})
    await buy(mei, 100_00)
    await merge(old, mei)
    after = await balance(mei)
    assert (after["available"], after["debt"]) == (0, 80)
    assert (await balance(old))["debt"] == 0
    assert await violations() == []
    await finance.bring_up_to_date(NOON + 2 * DAY)
    assert await violations() == []


async def test_what_comes_repays_the_debt_of_the_other() -> None:
    await programme()
    mei, old = await member("Mei"), await member("Mei again")
    await buy(mei, 200_00, ref="tea")
    await redeem(mei, 180)
    await refund("tea", {"A": 200_00})
    await buy(old, 250_00)
    await merge(old, mei)
    after = await balance(mei)
    assert (after["available"], after["debt"]) == (70, 0)
    await finance.bring_up_to_date(NOON + 2 * DAY)
    assert await violations() == []


async def test_a_refund_of_the_order_of_a_merged_member_is_taken_from_who_they_are_now() -> None:
    await programme()
    mei, old = await member("Mei"), await member("Mei again")
    await buy(old, 53_91, 36_14, ref="tea")
    await merge(old, mei)
    for lines in ({"A": 1_00}, {"B": 36_14}, {"A": 52_91}):
        await refund("tea", lines)
        assert await violations() == []
    after = await balance(mei)
    assert (after["available"], after["debt"], after["growth"]) == (0, 0, 0)
    assert (await balance(old))["available"] == 0


async def test_what_was_spent_before_comes_back_to_who_they_are_now() -> None:
    await programme(expire_months=1)
    mei, old = await member("Mei"), await member("Mei again")
    await buy(old, 100_00, at=NOON - 5 * DAY)
    bought = await buy(old, 50_00, ref="tea")
    await redeem(old, 80, purchase_id=bought.purchase_id)
    await merge(old, mei)
    await refund("tea", {"A": 25_00})
    after = await balance(mei)
    assert after["available"] == 70 + 40 - 25
    await refund("tea", {"A": 25_00})
    after = await balance(mei)
    assert after["available"] == 100
    expiries = {row["expires_at"] for row in await lots(mei) if row["remaining"]}
    assert len(expiries) == 1, "it is the first order's points that are left"
    assert await violations() == []


async def test_an_order_that_is_paid_after_the_merge_earns_for_who_they_are_now() -> None:
    await programme()
    mei, old = await member("Mei"), await member("Mei again")
    await buy(mei, 1_000_00)
    await buy(old, 500_00, ref="tea", paid=False)
    await merge(old, mei)
    told = await happens(Event.PAID, "tea")
    after = await balance(mei)
    assert (after["available"], after["growth"]) == (1_000 + 550, 1_500), "a bonus of the tier she holds now"
    assert told.growth == 500
    await refund("tea", {"A": 500_00})
    after = await balance(mei)
    assert (after["available"], after["growth"]) == (1_000, 1_000)
    assert await violations() == []


async def test_a_refund_beyond_what_is_left_is_owed_by_who_they_are_now() -> None:
    await programme()
    mei, old = await member("Mei"), await member("Mei again")
    await buy(old, 100_00, ref="tea")
    await merge(old, mei)
    await redeem(mei, 90)
    await refund("tea", {"A": 100_00})
    after = await balance(mei)
    assert (after["available"], after["debt"]) == (0, 90)
    assert await violations() == []


async def test_an_order_finds_its_member_by_way_of_others() -> None:
    await programme()
    mei, older, oldest = await member("Mei"), await member("Older"), await member("Oldest")
    await buy(oldest, 100_00, ref="tea")
    await merge(oldest, older)
    await merge(older, mei)
    await refund("tea", {"A": 40_00})
    assert (await balance(mei))["available"] == 60
    assert await violations() == []


async def test_names_go_over_and_the_profile_is_filled_up() -> None:
    await programme()
    card = members.identity(IdentityKind.CARD, "", "c-17")
    mei = await member("Mei")
    old, _ = await lifecycle.enroll(
        None, [card, phone()], Profile("Old Mei", "https://pictures.example/m.jpg"), actor=SHOP, now=NOON
    )
    await merge(old, mei)
    assert await members.find(card) == mei
    told = await members.profile_of(mei)
    assert (told.display_name, told.avatar_url) == ("Mei", "https://pictures.example/m.jpg")
    assert await violations() == []


async def test_a_merge_is_done_once_however_often_it_is_asked_for() -> None:
    await programme()
    mei, old = await member("Mei"), await member("Mei again")
    await buy(old, 100_00)
    first = await merge(old, mei, key=Key("the-same-key"))
    again = await merge(old, mei, key=Key("the-same-key"))
    assert (first.merge_id, again.replayed) == (again.merge_id, True)
    with pytest.raises(MemberMerged) as refused:
        await merge(old, mei)
    assert refused.value.into == mei
    with pytest.raises(MemberMerged):
        await merge(mei, old)


async def test_what_stands_against_a_merge_is_told() -> None:
    await programme()
    mei, old, cold = await member("Mei"), await member("Mei again"), await member("Cold")
    await buy(old, 100_00)
    kept = await set_aside(old, 10)
    with pytest.raises(MergeSelf):
        await merge(mei, mei)
    with pytest.raises(NotFound):
        await merge(UUID(int=7), mei)
    with pytest.raises(ProofRequired):
        await lifecycle.merge(old, mei, reason=WHY, key=fresh_key(), actor=CLERK, now=NOON)
    with pytest.raises(MergeBlocked) as held:
        await merge(old, mei)
    assert (held.value.reason, held.value.held) == ("HELD_POINTS", 10)
    await freeze(cold)
    with pytest.raises(MergeBlocked) as frozen:
        await merge(cold, mei)
    assert frozen.value.reason == "FROZEN"
    seen = await lifecycle.preview_merge(old, mei, now=NOON)
    assert [each.code() for each in seen.objections] == ["MERGE_BLOCKED"]
    await capture(old, kept.hold_id, 10)
    seen = await lifecycle.preview_merge(old, mei, now=NOON)
    assert (seen.objections, seen.balances.available, seen.growth) == ([], 90, 100)
    await merge(old, mei)


async def test_nobody_is_merged_into_somebody_who_has_not_enrolled() -> None:
    await programme()
    mei, (shell, _) = await member("Mei"), await lifecycle.enter([phone()], actor=SHOP, now=NOON)
    with pytest.raises(MemberNotActive):
        await merge(mei, shell)
    await merge(shell, mei)
    assert await violations() == []


async def test_what_waits_goes_on_waiting() -> None:
    await programme()
    mei, old = await member("Mei"), await member("Mei again")
    for who in (mei, old):
        await freeze(who)
    await buy(old, 100_00, ref="tea")
    await merge(old, mei)
    assert (await balance(mei))["pending"] == 100
    await refund("tea", {"A": 30_00})
    assert (await balance(mei))["pending"] == 70
    await lifecycle.unfreeze(mei, reason=ReasonCode("CLEARED"), actor=CLERK, now=NOON)
    after = await balance(mei)
    assert (after["available"], after["pending"]) == (70, 0)
    await refund("tea", {"A": 70_00})
    assert (await balance(mei))["available"] == 0
    assert await violations() == []


async def test_finance_sees_nothing_of_a_merge_but_the_same_points() -> None:
    await programme(expire_months=3)
    mei, old = await member("Mei", at=NOON - 60 * DAY), await member("Mei again", at=NOON - 60 * DAY)
    await buy(old, 300_00, ref="tea", at=NOON - 40 * DAY)
    await buy(mei, 100_00, at=NOON - 10 * DAY)
    await finance.bring_up_to_date(NOON - DAY)
    await merge(old, mei)
    await adjust(mei, 10)
    await refund("tea", {"A": 100_00})
    await finance.bring_up_to_date(NOON + 2 * DAY)
    assert await violations() == []
    told = await finance.report((NOON - 60 * DAY).date(), NOON.date())
    assert [(each.month.month, each.remaining, each.other) for each in told.cohorts] == [
        (1, 200, 0),
        (2, 100, 0),
        (3, 10, 0),
    ]


async def test_what_waited_with_a_frozen_member_is_thawed_with_who_they_are_now() -> None:
    await programme()
    await publish(activation=Activation(ActivationMode.AFTER_DAYS, days=7))
    mei, old = await member("Mei"), await member("Mei again")
    for who in (mei, old):
        await freeze(who)
    await buy(old, 60_00)
    await merge(old, mei)
    await unfreeze(mei, at=NOON + DAY)
    lease = await jobs.claim("members.thaw", now=NOON + DAY)
    assert lease is not None
    await jobs.TASKS[lease.name].work(lease.facts, NOON + DAY)
    for name in ("points.activate_due", "purchases.pass"):
        await jobs.TASKS[name].work({}, NOON + 8 * DAY)
    assert ((await balance(mei))["available"], (await balance(old))["pending"]) == (60, 0)
    assert await violations() == []
