"""Refunds under schemes that count spending or orders: what is refunded counts no more, growth or none."""

from typing import Any

import pytest

from models.invariants import violations
from tests.ladder import document, scheme, standing
from tests.people import DAY, NOON, buy, member, programme, refund

LARGE = 900_000_000_00
"""Squared it is more than eight bytes hold."""


async def reached_by(basis: str, silver: int, **changes: Any) -> None:
    """A scheme in which silver is reached by so much, of a programme in which small orders earn nothing."""
    await programme(earn_minor=100_00)
    levels = document()["levels"]
    for level, threshold in zip(levels, (0, silver, 10 * silver), strict=True):
        level["threshold"] = level["retain_threshold"] = threshold
    await scheme(basis=basis, levels=levels, **changes)


@pytest.mark.parametrize(("basis", "silver"), [("ORDERS", 2), ("SPEND", 80_00)])
@pytest.mark.parametrize("timing", ["IMMEDIATE", "NEXT_PERIOD"])
async def test_a_tier_reached_by_orders_that_earned_nothing_is_taken_back_all_the_same(
    basis: str, silver: int, timing: str
) -> None:
    await reached_by(basis, silver, upgrade_timing=timing)
    mei = await member("Mei")
    for ref in ("a", "b"):
        await buy(mei, 50_00, ref=ref)
    assert (await standing(mei, NOON + 40 * DAY)).tier.code == "SILVER"
    await refund("b", {"A": 50_00}, at=NOON + DAY)
    assert (await standing(mei, NOON + 40 * DAY)).tier.code == "BASIC"
    assert await violations() == []


async def test_no_order_is_too_large_to_be_refunded_in_part() -> None:
    await reached_by("SPEND", LARGE // 2)
    mei = await member("Mei")
    await buy(mei, LARGE // 3, LARGE // 3 * 2, ref="a")
    await refund("a", {"A": LARGE // 3}, at=NOON + DAY)
    assert (await standing(mei, NOON + DAY)).tier.code == "SILVER"
    assert await violations() == []
