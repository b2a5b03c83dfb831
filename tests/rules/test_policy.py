"""The points policy: what it may say, how it is written down, and the moments that follow from it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from models.units import Minor, Points
from rules import policy
from rules.calendar import is_day_of_year, next_of
from rules.policy import (
    Activation,
    ActivationMode,
    ClawBack,
    ClawBackPolicy,
    Expiry,
    ExpiryMode,
    Payment,
    PointsPolicy,
    PointsPolicyInvalid,
    PolicyUnreadable,
    RoundUp,
    Span,
    Transfer,
)
from tests.rules.test_terms import TERMS, utc

MS = timedelta(milliseconds=1)
WHOLE = PointsPolicy(
    version=3,
    activation=Activation(ActivationMode.ON_COMPLETION, after_days=7),
    expiry=Expiry(ExpiryMode.ROLLING, 12, Span.MONTH, RoundUp.QUARTER),
    restore_grace_days=3,
    release_grace_days=1,
    claw_back=ClawBack(ClawBackPolicy.DEBT, Points(500)),
    warning_days=(14, 2),
    transfer=Transfer(enabled=True),
    payment=Payment(Points(100), Minor(100), unit=Points(10)),
)


def test_a_policy_is_read_as_it_was_written() -> None:
    policy.check(WHOLE)
    assert policy.parsed(orjson.dumps(policy.plain(WHOLE)).decode()) == WHOLE


def test_what_a_file_leaves_out_is_as_it_always_was() -> None:
    assert policy.read(PointsPolicy, {"clawBack": {"policy": "CLAMP"}}) == PointsPolicy(
        claw_back=ClawBack(ClawBackPolicy.CLAMP)
    )


def test_without_a_policy_the_terms_are_what_they_were() -> None:
    assert TERMS.policy == PointsPolicy(expiry=Expiry(ExpiryMode.ROLLING, 12))
    assert replace(TERMS, expire_months=None).policy == PointsPolicy()
    assert replace(TERMS, published=WHOLE).policy == WHOLE


@pytest.mark.parametrize(
    "given",
    [
        [],
        {"unheard": 1},
        {"activation": 1},
        {"activation": {"mode": "SOMETIMES"}},
        {"activation": {"mode": "AFTER_DAYS", "days": True}},
        {"activation": {"mode": "AFTER_DAYS", "days": "7"}},
        {"warningDays": 7},
        {"warningDays": [7.0]},
        {"transfer": {"enabled": 1}},
    ],
)
def test_a_file_that_says_something_else_is_refused(given: Any) -> None:
    with pytest.raises(PolicyUnreadable):
        policy.read(PointsPolicy, given)


@pytest.mark.parametrize(
    "parts",
    [
        {"activation": Activation(ActivationMode.AFTER_DAYS)},
        {"activation": Activation(ActivationMode.AFTER_DAYS, days=0)},
        {"activation": Activation(ActivationMode.AFTER_DAYS, days=366)},
        {"activation": Activation(ActivationMode.IMMEDIATE, days=1)},
        {"activation": Activation(ActivationMode.ON_COMPLETION, after_days=7, cancel_after_days=7)},
        {"activation": Activation(ActivationMode.FIXED_DATES)},
        {"activation": Activation(ActivationMode.FIXED_DATES, dates=("02-30",))},
        {"activation": Activation(ActivationMode.FIXED_DATES, dates=("01-01", "01-01"))},
        {"expiry": Expiry(ExpiryMode.ROLLING)},
        {"expiry": Expiry(ExpiryMode.ROLLING, 0)},
        {"expiry": Expiry(ExpiryMode.ROLLING, 121)},
        {"expiry": Expiry(ExpiryMode.NEVER, 1)},
        {"expiry": Expiry(ExpiryMode.SLIDING, 1, round_up_to=RoundUp.MONTH)},
        {"expiry": Expiry(ExpiryMode.CALENDAR)},
        {"expiry": Expiry(ExpiryMode.CALENDAR, dates=("12-31",), min_days=366)},
        {"expiry": Expiry(ExpiryMode.NEVER, min_days=1)},
        {"restore_grace_days": -1},
        {"release_grace_days": 367},
        {"claw_back": ClawBack(ClawBackPolicy.CLAMP, Points(1))},
        {"claw_back": ClawBack(ClawBackPolicy.DEBT, Points(-1))},
        {"warning_days": (30, 30)},
        {"warning_days": (0,)},
        {"warning_days": (1, 2, 3, 4, 5, 6)},
        {"transfer": Transfer(per_day_count=0)},
        {"payment": Payment(points=Points(0))},
        {"erasure_cooling_days": -1},
    ],
)
def test_a_policy_that_no_points_can_follow_is_refused(parts: dict[str, Any]) -> None:
    with pytest.raises(PointsPolicyInvalid):
        policy.check(replace(PointsPolicy(), **parts))


def months(count: int, round_up_to: RoundUp = RoundUp.NONE) -> Expiry:
    return Expiry(ExpiryMode.ROLLING, count, Span.MONTH, round_up_to)


CHRISTMAS = Expiry(ExpiryMode.CALENDAR, dates=("06-30", "12-31"), min_days=90)
LEAP = Expiry(ExpiryMode.CALENDAR, dates=("02-29",))


@pytest.mark.parametrize(
    ("zone", "expiry", "since", "until"),
    [
        ("Asia/Shanghai", Expiry(), "2026-03-10T12:00+08:00", None),
        ("Asia/Shanghai", Expiry(ExpiryMode.ROLLING, 1, Span.DAY), "2026-03-10T23:59:59.999+08:00", "2026-03-12"),
        ("Asia/Shanghai", Expiry(ExpiryMode.ROLLING, 1, Span.DAY), "2026-03-11T00:00+08:00", "2026-03-13"),
        ("Asia/Shanghai", months(1), "2026-01-31T12:00+08:00", "2026-03-01"),
        ("Asia/Shanghai", months(1), "2028-01-31T12:00+08:00", "2028-03-01"),
        ("Asia/Shanghai", Expiry(ExpiryMode.ROLLING, 1, Span.YEAR), "2028-02-29T12:00+08:00", "2029-03-01"),
        ("Asia/Shanghai", Expiry(ExpiryMode.ROLLING, 4, Span.YEAR), "2028-02-29T12:00+08:00", "2032-03-01"),
        ("Asia/Shanghai", months(1, RoundUp.MONTH), "2026-01-15T12:00+08:00", "2026-03-01"),
        ("Asia/Shanghai", months(1, RoundUp.QUARTER), "2026-01-15T12:00+08:00", "2026-04-01"),
        ("Asia/Shanghai", months(2, RoundUp.QUARTER), "2026-01-31T12:00+08:00", "2026-04-01"),
        ("Asia/Shanghai", months(3, RoundUp.QUARTER), "2026-01-31T12:00+08:00", "2026-07-01"),
        ("Asia/Shanghai", months(12, RoundUp.YEAR), "2026-03-10T12:00+08:00", "2028-01-01"),
        ("Asia/Shanghai", months(1, RoundUp.YEAR), "2026-11-30T23:59:59.999+08:00", "2027-01-01"),
        ("Asia/Shanghai", months(1, RoundUp.YEAR), "2026-12-01T00:00+08:00", "2028-01-01"),
        ("Asia/Shanghai", CHRISTMAS, "2026-04-01T12:00+08:00", "2026-07-01"),
        ("Asia/Shanghai", CHRISTMAS, "2026-04-02T12:00+08:00", "2027-01-01"),
        ("Asia/Shanghai", replace(CHRISTMAS, min_days=0), "2026-12-31T23:59+08:00", "2027-01-01"),
        ("Asia/Shanghai", replace(CHRISTMAS, min_days=0), "2027-01-01T00:00+08:00", "2027-07-01"),
        ("Asia/Shanghai", LEAP, "2027-01-01T12:00+08:00", "2027-03-01"),
        ("Asia/Shanghai", LEAP, "2028-02-29T12:00+08:00", "2028-03-01"),
        ("UTC", months(1), "2026-01-31T00:00+00:00", "2026-03-01"),
        ("America/New_York", Expiry(ExpiryMode.ROLLING, 1, Span.DAY), "2026-03-07T12:00-05:00", "2026-03-09"),
        ("America/New_York", Expiry(ExpiryMode.ROLLING, 1, Span.DAY), "2026-10-31T12:00-04:00", "2026-11-02"),
        ("Australia/Lord_Howe", Expiry(ExpiryMode.ROLLING, 1, Span.DAY), "2026-10-03T12:00+10:30", "2026-10-05"),
        ("Australia/Lord_Howe", Expiry(ExpiryMode.ROLLING, 1, Span.DAY), "2026-04-04T12:00+11:00", "2026-04-06"),
        ("Asia/Shanghai", Expiry(ExpiryMode.SLIDING, 30, Span.DAY), "2026-03-10T12:00+08:00", "2026-04-10"),
        ("America/New_York", Expiry(ExpiryMode.SLIDING, 1, Span.DAY), "2026-03-07T12:00-05:00", "2026-03-09"),
        ("Australia/Lord_Howe", Expiry(ExpiryMode.SLIDING, 1, Span.MONTH), "2026-09-04T12:00+10:30", "2026-10-05"),
    ],
)
def test_points_expire_at_the_end_of_a_local_day(zone: str, expiry: Expiry, since: str, until: str | None) -> None:
    found = policy.expires(expiry, utc(since), zone)
    if until is None or found is None:
        assert (found, until) == (None, None)
        return
    there = replace(TERMS, timezone=zone)
    assert str(there.local_day(found)) == until
    assert there.local_day(found - MS) < there.local_day(found)


def test_the_next_of_some_days_is_after_a_day_and_never_that_day() -> None:
    days = ("01-01", "02-29", "07-01")
    assert [
        str(next_of(days, datetime.fromisoformat(day).replace(tzinfo=UTC).date()))
        for day in ("2026-12-31", "2027-01-01", "2027-02-27", "2027-02-28", "2028-02-28", "2028-07-01")
    ] == ["2027-01-01", "2027-02-28", "2027-02-28", "2027-07-01", "2028-02-29", "2029-01-01"]


@pytest.mark.parametrize(
    "text", ["2-29", "02-30", "13-01", "00-10", "W05-1", "0229", "", "\u0661\u0662-\u0663\u0661"]
)
def test_what_no_calendar_has_is_no_day_of_the_year(text: str) -> None:
    assert not is_day_of_year(text)
