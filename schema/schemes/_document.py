"""The document of a scheme, as it is shown and as it is sent."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

import strawberry

from rules.schemes import (
    Basis,
    BenefitKind,
    DowngradeMode,
    Period,
    RoundTo,
    Rung,
    Scheme,
    Unit,
    UpgradeTiming,
    Validity,
    WindowKind,
)
from schema.enums import describe
from schema.permissions import PUBLIC, seen
from schema.scalars import Long, Moment
from schema.tiers import Benefit, benefits_of

describe(
    Basis,
    "What tiers are reached by.",
    {
        Basis.GROWTH: "By growth value (成长值).",
        Basis.SPEND: "By what was spent on goods, in minor units, less what points paid and what was refunded.",
        Basis.ORDERS: "By how many orders were paid, without those that were refunded as a whole.",
    },
    name="TierBasis",
)
describe(
    WindowKind,
    "Over what time it counts.",
    {
        WindowKind.LIFETIME: "All time.",
        WindowKind.ROLLING: "So many days, today the last of them.",
        WindowKind.CALENDAR: "The month, quarter, half-year or year of the calendar.",
        WindowKind.ANNIVERSARY: "The year of membership, from one anniversary to the next.",
    },
    name="TierWindowKind",
)
describe(
    Period,
    "A stretch of the calendar.",
    {
        Period.MONTH: "A month.",
        Period.QUARTER: "Three months, from January, April, July or October.",
        Period.HALF: "Half a year, from January or July.",
        Period.YEAR: "A year.",
    },
    name="TierPeriod",
)
describe(
    UpgradeTiming,
    "When a tier that was reached is held.",
    {
        UpgradeTiming.IMMEDIATE: "At once.",
        UpgradeTiming.NEXT_PERIOD: "From the next period on: the window's own, else the next month.",
    },
    name="TierUpgradeTiming",
)
describe(
    DowngradeMode,
    "What becomes of a tier that is not retained at its review.",
    {
        DowngradeMode.NONE: "Nothing: no tier is ever lost, and none is reviewed.",
        DowngradeMode.ONE_DOWN: "The tier below it is held from then on.",
        DowngradeMode.REASSESS: "The highest tier is held whose threshold is met.",
    },
    name="TierDowngradeMode",
)
describe(
    Unit,
    "What a validity is counted in.",
    {Unit.DAY: "Days.", Unit.MONTH: "Months.", Unit.YEAR: "Years."},
    name="TierValidityUnit",
)
describe(
    RoundTo,
    "To the end of what a validity is drawn out.",
    {
        RoundTo.NONE: "Not at all: it ends with its last day.",
        RoundTo.MONTH: "The month its last day lies in.",
        RoundTo.QUARTER: "The quarter its last day lies in.",
        RoundTo.YEAR: "The year its last day lies in.",
    },
    name="TierRounding",
)


@strawberry.type(description="Over what time growth, spending or orders count.")
class TierWindow:
    kind: WindowKind = seen(PUBLIC, "What sort of window.")
    days: int | None = seen(PUBLIC, "How many days, of a rolling one.")
    period: Period | None = seen(PUBLIC, "Which period, of the calendar's.")


@strawberry.type(description="How long a tier is held before it is reviewed.")
class TierValidity:
    n: int = seen(PUBLIC, "How many …")
    unit: Unit = seen(PUBLIC, "… of what, counted from the day the tier was reached or last reviewed.")
    round_to: RoundTo = seen(PUBLIC, "To the end of what that is drawn out.")


@strawberry.type(description="One level of a scheme.")
class TierLevel:
    rank: int = seen(PUBLIC, "0 for the lowest, one more for each above.")
    code: str = seen(PUBLIC, "The tier's short name, by which it stays the same tier in every version.")
    name: str = seen(PUBLIC, "The tier's name for people.")
    threshold: Long = seen(PUBLIC, "From what on it is reached.")
    retain_threshold: Long = seen(PUBLIC, "What keeps it at a review (保级): no more than the threshold.")
    never_downgrade: bool = seen(PUBLIC, "Whether it is never lost once it was reached.")
    benefits: list[Benefit] = seen(PUBLIC, "What it gives.")


@strawberry.type(description="How the programme's tiers are won, held and lost: one version, which never changes.")
class TierScheme:
    version: int = seen(PUBLIC, "1 for the first that was published; 0 where none was.")
    published_at: Moment | None = seen(PUBLIC, "When it was published; null for version 0.")
    basis: Basis = seen(PUBLIC, "What tiers are reached by.")
    window: TierWindow = seen(PUBLIC, "Over what time it counts.")
    upgrade_timing: UpgradeTiming = seen(PUBLIC, "When a tier that was reached is held.")
    downgrade_mode: DowngradeMode = seen(PUBLIC, "What becomes of a tier that is not retained.")
    validity: TierValidity | None = seen(
        PUBLIC, "How long a tier is held before it is reviewed; null means for good."
    )
    grace_days: int = seen(PUBLIC, "How many days more a tier is held that was not retained, to make up for it.")
    refund_correction_days: int = seen(
        PUBLIC, "For how many days a refund of the order that won a tier takes it back; 0 means never."
    )
    levels: list[TierLevel] = seen(PUBLIC, "The levels, lowest first.")

    @classmethod
    def of(cls, scheme: Scheme, ladder: tuple[Rung, ...], published_at: datetime | None) -> "TierScheme":
        """The scheme as a client sees it."""
        window, validity = scheme.window, scheme.validity
        return cls(
            version=scheme.version,
            published_at=None if published_at is None else Moment(published_at),
            basis=scheme.basis,
            window=TierWindow(kind=window.kind, days=window.days, period=window.period),
            upgrade_timing=scheme.upgrade_timing,
            downgrade_mode=scheme.downgrade_mode,
            validity=None if validity is None else _validity(validity),
            grace_days=scheme.grace_days,
            refund_correction_days=scheme.refund_correction_days,
            levels=[_level(rung) for rung in ladder],
        )


def _validity(found: Validity) -> TierValidity:
    return TierValidity(n=found.n, unit=found.unit, round_to=found.round_to)


def _level(rung: Rung) -> TierLevel:
    return TierLevel(
        rank=rung.rank,
        code=rung.code,
        name=rung.name,
        threshold=Long(rung.threshold),
        retain_threshold=Long(rung.keeps_from),
        never_downgrade=rung.never_downgrade,
        benefits=benefits_of(rung),
    )


@strawberry.input(description="Over what time growth, spending or orders count.")
class TierWindowInput:
    kind: WindowKind = strawberry.field(description="What sort of window.")
    days: int | None = strawberry.field(default=None, description="How many days, of a rolling one.")
    period: Period | None = strawberry.field(default=None, description="Which period, of the calendar's.")


@strawberry.input(description="How long a tier is held before it is reviewed.")
class TierValidityInput:
    n: int = strawberry.field(description="How many …")
    unit: Unit = strawberry.field(description="… of what.")
    round_to: RoundTo = strawberry.field(default=RoundTo.NONE, description="To the end of what it is drawn out.")


@strawberry.input(description="Something a tier gives.")
class TierBenefitInput:
    kind: BenefitKind = strawberry.field(description="What sort of benefit.")
    value: Long | None = strawberry.field(default=None, description="How much of it, in the unit its kind names.")
    code: str | None = strawberry.field(
        default=None, description="What it opens or gives, where its kind has a code."
    )
    per_month: int | None = strawberry.field(
        default=None, description="How often a month it may be used; as often as they like by default."
    )


@strawberry.input(description="One level of a scheme.")
class TierLevelInput:
    code: str = strawberry.field(description="Its short name: capitals, digits and underscores, 32 at most.")
    name: str = strawberry.field(description="Its name for people, 80 characters at most.")
    threshold: Long = strawberry.field(description="From what on it is reached: 0 for the lowest.")
    retain_threshold: Long | None = strawberry.field(
        default=None, description="What keeps it at a review; the threshold by default."
    )
    never_downgrade: bool = strawberry.field(default=False, description="Whether it is never lost.")
    benefits: list[TierBenefitInput] = strawberry.field(default_factory=list, description="What it gives.")


@strawberry.input(description="How the programme's tiers are to be won, held and lost.")
class TierSchemeInput:
    basis: Basis = strawberry.field(default=Basis.GROWTH, description="What tiers are reached by.")
    window: TierWindowInput | None = strawberry.field(
        default=None, description="Over what time it counts; all time by default."
    )
    upgrade_timing: UpgradeTiming = strawberry.field(
        default=UpgradeTiming.IMMEDIATE, description="When a tier that was reached is held."
    )
    downgrade_mode: DowngradeMode = strawberry.field(
        default=DowngradeMode.NONE, description="What becomes of a tier that is not retained."
    )
    validity: TierValidityInput | None = strawberry.field(
        default=None, description="How long a tier is held before it is reviewed; for good by default."
    )
    grace_days: int = strawberry.field(
        default=0, description="How long a tier is held that was not retained: 0 to 366."
    )
    refund_correction_days: int = strawberry.field(
        default=30, description="For how many days a refund takes back the tier its order won: 0 to 366."
    )
    levels: list[TierLevelInput] = strawberry.field(description="The levels, lowest first: 1 to 20.")


def written(given: TierSchemeInput) -> dict[str, Any]:
    """The document of what was sent."""
    told = asdict(given)
    return {name: value for name, value in told.items() if value is not None}
