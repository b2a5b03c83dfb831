"""Merging as the desk sees it: what making two members one would come to, and doing it."""

from typing import Annotated
from uuid import UUID

import strawberry

from models.units import ReasonCode
from rules import lifecycle
from rules.lifecycle import MergeSelf
from rules.refusals import NotFound
from schema import ids
from schema.context import Info
from schema.errors import INPUT, UserError, answer_to, command, key_of
from schema.members._member import Member, member
from schema.permissions import DESK, asked, seen
from schema.scalars import KEY_SAYS, Long
from schema.tiers import Tier


@strawberry.input(description="Two members who are one person.")
class MemberMergeInput:
    member_id: strawberry.ID = strawberry.field(description="Who becomes the other, and has nothing any more.")
    into_id: strawberry.ID = strawberry.field(description="Who has from then on what both had.")
    reason: ReasonCode = strawberry.field(description="Why, in one word: `SAME_PERSON`.")
    idempotency_key: str = strawberry.field(description=KEY_SAYS)


@strawberry.input(description="A merge to try without doing it.")
class MemberMergePreviewInput:
    member_id: strawberry.ID = strawberry.field(description="Who would become the other.")
    into_id: strawberry.ID = strawberry.field(description="Who would have what both have.")


@strawberry.input(description="A merge to undo.")
class MemberUnmergeInput:
    member_id: strawberry.ID = strawberry.field(description="Who was merged into another.")
    reason: ReasonCode = strawberry.field(description="Why, in one word: `TWO_PEOPLE`.")
    idempotency_key: str = strawberry.field(description=KEY_SAYS)


@strawberry.type(description="Two members who are two again.")
class MemberUnmergePayload:
    member: Member | None = seen(DESK, "Who is somebody of their own again; null when refused.", default=None)
    other: Member | None = seen(DESK, "Who they were meanwhile; null when refused.", default=None)
    replayed: bool = seen(DESK, "Whether this had been done before, under the same key.", default=False)
    user_errors: list[UserError] = seen(DESK, "Why it was refused; empty on success.", default_factory=list)


@strawberry.type(description="Two members who are one from now on.")
class MemberMergePayload:
    member: Member | None = seen(DESK, "Who has what both had; null when refused.", default=None)
    merged: Member | None = seen(DESK, "Who became them; null when refused.", default=None)
    replayed: bool = seen(DESK, "Whether this had been done before, under the same key.", default=False)
    user_errors: list[UserError] = seen(DESK, "Why it was refused; empty on success.", default_factory=list)


@strawberry.type(description="What a merge would come to: what the other would have after it.")
class MemberMergePreview:
    allowed: bool = seen(DESK, "Whether it would go through now, with a fresh proof of who you are.")
    are_two: bool = seen(
        DESK, "Whether WeChat knows them as two people. It stands against nothing, but look twice.", default=False
    )
    available: Long | None = seen(DESK, "What they could spend; null for one and the same member.", default=None)
    pending: Long | None = seen(DESK, "What they would have pending.", default=None)
    held: Long | None = seen(DESK, "What would be set aside.", default=None)
    debt: Long | None = seen(DESK, "What they would owe.", default=None)
    growth: Long | None = seen(DESK, "Their growth value.", default=None)
    tier: Tier | None = seen(DESK, "The tier they would hold.", default=None)
    user_errors: list[UserError] = seen(
        DESK, "Everything that stands against it, not only the first.", default_factory=list
    )


def _both(member_id: str, into_id: str) -> tuple[UUID, UUID]:
    one, other = (ids.decode_one(ids.Tag.MEMBER, each) for each in (member_id, into_id))
    if one is None or other is None:
        raise NotFound
    return one, other


@strawberry.type
class MergingQuery:
    """What may be asked of a merge."""

    @asked(DESK, "What a merge would come to; null where there is no such member. It writes nothing.")
    async def member_merge_preview(
        self, info: Info, input: Annotated[MemberMergePreviewInput, INPUT]
    ) -> MemberMergePreview | None:
        """Try a merge."""
        context = info.context
        try:
            source, target = _both(input.member_id, input.into_id)
            found = await lifecycle.preview_merge(source, target, now=context.now)
        except NotFound:
            return None
        except MergeSelf as refused:
            return MemberMergePreview(allowed=False, user_errors=[answer_to(refused, context.language)])
        return MemberMergePreview(
            allowed=not found.objections,
            are_two=found.are_two,
            available=Long(found.balances.available),
            pending=Long(found.balances.pending),
            held=Long(found.balances.held),
            debt=Long(found.balances.debt),
            growth=Long(found.growth),
            tier=Tier.of(found.tier),
            user_errors=[answer_to(each, context.language) for each in found.objections],
        )


@strawberry.type
class MergingMutation:
    """How two members become one."""

    @command(
        DESK,
        "Make a member another one, who has from then on what both had: points with their expiry, growth, the "
        "higher tier, and all names. For staff who proved themselves lately.",
        MemberMergePayload,
        lifecycle.merge,
    )
    async def member_merge(self, info: Info, input: MemberMergeInput) -> MemberMergePayload | None:
        """Make two members one."""
        context, key = info.context, key_of(input.idempotency_key)
        source, target = _both(input.member_id, input.into_id)
        done = await lifecycle.merge(
            source, target, reason=input.reason, key=key, actor=context.actor, now=context.now
        )
        return MemberMergePayload(
            member=await member(done.into_id), merged=await member(done.member_id), replayed=done.replayed
        )

    @command(
        DESK,
        "Undo a merge of the last 30 days, as long as no points were used since. Points, growth, tier and names "
        "are again with whom they were; all logins of both have ended. For staff who proved themselves lately.",
        MemberUnmergePayload,
        lifecycle.unmerge,
    )
    async def member_unmerge(self, info: Info, input: MemberUnmergeInput) -> MemberUnmergePayload | None:
        """Make them two again."""
        context, key = info.context, key_of(input.idempotency_key)
        who = ids.decode_one(ids.Tag.MEMBER, input.member_id)
        if who is None:
            raise NotFound
        done = await lifecycle.unmerge(who, reason=input.reason, key=key, actor=context.actor, now=context.now)
        return MemberUnmergePayload(
            member=await member(done.member_id), other=await member(done.into_id), replayed=done.replayed
        )
