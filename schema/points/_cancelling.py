"""Cancelling pending points, by staff and for a reason."""

import strawberry

from models.units import Note, ReasonCode
from rules import points
from rules.refusals import NotFound
from schema import ids
from schema.context import Info
from schema.errors import command, key_of
from schema.permissions import DESK
from schema.points._asking import PointsPayload, answer
from schema.scalars import KEY_SAYS


@strawberry.input(description="Pending points to cancel.")
class PointsPendingCancelInput:
    id: strawberry.ID = strawberry.field(description="Which: the `id` of one of `points { pendingLots }`.")
    reason: ReasonCode = strawberry.field(description="Why, in one word: `FRAUD`.")
    note: Note | None = strawberry.field(default=None, description="A line for people. Kept encrypted.")
    idempotency_key: str = strawberry.field(description=KEY_SAYS)


@strawberry.type
class PendingMutation:
    """What may be done with pending points."""

    @command(
        DESK,
        "Cancel pending points, for a reason: they never become available, nor does the growth value that waits "
        "with them.",
        PointsPayload,
        points.cancel_pending,
    )
    async def points_pending_cancel(self, info: Info, input: PointsPendingCancelInput) -> PointsPayload | None:
        """Cancel pending points."""
        context = info.context
        parts = ids.decode(ids.Tag.POINTS_LOT, input.id)
        if parts is None:
            raise NotFound
        posted = await points.cancel_pending(
            parts[0],
            parts[1],
            reason=input.reason,
            note=input.note,
            key=key_of(input.idempotency_key),
            actor=context.actor,
            now=context.now,
        )
        return await answer(parts[0], posted)
