"""What the commands share: the application, the settings, an open database, a progress bar."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import replace
from typing import Any, TypeVar
from uuid import UUID

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from api.opening import NotMigrated, bring_up, opened
from api.settings import Settings, settings
from schema import ids

app = typer.Typer(
    help="A member-loyalty platform: members, tiers and a points ledger behind one GraphQL schema.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
show = Console(soft_wrap=True, highlight=False)
"""Where answers go: standard output."""

hint = Console(stderr=True, soft_wrap=True, highlight=False)
"""Where progress and warnings go, so that answers can be piped."""

Done = TypeVar("Done")


class Failed(Exception):  # noqa: N818  the end of a command, not a fault
    """What a command has to say before it exits with 1."""


def here() -> Settings:
    """The settings of this command, with its log set up."""
    from api import log

    found = settings()
    log.set_up("WARNING", as_json=found.log_json)
    return found


def run(work: Coroutine[Any, Any, Done]) -> Done:
    """Do a command's work to its end."""
    return asyncio.run(work)


@asynccontextmanager
async def database(found: Settings, *, brings_up: bool = True, bulk: bool = False) -> AsyncIterator[Settings]:
    """The database and the vault, open; an embedded one is migrated first, and none is made.

    `bulk` is for work without requests.
    """
    if bulk:
        found = replace(found, database_url=inline(found.database_url), keys_url=inline(found.keys_url))
    async with AsyncExitStack() as stack:
        try:
            await stack.enter_async_context(opened(found))
        except NotMigrated:
            if not (brings_up and found.migrate):
                raise
            await bring_up(found)
            await stack.enter_async_context(opened(found))
        yield found


def inline(url: str) -> str:
    """The URL of the same database for bulk work: SQLite then answers without a thread of its own."""
    if not url.startswith("sqlite") or "threads=" in url:
        return url
    return f"{url}{'&' if '?' in url else '?'}threads=off"


@contextmanager
def bar(what: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """A progress bar on standard error, moved by telling how much is done."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=hint, transient=True, refresh_per_second=4) as progress:
        task = progress.add_task(what, total=total)
        yield lambda done: progress.update(task, completed=done)


def id_of(text: str) -> UUID:
    """An id as an export writes it, or as the API does."""
    try:
        return UUID(text)
    except ValueError:
        if found := ids.decode_one(ids.Tag.MEMBER, text):
            return found
        raise Failed(f"{text!r} is no id.") from None
