"""Measuring: what counts for a member's tier, added up over a window."""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from uuid import UUID

import orjson

from models.engine.sqlite import text_of
from models.sql import SQL
from models.units import Growth
from rules.calendar import last_day, local_midnight
from rules.programme import Terms
from rules.schemes import Basis, WindowKind
from rules.standings._standing import Asked, Standing

BEGINNING = datetime(1, 1, 2, tzinfo=UTC)
END = datetime(9999, 12, 30, tzinfo=UTC)

_SPENT = (
    "COALESCE(SUM(goods_minor - by_points_minor - CASE WHEN refunded_minor = 0 THEN 0"
    " WHEN refunded_minor = goods_minor THEN goods_minor - by_points_minor ELSE {share} END), 0)::bigint"
)
_EXACT = "DIV((goods_minor - by_points_minor)::numeric * refunded_minor, goods_minor)"
"""By numbers in which no large order is too large."""
_SHARE = "(goods_minor - by_points_minor) * refunded_minor / goods_minor"
_SPEND = "SELECT {spent} AS n FROM purchase WHERE member_id = ANY($1::uuid[]) AND paid_at >= $2 AND paid_at < $3"

THEIRS = "orders stay with whoever a member was before a merge, and count for who they are now"
MEASURES = {
    Basis.GROWTH: SQL(
        "SELECT COALESCE(SUM(delta), 0)::bigint AS n FROM growth_entry"
        " WHERE member_id = $1 AND effective_at >= $2 AND effective_at < $3"
    ),
    Basis.SPEND: SQL(
        _SPEND.format(spent=_SPENT.format(share=_EXACT)),
        sqlite=_SPEND.format(spent=_SPENT.format(share=_SHARE)),
        fans_out=THEIRS,
    ),
    Basis.ORDERS: SQL(
        "SELECT COUNT(*) AS n FROM purchase WHERE member_id = ANY($1::uuid[]) AND paid_at >= $2 AND paid_at < $3"
        " AND state <> 'REFUNDED'",
        fans_out=THEIRS,
    ),
}
"""What counts, from one moment until before another. What is refunded of a purchase never counted for it."""


ABSORBED = SQL(
    "SELECT id, merged_into_id FROM member WHERE merged_into_id = ANY($1::uuid[])",
    fans_out=THEIRS,
)


async def those_they_were(member_ids: Sequence[UUID]) -> dict[UUID, UUID]:
    """Whom each of these members was before merges, and each themselves: who they are now."""
    found = {member_id: member_id for member_id in member_ids}
    last = list(found)
    while last:
        rows = await ABSORBED.rows(last)
        found |= {row["id"]: found[row["merged_into_id"]] for row in rows}
        last = [row["id"] for row in rows]
    return found


async def alone(basis: Basis, asked: Asked) -> int:
    """What counts of one member in one span, by a statement of its own."""
    member_id = asked.member_id
    whose = member_id if basis is Basis.GROWTH else list(await those_they_were([member_id]))
    return int(await MEASURES[basis].value(whose, asked.since, asked.before))


ASKED = (
    "json_to_recordset($1::text::json) AS a(place int, member_id uuid, since timestamptz, before timestamptz)"
    " JOIN {table} e ON e.member_id = a.member_id AND e.{at} >= a.since AND e.{at} < a.before"
)
ASKED_OF_SQLITE = (
    "json_each($1) a CROSS JOIN {table} e ON e.member_id = a.value ->> 'member_id'"
    " AND e.{at} >= a.value ->> 'since' AND e.{at} < a.value ->> 'before'"
)
PAGE = "a page of members shows what counts of each one"


def _of_many(what: str, table: str, at: str, more: str = "") -> SQL:
    """A statement that adds up the same of many members, each over their own span."""
    forms = [
        f"SELECT {place} AS place, {what.format(share=share)} AS n"  # noqa: S608  names of ours
        f" FROM {asked.format(table=table, at=at)}{more} GROUP BY {place}"
        for place, asked, share in (("a.place", ASKED, _EXACT), ("a.value ->> 'place'", ASKED_OF_SQLITE, _SHARE))
    ]
    return SQL(forms[0], sqlite=forms[1], fans_out=PAGE)


OF_MANY = {
    Basis.GROWTH: _of_many("SUM(e.delta)::bigint", "growth_entry", "effective_at"),
    Basis.SPEND: _of_many(_SPENT, "purchase", "paid_at"),
    Basis.ORDERS: _of_many("COUNT(*)", "purchase", "paid_at", " WHERE e.state <> 'REFUNDED'"),
}


async def counted(basis: Basis, asked: Sequence[Asked]) -> list[int]:
    """The same of many members, each in their own span, in one statement for all."""
    whose: dict[UUID, list[UUID]] = {each.member_id: [each.member_id] for each in asked}
    if basis is not Basis.GROWTH:
        for was, now in (await those_they_were(list(whose))).items():
            whose[now] += [was] if was != now else []
    rows = [
        {"place": place, "member_id": str(was), "since": text_of(each.since), "before": text_of(each.before)}
        for place, each in enumerate(asked)
        for was in whose[each.member_id]
    ]
    found = {row["place"]: row["n"] for row in await OF_MANY[basis].rows(orjson.dumps(rows).decode())}
    return [found.get(place, 0) for place in range(len(asked))]


class Together:
    """Counts for many who ask side by side: as soon as all of them wait, one statement answers all."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Asked, asyncio.Future[int]]] = []
        self._answering: asyncio.Task[None] | None = None

    async def __call__(self, basis: Basis, asked: Asked) -> int:
        """What counts of one of them."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[int] = loop.create_future()
        if not self._waiting:
            # whoever asks side by side with this one does so before the loop comes to that
            loop.call_soon(self._answer, basis)
        self._waiting.append((asked, answer))
        return await answer

    def _answer(self, basis: Basis) -> None:
        waiting, self._waiting = self._waiting, []
        self._answering = asyncio.ensure_future(_answered(basis, waiting))


def count_together(standings: Iterable[Standing]) -> None:
    """What counts for these is added up for all of them at once, wherever they ask side by side."""
    count = Together()
    for each in standings:
        each.count = count


async def _answered(basis: Basis, waiting: "list[tuple[Asked, asyncio.Future[int]]]") -> None:
    """Answer all who wait, or tell all of them what kept them from being answered."""
    try:
        found = await counted(basis, [asked for asked, _ in waiting])
    except BaseException as error:
        for _, answer in waiting:
            if not answer.done():
                answer.set_exception(error)
        if not isinstance(error, Exception):
            raise
        return
    for (_, answer), n in zip(waiting, found, strict=True):
        if not answer.done():
            answer.set_result(n)


async def measure(
    standing: Standing, terms: Terms, *, last: date, before: datetime = END, to_keep: bool = False
) -> Growth:
    """What counts for a member's tier at the end of a day, by all that is known; never below nought.

    A grace keeps the period open that it follows, where it is the calendar's or the member's own: what comes in the
    grace counts to keep the tier that is at stake.
    """
    scheme = terms.scheme
    if scheme.counts_all_growth:
        return standing.growth
    if to_keep and standing.grace_until and standing.expires_at and scheme.window.kind is not WindowKind.ROLLING:
        last = min(last, last_day(standing.expires_at, terms.timezone))
    first = scheme.window.first_day(last, terms.local_day(standing.joined_at))
    since = BEGINNING if first is None else local_midnight(first, terms.timezone)
    count = standing.count or alone
    return Growth(max(0, await count(scheme.basis, Asked(standing.member_id, since, before))))
