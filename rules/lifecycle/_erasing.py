"""Erasing: who a member was is forgotten for good, and the ledger says no more whose it was."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from models.members import MemberState
from models.sql import SQL
from models.units import Points, ReasonCode
from rules import audit, credentials, keyring, members, points, referrals
from rules.actors import SYSTEM, Actor
from rules.jobs import enqueue, job
from rules.outbox import Event, tell
from rules.proofs import check_proof
from rules.refusals import MemberMerged, Refusal
from rules.transactions import transaction


@dataclass(eq=False)
class ErasureBlocked(Refusal):
    """Points are held for a checkout that is not over yet."""

    zh = "该会员有预占中的积分，暂不能注销。"
    retryable = True
    held: Points


CODES_GONE = SQL(
    "DELETE FROM member_code WHERE member_id = $1", fans_out="a member's codes are found by whose they are"
)

TRACES_GONE = SQL(
    "UPDATE purchase SET payer_hash = NULL, address_hash = NULL WHERE member_id = ANY($1::uuid[])"
    " AND (payer_hash IS NOT NULL OR address_hash IS NOT NULL)",
    fans_out="who somebody was before a merge is forgotten with them",
)


@transaction
async def erase(member_id: UUID, *, reason: ReasonCode, actor: Actor, now: datetime) -> MemberState:
    """Forget who a member was, for good; the ledger stays and says no more whose it was. Again changes nothing.

    Once this is committed a job drops their key, and with it whatever older copies of the database still hold.
    Whoever comes with the same phone later is a stranger.

    Raises: NotFound, ProofRequired, MemberMerged, ErasureBlocked.
    """
    held = await members.hold(member_id)
    check_proof(actor, now)
    if refused := unerasable(held.state):
        raise refused
    if held.state is not MemberState.ERASED:
        await _check_nothing_held(member_id, actor, now)
        await forget(member_id, reason, actor, now)
    else:
        await enqueue(FORGET, f"erase:{member_id}", {"member_id": str(member_id)}, now=now)
    return MemberState.ERASED


STAYS = SQL("DELETE FROM member_leaving WHERE member_id = $1")


async def forget(member_id: UUID, reason: ReasonCode, actor: Actor, now: datetime) -> None:
    """A held member is nobody any more, and has nothing. The ledger stays."""
    book = await points.open_book(member_id, now)
    points.let_go(book)
    points.forfeit(book, f"forfeit:{book.balances.seq}", reason=reason)
    moved = await points.post(book, actor)
    await STAYS.run(member_id)
    await referrals.bury(member_id, now)
    await members.forget(member_id)
    await credentials.forget(member_id, now)
    await CODES_GONE.run(member_id)
    await TRACES_GONE.run([member_id, *await members.absorbed(member_id)])
    await tell(member_id, [*moved, Event("member.erased", {"reason": reason})], now)
    await audit.note(actor, "member.erase", member_id=member_id, reason=reason, now=now)
    await enqueue(FORGET, f"erase:{member_id}", {"member_id": str(member_id)}, now=now)


def unerasable(state: MemberState) -> Refusal | None:
    """Why a member in that state may not be erased; None when they may. A merged one is erased as who they are."""
    return MemberMerged(None) if state is MemberState.MERGED else None


async def _check_nothing_held(member_id: UUID, actor: Actor, now: datetime) -> None:
    """A checkout that is under way is waited for, unless it is the house that erases anew after a restore.

    Raises: ErasureBlocked.
    """
    book = await points.open_book(member_id, now)
    if book.balances.held and actor != SYSTEM:
        raise ErasureBlocked(Points(book.balances.held))


FORGET = "members.forget"
IS_ERASED = SQL("SELECT id FROM member WHERE id = $1 AND state = 'ERASED'")


@job(FORGET, attempts=20)
async def drop_key(facts: dict[str, Any], _: datetime) -> None:
    """Destroy the keys of a member the database calls ERASED and of whom they took over. Again changes nothing.

    An older copy of the database holds what they were known by before they were one, sealed with those keys.
    """
    member_id = UUID(facts["member_id"])
    if await IS_ERASED.row(member_id):
        for whose in (*await members.absorbed(member_id), member_id):
            await keyring.drop(whose)
