"""Counting: touches and referral events are read in the order of their ids, each once, and grouped."""

import hashlib
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, TypeAlias
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson

from models.partners import Family
from models.reading import Row, Rows
from models.sql import SQL
from rules.partners._grouping import Cell, Happened, Sum

FAMILIES = {
    "BOUND": Family.REGISTERED,
    "QUALIFIED": Family.QUALIFIED,
    "ORDER": Family.ORDER,
    "REFUND": Family.REFUND,
    "COST": Family.REWARD,
}
"""What is counted of the events of referrals, by their kind. Invariants say the same in SQL."""

PERSON_DIGITS = 16


class TouchRow(Row):
    """A touch, as far as it is counted."""

    id: UUID
    partner_id: UUID | None
    channel: str
    campaign: str
    device_hash: str
    at: datetime
    before: datetime | None
    """When the same device last came by the same code."""


class EventRow(Row):
    """An event, as far as it is counted."""

    id: UUID
    kind: str
    member_id: UUID
    partner_id: UUID | None
    channel: str
    campaign: str
    campaign_version: int
    gross_minor: int
    refund_minor: int
    points: int
    at: datetime


TOUCHES = Rows(
    TouchRow,
    "SELECT t.id, t.partner_id, t.channel, COALESCE(t.campaign, '') AS campaign, t.device_hash, t.at,"
    " CASE WHEN t.partner_id IS NOT NULL THEN (SELECT o.at FROM referral_touch o"
    " WHERE o.device_hash = t.device_hash AND o.id < t.id AND o.code = t.code ORDER BY o.id DESC LIMIT 1)"
    " END AS before FROM referral_touch t WHERE t.id > $1 ORDER BY t.id LIMIT $2",
    fans_out="the books count all touches, bit by bit",
)
EVENTS = Rows(
    EventRow,
    "SELECT id, kind, member_id, partner_id, COALESCE(channel, '') AS channel, campaign, campaign_version,"
    " gross_minor, refund_minor, points, created_at AS at FROM referral_event WHERE id > $1 ORDER BY id LIMIT $2",
    fans_out="the books count all events, bit by bit",
)
DOCUMENTS = SQL("SELECT code, version, document FROM referral_campaign WHERE code = ANY($1::text[])")

Rates: TypeAlias = dict[tuple[str, int], int]
"""The commission of each version of a campaign, in basis points."""


class Days:
    """The programme's days. None is before the last that was counted on, so that a day that is over stays."""

    def __init__(self, timezone: str, counted_to: datetime | None, now: datetime) -> None:
        self._zone = ZoneInfo(timezone)
        self._now = now
        self._last = self._local(counted_to) if counted_to else date.min

    def book(self, at: datetime) -> date:
        """The day on which what was written then is booked."""
        self._last = max(self._last, self._local(min(at, self._now)))
        return self._last

    def are_one(self, at: datetime, before: datetime) -> bool:
        """Whether two moments lie on one day."""
        return self._local(at) == self._local(before)

    def _local(self, moment: datetime) -> date:
        return moment.astimezone(self._zone).date()


def person(partner_id: UUID, who: str) -> str:
    """Somebody as one partner's groups know them: it says nothing to anybody else."""
    return hashlib.sha256(f"{partner_id}:{who}".encode()).hexdigest()[:PERSON_DIGITS]


def touches(rows: Iterable[TouchRow], days: Days) -> Iterable[Happened]:
    """What touches of partners' links come to."""
    for row in rows:
        day = days.book(row.at)
        if row.partner_id is None:
            continue
        is_first = row.before is None or not days.are_one(row.at, row.before)
        who = person(row.partner_id, row.device_hash)
        cell = Cell(row.partner_id, row.channel, row.campaign)
        yield Happened(cell, Family.TOUCH, who, day, Sum(1, int(is_first)))


def events(rows: Iterable[EventRow], days: Days, rates: Rates) -> Iterable[Happened]:
    """What events of referrals by partners come to."""
    for row in rows:
        day, family = days.book(row.at), FAMILIES.get(row.kind)
        if row.partner_id is None or family is None:
            continue
        minor = row.gross_minor if family is Family.ORDER else row.refund_minor
        cost = minor * rates.get((row.campaign, row.campaign_version), 0)
        amount = row.points if family is Family.REWARD else minor
        cell = Cell(row.partner_id, row.channel, row.campaign)
        yield Happened(cell, family, person(row.partner_id, str(row.member_id)), day, Sum(1, 0, amount, cost))


async def rates_of(rows: Iterable[EventRow]) -> Rates:
    """The commissions of the campaigns that events are of."""
    codes = sorted({row.campaign for row in rows if row.partner_id is not None and row.kind in ("ORDER", "REFUND")})
    found = await DOCUMENTS.rows(codes) if codes else []
    return {(row["code"], row["version"]): _rate(orjson.loads(row["document"])) for row in found}


def _rate(document: dict[str, Any]) -> int:
    return int(document.get("partner", {}).get("commissionBps", 0))
