"""Rewarding: how soon a reward reaches the referrer, and that it comes once, though workers are killed.

`python -m benchmarks.rewarding --orders 5000 --kills 100`. An idle server with its own worker is told of orders by
HTTP, one after another, and asked until the referrer has the points. Then two workers on PostgreSQL do what so many
qualifying orders promise, while one of them is killed (kill -9) again and again. Success: every reward within 2
seconds, each given once to each side, and 0 violations.
"""

import asyncio
import time
from argparse import Namespace
from collections.abc import Sequence
from random import Random  # noqa: TID251  a benchmark takes a seed
from uuid import UUID

from benchmarks import report, shop
from benchmarks.house import House, Server, fresh_house, postgres_server, serving, start_worker
from benchmarks.shop import DOCUMENTS
from benchmarks.speed import ground
from benchmarks.wire import Line
from models.sql import SQL
from rules.referrals import Caps, Guards
from schema import ids
from tests.people import buy, member
from tests.referring import campaign, code, friend

WITHIN_SECONDS = 2.0
PATIENCE_SECONDS, LOOK_SECONDS = 30.0, 0.01
END_SECONDS = 600.0
REFERRERS, AT_ONCE = 50, 20
REWARD = 100
SAMPLES = 20
HAS = "query($id: ID!) { member(by: {id: $id}) { points { available } } }"
WHY = "a proof"
GIVEN = SQL(
    "SELECT COUNT(*) AS n, COUNT(DISTINCT referee_id) AS referees, COALESCE(SUM(points), 0)::bigint AS points"
    " FROM referral_reward WHERE side = $1 AND outcome = 'GRANTED'",
    fans_out=WHY,
)
LEFT = SQL("SELECT COUNT(*) AS n FROM referral WHERE state <> 'REWARDED'", fans_out=WHY)
CREDITED = SQL(
    "SELECT COALESCE(SUM(available), 0)::bigint AS n FROM points_account WHERE member_id = ANY($1::uuid[])",
    fans_out=WHY,
)


async def lay_out(friends: int) -> tuple[list[UUID], list[UUID]]:
    """Referrers, and friends each of them brought; who rewards them at once, without a cap."""
    now = ground.moment()
    await campaign(at=now, caps=Caps(None, None, 1_000_000), guards=Guards(velocity=0))
    bosses = [await member(at=now) for _ in range(min(REFERRERS, friends))]
    codes = [await code(each, at=now) for each in bosses]
    brought: list[UUID] = []
    while len(brought) < friends:
        batch = range(len(brought), min(len(brought) + AT_ONCE, friends))
        brought += await asyncio.gather(*(friend(codes[number % len(codes)], at=now) for number in batch))
    return bosses, brought


async def soon(database: str) -> list[str]:
    """How long a reward takes on an idle server."""
    took: list[float] = []
    with postgres_server(database) as cluster:
        async with fresh_house(database, cluster) as house:
            async with ground.inside(house):
                bosses, friends = await lay_out(SAMPLES)
            async with serving(house) as [server]:
                service = await Line(server.port, house.service).open()
                staff = await Line(server.port, house.staff).open()
                for number, (boss, who) in enumerate(zip(bosses, friends, strict=True)):
                    await asyncio.sleep(0.5)
                    took.append(await _one(service, staff, boss, who, number))
                await service.close()
                await staff.close()
    report.say(f"{database}: from the order to the referrer's points {report.spread(took)}")
    return [f"{database}: a reward took {max(took):.2f} s"] * (max(took) > WITHIN_SECONDS)


async def _one(service: Line, staff: Line, boss: UUID, who: UUID, number: int) -> float:
    """The seconds from sending an order until the referrer is told to have the points.

    Raises: TimeoutError.
    """
    named = [ids.encode(ids.Tag.MEMBER, each) for each in (boss, who)]
    order = shop.purchase(named[1], f"soon-{number}", [50_00])
    began = time.perf_counter()
    (await service.ask(DOCUMENTS["purchaseRecord"], {"input": order.input})).field("purchaseRecord")
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (await staff.ask(HAS, {"id": named[0]})).field("member")["points"]["available"] < REWARD:
            await asyncio.sleep(LOOK_SECONDS)
    return time.perf_counter() - began


async def once(chosen: Namespace) -> list[str]:
    """That each reward is given once, while two workers are killed in turn."""
    chance = Random(chosen.seed)
    began = time.perf_counter()
    with postgres_server("postgres") as cluster:
        async with fresh_house("postgres", cluster) as house, ground.inside(house):
            bosses, friends = await lay_out(chosen.orders)
            report.say(
                f"{len(friends):,} friends of {len(bosses)} members after {time.perf_counter() - began:.0f} s"
            )
            workers = [await start_worker(house) for _ in range(2)]
            try:
                for number in range(chosen.kills):
                    batch = friends[number :: chosen.kills]
                    await _killed(house, workers, batch, number, chance)
                left = await _wait(chosen.orders)
            finally:
                for each in workers:
                    await each.kill()
            failures = await _wrong(bosses, len(friends), left)
            failures += [f"the books do not balance: {each}" for each in (await house.violations())[:1]]
    report.say(f"{chosen.orders:,} orders, {chosen.kills} kills, two workers: {time.perf_counter() - began:.0f} s")
    return failures


async def _killed(house: House, workers: list[Server], batch: Sequence[UUID], number: int, chance: Random) -> None:
    """Some friends buy, and one of the workers is killed while they do, and started anew."""
    now = ground.moment()
    buying = [asyncio.create_task(buy(each, 50_00, ref=f"kill-{each}", currency="GBP", at=now)) for each in batch]
    await asyncio.sleep(chance.random())
    await workers[number % 2].kill()
    workers[number % 2] = await start_worker(house)
    await asyncio.gather(*buying)


async def _wait(orders: int) -> int:
    """Wait until all was rewarded, but not for ever; how many were not."""
    until = time.perf_counter() + END_SECONDS
    left = orders
    while time.perf_counter() < until and (left := int(await LEFT.value())):
        await asyncio.sleep(1)
    return left


async def _wrong(bosses: list[UUID], orders: int, left: int) -> list[str]:
    """What is wrong after the last job is done."""
    found = [f"{left} are not rewarded"] * bool(left)
    for side, each in (("REFERRER", REWARD), ("REFEREE", 20)):
        row = await GIVEN.row(side) or {}
        report.say(f"{side}: {row['n']:,} rewards for {row['referees']:,} friends, {row['points']:,} points")
        if (row["n"], row["referees"], row["points"]) != (orders, orders, orders * each):
            found.append(f"{side}: {row}, and {orders} orders")
    credited = int(await CREDITED.value(bosses))
    return found + [f"the referrers have {credited} points"] * (credited != orders * REWARD)


async def main(chosen: Namespace) -> list[str]:
    """Both halves; returns what failed."""
    report.heading("rewarding", chosen.seed)
    failures = [each for database in report.databases(chosen.database) for each in await soon(database)]
    return failures + (await once(chosen) if "postgres" in report.databases(chosen.database) else [])


if __name__ == "__main__":
    options = report.arguments(__doc__)
    options.add_argument("--orders", type=int, default=5_000)
    options.add_argument("--kills", type=int, default=100)
    report.run(main(options.parse_args()))
