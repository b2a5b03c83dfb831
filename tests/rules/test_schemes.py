"""Schemes: the days a window holds, and the moments at which a tier is reviewed, in any zone."""

from datetime import UTC, date, datetime

import pytest

from models.units import Growth
from rules.schemes import (
    DowngradeMode,
    Period,
    RoundTo,
    Rung,
    Scheme,
    Unit,
    Validity,
    Window,
    WindowKind,
    parse,
    plain,
    read,
)
from tests.ladder import document

GOLD = Rung("GOLD", "Gold", Growth(5_000), rank=2)
JOINED = date(2024, 2, 29)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.parametrize(
    ("zone", "validity", "reached", "reviewed"),
    [
        ("Asia/Shanghai", Validity(12, Unit.MONTH, RoundTo.MONTH), "2025-03-10", "2026-04-01T00:00+08:00"),
        ("Asia/Shanghai", Validity(12, Unit.MONTH), "2025-03-10", "2026-03-11T00:00+08:00"),
        ("Asia/Shanghai", Validity(1, Unit.MONTH), "2026-01-31", "2026-03-01T00:00+08:00"),
        ("Asia/Shanghai", Validity(1, Unit.YEAR), "2028-02-29", "2029-03-01T00:00+08:00"),
        ("Asia/Shanghai", Validity(1, Unit.YEAR, RoundTo.YEAR), "2026-12-31", "2028-01-01T00:00+08:00"),
        ("Asia/Shanghai", Validity(2, Unit.MONTH, RoundTo.QUARTER), "2026-02-10", "2026-07-01T00:00+08:00"),
        ("UTC", Validity(30, Unit.DAY), "2026-02-10", "2026-03-13T00:00+00:00"),
        # the clocks of New York go forward on 8 March 2026 and back on 1 November 2026
        ("America/New_York", Validity(7, Unit.DAY), "2026-03-01", "2026-03-09T00:00-04:00"),
        ("America/New_York", Validity(1, Unit.MONTH), "2026-10-01", "2026-11-02T00:00-05:00"),
        ("Australia/Lord_Howe", Validity(1, Unit.MONTH), "2026-09-04", "2026-10-05T00:00+11:00"),
    ],
)
def test_a_tier_is_reviewed_at_the_midnight_after_its_last_day(
    zone: str, validity: Validity, reached: str, reviewed: str
) -> None:
    scheme = Scheme(validity=validity, downgrade_mode=DowngradeMode.REASSESS)
    assert scheme.expiry(GOLD, date.fromisoformat(reached), zone) == utc(reviewed)


def test_a_renewal_counts_from_the_last_day_and_a_grace_of_days_is_whole_days() -> None:
    monthly = Validity(12, Unit.MONTH, RoundTo.MONTH)
    scheme = Scheme(validity=monthly, downgrade_mode=DowngradeMode.ONE_DOWN, grace_days=30)
    ends = utc("2026-04-01T00:00+08:00")
    assert scheme.renewed(GOLD, ends, "Asia/Shanghai") == utc("2027-04-01T00:00+08:00")
    assert scheme.grace_end(ends, "Asia/Shanghai") == utc("2026-05-01T00:00+08:00")


@pytest.mark.parametrize(
    ("window", "day", "first", "following"),
    [
        (Window(), "2026-03-10", None, "2026-04-01"),
        (Window(WindowKind.ROLLING, days=1), "2026-03-10", "2026-03-10", "2026-04-01"),
        (Window(WindowKind.ROLLING, days=365), "2026-03-10", "2025-03-11", "2026-04-01"),
        (Window(WindowKind.CALENDAR, period=Period.MONTH), "2026-12-31", "2026-12-01", "2027-01-01"),
        (Window(WindowKind.CALENDAR, period=Period.QUARTER), "2026-06-30", "2026-04-01", "2026-07-01"),
        (Window(WindowKind.CALENDAR, period=Period.HALF), "2026-07-01", "2026-07-01", "2027-01-01"),
        (Window(WindowKind.CALENDAR, period=Period.YEAR), "2026-07-01", "2026-01-01", "2027-01-01"),
        # who joined on 29 February has their anniversary on the 28th in other years
        (Window(WindowKind.ANNIVERSARY), "2026-02-27", "2025-02-28", "2026-02-28"),
        (Window(WindowKind.ANNIVERSARY), "2026-02-28", "2026-02-28", "2027-02-28"),
        (Window(WindowKind.ANNIVERSARY), "2028-02-28", "2027-02-28", "2028-02-29"),
        (Window(WindowKind.ANNIVERSARY), "2024-02-29", "2024-02-29", "2025-02-28"),
    ],
)
def test_a_window_holds_whole_days(window: Window, day: str, first: str | None, following: str) -> None:
    found = window.first_day(date.fromisoformat(day), JOINED)
    assert found == (first and date.fromisoformat(first))
    assert window.next_period(date.fromisoformat(day), JOINED) == date.fromisoformat(following)


def test_what_is_written_down_is_read_again() -> None:
    told = document(
        window={"kind": "CALENDAR", "period": "HALF"},
        validity={"n": 6, "unit": "MONTH", "round_to": "NONE"},
        downgrade_mode="ONE_DOWN",
        benefits={"GOLD": [{"kind": "EXCLUSIVE_ACCESS", "code": "LOUNGE", "per_month": 2}]},
    )
    scheme, ladder = parse(told, version=3)
    assert read({"version": 3, **plain(scheme, ladder)}) == (scheme, ladder)
