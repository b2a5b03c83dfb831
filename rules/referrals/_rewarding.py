"""Rewarding: both sides are given what a referral has won, each in a transaction of their own, once.

Two jobs meet in the referrer's rows: the one that gives and, after a refund, the one that takes back. Whichever
holds the referrer first leaves a line that the other finds, so their order does not matter.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from models.referral_rewards import RewardOutcome, RewardSide
from models.referrals import ReferralState
from models.sql import SQL
from models.units import Points
from rules import heirs
from rules.jobs import job
from rules.outbox import tell
from rules.referrals._giving import (
    BUDGET,
    CAP,
    CLAWED_BACK,
    GONE,
    SELF,
    STAYS,
    Given,
    Hand,
    cause_of,
    given_by,
    hand_of,
)
from rules.referrals._keeping import CLAW_BACK, MATURE, REWARD, course_of, keep
from rules.referrals._looking import look
from rules.referrals._milestones import fall_below, fall_together, reach
from rules.referrals._tallies import Tallies, tallies
from rules.transactions import transaction


@job(MATURE, attempts=20)
async def mature(facts: dict[str, Any], now: datetime) -> None:
    """End the hold of a referral. Again changes nothing."""
    await pass_time(UUID(facts["referee"]), now=now)


@transaction
async def pass_time(referee_id: UUID, *, now: datetime) -> None:
    """Do with a referral what time alone has done: it has qualified, or has run out.

    Raises: NotFound.
    """
    await heirs.hold(referee_id)
    course = await course_of(referee_id, now)
    if course is None:
        return
    if course.referral.state is ReferralState.QUALIFYING:
        await look(course)
        course.doubt(now)
    course.pass_time()
    await tell(referee_id, keep(course), now)


EXPIRING = SQL(
    "SELECT referee_id FROM referral WHERE state = 'BOUND' AND valid_until <= $1 ORDER BY valid_until, referee_id"
    " LIMIT $2",
    fans_out="the sweeper of referrals that have run out visits every member's",
)
UNREVIEWED = SQL(
    "SELECT referee_id FROM referral WHERE state = 'REVIEW' AND review_until <= $1"
    " ORDER BY review_until, referee_id LIMIT $2",
    fans_out="the sweeper of reviews that nobody made visits every member's",
)
BATCH = 200
"""How many one run ends at most: all is said to be written when it began, and partners count soon after."""


@job("referrals.expire", every=timedelta(minutes=1), lease=timedelta(minutes=2))
async def expire(_: dict[str, Any], now: datetime) -> None:
    """End the referrals that have run out, and those nobody has looked at in time, a member at a time."""
    for sweep in (EXPIRING, UNREVIEWED):
        for row in await sweep.rows(now, BATCH):
            await pass_time(row["referee_id"], now=now)


@job(REWARD, attempts=20)
async def reward(facts: dict[str, Any], now: datetime) -> None:
    """Reward both sides of a referral that has qualified. Again, or by two workers at once, gives nothing more."""
    referee_id = UUID(facts["referee"])
    skipped = await reward_referrer(referee_id, now=now)
    await settle(referee_id, skipped, now=now)


@transaction
async def reward_referrer(referee_id: UUID, *, now: datetime) -> str | None:
    """Give a referrer, or who they are now, what their referral has won; why they get nothing, if they do not.

    Raises: NotFound, IdempotencyKeyReused, PointsLimit, GrowthLimit.
    """
    course = await course_of(referee_id, now)
    if course is None or course.referral.referrer_id is None:
        return None
    if await heirs.heir_of(course.referral.referrer_id) == await heirs.heir_of(referee_id):
        return SELF
    hand = await hand_of(course.referral.referrer_id, course.campaign, now, to_heir=True)
    cause = cause_of(referee_id, RewardSide.REFERRER)
    if earlier := await given_by(cause):
        return earlier.reason
    if course.referral.state is not ReferralState.QUALIFIED:
        return None
    counted = await tallies(hand.held.id, course.campaign, hand.day, hand.besides)
    given = await _reward(hand, counted, cause, referee_id)
    if given.has_qualified:
        counted.count(rewarded=given.outcome is RewardOutcome.GRANTED, qualified=1)
        await reach(hand, counted)
    await hand.close()
    return given.reason


async def _reward(hand: Hand, counted: Tallies, cause: str, referee_id: UUID) -> Given:
    """Give a held referrer their reward, unless something stands against it."""
    side, wanted = RewardSide.REFERRER, hand.reward(hand.campaign.referrer)
    reason = None
    if hand.held.state not in STAYS:
        reason = GONE
    elif counted.is_full(hand.campaign.caps):
        reason = CAP
    elif not await hand.affords(wanted.points):
        reason = BUDGET
    if reason is not None:
        return hand.skip(cause, side, referee_id, reason)
    return await hand.give(wanted, cause, side, referee_id)


@transaction
async def settle(referee_id: UUID, skipped: str | None, *, now: datetime) -> None:
    """Give a referee their own reward, and write down how the referrer fared. Again changes nothing.

    Raises: NotFound, IdempotencyKeyReused, PointsLimit, GrowthLimit.
    """
    course = await course_of(referee_id, now)
    if course is None:
        return
    hand = await hand_of(referee_id, course.campaign, now, to_heir=True)
    course = await course_of(referee_id, now) or course
    if course.referral.state is not ReferralState.QUALIFIED or course.referral.reward_skipped is not None:
        return
    if skipped == SELF:
        course.turn(ReferralState.VOIDED, SELF, now)
        await tell(referee_id, keep(course), now)
        return
    wanted = hand.reward(course.campaign.referee)
    is_given = (wanted.points or wanted.growth) and hand.held.state in STAYS
    if is_given and await hand.affords(wanted.points):
        cause = cause_of(referee_id, RewardSide.REFEREE)
        given = await hand.give(wanted, cause, RewardSide.REFEREE, referee_id)
        course.cost(Points(given.points), "GIVEN")
    if skipped is None:
        course.turn(ReferralState.REWARDED, "REWARDED", now)
    else:
        course.skip(skipped)
    await hand.close()
    await tell(referee_id, keep(course), now)


@job(CLAW_BACK, attempts=20)
async def claw_back(facts: dict[str, Any], now: datetime) -> None:
    """Take back from both sides what a referral has given. Again changes nothing."""
    referee_id = UUID(facts["referee"])
    for side in (RewardSide.REFERRER, RewardSide.REFEREE):
        await take_back(referee_id, side, now=now)
    await fall_together(referee_id, now=now)
    await charge_back(referee_id, now=now)


@transaction
async def take_back(referee_id: UUID, side: RewardSide, *, now: datetime) -> None:
    """Take one side's reward back from whoever has it; a reward that was not given yet never will be.

    Raises: NotFound, IdempotencyKeyReused, PointsLimit, GrowthLimit.
    """
    course = await course_of(referee_id, now)
    whose = None if course is None else course.referral.referrer_id if side is RewardSide.REFERRER else referee_id
    if course is None or whose is None:
        return
    cause = cause_of(referee_id, side)
    was = await given_by(cause)
    hand = await hand_of(was.member_id if was else whose, course.campaign, now, to_heir=was is None)
    was = await given_by(cause)
    if was is None and side is RewardSide.REFERRER:
        hand.skip(cause, side, referee_id, CLAWED_BACK)
    if was is None:
        return
    if not was.has_qualified or await given_by(f"{cause}:back"):
        return
    await hand.take_back(was)
    if side is RewardSide.REFERRER:
        counted = await tallies(was.member_id, course.campaign, was.day, hand.besides)
        counted.count(qualified=-1)
        await fall_below(hand, counted)
    await hand.close()


CHARGED = SQL(
    "SELECT seq FROM referral_event WHERE member_id = $1 AND kind = 'COST' AND cause = 'TAKEN_BACK' LIMIT 1"
)


@transaction
async def charge_back(referee_id: UUID, *, now: datetime) -> None:
    """Write down with a referral what was taken back of the referee's own reward. Again changes nothing.

    Raises: NotFound.
    """
    await heirs.hold(referee_id)
    course = await course_of(referee_id, now)
    taken = await given_by(f"{cause_of(referee_id, RewardSide.REFEREE)}:back")
    if course is None or taken is None or await CHARGED.row(referee_id):
        return
    course.cost(Points(taken.points), "TAKEN_BACK")
    keep(course)
