"""Trade: a year of a programme with thousands of members, and a liability report that must tie to the ledger.

`python -m benchmarks.trade --members 20000 --deeds 10`. Members join, buy, pay late, bring back in parts, redeem
and have it undone, hold points and forget them, give them away, let them expire, are frozen and thawed, and turn
out to be one; every night the jobs run. Points wait a week and live three months. At the end of each month the
report is held against the ledger itself: every line against the sum of all movements, the closing against the
accounts and the lots. Both databases live the same year and must tell the same report. Success: every month ties
to the point, what was told of a closed month is not told otherwise later, 0 violations.
"""

import asyncio
import resource
import time
from argparse import Namespace
from collections import Counter
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random  # noqa: TID251  a benchmark takes a seed
from typing import TypeVar

from benchmarks import report
from benchmarks.house import postgres_server
from benchmarks.speed import ground
from benchmarks.trade.customers import Customer
from models.invariants import violations
from models.sql import SQL
from rules import finance, jobs
from rules.finance import Cost, Month
from rules.policy import Activation, ActivationMode, Expiry, ExpiryMode
from tests import people

FIRST = date(2025, 1, 1)
DAYS = 365
START = datetime(2025, 1, 1, tzinfo=UTC)
WAIT_DAYS, LIVE_MONTHS = 7, 3
"""How long points wait, and how long they live then, so that many expire within the year."""

JOINING = 60
"""In the first days all of them join."""

OPENS = timedelta(hours=1)
"""When the day's trade begins, in UTC: nine in the morning in Shanghai."""

GIVERS = 30
"""Of so many who come, one gives points to another."""

MERGING = 4
"""Every so many days two of those who came turn out to be one."""

AT_ONCE = 16
Done = TypeVar("Done")
COST = Cost(1, 100)

LINES = {
    "EARN": "earned",
    "BONUS": "bonus",
    "GRANT": "bonus",
    "REFERRAL": "bonus",
    "ADJUST_IN": "adjusted_in",
    "RETURN": "returned",
    "REDEEM": "redeemed",
    "CLAWBACK": "clawed_back",
    "ADJUST_OUT": "adjusted_out",
    "EXPIRE": "expired",
}
"""Where the report has to tell each kind of movement; in `other` what is not here."""

TOLD = SQL(
    "SELECT kind, COUNT(*) AS movements, COALESCE(SUM(points), 0)::bigint AS points FROM points_transaction"
    " GROUP BY kind",
    fans_out="a proof",
)
WORTH = SQL(
    "SELECT COALESCE(SUM(available + pending + held - debt), 0)::bigint AS points FROM points_account",
    fans_out="a proof",
)
LOTS = SQL("SELECT COALESCE(SUM(remaining + held), 0)::bigint AS points FROM points_lot", fans_out="a proof")


@dataclass(slots=True)
class Year:
    """A year that is lived, and what failed in it."""

    customers: list[Customer]
    chance: Random
    deeds: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    told: list[Month] = field(default_factory=list)
    """The months as they were told last."""


async def day(year: Year, number: int, deeds: int) -> None:
    """One day's trade: who joins, who comes, and what they do."""
    opens = datetime.combine(FIRST + timedelta(days=number), datetime.min.time(), UTC) + OPENS
    size = len(year.customers)
    newcomers = [each for each in year.customers if each.joins_on == number]
    joined = [each for each in year.customers if each.joins_on <= number]
    await _together([each.join(opens) for each in newcomers])
    come = year.chance.sample(joined, min(len(joined), size * deeds // DAYS))
    moments = [opens + timedelta(seconds=10 * place) for place in range(len(come))]
    year.deeds.update(await _together([who.act(at) for who, at in zip(come, moments, strict=True)]))
    # one after another, so that both databases live the same year
    for place in range(len(come) // GIVERS):
        one, other = year.chance.sample(come, 2)
        year.deeds[await one.give(other, opens + timedelta(hours=12, seconds=place))] += 1
    if number % MERGING == 0 and len(come) > 1:
        one, other = year.chance.sample(come, 2)
        year.deeds[await one.merge(other, opens + timedelta(hours=13))] += 1
        year.customers = [each for each in year.customers if not each.is_gone]
    await night(opens + timedelta(hours=14))


async def night(at: datetime) -> None:
    """Every job that comes round, and whatever was promised for now, has its turn."""
    for task in list(jobs.TASKS.values()):
        if task.every and not task.name.startswith(("house.", "webhooks.")):
            await task.work({}, at)
    for name in await jobs.due(at):
        while lease := await jobs.claim(name, now=at):
            await jobs.TASKS[name].work(lease.facts, at)
            await jobs.finish(lease, now=at)


async def _together(deeds: Sequence[Awaitable[Done]]) -> list[Done]:
    """Do these side by side, so many at once."""
    done: list[Done] = []
    for start in range(0, len(deeds), AT_ONCE):
        done += await asyncio.gather(*deeds[start : start + AT_ONCE])
    return done


async def tie(year: Year, month: date) -> list[Month]:
    """Hold the months so far, asked for on the last evening of one, against the ledger."""
    told = (await finance.report(FIRST, month, cost=COST)).months
    summed = ("movements", "other", *LINES.values())
    wanted = dict.fromkeys(summed, 0)
    for row in await TOLD.rows():
        wanted["movements"] += row["movements"]
        wanted[LINES.get(row["kind"], "other")] += row["points"]
    found = {name: sum(getattr(each, name) for each in told) for name in summed}
    found |= {"closing": told[-1].closing, "open_points": told[-1].open_points}
    wanted |= {"closing": await WORTH.value(), "open_points": await LOTS.value()}
    wrong = {name: (value, wanted[name]) for name, value in found.items() if value != wanted[name]}
    if wrong:
        year.failures.append(f"{month:%Y-%m}: the report tells, and the ledger: {wrong}")
    # what is late by hours is booked where it happened, until that day is closed
    if changed := [each for each, before in zip(told[:-2], year.told, strict=False) if each != before]:
        year.failures.append(f"{month:%Y-%m}: {changed[0]} was told otherwise before")
    year.told = told
    return told


async def live(database: str, chosen: Namespace) -> Year:
    """The year on one database."""
    customers = [
        Customer(each, Random(f"{chosen.seed}:{each}"), joins_on=each * JOINING // chosen.members)
        for each in range(chosen.members)
    ]
    year = Year(customers, Random(chosen.seed))
    with postgres_server(database) as cluster:
        async with ground.founded(database, cluster) as house, ground.inside(house):
            began = time.perf_counter()
            activation = Activation(ActivationMode.AFTER_DAYS, days=WAIT_DAYS)
            await people.publish(at=START, activation=activation, expiry=Expiry(ExpiryMode.ROLLING, LIVE_MONTHS))
            for number in range(DAYS):
                await day(year, number, chosen.deeds)
                today, tomorrow = (FIRST + timedelta(days=number + each) for each in (0, 1))
                if tomorrow.day == 1:
                    await tie(year, today.replace(day=1))
                    report.say(f"{database}: {today:%Y-%m}: {sum(year.deeds.values()):,} deeds, {year.told[-1]}")
            seconds = time.perf_counter() - began
            year.failures += [str(each) for each in await violations()]
    report.say(f"{database}: {sum(year.deeds.values()):,} deeds of {chosen.members:,} members in {seconds:.0f} s")
    report.say(f"{database}: {dict(year.deeds.most_common())}")
    return year


async def main(chosen: Namespace) -> list[str]:
    """The year on each database; returns what failed."""
    report.heading("trade", chosen.seed)
    years = [await live(database, chosen) for database in report.databases(chosen.database)]
    report.say(f"the process used {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")
    failures = [each for year in years for each in year.failures]
    if any(year.told != years[0].told for year in years):
        failures.append("the two databases tell different years")
    return failures


if __name__ == "__main__":
    options = report.arguments(__doc__)
    options.add_argument("--members", type=int, default=20_000)
    options.add_argument("--deeds", type=int, default=10, help="how many things a member does in the year")
    report.run(main(options.parse_args()))
