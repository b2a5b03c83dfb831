"""Crashes, races and stops: a real server over HTTP, quickly. The long versions are in `benchmarks`."""

import asyncio
import signal
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random  # noqa: TID251  seeded

import asyncpg
import pytest

from benchmarks import books, cancel, crash, races, shop
from benchmarks.house import House, Server, free_port, listens, serving, start
from benchmarks.shop import DOCUMENTS
from benchmarks.wire import Line, lines
from tests.api.shell import Shell
from tests.originals import Originals

pytestmark = pytest.mark.anyio
CALLERS = 32
KILLS = 2
AT_ONCE = 8


@dataclass(slots=True)
class Told(House):
    """A house whose commands run in this process: each in one of its own would take a second."""

    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def command(self, *words: str) -> str:
        found = self.environment({"LOYALTY_MIGRATE": "on"})
        ours = {name: value for name, value in found.items() if name.startswith("LOYALTY_")}
        async with self.turn:
            said = await asyncio.to_thread(Shell(self.url, ours), *words)
        assert said.code == 0, said.err
        return said.out


@pytest.fixture(scope="module")
async def house(originals: Originals, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """A programme on a fresh database, a service and a member of staff, all made by `loyalty`."""
    folder = tmp_path_factory.mktemp("house")
    async with originals.copied(folder) as (url, keys_url):
        # on SQLite nothing is careless: what was acknowledged is in the file
        made = Told(url, keys_url, folder)
        if made.is_embedded:
            made.url, made.keys_url = made.plain_url, keys_url.partition("?")[0]
        await made.set_up()
        yield made


@dataclass
class Shift:
    """The server of the house, which the tests hand on: who ends it does not start the next."""

    house: House
    server: Server | None = None

    async def begin(self) -> Server:
        """The server that runs, or else a new one."""
        if self.server is None or not self.server.is_alive:
            self.server = await start(self.house, free_port())
        return self.server


@pytest.fixture(scope="module")
async def shift(house: House) -> AsyncIterator[Shift]:
    """Nobody serves yet. Whoever serves at the end is ended."""
    shift = Shift(house)
    yield shift
    if shift.server is not None:
        await shift.server.kill()


async def test_nothing_acknowledged_is_lost_when_the_server_is_killed_under_load(
    house: House, shift: Shift
) -> None:
    chance = Random(3)
    total, shops = books.Verdict(), []
    server = await shift.begin()
    for number in range(KILLS):
        shops.append(await crash.begin(house, server.port, number, chance))
        server = shift.server = await crash.crash(house, server, shops[-1])
        total.add(await crash.examine(house, server.port, *shops))
    assert total.is_clean, (total.lost, total.doubled, total.wrong)
    assert total.in_flight
    assert total.acknowledged > KILLS * crash.MEMBERS * 2  # more than the members and their first purchases


async def test_many_callers_at_once_win_no_more_than_there_is(house: House, shift: Shift, dialect: str) -> None:
    first = await shift.begin()
    async with (
        serving(house, 1 if dialect == "postgres" else 0) as others,
        races.till_at(house, [server.port for server in (first, *others)]) as till,
    ):
        await races.last_points(till, 0, CALLERS)
        await races.one_key(till, 0)
        await races.one_identity(till, 0, CALLERS)
        await races.one_order(till, 0, CALLERS)
        await races.refunds(till, 0, CALLERS)
    assert till.failures == []
    assert await house.violations() == []


async def test_clients_who_hang_up_leave_nothing_behind_and_are_no_fault(house: House, shift: Shift) -> None:
    server = await shift.begin()
    customers = await crash.begin(house, server.port, 100, Random(5))
    files = cancel.files(server)
    await cancel.hang_up(house, server.port, customers, 200)
    found = await cancel.look(house, server, customers, files, patience=10)
    verdict = await crash.examine(house, server.port, customers)
    assert found.failures == []
    assert verdict.is_clean, (verdict.lost, verdict.doubled, verdict.wrong)
    assert "fault" not in server.log.read_text()


async def test_a_server_told_to_stop_under_load_does_nothing_it_does_not_answer(house: House, shift: Shift) -> None:
    server = await shift.begin()
    customers = await crash.begin(house, server.port, 300, Random(11))
    clients = [
        asyncio.create_task(customers.client(server.port, house.service, house.staff)) for _ in range(AT_ONCE)
    ]
    await customers.acknowledged.wait()
    assert await server.stop() == 0
    await asyncio.gather(*clients)
    reader = await Line((await shift.begin()).port, house.staff).open()
    found = await books.read(reader, customers.deeds, customers.members)
    await reader.close()
    assert {deed.name: found.count(deed) for deed in customers.deeds} == {
        deed.name: int(deed.is_acknowledged) for deed in customers.deeds
    }


@asynccontextmanager
async def standstill(house: House) -> AsyncIterator[None]:
    """Nobody can write meanwhile."""
    if house.is_embedded:
        held = sqlite3.connect(house.url.removeprefix("sqlite://"), isolation_level=None)
        held.execute("BEGIN IMMEDIATE")
        yield
        held.close()
        return
    connection = await asyncpg.connect(house.plain_url)
    async with connection.transaction():
        await connection.execute("LOCK TABLE member IN EXCLUSIVE MODE")
        yield
    await connection.close()


async def taken(house: House, server: Server) -> None:
    """Wait until the server has taken all that was sent, and nothing of it can end."""
    line = await Line(server.port).open()
    # the server reads its connections in turn: what was sent before this has been read when this is answered
    await line.get("/healthz")
    await line.close()
    if not house.is_embedded:
        connection = await asyncpg.connect(house.plain_url)
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        async with asyncio.timeout(5):
            # those that come to the same member stand in line behind the first
            while not await connection.fetchval(waiting):  # noqa: ASYNC110  the database tells
                await asyncio.sleep(0.005)
        await connection.close()


async def test_a_server_told_to_stop_answers_what_it_has_taken(house: House, shift: Shift) -> None:
    server = await shift.begin()
    customers = await crash.begin(house, server.port, 200, Random(7))
    deeds = [shop.redeem(customers.members[0], f"LATE{number}", 1) for number in range(AT_ONCE)]
    async with lines([server.port], house.staff, AT_ONCE) as tills:
        async with standstill(house):
            for deed, till in zip(deeds, tills, strict=True):
                till.send(DOCUMENTS[deed.verb], {"input": deed.input})
            await taken(house, server)
            server.signal(signal.SIGTERM)
            async with asyncio.timeout(5):
                while await listens(server.port):  # noqa: ASYNC110  another process tells
                    await asyncio.sleep(0.005)
        answers = [deed.of(await till.receive()) for deed, till in zip(deeds, tills, strict=True)]
    assert [answer["userErrors"] for answer in answers] == [[]] * AT_ONCE
    assert await server.stop() == 0
