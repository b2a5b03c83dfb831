"""Reversing: a tier that a purchase won is taken back when that very purchase is refunded soon enough."""

from datetime import datetime, timedelta
from uuid import UUID

from models.sql import SQL
from models.tiers import TierCause
from rules import standings
from rules.programme import Terms
from rules.standings import Standing, advance

LAST_EARNED = SQL(
    "SELECT cause, purchase_id, at, COALESCE(own_from_id, from_tier_id) AS from_tier_id, ended_at, graced_until"
    " FROM tier_change WHERE member_id = $1 AND (source IS NULL OR source = 'EARNED') "
    " ORDER BY seq DESC NULLS LAST, id DESC LIMIT 1"
)


async def take_back(standing: Standing, terms: Terms, purchase_id: UUID, *, at: datetime) -> None:
    """A held member is again where they would have been, if this purchase won the tier they hold, and lately.

    What they have reached without it stays theirs. The review of the tier before counts as if nothing had been.
    """
    days = terms.scheme.refund_correction_days
    if not days:
        return
    last = await LAST_EARNED.row(standing.member_id)
    if last is None or last["cause"] != TierCause.UPGRADED or last["purchase_id"] != purchase_id:
        return
    if last["at"] <= at - timedelta(days=days):
        return
    before = terms.rung(last["from_tier_id"])
    reached = terms.rung_for(await standings.measure(standing, terms, last=terms.local_day(at)))
    if reached.rank >= standing.earned.rank:
        return
    if reached.rank > before.rank:
        standing.step(TierCause.REVERSED, at, purchase_id=purchase_id, earned=reached, earned_since=at)
        return
    standing.step(
        TierCause.REVERSED,
        at,
        purchase_id=purchase_id,
        earned=before,
        earned_since=at,
        expires_at=last["ended_at"],
        grace_until=last["graced_until"],
    )
    await advance(standing, terms, at)
