"""Upgrade gifts: points that a level gives to whoever rises to it, or past it, once in a cycle."""

from datetime import datetime
from typing import Any
from uuid import UUID

from models.members import MemberState
from models.sql import SQL
from models.tiers import BenefitGrant
from models.units import Points
from models.writing import add
from rules import heirs, points, programme
from rules.actors import SYSTEM
from rules.gifts._giving import credit
from rules.jobs import job
from rules.outbox import tell
from rules.points import Book
from rules.policy import Life
from rules.schemes import BenefitKind, Gift
from rules.tiers import GIFTS
from rules.transactions import transaction

KIND = BenefitKind.UPGRADE_GIFT
GIVEN = SQL("SELECT tier_id, period FROM benefit_grant WHERE member_id = $1 AND benefit = $2 AND period = $3")


@job(GIFTS)
async def give(facts: dict[str, Any], now: datetime) -> None:
    """Give what a step won. Again, or by two workers at once, gives nothing more."""
    gifts = [Gift(UUID(each["tier_id"]), Points(each["points"]), each["cycle"]) for each in facts["gifts"]]
    await grant(UUID(facts["member_id"]), facts["seq"], gifts, now=now)


@transaction
async def grant(member_id: UUID, seq: int, gifts: list[Gift], *, now: datetime) -> list[Gift]:
    """Give a member, or who they are now, the gifts of a step that they have not had yet, and say which.

    They are available at once and live by the policy; those of a frozen member wait for the thaw. Who has left the
    programme gets none.

    Raises: NotFound, PointsLimit.
    """
    _, heir = await heirs.hold(member_id)
    if heir.state not in (MemberState.ACTIVE, MemberState.FROZEN):
        return []
    given = await _given(heir.id, {each.cycle for each in gifts})
    left = [each for each in gifts if (each.tier_id, each.cycle) not in given]
    if left:
        life = (await programme.terms()).life(now, frozen=heir.state is MemberState.FROZEN)
        book = await points.open_book(heir.id, now)
        rows = [_credit(book, gift, life) | {"won_by_id": member_id, "won_seq": seq} for gift in left]
        await tell(heir.id, await points.post(book, SYSTEM), now)
        add(BenefitGrant, rows)
    return left


async def _given(member_id: UUID, cycles: set[str]) -> set[tuple[UUID, str]]:
    """What a held member has had in these cycles: which level's gift, in which."""
    rows = [row for cycle in sorted(cycles) for row in await GIVEN.rows(member_id, KIND.value, cycle)]
    return {(row["tier_id"], row["period"]) for row in rows}


def _credit(book: Book, gift: Gift, life: Life) -> dict[str, Any]:
    """Credit a level's gift. Raises: PointsLimit."""
    cause = f"gift:{gift.tier_id}:{gift.cycle}"
    return credit(book, KIND, gift.points, tier_id=gift.tier_id, period=gift.cycle, cause=cause, life=life)
