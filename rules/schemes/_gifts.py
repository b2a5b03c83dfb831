"""Gifts: what each level gives once to whoever rises to it, or past it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from models.units import Points
from rules.schemes._rungs import BenefitKind, Rung
from rules.schemes._scheme import Scheme


@dataclass(frozen=True, slots=True)
class Gift:
    """Points for a level that was reached, and the cycle in which they are given once."""

    tier_id: UUID
    points: Points
    cycle: str


def gifts_of(
    scheme: Scheme, ladder: Sequence[Rung], held: Rung, reached: Rung, *, day: date, joined: date
) -> tuple[Gift, ...]:
    """What every level gives that somebody crosses on a day who rises from one to another."""
    found = []
    for rung in ladder[held.rank + 1 : reached.rank + 1]:
        benefit = rung.benefit(BenefitKind.UPGRADE_GIFT)
        if benefit and benefit.value and rung.id:
            found.append(Gift(rung.id, Points(benefit.value), scheme.window.cycle(day, joined)))
    return tuple(found)
