"""Reviewing: what time alone has changed is written down, a member at a time, by whoever works."""

import asyncio
import logging
from dataclasses import dataclass
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

AT_ONCE = 20
"""How many members are reviewed side by side."""

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
    done = await review_all(as_of, after=after)
    if done.after:
        await _go_on(as_of, done.after, now)
    if done.failed:
        raise ReviewIncomplete(done.failed)


@dataclass(frozen=True, slots=True)
class Reviewed:
    """How many members a run visited, how many of them it could not review, and where the next one goes on."""

    visited: int
    failed: int
    after: tuple[datetime, UUID] | None


async def review_all(as_of: datetime, *, after: tuple[datetime, UUID] = (BEGINNING, NOBODY)) -> Reviewed:
    """Review whoever is due by then, a batch after another; nobody is left where `after` is None.

    Some are at work side by side, so that they share a commit where the database has one for many.
    """
    visited = failed = 0
    for _batch in range(BATCHES_MAX):
        rows = await DUE.rows(as_of, *after, BATCH)
        for start in range(0, len(rows), AT_ONCE):
            some = [row["member_id"] for row in rows[start : start + AT_ONCE]]
            failed += sum(await asyncio.gather(*(_fails(each, as_of) for each in some)))
        visited += len(rows)
        if len(rows) < BATCH:
            return Reviewed(visited, failed, None)
        after = (rows[-1]["changes_at"], rows[-1]["member_id"])
    return Reviewed(visited, failed, after)


async def _fails(member_id: UUID, now: datetime) -> bool:
    """Review a member, and say whether that failed; the rest is reviewed either way."""
    try:
        await review_due(member_id, now=now)
    except Exception:
        _log.exception("a member's tier could not be reviewed", extra={"member": str(member_id)})
        return True
    return False


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
    await tell(member_id, keep(standing, now), now)
