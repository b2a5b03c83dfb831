"""Giving: a gift is a movement of its own in a member's book, and a line of what they were given."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from models.points import PointsKind
from models.sql import SQL
from models.units import Points
from rules.points import Book, Movement
from rules.policy import Life
from rules.schemes import BenefitKind


def credit(
    book: Book, kind: BenefitKind, points: Points, *, tier_id: UUID, period: str, cause: str, life: Life
) -> dict[str, Any]:
    """Credit a gift by a movement of its own, and say so.

    Raises: PointsLimit.
    """
    movement = Movement(PointsKind.GRANT, cause, book.now, reason=kind.value)
    book.earn(movement, points, life=life)
    return {
        "member_id": book.member_id,
        "benefit": kind.value,
        "tier_id": tier_id,
        "period": period,
        "points": points,
        "transaction_id": movement.id,
        "granted_at": book.now,
    }


GIFTS = {BenefitKind.UPGRADE_GIFT, BenefitKind.BIRTHDAY_GIFT}
"""The benefits that are points, given by themselves."""

LAST = SQL(
    "SELECT member_id, benefit, tier_id, MAX(granted_at) AS at FROM benefit_grant"
    " WHERE member_id = ANY($1::uuid[]) GROUP BY member_id, benefit, tier_id",
    fans_out="a page of members shows what each one was given",
)


async def given_to(member_ids: Sequence[UUID]) -> dict[tuple[UUID, BenefitKind, UUID | None], datetime]:
    """When each of these members was last given what, by the tier it is told apart by."""
    found: dict[tuple[UUID, BenefitKind, UUID | None], datetime] = {}
    for row in await LAST.rows(list(member_ids)):
        kind = BenefitKind(row["benefit"])
        whose = (row["member_id"], kind, giver(kind, row["tier_id"]))
        found[whose] = max(row["at"], found.get(whose, row["at"]))
    return found


def giver(kind: BenefitKind, tier_id: UUID | None) -> UUID | None:
    """The tier whose gift it is; None where a member gets one whatever tier they hold."""
    return tier_id if kind is BenefitKind.UPGRADE_GIFT else None
