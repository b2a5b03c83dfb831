"""Qualifying: what counts now is held against a member's tiers."""

from datetime import datetime
from uuid import UUID

from rules import standings
from rules.programme import Terms
from rules.standings import Standing, advance


async def requalify(
    standing: Standing, terms: Terms, *, at: datetime, now: datetime, purchase_id: UUID | None = None
) -> None:
    """Hold a member's tiers against what counts now: a grace may end well, and a higher tier be reached."""
    today = terms.local_day(now)
    if standing.grace_until:
        reached = await standings.measure(standing, terms, last=today, to_keep=True)
        standings.recover(standing, terms, reached, now)
        # the next review counts from the last one, and may have been due in the grace
        await advance(standing, terms, now)
    reached = await standings.measure(standing, terms, last=today)
    standings.rise(standing, terms, reached, at=at, now=now, purchase_id=purchase_id)
