"""Digest: what the whole database holds, table by table, so that two moments may be compared."""

import hashlib
from typing import Any

from tortoise.connection import get_connection

from tests import guard
from tests.conftest import tables_children_first

UNCOUNTED = {"audit_log", "attempt", "rate_bucket"}
"""What a refused request may write: that it was refused."""

PASSING = {"api_key": {"last_used_at"}}
"""Columns that say when something was looked at, and not what it is."""


async def digest() -> dict[str, str]:
    """A hash of each table's rows."""
    with guard.recorder.paused():
        return {table: await _of(table) for table in tables_children_first() if table not in UNCOUNTED}


async def _of(table: str) -> str:
    rows: list[dict[str, Any]] = await get_connection("default").execute_query_dict(f'SELECT * FROM "{table}"')
    passing = PASSING.get(table, ())
    told = sorted(repr([(name, value) for name, value in row.items() if name not in passing]) for row in rows)
    return hashlib.sha256("\n".join(told).encode()).hexdigest()


def changed(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """The tables that hold something else than they did."""
    return [table for table in before if before[table] != after[table]]
