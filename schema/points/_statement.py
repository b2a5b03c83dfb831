"""The statement: a member's ledger narrowed to some kinds and a period, a page of it as cheap as any other.

A kind or a period stands in the movement, not in its lines. So the movements are found first, in an index that has
them by member, kind and moment: of each kind as many as a page may show. Their lines come after.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import strawberry

from models.listing import MOMENT, NUMBER, ROW_ID
from models.points import PointsKind
from models.reading import Row, Rows
from rules.calendar import local_midnight
from schema import pages
from schema.context import Context
from schema.errors import bad_input
from schema.pages import Window
from schema.scalars import Day, Moment

SHAPE = (pages.moment, pages.row_id, pages.whole)
"""A cursor's key: when it happened, the movement, the line."""

KINDS = [kind.value for kind in PointsKind]
YEARS = range(1971, 9999)


@strawberry.input(description="Days of the programme, the first and the last one included.")
class PointsDays:
    first: Day = strawberry.field(description="The first day.")
    last: Day = strawberry.field(description="The last day.")


@strawberry.input(
    description="Which lines of the ledger to show. They then come by when they happened, newest first."
)
class PointsEntryFilter:
    kinds: list[PointsKind] | None = strawberry.field(default=None, description="Only of these kinds, 1 or more.")
    since: Moment | None = strawberry.field(default=None, description="What happened from this moment on.")
    until: Moment | None = strawberry.field(default=None, description="What happened before this moment.")
    days: PointsDays | None = strawberry.field(
        default=None, description="What happened on these days, within `since` and `until` where they are given."
    )

    def __hash__(self) -> int:
        """Equal filters are one: what they leave of several accounts is read at once."""
        return hash((tuple(self.kinds or ()), self.since, self.until, str(self.days)))


Narrowed = Annotated[
    PointsEntryFilter | None,
    strawberry.argument(description="Only those of some kinds, or of a period; all by default."),
]


@dataclass(frozen=True, slots=True)
class Narrow:
    """What is looked for: kinds, from a moment on and before another."""

    kinds: tuple[str, ...]
    since: datetime
    until: datetime


async def narrow(context: Context, given: PointsEntryFilter) -> Narrow | None:
    """What a filter means; None when it leaves nothing out."""
    if given.kinds == []:
        raise bad_input("`kinds` names one kind or more; leave it out for all.")
    since, until = given.since or MOMENT.lowest, given.until or MOMENT.highest
    if since > until:
        raise bad_input("A period does not end before it begins.")
    if given.days is not None:
        first, last = await _moments(context, given.days)
        since, until = max(since, first), min(until, last)
    kinds = sorted({kind.value for kind in given.kinds or PointsKind})
    found = Narrow(tuple(kinds), since, until)
    return None if found == Narrow(tuple(sorted(KINDS)), MOMENT.lowest, MOMENT.highest) else found


async def _moments(context: Context, days: PointsDays) -> tuple[datetime, datetime]:
    if not (days.first <= days.last and {days.first.year, days.last.year} <= set(YEARS)):
        raise bad_input("A period is of days from 1971 to 9998, and does not end before it begins.")
    terms = await context.reference.terms()
    return local_midnight(days.first, terms.timezone), terms.midnight_after(days.last)


class Statement:
    """The lines of some kinds in some period, of one member and of many, in both directions.

    `columns` are of the line `e` and its movement `t`; `names` are what they are called.
    """

    def __init__(self, columns: str, names: Sequence[str], row: type[Row], *, fans_out: str) -> None:
        self.one = {back: _one(columns, row, back) for back in (False, True)}
        self.many = {back: _many(columns, names, row, back, fans_out) for back in (False, True)}

    async def pages(self, members: Sequence[UUID], asked: Window, wanted: Narrow) -> list[list[Any]]:
        """What a window shows of each member's statement, and a row more if there is more."""
        edge = [part.lowest if asked.backwards else part.highest for part in (MOMENT, ROW_ID, NUMBER)]
        more = [asked.fetch, list(wanted.kinds), wanted.since, wanted.until, *(asked.key or edge)]
        found: dict[bytes, list[Any]] = {member.bytes: [] for member in members}
        if len(found) == 1:
            rows = await self.one[asked.backwards].rows(members[0], *more)
            return [rows for _ in members]
        for row in await self.many[asked.backwards].rows(list(set(members)), *more):
            found[row.whose].append(row)
        return [found[member.bytes] for member in members]


def _one(columns: str, row: type[Row], back: bool) -> Rows[Any]:  # noqa: FBT001
    return Rows(
        row,
        _page(columns, "$1", back),
        sqlite=f"{_by_number('$1', '', back)} {_lines(columns, '$1', back, lateral=False)} LIMIT $2",
    )


def _many(columns: str, names: Sequence[str], row: type[Row], back: bool, fans_out: str) -> Rows[Any]:  # noqa: FBT001
    each = _page(columns, "whose.member_id", back)
    placed = f"{columns}, ROW_NUMBER() OVER (PARTITION BY e.member_id {_order('n', back, 'e')}) AS place"
    asked = "unnest($1::uuid[]) AS whose(member_id) CROSS JOIN"
    text = f"SELECT page.* FROM unnest($1::uuid[]) AS whose(member_id) CROSS JOIN LATERAL ({each}) page"  # noqa: S608
    lines = _lines(placed, "n.member_id", back, lateral=False)
    sqlite = (
        f"{_by_number('whose.member_id', asked, back)}, placed AS ({lines})"  # noqa: S608
        f" SELECT {', '.join(names)} FROM placed WHERE place <= $2 ORDER BY place"
    )
    return Rows(row, text, sqlite=sqlite, fans_out=fans_out)


def _page(columns: str, whose: str, back: bool) -> str:  # noqa: FBT001
    """For PostgreSQL: of each kind the next movements, of them the next, and their lines."""
    return (
        "WITH found AS (SELECT n.id, n.effective_at FROM unnest($3::text[]) AS sort(kind) CROSS JOIN LATERAL"  # noqa: S608
        f" (SELECT t.id, t.effective_at FROM points_transaction t WHERE {_test(whose, 't', back)}) n"
        f" {_order('n', back)} LIMIT $2 + 1) {_lines(columns, whose, back, lateral=True)} LIMIT $2"
    )


def _by_number(whose: str, asked: str, back: bool) -> str:  # noqa: FBT001
    """The same movements for SQLite, found by their rows' numbers."""
    found = (
        f"SELECT n.member_id, n.id, n.effective_at FROM {asked} unnest($3::text[]) AS sort(kind)"  # noqa: S608
        f" CROSS JOIN points_transaction n ON +n.member_id = {whose} AND n.rowid IN (SELECT x.rowid"
        f" FROM points_transaction x WHERE {_test(whose, 'x', back)})"
    )
    first = "" if asked else f" {_order('n', back)} LIMIT $2 + 1"
    return f"WITH found AS MATERIALIZED ({found}{first})"


def _test(whose: str, name: str, back: bool) -> str:  # noqa: FBT001
    """One movement more than a page: of the first, all lines may lie before the page."""
    return (
        f"{name}.member_id = {whose} AND {name}.kind = sort.kind AND {name}.effective_at >= $4"
        f" AND {name}.effective_at < $5 AND ({name}.effective_at, {name}.id) {'>=' if back else '<='} ($6, $7)"
        f" {_order(name, back)} LIMIT $2 + 1"
    )


def _order(name: str, back: bool, line: str | None = None) -> str:  # noqa: FBT001
    way = "ASC" if back else "DESC"
    return f"ORDER BY {name}.effective_at {way}, {name}.id {way}{f', {line}.seq {way}' if line else ''}"


def _lines(columns: str, whose: str, back: bool, *, lateral: bool) -> str:  # noqa: FBT001
    """The lines of the movements that were found, looked up one by one: one ledger is long, most are short."""
    if lateral:
        movement = (
            f"CROSS JOIN LATERAL (SELECT * FROM points_transaction t WHERE t.member_id = {whose} AND t.id = n.id"  # noqa: S608
            " OFFSET 0) t"
        )
        lines = (
            f"CROSS JOIN LATERAL (SELECT * FROM points_entry e WHERE e.member_id = {whose}"  # noqa: S608
            " AND e.transaction_id = n.id OFFSET 0) e"
        )
    else:
        movement = f"CROSS JOIN points_transaction t ON +t.member_id = {whose} AND t.id = n.id"
        lines = f"CROSS JOIN points_entry e ON +e.member_id = {whose} AND e.transaction_id = n.id"
    return (
        f"SELECT {columns} FROM found n {movement} {lines}"  # noqa: S608
        f" WHERE (n.effective_at, n.id, e.seq) {'>' if back else '<'} ($6, $7, $8) {_order('n', back, 'e')}"
    )
