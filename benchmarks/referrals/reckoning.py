"""Reckoning: what a year of referrals must have given everybody, without a line of the rules."""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

from benchmarks.referrals.lives import Order, Person, Year

HERE = timezone(timedelta(hours=8))
"""The programme's zone, which has had no summer time for long."""

LEAST = 50_00
HOLD, BACK, VALID = timedelta(days=7), timedelta(days=30), timedelta(days=180)
FOR_REFERRER, FOR_REFEREE = 100, 20
MILESTONES = {3: 200, 6: 500}
PER_MONTH = 4
PER_HOUR = 5


@dataclass(slots=True)
class Reckoned:
    """What everybody was given in the end, by their numbers."""

    points: Counter[int] = field(default_factory=Counter)
    granted: Counter[int] = field(default_factory=Counter)
    """How many rewards of a referrer were given at all, milestones not counted."""
    milestones: Counter[int] = field(default_factory=Counter)
    """How many milestones are given and not revoked."""


@dataclass(slots=True)
class Referrer:
    """What counts for one referrer."""

    months: Counter[tuple[int, int]] = field(default_factory=Counter)
    qualified: int = 0
    given: set[int] = field(default_factory=set)
    reached: set[int] = field(default_factory=set)
    revoked: set[int] = field(default_factory=set)


Deed = tuple[datetime, int, datetime, Person]
"""When, whether given (0) or taken (1), by which moment, for whom."""


def reckoned(year: Year, moments: list[datetime]) -> Reckoned:
    """What a year must have given. `moments` are those at which a worker came by, in their order."""
    found, referrers = Reckoned(), defaultdict[int, Referrer](Referrer)
    for at, is_taken, _, person in sorted(_deeds(year, moments), key=lambda each: each[:3]):
        if person.referrer is None:
            raise AssertionError("Only who was brought qualifies.")
        (_take if is_taken else _give)(found, referrers[person.referrer], person.referrer, person.number, at)
    return found


def _deeds(year: Year, moments: list[datetime]) -> Iterator[Deed]:
    """What is given and taken back, in no order."""
    orders: dict[int, list[Order]] = defaultdict(list)
    for order in year.orders:
        orders[order.who].append(order)
    for person in year.people:
        if person.referrer is None or person.fraud is not None:
            continue
        qualified_at, clawed_at = _course(person, orders[person.number])
        if qualified_at is None or qualified_at > moments[-1]:
            continue
        yield moments[bisect_left(moments, qualified_at)], 0, qualified_at, person
        if clawed_at is not None:
            yield clawed_at, 1, clawed_at, person


def _course(person: Person, orders: list[Order]) -> tuple[datetime | None, datetime | None]:
    """When a referral has qualified, and when that was lost again."""
    happened = sorted(
        [(order.at, order, 0) for order in orders]
        + [(back.at, order, back.minor) for order in orders for back in order.refunds],
        key=lambda each: each[0],
    )
    paid: dict[str, int] = {}
    by: Order | None = None
    for at, order, back in happened:
        paid[order.ref] = paid.get(order.ref, order.minor) - back
        if by is not None and at >= by.at + HOLD:
            if back and order is by and paid[by.ref] < LEAST:
                return by.at + HOLD, at if at < by.at + HOLD + BACK else None
        elif by is None and not back and order.minor >= LEAST and at < person.joins_at + VALID:
            by = order
        elif by is not None and back and order is by and paid[by.ref] < LEAST:
            by = None
    return (None, None) if by is None else (by.at + HOLD, None)


def _give(found: Reckoned, counts: Referrer, referrer: int, referee: int, at: datetime) -> None:
    local = at.astimezone(HERE)
    month = (local.year, local.month)
    found.points[referee] += FOR_REFEREE
    counts.qualified += 1
    if counts.months[month] < PER_MONTH:
        counts.months[month] += 1
        counts.given.add(referee)
        found.points[referrer] += FOR_REFERRER
        found.granted[referrer] += 1
    for needed, points in MILESTONES.items():
        if counts.qualified >= needed and needed not in counts.reached:
            counts.reached.add(needed)
            found.points[referrer] += points
            found.milestones[referrer] += 1


def _take(found: Reckoned, counts: Referrer, referrer: int, referee: int, at: datetime) -> None:
    del at
    found.points[referee] -= FOR_REFEREE
    counts.qualified -= 1
    if referee in counts.given:
        found.points[referrer] -= FOR_REFERRER
    for needed, points in MILESTONES.items():
        if needed in counts.reached - counts.revoked and counts.qualified < needed:
            counts.revoked.add(needed)
            found.points[referrer] -= points
            found.milestones[referrer] -= 1
