"""Sizes: how many members, and how many lines of the ledger each of them has."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random  # noqa: TID251  a benchmark takes a seed

BUSY = 20
"""One member in so many has half of all entries between them and their like."""

PER_MEMBER = 10
"""Lines of the ledger per member, where nobody says."""


@dataclass(frozen=True, slots=True)
class Size:
    """So many members and, about, so many lines of the ledger."""

    members: int
    entries: int
    deep: tuple[int, ...] = ()
    """Lines of the ledgers of the very first members, who come on top of the others."""

    @property
    def partners(self) -> int:
        """How many partners bring members."""
        return min(10, 1 + self.members // 1_000)

    @property
    def cells(self) -> int:
        """On how many channels and campaigns each of them does, every day."""
        return min(6, 1 + self.members // 20_000)

    def ledgers(self, chance: Random) -> Iterator[int]:
        """How many lines each member's ledger has, in the order in which they came."""
        yield from self.deep
        usual = self.members - len(self.deep)
        busy = max(1, usual // BUSY)
        many, few = self.entries // 2 // busy, self.entries // 2 / max(1, usual - busy)
        for number in range(usual):
            if number % BUSY == 0 and number // BUSY < busy:
                yield many
            else:
                yield min(round(chance.expovariate(1 / few)), 4 * round(few) + 1) if few else 0
