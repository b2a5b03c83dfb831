"""Outlook: what is to come of a member's tiers if nothing more happens, and what they can do about it."""

import asyncio
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from models.sql import SQL
from models.tiers import TierSource
from models.units import Growth
from rules.calendar import last_day, local_midnight
from rules.programme import Terms
from rules.schemes import Benefit, Gift, Rung, WindowKind, all_of, gifts_of
from rules.standings import BEGINNING, END, Asked, Standing, advance, bring_paid, count_together, counted, measure

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


async def outlooks(found: Sequence[Standing], terms: Terms) -> list[Outlook]:
    """What is to come of standings that were brought up to now, in as many statements for many as for one."""
    count_together(found)
    await bring_paid(found, END)
    return list(await asyncio.gather(*(outlook(each, terms) for each in found)))


async def outlook(standing: Standing, terms: Terms) -> Outlook:
    """What is to come of a standing that was brought up to now."""
    deadline = standing.grace_until or standing.expires_at
    need = None
    if deadline is not None:
        last = last_day(deadline, terms.timezone)
        kept = await measure(standing, terms, last=last, before=deadline, to_keep=True)
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


JOINED = SQL(
    "SELECT id, joined_at, created_at FROM member WHERE id = ANY($1::uuid[])",
    fans_out="a page of members shows what each one has reached",
)


async def reached(member_ids: Sequence[UUID], terms: Terms, now: datetime) -> dict[UUID, Growth]:
    """What counts now for the tiers of some members, where that is not their growth value itself."""
    window, today = terms.scheme.window, terms.local_day(now)
    joined = dict.fromkeys(member_ids, today)
    if window.kind is WindowKind.ANNIVERSARY:
        rows = await JOINED.rows(list(member_ids))
        joined |= {row["id"]: terms.local_day(row["joined_at"] or row["created_at"]) for row in rows}
    firsts = [window.first_day(today, joined[each]) for each in member_ids]
    since = [BEGINNING if first is None else local_midnight(first, terms.timezone) for first in firsts]
    asked = [Asked(whose, at, END) for whose, at in zip(member_ids, since, strict=True)]
    found = await counted(terms.scheme.basis, asked)
    return {whose: Growth(max(0, n)) for whose, n in zip(member_ids, found, strict=True)}


@dataclass(frozen=True, slots=True)
class Prospect:
    """Where a member would stand, beside where they stand now, and what would be to come."""

    before: Standing
    standing: Standing
    reached: Growth
    """What would count for their tier."""
    outlook: Outlook
    gifts: tuple[Gift, ...]
    """What the levels give once in a cycle that they would rise to, or past."""

    @property
    def benefits(self) -> tuple[Benefit, ...]:
        """What they would have and have not now, or have more of, or less."""
        had = set(all_of(self.before.tier))
        return tuple(each for each in all_of(self.standing.tier) if each not in had)


async def prospect(before: Standing, standing: Standing, terms: Terms, now: datetime) -> Prospect:
    """What there is to tell of a standing that was tried, and is thrown away then."""
    today = terms.local_day(now)
    reached = await measure(standing, terms, last=today)
    joined = terms.local_day(standing.joined_at)
    gifts = gifts_of(terms.scheme, terms.ladder, before.earned, standing.earned, day=today, joined=joined)
    return Prospect(before, standing, reached, await outlook(standing, terms), gifts)
