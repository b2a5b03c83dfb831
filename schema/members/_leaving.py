"""Leaving as members and the desk see it: opting out, asking to be erased, and thinking again."""

import strawberry

from models.units import ReasonCode
from rules import lifecycle
from schema.context import Info
from schema.errors import UserError, command
from schema.members._member import Member, member
from schema.permissions import DESK, MEMBER, seen
from schema.points import whose

LEAVES = DESK | MEMBER
WHO = "Who. Members leave it out: they speak for themselves."


@strawberry.type(description="The member after it.")
class MemberLeavingPayload:
    member: Member | None = seen(LEAVES, "The member; null when refused.", default=None)
    user_errors: list[UserError] = seen(LEAVES, "Why it was refused; empty on success.", default_factory=list)


@strawberry.input(description="A member who leaves the programme.")
class MemberOptOutInput:
    member_id: strawberry.ID | None = strawberry.field(default=None, description=WHO)
    reason: ReasonCode = strawberry.field(
        default=ReasonCode("MEMBER_ASKED"), description="Why, in one word: `TOO_MANY_MESSAGES`."
    )


@strawberry.input(description="A member who left, and comes back.")
class MemberRejoinInput:
    member_id: strawberry.ID | None = strawberry.field(default=None, description=WHO)
    reason: ReasonCode = strawberry.field(
        default=ReasonCode("MEMBER_ASKED"), description="Why, in one word: `CHANGED_THEIR_MIND`."
    )


@strawberry.input(description="A member who is to be erased.")
class MemberErasureRequestInput:
    member_id: strawberry.ID | None = strawberry.field(default=None, description=WHO)
    reason: ReasonCode = strawberry.field(
        default=ReasonCode("MEMBER_ASKED"), description="Why, in one word: `MEMBER_ASKED`."
    )


@strawberry.input(description="A member who is not to be erased after all.")
class MemberErasureCancelInput:
    member_id: strawberry.ID | None = strawberry.field(default=None, description=WHO)
    reason: ReasonCode = strawberry.field(
        default=ReasonCode("MEMBER_ASKED"), description="Why, in one word: `CHANGED_THEIR_MIND`."
    )


@strawberry.type
class LeavingMutation:
    """How members leave, and come back."""

    @command(
        LEAVES,
        "Leave the programme. Nothing can be spent any more. Points are kept for some days, in which "
        "`memberRejoin` brings everything back, and are forfeited then.",
        MemberLeavingPayload,
        lifecycle.opt_out,
        whose,
    )
    async def member_opt_out(self, info: Info, input: MemberOptOutInput) -> MemberLeavingPayload | None:
        """Leave."""
        context, who = info.context, whose(info.context, input.member_id)
        await lifecycle.opt_out(who, reason=input.reason, actor=context.actor, now=context.now)
        return MemberLeavingPayload(member=await member(who))

    @command(LEAVES, "Come back after `memberOptOut`.", MemberLeavingPayload, lifecycle.rejoin, whose)
    async def member_rejoin(self, info: Info, input: MemberRejoinInput) -> MemberLeavingPayload | None:
        """Come back."""
        context, who = info.context, whose(info.context, input.member_id)
        await lifecycle.rejoin(who, reason=input.reason, actor=context.actor, now=context.now)
        return MemberLeavingPayload(member=await member(who))

    @command(
        LEAVES,
        "Ask to be erased. It is done some days later, for good; until then nothing can be spent, and "
        "`memberErasureCancel` takes it back.",
        MemberLeavingPayload,
        lifecycle.request_erasure,
        whose,
    )
    async def member_erasure_request(
        self, info: Info, input: MemberErasureRequestInput
    ) -> MemberLeavingPayload | None:
        """Ask to be erased."""
        context, who = info.context, whose(info.context, input.member_id)
        await lifecycle.request_erasure(who, reason=input.reason, actor=context.actor, now=context.now)
        return MemberLeavingPayload(member=await member(who))

    @command(LEAVES, "Take `memberErasureRequest` back.", MemberLeavingPayload, lifecycle.cancel_erasure, whose)
    async def member_erasure_cancel(
        self, info: Info, input: MemberErasureCancelInput
    ) -> MemberLeavingPayload | None:
        """Not to be erased."""
        context, who = info.context, whose(info.context, input.member_id)
        await lifecycle.cancel_erasure(who, reason=input.reason, actor=context.actor, now=context.now)
        return MemberLeavingPayload(member=await member(who))
