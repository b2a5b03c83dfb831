"""The member as a client sees them: the hub that every relation hangs on."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import strawberry

from models.members import MemberState
from models.sql import SQL
from rules.credentials import LOGINS_MAX
from schema import ids
from schema.approvals import Approval, approvals_of
from schema.audit import SEES as SEES_LOG
from schema.audit import AuditLine, lines_of
from schema.cards import MemberCard, card_of, profiles
from schema.context import Context, HasMember
from schema.enums import describe
from schema.identities import MemberIdentity, MemberPhone, identities_of, phones_of
from schema.logins import SEES as SEES_LOGINS
from schema.logins import Login, logins_of
from schema.pages import Connection
from schema.permissions import DESK, MEMBER, SEES_MEMBER, SEES_POINTS, SEES_PURCHASES, related, seen
from schema.points import PointsAccount, points_of
from schema.purchases import Purchase, purchases_of
from schema.scalars import Day, Moment
from schema.tiers import Node, Tier, TierProgress, progress_of, tier_of

describe(
    MemberState,
    "Where a membership stands.",
    {
        MemberState.PENDING: "Known, but not enrolled: earns and spends nothing.",
        MemberState.ACTIVE: "A member.",
        MemberState.FROZEN: "Stopped by staff: spends nothing, and what is earned waits.",
        MemberState.OPTED_OUT: "Has left.",
        MemberState.MERGED: "Is now another member.",
        MemberState.ERASURE_PENDING: "Will be erased.",
        MemberState.ERASED: "Erased: only the ledger is left.",
    },
)


@strawberry.type(description="What a member says of themselves.")
class MemberProfile:
    display_name: str | None = seen(SEES_MEMBER, "What they wish to be called.")
    avatar_url: str | None = seen(SEES_MEMBER, "Their picture.")
    birthday: Day | None = seen(DESK | MEMBER, "Their day of birth.")


async def profile_of(parents: Sequence[HasMember], context: Context) -> list[MemberProfile]:
    """What each member says of themselves."""
    del context
    return [
        MemberProfile(
            display_name=told.display_name,
            avatar_url=told.avatar_url,
            birthday=None if told.birthday is None else Day(told.birthday),
        )
        for told in await profiles(parents)
    ]


@strawberry.type(description="A member of the programme (会员).")
class Member(Node):
    member_id: strawberry.Private[UUID]
    state: MemberState = seen(SEES_MEMBER, "Where the membership stands.")
    joined_at: Moment | None = seen(SEES_MEMBER, "Since when they are a member; null before they enrol.")
    created_at: Moment = seen(SEES_MEMBER, "Since when they are known.")
    profile: MemberProfile = related(SEES_MEMBER, "What they say of themselves.", profile_of)
    card: MemberCard = related(SEES_MEMBER, "What other members see of them.", card_of)
    identities: list[MemberIdentity] = related(SEES_MEMBER, "How they are known, masked.", identities_of)
    phone: MemberPhone | None = related(
        SEES_MEMBER, "Their phone; null when there is none. Ask for it only when it is not verified.", phones_of
    )
    logins: list[Login] = related(
        SEES_LOGINS, f"Where they are logged in, {LOGINS_MAX} at most, the one seen last first.", logins_of
    )
    tier: Tier = related(SEES_MEMBER, "The tier they hold, with its benefits.", tier_of)
    tier_progress: TierProgress = related(SEES_MEMBER, "Where they stand on the ladder.", progress_of)
    points: PointsAccount = related(SEES_POINTS, "Their points.", points_of)
    purchases: Connection[Purchase] = related(SEES_PURCHASES, "Their purchases, newest first.", purchases_of)
    audit_log: Connection[AuditLine] = related(SEES_LOG, "What was done about them, newest first.", lines_of)
    approvals: Connection[Approval] = related(DESK, "What the staff asked for about them.", approvals_of)

    @classmethod
    def of(cls, row: dict[str, Any]) -> "Member":
        """The member as a client sees them."""
        return cls(
            id=strawberry.ID(ids.encode(ids.Tag.MEMBER, row["id"])),
            member_id=row["id"],
            state=MemberState[row["state"]],
            joined_at=row["joined_at"],
            created_at=row["created_at"],
        )


ONE = SQL("SELECT id, state, joined_at, created_at FROM member WHERE id = $1")


async def member(member_id: UUID) -> Member | None:
    """One member."""
    row = await ONE.row(member_id)
    return Member.of(row) if row else None
