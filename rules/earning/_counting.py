"""Counting: awards and what they used of caps and budgets, written; and given back when points are taken back."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from models import writing
from models.earning import CapPeriod, EarnAward, EarnBudget, EarnCount, EarnUsage
from models.sql import SQL
from models.units import Points, new_id
from models.writing import add, change
from rules.earning._means import LEFT, Means, Used
from rules.earning._reckoning import Award, Key, local, start_of
from rules.programme import Terms


def keep(member_id: UUID, purchase_id: UUID, given: Iterable[tuple[Award, UUID | None]], found: Means) -> None:
    """Have a purchase's awards written, each with the movement that credited it, and what they used of caps."""
    rows: list[dict[str, Any]] = []
    counts: list[dict[str, Any]] = []
    widths: dict[Key, int] = {}
    for place, (award, transaction_id) in enumerate(given):
        rows.append(_award_row(member_id, purchase_id, place, award, transaction_id))
        for key, width in award.counts:
            counts.append(_count_row(member_id, rows[-1]["id"], transaction_id, key, award.points))
            widths[key] = max(widths.get(key, 0), width)
    add(EarnAward, rows)
    add(EarnCount, counts)
    taken = _sums((_key_of(row), row["used"]) for row in counts)
    for key, points in taken.items():
        if key.period is CapPeriod.BUDGET:
            writing.draw(EarnBudget, "code", key.code, "used", points, most="budget")
        else:
            _use(member_id, key, points, widths[key], found.used.get(key))


def _award_row(
    member_id: UUID, purchase_id: UUID, place: int, award: Award, transaction_id: UUID | None
) -> dict[str, Any]:
    wish = award.wish
    return {
        "id": new_id(),
        "member_id": member_id,
        "purchase_id": purchase_id,
        "place": place,
        "kind": wish.kind,
        "rule_id": wish.rule and wish.rule.id,
        "basis": wish.basis,
        "wanted": wish.wanted,
        "points": award.points,
        "transaction_id": transaction_id,
        "capped_by": list(award.capped_by),
    }


def _count_row(
    member_id: UUID, award_id: UUID, transaction_id: UUID | None, key: Key, points: int
) -> dict[str, Any]:
    return {
        "member_id": member_id,
        "award_id": award_id,
        "transaction_id": transaction_id,
        "code": key.code,
        "period": key.period,
        "starts_on": key.starts_on,
        "used": points,
    }


def _key_of(row: Mapping[str, Any]) -> Key:
    return Key(row["code"], CapPeriod(row["period"]), row["starts_on"])


def _sums(parts: Iterable[tuple[Key, int]]) -> dict[Key, int]:
    found: dict[Key, int] = {}
    for key, points in parts:
        found[key] = found.get(key, 0) + points
    return found


def _use(member_id: UUID, key: Key, points: int, width: int, was: Used | None) -> None:
    """Move what a member has used of a cap."""
    if was is None:
        row = {"member_id": member_id, "code": key.code, "period": key.period, "starts_on": key.starts_on}
        add(EarnUsage, [{**row, "used": points, "most": width}])
        return
    stands = {"member_id": member_id, "id": was.id, "used": was.used}
    change(EarnUsage, stands, {"used": was.used + points, "most": max(was.most, width)})


@dataclass(frozen=True, slots=True)
class Reversal:
    """Points of an award that are taken back: which movements credited and take them, how many, when."""

    credited_by: UUID
    taken_by: UUID
    points: Points
    at: datetime


COUNTED = SQL(
    "SELECT a.transaction_id, c.award_id, c.code, c.period, c.starts_on::text AS starts, u.id AS usage_id,"
    " u.used, u.most FROM earn_award a JOIN earn_count c ON c.member_id = a.member_id AND c.award_id = a.id"
    " AND c.transaction_id = a.transaction_id LEFT JOIN earn_usage u ON u.member_id = c.member_id"
    " AND u.code = c.code AND u.period = c.period AND u.starts_on = c.starts_on"
    " WHERE a.member_id = $1 AND a.transaction_id = ANY($2::uuid[]) ORDER BY c.id"
)


async def give_back(member_id: UUID, reversals: Iterable[Reversal], terms: Terms) -> None:
    """Give back to caps and budgets what was taken back of awards; what is no award used none.

    A cap gets it back within the period in which the points were earned, a lifetime's always, and so does a
    budget: what it pays for is what members keep.
    """
    taken = {each.credited_by: each for each in reversals}
    counts: list[dict[str, Any]] = []
    was: dict[Key, Used] = {}
    for row in await COUNTED.rows(member_id, list(taken)):
        key = Key(row["code"], CapPeriod(row["period"]), date.fromisoformat(row["starts"]))
        back = taken[row["transaction_id"]]
        if key.starts_on != start_of(key.period, local(back.at, terms).date()):
            continue
        counts.append(_count_row(member_id, row["award_id"], back.taken_by, key, -back.points))
        if row["usage_id"] is not None:
            was[key] = Used(row["usage_id"], row["used"], row["most"])
    add(EarnCount, counts)
    for key, points in _sums((_key_of(row), row["used"]) for row in counts).items():
        if key.period is CapPeriod.BUDGET:
            writing.draw(EarnBudget, "code", key.code, "used", points, most="budget")
        else:
            _use(member_id, key, points, was[key].most, was[key])


GIVEN_BACK = SQL(
    "SELECT c.award_id, c.code, c.period, c.starts_on::text AS starts, -c.used AS points, u.id AS usage_id,"
    " u.used, u.most FROM earn_award a JOIN earn_count c ON c.member_id = a.member_id AND c.award_id = a.id"
    " AND c.transaction_id = $3 LEFT JOIN earn_usage u ON u.member_id = c.member_id"
    " AND u.code = c.code AND u.period = c.period AND u.starts_on = c.starts_on"
    " WHERE a.member_id = $1 AND a.transaction_id = $2 ORDER BY c.id"
)


async def use_again(member_id: UUID, credited_by: UUID, *, given_back_by: UUID, taken_by: UUID) -> bool:
    """Have caps and budgets hold again what a movement gave back of an award; no, where a budget has no room.

    Caps are widened to it: it is no more than the member had.
    """
    rows = await GIVEN_BACK.rows(member_id, credited_by, given_back_by)
    for row in rows:
        if row["period"] == CapPeriod.BUDGET and row["points"] > await LEFT.value(row["code"]):
            return False
    counts: list[dict[str, Any]] = []
    for row in rows:
        key, points = Key(row["code"], CapPeriod(row["period"]), date.fromisoformat(row["starts"])), row["points"]
        counts.append(_count_row(member_id, row["award_id"], taken_by, key, points))
        if key.period is CapPeriod.BUDGET:
            writing.draw(EarnBudget, "code", key.code, "used", points, most="budget")
        else:
            _use(member_id, key, points, row["used"] + points, Used(row["usage_id"], row["used"], row["most"]))
    add(EarnCount, counts)
    return True
