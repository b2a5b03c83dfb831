"""Pending points as a client sees them: what each lot waits for, and until when."""

from collections.abc import Sequence
from enum import Enum
from typing import Any
from uuid import UUID

import strawberry

from models.lots import ripe
from models.reading import Row, Rows
from schema import ids, pages
from schema.context import Context, HasMember
from schema.pages import First
from schema.permissions import SEES_POINTS, seen
from schema.scalars import Long, Moment


@strawberry.enum(description="What pending points wait for.")
class PointsWait(Enum):
    TIME = strawberry.enum_value("TIME", description="For `activatesAt`.")
    COMPLETION = strawberry.enum_value("COMPLETION", description="For the order to be completed.")
    THAW = strawberry.enum_value("THAW", description="For the member to be unfrozen, besides all else.")


@strawberry.type(description="Points that came together and are not available yet (待生效积分).")
class PointsPending:
    id: strawberry.ID = seen(SEES_POINTS, "Which, for `pointsPendingCancel`.")
    points: Long = seen(SEES_POINTS, "How many.")
    waits_for: list[PointsWait] = seen(SEES_POINTS, "What they wait for: all of it.")
    activates_at: Moment | None = seen(SEES_POINTS, "When they become available, at the latest; null: not by time.")
    cancels_at: Moment | None = seen(SEES_POINTS, "When they are cancelled unless that comes before; null: never.")
    expires_at: Moment | None = seen(
        SEES_POINTS, "When they expire by what is known now; null when they never do, or nothing is known."
    )
    purchase_id: strawberry.ID | None = seen(SEES_POINTS, "The purchase that earned them, for `node`.")

    @classmethod
    def is_type_of(cls, value: object, _info: object) -> bool:
        """Rows are lots."""
        return isinstance(value, PendingRow)


class PendingRow(Row):
    """A pending lot, as it is shown."""

    member_id: UUID
    lot_id: UUID
    points: int
    awaited: str | None
    thaws: bool | None
    activates_at: str | None
    cancels_at: str | None
    expires_at: str | None
    bought: UUID | None
    is_due: bool | None

    @property
    def id(self) -> str:
        """The lot's id."""
        return ids.encode(ids.Tag.POINTS_LOT, self.member_id, self.lot_id)

    @property
    def purchase_id(self) -> str | None:
        """The id of the purchase that earned it."""
        bought = self.bought
        return None if bought is None else ids.encode(ids.Tag.PURCHASE, self.member_id, bought)

    @property
    def waits_for(self) -> list[PointsWait]:
        """What it waits for."""
        waits = [] if self.awaited is None or self.is_due else [PointsWait[self.awaited]]
        return [*waits, PointsWait.THAW] if self.thaws or not waits else waits


PENDING = Rows(
    PendingRow,
    "SELECT n.member_id, n.lot_id, n.points, n.awaited, n.thaws, n.activates_at, n.cancels_at, n.expires_at,"  # noqa: S608  names of ours
    " n.bought, n.is_due FROM (SELECT l.member_id, l.id AS lot_id, l.remaining AS points, l.waits_for AS awaited,"
    " l.thaws, ISO(l.activates_at) AS activates_at, ISO(l.cancels_at) AS cancels_at,"
    " ISO(l.expires_at) AS expires_at, l.purchase_id AS bought, l.activates_at <= $2 AS is_due, ROW_NUMBER() OVER"
    " (PARTITION BY l.member_id ORDER BY l.activates_at NULLS LAST, l.id) AS place FROM points_lot l"
    " WHERE l.member_id = ANY($1::uuid[]) AND NOT l.active AND l.remaining > 0"
    f" AND NOT COALESCE({ripe('l', '$2')}, FALSE)) n WHERE n.place <= $3 ORDER BY n.place",
    fans_out="a page of members shows what each one waits for",
)


async def pending_of(
    parents: Sequence[HasMember], context: Context, first: First = None
) -> list[list[PointsPending]]:
    """What each account waits for, soonest first."""
    found: dict[UUID, list[Any]] = {parent.member_id: [] for parent in parents}
    for row in await PENDING.rows(list(found), context.now, pages.limit(first)):
        found[row.member_id].append(row)
    return [found[parent.member_id] for parent in parents]
