"""Ladders for the tests: schemes that are published, and where members stand by them.

`await scheme(validity=YEARLY, grace_days=30)` publishes one over the usual tiers; `await standing(mei, now)` is
where Mei stands then, and `await history(mei)` what brought her there.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from models.sql import SQL
from models.staff import StaffRole
from models.units import Minor, ReasonCode
from rules import benefits, gifts, jobs, memberships, standings, tiers
from rules import programme as programmes
from rules.actors import Actor, ActorKind
from rules.benefits import Used
from rules.idempotency import Key
from rules.memberships import Bought, Plan
from rules.schemes import BenefitKind, Scheme, plain
from rules.standings import Standing
from rules.tiers import Published
from tests.people import LADDER, NOON, SHOP, buy, fresh_key, member

ADMIN = Actor(ActorKind.STAFF, "00000000-0000-4000-8000-00000000000a", role=StaffRole.ADMIN)
YEARLY = {"n": 12, "unit": "MONTH", "round_to": "MONTH"}


def document(**changes: Any) -> dict[str, Any]:
    """A scheme over the usual tiers, of which some things are otherwise; `retain` is by code what keeps a tier."""
    retain, benefits = changes.pop("retain", {}), changes.pop("benefits", {})
    told = plain(Scheme(), LADDER) | {"refund_correction_days": 30} | changes
    for level in told["levels"] if "levels" not in changes else ():
        level["retain_threshold"] = retain.get(level["code"], level["retain_threshold"])
        level["benefits"] = [*level["benefits"], *benefits.get(level["code"], [])]
    return told


async def scheme(*, at: datetime = NOON, **changes: Any) -> Published:
    """A published scheme over the usual tiers."""
    return await tiers.publish(document(**changes), expected_version=None, key=fresh_key(), actor=ADMIN, now=at)


async def standing(member_id: UUID, now: datetime) -> Standing:
    """Where a member stands at a moment."""
    return await standings.reckoned(member_id, await programmes.terms(), now)


async def plan(code: str = "BLACK", *, price: int = 98_00, days: int = 30, tier: str = "GOLD", **more: Any) -> UUID:
    """A published plan: gold for thirty days."""
    told = Plan(code, code.title(), Minor(price), days, tier, **more)
    return await memberships.publish_plan(told, key=fresh_key(), actor=ADMIN, now=NOON)


async def pay(
    member_id: UUID,
    code: str = "BLACK",
    *,
    paid: int = 98_00,
    ref: str | None = None,
    at: datetime = NOON,
    key: Key | None = None,
    actor: Actor = SHOP,
) -> Bought:
    """The shop reports that a member has paid for a plan."""
    paid_for = (code, ref or fresh_key(), Minor(paid))
    return await memberships.purchase(member_id, *paid_for, key=key or fresh_key(), actor=actor, now=at)


LOUNGE = {"kind": "EXCLUSIVE_ACCESS", "code": "LOUNGE"}
GIFT = {"kind": "UPGRADE_GIFT", "value": 50}


async def use(
    member_id: UUID,
    kind: BenefitKind = BenefitKind.EXCLUSIVE_ACCESS,
    code: str = "LOUNGE",
    *,
    at: datetime = NOON,
    key: Key | None = None,
) -> Used:
    """The shop lets a member use what their tier gives."""
    return await benefits.use(member_id, kind, code, key=key or fresh_key(), actor=SHOP, now=at)


async def furnish(member_id: UUID) -> None:
    """A row in every table of tiers and memberships; the gift is another member's, who rises."""
    await scheme(benefits={"BASIC": [LOUNGE], "SILVER": [LOUNGE, GIFT], "GOLD": [LOUNGE]})
    await plan()
    await pay(member_id)
    await use(member_id)
    await buy(await member("Ru"), 1_000_00, ref=fresh_key())
    await hand_out()


async def hand_out(at: datetime = NOON) -> None:
    """A worker gives all gifts that were won by then."""
    while lease := await jobs.claim(tiers.GIFTS, now=at):
        await gifts.give(lease.facts, at)
        await jobs.finish(lease, now=at)


async def pay_back(member_id: UUID, bought: Bought, *, at: datetime = NOON, actor: Actor = SHOP) -> Bought:
    """The shop reports that it gave the money back."""
    why = ReasonCode("WITHDRAWN")
    return await memberships.refund(
        member_id, bought.membership_id, reason=why, key=fresh_key(), actor=actor, now=at
    )


STEPS = SQL(
    "SELECT c.cause, f.code AS from_code, t.code AS to_code, c.at, c.ends_at FROM tier_change c"
    " LEFT JOIN tier f ON f.id = c.from_tier_id JOIN tier t ON t.id = c.to_tier_id WHERE c.member_id = $1"
    " ORDER BY c.id"
)


async def history(member_id: UUID) -> list[tuple[str, str]]:
    """What was written down of a member's tiers: the causes, and the tier in effect after each."""
    return [(row["cause"], row["to_code"]) for row in await STEPS.rows(member_id)]
