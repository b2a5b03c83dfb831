"""Webhooks: kill -9 of a server with deliveries under way, again and again; each event arrives, by one id.

The receiver fails about half of the first tries, and holds its answer whenever the server is about to be killed:
what it took then was never reported. Success: 0 events missing, 0 signatures or bodies that differ, 0 violations.
"""

import asyncio
import json
import time
from random import Random  # noqa: TID251  a benchmark takes a seed

from benchmarks import report, shop
from benchmarks.house import House, Server, free_port, fresh_house, postgres_server, start
from benchmarks.wire import Line
from models.database import database, opened
from models.sql import SQL
from rules.webhooks import name_of
from tests.receiver import DIE, DIE_IN_THE_MIDDLE, HANG, REDIRECT, Call, Receiver, receiving, signatures

MEMBERS = 4
ARRIVE_SECONDS = 240.0
"""Longer than a lease and the first waits after it."""

MOODS: list[int | str] = [200, 200, 200, 500, DIE, DIE_IN_THE_MIDDLE, REDIRECT]

ADD = (
    "mutation($i: WebhookEndpointCreateInput!) { webhookEndpointCreate(input: $i) { secret userErrors { code } } }"
)
EVENTS = SQL("SELECT id FROM outbox_event WHERE type NOT LIKE 'approval.%'", fans_out="a benchmark reads all")


class Moody:
    """How the receiver behaves: badly at first tries, and not at all while it `holds`."""

    def __init__(self, chance: Random) -> None:
        self.chance = chance
        self.holds = False
        self.seen: set[str] = set()

    def __call__(self, call: Call) -> int | str:
        if self.holds:
            return HANG
        is_first = call.name not in self.seen
        self.seen.add(call.name)
        return self.chance.choice(MOODS) if is_first else 200


async def trade(house: House, server: Server, number: int) -> None:
    """Members come and buy."""
    line = await Line(server.port, house.service).open()
    for place in range(MEMBERS):
        found = await shop.identify(f"hooked-{number}-{place}").ask(line)
        member = found.field("memberIdentify")["member"]["id"]
        await shop.purchase(member, f"hooked-{number}-{place}", [1_000]).ask(line)
    await line.close()


async def told(house: House) -> set[str]:
    """The ids of all events, as an endpoint is told them."""
    async with opened(database(house.url, house.keys_url)):
        return {name_of(row["id"]) for row in await EVENTS.rows()}


async def add(house: House, server: Server, receiver: Receiver) -> str:
    """The secret of an endpoint at the receiver."""
    line = await Line(server.port, house.staff).open()
    answer = await line.ask(ADD, {"i": {"url": receiver.url, "idempotencyKey": "benchmark"}})
    await line.close()
    secret: str = answer.field("webhookEndpointCreate")["secret"]
    return secret


async def arrived(house: House, receiver: Receiver) -> set[str]:
    """All events, once they have arrived or have had their time."""
    events = await told(house)
    ends = time.perf_counter() + ARRIVE_SECONDS
    while not events <= set(receiver.names) and time.perf_counter() < ends:
        await asyncio.sleep(0.5)
    return events


async def run(house: House, kills: int, chance: Random) -> tuple[Receiver, list[str]]:
    """So many kills while the receiver has what it was sent, and what is wrong in the end."""
    house.settings["LOYALTY_ENV"] = "development"  # production sends nothing to this machine
    moody = Moody(chance)
    async with receiving(moody) as receiver:
        server = await start(house, free_port())
        try:
            secret = await add(house, server, receiver)
            for number in range(kills):
                receiver.waiting.clear()
                moody.holds = True
                await trade(house, server, number)
                async with asyncio.timeout(ARRIVE_SECONDS):
                    await receiver.waiting.wait()
                await server.kill()
                moody.holds = False
                server = await start(house, server.port)
            events = await arrived(house, receiver)
            await server.stop()
        finally:
            await server.kill()
    wrong = [f"{name} did not arrive" for name in sorted(events - set(receiver.names))]
    wrong += _differing(receiver, secret)
    wrong += [f"{each.name}: {each.row}" for each in await house.violations()]
    return receiver, wrong


def _differing(receiver: Receiver, secret: str) -> list[str]:
    """What differs between the times an event came, and what was not signed."""
    bodies: dict[str, set[bytes]] = {}
    for call in receiver.calls:
        bodies.setdefault(call.name, set()).add(call.body)
    wrong = [f"{name} came with several bodies" for name, each in bodies.items() if len(each) > 1]
    wrong += [f"{call.name} is not signed" for call in receiver.calls if not signatures(call, secret)]
    twice: dict[tuple[str, int], set[str]] = {}
    for call in receiver.taken:
        data = json.loads(call.body)["data"]
        twice.setdefault((data["memberId"], data["sequence"]), set()).add(call.name)
    return wrong + [f"{which} came by several ids" for which, names in twice.items() if len(names) > 1]


async def main(kills: int, databases: tuple[str, ...], seed: int) -> list[str]:
    """The benchmark on each database; returns what failed."""
    failures = []
    for kind in databases:
        started = time.perf_counter()
        with postgres_server(kind) as cluster:
            async with fresh_house(kind, cluster) as house:
                receiver, wrong = await run(house, kills, Random(seed))
        names = set(receiver.names)
        seconds = time.perf_counter() - started
        report.say(
            f"{kind}: {kills} kills in {seconds:.0f} s: {len(names)} events taken, {len(receiver.calls)} tries,"
            f" {len(receiver.taken) - len(names)} taken again, {len(wrong)} wrong"
        )
        failures += [f"{kind}: {each}" for each in wrong]
    return failures


if __name__ == "__main__":
    options = report.arguments(__doc__)
    options.add_argument("--kills", type=int, default=10)
    chosen = options.parse_args()
    report.heading("webhooks", chosen.seed)
    report.run(main(chosen.kills, report.databases(chosen.database), chosen.seed))
