"""What could well be sent to the mutations of tiers and memberships, for the tests that spoil it."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from models.units import ReasonCode
from rules import tiers
from rules.actors import SYSTEM, Actor, ActorKind, Principal
from schema import ids
from schema.ids import Tag
from tests import ladder
from tests.people import NOON, fresh_key
from tests.schema.asking import CLERK, OWNER, SERVICE, member_id


async def good(who: UUID) -> dict[str, tuple[Principal | None, dict[str, Any]]]:
    """Who may send each mutation of tiers and memberships, and what they could well send."""
    key = {"idempotencyKey": "poisoned-1"}
    benefit = {"kind": "REDEEM_LIMIT", "value": 100}
    level = {"code": "BASIC", "name": "Basic", "threshold": 0, "retainThreshold": 0, "neverDowngrade": False}
    levels = [{**level, "benefits": [benefit]}, *(tier(code, at) for code, at in (("SILVER", 100), ("GOLD", 500)))]
    window = {"kind": "ROLLING", "days": 365}
    validity = {"n": 12, "unit": "MONTH", "roundTo": "MONTH"}
    timing = {"upgradeTiming": "IMMEDIATE", "downgradeMode": "REASSESS", "graceDays": 30}
    scheme = {"basis": "GROWTH", "window": window, "validity": validity, **timing, "refundCorrectionDays": 30}
    until = (NOON + timedelta(days=30)).isoformat()
    for_tea: dict[str, Any] = {"reason": ReasonCode("TEA"), "key": fresh_key(), "actor": SYSTEM, "now": NOON}
    await tiers.grant(who, "SILVER", NOON + timedelta(days=9), **for_tea)
    await ladder.plan()
    bought = await ladder.pay(who, ref="payment-0")
    paid = ids.encode(Tag.MEMBERSHIP, who, bought.membership_id)
    mei = member_id(who)
    lounge = {"kind": "EXCLUSIVE_ACCESS", "code": "LOUNGE"}
    await ladder.scheme(benefits={"GOLD": [{**lounge, "per_month": 99}]})
    plan = {"code": "BLACK", "name": "Black", "priceMinor": 9_800, "durationDays": 30, "tierCode": "GOLD"}
    payment = {"memberId": mei, "planCode": "BLACK", "paymentRef": "payment-1", "paidMinor": 9_800}
    return {
        "membershipPlanPublish": (OWNER, {**plan, "onSale": True, **key}),
        "membershipPurchase": (SERVICE, {**payment, **key}),
        "membershipRefund": (SERVICE, {"paymentId": paid, "reason": "WITHDRAWN", **key}),
        "benefitUse": (SERVICE, {"memberId": mei, **lounge, **key}),
        "tierSchemePublish": (OWNER, {"scheme": {**scheme, "levels": levels}, "expectedVersion": 1, **key}),
        "tierGrant": (CLERK, {"memberId": mei, "tierCode": "GOLD", "until": until, "reason": "GOODWILL", **key}),
        "tierRevoke": (CLERK, {"memberId": mei, "reason": "MISTAKE", **key}),
    }


def tier(code: str, threshold: int) -> dict[str, Any]:
    """A level as it is sent."""
    return {"code": code, "name": code.title(), "threshold": threshold, "benefits": []}


async def others(who: UUID) -> dict[str, list[str]]:
    """The payments that a caller of an audience may not name, by audience: a service refunds what it reported."""
    rival = Actor(ActorKind.SERVICE, "rival", source="rival")
    paid = await ladder.pay(who, actor=rival)
    return {"SERVICE": [ids.encode(Tag.MEMBERSHIP, who, paid.membership_id)]}


async def owned(who: UUID) -> str:
    """A payment of the shop that asks."""
    return ids.encode(Tag.MEMBERSHIP, who, (await ladder.pay(who)).membership_id)
