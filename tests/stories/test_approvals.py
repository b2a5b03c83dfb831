"""Approvals: one of the staff asks, another allows it, and it is done exactly once."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from models.points import PointsNote
from models.sql import SQL
from models.staff import StaffRole
from models.units import MOVE_MAX, Note, Points, ReasonCode
from rules import approvals, members, staff, vault
from rules.actors import SYSTEM, Actor, ActorKind
from rules.approvals import (
    LIVES_FOR,
    PENDING_MAX,
    ApprovalDecided,
    ApprovalExpired,
    ApprovalQueueFull,
    NotRequester,
    Outcome,
    OwnApproval,
    RequesterGone,
)
from rules.idempotency import IdempotencyKeyReused, Key
from rules.points import Adjustment, InsufficientPoints, PointsLimit
from rules.proofs import ProofRequired
from rules.refusals import MemberMerged, NotFound, Refusal
from tests.people import (
    NOON,
    SHOP,
    adjust,
    balance,
    freeze,
    fresh_key,
    member,
    merge,
    movements,
    programme,
    proven,
)
from tests.stories.test_races import outcomes

LATER = NOON + timedelta(hours=1)
STORED = SQL("SELECT state, decided_by, transaction_id FROM approval WHERE member_id = $1 AND id = $2")
CAUSES = SQL("SELECT id, cause, actor_id, points FROM points_transaction WHERE member_id = $1 ORDER BY id")
TOLD = SQL("SELECT type, body FROM outbox_event WHERE member_id = $1 AND type LIKE 'approval.%' ORDER BY seq")
AUDITED = SQL(
    "SELECT action, actor_id, reason, facts FROM audit_log WHERE member_id = $1 ORDER BY id",
    fans_out="a test looks",
)


async def hired(name: str, role: StaffRole = StaffRole.CS) -> Actor:
    """Somebody new on the staff."""
    return Actor(ActorKind.STAFF, str(await staff.hire(name, "hash", role, now=NOON)), role=role)


async def the_two() -> tuple[Actor, Actor]:
    """Ann of customer service, who asks, and Bo, who leads and proved himself a moment ago."""
    await programme(adjust_proof_above=Points(100), adjust_approval_above=Points(500))
    return await hired("ann"), proven(await hired("bo", StaffRole.ADMIN), at=LATER)


async def ask(
    who: UUID,
    delta: int,
    actor: Actor,
    *,
    note: str | None = None,
    key: Key | None = None,
    reason: str = "GOODWILL",
) -> Outcome:
    wanted = Adjustment(delta, ReasonCode(reason), None if note is None else Note(note))
    return await approvals.request(who, wanted, key=key or fresh_key(), actor=actor, now=NOON)


async def approve(who: UUID, what: UUID, actor: Actor, *, key: Key | None = None, at: Any = LATER) -> Outcome:
    return await approvals.approve(who, what, key=key or fresh_key(), actor=actor, now=at)


async def reject(who: UUID, what: UUID, actor: Actor, *, reason: str = "NO_EVIDENCE", at: Any = LATER) -> Outcome:
    return await approvals.reject(who, what, reason=ReasonCode(reason), actor=actor, now=at)


async def withdraw(who: UUID, what: UUID, actor: Actor, *, at: Any = LATER) -> Outcome:
    return await approvals.withdraw(who, what, actor=actor, now=at)


async def state_of(who: UUID, what: UUID) -> str:
    row = await STORED.row(who, what)
    assert row is not None
    return str(row["state"])


async def refused_with(refusal: type[Refusal], deed: Awaitable[Any]) -> Any:
    with pytest.raises(refusal) as told:
        await deed
    return told.value


async def test_what_one_asks_for_and_another_approves_is_done_in_both_their_names() -> None:
    ann, bo = await the_two()
    mei = await member("Mei")
    asked = await ask(mei, 800, ann, note="打翻了茶")
    assert await movements(mei) == []
    done = await approve(mei, asked.approval_id, bo)
    assert (done.approval_id, done.replayed) == (asked.approval_id, False)
    assert (await balance(mei))["available"] == 800
    [moved] = await CAUSES.rows(mei)
    assert (moved["cause"], moved["actor_id"]) == (f"approval:{asked.approval_id}", bo.id)
    stored = await STORED.row(mei, asked.approval_id)
    assert stored == {"state": "APPROVED", "decided_by": UUID(bo.id or ""), "transaction_id": moved["id"]}
    lines = {row["action"]: row for row in await AUDITED.rows(mei) if row["actor_id"] in (ann.id, bo.id)}
    assert lines["approval.request"]["actor_id"] == ann.id
    assert lines["approval.request"]["facts"]["after"] == {"state": "PENDING", "delta": 800}
    by_both = {"approval": str(asked.approval_id), "requested_by": ann.id}
    assert lines["points.adjust"]["facts"] == {"points": 800, "transaction": str(moved["id"]), **by_both}
    assert lines["approval.approve"]["facts"] == {
        **by_both,
        "before": {"state": "PENDING"},
        "after": {"state": "APPROVED", "transaction": str(moved["id"])},
    }
    assert [(row["type"], row["body"].get("state")) for row in await TOLD.rows(mei)] == [
        ("approval.requested", None),
        ("approval.decided", "APPROVED"),
    ]


async def test_what_was_written_for_people_is_sealed_and_goes_on_to_the_ledgers_note() -> None:
    ann, bo = await the_two()
    mei = await member("Mei")
    asked = await ask(mei, 800, ann, note="打翻了茶")
    answers = await SQL("SELECT * FROM idempotency_key").rows()
    assert "打翻了茶" not in str([await TOLD.rows(mei), await AUDITED.rows(mei), answers])
    sealed = await SQL("SELECT note FROM approval WHERE member_id = $1").value(mei)
    assert "打翻了茶".encode() not in sealed
    await approve(mei, asked.approval_id, bo)
    [moved] = await CAUSES.rows(mei)
    [kept] = await PointsNote.filter(member_id=mei)
    wrapped = await members.wrapped_key(mei)
    assert vault.unlocked().open(wrapped, mei, f"note:{moved['id']}", kept.sealed) == "打翻了茶"


async def test_points_are_taken_out_by_two_as_well() -> None:
    ann, bo = await the_two()
    mei = await member("Mei")
    await adjust(mei, 450, actor=proven(ann))
    await adjust(mei, 450, actor=proven(bo))
    asked = await ask(mei, -600, ann)
    await approve(mei, asked.approval_id, bo)
    assert (await balance(mei))["available"] == 300


async def test_a_retry_gets_the_first_answer() -> None:
    ann, bo = await the_two()
    mei = await member("Mei")
    asking, deciding = fresh_key(), fresh_key()
    first = await ask(mei, 800, ann, key=asking)
    assert await ask(mei, 800, ann, key=asking) == replace(first, replayed=True)
    await refused_with(IdempotencyKeyReused, ask(mei, 801, ann, key=asking))
    done = await approve(mei, first.approval_id, bo, key=deciding)
    again = await approve(mei, first.approval_id, bo._replace(proven_until=None), key=deciding)
    assert again == replace(done, replayed=True), "also when the proof is over"
    assert await movements(mei) == [("ADJUST_IN", 800)]
    other = await ask(mei, 800, ann)
    await refused_with(IdempotencyKeyReused, approve(mei, other.approval_id, bo, key=deciding))


async def test_nobody_decides_on_what_they_asked_for_themselves() -> None:
    _, bo = await the_two()
    mei = await member("Mei")
    asked = await ask(mei, 800, bo)
    await refused_with(OwnApproval, approve(mei, asked.approval_id, bo))
    await refused_with(OwnApproval, reject(mei, asked.approval_id, bo))
    assert await state_of(mei, asked.approval_id) == "PENDING"


async def test_an_approval_asks_for_a_fresh_proof_and_a_rejection_does_not() -> None:
    ann, bo = await the_two()
    mei = await member("Mei")
    asked = await ask(mei, 800, ann)
    for unproven in (bo._replace(proven_until=None), bo._replace(proven_until=LATER)):
        await refused_with(ProofRequired, approve(mei, asked.approval_id, unproven))
    await reject(mei, asked.approval_id, bo._replace(proven_until=None))
    assert await state_of(mei, asked.approval_id) == "REJECTED"


async def test_a_settled_request_is_settled_for_ever() -> None:
    ann, bo = await the_two()
    mei = await member("Mei")
    ends: dict[str, Callable[[UUID], Awaitable[Any]]] = {
        "APPROVED": lambda what: approve(mei, what, bo),
        "REJECTED": lambda what: reject(mei, what, bo),
        "WITHDRAWN": lambda what: withdraw(mei, what, ann),
    }
    for state, end in ends.items():
        asked = await ask(mei, 600, ann)
        await end(asked.approval_id)
        for other, deed in ends.items():
            if (state, other) not in {("REJECTED", "REJECTED"), ("WITHDRAWN", "WITHDRAWN")}:
                assert (await refused_with(ApprovalDecided, deed(asked.approval_id))).state == state
        assert await state_of(mei, asked.approval_id) == state
    assert await movements(mei) == [("ADJUST_IN", 600)]


async def test_the_same_word_of_the_same_person_again_changes_nothing() -> None:
    ann, bo = await the_two()
    cem = await hired("cem", StaffRole.OWNER)
    mei = await member("Mei")
    asked = await ask(mei, 600, ann)
    assert not (await reject(mei, asked.approval_id, bo)).replayed
    assert (await reject(mei, asked.approval_id, bo)).replayed
    await refused_with(ApprovalDecided, reject(mei, asked.approval_id, bo, reason="ANOTHER"))
    await refused_with(ApprovalDecided, reject(mei, asked.approval_id, cem))
    gone = await ask(mei, 600, ann)
    assert not (await withdraw(mei, gone.approval_id, ann)).replayed
    assert (await withdraw(mei, gone.approval_id, ann)).replayed
    assert len(await TOLD.rows(mei)) == 4


async def test_only_the_requester_withdraws() -> None:
    ann, bo = await the_two()
    mei = await member("Mei")
    asked = await ask(mei, 600, ann)
    await refused_with(NotRequester, withdraw(mei, asked.approval_id, bo))
    await withdraw(mei, asked.approval_id, ann)
    assert await state_of(mei, asked.approval_id) == "WITHDRAWN"


async def test_a_request_expires_at_the_very_moment() -> None:
    ann, bo = await the_two()
    mei = await member("Mei")
    asked, other = await ask(mei, 600, ann), await ask(mei, 700, ann)
    end = NOON + LIVES_FOR
    await approve(mei, asked.approval_id, proven(bo, at=end), at=end - timedelta(microseconds=1))
    for deed in (
        approve(mei, other.approval_id, proven(bo, at=end), at=end),
        reject(mei, other.approval_id, bo, at=end),
        withdraw(mei, other.approval_id, ann, at=end),
    ):
        await refused_with(ApprovalExpired, deed)
    assert await state_of(mei, other.approval_id) == "PENDING", "nobody wrote it down"


async def test_what_is_refused_when_it_is_approved_leaves_the_request_waiting() -> None:
    ann, bo = await the_two()
    mei, lan = await member("Mei"), await member("Lan")
    asked = await ask(mei, -600, ann)
    told = await refused_with(InsufficientPoints, approve(mei, asked.approval_id, bo))
    assert (told.wanted, told.available) == (600, 0)
    assert await state_of(mei, asked.approval_id) == "PENDING"
    await approve(mei, (await ask(mei, 700, ann)).approval_id, bo)
    await freeze(mei)
    await approve(mei, asked.approval_id, bo)
    assert (await balance(mei))["available"] == 100, "a frozen member may be adjusted"
    last = await ask(mei, 600, ann)
    await freeze(lan)
    await merge(mei, lan, at=NOON + timedelta(hours=2))
    await refused_with(MemberMerged, approve(mei, last.approval_id, bo))
    await refused_with(MemberMerged, ask(mei, 600, ann))
    assert await state_of(mei, last.approval_id) == "PENDING"


async def test_a_request_falls_with_whoever_asked_and_may_ask_no_more() -> None:
    ann, bo = await the_two()
    mei = await member("Mei")
    asked = await ask(mei, 600, ann)
    await staff.close(UUID(str(ann.id)), actor=SYSTEM, now=NOON)
    await refused_with(RequesterGone, approve(mei, asked.approval_id, bo))
    await reject(mei, asked.approval_id, bo)
    dee = await hired("dee", StaffRole.OPERATOR)
    other = await ask(mei, 600, dee)
    await SQL("UPDATE staff SET role = 'ANALYST' WHERE username = $1").run("dee")
    await refused_with(RequesterGone, approve(mei, other.approval_id, bo))
    await SQL("UPDATE staff SET role = 'CS' WHERE username = $1").run("dee")
    await approve(mei, other.approval_id, bo)


async def test_a_request_has_the_bounds_of_an_adjustment_and_the_queue_has_its_own() -> None:
    ann, _ = await the_two()
    mei, wang = await member("Mei"), await member("Wang")
    for delta in (MOVE_MAX + 1, -MOVE_MAX - 1):
        assert (await refused_with(PointsLimit, ask(mei, delta, ann))).limit == MOVE_MAX
    last, *_ = [await ask(mei, 600, ann) for _ in range(PENDING_MAX)]
    assert (await refused_with(ApprovalQueueFull, ask(mei, 600, ann))).limit == PENDING_MAX
    await ask(wang, 600, ann)
    await withdraw(mei, last.approval_id, ann)
    await ask(mei, 600, ann)


async def test_a_request_is_found_by_its_member_and_by_nobody_elses() -> None:
    ann, bo = await the_two()
    mei, wang = await member("Mei"), await member("Wang")
    asked = await ask(mei, 600, ann)
    for who, what in ((wang, asked.approval_id), (mei, uuid4()), (uuid4(), asked.approval_id)):
        for deed in (approve(who, what, bo), reject(who, what, bo), withdraw(who, what, ann)):
            await refused_with(NotFound, deed)
    await refused_with(NotFound, ask(uuid4(), 600, ann))


async def test_only_staff_ask_and_decide() -> None:
    await the_two()
    mei = await member("Mei")
    with pytest.raises(AssertionError):
        await ask(mei, 600, SHOP)


async def test_32_approvers_at_once_do_it_once() -> None:
    ann, _ = await the_two()
    leads = [proven(await hired(f"lead-{number}", StaffRole.OWNER), at=LATER) for number in range(32)]
    mei = await member("Mei")
    asked = await ask(mei, 600, ann)
    won, refused = await outcomes(approve(mei, asked.approval_id, lead) for lead in leads)
    assert (len(won), refused) == (1, Counter({ApprovalDecided.code(): 31}))
    assert await movements(mei) == [("ADJUST_IN", 600)]


async def test_32_retries_of_one_approval_at_once_are_answered_alike() -> None:
    ann, bo = await the_two()
    mei, key = await member("Mei"), fresh_key()
    asked = await ask(mei, 600, ann)
    won, refused = await outcomes(approve(mei, asked.approval_id, bo, key=key) for _ in range(32))
    assert not refused
    assert Counter(each.replayed for each in won) == {False: 1, True: 31}
    assert await movements(mei) == [("ADJUST_IN", 600)]


async def test_of_an_approval_a_rejection_and_a_withdrawal_at_once_one_wins() -> None:
    ann, bo = await the_two()
    cem = proven(await hired("cem", StaffRole.OWNER), at=LATER)
    mei = await member("Mei")
    approved = 0
    for turn in range(12):
        what = (await ask(mei, 600, ann)).approval_id
        deeds = [approve(mei, what, bo), reject(mei, what, cem), withdraw(mei, what, ann)]
        won, refused = await outcomes(deeds[turn % 3 :] + deeds[: turn % 3])
        assert (len(won), refused) == (1, Counter({ApprovalDecided.code(): 2}))
        approved += await state_of(mei, what) == "APPROVED"
    assert await movements(mei) == [("ADJUST_IN", 600)] * approved
    assert approved


async def test_approvers_who_leave_half_way_leave_nothing_half_done() -> None:
    ann, bo = await the_two()
    mei = await member("Mei")
    for _ in range(8):
        what = (await ask(mei, 600, ann)).approval_id
        caller = asyncio.create_task(approve(mei, what, bo))
        await asyncio.sleep(0)
        caller.cancel()
        await asyncio.gather(caller, return_exceptions=True)
        won, refused = await outcomes([approve(mei, what, bo)])
        assert (len(won), sum(refused.values())) in {(1, 0), (0, 1)}
    assert await movements(mei) == [("ADJUST_IN", 600)] * 8
