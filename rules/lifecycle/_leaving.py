"""Leaving: a member opts out or asks to be erased; both have time to think again before anything is lost."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from models.lives import MemberLeaving
from models.members import MemberState
from models.sql import SQL, insert
from models.units import Points, ReasonCode
from rules import audit, members, points, programme
from rules.actors import SYSTEM, Actor
from rules.jobs import job
from rules.lifecycle._erasing import CODES_GONE, ErasureBlocked, forget
from rules.outbox import Event, tell
from rules.refusals import MemberMerged, MemberNotActive, Refusal
from rules.transactions import transaction

STATE = SQL("UPDATE member SET state = $2 WHERE id = $1 RETURNING id")
LEAVING = SQL("SELECT state, left_at, forfeits_at, erases_at FROM member_leaving WHERE member_id = $1")
BACK = SQL("DELETE FROM member_leaving WHERE member_id = $1")
ERASES = SQL("UPDATE member_leaving SET erases_at = $2 WHERE member_id = $1")
FORFEITED = SQL("UPDATE member_leaving SET forfeits_at = NULL WHERE member_id = $1")
LEFT = ReasonCode("LEFT_THE_PROGRAMME")
STAYING = {MemberState.ACTIVE, MemberState.FROZEN}


def _not_active(state: MemberState) -> Refusal:
    return MemberMerged(None) if state is MemberState.MERGED else MemberNotActive(state.value)


@transaction
async def opt_out(member_id: UUID, *, reason: ReasonCode, actor: Actor, now: datetime) -> MemberState:
    """Take a member out of the programme. They spend nothing any more, and lose their points some days later.

    Until then they may come back to what they had. What is set aside for checkouts is released. Again changes
    nothing.

    Raises: NotFound, MemberNotActive, MemberMerged.
    """
    held = await members.hold(member_id)
    if held.state is MemberState.OPTED_OUT:
        return held.state
    if held.state not in STAYING:
        raise _not_active(held.state)
    days = (await programme.terms()).policy.opt_out_cooling_days
    book = await points.open_book(member_id, now)
    points.let_go(book)
    moved = await points.post(book, actor)
    due = now + timedelta(days=days)
    row = {"member_id": member_id, "state": held.state, "left_at": now, "forfeits_at": due, "erases_at": None}
    await insert(MemberLeaving, [row])
    await STATE.row(member_id, MemberState.OPTED_OUT.value)
    await CODES_GONE.run(member_id)
    told = {"reason": reason, "forfeits": due.isoformat()}
    await tell(member_id, [Event("member.opted_out", told), *moved], now)
    await audit.note(actor, "member.opt_out", member_id=member_id, reason=reason, now=now)
    return MemberState.OPTED_OUT


@transaction
async def rejoin(member_id: UUID, *, reason: ReasonCode, actor: Actor, now: datetime) -> MemberState:
    """A member who left is back, as they were; their points too, unless they were forfeited. Again changes nothing.

    Who left frozen comes back frozen: leaving is no way to be thawed.

    Raises: NotFound, MemberNotActive, MemberMerged.
    """
    held = await members.hold(member_id)
    if held.state in STAYING:
        return held.state
    row = await LEAVING.row(member_id)
    if held.state is not MemberState.OPTED_OUT or row is None:
        raise _not_active(held.state)
    moved: list[Event] = []
    if row["forfeits_at"] is not None and row["forfeits_at"] <= now:
        # what was forfeited is lost, whether or not anybody has written it yet
        moved = await _forfeit(member_id, LEFT, now)
    await BACK.run(member_id)
    state = MemberState(row["state"])
    await STATE.row(member_id, state.value)
    await tell(member_id, [*moved, Event("member.rejoined", {"reason": reason})], now)
    await audit.note(actor, "member.rejoin", member_id=member_id, reason=reason, now=now)
    return state


@transaction
async def request_erasure(member_id: UUID, *, reason: ReasonCode, actor: Actor, now: datetime) -> MemberState:
    """Have a member erased some days from now. Until then they may think again. Again changes nothing.

    Raises: NotFound, MemberNotActive, MemberMerged, ErasureBlocked.
    """
    held = await members.hold(member_id)
    if held.state is MemberState.ERASURE_PENDING:
        return held.state
    if held.state in (MemberState.MERGED, MemberState.ERASED):
        raise _not_active(held.state)
    book = await points.open_book(member_id, now)
    if book.balances.held:
        raise ErasureBlocked(Points(book.balances.held))
    moved = await points.post(book, actor)
    due = now + timedelta(days=(await programme.terms()).policy.erasure_cooling_days)
    if not await ERASES.run(member_id, due):
        row = {"member_id": member_id, "state": held.state, "left_at": None, "forfeits_at": None, "erases_at": due}
        await insert(MemberLeaving, [row])
    await STATE.row(member_id, MemberState.ERASURE_PENDING.value)
    await CODES_GONE.run(member_id)
    asked = Event("member.erasure_requested", {"reason": reason, "erases": due.isoformat()})
    await tell(member_id, [asked, *moved], now)
    await audit.note(actor, "member.erasure_request", member_id=member_id, reason=reason, now=now)
    return MemberState.ERASURE_PENDING


@transaction
async def cancel_erasure(member_id: UUID, *, reason: ReasonCode, actor: Actor, now: datetime) -> MemberState:
    """A member who was to be erased is not, and stands where they did before they asked. Again changes nothing.

    Raises: NotFound, MemberNotActive, MemberMerged.
    """
    held = await members.hold(member_id)
    if held.state in (MemberState.MERGED, MemberState.ERASED):
        raise _not_active(held.state)
    row = await LEAVING.row(member_id)
    if held.state is not MemberState.ERASURE_PENDING or row is None:
        return held.state
    state = MemberState(row["state"])
    if row["left_at"] is not None:
        state = MemberState.OPTED_OUT
        await ERASES.run(member_id, None)
    else:
        await BACK.run(member_id)
    await STATE.row(member_id, state.value)
    await tell(member_id, [Event("member.erasure_cancelled", {"reason": reason})], now)
    await audit.note(actor, "member.erasure_cancel", member_id=member_id, reason=reason, now=now)
    return state


async def _forfeit(member_id: UUID, reason: ReasonCode, now: datetime) -> list[Event]:
    """A held member has no points any more."""
    book = await points.open_book(member_id, now)
    points.let_go(book)
    points.forfeit(book, f"forfeit:{book.balances.seq}", reason=reason)
    return await points.post(book, SYSTEM)


BATCH = 200
BATCHES_MAX = 50
DUE_TO_FORFEIT = SQL(
    "SELECT member_id FROM member_leaving WHERE forfeits_at IS NOT NULL AND forfeits_at <= $1 AND member_id > $2"
    " ORDER BY member_id LIMIT $3",
    fans_out="those who left lose their points when it is time",
)
DUE_TO_ERASE = SQL(
    "SELECT member_id FROM member_leaving WHERE erases_at IS NOT NULL AND erases_at <= $1 AND member_id > $2"
    " ORDER BY member_id LIMIT $3",
    fans_out="those who asked for it are erased when it is time",
)


@job("members.part", every=timedelta(hours=1), lease=timedelta(minutes=30))
async def part(_: dict[str, Any], now: datetime) -> None:
    """Take the points of those who left, and erase those who asked for it, when it is time; each by themselves."""
    for due, done in ((DUE_TO_FORFEIT, forfeit_due), (DUE_TO_ERASE, erase_due)):
        last = UUID(int=0)
        for _batch in range(BATCHES_MAX):
            rows = await due.rows(now, last, BATCH)
            for row in rows:
                await done(row["member_id"], now=now)
            if len(rows) < BATCH:
                break
            last = rows[-1]["member_id"]


@transaction
async def forfeit_due(member_id: UUID, *, now: datetime) -> None:
    """Take the points of a member who left, if it is time. Again changes nothing.

    Raises: NotFound.
    """
    await members.hold(member_id)
    row = await LEAVING.row(member_id)
    if row is not None and row["forfeits_at"] is not None and row["forfeits_at"] <= now:
        await FORFEITED.run(member_id)
        await tell(member_id, await _forfeit(member_id, LEFT, now), now)


@transaction
async def erase_due(member_id: UUID, *, now: datetime) -> None:
    """Erase a member who asked for it, if it is time. Again changes nothing.

    Raises: NotFound.
    """
    await members.hold(member_id)
    row = await LEAVING.row(member_id)
    if row is not None and row["erases_at"] is not None and row["erases_at"] <= now:
        await forget(member_id, ReasonCode("MEMBER_ASKED"), SYSTEM, now)
