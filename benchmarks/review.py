"""Review: what it takes to review the tiers of everybody at once, killed on its way.

`python -m benchmarks.review --members 100000 --kills 5`. Every member holds the highest tier until a moment of last
night, under a scheme with a rolling window: each review adds up what counts, and lowers or retains. `loyalty tiers
review` is killed (kill -9) so many times on its way, and then ends its work. Success: each member was reviewed
once, holds what the ledger says, no process took more memory than a fixed bound, and 0 violations.
"""

import resource
import time
from argparse import Namespace
from datetime import datetime, timedelta
from random import Random  # noqa: TID251  a benchmark takes a seed

from benchmarks import report
from benchmarks.house import House, postgres_server
from benchmarks.killing import begun, killed
from benchmarks.speed import ground
from benchmarks.speed.data.sizes import Size
from models.sql import SQL
from models.units import new_id
from rules import programme, tiers
from rules.actors import CLI
from rules.idempotency import Key
from rules.schemes import Scheme, plain

MEMORY_MB = 256
"""What a process that reviews may use at most, however many it reviews."""

LINES_A_MEMBER = 4
WHY = "a benchmark lays out its members"
RAISE = SQL(
    "UPDATE growth_account SET earned_tier_id = $1, tier_id = $1, earned_since = $2, tier_since = $2,"
    " tier_expires_at = $3, changes_at = $3, tier_steps = COALESCE(tier_steps, 0) + 1",
    fans_out=WHY,
)
TELL = SQL(
    "INSERT INTO tier_change (id, member_id, from_tier_id, to_tier_id, cause, at, source, own_from_id, own_to_id,"
    " ends_at, seq) SELECT gen_random_uuid(), member_id, tier_id, $1, 'UPGRADED', $2, 'EARNED', tier_id, $1, $3,"
    " COALESCE(tier_steps, 0) + 1 FROM growth_account",
    sqlite="INSERT INTO tier_change (id, member_id, from_tier_id, to_tier_id, cause, at, source, own_from_id,"
    " own_to_id, ends_at, seq) SELECT lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' ||"
    " substr(hex(randomblob(2)), 2) || '-8' || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6))),"
    " member_id, tier_id, $1, 'UPGRADED', $2, 'EARNED', tier_id, $1, $3, COALESCE(tier_steps, 0) + 1"
    " FROM growth_account",
    fans_out=WHY,
)
WAITING = SQL("SELECT COUNT(*) AS n FROM growth_account WHERE changes_at <= $1", fans_out="a proof")
TIMES = SQL(
    "SELECT COUNT(*) AS n FROM (SELECT member_id FROM tier_change WHERE cause IN ('RETAINED', 'DOWNGRADED')"
    " GROUP BY member_id HAVING COUNT(*) = 1) once",
    fans_out="a proof",
)
ALL = SQL("SELECT COUNT(*) AS n FROM tier_change WHERE cause IN ('RETAINED', 'DOWNGRADED')", fans_out="a proof")
MEMBERS = SQL("SELECT COUNT(*) AS n FROM growth_account", fans_out="a proof")
WRONG = SQL(
    "SELECT COUNT(*) AS n FROM (SELECT g.member_id, h.rank, (SELECT MAX(t.rank) FROM tier t WHERE t.threshold <="
    " COALESCE(w.growth, 0)) AS earned FROM growth_account g JOIN tier h ON h.id = g.tier_id LEFT JOIN"
    " (SELECT member_id, SUM(delta) AS growth FROM growth_entry WHERE effective_at >= $1 AND effective_at < $2"
    " GROUP BY member_id) w ON w.member_id = g.member_id) x WHERE x.rank <> x.earned",
    fans_out="a proof",
)
DAYS = 180


COMMAND = ("tiers", "review")


async def lay_out(house: House) -> datetime:
    """Have everybody hold the highest tier until a moment of last night, which it returns."""
    async with ground.inside(house):
        terms = await programme.terms()
        told = plain(Scheme(), terms.ladder) | {
            "window": {"kind": "ROLLING", "days": DAYS},
            "validity": {"n": 12, "unit": "MONTH"},
            "downgrade_mode": "REASSESS",
        }
        key = Key(f"bench-{new_id()}")
        await tiers.publish(told, expected_version=None, key=key, actor=CLI, now=ground.moment())
        terms = await programme.terms()
        ends = terms.midnight_after(terms.local_day(ground.moment()) - timedelta(days=1))
        given = (terms.ladder[-1].id, ends - timedelta(days=365), ends)
        await TELL.run(*given)
        await RAISE.run(*given)
    return ends


async def measure(database: str, chosen: Namespace) -> list[str]:
    """The benchmark on one database; returns what failed."""
    failures: list[str] = []
    chance = Random(chosen.seed)
    with postgres_server(database) as cluster:
        async with ground.founded(database, cluster) as house:
            await ground.fill(house, Size(chosen.members, LINES_A_MEMBER * chosen.members), chosen.seed)
            ends = await lay_out(house)
            left = [await waiting(house, ends)]
            for _ in range(chosen.kills):
                await killed(house, *COMMAND, left=lambda: WAITING.value(ends), chance=chance)
                left.append(await waiting(house, ends))
            began = time.perf_counter()
            failures += ["the review failed"] * bool(await (await begun(house, *COMMAND)).wait())
            seconds = time.perf_counter() - began
            rate = left[-1] / seconds
            report.say(f"{database}: left after each of {chosen.kills} kills: {', '.join(map(str, left))}")
            report.say(f"{database}: the last run reviewed {left[-1]:,} in {seconds:.1f} s, {rate:,.0f} a second")
            failures += await proven(house, ends)
    used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    report.say(f"{database}: the largest process used {used} MB")
    return failures + [f"{database}: {used} MB"] * (database == "sqlite" and used > MEMORY_MB)


async def waiting(house: House, ends: datetime) -> int:
    """How many members wait for their review."""
    async with ground.inside(house):
        return int(await WAITING.value(ends))


async def proven(house: House, ends: datetime) -> list[str]:
    """What is wrong after all was reviewed."""
    async with ground.inside(house):
        terms = await programme.terms()
        first = terms.midnight_after(terms.local_day(ends) - timedelta(days=DAYS + 1))
        members, once, reviews = await MEMBERS.value(), await TIMES.value(), await ALL.value()
        wrong, left = await WRONG.value(first, ends), await WAITING.value(ends)
    report.say(f"{members:,} members, {reviews:,} reviews, {once:,} members reviewed once")
    failures = [f"{left} members wait"] * bool(left) + [f"{wrong} members hold another tier"] * bool(wrong)
    failures += ["not everybody was reviewed once"] * (not members == once == reviews)
    return failures + [f"the books do not balance: {each}" for each in (await house.violations())[:1]]


async def main(chosen: Namespace) -> list[str]:
    """The benchmark on each database; returns what failed."""
    report.heading("review", chosen.seed)
    return [each for database in report.databases(chosen.database) for each in await measure(database, chosen)]


if __name__ == "__main__":
    options = report.arguments(__doc__)
    options.add_argument("--members", type=int, default=100_000)
    options.add_argument("--kills", type=int, default=5)
    report.run(main(options.parse_args()))
