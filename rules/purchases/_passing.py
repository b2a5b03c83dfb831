"""Passing on: what happens to the order of a merged member is theirs, and what comes of it is who they are now.

The order stays where it was recorded, and so does all that is reckoned from it. What is left of what it earned is
called back, the fact is applied as to any order, and whatever the member then has or owes goes on again.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from models.sql import SQL
from models.units import new_id
from rules import heirs, points, tiers
from rules.jobs import job
from rules.members import Held
from rules.outbox import tell
from rules.purchases._heirs import Heir
from rules.purchases._sitting import Sitting
from rules.transactions import transaction


async def pass_to(sitting: Sitting, held: Held) -> None:
    """A held heir sits in, and gives back for now what they have left of what the purchase earned.

    Raises: PointsLimit.
    """
    standing = await tiers.standing(held.id, sitting.terms, sitting.now)
    book = await points.open_book(held.id, sitting.now)
    heir = sitting.heir = Heir(held.id, held.state, book, standing, new_id())
    sitting.state = held.state
    traces = await points.trace(book)
    lots = [lot for lot in book.lots if lot.purchase_id == sitting.purchase.id]
    points.hand_over(book, sitting.book, _back(heir), group=new_id(), traces=traces, lots=lots)


async def pass_on(sitting: Sitting) -> None:
    """All that has come of the fact is the heir's, who is told of it.

    Raises: PointsLimit.
    """
    heir, book = sitting.heir, sitting.book
    if heir is None:
        return
    if [each.cause for each in book.movements] == [_back(heir)]:
        # no points have moved because of it, so none were ever called back
        sitting.book = await points.open_book(book.member_id, sitting.now)
    else:
        points.hand_over(
            book, heir.book, f"pass:{heir.passing}", group=heir.passing, traces=await points.trace(book)
        )
        heir.events += await points.post(heir.book, sitting.actor)
    heir.events += tiers.keep(heir.standing, sitting.now)
    await tell(heir.id, heir.events, sitting.now)


MERGED = SQL(
    "SELECT m.id FROM member m JOIN points_account a ON a.member_id = m.id WHERE m.state = 'MERGED'"
    " AND a.available > 0 AND m.id > $1 ORDER BY m.id LIMIT $2",
    fans_out="the sweeper hands on what has become available with members who were merged",
)
BATCH = 200
BATCHES_MAX = 50


@job("purchases.pass", every=timedelta(minutes=10), lease=timedelta(minutes=10))
async def pass_all(_: dict[str, Any], now: datetime) -> None:
    """Hand on what waited with merged members and has become available, a member at a time."""
    last = UUID(int=0)
    for _batch in range(BATCHES_MAX):
        rows = await MERGED.rows(last, BATCH)
        for row in rows:
            await pass_over(row["id"], now=now)
        if len(rows) < BATCH:
            break
        last = rows[-1]["id"]


@transaction
async def pass_over(member_id: UUID, *, now: datetime) -> None:
    """Hand on what a merged member has by now. Again changes nothing.

    Raises: NotFound, PointsLimit.
    """
    held, heir = await heirs.hold(member_id)
    if heir is not held:
        await points.hand_on(held.id, heir.id, now)


def _back(heir: Heir) -> str:
    return f"pass:{heir.passing}:back"
