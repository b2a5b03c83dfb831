"""A database and a key store that were migrated once in a run. Copies of them are made in a moment."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import copyfile

from models import keystore
from models.migrate import migrate
from tests import guard, postgres

NAMES = ("loyalty.db", "keys.db")
"""What the files of SQLite are called."""


@dataclass(frozen=True)
class Originals:
    """The URLs of the two: nobody opens them any more."""

    urls: tuple[str, str]
    server_url: str | None
    folder: Path

    @asynccontextmanager
    async def copied(self, folder: Path) -> AsyncIterator[tuple[str, str]]:
        """The URLs of copies. SQLite's are in a folder."""
        if self.server_url is None:
            for name in NAMES:
                copyfile(self.folder / name, folder / name)
            yield _of_sqlite(folder)
            return
        async with AsyncExitStack() as stack:
            made = [
                await stack.enter_async_context(postgres.fresh_database(self.server_url, like=url))
                for url in self.urls
            ]
            yield made[0], made[1]


@asynccontextmanager
async def originals(server_url: str | None, folder: Path) -> AsyncIterator[Originals]:
    """The two, migrated by the real migrations.

    Raises: PostgresUnavailableError, when the server does not answer.
    """
    async with AsyncExitStack() as stack:
        if server_url is None:
            url, keys_url = _of_sqlite(folder)
        else:
            url, keys_url = [await stack.enter_async_context(postgres.fresh_database(server_url)) for _ in NAMES]
        with guard.recorder.paused():
            await migrate(url)
            await keystore.bring_up(keys_url)
        yield Originals((url, keys_url), server_url, folder)


def _of_sqlite(folder: Path) -> tuple[str, str]:
    url, keys_url = (f"sqlite://{folder / name}?durability=off" for name in NAMES)
    return url, keys_url
