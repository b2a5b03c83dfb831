"""Turns: what a command has gathered goes before whatever else it sends, which so sees it."""

from contextvars import ContextVar
from typing import Protocol


class Gathered(Protocol):
    """What a command has decided to write and not sent yet."""

    @property
    def waiting(self) -> bool:
        """Whether there is anything to send."""

    async def send(self) -> None:
        """Send it."""


gathered: ContextVar[Gathered | None] = ContextVar("gathered", default=None)
"""What the command under way has gathered."""

COMMANDS = "default"
"""The connection commands write on."""


async def in_turn(on: str) -> None:
    """Let what was gathered go before a statement on that connection."""
    if on == COMMANDS and (before := gathered.get()) is not None and before.waiting:
        await before.send()
