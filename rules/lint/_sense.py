"""Sense: what no law forbids, and what costs a programme more than it meant to give."""

from collections.abc import Iterator, Set
from typing import Any

from rules.lint._drafts import Draft, gives, whole
from rules.lint._findings import Finding, LintCode
from rules.lint._vocabulary import FIELDS, WRITTEN

BY_ORDER = {"FIRST_ORDER_PAID", "FIRST_ORDER_COMPLETED"}
USUAL_DAYS = {"holdDays": 7, "clawBackDays": 30, "windowDays": 30, "validDays": 180}
USUAL_GUARDS = {"staff": 150, "reviewScore": 50}
USUAL_CAPS = {"day": 20, "month": 100, "lifetime": None}


def unwise(draft: Draft, worth: tuple[int, int] | None, named: Set[str]) -> Iterator[Finding]:
    """What is better looked at twice, but for fields that were named already."""
    if gives([draft.part("referrer"), draft.part("referee"), draft.parts("milestones")]):
        yield from _unheld(draft)
    if gives([draft.part("referrer"), draft.parts("milestones")]) and not _is_capped(draft.told.get("caps", {})):
        yield Finding(LintCode.CAP_MISSING, "caps")
    if worth is not None and _pays_oneself(draft, worth):
        yield Finding(LintCode.REWARD_ABOVE_ORDER, "spendMinor" if draft.act == "SPEND" else "minOrderMinor")
    if _days(draft, "windowDays") > _days(draft, "validDays"):
        yield Finding(LintCode.WINDOW_ABOVE_VALIDITY, "windowDays")
    if _guard(draft, "staff") < _guard(draft, "reviewScore"):
        yield Finding(LintCode.STAFF_PAID, "guards.staff")
    for name in sorted(draft.told.keys() - FIELDS - WRITTEN - named):
        yield Finding(LintCode.FIELD_UNKNOWN, name)


def _days(draft: Draft, name: str) -> int:
    return draft.number(name, USUAL_DAYS[name])


def _guard(draft: Draft, name: str) -> int:
    return whole(draft.part("guards").get(name), USUAL_GUARDS[name])


def _unheld(draft: Draft) -> Iterator[Finding]:
    """What rewards are given without: time, a way back, an end."""
    if _days(draft, "holdDays") == 0:
        yield Finding(LintCode.HOLD_ZERO, "holdDays")
    if _days(draft, "clawBackDays") == 0:
        yield Finding(LintCode.CLAW_BACK_NONE, "clawBackDays")
    if draft.told.get("budget") is None:
        yield Finding(LintCode.BUDGET_MISSING, "budget")


def _is_capped(caps: Any) -> bool:
    """Whether anything caps what one referrer gets."""
    said = caps if isinstance(caps, dict) else {}
    return any(said.get(name, usual) is not None for name, usual in USUAL_CAPS.items())


def _pays_oneself(draft: Draft, worth: tuple[int, int]) -> bool:
    """Whether both rewards together are worth more than the least that must be paid for them."""
    if draft.act in BY_ORDER:
        least = draft.number("minOrderMinor", 0)
    elif draft.act == "SPEND":
        least = draft.number("spendMinor", 0)
    else:
        return False
    points, minor = worth
    both = sum(_most(draft.part(side)) for side in ("referrer", "referee"))
    return points > 0 and both * minor > least * points


def _most(reward: dict[str, Any]) -> int:
    """The most points a side is given, of whatever tier."""
    tiers = reward.get("byTier")
    each = [reward, *(tiers if isinstance(tiers, list) else [])]
    return max(whole(one.get("points"), 0) for one in each if isinstance(one, dict))
