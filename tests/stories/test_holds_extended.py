"""A checkout that takes longer: points stay set aside for as long as it is asked for, within a week."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from models.invariants import violations
from models.sql import SQL
from rules import points
from rules.actors import Actor
from rules.idempotency import IdempotencyKeyReused, Key
from rules.points import Extended, HoldExpired, HoldNotOpen, HoldTooLong
from rules.refusals import MemberFrozen, NotFound
from tests.people import (
    CASHIER,
    DAY,
    NOON,
    SHOP,
    balance,
    buy,
    capture,
    freeze,
    fresh_key,
    member,
    programme,
    release,
    set_aside,
)
from tests.stories.test_races import outcomes

MINUTE, MS = timedelta(minutes=1), timedelta(milliseconds=1)
EVENTS = SQL("SELECT type FROM outbox_event WHERE member_id = $1 ORDER BY seq DESC LIMIT 1")


async def held() -> tuple[UUID, UUID]:
    """Mei has 100 points, 40 of which are set aside for a quarter of an hour."""
    await programme()
    mei = await member("Mei")
    await buy(mei, 100_00)
    return mei, (await set_aside(mei, 40)).hold_id


async def extend(
    who: UUID,
    hold: UUID,
    lasting: timedelta,
    *,
    at: datetime = NOON,
    key: Key | None = None,
    actor: Actor = CASHIER,
) -> Extended:
    return await points.extend(who, hold, lasting, key=key or fresh_key(), actor=actor, now=at)


async def test_a_hold_lasts_as_long_as_it_was_extended_to_and_not_a_moment_longer() -> None:
    mei, hold = await held()
    done = await extend(mei, hold, 30 * MINUTE, at=NOON + 10 * MINUTE)
    assert done.expires_at == NOON + 40 * MINUTE
    assert await EVENTS.value(mei) == "points.hold_extended"
    await points.release_overdue({}, NOON + 40 * MINUTE - MS)
    assert (await balance(mei))["held"] == 40
    with pytest.raises(HoldExpired):
        await capture(mei, hold, at=NOON + 40 * MINUTE)
    with pytest.raises(HoldExpired):
        await extend(mei, hold, DAY, at=NOON + 40 * MINUTE)
    await points.release_overdue({}, NOON + 40 * MINUTE)
    assert ((await balance(mei))["held"], (await balance(mei))["available"]) == (0, 100)
    assert await violations() == []


async def test_it_never_shortens_a_hold_and_ends_a_week_after_it_was_made() -> None:
    mei, hold = await held()
    before = await EVENTS.value(mei)
    assert (await extend(mei, hold, MINUTE)).expires_at == NOON + 15 * MINUTE
    assert await EVENTS.value(mei) == before
    assert (await extend(mei, hold, 6 * DAY)).expires_at == NOON + 6 * DAY
    with pytest.raises(HoldTooLong) as refused:
        await extend(mei, hold, DAY + MINUTE, at=NOON + 6 * DAY - MINUTE + MS)
    assert refused.value.limit == 7 * 86_400
    assert (await extend(mei, hold, DAY + MINUTE, at=NOON + 6 * DAY - MINUTE)).expires_at == NOON + 7 * DAY
    await capture(mei, hold, at=NOON + 7 * DAY - MS)
    assert (await balance(mei))["available"] == 60
    assert await violations() == []


async def test_the_same_key_is_answered_alike_and_another_request_refused() -> None:
    mei, hold = await held()
    key = fresh_key()
    first = await extend(mei, hold, DAY, key=key)
    again = await extend(mei, hold, DAY, key=key, at=NOON + MINUTE)
    assert again == replace(first, replayed=True)
    with pytest.raises(IdempotencyKeyReused):
        await extend(mei, hold, 2 * DAY, key=key)


async def test_who_may_not_take_may_not_keep_either() -> None:
    mei, hold = await held()
    with pytest.raises(NotFound):
        await extend(mei, hold, DAY, actor=SHOP._replace(source="another"))
    await freeze(mei)
    with pytest.raises(MemberFrozen):
        await extend(mei, hold, DAY)
    lan, theirs = await member("Lan"), hold
    with pytest.raises(NotFound):
        await extend(lan, theirs, DAY)


async def test_of_a_release_and_32_extensions_at_once_nothing_stays_set_aside() -> None:
    mei, hold = await held()
    calls = [extend(mei, hold, (number + 1) * DAY / 8) for number in range(32)]
    won, refused = await outcomes([*calls, release(mei, hold)])
    assert len(won) + sum(refused.values()) == 33
    assert set(refused) <= {HoldNotOpen.code()}
    assert (await balance(mei))["held"] == 0
    assert await violations() == []
