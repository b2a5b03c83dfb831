"""Races: many callers at once for the last points, under one key, of a crowd, for one identity, one order.

Success: exactly as many winners as there is to win, one effect per key, 0 violations.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from benchmarks import report, shop
from benchmarks.books import ENTRIES
from benchmarks.house import LOOK_SECONDS, House, Server, fresh_house, postgres_server, serving, start_worker
from benchmarks.shop import Deed
from benchmarks.wire import Line, lines

CALLERS = 64
SAME_KEY = 50
CROWD, WANTED = 8, 4
"""So many members, and so many redemptions of each."""

PARTS = 20
PRICE = 7
STARTED = "Application startup complete."

STATE = """query($id: ID!) { member(by: {id: $id}) {
  points { available debt lifetimeEarned } tierProgress { growth }
  purchases(first: 1) { nodes { state refunded { amountMinor } } } } }"""


@dataclass(slots=True)
class Till:
    """A till: its open lines, and all that was measured over them."""

    service: list[Line]
    staff: list[Line]
    seconds: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    told: Counter[str] = field(default_factory=Counter)

    async def together(self, deeds: Sequence[Deed]) -> list[dict[str, Any]]:
        """Ask all at once, each over a line of its own; the payloads in their order."""
        open_lines = self.staff if deeds[0].verb == "pointsRedeem" else self.service
        return await asyncio.gather(*(self._timed(deed, open_lines[place]) for place, deed in enumerate(deeds)))

    async def _timed(self, deed: Deed, line: Line) -> dict[str, Any]:
        started = time.perf_counter()
        answer = await deed.ask(line)
        self.seconds.append(time.perf_counter() - started)
        return deed.of(answer)

    async def member(self, name: str, paid: int = 0) -> str:
        """A new member, who has paid so much in an order of the same name."""
        [found] = await self.together([shop.identify(name)])
        member: str = found["member"]["id"]
        if paid:
            [bought] = await self.together([shop.purchase(member, name, [paid])])
            self.expect("setting up", codes([bought]), {"": 1})
        return member

    async def state(self, member: str) -> dict[str, Any]:
        """A member's figures."""
        found: dict[str, Any] = (await self.staff[0].ask(STATE, {"id": member})).field("member")
        return found

    async def kinds(self, member: str) -> Counter[str]:
        """How many ledger entries of each kind a member has."""
        answer = (await self.staff[0].ask(ENTRIES, {"id": member})).field("member")
        return Counter(node["kind"] for node in answer["points"]["entries"]["nodes"])

    def expect(self, what: str, found: object, wanted: object) -> None:
        """Write down what is not as it must be."""
        if found != wanted:
            self.failures.append(f"{what}: {found}, not {wanted}")


def codes(payloads: Sequence[dict[str, Any]]) -> dict[str, int]:
    """How many answers carried which code; without one they succeeded."""
    return dict(Counter(found["userErrors"][0]["code"] if found["userErrors"] else "" for found in payloads))


async def last_points(till: Till, number: int, callers: int = CALLERS) -> None:
    """All callers redeem a member's last points: as many succeed as the balance allows."""
    balance = PRICE * (callers // 3) + PRICE - 1
    member = await till.member(f"last-{number}", balance * 100)
    deeds = [shop.redeem(member, f"LAST{number}N{place}", PRICE) for place in range(callers)]
    found = await till.together(deeds)
    winners = balance // PRICE
    till.expect("last points", codes(found), {"": winners, "INSUFFICIENT_POINTS": callers - winners})
    after = {each["entry"]["balanceAfter"] for each in found if each["entry"]}
    till.expect("last points, balances", after, {balance - PRICE * place for place in range(1, winners + 1)})
    state = await till.state(member)
    till.expect("last points, balance", state["points"]["available"], balance - PRICE * winners)
    till.told["winners of the last points"] += winners


async def one_key(till: Till, number: int) -> None:
    """One redemption is asked for many times at once: it is done once, and answered alike."""
    member = await till.member(f"key-{number}", 1_000_000)
    same = shop.redeem(member, f"KEY{number}", PRICE)
    found = await till.together([same] * SAME_KEY)
    till.expect("one key", codes(found), {"": SAME_KEY})
    replayed = sum(each["replayed"] for each in found)
    till.expect("one key, replays", replayed, SAME_KEY - 1)
    till.expect("one key, entries", len({each["entry"]["id"] for each in found}), 1)
    till.expect("one key, ledger", (await till.kinds(member))["REDEEM"], 1)
    till.told["replays of one key"] += replayed


async def a_crowd(till: Till, number: int) -> None:
    """Several members' redemptions at once, each asked for twice, and each member has points for all but one."""
    names = [f"crowd-{number}-{place}" for place in range(CROWD)]
    balance = PRICE * (WANTED - 1) + PRICE - 1
    members = [await till.member(name, balance * 100) for name in names]
    deeds = [
        shop.redeem(member, f"CROWD{number}N{place}N{wanted}", PRICE)
        for _ in range(2)
        for wanted in range(WANTED)
        for place, member in enumerate(members)
    ]
    found = await till.together(deeds)
    winners = CROWD * (WANTED - 1)
    till.expect("a crowd", codes(found), {"": 2 * winners, "INSUFFICIENT_POINTS": 2 * CROWD})
    till.expect("a crowd, replays", sum(each["replayed"] for each in found), winners)
    for member in members:
        left = (await till.state(member))["points"]["available"]
        till.expect("a crowd, balance", left, PRICE - 1)
        till.expect("a crowd, ledger", (await till.kinds(member))["REDEEM"], WANTED - 1)
    till.told["redemptions of a crowd"] += winners


async def one_identity(till: Till, number: int, callers: int = CALLERS) -> None:
    """All callers report one stranger: one member comes of it."""
    found = await till.together([shop.identify(f"stranger-{number}") for _ in range(callers)])
    till.expect("one identity", codes(found), {"": callers})
    till.expect("one identity, members", len({each["member"]["id"] for each in found}), 1)
    till.expect("one identity, created", sum(each["created"] for each in found), 1)
    till.told["strangers made a member"] += 1


async def one_order(till: Till, number: int, callers: int = CALLERS) -> None:
    """All callers record one order, each under a key of its own: it is recorded and earns once."""
    member = await till.member(f"order-{number}")
    deeds = [shop.purchase(member, f"order-{number}", [50_000]) for _ in range(callers)]
    for place, deed in enumerate(deeds):
        deed.input |= {"idempotencyKey": f"order-{number}-{place}", "orderedAt": deeds[0].input["orderedAt"]}
    found = await till.together(deeds)
    till.expect("one order", codes(found), {"": callers})
    till.expect("one order, recorded", sum(not each["replayed"] for each in found), 1)
    till.expect("one order, purchases", len({each["purchase"]["id"] for each in found}), 1)
    till.expect("one order, earned", (await till.state(member))["points"]["lifetimeEarned"], 500)
    till.told["orders recorded once"] += 1


async def refunds(till: Till, number: int, callers: int = CALLERS) -> None:
    """More refunds of one order than it has parts, at once: exactly all of it is refunded and taken back."""
    paid, name = 123_460, f"refund-{number}"
    member = await till.member(name, paid)
    deeds = [shop.refund(member, name, "1", paid // PARTS, f"{name}-{place}") for place in range(callers)]
    found = await till.together(deeds)
    till.expect("refunds", codes(found), {"": PARTS, "REFUND_EXCEEDS_ORIGINAL": callers - PARTS})
    state = await till.state(member)
    [bought] = state["purchases"]["nodes"]
    till.expect("refunds, state", bought, {"state": "REFUNDED", "refunded": {"amountMinor": paid}})
    points = {"available": 0, "debt": 0, "lifetimeEarned": 0}
    till.expect("refunds, points", state["points"], points)
    till.expect("refunds, growth", state["tierProgress"]["growth"], 0)
    till.told["refunds of an order in 20 parts"] += PARTS


RACES: dict[str, Callable[[Till, int], Coroutine[Any, Any, None]]] = {
    "last points": last_points,
    "one key": one_key,
    "a crowd": a_crowd,
    "one identity": one_identity,
    "one order": one_order,
    "refunds": refunds,
}


@asynccontextmanager
async def till_at(house: House, ports: Sequence[int]) -> AsyncIterator[Till]:
    """The open lines of all callers."""
    async with lines(ports, house.service, CALLERS) as service, lines(ports, house.staff, CALLERS) as staff:
        yield Till(service, staff)


async def run(house: House, servers: Sequence[Server], rounds: int, label: str) -> list[str]:
    """Every race some times over, and what failed."""
    failures = []
    async with till_at(house, [server.port for server in servers]) as till:
        for name, race in RACES.items():
            till.seconds.clear()
            started = time.perf_counter()
            for number in range(rounds):
                await race(till, number)
            rate = len(till.seconds) / (time.perf_counter() - started)
            report.say(f"{label}: {name}, {rounds} rounds: {report.spread(till.seconds)}, {rate:.0f}/s")
        failures += till.failures
        report.say(f"{label}: {', '.join(f'{count} {what}' for what, count in till.told.items())}")
    await house.command("verify")
    return [f"{label}: {each}" for each in failures]


SETTINGS: dict[str, list[tuple[str, int, dict[str, str]]]] = {
    "sqlite": [("sqlite, one process", 1, {})],
    "postgres": [
        ("postgres, two workers and a worker of jobs", 1, {"LOYALTY_WORKERS": "2"}),
        ("postgres, two servers and a worker of jobs", 2, {}),
    ],
}


async def main(databases: tuple[str, ...], rounds: int) -> list[str]:
    """The benchmark on each database; returns what failed."""
    failures = []
    for database in databases:
        with postgres_server(database) as cluster:
            for label, count, settings in SETTINGS[database]:
                async with fresh_house(database, cluster) as house:
                    failures += await _set(house, label, count, rounds, settings)
    return failures


async def _set(house: House, label: str, count: int, rounds: int, settings: dict[str, str]) -> list[str]:
    async with serving(house, count, LOYALTY_LOG_LEVEL="INFO", **settings) as servers:
        for server in servers:
            await _await_all(server, int(settings.get("LOYALTY_WORKERS", "1")))
        if house.is_embedded:
            return await run(house, servers, rounds, label)
        worker = await start_worker(house)
        try:
            return await run(house, servers, rounds, label)
        finally:
            await worker.kill()


async def _await_all(server: Server, processes: int) -> None:
    """Wait for all processes of a server: it is ready when the first of them is."""
    while server.log.read_text().count(STARTED) < processes:
        await asyncio.sleep(LOOK_SECONDS)


if __name__ == "__main__":
    options = report.arguments(__doc__)
    options.add_argument("--rounds", type=int, default=5)
    chosen = options.parse_args()
    report.heading("races", chosen.seed)
    report.run(main(report.databases(chosen.database), chosen.rounds))
