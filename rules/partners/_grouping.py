"""Grouping: what happened is told in groups of five people or more, each event in one group and for good. Pure.

A group is told on the day on which its last event was counted, in one go. What a partner can ask for are sums of
whole groups, so that no two answers differ by fewer than five people.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TypeAlias
from uuid import UUID

from models.partners import LEAST, Family

OTHER = ""
"""The channel and the campaign of what is too little to be told under its own, or came without one."""

PATIENCE = timedelta(days=7)
"""How long something waits for five people of its own channel and campaign, before it waits with all others."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A partner's channel and campaign."""

    partner_id: UUID
    channel: str
    campaign: str

    @property
    def other(self) -> "Cell":
        """Where all goes that is too little for a cell of its own."""
        return Cell(self.partner_id, OTHER, OTHER)


@dataclass(slots=True)
class Sum:
    """What some events of one family come to."""

    number: int = 0
    firsts: int = 0
    amount: int = 0
    cost: int = 0

    def add(self, more: "Sum") -> None:
        """Count more in."""
        self.number += more.number
        self.firsts += more.firsts
        self.amount += more.amount
        self.cost += more.cost


@dataclass(slots=True)
class Group:
    """Some events of one family and cell, and the people behind them."""

    since: date
    """The day of the first of them."""
    people: set[str] = field(default_factory=set)
    sum: Sum = field(default_factory=Sum)

    def join(self, more: "Group") -> None:
        """Take in another group."""
        self.people |= more.people
        self.sum.add(more.sum)


@dataclass(frozen=True, slots=True)
class Happened:
    """One event, by one person, on the day it is booked on."""

    cell: Cell
    family: Family
    person: str
    day: date
    sum: Sum


Waiting: TypeAlias = dict[tuple[Cell, Family], Group]
Told: TypeAlias = dict[tuple[Cell, date], dict[Family, tuple[int, Sum]]]
"""By cell and day: of each family how many people stand behind it, and what it comes to."""


class Grouping:
    """Takes events in the order of their days, and tells those that are enough."""

    def __init__(self, waiting: Waiting) -> None:
        self.waiting = waiting
        self.told: Told = defaultdict(dict)
        self._day: date | None = None

    def take(self, happened: Iterable[Happened]) -> None:
        """Take events. What is enough at the end of a day is told on that day."""
        for each in happened:
            if self._day is not None and each.day > self._day:
                self.tell()
            self._day = each.day
            key = each.cell, each.family
            if key not in self.waiting:
                self.waiting[key] = Group(each.day)
            group = self.waiting[key]
            group.people.add(each.person)
            group.sum.add(each.sum)

    def tell(self, today: date | None = None) -> None:
        """Tell what is enough; what has waited too long waits with the others of its partner from now on."""
        day = max(each for each in (self._day, today) if each) if self._day or today else None
        if day is None:
            return
        self._tell_enough(day)
        for key in [key for key, group in self.waiting.items() if _is_tired(key[0], group, day)]:
            cell, family = key
            group = self.waiting.pop(key)
            self.waiting.setdefault((cell.other, family), Group(day)).join(group)
        self._tell_enough(day)

    def _tell_enough(self, day: date) -> None:
        for key in [key for key, group in self.waiting.items() if len(group.people) >= LEAST]:
            cell, family = key
            group = self.waiting.pop(key)
            people, before = self.told[cell, day].get(family, (0, Sum()))
            before.add(group.sum)
            self.told[cell, day][family] = people + len(group.people), before


def _is_tired(cell: Cell, group: Group, day: date) -> bool:
    return cell != cell.other and day - group.since >= PATIENCE
