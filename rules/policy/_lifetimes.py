"""Lifetimes: the moments at which points become available, are cancelled and expire, by a policy. Pure."""

from datetime import date, datetime, timedelta

from rules.calendar import DAY, add_months, local_day, local_midnight, next_of
from rules.policy._policy import Expiry, ExpiryMode, RoundUp, Span

MONTHS_IN = {RoundUp.MONTH: 1, RoundUp.QUARTER: 3, RoundUp.YEAR: 12}


def expires(expiry: Expiry, since: datetime, timezone: str) -> datetime | None:
    """The first moment points are worth nothing that became available then; None when they never expire."""
    if expiry.mode is ExpiryMode.NEVER:
        return None
    day = local_day(since, timezone)
    if expiry.mode is ExpiryMode.CALENDAR:
        return end_of(next_of(expiry.dates, day + (expiry.min_days - 1) * DAY), timezone)
    last = _later(day, expiry.count or 0, expiry.unit)
    return end_of(_last_of(last, expiry.round_up_to), timezone)


def end_of(day: date, timezone: str, *, later: int = 0) -> datetime:
    """The end of the day that comes so many days after a day: the first moment that is no longer that day."""
    return local_midnight(day + timedelta(days=later + 1), timezone)


def _later(day: date, count: int, unit: Span) -> date:
    if unit is Span.DAY:
        return day + timedelta(days=count)
    return add_months(day, count if unit is Span.MONTH else 12 * count)


def _last_of(day: date, period: RoundUp) -> date:
    """The last day of the month, quarter or year a day is in."""
    months = MONTHS_IN.get(period)
    if months is None:
        return day
    return add_months(day.replace(day=1), months - (day.month - 1) % months) - DAY
