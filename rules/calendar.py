"""The calendar: days, months and midnights of a programme's zone, in UTC."""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

COPIES = ("posix/", "right/", "posixrules")
"""What a system's zones hold beside the zones: how they would be with other seconds, and a default."""

MOMENT = timedelta(microseconds=1)
DAY = timedelta(days=1)


def is_zone(name: str) -> bool:
    """Whether a name is a time zone's. To list them Python reads them all, which takes longer than a command."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return not name.startswith(COPIES)


def local_day(moment: datetime, timezone: str) -> date:
    """The zone's day of a moment."""
    return moment.astimezone(ZoneInfo(timezone)).date()


def last_day(end: datetime, timezone: str) -> date:
    """The last day that a span holds which ends before that moment."""
    return local_day(end - MOMENT, timezone)


def local_midnight(day: date, timezone: str) -> datetime:
    """The first moment of a day in a zone, in UTC."""
    return datetime.combine(day, time(), ZoneInfo(timezone)).astimezone(UTC)


def add_months(day: date, months: int) -> date:
    """The same day some months later, or the month's last day where there is none (31 Jan + 1 = 28 Feb)."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    first_of_next = date(year + (month == 11), (month + 1) % 12 + 1, 1)  # noqa: PLR2004  months from 0
    return min(date(year, month + 1, 1) + timedelta(days=day.day - 1), first_of_next - DAY)


def first_of(day: date, months: int) -> date:
    """The first day of the stretch of so many months, counted from January, that a day lies in."""
    return date(day.year, (day.month - 1) // months * months + 1, 1)


def last_of(day: date, months: int) -> date:
    """The last day of that stretch."""
    return add_months(first_of(day, months), months) - DAY


def is_day_of_year(text: str) -> bool:
    """Whether a text names a day of some year as MM-DD."""
    if not re.fullmatch(r"\d\d-\d\d", text, re.ASCII):
        return False
    try:
        date.fromisoformat(f"2024-{text}")  # a leap year has every day there is
    except ValueError:
        return False
    return True


def next_of(days: Iterable[str], after: date) -> date:
    """The first of some days of the year (MM-DD) that comes after a day; 29 Feb is the 28th where there is none."""
    years = (after.year, after.year + 1)
    coming = [add_months(date(year, 1, int(each[3:])), int(each[:2]) - 1) for each in days for year in years]
    return min(each for each in coming if each > after)
