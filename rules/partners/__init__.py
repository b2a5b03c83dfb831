"""Partners: the organisations that bring members, what they may do, see and earn."""

from rules.partners._accruing import accrue
from rules.partners._books import bring_up_to_date
from rules.partners._lines import Line, lines
from rules.partners._links import LINKS_MAX, PartnerLinkLimit, open_link, retire_link
from rules.partners._organisations import (
    NAME_MAX,
    PartnerFeeInvalid,
    PartnerNameInvalid,
    PartnerNameTaken,
    disable,
    enable,
    listed,
    register,
)
from rules.partners._settling import (
    OwnSettlement,
    PaymentRefInvalid,
    SettlementDecided,
    bring_settlements,
)
from rules.partners._settling import approve as approve_settlement
from rules.partners._settling import pay as pay_settlement
from rules.partners._settling import reject as reject_settlement
from rules.partners._statistics import DAYS_MAX, TOLD, By, Statistics, objection, statistics

__all__ = [
    "DAYS_MAX",
    "LINKS_MAX",
    "NAME_MAX",
    "TOLD",
    "By",
    "Line",
    "OwnSettlement",
    "PartnerFeeInvalid",
    "PartnerLinkLimit",
    "PartnerNameInvalid",
    "PartnerNameTaken",
    "PaymentRefInvalid",
    "SettlementDecided",
    "Statistics",
    "accrue",
    "approve_settlement",
    "bring_settlements",
    "bring_up_to_date",
    "disable",
    "enable",
    "lines",
    "listed",
    "objection",
    "open_link",
    "pay_settlement",
    "register",
    "reject_settlement",
    "retire_link",
    "statistics",
]
