"""Database crashes: PostgreSQL dies under load and comes back; servers and workers live through it.

Success: ready again within 10 seconds without a restart of its own, 0 acknowledged writes lost, 0 double effects, 0
violations, and the worker goes on doing jobs.
"""

import asyncio
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import cycle
from random import Random  # noqa: TID251  a benchmark takes a seed
from uuid import uuid4

import asyncpg

from benchmarks import report
from benchmarks.crash import begin, examine
from benchmarks.house import LOOK_SECONDS, House, Server, fresh_house, is_ready, serving, start_worker
from benchmarks.shop import Shop
from tests import postgres

CLIENTS = 6
LATEST_SECONDS = 0.5
AWAY_SECONDS = 1.0
AGAIN_SECONDS = 10.0
JOB_SECONDS = 20.0
STARTS = 20
WAYS = ("SIGKILL to PostgreSQL and its children", "immediate shutdown", "every backend terminated")

TERMINATE = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
PROMISE = (
    "INSERT INTO job (id, name, cause, facts, state, due_at, created_at, attempts, fence)"
    " VALUES ($1, 'purchases.lapse', $2, '{}', 'READY', $3, $3, 0, 0)"
)
IS_DONE = "SELECT state = 'DONE' FROM job WHERE id = $1"


@dataclass(slots=True)
class Away:
    """What the crashes cost."""

    ready: list[float] = field(default_factory=list)
    """Seconds from the database's return until the server said that it is ready."""
    writing: list[float] = field(default_factory=list)
    """Seconds from the database's return until a write was acknowledged."""


async def crash(house: House, cluster: postgres.Cluster, way: str) -> None:
    """Let the database die in one of the ways, stay away for a moment, and return."""
    if way == WAYS[2]:
        connection = await asyncpg.connect(house.plain_url)
        await connection.fetch(TERMINATE)
        await connection.close()
        return
    await asyncio.to_thread(cluster.crash, kill=way == WAYS[0])
    await asyncio.sleep(AWAY_SECONDS)
    await asyncio.to_thread(_start, cluster)


def _start(cluster: postgres.Cluster) -> None:
    """Start it; while children of the old one linger, it refuses."""
    for attempt in range(STARTS):
        try:
            cluster.start()
        except postgres.PostgresUnavailableError:
            if attempt == STARTS - 1:
                raise
            time.sleep(LOOK_SECONDS * 20)
        else:
            return


async def live_through(
    house: House, server: Server, cluster: postgres.Cluster, shop: Shop, way: str, away: Away
) -> None:
    """One crash under load, and the time until all is well again."""
    await asyncio.sleep(shop.chance.random() * LATEST_SECONDS)
    await crash(house, cluster, way)
    back = time.perf_counter()
    shop.acknowledged.clear()
    async with asyncio.timeout(AGAIN_SECONDS):
        while not await is_ready(server.port):
            await asyncio.sleep(LOOK_SECONDS)
        away.ready.append(time.perf_counter() - back)
        await shop.acknowledged.wait()
        away.writing.append(time.perf_counter() - back)


async def does_jobs(house: House) -> float:
    """How long the worker takes to do a job that is due now.

    Raises: TimeoutError.
    """
    connection = await asyncpg.connect(house.plain_url)
    try:
        started, promised = time.perf_counter(), uuid4()
        at = datetime.now(UTC)  # noqa: TID251  a benchmark has a clock of its own
        await connection.execute(PROMISE, promised, f"benchmark:{promised}", at)
        async with asyncio.timeout(JOB_SECONDS):
            while not await connection.fetchval(IS_DONE, promised):
                await asyncio.sleep(LOOK_SECONDS)
        return time.perf_counter() - started
    finally:
        await connection.close()


async def run(house: House, cluster: postgres.Cluster, crashes: int, chance: Random) -> list[str]:
    """So many crashes under the load of one shop, and what failed."""
    away, failures = Away(), []
    async with serving(house, LOYALTY_WORKER="off") as [server]:
        worker = await start_worker(house)
        try:
            await does_jobs(house)
            shop = await begin(house, server.port, 0, chance)
            clients = [
                asyncio.create_task(shop.client(server.port, house.service, house.staff)) for _ in range(CLIENTS)
            ]
            for _, way in zip(range(crashes), cycle(WAYS), strict=False):
                await live_through(house, server, cluster, shop, way, away)
                report.say(f"  {way}: ready after {away.ready[-1]:.2f} s, writing after {away.writing[-1]:.2f} s")
                report.say(f"  the worker does a job in {await does_jobs(house):.2f} s")
            shop.stopped = True
            await asyncio.gather(*clients)
            failures += [
                f"{name} ended" for name, each in (("server", server), ("worker", worker)) if not each.is_alive
            ]
            report.say(f"{len(shop.faults)} requests were answered with a fault while it was away")
            shop.faults.clear()
            verdict = await examine(house, server.port, shop)
        finally:
            await worker.kill()
    report.say(f"{crashes} crashes: {verdict}")
    report.say(f"ready again: {report.spread(away.ready)}; writing again: {report.spread(away.writing)}")
    await house.command("verify")
    return [*failures, *verdict.lost, *verdict.doubled, *verdict.wrong]


async def main(crashes: int, seed: int) -> list[str]:
    """The benchmark; returns what failed."""
    with postgres.cluster(durable=True) as cluster:
        async with fresh_house("postgres", cluster) as house:
            return await run(house, cluster, crashes, Random(seed))


if __name__ == "__main__":
    options = report.arguments(__doc__)
    options.add_argument("--crashes", type=int, default=3)
    chosen = options.parse_args()
    report.heading("database crash", chosen.seed)
    report.run(main(chosen.crashes, chosen.seed))
