"""Reading: where members stand, as it was written and as it is at a moment."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from models.sql import SQL
from rules.programme import Terms
from rules.standings._advancing import advance
from rules.standings._measuring import count_together
from rules.standings._paying import bring_paid
from rules.standings._standing import COLUMNS, Standing, of_row

STANDING = SQL(
    "SELECT m.joined_at, g.tier_id"  # noqa: S608  a constant
    f"{COLUMNS} FROM growth_account g JOIN member m ON m.id = g.member_id WHERE g.member_id = $1"
)


async def read(member_id: UUID, terms: Terms) -> Standing:
    """Where a member stands, as it was last written."""
    row = await STANDING.row(member_id)
    if row is None:
        raise AssertionError("A member without a growth account.")
    return of_row(member_id, row, terms)


async def reckoned(member_id: UUID, terms: Terms, now: datetime) -> Standing:
    """Where a member stands at this moment, whatever has been written down of it; for whoever only reads."""
    standing = await read(member_id, terms)
    await advance(standing, terms, now)
    return standing


ALL = SQL(
    "SELECT g.member_id, m.joined_at, g.tier_id"  # noqa: S608
    f"{COLUMNS} FROM growth_account g JOIN member m ON m.id = g.member_id WHERE g.member_id = ANY($1::uuid[])",
    fans_out="a page of members shows what is to come of each one's tier",
)


async def reckoned_all(member_ids: Sequence[UUID], terms: Terms, now: datetime) -> dict[UUID, Standing]:
    """The same for a page of members."""
    found = {row["member_id"]: of_row(row["member_id"], row, terms) for row in await ALL.rows(list(member_ids))}
    count_together(found.values())
    await bring_paid(found.values(), now)
    await asyncio.gather(*(advance(each, terms, now) for each in found.values()))
    return found
