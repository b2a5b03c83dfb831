"""Warming: what the first requests need is ready before they come."""

import sys
from collections.abc import Iterator
from typing import Any

from api.documents import Library
from models.reading import Rows, warm
from models.sql import SQL
from rules import credentials, documents, keys, programme

FLOORS = ("rules.", "schema.")
BESIDE: tuple[SQL, ...] = (credentials.PROVEN, keys.KEY, documents.FIND, programme.TERMS)
"""What every other request asks besides, of what is read otherwise."""


async def ready(library: Library) -> None:
    """Open the connections that read, and have them know what is read as rows, which is what is read often.

    The library's documents are compiled.

    Raises: OperationalError, when one of the statements is wrong.
    """
    await warm(*readings(), *BESIDE)
    await library.learn()


def readings() -> list[Rows[Any]]:
    """The statements of all rooms that are read as rows, each once."""
    rooms = [module for name, module in sorted(sys.modules.items()) if name.startswith(FLOORS)]
    found = {id(each): each for room in rooms for value in vars(room).values() for each in _rows(value)}
    return list(found.values())


def _rows(value: object) -> Iterator[Rows[Any]]:
    """The statement a name of a room stands for, or those of a table of statements."""
    several = value.values() if isinstance(value, dict) else value if isinstance(value, tuple) else (value,)
    yield from (each for each in several if isinstance(each, Rows))
