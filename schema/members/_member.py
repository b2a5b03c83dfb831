"""The member as a client sees them: the hub that every relation hangs on."""

from collections.abc import Sequence
from operator import attrgetter
from typing import Annotated, Any
from uuid import UUID

import strawberry

from models.members import MemberState
from models.reading import AtOnce, Row, Rows
from rules import heirs
from rules.credentials import LOGINS_MAX
from schema import ids
from schema.approvals import Approval, approvals_of
from schema.audit import SEES as SEES_LOG
from schema.audit import AuditLine, lines_of
from schema.benefits import MemberBenefit, benefits_given
from schema.cards import MemberCard, Sealed, profiles
from schema.compiler import by_class
from schema.context import Context, HasMember, Info
from schema.enums import describe
from schema.identities import MemberIdentity, MemberPhone, identities_of, phones_of
from schema.logins import SEES as SEES_LOGINS
from schema.logins import Login, logins_of
from schema.members._wanted import Wanted
from schema.memberships import PAYMENTS_MAX, Membership, MembershipPayment, membership_of, payments_of
from schema.pages import Connection, Listed
from schema.permissions import DESK, MEMBER, SEES_MEMBER, SEES_POINTS, SEES_PURCHASES, related, seen
from schema.points import ACCOUNT, SOON, Account, Foreseen, PointsAccount, Unasked, points_of
from schema.purchases import Purchase, purchases_of
from schema.referrals import SEES as SEES_REFERRAL
from schema.referrals import MemberReferral, referral_of
from schema.scalars import Day, Moment
from schema.tiers import STANDING, Node, Standing, Tier, TierProgress, progress_of, tier_of

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


async def heirs_of(parents: Sequence[HasMember], context: Context) -> "list[MemberRow | None]":
    """Who each of these is now; None for those who are themselves."""
    del context
    whose = [parent.member_id for parent in parents]
    now = await heirs.heirs_of(whose)
    rows = {row.member_id: row for row in await SEVERAL.rows(list(now.values()))} if now else {}
    return [rows[now[each]] if each in now else None for each in whose]


ITSELF: Any = Annotated["Member", strawberry.lazy("schema.members._member")] | None


@strawberry.type(description="A member of the programme (会员).")
class Member(Node):
    state: MemberState = seen(SEES_MEMBER, "Where the membership stands.")
    joined_at: Moment | None = seen(SEES_MEMBER, "Since when they are a member; null before they enrol.")
    created_at: Moment = seen(SEES_MEMBER, "Since when they are known.")
    profile: MemberProfile = related(SEES_MEMBER, "What they say of themselves.", profiles, MemberProfile)
    card: MemberCard = related(SEES_MEMBER, "What other members see of them.", profiles, MemberCard)
    identities: list[MemberIdentity] = related(SEES_MEMBER, "How they are known, masked.", identities_of)
    phone: MemberPhone | None = related(
        SEES_MEMBER, "Their phone; null when there is none. Ask for it only when it is not verified.", phones_of
    )
    logins: list[Login] = related(
        SEES_LOGINS, f"Where they are logged in, {LOGINS_MAX} at most, the one seen last first.", logins_of
    )
    tier: Tier = related(SEES_MEMBER, "The tier they hold, with its benefits.", tier_of)
    tier_progress: TierProgress = related(SEES_MEMBER, "Where they stand on the ladder.", progress_of)
    benefits: list[MemberBenefit] = related(
        SEES_MEMBER, "What their tier gives them now, and how often they may still use it.", benefits_given
    )
    membership: Membership | None = related(
        SEES_MEMBER, "The membership they have paid for and that runs (付费会员); null without one.", membership_of
    )
    membership_payments: list[MembershipPayment] = related(
        SEES_MEMBER, f"What they have paid for plans, newest first, {PAYMENTS_MAX} at most.", payments_of
    )
    referral: MemberReferral = related(
        SEES_REFERRAL, "Their codes, whom they brought and what that gave, and who brought them.", referral_of
    )
    points: PointsAccount = related(SEES_POINTS, "Their points.", points_of)
    purchases: Connection[Purchase] = related(SEES_PURCHASES, "Their purchases, newest first.", purchases_of)
    audit_log: Connection[AuditLine] = related(SEES_LOG, "What was done about them, newest first.", lines_of)
    approvals: Connection[Approval] = related(DESK, "What the staff asked for about them.", approvals_of)
    merged_into: "Member | None" = related(
        SEES_MEMBER - MEMBER, "Who they are now, of a member who was merged; else null.", heirs_of, ITSELF
    )

    @classmethod
    @by_class
    def is_type_of(cls, value: object, _info: object) -> bool:
        """Rows are members."""
        return isinstance(value, (MemberRow, Oneself))


_BYTES = attrgetter("bytes")


def _ids(members: Sequence[UUID]) -> Sequence[str]:
    return ids.encode_all(ids.Tag.MEMBER, list(map(_BYTES, members)))


class MemberRow(Row, Listed):
    """A member, as they are shown."""

    member_id: UUID
    state: str
    joined_at: str | None
    created_at: str

    id = AtOnce(_ids, "member_id")

    @property
    def key(self) -> tuple[str, UUID]:
        """Where they stand among all."""
        return self.created_at, self.member_id


class WholeRow(MemberRow, Standing, Account, Sealed):
    """A member with their standing, their account and what they say of themselves."""


class HomeRow(WholeRow, Foreseen):
    """A member with all that, and points they are about to lose; the soonest first, a row for each."""

    soon_points: int | None
    soon_at: str | None


class BareRow(MemberRow, Unasked):
    """A member whose points' figures nobody asks for."""


class Oneself(Unasked):
    """The calling member, of whom nothing is asked but what hangs on them."""

    __slots__ = ("member_id",)

    def __init__(self, member_id: UUID) -> None:
        self.member_id = member_id


class Soon:
    """Points that expire together."""

    __slots__ = ("expires_at", "points")

    def __init__(self, row: HomeRow) -> None:
        self.points = row.soon_points
        self.expires_at = row.soon_at


PLAIN = "m.id AS member_id, m.state, ISO(m.joined_at) AS joined_at, ISO(m.created_at) AS created_at"
WHOLE = f"{PLAIN}, m.profile AS sealed, {STANDING}, {ACCOUNT}"
"""What a `WholeRow` is made of; `{}` is the number of the parameter that is now."""

OF_ONE = f"{PLAIN} FROM member m WHERE m.id = $1"
JOINED = "FROM member m JOIN growth_account g ON g.member_id = m.id JOIN points_account a ON a.member_id = m.id"
ONE = Rows(MemberRow, f"SELECT {OF_ONE}")
SEVERAL = Rows(
    MemberRow,
    f"SELECT {PLAIN} FROM member m WHERE m.id = ANY($1::uuid[])",  # noqa: S608  our columns
    fans_out="a page of members shows who those are now that were merged",
)
BARE = Rows(BareRow, f"SELECT {OF_ONE}")
ONE_WHOLE = Rows(WholeRow, f"SELECT {WHOLE.format(2)} {JOINED} WHERE m.id = $1")
HOME = Rows(
    HomeRow,
    f"SELECT {WHOLE.format(2)}, soon.points AS soon_points, ISO(soon.at) AS soon_at {JOINED}"
    f" LEFT JOIN ({SOON.format(whose='$1')} LIMIT $3) soon ON true WHERE m.id = $1 ORDER BY soon.at",
    combines=True,
)


async def member(member_id: UUID) -> Any:
    """One member; None when there is none."""
    return await ONE.row(member_id)


async def foreseen(member_id: UUID, wanted: Wanted, info: Info, *, is_own: bool = False) -> Any:
    """One member with what an operation asks of them, as far as one statement tells it; None when there is none.

    Of oneself nothing is read where nothing but lists is asked for.
    """
    context = info.context
    if is_own and wanted.only_lists:
        return Oneself(member_id)
    if not wanted.whole:
        return await BARE.row(member_id)
    most = wanted.most(info)
    if most is None:
        return await ONE_WHOLE.row(member_id, context.now)
    rows = await HOME.rows(member_id, context.now, most)
    if not rows:
        return None
    home = rows[0]
    home.foreseen, home.soon = most, [Soon(row) for row in rows if row.soon_at is not None]
    return home
