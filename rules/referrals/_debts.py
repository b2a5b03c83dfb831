"""Debts: what a person owes of rewards that could not be taken back, by whichever member they were."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from models.referral_rewards import ReferralDebt
from models.sql import SQL
from models.writing import add, change

OWED = SQL(
    "SELECT member_id, owed FROM referral_debt WHERE member_id = ANY($1::uuid[]) ORDER BY member_id",
    fans_out="what is owed of rewards is a person's, whichever member they were",
)


@dataclass(slots=True)
class Debts:
    """What a held member owes, and whoever else they are or were; what was decided so far."""

    member_id: UUID
    stored: dict[UUID, int]
    owed: dict[UUID, int] = field(init=False)

    def __post_init__(self) -> None:
        """Nothing is decided yet."""
        self.owed = dict(self.stored)

    def net(self, points: int) -> dict[UUID, int]:
        """Keep of so many points what is owed, first by the member themselves: how much is kept of whose debt.

        >>> one, other = UUID(int=1), UUID(int=2)
        >>> debts = Debts(other, {one: 30, other: 20})
        >>> [(whose.int, kept) for whose, kept in debts.net(40).items()], debts.owed[one]
        ([(2, 20), (1, 20)], 10)
        """
        kept: dict[UUID, int] = {}
        for whose in sorted(self.owed, key=lambda each: each != self.member_id):
            if part := min(self.owed[whose], points):
                kept[whose] = part
                self.owed[whose] -= part
                points -= part
        return kept

    def owe(self, points: int) -> None:
        """So many more points are owed."""
        if points:
            self.owed[self.member_id] = self.owed.get(self.member_id, 0) + points

    def keep(self) -> None:
        """Have written what has changed."""
        for whose, owed in self.owed.items():
            before = self.stored.get(whose)
            if before is None:
                add(ReferralDebt, [{"member_id": whose, "owed": owed}])
            elif before != owed:
                change(ReferralDebt, {"member_id": whose, "owed": before}, {"owed": owed})


async def debts(member_id: UUID, besides: Sequence[UUID]) -> Debts:
    """What a held member owes, and those who turned out to be the same person."""
    return Debts(member_id, {row["member_id"]: row["owed"] for row in await OWED.rows([member_id, *besides])})
