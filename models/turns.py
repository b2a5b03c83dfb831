"""Turns: what a command gathered goes before whatever else it sends, and commands of one owner stand in line."""

import asyncio
from collections import deque
from contextvars import ContextVar
from typing import Any, Protocol


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


_turns: dict[Any, deque[asyncio.Future[None]]] = {}
"""The owners that a command of this process is at work on, and who waits for it, in order."""


async def take_turn(owner: Any) -> None:
    """Wait until no other command of this process is at work on an owner."""
    waiting = _turns.get(owner)
    if waiting is None:
        _turns[owner] = deque()
        return
    turn = asyncio.get_running_loop().create_future()
    waiting.append(turn)
    try:
        await turn
    except asyncio.CancelledError:
        if not turn.cancelled():
            # it came, and nobody is here to use it
            give_turn(owner)
        raise


def give_turn(owner: Any) -> None:
    """Let the next command have an owner."""
    waiting = _turns.get(owner)
    while waiting:
        turn = waiting.popleft()
        if not turn.done():
            turn.set_result(None)
            return
    _turns.pop(owner, None)
