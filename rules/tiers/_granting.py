"""Granting: a tier that staff give until a day, whatever was earned, and take away again."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from models.tiers import TierCause, TierSource
from models.units import ReasonCode
from rules import audit, members, programme
from rules.actors import Actor
from rules.idempotency import Key, Slip
from rules.outbox import tell
from rules.programme import Terms
from rules.refusals import NotFound, Refusal
from rules.schemes import Rung
from rules.standings import Overlay, Standing, advance, read
from rules.tiers._keeping import keep
from rules.transactions import transaction

GRANT_MAX = timedelta(days=3_660)
"""The longest a tier may be granted for."""


@dataclass(eq=False)
class TierGrantInvalid(Refusal):
    """This tier cannot be granted like this."""

    zh = "无法这样授予等级。"
    why: str


@dataclass(eq=False)
class TierNotGranted(Refusal):
    """No tier is granted to this member, or it is over already."""

    zh = "该会员没有被授予的等级，或已到期。"


@dataclass(frozen=True, slots=True)
class Given:
    """The tier a member holds after it, by its code, and whether the same had been done before."""

    tier: str
    replayed: bool = False


@transaction
async def grant(
    member_id: UUID,
    tier_code: str,
    until: datetime,
    *,
    reason: ReasonCode,
    key: Key,
    actor: Actor,
    now: datetime,
) -> Given:
    """Give a member a tier until a moment, in place of what was granted before. What they earn goes on beside it.

    Raises: NotFound, IdempotencyKeyReused, MemberNotActive, MemberMerged, TierGrantInvalid.
    """
    slip = Slip(member_id, actor, key, "tier.grant", (tier_code, until, reason))
    standing, terms, earlier = await _held(slip, now)
    if earlier:
        return Given(earlier["tier"], replayed=True)
    rung = check_grant(tier_code, until, terms=terms, now=now)
    overlays = {**standing.overlays, TierSource.GRANTED: Overlay(rung, now, until)}
    standing.step(TierCause.GRANTED, now, source=TierSource.GRANTED, reason=reason, overlays=overlays)
    return await _conclude(standing, slip, reason, now)


@transaction
async def revoke(member_id: UUID, *, reason: ReasonCode, key: Key, actor: Actor, now: datetime) -> Given:
    """End what was granted to a member, at once. They hold what they earned, or paid for, from then on.

    Raises: NotFound, IdempotencyKeyReused, MemberNotActive, MemberMerged, TierNotGranted.
    """
    slip = Slip(member_id, actor, key, "tier.revoke", (reason,))
    standing, _, earlier = await _held(slip, now)
    if earlier:
        return Given(earlier["tier"], replayed=True)
    if TierSource.GRANTED not in standing.overlays:
        raise TierNotGranted
    left = {source: each for source, each in standing.overlays.items() if source is not TierSource.GRANTED}
    standing.step(TierCause.REVOKED, now, source=TierSource.GRANTED, reason=reason, overlays=left)
    return await _conclude(standing, slip, reason, now)


def check_grant(tier_code: str, until: datetime, *, terms: Terms, now: datetime) -> Rung:
    """The tier to be granted.

    Raises: NotFound, TierGrantInvalid.
    """
    rung = next((each for each in terms.ladder if each.code == tier_code), None)
    if rung is None:
        raise NotFound
    if rung.rank == 0:
        raise TierGrantInvalid("Everybody has the lowest tier.")
    if not now < until <= now + GRANT_MAX:
        raise TierGrantInvalid(f"A tier is granted until a moment to come, within {GRANT_MAX.days} days.")
    return rung


async def _held(slip: Slip, now: datetime) -> tuple[Standing, Terms, dict[str, str] | None]:
    """The held member's standing at this moment, and what the same request was answered before.

    Raises: NotFound, IdempotencyKeyReused, MemberNotActive, MemberMerged.
    """
    held = await members.hold(slip.owner_id)
    earlier = await slip.recall()
    if not earlier and (refused := members.inactivity(held.state, frozen_may=True)):
        raise refused
    terms = await programme.terms()
    standing = await read(slip.owner_id, terms)
    await advance(standing, terms, now)
    return standing, terms, earlier


async def _conclude(standing: Standing, slip: Slip, reason: ReasonCode, now: datetime) -> Given:
    """The last beat: the standing, the events, the audit, the answer."""
    await tell(standing.member_id, keep(standing, now), now)
    facts = {"tier": standing.tier.code}
    whose = standing.member_id
    await audit.note(slip.actor, slip.operation, member_id=whose, reason=reason, facts=facts, now=now)
    await slip.keep(facts, now)
    return Given(standing.tier.code)
