"""Partners: what `partner { stats }` costs as referrals grow, beside the bare SQL on the same days.

`python -m benchmarks.partners --referrals 100000 300000 1000000`. For each size: so many members come by the links
of one partner in a year, by ten channels and three campaigns, buy, qualify and give back; the books count it all.
They must say what the rows say. Then thirty days are asked for by turns in all sizes: through GraphQL, as the sum
over the days, and as the sum over the events. Success: GraphQL takes at most five times as long as the sum over the
days and less than the sum over the events, by day, channel and campaign; the largest takes at most half as long
again as the smallest; and no invariant of partners finds anything.
"""

import statistics
import time
from argparse import Namespace
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from tortoise.connection import get_connection

from benchmarks import report
from benchmarks.house import House, postgres_server
from benchmarks.speed import ground
from models.credentials import PrincipalKind
from models.engine.sqlite import Client as SqliteClient
from models.invariants import violations
from models.referrals import ReferralCampaign
from models.sql import SQL, insert
from rules import partners
from rules.actors import SYSTEM, Principal
from rules.partners import By
from schema import executing
from schema.context import Context, Reference

ROUNDS, EACH = 7, 20
STRETCH = 50_000
"""How many referrals are written in one statement."""

DAYS, SPAN = 30, timedelta(days=360)
TIMES, GROWTH = 5.0, 1.5
"""How much longer GraphQL may take than the sum over the days, and the largest than the smallest."""

STEPS = (
    ("BOUND", 1, "TRUE", 0, "0", "0"),
    ("ORDER", 2, "n % 5 < 4", 1, "10000 + n % 50000", "0"),
    ("QUALIFIED", 3, "n % 5 < 4", 8, "0", "0"),
    ("REFUND", 4, "n % 20 = 0", 9, "0", "1000 + n % 9000"),
)
"""What happens to a member: its kind, its number, to whom, after how many days, what is paid and given back."""

ASKED = """query($from: Date!, $to: Date!, $by: PartnerStatsBy!) { partner { stats(from: $from, to: $to, by: $by) {
  asOf total { registered grossMinor } cells { day channel campaign touches uniqueTouches registered qualified
  orders grossMinor refundMinor netMinor conversionBps } } } }"""
SUMS = (
    "SELECT {cell} AS cell, SUM(touches) AS touches, SUM(unique_touches) AS firsts, SUM(registered) AS registered,"
    " SUM(qualified) AS qualified, SUM(orders) AS orders, SUM(gross_minor) AS gross, SUM(refund_minor) AS refunded"
    " FROM partner_day WHERE partner_id = '{partner}' AND day >= '{first}' AND day <= '{last}' GROUP BY {cell}"
)
EVENTS = (
    "SELECT {cell} AS cell, SUM(CASE WHEN kind = 'BOUND' THEN 1 ELSE 0 END) AS registered, SUM(CASE WHEN kind ="
    " 'ORDER' THEN 1 ELSE 0 END) AS orders, SUM(gross_minor) AS gross, SUM(refund_minor) AS refunded"
    " FROM referral_event WHERE partner_id = '{partner}' AND created_at >= '{first}' AND created_at < '{after}'"
    " GROUP BY {cell}"
)


@dataclass(slots=True)
class Place:
    """A house with so many referrals, and how long its answers took."""

    house: House
    referrals: int
    partner_id: UUID
    graphql: dict[By, list[float]] = field(default_factory=lambda: {by: [] for by in By})
    days: dict[By, list[float]] = field(default_factory=lambda: {by: [] for by in By})
    events: list[float] = field(default_factory=list)


class Rows:
    """Writes rows by SQL alone: ids in the order of time, as the house makes them."""

    def __init__(self, partner_id: UUID, referrals: int, now: datetime) -> None:
        self.is_sqlite = isinstance(get_connection("default"), SqliteClient)
        self.partner_id, self.referrals = partner_id, referrals
        self.start = int((now - SPAN - timedelta(days=12)).timestamp() * 1_000)
        self.step = SPAN.total_seconds() * 1_000 / referrals

    def _ms(self, days: float) -> str:
        return f"CAST({self.start} + n * {self.step} + {int(days * 86_400_000)} AS BIGINT)"

    def _at(self, days: float) -> str:
        if self.is_sqlite:
            return f"strftime('%Y-%m-%d %H:%M:%S+00:00', {self._ms(days)} / 1000, 'unixepoch')"
        return f"to_timestamp({self._ms(days)} / 1000)"

    def _hex(self, what: str, digits: int) -> str:
        return f"printf('%0{digits}x', {what})" if self.is_sqlite else f"lpad(to_hex({what}), {digits}, '0')"

    def _id(self, days: float, kind: int) -> str:
        at = self._hex(self._ms(days), 12)
        tail = f"'-7000-8000-' || {self._hex('n', 11)} || '{kind}'"
        made = f"substr({at}, 1, 8) || '-' || substr({at}, 9, 4) || {tail}"
        return made if self.is_sqlite else f"({made})::uuid"

    def _member(self) -> str:
        made = f"'00000000-0000-4000-8000-' || {self._hex('n', 12)}"
        return made if self.is_sqlite else f"({made})::uuid"

    async def write(self, text: str) -> None:
        """Have `{numbers}` numbers at a time written."""
        for first in range(0, self.referrals, STRETCH):
            last = min(first + STRETCH, self.referrals) - 1
            numbers = f"generate_series({first}::bigint, {last}::bigint) AS g(n)"
            if self.is_sqlite:
                numbers = (
                    f"(WITH RECURSIVE g(n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM g WHERE n < {last})"
                    " SELECT n FROM g) g"
                )
            await get_connection("default").execute_query(text.replace("{numbers}", numbers))

    async def all(self) -> None:
        """Members, what happened to them, and how they came."""
        at, channel = self._at(0), "'CHANNEL_' || (n % 10)"
        campaign = "'CAMPAIGN_' || (n % 3)"
        await self.write(
            "INSERT INTO member (id, state, event_seq, joined_at, created_at)"
            f" SELECT {self._member()}, 'ACTIVE', 0, {at}, {at} FROM {{numbers}}"
        )
        for kind, number, whom, after, gross, refund in STEPS:
            await self.write(
                "INSERT INTO referral_event (id, member_id, seq, kind, cause, partner_id, channel, campaign,"
                " campaign_version, purchase_id, gross_minor, refund_minor, points, at, created_at)"
                f" SELECT {self._id(after, number)}, {self._member()}, {number}, '{kind}', 'TEST',"
                f" '{self.partner_id}', {channel}, {campaign}, 1, {self._id(1, 9)}, {gross}, {refund}, 0,"
                f" {self._at(after)}, {self._at(after)} FROM {{numbers}} WHERE {whom}"
            )
        await self.write(
            "INSERT INTO referral_touch (id, code, channel, campaign, partner_id, device_hash, once, at)"
            f" SELECT {self._id(0, 5)}, {channel}, {channel}, {campaign}, '{self.partner_id}', 'device' || (n / 2),"
            f" 'once' || n, {at} FROM {{numbers}}"
        )


async def furnish(stack: AsyncExitStack, database: str, referrals: int) -> Place:
    """A house with so many referrals of one partner, counted."""
    cluster = stack.enter_context(postgres_server(database))
    house = await stack.enter_async_context(ground.founded(database, cluster))
    now = ground.moment()
    async with ground.inside(house):
        partner_id = await partners.register("竹里书店", actor=SYSTEM, now=now)
        for number in range(3):
            code = f"CAMPAIGN_{number}"
            document = {"code": code, "name": code, "partner": {"commissionBps": 500, "frozenDays": 15}}
            row = {"code": code, "version": 1, "document": orjson.dumps(document).decode(), "starts_at": now}
            await insert(ReferralCampaign, [{**row, "published_at": now, "published_by": "SYSTEM:"}])
        began = time.perf_counter()
        await Rows(partner_id, referrals, now).all()
        wrote, began = time.perf_counter() - began, time.perf_counter()
        counted = await partners.bring_up_to_date(now)
        took = time.perf_counter() - began
        if not isinstance(get_connection("default"), SqliteClient):
            await get_connection("default").execute_query("ANALYZE")
    said = f"{counted:,} rows written in {wrote:.0f} s and counted in {took:.1f} s, {counted / took:,.0f} a second"
    report.say(f"{database}: {referrals:,} referrals: {said}")
    return Place(house, referrals, partner_id)


async def answers(place: Place, reference: Reference) -> None:
    """Some answers of each kind, in turns."""
    now = ground.moment()
    last = now.date() - timedelta(days=15)
    first = last - timedelta(days=DAYS - 1)
    who = Principal(PrincipalKind.PARTNER, str(place.partner_id))
    given: dict[str, Any] = {
        "partner": place.partner_id,
        "first": first,
        "last": last,
        "after": last + timedelta(1),
    }
    async with ground.inside(place.house):
        for by in By:
            bare = SQL(SUMS.format(cell=by.lower(), **given))
            asked = {"from": first.isoformat(), "to": last.isoformat(), "by": by.value}
            for number in range(EACH):
                began = time.perf_counter()
                await bare.rows()
                between = time.perf_counter()
                done = await executing.run(ASKED, asked, Context(now=now, principal=who, reference=reference))
                ended = time.perf_counter()
                if done.errors or not (done.data or {})["partner"]["stats"]["total"]["registered"]:
                    raise AssertionError(f"The statistics are not there: {done.errors}")
                if number:  # the first one opens connections and compiles
                    place.days[by].append(between - began)
                    place.graphql[by].append(ended - between)
        began = time.perf_counter()
        await SQL(EVENTS.format(cell="channel", **given), fans_out="a benchmark").rows()
        place.events.append(time.perf_counter() - began)


def judged(place: Place, first: Place, database: str) -> list[str]:
    """What a place's answers took, and what is wrong with that."""
    failures, events = [], statistics.median(place.events)
    for by in By:
        told, bare = statistics.median(place.graphql[by]), statistics.median(place.days[by])
        times, growth = told / bare, told / statistics.median(first.graphql[by])
        report.say(
            f"{database}: {place.referrals:,} referrals by {by.lower()}: {told * 1e3:.2f} ms, {times:.2f} times the"
            f" sum over the days ({bare * 1e3:.2f} ms), {told / events:.3f} times that over the events"
            f" ({events * 1e3:.1f} ms), {growth:.2f} times that of {first.referrals:,}"
        )
        if times > TIMES or told > events or growth > GROWTH:
            failures.append(f"{database}: {place.referrals:,} referrals by {by.lower()} take too long")
    return failures


async def measure(database: str, chosen: Namespace) -> list[str]:
    """The benchmark on one database; returns what failed."""
    failures: list[str] = []
    async with AsyncExitStack() as stack:
        places = [await furnish(stack, database, referrals) for referrals in sorted(chosen.referrals)]
        references = [Reference() for _ in places]
        for _ in range(ROUNDS):
            for place, reference in zip(places, references, strict=True):
                await answers(place, reference)
        for place in places:
            failures += judged(place, places[0], database)
            async with ground.inside(place.house):
                wrong = [each for each in await violations() if each.name.startswith("partner ")]
            failures += [f"{database}: {each.name}: {each.row}" for each in wrong]
    return failures


async def main(chosen: Namespace) -> list[str]:
    """The benchmark on each database; returns what failed."""
    report.heading("partners", chosen.seed)
    return [each for database in report.databases(chosen.database) for each in await measure(database, chosen)]


if __name__ == "__main__":
    options = report.arguments(__doc__)
    options.add_argument("--referrals", type=int, nargs="+", default=[100_000, 300_000, 1_000_000])
    report.run(main(options.parse_args()))
