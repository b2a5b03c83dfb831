"""Paying: what a person has paid for, whichever member they were, and the best of it at a moment."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from operator import attrgetter
from uuid import UUID

from models.sql import SQL
from models.tiers import TierSource
from rules.programme import Terms
from rules.standings._measuring import those_they_were
from rules.standings._standing import Overlay, Paid, Standing

PAID = SQL(
    "SELECT m.id, m.member_id, m.starts_at, m.ends_at, p.duration_days, p.tier_id FROM membership m"
    " JOIN membership_plan p ON p.id = m.plan_id WHERE m.member_id = ANY($1::uuid[]) AND m.refunded_at IS NULL"
    " AND m.ends_at > $2 ORDER BY m.starts_at, m.id",
    fans_out="what a person has paid for is theirs, whichever member they were",
)


async def paid_for(member_ids: Sequence[UUID], since: datetime) -> dict[UUID, list[Paid]]:
    """What each of these members has paid for that was not over at a moment nor refunded, the first to begin first.

    Whatever was paid by whom they were is theirs.
    """
    now = await those_they_were(member_ids)
    found: dict[UUID, list[Paid]] = {each: [] for each in member_ids}
    for row in await PAID.rows(list(now), since):
        found[now[row["member_id"]]].append(Paid(**row))
    return found


def best(paid: Iterable[Paid], terms: Terms, at: datetime, held: Overlay | None = None) -> Overlay | None:
    """The highest tier that is paid for at a moment, until the last payment for it ends; None where none is.

    What was held before it goes on, if it is of the same tier.
    """
    runs = [each for each in paid if each.ends_at > at]
    if not runs:
        return None
    tier = max((terms.rung(each.tier_id) for each in runs), key=attrgetter("rank"))
    those = [each for each in runs if each.tier_id == tier.id]
    since = held.since if held and held.tier is tier else min(each.starts_at for each in those)
    return Overlay(tier, since, max(each.ends_at for each in those))


async def bring_paid(standings: Iterable[Standing], before: datetime) -> None:
    """Have at hand what else was paid for by those whose paid tier ends by then, in one go for all of them."""
    ending = {
        each.member_id: each
        for each in standings
        if each.paid is None and (held := each.overlays.get(TierSource.PAID)) and held.until <= before
    }
    if ending:
        since = min(each.overlays[TierSource.PAID].until for each in ending.values())
        for member_id, paid in (await paid_for(list(ending), since)).items():
            ending[member_id].paid = paid
