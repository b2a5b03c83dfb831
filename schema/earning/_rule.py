"""Earn rules as staff see and write them."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime, time
from typing import Any

import orjson
import strawberry

from models.earning import EarnRuleKind
from models.sql import SQL
from models.units import BasisPoints, Minor, Points
from rules import earning
from rules.earning import CHOICES_MAX, BirthdayMatch, Caps, Choice, Weekday
from schema.context import Context
from schema.enums import describe
from schema.errors import bad_input
from schema.permissions import STAFF, related, seen
from schema.scalars import BasisPointsValue, Long, Moment

describe(
    EarnRuleKind,
    "What an earn rule does.",
    {
        EarnRuleKind.BASE_RATE: "Replaces the programme's base for what it is of: one applies, by priority.",
        EarnRuleKind.BONUS_POINTS: "Gives so many points more.",
        EarnRuleKind.BONUS_MULTIPLIER: "Multiplies the base. What multipliers add is added up, never multiplied.",
        EarnRuleKind.CAPS: "Gives nothing: its caps are those of all that purchases earn. One may be in force.",
    },
)
describe(Weekday, "A day of the week in the programme's zone.", {day: day.value.title() for day in Weekday})
describe(
    BirthdayMatch,
    "How near to the member's birthday a purchase is.",
    {BirthdayMatch.DAY: "On that day.", BirthdayMatch.MONTH: "In that month."},
)


@strawberry.type(description="What a filter of an earn rule lets in.")
class EarnChoice:
    include: list[str] = seen(STAFF, "Only these; all, where it is empty.")
    exclude: list[str] = seen(STAFF, "Never these.")


@strawberry.input(description="What a filter of an earn rule lets in.")
class EarnChoiceInput:
    include: list[str] = strawberry.field(
        default_factory=list, description=f"Only these, {CHOICES_MAX} at most; all, where it is empty."
    )
    exclude: list[str] = strawberry.field(default_factory=list, description=f"Never these, {CHOICES_MAX} at most.")


CAP_SAYS = {
    "transaction": "One purchase.",
    "day": "A member's day.",
    "week": "A member's week, from Monday.",
    "month": "A member's month.",
    "lifetime": "All of a member's time.",
}


@strawberry.type(description="The most points an earn rule gives; null is no cap. What is beyond a cap is clipped.")
class EarnCaps:
    transaction: Long | None = seen(STAFF, CAP_SAYS["transaction"])
    day: Long | None = seen(STAFF, CAP_SAYS["day"])
    week: Long | None = seen(STAFF, CAP_SAYS["week"])
    month: Long | None = seen(STAFF, CAP_SAYS["month"])
    lifetime: Long | None = seen(STAFF, CAP_SAYS["lifetime"])


@strawberry.input(description="The most points an earn rule gives; null is no cap.")
class EarnCapsInput:
    transaction: Long | None = strawberry.field(default=None, description=CAP_SAYS["transaction"])
    day: Long | None = strawberry.field(default=None, description=CAP_SAYS["day"])
    week: Long | None = strawberry.field(default=None, description=CAP_SAYS["week"])
    month: Long | None = strawberry.field(default=None, description=CAP_SAYS["month"])
    lifetime: Long | None = strawberry.field(default=None, description=CAP_SAYS["lifetime"])


SAYS = {
    "code": "The rule's code: capitals, digits and underscores.",
    "name": "What people call it.",
    "points": "How many points: of a bonus, or of a base rate for each `perMinor`.",
    "per_minor": "For a base rate: for how many minor units `points` are earned.",
    "multiplier": "For a multiplier: 20000 doubles the base. Above 10000.",
    "priority": "0 to 1000. Higher ones come first where a base rate is chosen and where caps are used up.",
    "exclusive_group": "Of the rules of one group, that which gives most applies.",
    "starts_at": "Purchases paid from this moment on.",
    "ends_at": "Purchases paid before this moment.",
    "weekdays": "Purchases paid on these days; empty is every day.",
    "time_from": "Purchases paid from this time of the programme's day on: `18:00`.",
    "time_until": "Purchases paid before this time. An earlier one than `timeFrom` is on the next day.",
    "tiers": "The tier held when it is paid, by code.",
    "skus": "Which articles, by `sku`: the rule is of their lines alone.",
    "categories": "Which categories: the rule is of their lines alone.",
    "stores": "Where it was sold, by the store's code.",
    "channels": "By which channel it was sold.",
    "first_order": "Whether it is of a member's first paid order alone.",
    "birthday": "Whether it is of purchases on the member's birthday, or in its month; null is both neither.",
    "min_eligible_minor": "The least that must be paid for what the rule is of, and not by points.",
    "caps": "The most it gives.",
    "budget": "The most it gives to all members together; null is no budget. An order draws on one budget at most.",
}


USED = SQL("SELECT code, used FROM earn_budget WHERE code = ANY($1::text[])", fans_out="budgets are nobody's own")


async def used_of(parents: Sequence["EarnRule"], context: Context) -> list[Long | None]:
    """What is used of each rule's budget."""
    del context
    found = {row["code"]: row["used"] for row in await USED.rows([parent.code for parent in parents])}
    return [_long(found.get(parent.code)) for parent in parents]


@strawberry.type(description="One version of an earn rule (积分规则). It never changes but that it ends.")
class EarnRule:
    code: str = seen(STAFF, SAYS["code"])
    version: int = seen(STAFF, "Counted from 1.")
    kind: EarnRuleKind = seen(STAFF, "What it does.")
    name: str = seen(STAFF, SAYS["name"])
    points: Long | None = seen(STAFF, SAYS["points"])
    per_minor: Long | None = seen(STAFF, SAYS["per_minor"])
    multiplier: BasisPointsValue | None = seen(STAFF, SAYS["multiplier"])
    priority: int = seen(STAFF, SAYS["priority"])
    exclusive_group: str | None = seen(STAFF, SAYS["exclusive_group"])
    starts_at: Moment | None = seen(STAFF, SAYS["starts_at"])
    ends_at: Moment | None = seen(STAFF, SAYS["ends_at"])
    weekdays: list[Weekday] = seen(STAFF, SAYS["weekdays"])
    time_from: str | None = seen(STAFF, SAYS["time_from"])
    time_until: str | None = seen(STAFF, SAYS["time_until"])
    tiers: EarnChoice = seen(STAFF, SAYS["tiers"])
    skus: EarnChoice = seen(STAFF, SAYS["skus"])
    categories: EarnChoice = seen(STAFF, SAYS["categories"])
    stores: EarnChoice = seen(STAFF, SAYS["stores"])
    channels: EarnChoice = seen(STAFF, SAYS["channels"])
    first_order: bool = seen(STAFF, SAYS["first_order"])
    birthday: BirthdayMatch | None = seen(STAFF, SAYS["birthday"])
    min_eligible_minor: Long = seen(STAFF, SAYS["min_eligible_minor"])
    caps: EarnCaps = seen(STAFF, SAYS["caps"])
    budget: Long | None = seen(STAFF, SAYS["budget"])
    budget_used: Long | None = related(
        STAFF,
        "What purchases hold of the budget now, under all versions of the rule; null where it never had one.",
        used_of,
    )
    published_at: Moment = seen(STAFF, "Since when it is in force.")
    ended_at: Moment | None = seen(
        STAFF, "When the next version took its place, or it was retired; null while it is in force."
    )

    @classmethod
    def of(cls, row: dict[str, Any]) -> "EarnRule":
        """The version of a row."""
        rule = earning.rule_of(orjson.loads(row["terms"]))
        return cls(
            code=rule.code,
            version=row["version"],
            kind=rule.kind,
            name=rule.name,
            points=_long(rule.points),
            per_minor=_long(rule.minor),
            multiplier=None if rule.multiplier_bps is None else BasisPointsValue(rule.multiplier_bps),
            priority=rule.priority,
            exclusive_group=rule.exclusive_group,
            starts_at=_moment(rule.starts_at),
            ends_at=_moment(rule.ends_at),
            weekdays=[day for day in Weekday if day in rule.weekdays],
            time_from=_clock(rule.time_from),
            time_until=_clock(rule.time_until),
            tiers=_choice(rule.tiers),
            skus=_choice(rule.skus),
            categories=_choice(rule.categories),
            stores=_choice(rule.stores),
            channels=_choice(rule.channels),
            first_order=rule.first_order,
            birthday=rule.birthday,
            min_eligible_minor=Long(rule.min_eligible_minor),
            caps=EarnCaps(**{each.name: _long(getattr(rule.caps, each.name)) for each in fields(Caps)}),
            budget=_long(rule.budget),
            published_at=Moment(row["published_at"]),
            ended_at=_moment(row["ended_at"]),
        )


def _long(value: int | None) -> Long | None:
    return None if value is None else Long(value)


def _moment(value: datetime | None) -> Moment | None:
    return None if value is None else Moment(value)


def _clock(value: time | None) -> str | None:
    return None if value is None else value.isoformat("minutes")


def _choice(choice: Choice) -> EarnChoice:
    return EarnChoice(include=sorted(choice.include), exclude=sorted(choice.exclude))


@strawberry.input(description="An earn rule: all of its filters must let a purchase in.")
class EarnRuleInput:
    code: str = strawberry.field(description=SAYS["code"])
    kind: EarnRuleKind = strawberry.field(description="What it does.")
    name: str = strawberry.field(description=SAYS["name"])
    points: Long | None = strawberry.field(default=None, description=SAYS["points"])
    per_minor: Long | None = strawberry.field(default=None, description=SAYS["per_minor"])
    multiplier: BasisPointsValue | None = strawberry.field(default=None, description=SAYS["multiplier"])
    priority: int = strawberry.field(default=0, description=SAYS["priority"])
    exclusive_group: str | None = strawberry.field(default=None, description=SAYS["exclusive_group"])
    starts_at: Moment | None = strawberry.field(default=None, description=SAYS["starts_at"])
    ends_at: Moment | None = strawberry.field(default=None, description=SAYS["ends_at"])
    weekdays: list[Weekday] = strawberry.field(default_factory=list, description=SAYS["weekdays"])
    time_from: str | None = strawberry.field(default=None, description=SAYS["time_from"])
    time_until: str | None = strawberry.field(default=None, description=SAYS["time_until"])
    tiers: EarnChoiceInput | None = strawberry.field(default=None, description=SAYS["tiers"])
    skus: EarnChoiceInput | None = strawberry.field(default=None, description=SAYS["skus"])
    categories: EarnChoiceInput | None = strawberry.field(default=None, description=SAYS["categories"])
    stores: EarnChoiceInput | None = strawberry.field(default=None, description=SAYS["stores"])
    channels: EarnChoiceInput | None = strawberry.field(default=None, description=SAYS["channels"])
    first_order: bool = strawberry.field(default=False, description=SAYS["first_order"])
    birthday: BirthdayMatch | None = strawberry.field(default=None, description=SAYS["birthday"])
    min_eligible_minor: Long = strawberry.field(default=Long(0), description=SAYS["min_eligible_minor"])
    caps: EarnCapsInput | None = strawberry.field(default=None, description=SAYS["caps"])
    budget: Long | None = strawberry.field(default=None, description=SAYS["budget"])


def rule_in(told: EarnRuleInput) -> earning.Rule:
    """The rule somebody wrote; whether it can be kept is for the rules to say."""
    caps = told.caps
    return earning.Rule(
        code=told.code,
        kind=told.kind,
        name=told.name.strip(),
        points=_points(told.points),
        minor=None if told.per_minor is None else Minor(told.per_minor),
        multiplier_bps=None if told.multiplier is None else BasisPoints(told.multiplier),
        priority=told.priority,
        exclusive_group=told.exclusive_group,
        starts_at=told.starts_at,
        ends_at=told.ends_at,
        weekdays=frozenset(told.weekdays),
        time_from=_time(told.time_from),
        time_until=_time(told.time_until),
        tiers=_choice_in(told.tiers),
        skus=_choice_in(told.skus),
        categories=_choice_in(told.categories),
        stores=_choice_in(told.stores),
        channels=_choice_in(told.channels),
        first_order=told.first_order,
        birthday=told.birthday,
        min_eligible_minor=Minor(told.min_eligible_minor),
        caps=Caps(**{each.name: _points(getattr(caps, each.name)) for each in fields(Caps)} if caps else {}),
        budget=_points(told.budget),
    )


def _points(value: Long | None) -> Points | None:
    return None if value is None else Points(value)


def _choice_in(told: EarnChoiceInput | None) -> Choice:
    return Choice(frozenset(told.include), frozenset(told.exclude)) if told else Choice()


def _time(told: str | None) -> time | None:
    try:
        return None if told is None else datetime.strptime(told, "%H:%M").time()  # noqa: DTZ007  no moment
    except ValueError:
        raise bad_input("A time of day is written `18:30`.") from None
