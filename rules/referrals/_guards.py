"""Guards: what a campaign holds to be suspicious, how much each reason weighs, and what follows of the sum."""

from dataclasses import dataclass

SCORE_MAX = 10_000


@dataclass(frozen=True, slots=True)
class Guards:
    """When a referral waits for somebody to look at it, and when it is refused at once."""

    review_score: int = 50
    """From which score on somebody looks at it."""
    reject_score: int = 150
    """From which score on nobody has to."""
    same_device: int = 60
    """What each other referral with the same device weighs, of three at most."""
    same_payer: int = 60
    """What each other member weighs whose order the same account has paid, of three at most."""
    same_address: int = 30
    """What each other member weighs whose order went to the same address, of three at most."""
    staff: int = 150
    """What it weighs that the referrer works for the programme."""
    velocity: int = 50
    """What it weighs that a referrer brought more than so many in an hour or a day."""
    per_hour: int = 10
    per_day: int = 40
    review_days: int = 30
    """How long somebody may look at it. After that it is refused: nobody is rewarded for silence."""
