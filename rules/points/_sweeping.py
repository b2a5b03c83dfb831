"""Sweeping: what time alone has done to members' points is written down, a member at a time.

Nothing depends on when: whoever opens a book does it first. A run goes through the members in the order of their
ids, so its memory does not grow; one that is cut short is gone on with by the next, which finds what is left.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from models.lots import over, ripe
from models.sql import SQL
from rules import members
from rules.actors import SYSTEM
from rules.jobs import job
from rules.outbox import tell
from rules.points._ledger import open_book, post
from rules.transactions import transaction

START = UUID(int=0)
BATCH = 200
BATCHES_MAX = 1_000
"""How many members one run visits at most; the next run goes on."""

AT_ONCE = 8
"""How many members are written at a time: commands that wait together share a commit."""

FAILURES_MAX = 100
"""After so many members that could not be written it is not their books that are at fault."""

Visit = Callable[[UUID], Awaitable[None]]

ENDED = SQL(
    "SELECT member_id FROM points_hold WHERE state = 'HELD' AND expires_at <= $2 AND member_id > $1"
    " GROUP BY member_id ORDER BY member_id LIMIT $3",
    fans_out="the sweeper of holds visits every member's",
)
RIPE = SQL(
    f"SELECT w.member_id FROM points_lot w WHERE w.member_id > $1 AND {ripe('w', '$2')}"  # noqa: S608  names of ours
    " GROUP BY w.member_id ORDER BY w.member_id LIMIT $3",
    fans_out="the sweeper of pending points visits every member's",
)
EXPIRED = SQL(
    "SELECT l.member_id FROM points_lot l JOIN points_account a ON a.member_id = l.member_id"  # noqa: S608  names of ours
    " WHERE l.member_id > $1 AND (l.remaining > 0 OR l.held > 0) AND l.remaining > 0 AND l.active"
    f" AND {over('l', 'a', '$2')} GROUP BY l.member_id ORDER BY l.member_id LIMIT $3",
    fans_out="the sweeper of expired points visits every member's",
)


@job("points.release_overdue", every=timedelta(minutes=1), lease=timedelta(minutes=10))
async def release_overdue(_: dict[str, Any], now: datetime) -> None:
    """Write the end of the holds whose time is over."""
    await sweep(ENDED, now)


@job("points.activate_due", every=timedelta(minutes=5), lease=timedelta(minutes=30))
async def activate_due(_: dict[str, Any], now: datetime) -> None:
    """Write that pending points have become available, or are cancelled."""
    await sweep(RIPE, now)


@job("points.expire_due", every=timedelta(hours=1), lease=timedelta(minutes=45))
async def expire_due(_: dict[str, Any], now: datetime) -> None:
    """Write off the points that have expired."""
    await sweep(EXPIRED, now)


async def sweep(found: SQL, now: datetime) -> None:
    """Catch up with every member that a statement finds.

    Raises: ExceptionGroup, in the end, of what kept members from being written.
    """

    async def one(member_id: UUID) -> None:
        await catch_up(member_id, now=now)

    await visit(found, one, now)


async def visit(found: SQL, one: Visit, *values: Any) -> None:
    """Visit every member that a statement finds after a member, in the order of their ids, some at a time.

    Raises: ExceptionGroup, in the end, of what kept members from being visited.
    """
    after, failures = START, list[Exception]()
    for _batch in range(BATCHES_MAX):
        whose = [row["member_id"] for row in await found.rows(after, *values, BATCH)]
        for place in range(0, len(whose), AT_ONCE):
            failures += await _failures(one, whose[place : place + AT_ONCE])
        if len(whose) < BATCH or len(failures) >= FAILURES_MAX:
            break
        after = whose[-1]
    if failures:
        raise ExceptionGroup("Some members could not be caught up with.", failures)


async def _failures(one: Visit, whose: Sequence[UUID]) -> list[Exception]:
    """Visit these members at once; what kept some of them from being visited."""
    done = await asyncio.gather(*map(one, whose), return_exceptions=True)
    for each in done:
        if isinstance(each, BaseException) and not isinstance(each, Exception):
            raise each
    return [each for each in done if isinstance(each, Exception)]


@transaction
async def catch_up(member_id: UUID, *, now: datetime) -> None:
    """Write what time alone has done to a member's points. Again changes nothing.

    Raises: NotFound.
    """
    await members.hold(member_id)
    book = await open_book(member_id, now)
    await tell(member_id, await post(book, SYSTEM), now)
