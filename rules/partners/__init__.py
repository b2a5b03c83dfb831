"""Partners: the organisations that bring members, what they may do, see and earn."""

from rules.partners._books import bring_up_to_date
from rules.partners._organisations import (
    NAME_MAX,
    PartnerNameInvalid,
    PartnerNameTaken,
    disable,
    enable,
    listed,
    register,
)
from rules.partners._statistics import DAYS_MAX, By, Figures, Statistics, objection, statistics

__all__ = [
    "DAYS_MAX",
    "NAME_MAX",
    "By",
    "Figures",
    "PartnerNameInvalid",
    "PartnerNameTaken",
    "Statistics",
    "bring_up_to_date",
    "disable",
    "enable",
    "listed",
    "objection",
    "register",
    "statistics",
]
