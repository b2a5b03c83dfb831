"""The ground: a fresh house with data in it, the tokens of its callers, and the requests they will send."""

import base64
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random  # noqa: TID251  a benchmark takes a seed
from typing import Any
from uuid import UUID

from benchmarks.house import KEY, House, fresh_house
from benchmarks.report import say
from benchmarks.speed import data
from benchmarks.speed.cases import Case
from benchmarks.speed.data import brought, store
from benchmarks.speed.data.sizes import Size
from models import keystore
from models.credentials import PrincipalKind
from models.database import connected
from models.migrate import migrate
from models.sql import SQL
from models.staff import StaffRole
from models.units import WHOLE, BasisPoints, Growth, Points, ReasonCode
from rules import credentials, keyring, keys, partners, points, programme, staff, vault
from rules.actors import SYSTEM
from rules.idempotency import Key
from rules.keys import Holder
from rules.programme import Rung, Terms
from tests import postgres

SERVER = (
    "shared_buffers=512MB",
    "max_connections=120",
    "jit=off",
    "max_wal_size=8GB",
    "checkpoint_timeout=1h",
    "autovacuum=off",
)
"""PostgreSQL's settings: all in memory, durable, and nothing done at a moment of its own choosing."""

TERMS = Terms(
    name="松间茶社 Pine Tea House",
    currency="CNY",
    timezone="Asia/Shanghai",
    earn_points=1,
    earn_minor=100,
    expire_months=12,
    restore_grace_days=7,
    ladder=(
        Rung("BASIC", "普通会员", Growth(0), WHOLE, Points(2_000)),
        Rung("SILVER", "银卡会员", Growth(500), BasisPoints(11_000), Points(5_000)),
        Rung("GOLD", "金卡会员", Growth(2_000), BasisPoints(12_500), Points(20_000)),
        Rung("PLATINUM", "白金会员", Growth(10_000), BasisPoints(15_000), Points(50_000)),
        Rung("BLACK", "黑金会员", Growth(100_000), BasisPoints(20_000)),
    ),
)

MONTH = timedelta(days=29)
"""From the first day of a month of statistics to the last."""

STAFF = 4
"""How many members of staff ask."""

TOKENS_FOR = timedelta(hours=12)
LISTED = 5_000
"""So many of the newest members are places for a page of the staff's list to begin."""

FULL_PAGE = 55
"""Callers have at least so many lines in their ledger, and pages begin where a whole one is left."""


@dataclass(slots=True)
class Callers:
    """Who asks, and where in the lists they begin."""

    members: list[tuple[UUID, str, int]] = field(default_factory=list)
    """Each one's id, token, and how many lines the ledger has."""
    staff: list[str] = field(default_factory=list)
    places: list[tuple[str, str]] = field(default_factory=list)
    """Members behind whom a whole page of the staff's list is left."""
    partners: list[tuple[UUID, str]] = field(default_factory=list)
    """Each one's id and key."""
    today: date = date(2026, 1, 1)

    def cases(self, count: int, chance: Random, caller: str) -> list[Case]:
        """So many requests, each about a member and places of their own."""
        made = []
        for _ in range(count):
            member, token, lines = chance.choice(self.members)
            partner, key = chance.choice(self.partners)
            sender = {"member": token, "staff": chance.choice(self.staff), "partner": key}[caller]
            place = chance.randint(min(FULL_PAGE, lines), lines)
            case = Case(
                sender, member, place, chance.choice(self.places), partner=partner, days=self._month(chance)
            )
            made.append(case)
        return made

    def _month(self, chance: Random) -> tuple[str, str]:
        """Some month of those that are told."""
        last = self.today - timedelta(days=1 + chance.randrange(brought.DAYS - MONTH.days))
        return (last - MONTH).isoformat(), last.isoformat()


class NoCallers(Exception):  # noqa: N818  the end of a run
    """Nobody in the data can send the requests."""


def moment() -> datetime:
    """Now, where nobody is told it."""
    return datetime.now(UTC)  # noqa: TID251  a benchmark has no clock of the house's


@contextmanager
def database_server(database: str) -> Iterator[postgres.Cluster | None]:
    """A PostgreSQL of its own, where one is wanted."""
    if database == "sqlite":
        yield None
        return
    with postgres.cluster(durable=True, settings=SERVER) as cluster:
        yield cluster


@asynccontextmanager
async def founded(database: str, cluster: postgres.Cluster | None) -> AsyncIterator[House]:
    """A house with a programme and staff, and no members yet; gone at the end."""
    async with fresh_house(database, cluster, empty=True) as house:
        await migrate(house.url)
        await keystore.bring_up(house.keys_url)
        async with inside(house, is_new=True):
            then = moment() - data.HISTORY
            await programme.set_up(TERMS, key_check=await keyring.binding(), now=then)
            for number in range(STAFF):
                await staff.hire(f"desk{number}", "", StaffRole.OPERATOR, store_id=None, now=then)
        yield house


async def fill(house: House, size: Size, seed: int) -> None:
    """Put so much data into a house that has none."""
    began = time.perf_counter()
    async with inside(house), store.opened(house.url, house.keys_url) as rows:
        then, terms = moment(), await programme.terms()
        whose = [
            await partners.register(f"{name} {number}", actor=SYSTEM, now=then - data.HISTORY)
            for number, name in enumerate(["竹里书店"] * size.partners)
        ]
        await data.load(rows, size, seed, terms, then, whose)
        await rows.settle()
    say(f"{rows.written:,} rows of {size.members:,} members in {time.perf_counter() - began:.1f} s")


@asynccontextmanager
async def inside(house: House, *, is_new: bool = False) -> AsyncIterator[None]:
    """This process inside the house: its databases open, its vault unlocked."""
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(connected(house.url, house.keys_url, strict=False))
        known = None if is_new else await keyring.binding()
        await keyring.unlock([vault.master(base64.b64decode(KEY))], known=known)
        yield


ABLE = SQL(
    "SELECT a.member_id, a.seq FROM points_account a JOIN member m ON m.id = a.member_id"
    " WHERE m.state = 'ACTIVE' AND a.available >= $1 AND a.seq BETWEEN $2 AND $3"
    " ORDER BY a.available DESC, a.member_id LIMIT $4",
    fans_out="whoever may send requests",
)
PARTNERS = SQL("SELECT id FROM partner ORDER BY name LIMIT $1")
DESK = SQL("SELECT id FROM staff ORDER BY username LIMIT $1")
PLACES = SQL("SELECT created_at, id FROM member ORDER BY created_at DESC, id DESC LIMIT $1")
HAS_POINTS, PLENTY = 500, 10_000_000


BUSY = range(FULL_PAGE + 10, 2**40)
"""How many lines the ledger of a member has whose pages are whole."""


async def callers(
    house: House, count: int, chance: Random, lines: range = BUSY, *, beside: Callers | None = None
) -> Callers:
    """Members with so many lines and something to spend, and staff; each logged in, with a real token.

    Partners have few keys: where others ask `beside` these, theirs are used. Raises: NoCallers.
    """
    found = Callers()
    async with inside(house):
        rows = await ABLE.rows(HAS_POINTS, lines.start, lines.stop, 4 * count)
        if not rows:
            raise NoCallers(f"no member has {lines.start:,} lines in the ledger: ask for more --entries")
        for row in chance.sample(rows, min(count, len(rows))):
            token = await _token(PrincipalKind.MEMBER, row["member_id"])
            found.members.append((row["member_id"], token, row["seq"]))
        found.staff = [await _token(PrincipalKind.STAFF, row["id"]) for row in await DESK.rows(STAFF)]
        listed: list[dict[str, Any]] = await PLACES.rows(LISTED)
        whole = listed[: max(1, len(listed) - FULL_PAGE)]
        partners = [] if beside else await PARTNERS.rows(brought.MOST)
        found.partners = beside.partners if beside else [(row["id"], await _key(row["id"])) for row in partners]
        found.today = moment().date()
        found.places = [(str(row["created_at"]), str(row["id"])) for row in whole]
    return found


async def endow(house: House, those: Iterable[UUID]) -> None:
    """Give each of these members so many points that a whole run of redemptions does not use them up."""
    async with inside(house):
        for each in those:
            key = Key(f"endowed-{each}")
            await points.adjust(each, PLENTY, reason=ReasonCode("GOODWILL"), key=key, actor=SYSTEM, now=moment())


async def _token(kind: PrincipalKind, who: UUID) -> str:
    issued = await credentials.log_in(kind, who, actor=SYSTEM, now=moment(), access_for=TOKENS_FOR)
    return issued.access


async def _key(partner: UUID) -> str:
    holder = Holder.partner(partner)
    issued = await keys.issue(holder, name="bench", environment="production", actor=SYSTEM, now=moment())
    return issued.secret
