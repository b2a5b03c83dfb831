"""Points: `points sweep`."""

import typer

from api.cli._common import app, database, here, run, show
from api.clock import now
from rules import points

commands = typer.Typer(help="Members' points.", no_args_is_help=True)
app.add_typer(commands, name="points")


@commands.callback()
def about() -> None:
    """Members' points."""


@commands.command("sweep")
def sweep() -> None:
    """Write down what time has done: points available, holds over, points expired. The worker does it by itself."""
    run(_sweep())
    show.print("what time has done is written down")


async def _sweep() -> None:
    async with database(here()):
        moment = now()
        await points.activate_due({}, moment)
        await points.release_overdue({}, moment)
        await points.expire_due({}, moment)
