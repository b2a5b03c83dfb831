"""A run: the ground is laid, the servers are up, and every operation has its rounds."""

import asyncio
from collections.abc import Sequence
from random import Random  # noqa: TID251  a benchmark takes a seed

from benchmarks.house import House
from benchmarks.peers import SERVERS as PEERS
from benchmarks.report import say
from benchmarks.speed import answers, given, ground, results
from benchmarks.speed.operations import OPERATIONS, OURS, Operation
from benchmarks.speed.options import Options
from benchmarks.speed.requests import manifest, messages
from benchmarks.speed.rounds import Failed, Lane, Measured, Track
from benchmarks.speed.running import Running, client, started
from benchmarks.speed.servers import SERVERS, Ground, Server

REQUESTS = 2_000
"""How many different requests of each operation there are."""

COMPARED = 5
"""How many of them are compared between the servers."""


class Impossible(Exception):  # noqa: N818  the end of a run
    """What was asked for cannot be run."""


def chosen_operations(asked: Options) -> tuple[Operation, ...]:
    """The operations of this run.

    Raises: Impossible.
    """
    found = given.operations(asked.documents) if asked.documents else OPERATIONS
    _see_known("operation", asked.operations, [each.name for each in found])
    return tuple(each for each in found if not asked.operations or each.name in asked.operations)


def chosen_servers(asked: Options) -> list[Server]:
    """The servers of this run: those that can be started here, or those that were named.

    Raises: Impossible.
    """
    everybody = (*SERVERS, *(() if asked.quick and not asked.servers else PEERS))
    _see_known("server", asked.servers, [each.name for each in everybody])
    found = []
    for server in everybody:
        if asked.servers and server.name not in asked.servers:
            continue
        why = "not for this database" if asked.database not in server.databases else server.absent()
        if why is None:
            found.append(server)
        elif server.name in asked.servers:
            raise Impossible(f"{server.name} cannot be measured here: {why}")
        else:
            say(f"without {server.name}: {why}")
    return found


def _see_known(what: str, named: Sequence[str], known: Sequence[str]) -> None:
    if unknown := sorted(set(named) - set(known)):
        raise Impossible(f"There is no {what} {unknown[0]!r}; there are {', '.join(known)}.")


class Run:
    """One run: the ground is laid, the servers are up, and every operation has its rounds."""

    def __init__(self, asked: Options) -> None:
        self.asked = asked
        self.operations = chosen_operations(asked)
        self.servers = chosen_servers(asked)

    async def whole(self) -> list[Measured]:
        """Everything, from an empty PostgreSQL to the figures."""
        asked = self.asked
        with ground.database_server(asked.database) as cluster:
            async with ground.founded(asked.database, cluster) as house:
                pid = cluster.process.pid if cluster and cluster.process else None
                found = await self._on(house, pid)
                await self._verify(house)
        return found

    async def _on(self, house: House, database_pid: int | None) -> list[Measured]:
        asked, chance = self.asked, Random(self.asked.seed)
        file = house.folder / "documents.json"
        file.write_bytes(manifest(self.operations, OURS))
        if house.is_embedded:
            # its one writer is busy until all is there
            await ground.fill(house, asked.size, asked.seed)
        async with started(self.servers, Ground(house, file)) as starting, client() as sender:
            if not house.is_embedded:
                # it leaves a core to those who start, whom nobody asks anything before all is there
                await ground.fill(house, asked.size, asked.seed)
            running = await starting
            who = await ground.callers(house, asked.callers, chance)
            track = Track(sender, database_pid, asked.load, asked.seed)
            return [await self._operation(each, running, track, who, house) for each in self.operations]

    async def _operation(
        self, operation: Operation, running: list[Running], track: Track, who: ground.Callers, house: House
    ) -> Measured:
        if operation.writes:
            await ground.endow(house, (member for member, _, _ in who.members))
        chance = Random(f"{self.asked.seed} {operation.name}")
        cases = who.cases(REQUESTS, chance, operation.caller)
        able = [each for each in running if self._answers(each.server, operation)]
        if operation.is_given:
            able = await asyncio.to_thread(answers.able, operation, able, cases[0])
        sizes = await asyncio.to_thread(answers.compare, operation, able, cases[:COMPARED])
        lanes = [
            Lane(each.server.name, each, house.folder / f"{each.server.name}.{operation.name}") for each in able
        ]
        for lane in lanes:
            lane.requests.write_bytes(messages(lane.running.server, operation, cases))
        found = await track.measure(operation.name, lanes)
        found.sizes = sizes
        self._tell(operation, found)
        return found

    def _answers(self, server: Server, operation: Operation) -> bool:
        return server.dialect in operation.asked and (server.takes_any or not operation.is_given)

    def _tell(self, operation: Operation, found: Measured) -> None:
        leaves, size = next(iter(found.sizes.values()))
        say(f"\n{operation.name}: {leaves} leaves, {size:,} bytes, all servers agree in {COMPARED} requests")
        for line in results.table(results.rows(operation, found)):
            say(line)

    async def _verify(self, house: House) -> None:
        if not self.asked.verify:
            return
        if wrong := await house.violations():
            raise Failed(f"The books do not balance: {wrong[0]}")
        say("\nthe books balance, whoever wrote in them")

    def about(self) -> str:
        """What is run, in a few lines."""
        asked, load = self.asked, self.asked.load
        lines = [
            f"{asked.database}, {asked.size.members:,} members, about {asked.size.entries:,} lines of the ledger,"
            f" {asked.callers} callers",
            f"servers: {', '.join(each.name for each in self.servers)}",
            f"operations: {', '.join(each.name for each in self.operations)}",
            f"{load.rounds} rounds of {load.seconds} s each, {load.connections} connections",
        ]
        if asked.documents:
            lines.append(f"documents: {asked.documents}")
        return "\n".join(lines)
