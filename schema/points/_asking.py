"""What the mutations of points have in common: whose they are, what may be asked for, and what is answered."""

from datetime import datetime
from uuid import UUID

import strawberry

from models.units import Points
from rules.points import Posted
from rules.refusals import NotFound
from schema import ids
from schema.context import Context
from schema.errors import UserError, bad_input
from schema.permissions import COUNTER, MEMBER, seen
from schema.points._ledger import (
    ACCOUNTS,
    PointsAccount,
    PointsEntry,
    account,
    entries_written,
    entry_of,
)

MOVEMENT = MEMBER | COUNTER


def whose(context: Context, given: str | None) -> UUID:
    """The member a request is about: members ask about themselves, others name one.

    Raises: NotFound, for an id that is none, and for a member who names somebody else.
    """
    own = context.member_id
    named = None if given is None else ids.decode_one(ids.Tag.MEMBER, given)
    if own is not None:
        if given is not None and named != own:
            raise NotFound
        return own
    if given is None:
        raise bad_input("Name the member: `memberId` may be left out by members only.")
    if named is None:
        raise NotFound
    return named


@strawberry.type(description="What a movement of points came to.")
class PointsPayload:
    entry: PointsEntry | None = seen(
        MOVEMENT, "The movement's line in the ledger; null when refused.", default=None
    )
    account: PointsAccount | None = seen(MOVEMENT, "The account after it; null when refused.", default=None)
    replayed: bool = seen(MOVEMENT, "Whether this answers an earlier, identical request.", default=False)
    user_errors: list[UserError] = seen(MOVEMENT, "Why it was refused; empty on success.", default_factory=list)


def positive(value: int) -> Points:
    if value <= 0:
        raise bad_input("`points` must be above 0.")
    return Points(value)


async def answer(member_id: UUID, posted: Posted) -> PointsPayload:
    """The stored outcome as a payload: the line and the account as they were, also on a replay."""
    owner = posted.heir_id or member_id
    if posted.written is not None:
        return PointsPayload(entry=entry_of(posted.written), account=account(owner, posted.written.balances))
    lines = await entries_written(member_id, [posted.transaction_id])
    found = await ACCOUNTS.row([owner], datetime.fromisoformat(lines[0].recorded_at))
    if found is None:
        raise AssertionError("A member without a points account.")
    told = {name: getattr(posted, name) for name in ("available", "pending", "held", "debt")}
    told |= {name: getattr(found, name) for name in ("lifetime_earned", "lifetime_spent", "lifetime_expired")}
    as_it_was = PointsAccount(member_id=owner, **told)
    return PointsPayload(entry=lines[0], account=as_it_was, replayed=posted.replayed)


def purchase_of(member_id: UUID, given: str | None) -> UUID | None:
    """The purchase an id means, which must be the member's."""
    if given is None:
        return None
    parts = ids.decode(ids.Tag.PURCHASE, given)
    if parts is None or parts[0] != member_id:
        raise NotFound
    return parts[1]
