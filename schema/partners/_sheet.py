"""Sheet: a settlement as a file for a spreadsheet, with lines that add up to what is paid."""

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any

from models.units import safe
from rules.calendar import local_day
from rules.partners import Line
from rules.programme import Terms

HEAD = ("month", "state", "made_on", "decided_on", "paid_on", "payment_ref")
COLUMNS = (*HEAD, "line", "orders", "amount_minor", "currency")
FOR_STAFF = (*HEAD, "line", "campaign", "commission_bps", "orders", "amount_minor", "currency")


def sheet(row: dict[str, Any], terms: Terms, parts: Sequence[Line] | None = None) -> str:
    """A settlement's statement as CSV. Its parts, and what was taken off, are for those who lead."""
    out = io.StringIO(newline="")
    lines = csv.DictWriter(out, COLUMNS if parts is None else FOR_STAFF)
    lines.writeheader()
    lines.writerows(_head(row, terms) | each for each in _lines(row, parts))
    return out.getvalue()


def _head(row: dict[str, Any], terms: Terms) -> dict[str, Any]:
    """What every line begins and ends with."""

    def day(moment: datetime | None) -> date | None:
        return moment and local_day(moment, terms.timezone)

    return {
        "month": row["month_told"][: len("2026-03")],
        "state": row["state"],
        "made_on": day(row["made_at"]),
        "decided_on": day(row["decided_at"]),
        "paid_on": day(row["paid_at"]),
        "payment_ref": safe(row["payment_ref"] or ""),
        "currency": terms.currency,
    }


def _lines(row: dict[str, Any], parts: Sequence[Line] | None) -> Iterator[dict[str, Any]]:
    """The lines: all but the last add up to the last."""
    orders, netted = row["commissions"], row["netted_minor"]
    if parts is None:
        # what was netted may be one person's refund: it is told as a part of the sum
        yield {"line": "COMMISSION", "orders": orders, "amount_minor": row["earned_minor"] - netted}
    else:
        for each in parts:
            where = {"campaign": safe(each.campaign or ""), "commission_bps": each.bps}
            yield {"line": "COMMISSION", **where, "orders": each.orders, "amount_minor": each.minor}
        yield {"line": "NETTED", "amount_minor": -netted}
    yield {"line": "FEE", "amount_minor": -row["fee_minor"]}
    yield {"line": "PAYABLE", "orders": orders, "amount_minor": row["payable_minor"]}
