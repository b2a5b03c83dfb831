"""The vault at the prompt: `vault status` and `vault rotate`."""

from contextlib import nullcontext
from typing import Annotated

import typer
from rich.table import Table

from api.cli._common import Failed, app, bar, database, here, run, show
from api.opening import masters
from api.settings import Settings
from models.lock import single_server
from rules import rotation
from rules.rotation import Standing

vault = typer.Typer(help="The keys that seal personal data.", no_args_is_help=True)
app.add_typer(vault, name="vault")


@vault.command("status")
def status() -> None:
    """Tell how many keys there are, and which master keys wrap them."""
    found = run(_status())
    table = Table("what", "how many", box=None)
    table.add_row("members' keys", f"{found.keys:,}")
    table.add_row("reserved lately, or yet to be settled", f"{found.unsettled:,}")
    table.add_row("erased members", f"{found.erased:,}")
    table.add_row("keys without a member, reservations apart", f"{found.orphans:,}")
    for each in found.generations:
        table.add_row(f"wrapped by master key {each.number} ({each.check[:12]})", f"{each.keys:,}")
    show.print(table)
    if len(found.generations) > 1:
        show.print("A change of the master key is under way: run `loyalty vault rotate` to its end.")


async def _status() -> Standing:
    async with database(here(), brings_up=False, bulk=True):
        return await rotation.standing()


@vault.command("rotate")
def rotate(
    live: Annotated[
        bool, typer.Option("--live", help="Servers are running, all started with LOYALTY_MASTER_KEY_NEXT.")
    ] = False,
) -> None:
    """Wrap every key anew with LOYALTY_MASTER_KEY_NEXT. What was interrupted is taken up again."""
    found = here()
    if len(masters(found)) == 1:
        raise Failed("LOYALTY_MASTER_KEY_NEXT is not set: it is the master key that comes after this one.")
    # a server on an SQLite file holds its lock; whether one runs on PostgreSQL only the operator knows
    with nullcontext() if live else single_server(found.keys_url):
        count = run(_rotate(found))
    show.print(f"{count:,} keys are wrapped anew. From now on LOYALTY_MASTER_KEY is the new one;")
    show.print("keep the old one until the copies of the key store from before are deleted.")


async def _rotate(found: Settings) -> int:
    async with database(found, brings_up=False, bulk=True):
        old, new = masters(found)
        with bar("wrapping keys", None) as progress:
            return await rotation.rotate(old, new, progress)
