"""What is missing: what a referee has yet to do for their referral to qualify."""

from dataclasses import dataclass
from enum import StrEnum

from models.referrals import ReferralState
from rules.referrals._campaign import Campaign, QualifyingAct


class Missing(StrEnum):
    """What is yet to happen."""

    NOTHING = "NOTHING"
    REGISTRATION = "REGISTRATION"
    ORDER = "ORDER"
    COMPLETION = "COMPLETION"
    SPENDING = "SPENDING"
    HOLD = "HOLD"
    REVIEW = "REVIEW"


_OF_ACT = {
    QualifyingAct.REGISTERED: Missing.REGISTRATION,
    QualifyingAct.FIRST_ORDER_PAID: Missing.ORDER,
    QualifyingAct.FIRST_ORDER_COMPLETED: Missing.ORDER,
    QualifyingAct.SPEND: Missing.SPENDING,
}


@dataclass(frozen=True, slots=True)
class Need:
    """What is missing, and how much more must be spent where it is money."""

    what: Missing
    minor: int | None = None


def missing(campaign: Campaign, state: ReferralState, spent_minor: int) -> Need:
    """What a referral needs to qualify.

    >>> missing(Campaign("TEA", "Tea", act=QualifyingAct.SPEND, spend_minor=500), ReferralState.BOUND, 300)
    Need(what=<Missing.SPENDING: 'SPENDING'>, minor=200)
    """
    if state is not ReferralState.BOUND:
        waits = {ReferralState.QUALIFYING: Missing.HOLD, ReferralState.REVIEW: Missing.REVIEW}
        return Need(waits.get(state, Missing.NOTHING))
    if campaign.act is QualifyingAct.SPEND:
        return Need(Missing.SPENDING, max(0, (campaign.spend_minor or 0) - spent_minor))
    if campaign.act is QualifyingAct.FIRST_ORDER_COMPLETED and spent_minor >= max(1, campaign.min_order_minor):
        return Need(Missing.COMPLETION)
    return Need(_OF_ACT[campaign.act], campaign.min_order_minor or None)
