"""Meeting: what becomes of referrals when a referee is proven, or two members turn out to be one."""

from datetime import datetime
from uuid import UUID

from models.referrals import ReferralState
from models.sql import SQL
from models.units import Minor
from rules import heirs
from rules.outbox import Event
from rules.referrals._course import DECIDED, OPEN, OVER, Bought, Course
from rules.referrals._giving import SELF
from rules.referrals._keeping import course_of, keep
from rules.referrals._milestones import promise
from rules.referrals._objecting import Objection

MERGED, PARTED = "MERGED", "PARTED"
"""Why the later of two referrals of one person does not count; why an order does not that was somebody else's."""

GOING = OPEN | DECIDED
"""While an order may come to count for a referral."""


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

    If one brought the other, that does not count, and what it gave is taken back. Whoever had bought as the other
    before they were brought was no new member. Nobody is brought twice: what was decided stays, else the earlier.
    """
    both = [await course_of(each, now) for each in (source_id, target_id)]
    for course in both:
        if course is not None and await _is_own(course, {source_id, target_id}):
            _void(course, SELF)
        elif course is not None and await _had_bought(course, target_id):
            course.turn(ReferralState.VOIDED, Objection.NOT_NEW.value, now)
    count = [each for each in both if each and each.referral.state not in OVER]
    for later in sorted(count, key=lambda each: (each.referral.state in OPEN, each.referral.bound_at))[1:]:
        if later.referral.state in OPEN:
            later.turn(ReferralState.VOIDED, MERGED, now)
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


BOUGHT = SQL(
    "SELECT id FROM purchase WHERE member_id = ANY($1::uuid[]) AND paid_at < $2 LIMIT 1",
    fans_out="a first order is a person's, whichever member they were",
)


async def _had_bought(course: Course, target_id: UUID) -> bool:
    """Whether one of two who are one from now on had bought something before the other was brought."""
    if course.referral.state not in OPEN:
        return False
    them = (await heirs.persons([target_id]))[target_id]
    return await BOUGHT.row(them, course.referral.bound_at) is not None


COUNTED = SQL(
    "SELECT f.referee_id, f.state, (SELECT COUNT(*) FROM referral_event e WHERE e.member_id = f.referee_id"
    " AND e.purchase_id = $2 AND e.kind = 'ORDER') AS counted FROM referral f"
    " WHERE f.referee_id = ANY($1::uuid[]) ORDER BY f.bound_at, f.referee_id",
    fans_out="an order counts for whoever brought a person, whichever member they were then",
)


async def course_for(member_id: UUID, purchase_id: UUID, now: datetime, *, joins: bool) -> Course | None:
    """The referral that an order of a member is of who is or was others besides; None where it is of none.

    With `joins` it comes to be of one: of their own while that counts, else of that by which they were brought as
    somebody else. It is told of as theirs, who are held for as long as both are one.
    """
    others = await heirs.besides(member_id, await heirs.heir_of(member_id))
    rows = await COUNTED.rows([member_id, *others], purchase_id)
    found = [row["referee_id"] for row in rows if row["counted"]]
    if joins and not found:
        going = [row for row in rows if ReferralState(row["state"]) in GOING]
        found = [row["referee_id"] for row in sorted(going, key=lambda row: row["referee_id"] != member_id)]
    return await course_of(found[0] if found else member_id, now)


ORDERS = SQL(
    "SELECT member_id AS referee_id, purchase_id, SUM(gross_minor)::bigint AS gross,"
    " SUM(refund_minor)::bigint AS refunded FROM referral_event WHERE member_id = ANY($1::uuid[])"
    " AND purchase_id IS NOT NULL GROUP BY member_id, purchase_id HAVING SUM(gross_minor - refund_minor) > 0"
    " ORDER BY purchase_id",
    fans_out="the orders of a person count for whoever brought them, whichever member they were then",
)
OTHERS = SQL(
    "SELECT id FROM purchase WHERE member_id = ANY($1::uuid[]) AND id = ANY($2::uuid[])",
    fans_out="what was bought by who turned out to be somebody else is found by the order",
)


async def become_two(source_id: UUID, target_id: UUID, now: datetime) -> tuple[list[Event], list[Event]]:
    """Two held members who were one are two again; what each is to be told.

    What one of them has bought counts no more for whoever brought the other.
    """
    persons = await heirs.persons([source_id, target_id])
    told = [await _part(persons[one], persons[other], now) for one, other in _both_ways(source_id, target_id)]
    return told[0], told[1]


def _both_ways(one: UUID, other: UUID) -> tuple[tuple[UUID, UUID], tuple[UUID, UUID]]:
    return (one, other), (other, one)


async def _part(those: list[UUID], others: list[UUID], now: datetime) -> list[Event]:
    """The orders of others no longer count for the referrals of those."""
    events: list[Event] = []
    counted = await ORDERS.rows(those)
    ids = [row["purchase_id"] for row in counted]
    foreign = {row["id"] for row in await OTHERS.rows(others, ids)} if ids else set()
    rows = [row for row in counted if row["purchase_id"] in foreign]
    for referee_id in sorted({row["referee_id"] for row in rows}):
        course = await course_of(referee_id, now)
        for row in rows:
            if course is not None and row["referee_id"] == referee_id:
                gross, refunded = Minor(row["gross"]), row["refunded"]
                before, after = [Bought(row["purchase_id"], now, gross, each) for each in (refunded, gross)]
                course.refunded(before, after, now, PARTED)
        events += keep(course) if course else []
    return events
