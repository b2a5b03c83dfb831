"""Exports: members as a file, one row each, streamed however many there are."""

import csv
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

from models.lots import over
from models.sql import SQL
from models.units import safe
from rules import audit, keyring, points, vault

COLUMNS = (
    "member_id",
    "external_id",
    "state",
    "tier",
    "growth",
    "available",
    "pending",
    "held",
    "debt",
    "lifetime_earned",
    "lifetime_spent",
    "lifetime_expired",
)
FIGURES = COLUMNS[COLUMNS.index("available") :]
BATCH = 1_000

PAGE = SQL(
    "SELECT m.id AS member_id, m.state, t.code AS tier, g.growth, a.available, a.pending, a.held, a.debt,"  # noqa: S608  names of ours
    " a.lifetime_earned, a.lifetime_spent, a.lifetime_expired, i.sealed,"
    " COALESCE((SELECT SUM(l.remaining) FROM points_lot l WHERE l.member_id = m.id AND l.active"
    f" AND l.remaining > 0 AND {over('l', 'a', '$1')}), 0) AS expired"
    " FROM member m JOIN points_account a ON a.member_id = m.id JOIN growth_account g ON g.member_id = m.id"
    " JOIN tier t ON t.id = g.tier_id"
    " LEFT JOIN member_identity i ON i.member_id = m.id AND i.id = (SELECT x.id FROM member_identity x"
    " WHERE x.member_id = m.id AND x.kind = 'EXTERNAL' ORDER BY x.created_at, x.id LIMIT 1)"
    " WHERE $2::uuid IS NULL OR m.id > $2::uuid ORDER BY m.id LIMIT $3",
    fans_out="an export visits every member",
)


async def members(path: Path, now: datetime, progress: Callable[[int], None]) -> int:
    """Write one row per member to a file, which appears whole or not at all; return how many there are."""
    count = 0
    with aside(path) as file:
        out = csv.DictWriter(file, COLUMNS)
        out.writeheader()
        async for row in _rows(now):
            out.writerow(row)
            count += 1
            progress(count)
        await audit.exported("members.export", count, now=now)
    return count


@contextmanager
def aside(path: Path, encoding: str = "utf-8") -> Iterator[TextIO]:
    """A file beside another one, in whose place it is put when all went well; else nothing is left of it."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        # readable by its owner alone, since it holds what is known of members
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", newline="", encoding=encoding) as file:
            yield file
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


async def _rows(now: datetime) -> AsyncIterator[dict[str, Any]]:
    after = None
    while rows := await PAGE.rows(now, after, BATCH):
        keys = await keyring.wrapped_of([row["member_id"] for row in rows if row["sealed"]])
        late = await points.lapsed([row["member_id"] for row in rows if row["held"] or row["pending"]], now)
        for row in rows:
            sealed, expired = row.pop("sealed"), int(row.pop("expired"))
            row["available"] -= expired
            row["lifetime_expired"] += expired
            if figures := late.get(row["member_id"]):
                row |= {name: getattr(figures, name) for name in FIGURES}
            wrapped = keys.get(row["member_id"])
            external = wrapped and vault.unlocked().open(wrapped, row["member_id"], "identity", sealed)
            yield {**row, "external_id": safe(external or "")}
        after = rows[-1]["member_id"]
