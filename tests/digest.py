"""Digest: what the whole database holds, table by table, so that two moments may be compared."""

from tests.emptying import sweeper

UNCOUNTED = {"audit_log", "attempt", "rate_bucket"}
"""What a refused request may write: that it was refused."""


async def digest() -> dict[str, str]:
    """A hash of each table's rows; empty tables have none."""
    return {table: told for table, told in (await sweeper().contents()).items() if table not in UNCOUNTED}


def changed(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """The tables that hold something else than they did."""
    return sorted(table for table in before.keys() | after.keys() if before.get(table) != after.get(table))
