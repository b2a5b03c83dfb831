"""Tiers as a client sees them: the ladder, a member's place on it, and what it gives them."""

from collections.abc import Sequence
from enum import Enum
from typing import Any

import strawberry

from models.sql import SQL
from models.units import WHOLE
from rules import programme
from rules.programme import Rung, Terms
from schema import ids
from schema.context import Context, HasMember
from schema.permissions import PUBLIC, SEES_MEMBER, seen
from schema.scalars import BasisPointsValue, Long, Moment


@strawberry.interface(description="Anything with an id of its own, to be asked for by `node`.")
class Node:
    id: strawberry.ID = seen(PUBLIC, "Opaque. Store it, send it back, read nothing into it.")


@strawberry.enum(description="What a tier gives its members.")
class BenefitKind(Enum):
    EARN_MULTIPLIER = strawberry.enum_value(
        "EARN_MULTIPLIER", description="Purchases earn more: `value` is the multiplier in basis points."
    )
    REDEEM_LIMIT = strawberry.enum_value(
        "REDEEM_LIMIT", description="One redemption may take at most `value` points."
    )


@strawberry.type(description="One thing a tier gives its members. The rules enforce it.")
class Benefit:
    kind: BenefitKind = seen(PUBLIC, "What sort of benefit.")
    value: Long = seen(PUBLIC, "How much of it, in the unit its kind names.")


@strawberry.type(description="One rung of the ladder (会员等级).")
class Tier(Node):
    code: str = seen(PUBLIC, "The tier's short name, which does not change.")
    name: str = seen(PUBLIC, "The tier's name for people.")
    rank: int = seen(PUBLIC, "0 for the lowest tier, one more for each above.")
    threshold: Long = seen(PUBLIC, "The growth value from which the tier is held.")
    earn_multiplier: BasisPointsValue = seen(PUBLIC, "What purchases earn, against the base: 12000 is 1.2 times.")
    redeem_limit: Long | None = seen(PUBLIC, "The most points of one redemption; null means no limit.")
    benefits: list[Benefit] = seen(PUBLIC, "All that the tier gives, ready to list.")

    @classmethod
    def of(cls, rung: Rung) -> "Tier":
        """The tier as a client sees it."""
        if rung.id is None:
            raise AssertionError("A rung that was not read from the database.")
        given = []
        if rung.earn_multiplier_bps > WHOLE:
            given.append(Benefit(kind=BenefitKind.EARN_MULTIPLIER, value=Long(rung.earn_multiplier_bps)))
        if rung.redeem_limit_points is not None:
            given.append(Benefit(kind=BenefitKind.REDEEM_LIMIT, value=Long(rung.redeem_limit_points)))
        return cls(
            id=strawberry.ID(ids.encode(ids.Tag.TIER, rung.id)),
            code=rung.code,
            name=rung.name,
            rank=rung.rank,
            threshold=Long(rung.threshold),
            earn_multiplier=BasisPointsValue(rung.earn_multiplier_bps),
            redeem_limit=None if rung.redeem_limit_points is None else Long(rung.redeem_limit_points),
            benefits=given,
        )


@strawberry.type(description="The next tier, and how far it is.")
class NextTier:
    tier: Tier = seen(SEES_MEMBER, "The tier above the one held.")
    need: Long = seen(SEES_MEMBER, "The growth value still missing.")
    percent: BasisPointsValue = seen(
        SEES_MEMBER, "How much of the way from the held tier's threshold is done, rounded down."
    )


@strawberry.type(description="Where a member stands on the ladder.")
class TierProgress:
    tier: Tier = seen(SEES_MEMBER, "The tier held.")
    since: Moment = seen(SEES_MEMBER, "Since when it has been held.")
    growth: Long = seen(SEES_MEMBER, "The growth value (成长值). It is never spent; refunds take it back.")
    next: NextTier | None = seen(SEES_MEMBER, "The way to the next tier; null on the highest.")


STANDINGS = SQL(
    "SELECT member_id, growth, tier_id, tier_since FROM growth_account WHERE member_id = ANY($1::uuid[])",
    fans_out="a page of members shows each one's tier",
)


async def progress_of(parents: Sequence[HasMember], context: Context) -> list[TierProgress]:
    """Where each member stands."""
    del context
    terms = await programme.terms()
    rows = await STANDINGS.rows([parent.member_id for parent in parents])
    by_member = {row["member_id"]: row for row in rows}
    return [_progress(by_member[parent.member_id], terms) for parent in parents]


async def tier_of(parents: Sequence[HasMember], context: Context) -> list[Tier]:
    """The tier each member holds."""
    return [found.tier for found in await progress_of(parents, context)]


def _progress(row: dict[str, Any], terms: Terms) -> TierProgress:
    held, growth = terms.rung(row["tier_id"]), row["growth"]
    above = next((rung for rung in terms.ladder if rung.rank == held.rank + 1), None)
    return TierProgress(
        tier=Tier.of(held),
        since=row["tier_since"],
        growth=Long(growth),
        next=None if above is None else _next(held, above, growth),
    )


def _next(held: Rung, above: Rung, growth: int) -> NextTier:
    """How far the next tier is. A refund may have taken growth below the held tier's own threshold."""
    done = max(0, growth - held.threshold) * WHOLE // (above.threshold - held.threshold)
    return NextTier(
        tier=Tier.of(above),
        need=Long(max(0, above.threshold - growth)),
        percent=BasisPointsValue(min(done, WHOLE)),
    )
