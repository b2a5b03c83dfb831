"""Referral campaigns as staff see and write them."""

from dataclasses import fields
from typing import Any, TypeVar
from uuid import UUID

import strawberry

from models.referral_rewards import TallyPeriod
from models.units import BasisPoints, Growth, Minor, Points
from rules import referrals
from rules.idempotency import NOBODYS
from rules.referrals import Attribution, Campaign, QualifyingAct
from schema import ids
from schema.enums import describe
from schema.ids import Tag
from schema.permissions import STAFF, seen
from schema.scalars import BasisPointsValue, Long, Moment

Part = TypeVar("Part")

describe(
    Attribution,
    "Which of somebody's touches binds them. A code they bring when they register is their last touch.",
    {
        Attribution.LAST_TOUCH_WINDOW: "The last one, unless it is older than `windowDays`.",
        Attribution.FIRST_TOUCH_WINDOW: "The first one of the last `windowDays`.",
        Attribution.FIRST_TOUCH_PERMANENT: "The first one that is known at all.",
        Attribution.MANUAL: "None: staff bind.",
    },
    name="ReferralAttribution",
)
describe(
    QualifyingAct,
    "What a referee has to do for their referral to qualify.",
    {
        QualifyingAct.REGISTERED: "Register, and be known by a verified phone or WeChat account.",
        QualifyingAct.FIRST_ORDER_PAID: "Pay an order of `minOrderMinor` at least.",
        QualifyingAct.FIRST_ORDER_COMPLETED: "Have such an order completed.",
        QualifyingAct.SPEND: "Spend `spendMinor` in all, less refunds.",
        QualifyingAct.COMMUNITY_DAYS: "Stay in a community for some days: refused, while there are none.",
    },
    name="ReferralAct",
)
describe(
    TallyPeriod,
    "Over what referrals are counted.",
    {
        TallyPeriod.DAY: "A day of the programme.",
        TallyPeriod.MONTH: "A month.",
        TallyPeriod.QUARTER: "A quarter of the year.",
        TallyPeriod.YEAR: "A year.",
        TallyPeriod.LIFETIME: "All time.",
    },
    name="ReferralPeriod",
)

SAYS = {
    "code": "The campaign's code: capitals, digits and underscores.",
    "name": "What people call it.",
    "priority": "0 to 1000. Of the campaigns that run, the highest binds those who come by a code that names none.",
    "starts_at": "Since when it binds.",
    "ends_at": "From when on it binds nobody any more. Publish a version with a moment that has come to end it.",
    "window_days": "How old the touch may be that binds: 1 to 365.",
    "valid_days": "How many days a referral may take to qualify, and its orders count.",
    "min_order_minor": "The least that must be paid for the order, and not by points.",
    "spend_minor": "SPEND: how much.",
    "hold_days": "How long it is waited after the act, so that a refund costs nothing.",
    "claw_back_days": "How long after it has qualified a refund takes the rewards back.",
    "cycle": "Within what milestones are reached: MONTH, QUARTER, YEAR or LIFETIME.",
    "budget": "How many points it gives away at most, to both sides together; null is no budget.",
    "link": "Where its links lead: an https address with `{code}` in its path or query; null for none.",
}


@strawberry.type(description="What holders of one tier are given.")
class ReferralTierReward:
    tier: str = seen(STAFF, "The tier's code.")
    points: Long = seen(STAFF, "Points.")
    growth: Long = seen(STAFF, "Growth value.")


@strawberry.type(description="What one side of a referral is given.")
class ReferralReward:
    points: Long = seen(STAFF, "Points.")
    growth: Long = seen(STAFF, "Growth value.")
    by_tier: list[ReferralTierReward] = seen(STAFF, "What holders of these tiers are given instead.")


@strawberry.type(description="What a referrer is given besides, once in a cycle, for so many who have qualified.")
class ReferralMilestone:
    qualified: int = seen(STAFF, "How many.")
    points: Long = seen(STAFF, "Points.")
    growth: Long = seen(STAFF, "Growth value.")
    revocable: bool = seen(STAFF, "Whether it is taken back when refunds leave fewer.")


@strawberry.type(description="For how many referrals a referrer is rewarded at most; null is no cap.")
class ReferralCaps:
    day: int | None = seen(STAFF, "A day.")
    month: int | None = seen(STAFF, "A month.")
    lifetime: int | None = seen(STAFF, "In all.")


ONLY_SAYS = "The partners whose links may be for it, 100 at most; empty for any partner's."


@strawberry.type(description="What a partner is paid for the orders of those they brought.")
class ReferralPartnerTerms:
    commission_bps: BasisPointsValue = seen(STAFF, "The share of what was paid and not given back.")
    frozen_days: int = seen(STAFF, "How long a commission waits before it is available.")
    min_settlement_minor: Long = seen(STAFF, "The least that is settled.")
    only: list[strawberry.ID] = seen(STAFF, ONLY_SAYS)

    @classmethod
    def of(cls, found: referrals.PartnerTerms) -> "ReferralPartnerTerms":
        """A partner's terms as they are shown."""
        only = [strawberry.ID(ids.encode(Tag.PARTNER, UUID(each))) for each in found.only]
        return cls(
            commission_bps=BasisPointsValue(found.commission_bps),
            frozen_days=found.frozen_days,
            min_settlement_minor=Long(found.min_settlement_minor),
            only=only,
        )


GUARDS_SAY = {
    "review_score": "From which score on somebody looks at it.",
    "reject_score": "From which score on it is refused at once.",
    "same_device": "What each other referral with the same device weighs, of three at most.",
    "same_payer": "What each other member weighs whose orders the same account paid, of three at most.",
    "same_address": "What each other member weighs whose orders went to the same address, of three at most.",
    "staff": "What it weighs that the referrer works for the programme (`staffMemberSet`); 0: they may.",
    "velocity": "What it weighs that the referrer brought more than `perHour` in an hour or `perDay` in a day.",
    "per_hour": "How many in an hour are usual.",
    "per_day": "How many in a day are usual.",
    "review_days": "How many days somebody may look at it. After that it is refused.",
}


@strawberry.type(description="When a referral waits for somebody to look at it, and when it is refused at once.")
class ReferralGuards:
    review_score: int = seen(STAFF, GUARDS_SAY["review_score"])
    reject_score: int = seen(STAFF, GUARDS_SAY["reject_score"])
    same_device: int = seen(STAFF, GUARDS_SAY["same_device"])
    same_payer: int = seen(STAFF, GUARDS_SAY["same_payer"])
    same_address: int = seen(STAFF, GUARDS_SAY["same_address"])
    staff: int = seen(STAFF, GUARDS_SAY["staff"])
    velocity: int = seen(STAFF, GUARDS_SAY["velocity"])
    per_hour: int = seen(STAFF, GUARDS_SAY["per_hour"])
    per_day: int = seen(STAFF, GUARDS_SAY["per_day"])
    review_days: int = seen(STAFF, GUARDS_SAY["review_days"])


@strawberry.type(description="One version of a referral campaign (推荐活动). It never changes.")
class ReferralCampaign:
    code: str = seen(STAFF, SAYS["code"])
    version: int = seen(STAFF, "Counted from 1.")
    name: str = seen(STAFF, SAYS["name"])
    priority: int = seen(STAFF, SAYS["priority"])
    starts_at: Moment | None = seen(STAFF, SAYS["starts_at"])
    ends_at: Moment | None = seen(STAFF, SAYS["ends_at"])
    attribution: Attribution = seen(STAFF, "Which of somebody's touches binds them.")
    window_days: int = seen(STAFF, SAYS["window_days"])
    valid_days: int = seen(STAFF, SAYS["valid_days"])
    act: QualifyingAct = seen(STAFF, "What a referee has to do.")
    min_order_minor: Long = seen(STAFF, SAYS["min_order_minor"])
    spend_minor: Long | None = seen(STAFF, SAYS["spend_minor"])
    hold_days: int = seen(STAFF, SAYS["hold_days"])
    claw_back_days: int = seen(STAFF, SAYS["claw_back_days"])
    referrer: ReferralReward = seen(STAFF, "What whoever brought somebody is given.")
    referee: ReferralReward = seen(STAFF, "What whoever was brought is given.")
    milestones: list[ReferralMilestone] = seen(STAFF, "What a referrer is given besides.")
    cycle: TallyPeriod = seen(STAFF, SAYS["cycle"])
    caps: ReferralCaps = seen(STAFF, "For how many a referrer is rewarded at most.")
    budget: Long | None = seen(STAFF, SAYS["budget"])
    link: str | None = seen(STAFF, SAYS["link"])
    partner: ReferralPartnerTerms = seen(STAFF, "What partners are paid.")
    guards: ReferralGuards = seen(STAFF, "When somebody looks at a referral first.")

    @classmethod
    def of(cls, found: Campaign) -> "ReferralCampaign":
        """A version as it is shown."""
        parts: dict[str, Any] = {
            "referrer": _reward(found.referrer),
            "referee": _reward(found.referee),
            "milestones": [shown(ReferralMilestone, each) for each in found.milestones],
            "caps": shown(ReferralCaps, found.caps),
            "partner": ReferralPartnerTerms.of(found.partner),
            "guards": shown(ReferralGuards, found.guards),
        }
        plain = {each.name: getattr(found, each.name) for each in fields(found) if each.name not in parts}
        return cls(**{**plain, **parts})


def shown(kind: type[Part], part: Any) -> Part:
    """A part of a campaign as it is shown."""
    return kind(**{each.name: getattr(part, each.name) for each in fields(part)})


def _reward(found: referrals.Reward) -> ReferralReward:
    tiers = [shown(ReferralTierReward, each) for each in found.by_tier]
    return ReferralReward(points=Long(found.points), growth=Long(found.growth), by_tier=tiers)


@strawberry.input(description="What holders of one tier are given.")
class ReferralTierRewardInput:
    tier: str = strawberry.field(description="The tier's code.")
    points: Long = strawberry.field(default=Long(0), description="Points.")
    growth: Long = strawberry.field(default=Long(0), description="Growth value.")


@strawberry.input(description="What one side of a referral is given.")
class ReferralRewardInput:
    points: Long = strawberry.field(default=Long(0), description="Points.")
    growth: Long = strawberry.field(default=Long(0), description="Growth value.")
    by_tier: list[ReferralTierRewardInput] = strawberry.field(
        default_factory=list, description="What holders of these tiers are given instead, 20 at most."
    )


@strawberry.input(description="What a referrer is given besides, once in a cycle, for so many who have qualified.")
class ReferralMilestoneInput:
    qualified: int = strawberry.field(description="How many.")
    points: Long = strawberry.field(default=Long(0), description="Points.")
    growth: Long = strawberry.field(default=Long(0), description="Growth value.")
    revocable: bool = strawberry.field(
        default=True, description="Whether it is taken back when refunds leave fewer."
    )


@strawberry.input(description="For how many referrals a referrer is rewarded at most; null is no cap.")
class ReferralCapsInput:
    day: int | None = strawberry.field(default=20, description="A day.")
    month: int | None = strawberry.field(default=100, description="A month.")
    lifetime: int | None = strawberry.field(default=None, description="In all.")


@strawberry.input(description="What a partner is paid for the orders of those they brought.")
class ReferralPartnerTermsInput:
    commission_bps: BasisPointsValue = strawberry.field(
        default=BasisPointsValue(0), description="The share of what was paid and not given back."
    )
    frozen_days: int = strawberry.field(
        default=15, description="How long a commission waits before it is available."
    )
    min_settlement_minor: Long = strawberry.field(default=Long(0), description="The least that is settled.")
    only: list[strawberry.ID] = strawberry.field(default_factory=list, description=ONLY_SAYS)


@strawberry.input(description="When a referral waits for somebody to look at it, and when it is refused at once.")
class ReferralGuardsInput:
    review_score: int = strawberry.field(default=50, description=GUARDS_SAY["review_score"])
    reject_score: int = strawberry.field(default=150, description=GUARDS_SAY["reject_score"])
    same_device: int = strawberry.field(default=60, description=GUARDS_SAY["same_device"])
    same_payer: int = strawberry.field(default=60, description=GUARDS_SAY["same_payer"])
    same_address: int = strawberry.field(default=30, description=GUARDS_SAY["same_address"])
    staff: int = strawberry.field(default=150, description=GUARDS_SAY["staff"])
    velocity: int = strawberry.field(default=50, description=GUARDS_SAY["velocity"])
    per_hour: int = strawberry.field(default=10, description=GUARDS_SAY["per_hour"])
    per_day: int = strawberry.field(default=40, description=GUARDS_SAY["per_day"])
    review_days: int = strawberry.field(default=30, description=GUARDS_SAY["review_days"])


@strawberry.input(description="A whole campaign: what is left out is as it usually is.")
class ReferralCampaignInput:
    code: str = strawberry.field(description=SAYS["code"])
    name: str = strawberry.field(description=SAYS["name"])
    priority: int = strawberry.field(default=0, description=SAYS["priority"])
    starts_at: Moment | None = strawberry.field(
        default=None, description=f"{SAYS['starts_at']} At once by default."
    )
    ends_at: Moment | None = strawberry.field(default=None, description=SAYS["ends_at"])
    attribution: Attribution = strawberry.field(
        default=Attribution.LAST_TOUCH_WINDOW, description="Which of somebody's touches binds them."
    )
    window_days: int = strawberry.field(default=30, description=SAYS["window_days"])
    valid_days: int = strawberry.field(default=180, description=SAYS["valid_days"])
    act: QualifyingAct = strawberry.field(
        default=QualifyingAct.FIRST_ORDER_COMPLETED, description="What a referee has to do."
    )
    min_order_minor: Long = strawberry.field(default=Long(0), description=SAYS["min_order_minor"])
    spend_minor: Long | None = strawberry.field(default=None, description=SAYS["spend_minor"])
    hold_days: int = strawberry.field(default=7, description=SAYS["hold_days"])
    claw_back_days: int = strawberry.field(default=30, description=SAYS["claw_back_days"])
    referrer: ReferralRewardInput | None = strawberry.field(
        default=None, description="What whoever brought somebody is given; nothing by default."
    )
    referee: ReferralRewardInput | None = strawberry.field(
        default=None, description="What whoever was brought is given; nothing by default."
    )
    milestones: list[ReferralMilestoneInput] = strawberry.field(
        default_factory=list, description="What a referrer is given besides, 20 at most, in their order."
    )
    cycle: TallyPeriod = strawberry.field(default=TallyPeriod.LIFETIME, description=SAYS["cycle"])
    caps: ReferralCapsInput | None = strawberry.field(
        default=None, description="For how many a referrer is rewarded; 20 a day and 100 a month by default."
    )
    budget: Long | None = strawberry.field(default=None, description=SAYS["budget"])
    link: str | None = strawberry.field(default=None, description=SAYS["link"])
    partner: ReferralPartnerTermsInput | None = strawberry.field(
        default=None, description="What partners are paid; nothing by default."
    )
    guards: ReferralGuardsInput | None = strawberry.field(
        default=None, description="When somebody looks at a referral first."
    )


def campaign_in(given: ReferralCampaignInput) -> Campaign:
    """The campaign that is to be published."""
    parts = {
        "referrer": _reward_in(given.referrer),
        "referee": _reward_in(given.referee),
        "milestones": tuple(
            referrals.Milestone(each.qualified, Points(each.points), Growth(each.growth), each.revocable)
            for each in given.milestones
        ),
        "caps": referrals.Caps(given.caps.day, given.caps.month, given.caps.lifetime)
        if given.caps
        else referrals.Caps(),
        "partner": _terms_in(given.partner),
        "guards": shown(referrals.Guards, given.guards) if given.guards else referrals.Guards(),
    }
    plain = {each.name: getattr(given, each.name) for each in fields(given) if each.name not in parts}
    return Campaign(**{**plain, **parts})


def _reward_in(given: ReferralRewardInput | None) -> referrals.Reward:
    if given is None:
        return referrals.Reward()
    tiers = (referrals.TierReward(each.tier, Points(each.points), Growth(each.growth)) for each in given.by_tier)
    return referrals.Reward(Points(given.points), Growth(given.growth), tuple(tiers))


def _terms_in(given: ReferralPartnerTermsInput | None) -> referrals.PartnerTerms:
    if given is None:
        return referrals.PartnerTerms()
    least = Minor(given.min_settlement_minor)
    # what is no id is answered as one that is nobody's
    only = tuple(str(ids.decode_one(Tag.PARTNER, each) or NOBODYS) for each in given.only)
    return referrals.PartnerTerms(BasisPoints(given.commission_bps), given.frozen_days, least, only)
