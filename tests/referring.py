"""Referring, for the tests: rows in the tables of referrals."""

from typing import Any
from uuid import UUID

from models.referral_rewards import (
    ReferralBudget,
    ReferralDebt,
    ReferralMilestone,
    ReferralReward,
    ReferralTally,
    RewardOutcome,
    RewardSide,
    TallyPeriod,
)
from models.referrals import (
    IdentityTombstone,
    Referral,
    ReferralCampaign,
    ReferralCode,
    ReferralEvent,
    ReferralState,
    ReferralStep,
    ReferralTouch,
)
from models.sql import insert
from models.units import new_id
from rules import partners
from rules.actors import SYSTEM
from tests.people import NOON, member


async def furnish(referrer_id: UUID) -> None:
    """A row in every table of referrals, written without their rules."""
    campaign = {"code": "FRIENDS", "version": 1, "document": "{}", "starts_at": NOON, "published_at": NOON}
    await insert(ReferralCampaign, [{**campaign, "published_by": "STAFF:wang"}])
    await insert(ReferralBudget, [{"campaign": "FRIENDS", "budget": 1_000}])
    partner_id = await partners.register("Tea Club", actor=SYSTEM, now=NOON)
    code = {"channel": "MOMENTS", "created_at": NOON}
    await insert(ReferralCode, [{**code, "code": "ABC", "referrer_id": referrer_id, "partner_id": None}])
    await insert(ReferralCode, [{**code, "code": "DEF", "referrer_id": None, "partner_id": partner_id}])
    touch = {"code": "ABC", "channel": "MOMENTS", "device_hash": "device", "once": "once", "at": NOON}
    await insert(ReferralTouch, [touch])
    for whose in (
        {"referrer_id": referrer_id, "partner_id": None},
        {"referrer_id": None, "partner_id": partner_id},
    ):
        await _bind(whose)
    await _reward(referrer_id)
    await insert(ReferralDebt, [{"member_id": referrer_id, "owed": 5}])
    await insert(IdentityTombstone, [{"digest": "somebody", "created_at": NOON}])


async def _bind(whose: dict[str, Any]) -> None:
    referee_id = await member()
    pair = f"{referee_id}:{whose['referrer_id']}" if whose["referrer_id"] else None
    came = {"campaign": "FRIENDS", "campaign_version": 1, "cause": "CODE", **whose}
    stands = {"state": ReferralState.BOUND, "bound_at": NOON, "valid_until": NOON.replace(year=2031), "seq": 1}
    await insert(Referral, [{**came, **stands, "referee_id": referee_id, "pair": pair}])
    event = {"member_id": referee_id, "seq": 1, "kind": ReferralStep.BOUND, "at": NOON, "created_at": NOON}
    await insert(ReferralEvent, [{**came, **event}])


async def _reward(referrer_id: UUID) -> None:
    """A reward of nothing, and a milestone it stands for."""
    reward_id = new_id()
    given = {"side": RewardSide.REFERRER, "outcome": RewardOutcome.GRANTED, "campaign": "FRIENDS"}
    row = {"id": reward_id, "member_id": referrer_id, "cause": "reward:x", "campaign_version": 1}
    when = {"local_day": NOON.date(), "created_at": NOON}
    await insert(ReferralReward, [{**row, **given, **when, "referee_id": new_id()}])
    reached = {"member_id": referrer_id, "campaign": "FRIENDS", "milestone": 5, "cycle": NOON.date()}
    await insert(ReferralMilestone, [{**reached, "reward_id": reward_id, "reached_at": NOON}])
    counted = {"campaign": "FRIENDS", "period": TallyPeriod.DAY, "starts_on": NOON.date()}
    await insert(ReferralTally, [{"member_id": referrer_id, **counted}])
