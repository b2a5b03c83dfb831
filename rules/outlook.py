"""Outlook: what is to come of a member's tiers if nothing more happens, and what they can do about it."""

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from models.sql import SQL
from models.tiers import TierSource
from models.units import Growth
from rules import standings
from rules.calendar import last_day, local_midnight
from rules.programme import Terms
from rules.schemes import Basis, Rung, WindowKind
from rules.standings import BEGINNING, Standing, advance, of_spending, those_they_were

TURNS = 8
"""So many moments of change are looked ahead."""

RISKS = 3


class RiskKind(StrEnum):
    """How a tier may be lost."""

    DOWNGRADE = "DOWNGRADE"
    EXPIRE = "EXPIRE"


@dataclass(frozen=True, slots=True)
class Risk:
    """A tier that is lost at a moment if nothing more happens, and the one that is held then."""

    kind: RiskKind
    at: datetime
    to: Rung


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is to come: what keeps the earned tier and until when, what it is after that, and what may be lost."""

    need: Growth | None
    deadline: datetime | None
    projected: Rung | None
    risks: tuple[Risk, ...]


async def outlook(standing: Standing, terms: Terms) -> Outlook:
    """What is to come of a standing that was brought up to now."""
    deadline = standing.grace_until or standing.expires_at
    need = None
    if deadline is not None:
        last = last_day(deadline, terms.timezone)
        kept = await standings.measure(standing, terms, last=last, before=deadline, to_keep=True)
        need = Growth(max(0, standing.earned.keeps_from - kept))
    ahead, projected = copy(standing), None
    ahead.steps, risks = [], list[Risk]()
    for _turn in range(TURNS):
        due, before = ahead.changes_at, ahead.tier
        if due is None or len(risks) == RISKS:
            break
        await advance(ahead, terms, due)
        if ahead.tier.rank < before.rank:
            is_earned = ahead.steps[-1].source is TierSource.EARNED
            risks.append(Risk(RiskKind.DOWNGRADE if is_earned else RiskKind.EXPIRE, due, ahead.tier))
        if deadline is not None and due <= deadline:
            projected = ahead.tier
    return Outlook(need, deadline, projected, tuple(risks))


MANY = {
    Basis.GROWTH: SQL(
        "SELECT member_id, SUM(delta)::bigint AS n FROM growth_entry WHERE member_id = ANY($1::uuid[])"
        " AND effective_at >= $2 GROUP BY member_id",
        fans_out="a page of members shows what each one has reached",
    ),
    Basis.SPEND: of_spending(
        "SELECT member_id, {spent} AS n FROM purchase WHERE member_id = ANY($1::uuid[])"
        " AND paid_at >= $2 GROUP BY member_id",
        fans_out="a page of members shows what each one has reached",
    ),
    Basis.ORDERS: SQL(
        "SELECT member_id, COUNT(*) AS n FROM purchase WHERE member_id = ANY($1::uuid[]) AND paid_at >= $2"
        " AND state <> 'REFUNDED' GROUP BY member_id",
        fans_out="a page of members shows what each one has reached",
    ),
}
JOINED = SQL(
    "SELECT id, joined_at, created_at FROM member WHERE id = ANY($1::uuid[])",
    fans_out="a page of members shows what each one has reached",
)


async def reached(member_ids: Sequence[UUID], terms: Terms, now: datetime) -> dict[UUID, Growth]:
    """What counts now for the tiers of some members, where that is not their growth value itself."""
    window, today = terms.scheme.window, terms.local_day(now)
    if window.kind is WindowKind.ANNIVERSARY:
        found: dict[UUID, Growth] = {}
        for row in await JOINED.rows(list(member_ids)):
            joined = terms.local_day(row["joined_at"] or row["created_at"])
            first = window.first_day(today, joined) or joined
            found |= await _counted([row["id"]], terms, first)
        return found
    return await _counted(member_ids, terms, window.first_day(today, today))


async def _counted(member_ids: Sequence[UUID], terms: Terms, first: date | None) -> dict[UUID, Growth]:
    """What counts from a day on of each of some members, and of whom they were before merges."""
    basis, since = terms.scheme.basis, BEGINNING if first is None else local_midnight(first, terms.timezone)
    whose = {each: each for each in member_ids}
    if basis is not Basis.GROWTH:
        whose = await those_they_were(member_ids)
    counted = dict.fromkeys(member_ids, 0)
    for row in await MANY[basis].rows(list(whose), since):
        counted[whose[row["member_id"]]] += row["n"]
    return {each: Growth(max(0, n)) for each, n in counted.items()}
