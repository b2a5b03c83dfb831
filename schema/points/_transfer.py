"""Giving points to another member: trying it, and doing it. The other shows their member code; staff name an id."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

import strawberry

from models.units import Note, ReasonCode
from rules import attempts, points
from rules.attempts import TooManyAttempts
from rules.points import Given, Receiver
from rules.refusals import NotFound
from schema import ids
from schema.cards import MemberCard, cards
from schema.context import Context, Info
from schema.errors import INPUT, UserError, answer_to, bad_input, command, key_of
from schema.permissions import DESK, MEMBER, asked, related, seen
from schema.points._asking import answer, positive, whose
from schema.points._ledger import PointsAccount, PointsEntry
from schema.scalars import KEY_SAYS, Long

TRANSFER = MEMBER | DESK
GUESSES = "member code"
CODE_MAX = 72


@strawberry.input(description="Points to give to another member.")
class PointsTransferInput:
    member_id: strawberry.ID | None = strawberry.field(
        default=None, description="Whose points. Members leave it out: their own."
    )
    to_member_code: str | None = strawberry.field(
        default=None, description="Who is to have them: the member code they show, scanned or typed."
    )
    to_member_id: strawberry.ID | None = strawberry.field(
        default=None, description="The same by id, in place of the code. Not for members."
    )
    points: Long = strawberry.field(description="How many, above 0.")
    reason: ReasonCode = strawberry.field(default=ReasonCode("GIFT"), description="What for, in one word: `GIFT`.")
    note: Note | None = strawberry.field(default=None, description="A line for people. Kept encrypted.")
    idempotency_key: str = strawberry.field(description=KEY_SAYS)


@strawberry.input(description="A transfer to try without doing it.")
class PointsTransferPreviewInput:
    to_member_code: str = strawberry.field(
        description="Who is to have them: the member code they show. Trying leaves it as it is."
    )
    points: Long = strawberry.field(description="How many, above 0.")


async def receivers_of(parents: Sequence[Any], context: Context) -> list[MemberCard | None]:
    """The card of whoever each of these gives points to."""
    return await cards([parent.to_id for parent in parents], context)


@strawberry.type(description="What a transfer of points came to, for the one who gave.")
class PointsTransferPayload:
    to_id: strawberry.Private[UUID | None] = None
    to: MemberCard | None = related(TRANSFER, "Who has the points now; null when refused.", receivers_of)
    entry: PointsEntry | None = seen(TRANSFER, "The line in the giver's ledger; null when refused.", default=None)
    account: PointsAccount | None = seen(TRANSFER, "The giver's account after it; null when refused.", default=None)
    replayed: bool = seen(TRANSFER, "Whether this answers an earlier, identical request.", default=False)
    user_errors: list[UserError] = seen(TRANSFER, "Why it was refused; empty on success.", default_factory=list)


@strawberry.type(description="What a transfer of points would come to.")
class PointsTransferPreview:
    to_id: strawberry.Private[UUID | None] = None
    to: MemberCard | None = related(MEMBER, "Who would have the points; null for nobody who could.", receivers_of)
    allowed: bool = seen(MEMBER, "Whether it would go through now.")
    available: Long = seen(MEMBER, "What may be spent now, and so given.")
    available_after: Long | None = seen(MEMBER, "What would be left; null when it would be refused.")
    left_count: Long = seen(MEMBER, "How many transfers are left today.")
    left_points: Long = seen(MEMBER, "How many points may still be given today.")
    user_errors: list[UserError] = seen(MEMBER, "Everything that stands against it, not only the first.")


def _receiver(context: Context, code: str | None, given: str | None) -> Receiver:
    """Who is meant. An id that is none means nobody, and so does any that a member names.

    Raises: NotFound.
    """
    if code is not None:
        return Receiver(code=code[:CODE_MAX])
    found = None if context.member_id else ids.decode_one(ids.Tag.MEMBER, given or "")
    if found is None:
        raise NotFound
    return Receiver(id=found)


async def _guessed_out(context: Context) -> TooManyAttempts | None:
    """What refuses the caller whose codes have meant nobody too often lately."""
    try:
        await attempts.check_tally(GUESSES, context.actor.principal, now=context.now)
    except TooManyAttempts as refused:
        return refused
    return None


@strawberry.type
class TransfersQuery:
    """What may be asked of transfers."""

    @asked(MEMBER, "What giving points to another member would come to. Runs the same checks and moves nothing.")
    async def points_transfer_preview(
        self, info: Info, input: Annotated[PointsTransferPreviewInput, INPUT]
    ) -> PointsTransferPreview | None:
        """Try a transfer. Codes that mean nobody are counted as they are where it is done."""
        context = info.context
        wanted = positive(input.points)
        refused = await _guessed_out(context)
        to = Receiver() if refused else _receiver(context, input.to_member_code, None)
        try:
            told = await points.preview_transfer(
                whose(context, None), to, wanted, actor=context.actor, now=context.now
            )
        except NotFound:
            return None
        if told.to_id is None and not refused:
            await attempts.tally(GUESSES, context.actor.principal, now=context.now)
        objections = told.objections
        if refused:
            objections = [refused, *(each for each in objections if not isinstance(each, NotFound))]
        return PointsTransferPreview(
            to_id=told.to_id,
            allowed=not objections,
            available=Long(told.available),
            available_after=None if objections else Long(told.available - wanted),
            left_count=Long(told.left_count),
            left_points=Long(told.left_points),
            user_errors=[answer_to(refusal, context.language) for refusal in objections],
        )


@strawberry.type
class TransfersMutation:
    """How points change hands."""

    @command(
        TRANSFER,
        "Give points to another member (积分转赠). They expire when they would have and repay what the other owes. "
        "Members give within the programme's policy, to whoever shows them a member code. The desk names anybody, "
        "and takes a transfer back by another one; it is bound as in `pointsAdjust`.",
        PointsTransferPayload,
        points.transfer,
        attempts.check_tally,
        renamed={"delta": ("points",)},
    )
    async def points_transfer(self, info: Info, input: PointsTransferInput) -> PointsTransferPayload | None:
        """Transfer points. Codes that mean nobody are counted, so that nobody guesses for long."""
        context = info.context
        if (input.to_member_code is None) is (input.to_member_id is None):
            raise bad_input("Name the other by `toMemberCode` or by `toMemberId`.")
        member_id, guesser = whose(context, input.member_id), context.actor.principal
        to = _receiver(context, input.to_member_code, input.to_member_id)
        if to.code is not None:
            await attempts.check_tally(GUESSES, guesser, now=context.now)
        try:
            given = await points.transfer(
                member_id,
                to,
                positive(input.points),
                reason=input.reason,
                note=input.note,
                key=key_of(input.idempotency_key),
                actor=context.actor,
                now=context.now,
            )
        except NotFound:
            if to.code is not None:
                await attempts.tally(GUESSES, guesser, now=context.now)
            raise
        return await _answer(member_id, given)


async def _answer(member_id: UUID, given: Given) -> PointsTransferPayload:
    """The stored outcome as a payload, also on a replay."""
    told = await answer(member_id, given.posted)
    return PointsTransferPayload(to_id=given.to_id, entry=told.entry, account=told.account, replayed=told.replayed)
