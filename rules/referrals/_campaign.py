"""The campaign as a value: who is bound how, what qualifies, what it gives to whom, and how much at most."""

import re
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import orjson

from models.referral_rewards import TallyPeriod
from models.referrals import CODE_MAX
from models.units import BALANCE_MAX, MOVE_MAX, WHOLE, BasisPoints, Growth, Minor, Points
from rules.policy import PolicyUnreadable, camel, read
from rules.referrals._guards import SCORE_MAX, Guards
from rules.refusals import Refusal

CODE = re.compile(rf"[A-Z0-9_]{{1,{CODE_MAX}}}")
NAME_MAX, LINK_MAX = 80, 300
DAYS_MAX = 3_650
WINDOW_MAX = 365
"""Touches are kept a little longer than that."""

MILESTONES_MAX, TIERS_MAX, ONLY_MAX = 20, 20, 100
COUNT_MAX = 1_000_000
PLACEHOLDER = "{code}"


@dataclass(eq=False)
class ReferralCampaignInvalid(Refusal):
    """This cannot be a referral campaign."""

    zh = "推荐活动无效。"
    why: str


@dataclass(eq=False)
class ReferralActUnavailable(Refusal):
    """This qualifying act needs communities, which the programme does not have yet."""

    zh = "该达标条件需要社群功能，目前尚不可用。"


class CampaignUnreadable(ValueError):  # noqa: N818  a mistake in a file
    """This is not written as a referral campaign is."""


class Attribution(StrEnum):
    """Which of somebody's touches binds them."""

    LAST_TOUCH_WINDOW = "LAST_TOUCH_WINDOW"
    FIRST_TOUCH_WINDOW = "FIRST_TOUCH_WINDOW"
    FIRST_TOUCH_PERMANENT = "FIRST_TOUCH_PERMANENT"
    MANUAL = "MANUAL"


class QualifyingAct(StrEnum):
    """What a referee has to do for their referral to qualify."""

    REGISTERED = "REGISTERED"
    FIRST_ORDER_PAID = "FIRST_ORDER_PAID"
    FIRST_ORDER_COMPLETED = "FIRST_ORDER_COMPLETED"
    SPEND = "SPEND"
    COMMUNITY_DAYS = "COMMUNITY_DAYS"


BY_ORDER = frozenset({QualifyingAct.FIRST_ORDER_PAID, QualifyingAct.FIRST_ORDER_COMPLETED})
CYCLES = frozenset({TallyPeriod.MONTH, TallyPeriod.QUARTER, TallyPeriod.YEAR, TallyPeriod.LIFETIME})


@dataclass(frozen=True, slots=True)
class TierReward:
    """What holders of one tier are given instead."""

    tier: str
    points: Points = Points(0)  # noqa: RUF009  an int
    growth: Growth = Growth(0)  # noqa: RUF009  an int


@dataclass(frozen=True, slots=True)
class Reward:
    """What one side is given."""

    points: Points = Points(0)  # noqa: RUF009  an int
    growth: Growth = Growth(0)  # noqa: RUF009  an int
    by_tier: tuple[TierReward, ...] = ()

    def of_tier(self, code: str) -> "Reward":
        """What a holder of that tier is given."""
        found = next((each for each in self.by_tier if each.tier == code), None)
        return self if found is None else Reward(found.points, found.growth)

    @property
    def gives(self) -> bool:
        """Whether it is anything."""
        return bool(self.points or self.growth or self.by_tier)


@dataclass(frozen=True, slots=True)
class Milestone:
    """What a referrer is given besides, once in a cycle, for so many referrals that have qualified."""

    qualified: int
    points: Points = Points(0)  # noqa: RUF009  an int
    growth: Growth = Growth(0)  # noqa: RUF009  an int
    revocable: bool = True
    """Whether it is taken back when fewer are left."""


@dataclass(frozen=True, slots=True)
class Caps:
    """How many referrals one referrer is rewarded for at most; None is no cap."""

    day: int | None = 20
    month: int | None = 100
    lifetime: int | None = None


@dataclass(frozen=True, slots=True)
class PartnerTerms:
    """What a partner is paid for the orders of those they brought."""

    commission_bps: BasisPoints = BasisPoints(0)  # noqa: RUF009  an int
    frozen_days: int = 15
    min_settlement_minor: Minor = Minor(0)  # noqa: RUF009  an int
    only: tuple[str, ...] = ()
    """The ids of the partners whose links may be for it; none: any partner's."""

    def are_for(self, partner_id: UUID | None) -> bool:
        """Whether a code of that partner may bring members by the campaign; a member's always may."""
        return partner_id is None or not self.only or str(partner_id) in self.only


@dataclass(frozen=True, slots=True)
class Campaign:
    """All of one version of a campaign. What was bound under it keeps to it."""

    code: str
    name: str
    version: int = 0
    priority: int = 0
    """Of the campaigns that run, the highest is that of a code which names none."""
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    """The first moment at which nobody is bound by it any more."""
    attribution: Attribution = Attribution.LAST_TOUCH_WINDOW
    window_days: int = 30
    """How old the touch may be that binds."""
    valid_days: int = 180
    """How long a referral may take to qualify, and its orders count."""
    act: QualifyingAct = QualifyingAct.FIRST_ORDER_COMPLETED
    min_order_minor: Minor = Minor(0)  # noqa: RUF009  an int
    spend_minor: Minor | None = None
    hold_days: int = 7
    claw_back_days: int = 30
    referrer: Reward = field(default_factory=Reward)
    referee: Reward = field(default_factory=Reward)
    milestones: tuple[Milestone, ...] = ()
    cycle: TallyPeriod = TallyPeriod.LIFETIME
    caps: Caps = field(default_factory=Caps)
    budget: Points | None = None
    """How many points it gives away at most, to both sides; None is no budget."""
    link: str | None = None
    """Where its links lead: an https address with `{code}` in it."""
    partner: PartnerTerms = field(default_factory=PartnerTerms)
    guards: Guards = field(default_factory=Guards)

    def runs(self, at: datetime) -> bool:
        """Whether somebody may be bound by it at that moment."""
        has_begun = self.starts_at is None or self.starts_at <= at
        return has_begun and (self.ends_at is None or at < self.ends_at)

    def link_of(self, code: str) -> str | None:
        """Where a code of it leads; None where it names no address."""
        return None if self.link is None else self.link.replace(PLACEHOLDER, code)


@lru_cache(maxsize=256)
def parsed(text: str) -> Campaign:
    """The campaign that was stored as this text. The same text is the same campaign."""
    return read_campaign(orjson.loads(text))


def read_campaign(told: Any) -> Campaign:
    """A campaign from what a file or a row says.

    Raises: CampaignUnreadable.
    """
    if not isinstance(told, dict):
        raise CampaignUnreadable("A campaign is an object.")
    if missing := [name for name in ("code", "name") if name not in told]:
        raise CampaignUnreadable(f"`{missing[0]}` is missing.")
    moments = {name: _moment(name, told.get(name)) for name in ("startsAt", "endsAt")}
    try:
        found = read(Campaign, {name: value for name, value in told.items() if name not in moments})
    except PolicyUnreadable as error:
        raise CampaignUnreadable(str(error)) from None
    return replace(found, starts_at=moments["startsAt"], ends_at=moments["endsAt"])


def _moment(name: str, told: Any) -> datetime | None:
    """Raises: CampaignUnreadable."""
    if told is None:
        return None
    try:
        found = datetime.fromisoformat(told)
    except (TypeError, ValueError):
        raise CampaignUnreadable(f"`{name}` is a moment: 2026-11-01T00:00:00+08:00.") from None
    if found.tzinfo is None:
        raise CampaignUnreadable(f"`{name}` says its offset from UTC.")
    return found


def check(campaign: Campaign) -> None:
    """Refuse what cannot be a campaign.

    Raises: ReferralCampaignInvalid, ReferralActUnavailable.
    """
    if campaign.act is QualifyingAct.COMMUNITY_DAYS:
        raise ReferralActUnavailable
    _refuse_if(not CODE.fullmatch(campaign.code), "`code` is capitals, digits and underscores, 32 at most.")
    _refuse_if(not 0 < len(campaign.name.strip()) <= NAME_MAX, f"`name` has 1 to {NAME_MAX} characters.")
    _between("priority", campaign.priority, 0, 1_000)
    starts, ends = campaign.starts_at, campaign.ends_at
    _refuse_if(bool(starts and ends and ends < starts), "`endsAt` is not before `startsAt`.")
    _between("windowDays", campaign.window_days, 1, WINDOW_MAX)
    _between("validDays", campaign.valid_days, 1, DAYS_MAX)
    for name, days in (("holdDays", campaign.hold_days), ("clawBackDays", campaign.claw_back_days)):
        _between(name, days, 0, DAYS_MAX)
    _between("minOrderMinor", campaign.min_order_minor, 0, BALANCE_MAX)
    spends = campaign.act is QualifyingAct.SPEND
    _refuse_if(spends != (campaign.spend_minor is not None), "`spendMinor` belongs to the act SPEND.")
    if campaign.spend_minor is not None:
        _between("spendMinor", campaign.spend_minor, 1, BALANCE_MAX)
    _refuse_if(bool(campaign.min_order_minor) and campaign.act not in BY_ORDER, "`minOrderMinor` is for an order.")
    for side in (campaign.referrer, campaign.referee):
        _check_reward(side)
    _check_milestones(campaign)
    _check_most(campaign)
    if campaign.link is not None:
        _check_link(campaign.link)


def _check_reward(reward: Reward) -> None:
    """Raises: ReferralCampaignInvalid."""
    _refuse_if(len(reward.by_tier) > TIERS_MAX, f"`byTier` has {TIERS_MAX} entries at most.")
    codes = {each.tier for each in reward.by_tier}
    _refuse_if(len(codes) < len(reward.by_tier), "`byTier` names each tier once.")
    _check_amounts(reward)
    for each in reward.by_tier:
        _check_amounts(each)


def _check_amounts(each: "Reward | TierReward | Milestone") -> None:
    """Raises: ReferralCampaignInvalid."""
    _between("points", each.points, 0, MOVE_MAX)
    _between("growth", each.growth, 0, MOVE_MAX)


def _check_milestones(campaign: Campaign) -> None:
    """Raises: ReferralCampaignInvalid."""
    _refuse_if(len(campaign.milestones) > MILESTONES_MAX, f"There are {MILESTONES_MAX} `milestones` at most.")
    numbers = [each.qualified for each in campaign.milestones]
    _refuse_if(numbers != sorted(set(numbers)), "`milestones` come in the order of `qualified`, each once.")
    for each in campaign.milestones:
        _between("milestones.qualified", each.qualified, 1, COUNT_MAX)
        _check_amounts(each)
        _refuse_if(not each.points and not each.growth, "A milestone gives points or growth.")
    _refuse_if(campaign.cycle not in CYCLES, "`cycle` is MONTH, QUARTER, YEAR or LIFETIME.")


def _check_most(campaign: Campaign) -> None:
    """Raises: ReferralCampaignInvalid."""
    caps = campaign.caps
    for name, most in (("day", caps.day), ("month", caps.month), ("lifetime", caps.lifetime)):
        if most is not None:
            _between(f"caps.{name}", most, 0, COUNT_MAX)
    if campaign.budget is not None:
        _between("budget", campaign.budget, 0, BALANCE_MAX)
    _between("partner.commissionBps", campaign.partner.commission_bps, 0, WHOLE)
    _between("partner.frozenDays", campaign.partner.frozen_days, 0, DAYS_MAX)
    _between("partner.minSettlementMinor", campaign.partner.min_settlement_minor, 0, BALANCE_MAX)
    only = campaign.partner.only
    _refuse_if(len(only) > ONLY_MAX, f"`partner.only` names {ONLY_MAX} partners at most.")
    _refuse_if(not all(_is_id(each) for each in only), "`partner.only` names partners by their ids.")
    _check_guards(campaign.guards)


def _is_id(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False


def _check_guards(guards: Guards) -> None:
    """Raises: ReferralCampaignInvalid."""
    _between("guards.reviewScore", guards.review_score, 1, SCORE_MAX)
    _between("guards.rejectScore", guards.reject_score, guards.review_score, SCORE_MAX)
    weights = ("same_device", "same_payer", "same_address", "staff", "velocity")
    for name in weights:
        _between(f"guards.{camel(name)}", getattr(guards, name), 0, SCORE_MAX)
    _between("guards.perHour", guards.per_hour, 1, COUNT_MAX)
    _between("guards.perDay", guards.per_day, 1, COUNT_MAX)
    _between("guards.reviewDays", guards.review_days, 1, DAYS_MAX)


def _check_link(link: str) -> None:
    """Raises: ReferralCampaignInvalid."""
    try:
        parts = urlsplit(link)
    except ValueError:
        parts = urlsplit("")
    is_good = parts.scheme == "https" and bool(parts.netloc) and PLACEHOLDER in parts.path + parts.query
    is_good = is_good and len(link) <= LINK_MAX and link.isascii() and link.isprintable()
    _refuse_if(not is_good, "`link` is an https address with {code} in its path or query.")


def _between(name: str, value: int, low: int, high: int) -> None:
    """Raises: ReferralCampaignInvalid."""
    _refuse_if(not low <= value <= high, f"`{name}` is between {low} and {high}.")


def _refuse_if(wrong: bool, why: str) -> None:  # noqa: FBT001  reads as a sentence
    """Raises: ReferralCampaignInvalid."""
    if wrong:
        raise ReferralCampaignInvalid(why)
