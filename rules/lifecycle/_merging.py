"""Merging: two members turn out to be one person. One of them has everything from then on, the other nothing."""

from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from models.lives import MemberMerge
from models.members import MemberState
from models.sql import SQL
from models.units import Growth, Points, ReasonCode, new_id
from models.writing import add
from rules import audit, credentials, heirs, members, points, programme, referrals, tiers
from rules.actors import Actor
from rules.idempotency import Key, Slip
from rules.lifecycle._erasing import CODES_GONE
from rules.members import Profile
from rules.outbox import Event, tell
from rules.points import Balances, Book, Handed
from rules.programme import Terms
from rules.proofs import check_proof
from rules.refusals import MemberMerged, MemberNotActive, Refusal
from rules.schemes import Rung
from rules.standings import Standing
from rules.transactions import transaction

MERGEABLE = {MemberState.PENDING, MemberState.ACTIVE, MemberState.FROZEN}


@dataclass(eq=False)
class MergeSelf(Refusal):
    """A member cannot be merged into themselves."""

    zh = "不能将会员与其自身合并。"
    field = ("intoId",)


@dataclass(eq=False)
class MergeBlocked(Refusal):
    """These two cannot be merged as they are now."""

    zh = "当前无法合并这两位会员。"
    retryable = True
    reason: str
    """HELD_POINTS: points are held for a checkout that is not over. FROZEN: only one of the two is frozen."""
    held: Points


@dataclass(frozen=True, slots=True)
class Merged:
    """What a merge came to."""

    merge_id: UUID
    member_id: UUID
    into_id: UUID
    replayed: bool = False

    @property
    def response(self) -> dict[str, str]:
        """The answer as it is stored."""
        return {name: str(getattr(self, name)) for name in ("merge_id", "member_id", "into_id")}

    @classmethod
    def replay(cls, response: dict[str, str]) -> "Merged":
        """The stored answer of an earlier, identical request."""
        return cls(**{name: UUID(value) for name, value in response.items()}, replayed=True)


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a merge would come to: what stands against it, and what the other would have after it."""

    objections: list[Refusal]
    balances: Balances
    growth: Growth
    tier: Rung
    are_two: bool
    """Whether WeChat knows the two as two people."""


@dataclass(slots=True)
class Side:
    """One of the two, and what they have."""

    id: UUID
    state: MemberState
    book: Book
    standing: Standing
    heir: UUID | None = None
    """Who they are now, if they were merged before."""

    @property
    def figures(self) -> Balances:
        """What they have in points."""
        return self.book.balances


def objections(source: Side, target: Side) -> list[Refusal]:
    """Everything that stands against a merge, the first to be told first; empty when it may go ahead."""
    found: list[Refusal] = []
    for side, may in ((source, MERGEABLE), (target, MERGEABLE - {MemberState.PENDING})):
        if side.heir is not None:
            found.append(MemberMerged(side.heir))
        elif side.state not in may:
            found.append(MemberNotActive(side.state.value))
    if source.state is MemberState.FROZEN and target.state is not MemberState.FROZEN:
        # a merge must not be a way to thaw what was frozen
        found.append(MergeBlocked("FROZEN", Points(0)))
    if held := source.figures.held:
        found.append(MergeBlocked("HELD_POINTS", Points(held)))
    return found


STATE_OF = SQL("SELECT state FROM member WHERE id = $1")


async def preview_merge(member_id: UUID, into_id: UUID, *, now: datetime) -> Outlook:
    """Try a merge without doing it, and tell all that stands against it.

    Raises: NotFound, MergeSelf.
    """
    if member_id == into_id:
        raise MergeSelf
    terms = await programme.terms()
    states = [await STATE_OF.value(await members.existing(each)) for each in (member_id, into_id)]
    books = await points.open_books([member_id, into_id], now)
    source, target = [
        await _side(MemberState(state), book, terms, now) for state, book in zip(states, books, strict=True)
    ]
    found = objections(source, target)
    try:
        points.hand_over(source.book, target.book, "", group=new_id(), traces=await points.trace(source.book))
    except Refusal as refused:
        found.append(refused)
    growth = Growth(source.standing.growth + target.standing.growth)
    return Outlook(
        found,
        target.figures,
        growth,
        await tiers.both(source.standing, target.standing, terms, now),
        await heirs.are_two(member_id, into_id),
    )


@transaction
async def merge(
    member_id: UUID, into_id: UUID, *, reason: ReasonCode, key: Key, actor: Actor, now: datetime
) -> Merged:
    """Make a member another one, who has from then on what both had: points, growth, the higher tier, all names.

    Points keep their expiry and whether they wait; what either owes is repaid. The member's own logins end.

    Raises: NotFound, IdempotencyKeyReused, MergeSelf, ProofRequired, MemberMerged, MemberNotActive, MergeBlocked,
    PointsLimit, GrowthLimit.
    """
    if member_id == into_id:
        raise MergeSelf
    held = await heirs.hold_both(member_id, into_id)
    slip = Slip(member_id, actor, key, "member.merge", (into_id, reason))
    if earlier := await slip.recall():
        return Merged.replay(earlier)
    check_proof(actor, now)
    terms = await programme.terms()
    source, target = [await _side(each.state, await points.open_book(each.id, now), terms, now) for each in held]
    for refusal in objections(source, target):
        raise refusal
    merged = Merged(new_id(), member_id, into_id)
    await _move(merged, source, target, terms=terms, reason=reason, actor=actor, now=now)
    await slip.keep(merged.response, now)
    return merged


async def _side(state: MemberState, book: Book, terms: Terms, now: datetime) -> Side:
    heir = await heirs.heir_of(book.member_id) if state is MemberState.MERGED else None
    return Side(book.member_id, state, book, await tiers.standing(book.member_id, terms, now), heir)


@dataclass(frozen=True, slots=True)
class Before:
    """How things were before a merge, as far as it takes to undo it."""

    state: MemberState
    growth: Growth
    stood: list[dict[str, Any]]
    names: dict[UUID, UUID]
    filled: list[str]


BECOME = SQL("UPDATE member SET state = 'MERGED', merged_into_id = $2 WHERE id = $1 RETURNING id")
ABSORB = SQL("UPDATE member SET has_absorbed = TRUE WHERE id = $1")


async def _move(
    merged: Merged,
    source: Side,
    target: Side,
    *,
    terms: Terms,
    reason: ReasonCode,
    actor: Actor,
    now: datetime,
) -> None:
    """Everything goes over, and both are told."""
    cause, traces = f"merge:{merged.merge_id}", await points.trace(source.book)
    stood, growth = [tiers.plain(side.standing) for side in (target, source)], source.standing.growth
    handed = points.hand_over(source.book, target.book, cause, group=merged.merge_id, traces=traces, reason=reason)
    # what was bought counts for who it was that bought it, so that must be known before
    await BECOME.row(source.id, target.id)
    await ABSORB.run(target.id)
    grown = await tiers.hand_over(source.standing, target.standing, cause=cause, terms=terms, now=now)
    moved = [await points.post(side.book, actor) for side in (source, target)]
    brought = await referrals.become_one(source.id, target.id, now)
    filled = await _fill(source.id, target.id)
    names = await heirs.hand_names_over(source.id, target.id)
    await credentials.end_all(source.id, now)
    await CODES_GONE.run(source.id)
    before = Before(source.state, growth, stood, names, filled)
    _keep(merged, before, handed, now)
    told = {"merge": str(merged.merge_id)}
    became = Event("member.merged", {**told, "into": str(target.id)})
    came = Event("member.absorbed", {**told, "from": str(source.id)})
    await tell(source.id, [became, *moved[0], *grown[0], *brought[0]], now)
    await tell(target.id, [came, *moved[1], *grown[1], *brought[1]], now)
    await audit.note(
        actor, "member.merge", member_id=source.id, reason=reason, facts={**told, "into": str(target.id)}, now=now
    )
    await audit.note(
        actor, "member.absorb", member_id=target.id, reason=reason, facts={**told, "from": str(source.id)}, now=now
    )


def _keep(
    merged: Merged,
    before: Before,
    handed: Handed | None,
    now: datetime,
) -> None:
    """Write down all that is needed to undo it."""
    row = {
        "id": merged.merge_id,
        "member_id": merged.member_id,
        "into_id": merged.into_id,
        "merged_at": now,
        "state": before.state,
        "growth": before.growth,
        "stood": before.stood,
        "out_id": handed and handed.out.id,
        "in_id": handed and handed.into.id,
        "identities": {str(fresh): str(was) for fresh, was in before.names.items()},
        "filled": before.filled,
    }
    add(MemberMerge, [row])


async def _fill(source: UUID, target: UUID) -> list[str]:
    """What the other never told of themselves they get from who they were, and which parts those are."""
    theirs, own = [await members.profile_of(each) for each in (source, target)]
    parts = [each.name for each in fields(Profile) if own.birthday is None or each.name != "birthday_told_on"]
    filled = [part for part in parts if getattr(own, part) is None and getattr(theirs, part) is not None]
    if filled:
        await members.keep_profile(target, replace(own, **{part: getattr(theirs, part) for part in filled}))
    return filled
