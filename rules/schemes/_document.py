"""The document of a scheme: how one is written down, read again, and refused."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from enum import StrEnum
from itertools import pairwise
from typing import Any, TypeVar

from models.units import BALANCE_MAX, MOVE_MAX, WHOLE, BasisPoints, Growth, Points
from rules.schemes._rungs import Benefit, BenefitKind, Rung
from rules.schemes._scheme import (
    Basis,
    DowngradeMode,
    Period,
    RoundTo,
    Scheme,
    Unit,
    UpgradeTiming,
    Validity,
    Window,
    WindowKind,
)
from rules.schemes._words import TierSchemeInvalid, TierThresholdOrder

MULTIPLIER_MAX = BasisPoints(1_000_000)
LEVELS_MAX = 20
BENEFITS_MAX = 30
THRESHOLD_MAX = BALANCE_MAX - 1_000
DAYS_MAX = 3_660
VALIDITY_MAX = {Unit.DAY: DAYS_MAX, Unit.MONTH: 120, Unit.YEAR: 10}
CODE_MAX, NAME_MAX = 32, 80
USES_MAX = 1_000

RANGES: dict[BenefitKind, range] = {
    BenefitKind.EARN_MULTIPLIER: range(WHOLE, MULTIPLIER_MAX + 1),
    BenefitKind.REDEEM_LIMIT: range(1, BALANCE_MAX + 1),
    BenefitKind.CAP_OVERRIDE: range(WHOLE + 1, MULTIPLIER_MAX + 1),
    BenefitKind.REDEEM_DISCOUNT: range(1, WHOLE),
    BenefitKind.MEMBER_PRICE: range(1, WHOLE),
    BenefitKind.PERIODIC_COUPON: range(1, 101),
    BenefitKind.UPGRADE_GIFT: range(1, MOVE_MAX + 1),
    BenefitKind.BIRTHDAY_GIFT: range(1, MOVE_MAX + 1),
}
"""What the value of each kind may be; those that have a code and no value are not among them."""

CODED = frozenset({BenefitKind.PERIODIC_COUPON, BenefitKind.EXCLUSIVE_ACCESS, BenefitKind.COMMUNITY_ACCESS})
"""The kinds that say by a code what they open or give."""

COUNTED = frozenset({BenefitKind.EXCLUSIVE_ACCESS, BenefitKind.COMMUNITY_ACCESS})
"""The kinds whose uses may be limited."""

COLUMNS = frozenset({BenefitKind.EARN_MULTIPLIER, BenefitKind.REDEEM_LIMIT})
"""The kinds that a rung has by themselves."""

K = TypeVar("K", bound=StrEnum)


def plain(scheme: Scheme, ladder: tuple[Rung, ...]) -> dict[str, Any]:
    """A scheme and its tiers, as they are written down."""
    told = {name: value for name, value in asdict(scheme).items() if name != "version"}
    return {**told, "levels": [_level(rung) for rung in ladder]}


def _level(rung: Rung) -> dict[str, Any]:
    benefits = [{name: value for name, value in asdict(each).items() if value is not None} for each in all_of(rung)]
    return {
        "code": rung.code,
        "name": rung.name,
        "threshold": rung.threshold,
        "retain_threshold": rung.keeps_from,
        "never_downgrade": rung.never_downgrade,
        "benefits": benefits,
    }


def all_of(rung: Rung) -> tuple[Benefit, ...]:
    """All that a tier gives, the multiplier and the limit first."""
    found = []
    if rung.earn_multiplier_bps > WHOLE:
        found.append(Benefit(BenefitKind.EARN_MULTIPLIER, rung.earn_multiplier_bps))
    if rung.redeem_limit_points is not None:
        found.append(Benefit(BenefitKind.REDEEM_LIMIT, rung.redeem_limit_points))
    return (*found, *rung.benefits)


def read(document: Mapping[str, Any]) -> tuple[Scheme, tuple[Rung, ...]]:
    """A published scheme and its tiers, lowest first, of what is stored."""
    window, validity = document["window"], document["validity"]
    scheme = Scheme(
        version=document["version"],
        basis=Basis(document["basis"]),
        window=Window(WindowKind(window["kind"]), window["days"], window["period"] and Period(window["period"])),
        upgrade_timing=UpgradeTiming(document["upgrade_timing"]),
        downgrade_mode=DowngradeMode(document["downgrade_mode"]),
        validity=validity and Validity(validity["n"], Unit(validity["unit"]), RoundTo(validity["round_to"])),
        grace_days=document["grace_days"],
        refund_correction_days=document["refund_correction_days"],
    )
    return scheme, tuple(_known(rank, level) for rank, level in enumerate(document["levels"]))


def _known(rank: int, level: Mapping[str, Any]) -> Rung:
    given = [Benefit(**{**each, "kind": BenefitKind(each["kind"])}) for each in level["benefits"]]
    return _with_benefits(
        Rung(
            code=level["code"],
            name=level["name"],
            threshold=Growth(level["threshold"]),
            rank=rank,
            retain_threshold=Growth(level["retain_threshold"]),
            never_downgrade=level["never_downgrade"],
        ),
        given,
    )


def _with_benefits(rung: Rung, benefits: Sequence[Benefit]) -> Rung:
    values = {each.kind: each.value for each in benefits}
    limit = values.get(BenefitKind.REDEEM_LIMIT)
    return replace(
        rung,
        earn_multiplier_bps=BasisPoints(values.get(BenefitKind.EARN_MULTIPLIER) or WHOLE),
        redeem_limit_points=None if limit is None else Points(limit),
        benefits=tuple(each for each in benefits if each.kind not in COLUMNS),
    )


def parse(document: object, *, version: int) -> tuple[Scheme, tuple[Rung, ...]]:
    """A scheme and its tiers, lowest first, of what was written down.

    Raises: TierSchemeInvalid, TierThresholdOrder.
    """
    told = _table("the scheme", document, known=_SCHEME)
    scheme = Scheme(
        version=version,
        basis=_one_of(Basis, told, "basis", Basis.GROWTH),
        window=_window(told.get("window") or {}),
        upgrade_timing=_one_of(UpgradeTiming, told, "upgrade_timing", UpgradeTiming.IMMEDIATE),
        downgrade_mode=_one_of(DowngradeMode, told, "downgrade_mode", DowngradeMode.NONE),
        validity=_validity(told.get("validity")),
        grace_days=_number(told, "grace_days", range(367), 0),
        refund_correction_days=_number(told, "refund_correction_days", range(367), 30),
    )
    levels = told.get("levels")
    if not isinstance(levels, list) or not 1 <= len(levels) <= LEVELS_MAX:
        raise TierSchemeInvalid(f"A scheme has 1 to {LEVELS_MAX} `levels`.")
    ladder = tuple(replace(_rung(each), rank=rank) for rank, each in enumerate(levels))
    check_ladder(ladder)
    return scheme, ladder


_SCHEME = {
    "basis",
    "window",
    "upgrade_timing",
    "downgrade_mode",
    "validity",
    "grace_days",
    "refund_correction_days",
    "levels",
    "version",
}
_LEVEL = {"code", "name", "rank", "threshold", "retain_threshold", "never_downgrade", "benefits"}


def _window(told: object) -> Window:
    table = _table("window", told, known={"kind", "days", "period"})
    kind = _one_of(WindowKind, table, "kind", WindowKind.LIFETIME)
    is_rolling, is_calendar = kind is WindowKind.ROLLING, kind is WindowKind.CALENDAR
    days = _number(table, "days", range(1, DAYS_MAX + 1)) if is_rolling else None
    period = _one_of(Period, table, "period") if is_calendar else None
    for name, is_meant in (("days", is_rolling), ("period", is_calendar)):
        if table.get(name) is not None and not is_meant:
            raise TierSchemeInvalid(f"A window of the kind {kind} has no `{name}`.")
    return Window(kind, days, period)


def _validity(told: object) -> Validity | None:
    if told is None:
        return None
    table = _table("validity", told, known={"n", "unit", "round_to"})
    unit = _one_of(Unit, table, "unit")
    n = _number(table, "n", range(1, VALIDITY_MAX[unit] + 1))
    return Validity(n, unit, _one_of(RoundTo, table, "round_to", RoundTo.NONE))


def _rung(told: object) -> Rung:
    table = _table("a level", told, known=_LEVEL)
    code, name = _text(table, "code", CODE_MAX), _text(table, "name", NAME_MAX)
    if not re.fullmatch(r"[A-Z][A-Z0-9_]*", code):
        raise TierSchemeInvalid(f"The code {code!r} must be of capitals, digits and underscores.")
    threshold = _number(table, "threshold", range(THRESHOLD_MAX + 1))
    retain = _number(table, "retain_threshold", range(THRESHOLD_MAX + 1), threshold)
    given = table.get("benefits") or []
    if not isinstance(given, list) or len(given) > BENEFITS_MAX:
        raise TierSchemeInvalid(f"{code} has a list of {BENEFITS_MAX} benefits at most.")
    benefits = [_benefit(code, each) for each in given]
    if len({(each.kind, each.code) for each in benefits}) < len(benefits):
        raise TierSchemeInvalid(f"{code} gives the same benefit twice.")
    kept = bool(table.get("never_downgrade"))
    rung = Rung(code, name, Growth(threshold), retain_threshold=Growth(retain), never_downgrade=kept)
    return _with_benefits(rung, benefits)


def _benefit(code: str, told: object) -> Benefit:
    table = _table(f"a benefit of {code}", told, known={"kind", "value", "code", "per_month"})
    kind = _one_of(BenefitKind, table, "kind")
    value = _number(table, "value", RANGES[kind]) if kind in RANGES else None
    opens = _text(table, "code", CODE_MAX) if kind in CODED else None
    for name, is_meant in (("value", kind in RANGES), ("code", kind in CODED), ("per_month", kind in COUNTED)):
        if table.get(name) is not None and not is_meant:
            raise TierSchemeInvalid(f"A benefit of the kind {kind} has no `{name}`.")
    uses = table.get("per_month")
    return Benefit(
        kind, value, opens, None if uses is None else _number(table, "per_month", range(1, USES_MAX + 1))
    )


def _table(what: str, told: object, *, known: set[str]) -> Mapping[str, Any]:
    if not isinstance(told, Mapping):
        raise TierSchemeInvalid(f"{what} is no table.")
    if unknown := sorted(str(name) for name in told.keys() - known):
        raise TierSchemeInvalid(f"{what} has no {unknown[0][:CODE_MAX]!r}.")
    return told


def _text(table: Mapping[str, Any], name: str, longest: int) -> str:
    found = table.get(name)
    if not isinstance(found, str) or not 0 < len(found.strip()) <= longest or not found.isprintable():
        raise TierSchemeInvalid(f"`{name}` is a text of 1 to {longest} characters.")
    return found.strip()


def _number(table: Mapping[str, Any], name: str, allowed: range, usual: int | None = None) -> int:
    found = table.get(name)
    if found is None:
        found = usual
    if not isinstance(found, int) or isinstance(found, bool) or found not in allowed:
        raise TierSchemeInvalid(f"`{name}` is a whole number from {allowed[0]} to {allowed[-1]}.")
    return found


def _one_of(kind: Callable[[Any], K], table: Mapping[str, Any], name: str, usual: K | None = None) -> K:
    found = table.get(name)
    if found is None and usual is not None:
        return usual
    try:
        return kind(found)
    except ValueError:
        known = ", ".join(str(each) for each in kind)  # type: ignore[attr-defined]  # an enumeration
        raise TierSchemeInvalid(f"`{name}` is one of {known}.") from None


def check_ladder(ladder: tuple[Rung, ...]) -> None:
    """Refuse a ladder that does not start at nought, or does not rise.

    Raises: TierSchemeInvalid, TierThresholdOrder.
    """
    if not ladder or ladder[0].threshold != 0:
        raise TierThresholdOrder("The first tier must have the threshold 0.")
    for lower, upper in pairwise(ladder):
        if upper.threshold <= lower.threshold:
            raise TierThresholdOrder(f"The threshold of {upper.code} must be above that of {lower.code}.")
    if len({rung.code for rung in ladder}) < len(ladder):
        raise TierSchemeInvalid("Two tiers have the same code.")
    for rung in ladder:
        _check_rung(rung)


def _check_rung(rung: Rung) -> None:
    """Refuse benefits and thresholds that no tier can have. Raises: TierSchemeInvalid, TierThresholdOrder."""
    if not WHOLE <= rung.earn_multiplier_bps <= MULTIPLIER_MAX:
        raise TierSchemeInvalid(f"The earn multiplier of {rung.code} must be 10000 to {MULTIPLIER_MAX}.")
    if rung.redeem_limit_points is not None and not 0 < rung.redeem_limit_points <= BALANCE_MAX:
        raise TierSchemeInvalid(f"The redeem limit of {rung.code} must be above 0, or absent.")
    if rung.threshold > BALANCE_MAX:
        raise TierSchemeInvalid(f"The threshold of {rung.code} is out of reach.")
    if rung.keeps_from > rung.threshold:
        raise TierThresholdOrder(f"What retains {rung.code} must not be above its threshold.")
