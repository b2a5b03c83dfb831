"""The outlook: how long the points live that are open now, by the month in which they came."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from models.finance import Term
from models.lots import ends
from models.sql import SQL
from rules.calendar import local_midnight
from rules.finance._counting import QUARTER, Calendar, month

SLICES = 16
"""In how many parts the members are gone through, so that no statement takes long."""

ENDS = ends("l", "a")
TERM = (
    f"CASE WHEN l.active AND {ENDS} <= $3 THEN 'EXPIRED' WHEN NOT l.active THEN 'WAITING'"
    f" WHEN l.expires_at IS NULL THEN 'NEVER' WHEN {ENDS} <= $4 THEN 'DAYS_7'"
    f" WHEN {ENDS} <= $5 THEN 'DAYS_30' WHEN {ENDS} <= $6 THEN 'DAYS_90' ELSE 'LATER' END"
)
CAME = "COALESCE(l.origin_at, o.effective_at)"
"""When points were earned, by whomever."""

OPEN = (
    "SELECT {quarter} AS came, {term} AS term, SUM(l.remaining + l.held)::bigint AS points FROM points_lot l"
    " JOIN points_account a ON a.member_id = l.member_id"
    " JOIN points_transaction o ON o.member_id = l.member_id AND o.id = l.transaction_id"
    " WHERE l.member_id >= $1 AND l.member_id <= $2 AND (l.remaining > 0 OR l.held > 0) GROUP BY {quarter}, {term}"
)
OPEN_LOTS = SQL(
    OPEN.format(quarter=f"FLOOR(EXTRACT(EPOCH FROM LEAST({CAME}, o.created_at)) / 900)::bigint", term=TERM),
    sqlite=OPEN.format(quarter=f"CAST(strftime('%s', MIN({CAME}, o.created_at)) AS INTEGER) / 900", term=TERM),
    fans_out="finance asks once a day how long the open points of all members live",
)


async def outlook(day: date, timezone: str) -> dict[tuple[date, Term], int]:
    """The open points by cohort and by how long they live after the end of that day."""
    calendar = Calendar(timezone)
    ends = [local_midnight(day + timedelta(days=1 + more), timezone) for more in (0, 7, 30, 90)]
    found: dict[tuple[date, Term], int] = defaultdict(int)
    for place in range(SLICES):
        for row in await OPEN_LOTS.rows(*_slice(place), *ends):
            came = calendar.day(datetime.fromtimestamp(row["came"] * QUARTER, UTC))
            found[month(came), Term(row["term"])] += row["points"]
    return found


def _slice(place: int) -> tuple[UUID, UUID]:
    """The lowest and the highest id of a part of the members."""
    width = (1 << 128) // SLICES
    return UUID(int=place * width), UUID(int=(place + 1) * width - 1)
