"""Means: all that a member's purchase is reckoned with, read in the statement that reads the member."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from models import writing
from models.earning import CapPeriod
from models.sql import SQL
from models.units import WHOLE, BasisPoints
from rules import heirs, keyring, members
from rules.earning._reckoning import (
    Award,
    Facts,
    Goods,
    Key,
    Room,
    Wish,
    clip,
    local,
    wishes,
)
from rules.earning._rules import Rule, rules_of
from rules.programme import Terms
from rules.schemes import BenefitKind, Rung

JOIN = " LEFT JOIN programme r ON r.earn_rules IS NOT NULL"
"""What `columns` reads of: nothing more is looked up where there are no rules."""

_COLUMNS = (
    ", r.earn_rules, CASE WHEN r.one = 1 THEN (SELECT {list}({row}(u.id, u.code, u.period, u.starts_on, u.used,"
    " u.most)){text} FROM earn_usage u WHERE u.member_id = $1 AND (u.period = 'LIFETIME'"
    " OR (u.period = 'DAY' AND u.starts_on BETWEEN ${day}::date AND ${after}::date)"
    " OR (u.period IN ('WEEK', 'MONTH') AND u.starts_on BETWEEN ${month}::date AND ${after}::date)))"
    " END AS earn_used, CASE WHEN r.one = 1 THEN (SELECT {object}(b.code, b.budget - b.used){text}"
    " FROM earn_budget b WHERE b.used < b.budget AND EXISTS"
    " (SELECT 1 FROM earn_rule e WHERE e.code = b.code AND e.ended_at IS NULL))"
    " END AS earn_left, CASE WHEN r.one = 1 THEN EXISTS (SELECT 1 FROM purchase q WHERE q.member_id = $1"
    " AND q.paid_at IS NOT NULL) END AS has_bought, CASE WHEN r.one = 1 THEN {whose}.profile END AS sealed_profile,"
    " CASE WHEN r.one = 1 THEN {whose}.has_absorbed OR {whose}.merged_into_id IS NOT NULL END AS is_several"
)
_POSTGRES = {"list": "json_agg", "row": "json_build_array", "object": "json_object_agg", "text": "::text"}
_SQLITE = {"list": "json_group_array", "row": "json_array", "object": "json_group_object", "text": ""}


def columns(first: int, *, whose: str = "m") -> tuple[str, str]:
    """What to read of a member $1 besides, for PostgreSQL and for SQLite.

    From the parameter `first` on, the statement is given what `around` says of the moment of the payment; `whose`
    is its name of the member's row.
    """
    places = {"day": first, "month": first + 1, "after": first + 2, "whose": whose}
    return _COLUMNS.format(**_POSTGRES, **places), _COLUMNS.format(**_SQLITE, **places)


def around(moment: datetime) -> tuple[date, date, date]:
    """Between which days the periods begin in which a moment lies, in whatever zone: days, months, and the last."""
    day = moment.astimezone(UTC).date()
    return day - timedelta(days=1), day - timedelta(days=32), day + timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Used:
    """What a member has used of a cap, as stored."""

    id: UUID
    used: int
    most: int


@dataclass(frozen=True, slots=True)
class Means:
    """The rules in force, and what there is of a member to reckon with."""

    rules: tuple[Rule, ...]
    used: dict[Key, Used]
    left: dict[str, int]
    """What is left of each budget; one that is not named is spent."""
    has_bought: bool
    sealed: bytes | None
    """The member's profile."""
    besides: Mapping[Key, int] = field(default_factory=dict)
    """What was used by whoever else the person is or was, as members who were merged."""
    rehearses: bool = False
    """Whether nothing will come of it, so that no budget is waited for."""

    @property
    def asks_goods(self) -> bool:
        """Whether a rule looks at the lines of an order."""
        return any(rule.is_of_goods for rule in self.rules)


async def means(member_id: UUID, row: Mapping[str, Any], at: datetime) -> Means | None:
    """What a row with `columns` tells of a payment at that moment; None where there are no rules.

    Members who were merged are one person, who has one cap and one first order.
    """
    found = _means(row)
    if found is None or not row["is_several"]:
        return found
    others = await heirs.besides(member_id, await heirs.heir_of(member_id))
    used = {
        Key(each["code"], CapPeriod(each["period"]), date.fromisoformat(each["starts"])): each["used"]
        for each in await USED.rows(others, *around(at)[1:])
    }
    return replace(found, besides=used, has_bought=found.has_bought or bool(await HAVE_BOUGHT.value(others)))


USED = SQL(
    "SELECT code, period, starts_on::text AS starts, SUM(used)::bigint AS used FROM earn_usage"
    " WHERE member_id = ANY($1::uuid[]) AND (period = 'LIFETIME' OR starts_on BETWEEN $2::date AND $3::date)"
    " GROUP BY code, period, starts_on",
    fans_out="caps are a person's, whichever member they were when they used them",
)
HAVE_BOUGHT = SQL(
    "SELECT 1 AS one FROM purchase WHERE member_id = ANY($1::uuid[]) AND paid_at IS NOT NULL LIMIT 1",
    fans_out="a first order is a person's, whichever member they were",
)


def _means(row: Mapping[str, Any]) -> Means | None:
    if row["earn_rules"] is None:
        return None
    used = {
        Key(code, CapPeriod(period), date.fromisoformat(starts_on)): Used(UUID(row_id), points, most)
        for row_id, code, period, starts_on, points, most in orjson.loads(row["earn_used"] or "[]")
    }
    left = orjson.loads(row["earn_left"] or "{}")
    return Means(rules_of(row["earn_rules"]), used, left, bool(row["has_bought"]), row["sealed_profile"])


@dataclass(frozen=True, slots=True)
class Bought:
    """A purchase that is being paid, as far as rules may ask of it."""

    member_id: UUID
    paid_at: datetime
    goods: tuple[Goods, ...]
    channel: str | None
    store_id: UUID | None


async def awards(found: Means, bought: Bought, facts: Facts, terms: Terms) -> list[Award]:
    """What is given for a purchase: what the rules come to, clipped by caps and by what is left of a budget."""
    born = await _birthday(bought.member_id, found, facts) if any(rule.birthday for rule in found.rules) else None
    facts = replace(facts, is_first=not found.has_bought, birthday=born)
    wanted = wishes(found.rules, facts, terms)
    left = await _left(found, wanted)
    used = {key: each.used for key, each in found.used.items()}
    room = Room({key: used.get(key, 0) + found.besides.get(key, 0) for key in {*used, *found.besides}}, left)
    return clip(wanted, found.rules, facts, room)


def facts_of(bought: Bought, terms: Terms, tier: Rung) -> Facts:
    """What the rules ask of a purchase, without what only some ask of the member."""
    store = None if bought.store_id is None else str(bought.store_id)
    wider = tier.benefit(BenefitKind.CAP_OVERRIDE)
    cap_bps = BasisPoints(wider.value) if wider and wider.value else WHOLE
    return Facts(local(bought.paid_at, terms), bought.goods, tier, bought.channel, store, cap_bps=cap_bps)


async def _birthday(member_id: UUID, found: Means, facts: Facts) -> date | None:
    """When the member was born, if they told it in time. Unsealed for a rule that asks, it goes no further."""
    if found.sealed is None:
        return None
    [profile] = members.open_profiles([(member_id, await keyring.wrapped(member_id), found.sealed)])
    return members.birthday_at(profile, facts.at.date())


LEFT = SQL("SELECT budget - used AS left_over FROM earn_budget WHERE code = $1 FOR UPDATE")


async def _left(found: Means, wanted: list[Wish]) -> dict[str, int]:
    """What is left of the budget this order draws on, if it draws on one.

    While there is plenty, what was read is believed, and the row is moved in the statement that writes, which
    finds out if it is not true any more. Whoever gets to the end of it, and whoever was overtaken, waits for the
    row: so the last points go to somebody, and to nobody twice.
    """
    drawing = [each for each in wanted if each.rule and each.rule.budget is not None]
    if not drawing or drawing[0].rule is None or found.rehearses:
        return found.left
    code = drawing[0].rule.code
    left = found.left.get(code, 0)
    is_sure = writing.is_only_writer() or (left >= drawing[0].wanted and not writing.is_held())
    if not left or is_sure:
        return found.left
    return {**found.left, code: await LEFT.value(code)}
