"""Referring: what an order of somebody who was brought does for whoever brought them."""

from datetime import datetime
from uuid import UUID

from models.sql import SQL
from models.units import Minor
from rules import referrals
from rules.purchases._sitting import Sitting
from rules.referrals import Bought, Course

COUNTED = SQL(
    "SELECT SUM(gross_minor - refund_minor) > 0 AS counts FROM referral_event WHERE member_id = $1"
    " AND purchase_id = $2"
)
"""An order of which nothing is left counts no more: it was given back, or is somebody else's after all."""


async def foresee(sitting: Sitting) -> None:
    """Read the referral that a payment moves, before anything is decided: what was would have to be sent before it.

    A command that has read ahead is told here, and not at its end, that it has to hold the member.
    """
    if sitting.brought.is_so and not sitting.brought.is_several:
        await _course(sitting)


async def paid(sitting: Sitting) -> None:
    """The order is paid: it counts, and may qualify."""
    if course := await _course(sitting, joins=True):
        await _look(course, sitting)
        course.paid(_bought(sitting, sitting.purchase.refunded_minor))


async def completed(sitting: Sitting, at: datetime) -> None:
    """The order is completed: it may qualify."""
    course = await _course(sitting)
    if course is not None and (not course.is_several or await _is_counted(sitting, course)):
        await _look(course, sitting)
        course.completed(_bought(sitting, sitting.purchase.refunded_minor), at)


async def refunded(sitting: Sitting, refund_minor: int, at: datetime) -> None:
    """Something of the order was given back: what had qualified by it may have no more."""
    course = await _course(sitting)
    if course is not None and await _is_counted(sitting, course):
        now = sitting.purchase.refunded_minor
        course.refunded(_bought(sitting, now - refund_minor), _bought(sitting, now), at)


async def _course(sitting: Sitting, *, joins: bool = False) -> Course | None:
    """The referral the order is of, or comes to be of; nothing is asked for where nobody brought its member."""
    purchase = sitting.purchase
    if sitting.course is None and sitting.brought.is_several:
        sitting.course = await referrals.course_for(purchase.member_id, purchase.id, sitting.now, joins=joins)
    elif sitting.course is None and sitting.brought.is_so:
        sitting.course = await referrals.course_of(purchase.member_id, sitting.now)
    return sitting.course


async def _look(course: Course, sitting: Sitting) -> None:
    """See what speaks against a referral before an order may be its qualifying act."""
    if course.may_qualify:
        purchase = sitting.purchase
        await referrals.look(course, payer=purchase.payer_hash, address=purchase.address_hash)


async def _is_counted(sitting: Sitting, course: Course) -> bool:
    """Whether the order counted when it was paid, and something of it still does."""
    purchase_id: UUID = sitting.purchase.id
    if any(step.purchase_id == purchase_id and step.gross_minor for step in course.steps):
        return True
    return bool(await COUNTED.value(course.referral.referee_id, purchase_id))


def _bought(sitting: Sitting, refunded_minor: int) -> Bought:
    purchase = sitting.purchase
    if purchase.paid_at is None:
        raise AssertionError("An order that counts is paid.")
    gross = Minor(purchase.goods_minor - purchase.by_points_minor)
    return Bought(purchase.id, purchase.paid_at, gross, refunded_minor)
