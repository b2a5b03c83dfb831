"""Partners: what their links came to, by days, in the two statements that the house reads."""

from datetime import date
from typing import Any
from uuid import UUID

from benchmarks.speed.databases import Database
from benchmarks.speed.handwritten.reading import iso, text
from models.sql import SQL

WHOLE = 10_000
SUMMED = (
    "touchers",
    "touches",
    "unique_touches",
    "registered",
    "qualified",
    "buyers",
    "orders",
    "gross_minor",
    "gross_cost",
    "refunders",
    "refunds",
    "refund_minor",
    "refund_cost",
    "rewarded",
    "reward_points",
)
ONE = SQL("SELECT name FROM partner WHERE id = $1")
_STATS = (
    "SELECT {touched} AS touched_at, {happened} AS happened_at, d.* FROM partner_books b LEFT JOIN"
    " (SELECT CAST(day AS TEXT) AS day, "
    + ", ".join(f"SUM({name})::bigint AS {name}" for name in SUMMED)
    + " FROM partner_day WHERE partner_id = $1 AND day >= $2 AND day <= $3 GROUP BY day ORDER BY day LIMIT 500) d"
    " ON TRUE ORDER BY d.day"
)
STATS = SQL(
    _STATS.format(touched=iso("b.touched_at"), happened=iso("b.happened_at")),
    sqlite=_STATS.format(touched=text("b.touched_at"), happened=text("b.happened_at")).replace("::bigint", ""),
)


class PartnerReader:
    """Answers what partners ask."""

    def __init__(self, main: Database) -> None:
        self.main = main

    async def partner_stats(self, partner: UUID, variables: dict[str, Any]) -> dict[str, Any]:
        """What a partner's links came to, day by day."""
        named = await self.main.row(ONE, partner)
        assert named is not None
        days = [date.fromisoformat(variables[name]) for name in ("from", "to")]
        rows = await self.main.rows(STATS, partner, *days)
        moments = [each for row in rows[:1] for each in (row["touched_at"], row["happened_at"]) if each]
        told = [row for row in rows if row["day"] is not None]
        total = {name: sum(row[name] for row in told) for name in SUMMED}
        stats = {
            "from": variables["from"],
            "asOf": min(moments, default=None),
            "total": _figures(total),
            "cells": [{"day": row["day"], **_figures(row)} for row in told],
        }
        return {"partner": {"name": named["name"], "stats": stats}}


def _figures(sums: Any) -> dict[str, int | None]:
    """What is told of sums: nothing of what nobody stands behind."""
    bought, returned = sums["buyers"] > 0, sums["refunders"] > 0
    registered, qualified = sums["registered"], sums["qualified"]
    return {
        "touches": sums["touches"] or None,
        "uniqueTouches": sums["unique_touches"] if sums["touches"] else None,
        "registered": registered or None,
        "qualified": qualified or None,
        "orders": sums["orders"] if bought else None,
        "grossMinor": sums["gross_minor"] if bought else None,
        "refunds": sums["refunds"] if returned else None,
        "refundMinor": sums["refund_minor"] if returned else None,
        "netMinor": sums["gross_minor"] - sums["refund_minor"] if bought else None,
        "rewardCostMinor": (sums["gross_cost"] - sums["refund_cost"]) // WHOLE if bought else None,
        "conversionBps": qualified * WHOLE // registered if qualified and registered else None,
    }
