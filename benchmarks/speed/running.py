"""Running: the servers of a run and the client, each in a process of its own, stopped whatever happens."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson

from benchmarks.house import ROOT, free_port, listens, outside
from benchmarks.report import say
from benchmarks.speed.client import Job, Outcome
from benchmarks.speed.servers import Ground, Server

READY_SECONDS = 90.0
STOP_SECONDS = 5.0
LOG_SHOWN = 4_000


class NotRunning(Exception):  # noqa: N818  the end of a run
    """A server did not start, or a process ended too early."""


@dataclass(slots=True)
class Running:
    """A server that listens."""

    server: Server
    process: asyncio.subprocess.Process
    port: int
    log: Path


async def _spawn(argv: Sequence[str], log: Path, **options: Any) -> asyncio.subprocess.Process:
    with log.open("ab") as file:
        return await asyncio.create_subprocess_exec(*argv, stderr=file, start_new_session=True, **options)


async def _stop(process: asyncio.subprocess.Process) -> None:
    """Ask it to end, and make it; with all it started."""
    for how in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, how)
        with suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS):
                await process.wait()
                return


@asynccontextmanager
async def started(servers: Sequence[Server], ground: Ground) -> AsyncIterator[Awaitable[list[Running]]]:
    """These servers, starting; to be awaited until they listen. They are stopped side by side.

    Raises: NotRunning.
    """
    made: list[Running] = []
    try:
        for server in servers:
            made.append(await _begin(server, ground))  # noqa: PERF401  whatever was begun is stopped
        starting = asyncio.create_task(_listening(made))
        try:
            yield starting
        finally:
            starting.cancel()
    finally:
        await asyncio.gather(*(_stop(each.process) for each in made))


async def _listening(made: list[Running]) -> list[Running]:
    await asyncio.gather(*map(_await_ready, made))
    return made


async def _begin(server: Server, ground: Ground) -> Running:
    port = free_port()
    command = server.command(ground, port)
    log = ground.house.folder / f"{server.name}.log"
    environment = {**_plain_environment(), **ground.environment(port), **command.environment}
    process = await _spawn(
        command.argv, log, cwd=command.folder, env=environment, stdout=asyncio.subprocess.DEVNULL
    )
    return Running(server, process, port, log)


def _plain_environment() -> dict[str, str]:
    return {name: value for name, value in outside().items() if not name.startswith("LOYALTY_")}


async def _await_ready(running: Running) -> None:
    began = time.perf_counter()
    while not await listens(running.port):
        ended = running.process.returncode is not None
        if ended or time.perf_counter() - began > READY_SECONDS:
            told = running.log.read_text(errors="replace")[-LOG_SHOWN:]
            raise NotRunning(f"{running.server.name} {'ended' if ended else 'did not get ready'}:\n{told}")
        await asyncio.sleep(0.02)
    say(f"  {running.server.name} listens after {time.perf_counter() - began:.1f} s")


class Client:
    """The process that sends."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self.process, self.log = process, log

    async def run(self, job: Job) -> Outcome:
        """Have a job done.

        Raises: NotRunning.
        """
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(orjson.dumps(asdict(job)) + b"\n")
        await self.process.stdin.drain()
        if line := await self.process.stdout.readline():
            return Outcome(**orjson.loads(line))
        raise NotRunning(f"The client ended:\n{self.log.read_text()[-LOG_SHOWN:]}")


@asynccontextmanager
async def client() -> AsyncIterator[Client]:
    """A client, ready to send."""
    argv = (sys.executable, "-m", "benchmarks.speed.client")
    pipe = asyncio.subprocess.PIPE
    with TemporaryDirectory(prefix="loyalty-benchmark-") as folder:
        log = Path(folder) / "client.log"
        process = await _spawn(argv, log, cwd=ROOT, stdin=pipe, stdout=pipe)
        try:
            yield Client(process, log)
        finally:
            await _stop(process)
