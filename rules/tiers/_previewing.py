"""A preview of tiers: where a member would stand if so much more counted, decided and then thrown away."""

from copy import copy
from datetime import datetime
from uuid import UUID

from models.units import BALANCE_MAX, Growth
from rules import members, outlook, programme, standings
from rules.outlook import Prospect
from rules.schemes import Basis
from rules.standings import Asked
from rules.tiers._qualifying import requalify


async def preview(member_id: UUID, more: int, *, now: datetime) -> Prospect:
    """Where a member would stand if so much more, or less, counted for their tier from now on. Nothing is written.

    It is in the scheme's own unit: growth, minor units spent, or orders.

    Raises: NotFound.
    """
    terms = await programme.terms()
    standing = await standings.reckoned(await members.existing(member_id), terms, now)
    before = copy(standing)
    if terms.scheme.counts_all_growth:
        standing.growth = Growth(min(max(0, standing.growth + more), BALANCE_MAX))
    else:

        async def count(basis: Basis, asked: Asked) -> int:
            there = await standings.alone(basis, asked)
            return there + (more if asked.since <= now < asked.before else 0)

        standing.count = count
    await requalify(standing, terms, at=now, now=now)
    return await outlook.prospect(before, standing, terms, now)
