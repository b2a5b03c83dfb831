"""Liability: what the report costs as the ledger grows, and what it takes to count a ledger of a year and a half.

`python -m benchmarks.liability --entries 100000 300000 1000000`. For each size: the ledger is counted by
`loyalty report close`, which is killed on its way; the report is asked for by turns in all sizes, and must tie to
the accounts to the point. Success: the largest ledger's report takes at most half as long again as the smallest's
(of 100,000 entries or more: with fewer, not every kind of movement comes every day), counting takes no more memory
than a fixed bound, every report ties, and 0 violations.
"""

import resource
import statistics
import time
from argparse import Namespace
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import date
from random import Random  # noqa: TID251  a benchmark takes a seed

from benchmarks import report
from benchmarks.house import House, postgres_server
from benchmarks.killing import killed
from benchmarks.speed import ground
from benchmarks.speed.data.sizes import PER_MEMBER, Size
from models.sql import SQL
from rules import finance
from rules.calendar import add_months
from rules.finance import Cost

ROUNDS, EACH = 7, 5
"""How often all sizes have their turn, and how many reports each of them gives then."""

KILLS = 3
SOON = 0.05
"""Within how many seconds after a stretch was entered the next is hit."""

GROWTH = 1.5
"""How much longer the report of the largest ledger may take than that of the smallest."""

MEMORY_MB = 256
"""What a process that counts may use at most, whatever it counts."""

COST = Cost(1, 100)
MONTHS = 12
WORTH = SQL(
    "SELECT SUM(available + pending + held - debt)::bigint AS points FROM points_account", fans_out="a proof"
)
TURN = SQL("SELECT turn FROM points_books")
ENTRIES = SQL("SELECT COUNT(*) AS n FROM points_entry", fans_out="a proof")


@dataclass(slots=True)
class Place:
    """A ledger of some size, and how long its reports took."""

    house: House
    entries: int
    seconds: list[float] = field(default_factory=list)


async def turns() -> int:
    """How often anything was entered into the books."""
    return await TURN.value() or 0


async def counted(house: House, chance: Random) -> tuple[int, float, str]:
    """Have the ledger counted, killed on its way: how often, how long the last run took, and what it said."""
    tries = [await killed(house, "report", "close", left=turns, chance=chance, within=SOON) for _ in range(KILLS)]
    began = time.perf_counter()
    said = await house.command("report", "close")
    return sum(tries), time.perf_counter() - began, said.strip()


async def reports(place: Place, into: list[float], failures: list[str]) -> None:
    """Some reports of a year, each held against the accounts."""
    async with ground.inside(place.house):
        last = ground.moment().date()
        worth = await WORTH.value()
        for _ in range(EACH):
            began = time.perf_counter()
            told = await finance.report(_year_before(last), last, cost=COST)
            into.append(time.perf_counter() - began)
            if told.last.closing != worth or sum(each.remaining for each in told.cohorts) != told.last.open_points:
                failures.append(f"{place.entries:,} entries: {told.last.closing:,} is not {worth:,}")


def _year_before(last: date) -> date:
    return add_months(last.replace(day=1), 1 - MONTHS)


async def furnish(stack: AsyncExitStack, database: str, entries: int, chosen: Namespace) -> Place:
    """A house with so many entries, counted."""
    cluster = stack.enter_context(postgres_server(database))
    size = Size(max(20, entries // PER_MEMBER), entries)
    house = await stack.enter_async_context(ground.founded(database, cluster))
    await ground.fill(house, size, chosen.seed)
    kills, seconds, said = await counted(house, Random(chosen.seed))
    async with ground.inside(house):
        place = Place(house, await ENTRIES.value())
    report.say(f"{database}: {place.entries:,} entries: {said}, after {kills} kills, in {seconds:.1f} s")
    return place


async def measure(database: str, chosen: Namespace) -> list[str]:
    """The benchmark on one database; returns what failed."""
    failures: list[str] = []
    async with AsyncExitStack() as stack:
        places = [await furnish(stack, database, entries, chosen) for entries in sorted(chosen.entries)]
        for _ in range(ROUNDS):
            for place in places:
                await reports(place, place.seconds, failures)
        for place in places:
            first = places[0]
            ratio = statistics.median(place.seconds) / statistics.median(first.seconds)
            report.say(
                f"{database}: {place.entries:,} entries: report {report.spread(place.seconds)}, "
                f"{ratio:.2f} times that of {first.entries:,}"
            )
            if ratio > GROWTH:
                failures.append(f"{database}: {place.entries:,} entries take {ratio:.2f} times as long")
            if wrong := await place.house.violations():
                failures.append(f"{database}: the books do not balance: {wrong[0]}")
    used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    report.say(f"{database}: the largest process used {used} MB")
    if database == "sqlite" and used > MEMORY_MB:
        failures.append(f"{database}: counting took {used} MB")
    return failures


async def main(chosen: Namespace) -> list[str]:
    """The benchmark on each database; returns what failed."""
    report.heading("liability", chosen.seed)
    return [each for database in report.databases(chosen.database) for each in await measure(database, chosen)]


if __name__ == "__main__":
    options = report.arguments(__doc__)
    options.add_argument("--entries", type=int, nargs="+", default=[100_000, 300_000, 1_000_000])
    report.run(main(options.parse_args()))
