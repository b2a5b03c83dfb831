"""What expires next, soonest first: of one member in one statement, of many in one besides."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import strawberry

from models.lots import ends
from models.reading import Row, Rows
from schema import pages
from schema.context import Answers, Context, HasMember, are
from schema.pages import First
from schema.permissions import SEES_POINTS, seen
from schema.scalars import Long, Moment


@strawberry.type(description="Points that expire together.")
class PointsExpiry:
    points: Long = seen(SEES_POINTS, "How many.")
    expires_at: Moment = seen(SEES_POINTS, "The first moment they are worth nothing.")


class ExpiryRow(Row):
    """Points that expire together."""

    points: int
    expires_at: str


class ExpiryOf(ExpiryRow):
    """Points that expire together, and whose they are."""

    member_id: UUID


SOON = (
    "SELECT one.member_id, one.at, SUM(one.remaining)::bigint AS points FROM (SELECT l.member_id, l.remaining,"  # noqa: S608  names of ours
    f" {ends('l', 'b')} AS at FROM points_lot l JOIN points_account b ON b.member_id = l.member_id"
    " WHERE l.member_id = {whose} AND l.active AND l.remaining > 0 AND (l.expires_at > $2 OR l.slides IS NOT NULL))"
    " one WHERE one.at > $2 GROUP BY one.member_id, one.at ORDER BY one.at"
)
"""What a member is about to lose after the moment $2, soonest first."""

EXPIRING = Rows(
    ExpiryRow,
    f"SELECT ISO(soon.at) AS expires_at, soon.points FROM ({SOON.format(whose='$1')} LIMIT $3) soon",  # noqa: S608  names of ours
)
SOON_OF_SEVERAL = (
    "SELECT soon.member_id, ISO(soon.at) AS expires_at, soon.points FROM (SELECT one.member_id, one.at,"  # noqa: S608  names of ours
    " SUM(one.remaining) AS points, ROW_NUMBER() OVER (PARTITION BY one.member_id ORDER BY one.at) AS place"
    f" FROM (SELECT l.member_id, l.remaining, {ends('l', 'b')} AS at"
    " FROM unnest($1::uuid[]) AS whose(member_id) CROSS JOIN points_lot l ON l.member_id = whose.member_id"
    " AND l.active AND l.remaining > 0 AND (l.expires_at > $2 OR l.slides IS NOT NULL)"
    " JOIN points_account b ON b.member_id = l.member_id) one"
    " WHERE one.at > $2 GROUP BY one.member_id, one.at) soon WHERE soon.place <= $3 ORDER BY soon.at"
)
"""The same of several members, as SQLite is asked, which has no LATERAL."""

EXPIRING_OF_SEVERAL = Rows(
    ExpiryOf,
    "SELECT soon.member_id, ISO(soon.at) AS expires_at, soon.points FROM unnest($1::uuid[]) AS whose(member_id)"  # noqa: S608  names of ours
    f" CROSS JOIN LATERAL ({SOON.format(whose='whose.member_id')} LIMIT $3) soon",
    sqlite=SOON_OF_SEVERAL,
    fans_out="a page of members shows what each one is about to lose",
)


class Foreseen(Row):
    """An account that was read with what it is about to lose."""

    foreseen: int = 0
    """How many were asked for."""
    soon: Sequence[Any] = ()
    """Those."""


def expiring_of(parents: Sequence[HasMember], context: Context, first: First = None) -> Answers[list[PointsExpiry]]:
    """What each account is about to lose, soonest first."""
    most = pages.limit(first)
    rows: Sequence[Any] = parents
    if are(Foreseen, rows):
        read: list[Any] = [row.soon for row in rows if row.foreseen == most]
        if len(read) == len(rows):
            return read
    return _expiring_of(parents, context, most)


async def _expiring_of(parents: Sequence[HasMember], context: Context, most: int) -> list[list[PointsExpiry]]:
    found: dict[UUID, list[Any]] = {parent.member_id: [] for parent in parents}
    if len(found) == 1:
        found[parents[0].member_id] = await EXPIRING.rows(parents[0].member_id, context.now, most)
    else:
        for row in await EXPIRING_OF_SEVERAL.rows(list(found), context.now, most):
            found[row.member_id].append(row)
    return [found[parent.member_id] for parent in parents]
