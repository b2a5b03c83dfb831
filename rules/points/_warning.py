"""Warning: members are told of points that are about to expire, so many days before, each once."""

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from models.lots import ends
from models.members import MemberState
from models.points import PointsWarning
from models.sql import SQL
from models.writing import add
from rules import members, programme
from rules.calendar import local_midnight
from rules.jobs import job
from rules.outbox import Event, tell
from rules.points._sweeping import visit
from rules.programme import Terms
from rules.transactions import transaction

ENDS = ends("l", "a")
TO_WARN = SQL(
    "SELECT l.member_id FROM points_lot l JOIN points_account a ON a.member_id = l.member_id"  # noqa: S608  names of ours
    " JOIN member m ON m.id = l.member_id AND m.state IN ('ACTIVE', 'FROZEN')"
    " WHERE l.member_id > $1 AND (l.remaining > 0 OR l.held > 0) AND l.remaining > 0 AND l.active"
    f" AND l.expires_at <= $3 AND {ENDS} > $2 AND {ENDS} <= $3 AND NOT EXISTS (SELECT 1 FROM points_warning w"
    f" WHERE w.member_id = l.member_id AND w.expires_at = {ENDS} AND w.days = $4)"
    " GROUP BY l.member_id ORDER BY l.member_id LIMIT $5",
    fans_out="the sweeper of warnings visits every member's",
)
EXPIRING = SQL(
    f"SELECT {ENDS} AS expires_at, l.remaining FROM points_lot l"  # noqa: S608  names of ours
    " JOIN points_account a ON a.member_id = l.member_id WHERE l.member_id = $1 AND l.remaining > 0 AND l.active"
    f" AND l.expires_at <= $3 AND {ENDS} > $2 AND {ENDS} <= $3"
)
TOLD = SQL("SELECT expires_at FROM points_warning WHERE member_id = $1 AND days = $2 AND expires_at > $3")


@job("points.warn", every=timedelta(hours=1), lease=timedelta(minutes=45))
async def warn_all(_: dict[str, Any], now: datetime) -> None:
    """Tell members of what they are about to lose: the nearest of the policy's days counts, each is told once."""
    terms = await programme.terms()
    since = now
    for days in sorted(terms.policy.warning_days):
        until = reach(terms, now, days)

        async def one(member_id: UUID, days: int = days, since: datetime = since, until: datetime = until) -> None:
            await warn(member_id, days, since=since, until=until, now=now)

        await visit(TO_WARN, one, since, until, days)
        since = until


def reach(terms: Terms, now: datetime, days: int) -> datetime:
    """Up to what expiry a member is told so many days before: the last day of the points is that many days off."""
    return local_midnight(terms.local_day(now) + timedelta(days=days), terms.timezone)


@transaction
async def warn(member_id: UUID, days: int, *, since: datetime, until: datetime, now: datetime) -> None:
    """Tell a member of points that expire after a moment and by another, so many days before. Again tells nothing.

    Raises: NotFound.
    """
    held = await members.hold(member_id)
    if held.state not in (MemberState.ACTIVE, MemberState.FROZEN):
        return
    expiring: dict[datetime, int] = defaultdict(int)
    for row in await EXPIRING.rows(member_id, since, until):
        expiring[row["expires_at"]] += row["remaining"]
    for row in await TOLD.rows(member_id, days, since):
        expiring.pop(row["expires_at"], None)
    events = []
    for moment, points in sorted(expiring.items()):
        told = {"member_id": member_id, "expires_at": moment, "days": days, "points": points, "told_at": now}
        add(PointsWarning, [told])
        events.append(Event("points.expiring", {"points": points, "expires_at": moment.isoformat(), "days": days}))
    await tell(member_id, events, now)
