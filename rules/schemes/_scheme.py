"""The scheme: its window, its validity, and the moments they come to."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from rules.calendar import DAY, add_months, first_of, last_day, last_of, local_day, local_midnight
from rules.schemes._rungs import Rung

MONTHS_A_YEAR = 12


class Basis(StrEnum):
    """What a tier is reached by."""

    GROWTH = "GROWTH"
    SPEND = "SPEND"
    ORDERS = "ORDERS"


class WindowKind(StrEnum):
    """Over what time it is counted."""

    LIFETIME = "LIFETIME"
    ROLLING = "ROLLING"
    CALENDAR = "CALENDAR"
    ANNIVERSARY = "ANNIVERSARY"


class Period(StrEnum):
    """A stretch of the calendar."""

    MONTH = "MONTH"
    QUARTER = "QUARTER"
    HALF = "HALF"
    YEAR = "YEAR"


class UpgradeTiming(StrEnum):
    """When a tier that was reached is held."""

    IMMEDIATE = "IMMEDIATE"
    NEXT_PERIOD = "NEXT_PERIOD"


class DowngradeMode(StrEnum):
    """What becomes of a tier that is not retained."""

    NONE = "NONE"
    ONE_DOWN = "ONE_DOWN"
    REASSESS = "REASSESS"


class Unit(StrEnum):
    """What a validity is counted in."""

    DAY = "DAY"
    MONTH = "MONTH"
    YEAR = "YEAR"


class RoundTo(StrEnum):
    """To the end of what a validity is drawn out."""

    NONE = "NONE"
    MONTH = "MONTH"
    QUARTER = "QUARTER"
    YEAR = "YEAR"


_MONTHS = {"MONTH": 1, "QUARTER": 3, "HALF": 6, "YEAR": MONTHS_A_YEAR}


@dataclass(frozen=True, slots=True)
class Window:
    """The time over which growth, spending or orders count."""

    kind: WindowKind = WindowKind.LIFETIME
    days: int | None = None
    """How many, of a rolling one; the day itself is the last."""
    period: Period | None = None
    """Which, of the calendar's."""

    def first_day(self, last: date, joined: date) -> date | None:
        """The first day that counts at the end of that day; None where every day does."""
        if self.kind is WindowKind.ROLLING:
            return last - timedelta(days=(self.days or 1) - 1)
        if self.kind is WindowKind.CALENDAR:
            return first_of(last, _MONTHS[self.period or Period.YEAR])
        if self.kind is WindowKind.ANNIVERSARY:
            return _anniversary(joined, last)
        return None

    def next_period(self, day: date, joined: date) -> date:
        """The first day of the next period: the window's own, or of the calendar's months where it has none."""
        if self.kind is WindowKind.ANNIVERSARY:
            return _anniversary(joined, day, later=1)
        months = _MONTHS[self.period or Period.MONTH] if self.kind is WindowKind.CALENDAR else 1
        return last_of(day, months) + DAY

    def cycle(self, day: date, joined: date) -> str:
        """The time in which what a level gives but once is given once: the window's period, or a calendar year.

        Where everything counts for ever, once is for good.
        """
        if self.kind is WindowKind.LIFETIME:
            return "EVER"
        if self.kind is WindowKind.ROLLING:
            return first_of(day, MONTHS_A_YEAR).isoformat()
        first = self.first_day(day, joined)
        return (first or day).isoformat()


def _anniversary(joined: date, day: date, *, later: int = 0) -> date:
    """The anniversary on that day or the latest before it, or so many years later. 29 Feb is 28 Feb in most."""
    years = max(0, day.year - joined.year)
    if years and add_months(joined, years * MONTHS_A_YEAR) > day:
        years -= 1
    return add_months(joined, (years + later) * MONTHS_A_YEAR)


@dataclass(frozen=True, slots=True)
class Validity:
    """How long a tier is held before it is reviewed."""

    n: int
    unit: Unit
    round_to: RoundTo = RoundTo.NONE

    def last(self, day: date) -> date:
        """The last day of a validity that is counted from a day."""
        if self.unit is Unit.DAY:
            found = day + timedelta(days=self.n)
        else:
            found = add_months(day, self.n * (MONTHS_A_YEAR if self.unit is Unit.YEAR else 1))
        return found if self.round_to is RoundTo.NONE else last_of(found, _MONTHS[self.round_to])


@dataclass(frozen=True, slots=True)
class Scheme:
    """How the programme's tiers are won, held and lost."""

    version: int = 0
    """0 where none was ever published."""
    basis: Basis = Basis.GROWTH
    window: Window = Window()
    upgrade_timing: UpgradeTiming = UpgradeTiming.IMMEDIATE
    downgrade_mode: DowngradeMode = DowngradeMode.NONE
    validity: Validity | None = None
    """None where a tier is held for good."""
    grace_days: int = 0
    refund_correction_days: int = 0
    """For how many days a refund of the order that lifted a member takes the tier back."""

    @property
    def counts_all_growth(self) -> bool:
        """Whether what counts is the growth value itself."""
        return self.basis is Basis.GROWTH and self.window.kind is WindowKind.LIFETIME

    def is_losable(self, rung: Rung) -> bool:
        """Whether a tier is reviewed at all."""
        is_reviewed = self.validity is not None and self.downgrade_mode is not DowngradeMode.NONE
        return is_reviewed and bool(rung.rank) and not rung.never_downgrade

    def expiry(self, rung: Rung, day: date, timezone: str) -> datetime | None:
        """When a tier that is held from a day on is reviewed: the first moment after; None when it never is."""
        if self.validity is None or not self.is_losable(rung):
            return None
        return local_midnight(self.validity.last(day) + DAY, timezone)

    def renewed(self, rung: Rung, expires_at: datetime, timezone: str) -> datetime | None:
        """The next review of a tier that was retained: counted from the last one, not from today."""
        return self.expiry(rung, last_day(expires_at, timezone), timezone)

    def grace_end(self, expires_at: datetime, timezone: str) -> datetime:
        """The end of the grace that begins with a review."""
        return local_midnight(local_day(expires_at, timezone) + timedelta(days=self.grace_days), timezone)


FIRST = Scheme()
"""The scheme of a programme that never published one: growth of a lifetime, and no tier is ever lost."""
