"""A year of a shop, made from one month of it: the month over and over, at later dates and for other customers."""

import csv
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

ORDERS, LINES, REFUNDS = 18_402, 396_337, 7_640
"""What the whole year of the shop whose month this is came to."""

STEP = timedelta(days=27)
CUSTOMERS = 5
"""How many people of the year one customer of the month becomes."""

Row = dict[str, str]


@dataclass(slots=True)
class Month:
    """A month's orders and refunds, each with its rows."""

    columns: list[str]
    orders: list[list[Row]]
    refunds: dict[str, list[Row]]
    """Refund rows by the reference of their order."""


def read(path: Path) -> Month:
    """The month of an order file."""
    orders: dict[str, list[Row]] = defaultdict(list)
    refunds: dict[str, list[Row]] = defaultdict(list)
    with path.open(newline="", encoding="utf-8") as file:
        rows = csv.DictReader(file)
        for row in rows:
            (orders if row["event"] == "PAID" else refunds)[row["order_ref"]].append(row)
    return Month(list(rows.fieldnames or ()), list(orders.values()), refunds)


def write(month: Month, path: Path) -> tuple[int, int, int]:
    """Write the year; how many orders, lines and refund rows it has."""
    counts = [0, 0, 0]
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.DictWriter(file, month.columns)
        out.writeheader()
        for number in range(ORDERS):
            copy, place = divmod(number, len(month.orders))
            lines = list(_order(month.orders[place], copy, _owed(LINES, number, counts[1])))
            refunds = list(_refunds(month, lines, copy, _owed(REFUNDS, number, counts[2])))
            out.writerows((*lines, *refunds))
            counts = [counts[0] + 1, counts[1] + len(lines), counts[2] + len(refunds)]
    return counts[0], counts[1], counts[2]


def _owed(wanted: int, number: int, written: int) -> int:
    """How many rows are wanted by the end of this order."""
    return wanted * (number + 1) // ORDERS - written


def _moved(row: Row, copy: int) -> Row:
    """A row of the month as a row of one of its copies."""
    at = datetime.fromisoformat(row["occurred_at"]) + STEP * copy
    return {
        **row,
        "order_ref": f"{row['order_ref']}-{copy}",
        "event_ref": f"{row['event_ref']}-{copy}",
        "member_value": f"{row['member_value']}-{copy % CUSTOMERS}",
        "occurred_at": at.isoformat().replace("+00:00", "Z"),
    }


def _order(rows: list[Row], copy: int, wanted: int) -> Iterator[Row]:
    """An order's lines, some told twice under new numbers to make up what the year has more."""
    moved = [_moved(row, copy) for row in rows]
    yield from moved
    for extra in range(min(wanted - len(moved), len(moved))):
        yield {**moved[extra], "line_ref": f"{moved[extra]['line_ref']}b"}


def _refunds(month: Month, lines: list[Row], copy: int, wanted: int) -> Iterator[Row]:
    """The month's own refunds of an order, and single lines of it to make up what the year has more."""
    own = [_moved(row, copy) for row in month.refunds.get(lines[0]["order_ref"].removesuffix(f"-{copy}"), ())]
    yield from own
    refunded = {row["line_ref"] for row in own}
    free = [row for row in lines if row["line_ref"] not in refunded]
    for row in free[: max(0, wanted - len(own))]:
        at = datetime.fromisoformat(row["occurred_at"]) + timedelta(days=3)
        ref = f"back-{row['order_ref']}-{row['line_ref']}"
        yield {**row, "event": "REFUNDED", "event_ref": ref, "occurred_at": at.isoformat().replace("+00:00", "Z")}
