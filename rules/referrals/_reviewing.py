"""Reviewing: somebody of the staff looks at a referral that is suspicious, and lets it go on or refuses it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from models.referrals import ReferralState
from models.units import ReasonCode
from rules import audit, heirs
from rules.actors import Actor
from rules.idempotency import Key, Slip
from rules.outbox import tell
from rules.referrals._keeping import course_of, keep
from rules.referrals._objecting import objection_to_staff
from rules.refusals import NotFound, Refusal
from rules.transactions import transaction


class Decision(StrEnum):
    """What somebody makes of a suspicious referral."""

    APPROVE = "APPROVE"
    REJECT = "REJECT"


@dataclass(eq=False)
class ReferralNotInReview(Refusal):
    """Nobody has to look at this referral."""

    zh = "该推荐关系不在审核中。"
    state: str


@dataclass(eq=False)
class OwnReferral(Refusal):
    """Nobody decides on a referral in which they stand themselves, as a member."""

    zh = "不能审核与本人有关的推荐关系。"
    field = ("memberId",)


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A referral somebody has looked at."""

    referee_id: UUID
    replayed: bool = False


@transaction
async def review(
    referee_id: UUID, decision: Decision, *, reason: ReasonCode, key: Key, actor: Actor, now: datetime
) -> Reviewed:
    """Let a suspicious referral go on from where it stood, or refuse it for good.

    One that goes on is asked about again only when more speaks against it than did now. One whose hold is over
    meanwhile has qualified.

    Raises: NotFound, IdempotencyKeyReused, ReferralNotInReview, OwnReferral.
    """
    _, referee = await heirs.hold(referee_id)
    slip = Slip(referee_id, actor, key, "referral.review", (decision.value, reason))
    if await slip.recall() is not None:
        return Reviewed(referee_id, replayed=True)
    course = await course_of(referee_id, now)
    if course is None:
        raise NotFound
    course.pass_time()
    if course.referral.state is not ReferralState.REVIEW:
        raise ReferralNotInReview(course.referral.state.value)
    if await objection_to_staff(actor, referee.id, course.referral.referrer_id):
        raise OwnReferral
    facts = {"decision": decision.value, "score": course.referral.score}
    if decision is Decision.APPROVE:
        course.approve()
    else:
        course.reject(reason)
    await tell(referee_id, keep(course), now)
    await audit.note(actor, slip.operation, member_id=referee_id, reason=reason, facts=facts, now=now)
    await slip.keep({}, now)
    return Reviewed(referee_id)
