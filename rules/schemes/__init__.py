"""Schemes: by what a programme's tiers are reached, for how long they are held, and how they are lost."""

from rules.schemes._document import MULTIPLIER_MAX, all_of, check_ladder, parse, plain, read
from rules.schemes._gifts import Gift, gifts_of
from rules.schemes._rungs import Benefit, BenefitKind, Rung
from rules.schemes._scheme import (
    FIRST,
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

__all__ = [
    "FIRST",
    "MULTIPLIER_MAX",
    "Basis",
    "Benefit",
    "BenefitKind",
    "DowngradeMode",
    "Gift",
    "Period",
    "RoundTo",
    "Rung",
    "Scheme",
    "TierSchemeInvalid",
    "TierThresholdOrder",
    "Unit",
    "UpgradeTiming",
    "Validity",
    "Window",
    "WindowKind",
    "all_of",
    "check_ladder",
    "gifts_of",
    "parse",
    "plain",
    "read",
]
