"""Earn rules: what one says, read from plain values and checked."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime, time
from enum import StrEnum
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson

from models.earning import CODE_MAX, CapPeriod, EarnRuleKind
from models.units import BALANCE_MAX, MOVE_MAX, WHOLE, BasisPoints, Minor, Points, is_plain
from rules.programme import MULTIPLIER_MAX, NAME_MAX
from rules.refusals import Refusal

CHOICES_MAX = 200
"""How many values one side of a filter names."""

VALUE_MAX = 64
PRIORITY_MAX = 1_000
RULES_MAX = 100
"""How many rules may be in force at once."""


class Weekday(StrEnum):
    """A day of the week, as the programme's zone has it."""

    MON = "MON"
    TUE = "TUE"
    WED = "WED"
    THU = "THU"
    FRI = "FRI"
    SAT = "SAT"
    SUN = "SUN"


class BirthdayMatch(StrEnum):
    """How near a purchase is to the member's birthday."""

    DAY = "DAY"
    MONTH = "MONTH"


@dataclass(eq=False)
class EarnRuleInvalid(Refusal):
    """An earn rule cannot be like this."""

    zh = "无法按此要求设置积分规则。"
    why: str


class EarnRuleUnreadable(Exception):  # noqa: N818  a mistake in a file, or a fault where it was stored
    """These values do not tell an earn rule."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What a filter lets in. One that includes nothing by name lets in all that it does not exclude."""

    include: frozenset[str] = frozenset()
    exclude: frozenset[str] = frozenset()

    def lets(self, *values: str) -> bool:
        """Whether it lets something in that goes by these values: by one it includes, and none it excludes."""
        return not self.exclude.intersection(values) and (not self.include or not self.include.isdisjoint(values))


EVERY = Choice()


@dataclass(frozen=True, slots=True)
class Caps:
    """The most points: of one purchase, and of a member's day, week, month and life. None is no cap."""

    transaction: Points | None = None
    day: Points | None = None
    week: Points | None = None
    month: Points | None = None
    lifetime: Points | None = None

    def over(self, period: CapPeriod) -> Points | None:
        """The cap over a period of a member's."""
        found: Points | None = getattr(self, period.value.lower())
        return found


NO_CAPS = Caps()
PERIODS = (CapPeriod.DAY, CapPeriod.WEEK, CapPeriod.MONTH, CapPeriod.LIFETIME)
FILTERS = ("tiers", "skus", "categories", "stores", "channels")


@dataclass(frozen=True, slots=True)
class Rule:
    """One version of an earn rule."""

    code: str
    kind: EarnRuleKind
    name: str
    points: Points | None = None
    minor: Minor | None = None
    multiplier_bps: BasisPoints | None = None
    priority: int = 0
    exclusive_group: str | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    weekdays: frozenset[Weekday] = frozenset()
    """Empty is every day."""
    time_from: time | None = None
    time_until: time | None = None
    tiers: Choice = EVERY
    skus: Choice = EVERY
    categories: Choice = EVERY
    stores: Choice = EVERY
    """By code, as people know them."""
    channels: Choice = EVERY
    first_order: bool = False
    birthday: BirthdayMatch | None = None
    min_eligible_minor: Minor = field(default=Minor(0))
    caps: Caps = NO_CAPS
    budget: Points | None = None
    store_ids: Choice = EVERY
    """The same stores, as purchases name them."""
    id: UUID | None = None
    version: int = 0

    @property
    def is_of_goods(self) -> bool:
        """Whether it looks at the lines of an order."""
        return not self.skus == self.categories == EVERY

    @property
    def told(self) -> dict[str, Any]:
        """What somebody said of it: all but what was found out about it."""
        return {name: value for name, value in self.plain.items() if name != "store_ids"}

    @property
    def plain(self) -> dict[str, Any]:
        """What it says, without its id and version, and without what says nothing."""
        told = {each.name: _plain(getattr(self, each.name)) for each in fields(self)}
        return {name: value for name, value in told.items() if value and name not in ("id", "version")} | {
            name: told[name] for name in ("points", "budget") if told[name] is not None
        }


def _plain(value: Any) -> Any:
    return next((tell(value) for kind, tell in _TOLD.items() if isinstance(value, kind)), value)


def _choice_told(choice: Choice) -> dict[str, list[str]]:
    sides = {"include": sorted(choice.include), "exclude": sorted(choice.exclude)}
    return {name: side for name, side in sides.items() if side}


def _caps_told(caps: Caps) -> dict[str, int]:
    told = {each.name: getattr(caps, each.name) for each in fields(Caps)}
    return {name: cap for name, cap in told.items() if cap is not None}


def _days_told(days: frozenset[Weekday]) -> list[str]:
    return [each.value for each in Weekday if each in days]


def _clock_told(clock: time) -> str:
    return clock.isoformat("minutes")


_TOLD: dict[type, Callable[[Any], Any]] = {
    Choice: _choice_told,
    Caps: _caps_told,
    frozenset: _days_told,
    datetime: datetime.isoformat,
    time: _clock_told,
    StrEnum: str,
}


def rule_of(told: Mapping[str, Any]) -> Rule:
    """A rule as plain values tell it: a file's, or what was stored.

    Raises: EarnRuleUnreadable.
    """
    known = {each.name for each in fields(Rule)}
    if strange := sorted(told.keys() - known):
        raise EarnRuleUnreadable(f"There is no {strange[0]!r} in an earn rule.")
    try:
        read = {name: _READERS.get(name, _same)(value) for name, value in told.items() if value is not None}
        return Rule(**read)
    except (ValueError, TypeError, AttributeError) as error:
        raise EarnRuleUnreadable(f"An earn rule cannot be read: {str(error)[:200]}.") from error


def _same(value: Any) -> Any:
    return value


def _choice(told: Mapping[str, Any]) -> Choice:
    if strange := sorted(told.keys() - {"include", "exclude"}):
        raise ValueError(f"a filter includes and excludes, and has no {strange[0]!r}")
    return Choice(*(_names(told.get(side, ())) for side in ("include", "exclude")))


def _names(told: Any) -> frozenset[str]:
    if isinstance(told, str) or any(not isinstance(each, str) for each in told):
        raise ValueError("a filter names a list of texts")
    return frozenset(told)


def _weekdays(told: Any) -> frozenset[Weekday]:
    return frozenset(Weekday(each) for each in told)


def _caps(told: Mapping[str, Any]) -> Caps:
    return Caps(**told)


def _moment(told: Any) -> datetime:
    moment = told if isinstance(told, datetime) else datetime.fromisoformat(told)
    if moment.tzinfo is None:
        raise ValueError(f"{told} has no offset")
    return moment


def _time(told: Any) -> time:
    return told if isinstance(told, time) else time.fromisoformat(told)


_READERS: dict[str, Callable[[Any], Any]] = {
    **dict.fromkeys((*FILTERS, "store_ids"), _choice),
    "kind": EarnRuleKind,
    "birthday": BirthdayMatch,
    "weekdays": _weekdays,
    "caps": _caps,
    "starts_at": _moment,
    "ends_at": _moment,
    "time_from": _time,
    "time_until": _time,
    "id": UUID,
}


@lru_cache(maxsize=16)
def rules_of(json: str) -> tuple[Rule, ...]:
    """The rules in force, as the programme's row tells them. The same text is the same rules, whoever read it."""
    return tuple(rule_of(each) for each in orjson.loads(json))


def check_rule(rule: Rule) -> None:
    """Refuse a rule nobody could keep.

    Raises: EarnRuleInvalid.
    """
    _check_words(rule)
    _check_amounts(rule)
    _check_gives(rule)
    if (rule.time_from is None) != (rule.time_until is None) or (
        rule.time_from is not None and rule.time_from == rule.time_until
    ):
        raise EarnRuleInvalid("A time of day is from one time until another.")
    if rule.starts_at and rule.ends_at and rule.ends_at <= rule.starts_at:
        raise EarnRuleInvalid("A rule ends after it starts.")
    for name in FILTERS:
        _check_choice(name, getattr(rule, name))


def _check_words(rule: Rule) -> None:
    words: list[tuple[Any, str]] = [(rule.code, "code"), (rule.exclusive_group or "NONE", "exclusive group")]
    for word, what in words:
        if not (isinstance(word, str) and re.fullmatch(f"[A-Z0-9_]{{1,{CODE_MAX}}}", word)):
            raise EarnRuleInvalid(f"A {what} has 1 to {CODE_MAX} capitals, digits and underscores.")
    name: Any = rule.name
    if not (isinstance(name, str) and 0 < len(name) <= NAME_MAX and is_plain(name)):
        raise EarnRuleInvalid(f"A rule's name has 1 to {NAME_MAX} printable characters.")


def _check_amounts(rule: Rule) -> None:
    amounts = [getattr(rule.caps, each.name) for each in fields(Caps)]
    amounts += [rule.points, rule.minor, rule.multiplier_bps, rule.budget, rule.min_eligible_minor, rule.priority]
    if any(each is not None and (not isinstance(each, int) or isinstance(each, bool)) for each in amounts):
        raise EarnRuleInvalid("Points, amounts and caps are whole numbers.")
    caps = [getattr(rule.caps, each.name) for each in fields(Caps)]
    if any(cap is not None and not 0 <= cap <= BALANCE_MAX for cap in [*caps, rule.budget]):
        raise EarnRuleInvalid(f"A cap or a budget is of 0 to {BALANCE_MAX} points.")
    if not 0 <= rule.min_eligible_minor <= BALANCE_MAX:
        raise EarnRuleInvalid(f"A least amount is of 0 to {BALANCE_MAX} minor units.")
    if not 0 <= rule.priority <= PRIORITY_MAX:
        raise EarnRuleInvalid(f"A priority is 0 to {PRIORITY_MAX}.")
    if not isinstance(rule.first_order, bool):
        raise EarnRuleInvalid("A rule is of first orders, or it is not.")


def _check_gives(rule: Rule) -> None:
    """Refuse a rule that does not say what its kind gives, or says more."""
    kind, given = rule.kind, (rule.points is not None, rule.minor is not None, rule.multiplier_bps is not None)
    if given != _GIVES[kind]:
        raise EarnRuleInvalid(_SAYS[kind])
    _CHECKS[kind](rule)


def _check_rate(rule: Rule) -> None:
    if not (0 <= (rule.points or 0) <= BALANCE_MAX and 0 < (rule.minor or 0) <= BALANCE_MAX):
        raise EarnRuleInvalid(_SAYS[rule.kind])
    if rule.exclusive_group or rule.budget is not None:
        raise EarnRuleInvalid("A base rate has no group and no budget: one of them applies, by priority.")


def _check_bonus(rule: Rule) -> None:
    if not 0 < (rule.points or 0) <= MOVE_MAX:
        raise EarnRuleInvalid(f"A bonus is of 1 to {MOVE_MAX} points.")


def _check_multiplier(rule: Rule) -> None:
    if not WHOLE < (rule.multiplier_bps or 0) <= MULTIPLIER_MAX:
        raise EarnRuleInvalid(f"A multiplier is above {WHOLE} and {MULTIPLIER_MAX} at most.")


def _check_caps(rule: Rule) -> None:
    """Refuse caps of the whole programme that are those of a part of it."""
    plain = Rule(rule.code, rule.kind, rule.name, caps=rule.caps, id=rule.id, version=rule.version)
    if rule != plain or rule.caps == NO_CAPS:
        raise EarnRuleInvalid("Caps of the whole programme have caps, and nothing else.")


_GIVES = {
    EarnRuleKind.BASE_RATE: (True, True, False),
    EarnRuleKind.BONUS_POINTS: (True, False, False),
    EarnRuleKind.BONUS_MULTIPLIER: (False, False, True),
    EarnRuleKind.CAPS: (False, False, False),
}
_CHECKS = {
    EarnRuleKind.BASE_RATE: _check_rate,
    EarnRuleKind.BONUS_POINTS: _check_bonus,
    EarnRuleKind.BONUS_MULTIPLIER: _check_multiplier,
    EarnRuleKind.CAPS: _check_caps,
}
_SAYS = {
    EarnRuleKind.BASE_RATE: "A base rate is so many points for so many minor units, and has no multiplier.",
    EarnRuleKind.BONUS_POINTS: "A fixed bonus says how many points, and nothing else of what it gives.",
    EarnRuleKind.BONUS_MULTIPLIER: "A multiplier is in basis points, and gives no points by number.",
    EarnRuleKind.CAPS: "Caps give nothing.",
}


def _check_choice(name: str, choice: Choice) -> None:
    for side in (choice.include, choice.exclude):
        if len(side) > CHOICES_MAX or any(not (0 < len(each) <= VALUE_MAX and is_plain(each)) for each in side):
            raise EarnRuleInvalid(f"A side of `{name}` names at most {CHOICES_MAX} values of 1 to {VALUE_MAX}.")
    if choice.include & choice.exclude:
        raise EarnRuleInvalid(f"`{name}` includes and excludes the same.")
