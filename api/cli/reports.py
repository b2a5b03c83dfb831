"""Reports: `report liability`, `report close`."""

import csv
import re
import sys
from dataclasses import fields
from datetime import date
from typing import Annotated, Any

import orjson
import typer

from api.cli._common import Failed, app, database, here, hint, run, show
from api.clock import now
from models.finance import Term
from models.units import BasisPoints
from rules import finance, programme
from rules.calendar import add_months
from rules.finance import Cohort, Cost, Liability, Month

LATELY = 11
"""How many months before the last one a report begins where nobody says."""

reports = typer.Typer(help="What finance reads.", no_args_is_help=True)
app.add_typer(reports, name="report")

MONTH_LINES = tuple(each.name for each in fields(Month))
COHORT_LINES = (
    "month",
    "granted",
    "returned",
    "redeemed",
    "clawed_back",
    "cancelled",
    "adjusted_out",
    "expired",
    "forfeited",
    "repaid",
    "other",
    "remaining",
    "is_matured",
    "redemption_bps",
    "breakage_bps",
)


@reports.command("liability")
def liability(
    first: Annotated[
        str | None, typer.Option("--from", help="The first month, 2026-01; a year by default.")
    ] = None,
    last: Annotated[str | None, typer.Option("--to", help="The last month; by default the one that runs.")] = None,
    unit_cost: Annotated[
        str | None, typer.Option(help="What points cost: 1/100 is one minor unit for 100 points.")
    ] = None,
    rate: Annotated[
        int | None, typer.Option(help="The share of open points that will be used, in basis points.")
    ] = None,
    cohorts: Annotated[bool, typer.Option("--cohorts", help="With --csv: the cohorts, not the months.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
) -> None:
    """Show what the programme owes its members in points, month by month and by cohort; it ties to the ledger."""
    cost = None if unit_cost is None else _cost(unit_cost)
    told = run(_report(_month(first), _month(last), cost, rate))
    if as_json:
        sys.stdout.write(orjson.dumps(_as_json(told), option=orjson.OPT_INDENT_2).decode() + "\n")
    elif as_csv:
        _write(told, cohorts=cohorts)
    else:
        _print(told)
    if told.is_behind:
        hint.print("Much is not counted yet, and the newest of it is missing here: run `loyalty report close`.")


async def _report(first: date | None, last: date | None, cost: Cost | None, rate: int | None) -> Liability:
    async with database(here(), bulk=True):
        last = last or (await programme.terms()).local_day(now()).replace(day=1)
        first = first or add_months(last, -LATELY)
        if said := finance.objection(first, last, cost, rate):
            raise Failed(said)
        return await finance.report(first, last, cost=cost, rate=None if rate is None else BasisPoints(rate))


def _month(text: str | None) -> date | None:
    if text is None:
        return None
    if re.fullmatch(r"\d{4}-\d\d", text, re.ASCII):
        try:
            return date.fromisoformat(f"{text}-01")
        except ValueError:
            pass
    raise Failed(f"{text!r} is no month; write 2026-01.")


def _cost(text: str) -> Cost:
    if found := re.fullmatch(r"(\d{1,7})/(\d{1,7})", text, re.ASCII):
        return Cost(int(found[1]), int(found[2]))
    raise Failed(f"{text!r} is no cost; write 1/100 for one minor unit for 100 points.")


def _as_json(told: Liability) -> dict[str, Any]:
    return {
        "currency": told.currency,
        "months": [{**_row(each, MONTH_LINES), "debt": each.debt} for each in told.months],
        "cohorts": [
            {**_row(each, COHORT_LINES), "liability_minor": told.costs(each.remaining)} for each in told.cohorts
        ],
        "open_points": told.last.open_points,
        "ultimate_redemption_bps": told.ultimate_bps,
        "matured_cohorts": told.matured,
        "liability_minor": told.costs(told.last.open_points),
        "outlook": None if told.outlook is None else {"day": told.outlook.day, **told.outlook.terms},
        "closed_day": told.closed_day,
        "is_behind": told.is_behind,
    }


def _row(each: Month | Cohort, lines: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(each, name) for name in lines}


def _write(told: Liability, *, cohorts: bool) -> None:
    """Write the months, or the cohorts, as CSV for a spreadsheet."""
    if cohorts:
        names = [*COHORT_LINES, "liability_minor"]
        rows = [
            {**_row(each, COHORT_LINES), "liability_minor": told.costs(each.remaining)} for each in told.cohorts
        ]
    else:
        names = [*MONTH_LINES, "debt"]
        rows = [{**_row(each, MONTH_LINES), "debt": each.debt} for each in told.months]
    out = csv.DictWriter(sys.stdout, names, lineterminator="\n")
    out.writeheader()
    out.writerows(rows)


def _print(told: Liability) -> None:
    show.print(f"{_months(told)}\n")
    show.print(f"{_cohorts(told)}\n")
    last = told.last
    show.print(f"open points  {last.open_points:,}  (worth {last.closing:,} and debt {last.debt:,})")
    known = "as given" if told.is_given else f"matured cohorts: {told.matured}"
    if not told.is_given and not told.matured:
        known = "no cohort has matured: every point counts as one that will be used"
    show.print(f"will be used  {_rate(told.ultimate_bps)}  ({known})")
    if told.cost is not None:
        costs = told.costs(last.open_points)
        show.print(f"liability  {costs:,} minor units of {told.currency}")
    if told.outlook is not None:
        week, month, quarter = told.outlook.within
        show.print(f"expiring after {told.outlook.day}: 7 days {week:,}, 30 days {month:,}, 90 days {quarter:,}")
        show.print(
            f"later {told.outlook.terms[Term.LATER]:,}, never {told.outlook.terms[Term.NEVER]:,}, "
            f"not spendable yet {told.outlook.terms[Term.WAITING]:,}, "
            f"expired and not written off {told.outlook.terms[Term.EXPIRED]:,}"
        )
    show.print(f"closed up to  {told.closed_day or 'no day yet'}")


def _months(told: Liability) -> str:
    """The roll-forward, a month a row, with the lines that say anything."""
    moved = [name for name in MONTH_LINES[1:-1] if any(getattr(each, name) for each in told.months)]
    rows = [[f"{each.month:%Y-%m}", *(f"{getattr(each, name):,}" for name in moved)] for each in told.months]
    return _grid(["month", *(name.replace("_", " ") for name in moved)], rows)


def _cohorts(told: Liability) -> str:
    head = ("cohort", "granted", "redeemed", "returned", "clawed back", "expired", "remaining", "used", "broken")
    rows = []
    for each in told.cohorts:
        points = (each.granted, each.redeemed, each.returned, each.clawed_back, each.expired, each.remaining)
        costs = told.costs(each.remaining)
        row = [f"{'up to ' if each.and_earlier else ''}{each.month:%Y-%m}", *(f"{number:,}" for number in points)]
        row += [_rate(each.redemption_bps), _rate(each.breakage_bps)]
        rows.append(row if costs is None else [*row, f"{costs:,}"])
    return _grid([*head, "costs"] if told.cost else [*head], rows)


def _grid(head: list[str], rows: list[list[str]]) -> str:
    """Columns of figures, however wide the screen."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    lines = ([*map(str.rjust, row, widths)] for row in (head, *rows))
    return "\n".join("  ".join(line) for line in lines)


def _rate(bps: int | None) -> str:
    return "" if bps is None else f"{bps // 100}.{bps % 100:02} %"


@reports.command("close")
def close() -> None:
    """Count what the ledger has gained and close the days that are over, as a worker does every hour."""
    done = run(_close())
    upto = "no day is closed yet" if done.upto is None else f"closed up to {done.upto}"
    show.print(f"{done.movements:,} movements counted, {done.days:,} days closed; {upto}")


async def _close() -> finance.Closed:
    async with database(here(), bulk=True):
        return await finance.bring_up_to_date(now())
