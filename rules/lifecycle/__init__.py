"""The life of a membership: recognised, enrolled, frozen, merged, left, erased. It touches every room below."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from models.members import IdentityKind, MemberState
from models.sql import SQL
from models.staff import StaffRole
from models.units import ReasonCode
from rules import audit, credentials, heirs, members, points, programme, referrals, tiers
from rules.actors import SYSTEM, Actor, ActorKind
from rules.jobs import enqueue, job
from rules.lifecycle._erasing import ErasureBlocked, drop_key, erase, unerasable
from rules.lifecycle._leaving import cancel_erasure, opt_out, rejoin, request_erasure
from rules.lifecycle._merging import MergeBlocked, Merged, MergeSelf, Outlook, merge, preview_merge
from rules.lifecycle._unmerging import UnmergeNotPossible, unmerge
from rules.members import Held, Identity, IdentityConflict, Profile
from rules.outbox import Event, tell
from rules.referrals import Came
from rules.refusals import NotFound
from rules.transactions import transaction

__all__ = [
    "ErasureBlocked",
    "MergeBlocked",
    "MergeSelf",
    "Merged",
    "Outlook",
    "UnmergeNotPossible",
    "cancel_erasure",
    "drop_key",
    "end_logins",
    "enroll",
    "enter",
    "erase",
    "freeze",
    "identify",
    "merge",
    "opt_out",
    "preview_merge",
    "rejoin",
    "request_erasure",
    "unerasable",
    "unfreeze",
    "unmerge",
]

FINDS_ONLY = {StaffRole.CASHIER, StaffRole.COMMUNITY_MANAGER, StaffRole.ANALYST}
"""Who recognises members but adds nothing to what is known of them."""


@transaction
async def identify(
    identities: Sequence[Identity], *, allow_create: bool, actor: Actor, now: datetime
) -> tuple[UUID, bool]:
    """The one member these identities mean, and whether they were created for it.

    Identities nobody has yet are attached to that member. Nobody is ever merged because of an identity. Where a
    stranger would be created, somebody who is known but has not enrolled becomes active.

    Raises: NotFound, IdentityConflict, IdentityUnverified.
    """
    found = await members.owners(identities)
    if len(found) > 1:
        raise IdentityConflict(tuple(found))
    if not found:
        if not allow_create or actor.role in FINDS_ONLY:
            raise NotFound
        return await _create(identities, MemberState.ACTIVE, actor, now), True
    [member_id] = found
    if actor.role not in FINDS_ONLY:
        held = await members.hold(member_id)
        if allow_create and held.state is MemberState.PENDING:
            await _join(member_id, actor, now)
        await _attach(member_id, identities, actor, now)
    return member_id, False


@transaction
async def enter(identities: Sequence[Identity], *, actor: Actor, now: datetime) -> tuple[UUID, bool]:
    """The member who logs in with these identities; a stranger becomes a PENDING member until they enrol.

    The first identity decides, where it is known. Of the others those are added that nobody has yet; one that is
    another member's is left for a merge, since it must not keep anybody from logging in. A phone finds nobody whom
    WeChat knows as somebody else: numbers change hands.

    Raises: IdentityUnverified.
    """
    whose = [await members.find(each) for each in identities]
    owned = [(each, owner) for each, owner in zip(identities, whose, strict=True) if owner]
    found, known = owned[0] if owned else (None, None)
    if found and known and found.kind is IdentityKind.PHONE and await members.is_another(known, identities):
        known = None
    if known is None:
        free = [each for each, owner in zip(identities, whose, strict=True) if owner is None]
        return await _create(free, MemberState.PENDING, actor, now), True
    await members.hold(known)
    free = [each for each, owner in zip(identities, whose, strict=True) if owner in (None, known)]
    await members.attach(known, free, now)
    return known, False


@transaction
async def enroll(
    member_id: UUID | None,
    identities: Sequence[Identity],
    profile: Profile,
    *,
    came: Came | None = None,
    actor: Actor,
    now: datetime,
) -> tuple[UUID, bool]:
    """Make somebody an active member, and say whether they had been one before. Doing it again changes nothing.

    A member enrols themselves by `member_id`; staff and services enrol whom the identities mean. Whoever brought a
    new member is found by how they `came`; what stands against that keeps nobody from enrolling.

    Raises: NotFound, IdentityConflict, IdentityUnverified, MemberFrozen, MemberMerged, MemberNotActive,
    ProfileInvalid.
    """
    terms = await programme.terms()
    told = members.check_profile(profile, today=terms.local_day(now))
    found = [member_id] if member_id else await members.owners(identities)
    if len(found) > 1:
        raise IdentityConflict(tuple(found))
    whose = found[0] if found else await _create(identities, MemberState.PENDING, actor, now)
    held = await members.hold(whose)
    if held.state is not MemberState.PENDING and (refused := members.inactivity(held.state)):
        raise refused
    await _attach(whose, identities, actor, now)
    if held.state is MemberState.ACTIVE:
        return whose, True
    if told != Profile():
        await members.keep_profile(whose, told)
    await _join(whose, actor, now)
    if came is not None:
        _, bound = await referrals.came_by(whose, came, now=now)
        await tell(whose, bound, now)
    return whose, False


async def _attach(member_id: UUID, identities: Sequence[Identity], actor: Actor, now: datetime) -> None:
    """A held member gets the identities nobody has yet."""
    if added := await members.attach(member_id, identities, now):
        await audit.note(actor, "member.attach", member_id=member_id, facts={"identities": added}, now=now)


STATE = SQL("UPDATE member SET state = $2 WHERE id = $1 RETURNING id")
JOIN = SQL(
    "UPDATE member SET state = 'ACTIVE', joined_at = CASE WHEN created_at > $2 THEN created_at ELSE $2 END"
    " WHERE id = $1 RETURNING id"
)


async def _join(member_id: UUID, actor: Actor, now: datetime) -> None:
    """A held PENDING member becomes active."""
    await JOIN.row(member_id, now)
    await tell(member_id, [Event("member.enrolled")], now)
    await audit.note(actor, "member.enroll", member_id=member_id, now=now)


@transaction
async def freeze(member_id: UUID, *, reason: ReasonCode, actor: Actor, now: datetime) -> MemberState:
    """Stop a member from spending. What they earn meanwhile waits as pending; expiry goes on.

    Raises: NotFound, MemberNotActive, MemberMerged.
    """
    held = await members.hold(member_id)
    if held.state is not MemberState.FROZEN:
        if refused := members.inactivity(held.state):
            raise refused
        await STATE.row(member_id, MemberState.FROZEN.value)
        await tell(member_id, [Event("member.frozen", {"reason": reason})], now)
        await audit.note(actor, "member.freeze", member_id=member_id, reason=reason, now=now)
    return MemberState.FROZEN


@transaction
async def unfreeze(member_id: UUID, *, reason: ReasonCode, actor: Actor, now: datetime) -> MemberState:
    """Let a frozen member act again, with all that waited for them.

    Raises: NotFound, MemberNotActive, MemberMerged, PointsLimit.
    """
    held = await members.hold(member_id)
    if held.state is MemberState.FROZEN:
        were = await members.absorbed(member_id)
        await STATE.row(member_id, MemberState.ACTIVE.value)
        for was in were:
            await enqueue(THAW, f"thaw:{was}:{now.isoformat()}", {"member_id": str(was)}, now=now)
        book = await points.open_book(member_id, now)
        points.thaw(book)
        moved = await points.post(book, actor)
        await tell(member_id, [Event("member.unfrozen", {"reason": reason}), *moved], now)
        await audit.note(actor, "member.unfreeze", member_id=member_id, reason=reason, now=now)
    elif refused := members.inactivity(held.state):
        raise refused
    return MemberState.ACTIVE


THAW = "members.thaw"


@job(THAW)
async def thaw_absorbed(facts: dict[str, Any], now: datetime) -> None:
    """Let what waits with a merged member wait for a thaw no longer. Again changes nothing."""
    await thaw_one(UUID(facts["member_id"]), now=now)


@transaction
async def thaw_one(member_id: UUID, *, now: datetime) -> None:
    """What a member has waits for a thaw no longer, unless who they are now is frozen again.

    Raises: NotFound, PointsLimit.
    """
    _, heir = await heirs.hold(member_id)
    if heir.state is not MemberState.FROZEN:
        book = await points.open_book(member_id, now)
        points.thaw(book)
        await tell(member_id, await points.post(book, SYSTEM), now)


@transaction
async def end_logins(member_id: UUID, *, reason: ReasonCode, actor: Actor, now: datetime) -> int:
    """Log a member out everywhere. How many logins were live.

    Raises: NotFound.
    """
    await members.hold(member_id)
    ended = await credentials.end_all(member_id, now)
    await audit.note(actor, "member.logout", member_id=member_id, reason=reason, facts={"logins": ended}, now=now)
    return ended


async def _create(identities: Sequence[Identity], state: MemberState, actor: Actor, now: datetime) -> UUID:
    """A new member with their accounts, on the lowest rung."""
    terms = await programme.terms()
    held: Held = await members.create(state, now)
    await members.attach(held.id, identities, now)
    await points.open_account(held.id)
    stepped = await tiers.open_account(held.id, terms, at=now)
    await tell(held.id, [Event("member.created", {"state": state.value}), *stepped], now)
    if actor.kind is not ActorKind.SYSTEM:
        await audit.note(actor, "member.create", member_id=held.id, now=now)
    return held.id
