"""Tiers: `tiers show`, `tiers publish`, `tiers review`, `tiers birthdays`."""

import sys
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from api.cli._common import Failed, app, database, here, run, show
from api.clock import now
from models.units import new_id
from rules import gifts, programme, tiers
from rules.actors import CLI
from rules.gifts import Celebrated
from rules.idempotency import Key
from rules.schemes import plain
from rules.tiers import Published, Reviewed

BYTES_MAX = 1_000_000
commands = typer.Typer(help="How tiers are won, held and lost.", no_args_is_help=True)
app.add_typer(commands, name="tiers")


@commands.command("show")
def show_scheme() -> None:
    """Print the scheme that is in force, as JSON that `publish` reads."""
    told = run(_scheme())
    sys.stdout.write(orjson.dumps(told, option=orjson.OPT_INDENT_2).decode() + "\n")


async def _scheme() -> dict[str, Any]:
    async with database(here()):
        terms = await programme.terms()
        return {"version": terms.scheme.version, **plain(terms.scheme, terms.ladder)}


@commands.command("publish")
def publish(
    path: Annotated[Path, typer.Argument(help="A JSON file, as `show` prints it.")],
    over: Annotated[
        int | None, typer.Option(help="The version you have seen: another one in force is not overwritten.")
    ] = None,
) -> None:
    """Publish a scheme as the next version. Nobody loses a tier by it; a worker lifts whoever has reached more."""
    done = run(_publish(_read(path), over))
    show.print(f"published as version [bold]{done.version}[/]")


def _read(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > BYTES_MAX:
            raise Failed(f"{path} is too large for a scheme.")
        found = orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError) as error:
        raise Failed(f"{path}: {error}") from error
    if not isinstance(found, dict):
        raise Failed(f"{path} holds no scheme.")
    return found


async def _publish(document: dict[str, Any], over: int | None) -> Published:
    async with database(here()):
        key = Key(f"cli-{new_id()}")
        return await tiers.publish(document, expected_version=over, key=key, actor=CLI, now=now())


@commands.command("review")
def review() -> None:
    """Write down what time has made of everybody's tiers, as a worker does every minute."""
    done = run(_review())
    show.print(f"{done.visited - done.failed:,} members reviewed")
    if done.failed:
        raise Failed(f"{done.failed:,} members could not be reviewed; the log says why")


async def _review() -> Reviewed:
    async with database(here()):
        upto = now()
        visited = failed = 0
        done = await tiers.review_all(upto)
        while done.after:
            visited, failed = visited + done.visited, failed + done.failed
            done = await tiers.review_all(upto, after=done.after)
        return Reviewed(visited + done.visited, failed + done.failed, None)


@commands.command("birthdays")
def birthdays() -> None:
    """Give this month's birthday gifts, as a worker does every day."""
    done = run(_birthdays())
    show.print(f"{done.visited:,} members looked at, {done.given:,} gifts given")
    if done.failed:
        raise Failed(f"{done.failed:,} members could not be given to; the log says why")


async def _birthdays() -> Celebrated:
    async with database(here()):
        upto, whole = now(), Celebrated()
        done = await gifts.celebrate_all(upto)
        while done.after:
            whole += done
            done = await gifts.celebrate_all(upto, after=done.after)
        return whole + done
