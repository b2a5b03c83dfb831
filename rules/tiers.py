"""Tiers: growth value and the rung it earns. Growth is never spent; a refund takes it back but lowers no tier."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from models.sql import SQL, insert
from models.tiers import GrowthAccount, GrowthEntry, TierCause, TierChange
from models.units import BALANCE_MAX, Growth
from models.writing import add, change
from rules.outbox import Event
from rules.programme import Rung, Terms
from rules.refusals import Refusal


@dataclass(eq=False)
class GrowthLimit(Refusal):
    """This is more growth than one member may hold."""

    zh = "超出成长值上限。"
    limit: Growth


@dataclass(slots=True)
class Standing:
    """A held member's growth value and tier, as stored."""

    member_id: UUID
    growth: Growth
    seq: int
    tier: Rung
    tier_since: datetime

    @property
    def stored(self) -> dict[str, Any]:
        """It as the account keeps it."""
        return {"growth": self.growth, "seq": self.seq, "tier_id": self.tier.id, "tier_since": self.tier_since}


STANDING = SQL("SELECT growth, seq, tier_id, tier_since FROM growth_account WHERE member_id = $1")


async def open_account(member_id: UUID, terms: Terms, *, at: datetime) -> list[Event]:
    """Put a new member, who is known from this moment on, on the lowest rung."""
    lowest = terms.ladder[0]
    account = {"member_id": member_id, "tier_id": lowest.id, "tier_since": at, "known_since": at}
    await insert(GrowthAccount, [account])
    await _record(member_id, None, lowest, TierCause.JOINED, purchase_id=None, at=at)
    return [Event("tier.changed", {"cause": TierCause.JOINED.value, "to": lowest.code})]


async def standing(member_id: UUID, terms: Terms) -> Standing:
    """Where a held member stands."""
    row = await STANDING.row(member_id)
    if row is None:
        raise AssertionError("A member without a growth account.")
    return Standing(member_id, row["growth"], row["seq"], terms.rung(row["tier_id"]), row["tier_since"])


def upgrade(now: Rung, growth: Growth, terms: Terms) -> Rung:
    """The rung a growth value earns, never below the one held."""
    earned = terms.rung_for(growth)
    return earned if earned.rank > now.rank else now


async def grow(
    standing: Standing,
    delta: int,
    *,
    cause: str,
    terms: Terms,
    purchase_id: UUID | None,
    effective_at: datetime,
    now: datetime,
) -> list[Event]:
    """Move a held member's growth value, and lift their tier at once when it is earned.

    Raises: GrowthLimit.
    """
    if not delta:
        return []
    before, read = standing.tier, standing.seq
    standing.growth = Growth(standing.growth + delta)
    standing.seq += 1
    if standing.growth > BALANCE_MAX:
        raise GrowthLimit(Growth(BALANCE_MAX))
    standing.tier = upgrade(before, standing.growth, terms)
    if standing.tier is not before:
        standing.tier_since = effective_at
    add(GrowthEntry, [_entry(standing, delta, cause, purchase_id, effective_at, now)])
    change(GrowthAccount, {"member_id": standing.member_id, "seq": read}, standing.stored)
    events = [Event("growth.moved", {"delta": delta, "growth": standing.growth})]
    if standing.tier is not before:
        cause_of = TierCause.UPGRADED
        await _record(standing.member_id, before, standing.tier, cause_of, purchase_id=purchase_id, at=effective_at)
        told = {"cause": TierCause.UPGRADED.value, "from": before.code, "to": standing.tier.code}
        events.append(Event("tier.changed", told))
    return events


async def _record(
    member_id: UUID,
    before: Rung | None,
    after: Rung,
    cause: TierCause,
    *,
    purchase_id: UUID | None,
    at: datetime,
) -> None:
    row = {
        "member_id": member_id,
        "from_tier_id": before and before.id,
        "to_tier_id": after.id,
        "cause": cause,
        "purchase_id": purchase_id,
        "at": at,
    }
    add(TierChange, [row])


def _entry(
    standing: Standing,
    delta: int,
    cause: str,
    purchase_id: UUID | None,
    effective_at: datetime,
    now: datetime,
) -> dict[str, Any]:
    return {
        "member_id": standing.member_id,
        "seq": standing.seq,
        "delta": delta,
        "growth_after": standing.growth,
        "cause": cause,
        "purchase_id": purchase_id,
        "effective_at": effective_at,
        "created_at": now,
    }
