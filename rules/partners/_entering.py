"""Entering: what was told goes into the days, what waits into the pools, each stretch of events once."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

import orjson

from models.partners import Family, PartnerBooks, PartnerPool
from models.sql import SQL, insert
from models.units import new_id
from rules.partners._grouping import PATIENCE, Cell, Group, Sum, Told, Waiting
from rules.transactions import transaction

COLUMNS: dict[Family, tuple[str, str, str | None, str | None, str | None]] = {
    Family.TOUCH: ("touchers", "touches", "unique_touches", None, None),
    Family.REGISTERED: ("", "registered", None, None, None),
    Family.QUALIFIED: ("", "qualified", None, None, None),
    Family.ORDER: ("buyers", "orders", None, "gross_minor", "gross_cost"),
    Family.REFUND: ("refunders", "refunds", None, "refund_minor", "refund_cost"),
    Family.REWARD: ("rewarded", "", None, "reward_points", None),
}
"""Where a day keeps the people, the number, the firsts, the amount and the cost of each family."""

NUMBERS = tuple(dict.fromkeys(name for names in COLUMNS.values() for name in names if name))
"""The columns of a day that are numbers."""


@dataclass(frozen=True, slots=True)
class Books:
    """How far touches and events have been counted."""

    turn: int
    touch_id: UUID
    event_id: UUID
    touched_at: datetime | None
    happened_at: datetime | None

    def touched(self, upto: UUID, at: datetime) -> "Books":
        """The books when touches are counted so far."""
        return replace(self, touch_id=upto, touched_at=at)

    def happened(self, upto: UUID, at: datetime) -> "Books":
        """The books when events are counted so far."""
        return replace(self, event_id=upto, happened_at=at)


STATE = SQL("SELECT turn, touch_id, event_id, touched_at, happened_at FROM partner_books")


START = UUID(int=0)


async def books() -> Books:
    """How far has been counted; before the first count, nothing."""
    row = await STATE.row()
    return Books(**row) if row else Books(0, START, START, None, None)


WAITING = SQL(
    "SELECT id, partner_id, figure, channel, campaign, CAST(since AS TEXT) AS since, people, number, firsts,"
    " amount, cost FROM partner_pool WHERE partner_id = ANY($1::uuid[]) OR partner_id IN (SELECT partner_id"
    " FROM partner_pool WHERE since <= $2::text::date AND (channel <> '' OR campaign <> ''))"
)


@dataclass(frozen=True, slots=True)
class Pools:
    """What waits, and which rows say how much of it."""

    waiting: Waiting
    rows: dict[tuple[Cell, Family], tuple[UUID, int]]

    def gone(self, now_waiting: Waiting) -> list[UUID]:
        """The rows that are true no more."""
        return [row_id for key, (row_id, _) in self.rows.items() if not self._is_as_it_was(key, now_waiting)]

    def new(self, now_waiting: Waiting) -> Waiting:
        """What waits and is not written down."""
        return {key: group for key, group in now_waiting.items() if not self._is_as_it_was(key, now_waiting)}

    def _is_as_it_was(self, key: tuple[Cell, Family], now_waiting: Waiting) -> bool:
        """Whether the same group waits, and not one that has come to as many after that was told."""
        group = now_waiting.get(key)
        return group is not None and group is self.waiting.get(key) and group.sum.number == self.rows[key][1]


async def pools(partners: Collection[UUID], families: Collection[Family], today: date) -> Pools:
    """What waits of these partners and families, and of all partners of whom something has waited too long."""
    rows = await WAITING.rows(list(partners), (today - PATIENCE).isoformat())
    rows = [row for row in rows if row["figure"] in families]
    found = Pools({}, {})
    for row in rows:
        key = Cell(row["partner_id"], row["channel"], row["campaign"]), Family(row["figure"])
        counted = Sum(row["number"], row["firsts"], row["amount"], row["cost"])
        found.waiting[key] = Group(date.fromisoformat(row["since"]), set(row["people"]), counted)
        found.rows[key] = row["id"], row["number"]
    return found


def _upsert() -> SQL:
    """The statement that adds to days."""
    names = ", ".join(NUMBERS)
    kinds = ", ".join(f"{name} bigint" for name in NUMBERS)
    told = ", ".join(f"value ->> '{name}'" for name in NUMBERS)
    adds = ", ".join(f"{name} = partner_day.{name} + excluded.{name}" for name in NUMBERS)
    into = f"INSERT INTO partner_day (id, partner_id, day, channel, campaign, {names})"
    clash = f" WHERE TRUE ON CONFLICT (partner_id, day, channel, campaign) DO UPDATE SET {adds}"
    return SQL(
        f"{into} SELECT id, partner_id, day, channel, campaign, {names} FROM json_to_recordset($1::text::json)"  # noqa: S608
        f" AS e(id uuid, partner_id uuid, day date, channel text, campaign text, {kinds}){clash}",
        sqlite=f"{into} SELECT value ->> 'id', value ->> 'partner_id', value ->> 'day', value ->> 'channel',"  # noqa: S608
        f" value ->> 'campaign', {told} FROM json_each($1){clash}",
    )


ENTER = _upsert()
TAKE_TURN = SQL(
    "UPDATE partner_books SET turn = turn + 1, touch_id = $2, event_id = $3, touched_at = $4, happened_at = $5"
    " WHERE turn = $1 RETURNING one"
)
FORGET = SQL("DELETE FROM partner_pool WHERE id = ANY($1::uuid[])")


@transaction
async def enter(found: Books, *, told: Told, before: Pools, waiting: Waiting) -> bool:
    """Enter a stretch of events. Says no when somebody else entered anything since the books were looked at."""
    if not found.turn:
        await insert(PartnerBooks, [{"one": 1}], ignore_conflicts=True)
    given = (found.turn, found.touch_id, found.event_id, found.touched_at, found.happened_at)
    if await TAKE_TURN.row(*given) is None:
        return False
    if told:
        await ENTER.run(orjson.dumps(_days(told)).decode())
    if gone := before.gone(waiting):
        await FORGET.run(gone)
    if new := before.new(waiting):
        await insert(PartnerPool, [_pool(*key, group) for key, group in new.items()])
    return True


def _days(told: Told) -> list[dict[str, Any]]:
    rows = []
    for (cell, day), families in told.items():
        row: dict[str, Any] = dict.fromkeys(NUMBERS, 0)
        for family, (people, each) in families.items():
            sums = (people, each.number, each.firsts, each.amount, each.cost)
            row |= {name: value for name, value in zip(COLUMNS[family], sums, strict=True) if name}
        where = {"id": str(new_id()), "partner_id": str(cell.partner_id), "day": day}
        rows.append({**where, "channel": cell.channel, "campaign": cell.campaign, **row})
    return rows


def _pool(cell: Cell, family: Family, group: Group) -> dict[str, Any]:
    return {
        "partner_id": cell.partner_id,
        "figure": family,
        "channel": cell.channel,
        "campaign": cell.campaign,
        "since": group.since,
        "people": sorted(group.people),
        "number": group.sum.number,
        "firsts": group.sum.firsts,
        "amount": group.sum.amount,
        "cost": group.sum.cost,
    }
