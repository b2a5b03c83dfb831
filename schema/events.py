"""Events as a member sees them: what happened to them, by subscription or by asking again and again.

Both read the outbox by its numbers, so both tell the same events in the same order, none twice and none left out.
"""

from collections.abc import AsyncGenerator, Sequence
from datetime import datetime
from enum import Enum
from typing import Annotated, Any
from uuid import UUID

import strawberry

from models.sql import SQL
from rules.outbox import shown
from schema import ids, pages
from schema.context import Context, Info
from schema.errors import bad_input
from schema.members import Member, member
from schema.pages import First
from schema.permissions import MEMBER, asked, followed, related, seen
from schema.points import PointsAccount, PointsEntry, entries_written, points_of
from schema.scalars import Long, Moment
from schema.tiers import Tier, tier_of

MARK = "events"
"""The first word of these cursors, so that another list's is told apart."""


@strawberry.enum(description="What happened to a member. New values may come: leave out what you do not know.")
class MemberEventType(Enum):
    MEMBER_CREATED = strawberry.enum_value("MEMBER_CREATED", description="They became known to the programme.")
    MEMBER_ENROLLED = strawberry.enum_value("MEMBER_ENROLLED", description="They became a member.")
    MEMBER_FROZEN = strawberry.enum_value("MEMBER_FROZEN", description="Staff stopped them from spending.")
    MEMBER_UNFROZEN = strawberry.enum_value("MEMBER_UNFROZEN", description="They may act again.")
    MEMBER_MERGED = strawberry.enum_value("MEMBER_MERGED", description="They are now another member.")
    MEMBER_ERASED = strawberry.enum_value("MEMBER_ERASED", description="Who they were is forgotten, for good.")
    MEMBER_OPTED_OUT = strawberry.enum_value("MEMBER_OPTED_OUT", description="They left the programme.")
    MEMBER_REJOINED = strawberry.enum_value("MEMBER_REJOINED", description="They left, and are back.")
    MEMBER_ERASURE_REQUESTED = strawberry.enum_value(
        "MEMBER_ERASURE_REQUESTED", description="They will be erased in some days."
    )
    MEMBER_ERASURE_CANCELLED = strawberry.enum_value(
        "MEMBER_ERASURE_CANCELLED", description="They will not be erased after all."
    )
    MEMBER_UNMERGED = strawberry.enum_value(
        "MEMBER_UNMERGED", description="They were another member, and are somebody of their own again."
    )
    MEMBER_PARTED = strawberry.enum_value(
        "MEMBER_PARTED", description="Somebody who had turned out to be them is somebody else after all."
    )
    MEMBER_ABSORBED = strawberry.enum_value(
        "MEMBER_ABSORBED", description="Somebody else turned out to be them, and brought a name they are known by."
    )
    POINTS_MOVED = strawberry.enum_value("POINTS_MOVED", description="Their points moved: `entries` tells how.")
    POINTS_HELD = strawberry.enum_value(
        "POINTS_HELD", description="Points of theirs were set aside for a checkout."
    )
    POINTS_CAPTURED = strawberry.enum_value(
        "POINTS_CAPTURED", description="Points that were set aside were spent, in part or whole."
    )
    POINTS_HOLD_EXTENDED = strawberry.enum_value(
        "POINTS_HOLD_EXTENDED", description="Points that are set aside stay so for longer."
    )
    POINTS_RELEASED = strawberry.enum_value(
        "POINTS_RELEASED", description="Points that were set aside are available again."
    )
    POINTS_EXPIRING = strawberry.enum_value(
        "POINTS_EXPIRING", description="Points are about to expire: `expiring` tells how many, and when."
    )
    GROWTH_MOVED = strawberry.enum_value("GROWTH_MOVED", description="Their growth value (成长值) moved.")
    TIER_CHANGED = strawberry.enum_value("TIER_CHANGED", description="They hold another tier.")
    BENEFIT_USED = strawberry.enum_value("BENEFIT_USED", description="They used something their tier gives them.")
    TIER_REVIEWED = strawberry.enum_value(
        "TIER_REVIEWED",
        description="Something about their tiers, but not which they hold: it was retained, or is in its grace.",
    )
    PURCHASE_PAID = strawberry.enum_value("PURCHASE_PAID", description="A purchase was paid.")
    PURCHASE_COMPLETED = strawberry.enum_value("PURCHASE_COMPLETED", description="A purchase was completed.")
    PURCHASE_CANCELLED = strawberry.enum_value("PURCHASE_CANCELLED", description="A purchase was given up unpaid.")
    PURCHASE_REFUNDED = strawberry.enum_value(
        "PURCHASE_REFUNDED", description="A purchase was refunded, in part or whole."
    )
    REFERRAL_BOUND = strawberry.enum_value("REFERRAL_BOUND", description="Somebody is known to have brought them.")
    REFERRAL_QUALIFYING = strawberry.enum_value(
        "REFERRAL_QUALIFYING", description="They did what their referral takes; it is waited whether it stays so."
    )
    REFERRAL_QUALIFIED = strawberry.enum_value("REFERRAL_QUALIFIED", description="Their referral has qualified.")
    REFERRAL_REWARDED = strawberry.enum_value(
        "REFERRAL_REWARDED", description="Both sides of their referral were given what they are due."
    )
    REFERRAL_CLAWED_BACK = strawberry.enum_value(
        "REFERRAL_CLAWED_BACK", description="A refund takes back what their referral gave."
    )
    REFERRAL_EXPIRED = strawberry.enum_value(
        "REFERRAL_EXPIRED", description="Their referral ran out before it qualified."
    )
    REFERRAL_REVIEW = strawberry.enum_value("REFERRAL_REVIEW", description="Staff look at their referral first.")
    REFERRAL_REJECTED = strawberry.enum_value("REFERRAL_REJECTED", description="Staff refused their referral.")
    REFERRAL_VOIDED = strawberry.enum_value("REFERRAL_VOIDED", description="Their referral does not count.")
    REFERRAL_REWARD_GRANTED = strawberry.enum_value(
        "REFERRAL_REWARD_GRANTED", description="They were given a reward, for whom they brought or for having come."
    )
    REFERRAL_REWARD_TAKEN_BACK = strawberry.enum_value(
        "REFERRAL_REWARD_TAKEN_BACK", description="A reward of a referral was taken back from them."
    )
    OTHER = strawberry.enum_value("OTHER", description="Something this version of the server has no word for.")


async def member_of(parents: Sequence["MemberEvent"], context: Context) -> list[Member]:
    """The member of each event, as they are now."""
    del context
    found = {who: await member(who) for who in {parent.member_id for parent in parents}}
    return [_there(found[parent.member_id]) for parent in parents]


def _there(found: Member | None) -> Member:
    if found is None:
        raise AssertionError("An event of a member there is not.")
    return found


async def entries_of(parents: Sequence["MemberEvent"], context: Context) -> list[list[PointsEntry]]:
    """The lines of the ledger each event wrote."""
    del context
    written: dict[tuple[UUID, UUID], list[PointsEntry]] = {}
    for who in {parent.member_id for parent in parents}:
        caused = [each.transaction_id for each in parents if each.member_id == who and each.transaction_id]
        for line in await entries_written(who, caused):
            written.setdefault((who, line.transaction_id), []).append(line)
    return [
        written.get((each.member_id, each.transaction_id), []) if each.transaction_id else [] for each in parents
    ]


@strawberry.type(description="Points that are about to expire.")
class PointsExpiring:
    points: Long = seen(MEMBER, "How many.")
    expires_at: Moment = seen(MEMBER, "The first moment they are worth nothing.")
    days: int = seen(MEMBER, "How many days before that the programme tells it: 30, 7, 1.")

    @classmethod
    def of(cls, body: dict[str, Any]) -> "PointsExpiring":
        """What an event says of it."""
        return cls(
            points=Long(body["points"]),
            expires_at=Moment(datetime.fromisoformat(body["expires_at"])),
            days=body["days"],
        )


@strawberry.type(description="Something that happened to the calling member. What hangs on it is as it is now.")
class MemberEvent:
    member_id: strawberry.Private[UUID]
    transaction_id: strawberry.Private[UUID | None]
    cursor: str = seen(MEMBER, "Where it stands. Send it as `after` to hear what came after it.")
    type: MemberEventType = seen(MEMBER, "What happened.")
    occurred_at: Moment = seen(MEMBER, "When it was recorded.")
    purchase_id: strawberry.ID | None = seen(
        MEMBER, "The purchase it happened to, for `node`; null for events of another kind."
    )
    expiring: PointsExpiring | None = seen(
        MEMBER, "What is about to expire, as it was then; null for events of another kind."
    )
    entries: list[PointsEntry] = related(
        MEMBER, "The lines of the points ledger it wrote; empty for events of another kind.", entries_of
    )
    member: Member = related(MEMBER, "The member, to refresh the page with.", member_of)
    points: PointsAccount = related(MEMBER, "Their points, to refresh the balance with.", points_of)
    tier: Tier = related(MEMBER, "The tier they hold.", tier_of)

    @classmethod
    def of(cls, row: dict[str, Any]) -> "MemberEvent":
        """The event as its member sees it."""
        who, bought = row["member_id"], row["body"].get("purchase")
        name = shown(row["type"])
        return cls(
            member_id=who,
            transaction_id=row["transaction_id"],
            cursor=_cursor(row["seq"]),
            type=MemberEventType.__members__.get(name, MemberEventType.OTHER),
            occurred_at=row["created_at"],
            purchase_id=bought and strawberry.ID(ids.encode(ids.Tag.PURCHASE, who, UUID(bought))),
            expiring=PointsExpiring.of(row["body"]) if row["type"] == "points.expiring" else None,
        )


@strawberry.type(description="Events of the calling member, oldest first.")
class MemberEvents:
    events: list[MemberEvent] = seen(MEMBER, "The events after the cursor, oldest first.")
    has_more: bool = seen(MEMBER, "Whether there are more after these: ask again at once.")
    latest: str = seen(
        MEMBER, "The cursor of the newest event there is: send it as `after` to hear only what comes from now on."
    )


LATEST = SQL("SELECT event_seq FROM member WHERE id = $1")
EVENTS = SQL(
    "SELECT member_id, seq, type, body, transaction_id, created_at FROM outbox_event"
    " WHERE member_id = $1 AND seq > $2 AND seq <= $3 AND type NOT LIKE 'approval.%' ORDER BY seq LIMIT $4"
)
"""A member's events. What the staff ask of each other about them is between the staff, and is left out."""

EventsAfter = Annotated[str | None, strawberry.argument(description="Only what came after this event's cursor.")]


def _cursor(seq: int) -> str:
    return pages.cursor(MARK, seq)


def _is_mark(value: Any) -> str:
    if value != MARK:
        raise ValueError
    return MARK


def _read(after: str, latest: int) -> int:
    """The number behind a cursor. One beyond the newest event is from before a loss."""
    _, seq = pages.read_cursor(after, (_is_mark, pages.whole))
    if not 0 <= seq <= latest:
        raise bad_input("This cursor is not one of this list's.")
    return int(seq)


CHANGED = SQL(
    "SELECT COUNT(*) AS n FROM (SELECT 1 FROM outbox_event WHERE member_id = $1 AND seq > $2 AND seq <= $3"
    " AND type NOT LIKE 'approval.%' AND type NOT LIKE 'purchase.%' LIMIT 1) one"
)
"""Whether anything of a member themselves has changed: what they have, their tier, where the membership stands."""


async def _changes(context: Context, member_id: UUID) -> AsyncGenerator[Member, None]:
    """The member as they are, and again whenever they have changed, until the house closes.

    Of changes that come faster than they are taken only the last state is told.
    """
    if context.feed is None:
        raise AssertionError("A subscription without a feed.")
    with context.feed.watch(member_id) as watch:
        told = None
        while True:
            latest = await LATEST.value(member_id)
            if told is None or await CHANGED.value(member_id, told, latest):
                await context.renew()
                yield _there(await member(member_id))
            told = latest
            if not await watch.beyond(latest):
                return


async def _follow(context: Context, member_id: UUID, seq: int) -> AsyncGenerator[MemberEvent, None]:
    """The member's events after a number, each with everything made anew for it, until the house closes."""
    if context.feed is None:
        raise AssertionError("A subscription without a feed.")
    with context.feed.watch(member_id) as watch:
        while True:
            latest = await LATEST.value(member_id)
            rows = await EVENTS.rows(member_id, seq, latest, pages.MOST)
            for row in rows:
                await context.renew()
                yield MemberEvent.of(row)
                seq = row["seq"]
            if not rows:
                # what lies between is not for the member, and is not to be looked at again
                seq = latest
            if not rows and not await watch.beyond(seq):
                return


@strawberry.type
class EventsQuery:
    """What may be asked of events."""

    @asked(
        MEMBER,
        "What happened to the calling member, oldest first: from the beginning, or after a cursor. The twin of the "
        "subscription `memberEvents`, with the same events and the same cursors.",
    )
    async def member_events(
        self, info: Info, after: EventsAfter = None, first: First = None
    ) -> MemberEvents | None:
        """A page of the caller's events."""
        asked_for = pages.window(first=first, after=None, shape=())
        own = info.context.member_id
        latest = await LATEST.value(own) if own else None
        if own is None or latest is None:
            return None
        start = 0 if after is None else _read(after, latest)
        rows = await EVENTS.rows(own, start, latest, asked_for.limit)
        reached = rows[-1]["seq"] if rows else latest
        return MemberEvents(
            events=[MemberEvent.of(row) for row in rows],
            has_more=reached < latest,
            latest=_cursor(latest),
        )


@strawberry.type
class EventsSubscription:
    """What may be followed of events."""

    @followed(
        MEMBER,
        "What happens to the calling member, as it happens. With `after`, first what was missed since, in order, "
        "without gaps and without doubles; without it, what happens from now on.",
    )
    async def member_events(self, info: Info, after: EventsAfter = None) -> AsyncGenerator[MemberEvent, None]:
        """The caller's events."""
        own = info.context.member_id
        latest = await LATEST.value(own) if own else None
        if own is None or latest is None:
            raise bad_input("Only a member has events.")
        return _follow(info.context, own, latest if after is None else _read(after, latest))

    @followed(
        MEMBER,
        "The calling member: as they are now, and again whenever their points, growth, tier or state has changed. "
        "For showing the present state; who must not miss a single event follows `memberEvents`.",
    )
    async def member_changed(self, info: Info) -> AsyncGenerator[Member, None]:
        """The caller, whenever they change."""
        own = info.context.member_id
        if own is None or await LATEST.value(own) is None:
            raise bad_input("Only a member changes.")
        return _changes(info.context, own)
