"""Rounds: every server in its turn, A B C and C B A, so that whatever the machine does, it does to all of them."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.speed.client import Job
from benchmarks.speed.meter import cpu_seconds
from benchmarks.speed.running import Client, Running

MOST = 1_000_000
"""How many requests a round may have."""


WARM_SECONDS = 30.0
"""How long a server is warmed by a number of requests, at most."""


class Failed(Exception):  # noqa: N818  the end of a run
    """Some request was not answered as it should have been."""


@dataclass(frozen=True, slots=True)
class Load:
    """How hard and how long each server is asked, in each round."""

    rounds: int
    seconds: float
    connections: int
    warm_seconds: float


@dataclass(frozen=True, slots=True)
class Sample:
    """One server in one round: CPU and latency in milliseconds, throughput in requests a second."""

    cpu_ms: float
    database_ms: float
    per_second: float
    p50_ms: float
    p99_ms: float


@dataclass(frozen=True, slots=True)
class Lane:
    """A server and the file of requests it is sent, under the name its figures go by."""

    name: str
    running: Running
    requests: Path


@dataclass(slots=True)
class Measured:
    """One operation in all lanes, round by round."""

    operation: str
    samples: dict[str, list[Sample]] = field(default_factory=dict)
    sizes: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Leaves and bytes of one answer."""

    def median(self, server: str, figure: str) -> float:
        """The median of a figure over the rounds."""
        return float(statistics.median(getattr(each, figure) for each in self.samples[server]))

    def ratio(self, ours: str, other: str, figure: str = "cpu_ms") -> float:
        """Ours divided by the other's, of their medians over the rounds."""
        return self.median(ours, figure) / (self.median(other, figure) or float("nan"))


@dataclass(slots=True)
class Track:
    """Where rounds are run: the client, and whose CPU besides the server's is counted."""

    client: Client
    database_pid: int | None
    load: Load
    seed: int

    async def measure(self, operation: str, lanes: Sequence[Lane]) -> Measured:
        """One operation in all lanes.

        Raises: Failed.
        """
        found = Measured(operation)
        for lane in lanes:
            await self._warm(lane)
        for number in range(self.load.rounds):
            for lane in lanes if number % 2 == 0 else reversed(lanes):
                sample = await self._once(lane, self.load.seconds, number + 1)
                found.samples.setdefault(lane.name, []).append(sample)
        return found

    async def _warm(self, lane: Lane) -> None:
        """Ask until nothing is done for the first time any more: for a while, or so many times."""
        if most := lane.running.server.warm_requests:
            await self._once(lane, WARM_SECONDS, 0, most)
        else:
            await self._once(lane, self.load.warm_seconds, 0)

    async def _once(self, lane: Lane, seconds: float, number: int, most: int = MOST) -> Sample:
        server = lane.running.process.pid
        before, database_before = cpu_seconds(server), self._database()
        job = Job(lane.running.port, str(lane.requests), self.load.connections, seconds, most, self.seed + number)
        outcome = await self.client.run(job)
        used, database = cpu_seconds(server) - before, self._database() - database_before
        if outcome.failed or not outcome.count:
            told = "\n  ".join(outcome.failures)
            raise Failed(f"{lane.name}: {outcome.failed} of {outcome.count} answers were wrong:\n  {told}")
        return Sample(
            used / outcome.count * 1e3,
            database / outcome.count * 1e3,
            outcome.count / outcome.seconds,
            outcome.p50_ms,
            outcome.p99_ms,
        )

    def _database(self) -> float:
        return cpu_seconds(self.database_pid) if self.database_pid else 0.0
