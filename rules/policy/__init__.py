"""The points policy: how points come to life, how long they live and what they are worth, as versions of data."""

from rules.policy._lifetimes import end_of, expires
from rules.policy._policy import (
    Activation,
    ActivationMode,
    ClawBack,
    ClawBackPolicy,
    Expiry,
    ExpiryMode,
    Payment,
    PointsPolicy,
    PointsPolicyInvalid,
    PolicyUnreadable,
    RoundUp,
    Span,
    Transfer,
    check,
    parsed,
    plain,
    read,
)
from rules.policy._publishing import PointsPolicyChanged, Published, of_version, publish

__all__ = [
    "Activation",
    "ActivationMode",
    "ClawBack",
    "ClawBackPolicy",
    "Expiry",
    "ExpiryMode",
    "Payment",
    "PointsPolicy",
    "PointsPolicyChanged",
    "PointsPolicyInvalid",
    "PolicyUnreadable",
    "Published",
    "RoundUp",
    "Span",
    "Transfer",
    "check",
    "end_of",
    "expires",
    "of_version",
    "parsed",
    "plain",
    "publish",
    "read",
]
