"""Partners: the organisations that bring members, what they may do, see and earn."""

from rules.partners._organisations import (
    NAME_MAX,
    PartnerNameInvalid,
    PartnerNameTaken,
    disable,
    enable,
    listed,
    register,
)

__all__ = [
    "NAME_MAX",
    "PartnerNameInvalid",
    "PartnerNameTaken",
    "disable",
    "enable",
    "listed",
    "register",
]
