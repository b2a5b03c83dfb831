"""Birthdays: what it takes to give everybody the gift of their month at once, killed on its way.

`python -m benchmarks.birthdays --members 100000 --kills 5`. Every other member was born in this month, and every
tier gives a gift. `loyalty tiers birthdays` is killed (kill -9) so many times on its way, then ends its work, and
is run once more. Success: whoever is due got one gift, nobody else any, no process took more memory than a fixed
bound, and 0 violations.
"""

import resource
import time
from argparse import Namespace
from contextlib import suppress
from datetime import date, timedelta
from random import Random  # noqa: TID251  a benchmark takes a seed
from uuid import UUID

from benchmarks import report
from benchmarks.house import House, postgres_server
from benchmarks.killing import begun, killed
from benchmarks.speed import ground
from benchmarks.speed.data.sizes import Size
from models.sql import SQL
from models.units import new_id
from rules import members, programme, tiers
from rules.actors import CLI
from rules.idempotency import Key
from rules.members import Profile
from rules.refusals import Refusal
from rules.schemes import Scheme, plain

MEMORY_MB = 256
"""What a process that gives may use at most, however many it looks at."""

LINES_A_MEMBER = 2
COMMAND = ("tiers", "birthdays")
EVERYBODY = SQL("SELECT id FROM member ORDER BY id", fans_out="a benchmark lays out its members")
GIVEN = SQL("SELECT COUNT(*) AS n FROM benefit_grant WHERE benefit = 'BIRTHDAY_GIFT'", fans_out="a proof")
WHO = SQL("SELECT member_id FROM benefit_grant WHERE benefit = 'BIRTHDAY_GIFT'", fans_out="a proof")


async def lay_out(house: House) -> set[UUID]:
    """Have every other member be born in this month, and every tier give a gift; whoever is due."""
    due: set[UUID] = set()
    async with ground.inside(house):
        terms = await programme.terms()
        told = plain(Scheme(), terms.ladder)
        for level in told["levels"]:
            level["benefits"] = [*level["benefits"], {"kind": "BIRTHDAY_GIFT", "value": 20}]
        key = Key(f"bench-{new_id()}")
        await tiers.publish(told, expected_version=None, key=key, actor=CLI, now=ground.moment())
        first = terms.local_day(ground.moment()).replace(day=1)
        other = (first - timedelta(days=1)).month
        for place, row in enumerate(await EVERYBODY.rows()):
            born = date(1990, other if place % 2 else first.month, 17)
            with suppress(Refusal):
                await members.tell_profile(
                    row["id"], Profile(birthday=born), now=ground.moment() - timedelta(days=40)
                )
                due |= set() if place % 2 else {row["id"]}
    return due


async def measure(database: str, chosen: Namespace) -> list[str]:
    """The benchmark on one database; returns what failed."""
    failures: list[str] = []
    chance = Random(chosen.seed)
    with postgres_server(database) as cluster:
        async with ground.founded(database, cluster) as house:
            await ground.fill(house, Size(chosen.members, LINES_A_MEMBER * chosen.members), chosen.seed)
            due = await lay_out(house)
            done = [0]
            for _ in range(chosen.kills):
                await killed(house, *COMMAND, left=GIVEN.value, chance=chance)
                done.append(await given(house))
            for what in ("ended", "had nothing to do"):
                began = time.perf_counter()
                failures += ["a run failed"] * bool(await (await begun(house, *COMMAND)).wait())
                seconds = time.perf_counter() - began
                done.append(await given(house))
                report.say(f"{database}: the run that {what} gave {done[-1] - done[-2]:,} in {seconds:.1f} s")
            report.say(f"{database}: {len(due):,} due; given after each run: {', '.join(map(str, done))}")
            failures += await proven(house, due)
    used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    report.say(f"{database}: the largest process used {used} MB")
    return failures + [f"{database}: {used} MB"] * (database == "sqlite" and used > MEMORY_MB)


async def given(house: House) -> int:
    """How many gifts were given."""
    async with ground.inside(house):
        return int(await GIVEN.value())


async def proven(house: House, due: set[UUID]) -> list[str]:
    """What is wrong after all was given."""
    async with ground.inside(house):
        had = [row["member_id"] for row in await WHO.rows()]
    failures = ["somebody got two"] * (len(had) != len(set(had)))
    failures += [f"{len(due ^ set(had))} members got none, or one that was not due"] * (due != set(had))
    return failures + [f"the books do not balance: {each}" for each in (await house.violations())[:1]]


async def main(chosen: Namespace) -> list[str]:
    """The benchmark on each database; returns what failed."""
    report.heading("birthdays", chosen.seed)
    return [each for database in report.databases(chosen.database) for each in await measure(database, chosen)]


if __name__ == "__main__":
    options = report.arguments(__doc__)
    options.add_argument("--members", type=int, default=100_000)
    options.add_argument("--kills", type=int, default=5)
    report.run(main(options.parse_args()))
