"""The account and its ledger as a client sees them, and how each is read for many members at once."""

from collections.abc import Sequence
from functools import partial
from operator import add, attrgetter, sub
from typing import Any, cast
from uuid import UUID

import strawberry

from models.listing import NUMBER, Listing
from models.lots import over, ripe
from models.points import Bucket, PointsKind
from models.reading import AtOnce, Raw, Row, Rows
from models.units import ReasonCode, id_of
from rules import points
from rules.points import Balances, Written
from schema import ids, pages
from schema.compiler import Shown, by_class
from schema.context import Answers, Context, HasMember, are, each
from schema.earning import EarnAward, award_of
from schema.enums import describe
from schema.pages import After, Before, Connection, First, Last, Listed, Page
from schema.permissions import COUNTER, SEES_POINTS, related, seen
from schema.points._expiring import PointsExpiry, expiring_of
from schema.points._holds import PointsHold, holds_of
from schema.points._movement import PointsMovement, movements_of, words_of
from schema.points._pending import PointsPending, pending_of
from schema.points._statement import SHAPE, Narrowed, Statement, narrow
from schema.scalars import Long, Moment
from schema.tiers import Node

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


def _purchase_ids(bought: Sequence[bytes | None]) -> list[str | None]:
    found = iter(ids.encode_all(ids.Tag.PURCHASE, list(filter(None, bought))))
    return [next(found) if each else None for each in bought]


class EntryRow(Row, Listed):
    """A line of the ledger, as it is shown."""

    whose: Raw
    which: Raw
    """Its id, behind the one of whose it is; so is the purchase's."""
    seq: int
    kind: str
    bucket: str
    points: int
    balance_after: int
    reason: str | None
    bought: Raw | None
    occurred_at: str
    recorded_at: str

    id = AtOnce(partial(ids.encode_all, ids.Tag.POINTS_ENTRY), "which")
    purchase_id = AtOnce(_purchase_ids, "bought")

    @property
    def member_id(self) -> UUID:
        """Whose it is."""
        return id_of(self.whose)

    @property
    def key(self) -> tuple[int]:
        """Where it stands."""
        return (self.seq,)


class StatementRow(EntryRow):
    """A line of a statement, which stands where its movement does."""

    movement_id: UUID

    @property
    def key(self) -> tuple[str, UUID, int]:  # type: ignore[override]
        """Where it stands."""
        return (self.occurred_at, self.movement_id, self.seq)


class WrittenRow(EntryRow):
    """A line of the ledger, and the transaction that wrote it."""

    transaction_id: UUID


def _of(path: str) -> Any:
    """An attribute that stands somewhere below, read when somebody asks for it."""
    return property(attrgetter(path))


class WrittenLine:
    """A line that a command has just written."""

    __slots__ = ("written",)

    def __init__(self, written: Written) -> None:
        self.written = written

    kind = _of("written.line.movement.kind")
    bucket = _of("written.line.bucket")
    points = _of("written.line.delta")
    balance_after = _of("written.line.balance_after")
    reason = _of("written.line.movement.reason")
    occurred_at = _of("written.line.movement.effective_at")
    recorded_at = _of("written.at")

    @property
    def id(self) -> str:
        """Its id."""
        return ids.encode(ids.Tag.POINTS_ENTRY, self.written.member_id, self.written.line.id)

    @property
    def purchase_id(self) -> str | None:
        """The purchase behind it."""
        bought = self.written.line.movement.purchase_id
        return None if bought is None else ids.encode(ids.Tag.PURCHASE, self.written.member_id, bought)


@strawberry.type(description="One line of the points ledger. It never changes.")
class PointsEntry(Node):
    kind: PointsKind = seen(SEES_POINTS, "Why points moved.")
    bucket: Bucket = seen(SEES_POINTS, "Which part of the account moved.")
    points: Long = seen(SEES_POINTS, "By how much, with its sign.")
    balance_after: Long = seen(SEES_POINTS, "The part's balance after this line.")
    reason: ReasonCode | None = seen(SEES_POINTS, "The reason code, where a person moved the points.")
    occurred_at: Moment = seen(SEES_POINTS, "When it happened.")
    recorded_at: Moment = seen(SEES_POINTS, "When it was written.")
    purchase_id: strawberry.ID | None = seen(SEES_POINTS, "The purchase behind it, for `node`; null without one.")
    says: str = related(
        SEES_POINTS, "What it was, in words: in Chinese or English, by `Accept-Language`.", words_of
    )
    movement: PointsMovement = related(
        SEES_POINTS, "Who moved the points and where, what it takes back, and which points it moved.", movements_of
    )
    award: EarnAward | None = related(
        SEES_POINTS, "What a purchase was given by this line, where earn rules were in force; else null.", award_of
    )

    @classmethod
    @by_class
    def is_type_of(cls, value: object, _info: object) -> bool:
        """Rows are lines, and so is what a command has just written."""
        return isinstance(value, (EntryRow, WrittenLine))


ENTRY = (
    "RAW(e.member_id) AS whose, RAW(e.member_id) || RAW(e.id) AS which, e.seq, e.bucket, e.delta AS points,"
    " e.balance_after, t.kind, t.reason, RAW(e.member_id) || RAW(t.purchase_id) AS bought,"
    " ISO(t.effective_at) AS occurred_at, ISO(t.created_at) AS recorded_at"
)
BESIDE = (
    "JOIN LATERAL (SELECT * FROM points_transaction t"
    " WHERE t.member_id = e.member_id AND t.id = e.transaction_id LIMIT 1) t ON true"
)
ENTRIES = Listing(
    ENTRY,
    "points_entry e",
    join=BESIDE,
    order={"seq": NUMBER},
    row=EntryRow,
    fans_out="a page of members shows the latest of each one's ledger",
)
STATEMENT = Statement(
    f"{ENTRY}, t.id AS movement_id",
    [*EntryRow.__annotations__, "movement_id"],
    StatementRow,
    fans_out="a page of members shows some kinds of each one's ledger",
)


async def entries_of(
    parents: Sequence["PointsAccount"],
    context: Context,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
    filter: Narrowed = None,
    shown: Shown | None = None,
) -> list[Connection[PointsEntry]]:
    """A page of each account's ledger, or of those of its lines that a filter leaves, newest first.

    Of a ledger that is not filtered nothing is read but what is `shown`.
    """
    wanted = filter and await narrow(context, filter)
    shape = SHAPE if wanted else (pages.whole,)
    asked_for = pages.window(first=first, after=after, last=last, before=before, shape=shape)
    if wanted:
        found = await STATEMENT.pages([each.member_id for each in parents], asked_for, wanted)
    else:
        lines = shown.get("PointsEntry") if shown else None
        found = await pages.listed(ENTRIES, parents, asked_for, shown=lines)
    return cast("list[Connection[PointsEntry]]", [Page(rows, asked_for) for rows in found])


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
    pending_lots: list[PointsPending] = related(
        SEES_POINTS, "What is not available yet, and what it waits for, soonest first.", pending_of
    )
    entries: Connection[PointsEntry] = related(SEES_POINTS, "The ledger, newest first.", entries_of)
    holds: Connection[PointsHold] = related(
        SEES_POINTS, "What was set aside for checkouts (积分预占), newest first.", holds_of
    )


def _less(stored: Sequence[int], gone: Sequence[int]) -> list[int]:
    return list(map(sub, stored, gone))


def _together(written_off: Sequence[int], gone: Sequence[int]) -> list[int]:
    return list(map(add, written_off, gone))


class Account(Row):
    """An account as stored, and what of it has expired and awaits its entry."""

    stored: int
    gone: int
    pending: int
    held: int
    debt: int
    lifetime_earned: int
    lifetime_spent: int
    written_off: int
    has_ripened: bool
    """Whether pending points have become available, or are cancelled, and nobody has written it."""

    available = AtOnce(_less, "stored", "gone")
    """What may be spent now."""

    lifetime_expired = AtOnce(_together, "written_off", "gone")
    """What has ever expired, written off or not."""


class AccountOf(Account):
    """An account, and whose it is."""

    member_id: UUID


class Figures:
    """An account by its figures, of which each is read when somebody asks for it."""

    __slots__ = ("figures", "member_id")

    def __init__(self, member_id: UUID, figures: Balances) -> None:
        self.member_id = member_id
        self.figures = figures

    available = _of("figures.available")
    pending = _of("figures.pending")
    held = _of("figures.held")
    debt = _of("figures.debt")
    lifetime_earned = _of("figures.lifetime_earned")
    lifetime_spent = _of("figures.lifetime_spent")
    lifetime_expired = _of("figures.lifetime_expired")


class Unasked(Row):
    """Whoever's figures nobody asks for: what else hangs on an account hangs on them."""


ACCOUNT = (
    "a.available AS stored, a.pending, a.held, a.debt, a.lifetime_earned, a.lifetime_spent,"  # noqa: S608  names of ours
    " a.lifetime_expired AS written_off, (SELECT COALESCE(SUM(gone.remaining), 0) FROM points_lot gone"
    " WHERE gone.member_id = a.member_id AND gone.active AND gone.remaining > 0"
    f" AND {over('gone', 'a', '${0}')})::bigint AS gone, a.pending > 0 AND EXISTS (SELECT 1 FROM points_lot w"
    f" WHERE w.member_id = a.member_id AND {ripe('w', '${0}')}) AS has_ripened"
)
ACCOUNTS = Rows(
    AccountOf,
    f"SELECT a.member_id, {ACCOUNT.format(2)} FROM points_account a WHERE a.member_id = ANY($1::uuid[])",  # noqa: S608  names of ours
    fans_out="a page of members shows each one's points",
)


def points_of(parents: Sequence[HasMember], context: Context) -> Answers[PointsAccount]:
    """Each member's account as it stands at the moment of the operation."""
    if are((Account, Unasked), parents) and not _late(parents):
        accounts: list[Any] = list(parents)
        return accounts
    return _points_of(parents, context)


def _late(parents: Sequence[Any]) -> list[Any]:
    """The accounts that time may have changed more than one statement tells."""
    return [each for each in parents if isinstance(each, Account) and (each.held or each.has_ripened)]


async def _points_of(parents: Sequence[HasMember], context: Context) -> list[PointsAccount]:
    asked = [parent for parent in parents if not isinstance(parent, Unasked)]
    rows = cast("list[AccountOf]", await each(Account, asked, ACCOUNTS, context.now))
    late = await points.lapsed([row.member_id for row in _late(rows)], context.now)
    accounts = iter(account(row.member_id, late[row.member_id]) if row.member_id in late else row for row in rows)
    found = [parent if isinstance(parent, Unasked) else next(accounts) for parent in parents]
    return cast("list[PointsAccount]", found)


ENTRIES_BY_ID = Rows(
    EntryRow,
    f"SELECT {ENTRY} FROM points_entry e {BESIDE} WHERE e.member_id = $1 AND e.id = $2",  # noqa: S608  constants
)


async def entry(member_id: UUID, entry_id: UUID) -> Any:
    """One line of a member's ledger."""
    return await ENTRIES_BY_ID.row(member_id, entry_id)


WRITTEN = f"SELECT {ENTRY}, e.transaction_id FROM points_entry e {BESIDE}"  # noqa: S608  constants
OF_TRANSACTIONS = Rows(
    WrittenRow, f"{WRITTEN} WHERE e.member_id = $1 AND e.transaction_id = ANY($2::uuid[]) ORDER BY e.seq"
)
LED_TO = Rows(
    WrittenRow,
    f"{WRITTEN} WHERE e.member_id = ANY($1::uuid[]) AND e.transaction_id = ANY($2::uuid[]) ORDER BY e.seq DESC",
    fans_out="a queue of requests shows what each one led to",
)


async def entries_led_to(done: Sequence[tuple[UUID, UUID]]) -> dict[UUID, PointsEntry]:
    """The first line that each of these members' transactions wrote, by the transaction."""
    if not done:
        return {}
    rows = await LED_TO.rows(list({whose for whose, _ in done}), [transaction for _, transaction in done])
    return cast("dict[UUID, PointsEntry]", {row.transaction_id: row for row in rows})


def entry_of(written: Written) -> PointsEntry:
    """The line a command has just written."""
    return cast("PointsEntry", WrittenLine(written))


def account(member_id: UUID, now: Balances) -> PointsAccount:
    """The account by its figures."""
    return cast("PointsAccount", Figures(member_id, now))


async def entries_written(member_id: UUID, transaction_ids: Sequence[UUID]) -> list[Any]:
    """The lines some transactions wrote."""
    if not transaction_ids:
        return []
    return await OF_TRANSACTIONS.rows(member_id, list(transaction_ids))
