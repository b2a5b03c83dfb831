"""Meeting: what becomes of referrals when a referee is proven, or two members turn out to be one."""

from datetime import datetime
from uuid import UUID

from models.referrals import ReferralState
from rules import heirs
from rules.outbox import Event
from rules.referrals._course import DECIDED, OPEN, Course
from rules.referrals._giving import SELF
from rules.referrals._keeping import course_of, keep
from rules.referrals._milestones import promise

MERGED = "MERGED"
"""Why the later of two referrals of one person does not count."""


async def proven(member_id: UUID, now: datetime) -> list[Event]:
    """A held member is known by a name that is proven to be theirs: that may be all their referral takes."""
    course = await course_of(member_id, now)
    if course is None:
        return []
    course.registered(now)
    course.pass_time()
    return keep(course)


async def become_one(source_id: UUID, target_id: UUID, now: datetime) -> tuple[list[Event], list[Event]]:
    """Two held members are one from now on; what each is to be told.

    If one brought the other, that does not count, and what it gave is taken back. Of two referrals that have not
    been decided the earlier stays. It goes on with the orders of the member it is of.
    """
    both = [await course_of(each, now) for each in (source_id, target_id)]
    for course in both:
        if course is not None and await _is_own(course, {source_id, target_id}):
            _void(course, SELF)
    theirs, own = both
    if theirs and own and theirs.referral.state in OPEN and own.referral.state in OPEN:
        _void(max(theirs, own, key=lambda each: each.referral.bound_at), MERGED)
    await promise(source_id, target_id, now)
    source, target = [keep(each) if each else [] for each in both]
    return source, target


async def _is_own(course: Course, both: set[UUID]) -> bool:
    """Whether a referral would reward one of the two for the other."""
    referrer_id = course.referral.referrer_id
    return referrer_id is not None and await heirs.heir_of(referrer_id) in both


def _void(course: Course, cause: str) -> None:
    if course.referral.state in OPEN:
        course.turn(ReferralState.VOIDED, cause, course.now)
    elif course.referral.state in DECIDED:
        course.turn(ReferralState.CLAWED_BACK, cause, course.now)
