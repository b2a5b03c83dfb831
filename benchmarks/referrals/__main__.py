"""A year of referrals, done by the rules and reckoned apart, with planted frauds and a worker that is killed.

`python -m benchmarks.referrals --members 5000 --frauds 20`. Success: every reward and milestone is exactly what was
reckoned, every fraud was refused or waits for somebody to look at it, nothing was given twice, and 0 violations.
"""

import time
from argparse import Namespace
from collections import Counter
from random import Random  # noqa: TID251  a benchmark takes a seed

from benchmarks import report
from benchmarks.house import postgres_server
from benchmarks.referrals.lives import lived
from benchmarks.referrals.living import Life, happenings
from benchmarks.referrals.reckoning import reckoned
from benchmarks.speed import ground

TOLD_MAX = 20


async def measure(database: str, chosen: Namespace) -> list[str]:
    """The benchmark on one database; returns what failed."""
    year = lived(chosen.members, chosen.frauds, chosen.seed)
    life = Life(year, Random(chosen.seed))
    began = time.perf_counter()
    with postgres_server(database) as cluster:
        async with ground.founded(database, cluster) as house:
            async with ground.inside(house):
                await life.live()
                wanted = reckoned(year, life.moments)
                wrong = await life.wrong(wanted)
            broken = [f"the books do not balance: {each}" for each in (await house.violations())[:1]]
    seconds = time.perf_counter() - began
    planted = Counter(str(each.fraud) for each in year.people if each.fraud)
    planted.update(str(each.fraud) for each in year.attempts)
    report.say(f"{database}: {len(year.people):,} members, {len(happenings(year)):,} happenings in {seconds:.0f} s")
    report.say(
        f"{database}: {wanted.granted.total():,} rewards, {wanted.milestones.total():,} milestones kept,"
        f" {wanted.points.total():,} points in the end; the worker was killed {life.kills} times"
    )
    report.say(f"{database}: planted {', '.join(f'{count} {kind}' for kind, count in sorted(planted.items()))}")
    return [f"{database}: {each}" for each in (*wrong[:TOLD_MAX], *broken)]


async def main(chosen: Namespace) -> list[str]:
    """The benchmark on each database; returns what failed."""
    report.heading("referrals", chosen.seed)
    return [each for database in report.databases(chosen.database) for each in await measure(database, chosen)]


if __name__ == "__main__":
    options = report.arguments(__doc__)
    options.add_argument("--members", type=int, default=5_000)
    options.add_argument("--frauds", type=int, default=20)
    report.run(main(options.parse_args()))
