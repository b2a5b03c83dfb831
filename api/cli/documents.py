"""Trusted documents: `document register`, `list`, `withdraw`, and `manifest` for builds without Node."""

from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich.table import Column, Table

from api.cli._common import Failed, app, database, here, run, show
from api.clock import now
from api.settings import Settings
from rules import documents
from rules.actors import SYSTEM
from rules.documents import Trusted
from rules.refusals import NotFound

HASH_WIDTH = 64
"""A hash is shown whole, however narrow the screen: it is what `document withdraw` takes."""

Files = Annotated[
    list[Path],
    typer.Argument(
        help="Manifests of graphql-codegen's or Apollo's, .graphql files of one operation, or sources (.js, .ts)."
    ),
]

document = typer.Typer(help="The documents that members may run in production.", no_args_is_help=True)
app.add_typer(document, name="document")


@document.command("register")
def register(files: Files) -> None:
    """Trust the documents of these files: at once for new servers, within a second in those that run."""
    found = _read(files)
    changed = run(_register(found))
    show.print(f"{changed:,} of {len(found):,} newly trusted")


async def _register(found: list[Trusted]) -> int:
    async with database(here()):
        return len(await documents.register(found, actor=SYSTEM, now=now()))


@document.command("list")
def list_documents() -> None:
    """List the trusted documents: those of LOYALTY_DOCUMENTS, then those registered, newest first."""
    found = here()
    table = Table(Column("sha256", min_width=HASH_WIDTH), "name", "by", "since", box=None)
    for each in _read(found.documents):
        table.add_row(each.sha256, each.name, "LOYALTY_DOCUMENTS", "")
    for row in run(_live(found)):
        table.add_row(row["sha256"], row["name"], row["registered_by"], f"{row['created_at']:%Y-%m-%d %H:%M:%S}")
    show.print(table, markup=False)


async def _live(found: Settings) -> list[dict[str, Any]]:
    async with database(found):
        return await documents.live()


@document.command("withdraw")
def withdraw(sha256: Annotated[str, typer.Argument(help="Its hash, from `loyalty document list`.")]) -> None:
    """Trust a registered document no longer. One of LOYALTY_DOCUMENTS goes when its file does."""
    try:
        run(_withdraw(sha256))
    except NotFound:
        raise Failed(f"No registered document goes by {sha256!r}.") from None
    show.print(f"{sha256} is withdrawn")


async def _withdraw(sha256: str) -> None:
    async with database(here()):
        await documents.withdraw(sha256.removeprefix("sha256:"), actor=SYSTEM, now=now())


@document.command("manifest")
def write_manifest(files: Files) -> None:
    """Print one manifest of these files, as graphql-codegen writes it. Each document is checked; no database is."""
    texts = {each.sha256: each.source for each in _read(files)}
    typer.echo(orjson.dumps(texts, option=orjson.OPT_INDENT_2).decode())


def _read(files: list[Path] | tuple[Path, ...]) -> list[Trusted]:
    from api.manifest import manifest

    return manifest(files)
