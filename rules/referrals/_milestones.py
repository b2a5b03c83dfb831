"""Milestones: what a person is given besides for so many who have qualified, whichever members they were."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from models.referral_rewards import ReferralMilestone, RewardSide
from models.sql import SQL
from models.writing import add, change
from rules import heirs
from rules.jobs import enqueue, job
from rules.referrals._campaign import Campaign, Milestone
from rules.referrals._giving import STAYS, Hand, cause_of, given_as, given_by, hand_of
from rules.referrals._keeping import course_of
from rules.referrals._publishing import newest
from rules.referrals._tallies import Tallies, tallies
from rules.transactions import transaction

TOGETHER = "referrals.reach"
"""The job that gives a person what two members have reached together."""

REACHED = SQL(
    "SELECT milestone FROM referral_milestone WHERE member_id = ANY($1::uuid[]) AND campaign = $2"
    " AND cycle = $3::date",
    fans_out="milestones are a person's, whichever member they were",
)


async def reach(hand: Hand, counted: Tallies) -> None:
    """Give a held referrer the milestones they have reached, each once in a cycle.

    One for which the budget has no room is not reached yet.
    """
    wanted = [each for each in hand.campaign.milestones if each.qualified <= counted.in_cycle]
    if not wanted:
        return
    rows = await REACHED.rows([hand.held.id, *hand.besides], hand.campaign.code, counted.cycle)
    given = {row["milestone"] for row in rows}
    for each in wanted:
        if each.qualified not in given and await hand.affords(each.points):
            await _grant(hand, each, counted.cycle)


async def _grant(hand: Hand, milestone: Milestone, cycle: date) -> None:
    reached = {"campaign": hand.campaign.code, "milestone": milestone.qualified, "cycle": cycle}
    cause = f"milestone:{hand.held.id}:{hand.campaign.code}:{milestone.qualified}:{cycle.isoformat()}"
    given = await hand.give(milestone, cause, RewardSide.MILESTONE, None)
    whose = {"member_id": hand.held.id, "reward_id": given.id, "reached_at": hand.now}
    add(ReferralMilestone, [{**reached, **whose}])


HAS_BROUGHT = SQL("SELECT id FROM referral_tally WHERE member_id = $1 LIMIT 1")


async def promise(source_id: UUID, target_id: UUID, now: datetime) -> None:
    """Two members are one from now on: it will be seen what milestones they have reached together."""
    if await HAS_BROUGHT.row(source_id):
        await enqueue(TOGETHER, f"{source_id}:{now.isoformat()}", {"member": str(target_id)}, now=now)


@job(TOGETHER, attempts=20)
async def reach_together(facts: dict[str, Any], now: datetime) -> None:
    """Give a person what the members they were have reached together. Again gives nothing more."""
    for campaign in await newest():
        if campaign.runs(now) and campaign.milestones:
            await reach_now(UUID(facts["member"]), campaign, now=now)


@transaction
async def reach_now(member_id: UUID, campaign: Campaign, *, now: datetime) -> None:
    """Give a member the milestones of a campaign that they have reached by now. Again gives nothing more.

    Raises: NotFound, IdempotencyKeyReused, PointsLimit, GrowthLimit.
    """
    hand = await hand_of(member_id, campaign, now, to_heir=True)
    if hand.held.state in STAYS:
        await reach(hand, await tallies(hand.held.id, campaign, hand.day, hand.besides))
    await hand.close()


TO_REVOKE = SQL(
    "SELECT id, milestone, reward_id FROM referral_milestone WHERE member_id = $1 AND campaign = $2"
    " AND cycle = $3::date AND milestone > $4 AND revoked_at IS NULL ORDER BY milestone"
)


async def fall_below(hand: Hand, counted: Tallies) -> None:
    """Take back a held member's milestones that are not reached any more, where they may be."""
    revocable = {each.qualified for each in hand.campaign.milestones if each.revocable}
    rows = await TO_REVOKE.rows(hand.held.id, hand.campaign.code, counted.cycle, counted.in_cycle)
    for row in rows:
        was = await given_as(hand.held.id, row["reward_id"])
        if row["milestone"] in revocable and was is not None:
            await hand.take_back(was)
            where = {"member_id": hand.held.id, "id": row["id"]}
            change(ReferralMilestone, where, {"revoked_at": hand.now})


async def fall_together(referee_id: UUID, *, now: datetime) -> None:
    """Once a referrer's reward was taken back: the same with the milestones of whoever else they are or were."""
    was = await given_by(cause_of(referee_id, RewardSide.REFERRER))
    course = await course_of(referee_id, now)
    if was is None or course is None or not was.has_qualified:
        return
    for each in await heirs.besides(was.member_id, await heirs.heir_of(was.member_id)):
        await fall(each, course.campaign, was.day, now=now)


@transaction
async def fall(member_id: UUID, campaign: Campaign, day: date, *, now: datetime) -> None:
    """Take back a member's milestones of a day's cycle that are not reached any more. Again changes nothing.

    Raises: NotFound, IdempotencyKeyReused, PointsLimit, GrowthLimit.
    """
    hand = await hand_of(member_id, campaign, now, to_heir=False)
    await fall_below(hand, await tallies(hand.held.id, campaign, day, hand.besides))
    await hand.close()
