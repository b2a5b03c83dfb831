"""Approvals as the staff see them: what waits for a second person, and what became of it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import strawberry

from models.approvals import ApprovalKind, ApprovalState
from models.listing import ROW_ID, Listing
from models.sql import SQL
from models.units import Note, ReasonCode
from rules import approvals, members
from rules.approvals import Outcome, Request, Standing
from rules.points import Adjustment
from rules.refusals import NotFound
from schema import ids, pages
from schema.cards import MemberCard, StaffCard, profiles, staff_cards
from schema.context import Context, HasMember, Info
from schema.enums import describe
from schema.errors import UserError, answer_to, bad_input, command, key_of
from schema.pages import After, Before, Connection, First, Last
from schema.permissions import DESK, LEADS, asked, audience_of, related, seen
from schema.points import PointsEntry, entries_led_to
from schema.scalars import KEY_SAYS, Long, Moment
from schema.tiers import Node

describe(ApprovalKind, "What is asked for.", {ApprovalKind.POINTS_ADJUST: "Points put in or taken out by hand."})
describe(
    Standing,
    "Where a request stands.",
    {
        Standing.PENDING: "Waits for somebody else to decide.",
        Standing.APPROVED: "Allowed by somebody else, and done at the same moment.",
        Standing.REJECTED: "Refused by somebody else. Nothing was done.",
        Standing.WITHDRAWN: "Taken back by whoever asked. Nothing was done.",
        Standing.EXPIRED: "Nobody decided within 7 days. Nothing was done.",
    },
    name="ApprovalState",
)


@strawberry.type(description="What approving a request would come to now.")
class ApprovalPreview:
    allowed: bool = seen(DESK, "Whether it would go through now.")
    user_errors: list[UserError] = seen(DESK, "What stands against it.")


async def requester_of(parents: Sequence["Approval"], context: Context) -> list[StaffCard | None]:
    """Who asked for each."""
    del context
    return await staff_cards([parent.asked.requested_by for parent in parents])


async def decider_of(parents: Sequence["Approval"], context: Context) -> list[StaffCard | None]:
    """Who decided on each."""
    del context
    return await staff_cards([parent.asked.decided_by for parent in parents])


async def note_of(parents: Sequence["Approval"], context: Context) -> list[Note | None]:
    """What the requester of each wrote."""
    del context
    wrapped = await members.wrapped_keys([each.member_id for each in parents if each.asked.note is not None])
    return [approvals.open_note(each.asked, wrapped.get(each.member_id)) for each in parents]


async def entry_of(parents: Sequence["Approval"], context: Context) -> list[PointsEntry | None]:
    """The line of the ledger each led to."""
    del context
    done = [(each.member_id, each.transaction_id) for each in parents if each.transaction_id is not None]
    entries = await entries_led_to(done)
    return [entries.get(each.transaction_id) if each.transaction_id else None for each in parents]


async def preview_of(parents: Sequence["Approval"], context: Context) -> list[ApprovalPreview | None]:
    """What each would come to now."""
    waiting = [each for each in parents if each.state is Standing.PENDING]
    stand = await approvals.previews([each.asked for each in waiting], now=context.now)
    found = {
        each.asked.id: ApprovalPreview(
            allowed=not against, user_errors=[answer_to(refusal, context.language) for refusal in against]
        )
        for each, against in zip(waiting, stand, strict=True)
    }
    return [found.get(each.asked.id) for each in parents]


@strawberry.type(description="What one of the staff asked for, and what became of it (审批).")
class Approval(Node):
    member_id: strawberry.Private[UUID]
    asked: strawberry.Private[Request]
    transaction_id: strawberry.Private[UUID | None]
    kind: ApprovalKind = seen(DESK, "What is asked for.")
    state: Standing = seen(DESK, "Where it stands.")
    whose: strawberry.ID = seen(DESK, "The member it is about, for `node` and `member`.", name="memberId")
    delta: Long = seen(DESK, "How many points to add, or with a minus to take.")
    reason: ReasonCode = seen(DESK, "Why, in one word.")
    requested_at: Moment = seen(DESK, "When it was asked for.")
    expires_at: Moment = seen(DESK, "From this moment on it can no longer be approved.")
    decided_at: Moment | None = seen(DESK, "When it was decided, or withdrawn; null while it was not.")
    decision_reason: ReasonCode | None = seen(DESK, "Why it was rejected; null when it was not.")
    card: MemberCard = related(DESK, "The member's name and picture.", profiles, MemberCard)
    note: Note | None = related(DESK, "What the requester wrote for people. Kept encrypted.", note_of)
    requested_by: StaffCard | None = related(DESK, "Who asked for it (申请人).", requester_of)
    decided_by: StaffCard | None = related(DESK, "Who decided on it (审批人), or withdrew it.", decider_of)
    entry: PointsEntry | None = related(DESK, "The line of the ledger it led to, once approved.", entry_of)
    preview: ApprovalPreview | None = related(
        DESK, "What approving it would come to now, by the same checks; null once it is settled.", preview_of
    )

    @classmethod
    def of(cls, row: dict[str, Any], now: datetime) -> "Approval":
        """The request as a client sees it at a moment."""
        stored = Request(**{name: row[name] for name in REQUEST} | {"state": ApprovalState(row["state"])})
        return cls(
            id=strawberry.ID(ids.encode(ids.Tag.APPROVAL, stored.member_id, stored.id)),
            member_id=stored.member_id,
            asked=stored,
            transaction_id=row["transaction_id"],
            kind=ApprovalKind[row["kind"]],
            state=stored.standing(now),
            whose=strawberry.ID(ids.encode(ids.Tag.MEMBER, stored.member_id)),
            delta=Long(stored.facts["delta"]),
            reason=stored.reason,
            requested_at=row["requested_at"],
            expires_at=row["expires_at"],
            decided_at=row["decided_at"],
            decision_reason=row["decision_reason"],
        )


REQUEST = approvals.COLUMNS.split(", ")
COLUMNS = f"{approvals.COLUMNS}, kind, requested_at, decided_at, transaction_id"
ONE = SQL(f"SELECT {COLUMNS} FROM approval WHERE member_id = $1 AND id = $2")  # noqa: S608  constants


async def approval(context: Context, member_id: UUID, approval_id: UUID) -> Approval | None:
    """One request, for those who may see requests."""
    if audience_of(context.principal) not in DESK:
        return None
    row = await ONE.row(member_id, approval_id)
    return Approval.of(row, context.now) if row else None


LIST = {
    backwards: SQL(
        f"SELECT {COLUMNS} FROM approval WHERE ($1::text IS NULL OR state = $1)"  # noqa: S608  constants
        " AND ($2::timestamptz IS NULL OR expires_at > $2::timestamptz)"
        " AND ($3::timestamptz IS NULL OR expires_at <= $3::timestamptz)"
        f" AND ($4::uuid IS NULL OR id {beyond} $4::uuid) ORDER BY id {order} LIMIT $5",
        fans_out="staff read the queue of requests",
    )
    for backwards, order, beyond in ((False, "DESC", "<"), (True, "ASC", ">"))
}
PAGES: Listing[dict[str, Any]] = Listing(
    ", ".join(f"a.{column}" for column in COLUMNS.split(", ")),
    "approval a",
    order={"id": ROW_ID},
    fans_out="a page of members shows the latest requests about each one",
)


async def approvals_of(
    parents: Sequence[HasMember],
    context: Context,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
) -> list[Connection[Approval]]:
    """A page of the requests about each member, newest first."""
    asked_for = pages.window(first=first, after=after, last=last, before=before, shape=(pages.row_id,))
    return [
        pages.page(rows, asked_for, lambda row: Approval.of(row, context.now), lambda row: (row["id"],))
        for rows in await pages.listed(PAGES, parents, asked_for)
    ]


@strawberry.type
class ApprovalsQuery:
    """What may be asked of approvals."""

    @asked(DESK, "What the staff asked of each other, newest first.")
    async def approvals(
        self,
        info: Info,
        state: Annotated[
            Standing | None, strawberry.argument(description="Only those that stand so; all by default.")
        ] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Approval] | None:
        """A page of the queue."""
        now = info.context.now
        asked_for = pages.window(first=first, after=after, last=last, before=before, shape=(pages.row_id,))
        stored = ApprovalState.PENDING if state is Standing.EXPIRED else state
        rows = await LIST[asked_for.backwards].rows(
            stored and stored.value,
            now if state is Standing.PENDING else None,
            now if state is Standing.EXPIRED else None,
            asked_for.key[0] if asked_for.key else None,
            asked_for.fetch,
        )
        return pages.page(rows, asked_for, lambda row: Approval.of(row, now), lambda row: (row["id"],))


@strawberry.type(description="The request after it.")
class ApprovalPayload:
    approval: Approval | None = seen(DESK, "The request; null when refused.", default=None)
    replayed: bool = seen(DESK, "Whether this answers an earlier, identical request.", default=False)
    user_errors: list[UserError] = seen(DESK, "Why it was refused; empty on success.", default_factory=list)


@strawberry.input(description="An adjustment to ask for, of any size. Very large ones are done in no other way.")
class PointsAdjustRequest:
    member_id: strawberry.ID = strawberry.field(description="Whose points.")
    delta: Long = strawberry.field(description="How many to add, or with a minus to take. Never 0.")
    reason: ReasonCode = strawberry.field(description="Why, in one word: `GOODWILL`.")
    note: Note | None = strawberry.field(default=None, description="A line for people. Kept encrypted.")


@strawberry.input(one_of=True, description="What is asked for: one of these.")
class ApprovalSubject:
    points_adjust: PointsAdjustRequest | None = strawberry.field(
        default=strawberry.UNSET, description="Points put in or taken out by hand."
    )


@strawberry.input(description="Something to ask a colleague to approve.")
class ApprovalRequestInput:
    subject: ApprovalSubject = strawberry.field(description="What is asked for.")
    idempotency_key: str = strawberry.field(description=KEY_SAYS)


@strawberry.input(description="A request of a colleague's to approve.")
class ApprovalApproveInput:
    approval_id: strawberry.ID = strawberry.field(description="Which.")
    idempotency_key: str = strawberry.field(description=KEY_SAYS)


@strawberry.input(description="A request of a colleague's to reject.")
class ApprovalRejectInput:
    approval_id: strawberry.ID = strawberry.field(description="Which.")
    reason: ReasonCode = strawberry.field(description="Why, in one word: `NO_EVIDENCE`.")


@strawberry.input(description="A request of your own to take back.")
class ApprovalWithdrawInput:
    approval_id: strawberry.ID = strawberry.field(description="Which.")


def _parts(text: str) -> tuple[UUID, UUID]:
    """The member and the request an id means."""
    parts = ids.decode(ids.Tag.APPROVAL, text)
    if parts is None:
        raise NotFound
    return parts[0], parts[1]


async def _answer(context: Context, member_id: UUID, outcome: Outcome) -> ApprovalPayload:
    found = await approval(context, member_id, outcome.approval_id)
    return ApprovalPayload(approval=found, replayed=outcome.replayed)


@strawberry.type
class ApprovalsMutation:
    """What the staff may ask of each other."""

    @command(
        DESK,
        "Ask a colleague to approve something. They have 7 days to decide.",
        ApprovalPayload,
        approvals.request,
    )
    async def approval_request(self, info: Info, input: ApprovalRequestInput) -> ApprovalPayload | None:
        """Ask for something."""
        context, wanted = info.context, input.subject.points_adjust
        if not isinstance(wanted, PointsAdjustRequest):
            raise bad_input("`subject` names one thing to ask for.")
        if not wanted.delta:
            raise bad_input("`delta` must not be 0.")
        member_id = ids.decode_one(ids.Tag.MEMBER, wanted.member_id)
        if member_id is None:
            raise NotFound
        outcome = await approvals.request(
            member_id,
            Adjustment(wanted.delta, wanted.reason, wanted.note),
            key=key_of(input.idempotency_key),
            actor=context.actor,
            now=context.now,
        )
        return await _answer(context, member_id, outcome)

    @command(
        LEADS,
        "Approve what a colleague asked for. It is done at the same moment, once; or it is refused, and the "
        "request goes on waiting. Asks for a fresh proof of who you are.",
        ApprovalPayload,
        approvals.approve,
        renamed={"points": ()},
    )
    async def approval_approve(self, info: Info, input: ApprovalApproveInput) -> ApprovalPayload | None:
        """Approve a request."""
        context = info.context
        member_id, approval_id = _parts(input.approval_id)
        key = key_of(input.idempotency_key)
        outcome = await approvals.approve(member_id, approval_id, key=key, actor=context.actor, now=context.now)
        return await _answer(context, member_id, outcome)

    @command(LEADS, "Reject what a colleague asked for, for a reason.", ApprovalPayload, approvals.reject)
    async def approval_reject(self, info: Info, input: ApprovalRejectInput) -> ApprovalPayload | None:
        """Reject a request."""
        context = info.context
        member_id, approval_id = _parts(input.approval_id)
        outcome = await approvals.reject(
            member_id, approval_id, reason=input.reason, actor=context.actor, now=context.now
        )
        return await _answer(context, member_id, outcome)

    @command(DESK, "Take back what you asked for, while it waits.", ApprovalPayload, approvals.withdraw)
    async def approval_withdraw(self, info: Info, input: ApprovalWithdrawInput) -> ApprovalPayload | None:
        """Withdraw a request."""
        context = info.context
        member_id, approval_id = _parts(input.approval_id)
        outcome = await approvals.withdraw(member_id, approval_id, actor=context.actor, now=context.now)
        return await _answer(context, member_id, outcome)
