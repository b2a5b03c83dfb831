"""A real shop's month: imported, killed and imported again, it comes to what an independent reckoning says."""

import asyncio
import csv
import signal
import sqlite3
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest

ROOT = Path(__file__).parents[2]
MONTH = ROOT.parent / "shared" / "data" / "retail" / "orders-2010-12.csv"
LADDER = [("BASIC", 0, 10_000), ("SILVER", 300, 11_500), ("GOLD", 1_000, 12_500), ("STAR", 4_000, 20_000)]
TOML = "".join(
    f'[[tier]]\ncode = "{code}"\nname = "{code.title()}"\nthreshold = {threshold}\nearn_multiplier_bps = {bps}\n'
    for code, threshold, bps in LADDER
)

pytestmark = pytest.mark.skipif(
    not MONTH.exists(), reason=f"the month of real orders is not there: {MONTH.relative_to(ROOT.parent)}"
)


class Customer:
    """One customer of the file, reckoned by the words of the terms."""

    def __init__(self) -> None:
        self.points = self.growth = self.tier = 0
        self.earned: dict[str, list[int]] = {}
        self.paid: Counter[str] = Counter()
        self.refunded: Counter[str] = Counter()

    def pays(self, order: str, amount: int) -> None:
        """One point per 100, rounded down per order; the bonus is that of the tier held before."""
        base = amount // 100
        bonus = base * (LADDER[self.tier][2] - 10_000) // 10_000
        self.paid[order] = amount
        self.earned[order] = [base, bonus]
        self.points += base + bonus
        self.growth += base
        while self.tier + 1 < len(LADDER) and self.growth >= LADDER[self.tier + 1][1]:
            self.tier += 1

    def gets_back(self, order: str, amount: int) -> None:
        """Base, bonus and growth go back, each by the share of the whole order refunded so far, rounded down."""
        before, after, paid = self.refunded[order], self.refunded[order] + amount, self.paid[order]
        base, bonus = (whole * after // paid - whole * before // paid for whole in self.earned[order])
        self.refunded[order] = after
        self.points -= base + bonus
        self.growth -= base


def reckoned(path: Path) -> dict[str, tuple[str, str, str]]:
    """What each customer of a file should have: tier, growth, points."""
    amounts: Counter[tuple[str, str, str]] = Counter()
    times: dict[tuple[str, str, str], datetime] = {}
    whose: dict[tuple[str, str, str], str] = {}
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            event = row["event"], row["order_ref"], row["event_ref"]
            moment = datetime.fromisoformat(row["occurred_at"])
            amounts[event] += int(row["paid_minor"])
            times[event] = min(times.get(event, moment), moment)
            whose[event] = row["member_value"]
    customers: dict[str, Customer] = defaultdict(Customer)
    # the file's order is kept among events of one moment, since sorting is stable
    for event in sorted(times, key=lambda each: times[each]):
        customer = customers[whose[event]]
        {"PAID": customer.pays, "REFUNDED": customer.gets_back}[event[0]](event[1], amounts[event])
    return {name: (LADDER[c.tier][0], str(c.growth), str(c.points)) for name, c in customers.items()}


class Shop:
    """The command line of one deployment in a folder of its own."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.environment = {"LOYALTY_DATABASE_URL": url, "PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
        self.command = [str(Path(sys.executable).with_name("loyalty"))]

    def starts(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*self.command, *arguments],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def runs(self, *arguments: str) -> str:
        with self.starts(*arguments) as process:
            out, errors = process.communicate(timeout=120)
        assert process.returncode == 0, out + errors
        return out

    def members(self) -> dict[str, dict[str, str]]:
        self.runs("export", "members", "members.csv")
        with (self.folder / "members.csv").open(newline="") as file:
            return {row["external_id"]: row for row in csv.DictReader(file)}


async def purchases(url: str) -> int:
    """How many purchases there are, asked from outside."""
    if url.startswith("sqlite"):
        path = url.removeprefix("sqlite://").partition("?")[0]
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        try:
            count: int = connection.execute("SELECT COUNT(*) FROM purchase").fetchone()[0]
        finally:
            connection.close()
        return count
    asked: Any = await asyncpg.connect(url.partition("?")[0])
    try:
        return int(await asked.fetchval("SELECT COUNT(*) FROM purchase"))
    finally:
        await asked.close()


async def killed_in_the_middle(shop: Shop, url: str, *, after: int) -> None:
    """Start the import and kill it, without a chance to say goodbye, once so many purchases are in."""
    with shop.starts("import", "orders", str(MONTH)) as process:
        try:
            while await purchases(url) < after:
                assert process.poll() is None, "the import ended before it could be killed"
                await asyncio.sleep(0.02)
        finally:
            process.kill()
        process.communicate()
    assert process.returncode == -signal.SIGKILL


async def test_a_real_month_comes_to_what_the_file_says_though_its_import_was_killed(
    empty_url: str, tmp_path: Path
) -> None:
    shop = Shop(tmp_path, empty_url)
    (tmp_path / "ladder.toml").write_text(TOML)
    terms = ["--currency", "GBP", "--timezone", "Europe/London", "--earn", "1/100", "--ladder", "ladder.toml"]
    shop.runs("init", *terms)
    await killed_in_the_middle(shop, empty_url, after=600)
    said = shop.runs("import", "orders", str(MONTH))
    assert "1,557 events" in said
    assert "0 errors" in said

    found = shop.members()
    expected = reckoned(MONTH)
    assert len(expected) == 884
    assert {name: (row["tier"], row["growth"], row["available"]) for name, row in found.items()} == expected
    for row in found.values():
        assert row["lifetime_earned"] == row["available"]
        assert {row[name] for name in ("pending", "held", "debt", "lifetime_spent", "lifetime_expired")} == {"0"}
        assert row["state"] == "ACTIVE"
    assert len(Counter(tier for tier, _, _ in expected.values())) == len(LADDER), "every tier is put to the test"

    again = shop.runs("import", "orders", str(MONTH))
    assert "0 applied, 1,557 known already, 0 errors" in again
    assert shop.members() == found
    assert "0 violations" in shop.runs("verify")
