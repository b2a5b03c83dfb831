"""Suspicions: what speaks against a referral, each with its reason and its weight, reckoned from facts alone."""

from dataclasses import dataclass, field
from enum import StrEnum

from models.referrals import ReferralState
from rules.referrals._guards import Guards

TIMES_MAX = 3
"""How often the same reason weighs. What is found more often is found as often, and weighs no more."""


class Suspicion(StrEnum):
    """What speaks against a referral."""

    SAME_DEVICE = "SAME_DEVICE"
    SAME_PAYER = "SAME_PAYER"
    SAME_ADDRESS = "SAME_ADDRESS"
    STAFF = "STAFF"
    VELOCITY = "VELOCITY"


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a referral, in counts: no name, no device, no address."""

    same_device: int = 0
    """How many other referrals there are with the device the referee registered with."""
    same_payer: int = 0
    """How many other members' orders were paid by who paid the referee's."""
    same_address: int = 0
    """How many other members' orders went where the referee's did."""
    is_staff: bool = False
    """Whether the referrer works for the programme."""
    in_hour: int = 0
    """How many the referrer brought within an hour, this one included."""
    in_day: int = 0


@dataclass(frozen=True, slots=True)
class Score:
    """How suspicious a referral is, and why: the reasons with how often each was found."""

    score: int = 0
    evidence: dict[str, int] = field(default_factory=dict)

    @property
    def reason(self) -> str:
        """The reason that weighs most, in one word."""
        return next(iter(self.evidence))


def suspicions(facts: Facts, guards: Guards) -> Score:
    """What speaks against a referral, the gravest first.

    >>> suspicions(Facts(same_device=2, in_hour=1, in_day=1), Guards())
    Score(score=120, evidence={'SAME_DEVICE': 2})
    """
    is_hasty = facts.in_hour > guards.per_hour or facts.in_day > guards.per_day
    found = (
        (Suspicion.SAME_DEVICE, facts.same_device, guards.same_device * min(facts.same_device, TIMES_MAX)),
        (Suspicion.SAME_PAYER, facts.same_payer, guards.same_payer * min(facts.same_payer, TIMES_MAX)),
        (Suspicion.SAME_ADDRESS, facts.same_address, guards.same_address * min(facts.same_address, TIMES_MAX)),
        (Suspicion.STAFF, int(facts.is_staff), guards.staff if facts.is_staff else 0),
        (Suspicion.VELOCITY, max(facts.in_hour, facts.in_day), guards.velocity if is_hasty else 0),
    )
    grave = sorted((each for each in found if each[2]), key=lambda each: -each[2])
    return Score(sum(weight for _, _, weight in grave), {reason.value: times for reason, times, _ in grave})


def verdict(score: Score, guards: Guards, *, cleared: int) -> ReferralState | None:
    """What follows of a score: somebody looks at it, or it is refused; None when nothing does.

    What somebody has cleared up to a score is not asked about again until more speaks against it.
    """
    if score.score <= cleared:
        return None
    if score.score >= guards.reject_score:
        return ReferralState.REJECTED
    return ReferralState.REVIEW if score.score >= guards.review_score else None
