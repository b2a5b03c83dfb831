"""Standings: where a member stands on the ladder by every source, and what time alone makes of it.

A standing is decided in memory, as a book of points is. Whoever only reads brings a copy up to the moment and
throws it away; `rules.tiers` writes what it came to.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from models.sql import SQL
from models.tiers import TierCause, TierSource
from models.units import Growth
from rules.calendar import last_day, local_midnight
from rules.programme import Terms
from rules.schemes import Basis, DowngradeMode, Gift, Rung, UpgradeTiming, WindowKind, gifts_of

BEGINNING = datetime(1, 1, 2, tzinfo=UTC)
END = datetime(9999, 12, 30, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Overlay:
    """A tier that is held until a moment whatever was earned: paid for, or granted."""

    tier: Rung
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a standing: what its source gave before and after, and the tier in effect before and after."""

    cause: TierCause
    source: TierSource
    at: datetime
    from_tier: Rung
    to_tier: Rung
    own_from: Rung | None
    own_to: Rung | None
    ended_at: datetime | None
    ends_at: datetime | None
    graced_until: datetime | None
    purchase_id: UUID | None = None
    reason: str | None = None
    gifts: tuple[Gift, ...] = ()


@dataclass(slots=True)
class Standing:
    """A member's growth value and tiers, and the steps taken since it was read."""

    member_id: UUID
    joined_at: datetime
    growth: Growth
    seq: int
    tier: Rung
    """The tier in effect: the highest of all sources."""
    tier_since: datetime
    earned: Rung
    earned_since: datetime
    expires_at: datetime | None = None
    """When the earned tier is reviewed; in its grace, when it was."""
    grace_until: datetime | None = None
    deferred: Rung | None = None
    deferred_at: datetime | None = None
    overlays: dict[TierSource, Overlay] = field(default_factory=dict)
    steps_before: int = 0
    """How many steps the history numbers."""
    kept: dict[str, Any] = field(default_factory=dict)
    """It as the account holds it."""
    steps: list[Step] = field(default_factory=list)

    @property
    def changes_at(self) -> datetime | None:
        """The first moment at which time alone changes anything; None when it never does."""
        moments = [self.grace_until or self.expires_at, self.deferred_at]
        moments += [each.until for each in self.overlays.values()]
        return min((each for each in moments if each is not None), default=None)

    @property
    def source(self) -> TierSource:
        """By what the tier in effect is held; what was earned comes first."""
        found = (source for source, each in self.overlays.items() if each.tier is self.tier)
        return TierSource.EARNED if self.earned is self.tier else next(found, TierSource.EARNED)

    def step(
        self,
        cause: TierCause,
        at: datetime,
        *,
        source: TierSource = TierSource.EARNED,
        purchase_id: UUID | None = None,
        reason: str | None = None,
        gifts: tuple[Gift, ...] = (),
        **changes: Any,
    ) -> Step:
        """Take a step: the named parts become these, and the tier in effect what follows from it."""
        before, (own, ended, graced) = self.tier, self._own(source)
        for name, value in changes.items():
            setattr(self, name, value)
        self.settle(at)
        after, ends, _ = self._own(source)
        ending = (ended, ends, graced)
        taken = Step(cause, source, at, before, self.tier, own, after, *ending, purchase_id, reason, gifts)
        self.steps.append(taken)
        return taken

    def _own(self, source: TierSource) -> tuple[Rung | None, datetime | None, datetime | None]:
        if source is TierSource.EARNED:
            return self.earned, self.expires_at, self.grace_until
        overlay = self.overlays.get(source)
        return (overlay.tier, overlay.until, None) if overlay else (None, None, None)

    def settle(self, at: datetime) -> None:
        """Have the highest of all sources in effect."""
        highest = max([self.earned, *(each.tier for each in self.overlays.values())], key=lambda rung: rung.rank)
        if highest is not self.tier:
            self.tier, self.tier_since = highest, at


OVERLAYS = {TierSource.PAID: "paid", TierSource.GRANTED: "granted"}
TIMED = (
    "changes_at",
    "earned_tier_id",
    "earned_since",
    "tier_expires_at",
    "grace_until",
    "deferred_tier_id",
    "deferred_at",
    "paid_tier_id",
    "paid_since",
    "paid_until",
    "granted_tier_id",
    "granted_since",
    "granted_until",
)
"""What the account keeps of a tier that time may change."""

COLUMNS = ", g.tier_steps" + "".join(f", g.{name}" for name in TIMED if name != "changes_at")
"""What a statement with the account as `g` reads, beside its growth and tier, for `of_row`."""

STANDING = SQL(
    "SELECT m.joined_at, g.growth, g.seq AS growth_seq, g.tier_id, g.tier_since"  # noqa: S608  a constant
    f"{COLUMNS} FROM growth_account g JOIN member m ON m.id = g.member_id WHERE g.member_id = $1"
)


def of_row(member_id: UUID, row: Mapping[str, Any], terms: Terms) -> Standing:
    """The standing that an account holds."""
    tier, since = terms.rung(row["tier_id"]), row["tier_since"]
    deferred = row["deferred_tier_id"]
    found = Standing(
        member_id=member_id,
        joined_at=row["joined_at"] or since,
        growth=row["growth"],
        seq=row["growth_seq"],
        tier=tier,
        tier_since=since,
        earned=terms.rung(row["earned_tier_id"]) if row["earned_tier_id"] else tier,
        earned_since=row["earned_since"] or since,
        expires_at=row["tier_expires_at"],
        grace_until=row["grace_until"],
        deferred=deferred and terms.rung(deferred),
        deferred_at=row["deferred_at"],
        steps_before=row["tier_steps"] or 0,
        overlays={
            source: Overlay(terms.rung(row[f"{name}_tier_id"]), row[f"{name}_since"], row[f"{name}_until"])
            for source, name in OVERLAYS.items()
            if row[f"{name}_tier_id"]
        },
    )
    found.kept = stored(found)
    return found


def stored(standing: Standing) -> dict[str, Any]:
    """The standing as the account holds it; nothing but the tier of somebody whose tier no time can change."""
    told: dict[str, Any] = {
        "growth": standing.growth,
        "seq": standing.seq,
        "tier_id": standing.tier.id,
        "tier_since": standing.tier_since,
        "tier_steps": standing.steps_before or None,
    }
    changes_at = standing.changes_at
    if changes_at is None:
        return told | dict.fromkeys(TIMED)
    told |= {
        "changes_at": changes_at,
        "earned_tier_id": standing.earned.id,
        "earned_since": standing.earned_since,
        "tier_expires_at": standing.expires_at,
        "grace_until": standing.grace_until,
        "deferred_tier_id": standing.deferred and standing.deferred.id,
        "deferred_at": standing.deferred_at,
    }
    for source, name in OVERLAYS.items():
        overlay = standing.overlays.get(source)
        told |= {
            f"{name}_tier_id": overlay and overlay.tier.id,
            f"{name}_since": overlay and overlay.since,
            f"{name}_until": overlay and overlay.until,
        }
    return told


async def read(member_id: UUID, terms: Terms) -> Standing:
    """Where a member stands, as it was last written."""
    row = await STANDING.row(member_id)
    if row is None:
        raise AssertionError("A member without a growth account.")
    return of_row(member_id, row, terms)


async def reckoned(member_id: UUID, terms: Terms, now: datetime) -> Standing:
    """Where a member stands at this moment, whatever has been written down of it; for whoever only reads."""
    standing = await read(member_id, terms)
    await advance(standing, terms, now)
    return standing


ALL = SQL(
    "SELECT g.member_id, m.joined_at, g.growth, g.seq AS growth_seq, g.tier_id, g.tier_since"  # noqa: S608
    f"{COLUMNS} FROM growth_account g JOIN member m ON m.id = g.member_id WHERE g.member_id = ANY($1::uuid[])",
    fans_out="a page of members shows what is to come of each one's tier",
)


async def reckoned_all(member_ids: Sequence[UUID], terms: Terms, now: datetime) -> dict[UUID, Standing]:
    """The same for a page of members."""
    found = {row["member_id"]: of_row(row["member_id"], row, terms) for row in await ALL.rows(list(member_ids))}
    for standing in found.values():
        await advance(standing, terms, now)
    return found


_SPENT = (
    "COALESCE(SUM(goods_minor - by_points_minor - CASE WHEN refunded_minor = 0 THEN 0"
    " WHEN refunded_minor = goods_minor THEN goods_minor - by_points_minor ELSE {share} END), 0)::bigint"
)


def of_spending(text: str, fans_out: str | None = None) -> SQL:
    """A statement that adds up what was spent as `{spent}`, by numbers in which no large order is too large."""
    share = _SPENT.format(share="(goods_minor - by_points_minor) * refunded_minor / goods_minor")
    exact = _SPENT.format(share="DIV((goods_minor - by_points_minor)::numeric * refunded_minor, goods_minor)")
    return SQL(text.format(spent=exact), sqlite=text.format(spent=share), fans_out=fans_out)


THEIRS = "orders stay with whoever a member was before a merge, and count for who they are now"
MEASURES = {
    Basis.GROWTH: SQL(
        "SELECT COALESCE(SUM(delta), 0)::bigint AS n FROM growth_entry"
        " WHERE member_id = $1 AND effective_at >= $2 AND effective_at < $3"
    ),
    Basis.SPEND: of_spending(
        "SELECT {spent} AS n FROM purchase WHERE member_id = ANY($1::uuid[]) AND paid_at >= $2 AND paid_at < $3",
        fans_out=THEIRS,
    ),
    Basis.ORDERS: SQL(
        "SELECT COUNT(*) AS n FROM purchase WHERE member_id = ANY($1::uuid[]) AND paid_at >= $2 AND paid_at < $3"
        " AND state <> 'REFUNDED'",
        fans_out=THEIRS,
    ),
}
"""What counts, from one moment until before another. What is refunded of a purchase never counted for it."""


ABSORBED = SQL(
    "SELECT id, merged_into_id FROM member WHERE merged_into_id = ANY($1::uuid[])",
    fans_out=THEIRS,
)


async def those_they_were(member_ids: Sequence[UUID]) -> dict[UUID, UUID]:
    """Whom each of these members was before merges, and each themselves: who they are now."""
    found = {member_id: member_id for member_id in member_ids}
    last = list(found)
    while last:
        rows = await ABSORBED.rows(last)
        found |= {row["id"]: found[row["merged_into_id"]] for row in rows}
        last = [row["id"] for row in rows]
    return found


async def measure(
    standing: Standing, terms: Terms, *, last: date, before: datetime = END, to_keep: bool = False
) -> Growth:
    """What counts for a member's tier at the end of a day, by all that is known; never below nought.

    A grace keeps the period open that it follows, where it is the calendar's or the member's own: what comes in the
    grace counts to keep the tier that is at stake.
    """
    scheme = terms.scheme
    if scheme.counts_all_growth:
        return standing.growth
    if to_keep and standing.grace_until and standing.expires_at and scheme.window.kind is not WindowKind.ROLLING:
        last = min(last, last_day(standing.expires_at, terms.timezone))
    first = scheme.window.first_day(last, terms.local_day(standing.joined_at))
    since = BEGINNING if first is None else local_midnight(first, terms.timezone)
    member_id = standing.member_id
    whose = member_id if scheme.basis is Basis.GROWTH else list(await those_they_were([member_id]))
    return Growth(max(0, await MEASURES[scheme.basis].value(whose, since, before)))


async def advance(standing: Standing, terms: Terms, now: datetime) -> None:
    """Take every step that time alone has made due by then, in the order in which they fell due."""
    while (due := standing.changes_at) is not None and due <= now:
        for source, each in list(standing.overlays.items()):
            if each.until <= due:
                _end(standing, source, each)
        if (review := standing.grace_until or standing.expires_at) and review <= due:
            await _review(standing, terms, review)
        if standing.deferred and standing.deferred_at and standing.deferred_at <= due:
            _begin(standing, terms, standing.deferred, standing.deferred_at)


def _end(standing: Standing, source: TierSource, overlay: Overlay) -> None:
    """What was paid for, or granted, is over."""
    left = {name: each for name, each in standing.overlays.items() if name is not source}
    cause = TierCause.PAID_EXPIRED if source is TierSource.PAID else TierCause.GRANT_EXPIRED
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
