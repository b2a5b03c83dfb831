"""Unmerging: two members are two people after all, and have again what each of them had."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from models.lives import MemberMerge
from models.members import MemberState
from models.points import PointsKind
from models.sql import SQL
from models.units import ReasonCode, new_id
from models.writing import change
from rules import audit, credentials, heirs, members, memberships, points, programme, referrals, tiers
from rules.actors import Actor
from rules.idempotency import Key, Slip
from rules.lifecycle._merging import Merged
from rules.outbox import Event, tell
from rules.proofs import check_proof
from rules.refusals import Refusal
from rules.transactions import transaction

UNMERGE_WITHIN = timedelta(days=30)
"""How long a merge can be undone."""

HARMLESS = [
    PointsKind.EARN.value,
    PointsKind.BONUS.value,
    PointsKind.ADJUST_IN.value,
    PointsKind.GRANT.value,
    PointsKind.REFERRAL.value,
    PointsKind.ACTIVATE.value,
    PointsKind.EXPIRE.value,
    PointsKind.HOLD.value,
    PointsKind.RELEASE.value,
    PointsKind.TRANSFER_IN.value,
]
"""What may have happened to the points since, and it can still be told whose they are."""


@dataclass(eq=False)
class UnmergeNotPossible(Refusal):
    """This merge cannot be undone, or cannot be undone any more."""

    zh = "该合并无法撤销，或已超出可撤销的条件。"
    reason: str
    """NOT_MERGED; TOO_LATE: after 30 days; MOVED_ON: the other was merged, has left or was erased; SPENT: points
    were used since; ORDERS: an order of the merged member moved something since, or a membership of either
    was refunded; DEBT: what was owed was repaid."""


STANDS = SQL(
    "SELECT id, into_id, merged_at, state, stood, in_id, identities, filled FROM member_merge"
    " WHERE member_id = $1 AND undone_at IS NULL"
)
SPENT = SQL(
    "SELECT id FROM points_transaction WHERE member_id = $1 AND id > $2 AND id <> $3 AND kind <> ALL($4::text[])"
    " LIMIT 1"
)
PASSED = SQL(
    "SELECT id FROM growth_entry WHERE member_id = $1 AND created_at >= $2 AND cause LIKE 'pass:%' LIMIT 1"
)
NETTED = SQL(
    "SELECT id FROM referral_reward WHERE member_id = ANY($1::uuid[]) AND created_at >= $2"
    " AND outcome = 'NETTED' LIMIT 1",
    fans_out="what a person owes of rewards is theirs, whichever member they were",
)
REFUNDED = SQL(
    "SELECT id FROM membership WHERE member_id = ANY($1::uuid[]) AND refunded_at >= $2 LIMIT 1",
    fans_out="what a person has paid for is theirs, whichever member they were",
)
AGAIN = SQL("UPDATE member SET state = $2, merged_into_id = NULL WHERE id = $1 RETURNING id")


@transaction
async def unmerge(member_id: UUID, *, reason: ReasonCode, key: Key, actor: Actor, now: datetime) -> Merged:
    """Undo a merge of the last 30 days: points, growth, tier and names are again with whom they were.

    It can be done as long as the other has not used points since, and no order of the merged member has moved any.

    Raises: NotFound, IdempotencyKeyReused, ProofRequired, UnmergeNotPossible, PointsLimit, GrowthLimit.
    """
    row = await STANDS.row(await members.existing(member_id))
    held, other = await heirs.hold_both(member_id, row["into_id"] if row else member_id)
    slip = Slip(member_id, actor, key, "member.unmerge", (reason,))
    if earlier := await slip.recall():
        return Merged.replay(earlier)
    check_proof(actor, now)
    row = await STANDS.row(member_id)
    if row is None or row["into_id"] != other.id or held.state is not MemberState.MERGED:
        raise UnmergeNotPossible("NOT_MERGED")
    await _check(row, member_id, other.state, now)
    merged = Merged(row["id"], member_id, other.id)
    await _move_back(merged, row, reason, actor, now)
    await slip.keep(merged.response, now)
    return merged


async def _check(row: Mapping[str, Any], member_id: UUID, other: MemberState, now: datetime) -> None:
    """Raises: UnmergeNotPossible."""
    if now > row["merged_at"] + UNMERGE_WITHIN:
        raise UnmergeNotPossible("TOO_LATE")
    if other not in (MemberState.ACTIVE, MemberState.FROZEN):
        raise UnmergeNotPossible("MOVED_ON")
    if await SPENT.row(row["into_id"], row["id"], row["in_id"] or row["id"], HARMLESS) is not None:
        raise UnmergeNotPossible("SPENT")
    if await PASSED.row(member_id, row["merged_at"]) is not None:
        raise UnmergeNotPossible("ORDERS")
    if await REFUNDED.row([row["into_id"], *await members.absorbed(row["into_id"])], row["merged_at"]) is not None:
        raise UnmergeNotPossible("ORDERS")
    if await NETTED.row([member_id, *await members.absorbed(member_id)], row["merged_at"]) is not None:
        raise UnmergeNotPossible("DEBT")


async def _move_back(
    merged: Merged, row: Mapping[str, Any], reason: ReasonCode, actor: Actor, now: datetime
) -> None:
    """Everything goes back, and both are told."""
    member_id, other_id = merged.member_id, merged.into_id
    terms, cause = await programme.terms(), f"unmerge:{merged.merge_id}"
    giver, taker = [await points.open_book(each, now) for each in (other_id, member_id)]
    standings = [await tiers.standing(each, terms, now) for each in (other_id, member_id)]
    if row["in_id"] and not await points.hand_back(giver, taker, row["in_id"], cause, group=new_id()):
        raise UnmergeNotPossible("DEBT")
    moved = [await points.post(book, actor) for book in (giver, taker)]
    # what was bought counts again for whoever bought it, and for nobody else
    await AGAIN.row(member_id, row["state"])
    grown = await tiers.hand_back(
        standings[0],
        standings[1],
        (row["stood"][0], row["stood"][1]),
        await memberships.part(other_id, member_id, terms, now),
        merged=f"merge:{merged.merge_id}",
        cause=cause,
        terms=terms,
        now=now,
    )
    brought = await referrals.become_two(member_id, other_id, now)
    names = {UUID(fresh): UUID(was) for fresh, was in row["identities"].items()}
    await heirs.hand_names_over(other_id, member_id, names)
    await _empty(member_id, other_id, row["filled"])
    await credentials.end_all(other_id, now)
    change(MemberMerge, {"member_id": member_id, "id": merged.merge_id}, {"undone_at": now})
    told = {"merge": str(merged.merge_id)}
    back = Event("member.unmerged", {**told, "from": str(other_id)})
    parted = Event("member.parted", {**told, "from": str(member_id)})
    await tell(member_id, [back, *moved[1], *grown[1], *brought[0]], now)
    await tell(other_id, [parted, *moved[0], *grown[0], *brought[1]], now)
    for who, whom in ((member_id, other_id), (other_id, member_id)):
        facts = {**told, "other": str(whom)}
        await audit.note(actor, "member.unmerge", member_id=who, reason=reason, facts=facts, now=now)


async def _empty(member_id: UUID, other_id: UUID, filled: list[str]) -> None:
    """What the other got of the profile they lose again, unless they have said otherwise since."""
    theirs, own = [await members.profile_of(each) for each in (member_id, other_id)]
    gone: dict[str, Any] = {part: None for part in filled if getattr(own, part) == getattr(theirs, part)}
    if gone:
        await members.keep_profile(other_id, replace(own, **gone))
