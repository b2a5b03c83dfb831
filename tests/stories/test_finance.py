"""Finance: the ledger is counted into days and cohorts, each movement once, and the report ties to the point."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from models.finance import Term
from models.sql import SQL
from models.units import BasisPoints
from rules import finance
from rules.actors import SYSTEM
from rules.calendar import local_midnight
from rules.finance import Cost, Liability, _entering
from tests.people import (
    DAY,
    NOON,
    adjust,
    buy,
    freeze,
    give_back,
    member,
    programme,
    redeem,
    refund,
    unfreeze,
)

WORTH = SQL("SELECT SUM(available + pending + held - debt)::bigint AS points FROM points_account")
OPEN = SQL("SELECT SUM(remaining + held)::bigint AS points FROM points_lot")
DAYS = SQL(
    "SELECT CAST(day AS TEXT) AS booked_on, kind, movements, points, open_points FROM points_day ORDER BY day, kind"
)
MOVEMENTS = SQL("SELECT COUNT(*) AS n FROM points_transaction")
MONTH = timedelta(days=31)
MARCH, APRIL, MAY = date(2026, 3, 1), date(2026, 4, 1), date(2026, 5, 1)


async def days() -> dict[str, dict[str, int]]:
    """What each day says of each kind."""
    found: dict[str, dict[str, int]] = {}
    for row in await DAYS.rows():
        found.setdefault(row["booked_on"], {})[row["kind"]] = row["points"]
    return found


async def ties(first: date, last: date) -> Liability:
    """The report, which must tie to the accounts and the lots to the point."""
    told = await finance.report(first, last)
    assert told.last.closing == (await WORTH.value() or 0)
    assert told.last.open_points == (await OPEN.value() or 0)
    assert sum(each.remaining for each in told.cohorts) == told.last.open_points
    before = told.months[0].opening
    for each in told.months:
        assert each.opening == before
        lines = (each.earned, each.bonus, each.adjusted_in, each.returned, each.redeemed, each.clawed_back)
        assert (
            each.opening + sum(lines) + each.adjusted_out + each.expired + each.forfeited + each.other
            == each.closing
        )
        before = each.closing
    assert not told.is_behind
    return told


async def a_story() -> tuple[UUID, UUID]:
    """Three months of two members: everything that may happen to points."""
    await programme(expire_months=1)
    mei, wang = await member("Mei"), await member("Wang")
    await buy(mei, 2_000_00, ref="sofa")
    spent = await redeem(mei, 400)
    await give_back(mei, spent.transaction_id, 150)
    await buy(wang, 200_00, ref="tea")
    await redeem(wang, 180)
    await refund("tea", {"A": 200_00}, at=NOON + DAY)  # Wang owes 180
    await buy(mei, 100_00, 50_00, ref="coat", at=NOON + MONTH)
    await adjust(mei, 30, at=NOON + MONTH)
    await adjust(mei, -20, at=NOON + MONTH)
    await buy(wang, 250_00, ref="rice", at=NOON + MONTH)  # repays what he owes
    await freeze(wang, at=NOON + MONTH)
    await buy(wang, 40_00, ref="salt", at=NOON + MONTH)
    await unfreeze(wang, at=NOON + MONTH + DAY)
    await refund("coat", {"B": 25_00}, at=NOON + MONTH + DAY)  # what March left of Mei's has expired
    await buy(mei, 10_00, ref="bag", at=NOON + 2 * MONTH)  # what April left expires
    return mei, wang


async def test_the_report_ties_to_the_point_before_anything_was_counted_and_after() -> None:
    await a_story()
    live = await ties(MARCH, MAY)
    await finance.bring_up_to_date(NOON + 2 * MONTH + DAY)
    closed = await ties(MARCH, MAY)
    assert (live.months, [each.remaining for each in live.cohorts]) == (
        closed.months,
        [each.remaining for each in closed.cohorts],
    )
    march, april, may = closed.months
    assert (march.opening, march.earned, march.redeemed, march.returned, march.clawed_back) == (
        0,
        2200,
        -580,
        150,
        -200,
    )
    assert (march.closing, march.open_points, march.debt) == (1570, 1750, 180)
    assert (april.earned, april.bonus, april.adjusted_in, april.adjusted_out) == (440, 15, 30, -20)
    assert (april.expired, april.clawed_back, april.debt) == (-1730, -27, 0)
    assert (may.earned, may.bonus) == (10, 1)
    assert (await ties(MAY, MAY)).months == [may]


async def test_a_cohort_tells_what_became_of_the_points_of_a_month() -> None:
    await a_story()
    await finance.bring_up_to_date(NOON + 2 * MONTH + DAY)
    told = await ties(MARCH, MAY)
    march, april, may = told.cohorts
    assert (march.month, march.granted, march.used, march.clawed_back, march.expired) == (
        MARCH,
        2200,
        430,
        -20,
        -1730,
    )
    assert (march.remaining, march.is_matured) == (0, True)
    assert (march.redemption_bps, march.breakage_bps) == (1955, 7864)
    assert (april.granted, april.repaid) == (485, -180)
    assert not may.is_matured
    assert may.breakage_bps is None


async def test_the_rate_is_that_of_matured_cohorts_and_prudent_without_any() -> None:
    await a_story()
    young = await finance.report(MARCH, MARCH, cost=Cost(1, 100))
    assert (young.ultimate_bps, young.matured) == (10_000, 0)
    assert young.costs(young.last.open_points) == 18  # 1,750 points at a hundredth of a fen, rounded up
    await finance.bring_up_to_date(NOON + 2 * MONTH + DAY)
    told = await finance.report(MARCH, MAY, cost=Cost(1, 1))
    used, broken = 430, 1730
    assert told.matured >= 1
    assert told.cohorts[0].used == used
    assert told.cohorts[0].broken == broken
    given = await finance.report(MARCH, MAY, cost=Cost(3, 2), rate=BasisPoints(5000))
    assert (given.ultimate_bps, given.is_given) == (5000, True)
    assert given.costs(7) == 6  # ceil(7 × 0.5 × 1.5) of 5.25


async def test_counting_twice_changes_nothing() -> None:
    await a_story()
    later = NOON + 2 * MONTH + DAY
    first = await finance.bring_up_to_date(later)
    before, closed = await days(), await SQL("SELECT * FROM points_closing ORDER BY day").rows()
    again = await finance.bring_up_to_date(later)
    assert first.movements > 10
    assert first.days == 63
    assert (again.movements, again.days, again.upto) == (0, 0, date(2026, 5, 11))
    assert (await days(), await SQL("SELECT * FROM points_closing ORDER BY day").rows()) == (before, closed)


@pytest.mark.parametrize(
    ("timezone", "before", "after", "days_told"),
    [
        (
            "Asia/Shanghai",
            datetime(2026, 3, 10, 15, 59, 59, 999999, UTC),
            datetime(2026, 3, 10, 16, tzinfo=UTC),
            ("2026-03-10", "2026-03-11"),
        ),
        (  # the night in which London's clocks go forward, and the day that has 23 hours
            "Europe/London",
            datetime(2026, 3, 29, 22, 59, 59, tzinfo=UTC),
            datetime(2026, 3, 29, 23, tzinfo=UTC),
            ("2026-03-29", "2026-03-30"),
        ),
        (  # and the one in which they go back
            "Europe/London",
            datetime(2026, 10, 25, 23, 59, 59, tzinfo=UTC),
            datetime(2026, 10, 26, tzinfo=UTC),
            ("2026-10-25", "2026-10-26"),
        ),
        (
            "Asia/Kathmandu",
            datetime(2026, 3, 10, 18, 14, 59, tzinfo=UTC),
            datetime(2026, 3, 10, 18, 15, tzinfo=UTC),
            ("2026-03-10", "2026-03-11"),
        ),
    ],
)
async def test_a_day_ends_at_the_programmes_midnight(
    timezone: str, before: datetime, after: datetime, days_told: tuple[str, str]
) -> None:
    await programme(timezone=timezone)
    mei = await member("Mei")
    await buy(mei, 100_00, at=before)
    await buy(mei, 200_00, at=after)
    await finance.bring_up_to_date(after + DAY)
    assert await days() == {days_told[0]: {"EARN": 100}, days_told[1]: {"EARN": 200}}
    [first, *_] = await SQL("SELECT ends_at, points FROM points_closing ORDER BY day").rows()
    assert (first["ends_at"], first["points"]) == (after, 100)


async def test_the_year_of_an_imported_shop_is_booked_as_it_happened() -> None:
    await programme()
    mei = await member("Mei")
    for months in range(12):
        at = NOON - DAY * 365 + MONTH * months
        await buy(mei, 100_00, at=at, now=NOON, actor=SYSTEM)
    closed = await finance.bring_up_to_date(NOON + DAY)
    assert closed.days == 366
    told = await ties(date(2025, 3, 1), MARCH)
    assert [each.earned for each in told.months].count(100) == 12 - sum(each.earned > 100 for each in told.months)
    assert len(told.cohorts) == len([each for each in told.months if each.earned])


async def test_what_comes_late_is_booked_on_the_first_open_day_and_no_closed_day_changes() -> None:
    await programme()
    mei = await member("Mei")
    await buy(mei, 100_00, at=NOON)
    await finance.bring_up_to_date(NOON + DAY)
    before = await days()
    await buy(mei, 300_00, at=NOON - 40 * DAY, now=NOON + DAY)
    await finance.bring_up_to_date(NOON + 2 * DAY)
    assert before == {"2026-03-10": {"EARN": 100}}
    assert await days() == {**before, "2026-03-11": {"EARN": 300}}
    told = await ties(MARCH, MARCH)
    assert [(each.month, each.granted) for each in told.cohorts] == [(date(2026, 1, 1), 300), (MARCH, 100)]


async def test_a_day_is_closed_only_when_it_is_over_by_the_margin() -> None:
    await programme()
    mei = await member("Mei")
    await buy(mei, 100_00)
    midnight = datetime(2026, 3, 10, 16, tzinfo=UTC)
    assert (await finance.bring_up_to_date(NOON + timedelta(minutes=1))).movements == 0
    assert (await finance.bring_up_to_date(midnight + timedelta(minutes=14))).upto is None
    await ties(MARCH, MARCH)
    assert (await finance.bring_up_to_date(midnight + timedelta(minutes=15))).upto == date(2026, 3, 10)


async def test_a_fresh_movement_ends_the_count_and_what_follows_it_waits() -> None:
    await programme()
    mei = await member("Mei")
    await buy(mei, 100_00, at=NOON)
    await buy(mei, 200_00, at=NOON + DAY)
    await buy(mei, 300_00, at=NOON)
    assert (await finance.bring_up_to_date(NOON + timedelta(hours=1))).movements == 1
    await ties(MARCH, MARCH)
    assert (await finance.bring_up_to_date(NOON + 2 * DAY)).movements == 2


class KilledError(Exception):
    """The worker was killed."""


class Deadly:
    """A statement of a worker that has so many left before it is killed."""

    def __init__(self, statement: SQL, left: Iterator[int]) -> None:
        self.statement, self.left = statement, left

    async def row(self, *values: Any) -> Any:
        self._live()
        return await self.statement.row(*values)

    async def run(self, *values: Any) -> Any:
        self._live()
        return await self.statement.run(*values)

    def _live(self) -> None:
        if next(self.left, None) is None:
            raise KilledError


async def close_and_die(after: int, now: datetime) -> bool:
    """Close, killed at a statement that writes; says whether it lived to the end."""
    left = iter(range(after))
    with pytest.MonkeyPatch.context() as patch, suppress(KilledError):
        for name in ("TAKE_TURN", "CLOSE", "ENTER_COHORTS"):
            patch.setattr(_entering, name, Deadly(getattr(_entering, name), left))
        await finance.bring_up_to_date(now)
        return True
    return False


async def test_a_close_that_is_killed_anywhere_goes_on_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    await a_story()
    later = NOON + 2 * MONTH + DAY
    monkeypatch.setattr(finance, "AT_ONCE", 2)
    monkeypatch.setattr(finance, "DAYS_AT_ONCE", 7)
    for died in range(60):
        if await close_and_die(died % 5, later):
            break
        await ties(MARCH, MAY)
    assert died > 10
    told = await ties(MARCH, MAY)
    assert told.closed_day == date(2026, 5, 11)
    assert sum(each.movements for each in told.months) == await MOVEMENTS.value()


async def test_two_who_close_at_once_count_everything_once(monkeypatch: pytest.MonkeyPatch) -> None:
    await a_story()
    monkeypatch.setattr(finance, "AT_ONCE", 3)
    later = NOON + 2 * MONTH + DAY
    done = await asyncio.gather(*(finance.bring_up_to_date(later) for _ in range(4)))
    assert sum(each.movements for each in done) == await MOVEMENTS.value()
    assert sum(each.days for each in done) == 63
    await ties(MARCH, MAY)


async def test_the_outlook_tells_how_long_open_points_live() -> None:
    await programme(expire_months=1)
    mei, wang = await member("Mei"), await member("Wang")
    await buy(mei, 10_00, at=NOON - 27 * DAY, now=NOON)  # 11 February: until 11 March
    await buy(mei, 200_00, at=NOON - 10 * DAY, now=NOON)  # until 28 March
    await buy(wang, 4_000_00)  # until 10 April
    await freeze(wang)
    await buy(wang, 70_00)
    await finance.bring_up_to_date(NOON + DAY)
    outlook = (await finance.report(MARCH, MARCH)).outlook
    assert outlook is not None
    assert outlook.day == date(2026, 3, 10)
    told = {term: points for term, points in outlook.terms.items() if points}
    assert told == {Term.DAYS_7: 10, Term.DAYS_30: 200, Term.DAYS_90: 4_000, Term.WAITING: 77}
    assert (await finance.report(date(2026, 2, 1), date(2026, 2, 1))).outlook is None
    await finance.bring_up_to_date(NOON + 2 * DAY)
    later = (await finance.report(MARCH, MARCH)).outlook
    assert later is not None
    assert later.terms[Term.EXPIRED] == 10  # gone at midnight, and nobody has written it off yet


async def test_a_report_that_is_far_behind_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    await a_story()
    monkeypatch.setattr("rules.finance._liability.AT_ONCE", 2)
    assert (await finance.report(MARCH, MAY)).is_behind
    await finance.bring_up_to_date(NOON + 2 * MONTH + DAY)
    assert not (await finance.report(MARCH, MAY)).is_behind


async def test_an_empty_programme_has_an_empty_report() -> None:
    await programme()
    assert (await finance.bring_up_to_date(NOON)).upto is None
    told = await ties(MARCH, APRIL)
    assert [each.closing for each in told.months] == [0, 0]
    assert told.cohorts == []


def test_a_period_or_a_cost_that_makes_no_sense_is_objected_to() -> None:
    assert finance.objection(MARCH, MARCH, None, None) is None
    assert finance.objection(APRIL, MARCH, None, None)
    assert finance.objection(MARCH, date(2031, 3, 1), None, None)
    assert finance.objection(MARCH, MARCH, Cost(1, 0), None)
    assert finance.objection(MARCH, MARCH, Cost(-1, 1), None)
    assert finance.objection(MARCH, MARCH, None, 10_001)


def test_a_zone_has_a_midnight() -> None:
    assert local_midnight(date(2026, 3, 29), "Europe/London").hour == 0
