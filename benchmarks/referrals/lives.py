"""Lives: who joins when and by whom, what they buy and give back, and who of them cheats how. Nothing is read."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from random import Random  # noqa: TID251  a benchmark takes a seed

START = datetime(2026, 1, 1, tzinfo=UTC)
YEAR = timedelta(days=365)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
BURST = 8
"""How many a cheat brings within half an hour."""


class Fraud(StrEnum):
    """How somebody cheats."""

    SELF = "SELF"
    CYCLE = "CYCLE"
    NOT_NEW = "NOT_NEW"
    BOUND_ALREADY = "BOUND_ALREADY"
    SAME_DEVICE = "SAME_DEVICE"
    SAME_PAYER = "SAME_PAYER"
    VELOCITY = "VELOCITY"


BY_HAND = (Fraud.SELF, Fraud.CYCLE, Fraud.NOT_NEW, Fraud.BOUND_ALREADY)
"""Frauds by which staff are to bind somebody who may not be bound."""


@dataclass(slots=True)
class Person:
    """A member to be."""

    number: int
    joins_at: datetime
    referrer: int | None = None
    device: str | None = None
    fraud: Fraud | None = None


@dataclass(frozen=True, slots=True)
class Refund:
    """Something given back."""

    at: datetime
    minor: int


@dataclass(frozen=True, slots=True)
class Order:
    """What somebody buys, and gives back of it."""

    who: int
    ref: str
    at: datetime
    minor: int
    payer: str | None = None
    refunds: tuple[Refund, ...] = ()


@dataclass(frozen=True, slots=True)
class Attempt:
    """Staff are to bind somebody to whose code it is."""

    at: datetime
    who: int
    whose: int
    fraud: Fraud


@dataclass(slots=True)
class Year:
    """All that happens."""

    people: list[Person] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)

    def join(self, at: datetime, referrer: int | None, fraud: Fraud | None = None, **more: str) -> Person:
        """Somebody joins."""
        number = len(self.people)
        person = Person(number, at, referrer, more.get("device", f"phone {number}"), fraud)
        self.people.append(person)
        return person

    def buy(
        self, who: int, at: datetime, minor: int, *, payer: str | None = None, refunds: tuple[Refund, ...] = ()
    ) -> None:
        """Somebody buys something."""
        self.orders.append(Order(who, f"order-{len(self.orders)}", at, minor, payer, refunds))


def lived(members: int, frauds: int, seed: int) -> Year:
    """A year of so many honest members, and so many frauds of each kind."""
    year, chance = Year(), Random(seed)
    for number in range(members):
        at = START + YEAR * 0.8 * number / members + MINUTE * chance.random()
        referrer = chance.randrange(number) if number and chance.random() < 0.7 else None
        person = year.join(at, referrer)
        _shop(year, person, chance)
    for _ in range(frauds):
        _cheat(year, members, chance)
    return year


def _shop(year: Year, person: Person, chance: Random) -> None:
    """Up to four orders, of which some are given back in part or whole, early or late."""
    at = person.joins_at
    for _ in range(chance.randrange(5)):
        at += DAY * chance.uniform(0.1, 20)
        minor = chance.randrange(20_00, 200_00)
        kind, when = chance.random(), at + DAY * chance.uniform(0.1, 60)
        back: tuple[Refund, ...] = ()
        if kind < 0.15:
            back = (Refund(when, minor),)
        elif kind < 0.35:
            part = chance.randrange(1, minor)
            back = (Refund(when, part),)
            if kind < 0.22:
                back = (*back, Refund(when + DAY * chance.uniform(0.1, 10), minor - part))
        year.buy(person.number, at, minor, refunds=back)


def _cheat(year: Year, members: int, chance: Random) -> None:
    """One fraud of each kind; whoever cheats brings nobody else."""
    at = START + YEAR * 0.8 * chance.random() + DAY
    boss = year.join(at, None)
    friend = year.join(at + DAY, boss.number)
    year.buy(friend.number, at + 2 * DAY, 60_00)
    for fraud, who, whose in (
        (Fraud.SELF, boss, boss),
        (Fraud.CYCLE, boss, friend),
        (Fraud.BOUND_ALREADY, friend, year.people[chance.randrange(members)]),
    ):
        year.attempts.append(Attempt(max(at, whose.joins_at) + 3 * DAY, who.number, whose.number, fraud))
    old = year.join(at, None)
    year.buy(old.number, at + DAY, 80_00)
    year.attempts.append(Attempt(at + 4 * DAY, old.number, boss.number, Fraud.NOT_NEW))
    for _ in range(2):
        twin = year.join(
            at + 5 * DAY + MINUTE * chance.random(),
            boss.number,
            Fraud.SAME_DEVICE,
            device=f"twins of {boss.number}",
        )
        year.buy(twin.number, at + 6 * DAY + MINUTE * chance.random(), 90_00)
    year.buy(boss.number, at + 7 * DAY, 10_00, payer=f"account of {boss.number}")
    kept = year.join(at + 8 * DAY, boss.number, Fraud.SAME_PAYER)
    year.buy(kept.number, at + 9 * DAY, 90_00, payer=f"account of {boss.number}")
    hasty = year.join(at, None)
    for place in range(BURST):
        each = year.join(at + 20 * DAY + 3 * place * MINUTE, hasty.number, Fraud.VELOCITY)
        year.buy(each.number, at + 21 * DAY + place * MINUTE, 90_00)
