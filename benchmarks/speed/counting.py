"""Counting: how many instructions a request costs our server, by Valgrind's callgrind, whoever else is at work.

`python -m benchmarks.speed.counting`, which `make bench-instructions` runs. On machines that others use, CPU
time of the same request differs by a half from one minute to the next; instructions differ by some thousandths.
What the kernel does is not among them. The server takes fifty times as long, and its clock goes as slowly.
"""

import asyncio
import re
import shutil
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random  # noqa: TID251  a benchmark takes a seed

import orjson

from benchmarks.report import heading, say
from benchmarks.speed import ground, slowly
from benchmarks.speed.__main__ import guarded
from benchmarks.speed.cases import Case
from benchmarks.speed.client import Job
from benchmarks.speed.operations import OURS, Operation
from benchmarks.speed.options import Options, options
from benchmarks.speed.requests import manifest, messages
from benchmarks.speed.rounds import Failed
from benchmarks.speed.run import Impossible, chosen_operations
from benchmarks.speed.running import Client, Running, client, started
from benchmarks.speed.servers import SERVERS, Command, Ground, ours

MEMBERS, CALLERS = 2_000, 64
WARM, COUNTED = 100, 400
"""Requests before it is counted, and while it is."""

SECONDS = 120.0
"""How long they may take, at most."""

_TOTAL = re.compile(r"^totals: (\d+)", re.MULTILINE)


def counted(ground: Ground, port: int) -> Command:
    """Our server under callgrind, which counts once it is told to; alike each time."""
    command = ours(ground, port)
    out = f"--callgrind-out-file={ground.house.folder}/counted"
    how = ("valgrind", "--quiet", "--tool=callgrind", "--instr-atstart=no", out)
    python = (sys.executable, "-m", slowly.__name__)
    environment = {**command.environment, "PYTHONHASHSEED": "0"}
    return replace(command, argv=(*how, *python, *command.argv[1:]), environment=environment)


class Counter:
    """A server that is counted, and who sends to it."""

    def __init__(self, running: Running, sender: Client, folder: Path) -> None:
        self.running, self.sender, self.folder = running, sender, folder
        self.dumps = 0

    async def count(self, operation: Operation, cases: Sequence[Case], asked: Options) -> int:
        """Instructions of one request, on the average of these.

        Raises: Failed.
        """
        requests = self.folder / operation.name
        requests.write_bytes(messages(self.running.server, operation, cases))
        job = Job(self.running.port, str(requests), asked.load.connections, SECONDS, WARM, asked.seed)
        await self._ask(job)
        await self._tell("--instr=on")
        await self._ask(replace(job, most=COUNTED))
        await self._tell("--dump")
        await self._tell("--instr=off")
        self.dumps += 1
        profile = self.folder / f"counted.{self.dumps}"
        [total] = _TOTAL.findall(profile.read_text())
        if asked.profiles:
            shutil.copy(profile, asked.profiles / f"{operation.name}.callgrind")
        return int(total) // COUNTED

    async def _ask(self, job: Job) -> None:
        outcome = await self.sender.run(job)
        if outcome.failed or outcome.count != job.most:
            raise Failed(f"{outcome.failed} of {outcome.count} answers were wrong: {outcome.failures}")

    async def _tell(self, what: str) -> None:
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            "callgrind_control", what, str(self.running.process.pid), stdout=pipe, stderr=pipe
        )
        said = b"".join(await process.communicate())
        if process.returncode:
            raise Failed(f"callgrind_control {what}: {said.decode()}")


async def whole(asked: Options, operations: Sequence[Operation]) -> dict[str, int]:
    """Instructions of one request of each operation."""
    found: dict[str, int] = {}
    with ground.database_server(asked.database) as cluster:
        async with ground.founded(asked.database, cluster) as house:
            file = house.folder / "documents.json"
            file.write_bytes(manifest(operations, OURS))
            await ground.fill(house, asked.size, asked.seed)
            server = replace(SERVERS[0], command=counted)
            async with started([server], Ground(house, file)) as starting, client() as sender:
                [running] = await starting
                who = await ground.callers(house, asked.callers, Random(asked.seed))
                counter = Counter(running, sender, house.folder)
                for each in operations:
                    cases = who.cases(COUNTED, Random(f"{asked.seed} {each.name}"), each.caller)
                    found[each.name] = await counter.count(each, cases, asked)
                    say(f"{each.name:>14}: {found[each.name]:>12,} instructions a request")
    return found


def main() -> None:
    """Count, and tell."""
    arguments = sys.argv[1:]
    given = options(["--members", str(MEMBERS), "--callers", str(CALLERS), *arguments])
    heading("instructions", given.seed)
    if shutil.which("valgrind") is None:
        raise Impossible("there is no valgrind")
    if given.profiles:
        given.profiles.mkdir(parents=True, exist_ok=True)
    found = asyncio.run(whole(given, chosen_operations(given)))
    say(orjson.dumps(found).decode())


if __name__ == "__main__":
    guarded(main)
