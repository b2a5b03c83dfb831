"""Crashes: kill -9 of a server under load, again and again; nothing acknowledged is lost, nothing is done twice.

Success: 0 acknowledged writes lost, 0 double effects, 0 violations, every book read to its end.
"""

import asyncio
import time
from random import Random  # noqa: TID251  a benchmark takes a seed

from benchmarks import books, report
from benchmarks.books import Verdict
from benchmarks.house import House, Server, free_port, fresh_house, postgres_server, start
from benchmarks.shop import Shop
from benchmarks.wire import Line

CLIENTS = 8
MEMBERS = 4
LATEST_KILL_SECONDS = 0.150
FIRST_ACK_SECONDS = 20.0


async def crash(house: House, server: Server, shop: Shop, *, clients: int = CLIENTS) -> Server:
    """Set clients to work, kill the server a moment after the first answer, and start another in its place."""
    tasks = [asyncio.create_task(shop.client(server.port, house.service, house.staff)) for _ in range(clients)]
    async with asyncio.timeout(FIRST_ACK_SECONDS):
        await shop.acknowledged.wait()
    await asyncio.sleep(shop.chance.random() * LATEST_KILL_SECONDS)
    await server.kill()
    await asyncio.gather(*tasks)
    return await start(house, server.port)


async def examine(house: House, port: int, *shops: Shop) -> Verdict:
    """Read all that some shops did, finish what was in flight, and verify the books.

    Raises: Cut, when they cannot be read to their end.
    """
    verdict = Verdict()
    reader, service = Line(port, house.staff), Line(port, house.service)
    await reader.open()
    await service.open()
    for shop in shops:
        verdict.add(await books.judge(reader, service, shop.deeds, shop.members))
        verdict.wrong += shop.faults
    await reader.close()
    await service.close()
    verdict.wrong += [f"{each.name}: {each.row}" for each in await house.violations()]
    return verdict


async def begin(house: House, port: int, number: int, chance: Random) -> Shop:
    """A shop with members of its own."""
    shop = Shop(number, chance)
    line = await Line(port, house.service).open()
    await shop.open(line, MEMBERS)
    await line.close()
    return shop


async def run(house: House, kills: int, chance: Random) -> tuple[Verdict, list[float]]:
    """So many kills of one house's server, each examined, and all of it once more at the end."""
    total, ready, shops = Verdict(), [], []
    server = await start(house, free_port())
    try:
        for number in range(kills):
            shops.append(await begin(house, server.port, number, chance))
            server = await crash(house, server, shops[-1])
            ready.append(server.ready_seconds)
            verdict = await examine(house, server.port, shops[-1])
            total.add(verdict)
            if not verdict.is_clean:
                report.say(f"  kill {number + 1}: {verdict}")
        final = await examine(house, server.port, *shops)
        total.lost += final.lost
        total.doubled += final.doubled
        total.wrong += final.wrong
        await house.command("verify")
    finally:
        await server.kill()
    return total, ready


async def main(kills: int, databases: tuple[str, ...], seed: int) -> list[str]:
    """The benchmark on each database; returns what failed."""
    failures = []
    for database in databases:
        started = time.perf_counter()
        with postgres_server(database) as cluster:
            async with fresh_house(database, cluster) as house:
                verdict, ready = await run(house, kills, Random(seed))
        report.say(f"{database}: {kills} kills in {time.perf_counter() - started:.0f} s: {verdict}")
        report.say(f"{database}: from restart to ready {report.spread(ready)}")
        failures += [f"{database}: {each}" for each in (*verdict.lost, *verdict.doubled, *verdict.wrong)]
    return failures


if __name__ == "__main__":
    options = report.arguments(__doc__)
    options.add_argument("--kills", type=int, default=50)
    chosen = options.parse_args()
    report.heading("crash", chosen.seed)
    report.run(main(chosen.kills, report.databases(chosen.database), chosen.seed))
