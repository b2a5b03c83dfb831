"""Exports: what it takes to write a whole ledger to a file, as the ledger grows.

`python -m benchmarks.exports --entries 100000 1000000`. For each size: `loyalty export ledger` writes every line.
Success: each line of the ledger is a line of the file, the largest ledger takes hardly more memory than the
smallest, and none more than a fixed bound.
"""

import asyncio
import os
import subprocess
import tempfile
import time
from argparse import Namespace
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks import report
from benchmarks.house import LOYALTY, ROOT, House, postgres_server
from benchmarks.liability import ENTRIES
from benchmarks.speed import ground
from benchmarks.speed.data.sizes import PER_MEMBER, Size

MEMORY_MB = 256
"""What a process that exports may use at most, whatever it exports."""

GROWTH_MB = 16
"""How much more of it the largest ledger may take than the smallest."""


@dataclass(frozen=True, slots=True)
class Exported:
    """One export: the lines there were and the lines it wrote, how long it took, and what it used at most."""

    entries: int
    lines: int
    seconds: float
    megabytes: int


def exported(house: House, file: Path) -> tuple[float, int]:
    """Have the ledger exported: how long it took, and how many megabytes at most."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [LOYALTY, "export", "ledger", str(file)], cwd=ROOT, env=house.environment(), stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise AssertionError("The export failed.")
    return time.perf_counter() - began, usage.ru_maxrss // 1024


async def one(stack: AsyncExitStack, database: str, entries: int, seed: int) -> Exported:
    """A house with so many entries, exported."""
    cluster = stack.enter_context(postgres_server(database))
    house = await stack.enter_async_context(ground.founded(database, cluster))
    await ground.fill(house, Size(max(20, entries // PER_MEMBER), entries), seed)
    async with ground.inside(house):
        there = await ENTRIES.value()
    file = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "ledger.csv"
    seconds, megabytes = await asyncio.to_thread(exported, house, file)
    with file.open(encoding="utf-8") as told:
        lines = sum(1 for _ in told) - 1
    return Exported(there, lines, seconds, megabytes)


async def measure(database: str, chosen: Namespace) -> list[str]:
    """The benchmark on one database; returns what failed."""
    failures, found = list[str](), list[Exported]()
    for entries in sorted(chosen.entries):
        async with AsyncExitStack() as stack:
            done = await one(stack, database, entries, chosen.seed)
        found.append(done)
        report.say(
            f"{database}: {done.entries:,} entries: {done.lines:,} lines in {done.seconds:.1f} s,"
            f" {done.megabytes} MB at most"
        )
        if done.lines != done.entries:
            failures.append(f"{database}: of {done.entries:,} entries {done.lines:,} were written")
    if max(each.megabytes for each in found) > min(MEMORY_MB, found[0].megabytes + GROWTH_MB):
        failures.append(f"{database}: memory grows with the ledger")
    return failures


async def main(chosen: Namespace) -> list[str]:
    """The benchmark on each database; returns what failed."""
    report.heading("exports", chosen.seed)
    return [each for database in report.databases(chosen.database) for each in await measure(database, chosen)]


if __name__ == "__main__":
    options = report.arguments(__doc__)
    options.add_argument("--entries", type=int, nargs="+", default=[100_000, 1_000_000])
    report.run(main(options.parse_args()))
