"""Holding points for a checkout: setting them aside, taking them, giving them back."""

from datetime import timedelta
from uuid import UUID

import strawberry

from models.units import Points, ReasonCode, is_plain
from rules import points
from rules.points import HOLD_FOR, Checkout, Kept
from rules.refusals import NotFound
from schema import ids
from schema.context import Context, Info
from schema.errors import UserError, bad_input, command, key_of
from schema.permissions import COUNTER, MEMBER, WRITES_POINTS, seen
from schema.points._asking import answer, positive, purchase_of, whose
from schema.points._holds import PointsHold, hold
from schema.points._ledger import PointsAccount, PointsEntry
from schema.scalars import KEY_SAYS, Long

HOLDS = MEMBER | COUNTER | WRITES_POINTS

REFERENCE_MAX = 100


@strawberry.type(description="What became of a hold.")
class PointsHoldPayload:
    hold: PointsHold | None = seen(HOLDS, "The hold as it is now; null when refused.", default=None)
    entry: PointsEntry | None = seen(
        HOLDS,
        "The first line that this wrote in the ledger; null when refused, and where no points moved.",
        default=None,
    )
    account: PointsAccount | None = seen(
        HOLDS, "The account after it; null when refused, and where no points moved.", default=None
    )
    replayed: bool = seen(HOLDS, "Whether this answers an earlier, identical request.", default=False)
    user_errors: list[UserError] = seen(HOLDS, "Why it was refused; empty on success.", default_factory=list)


@strawberry.input(description="Points to set aside for a checkout.")
class PointsHoldInput:
    member_id: strawberry.ID | None = strawberry.field(
        default=None, description="Whose points. Members leave it out: their own."
    )
    points: Long = strawberry.field(description="How many, above 0.")
    seconds: int = strawberry.field(
        default=int(HOLD_FOR.total_seconds()),
        description="For how long, above 0; a week at most. What is not taken by then is available again.",
    )
    reason: ReasonCode = strawberry.field(
        default=ReasonCode("CHECKOUT"), description="What for, in one word: `CHECKOUT`."
    )
    purchase_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="The member's purchase they are to pay for, where it is known; it ends the hold when it is "
        "cancelled or refunded. Not for members.",
    )
    order_ref: str | None = strawberry.field(
        default=None, description="What the shop calls the order, 1 to 100 characters, to find the hold by."
    )
    idempotency_key: str = strawberry.field(description=KEY_SAYS)


@strawberry.input(description="Points to take that were set aside.")
class PointsCaptureInput:
    hold_id: strawberry.ID = strawberry.field(description="The hold.")
    points: Long | None = strawberry.field(
        default=None, description="How many, above 0; all by default. The others are available again."
    )
    purchase_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="The member's purchase they pay for, where the hold does not name it; its refund returns them. "
        "Not for members.",
    )
    idempotency_key: str = strawberry.field(description=KEY_SAYS)


@strawberry.input(description="How long points are to stay set aside.")
class PointsHoldExtendInput:
    hold_id: strawberry.ID = strawberry.field(description="The hold.")
    seconds: int = strawberry.field(
        description="For how long from now, above 0; a week after they were set aside at the latest. Where it "
        "lasts longer anyway, it stays as it is."
    )
    idempotency_key: str = strawberry.field(description=KEY_SAYS)


@strawberry.input(description="Points to give back that were set aside.")
class PointsReleaseInput:
    hold_id: strawberry.ID = strawberry.field(description="The hold.")
    idempotency_key: str = strawberry.field(description=KEY_SAYS)


@strawberry.type
class HoldsMutation:
    """What may be done with points for a checkout."""

    @command(
        HOLDS,
        "Set points aside for a checkout, so that nothing else spends them meanwhile: take them with "
        "`pointsCapture`, or give them back with `pointsRelease`.",
        PointsHoldPayload,
        points.set_aside,
    )
    async def points_hold(self, info: Info, input: PointsHoldInput) -> PointsHoldPayload | None:
        """Hold points, by the counter, a service or the member."""
        context = info.context
        member_id = whose(context, input.member_id)
        checkout = Checkout(
            reason=input.reason,
            lasting=_lasting(input.seconds),
            purchase_id=purchase_of(member_id, input.purchase_id),
            order_ref=_reference(input.order_ref),
        )
        kept = await points.set_aside(
            member_id,
            positive(input.points),
            checkout,
            key=key_of(input.idempotency_key),
            actor=context.actor,
            now=context.now,
        )
        return await _answer(context, member_id, kept)

    @command(
        HOLDS,
        "Take points that were set aside, in part or whole; what is left of them is available again. What the "
        "member set aside everybody here may take; what a service did, that service and the staff; what the staff "
        "did, the staff, of whom a cashier only in their own store.",
        PointsHoldPayload,
        points.capture,
    )
    async def points_capture(self, info: Info, input: PointsCaptureInput) -> PointsHoldPayload | None:
        """Spend what was held."""
        context = info.context
        member_id, hold_id = _meant(context, input.hold_id)
        wanted: Points | None = None if input.points is None else positive(input.points)
        kept = await points.capture(
            member_id,
            hold_id,
            wanted,
            purchase_id=purchase_of(member_id, input.purchase_id),
            key=key_of(input.idempotency_key),
            actor=context.actor,
            now=context.now,
        )
        return await _answer(context, member_id, kept)

    @command(
        HOLDS,
        "Keep points set aside for longer, while a checkout goes on. Who may take them may keep them.",
        PointsHoldPayload,
        points.extend,
    )
    async def points_hold_extend(self, info: Info, input: PointsHoldExtendInput) -> PointsHoldPayload | None:
        """Give a checkout more time."""
        context = info.context
        member_id, hold_id = _meant(context, input.hold_id)
        extended = await points.extend(
            member_id,
            hold_id,
            _lasting(input.seconds),
            key=key_of(input.idempotency_key),
            actor=context.actor,
            now=context.now,
        )
        return PointsHoldPayload(hold=await hold(context, member_id, hold_id), replayed=extended.replayed)

    @command(
        HOLDS,
        "Give points back that were set aside. Who may take them may give them back.",
        PointsHoldPayload,
        points.release,
    )
    async def points_release(self, info: Info, input: PointsReleaseInput) -> PointsHoldPayload | None:
        """Give up a hold."""
        context = info.context
        member_id, hold_id = _meant(context, input.hold_id)
        kept = await points.release(
            member_id, hold_id, key=key_of(input.idempotency_key), actor=context.actor, now=context.now
        )
        return await _answer(context, member_id, kept)


def _meant(context: Context, given: str) -> tuple[UUID, UUID]:
    """The member and the hold an id means, which of a member must be their own."""
    parts = ids.decode(ids.Tag.POINTS_HOLD, given)
    if parts is None or context.member_id not in (None, parts[0]):
        raise NotFound
    return parts[0], parts[1]


def _lasting(seconds: int) -> timedelta:
    if seconds <= 0:
        raise bad_input("`seconds` must be above 0.")
    return timedelta(seconds=seconds)


def _reference(given: str | None) -> str | None:
    if given is not None and not (1 <= len(given) <= REFERENCE_MAX and is_plain(given)):
        raise bad_input("`orderRef` is 1 to 100 printable characters.")
    return given


async def _answer(context: Context, member_id: UUID, kept: Kept) -> PointsHoldPayload:
    """The hold, and the line and the account as they were, also on a replay."""
    told = await answer(member_id, kept.posted)
    found = await hold(context, member_id, kept.hold_id)
    return PointsHoldPayload(hold=found, entry=told.entry, account=told.account, replayed=told.replayed)
