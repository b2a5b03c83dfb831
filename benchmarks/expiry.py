"""Expiry: what it takes to write off a million lots at midnight, killed on its way.

`python -m benchmarks.expiry --lots 100000 --kills 5 --mode fixed`. Members hold lots that have expired at the last
midnight and nobody has written off: of a fixed lifetime, or of one that slides. `loyalty points sweep` is killed
(kill -9) so many times on its way, and then ends its work. Success: each lot was written off once, at the moment
at which it expired, no process took more memory than a fixed bound, and 0 violations.
"""

import gc
import resource
import time
from argparse import Namespace
from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random  # noqa: TID251  a benchmark takes a seed

from benchmarks import report
from benchmarks.house import House, postgres_server
from benchmarks.killing import begun, killed
from benchmarks.speed import ground
from benchmarks.speed.data import store
from benchmarks.speed.data.lives import STAFF, Life, begin
from benchmarks.speed.data.store import Store
from models.points import PointsKind
from models.sql import SQL
from models.units import Points
from rules import programme
from rules.points import Book, Movement
from rules.policy import Life as Lifetime
from rules.programme import Terms

MEMORY_MB = 256
"""What a process that sweeps may use at most, however much it writes."""

PER_MEMBER = 10
LEFT = SQL(
    "SELECT COUNT(*) AS n FROM points_lot WHERE remaining > 0 AND active AND expires_at <= $1", fans_out="a proof"
)
WRITTEN = SQL("SELECT COUNT(*) AS n FROM points_transaction WHERE kind = 'EXPIRE'", fans_out="a proof")
ONCE = SQL(
    "SELECT COUNT(*) AS n FROM (SELECT m.lot_id FROM points_lot_move m JOIN points_transaction t"
    " ON t.id = m.transaction_id AND t.member_id = m.member_id WHERE t.kind = 'EXPIRE' AND t.effective_at = $1"
    " GROUP BY m.lot_id HAVING COUNT(*) = 1) once",
    fans_out="a proof",
)


def lives(rows: Store, chosen: Namespace, terms: Terms, over: datetime) -> Iterator[Life]:
    """Members who were given lots that expire at a moment, each of another size."""
    chance, came = Random(chosen.seed), over - timedelta(days=10)
    slides = "D9" if chosen.mode == "sliding" else None
    for number in range(max(1, chosen.lots // PER_MEMBER)):
        life = begin(number, came, rows, chance, terms, is_caller=True)
        book = Book(life.id, life.balances, [], now=came)
        for place in range(PER_MEMBER):
            cause = f"points.adjust:{STAFF.principal}:bench-{place}"
            movement = Movement(PointsKind.ADJUST_IN, cause, came, reason="GOODWILL")
            lifetime = Lifetime(activates_at=came, expires_at=over, slides=slides, slides_until=over)
            book.earn(movement, Points(1 + chance.randrange(100)), life=lifetime)
        life._post(book, STAFF)
        life.end()
        yield life


COMMAND = ("points", "sweep")


async def lay_out(house: House, chosen: Namespace) -> datetime:
    """Fill a house with lots that have expired at the midnight before, which it returns."""
    began = time.perf_counter()
    async with ground.inside(house), store.opened(house.url, house.keys_url) as rows:
        terms = await programme.terms()
        over = terms.midnight_after(terms.local_day(ground.moment()) - timedelta(days=1))
        gc.disable()
        for _ in lives(rows, chosen, terms, over):
            if rows.is_full:
                await rows.flush()
        await rows.flush()
        gc.enable()
        await rows.settle()
    report.say(f"{rows.written:,} rows in {time.perf_counter() - began:.1f} s")
    return over


async def left(house: House, over: datetime) -> int:
    """How many lots are to be written off."""
    async with ground.inside(house):
        return int(await LEFT.value(over))


async def measure(database: str, chosen: Namespace) -> list[str]:
    """The benchmark on one database; returns what failed."""
    failures: list[str] = []
    chance = Random(chosen.seed)
    with postgres_server(database) as cluster:
        async with ground.founded(database, cluster) as house:
            over = await lay_out(house, chosen)
            waiting = [await left(house, over)]
            for _ in range(chosen.kills):
                await killed(house, *COMMAND, left=lambda: LEFT.value(over), chance=chance)
                waiting.append(await left(house, over))
            began = time.perf_counter()
            failures += ["the sweep failed"] * bool(await (await begun(house, *COMMAND)).wait())
            seconds = time.perf_counter() - began
            report.say(f"{database}: left after each of {chosen.kills} kills: {', '.join(map(str, waiting))}")
            rate = waiting[-1] / seconds
            report.say(
                f"{database}: the last run wrote off {waiting[-1]:,} in {seconds:.1f} s, {rate:,.0f} a second"
            )
            failures += await proven(house, over, waiting[0])
    used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    report.say(f"{database}: the largest process used {used} MB")
    return failures + [f"{database}: {used} MB"] * (database == "sqlite" and used > MEMORY_MB)


async def proven(house: House, over: datetime, lots: int) -> list[str]:
    """What is wrong after all was written off."""
    async with ground.inside(house):
        written, once, still = await WRITTEN.value(), await ONCE.value(over), await LEFT.value(over)
    report.say(f"{lots:,} lots, {written:,} written off, {once:,} of them once and as of their moment")
    failures = [f"{still} lots are left"] * bool(still)
    failures += ["not every lot was written off once"] * (not lots == written == once)
    return failures + [f"the books do not balance: {each}" for each in (await house.violations())[:1]]


async def main(chosen: Namespace) -> list[str]:
    """The benchmark on each database; returns what failed."""
    report.heading(f"expiry, {chosen.mode}", chosen.seed)
    return [each for database in report.databases(chosen.database) for each in await measure(database, chosen)]


if __name__ == "__main__":
    options = report.arguments(__doc__)
    options.add_argument("--lots", type=int, default=100_000)
    options.add_argument("--kills", type=int, default=5)
    options.add_argument("--mode", choices=("fixed", "sliding"), default="fixed")
    report.run(main(options.parse_args()))
