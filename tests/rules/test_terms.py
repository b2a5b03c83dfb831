"""The programme's terms: rates, the ladder, and the instants at which points expire."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.units import BALANCE_MAX, BasisPoints, Growth, Minor, Points
from rules.calendar import add_months, is_zone, local_midnight
from rules.programme import (
    ProgrammeTermsInvalid,
    Rung,
    Terms,
    TierSchemeInvalid,
    check_ladder,
    check_terms,
)
from tests.people import LADDER

TERMS = Terms("Tea House", "CNY", "Asia/Shanghai", 1, 100, 12, 7, LADDER)
MS = timedelta(milliseconds=1)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.parametrize(
    ("zone", "months", "earned", "expires"),
    [
        ("Asia/Shanghai", 12, "2026-03-10T12:00+08:00", "2027-03-11T00:00+08:00"),
        ("Asia/Shanghai", 12, "2026-03-10T23:59:59.999+08:00", "2027-03-11T00:00+08:00"),
        ("Asia/Shanghai", 12, "2026-03-11T00:00+08:00", "2027-03-12T00:00+08:00"),
        ("Asia/Shanghai", 1, "2026-01-31T12:00+08:00", "2026-03-01T00:00+08:00"),
        ("Asia/Shanghai", 1, "2028-01-31T12:00+08:00", "2028-03-01T00:00+08:00"),
        ("Asia/Shanghai", 12, "2028-02-29T12:00+08:00", "2029-03-01T00:00+08:00"),
        ("Asia/Shanghai", 48, "2028-02-29T12:00+08:00", "2032-03-01T00:00+08:00"),
        ("Asia/Shanghai", 1, "2026-12-31T12:00+08:00", "2027-02-01T00:00+08:00"),
        ("UTC", 1, "2026-11-30T00:00+00:00", "2026-12-31T00:00+00:00"),
        # the clocks of New York go forward on 8 March 2026 and back on 1 November 2026
        ("America/New_York", 1, "2026-02-07T12:00-05:00", "2026-03-08T00:00-05:00"),
        ("America/New_York", 1, "2026-02-08T12:00-05:00", "2026-03-09T00:00-04:00"),
        ("America/New_York", 1, "2026-09-30T12:00-04:00", "2026-10-31T00:00-04:00"),
        ("America/New_York", 1, "2026-10-01T12:00-04:00", "2026-11-02T00:00-05:00"),
        ("America/New_York", 8, "2026-03-08T01:59-05:00", "2026-11-09T00:00-05:00"),
        # Lord Howe shifts by half an hour; in São Paulo the midnight of 4 November 2018 did not exist
        ("Australia/Lord_Howe", 1, "2026-09-03T12:00+10:30", "2026-10-04T00:00+10:30"),
        ("Australia/Lord_Howe", 1, "2026-09-04T12:00+10:30", "2026-10-05T00:00+11:00"),
        ("America/Sao_Paulo", 1, "2018-10-03T12:00-03:00", "2018-11-04T01:00-02:00"),
    ],
)
def test_points_expire_at_local_midnight_after_their_last_day(
    zone: str, months: int, earned: str, expires: str
) -> None:
    terms = replace(TERMS, timezone=zone, expire_months=months)
    found = terms.expiry(utc(earned))
    assert found == utc(expires)
    last_day = terms.local_day(found - MS)
    assert last_day == add_months(terms.local_day(utc(earned)), months)
    assert terms.local_day(found) == last_day + timedelta(days=1)


def test_points_of_a_programme_without_expiry_never_expire() -> None:
    assert replace(TERMS, expire_months=None).expiry(utc("2026-03-10T12:00+08:00")) is None


def test_a_grace_lasts_whole_days_and_a_grace_of_none_is_over_at_once() -> None:
    now = utc("2026-06-30T23:00+08:00")
    assert TERMS.grace(now) == utc("2026-07-08T00:00+08:00")
    assert replace(TERMS, restore_grace_days=0).grace(now) == now


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        ("2026-01-31", 1, "2026-02-28"),
        ("2028-01-31", 1, "2028-02-29"),
        ("2028-02-29", 12, "2029-02-28"),
        ("2026-03-31", 1, "2026-04-30"),
        ("2026-11-30", 1, "2026-12-30"),
        ("2026-12-31", 1, "2027-01-31"),
        ("2026-12-15", 2, "2027-02-15"),
        ("2026-10-31", 13, "2027-11-30"),
        ("2026-05-05", 0, "2026-05-05"),
        ("2026-05-05", 120, "2036-05-05"),
    ],
)
def test_the_same_day_some_months_later_or_the_months_last(day: str, months: int, later: str) -> None:
    assert add_months(date.fromisoformat(day), months) == date.fromisoformat(later)


@given(day=st.dates(date(1970, 1, 1), date(2200, 1, 1)), months=st.integers(0, 120))
def test_months_never_skip_a_month(day: date, months: int) -> None:
    later = add_months(day, months)
    assert later.year * 12 + later.month == day.year * 12 + day.month + months
    assert later.day == day.day or (later.day < day.day and (later + timedelta(days=1)).day == 1)


@given(
    day=st.dates(date(1990, 1, 1), date(2037, 1, 1)),
    zone=st.sampled_from(["Asia/Shanghai", "America/New_York", "America/Sao_Paulo", "Australia/Lord_Howe", "UTC"]),
)
def test_a_local_midnight_is_the_days_first_moment(day: date, zone: str) -> None:
    found = local_midnight(day, zone)
    assert found.astimezone(ZoneInfo(zone)).date() == day
    assert (found - MS).astimezone(ZoneInfo(zone)).date() == day - timedelta(days=1)


@pytest.mark.parametrize(
    ("eligible", "points"), [(0, 0), (99, 0), (100, 1), (90_05, 90), (199, 1), (10**12, 10**10)]
)
def test_an_order_earns_by_whole_points_rounded_down(eligible: int, points: int) -> None:
    assert TERMS.base_points(Minor(eligible)) == points


def test_a_rate_may_be_any_fraction() -> None:
    assert replace(TERMS, earn_points=3, earn_minor=700).base_points(Minor(1_633)) == 6
    assert replace(TERMS, earn_points=0).base_points(Minor(10_000)) == 0


@pytest.mark.parametrize(
    ("growth", "code"),
    [(0, "BASIC"), (999, "BASIC"), (1_000, "SILVER"), (4_999, "SILVER"), (5_000, "GOLD"), (10**12, "GOLD")],
)
def test_the_tier_is_the_highest_whose_threshold_is_met(growth: int, code: str) -> None:
    assert TERMS.rung_for(Growth(growth)).code == code


def rung(code: str, threshold: int, bps: int = 10_000, limit: int | None = None) -> Rung:
    return Rung(code, code.title(), Growth(threshold), BasisPoints(bps), None if limit is None else Points(limit))


@pytest.mark.parametrize(
    "ladder",
    [
        (),
        (rung("SILVER", 100),),
        (rung("BASIC", 0), rung("SILVER", 100), rung("GOLD", 100)),
        (rung("BASIC", 0), rung("SILVER", 200), rung("GOLD", 100)),
        (rung("BASIC", 0), rung("BASIC", 100)),
        (rung("BASIC", 0, bps=9_999),),
        (rung("BASIC", 0, bps=1_000_001),),
        (rung("BASIC", 0, limit=0),),
        (rung("BASIC", 0, limit=-1),),
        (rung("BASIC", 0), rung("STAR", BALANCE_MAX + 1)),
    ],
)
def test_a_ladder_that_cannot_be_climbed_is_refused(ladder: tuple[Rung, ...]) -> None:
    with pytest.raises(TierSchemeInvalid) as refused:
        check_ladder(ladder)
    assert refused.value.why


def test_a_ladder_may_have_one_tier_and_the_widest_benefits() -> None:
    check_ladder((rung("ALL", 0, bps=1_000_000, limit=1),))
    check_ladder((rung("BASIC", 0), rung("STAR", BALANCE_MAX)))


@pytest.mark.parametrize(
    "wrong",
    [
        {"timezone": "Asia/Beijing"},
        {"timezone": ""},
        {"currency": "cny"},
        {"currency": "YUAN"},
        {"currency": "ＣＮＹ"},
        {"earn_points": -1},
        {"earn_minor": 0},
        {"expire_months": 0},
        {"expire_months": 121},
        {"restore_grace_days": -1},
        {"restore_grace_days": 367},
        {"name": ""},
        {"name": "x" * 81},
    ],
)
def test_terms_no_programme_can_have_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ProgrammeTermsInvalid):
        check_terms(replace(TERMS, **wrong))  # type: ignore[arg-type]


def test_the_usual_terms_are_accepted() -> None:
    check_terms(TERMS)
    check_terms(replace(TERMS, expire_months=None, restore_grace_days=0))


def test_a_zone_is_what_python_says_it_is() -> None:
    known = available_timezones()
    assert [name for name in known if not is_zone(name)] == []
    others = [
        "",
        "Asia",
        "Asia/",
        "asia-shanghai",
        "Mars/Base",
        "../etc/passwd",
        "/etc/localtime",
        "a\x00b",
        "中",
        "x" * 300,
    ]
    others += ["posix/UTC", "right/UTC", "posixrules", "Asia/Shanghai ", "tzdata.zi", "zone.tab"]
    assert [name for name in others if is_zone(name)] == []
