"""Killing: a command of the house that is killed once it has begun its work, as a machine that fails would."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from random import Random  # noqa: TID251  a benchmark takes a seed

from benchmarks.house import LOYALTY, ROOT, House
from benchmarks.speed import ground

LOOK_SECONDS = 0.05


async def begun(house: House, *words: str) -> asyncio.subprocess.Process:
    """A `loyalty` command under way, as long as it may take."""
    nowhere = asyncio.subprocess.DEVNULL
    return await asyncio.create_subprocess_exec(
        str(LOYALTY), *words, cwd=ROOT, env=house.environment(), stdout=nowhere
    )


async def killed(
    house: House, *words: str, left: Callable[[], Awaitable[int]], chance: Random, within: float = 1
) -> bool:
    """Begin a command, and kill it within a second after it did something, by a figure it moves; whether it was."""
    async with ground.inside(house):
        before = await left()
    process = await begun(house, *words)
    try:
        async with ground.inside(house):
            while process.returncode is None and await left() == before:
                await asyncio.sleep(LOOK_SECONDS)
        await asyncio.sleep(within * chance.random())
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        ended = await process.wait()
    return ended != 0
