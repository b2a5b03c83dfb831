"""Merging: growth and tiers of one member go over to another who is the same person, and may come back.

Growth goes over day by day, so that it counts in the window in which it was earned.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from models.sql import SQL
from models.tiers import GrowthEntry, TierCause, TierSource
from models.units import BALANCE_MAX, Growth
from models.writing import add
from rules.outbox import Event
from rules.programme import Terms
from rules.schemes import Rung
from rules.standings import Overlay, Paid, Standing, advance, best, measure, of_row, rise, stored
from rules.tiers._keeping import GrowthLimit, keep
from rules.tiers._qualifying import requalify

EARNED = SQL(
    "SELECT effective_at, SUM(delta)::bigint AS delta FROM growth_entry WHERE member_id = $1"
    " GROUP BY effective_at ORDER BY effective_at"
)
HANDED = SQL(
    "SELECT effective_at, delta FROM growth_entry WHERE member_id = $1 AND substr(cause, 1, $3) = $2 ORDER BY seq"
)
Days = list[tuple[datetime, int]]


async def hand_over(
    giver: Standing, taker: Standing, *, cause: str, terms: Terms, now: datetime
) -> tuple[list[Event], list[Event]]:
    """All growth and every tier of a held member go over to another, who gets the best of both of each source.

    What both have earned together may win them a higher tier still.

    Raises: GrowthLimit.
    """
    days = await _days(giver.member_id, terms)
    events = _shift(giver, [(at, -delta) for at, delta in days], cause, now), _shift(taker, days, cause, now)
    _take_best(giver, taker, now)
    await advance(taker, terms, now)
    await requalify(taker, terms, at=now, now=now)
    _empty(giver, terms, now)
    return [*events[0], *keep(giver, now)], [*events[1], *keep(taker, now)]


async def hand_back(
    giver: Standing,
    taker: Standing,
    was: tuple[Mapping[str, Any], Mapping[str, Any]],
    paid: tuple[Sequence[Paid], Sequence[Paid]],
    *,
    merged: str,
    cause: str,
    terms: Terms,
    now: datetime,
) -> tuple[list[Event], list[Event]]:
    """What went over goes back, and both stand where they did, or where time and their own growth put them since.

    `was` says where both stood before, the giver first, and `paid` what either has paid for themselves.

    Raises: GrowthLimit.
    """
    rows = await HANDED.rows(giver.member_id, f"{merged}:", len(merged) + 1)
    days = [(row["effective_at"], row["delta"]) for row in rows]
    events = _shift(giver, [(at, -delta) for at, delta in days], cause, now), _shift(taker, days, cause, now)
    stood = [_read(standing, told, terms) for standing, told in zip((giver, taker), was, strict=True)]
    brought = stood[1].overlays.get(TierSource.GRANTED)
    for standing, before, theirs in zip((giver, taker), stood, paid, strict=True):
        runs = best(theirs, terms, now, before.overlays.get(TierSource.PAID))
        _restore(standing, before, brought, runs, now)
        await advance(standing, terms, now)
        await requalify(standing, terms, at=now, now=now)
    return [*events[0], *keep(giver, now)], [*events[1], *keep(taker, now)]


def plain(standing: Standing) -> dict[str, Any]:
    """Where somebody stands, as JSON keeps it."""
    told = {**stored(standing), "joined_at": standing.joined_at, "growth_seq": standing.seq}
    told = {name: value for name, value in told.items() if value is not None}
    return {name: value if isinstance(value, int) else _text(value) for name, value in told.items()}


def _text(value: UUID | datetime) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _read(standing: Standing, told: Mapping[str, Any], terms: Terms) -> Standing:
    """Where somebody stood, of what JSON kept."""
    row: dict[str, Any] = dict.fromkeys((*stored(standing), "joined_at"))
    for name, value in told.items():
        if name.endswith("_id"):
            row[name] = UUID(value)
        else:
            row[name] = value if isinstance(value, int) else datetime.fromisoformat(value)
    return of_row(standing.member_id, row, terms)


async def _days(member_id: UUID, terms: Terms) -> Days:
    """What a member's growth came to on each day, with the last moment of it."""
    found: dict[Any, tuple[datetime, int]] = {}
    for row in await EARNED.rows(member_id):
        day = terms.local_day(row["effective_at"])
        found[day] = (row["effective_at"], found.get(day, (None, 0))[1] + row["delta"])
    return [(at, delta) for at, delta in found.values() if delta]


def _shift(standing: Standing, days: Days, cause: str, now: datetime) -> list[Event]:
    """One side of growth that goes from one member to another, what is added first.

    Raises: GrowthLimit.
    """
    moved = sum(delta for _, delta in days)
    if standing.growth + moved > BALANCE_MAX:
        raise GrowthLimit(Growth(BALANCE_MAX))
    rows = []
    for place, (at, delta) in sorted(enumerate(days), key=lambda each: -each[1][1]):
        standing.growth, standing.seq = Growth(standing.growth + delta), standing.seq + 1
        row = {"member_id": standing.member_id, "seq": standing.seq, "delta": delta}
        row |= {"growth_after": standing.growth, "cause": f"{cause}:{place}", "purchase_id": None}
        rows.append({**row, "effective_at": at, "created_at": now})
    add(GrowthEntry, rows)
    return [Event("growth.moved", {"delta": moved, "growth": standing.growth})] if moved else []


def _take_best(giver: Standing, taker: Standing, now: datetime) -> None:
    """Of each source the higher tier, and of two alike the longer one."""
    theirs, mine = giver.earned, taker.earned
    if theirs.rank > mine.rank:
        _step(
            taker, TierCause.MERGED, theirs, giver.earned_since, ends=(giver.expires_at, giver.grace_until), now=now
        )
    elif theirs is mine:
        expires = _later(giver.expires_at, taker.expires_at)
        grace = _later(giver.grace_until, taker.grace_until)
        if (expires, grace) != (taker.expires_at, taker.grace_until):
            _step(taker, TierCause.MERGED, mine, taker.earned_since, ends=(expires, grace), now=now)
    for source, given in giver.overlays.items():
        own = taker.overlays.get(source)
        if own is None or (given.tier.rank, given.until) > (own.tier.rank, own.until):
            taker.step(TierCause.MERGED, now, source=source, overlays={**taker.overlays, source: given})


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    """The later of two ends; none is later than any."""
    return None if one is None or other is None else max(one, other)


def _step(
    standing: Standing,
    cause: TierCause,
    earned: Rung,
    since: datetime,
    *,
    ends: tuple[datetime | None, datetime | None],
    now: datetime,
) -> None:
    """What is earned from now on is this, until its review or the end of its grace."""
    expires, grace = ends
    standing.step(cause, now, earned=earned, earned_since=since, expires_at=expires, grace_until=grace)


def _empty(standing: Standing, terms: Terms, now: datetime) -> None:
    """Who was merged holds the lowest tier, for good."""
    lowest = terms.ladder[0]
    standing.deferred = standing.deferred_at = None
    if standing.earned is not lowest or standing.expires_at or standing.grace_until:
        _step(standing, TierCause.MERGED, lowest, now, ends=(None, None), now=now)
    for source in list(standing.overlays):
        left = {name: each for name, each in standing.overlays.items() if name is not source}
        standing.step(TierCause.MERGED, now, source=source, overlays=left)


def _restore(
    standing: Standing, before: Standing, brought: Overlay | None, runs: Overlay | None, now: datetime
) -> None:
    """Somebody stands where they did, but for what was granted since, and holds what runs of what they paid for."""
    standing.deferred, standing.deferred_at = before.deferred, before.deferred_at
    ends = (before.earned, before.expires_at, before.grace_until)
    if (standing.earned, standing.expires_at, standing.grace_until) != ends:
        _step(standing, TierCause.UNMERGED, before.earned, before.earned_since, ends=ends[1:], now=now)
    own = standing.overlays.get(TierSource.GRANTED)
    granted = before.overlays.get(TierSource.GRANTED) if own is None or own == brought else own
    for source, overlay in ((TierSource.PAID, runs), (TierSource.GRANTED, granted)):
        if overlay != standing.overlays.get(source):
            kept = {name: each for name, each in standing.overlays.items() if name is not source}
            left = kept | ({source: overlay} if overlay else {})
            standing.step(TierCause.UNMERGED, now, source=source, overlays=left)
    if standing.tier is before.tier:
        standing.tier_since = before.tier_since


async def both(one: Standing, other: Standing, terms: Terms, now: datetime) -> Rung:
    """The tier somebody would hold who had what two members have; nothing is written of it."""
    _take_best(one, other, now)
    windowed = [await measure(each, terms, last=terms.local_day(now)) for each in (one, other)]
    rise(other, terms, Growth(sum(windowed)), at=now, now=now, purchase_id=None)
    return other.tier
