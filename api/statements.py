"""Statements as files: one member's ledger, or everybody's, streamed line by line as of one moment."""

import csv
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from api.export import aside
from models.points import PointsKind
from models.snapshot import batches
from models.sql import SQL
from models.units import safe
from rules import audit
from schema.points import said

LINE = (
    "e.member_id::text AS member_id, e.seq, ISO(t.effective_at) AS occurred_at, ISO(t.created_at) AS recorded_at,"
    " t.kind, e.bucket, e.delta AS points, e.balance_after, t.reason, t.id::text AS movement_id,"
    " t.reverses_id::text AS reverses_id, t.group_id::text AS group_id, t.counterpart_id::text AS counterpart_id,"
    " t.purchase_id::text AS purchase_id, p.source, p.order_ref, t.actor_kind AS by, t.actor_id AS actor,"
    " s.code AS store"
)
BESIDE = (
    " LEFT JOIN purchase p ON p.member_id = t.member_id AND p.id = t.purchase_id"
    " LEFT JOIN store s ON s.id = t.store_id WHERE t.effective_at >= $1 AND t.effective_at < $2"
)
ALL = SQL(
    f"SELECT {LINE} FROM points_transaction t JOIN points_entry e"  # noqa: S608  constants
    f" ON e.member_id = t.member_id AND e.transaction_id = t.id{BESIDE} ORDER BY t.id, e.seq",
    fans_out="an export visits every member",
)
LOTS = (
    "(SELECT {gather}(COALESCE(ISO(l.expires_at), '') || ' ' || (m.d_remaining + m.d_held), ';')"
    " FROM points_lot_move m JOIN points_lot l ON l.member_id = m.member_id AND l.id = m.lot_id"
    " WHERE m.member_id = e.member_id AND m.transaction_id = t.id) AS lots"
)
OF_ONE = (
    f"SELECT {LINE}, {LOTS} FROM points_entry e JOIN points_transaction t"  # noqa: S608  constants
    f" ON t.member_id = e.member_id AND t.id = e.transaction_id{BESIDE} AND e.member_id = $3 ORDER BY e.seq"
)
ONE = SQL(OF_ONE.format(gather="string_agg"), sqlite=OF_ONE.format(gather="group_concat"))
PEOPLE = SQL("SELECT id, username FROM staff")

COLUMNS = (
    "member_id",
    "seq",
    "occurred_at",
    "recorded_at",
    "kind",
    "says",
    "bucket",
    "points",
    "balance_after",
    "reason",
    "movement_id",
    "reverses_id",
    "group_id",
    "counterpart_id",
    "purchase_id",
    "source",
    "order_ref",
    "by",
    "actor",
    "store",
)
WITH_LOTS = (*COLUMNS, "lots")
TEXTS = ("reason", "source", "order_ref", "actor", "store")
"""What somebody wrote, and a spreadsheet could take for a formula. A number below nought is none."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which lines: of what happened from a moment on and before another, for whom, and how they are told."""

    since: datetime
    until: datetime
    timezone: str
    member_id: UUID | None = None
    language: str = "en"
    for_excel: bool = False
    """Whether the file begins with a byte order mark, without which Excel takes UTF-8 for something else."""


async def write(path: Path, wanted: Wanted, *, now: datetime, progress: Callable[[int], None]) -> int:
    """Write the lines to a file, which appears whole or not at all, and take note of it; say how many there are."""
    count = 0
    with aside(path, "utf-8-sig" if wanted.for_excel else "utf-8") as file:
        out = csv.DictWriter(file, COLUMNS if wanted.member_id is None else WITH_LOTS)
        out.writeheader()
        async for rows in _lines(wanted):
            out.writerows(rows)
            count += len(rows)
            progress(count)
        name = "ledger" if wanted.member_id is None else "statement"
        await audit.exported(f"points.export_{name}", count, member_id=wanted.member_id, now=now)
    return count


async def _lines(wanted: Wanted) -> AsyncIterator[list[dict[str, Any]]]:
    people = {str(row["id"]): row["username"] for row in await PEOPLE.rows()}
    zone = ZoneInfo(wanted.timezone)
    found = (
        batches(ALL, wanted.since, wanted.until)
        if wanted.member_id is None
        else batches(ONE, wanted.since, wanted.until, wanted.member_id)
    )
    async for rows in found:
        yield [_shown(row, people, zone, wanted.language) for row in rows]


def _shown(row: dict[str, Any], people: dict[str, str], zone: ZoneInfo, language: str) -> dict[str, Any]:
    """A line as people read it: moments in the programme's zone, staff by name, nothing that is a formula."""
    for name in ("occurred_at", "recorded_at"):
        row[name] = _local(row[name], zone)
    row["actor"] = people.get(row["actor"], row["actor"])
    row["says"] = said(PointsKind(row["kind"]), row["reason"], language)
    for name in TEXTS:
        row[name] = safe(row[name] or "")
    if row.get("lots"):
        row["lots"] = "; ".join(_lot(each, zone) for each in row["lots"].split(";"))
    return row


def _lot(told: str, zone: ZoneInfo) -> str:
    """What was done to a lot, by when it expires: `2027-03-11 00:00:00: -50`."""
    expires_at, points = told.split(" ")
    return f"{_local(expires_at, zone) if expires_at else 'never'}: {points}"


def _local(text: str, zone: ZoneInfo) -> str:
    return f"{datetime.fromisoformat(text).astimezone(zone):%Y-%m-%d %H:%M:%S}"
