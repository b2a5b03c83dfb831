"""The history of a member's tiers: the steps that led where they stand, newest first."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import strawberry

from models.listing import ROW_ID, Listing
from models.tiers import TierCause, TierSource
from schema import ids, pages
from schema.context import Context, HasMember
from schema.enums import describe
from schema.pages import After, Before, Connection, First, Last
from schema.permissions import MEMBER, SEES_MEMBER, STAFF, seen
from schema.scalars import Moment
from schema.tiers._ladder import Ladder, Tier, ladder

describe(
    TierCause,
    "What step was taken, and why.",
    {
        TierCause.JOINED: "They came, on the lowest tier.",
        TierCause.UPGRADED: "They reached a higher tier.",
        TierCause.RETAINED: "A review was passed (保级).",
        TierCause.GRACE_ENTERED: "A review was not passed; the tier is held until the grace is over.",
        TierCause.GRACE_RECOVERED: "They made up for it in the grace.",
        TierCause.DOWNGRADED: "The tier was not retained.",
        TierCause.REVERSED: "The order that won the tier was refunded.",
        TierCause.PAID_STARTED: "A membership was bought.",
        TierCause.PAID_RENEWED: "A membership was renewed.",
        TierCause.PAID_EXPIRED: "A membership is over.",
        TierCause.PAID_REFUNDED: "A membership was refunded.",
        TierCause.GRANTED: "Staff gave a tier until a moment.",
        TierCause.REVOKED: "Staff took it back.",
        TierCause.GRANT_EXPIRED: "What staff gave is over.",
    },
)
describe(
    TierSource,
    "By what a tier is held.",
    {
        TierSource.EARNED: "By what counts for the scheme: growth, spending or orders.",
        TierSource.PAID: "By a membership that was bought.",
        TierSource.GRANTED: "By staff, until a moment.",
    },
)


@strawberry.type(description="One step of a member's tiers. It is written once.")
class TierStep:
    cause: TierCause = seen(SEES_MEMBER, "What step, and why.")
    source: TierSource = seen(SEES_MEMBER, "Which source of tiers it was a step of.")
    at: Moment = seen(SEES_MEMBER, "When it happened.")
    from_tier: Tier | None = seen(SEES_MEMBER, "The tier in effect before it; null for the first.")
    to_tier: Tier = seen(SEES_MEMBER, "The tier in effect after it. Another source may give a higher one.")
    ends_at: Moment | None = seen(
        SEES_MEMBER, "Until when the source gives its tier after it; null means for good, or that it gives none."
    )
    purchase_id: strawberry.ID | None = seen(MEMBER | STAFF, "The purchase that caused it, for `node`.")
    reason: str | None = seen(STAFF, "Why staff did it.")


HISTORY = Listing[dict[str, Any]](
    "c.id, c.member_id, c.cause, c.source, c.at, c.from_tier_id, c.to_tier_id, c.ends_at, c.purchase_id, c.reason",
    "tier_change c",
    order={"id": ROW_ID},
    fans_out="a page of members shows the latest steps of each one's tiers",
)


async def history_of(
    parents: Sequence[HasMember],
    context: Context,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
) -> list[Connection[TierStep]]:
    """A page of each member's steps, newest first."""
    window = pages.window(first=first, after=after, last=last, before=before, shape=(pages.row_id,))
    found = await pages.listed(HISTORY, parents, window)
    named = {str(row[name]) for rows in found for row in rows for name in ("from_tier_id", "to_tier_id")}
    known = await ladder(context, named - {"None"})
    return [pages.page(rows, window, lambda row: _step(row, known), lambda row: (row["id"],)) for rows in found]


def _step(row: dict[str, Any], known: Ladder) -> TierStep:
    before, bought = row["from_tier_id"], row["purchase_id"]
    return TierStep(
        cause=TierCause(row["cause"]),
        source=TierSource(row["source"] or TierSource.EARNED),
        at=Moment(row["at"]),
        from_tier=known.steps[str(before)].tier if before else None,
        to_tier=known.steps[str(row["to_tier_id"])].tier,
        ends_at=row["ends_at"] and Moment(row["ends_at"]),
        purchase_id=bought and _purchase(row["member_id"], bought),
        reason=row["reason"],
    )


def _purchase(member_id: UUID, purchase_id: UUID) -> strawberry.ID:
    return strawberry.ID(ids.encode(ids.Tag.PURCHASE, member_id, purchase_id))
