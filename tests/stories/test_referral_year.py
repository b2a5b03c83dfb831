"""A year of referrals: what everybody was given is what was reckoned apart, and every planted fraud was stopped."""

from random import Random  # noqa: TID251  a simulation takes a seed

import pytest

from benchmarks.referrals.lives import Fraud, lived
from benchmarks.referrals.living import Life
from benchmarks.referrals.reckoning import reckoned
from tests.people import programme


@pytest.mark.once
async def test_a_year_gives_what_was_reckoned_and_stops_every_fraud() -> None:
    await programme()
    year = lived(members=60, frauds=1, seed=5)
    life = Life(year, Random(5))
    await life.live()
    wanted = reckoned(year, life.moments)
    assert await life.wrong(wanted) == []
    assert {each.fraud for each in year.people if each.fraud} | {fraud for fraud, _ in life.refused} == set(Fraud)
    assert wanted.granted.total() > 5, "there was something to reckon"
    assert life.kills > 0
