"""A climber: somebody's tiers reckoned day by day on paper, as a second opinion on what the service says.

Days begin at midnight with whatever falls due; all else happens at noon. Nothing of the rules is used here.
"""

from calendar import monthrange
from dataclasses import dataclass, field
from datetime import date, timedelta

ONE = timedelta(days=1)
FOREVER = date(2999, 1, 1)


@dataclass(frozen=True)
class Terms:
    """A scheme, in the words of this page."""

    window: str = "LIFETIME"
    days: int = 0
    months: int = 0
    """How long a period of the calendar is."""
    deferred: bool = False
    mode: str = "NONE"
    valid: int = 0
    """For how many months; 0 means for good."""
    to_month_end: bool = False
    grace: int = 0
    refund_days: int = 0
    thresholds: tuple[int, ...] = (0, 100, 300)
    retains: tuple[int, ...] = (0, 60, 200)


def later(day: date, months: int) -> date:
    """The same day so many months on, or the last of that month."""
    count = day.year * 12 + day.month - 1 + months
    year, month = count // 12, count % 12 + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


@dataclass
class Climber:
    """Where somebody stands, and how they came there."""

    terms: Terms
    joined: date
    today: date
    facts: list[tuple[date, int]] = field(default_factory=list)
    level: int = 0
    ends: date | None = None
    grace: date | None = None
    waits: tuple[int, date] | None = None
    """A level that begins with a day."""
    lent: dict[str, tuple[int, date]] = field(default_factory=dict)
    """What is granted, and paid for, until a day."""
    won: tuple[int, date, int, date | None, date | None] | None = None
    """The last step of what was earned, if it was a rise: by which order, when, and what was before."""
    story: list[str] = field(default_factory=lambda: ["JOINED"])
    gifts: list[tuple[str, int, str]] = field(default_factory=list)
    """What was given once: for a rise or a birthday, by which level, and in which cycle or month."""

    @property
    def held(self) -> int:
        """The level in effect."""
        return max([self.level, *(level for level, _ in self.lent.values())])

    def counted(self, last: date, first: date | None) -> int:
        """What counts from one day to another."""
        return max(0, sum(amount for day, amount in self.facts if (first is None or day >= first) and day <= last))

    def opened(self, last: date) -> date | None:
        """The first day that counts at the end of a day."""
        terms = self.terms
        if terms.window == "ROLLING":
            return last - timedelta(days=terms.days - 1)
        if terms.window == "CALENDAR":
            return date(last.year, (last.month - 1) // terms.months * terms.months + 1, 1)
        if terms.window == "ANNIVERSARY":
            years = [later(self.joined, 12 * year) for year in range(60)]
            return max(day for day in years if day <= max(last, self.joined))
        return None

    def next_period(self) -> date:
        """When the next period begins."""
        terms = self.terms
        if terms.window == "ANNIVERSARY":
            return min(day for day in (later(self.joined, 12 * year) for year in range(60)) if day > self.today)
        months = terms.months if terms.window == "CALENDAR" else 1
        return later(date(self.today.year, (self.today.month - 1) // months * months + 1, 1), months)

    def keeps(self, last: date) -> int:
        """What counts to keep the level; a grace holds open the period it follows, but where it rolls."""
        stays = self.grace is not None and self.ends is not None and self.terms.window != "ROLLING"
        return self.counted(last, self.opened(min(last, self.ends - ONE) if stays and self.ends else last))

    def until(self, level: int, day: date) -> date | None:
        """The first day after a level's validity that is counted from a day."""
        terms = self.terms
        if not terms.valid or not level or terms.mode == "NONE":
            return None
        last = later(day, terms.valid)
        if terms.to_month_end:
            last = date(last.year, last.month, monthrange(last.year, last.month)[1])
        return last + ONE

    def reached(self, amount: int) -> int:
        """The highest level for so much."""
        return max(level for level, needed in enumerate(self.terms.thresholds) if needed <= amount)

    def sleep(self) -> None:
        """A night passes."""
        self.today += ONE
        self.dawn(self.today)

    def dawn(self, day: date) -> None:
        """What falls due with a day, or did and was not looked at."""
        while (due := min([self.grace or self.ends or FOREVER, *self.others()])) <= day:
            for source, name in (("PAID", "PAID_EXPIRED"), ("GRANTED", "GRANT_EXPIRED")):
                if source in self.lent and self.lent[source][1] <= due:
                    del self.lent[source]
                    self.story.append(name)
            if (review := self.grace or self.ends) is not None and review <= due:
                self.review(review)
            if self.waits and self.waits[1] <= due:
                level, begins = self.waits
                self.waits = None
                if level > self.level:
                    self.rise(level, begins - ONE, None)

    def others(self) -> list[date]:
        """When anything else falls due."""
        return [end for _, end in self.lent.values()] + ([self.waits[1]] if self.waits else [])

    def review(self, day: date) -> None:
        """What becomes of a level whose time is over."""
        self.won = None
        amount = self.keeps(day - ONE)
        if amount >= self.terms.retains[self.level]:
            self.story.append("GRACE_RECOVERED" if self.grace else "RETAINED")
            assert self.ends
            self.ends, self.grace = self.until(self.level, self.ends - ONE), None
        elif self.grace is None and self.terms.grace:
            self.story.append("GRACE_ENTERED")
            self.grace = day + timedelta(days=self.terms.grace)
        else:
            self.story.append("DOWNGRADED")
            lower = self.level - 1
            self.level = lower if self.terms.mode == "ONE_DOWN" else min(lower, self.reached(amount))
            self.ends, self.grace = self.until(self.level, day - ONE), None

    def rise(self, level: int, day: date, order: int | None) -> None:
        """A higher level is held from now on."""
        self.story.append("UPGRADED")
        self.won = None if order is None else (order, self.today, self.level, self.ends, self.grace)
        crossed = self.cycle(day + ONE if order is None else day)
        won = [("UPGRADE_GIFT", each, crossed) for each in range(self.level + 1, level + 1)]
        self.gifts += [each for each in won if each not in self.gifts]
        self.level, self.ends, self.grace = level, self.until(level, day), None

    def cycle(self, day: date) -> str:
        """The time in which a level's gift is given once."""
        first = date(day.year, 1, 1) if self.terms.window == "ROLLING" else self.opened(day)
        return first.isoformat() if first else "EVER"

    def celebrate(self, month: int) -> None:
        """Somebody comes by with the gift for a birthday in that month, but for the lowest level."""
        given = [each for what, _, each in self.gifts if what == "BIRTHDAY_GIFT"]
        is_due = all(self.today >= later(date.fromisoformat(f"{each}-01"), 12) for each in given)
        if self.today.month == month and self.held and is_due:
            self.gifts.append(("BIRTHDAY_GIFT", self.held, f"{self.today:%Y-%m}"))

    def move(self, amount: int, order: int) -> None:
        """An order is paid, or refunded."""
        self.facts.append((self.today, amount))
        if self.grace and self.ends and self.keeps(self.today) >= self.terms.retains[self.level]:
            self.story.append("GRACE_RECOVERED")
            self.ends, self.grace, self.won = self.until(self.level, self.ends - ONE), None, None
            self.dawn(self.today)
        target = self.reached(self.counted(self.today, self.opened(self.today)))
        self.waits = None
        if target > self.level and self.terms.deferred:
            self.waits = (target, self.next_period())
        elif target > self.level:
            self.rise(target, self.today, order)
        if amount < 0 and self.won and self.won[0] == order:
            self.undo(target)

    def undo(self, target: int) -> None:
        """The order that won the level is refunded."""
        assert self.won
        _, day, level, ends, grace = self.won
        if self.today - day >= timedelta(days=self.terms.refund_days) or target >= self.level:
            return
        self.story.append("REVERSED")
        self.won = None
        if target > level:
            self.level = target
        else:
            self.level, self.ends, self.grace = level, ends, grace
            self.dawn(self.today)
