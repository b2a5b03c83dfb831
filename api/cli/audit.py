"""The audit log: `audit list`, `audit export`."""

import csv
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import orjson
import typer

from api.cli._common import Failed, app, bar, database, here, hint, run, show
from api.clock import now
from models.units import is_plain
from rules import audit, staff
from rules.actors import CLI, ActorKind
from rules.audit import Search
from schema import ids
from schema.ids import Tag

SHOWN = 50
AT_ONCE = 1_000
TEXT_MAX = 64

log = typer.Typer(help="Who did what, where and why.", no_args_is_help=True)
app.add_typer(log, name="audit")

Actor = Annotated[
    str | None, typer.Option(help="Who did it: a username, an id of staff or a partner, a key's id, or CLI.")
]
Action = Annotated[str | None, typer.Option(help="What was done: member.freeze, or member. for all of a kind.")]
Whom = Annotated[str | None, typer.Option("--member", help="The member concerned: an id of an export or the API.")]
Request = Annotated[str | None, typer.Option(help="The request it was done in.")]
Since = Annotated[str | None, typer.Option(help="From a moment or a day in UTC on: 2026-03-01.")]
Until = Annotated[str | None, typer.Option(help="Before a moment or a day in UTC.")]


@log.command("list")
def list_lines(
    actor: Actor = None,
    action: Action = None,
    member: Whom = None,
    request: Request = None,
    since: Since = None,
    until: Until = None,
    most: Annotated[int, typer.Option("--most", min=1, max=AT_ONCE, help="How many lines.")] = SHOWN,
) -> None:
    """Show what was done, newest first."""
    wanted = _search(actor, action, member, request, since, until)
    rows = run(_list(wanted, most))
    for row in rows:
        typer.echo(_line(row))
    if not rows:
        hint.print("no lines")


def _line(row: dict[str, Any]) -> str:
    """A line of the log in one line, whole however narrow the screen; what is not known is left out."""
    who = " ".join(str(row[name]) for name in ("actor_kind", "role", "actor_id") if row[name])
    named = {
        "member": row["member_id"],
        "store": row["store_id"],
        "reason": row["reason"],
        "from": row["network"],
        "request": row["request_id"],
    }
    facts = "; ".join(f"{name} {value}" for name, value in {**named, **row["facts"]}.items() if value)
    return f"{row['at']:%Y-%m-%d %H:%M:%S}  {row['action']}  {who}  {facts}".rstrip()


async def _list(wanted: Search, most: int) -> list[dict[str, Any]]:
    async with database(here()):
        return await _named(await audit.search(await _whose(wanted), most=most))


async def _whose(wanted: Search) -> Search:
    """A search for a username is one for their id."""
    name = wanted.actor_id
    found = await staff.id_of(name) if name and name != CLI.id else None
    return replace(wanted, actor_id=str(found)) if found else wanted


async def _named(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The lines with usernames and stores' codes in place of ids, where they are known."""
    names = await staff.usernames({UUID(row["actor_id"]) for row in rows if _is_staff(row)})
    codes = await staff.codes({row["store_id"] for row in rows if row["store_id"]})
    return [
        {
            **row,
            "actor_id": names.get(UUID(row["actor_id"]), row["actor_id"]) if _is_staff(row) else row["actor_id"],
            "store_id": codes.get(row["store_id"], row["store_id"]),
        }
        for row in rows
    ]


def _is_staff(row: dict[str, Any]) -> bool:
    return bool(row["actor_kind"] == ActorKind.STAFF and row["actor_id"])


@log.command("export")
def export_lines(
    file: Annotated[Path, typer.Argument(help="The CSV file to write.")],
    actor: Actor = None,
    action: Action = None,
    member: Whom = None,
    request: Request = None,
    since: Since = None,
    until: Until = None,
) -> None:
    """Write all lines that are looked for to a CSV file, oldest first."""
    written = run(_export(file, _search(actor, action, member, request, since, until)))
    show.print(f"{written:,} lines written to {file}")


COLUMNS = ("id", *audit.COLUMNS.split(", ")[1:])


async def _export(file: Path, wanted: Search) -> int:
    count = 0
    # what is written meanwhile would be followed for ever
    wanted = replace(wanted, until=wanted.until or now())
    async with database(here()):
        wanted = await _whose(wanted)
        with file.open("w", encoding="utf-8", newline="") as out, bar("exporting the audit log", None) as progress:
            writer = csv.DictWriter(out, COLUMNS)
            writer.writeheader()
            async for row in _all(wanted):
                writer.writerow({**row, "at": row["at"].isoformat(), "facts": orjson.dumps(row["facts"]).decode()})
                count += 1
                progress(count)
        await audit.exported("audit.export", count, now=now())
    return count


async def _all(wanted: Search) -> AsyncIterator[dict[str, Any]]:
    beyond = None
    while rows := await audit.search(wanted, beyond=beyond, backwards=True, most=AT_ONCE):
        for row in rows:
            yield row
        beyond = (rows[-1]["at"], rows[-1]["id"])


def _search(*given: str | None) -> Search:
    for text in given:
        if text is not None and not (0 < len(text) <= TEXT_MAX and is_plain(text)):
            raise Failed(f"{text[:TEXT_MAX]!r} is nothing to look for.")
    actor, action, member, request, since, until = given
    return Search(
        member_id=None if member is None else _member(member),
        actor_id=None if actor is None else _actor(actor),
        action=action,
        request_id=request,
        since=_moment(since),
        until=_moment(until),
    )


def _actor(text: str) -> str:
    said = ids.read(text)
    return str(said[1][0]) if said and said[0] in (Tag.STAFF, Tag.MEMBER, Tag.PARTNER) else text


def _member(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        if found := ids.decode_one(Tag.MEMBER, text):
            return found
        raise Failed(f"{text!r} is no id.") from None


def _moment(text: str | None) -> datetime | None:
    try:
        found = text and datetime.fromisoformat(text)
    except ValueError:
        raise Failed(f"{text!r} is no moment; write 2026-03-01 or 2026-03-01T12:00:00+08:00.") from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)) if found else None
