"""Rates: what the processes spend of an allowance adds up, and leaks away as time passes."""

from datetime import timedelta

import pytest

from rules import housekeeping, rates
from rules.rates import RATES
from tests.people import NOON

MEI, LAN, SHOP = "MEMBER:mei", "MEMBER:lan", "SERVICE:shop"


async def test_what_several_processes_spend_adds_up() -> None:
    assert await rates.settle({MEI: 300, SHOP: 4_000}, RATES, now=NOON) == {MEI: 300, SHOP: 4_000}
    assert await rates.settle({MEI: 200, LAN: 1}, RATES, now=NOON) == {MEI: 500, LAN: 1}


async def test_a_level_leaks_by_each_kinds_own_rate_and_never_below_nothing() -> None:
    await rates.settle({MEI: 300, SHOP: 4_000, LAN: 10}, RATES, now=NOON)
    later = await rates.settle({MEI: 1, SHOP: 1, LAN: 1}, RATES, now=NOON + timedelta(seconds=2))
    assert later == pytest.approx({MEI: 300 - 2 * 50 + 1, SHOP: 4_000 - 2 * 500 + 1, LAN: 1}, abs=0.1)


async def test_short_spans_are_not_rounded_away() -> None:
    await rates.settle({MEI: 500}, RATES, now=NOON)
    for tick in range(1, 100):
        await rates.settle({MEI: 1}, RATES, now=NOON + timedelta(milliseconds=tick * 30))
    level = await rates.settle({MEI: 1}, RATES, now=NOON + timedelta(seconds=3))
    assert level[MEI] == pytest.approx(500 + 100 - 3 * 50, abs=0.5)


async def test_a_clock_that_is_behind_takes_nothing_back_for_good() -> None:
    await rates.settle({MEI: 500}, RATES, now=NOON)
    await rates.settle({MEI: 1}, RATES, now=NOON - timedelta(milliseconds=200))
    level = await rates.settle({MEI: 1}, RATES, now=NOON)
    assert level == pytest.approx({MEI: 502}, abs=0.1)


async def test_unused_allowances_are_swept() -> None:
    await rates.settle({MEI: 500}, RATES, now=NOON - timedelta(hours=2))
    await rates.settle({LAN: 500}, RATES, now=NOON)
    await housekeeping.sweep({}, NOON)
    assert await rates.settle({MEI: 1, LAN: 1}, RATES, now=NOON) == {MEI: 1, LAN: 501}
