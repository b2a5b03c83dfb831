"""The points policy in the house: published as versions, in force at once, and never over somebody else's."""

import asyncio
from dataclasses import replace

import pytest

from models.invariants import violations
from rules import policy, programme
from rules.idempotency import IdempotencyKeyReused
from rules.policy import (
    Expiry,
    ExpiryMode,
    PointsPolicy,
    PointsPolicyChanged,
    PointsPolicyInvalid,
    Span,
)
from rules.refusals import NotFound
from tests.people import CLERK, NOON, adjust, fresh_key, lots, member, publish, redeem
from tests.people import programme as set_up

DAYS_30 = PointsPolicy(expiry=Expiry(ExpiryMode.ROLLING, 30, Span.DAY))


async def test_a_policy_is_in_force_as_soon_as_it_is_published() -> None:
    await set_up(expire_months=12)
    mei = await member()
    made = await policy.publish(DAYS_30, expected_version=0, key=fresh_key(), actor=CLERK, now=NOON)
    assert made == replace(DAYS_30, version=1) == (await programme.terms()).policy
    await adjust(mei, 10)
    assert str((await lots(mei))[0]["expires_at"]) == "2026-04-09 16:00:00+00:00"
    await redeem(mei, 3)
    assert (await policy.of_version(1)).policy == made
    assert await violations() == []


async def test_every_version_is_kept_as_it_was() -> None:
    await set_up()
    first = await publish(restore_grace_days=3)
    second = await publish(restore_grace_days=5)
    assert [first.version, second.version] == [1, 2]
    assert (await policy.of_version(1)).policy.restore_grace_days == 3
    assert (await programme.terms()).policy.restore_grace_days == 5
    with pytest.raises(NotFound):
        await policy.of_version(3)


async def test_nobody_publishes_over_what_they_have_not_seen() -> None:
    await set_up()
    await publish(restore_grace_days=3)
    with pytest.raises(PointsPolicyChanged) as refused:
        await policy.publish(DAYS_30, expected_version=0, key=fresh_key(), actor=CLERK, now=NOON)
    assert refused.value.version == 1


async def test_the_same_key_is_answered_by_the_same_version() -> None:
    await set_up()
    key = fresh_key()
    made = await policy.publish(DAYS_30, expected_version=0, key=key, actor=CLERK, now=NOON)
    await publish(restore_grace_days=1)
    again = await policy.publish(DAYS_30, expected_version=0, key=key, actor=CLERK, now=NOON)
    assert again == made
    with pytest.raises(IdempotencyKeyReused):
        await policy.publish(PointsPolicy(), expected_version=0, key=key, actor=CLERK, now=NOON)


async def test_what_no_points_can_follow_is_not_published() -> None:
    await set_up()
    with pytest.raises(PointsPolicyInvalid):
        await publish(restore_grace_days=-1)
    assert (await programme.terms()).policy.version == 0


async def test_without_a_programme_there_is_nothing_to_publish() -> None:
    with pytest.raises(NotFound):
        await policy.publish(DAYS_30, expected_version=0, key=fresh_key(), actor=CLERK, now=NOON)


async def test_of_many_who_publish_at_once_one_does() -> None:
    await set_up()

    calls = [policy.publish(DAYS_30, expected_version=0, key=fresh_key(), actor=CLERK, now=NOON) for _ in range(8)]
    done = await asyncio.gather(*calls, return_exceptions=True)
    assert sorted(type(each).__name__ for each in done) == ["PointsPolicy", *["PointsPolicyChanged"] * 7]
