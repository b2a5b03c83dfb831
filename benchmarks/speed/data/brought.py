"""Brought: members whom partners brought, what they ordered in a year, and what partners are told of it.

People come in groups of five, so that a day is told or there is nothing to tell. Whoever came orders until the next
group comes on their channel. What the books of partners say of it is what the events say.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random  # noqa: TID251  a benchmark takes a seed
from typing import Any
from uuid import UUID

import orjson
from uuid_utils.compat import uuid7

from benchmarks.speed.data.sizes import Size
from benchmarks.speed.data.store import Store
from models.partners import LEAST
from rules.programme import Terms

DAYS = 365
CHANNELS = ("WECHAT", "POSTER", "COUNTER")
CAMPAIGNS = ("SPRING", "AUTUMN")
BPS = 500
LASTS = timedelta(days=10 * DAYS)
REFUNDS = 4
"""On one day in so many something is given back."""

MOST = 100
"""Partners there are at most."""


@dataclass(slots=True)
class Referee:
    """A member whom a partner brought."""

    id: UUID
    at: datetime
    seq: int = 0
    spent: int = 0


@dataclass(slots=True)
class Link:
    """One channel and campaign of a partner, and who came by it last."""

    partner: UUID
    channel: str
    campaign: str
    group: list[Referee]


class Brought:
    """Writes what partners' links came to."""

    def __init__(self, store: Store, size: Size, chance: Random, terms: Terms, now: datetime) -> None:
        self.store, self.size, self.chance, self.terms, self.now = store, size, chance, terms, now

    def year(self, partners: Sequence[UUID], people: Sequence[UUID]) -> Iterator[None]:
        """A year of all partners, a step at a time."""
        cells = [(channel, campaign) for channel in CHANNELS for campaign in CAMPAIGNS][: self.size.cells]
        links = [Link(partner, *cell, []) for partner in partners for cell in cells]
        if not links:
            return
        self._campaigns()
        free = iter(dict.fromkeys(people))
        every = max(1, LEAST * len(links) * DAYS // max(1, len(set(people)) // 2))
        for number in range(DAYS):
            at = self.now - timedelta(days=DAYS - number, hours=12)
            for turn, link in enumerate(links):
                is_new = not link.group or (number + turn) % every == 0
                self._day(link, at, [next(free) for _ in range(LEAST)] if is_new else [])
            yield
        for link in links:
            self._end(link)
        upto = {"touch_id": UUID(int=0), "event_id": uuid7(), "touched_at": self.now, "happened_at": self.now}
        self.store.add("partner_books", {"one": 1, "turn": 1, **upto, "accrued_id": UUID(int=0)})
        yield

    def _campaigns(self) -> None:
        began = self.now - 2 * DAYS * timedelta(days=1)
        for code in CAMPAIGNS:
            document = {"code": code, "name": code, "partner": {"commissionBps": BPS, "frozenDays": 15}}
            row = {"id": uuid7(), "code": code, "version": 1, "document": orjson.dumps(document).decode()}
            self.store.add(
                "referral_campaign", {**row, "starts_at": began, "published_at": began, "published_by": "SYSTEM:"}
            )

    def _day(self, link: Link, at: datetime, came: list[UUID]) -> None:
        """What a link came to on one day."""
        chance, told = self.chance, dict.fromkeys(FIGURES, 0)
        if came:
            self._end(link)
            link.group = [Referee(each, at) for each in came]
            told.update(registered=LEAST, qualified=LEAST)
        told.update(touchers=chance.randint(LEAST, 40), buyers=LEAST, orders=LEAST)
        told.update(unique_touches=told["touchers"], touches=told["touchers"] + chance.randint(0, 20))
        refunds = chance.randrange(REFUNDS) == 0
        for each in link.group:
            gross, back = chance.randint(1_000, 60_000), chance.randint(1, 1_000) if refunds else 0
            self._steps(link, each, at, gross, back, is_new=bool(came))
            told["gross_minor"] += gross
            told["refund_minor"] += back
        if refunds:
            told.update(refunders=LEAST, refunds=LEAST, refund_cost=told["refund_minor"] * BPS)
        told["gross_cost"] = told["gross_minor"] * BPS
        self._tell(link, self.terms.local_day(at), told)

    def _tell(self, link: Link, day: date, told: dict[str, int]) -> None:
        whose = {"id": uuid7(), "partner_id": link.partner, "day": day}
        self.store.add("partner_day", {**whose, "channel": link.channel, "campaign": link.campaign, **told})

    def _steps(self, link: Link, who: Referee, at: datetime, gross: int, back: int, *, is_new: bool) -> None:
        """What happened to one of them on a day."""
        if is_new:
            self._event(link, who, at, "BOUND")
        self._event(link, who, at, "ORDER", gross_minor=gross)
        if is_new:
            self._event(link, who, at, "QUALIFIED")
        if back:
            self._event(link, who, at, "REFUND", refund_minor=back)
        who.spent += gross - back

    def _event(self, link: Link, who: Referee, at: datetime, kind: str, **amounts: int) -> None:
        who.seq += 1
        self.store.add(
            "referral_event",
            {
                "id": uuid7(),
                "member_id": who.id,
                "seq": who.seq,
                "kind": kind,
                "cause": "BENCH",
                **_place(link),
                "gross_minor": amounts.get("gross_minor", 0),
                "refund_minor": amounts.get("refund_minor", 0),
                "points": 0,
                "at": at,
                "created_at": at,
            },
        )

    def _end(self, link: Link) -> None:
        """Write where the referrals of those who came last stand."""
        for who in link.group:
            told: dict[str, Any] = {"state": "QUALIFIED", "cause": "BENCH", "bound_at": who.at}
            until = who.at + LASTS
            told |= {"valid_until": until, "qualifies_at": who.at, "qualified_at": who.at, "claw_back_until": until}
            told |= {"spent_minor": who.spent, "seq": who.seq, "score": 0}
            self.store.add("referral", {"referee_id": who.id, **_place(link), **told})


def _place(link: Link) -> dict[str, Any]:
    where = {"partner_id": link.partner, "channel": link.channel}
    return {**where, "campaign": link.campaign, "campaign_version": 1}


FIGURES = (
    "touchers",
    "touches",
    "unique_touches",
    "registered",
    "qualified",
    "buyers",
    "orders",
    "gross_minor",
    "gross_cost",
    "refunders",
    "refunds",
    "refund_minor",
    "refund_cost",
    "rewarded",
    "reward_points",
)
