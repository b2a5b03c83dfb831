"""Partnering: what could well be sent to the mutations of partners, and by whom."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from models.credentials import PrincipalKind
from models.units import ReasonCode
from rules import partners, webhooks
from rules.actors import SYSTEM, Principal
from rules.webhooks import Wish
from schema import ids
from schema.ids import Tag
from tests.bringing import bring, campaign, settle
from tests.people import NOON, fresh_key
from tests.schema.asking import OWNER

Good = dict[str, tuple[Principal | None, dict[str, Any]]]
ENDED = ReasonCode("ENDED")


async def good() -> Good:
    """Who may send each mutation, and what they could well send."""
    here, away = [await partners.register(name, actor=SYSTEM, now=NOON) for name in ("Bamboo Books", "Lake Inn")]
    await partners.disable(away, reason=ENDED, actor=SYSTEM, now=NOON)
    which = {"partnerId": ids.encode(Tag.PARTNER, here)}
    bounds = {"scopes": ["STATISTICS_READ"], "networks": ["203.0.113.0/24"], "expiresAt": "2027-01-01T00:00:00Z"}
    boss = replace(OWNER, proven_until=NOON + timedelta(days=1))
    ready, other, approved = await _settlements(here)
    caller = Principal(PrincipalKind.PARTNER, str(here))
    code = await partners.open_link(here, "POSTER", key=fresh_key(), actor=SYSTEM, now=NOON)
    made = {"channel": "RADIO", "campaign": "TEA", "idempotencyKey": "poisoned-1"}
    return {
        "partnerLinkCreate": (caller, made),
        "partnerLinkRetire": (caller, {"code": code}),
        "partnerSettlementApprove": (boss, {"settlementId": ready}),
        "partnerSettlementReject": (boss, {"settlementId": other, "reason": "FRAUD"}),
        "partnerSettlementPay": (boss, {"settlementId": approved, "paymentRef": "bank-1"}),
        "partnerCreate": (OWNER, {"name": "Red Lantern", "feeBps": 100}),
        "partnerDisable": (OWNER, {**which, "reason": "ENDED"}),
        "partnerEnable": (OWNER, {"partnerId": ids.encode(Tag.PARTNER, away), "reason": "RENEWED"}),
        "partnerKeyCreate": (OWNER, {**which, "name": "reports", **bounds}),
    }


async def _settlements(partner_id: UUID) -> list[str]:
    """The ids of two settlements that are ready, and of one that was approved."""
    await campaign()
    [bought] = await bring(partner_id, 1)
    found = [await settle(bought, date(2026, month, 1), approved=month == 3) for month in (1, 2, 3)]
    return [ids.encode(Tag.PARTNER_SETTLEMENT, partner_id, each) for each in found]


async def two(good: Good) -> tuple[Principal, dict[Tag | None, str], dict[Tag, dict[str, list[str]]]]:
    """A partner as it asks, the ids that are its own, and those of another."""
    mine: str = good["partnerDisable"][1]["partnerId"]
    which = ids.decode_one(Tag.PARTNER, mine)
    rival = await partners.register("Moon Radio", actor=SYSTEM, now=NOON)
    settled: str = good["partnerSettlementApprove"][1]["settlementId"]
    [brought] = await bring(rival, 1)
    theirs = ids.encode(Tag.PARTNER_SETTLEMENT, rival, await settle(brought, date(2026, 3, 1), approved=True))
    # a partner knows of no endpoint of another, nor of the programme's own
    hooks = [await _hook(rival), await hooked(good["webhookTest"][1]["id"])]
    # nobody but those who lead is told of one that is not approved yet
    hidden = {
        **{tag: {"PARTNER": [each[tag] for each in hooks]} for tag in (Tag.WEBHOOK_ENDPOINT, Tag.WEBHOOK_DELIVERY)},
        Tag.PARTNER: {"PARTNER": [ids.encode(Tag.PARTNER, rival)]},
        Tag.PARTNER_SETTLEMENT: {"PARTNER": [settled, theirs]},
    }
    assert which
    own: dict[Tag | None, str] = {Tag.PARTNER: mine, Tag.PARTNER_SETTLEMENT: settled, **await _hook(which)}
    return Principal(PrincipalKind.PARTNER, str(which)), own, hidden


async def _hook(partner_id: UUID) -> dict[Tag | None, str]:
    """An endpoint of a partner, and a delivery to it, by their ids."""
    wish = Wish("https://partner.example/hook", partner_id=partner_id)
    added = await webhooks.add(wish, key=fresh_key(), actor=SYSTEM, now=NOON)
    return await hooked(ids.encode(Tag.WEBHOOK_ENDPOINT, added.endpoint_id))


async def hooked(endpoint: str) -> dict[Tag | None, str]:
    """An endpoint, and a delivery to it, by their ids."""
    found = ids.decode_one(Tag.WEBHOOK_ENDPOINT, endpoint)
    assert found
    sent = await webhooks.send_test(found, actor=SYSTEM, now=NOON)
    delivery = ids.encode(Tag.WEBHOOK_DELIVERY, found, sent)
    return {Tag.WEBHOOK_ENDPOINT: endpoint, Tag.WEBHOOK_DELIVERY: delivery}
