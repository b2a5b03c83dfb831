"""Schemes that count spending or orders: what is refunded counts no more, and what a merge brought does."""

from typing import Any

import pytest

from models.invariants import violations
from models.units import ReasonCode
from rules import lifecycle, outlook
from rules import programme as programmes
from tests.ladder import document, scheme, standing
from tests.people import CLERK, DAY, NOON, buy, fresh_key, member, merge, programme, proven, refund

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


@pytest.mark.parametrize(("basis", "silver"), [("ORDERS", 2), ("SPEND", 80_00)])
@pytest.mark.parametrize("window", [{"kind": "LIFETIME"}, {"kind": "ANNIVERSARY"}])
async def test_what_was_bought_counts_for_who_it_was_after_all(
    basis: str, silver: int, window: dict[str, str]
) -> None:
    await reached_by(basis, silver, window=window, upgrade_timing="IMMEDIATE")
    mei, old, older = await member("Mei"), await member("Mei again"), await member("Mei, long ago")
    await buy(older, 50_00, ref="a")
    await merge(older, old)
    await buy(mei, 50_00, ref="b")
    foreseen = await lifecycle.preview_merge(old, mei, now=NOON)
    await merge(old, mei)
    assert (foreseen.tier.code, (await standing(mei, NOON)).tier.code) == ("SILVER", "SILVER")
    terms = await programmes.terms()
    assert (await outlook.reached([mei], terms, NOON))[mei] >= silver
    await refund("a", {"A": 50_00}, at=NOON + DAY)
    assert (await outlook.reached([mei], terms, NOON))[mei] < silver
    assert await violations() == []


async def test_it_counts_for_nobody_else_once_the_merge_is_undone() -> None:
    await reached_by("SPEND", 80_00)
    mei, old = await member("Mei"), await member("Mei again")
    for who in (mei, old):
        await buy(who, 50_00)
    await merge(old, mei)
    assert (await standing(mei, NOON)).tier.code == "SILVER"
    staff, why = proven(CLERK), ReasonCode("TWO_PEOPLE")
    await lifecycle.unmerge(old, reason=why, key=fresh_key(), actor=staff, now=NOON)
    assert [(await standing(who, NOON)).tier.code for who in (mei, old)] == ["BASIC", "BASIC"]
    assert await violations() == []


async def test_no_order_is_too_large_to_be_refunded_in_part() -> None:
    await reached_by("SPEND", LARGE // 2)
    mei = await member("Mei")
    await buy(mei, LARGE // 3, LARGE // 3 * 2, ref="a")
    await refund("a", {"A": LARGE // 3}, at=NOON + DAY)
    assert (await standing(mei, NOON + DAY)).tier.code == "SILVER"
    assert await violations() == []
