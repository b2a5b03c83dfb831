"""A wall clock that jumps: what has happened stays so, nothing happens twice, and the ledger keeps its order."""

from datetime import timedelta
from uuid import UUID

import pytest

from models.invariants import violations
from models.sql import SQL
from rules import points
from rules.points import HoldExpired, InsufficientPoints
from rules.policy import Activation, ActivationMode, Expiry, ExpiryMode, Span
from tests.people import (
    DAY,
    NOON,
    adjust,
    balance,
    buy,
    capture,
    member,
    movements,
    programme,
    publish,
    redeem,
    set_aside,
)
from tests.stories.test_expiry import OVER

HOUR = timedelta(hours=1)
SEQS = SQL("SELECT seq FROM points_entry WHERE member_id = $1 ORDER BY id")


async def in_order(who: UUID) -> bool:
    """Whether the entries are numbered as they were written."""
    numbers = [row["seq"] for row in await SEQS.rows(who)]
    return numbers == list(range(1, len(numbers) + 1))


async def test_nothing_comes_alive_again_when_the_clock_goes_back_and_nothing_expires_twice() -> None:
    await programme()
    await publish(expiry=Expiry(ExpiryMode.ROLLING, 2, Span.DAY))
    mei = await member("Mei")
    await buy(mei, 100_00)
    await points.expire_due({}, OVER)
    with pytest.raises(InsufficientPoints):
        await redeem(mei, 1, at=OVER - HOUR)
    await adjust(mei, 5, at=OVER - HOUR)
    for now in (OVER, OVER - HOUR, OVER + DAY, OVER):
        await points.expire_due({}, now)
    assert [each for each in await movements(mei) if each[0] == "EXPIRE"] == [("EXPIRE", -100)]
    assert await in_order(mei)
    assert await violations() == []


async def test_a_day_too_far_expires_what_is_due_by_then_once_and_what_comes_later_lives() -> None:
    await programme()
    await publish(expiry=Expiry(ExpiryMode.ROLLING, 2, Span.DAY))
    mei = await member("Mei")
    await buy(mei, 100_00, at=NOON)
    await points.expire_due({}, OVER + DAY)
    await buy(mei, 50_00, at=OVER - HOUR)
    await points.expire_due({}, OVER)
    assert (await balance(mei))["available"] == 50
    assert await in_order(mei)
    assert await violations() == []


async def test_what_became_available_is_so_when_the_clock_goes_back() -> None:
    await programme()
    await publish(activation=Activation(ActivationMode.AFTER_DAYS, days=2))
    mei = await member("Mei")
    await buy(mei, 100_00)
    await points.activate_due({}, OVER)
    await points.activate_due({}, OVER - HOUR)
    await redeem(mei, 60, at=OVER - HOUR)
    assert (await balance(mei))["available"] == 40
    assert await in_order(mei)
    assert await violations() == []


async def test_a_hold_that_ended_is_over_when_the_clock_goes_back() -> None:
    await programme()
    mei = await member("Mei")
    await buy(mei, 100_00)
    kept = await set_aside(mei, 40)
    await points.release_overdue({}, NOON + HOUR)
    with pytest.raises(HoldExpired):
        await capture(mei, kept.hold_id, at=NOON + timedelta(minutes=1))
    await points.release_overdue({}, NOON + HOUR)
    assert (await balance(mei))["available"] == 100
    assert await in_order(mei)
    assert await violations() == []
