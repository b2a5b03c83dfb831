"""Bringing, for the tests: members whom a partner brought, and what happened to them, as referrals write it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from models.commissions import Commission, CommissionState, PartnerSettlement, SettlementState
from models.partners import Family, PartnerBooks, PartnerDay, PartnerPool
from models.referrals import Referral, ReferralCampaign, ReferralEvent, ReferralState, ReferralTouch
from models.sql import SQL, insert
from models.units import BasisPoints, new_id
from models.webhooks import PartnerEventKind
from rules import partners, webhooks
from rules.actors import SYSTEM
from rules.webhooks import Wish
from tests.people import NOON, fresh_key, member

LAST = UUID(int=2**128 - 1)
TERMS = {"commissionBps": 500, "frozenDays": 15, "minSettlementMinor": 0}


async def campaign(code: str = "TEA", version: int = 1, **terms: Any) -> None:
    """A version of a campaign, with a partner's terms."""
    given = {"link": "https://tea.example/{code}", "partner": {**TERMS, **terms}}
    document = {"code": code, "name": code, "version": version, **given}
    row = {"code": code, "version": version, "document": orjson.dumps(document).decode(), "starts_at": NOON}
    await insert(ReferralCampaign, [{**row, "published_at": NOON, "published_by": "STAFF:wang"}])


async def organisation(name: str = "Bamboo Books", *, fee_bps: int = 0) -> UUID:
    return await partners.register(name, fee_bps=BasisPoints(fee_bps), actor=SYSTEM, now=NOON)


STANDS = SQL(
    "UPDATE referral SET seq = $2, spent_minor = spent_minor + $3, state = COALESCE($4, state), qualified_at = $5,"
    " claw_back_until = $5 WHERE referee_id = $1"
)
"""A referral stands where its events say."""


@dataclass
class Brought:
    """A member whom a partner brought."""

    id: UUID
    partner_id: UUID
    channel: str | None
    campaign: str
    version: int
    seq: int = 0
    orders: list[UUID] = field(default_factory=list)

    async def happens(self, kind: str, at: datetime, **more: Any) -> None:
        """One event more of their referral."""
        self.seq += 1
        row = {"member_id": self.id, "seq": self.seq, "kind": kind, "cause": "TEST", "partner_id": self.partner_id}
        where = {"channel": self.channel, "campaign": self.campaign, "campaign_version": self.version}
        told = {"id": new_id(), "referrer_id": None, "at": at, "created_at": at}
        await insert(ReferralEvent, [{**told, **row, **where, **more}])
        spent = more.get("gross_minor", 0) - more.get("refund_minor", 0)
        await STANDS.run(self.id, self.seq, spent, kind if kind in ReferralState.__members__ else None, at)

    async def orders_for(self, minor: int, at: datetime) -> UUID:
        """They buy something."""
        self.orders.append(new_id())
        await self.happens("ORDER", at, gross_minor=minor, purchase_id=self.orders[-1])
        return self.orders[-1]

    async def gives_back(self, minor: int, at: datetime, order: UUID | None = None) -> None:
        """They get something back."""
        await self.happens("REFUND", at, refund_minor=minor, purchase_id=order or self.orders[-1])


async def bring(
    partner_id: UUID,
    number: int,
    at: datetime = NOON,
    *,
    channel: str | None = "POSTER",
    campaign: str = "TEA",
    version: int = 1,
) -> list[Brought]:
    """Members who come by a partner's link."""
    whom = [await member() for _ in range(number)]
    return await bind(partner_id, whom, at, channel=channel, campaign=campaign, version=version)


async def bind(
    partner_id: UUID,
    whom: Sequence[UUID],
    at: datetime = NOON,
    *,
    channel: str | None = "POSTER",
    campaign: str = "TEA",
    version: int = 1,
) -> list[Brought]:
    """Members are bound to a partner."""
    found = [Brought(each, partner_id, channel, campaign, version) for each in whom]
    stands = {"state": ReferralState.BOUND, "bound_at": at, "valid_until": at + timedelta(days=999), "seq": 1}
    came = {"campaign": campaign, "campaign_version": version, "cause": "CODE", "channel": channel}
    rows = [{**came, **stands, "referee_id": each.id, "partner_id": partner_id} for each in found]
    await insert(Referral, rows)
    for each in found:
        await each.happens("BOUND", at)
    return found


async def touch(
    partner_id: UUID | None,
    devices: Sequence[str],
    at: datetime = NOON,
    *,
    channel: str = "POSTER",
    campaign: str | None = "TEA",
) -> None:
    """Devices come by a link."""
    where = {"code": channel, "channel": channel, "campaign": campaign, "partner_id": partner_id, "at": at}
    rows = [{**where, "id": (found := new_id()), "device_hash": each, "once": str(found)} for each in devices]
    await insert(ReferralTouch, rows)


async def partner_with_books(referee_id: UUID) -> UUID:
    """A partner with a row in every table of partners, written without their rules."""
    partner_id = await organisation()
    where = {"partner_id": partner_id, "channel": "POSTER", "campaign": "TEA"}
    await insert(PartnerBooks, [{"one": 1}])
    await insert(PartnerDay, [{**where, "day": NOON.date(), "touchers": 5, "touches": 5}])
    waits = {"figure": Family.TOUCH, "since": NOON.date(), "people": ["somebody"], "number": 1}
    await insert(PartnerPool, [{**where, **waits}])
    await campaign()
    [bought] = await bind(partner_id, [referee_id])
    await settle(bought, NOON.date())
    settlement_id = await settle(bought, date(2026, 2, 1), approved=True)
    wish = Wish("https://bamboo.example/hook", partner_id=partner_id)
    await webhooks.add(wish, key=fresh_key(), actor=SYSTEM, now=NOON)
    await webhooks.tell(partner_id, settlement_id, PartnerEventKind.SETTLEMENT_APPROVED, NOON)
    return partner_id


async def settle(bought: Brought, month: date, *, approved: bool = False) -> UUID:
    """Five people's orders that are in a settlement, written without the rules."""
    partner_id, settlement_id = bought.partner_id, new_id()
    await SQL("UPDATE partner_account SET event_id = $2 WHERE partner_id = $1").run(partner_id, LAST)
    people = {"commissions": 5, "referees": 5, "month": month, "made_at": NOON}
    sums = {"earned_minor": 50, "netted_minor": 0, "fee_minor": 0, "payable_minor": 50}
    state = SettlementState.APPROVED if approved else SettlementState.READY
    decided = {"decided_by": new_id(), "decided_at": NOON} if approved else {}
    row = {"id": settlement_id, "partner_id": partner_id, "state": state, **people, **sums, **decided}
    await insert(PartnerSettlement, [row])
    terms = {"campaign": "TEA", "campaign_version": 1, "bps": 500, "frozen_days": 0, "gross_minor": 200}
    stands = {"state": CommissionState.SETTLING, "settlement_id": settlement_id, "partner_id": partner_id}
    comes_to = {"amount_minor": 10, "settled_minor": 10, "ordered_at": NOON, "frozen_until": NOON}
    for each in (bought, *await bring(partner_id, 4)):
        await each.happens("QUALIFIED", NOON)
        order = {"purchase_id": await each.orders_for(200, NOON), "referee_id": each.id}
        await insert(Commission, [{**stands, **terms, **comes_to, **order}])
    return settlement_id
