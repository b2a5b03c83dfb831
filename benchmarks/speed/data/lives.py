"""Lives: what a member bought, spent and lost, told by the house's own book and written as the house would."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from random import Random  # noqa: TID251  a benchmark takes a seed
from typing import Any
from uuid import UUID

import orjson
from uuid_utils.compat import uuid7

from benchmarks.speed.data import ledger, people
from benchmarks.speed.data.purchases import bought
from benchmarks.speed.data.store import Store
from models.outbox import BUCKETS
from models.points import PointsKind
from models.tiers import TierCause
from models.units import Growth, Points, ReasonCode
from rules.actors import Actor, ActorKind
from rules.points import Balances, Book, Lot, Movement
from rules.programme import Rung, Terms

LIVE_LOTS = 20
"""Whoever has so many lots left spends half of what there is: nobody collects for ever."""

PENDING, FROZEN = 50, 100
"""One member in so many has not enrolled; one in so many is frozen."""

STAFF = Actor(ActorKind.STAFF, str(UUID(int=1)))
SHOP = Actor(ActorKind.SERVICE, "bench", source="bench-pos")


@dataclass(slots=True)
class Life:
    """One member so far."""

    id: UUID
    number: int
    joined_at: datetime
    state: str
    profile: bytes | None
    store: Store
    chance: Random
    terms: Terms
    tier: Rung
    tier_since: datetime
    balances: Balances = field(default_factory=Balances)
    lots: list[Lot] = field(default_factory=list)
    growth: int = 0
    growth_seq: int = 0
    events: int = 0
    deeds: int = 0
    newest: tuple[UUID, datetime] | None = None
    """The newest movement of points, and when it was."""

    def until(self, wanted: int, end: datetime) -> Iterator["Life"]:
        """Live until the ledger has so many lines, evenly over the time there is, a deed at a time."""
        if self.state == "PENDING":
            return
        self._tell("member.enrolled", self.joined_at, {})
        while self.balances.seq < wanted:
            share = (self.balances.seq + self.chance.random()) / (wanted + 2)
            self._do(self.joined_at + (end - self.joined_at) * share)
            yield self

    def _do(self, at: datetime) -> None:
        """Buy, spend, or have something put right."""
        self.deeds += 1
        available, what = self.balances.available, self.chance.random()
        if available and len(self.lots) > LIVE_LOTS:
            self._spend(max(1, available // 2), at)
        elif available and what < 0.3:
            self._spend(self.chance.randint(1, max(1, available // 3)), at)
        elif what < 0.4:
            self._put_right(at)
        else:
            self._buy(at)

    def _book(self, at: datetime) -> Book:
        """The member's points, opened as the house opens them: what has expired is written off."""
        book = Book(self.id, self.balances, self.lots, now=at)
        if book.movements:
            self._post(book, SHOP)
            book = Book(self.id, self.balances, self.lots, now=at)
        return book

    def _spend(self, points: int, at: datetime) -> None:
        book = self._book(at)
        wanted = min(points, book.balances.available)
        if not wanted:
            return
        member = Actor(ActorKind.MEMBER, str(self.id))
        cause = f"points.redeem:{member.principal}:bench-{self.deeds}"
        book.spend(Movement(PointsKind.REDEEM, cause, at, reason=ReasonCode("REWARD_TEA")), Points(wanted))
        self._post(book, member)

    def _put_right(self, at: datetime) -> None:
        book = self._book(at)
        cause, reason = f"points.adjust:{STAFF.principal}:bench-{self.deeds}", ReasonCode("GOODWILL")
        points = Points(self.chance.randint(1, 80))
        if self.chance.random() < 0.3 and book.balances.available >= points:
            book.spend(Movement(PointsKind.ADJUST_OUT, cause, at, reason=reason), points)
        else:
            movement = Movement(PointsKind.ADJUST_IN, cause, at, reason=reason)
            book.earn(movement, points, expires_at=self.terms.expiry(at), active=True)
        self._post(book, STAFF)

    def _buy(self, at: datetime) -> None:
        """A purchase, its points by the tier held so far, and the growth that may lift it."""
        purchase = bought(self.store, self.chance, self.terms, self.id, f"B{self.number}-{self.deeds}", at)
        book = self._book(at)
        base = int(self.terms.base_points(purchase.goods))
        for kind, points in ((PointsKind.EARN, base), (PointsKind.BONUS, self._bonus(base))):
            if points:
                cause = f"purchase:{purchase.id}:{kind.value.lower()}"
                movement = Movement(kind, cause, at, purchase_id=purchase.id)
                active = self.state != "FROZEN"
                book.earn(movement, Points(points), expires_at=self.terms.expiry(at), active=active)
        self._post(book, SHOP)
        self._tell("purchase.paid", at, {"purchase": str(purchase.id)})
        self._grow(base, purchase.id, at)

    def _bonus(self, base: int) -> int:
        return base * (self.tier.earn_multiplier_bps - 10_000) // 10_000

    def _grow(self, delta: int, purchase_id: UUID, at: datetime) -> None:
        self.growth += delta
        self.growth_seq += 1
        self.store.add(
            "growth_entry",
            {
                "id": uuid7(),
                "member_id": self.id,
                "seq": self.growth_seq,
                "delta": delta,
                "growth_after": self.growth,
                "cause": f"purchase:{purchase_id}:growth",
                "purchase_id": purchase_id,
                "effective_at": at,
                "created_at": at,
            },
        )
        self._tell("growth.moved", at, {"delta": delta, "growth": self.growth})
        held = self.tier
        self.tier = max(held, self.terms.rung_for(Growth(self.growth)), key=lambda rung: rung.rank)
        if self.tier is not held:
            self.tier_since = at
            self._climb(held, TierCause.UPGRADED, purchase_id, at)

    def _climb(self, before: Rung | None, cause: TierCause, purchase_id: UUID | None, at: datetime) -> None:
        self.store.add(
            "tier_change",
            {
                "id": uuid7(),
                "member_id": self.id,
                "from_tier_id": before and before.id,
                "to_tier_id": self.tier.id,
                "cause": cause.value,
                "purchase_id": purchase_id,
                "at": at,
            },
        )
        self._tell("tier.changed", at, {"cause": cause.value, "to": self.tier.code})

    def _post(self, book: Book, actor: Actor) -> None:
        """Write what a book decided."""
        ledger.write(self.store, book, actor)
        for movement in book.movements:
            body = {"kind": movement.kind.value, "points": movement.points, "available": book.balances.available}
            self._tell("points.moved", book.now, body, movement.id)
        self.newest = book.movements[-1].id, book.now
        self.balances = book.balances
        self.lots = [lot for lot in book.lots if lot.remaining]

    def _tell(self, what: str, at: datetime, body: dict[str, Any], transaction_id: UUID | None = None) -> None:
        self.events += 1
        self.store.add(
            "outbox_event",
            {
                "id": uuid7(),
                "member_id": self.id,
                "seq": self.events,
                "transaction_id": transaction_id,
                "bucket": self.id.int % BUCKETS,
                "type": what,
                "body": orjson.dumps(body).decode(),
                "created_at": at,
            },
        )

    def end(self) -> None:
        """Write what stands at the end: the lots that are left, the accounts, the member."""
        for lot in self.lots:
            ledger.write_lot(self.store, self.id, lot)
        figures = asdict(self.balances)
        figures["slid"] = None if self.balances.slid is None else orjson.dumps(self.balances.slid).decode()
        self.store.add("points_account", {"member_id": self.id, **figures})
        standing = {"growth": self.growth, "seq": self.growth_seq, "tier_id": self.tier.id}
        since = {"tier_since": self.tier_since, "known_since": self.joined_at}
        self.store.add("growth_account", {"member_id": self.id, **standing, **since})
        self._ask()
        self.store.add(
            "member",
            {
                "id": self.id,
                "state": self.state,
                "event_seq": self.events,
                "profile": self.profile,
                "merged_into_id": None,
                "joined_at": None if self.state == "PENDING" else self.joined_at,
                "created_at": self.joined_at,
            },
        )

    def _ask(self) -> None:
        """Leave the key of the newest request, as a house at work has them.

        On an empty table PostgreSQL plans to look through all of it, and whoever asks first keeps to that plan.
        """
        if self.newest is None:
            return
        transaction_id, at = self.newest
        self.store.add(
            "idempotency_key",
            {
                "id": uuid7(),
                "owner_id": self.id,
                "principal": f"MEMBER:{self.id}",
                "key": uuid7().hex,
                "operation": "points.redeem",
                "fingerprint": "0" * 64,
                "response": orjson.dumps({"transaction_id": str(transaction_id)}).decode(),
                "created_at": at,
            },
        )


def begin(
    number: int, joined: datetime, store: Store, chance: Random, terms: Terms, *, is_caller: bool = False
) -> Life:
    """The nth member, as they come in; whoever is to call is active."""
    member_id = UUID(int=chance.getrandbits(128), version=4)
    joined += timedelta(microseconds=1 + chance.randrange(1_000))
    state = "ACTIVE" if is_caller else _state(number)
    profile = people.known(number, member_id, chance, joined, store)
    life = Life(member_id, number, joined, state, profile, store, chance, terms, terms.ladder[0], joined)
    life._climb(None, TierCause.JOINED, None, joined)
    return life


def _state(number: int) -> str:
    if number % PENDING == PENDING - 1:
        return "PENDING"
    return "FROZEN" if number % FROZEN == 1 else "ACTIVE"
