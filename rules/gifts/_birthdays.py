"""Birthday gifts: points that a tier gives once a year, in the month in which a member was born.

A birthday is sealed, and nothing beside it may tell the day: no job, index or line of the ledger is made for one
member's day. A run opens the birthdays of all who have not had their gift, some at a time, and gives to those who
were born in this month. So what is written tells the month, and no more.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidTag

from models.members import MemberState
from models.sql import SQL
from models.tiers import BenefitGrant
from models.units import Points
from models.writing import add
from rules import keyring, members, points, programme, tiers
from rules.actors import SYSTEM
from rules.gifts._giving import credit
from rules.jobs import enqueue, job
from rules.members import birthday_at, open_profiles
from rules.outbox import tell
from rules.schemes import BenefitKind
from rules.standings import those_they_were
from rules.transactions import transaction

JOB = "gifts.birthdays"
KIND = BenefitKind.BIRTHDAY_GIFT

BATCH = 500
BATCHES_MAX = 400
"""How many members one run looks at, at most; what is left is promised to another."""

AT_ONCE = 8
"""How many members are given to side by side: commands that wait together share a commit."""

NOBODY = UUID(int=0)

PAGE = SQL(
    "SELECT m.id, CASE WHEN m.state IN ('ACTIVE', 'FROZEN') AND (g.tier_id = ANY($2::uuid[]) OR g.changes_at <= $3)"
    " AND NOT EXISTS (SELECT 1 FROM benefit_grant b WHERE b.member_id = m.id AND b.benefit = 'BIRTHDAY_GIFT'"
    " AND b.period > $4) THEN m.profile END AS sealed FROM member m JOIN growth_account g ON g.member_id = m.id"
    " WHERE m.id > $1 ORDER BY m.id LIMIT $5",
    fans_out="whoever gives birthday gifts looks at every member",
)
"""Members in the order of their ids, with the profiles of those who may get one: a page costs the same wherever."""

_log = logging.getLogger(__name__)


class CelebrationIncomplete(Exception):  # noqa: N818  a fault
    """Some members could not be given their birthday gift; the log says which kind of fault it was."""


@job(JOB, attempts=3, every=timedelta(days=1), lease=timedelta(minutes=30))
async def celebrate(facts: dict[str, Any], now: datetime) -> None:
    """Give everybody who was born in this month their gift, if they have not had it. Again gives nothing more.

    `facts` say after whom, where a run goes on with the work of another.

    Raises: CelebrationIncomplete.
    """
    done = await celebrate_all(now, after=UUID(facts["after"]) if facts else NOBODY)
    if done.after:
        await _go_on(done.after, now)
    if done.failed:
        raise CelebrationIncomplete(done.failed)


@dataclass(frozen=True, slots=True)
class Celebrated:
    """How many members a run looked at, how many gifts it gave and could not give, and where the next goes on."""

    visited: int = 0
    given: int = 0
    failed: int = 0
    after: UUID | None = None

    def __add__(self, later: "Celebrated") -> "Celebrated":
        """Two runs, of which one went on with the work of the other."""
        return Celebrated(
            self.visited + later.visited, self.given + later.given, self.failed + later.failed, later.after
        )


async def celebrate_all(now: datetime, *, after: UUID = NOBODY) -> Celebrated:
    """Give this month's gifts, a batch of members after another; nobody is left where `after` is None."""
    terms, visited, given, failed = await programme.terms(), 0, 0, 0
    giving = [rung.id for rung in terms.ladder if rung.benefit(KIND)]
    if not giving:
        return Celebrated()
    since = _a_year_before(terms.local_day(now))
    for _batch in range(BATCHES_MAX):
        rows = await PAGE.rows(after, giving, now, since, BATCH)
        whose, unopened = await _born(rows, terms.local_day(now))
        for start in range(0, len(whose), AT_ONCE):
            told = await asyncio.gather(*(_tries(each, now) for each in whose[start : start + AT_ONCE]))
            given, failed = given + told.count(True), failed + told.count(None)
        visited, failed = visited + len(rows), failed + unopened
        if len(rows) < BATCH:
            return Celebrated(visited, given, failed)
        after = rows[-1]["id"]
    return Celebrated(visited, given, failed, after)


async def _born(rows: Sequence[dict[str, Any]], today: date) -> tuple[list[UUID], int]:
    """Who of these was born in this month, and how many could not be opened. A birthday goes no further."""
    sealed = {row["id"]: row["sealed"] for row in rows if row["sealed"] is not None}
    wrapped, born, failed = await keyring.wrapped_of(list(sealed)), [], 0
    for member_id, each in sealed.items():
        try:
            [profile] = open_profiles([(member_id, wrapped.get(member_id), each)])
        except (InvalidTag, ValueError):
            _log.exception("a member's profile could not be opened", extra={"member": str(member_id)})
            failed += 1
            continue
        found = birthday_at(profile, today)
        if found and found.month == today.month:
            born.append(member_id)
    return born, failed


async def _tries(member_id: UUID, now: datetime) -> bool | None:
    """Give a member their gift, and say whether they got one; None when that failed. The rest get theirs anyway."""
    try:
        return await congratulate(member_id, now=now) is not None
    except Exception:
        _log.exception("a member could not be given a birthday gift", extra={"member": str(member_id)})
        return None


@transaction
async def _go_on(after: UUID, now: datetime) -> None:
    await enqueue(JOB, f"on:{now.date()}:{after}", {"after": str(after)}, now=now)


@transaction
async def congratulate(member_id: UUID, *, now: datetime) -> Points | None:
    """Give a member the birthday gift of the tier they hold, and say how much; None where none is due.

    It is given in the month of a birthday that was told before the month began, and twelve months after the last
    one at the earliest, whoever of those they were it was given to. It is available at once and lives by the
    policy; that of a frozen member waits for the thaw.

    Raises: NotFound, PointsLimit.
    """
    held = await members.hold(member_id)
    if held.state not in (MemberState.ACTIVE, MemberState.FROZEN):
        return None
    terms = await programme.terms()
    standing = await tiers.standing(member_id, terms, now)
    benefit, tier_id = standing.tier.benefit(KIND), standing.tier.id
    today = terms.local_day(now)
    if benefit is None or benefit.value is None or tier_id is None or not await _is_due(member_id, today):
        return None
    gift, month = Points(benefit.value), _month(today)
    life = terms.life(now, frozen=held.state is MemberState.FROZEN)
    book = await points.open_book(member_id, now)
    row = credit(book, KIND, gift, tier_id=tier_id, period=month, cause=f"birthday:{today.year}", life=life)
    moved = await points.post(book, SYSTEM)
    stepped = tiers.keep(standing, now)
    add(BenefitGrant, [{**row, "won_by_id": member_id, "won_seq": standing.steps_before}])
    await tell(member_id, [*moved, *stepped], now)
    return gift


GIVEN = SQL(
    "SELECT 1 FROM benefit_grant WHERE member_id = ANY($1::uuid[]) AND benefit = 'BIRTHDAY_GIFT' AND period > $2"
    " LIMIT 1",
    fans_out="what somebody was given before a merge was given to who they are now",
)


async def _is_due(member_id: UUID, today: date) -> bool:
    """Whether a held member has their birthday in this month, and had no gift in the last twelve."""
    born = birthday_at(await members.profile_of(member_id), today)
    if born is None or born.month != today.month:
        return False
    whose = await those_they_were([member_id])
    return await GIVEN.row(list(whose), _a_year_before(today)) is None


def _a_year_before(day: date) -> str:
    """The last month whose gift keeps nobody from one on that day: twelve months lie between two."""
    return _month(day.replace(year=day.year - 1, day=1))


def _month(day: date) -> str:
    """A month of the programme, as gifts are told apart by it."""
    return f"{day:%Y-%m}"
