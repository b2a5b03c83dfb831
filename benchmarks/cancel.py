"""Cancellations: clients that hang up in the middle of their requests, thousands of them.

Success: afterwards the server answers at once, holds no connection, lock or transaction that nobody waits for, a
write takes less than a second, every deed was done once or not at all, 0 violations.
"""

import asyncio
import time
from dataclasses import dataclass, field
from pathlib import Path
from random import Random  # noqa: TID251  a benchmark takes a seed

import asyncpg

from benchmarks import report
from benchmarks.crash import begin, examine
from benchmarks.house import LOOK_SECONDS, House, Server, fresh_house, postgres_server, serving
from benchmarks.shop import DOCUMENTS, Deed, Shop, redeem
from benchmarks.wire import Line, lines

CALLERS = 16
LATEST_SECONDS = 0.120
HALF_SENT = 0.1
"""The share of requests that are cut before all of them is sent."""
AT_ONCE_SECONDS = 0.25
WRITE_SECONDS = 1.0
BURST = 32
POOL = 16
"""How many connections to PostgreSQL a server may hold, half of them for reading; see `models.engine`."""

LEAVE_SECONDS = 2.0
LEFT_OPEN = (
    "SELECT state, wait_event_type FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
)


@dataclass(slots=True)
class Found:
    """What was looked at after the last client had hung up."""

    failures: list[str] = field(default_factory=list)
    figures: list[str] = field(default_factory=list)

    def check(self, what: str, value: float, most: float, unit: str = "") -> None:
        """Write a figure down, and a failure where it is above what is allowed."""
        shown = f"{value:.3g}{unit}"
        self.figures.append(f"{what} {shown}")
        if value > most:
            self.failures.append(f"{what}: {shown}, allowed {most:g}{unit}")


async def hang_up(house: House, port: int, shop: Shop, count: int) -> None:
    """Send so many requests, each on a connection that is cut a moment later, while two clients wait politely."""
    left = iter(range(count))
    polite = [asyncio.create_task(shop.client(port, house.service, house.staff)) for _ in range(2)]

    async def caller() -> None:
        for _ in left:
            deed = shop.think()
            line = Line(port, house.staff if deed.verb == "pointsRedeem" else house.service)
            await line.open()
            part = shop.chance.random() if shop.chance.random() < HALF_SENT else 1.0
            line.send(DOCUMENTS[deed.verb], {"input": deed.input}, part=part)
            await asyncio.sleep(shop.chance.random() * LATEST_SECONDS)
            line.abort()

    await asyncio.gather(*(caller() for _ in range(CALLERS)))
    shop.stopped = True
    await asyncio.gather(*polite)


async def look(house: House, server: Server, shop: Shop, files_before: int, *, patience: int = 1) -> Found:
    """See what the clients that hung up left behind; where others need the machine too, with more patience."""
    found = Found()
    reader = await Line(server.port, house.staff).open()
    started = time.perf_counter()
    await reader.get("/healthz")
    found.check("answers in", time.perf_counter() - started, patience * AT_ONCE_SECONDS, " s")
    first = redeem(shop.members[0], f"AFTER{shop.round}", 1)
    started = time.perf_counter()
    await _ask(first, reader)
    found.check("a write takes", time.perf_counter() - started, patience * WRITE_SECONDS, " s")
    async with lines([server.port], house.staff, BURST) as many:
        started = time.perf_counter()
        burst = [redeem(shop.members[0], f"BURST{shop.round}N{place}", 1) for place in range(BURST)]
        await asyncio.gather(*(_ask(deed, line) for deed, line in zip(burst, many, strict=True)))
        most = patience * 2 * WRITE_SECONDS
        found.check(f"{BURST} writes at once take", time.perf_counter() - started, most, " s")
    await reader.close()
    if not house.is_embedded:
        await _look_at_backends(house, found)
    await reader.open()
    await reader.get("/healthz")
    await reader.close()
    found.check("files more than before", files(server) - files_before, POOL + 1)
    shop.deeds += [first, *burst]
    return found


async def _ask(deed: Deed, line: Line) -> None:
    answer = await deed.ask(line)
    assert deed.is_acknowledged, answer


async def _look_at_backends(house: House, found: Found) -> None:
    connection = await asyncpg.connect(house.plain_url)
    try:
        rows = await connection.fetch(LEFT_OPEN)
        until = time.perf_counter() + LEAVE_SECONDS
        # a backend whose server was killed takes a moment to notice
        while len(rows) > POOL and time.perf_counter() < until:
            await asyncio.sleep(LOOK_SECONDS)
            rows = await connection.fetch(LEFT_OPEN)
    finally:
        await connection.close()
    found.check("backends", len(rows), POOL)
    found.check("backends idle in transaction", sum("transaction" in (row["state"] or "") for row in rows), 0)
    found.check("backends waiting for a lock", sum(row["wait_event_type"] == "Lock" for row in rows), 0)


def files(server: Server) -> int:
    """How many files and sockets the server has open."""
    return len(list(Path(f"/proc/{server.process.pid}/fd").iterdir()))


async def run(house: House, cancellations: int, chance: Random, label: str) -> list[str]:
    """The benchmark on one house; returns what failed."""
    async with serving(house) as [server]:
        shop = await begin(house, server.port, 0, chance)
        before = files(server)
        started = time.perf_counter()
        await hang_up(house, server.port, shop, cancellations)
        spent = time.perf_counter() - started
        found = await look(house, server, shop, before)
        report.say(f"{label}: {cancellations} clients hung up in {spent:.0f} s; {', '.join(found.figures)}")
        verdict = await examine(house, server.port, shop)
        report.say(f"{label}: {verdict}")
        await house.command("verify")
    return [f"{label}: {each}" for each in (*found.failures, *verdict.lost, *verdict.doubled, *verdict.wrong)]


async def main(cancellations: int, databases: tuple[str, ...], seed: int) -> list[str]:
    """The benchmark on each database; returns what failed."""
    failures = []
    for database in databases:
        with postgres_server(database) as cluster:
            async with fresh_house(database, cluster) as house:
                failures += await run(house, cancellations, Random(seed), database)
    return failures


if __name__ == "__main__":
    options = report.arguments(__doc__)
    options.add_argument("--cancellations", type=int, default=2_000)
    chosen = options.parse_args()
    report.heading("cancel", chosen.seed)
    report.run(main(chosen.cancellations, report.databases(chosen.database), chosen.seed))
