"""Tiers: what a published scheme makes of growth, of time and of refunds."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from tortoise.connection import get_connection

from models.invariants import violations
from models.sql import SQL
from models.units import ReasonCode
from rules import points, tiers
from rules import programme as programmes
from rules.refusals import NotFound
from rules.schemes import TierSchemeInvalid, TierThresholdOrder
from rules.tiers import TierGrantInvalid, TierNotGranted
from tests.ladder import ADMIN, YEARLY, document, history, scheme, standing
from tests.people import CLERK, DAY, NOON, balance, buy, fresh_key, member, programme, redeem, refund

ROLLING = {"kind": "ROLLING", "days": 365}
MS = timedelta(milliseconds=1)


def shanghai(text: str) -> datetime:
    """A moment by the clocks of Shanghai."""
    return datetime.fromisoformat(f"{text}+08:00").astimezone(UTC)


async def grant(who: UUID, code: str, until: datetime, *, at: datetime = NOON, key: Any = None) -> tiers.Given:
    """Staff give a member a tier."""
    reason = ReasonCode("GOODWILL")
    return await tiers.grant(who, code, until, reason=reason, key=key or fresh_key(), actor=CLERK, now=at)


async def revoke(who: UUID, *, at: datetime = NOON) -> tiers.Given:
    """Staff take it back."""
    return await tiers.revoke(who, reason=ReasonCode("MISTAKE"), key=fresh_key(), actor=CLERK, now=at)


async def test_a_scheme_like_the_ladder_changes_nothing() -> None:
    await programme()
    mei = await member()
    await buy(mei, 1_000_00, ref="tea")
    before = await balance(mei)
    published = await scheme(refund_correction_days=0)
    await tiers.refresh({"version": published.version}, NOON)
    assert published.version == 1
    assert await balance(mei) == before
    assert await history(mei) == [("JOINED", "BASIC"), ("UPGRADED", "SILVER")]
    assert await violations() == []


async def test_a_grace_that_is_not_used_ends_in_the_tier_below() -> None:
    await programme()
    mei = await member()
    await scheme(window=ROLLING, validity=YEARLY, grace_days=30, downgrade_mode="ONE_DOWN")
    await buy(mei, 5_000_00)
    over = shanghai("2027-05-01T00:00")
    assert (await standing(mei, over - MS)).tier.code == "GOLD"
    found = await standing(mei, over)
    assert (found.tier.code, found.tier_since, found.expires_at) == ("SILVER", over, shanghai("2028-05-01T00:00"))
    await tiers.review({}, over)
    assert await history(mei) == [
        ("JOINED", "BASIC"),
        ("UPGRADED", "GOLD"),
        ("GRACE_ENTERED", "GOLD"),
        ("DOWNGRADED", "SILVER"),
    ]
    assert (await balance(mei))["tier"] == "SILVER"
    assert await violations() == []


async def test_reassessed_a_tier_falls_to_what_is_reached() -> None:
    await programme()
    mei = await member()
    await scheme(window=ROLLING, validity=YEARLY, downgrade_mode="REASSESS")
    await buy(mei, 5_000_00)
    late = shanghai("2027-04-01T00:00")
    assert ((await standing(mei, late - MS)).tier.code, (await standing(mei, late)).tier.code) == ("GOLD", "BASIC")


@pytest.mark.parametrize("changes", [{"downgrade_mode": "NONE"}, {"levels": "GOLD"}, {"validity": None}])
async def test_a_tier_that_cannot_be_lost_is_never_reviewed(changes: dict[str, Any]) -> None:
    await programme()
    mei = await member()
    told = document(
        **(
            {"window": ROLLING, "validity": YEARLY, "downgrade_mode": "REASSESS"}
            | {name: value for name, value in changes.items() if name != "levels"}
        )
    )
    told["levels"][2]["never_downgrade"] = "levels" in changes
    await tiers.publish(told, expected_version=0, key=fresh_key(), actor=ADMIN, now=NOON)
    await buy(mei, 5_000_00)
    found = await standing(mei, NOON + 3_000 * DAY)
    assert (found.tier.code, found.expires_at, found.steps) == ("GOLD", None, [])


async def test_a_grace_holds_the_year_open_that_it_follows() -> None:
    await programme()
    mei, wang = await member("Mei"), await member("Wang")
    yearly = {"n": 1, "unit": "YEAR", "round_to": "YEAR"}
    year = {"kind": "CALENDAR", "period": "YEAR"}
    await scheme(window=year, validity=yearly, grace_days=31, downgrade_mode="REASSESS", retain={"SILVER": 500})
    for who in (mei, wang):
        await buy(who, 1_000_00)
        await buy(who, 400_00, at=shanghai("2027-10-01T12:00"))
    new_year = shanghai("2028-01-01T00:00")
    assert (await standing(mei, new_year)).grace_until == shanghai("2028-02-01T00:00")
    await buy(mei, 99_00, at=new_year)
    assert (await standing(mei, new_year)).grace_until is not None
    await buy(mei, 1_00, at=shanghai("2028-01-31T23:59"))
    found = await standing(mei, shanghai("2028-02-01T00:00"))
    assert (found.tier.code, found.expires_at) == ("SILVER", shanghai("2029-01-01T00:00"))
    assert (await standing(wang, shanghai("2028-02-01T00:00"))).tier.code == "BASIC"


async def test_a_tier_is_retained_for_as_long_as_it_is_earned() -> None:
    await programme()
    mei = await member()
    await scheme(window=ROLLING, validity=YEARLY, downgrade_mode="REASSESS", retain={"SILVER": 500})
    await buy(mei, 1_000_00)
    await buy(mei, 500_00, at=NOON + 200 * DAY)
    ends = shanghai("2027-04-01T00:00")
    found = await standing(mei, ends)
    assert (found.tier.code, found.expires_at) == ("SILVER", shanghai("2028-04-01T00:00"))
    assert (await standing(mei, shanghai("2028-04-01T00:00"))).tier.code == "BASIC"


async def test_a_tier_may_begin_with_the_next_period() -> None:
    await programme()
    mei = await member()
    month = {"kind": "CALENDAR", "period": "MONTH"}
    await scheme(window=month, upgrade_timing="NEXT_PERIOD", validity=YEARLY, downgrade_mode="ONE_DOWN")
    await buy(mei, 1_000_00, ref="tea")
    april = shanghai("2026-04-01T00:00")
    before = await standing(mei, april - MS)
    assert (before.tier.code, before.deferred and before.deferred.code, before.deferred_at) == (
        "BASIC",
        "SILVER",
        april,
    )
    found = await standing(mei, april)
    assert (found.tier.code, found.tier_since, found.deferred) == ("SILVER", april, None)
    # what is refunded before it begins was not reached
    await refund("tea", {"A": 1_000_00}, at=NOON + DAY)
    assert ((await standing(mei, april)).tier.code, (await standing(mei, april)).deferred_at) == ("BASIC", None)


@pytest.mark.parametrize(
    ("basis", "threshold", "reached"),
    [("SPEND", 300_00, ["BASIC", "BASIC", "SILVER"]), ("ORDERS", 3, ["BASIC", "BASIC", "SILVER"])],
)
async def test_a_tier_may_be_reached_by_what_was_spent_or_by_orders(
    basis: str, threshold: int, reached: list[str]
) -> None:
    await programme()
    mei = await member()
    told = document(basis=basis, window=ROLLING)
    told["levels"] = told["levels"][:2]
    told["levels"][1] |= {"threshold": threshold, "retain_threshold": threshold}
    await tiers.publish(told, expected_version=None, key=fresh_key(), actor=ADMIN, now=NOON)
    found = []
    for number in range(3):
        await buy(mei, 100_00, ref=f"tea-{number}", at=NOON + number * DAY)
        found.append((await balance(mei))["tier"])
    assert found == reached
    # the refund of the one that won it takes it back
    await refund("tea-2", {"A": 100_00}, at=NOON + 3 * DAY)
    assert (await balance(mei))["tier"] == "BASIC"


async def test_a_refund_takes_back_the_tier_its_own_order_won_and_no_other() -> None:
    await programme()
    mei, wang = await member("Mei"), await member("Wang")
    await scheme(validity=YEARLY, downgrade_mode="REASSESS")
    await buy(mei, 1_000_00, ref="sofa")
    ends = (await standing(mei, NOON)).expires_at
    await buy(mei, 4_000_00, ref="bed", at=NOON + DAY)
    await refund("bed", {"A": 1_00}, at=NOON + 2 * DAY)
    found = await standing(mei, NOON + 2 * DAY)
    assert (found.tier.code, found.expires_at) == ("SILVER", ends)
    await refund("sofa", {"A": 1_000_00}, at=NOON + 3 * DAY)
    assert (await balance(mei))["tier"] == "SILVER"
    assert [cause for cause, _ in await history(mei)][1:] == ["UPGRADED", "UPGRADED", "REVERSED"]
    await buy(wang, 1_000_00, ref="late")
    await refund("late", {"A": 1_000_00}, at=NOON + 30 * DAY)
    assert ((await balance(wang))["tier"], (await balance(wang))["growth"]) == ("SILVER", 0)
    assert await violations() == []


async def test_the_highest_tier_of_all_sources_is_held_and_what_is_left_when_one_ends() -> None:
    await programme()
    mei = await member()
    await buy(mei, 1_000_00)
    until = shanghai("2026-06-01T00:00")
    given = await grant(mei, "GOLD", until)
    assert given.tier == "GOLD"
    assert ((await standing(mei, until - MS)).tier.code, (await standing(mei, until)).tier.code) == (
        "GOLD",
        "SILVER",
    )
    assert (await standing(mei, until)).tier_since == until
    assert (await revoke(mei, at=NOON + DAY)).tier == "SILVER"
    with pytest.raises(TierNotGranted):
        await revoke(mei, at=NOON + DAY)
    await grant(mei, "GOLD", until, at=NOON + 2 * DAY)
    await tiers.review({}, until)
    await tiers.review({}, until)
    assert [cause for cause, _ in await history(mei)] == [
        "JOINED",
        "UPGRADED",
        "GRANTED",
        "REVOKED",
        "GRANTED",
        "GRANT_EXPIRED",
    ]
    assert await violations() == []


async def test_a_grant_is_done_once_and_not_of_any_kind() -> None:
    await programme()
    mei, key = await member(), fresh_key()
    first = await grant(mei, "GOLD", NOON + DAY, key=key)
    again = await grant(mei, "GOLD", NOON + DAY, key=key)
    assert (first.replayed, again.replayed, again.tier) == (False, True, "GOLD")
    for code, until in (("BASIC", NOON + DAY), ("GOLD", NOON), ("GOLD", NOON + 4_000 * DAY)):
        with pytest.raises(TierGrantInvalid):
            await grant(mei, code, until)
    with pytest.raises(NotFound):
        await grant(mei, "PLATINUM", NOON + DAY)


async def test_what_a_tier_gives_ends_with_the_tier_whoever_has_written_it_down() -> None:
    await programme()
    mei = await member()
    limited = {"BASIC": [{"kind": "REDEEM_LIMIT", "value": 10}]}
    await scheme(benefits=limited)
    await buy(mei, 100_00)
    until = NOON + DAY
    await grant(mei, "GOLD", until)
    await redeem(mei, 20, at=until - MS)
    assert (await points.preview(mei, 20, now=until)).limit == 10  # type: ignore[arg-type]
    with pytest.raises(points.AboveTierLimit):
        await redeem(mei, 20, at=until)
    # 1.25 times while it is gold, and once more when it is over
    assert (await balance(mei))["tier"] == "GOLD"
    earned = (await balance(mei))["lifetime_earned"]
    await buy(mei, 100_00, at=until)
    assert (await balance(mei))["lifetime_earned"] == earned + 100
    assert (await balance(mei))["tier"] == "BASIC"


async def test_a_new_scheme_lifts_and_lowers_nobody() -> None:
    await programme()
    mei, wang = await member("Mei"), await member("Wang")
    await buy(mei, 900_00)
    await buy(wang, 1_000_00)
    told = document(validity=YEARLY, downgrade_mode="REASSESS", window=ROLLING)
    for level, threshold in zip(told["levels"], (0, 800, 4_000), strict=True):
        level["threshold"] = level["retain_threshold"] = threshold
    extra = {"code": "DIAMOND", "name": "Diamond", "threshold": 9_000}
    told["levels"].append(extra)
    published = await tiers.publish(told, expected_version=0, key=fresh_key(), actor=ADMIN, now=NOON)
    for _again in range(2):
        await tiers.refresh({"version": published.version}, NOON + DAY)
    assert [(await balance(who))["tier"] for who in (mei, wang)] == ["SILVER", "SILVER"]
    assert (await standing(wang, NOON)).expires_at == shanghai("2027-04-01T00:00")
    higher = document(validity=YEARLY, downgrade_mode="REASSESS", window=ROLLING)
    higher["levels"] += [extra]
    for level, threshold in zip(higher["levels"], (0, 2_000, 7_000, 9_000), strict=True):
        level["threshold"] = level["retain_threshold"] = threshold
    second = await tiers.publish(higher, expected_version=1, key=fresh_key(), actor=ADMIN, now=NOON + DAY)
    await tiers.refresh({"version": second.version}, NOON + DAY)
    assert [(await balance(who))["tier"] for who in (mei, wang)] == ["SILVER", "SILVER"]
    assert (await standing(mei, shanghai("2027-04-01T00:00"))).tier.code == "BASIC"
    assert [rung.code for rung in (await programmes.terms()).ladder] == ["BASIC", "SILVER", "GOLD", "DIAMOND"]
    assert await violations() == []


@pytest.mark.parametrize(
    ("spoiled", "refusal"),
    [
        ({"basis": "LOVE"}, TierSchemeInvalid),
        ({"window": {"kind": "ROLLING"}}, TierSchemeInvalid),
        ({"window": {"kind": "LIFETIME", "days": 3}}, TierSchemeInvalid),
        ({"window": {"kind": "CALENDAR"}}, TierSchemeInvalid),
        ({"validity": {"n": 0, "unit": "DAY"}}, TierSchemeInvalid),
        ({"validity": {"n": 121, "unit": "MONTH"}}, TierSchemeInvalid),
        ({"grace_days": 367}, TierSchemeInvalid),
        ({"grace_days": True}, TierSchemeInvalid),
        ({"levels": []}, TierSchemeInvalid),
        ({"levels": [{"code": "basic", "name": "Basic", "threshold": 0}]}, TierSchemeInvalid),
        ({"levels": [{"code": "BASIC", "name": "Basic", "threshold": 1}]}, TierThresholdOrder),
        ({"levels": [{"code": "BASIC", "name": "", "threshold": 0}]}, TierSchemeInvalid),
        ({"retain": {"GOLD": 5_001}}, TierThresholdOrder),
        ({"benefits": {"GOLD": [{"kind": "REDEEM_LIMIT", "value": 0}]}}, TierSchemeInvalid),
        ({"benefits": {"GOLD": [{"kind": "REDEEM_LIMIT", "value": 9}] * 2}}, TierSchemeInvalid),
        ({"benefits": {"GOLD": [{"kind": "REDEEM_LIMIT", "value": 9, "code": "X"}]}}, TierSchemeInvalid),
        ({"something": 1}, TierSchemeInvalid),
    ],
)
async def test_a_scheme_that_cannot_be_is_refused(spoiled: dict[str, Any], refusal: type[Exception]) -> None:
    await programme()
    with pytest.raises(refusal):
        await tiers.publish(document(**spoiled), expected_version=None, key=fresh_key(), actor=ADMIN, now=NOON)


JOBS = SQL("SELECT facts FROM job WHERE name = 'tiers.review' ORDER BY created_at", fans_out="a test looks")


async def test_a_review_visits_each_once_goes_on_where_it_stopped_and_past_whom_it_cannot(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await programme()
    who = sorted([await member(f"Member {number}") for number in range(7)])
    for each in who:
        await grant(each, "GOLD", NOON + DAY)
    bad = who[1]
    await get_connection("default").execute_query(
        f"UPDATE growth_account SET tier_steps = 0 WHERE member_id = '{bad}'"
    )
    monkeypatch.setattr("rules.tiers._reviewing.BATCH", 2)
    monkeypatch.setattr("rules.tiers._reviewing.BATCHES_MAX", 2)
    with pytest.raises(tiers.ReviewIncomplete):
        await tiers.review({}, NOON + DAY)
    [promised] = await JOBS.rows()
    assert sum([(await balance(each))["tier"] == "BASIC" for each in who]) == 3
    await tiers.review(promised["facts"], NOON + 2 * DAY)
    assert [(await balance(each))["tier"] for each in who if each != bad] == ["BASIC"] * 6
    for each in set(who) - {bad}:
        assert (await history(each)).count(("GRANT_EXPIRED", "BASIC")) == 1
    await get_connection("default").execute_query(
        f"UPDATE growth_account SET tier_steps = 2 WHERE member_id = '{bad}'"
    )
    await tiers.review({}, NOON + 2 * DAY)
    assert (await history(bad))[-1] == ("GRANT_EXPIRED", "BASIC")
