"""Reviewing: what time alone has changed is written down, a member at a time, by whoever works."""

import logging
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from models.sql import SQL
from rules import members, programme
from rules.jobs import enqueue, job
from rules.outbox import tell
from rules.standings import BEGINNING, advance, read
from rules.tiers._keeping import keep
from rules.transactions import transaction

BATCH = 200
BATCHES_MAX = 100
"""How many members one run visits at most; what is left is promised to another."""

NOBODY = UUID(int=0)

DUE = SQL(
    "SELECT member_id, changes_at FROM growth_account WHERE changes_at <= $1"
    " AND (changes_at, member_id) > ($2, $3) ORDER BY changes_at, member_id LIMIT $4",
    fans_out="the reviewer of tiers visits every member whose moment has come",
)

_log = logging.getLogger(__name__)


class ReviewIncomplete(Exception):  # noqa: N818  a fault
    """Some members could not be reviewed; the log says which kind of fault it was. All others were."""


@job("tiers.review", every=timedelta(minutes=1), lease=timedelta(minutes=10))
async def review(facts: dict[str, Any], now: datetime) -> None:
    """Review every member whose moment has come, in the order of those moments, each in their own transaction.

    Nothing depends on when this runs: whoever uses a tier reckons it at that moment. A member who cannot be
    reviewed does not stop the rest. `facts` say up to what moment and after whom, where a run goes on with the work
    of another.

    Raises: ReviewIncomplete.
    """
    as_of = datetime.fromisoformat(facts["as_of"]) if facts else now
    after = (datetime.fromisoformat(facts["at"]), UUID(facts["after"])) if facts else (BEGINNING, NOBODY)
    failed = visited = 0
    async for at, member_id in _due(as_of, after):
        try:
            await review_due(member_id, now=as_of)
        except Exception:
            _log.exception("a member's tier could not be reviewed", extra={"member": str(member_id)})
            failed += 1
        visited, after = visited + 1, (at, member_id)
    if visited == BATCH * BATCHES_MAX:
        await _go_on(as_of, after, now)
    if failed:
        raise ReviewIncomplete(failed)


async def _due(as_of: datetime, after: tuple[datetime, UUID]) -> AsyncIterator[tuple[datetime, UUID]]:
    """Whoever is due by then, as many as one run visits."""
    for _batch in range(BATCHES_MAX):
        rows = await DUE.rows(as_of, *after, BATCH)
        for row in rows:
            after = (row["changes_at"], row["member_id"])
            yield after
        if len(rows) < BATCH:
            return


@transaction
async def _go_on(as_of: datetime, after: tuple[datetime, UUID], now: datetime) -> None:
    at, member_id = after
    facts = {"as_of": as_of.isoformat(), "at": at.isoformat(), "after": str(member_id)}
    await enqueue("tiers.review", f"on:{as_of.isoformat()}:{member_id}", facts, now=now)


@transaction
async def review_due(member_id: UUID, *, now: datetime) -> None:
    """Write every step that time has made due for a member. Again changes nothing.

    Raises: NotFound.
    """
    await members.hold(member_id)
    terms = await programme.terms()
    standing = await read(member_id, terms)
    await advance(standing, terms, now)
    await tell(member_id, keep(standing), now)
