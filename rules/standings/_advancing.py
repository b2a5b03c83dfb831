"""Advancing: what time does to a standing, in the order in which it falls due, and what is reached lifts it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from models.tiers import TierCause, TierSource
from models.units import Growth
from rules.calendar import last_day, local_midnight
from rules.programme import Terms
from rules.schemes import DowngradeMode, Rung, UpgradeTiming, gifts_of
from rules.standings._measuring import measure
from rules.standings._paying import best, bring_paid
from rules.standings._standing import Overlay, Standing


async def advance(standing: Standing, terms: Terms, now: datetime) -> None:
    """Take every step that time alone has made due by then, in the order in which they fell due."""
    while (due := standing.changes_at) is not None and due <= now:
        for source, each in list(standing.overlays.items()):
            if each.until <= due:
                await _end(standing, terms, source, each)
        if (review := standing.grace_until or standing.expires_at) and review <= due:
            await _review(standing, terms, review)
        if standing.deferred and standing.deferred_at and standing.deferred_at <= due:
            _begin(standing, terms, standing.deferred, standing.deferred_at)


async def _end(standing: Standing, terms: Terms, source: TierSource, overlay: Overlay) -> None:
    """What was granted is over, or paid for: then the best takes its place that still is."""
    left = {name: each for name, each in standing.overlays.items() if name is not source}
    cause = TierCause.GRANT_EXPIRED
    if source is TierSource.PAID:
        cause = TierCause.PAID_EXPIRED
        await bring_paid([standing], overlay.until)
        if follows := best(standing.paid or (), terms, overlay.until):
            left[source] = follows
    standing.step(cause, overlay.until, source=source, overlays=left)


async def _review(standing: Standing, terms: Terms, at: datetime) -> None:
    """A tier's validity, or its grace, is over: it is retained, given a grace, or lost."""
    scheme, held, expired = terms.scheme, standing.earned, standing.expires_at or at
    if not scheme.is_losable(held):
        standing.step(TierCause.RETAINED, at, expires_at=None, grace_until=None)
        return
    reached = await measure(standing, terms, last=last_day(at, terms.timezone), before=at, to_keep=True)
    if reached >= held.keeps_from:
        cause = TierCause.GRACE_RECOVERED if standing.grace_until else TierCause.RETAINED
        renewed = scheme.renewed(held, expired, terms.timezone)
        standing.step(cause, at, expires_at=renewed, grace_until=None)
    elif standing.grace_until is None and scheme.grace_days:
        standing.step(TierCause.GRACE_ENTERED, at, grace_until=scheme.grace_end(expired, terms.timezone))
    else:
        _lose(standing, terms, reached, at)


def _lose(standing: Standing, terms: Terms, reached: Growth, at: datetime) -> None:
    below = terms.ladder[standing.earned.rank - 1]
    if terms.scheme.downgrade_mode is DowngradeMode.REASSESS:
        below = min(below, terms.rung_for(reached), key=lambda rung: rung.rank)
    expires = terms.scheme.expiry(below, last_day(at, terms.timezone), terms.timezone)
    standing.step(TierCause.DOWNGRADED, at, earned=below, earned_since=at, expires_at=expires, grace_until=None)


def _begin(standing: Standing, terms: Terms, reached: Rung, at: datetime) -> None:
    """A tier that was reached in the last period begins with this one."""
    standing.deferred = standing.deferred_at = None
    if reached.rank > standing.earned.rank:
        expires = terms.scheme.expiry(reached, last_day(at, terms.timezone), terms.timezone)
        _lift(standing, terms, reached, expires, at=at)


def recover(standing: Standing, terms: Terms, reached: Growth, at: datetime) -> None:
    """A tier in its grace is retained after all, if that is now enough; its next review counts from the last."""
    if standing.grace_until and standing.expires_at and reached >= standing.earned.keeps_from:
        renewed = terms.scheme.renewed(standing.earned, standing.expires_at, terms.timezone)
        standing.step(TierCause.GRACE_RECOVERED, at, expires_at=renewed, grace_until=None)


def rise(
    standing: Standing, terms: Terms, reached: Growth, *, at: datetime, now: datetime, purchase_id: UUID | None
) -> None:
    """Somebody who has reached so much gets the tier for it, at once or with the next period; nobody loses one."""
    target, today = terms.rung_for(reached), terms.local_day(now)
    standing.deferred = standing.deferred_at = None
    if target.rank <= standing.earned.rank:
        return
    if terms.scheme.upgrade_timing is UpgradeTiming.NEXT_PERIOD:
        begins = terms.scheme.window.next_period(today, terms.local_day(standing.joined_at))
        standing.deferred, standing.deferred_at = target, local_midnight(begins, terms.timezone)
        return
    expires = terms.scheme.expiry(target, terms.local_day(at), terms.timezone)
    if expires is not None and expires <= now:
        # a report that comes after the validity would be over gives it from today
        expires = terms.scheme.expiry(target, today, terms.timezone)
    _lift(standing, terms, target, expires, at=at, by=purchase_id)


def _lift(
    standing: Standing, terms: Terms, tier: Rung, expires: datetime | None, *, at: datetime, by: UUID | None = None
) -> None:
    """A higher tier is held from that moment on, with what each level gives that is crossed on the way."""
    day, joined = terms.local_day(at), terms.local_day(standing.joined_at)
    gifts = gifts_of(terms.scheme, terms.ladder, standing.earned, tier, day=day, joined=joined)
    parts: dict[str, Any] = {"earned": tier, "earned_since": at, "expires_at": expires, "grace_until": None}
    standing.step(TierCause.UPGRADED, at, purchase_id=by, gifts=gifts, **parts)
