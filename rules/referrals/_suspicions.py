"""Suspicions: what speaks against a referral, each with its reason and its weight, reckoned from facts alone."""

from dataclasses import dataclass, field

SAME_DEVICE = "SAME_DEVICE"
"""Others were bound with the device the referee registered with."""

WEIGHTS = {SAME_DEVICE: 60}
"""How much each reason weighs. A campaign says from which sum on somebody looks at it."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a referral when it is bound."""

    same_device: int = 0
    """How many others were bound with the same device."""


@dataclass(frozen=True, slots=True)
class Score:
    """How suspicious a referral is, and why: the reasons with what each is about."""

    score: int = 0
    evidence: dict[str, int] = field(default_factory=dict)


def suspicions(facts: Facts) -> Score:
    """What speaks against a referral.

    >>> suspicions(Facts(same_device=2))
    Score(score=60, evidence={'SAME_DEVICE': 2})
    """
    found = {SAME_DEVICE: facts.same_device}
    evidence = {reason: times for reason, times in found.items() if times}
    return Score(sum(WEIGHTS[reason] for reason in evidence), evidence)
