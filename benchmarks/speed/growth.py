"""Growth: what a request costs as members come, ledgers grow and readers turn pages. It must stay the same.

`python -m benchmarks.speed.growth`, which `make bench-growth` runs. Only our own server is asked. All sizes of a
curve are up at once and have their rounds in turn, so that their ratios mean something.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from random import Random  # noqa: TID251  a benchmark takes a seed

import orjson

from benchmarks.house import House
from benchmarks.report import heading, say
from benchmarks.speed import curves, ground, page
from benchmarks.speed.__main__ import guarded
from benchmarks.speed.cases import Case
from benchmarks.speed.curves import Asked, Curve
from benchmarks.speed.data.sizes import Size
from benchmarks.speed.ground import Callers
from benchmarks.speed.operations import DOCUMENTS, OPERATIONS, OURS, Asking, Operation
from benchmarks.speed.requests import manifest, messages
from benchmarks.speed.rounds import Failed, Lane, Track
from benchmarks.speed.running import Client, Running, client, started
from benchmarks.speed.servers import SERVERS, Ground
from models.sql import SQL
from tests import postgres

REQUESTS = 1_000
CALLERS, CALLERS_LINES = 60, 120
"""In the curve of members, so many of them send the requests, each with so many lines in the ledger."""

PER_MEMBER = 2
"""How many lines everybody else has."""

BESIDE = 500
"""How many members there are beside those with long ledgers."""

PAGE, SHORT_PAGE = 50, 10
"""Items of a page of the ledger; of the staff's list when its pages are turned, so that there are many."""

NAMED = {each.name: each for each in OPERATIONS}


def _short_list() -> Operation:
    """The staff's list in short pages."""
    operation = NAMED["staff_list"]
    asking = operation.asked[OURS]
    document = asking.document.replace(f"first: {PAGE},", f"first: {SHORT_PAGE},")
    return replace(operation, asked={OURS: replace(asking, document=document)})


STATEMENT = Operation(
    "statement",
    "member",
    {OURS: Asking((DOCUMENTS / "statement.graphql").read_text("utf-8"), lambda _: {})},
)
"""A page of a ledger narrowed to some kinds and a period. No peer is asked for it."""


@dataclass(slots=True)
class Place:
    """A house that serves, and its callers by the length of their ledgers."""

    house: House
    running: Running
    callers: dict[int, Callers]
    files: int = 0

    def lane(self, label: str, operation: Operation, cases: Sequence[Case]) -> Lane:
        """These requests, sent here."""
        self.files += 1
        file = self.house.folder / f"requests.{self.files}"
        file.write_bytes(messages(self.running.server, operation, cases))
        return Lane(label, self.running, file)


@dataclass(slots=True)
class Growth:
    """A run of all curves."""

    asked: Asked
    cluster: postgres.Cluster | None
    sender: Client
    found: list[Curve] = field(default_factory=list)

    @asynccontextmanager
    async def place(self, size: Size, *lengths: range) -> AsyncIterator[Place]:
        """A house of that size that serves. When all was asked of it, its books must balance.

        Raises: Failed.
        """
        asked, chance = self.asked, Random(self.asked.seed)
        async with ground.founded(asked.database, self.cluster) as house:
            await ground.fill(house, size, asked.seed)
            who: dict[int, Callers] = {}
            for each in lengths:
                first = next(iter(who.values()), None)
                who[each.start] = await ground.callers(house, CALLERS, chance, each, beside=first)
            file = house.folder / "documents.json"
            file.write_bytes(manifest([*OPERATIONS, _short_list(), STATEMENT], OURS))
            async with started(SERVERS[:1], Ground(house, file)) as starting:
                [running] = await starting
                yield Place(house, running, who)
            if wrong := await house.violations():
                raise Failed(f"The books do not balance: {wrong[0]}")

    async def members(self) -> None:
        """More and more members, of whom the same ask; then the pages of the longest list of them."""
        deep = (CALLERS_LINES,) * CALLERS
        async with AsyncExitStack() as stack:
            places = {
                members: await stack.enter_async_context(
                    self.place(Size(members, PER_MEMBER * members, deep), ground.BUSY)
                )
                for members in self.asked.members
            }
            for operation in OPERATIONS:
                lanes = [
                    place.lane(f"{members:,}", operation, self._cases(operation, place.callers[ground.BUSY.start]))
                    for members, place in places.items()
                ]
                await self._measure("members", operation.name, lanes)
            await self._list_pages(places[max(places)], max(places))

    async def _list_pages(self, place: Place, members: int) -> None:
        """The staff's list, page by page."""
        operation, who = _short_list(), place.callers[ground.BUSY.start]
        lanes = []
        for number in self.asked.pages:
            if number * SHORT_PAGE <= members:
                found = replace(who, places=[await _behind(place.house, (number - 1) * SHORT_PAGE)])
                lanes.append(place.lane(f"page {number:,}", operation, self._cases(operation, found)))
        await self._measure("pages of the staff's list", operation.name, lanes)

    async def ledgers(self) -> None:
        """A longer and longer ledger; before that, the pages of the longest."""
        lines = self.asked.lines
        size = Size(BESIDE + len(lines), PER_MEMBER * BESIDE, lines)
        async with self.place(size, *(range(each, each + each // 10 + PAGE) for each in lines)) as place:
            await ground.endow(place.house, {who.members[0][0] for who in place.callers.values()})
            await self._ledger_pages(place, place.callers[max(lines)])
            for operation in (*OPERATIONS, STATEMENT):
                if operation.caller == "member":
                    lanes = [
                        place.lane(f"{length:,}", operation, self._cases(operation, who))
                        for length, who in place.callers.items()
                    ]
                    await self._measure("lines of one ledger", operation.name, lanes)

    async def _ledger_pages(self, place: Place, who: Callers) -> None:
        """A long ledger, page by page."""
        [(member, token, lines), *_] = who.members
        operation, lanes = NAMED["ledger_page"], []
        for number in self.asked.pages:
            behind = lines + 1 - PAGE * (number - 1)
            if behind > PAGE:
                cases = [Case(token, member, behind, who.places[0])]
                lanes.append(place.lane(f"page {number:,}", operation, cases))
        await self._measure("pages of one ledger", operation.name, lanes)

    def _cases(self, operation: Operation, who: Callers) -> list[Case]:
        chance = Random(f"{self.asked.seed} {operation.name}")
        return who.cases(REQUESTS, chance, operation.caller)

    async def _measure(self, curve: str, operation: str, lanes: list[Lane]) -> None:
        pid = self.cluster.process.pid if self.cluster and self.cluster.process else None
        track = Track(self.sender, pid, self.asked.load, self.asked.seed)
        made = Curve(curve, await track.measure(operation, lanes))
        self.found.append(made)
        for line in curves.told(made):
            say(line)


PLACE = SQL("SELECT created_at, id FROM member ORDER BY created_at DESC, id DESC LIMIT 1 OFFSET $1")
BEFORE_ALL = ("9000-01-01 00:00:00.1+00:00", "00000000-0000-4000-8000-000000000000")
"""Behind this place the newest members are."""


async def _behind(house: House, count: int) -> tuple[str, str]:
    """The place in the staff's list behind so many members."""
    if not count:
        return BEFORE_ALL
    async with ground.inside(house):
        row = await PLACE.row(count - 1)
    if row is None:
        raise AssertionError("The list is shorter than it was made.")
    return str(row["created_at"]), str(row["id"])


async def whole(asked: Asked) -> list[Curve]:
    """All curves."""
    with ground.database_server(asked.database) as cluster:
        async with client() as sender:
            run = Growth(asked, cluster, sender)
            await run.members()
            await run.ledgers()
    return run.found


def main() -> None:
    """Run, tell, and write the page's part."""
    asked, began = curves.asked(), time.perf_counter()
    heading("growth", asked.seed)
    found = asyncio.run(whole(asked))
    say(f"the books balance; took {time.perf_counter() - began:.0f} s")
    if asked.page:
        page.write_growth(asked.page, asked, found)
        say(f"wrote {asked.page}")
    say(orjson.dumps(curves.growths(found)).decode())


if __name__ == "__main__":
    guarded(main)
