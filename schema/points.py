"""Points as a client sees them: the account, its ledger, and what may be done with them."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

import strawberry

from models.points import Bucket, PointsKind
from models.sql import SQL
from models.units import Note, Points, ReasonCode
from rules import points
from rules.points import Posted
from rules.refusals import NotFound
from schema import ids, pages
from schema.context import Context, Info
from schema.enums import describe
from schema.errors import INPUT, UserError, answer_to, bad_input, command, key_of
from schema.pages import After, Before, Connection, First, Last
from schema.permissions import COUNTER, DESK, MEMBER, SEES_MEMBER, asked, related, seen
from schema.scalars import KEY_SAYS, Long, Moment
from schema.tiers import HasMember, Node

MOVEMENT = MEMBER | COUNTER

describe(
    PointsKind,
    "Why points moved.",
    {
        PointsKind.EARN: "Earned by a purchase.",
        PointsKind.BONUS: "What the tier added to a purchase's points.",
        PointsKind.REDEEM: "Spent.",
        PointsKind.RETURN: "A redemption taken back, in part or whole.",
        PointsKind.CLAWBACK: "Earned points taken back by a refund.",
        PointsKind.ADJUST_IN: "Put in by staff.",
        PointsKind.ADJUST_OUT: "Taken out by staff.",
        PointsKind.ACTIVATE: "Pending points became available.",
        PointsKind.EXPIRE: "Expired.",
    },
)
describe(
    Bucket,
    "Which part of an account an entry moved.",
    {
        Bucket.AVAILABLE: "May be spent.",
        Bucket.PENDING: "Will be available later.",
        Bucket.HELD: "Set aside for a checkout.",
        Bucket.DEBT: "Owed: taken back beyond the balance. Later points repay it first.",
    },
    name="PointsBucket",
)


@strawberry.type(description="One line of the points ledger. It never changes.")
class PointsEntry(Node):
    member_id: strawberry.Private[UUID]
    kind: PointsKind = seen(SEES_MEMBER, "Why points moved.")
    bucket: Bucket = seen(SEES_MEMBER, "Which part of the account moved.")
    points: Long = seen(SEES_MEMBER, "By how much, with its sign.")
    balance_after: Long = seen(SEES_MEMBER, "The part's balance after this line.")
    reason: ReasonCode | None = seen(SEES_MEMBER, "The reason code, where a person moved the points.")
    occurred_at: Moment = seen(SEES_MEMBER, "When it happened.")
    recorded_at: Moment = seen(SEES_MEMBER, "When it was written.")
    purchase_id: strawberry.ID | None = seen(SEES_MEMBER, "The purchase behind it, for `node`; null without one.")

    @classmethod
    def of(cls, row: dict[str, Any]) -> "PointsEntry":
        """The line as a client sees it."""
        member, bought = row["member_id"], row["purchase_id"]
        return cls(
            id=strawberry.ID(ids.encode(ids.Tag.POINTS_ENTRY, member, row["id"])),
            member_id=member,
            kind=PointsKind[row["kind"]],
            bucket=Bucket[row["bucket"]],
            points=Long(row["delta"]),
            balance_after=Long(row["balance_after"]),
            reason=row["reason"],
            occurred_at=row["effective_at"],
            recorded_at=row["created_at"],
            purchase_id=bought and strawberry.ID(ids.encode(ids.Tag.PURCHASE, member, bought)),
        )


@strawberry.type(description="Points that expire together.")
class PointsExpiry:
    points: Long = seen(SEES_MEMBER, "How many.")
    expires_at: Moment = seen(SEES_MEMBER, "The first moment they are worth nothing.")


EXPIRING = SQL(
    "SELECT member_id, expires_at, points FROM (SELECT member_id, expires_at, SUM(remaining) AS points,"
    " ROW_NUMBER() OVER (PARTITION BY member_id ORDER BY expires_at) AS place FROM points_lot"
    " WHERE member_id = ANY($1::uuid[]) AND active AND remaining > 0 AND expires_at > $2"
    " GROUP BY member_id, expires_at) soon WHERE place <= $3 ORDER BY expires_at",
    fans_out="a page of members shows what each one is about to lose",
)


async def expiring_of(
    parents: Sequence["PointsAccount"], context: Context, first: First = None
) -> list[list[PointsExpiry]]:
    """What each account is about to lose, soonest first."""
    asked_for = pages.window(first=first, after=None, shape=())
    members = [parent.member_id for parent in parents]
    found: dict[UUID, list[PointsExpiry]] = {member: [] for member in members}
    for row in await EXPIRING.rows(members, context.now, asked_for.limit):
        expiry = PointsExpiry(points=Long(int(row["points"])), expires_at=row["expires_at"])
        found[row["member_id"]].append(expiry)
    return [found[member] for member in members]


ENTRY = (
    "e.id, e.member_id, e.seq, e.bucket, e.delta, e.balance_after, t.kind, t.reason, t.purchase_id,"
    " t.effective_at, t.created_at"
)
JOINED = "points_entry e JOIN points_transaction t ON t.member_id = e.member_id AND t.id = e.transaction_id"
ENTRIES = {
    backwards: SQL(
        f"SELECT * FROM (SELECT {ENTRY}, ROW_NUMBER() OVER (PARTITION BY e.member_id"  # noqa: S608  constants
        f" ORDER BY e.seq {order}) AS place FROM {JOINED} WHERE e.member_id = ANY($1::uuid[])"
        f" AND e.seq {beyond} $2) page WHERE place <= $3 ORDER BY place",
        fans_out="a page of members shows the latest of each one's ledger",
    )
    for backwards, order, beyond in ((False, "DESC", "<"), (True, "ASC", ">"))
}
NEWEST, OLDEST = 2**62, 0


async def entries_of(
    parents: Sequence["PointsAccount"],
    context: Context,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
) -> list[Connection[PointsEntry]]:
    """A page of each account's ledger, newest first."""
    del context
    asked_for = pages.window(first=first, after=after, last=last, before=before, shape=(pages.whole,))
    members = [parent.member_id for parent in parents]
    edge = asked_for.key[0] if asked_for.key else (OLDEST if asked_for.backwards else NEWEST)
    found: dict[UUID, list[dict[str, Any]]] = {member: [] for member in members}
    for row in await ENTRIES[asked_for.backwards].rows(members, edge, asked_for.fetch):
        found[row["member_id"]].append(row)
    return [pages.page(found[member], asked_for, PointsEntry.of, lambda row: (row["seq"],)) for member in members]


@strawberry.type(description="A member's points (积分).")
class PointsAccount:
    member_id: strawberry.Private[UUID]
    available: Long = seen(SEES_MEMBER | COUNTER, "May be spent now. What has expired is not in it.")
    pending: Long = seen(SEES_MEMBER, "Earned, and available later.")
    held: Long = seen(SEES_MEMBER, "Set aside for checkouts.")
    debt: Long = seen(SEES_MEMBER, "Owed, and repaid from what comes next. Above 0 only while `available` is 0.")
    lifetime_earned: Long = seen(SEES_MEMBER, "Ever earned, less what refunds took back.")
    lifetime_spent: Long = seen(SEES_MEMBER, "Ever spent, less what was returned.")
    lifetime_expired: Long = seen(SEES_MEMBER, "Ever expired.")
    expiring: list[PointsExpiry] = related(SEES_MEMBER, "What expires next, soonest first.", expiring_of)
    entries: Connection[PointsEntry] = related(SEES_MEMBER, "The ledger, newest first.", entries_of)


ACCOUNTS = SQL(
    "SELECT a.member_id, a.available - COALESCE(e.over, 0) AS available, a.pending, a.held, a.debt,"
    " a.lifetime_earned, a.lifetime_spent, a.lifetime_expired + COALESCE(e.over, 0) AS lifetime_expired"
    " FROM points_account a LEFT JOIN (SELECT member_id, SUM(remaining) AS over FROM points_lot"
    " WHERE member_id = ANY($1::uuid[]) AND active AND remaining > 0 AND expires_at <= $2"
    " GROUP BY member_id) e ON e.member_id = a.member_id WHERE a.member_id = ANY($1::uuid[])",
    fans_out="a page of members shows each one's points",
)


async def points_of(parents: Sequence[HasMember], context: Context) -> list[PointsAccount]:
    """Each member's account as it stands at the moment of the operation."""
    rows = await ACCOUNTS.rows([parent.member_id for parent in parents], context.now)
    by_member = {row["member_id"]: row for row in rows}
    return [PointsAccount(**_figures(by_member[parent.member_id])) for parent in parents]


def _figures(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value if name == "member_id" else int(value) for name, value in row.items()}


ENTRIES_BY_ID = SQL(f"SELECT {ENTRY} FROM {JOINED} WHERE e.member_id = $1 AND e.id = $2")  # noqa: S608  constants


async def entry(member_id: UUID, entry_id: UUID) -> PointsEntry | None:
    """One line of a member's ledger."""
    row = await ENTRIES_BY_ID.row(member_id, entry_id)
    return PointsEntry.of(row) if row else None


OF_TRANSACTIONS = SQL(
    f"SELECT {ENTRY} FROM {JOINED} WHERE e.member_id = $1"  # noqa: S608  constants
    " AND e.transaction_id = ANY($2::uuid[]) ORDER BY e.seq"
)


async def entries_written(member_id: UUID, transaction_ids: Sequence[UUID]) -> list[PointsEntry]:
    """The lines some transactions wrote."""
    if not transaction_ids:
        return []
    return [PointsEntry.of(row) for row in await OF_TRANSACTIONS.rows(member_id, list(transaction_ids))]


MemberId = Annotated[
    strawberry.ID | None,
    strawberry.argument(description="Whose points. A member leaves it out: their own."),
]


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
        default=None, description="The member's purchase the points help to pay. Its refund returns them."
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


def _positive(value: int) -> Points:
    if value <= 0:
        raise bad_input("`points` must be above 0.")
    return Points(value)


async def _answer(member_id: UUID, posted: Posted) -> PointsPayload:
    """The stored outcome as a payload: the line and the account as they were, also on a replay."""
    lines = await entries_written(member_id, [posted.transaction_id])
    account = await ACCOUNTS.row([member_id], lines[0].recorded_at)
    if account is None:
        raise AssertionError("A member without a points account.")
    figures = _figures(account) | {name: getattr(posted, name) for name in ("available", "pending", "held", "debt")}
    return PointsPayload(entry=lines[0], account=PointsAccount(**figures), replayed=posted.replayed)


@strawberry.type
class PointsQuery:
    """What may be asked of points."""

    @asked(MOVEMENT, "What a redemption would come to. Runs the same checks and writes nothing.")
    async def points_redeem_preview(
        self, info: Info, input: Annotated[PointsRedeemPreviewInput, INPUT]
    ) -> PointsRedeemPreview | None:
        """Try a redemption."""
        context = info.context
        wanted = _positive(input.points)
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
            _positive(input.points),
            reason=input.reason,
            note=input.note,
            purchase_id=_purchase(member_id, input.purchase_id),
            key=key_of(input.idempotency_key),
            actor=context.actor,
            now=context.now,
        )
        return await _answer(member_id, posted)

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
            None if input.points is None else _positive(input.points),
            reason=input.reason,
            note=input.note,
            key=key_of(input.idempotency_key),
            actor=context.actor,
            now=context.now,
        )
        return await _answer(parts[0], posted)

    @command(DESK, "Put points in or take points out by hand, for a reason.", PointsPayload, points.adjust)
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
        return await _answer(member_id, posted)


TRANSACTION_OF = SQL("SELECT transaction_id FROM points_entry WHERE member_id = $1 AND id = $2")


def _purchase(member_id: UUID, given: str | None) -> UUID | None:
    """The purchase an id means, which must be the member's."""
    if given is None:
        return None
    parts = ids.decode(ids.Tag.PURCHASE, given)
    if parts is None or parts[0] != member_id:
        raise NotFound
    return parts[1]
