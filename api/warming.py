"""Warming: what the first requests need is ready before they come."""

from typing import Any

from api.documents import Library
from models import reading
from models.reading import Rows, warm
from models.sql import SQL
from rules import credentials, documents, keyring, keys, programme

FLOORS = ("rules.", "schema.")
BESIDE: tuple[SQL, ...] = (
    credentials.PROVEN,
    documents.FIND,
    keyring.ONE,
    keys.KEY,
    programme.TERMS,
)
"""What every other request asks besides, of what is read otherwise."""


async def ready(library: Library) -> None:
    """Open the connections that read, and have them know what is read as rows, which is what is read often.

    The library's documents are compiled.

    Raises: OperationalError, when one of the statements is wrong.
    """
    await warm(*readings(), *BESIDE)
    await library.learn()


def readings() -> list[Rows[Any]]:
    """All that the house reads as rows."""
    return [each for each in reading.made if each.room.startswith(FLOORS)]
