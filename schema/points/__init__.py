"""Points as a client sees them: the account, its ledger, and what may be done with them."""

from typing import Annotated
from uuid import UUID

import strawberry

from models.sql import SQL
from models.units import Note, Points, ReasonCode
from rules import points
from rules.refusals import NotFound
from schema import ids
from schema.context import Info
from schema.errors import INPUT, UserError, answer_to, bad_input, command, key_of
from schema.permissions import COUNTER, DESK, asked, seen
from schema.points._asking import MOVEMENT, PointsPayload, answer, positive, purchase_of, whose
from schema.points._cancelling import PendingMutation
from schema.points._checkout import HoldsMutation
from schema.points._expiring import SOON, ExpiryRow, Foreseen
from schema.points._holds import PointsHold, hold
from schema.points._ledger import (
    ACCOUNT,
    Account,
    PointsAccount,
    PointsEntry,
    Unasked,
    entries_led_to,
    entries_written,
    entry,
    points_of,
)
from schema.points._paying import PayingQuery
from schema.points._transfer import TransfersMutation, TransfersQuery
from schema.points._words import said
from schema.scalars import KEY_SAYS, Long

__all__ = [
    "ACCOUNT",
    "SOON",
    "Account",
    "ExpiryRow",
    "Foreseen",
    "HoldsMutation",
    "PayingQuery",
    "PendingMutation",
    "PointsAccount",
    "PointsEntry",
    "PointsHold",
    "PointsMutation",
    "PointsQuery",
    "TransfersMutation",
    "TransfersQuery",
    "Unasked",
    "entries_led_to",
    "entries_written",
    "entry",
    "hold",
    "points_of",
    "said",
    "whose",
]


@strawberry.input(description="Points to take for a reward, or towards a purchase.")
class PointsRedeemInput:
    member_id: strawberry.ID | None = strawberry.field(
        default=None, description="Whose points. Members leave it out: their own."
    )
    points: Long = strawberry.field(description="How many, above 0.")
    reason: ReasonCode = strawberry.field(
        default=ReasonCode("REDEMPTION"), description="What for, in one word: `REWARD_TEA`."
    )
    note: Note | None = strawberry.field(default=None, description="A line for people. Kept encrypted.")
    purchase_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="The member's purchase the points help to pay; its refund returns them. Not for members.",
    )
    idempotency_key: str = strawberry.field(description=KEY_SAYS)


@strawberry.input(description="Points of a redemption to give back.")
class PointsReturnInput:
    entry_id: strawberry.ID = strawberry.field(description="The redemption's entry.")
    points: Long | None = strawberry.field(default=None, description="How many; all that is left by default.")
    reason: ReasonCode = strawberry.field(description="Why, in one word: `CUSTOMER_RETURN`.")
    note: Note | None = strawberry.field(default=None, description="A line for people. Kept encrypted.")
    idempotency_key: str = strawberry.field(description=KEY_SAYS)


@strawberry.input(description="Points to put in or take out by hand.")
class PointsAdjustInput:
    member_id: strawberry.ID = strawberry.field(description="Whose points.")
    delta: Long = strawberry.field(description="How many to add, or with a minus to take. Never 0.")
    expected_available: Long | None = strawberry.field(
        default=None, description="Refuse unless this is the balance, so that two people do not adjust twice."
    )
    reason: ReasonCode = strawberry.field(description="Why, in one word: `GOODWILL`.")
    note: Note | None = strawberry.field(default=None, description="A line for people. Kept encrypted.")
    idempotency_key: str = strawberry.field(description=KEY_SAYS)


@strawberry.input(description="A redemption to try without doing it.")
class PointsRedeemPreviewInput:
    member_id: strawberry.ID | None = strawberry.field(
        default=None, description="Whose points. Members leave it out: their own."
    )
    points: Long = strawberry.field(description="How many, above 0.")


@strawberry.type(description="What a redemption would come to.")
class PointsRedeemPreview:
    allowed: bool = seen(MOVEMENT, "Whether it would go through now.")
    available: Long = seen(MOVEMENT, "What the member may spend now.")
    available_after: Long | None = seen(MOVEMENT, "What would be left; null when it would be refused.")
    limit: Long | None = seen(MOVEMENT, "The most points of one redemption at the member's tier; null for none.")
    user_errors: list[UserError] = seen(MOVEMENT, "Everything that stands against it, not only the first.")


@strawberry.type
class PointsQuery:
    """What may be asked of points."""

    @asked(MOVEMENT, "What a redemption would come to. Runs the same checks and writes nothing.")
    async def points_redeem_preview(
        self, info: Info, input: Annotated[PointsRedeemPreviewInput, INPUT]
    ) -> PointsRedeemPreview | None:
        """Try a redemption."""
        context = info.context
        wanted = positive(input.points)
        try:
            member_id = whose(context, input.member_id)
            chance = await points.preview(member_id, wanted, now=context.now)
        except NotFound:
            return None
        left = chance.available - wanted
        return PointsRedeemPreview(
            allowed=not chance.objections,
            available=Long(chance.available),
            available_after=None if chance.objections else Long(left),
            limit=None if chance.limit is None else Long(chance.limit),
            user_errors=[answer_to(refusal, context.language) for refusal in chance.objections],
        )


@strawberry.type
class PointsMutation:
    """What may be done with points."""

    @command(MOVEMENT, "Take points for a reward, or towards a purchase.", PointsPayload, points.redeem)
    async def points_redeem(self, info: Info, input: PointsRedeemInput) -> PointsPayload | None:
        """Redeem at the counter, or by the member."""
        context = info.context
        member_id = whose(context, input.member_id)
        posted = await points.redeem(
            member_id,
            positive(input.points),
            reason=input.reason,
            note=input.note,
            purchase_id=purchase_of(member_id, input.purchase_id),
            key=key_of(input.idempotency_key),
            actor=context.actor,
            now=context.now,
        )
        return await answer(member_id, posted)

    @command(
        COUNTER,
        "Give points of a redemption back, to the lots that paid for it.",
        PointsPayload,
        points.give_back,
    )
    async def points_return(self, info: Info, input: PointsReturnInput) -> PointsPayload | None:
        """Return a redemption."""
        context = info.context
        parts = ids.decode(ids.Tag.POINTS_ENTRY, input.entry_id) or (UUID(int=0), UUID(int=0))
        transaction_id = await TRANSACTION_OF.value(*parts)
        if transaction_id is None:
            raise NotFound
        posted = await points.give_back(
            parts[0],
            transaction_id,
            None if input.points is None else positive(input.points),
            reason=input.reason,
            note=input.note,
            key=key_of(input.idempotency_key),
            actor=context.actor,
            now=context.now,
        )
        return await answer(parts[0], posted)

    @command(
        DESK,
        "Put points in or take points out by hand, for a reason. Many of them ask for a fresh proof, and very many "
        "for a second person: see `programme` and `approvalRequest`.",
        PointsPayload,
        points.adjust,
        renamed={"points": ("delta",)},
    )
    async def points_adjust(self, info: Info, input: PointsAdjustInput) -> PointsPayload | None:
        """Adjust by hand."""
        context = info.context
        if not input.delta:
            raise bad_input("`delta` must not be 0.")
        expected = input.expected_available
        member_id = whose(context, input.member_id)
        posted = await points.adjust(
            member_id,
            input.delta,
            reason=input.reason,
            note=input.note,
            expected_available=None if expected is None else Points(expected),
            key=key_of(input.idempotency_key),
            actor=context.actor,
            now=context.now,
        )
        return await answer(member_id, posted)


TRANSACTION_OF = SQL("SELECT transaction_id FROM points_entry WHERE member_id = $1 AND id = $2")
