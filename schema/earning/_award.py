"""Awards as a client sees them: what gave points for a purchase, what it came to, and what clipped it."""

from collections.abc import Sequence
from typing import Any, Protocol
from uuid import UUID

import strawberry

from models.earning import AwardKind, CapPeriod
from models.sql import SQL
from rules.earning import Award
from schema import ids
from schema.context import Context
from schema.enums import describe
from schema.permissions import COUNTER, SEES_POINTS, SEES_PURCHASES, Rule, seen
from schema.scalars import Long

SEES_AWARDS: Rule = SEES_PURCHASES | SEES_POINTS | COUNTER
"""Awards hang on purchases and on lines of the ledger."""

describe(
    AwardKind,
    "What gave points for a purchase.",
    {
        AwardKind.BASE: "The programme's base.",
        AwardKind.TIER: "The tier held when it was paid, over the base.",
        AwardKind.BASE_RATE: "A rule, in place of the programme's base.",
        AwardKind.BONUS_POINTS: "A rule: so many points.",
        AwardKind.BONUS_MULTIPLIER: "A rule: a multiplier, over the base.",
    },
    name="EarnAwardKind",
)
describe(
    CapPeriod,
    "Over what a cap is counted, in the programme's days.",
    {
        CapPeriod.TRANSACTION: "One purchase.",
        CapPeriod.DAY: "A member's day.",
        CapPeriod.WEEK: "A member's week, from Monday.",
        CapPeriod.MONTH: "A member's month.",
        CapPeriod.LIFETIME: "All of a member's time.",
        CapPeriod.BUDGET: "The rule's budget, for all members together.",
    },
    name="EarnCapPeriod",
)


@strawberry.type(description="One version of an earn rule, by name.")
class EarnRuleName:
    code: str = seen(SEES_AWARDS, "The rule's code, which does not change.")
    version: int = seen(SEES_AWARDS, "Which version of it.")
    name: str = seen(SEES_AWARDS, "What people call it.")


@strawberry.type(description="A cap that left fewer points than a rule came to.")
class EarnCapHit:
    rule_code: str = seen(SEES_AWARDS, "Whose cap it is: the rule's own, or that of the whole programme.")
    period: CapPeriod = seen(SEES_AWARDS, "Over what it is counted.")


@strawberry.type(description="What the base, the tier or one rule gave for a purchase. It never changes.")
class EarnAward:
    kind: AwardKind = seen(SEES_AWARDS, "What gave it.")
    rule: EarnRuleName | None = seen(
        SEES_AWARDS, "The version of the rule that gave it; null for the programme's base and the tier."
    )
    points: Long = seen(SEES_AWARDS, "What was credited, each award by a movement of its own.")
    wanted: Long = seen(SEES_AWARDS, "What it came to before any cap.")
    capped_by: list[EarnCapHit] = seen(SEES_AWARDS, "What left less of it than it came to; empty when nothing did.")

    @classmethod
    def of(cls, row: dict[str, Any]) -> "EarnAward":
        """The award of a row."""
        rule = None
        if row["code"] is not None:
            rule = EarnRuleName(code=row["code"], version=row["version"], name=row["name"])
        return cls(
            kind=AwardKind(row["kind"]),
            rule=rule,
            points=Long(row["points"]),
            wanted=Long(row["wanted"]),
            capped_by=_hits(row["capped_by"] or ()),
        )

    @classmethod
    def foreseen(cls, award: Award) -> "EarnAward":
        """An award that is not given."""
        rule = award.wish.rule
        return cls(
            kind=award.wish.kind,
            rule=None if rule is None else EarnRuleName(code=rule.code, version=rule.version, name=rule.name),
            points=Long(award.points),
            wanted=Long(award.wish.wanted),
            capped_by=_hits(award.capped_by),
        )


def _hits(capped_by: Sequence[str]) -> list[EarnCapHit]:
    told = [each.rpartition(":") for each in capped_by]
    return [EarnCapHit(rule_code=code, period=CapPeriod(period)) for code, _, period in told]


class OfPurchase(Protocol):
    """A purchase, as awards hang on it."""

    @property
    def member_id(self) -> UUID:
        """Whose it is."""

    @property
    def row_id(self) -> UUID:
        """Which."""


OF_PURCHASES = SQL(
    "SELECT a.purchase_id, a.place, a.kind, e.code, e.version, e.name, a.wanted, a.points, a.capped_by"
    " FROM earn_award a LEFT JOIN earn_rule e ON e.id = a.rule_id"
    " WHERE a.member_id = ANY($1::uuid[]) AND a.purchase_id = ANY($2::uuid[]) UNION ALL"
    " SELECT t.purchase_id, CASE t.kind WHEN 'EARN' THEN 0 ELSE 1 END, CASE t.kind WHEN 'EARN' THEN 'BASE'"
    " ELSE 'TIER' END, NULL, NULL, NULL, t.points, t.points, NULL FROM points_transaction t"
    " WHERE t.member_id = ANY($1::uuid[]) AND t.purchase_id = ANY($2::uuid[]) AND t.kind IN ('EARN', 'BONUS')"
    " AND NOT EXISTS (SELECT 1 FROM earn_award a WHERE a.member_id = t.member_id AND a.transaction_id = t.id)"
    " ORDER BY 2",
    fans_out="a page of members shows what their purchases were given",
)


async def awards_of(parents: Sequence[OfPurchase], context: Context) -> list[list[EarnAward]]:
    """What each purchase was given, in the order in which caps were used."""
    del context
    found: dict[UUID, list[EarnAward]] = {parent.row_id: [] for parent in parents}
    for row in await OF_PURCHASES.rows(list({parent.member_id for parent in parents}), list(found)):
        found[row.pop("purchase_id")].append(EarnAward.of(row))
    return [found[parent.row_id] for parent in parents]


OF_ENTRIES = SQL(
    "SELECT n.id AS entry, a.kind, e.code, e.version, e.name, a.wanted, a.points, a.capped_by"
    " FROM points_entry n JOIN earn_award a ON a.member_id = n.member_id AND a.transaction_id = n.transaction_id"
    " LEFT JOIN earn_rule e ON e.id = a.rule_id"
    " WHERE n.member_id = ANY($1::uuid[]) AND n.id = ANY($2::uuid[])",
    fans_out="a page of members shows which rules moved their points",
)


class HasId(Protocol):
    """A line of the ledger, as a client sees it."""

    @property
    def id(self) -> str:
        """Its id."""


async def award_of(parents: Sequence[HasId], context: Context) -> list[EarnAward | None]:
    """The rule's award that wrote each line of the ledger; None for all other lines."""
    del context
    named = [ids.decode(ids.Tag.POINTS_ENTRY, parent.id) or () for parent in parents]
    rows = await OF_ENTRIES.rows(list({each[0] for each in named if each}), [each[1] for each in named if each])
    found = {str(row.pop("entry")): EarnAward.of(row) for row in rows}
    return [found.get(str(each[1])) if each else None for each in named]
