"""Movements as a statement tells them: who moved the points, where, what was taken back, and which lots moved."""

from collections.abc import Sequence
from typing import Any, Protocol, cast
from uuid import UUID

import strawberry

from models.lots import ends
from models.points import PointsKind
from models.reading import Row, Rows
from rules.actors import ActorKind
from schema import ids, pages
from schema.cards import MemberCard, StaffCard, cards, staff_cards
from schema.context import Context
from schema.pages import First
from schema.permissions import SEES_MEMBER, SEES_POINTS, STAFF, related, seen
from schema.points._words import said
from schema.scalars import Long, Moment


class Line(Protocol):
    """A line of the ledger, read or just written."""

    @property
    def id(self) -> str:
        """Its id."""

    @property
    def kind(self) -> str:
        """Why points moved."""

    @property
    def reason(self) -> str | None:
        """The reason code."""


class MovementRow(Row):
    """A movement, and the line that asks for it."""

    entry_id: UUID
    member_id: UUID
    transaction_id: UUID
    actor_kind: str
    actor_id: str | None
    store: str | None
    reversed: UUID | None
    counterpart_id: UUID | None
    lost: int | None
    written_off: int | None

    @property
    def by(self) -> ActorKind:
        """What sort of caller moved the points."""
        return ActorKind(self.actor_kind)

    @property
    def reverses_id(self) -> str | None:
        """The id of the first line of what it takes back."""
        first = self.reversed
        return None if first is None else ids.encode(ids.Tag.POINTS_ENTRY, self.member_id, first)


TOLD = (
    "SELECT e.id AS entry_id, e.member_id, t.id AS transaction_id, t.actor_kind, t.actor_id, s.name AS store,"
    " t.counterpart_id, t.lost, t.written_off,"
    " (SELECT o.id FROM points_entry o WHERE o.member_id = e.member_id AND o.transaction_id = t.reverses_id"
    " ORDER BY o.seq LIMIT 1) AS reversed FROM points_entry e"
    " JOIN points_transaction t ON t.member_id = e.member_id AND t.id = e.transaction_id"
    " LEFT JOIN store s ON s.id = t.store_id WHERE"
)
MOVEMENTS = Rows(MovementRow, f"{TOLD} e.member_id = $1 AND e.id = ANY($2::uuid[])")
MOVEMENTS_OF_SEVERAL = Rows(
    MovementRow,
    f"{TOLD} e.member_id = ANY($1::uuid[]) AND e.id = ANY($2::uuid[])",
    fans_out="a page of members shows who moved each one's points",
)


class ShareRow(Row):
    """What a movement did to a lot."""

    transaction_id: UUID
    points: int
    held: int
    expires_at: str | None
    earned_at: str


SHARES = (
    "SELECT x.transaction_id, x.points, x.held, ISO(x.expires_at) AS expires_at, ISO(x.earned_at) AS earned_at"  # noqa: S608  names of ours
    " FROM (SELECT m.transaction_id, m.d_remaining AS points, m.d_held AS held,"
    f" CASE WHEN l.remaining + l.held > 0 THEN {ends('l', 'b')} ELSE l.expires_at END AS expires_at, l.id,"
    " COALESCE(l.origin_at, o.effective_at) AS earned_at, ROW_NUMBER() OVER (PARTITION BY m.transaction_id"
    " ORDER BY l.expires_at NULLS LAST, l.id, m.id) AS place FROM points_lot_move m"
    " JOIN points_lot l ON l.member_id = m.member_id AND l.id = m.lot_id"
    " JOIN points_account b ON b.member_id = l.member_id"
    " JOIN points_transaction o ON o.member_id = l.member_id AND o.id = l.transaction_id"
    " WHERE {whose} AND m.transaction_id = ANY($2::uuid[])) x WHERE x.place <= $3"
    " ORDER BY x.expires_at NULLS LAST, x.id, x.place"
)
LOTS = Rows(ShareRow, SHARES.format(whose="m.member_id = $1"))
LOTS_OF_SEVERAL = Rows(
    ShareRow,
    SHARES.format(whose="m.member_id = ANY($1::uuid[])"),
    fans_out="a page of members shows which points each one's movements moved",
)


@strawberry.type(description="What a movement did to points that came together and expire together (积分批次).")
class PointsLotShare:
    points: Long = seen(SEES_POINTS, "By how much what is left of them changed, with its sign.")
    held: Long = seen(SEES_POINTS, "By how much what is set aside of them changed, with its sign.")
    expires_at: Moment | None = seen(
        SEES_POINTS, "The first moment they are worth nothing; null for points that never expire."
    )
    earned_at: Moment = seen(SEES_POINTS, "When they were first earned, by whomever.")


async def lots_of(
    parents: Sequence["PointsMovement"], context: Context, first: First = None
) -> list[list[PointsLotShare]]:
    """The lots each movement moved, soonest expiry first."""
    del context
    rows = cast("Sequence[MovementRow]", parents)
    most, whose = pages.limit(first), list({row.member_id for row in rows})
    found: dict[UUID, list[Any]] = {row.transaction_id: [] for row in rows}
    read = LOTS.rows(whose[0], list(found), most) if len(whose) == 1 else None
    for share in await (read or LOTS_OF_SEVERAL.rows(whose, list(found), most)):
        found[share.transaction_id].append(share)
    return [found[row.transaction_id] for row in rows]


async def staff_of(parents: Sequence["PointsMovement"], context: Context) -> list[StaffCard | None]:
    """Who of the staff each movement was."""
    del context
    rows = cast("Sequence[MovementRow]", parents)
    return await staff_cards(
        [UUID(row.actor_id) if row.by is ActorKind.STAFF and row.actor_id else None for row in rows]
    )


async def others_of(parents: Sequence["PointsMovement"], context: Context) -> list[MemberCard | None]:
    """The other member of each movement."""
    return await cards([row.counterpart_id for row in cast("Sequence[MovementRow]", parents)], context)


@strawberry.type(description="The movement behind a line of the ledger: by whom, where, and of which points.")
class PointsMovement:
    by: ActorKind = seen(SEES_POINTS, "What sort of caller moved the points.")
    staff: StaffCard | None = related(STAFF, "Who of the staff it was; null when it was nobody of them.", staff_of)
    store: str | None = seen(SEES_POINTS, "The name of the store it was done in; null where it was in none.")
    reverses_id: strawberry.ID | None = seen(
        SEES_POINTS, "The line it takes back, in part or whole, for `node`; null when it takes nothing back."
    )
    counterpart: MemberCard | None = related(
        SEES_MEMBER,
        "The other member, of points that changed hands: who has them now, or had them; null for all else.",
        others_of,
    )
    lost: Long | None = seen(
        SEES_POINTS,
        "How many points a refund should have taken back besides and left, by the points policy; null for none.",
    )
    written_off: Long | None = seen(
        SEES_POINTS,
        "How many of the points to take back had expired or were forfeited before, so that nothing else was taken "
        "for them; null for none.",
    )
    lots: list[PointsLotShare] = related(
        SEES_POINTS, "The points it moved, by when they expire: soonest first. Debt has none.", lots_of
    )

    @classmethod
    def is_type_of(cls, value: object, _info: object) -> bool:
        """Rows are movements."""
        return isinstance(value, MovementRow)


async def movements_of(parents: Sequence[Line], context: Context) -> list[PointsMovement]:
    """The movement behind each line."""
    del context
    lines = [ids.decode(ids.Tag.POINTS_ENTRY, line.id) or () for line in parents]
    whose, wanted = list({member for member, _ in lines}), [entry for _, entry in lines]
    read = MOVEMENTS.rows(whose[0], wanted) if len(whose) == 1 else None
    rows = await (read or MOVEMENTS_OF_SEVERAL.rows(whose, wanted))
    found = {row.entry_id: row for row in rows}
    return cast("list[PointsMovement]", [found[entry] for entry in wanted])


def words_of(parents: Sequence[Line], context: Context) -> list[str]:
    """What each line is, in the reader's language."""
    return [said(PointsKind(line.kind), line.reason, context.language) for line in parents]
