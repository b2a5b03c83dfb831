"""Tiers: how growth lifts a member, how time and refunds lower them, and who may lift them by hand."""

from datetime import datetime
from typing import Any
from uuid import UUID

from models.sql import insert
from models.tiers import GrowthAccount, GrowthEntry, TierCause
from models.units import BALANCE_MAX, Growth
from models.writing import add
from rules import standings
from rules.outbox import Event
from rules.programme import Terms
from rules.schemes import Basis
from rules.standings import Standing, advance
from rules.tiers._granting import Given, TierGrantInvalid, TierNotGranted, grant, revoke
from rules.tiers._keeping import GIFTS, GrowthLimit, keep, record_joined
from rules.tiers._merging import both, hand_back, hand_over, plain
from rules.tiers._previewing import preview
from rules.tiers._qualifying import requalify
from rules.tiers._reversing import take_back
from rules.tiers._reviewing import Reviewed, ReviewIncomplete, review, review_all, review_due
from rules.tiers._schemes import LATEST, Published, TierLevelInUse, TierSchemeChanged, publish, refresh

__all__ = [
    "GIFTS",
    "LATEST",
    "Given",
    "GrowthLimit",
    "Published",
    "ReviewIncomplete",
    "Reviewed",
    "Standing",
    "TierGrantInvalid",
    "TierLevelInUse",
    "TierNotGranted",
    "TierSchemeChanged",
    "advance",
    "both",
    "grant",
    "grow",
    "hand_back",
    "hand_over",
    "keep",
    "open_account",
    "plain",
    "preview",
    "publish",
    "refresh",
    "review",
    "review_all",
    "review_due",
    "revoke",
    "standing",
]


async def open_account(member_id: UUID, terms: Terms, *, at: datetime) -> list[Event]:
    """Put a new member, who is known from this moment on, on the lowest rung."""
    lowest = terms.ladder[0]
    account = {"member_id": member_id, "tier_id": lowest.id, "tier_since": at, "known_since": at, "tier_steps": 1}
    await insert(GrowthAccount, [account])
    record_joined(member_id, lowest, at)
    return [Event("tier.changed", {"cause": TierCause.JOINED.value, "to": lowest.code})]


async def standing(member_id: UUID, terms: Terms, now: datetime) -> Standing:
    """Where a held member stands at this moment; what time alone has changed is written with what comes next."""
    found = await standings.read(member_id, terms)
    await advance(found, terms, now)
    return found


async def grow(
    standing: Standing,
    delta: int,
    *,
    cause: str,
    terms: Terms,
    purchase_id: UUID | None,
    effective_at: datetime,
    now: datetime,
    heir: Standing | None = None,
) -> list[Event]:
    """Move a held member's growth value by what a purchase came to, and their tier by what it has reached then.

    A tier that is won is held at once or with the next period; a refund of the very purchase that won it may take
    it back, and lowers no other. What a merged member earns or loses goes on at once to their heir, held too, whose
    events these are.

    Raises: GrowthLimit.
    """
    events: list[Event] = []
    bought, whose = purchase_id, heir or standing
    if heir and delta:
        _pass_through(standing, delta, cause, purchase_id, effective_at, now)
        cause, bought = f"pass:{cause}", None
    if delta:
        whose.growth = Growth(whose.growth + delta)
        whose.seq += 1
        if whose.growth > BALANCE_MAX:
            raise GrowthLimit(Growth(BALANCE_MAX))
        add(GrowthEntry, [_entry(whose, delta, cause, bought, effective_at, now)])
        events.append(Event("growth.moved", {"delta": delta, "growth": whose.growth}))
    elif terms.scheme.basis is Basis.GROWTH:
        return []
    await requalify(whose, terms, at=effective_at, now=now, purchase_id=purchase_id)
    if delta <= 0 and purchase_id is not None:
        await take_back(whose, terms, purchase_id, at=now)
    return [*events, *keep(whose, now)]


def _pass_through(
    standing: Standing, delta: int, cause: str, purchase_id: UUID | None, effective_at: datetime, now: datetime
) -> None:
    """Growth of a merged member comes and goes on, or comes from their heir and goes: they keep none."""
    steps = [(delta, cause, purchase_id), (-delta, f"pass:{cause}", None)]
    for moved, why, what in steps if delta > 0 else steps[::-1]:
        standing.growth, standing.seq = Growth(standing.growth + moved), standing.seq + 1
        add(GrowthEntry, [_entry(standing, moved, why, what, effective_at, now)])
    keep(standing, now)


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
