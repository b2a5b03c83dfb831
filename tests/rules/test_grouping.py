"""Grouping: whatever a partner asks, however often, no two answers differ by one to four people.

Each event is worth a power of two, so that any sum tells exactly which events are in it. The attack asks for every
stretch of days, as a whole, by day, by channel and by campaign, after every count, and looks which events always
come together: that is the most that all differences of all answers can tell.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random  # noqa: TID251  with a seed
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.partners import LEAST, Family
from rules.partners import _grouping
from rules.partners._grouping import OTHER, Cell, Group, Grouping, Happened, Sum, Waiting

BAMBOO, MOON = UUID(int=1), UUID(int=2)
START = date(2026, 3, 1)
CHANNELS, CAMPAIGNS = ("POSTER", "RADIO", "VIDEO"), ("SPRING", "TEA")


def happened(number: int, person: str, day: int, channel: str = "POSTER", campaign: str = "TEA") -> Happened:
    cell = Cell(BAMBOO, channel, campaign)
    return Happened(cell, Family.ORDER, person, START + timedelta(days=day), Sum(1, 0, 1 << number, 0))


@dataclass
class Books:
    """The days as they are stored, and what waits, from one count to the next."""

    days: dict[tuple[Cell, date], int] = field(default_factory=lambda: defaultdict(int))
    waiting: Waiting = field(default_factory=dict)

    def count(self, events: list[Happened], today: int) -> None:
        grouping = Grouping(self.waiting)
        grouping.take(events)
        grouping.tell(START + timedelta(days=today))
        self.waiting = grouping.waiting
        for key, families in grouping.told.items():
            for _, sums in families.values():
                self.days[key] += sums.amount


def answers(books: Books, days: int) -> Iterator[int]:
    """Every answer there is: all stretches of days, as a whole and by everything they are told by."""
    for first in range(days):
        for last in range(first, days):
            cells: dict[object, int] = defaultdict(int)
            for (cell, day), amount in books.days.items():
                if START + timedelta(days=first) <= day <= START + timedelta(days=last):
                    for name in ("all", (0, cell.channel), (1, cell.campaign), (2, day)):
                        cells[name] += amount
            yield from cells.values()


@dataclass
class Life:
    """Some weeks of a partner's orders, and what was answered after each count."""

    people: list[str]
    told: list[int]
    books: Books


def live(seed: int, *, orders: int = 90, days: int = 12, counts: int = 3) -> Life:
    """Orders of some people over some days; each of them comes by one channel and campaign."""
    chance = Random(seed)
    crowd = [(f"p{n}", chance.choice(CHANNELS), chance.choice(CAMPAIGNS)) for n in range(chance.randint(3, 40))]
    moments = sorted(chance.randrange(days * counts) for _ in range(orders))
    life = Life([], [], Books())
    for step in range(days * counts):
        events = []
        for _ in range(moments.count(step)):
            who, channel, campaign = chance.choice(crowd)
            events.append(happened(len(life.people), who, step // counts, channel, campaign))
            life.people.append(who)
        life.books.count(events, step // counts)
        life.told += set(answers(life.books, days))
    return life


def revealed(life: Life) -> list[set[str]]:
    """The people behind each set of events that some answer tells and no answer parts, where they are too few."""
    told = sorted(set(life.told))
    together: dict[tuple[bool, ...], set[str]] = defaultdict(set)
    for number, who in enumerate(life.people):
        signature = tuple(bool(answer >> number & 1) for answer in told)
        if any(signature):
            together[signature].add(who)
    return [people for people in together.values() if len(people) < LEAST]


@pytest.mark.parametrize("seed", range(12))
def test_all_differences_of_all_answers_reveal_no_fewer_than_five_people(seed: int) -> None:
    life = live(seed)
    assert revealed(life) == []


@given(st.integers(min_value=0), st.integers(5, 60), st.integers(1, 9), st.integers(1, 5))
@settings(max_examples=25, deadline=None)
def test_nor_do_they_in_any_life(seed: int, orders: int, days: int, counts: int) -> None:
    assert revealed(live(seed, orders=orders, days=days, counts=counts)) == []


def test_the_attack_succeeds_where_small_cells_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_grouping, "LEAST", 2)
    assert revealed(live(1)) != []


@pytest.mark.parametrize("seed", range(5))
def test_every_event_is_told_once_or_waits(seed: int) -> None:
    life = live(seed)
    waits = sum(group.sum.amount for group in life.books.waiting.values())
    assert sum(life.books.days.values()) + waits == (1 << len(life.people)) - 1
    assert all(len(group.people) < LEAST for group in life.books.waiting.values())


def test_four_people_wait_and_the_fifth_brings_all_of_them() -> None:
    books = Books()
    for number in range(4):
        books.count([happened(number, f"p{number}", number)], number)
    assert not books.days
    books.count([happened(4, "p3", 4)], 4)
    assert not books.days, "the same person twice is one person"
    books.count([happened(5, "p4", 5)], 5)
    assert books.days == {(Cell(BAMBOO, "POSTER", "TEA"), START + timedelta(days=5)): 0b111111}


def test_one_more_order_changes_nothing_that_is_told() -> None:
    books = Books()
    books.count([happened(number, f"p{number}", 0) for number in range(7)], 0)
    before = dict(books.days)
    books.count([happened(7, "p7", 0)], 0)
    assert books.days == before


def test_what_waits_a_week_is_told_with_the_others() -> None:
    books = Books()
    books.count([happened(number, f"p{number}", 0, channel) for number, channel in enumerate(CHANNELS)], 0)
    books.count([happened(3, "p3", 3, "RADIO", "SPRING"), happened(4, "p4", 3, "VIDEO", "SPRING")], 3)
    books.count([], 6)
    assert not books.days
    books.count([], 7)
    assert not books.days, "three of them alone"
    books.count([], 10)
    assert books.days == {(Cell(BAMBOO, OTHER, OTHER), START + timedelta(days=10)): 0b11111}
    assert not books.waiting


def test_days_that_are_over_stay_as_they_were() -> None:
    books = Books()
    books.count([happened(number, f"p{number}", 0) for number in range(6)], 0)
    books.count([happened(number, f"p{number}", 1) for number in range(6, 12)], 1)
    assert [day for _, day in books.days] == [START, START + timedelta(days=1)]


def test_partners_wait_apart() -> None:
    theirs = Cell(MOON, "POSTER", "TEA")
    grouping = Grouping({(theirs, Family.ORDER): Group(START, {"p1", "p2", "p3", "p4"}, Sum(4))})
    grouping.take([happened(0, "p5", 0)])
    grouping.tell(START)
    assert not grouping.told
    assert len(grouping.waiting) == 2
