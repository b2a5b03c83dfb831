"""The liability report: months that roll forward, cohorts, rates, and what the open points will cost."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from uuid import UUID

from models.finance import REPAID, Term
from models.sql import SQL
from models.units import WHOLE, BasisPoints, Minor
from rules import programme
from rules.calendar import add_months
from rules.finance._counting import START, Booking, Calendar, Count, Moved, count, month

MONTHS_MAX = 60
"""How many months one report covers at most."""

COHORTS_MAX = 120
"""How many cohorts are told one by one; the oldest of them holds all that came before it."""

COST_MAX = 1_000_000
"""The most minor units, and the most points, a cost may name."""

AT_ONCE = 5_000
STRETCHES_MAX = 4
"""How much of what is not counted yet a report counts for itself: 20,000 movements."""

LINES = {
    "EARN": "earned",
    "BONUS": "bonus",
    "GRANT": "bonus",
    "REFERRAL": "bonus",
    "ADJUST_IN": "adjusted_in",
    "RETURN": "returned",
    "REDEEM": "redeemed",
    "CLAWBACK": "clawed_back",
    "CANCEL_PENDING": "cancelled",
    "RESTORE": "cancelled",
    "ADJUST_OUT": "adjusted_out",
    "EXPIRE": "expired",
    "FORFEIT": "forfeited",
    REPAID: "repaid",
    # what goes from one member to another comes to nothing
    "TRANSFER_OUT": "other",
    "TRANSFER_IN": "other",
    "MERGE_OUT": "other",
    "MERGE_IN": "other",
}
"""The line each kind of movement is told in. A kind that is not here is told in `other`, and never lost."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What points cost the programme when they are redeemed: so many minor units for so many points."""

    minor: int
    points: int


@dataclass(slots=True)
class Month:
    """A month's roll-forward in the members' worth. The lines are signed: opening and lines add up to closing."""

    month: date
    opening: int
    earned: int = 0
    bonus: int = 0
    adjusted_in: int = 0
    returned: int = 0
    redeemed: int = 0
    clawed_back: int = 0
    cancelled: int = 0
    adjusted_out: int = 0
    expired: int = 0
    forfeited: int = 0
    other: int = 0
    closing: int = 0
    open_points: int = 0
    """What the lots held at its end."""
    lost: int = 0
    """What refunds should have taken back and did not, by the policy: in no other line."""
    movements: int = 0

    @property
    def debt(self) -> int:
        """What the members owed at its end: what the lots held is more than their worth by that."""
        return self.open_points - self.closing


@dataclass(slots=True)
class Cohort:
    """What became of the points that came in one month. The lines are signed, and add up to what is left."""

    month: date
    earned: int = 0
    bonus: int = 0
    adjusted_in: int = 0
    returned: int = 0
    redeemed: int = 0
    clawed_back: int = 0
    cancelled: int = 0
    adjusted_out: int = 0
    expired: int = 0
    forfeited: int = 0
    repaid: int = 0
    other: int = 0
    is_matured: bool = False
    """Whether its month is over and none of its points can be spent any more."""
    and_earlier: bool = False
    """Whether all that came before is in it, too."""

    @property
    def granted(self) -> int:
        """What came."""
        return self.earned + self.bonus + self.adjusted_in

    @property
    def used(self) -> int:
        """What was redeemed, less returns."""
        return -(self.redeemed + self.returned)

    @property
    def remaining(self) -> int:
        """What is left in its lots."""
        taken = (self.redeemed, self.clawed_back, self.cancelled, self.adjusted_out, self.expired, self.repaid)
        return self.granted + self.returned + sum(taken) + self.forfeited + self.other

    @property
    def broken(self) -> int:
        """What expired or was forfeited; of a matured cohort also what is left, which nobody can spend."""
        return -self.expired - self.forfeited + (self.remaining if self.is_matured else 0)

    @property
    def redemption_bps(self) -> int | None:
        """What share of it was used; None where nothing came."""
        return _share(self.used, self.granted)

    @property
    def breakage_bps(self) -> int | None:
        """What share of it expired; None until it has matured."""
        return _share(self.broken, self.granted) if self.is_matured else None


@dataclass(frozen=True, slots=True)
class Outlook:
    """How long the points lived that were open when a day was closed."""

    day: date
    terms: Mapping[Term, int]
    spendable: frozenset[date]
    """The cohorts that had points which could still be spent, then or later."""

    @property
    def within(self) -> tuple[int, int, int]:
        """What expires within 7, 30 and 90 days, each with those before."""
        week, rest, quarter = (self.terms[each] for each in (Term.DAYS_7, Term.DAYS_30, Term.DAYS_90))
        return week, week + rest, week + rest + quarter


@dataclass(frozen=True, slots=True)
class Liability:
    """The report."""

    currency: str
    months: list[Month]
    cohorts: list[Cohort]
    """Oldest first."""
    ultimate_bps: BasisPoints
    is_given: bool
    """Whether the rate was given, and not reckoned from matured cohorts."""
    matured: int
    """How many cohorts it was reckoned from; where there is none, every point counts as one that will be used."""
    cost: Cost | None
    outlook: Outlook | None
    closed_day: date | None
    is_behind: bool
    """Whether more was not counted yet than a report counts for itself: then the end of it is missing."""

    @property
    def last(self) -> Month:
        """The last month."""
        return self.months[-1]

    def costs(self, points: int) -> Minor | None:
        """What so many open points will cost, rounded up; None without a cost."""
        return None if self.cost is None else cost_of(points, self.ultimate_bps, self.cost)


def cost_of(points: int, ultimate_bps: int, cost: Cost) -> Minor:
    """The minor units that open points will cost: ceil(points * rate * cost)."""
    return Minor(-(-points * ultimate_bps * cost.minor // (WHOLE * cost.points)))


def objection(first: date, last: date, cost: Cost | None, rate: int | None) -> str | None:
    """What stands against such a report; None when it may be asked for."""
    if last < first:
        return "The last month comes before the first."
    if (last.year - first.year) * 12 + last.month - first.month >= MONTHS_MAX:
        return f"A report covers {MONTHS_MAX} months at most."
    if cost is not None and not (0 <= cost.minor <= COST_MAX and 0 < cost.points <= COST_MAX):
        return f"A cost is 0 to {COST_MAX} minor units for 1 to {COST_MAX} points."
    if rate is not None and not 0 <= rate <= WHOLE:
        return f"A rate is between 0 and {WHOLE} basis points."
    return None


def _share(part: int, whole: int) -> int | None:
    """A share in basis points, rounded half up."""
    return None if whole <= 0 else (2 * part * WHOLE + whole) // (2 * whole)


def ultimate(cohorts: Iterable[Cohort]) -> tuple[BasisPoints, int]:
    """How much of all points is used in the end, by the cohorts that have matured, and how many those are.

    Used, or repaid a debt, of what was not left to expire; rounded up. With nothing to go by, all of it.
    """
    matured = [each for each in cohorts if each.is_matured]
    used = sum(each.used - each.repaid for each in matured)
    broken = sum(each.broken for each in matured)
    if used < 0 or broken < 0 or used + broken == 0:
        return WHOLE, 0
    return BasisPoints(-(-used * WHOLE // (used + broken))), len(matured)


@dataclass(slots=True)
class _Told:
    """What the books told, and what was counted on top of it."""

    counted_id: UUID = START
    closed_day: date | None = None
    before: tuple[int, int] = (0, 0)
    """Worth and open points before the first month."""
    months: dict[date, dict[str, Moved]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(Moved)))
    cohorts: dict[date, dict[str, int]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(int)))


BOOKS = SQL(
    "SELECT 'books' AS what, CAST(counted_id AS TEXT) AS said, CAST(closed_day AS TEXT) AS kind,"
    " 0::bigint AS movements, 0::bigint AS points, 0::bigint AS open_points, 0::bigint AS lost"
    " FROM points_books UNION ALL"
    " SELECT 'before', '', '', 0, COALESCE(SUM(points), 0)::bigint, COALESCE(SUM(open_points), 0)::bigint, 0"
    " FROM points_day WHERE day < $1::text::date UNION ALL"
    " SELECT 'month', substr(CAST(day AS TEXT), 1, 7), kind, SUM(movements)::bigint, SUM(points)::bigint,"
    " SUM(open_points)::bigint, COALESCE(SUM(lost), 0)::bigint FROM points_day"
    " WHERE day >= $1::text::date AND day < $2::text::date"
    " GROUP BY substr(CAST(day AS TEXT), 1, 7), kind UNION ALL"
    " SELECT 'cohort', CAST(cohort AS TEXT), kind, 0, SUM(points)::bigint, 0, 0 FROM points_cohort"
    " WHERE booked < $2::text::date GROUP BY cohort, kind"
)
"""All that was entered, at one moment: whatever comes after the last counted movement is counted on top."""

OUTLOOK = SQL(
    "SELECT CAST(day AS TEXT) AS seen_on, CAST(cohort AS TEXT) AS came_in, term, points FROM points_outlook"
    " WHERE day = (SELECT MAX(day) FROM points_outlook WHERE day < $1::text::date)"
)


async def report(
    first: date, last: date, *, cost: Cost | None = None, rate: BasisPoints | None = None
) -> Liability:
    """The months from the first to the last, and the cohorts as they were at the end of the last.

    What the books do not hold yet is counted on top. `rate` stands for the one that matured cohorts would give.
    """
    terms = await programme.terms()
    first, end = month(first), add_months(month(last), 1)
    told = await _told(first, end)
    is_behind = await _count_on(told, first, end, Calendar(terms.timezone))
    outlook = await _outlook(end)
    cohorts = _cohorts(told, outlook, end)
    found, matured = ultimate(cohorts)
    return Liability(
        currency=terms.currency,
        months=_months(told, first, end),
        cohorts=_shortened(cohorts),
        ultimate_bps=found if rate is None else rate,
        is_given=rate is not None,
        matured=matured,
        cost=cost,
        outlook=outlook,
        closed_day=told.closed_day,
        is_behind=is_behind,
    )


async def _told(first: date, end: date) -> _Told:
    """What the books hold of these months."""
    told = _Told()
    for row in await BOOKS.rows(first.isoformat(), end.isoformat()):
        what, said, kind = row["what"], row["said"], row["kind"]
        if what == "books":
            told.counted_id = UUID(said)
            told.closed_day = date.fromisoformat(kind) if kind else None
        elif what == "before":
            told.before = (row["points"], row["open_points"])
        elif what == "month":
            moved = Moved(row["movements"], row["points"], row["open_points"], row["lost"])
            told.months[date.fromisoformat(f"{said}-01")][kind] = moved
        else:
            told.cohorts[date.fromisoformat(said)][kind] = row["points"]
    return told


async def _count_on(told: _Told, first: date, end: date, calendar: Calendar) -> bool:
    """Count what is not in the books yet, and say whether that was too much."""
    if told.closed_day is not None and told.closed_day >= end - timedelta(days=1):
        return False
    counted, after = Count(), told.counted_id
    booking = Booking(calendar, told.closed_day)
    for _stretch in range(STRETCHES_MAX):
        number = await count(counted, after=after, books=booking, before=None, most=AT_ONCE)
        if number < AT_ONCE:
            break
        after = counted.upto
    else:
        number = AT_ONCE
    _add(told, counted, first, end)
    return number == AT_ONCE


def _add(told: _Told, counted: Count, first: date, end: date) -> None:
    """Add what was counted to what the books told, as far as it is before the end."""
    for (day, kind), moved in counted.days.items():
        if day < first:
            told.before = (told.before[0] + moved.points, told.before[1] + moved.open_points)
        elif day < end:
            into = told.months[month(day)][kind]
            into.movements += moved.movements
            into.points += moved.points
            into.open_points += moved.open_points
            into.lost += moved.lost
    for (booked, cohort, kind), points in counted.cohorts.items():
        if booked < end:
            told.cohorts[cohort][kind] += points


def _months(told: _Told, first: date, end: date) -> list[Month]:
    """The months in their order, each opening where the one before it closed."""
    points, open_points = told.before
    found = []
    while first < end:
        each = Month(first, points)
        for kind, moved in told.months.get(first, {}).items():
            line = LINES.get(kind, "other")
            setattr(each, line, getattr(each, line) + moved.points)
            points += moved.points
            open_points += moved.open_points
            each.movements += moved.movements
            each.lost += moved.lost
        each.closing, each.open_points = points, open_points
        found.append(each)
        first = add_months(first, 1)
    return found


def _cohorts(told: _Told, outlook: Outlook | None, end: date) -> list[Cohort]:
    """The cohorts, oldest first. One is matured once its month is over and nothing of it can be spent any more."""
    found = []
    for came in sorted(told.cohorts):
        each = Cohort(came)
        for kind, points in told.cohorts[came].items():
            line = LINES.get(kind, "other")
            setattr(each, line, getattr(each, line) + points)
        seen_until = end if outlook is None else outlook.day + timedelta(days=1)
        is_over = add_months(came, 1) <= seen_until
        is_spent = each.remaining == 0 if outlook is None else came not in outlook.spendable
        each.is_matured = is_over and is_spent
        found.append(each)
    return found


def _shortened(cohorts: list[Cohort]) -> list[Cohort]:
    """The newest cohorts one by one, all older ones in the first of them."""
    older, kept = cohorts[:-COHORTS_MAX], cohorts[-COHORTS_MAX:]
    for each in older:
        for line in {*LINES.values(), "other"}:
            setattr(kept[0], line, getattr(kept[0], line) + getattr(each, line))
        kept[0].is_matured = kept[0].is_matured and each.is_matured
        kept[0].and_earlier = True
    return kept


async def _outlook(end: date) -> Outlook | None:
    """The last outlook that was kept before the end."""
    rows = await OUTLOOK.rows(end.isoformat())
    if not rows:
        return None
    terms: dict[Term, int] = dict.fromkeys(Term, 0)
    for row in rows:
        terms[Term(row["term"])] += row["points"]
    spendable = frozenset(date.fromisoformat(row["came_in"]) for row in rows if row["term"] != Term.EXPIRED)
    return Outlook(date.fromisoformat(rows[0]["seen_on"]), terms, spendable)
