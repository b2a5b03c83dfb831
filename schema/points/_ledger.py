"""The account and its ledger as a client sees them, and how each is read for many members at once."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import strawberry

from models.listing import NUMBER, Listing
from models.points import Bucket, PointsKind
from models.sql import SQL
from models.units import ReasonCode
from rules.points import Written
from schema import ids, pages
from schema.context import Context, HasMember
from schema.enums import describe
from schema.pages import After, Before, Connection, First, Last
from schema.permissions import COUNTER, SEES_POINTS, related, seen
from schema.scalars import Long, Moment
from schema.tiers import Node

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
    transaction_id: strawberry.Private[UUID]
    kind: PointsKind = seen(SEES_POINTS, "Why points moved.")
    bucket: Bucket = seen(SEES_POINTS, "Which part of the account moved.")
    points: Long = seen(SEES_POINTS, "By how much, with its sign.")
    balance_after: Long = seen(SEES_POINTS, "The part's balance after this line.")
    reason: ReasonCode | None = seen(SEES_POINTS, "The reason code, where a person moved the points.")
    occurred_at: Moment = seen(SEES_POINTS, "When it happened.")
    recorded_at: Moment = seen(SEES_POINTS, "When it was written.")
    purchase_id: strawberry.ID | None = seen(SEES_POINTS, "The purchase behind it, for `node`; null without one.")

    @classmethod
    def of(cls, row: dict[str, Any]) -> "PointsEntry":
        """The line as a client sees it."""
        member, bought = row["member_id"], row["purchase_id"]
        return cls(
            id=strawberry.ID(ids.encode(ids.Tag.POINTS_ENTRY, member, row["id"])),
            member_id=member,
            transaction_id=row["transaction_id"],
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
    points: Long = seen(SEES_POINTS, "How many.")
    expires_at: Moment = seen(SEES_POINTS, "The first moment they are worth nothing.")


EXPIRING = SQL(
    "SELECT expires_at, SUM(remaining)::bigint AS points FROM points_lot WHERE member_id = $1"
    " AND active AND remaining > 0 AND expires_at > $2 GROUP BY expires_at ORDER BY expires_at LIMIT $3"
)
EXPIRING_OF_SEVERAL = SQL(
    "SELECT soon.* FROM unnest($1::uuid[]) AS whose(member_id) CROSS JOIN LATERAL (SELECT l.member_id,"
    " l.expires_at, SUM(l.remaining)::bigint AS points FROM points_lot l WHERE l.member_id = whose.member_id"
    " AND l.active AND l.remaining > 0 AND l.expires_at > $2 GROUP BY l.member_id, l.expires_at"
    " ORDER BY l.expires_at LIMIT $3) soon",
    sqlite="SELECT l.member_id, l.expires_at, SUM(l.remaining) AS points"
    " FROM unnest($1::uuid[]) AS whose(member_id) CROSS JOIN points_lot l ON l.member_id = whose.member_id"
    " AND l.active AND l.remaining > 0 AND l.expires_at IN (SELECT DISTINCT nth.expires_at FROM points_lot nth"
    " WHERE nth.member_id = whose.member_id AND nth.active AND nth.remaining > 0 AND nth.expires_at > $2"
    " ORDER BY nth.expires_at LIMIT $3) GROUP BY l.member_id, l.expires_at ORDER BY l.expires_at",
    fans_out="a page of members shows what each one is about to lose",
)


async def expiring_of(
    parents: Sequence["PointsAccount"], context: Context, first: First = None
) -> list[list[PointsExpiry]]:
    """What each account is about to lose, soonest first."""
    asked_for = pages.window(first=first, after=None, shape=())
    found: dict[UUID, list[PointsExpiry]] = {parent.member_id: [] for parent in parents}
    if len(found) == 1:
        [member] = found
        rows = await EXPIRING.rows(member, context.now, asked_for.limit)
        found[member] = [PointsExpiry(points=row["points"], expires_at=row["expires_at"]) for row in rows]
    else:
        for row in await EXPIRING_OF_SEVERAL.rows(list(found), context.now, asked_for.limit):
            expiry = PointsExpiry(points=row["points"], expires_at=row["expires_at"])
            found[row["member_id"]].append(expiry)
    return [found[parent.member_id] for parent in parents]


ENTRY = (
    "e.id, e.member_id, e.transaction_id, e.seq, e.bucket, e.delta, e.balance_after, t.kind, t.reason,"
    " t.purchase_id, t.effective_at, t.created_at"
)
JOINED = "points_entry e JOIN points_transaction t ON t.member_id = e.member_id AND t.id = e.transaction_id"
ENTRIES = Listing(
    ENTRY,
    "points_entry e",
    join="JOIN LATERAL (SELECT * FROM points_transaction t"
    " WHERE t.member_id = e.member_id AND t.id = e.transaction_id LIMIT 1) t ON true",
    order={"seq": NUMBER},
    fans_out="a page of members shows the latest of each one's ledger",
)


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
    found = await pages.listed(ENTRIES, parents, asked_for)
    return [pages.page(rows, asked_for, PointsEntry.of, lambda row: (row["seq"],)) for rows in found]


@strawberry.type(description="A member's points (积分).")
class PointsAccount:
    member_id: strawberry.Private[UUID]
    available: Long = seen(SEES_POINTS | COUNTER, "May be spent now. What has expired is not in it.")
    pending: Long = seen(SEES_POINTS, "Earned, and available later.")
    held: Long = seen(SEES_POINTS, "Set aside for checkouts.")
    debt: Long = seen(SEES_POINTS, "Owed, and repaid from what comes next. Above 0 only while `available` is 0.")
    lifetime_earned: Long = seen(SEES_POINTS, "Ever earned, less what refunds took back.")
    lifetime_spent: Long = seen(SEES_POINTS, "Ever spent, less what was returned.")
    lifetime_expired: Long = seen(SEES_POINTS, "Ever expired.")
    expiring: list[PointsExpiry] = related(SEES_POINTS, "What expires next, soonest first.", expiring_of)
    entries: Connection[PointsEntry] = related(SEES_POINTS, "The ledger, newest first.", entries_of)


ACCOUNTS = SQL(
    "SELECT a.member_id, a.available, a.pending, a.held, a.debt, a.lifetime_earned, a.lifetime_spent,"
    " a.lifetime_expired, (SELECT COALESCE(SUM(l.remaining), 0) FROM points_lot l WHERE l.member_id = a.member_id"
    " AND l.active AND l.remaining > 0 AND l.expires_at <= $2)::bigint AS gone"
    " FROM points_account a WHERE a.member_id = ANY($1::uuid[])",
    fans_out="a page of members shows each one's points",
)


async def points_of(parents: Sequence[HasMember], context: Context) -> list[PointsAccount]:
    """Each member's account as it stands at the moment of the operation."""
    rows = await ACCOUNTS.rows([parent.member_id for parent in parents], context.now)
    by_member = {row["member_id"]: row for row in rows}
    return [PointsAccount(**figures(by_member[parent.member_id])) for parent in parents]


def figures(row: dict[str, Any]) -> dict[str, Any]:
    """The figures of an account, without what has expired and awaits its entry."""
    gone = row["gone"]
    expired = {"available": row["available"] - gone, "lifetime_expired": row["lifetime_expired"] + gone}
    return {name: value for name, value in {**row, **expired}.items() if name != "gone"}


ENTRIES_BY_ID = SQL(f"SELECT {ENTRY} FROM {JOINED} WHERE e.member_id = $1 AND e.id = $2")  # noqa: S608  constants


async def entry(member_id: UUID, entry_id: UUID) -> PointsEntry | None:
    """One line of a member's ledger."""
    row = await ENTRIES_BY_ID.row(member_id, entry_id)
    return PointsEntry.of(row) if row else None


OF_TRANSACTIONS = SQL(
    f"SELECT {ENTRY} FROM {JOINED} WHERE e.member_id = $1"  # noqa: S608  constants
    " AND e.transaction_id = ANY($2::uuid[]) ORDER BY e.seq"
)


LED_TO = SQL(
    f"SELECT {ENTRY}, e.transaction_id FROM {JOINED} WHERE e.member_id = ANY($1::uuid[])"  # noqa: S608  constants
    " AND t.member_id = ANY($1::uuid[]) AND e.transaction_id = ANY($2::uuid[]) ORDER BY e.seq DESC",
    fans_out="a queue of requests shows what each one led to",
)


async def entries_led_to(done: Sequence[tuple[UUID, UUID]]) -> dict[UUID, PointsEntry]:
    """The first line that each of these members' transactions wrote, by the transaction."""
    if not done:
        return {}
    rows = await LED_TO.rows(list({whose for whose, _ in done}), [transaction for _, transaction in done])
    return {row["transaction_id"]: PointsEntry.of(row) for row in rows}


def entry_of(written: Written) -> PointsEntry:
    """The line a command has just written."""
    line, movement = written.line, written.line.movement
    return PointsEntry.of(
        {
            "id": line.id,
            "member_id": written.member_id,
            "transaction_id": movement.id,
            "kind": movement.kind,
            "bucket": line.bucket,
            "delta": line.delta,
            "balance_after": line.balance_after,
            "reason": movement.reason,
            "purchase_id": movement.purchase_id,
            "effective_at": movement.effective_at,
            "created_at": written.at,
        }
    )


def account_of(written: Written) -> PointsAccount:
    """The account as a command has just left it."""
    now = written.balances
    return PointsAccount(
        member_id=written.member_id,
        available=Long(now.available),
        pending=Long(now.pending),
        held=Long(now.held),
        debt=Long(now.debt),
        lifetime_earned=Long(now.lifetime_earned),
        lifetime_spent=Long(now.lifetime_spent),
        lifetime_expired=Long(now.lifetime_expired),
    )


async def entries_written(member_id: UUID, transaction_ids: Sequence[UUID]) -> list[PointsEntry]:
    """The lines some transactions wrote."""
    if not transaction_ids:
        return []
    return [PointsEntry.of(row) for row in await OF_TRANSACTIONS.rows(member_id, list(transaction_ids))]
