"""Dawdlers: a member's home beside a thousand connections that are opened and do nothing, or do it very slowly.

Success: every home is answered, and the 99th percentile with the dawdlers is under twice the one without, or under
50 ms, whichever is more; the server's memory grows by less than 50 MB.
"""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from benchmarks import report
from benchmarks.house import ROOT, House, Server, fresh_house, postgres_server, serving
from benchmarks.shop import identify
from benchmarks.wire import HOST, Cut, Line, lines

HOME = """query Home { me {
  card { displayName } tier { name benefits { kind value } } tierProgress { growth next { need percent } }
  points { available pending expiring(first: 3) { points } entries(first: 10) { nodes { kind points } } }
} }"""
MEMBERS = 4
MOST_SECONDS = 0.050
ARRIVAL = 8.0
"""Seconds over which the dawdlers arrive."""

GROWTH_MB = 50
HEAD = (
    f"POST /graphql HTTP/1.1\r\nhost: {HOST}\r\ncontent-type: application/json\r\ncontent-length: 100000\r\n\r\n"
).encode()
BEGINNINGS = (b"", b"", b"POST /gra", HEAD)
"""Half of them say nothing at all, a quarter begins a head, a quarter a body; those go on a byte a second."""


async def dawdle(port: int, beginning: bytes, first: float) -> None:
    """Hold a connection for nothing; when the server has had enough of it, take another one."""
    await asyncio.sleep(first)
    while True:
        with suppress(OSError):
            reader, writer = await asyncio.open_connection(HOST, port)
            try:
                ended = asyncio.ensure_future(reader.read())
                writer.write(beginning)
                while beginning and not ended.done():
                    await asyncio.wait({ended}, timeout=1.0)
                    writer.write(b"x")
                await ended
            finally:
                writer.close()
        await asyncio.sleep(0.5)


async def crowd(port: int, count: int) -> None:
    """So many dawdlers, for ever."""
    each = [dawdle(port, BEGINNINGS[n % len(BEGINNINGS)], ARRIVAL * n / count) for n in range(count)]
    await asyncio.gather(*each)


@asynccontextmanager
async def crowded_by(port: int, count: int) -> AsyncIterator[None]:
    """The dawdlers in a process of their own, so that their work is not the members'."""
    words = ("-m", "benchmarks.dawdlers", "--crowd", str(port), "--dawdlers", str(count))
    process = await asyncio.create_subprocess_exec(sys.executable, *words, cwd=ROOT)
    try:
        await asyncio.sleep(ARRIVAL + 1.0)
        if process.returncode is not None:
            raise AssertionError("the dawdlers went away")
        yield
    finally:
        process.kill()
        await process.wait()


async def ask_homes(line: Line, until: float, took: list[float]) -> None:
    """Look at a home again and again, as fast as it is answered."""
    while time.perf_counter() < until:
        began = time.perf_counter()
        answer = await line.ask(HOME)
        took.append(time.perf_counter() - began)
        if answer.field("me") is None:
            raise AssertionError("a home without its member")


async def measure(server: Server, token: str, seconds: float) -> list[float]:
    """How long each home took."""
    took: list[float] = []
    async with lines([server.port], token, MEMBERS) as members:
        until = time.perf_counter() + seconds
        await asyncio.gather(*(ask_homes(each, until, took) for each in members))
    return sorted(took)


def cpu_seconds(server: Server) -> float:
    """What the server's process has had of the processors."""
    fields = Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def megabytes(server: Server) -> float:
    """The memory of the server's process."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


async def new_member(house: House, port: int) -> str:
    """The id of a member of the house."""
    line = await Line(port, house.service).open()
    try:
        deed = identify("dawdled-upon")
        return str(deed.of(await deed.ask(line))["member"]["id"])
    finally:
        await line.close()


async def beside(house: House, count: int, seconds: float) -> list[str]:
    """The homes without and with so many dawdlers; the failures are returned, the figures printed."""
    async with serving(house, LOYALTY_TRUSTED_ONLY="off") as [server]:
        member = await new_member(house, server.port)
        token = (await house.command("token", "member", member)).strip()
        await measure(server, token, 1.0)
        before, idle = megabytes(server), cpu_seconds(server)
        alone = await measure(server, token, seconds)
        busy = cpu_seconds(server) - idle
        report.say(
            f"  alone: {len(alone) / seconds:.0f}/s, {report.spread(alone)}, {before:.0f} MB, {busy:.1f} s of CPU"
        )
        async with crowded_by(server.port, count):
            idle = cpu_seconds(server)
            crowded, after = await measure(server, token, seconds), megabytes(server)
            busy = cpu_seconds(server) - idle
        used = f"{after:.0f} MB, {busy:.1f} s of CPU"
        report.say(f"  beside {count}: {len(crowded) / seconds:.0f}/s, {report.spread(crowded)}, {used}")
    return _judged(alone, crowded, after - before)


def _judged(alone: list[float], crowded: list[float], growth: float) -> list[str]:
    p99 = [found[int(len(found) * 0.99)] for found in (alone, crowded)]
    failures = []
    if p99[1] > max(2 * p99[0], MOST_SECONDS):
        failures.append(f"p99 was {p99[0] * 1e3:.0f} ms and is {p99[1] * 1e3:.0f} ms")
    if growth > GROWTH_MB:
        failures.append(f"the server grew by {growth:.0f} MB")
    return failures


async def main(database: str, seed: int, count: int, seconds: float) -> list[str]:
    """Measure on each database."""
    report.heading("dawdlers", seed)
    failures: list[str] = []
    with postgres_server(database) as cluster:
        for each in report.databases(database):
            report.say(each)
            async with fresh_house(each, cluster) as house:
                try:
                    failures += await beside(house, count, seconds)
                except Cut as cut:
                    failures.append(f"a home was not answered: {cut}")
    return failures


if __name__ == "__main__":
    options = report.arguments(__doc__)
    options.add_argument("--dawdlers", type=int, default=1_000)
    options.add_argument("--seconds", type=float, default=15.0)
    options.add_argument("--crowd", type=int, help="only dawdle, on the server of that port")
    given = options.parse_args()
    if given.crowd:
        asyncio.run(crowd(given.crowd, given.dawdlers))
    report.run(main(given.database, given.seed, given.dawdlers, given.seconds))
