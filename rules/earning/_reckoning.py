"""Reckoning: what an order comes to by the rules, before and after the caps. Pure, and the same in any order."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from models.earning import AwardKind, CapPeriod, EarnRuleKind
from models.points import PointsKind
from models.units import WHOLE, BasisPoints, Minor, Points
from rules.earning._rules import PERIODS, BirthdayMatch, Caps, Rule, Weekday
from rules.prices import split
from rules.programme import Rung, Terms

FOR_EVER = date(1970, 1, 1)
"""Where periods without an end begin."""

FEBRUARY, LEAP_DAY = 2, 29


@dataclass(frozen=True, slots=True)
class Goods:
    """A line of an order, as the rules look at it: its eligible amount is what was paid, and not by points."""

    eligible: int
    sku: str | None = None
    categories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the rules ask of a purchase: when it was paid, by whom, where, and what for."""

    at: datetime
    goods: tuple[Goods, ...]
    tier: Rung
    channel: str | None = None
    store_id: str | None = None
    is_first: bool = False
    birthday: date | None = None
    cap_bps: BasisPoints = WHOLE
    """By how much the tier widens the member's caps: 12000 is 1.2 times. Budgets stay as they are."""

    @property
    def eligible(self) -> Minor:
        """What earns."""
        return Minor(sum(each.eligible for each in self.goods))


@dataclass(frozen=True, slots=True)
class Wish:
    """What the base, the tier or a rule comes to for an order, whatever the caps say."""

    kind: AwardKind
    basis: int
    wanted: Points
    rule: Rule | None = None


@dataclass(frozen=True, slots=True)
class Key:
    """One cap of a member over one period; the budget of a rule, whoever draws on it."""

    code: str
    period: CapPeriod
    starts_on: date


@dataclass(frozen=True, slots=True)
class Award:
    """What is given for a wish, what clipped it, and the caps it is counted by, each with its width."""

    wish: Wish
    points: Points
    capped_by: tuple[str, ...] = ()
    counts: tuple[tuple[Key, int], ...] = ()

    @property
    def moves(self) -> PointsKind:
        """The kind of the movement."""
        base = self.wish.kind in (AwardKind.BASE, AwardKind.BASE_RATE)
        return PointsKind.EARN if base else PointsKind.BONUS

    def cause(self, purchase_id: UUID) -> str:
        """The fact behind the movement: nothing gives points for a purchase twice."""
        rule = self.wish.rule
        what = self.moves.value.lower() if rule is None else f"rule:{rule.code}"
        return f"purchase:{purchase_id}:{what}"


def bonus(base: Points, multiplier_bps: int) -> Points:
    """What a multiplier adds to the base: floor(base * (bps - 10000) / 10000)."""
    return Points(base * (multiplier_bps - WHOLE) // WHOLE)


def eligible(paid: Sequence[int], by_points: int) -> list[int]:
    """What earns of each line: what was paid for it less its share of what points paid."""
    return [each - share for each, share in zip(paid, split(by_points, paid), strict=True)]


def wishes(rules: Iterable[Rule], facts: Facts, terms: Terms) -> list[Wish]:
    """What an order comes to: its base, what the tier adds, and what each rule that fits adds to the base.

    One base rate replaces the programme's for the lines it is of: that of the highest priority, then of the most
    points, then of the lowest code. Of a group one rule gives, that of the most points, then of the lowest code;
    of those with a budget one gives, in the same way. All others add up. Caps are used in the order of this list.
    """
    fitting = [rule for rule in rules if fits(rule, facts)]
    rate = _best_rate([rule for rule in fitting if rule.kind is EarnRuleKind.BASE_RATE], facts)
    found = _base(facts, rate, terms)
    base = Points(sum(each.wanted for each in found))
    found.append(Wish(AwardKind.TIER, base, bonus(base, facts.tier.earn_multiplier_bps)))
    given = [_bonus_of(rule, facts, rate, terms) for rule in fitting if rule.kind in _BONUSES]
    given = _one_of_each(given, lambda rule: rule.exclusive_group)
    given = _one_of_each(given, lambda rule: None if rule.budget is None else "")
    given.sort(key=_turn)
    return [each for each in [*found, *given] if each.wanted > 0]


_BONUSES = {
    EarnRuleKind.BONUS_POINTS: AwardKind.BONUS_POINTS,
    EarnRuleKind.BONUS_MULTIPLIER: AwardKind.BONUS_MULTIPLIER,
}


def fits(rule: Rule, facts: Facts) -> bool:
    """Whether a rule is of a purchase like this: every filter lets it in, and enough was paid for its goods."""
    if rule.kind is EarnRuleKind.CAPS:
        return False
    of_goods = _matched(rule, facts)
    return (
        sum(of_goods) >= max(rule.min_eligible_minor, 1)
        and _fits_time(rule, facts)
        and rule.tiers.lets(facts.tier.code)
        and rule.channels.lets(*_told(facts.channel))
        and rule.store_ids.lets(*_told(facts.store_id))
        and (facts.is_first or not rule.first_order)
        and (rule.birthday is None or _is_near(rule.birthday, facts))
    )


def _told(value: str | None) -> tuple[str, ...]:
    return () if value is None else (value,)


def _fits_time(rule: Rule, facts: Facts) -> bool:
    if (rule.starts_at and facts.at < rule.starts_at) or (rule.ends_at and facts.at >= rule.ends_at):
        return False
    if rule.weekdays and list(Weekday)[facts.at.weekday()] not in rule.weekdays:
        return False
    start, end = rule.time_from, rule.time_until
    if start is None or end is None:
        return True
    clock = facts.at.time()
    return start <= clock < end if start < end else clock >= start or clock < end


def _is_near(match: BirthdayMatch, facts: Facts) -> bool:
    """Whether it is the member's birthday, or its month; who was born on 29 February has it on the 28th, too."""
    born, today = facts.birthday, facts.at.date()
    if born is None or born.month != today.month:
        return False
    if match is BirthdayMatch.MONTH or born.day == today.day:
        return True
    is_last = (today + timedelta(days=1)).month != today.month
    return (born.month, born.day) == (FEBRUARY, LEAP_DAY) and is_last


def _matched(rule: Rule, facts: Facts) -> list[int]:
    """What earns by the rule of each line: nothing of one that a filter keeps out."""
    if not rule.is_of_goods:
        return [each.eligible for each in facts.goods]
    return [
        each.eligible if rule.skus.lets(*_told(each.sku)) and rule.categories.lets(*each.categories) else 0
        for each in facts.goods
    ]


def _best_rate(rates: Sequence[Rule], facts: Facts) -> Rule | None:
    return min(
        rates,
        key=lambda rule: (-rule.priority, -_at_rate(rule, sum(_matched(rule, facts))), rule.code),
        default=None,
    )


def _at_rate(rate: Rule, amount: int) -> Points:
    return Points(amount * (rate.points or 0) // (rate.minor or 1))


def _base(facts: Facts, rate: Rule | None, terms: Terms) -> list[Wish]:
    """The base of an order: what the rate gives for its lines, and what the programme gives for the others."""
    if rate is None:
        whole = facts.eligible
        return [Wish(AwardKind.BASE, whole, terms.base_points(whole))]
    own = sum(_matched(rate, facts))
    rest = Minor(facts.eligible - own)
    return [
        Wish(AwardKind.BASE_RATE, own, _at_rate(rate, own), rate),
        Wish(AwardKind.BASE, rest, terms.base_points(rest)),
    ]


def _bonus_of(rule: Rule, facts: Facts, rate: Rule | None, terms: Terms) -> Wish:
    own = _matched(rule, facts)
    if rule.kind is EarnRuleKind.BONUS_POINTS:
        return Wish(AwardKind.BONUS_POINTS, sum(own), Points(rule.points or 0), rule)
    # a multiplier of some lines is of the base that these lines have by themselves
    at_rate = _matched(rate, facts) if rate else [0] * len(own)
    both = sum(min(one, other) for one, other in zip(own, at_rate, strict=True))
    base = terms.base_points(Minor(sum(own) - both)) + (_at_rate(rate, both) if rate else 0)
    return Wish(AwardKind.BONUS_MULTIPLIER, base, bonus(Points(base), rule.multiplier_bps or WHOLE), rule)


def _turn(wish: Wish) -> tuple[int, str]:
    """The order in which bonuses use caps: by priority, then by code."""
    return (-wish.rule.priority, wish.rule.code) if wish.rule else (0, "")


def _one_of_each(found: Iterable[Wish], group_of: Callable[[Rule], str | None]) -> list[Wish]:
    """Of each group the wish of the most points, then of the lowest code; and all that are of no group."""
    best: dict[str, Wish] = {}
    free: list[Wish] = []
    for wish in found:
        group = group_of(wish.rule) if wish.rule else None
        if group is None:
            free.append(wish)
        elif group not in best or _rank(wish) < _rank(best[group]):
            best[group] = wish
    return [*free, *best.values()]


def _rank(wish: Wish) -> tuple[int, str]:
    return -wish.wanted, wish.rule.code if wish.rule else ""


def usual(eligible: Minor, terms: Terms, tier: Rung) -> list[Award]:
    """What is given for an order where there are no rules: the base, and what the tier adds."""
    base = terms.base_points(eligible)
    extra = bonus(base, tier.earn_multiplier_bps)
    found = [Wish(AwardKind.BASE, eligible, base), Wish(AwardKind.TIER, base, extra)]
    return [Award(wish, wish.wanted) for wish in found if wish.wanted > 0]


@dataclass(slots=True)
class Room:
    """What is used of the caps and left of the budgets, as awards use them up."""

    used: Mapping[Key, int]
    left: Mapping[str, int]
    """What is left of each budget. One that is not named has nothing left."""
    taken: dict[Key, int] = field(default_factory=dict)
    """What this order used."""
    in_all: int = 0
    """What this order was given."""

    def of(self, key: Key, cap: int) -> int:
        """How much is left under a cap."""
        return max(cap - self.used.get(key, 0) - self.taken.get(key, 0), 0)


def clip(found: Sequence[Wish], rules: Iterable[Rule], facts: Facts, room: Room) -> list[Award]:
    """What is given for each wish, in their order: what its own caps, the programme's and its budget leave."""
    whole = [rule for rule in rules if rule.kind is EarnRuleKind.CAPS]
    return [_clipped(wish, whole, facts, room) for wish in found]


def _clipped(wish: Wish, whole: Sequence[Rule], facts: Facts, room: Room) -> Award:
    limits: list[tuple[str, int]] = []
    counts: list[tuple[Key, int]] = []
    own = [wish.rule] if wish.rule else []
    for rule, given in [*((each, 0) for each in own), *((each, room.in_all) for each in whole)]:
        if rule.caps.transaction is not None:
            limits.append(
                (_name(rule.code, CapPeriod.TRANSACTION), max(_wider(rule.caps.transaction, facts) - given, 0))
            )
        for key, cap in _counted(rule.code, rule.caps, facts):
            limits.append((_name(key.code, key.period), room.of(key, cap)))
            counts.append((key, cap))
    for rule in own:
        if rule.budget is not None:
            key = Key(rule.code, CapPeriod.BUDGET, FOR_EVER)
            limits.append((_name(rule.code, CapPeriod.BUDGET), room.left.get(rule.code, 0)))
            counts.append((key, rule.budget))
    points = Points(min([wish.wanted, *(left for _, left in limits)]))
    room.in_all += points
    for key, _ in counts:
        room.taken[key] = room.taken.get(key, 0) + points
    capped_by = tuple(name for name, left in limits if left == points) if points < wish.wanted else ()
    return Award(wish, points, capped_by, tuple(counts) if points else ())


def _name(code: str, period: str) -> str:
    return f"{code}:{period}"


def _wider(cap: int, facts: Facts) -> int:
    return cap * facts.cap_bps // WHOLE


def _counted(code: str, caps: Caps, facts: Facts) -> list[tuple[Key, int]]:
    """The caps over periods, each with the period the purchase lies in."""
    found = [(period, caps.over(period)) for period in PERIODS]
    today = facts.at.date()
    return [
        (Key(code, period, start_of(period, today)), _wider(cap, facts)) for period, cap in found if cap is not None
    ]


def start_of(period: CapPeriod, day: date) -> date:
    """The first day of the period a day lies in. A week begins on Monday."""
    if period is CapPeriod.DAY:
        return day
    if period is CapPeriod.WEEK:
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if period is CapPeriod.MONTH else FOR_EVER


def local(moment: datetime, terms: Terms) -> datetime:
    """A moment as the programme's clocks and calendars show it."""
    return moment.astimezone(ZoneInfo(terms.timezone))
