"""Approvals: what one of the staff asks for and another allows, so that nobody does it alone.

An approval does what was asked for in its own transaction: it is decided and done at once, or neither. Whoever
asked must still be somebody who may ask when it is approved: two people answer for it then, not one and a closed
account.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from models.approvals import Approval, ApprovalKind, ApprovalState
from models.sql import SQL, insert
from models.staff import StaffRole
from models.units import MOVE_MAX, Note, ReasonCode
from rules import audit, members, points, vault
from rules.actors import Actor, ActorKind
from rules.idempotency import Key, Slip
from rules.outbox import Event, tell
from rules.points import Adjustment, PointsLimit
from rules.proofs import check_proof
from rules.refusals import NotFound, Refusal
from rules.transactions import transaction

LIVES_FOR = timedelta(days=7)
"""How long a request may wait for somebody to decide."""

PENDING_MAX = 20
"""How many requests about one member may wait."""

MAY_ASK = {StaffRole.OWNER, StaffRole.ADMIN, StaffRole.OPERATOR, StaffRole.CS}


@dataclass(eq=False)
class ApprovalDecided(Refusal):
    """This request has been decided already."""

    zh = "该申请已被处理。"
    field = ("approvalId",)
    state: str


@dataclass(eq=False)
class ApprovalExpired(Refusal):
    """This request has waited too long. Ask anew."""

    zh = "该申请已过期，请重新提交。"
    field = ("approvalId",)


@dataclass(eq=False)
class OwnApproval(Refusal):
    """Nobody decides on what they asked for themselves."""

    zh = "不能审批本人提交的申请。"
    field = ("approvalId",)


@dataclass(eq=False)
class NotRequester(Refusal):
    """Only whoever asked for this may withdraw it."""

    zh = "仅申请人可以撤回该申请。"
    field = ("approvalId",)


@dataclass(eq=False)
class RequesterGone(Refusal):
    """Whoever asked for this may no longer ask for it. Somebody else has to ask anew."""

    zh = "申请人已无权提交此申请，请由他人重新提交。"
    field = ("approvalId",)


@dataclass(eq=False)
class ApprovalQueueFull(Refusal):
    """Too many requests about this member wait. Have them decided first."""

    zh = "该会员待审批的申请过多，请先处理。"
    retryable = True
    limit: int


class Standing(StrEnum):
    """Where a request stands at some moment."""

    PENDING = "PENDING"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    WITHDRAWN = "WITHDRAWN"
    EXPIRED = "EXPIRED"


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it is stored."""

    id: UUID
    member_id: UUID
    state: ApprovalState
    facts: dict[str, Any]
    reason: ReasonCode
    note: bytes | None
    requested_by: UUID
    expires_at: datetime
    decided_by: UUID | None
    decision_reason: str | None

    @property
    def cause(self) -> str:
        """The request as a cause of the ledger, by which a reader of the ledger finds both people."""
        return f"approval:{self.id}"

    def standing(self, now: datetime) -> Standing:
        """Where it stands now: a request that nobody decided in time has expired."""
        return standing(self.state, self.expires_at, now)

    def adjustment(self, note: Note | None = None) -> Adjustment:
        """What would be done."""
        return Adjustment(self.facts["delta"], self.reason, note)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The request a command was about, and whether the same had been done before."""

    approval_id: UUID
    replayed: bool = False


def standing(state: ApprovalState, expires_at: datetime, now: datetime) -> Standing:
    """Where a request stands at a moment. At the very moment of its expiry it has expired."""
    if state is ApprovalState.PENDING and expires_at <= now:
        return Standing.EXPIRED
    return Standing(state.value)


def check_open(asked: Request, now: datetime) -> None:
    """Refuse to decide what is decided, or has expired.

    Raises: ApprovalDecided, ApprovalExpired.
    """
    stands = asked.standing(now)
    if stands is Standing.EXPIRED:
        raise ApprovalExpired
    if stands is not Standing.PENDING:
        raise ApprovalDecided(stands.value)


PENDING = SQL(
    "SELECT COUNT(*) AS waiting FROM approval WHERE member_id = $1 AND state = 'PENDING'"
    " AND expires_at > $2::timestamptz"
)


@transaction
async def request(member_id: UUID, wanted: Adjustment, *, key: Key, actor: Actor, now: datetime) -> Outcome:
    """Ask that somebody else approves an adjustment of a member's points.

    Raises: NotFound, IdempotencyKeyReused, MemberNotActive, MemberMerged, PointsLimit, ApprovalQueueFull.
    """
    held = await members.hold(member_id)
    kind = ApprovalKind.POINTS_ADJUST
    facts = (kind, wanted.delta, wanted.reason, wanted.note)
    slip = Slip(member_id, actor, key, "approval.request", facts)
    if earlier := await slip.recall():
        return Outcome(UUID(earlier["approval_id"]), replayed=True)
    if refused := members.inactivity(held.state, frozen_may=True):
        raise refused
    if wanted.size > MOVE_MAX:
        raise PointsLimit(wanted.size, MOVE_MAX)
    if await PENDING.value(member_id, now) >= PENDING_MAX:
        raise ApprovalQueueFull(PENDING_MAX)
    approval_id = uuid7()
    row = {
        "id": approval_id,
        "kind": kind,
        "state": ApprovalState.PENDING,
        "member_id": member_id,
        "facts": {"delta": wanted.delta},
        "reason": wanted.reason,
        "note": wanted.note and await _sealed(member_id, approval_id, wanted.note),
        "requested_by": _person(actor),
        "requested_at": now,
        "expires_at": now + LIVES_FOR,
    }
    await insert(Approval, [row])
    body = {"approval": str(approval_id), "kind": kind.value}
    await tell(member_id, [Event("approval.requested", body)], now)
    after = {"state": ApprovalState.PENDING.value, "delta": wanted.delta}
    told = {"approval": str(approval_id), "after": after}
    await audit.note(actor, slip.operation, member_id=member_id, reason=wanted.reason, facts=told, now=now)
    await slip.keep({"approval_id": str(approval_id)}, now)
    return Outcome(approval_id)


@transaction
async def approve(member_id: UUID, approval_id: UUID, *, key: Key, actor: Actor, now: datetime) -> Outcome:
    """Allow what somebody else asked for, and do it. A refusal of what is done leaves the request waiting.

    Raises: NotFound, IdempotencyKeyReused, OwnApproval, ApprovalDecided, ApprovalExpired, ProofRequired,
    RequesterGone, MemberNotActive, MemberMerged, InsufficientPoints, PointsLimit.
    """
    held = await members.hold(member_id)
    asked = await _asked(member_id, approval_id)
    slip = Slip(member_id, actor, key, "approval.approve", (approval_id,))
    if await slip.recall():
        return Outcome(approval_id, replayed=True)
    if asked.requested_by == _person(actor):
        raise OwnApproval
    check_open(asked, now)
    check_proof(actor, now)
    if refused := members.inactivity(held.state, frozen_may=True):
        raise refused
    if asked.requested_by not in await _askers([asked.requested_by]):
        raise RequesterGone
    posted = await points.put_right(
        held,
        asked.adjustment(await _opened(asked)),
        cause=asked.cause,
        facts={"approval": str(approval_id), "requested_by": str(asked.requested_by)},
        actor=actor,
        now=now,
    )
    await _settle(asked, ApprovalState.APPROVED, actor, now, transaction_id=posted.transaction_id)
    await slip.keep({"approval_id": str(approval_id)}, now)
    return Outcome(approval_id)


@transaction
async def reject(member_id: UUID, approval_id: UUID, *, reason: ReasonCode, actor: Actor, now: datetime) -> Outcome:
    """Refuse what somebody else asked for, for a reason. The same person's same word again changes nothing.

    Raises: NotFound, OwnApproval, ApprovalDecided, ApprovalExpired.
    """
    await members.hold(member_id)
    asked = await _asked(member_id, approval_id)
    who = _person(actor)
    if asked.requested_by == who:
        raise OwnApproval
    if (asked.state, asked.decided_by, asked.decision_reason) == (ApprovalState.REJECTED, who, reason):
        return Outcome(approval_id, replayed=True)
    check_open(asked, now)
    await _settle(asked, ApprovalState.REJECTED, actor, now, reason=reason)
    return Outcome(approval_id)


@transaction
async def withdraw(member_id: UUID, approval_id: UUID, *, actor: Actor, now: datetime) -> Outcome:
    """Take back what one asked for oneself. Doing it again changes nothing.

    Raises: NotFound, NotRequester, ApprovalDecided, ApprovalExpired.
    """
    await members.hold(member_id)
    asked = await _asked(member_id, approval_id)
    if asked.requested_by != _person(actor):
        raise NotRequester
    if asked.state is ApprovalState.WITHDRAWN:
        return Outcome(approval_id, replayed=True)
    check_open(asked, now)
    await _settle(asked, ApprovalState.WITHDRAWN, actor, now)
    return Outcome(approval_id)


async def previews(asked: Sequence[Request], *, now: datetime) -> list[list[Refusal]]:
    """What stands against doing each of these requests now, by the checks of `approve`; nothing is done."""
    askers = await _askers([each.requested_by for each in asked])
    stand = await points.tried([(each.member_id, each.adjustment()) for each in asked], now=now)
    return [
        [*([] if each.requested_by in askers else [RequesterGone()]), *([refused] if refused else [])]
        for each, refused in zip(asked, stand, strict=True)
    ]


def open_note(asked: Request, wrapped: bytes | None) -> Note | None:
    """What the requester wrote; None where they wrote nothing, or the member's key is gone."""
    if wrapped is None or asked.note is None:
        return None
    return Note(vault.unlocked().open(wrapped, asked.member_id, asked.cause, asked.note))


COLUMNS = "id, member_id, state, facts, reason, note, requested_by, expires_at, decided_by, decision_reason"
"""The columns of a Request."""

ONE = SQL(f"SELECT {COLUMNS} FROM approval WHERE member_id = $1 AND id = $2")  # noqa: S608  constants
SETTLE = SQL(
    "UPDATE approval SET state = $3, decided_by = $4, decided_at = $5, decision_reason = $6, transaction_id = $7"
    " WHERE member_id = $1 AND id = $2 AND state = 'PENDING' RETURNING id"
)
ASKERS = SQL("SELECT id, role FROM staff WHERE id = ANY($1::uuid[]) AND active")


async def _asked(member_id: UUID, approval_id: UUID) -> Request:
    """A request about a held member.

    Raises: NotFound.
    """
    row = await ONE.row(member_id, approval_id)
    if row is None:
        raise NotFound
    return Request(**{**row, "state": ApprovalState(row["state"])})


async def _settle(
    asked: Request,
    state: ApprovalState,
    actor: Actor,
    now: datetime,
    *,
    reason: ReasonCode | None = None,
    transaction_id: UUID | None = None,
) -> None:
    """Write a decision down, tell it, and audit it."""
    given = (asked.member_id, asked.id, state.value, _person(actor), now, reason, transaction_id)
    if await SETTLE.row(*given) is None:
        raise AssertionError("A request was decided although its member was held.")
    body = {"approval": str(asked.id), "state": state.value}
    await tell(asked.member_id, [Event("approval.decided", body)], now)
    facts = {
        "approval": str(asked.id),
        "requested_by": str(asked.requested_by),
        "before": {"state": asked.state.value},
        "after": {"state": state.value, **({"transaction": str(transaction_id)} if transaction_id else {})},
    }
    action = _ACTIONS[state]
    told = reason or asked.reason
    await audit.note(actor, action, member_id=asked.member_id, reason=told, facts=facts, now=now)


_ACTIONS = {
    ApprovalState.APPROVED: "approval.approve",
    ApprovalState.REJECTED: "approval.reject",
    ApprovalState.WITHDRAWN: "approval.withdraw",
}


async def _askers(people: Sequence[UUID]) -> set[UUID]:
    """Those of these people who may ask for something now."""
    rows = await ASKERS.rows(list(set(people)))
    return {row["id"] for row in rows if StaffRole(row["role"]) in MAY_ASK}


def _person(actor: Actor) -> UUID:
    """Who of the staff acts. Nobody else asks for anything, or decides."""
    if actor.kind is not ActorKind.STAFF or actor.id is None:
        raise AssertionError("An approval is a matter between two of the staff.")
    return UUID(actor.id)


async def _sealed(member_id: UUID, approval_id: UUID, note: Note) -> bytes:
    wrapped = await members.wrapped_key(member_id)
    return vault.unlocked().seal(wrapped, member_id, f"approval:{approval_id}", note)


async def _opened(asked: Request) -> Note | None:
    if asked.note is None:
        return None
    return open_note(asked, await members.wrapped_key(asked.member_id))
