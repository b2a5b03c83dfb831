"""Landing: the growth of a purchase comes with its points, when time alone has made them available."""

from datetime import datetime
from typing import Any
from uuid import UUID

from models.sql import SQL
from rules import heirs, points, programme, tiers
from rules.jobs import job
from rules.outbox import tell
from rules.purchases._effects import growth_cause, left
from rules.transactions import transaction

WAITED = SQL(
    "SELECT l.growth, l.activates_at, e.id AS entry_id FROM points_lot l"
    " LEFT JOIN growth_entry e ON e.member_id = l.member_id AND e.cause = $3"
    " WHERE l.member_id = $1 AND l.id = $2 AND l.active"
)
BOUGHT = SQL(
    "SELECT p.id, p.refunded_minor, p.goods_minor FROM points_lot l JOIN purchase p ON p.member_id = l.member_id"
    " AND p.id = l.purchase_id WHERE l.member_id = $1 AND l.id = $2"
)


@job(points.LAND)
async def land(facts: dict[str, Any], now: datetime) -> None:
    """Let the growth land that came with a lot which has become available: once, however often this runs."""
    await land_growth(UUID(facts["member"]), UUID(facts["lot"]), now=now)


@transaction
async def land_growth(member_id: UUID, lot_id: UUID, *, now: datetime) -> None:
    """The growth of a lot's purchase lands, less what was refunded meanwhile. Again changes nothing.

    Raises: NotFound, GrowthLimit, PointsLimit.
    """
    held, heir = await heirs.hold(member_id)
    bought = await BOUGHT.row(member_id, lot_id)
    lot = bought and await WAITED.row(member_id, lot_id, growth_cause(bought["id"]))
    if bought is None or lot is None or lot["entry_id"] is not None:
        return
    terms = await programme.terms()
    standing = await tiers.standing(member_id, terms, now)
    inherits = None if heir is held else await tiers.standing(heir.id, terms, now)
    events = await tiers.grow(
        standing,
        left(lot["growth"], refunded=bought["refunded_minor"], paid=bought["goods_minor"]),
        cause=growth_cause(bought["id"]),
        terms=terms,
        purchase_id=bought["id"],
        effective_at=lot["activates_at"],
        now=now,
        heir=inherits,
    )
    await tell(heir.id, events, now)
    if heir is not held:
        await points.hand_on(member_id, heir.id, now)
