"""Lock files beside a SQLite database, by which processes keep out of each other's way."""

import asyncio
import fcntl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from models.engine import connection


class AlreadyServingError(Exception):
    """Another server or worker holds this SQLite database. Stop it first, or use PostgreSQL for several."""


@contextmanager
def single_server(url: str) -> Iterator[None]:
    """Be the only server or worker on a SQLite database; on PostgreSQL there may be many.

    Raises: AlreadyServingError.
    """
    path = _beside(url, "server")
    if path is None:
        yield
        return
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyServingError(
                f"Another server or worker holds the SQLite database ({path}). Stop it first, "
                "or use PostgreSQL to run several."
            ) from None
        yield


@asynccontextmanager
async def one_at_a_time(url: str) -> AsyncIterator[None]:
    """Wait until no other process is migrating this SQLite database; PostgreSQL has locks of its own."""
    path = _beside(url, "migrate")
    if path is None:
        yield
        return
    with path.open("w") as file:
        await asyncio.to_thread(fcntl.flock, file, fcntl.LOCK_EX)
        yield


def _beside(url: str, purpose: str) -> Path | None:
    database = connection(url)["credentials"].get("file_path", ":memory:")
    if database == ":memory:":
        return None
    # the file stays: removing it would let two processes lock two different files of one name
    path = Path(f"{database}.{purpose}.lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    return path
