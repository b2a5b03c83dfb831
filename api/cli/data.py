"""Data in and out: `import orders`, `export members`, `verify`."""

import csv
import time
from datetime import date
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from api import export as exports
from api import orders
from api.cli._common import Failed, app, bar, database, here, hint, id_of, run, show
from api.clock import now
from models import migrate as migrations
from models.invariants import INVARIANTS, Violation, violations
from models.units import is_plain
from rules import members, programme
from rules.calendar import local_midnight

ERRORS_SHOWN = 20
SOURCE_MAX = 64

importing = typer.Typer(help="Bring data in from files.", no_args_is_help=True)
app.add_typer(importing, name="import")
exporting = typer.Typer(help="Take data out into files.", no_args_is_help=True)
app.add_typer(exporting, name="export")


@importing.command("orders")
def import_orders(
    file: Annotated[Path, typer.Argument(help="A CSV file of order events; docs/importing.md has the format.")],
    source: Annotated[str, typer.Option(help="The shop system the orders come from.")] = "import",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read and check the file; write nothing.")] = False,
    errors: Annotated[Path | None, typer.Option(help="Write all row errors to this CSV file.")] = None,
) -> None:
    """Import orders and refunds. Run it again after a crash, or after mending rows: nothing is done twice."""
    started = time.perf_counter()
    if not 0 < len(source) <= SOURCE_MAX or not is_plain(source):
        raise Failed(f"--source has 1 to {SOURCE_MAX} characters.")
    read = orders.read(file)
    if dry_run:
        imported = orders.Imported(errors=run(_check(read, source)))
        show.print(f"{read.rows:,} rows, {len(read.events):,} events; nothing was written")
    else:
        imported = run(_import(read, source))
        spent = time.perf_counter() - started
        show.print(
            f"{read.rows:,} rows, {len(read.events):,} events: {imported.applied:,} applied, "
            f"{imported.known:,} known already, {len(imported.errors):,} errors, in {spent:.1f} s"
        )
    if imported.errors:
        _tell(imported.errors, errors)
        raise typer.Exit(1)


async def _check(read: orders.OrderFile, source: str) -> list[orders.RowError]:
    """The file against itself and, where there is a programme already, against its terms and orders."""
    found = here()
    if await migrations.is_fresh(found.database_url):
        return read.errors
    async with database(found, brings_up=False, bulk=True):
        try:
            return await orders.check(read, source)
        except programme.NoProgramme:
            return read.errors


async def _import(read: orders.OrderFile, source: str) -> orders.Imported:
    async with database(here(), bulk=True):
        await programme.terms()
        with bar("importing events", len(read.events)) as progress:
            return await orders.apply(read, source, clock=now, progress=progress)


def _tell(found: list[orders.RowError], path: Path | None) -> None:
    for each in found[:ERRORS_SHOWN]:
        hint.print(f"row {each.row}: {each.why}", markup=False)
    if len(found) > ERRORS_SHOWN:
        hint.print(
            f"… and {len(found) - ERRORS_SHOWN:,} more" + ("" if path else "; --errors FILE writes them all")
        )
    if path:
        with path.open("w", newline="", encoding="utf-8") as out:
            rows = csv.writer(out)
            rows.writerow(("row", "error"))
            rows.writerows((each.row, each.why) for each in found)


@exporting.command("members")
def export_members(
    file: Annotated[Path, typer.Argument(help="The CSV file to write; it appears whole or not at all.")],
) -> None:
    """Write one row per member: id, external id, state, tier, growth and points. Holds personal data."""
    if not file.absolute().parent.is_dir():
        raise Failed(f"{file.parent} is no folder.")
    count = run(_export(file))
    show.print(f"wrote {count:,} members to {file}")


async def _export(file: Path) -> int:
    async with database(here(), bulk=True):
        with bar("exporting members", None) as progress:
            return await exports.members(file, now(), progress)


FromDay = Annotated[
    str | None, typer.Option("--from", help="The first day, 2026-03-01, in the programme's zone; all by default.")
]
UntilDay = Annotated[str | None, typer.Option("--until", help="The first day that is left out, 2026-04-01.")]
Excel = Annotated[bool, typer.Option("--excel", help="Begin with a byte order mark, by which Excel knows UTF-8.")]
Language = Annotated[str, typer.Option(help="The language of the words: en or zh.")]


@exporting.command("statement")
def export_statement(
    file: Annotated[Path, typer.Argument(help="The CSV file to write; it appears whole or not at all.")],
    member: Annotated[str, typer.Option(help="The member, by the id as an export or the API writes it.")],
    first: FromDay = None,
    until: UntilDay = None,
    excel: Excel = False,
    language: Language = "en",
) -> None:
    """Write one member's points ledger, oldest line first: why, by whom, from which purchase, of which lots."""
    _export_ledger(file, id_of(member), first, until, excel, language)


@exporting.command("ledger")
def export_ledger(
    file: Annotated[Path, typer.Argument(help="The CSV file to write; it appears whole or not at all.")],
    first: FromDay = None,
    until: UntilDay = None,
    excel: Excel = False,
    language: Language = "en",
) -> None:
    """Write all members' points ledgers as of one moment, a line each, oldest movement first."""
    _export_ledger(file, None, first, until, excel, language)


@exporting.command("settlement")
def export_settlement(
    file: Annotated[Path, typer.Argument(help="The CSV file to write; it appears whole or not at all.")],
    settlement: Annotated[str, typer.Option(help="The settlement, by the id as the API writes it.")],
    for_partner: Annotated[
        bool, typer.Option("--for-partner", help="What the partner itself is told, and no more.")
    ] = False,
    excel: Excel = False,
) -> None:
    """Write a partner's settlement: commission by campaign and rate, what was netted, the fee, what is paid."""
    if not file.absolute().parent.is_dir():
        raise Failed(f"{file.parent} is no folder.")
    count = run(_write_settlement(file, settlement, for_partner, excel))
    show.print(f"wrote {count:,} lines to {file}")


async def _write_settlement(file: Path, settlement: str, for_partner: bool, excel: bool) -> int:
    # its id and its words are the schema's, which no other command loads
    from api import settlements

    which = settlements.meant(settlement)
    if which is None:
        raise Failed(f"{settlement!r} is no settlement's id.")
    async with database(here(), bulk=True):
        return await settlements.write(file, *which, for_partner=for_partner, for_excel=excel, now=now())


def _export_ledger(
    file: Path, member_id: UUID | None, first: str | None, until: str | None, excel: bool, language: str
) -> None:
    if not file.absolute().parent.is_dir():
        raise Failed(f"{file.parent} is no folder.")
    if language not in ("en", "zh"):
        raise Failed("--language is en or zh.")
    days = _day(first, BEGINNING), _day(until, END)
    if days[0] >= days[1]:
        raise Failed("--until is a day after --from.")
    count = run(_write_ledger(file, member_id, days, excel, language))
    show.print(f"wrote {count:,} lines to {file}")


BEGINNING, END = date(1971, 1, 1), date(9998, 12, 31)


def _day(text: str | None, otherwise: date) -> date:
    try:
        found = otherwise if text is None else date.fromisoformat(text)
    except ValueError:
        raise Failed(f"{text!r} is no day; write 2026-03-01.") from None
    if not BEGINNING <= found <= END:
        raise Failed(f"{text!r} is no day of a ledger.")
    return found


async def _write_ledger(
    file: Path, member_id: UUID | None, days: tuple[date, date], excel: bool, language: str
) -> int:
    # its words are the schema's, which no other command loads
    from api import statements

    async with database(here(), bulk=True):
        if member_id is not None:
            await members.existing(member_id)
        zone = (await programme.terms()).timezone
        since, until = (local_midnight(day, zone) for day in days)
        wanted = statements.Wanted(since, until, zone, member_id, language, excel)
        with bar("exporting lines", None) as progress:
            return await statements.write(file, wanted, now=now(), progress=progress)


@app.command()
def verify() -> None:
    """Prove every point: exits 0 only when no row breaks an invariant. Safe beside a running server."""
    started = time.perf_counter()
    found = run(_verify())
    for each in found:
        show.print(f"[red]{each.name}[/]: {each.says} {each.row}")
    spent = time.perf_counter() - started
    show.print(f"{len(INVARIANTS)} invariants, {len(found)} violations, in {spent:.1f} s")
    if found:
        raise typer.Exit(1)


async def _verify() -> list[Violation]:
    async with database(here(), brings_up=False):
        return await violations()
