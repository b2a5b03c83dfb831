"""Lifetimes: the moments at which points become available, are cancelled and expire, by a policy. Pure."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import orjson

from models.points import WaitsFor
from rules.calendar import DAY, add_months, local_day, local_midnight, next_of
from rules.policy._policy import (
    ActivationMode,
    Expiry,
    ExpiryMode,
    PointsPolicy,
    RoundUp,
    Span,
    plain,
    read,
)

MONTHS_IN = {RoundUp.MONTH: 1, RoundUp.QUARTER: 3, RoundUp.YEAR: 12}
SPANS = {Span.DAY: "D", Span.MONTH: "M", Span.YEAR: "Y"}


@dataclass(frozen=True, slots=True)
class Life:
    """How a lot begins and ends, frozen when it is issued."""

    active: bool = True
    activates_at: datetime | None = None
    """When it becomes available by itself; of an active one, when it became so. None while that is not known."""
    waits_for: WaitsFor | None = None
    thaws: bool = False
    """Whether it waits for a thaw besides what it waits for."""
    cancels_at: datetime | None = None
    expires_at: datetime | None = None
    slides: str | None = None
    """The span by which its member's activities extend it."""
    slides_until: datetime | None = None
    """Until when it lives at least by the activity that brought it."""
    lifetime: str | None = None
    """How its expiry is reckoned once it becomes available, where that moment may still change."""
    policy_version: int | None = None


def life(policy: PointsPolicy, at: datetime, timezone: str, *, waits: bool = False, frozen: bool = False) -> Life:
    """How points live that come at a moment; `waits` where the policy's activation counts for them.

    What comes while the member is frozen waits for the thaw, whatever else it waits for; its expiry runs on.
    """
    mode = policy.activation.mode if waits else ActivationMode.IMMEDIATE
    begins = _begins(policy, at, timezone) if waits else at
    expiry = policy.expiry
    slides = f"{SPANS[expiry.unit]}{expiry.count}" if expiry.mode is ExpiryMode.SLIDING else None
    common: dict[str, Any] = {
        "expires_at": None if begins is None else expires(expiry, begins, timezone),
        "slides": slides,
        "slides_until": slides and slid(slides, at, timezone),
        "policy_version": policy.version or None,
    }
    if mode is ActivationMode.IMMEDIATE:
        return Life(not frozen, None if frozen else at, **common)
    on_completion = mode is ActivationMode.ON_COMPLETION
    cancelled_after = policy.activation.cancel_after_days
    return Life(
        active=False,
        activates_at=begins,
        waits_for=WaitsFor.COMPLETION if on_completion else WaitsFor.TIME,
        thaws=frozen,
        cancels_at=None if cancelled_after is None else _after(at, cancelled_after, timezone),
        lifetime=orjson.dumps(plain(expiry)).decode() if on_completion else None,
        **common,
    )


def _begins(policy: PointsPolicy, at: datetime, timezone: str) -> datetime | None:
    """When points that were earned then become available by themselves; None when they do not."""
    told = policy.activation
    if told.mode is ActivationMode.IMMEDIATE:
        return at
    if told.mode is ActivationMode.FIXED_DATES:
        return local_midnight(next_of(told.dates, local_day(at, timezone)), timezone)
    days = told.days if told.mode is ActivationMode.AFTER_DAYS else told.after_days
    return None if days is None else _after(at, days, timezone)


def _after(at: datetime, days: int, timezone: str) -> datetime:
    return end_of(local_day(at, timezone), timezone, later=days)


def expires_by(lifetime: str | None, since: datetime, timezone: str) -> datetime | None:
    """The same as `expires`, by what a lot was issued with."""
    return None if lifetime is None else expires(read(Expiry, orjson.loads(lifetime)), since, timezone)


def slid(span: str, since: datetime, timezone: str) -> datetime:
    """Until when lots of a sliding span live after an activity."""
    [unit] = [unit for unit, letter in SPANS.items() if letter == span[0]]
    return end_of(_later(local_day(since, timezone), int(span[1:]), unit), timezone)


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
