"""Holds as a client sees them, and how each is read for many members at once. Time ends them, written or not."""

from collections.abc import Sequence
from typing import Annotated, Any, cast
from uuid import UUID

import strawberry

from models.listing import ROW_ID, Listing
from models.points import HoldState
from models.reading import Row, Rows
from models.units import ReasonCode
from schema import ids, pages
from schema.context import Context, HasMember
from schema.enums import describe
from schema.pages import After, Before, Connection, First, Last, Listed, Page
from schema.permissions import SEES_POINTS, seen
from schema.scalars import Long, Moment
from schema.tiers import Node

describe(
    HoldState,
    "What has become of points that were set aside.",
    {
        HoldState.HELD: "Set aside: nothing else can spend them.",
        HoldState.CAPTURED: "All of them were spent.",
        HoldState.PARTIALLY_CAPTURED: "Some of them were spent; the others are available again.",
        HoldState.RELEASED: "Available again.",
        HoldState.EXPIRED: "Available again, since the time was over.",
    },
    name="PointsHoldState",
)


@strawberry.type(description="Points set aside for a checkout (积分预占).")
class PointsHold(Node):
    state: HoldState = seen(SEES_POINTS, "What has become of it.")
    points: Long = seen(SEES_POINTS, "How many were set aside.")
    captured: Long = seen(SEES_POINTS, "How many of them were spent.")
    released: Long = seen(SEES_POINTS, "How many of them are available again.")
    reason: ReasonCode = seen(SEES_POINTS, "What for, in one word.")
    purchase_id: strawberry.ID | None = seen(
        SEES_POINTS, "The purchase they are for, for `node`; null without one."
    )
    order_ref: str | None = seen(SEES_POINTS, "What the shop calls the order; null where it did not say.")
    created_at: Moment = seen(SEES_POINTS, "Since when.")
    expires_at: Moment = seen(SEES_POINTS, "The first moment at which nothing can be taken any more.")
    closed_at: Moment | None = seen(SEES_POINTS, "When it ended; null while it is open.")

    @classmethod
    def is_type_of(cls, value: object, _info: object) -> bool:
        """Rows are holds."""
        return isinstance(value, HoldRow)


class HoldRow(Row, Listed):
    """A hold, as it is shown."""

    member_id: UUID
    hold_id: UUID
    state: str
    points: int
    captured: int
    released: int
    reason: str
    bought: UUID | None
    order_ref: str | None
    created_at: str
    expires_at: str
    closed_at: str | None

    @property
    def id(self) -> str:
        """The hold's id."""
        return ids.encode(ids.Tag.POINTS_HOLD, self.member_id, self.hold_id)

    @property
    def purchase_id(self) -> str | None:
        """The id of the purchase it is for."""
        bought = self.bought
        return None if bought is None else ids.encode(ids.Tag.PURCHASE, self.member_id, bought)

    @property
    def key(self) -> tuple[UUID]:
        """Where it stands."""
        return (self.hold_id,)


OVER = "h.state = 'HELD' AND h.expires_at <= {now}"
COLUMNS = (
    f"h.member_id, h.id AS hold_id, CASE WHEN {OVER} THEN 'EXPIRED' ELSE h.state END AS state, h.amount AS points,"
    f" h.captured, CASE WHEN {OVER} THEN h.amount ELSE h.released END AS released, h.reason,"
    " h.purchase_id AS bought, h.order_ref, ISO(h.created_at) AS created_at, ISO(h.expires_at) AS expires_at,"
    f" ISO(CASE WHEN h.state = 'EXPIRED' OR {OVER} THEN h.expires_at ELSE h.closed_at END) AS closed_at"
)
ONE = Rows(
    HoldRow,
    f"SELECT {COLUMNS.format(now='$3')} FROM points_hold h WHERE h.member_id = $1 AND h.id = $2",  # noqa: S608
)


async def hold(context: Context, member_id: UUID, hold_id: UUID) -> Any:
    """One hold of a member."""
    return await ONE.row(member_id, hold_id, context.now)


def _listing(where: str) -> Listing[HoldRow]:
    return Listing(
        COLUMNS.format(now="$4"),
        "points_hold h",
        order={"id": ROW_ID},
        where=where,
        row=HoldRow,
        fans_out="a page of members shows the latest of what each one has set aside",
    )


ALL = _listing("")
OPEN = _listing("h.state = 'HELD' AND h.expires_at > {0}")
ENDED = _listing("(h.state = {1}::text OR ({1}::text = 'EXPIRED' AND h.state = 'HELD' AND h.expires_at <= {0}))")

State = Annotated[HoldState | None, strawberry.argument(description="Only those in this state; all by default.")]


async def holds_of(
    parents: Sequence[HasMember],
    context: Context,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
    state: State = None,
) -> list[Connection[PointsHold]]:
    """A page of each account's holds, newest first."""
    asked_for = pages.window(first=first, after=after, last=last, before=before, shape=(pages.row_id,))
    if state is None:
        found = await pages.listed(ALL, parents, asked_for, context.now)
    elif state is HoldState.HELD:
        found = await pages.listed(OPEN, parents, asked_for, context.now)
    else:
        found = await pages.listed(ENDED, parents, asked_for, context.now, state.value)
    return cast("list[Connection[PointsHold]]", [Page(rows, asked_for) for rows in found])
