"""Publishing: rules come into force, version by version, and are retired. What was given under one stays."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from uuid_utils.compat import uuid7

from models.earning import EarnBudget, EarnRule, EarnRuleKind
from models.sql import SQL, insert
from rules import audit, programme
from rules.actors import Actor
from rules.earning._rules import RULES_MAX, Choice, EarnRuleInvalid, Rule, check_rule, rule_of
from rules.idempotency import Key, Slip
from rules.programme import NoProgramme, Terms
from rules.refusals import NotFound, Refusal
from rules.transactions import transaction

TEXT_MAX = 60_000
"""How long all rules in force are together: each paid order is read with them."""

OWNERLESS = UUID(int=0)
"""Whose an idempotency key is of a caller who has no id of their own: the command line's."""


@dataclass(eq=False)
class EarnRuleChanged(Refusal):
    """The earn rule is not at the version it was expected to be at."""

    zh = "积分规则的版本已变更。"
    field = ("expectedVersion",)
    version: int


@dataclass(frozen=True, slots=True)
class Published:
    """A version of a rule that was published or retired."""

    rule_id: UUID
    code: str
    version: int
    replayed: bool = False

    @property
    def response(self) -> dict[str, Any]:
        """The answer as it is stored."""
        return {"rule": str(self.rule_id), "code": self.code, "version": self.version}

    @classmethod
    def replay(cls, stored: dict[str, Any]) -> "Published":
        """The stored answer of an earlier, identical request."""
        return cls(UUID(stored["rule"]), stored["code"], stored["version"], replayed=True)


IN_TURN = SQL("SELECT one FROM programme WHERE one = 1 FOR UPDATE")


@transaction
async def publish(
    rule: Rule, *, expected_version: int | None = None, key: Key, actor: Actor, now: datetime
) -> Published:
    """Bring a rule into force, or its next version in place of the present one.

    Purchases that are paid from now on earn by it; what was given stays. `expected_version` is the version in
    force, 0 for none. A budget counts on from what was given of it under earlier versions.

    Raises: IdempotencyKeyReused, EarnRuleInvalid, EarnRuleChanged.
    """
    slip = Slip(_owner(actor), actor, key, "earn-rule.publish", (rule.told, expected_version))
    await _hold()
    if earlier := await slip.recall():
        return Published.replay(earlier)
    check_rule(rule)
    rule = await _placed(rule, await programme.terms())
    present, last = await _present(rule.code, expected_version)
    if present:
        await _end(present, now)
    done = replace(rule, id=uuid7(), version=last + 1)
    await insert(EarnRule, [_row(done, now)])
    await _budget(done)
    await _tell(_together(await IN_FORCE.rows()))
    return await _conclude(Published(done.id or OWNERLESS, done.code, done.version), slip, now)


@transaction
async def retire(
    code: str, *, expected_version: int | None = None, key: Key, actor: Actor, now: datetime
) -> Published:
    """End a rule: what is paid from now on earns nothing by it. It may be published again.

    Raises: IdempotencyKeyReused, NotFound, EarnRuleChanged.
    """
    slip = Slip(_owner(actor), actor, key, "earn-rule.retire", (code, expected_version))
    await _hold()
    if earlier := await slip.recall():
        return Published.replay(earlier)
    present, _ = await _present(code, expected_version)
    if present is None:
        raise NotFound
    await _end(present, now)
    await _tell(await IN_FORCE.rows())
    return await _conclude(Published(present["id"], code, present["version"]), slip, now)


def _owner(actor: Actor) -> UUID:
    """Whose an actor's keys are: their own, since no member is concerned."""
    return UUID(actor.id) if actor.id and actor.id != "CLI" else OWNERLESS


async def _hold() -> None:
    """One change of the rules at a time."""
    if await IN_TURN.row() is None:
        raise NoProgramme(NoProgramme.__doc__)


LATEST = SQL(
    "SELECT id, version, published_at, ended_at FROM earn_rule WHERE code = $1 ORDER BY version DESC LIMIT 1"
)


async def _present(code: str, expected_version: int | None) -> tuple[dict[str, Any] | None, int]:
    """The version in force, if there is one, and the number of the last. Raises: EarnRuleChanged."""
    latest = await LATEST.row(code)
    present = latest if latest and latest["ended_at"] is None else None
    in_force = present["version"] if present else 0
    if expected_version is not None and expected_version != in_force:
        raise EarnRuleChanged(in_force)
    return present, latest["version"] if latest else 0


END = SQL("UPDATE earn_rule SET ended_at = $2 WHERE id = $1 RETURNING id")


async def _end(present: dict[str, Any], now: datetime) -> None:
    await END.row(present["id"], max(now, present["published_at"]))


STORES = SQL("SELECT id, code FROM store WHERE code = ANY($1::text[])", fans_out="stores are nobody's own")


async def _placed(rule: Rule, terms: Terms) -> Rule:
    """The rule with its stores found. Raises: EarnRuleInvalid, when it names a store or a tier there is not."""
    if unknown := sorted((rule.tiers.include | rule.tiers.exclude) - {rung.code for rung in terms.ladder}):
        raise EarnRuleInvalid(f"There is no tier {unknown[0]}.")
    named = rule.stores.include | rule.stores.exclude
    rows = await STORES.rows(sorted(named)) if named else []
    found = {row["code"]: str(row["id"]) for row in rows}
    if unknown := sorted(named - found.keys()):
        raise EarnRuleInvalid(f"There is no store {unknown[0]}.")
    sides = [frozenset(found[code] for code in side) for side in (rule.stores.include, rule.stores.exclude)]
    return replace(rule, store_ids=Choice(*sides))


def _row(rule: Rule, now: datetime) -> dict[str, Any]:
    return {
        "id": rule.id,
        "code": rule.code,
        "version": rule.version,
        "kind": rule.kind,
        "name": rule.name,
        "points": rule.points,
        "minor": rule.minor,
        "multiplier_bps": rule.multiplier_bps,
        "terms": orjson.dumps(rule.plain).decode(),
        "published_at": now,
    }


BUDGET = SQL("SELECT used FROM earn_budget WHERE code = $1 FOR UPDATE")
WIDEN = SQL("UPDATE earn_budget SET budget = $2 WHERE code = $1 RETURNING code")


async def _budget(rule: Rule) -> None:
    """Give the rule's budget its width. Raises: EarnRuleInvalid, when more than that was given already."""
    if rule.budget is None:
        return
    used = await BUDGET.value(rule.code)
    if used is None:
        await insert(EarnBudget, [{"code": rule.code, "budget": rule.budget}])
    elif used > rule.budget:
        raise EarnRuleInvalid(f"Of this budget {used} points are given already.")
    else:
        await WIDEN.row(rule.code, rule.budget)


IN_FORCE = SQL("SELECT id, version, kind, terms FROM earn_rule WHERE ended_at IS NULL ORDER BY code")
TELL = SQL("UPDATE programme SET earn_rules = $1 WHERE one = 1 RETURNING one")


def _together(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rules that are in force together. Raises: EarnRuleInvalid, when they may not be."""
    if len(rows) > RULES_MAX:
        raise EarnRuleInvalid(f"At most {RULES_MAX} rules are in force at once.")
    if sum(row["kind"] == EarnRuleKind.CAPS for row in rows) > 1:
        raise EarnRuleInvalid("The whole programme's caps are one rule.")
    if sum(len(row["terms"]) for row in rows) > TEXT_MAX:
        raise EarnRuleInvalid(f"All rules in force are {TEXT_MAX} characters together at most.")
    return rows


async def _tell(rows: list[dict[str, Any]]) -> None:
    """Have the programme's row say which rules are in force."""
    told = [{**orjson.loads(row["terms"]), "id": row["id"], "version": row["version"]} for row in rows]
    await TELL.row(orjson.dumps(told, default=str).decode() if told else None)


async def _conclude(done: Published, slip: Slip, now: datetime) -> Published:
    facts = {"rule": done.code, "version": done.version}
    await audit.note(slip.actor, slip.operation, facts=facts, now=now)
    await slip.keep(done.response, now)
    return done


async def in_force() -> list[Rule]:
    """The rules in force, by their codes."""
    rows = await IN_FORCE.rows()
    return [replace(rule_of(orjson.loads(row["terms"])), id=row["id"], version=row["version"]) for row in rows]
