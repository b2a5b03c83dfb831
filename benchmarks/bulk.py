"""Bulk: how long an import of a shop's month and year, a verification, an export, a seed and a start take.

Success: a month under 20 s on SQLite, each of the year's steps under 5 minutes, a warm start under 3 s, everything
applied once, 0 violations.
"""

import tempfile
import time
from argparse import Namespace
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import report, year
from benchmarks.house import House, fresh_house, postgres_server, serving

MONTH_SECONDS = {"sqlite": 20.0, "postgres": 60.0}
BOUND_SECONDS = 300.0
WARM_SECONDS = 3.0
STOP_SECONDS = 10.0
COLD_SECONDS = {"sqlite": 60.0, "postgres": 180.0}
"""The demo is sown on SQLite without waiting for the disk; a server is made to wait."""


@dataclass(slots=True)
class Watch:
    """Times what commands take, on one database."""

    label: str
    failures: list[str] = field(default_factory=list)

    def note(self, what: str, seconds: float, most: float, said: str = "") -> None:
        """Print a time, and keep it as a failure when it is too long."""
        report.say(f"{self.label}: {what}: {seconds:.1f} s {said}".rstrip())
        if seconds > most:
            self.failures.append(f"{self.label}: {what} took {seconds:.1f} s, not {most:.0f}")

    async def command(self, house: House, what: str, most: float, *words: str) -> str:
        """A command of the house, timed; what it said."""
        started = time.perf_counter()
        said = (await house.command(*words)).strip()
        self.note(what, time.perf_counter() - started, most, f"({said})")
        return said


async def load(watch: Watch, house: House, what: str, file: Path, most: float) -> None:
    """Import a file twice, verify and export."""
    first = await watch.command(house, f"import of the {what}", most, "import", "orders", str(file))
    again = await watch.command(house, f"the {what} once more", most, "import", "orders", str(file))
    if " 0 known" not in first or " 0 applied" not in again:
        watch.failures.append(f"{watch.label}: the {what} was not applied once: {first}; {again}")
    await watch.command(house, f"verify after the {what}", BOUND_SECONDS, "verify")
    members = house.folder / "members.csv"
    await watch.command(house, f"export after the {what}", BOUND_SECONDS, "export", "members", str(members))


async def starts(watch: Watch, house: House, what: str = "warm", most: float = WARM_SECONDS) -> None:
    """Start a server on this database, whatever it holds, and stop it."""
    async with serving(house) as [server]:
        watch.note(f"{what} start to ready", server.ready_seconds, most)
        started = time.perf_counter()
        await server.stop()
        watch.note(f"stop after the {what} start", time.perf_counter() - started, STOP_SECONDS)


async def demo(watch: Watch, database: str) -> None:
    """What a newcomer waits for: the first start, which sows the demo, and the second one."""
    with postgres_server(database) as cluster:
        async with fresh_house(database, cluster, empty=True) as house:
            house.settings = {"LOYALTY_ENV": "development", "LOYALTY_MIGRATE": "on"}
            await starts(watch, house, "cold demo", COLD_SECONDS[database])
            await starts(watch, house, "warm demo")


async def run(watch: Watch, database: str, month: Path, whole_year: Path | None) -> None:
    """The benchmark on one database."""
    for what, file in (("month", month), ("year", whole_year)):
        if file is None:
            continue
        with postgres_server(database) as cluster:
            async with fresh_house(database, cluster) as house:
                await load(watch, house, what, file, MONTH_SECONDS[database] if what == "month" else BOUND_SECONDS)
                await starts(watch, house)
    await demo(watch, database)


async def main(chosen: Namespace) -> list[str]:
    """The benchmark on each database; returns what failed."""
    failures: list[str] = []
    with tempfile.TemporaryDirectory(prefix="loyalty-year-") as folder:
        whole_year = None
        if not chosen.month_only:
            whole_year = Path(folder) / "year.csv"
            orders, lines, refunds = year.write(year.read(chosen.file), whole_year)
            report.say(f"the year made of the month: {orders:,} orders, {lines:,} lines, {refunds:,} refund rows")
        for database in report.databases(chosen.database):
            watch = Watch(database)
            await run(watch, database, chosen.file, whole_year)
            failures += watch.failures
    return failures


if __name__ == "__main__":
    options = report.arguments(__doc__)
    options.add_argument("--month-only", action="store_true", help="leave the year out")
    options.add_argument("file", type=Path, help="a month of a shop, in the format of `loyalty import orders`")
    found = options.parse_args()
    report.heading("bulk", found.seed)
    report.run(main(found))
