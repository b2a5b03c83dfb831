"""Keeping: a referral is read with its campaign, and what has come of it is written, told and promised."""

from datetime import datetime
from typing import Any
from uuid import UUID

from models.jobs import Job, JobState
from models.referrals import Referral as ReferralRow
from models.referrals import ReferralEvent, ReferralState, ReferralStep
from models.sql import SQL
from models.writing import add, change
from rules.outbox import Event
from rules.referrals._campaign import parsed
from rules.referrals._course import Course, Referral, Step

MATURE, REWARD, CLAW_BACK = "referrals.mature", "referrals.reward", "referrals.claw_back"
"""The jobs that end a hold, reward both sides, and take it back."""

KNOWN = ", ".join(f"f.{name}" for name in Referral.__slots__)
READ = SQL(
    f"SELECT {KNOWN}, c.document, (SELECT m.has_absorbed OR m.merged_into_id IS NOT NULL FROM member m"  # noqa: S608
    " WHERE m.id = f.referee_id) AS is_several FROM referral f JOIN referral_campaign c"
    " ON c.code = f.campaign AND c.version = f.campaign_version WHERE f.referee_id = $1"
)
COLUMNS = ", rf.state AS referral_state, (m.has_absorbed OR m.merged_into_id IS NOT NULL) AS was_merged"
JOIN = " LEFT JOIN referral rf ON rf.referee_id = m.id"
"""Whether somebody brought a member `m`, and whether they are or were others besides, for a statement that reads
them anyway: where neither is so, nothing else has to be asked."""

KEPT = (
    "state",
    "cause",
    "qualifies_at",
    "qualified_at",
    "claw_back_until",
    "purchase_id",
    "spent_minor",
    "seq",
    "score",
    "evidence",
    "cleared",
    "review_until",
    "reward_skipped",
)


async def course_of(referee_id: UUID, now: datetime) -> Course | None:
    """The course of a held member's referral; None where nobody brought them."""
    row = await READ.row(referee_id)
    if row is None:
        return None
    return Course(Referral.of(row), parsed(row["document"]), now, is_several=bool(row["is_several"]))


def keep(course: Course, fresh: dict[str, Any] | None = None) -> list[Event]:
    """Have what has come of a held member's referral written, promise what follows of it, and tell it.

    One that has just begun is written with what else is known of it.
    """
    found, steps = course.referral, course.steps
    if not steps and not course.is_marked:
        return []
    seq_read = found.seq
    found.seq += len(steps)
    add(ReferralEvent, [_row(course, step, seq_read + place) for place, step in enumerate(steps, start=1)])
    if fresh is None:
        where = {"referee_id": found.referee_id, "seq": seq_read}
        change(ReferralRow, where, {name: getattr(found, name) for name in KEPT})
    else:
        add(ReferralRow, [{name: getattr(found, name) for name in Referral.__slots__} | fresh])
    promised = [_promise(course, step, seq_read + place) for place, step in enumerate(steps, start=1)]
    add(Job, [each for each in promised if each])
    course.steps = []
    return [_event(found, step) for step in steps if step.is_state]


def _row(course: Course, step: Step, seq: int) -> dict[str, Any]:
    found = course.referral
    return {
        "member_id": found.referee_id,
        "seq": seq,
        "kind": step.kind,
        "cause": step.cause,
        "referrer_id": found.referrer_id,
        "partner_id": found.partner_id,
        "code": found.code,
        "channel": found.channel,
        "campaign": found.campaign,
        "campaign_version": found.campaign_version,
        "purchase_id": step.purchase_id,
        "gross_minor": step.gross_minor,
        "refund_minor": step.refund_minor,
        "points": step.points,
        "at": step.at,
        "created_at": course.now,
    }


def _promise(course: Course, step: Step, seq: int) -> dict[str, Any] | None:
    """The job that follows of a step; None where none does. Each step is written once, and so is its job."""
    referee_id = str(course.referral.referee_id)
    due: dict[str, tuple[str, str, datetime]] = {
        ReferralState.QUALIFYING: (MATURE, f"{referee_id}:{seq}", course.referral.qualifies_at or course.now),
        ReferralState.QUALIFIED: (REWARD, referee_id, course.now),
        ReferralState.CLAWED_BACK: (CLAW_BACK, referee_id, course.now),
    }
    if step.kind.value not in due or (step.kind is ReferralStep.QUALIFYING and course.matures_at is None):
        return None
    name, cause, due_at = due[step.kind.value]
    return {
        "name": name,
        "cause": cause,
        "facts": {"referee": referee_id},
        "state": JobState.READY,
        "due_at": max(due_at, course.now),
        "created_at": course.now,
    }


def _event(found: Referral, step: Step) -> Event:
    """A change of a referral as it is told of the referee: where it stands, and why."""
    return Event(
        f"referral.{step.kind.value.lower()}",
        {"campaign": found.campaign, "version": found.campaign_version, "cause": step.cause},
    )
