"""A purchase as a client sees it, and how purchases are read for many members at once."""

from collections.abc import Sequence
from typing import Any, cast
from uuid import UUID

import strawberry

from models.listing import MOMENT, ROW_ID, Listing
from models.purchases import PurchaseState
from models.reading import Row, Rows
from models.sql import SQL
from models.staff import StaffRole
from rules.prices import split
from schema import ids, pages
from schema.context import Context, HasMember
from schema.earning import EarnAward, awards_of
from schema.enums import describe
from schema.pages import After, Before, Connection, First, Last, Listed, Page
from schema.permissions import SEES_PURCHASES, related, seen
from schema.programme import MoneyType
from schema.scalars import Long, Moment
from schema.tiers import Node

describe(
    PurchaseState,
    "Where a purchase stands.",
    {
        PurchaseState.CREATED: "Ordered, not paid.",
        PurchaseState.PAID: "Paid.",
        PurchaseState.COMPLETED: "Delivered and accepted.",
        PurchaseState.PARTIALLY_REFUNDED: "Refunded in part.",
        PurchaseState.REFUNDED: "Refunded in whole.",
        PurchaseState.CANCELLED: "Given up before it was paid.",
    },
)


class Amount:
    """An amount of money as it is shown."""

    __slots__ = ("amount_minor", "currency")

    def __init__(self, amount_minor: int, currency: str) -> None:
        self.amount_minor = amount_minor
        self.currency = currency


class LineRow(Row):
    """A line of an order, as it is shown."""

    member_id: UUID
    purchase_id: UUID
    line_ref: str
    sku: str | None
    name: str | None
    categories: list[str]
    quantity: int
    paid_minor: int
    refunded_minor: int
    currency: str

    @property
    def paid(self) -> Amount:
        """What was paid for it."""
        return Amount(self.paid_minor, self.currency)

    @property
    def refunded(self) -> Amount:
        """What was refunded of it."""
        return Amount(self.refunded_minor, self.currency)


EARNED = SQL(
    "SELECT l.purchase_id, l.line_ref, l.paid_minor, (SELECT COALESCE(SUM(t.points), 0) FROM points_transaction t"
    " WHERE t.member_id = l.member_id AND t.purchase_id = l.purchase_id AND t.kind IN ('EARN', 'BONUS'))::bigint"
    " AS earned FROM purchase_line l WHERE l.member_id = ANY($1::uuid[]) AND l.purchase_id = ANY($2::uuid[])"
    " ORDER BY l.id",
    fans_out="a page of members shows what each line of their orders earned",
)


async def earned_by(parents: Sequence[LineRow], context: Context) -> list[Long]:
    """Each line's share of what its order earned: a share of all lines, whichever of them are asked for."""
    del context
    orders: dict[UUID, list[dict[str, Any]]] = {}
    asked_for = ({parent.member_id for parent in parents}, {parent.purchase_id for parent in parents})
    for row in await EARNED.rows(*map(list, asked_for)):
        orders.setdefault(row["purchase_id"], []).append(row)
    found: dict[tuple[UUID, str], int] = {}
    for purchase_id, rows in orders.items():
        shares = split(rows[0]["earned"], [row["paid_minor"] for row in rows])
        found |= {(purchase_id, row["line_ref"]): share for row, share in zip(rows, shares, strict=True)}
    return [Long(found[parent.purchase_id, parent.line_ref]) for parent in parents]


@strawberry.type(description="One line of an order.")
class PurchaseLine:
    line_ref: str = seen(SEES_PURCHASES, "The shop's reference of the line.")
    sku: str | None = seen(SEES_PURCHASES, "The article, as the shop numbers it.")
    name: str | None = seen(SEES_PURCHASES, "The article's name.")
    categories: list[str] = seen(SEES_PURCHASES, "What the shop counts the article among.")
    quantity: int = seen(SEES_PURCHASES, "How many.")
    paid: MoneyType = seen(SEES_PURCHASES, "What was paid for the line, after discounts.")
    refunded: MoneyType = seen(SEES_PURCHASES, "What has been refunded of it so far.")
    earned: Long = related(
        SEES_PURCHASES,
        "Its share of the points the order earned when it was paid, for showing: split by what was paid, so that "
        "all shares are the whole. Refunds take back by the whole order.",
        earned_by,
    )


LINES = Rows(
    LineRow,
    "SELECT l.member_id, l.purchase_id, l.line_ref, l.sku, l.name, COALESCE(l.categories, '[]') AS categories,"
    " l.quantity, l.paid_minor, l.refunded_minor, p.currency"
    " FROM purchase_line l JOIN LATERAL (SELECT * FROM purchase p"
    " WHERE p.member_id = l.member_id AND p.id = l.purchase_id LIMIT 1) p ON true"
    " WHERE l.member_id = ANY($1::uuid[]) AND l.purchase_id = ANY($2::uuid[]) ORDER BY l.id",
    fans_out="a page of members shows each one's purchases",
)


async def lines_of(parents: Sequence["PurchaseRow"], context: Context) -> list[list[PurchaseLine]]:
    """The lines of each purchase, in the order the shop told them."""
    del context
    found: dict[UUID, list[Any]] = {parent.row_id: [] for parent in parents}
    for row in await LINES.rows(list({parent.member_id for parent in parents}), list(found)):
        found[row.purchase_id].append(row)
    return [found[parent.row_id] for parent in parents]


class PurchaseRow(Row, Listed):
    """A purchase, as it is shown."""

    member_id: UUID
    row_id: UUID
    source: str
    order_ref: str
    state: str
    channel: str | None
    currency: str
    goods_minor: int
    shipping_minor: int
    by_points_minor: int
    refunded_minor: int
    ordered_at: str
    paid_at: str | None

    @property
    def id(self) -> str:
        """The purchase's id."""
        return ids.encode(ids.Tag.PURCHASE, self.member_id, self.row_id)

    @property
    def key(self) -> tuple[str, UUID]:
        """Where it stands."""
        return self.ordered_at, self.row_id

    @property
    def goods(self) -> Amount:
        """What was paid for its lines."""
        return Amount(self.goods_minor, self.currency)

    @property
    def shipping(self) -> Amount:
        """What was paid for shipping."""
        return Amount(self.shipping_minor, self.currency)

    @property
    def paid_by_points(self) -> Amount:
        """What points paid for."""
        return Amount(self.by_points_minor, self.currency)

    @property
    def refunded(self) -> Amount:
        """What was refunded."""
        return Amount(self.refunded_minor, self.currency)


@strawberry.type(description="An order of a member, as their shop reported it.")
class Purchase(Node):
    source: str = seen(SEES_PURCHASES, "The shop system that reported it.")
    order_ref: str = seen(SEES_PURCHASES, "The shop's reference of the order.")
    state: PurchaseState = seen(SEES_PURCHASES, "Where it stands.")
    channel: str | None = seen(SEES_PURCHASES, "Where it was sold: a store, a mini-program, a country.")
    goods: MoneyType = seen(SEES_PURCHASES, "What was paid for its lines. This earns.")
    shipping: MoneyType = seen(SEES_PURCHASES, "What was paid for shipping. This does not.")
    paid_by_points: MoneyType = seen(SEES_PURCHASES, "The part of the goods paid by points, which earns nothing.")
    refunded: MoneyType = seen(SEES_PURCHASES, "What has been refunded of the lines so far.")
    ordered_at: Moment = seen(SEES_PURCHASES, "When it was ordered.")
    paid_at: Moment | None = seen(SEES_PURCHASES, "When it was paid; null while it is not.")
    lines: list[PurchaseLine] = related(SEES_PURCHASES, "Its lines.", lines_of)
    awards: list[EarnAward] = related(
        SEES_PURCHASES,
        "What it was given when it was paid, and by which rules. Refunds show in the ledger.",
        awards_of,
    )

    @classmethod
    def is_type_of(cls, value: object, _info: object) -> bool:
        """Rows are purchases."""
        return isinstance(value, PurchaseRow)


COLUMNS = (
    "p.id AS row_id, p.member_id, p.source, p.order_ref, p.state, p.channel, p.currency, p.goods_minor,"
    " p.shipping_minor, p.by_points_minor, p.refunded_minor, ISO(p.ordered_at) AS ordered_at,"
    " ISO(p.paid_at) AS paid_at"
)
REACH = "({}::uuid IS NULL OR p.store_id = {}::uuid) AND ({}::text IS NULL OR p.source = {})"
ONE = Rows(
    PurchaseRow,
    f"SELECT {COLUMNS} FROM purchase p WHERE p.member_id = $1 AND p.id = $2"  # noqa: S608  constants
    f" AND {REACH.format('$3', '$3', '$4', '$4')}",
)


def _kept_to(context: Context) -> tuple[UUID | None, str | None]:
    """The store and the source whose purchases a caller may see: a cashier their store's, a service its own."""
    principal = context.principal
    if principal is None:
        return None, None
    return principal.store_id if principal.role is StaffRole.CASHIER else None, principal.source


async def purchase(context: Context, member_id: UUID, purchase_id: UUID) -> Any:
    """One purchase of a member, if the caller may see it."""
    return await ONE.row(member_id, purchase_id, *_kept_to(context))


PAGES = Listing(
    COLUMNS,
    "purchase p",
    order={"ordered_at": MOMENT, "id": ROW_ID},
    where=REACH.format("{0}", "{0}", "{1}", "{1}"),
    row=PurchaseRow,
    fans_out="a page of members shows the latest of each one's purchases",
)


async def purchases_of(
    parents: Sequence[HasMember],
    context: Context,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
) -> list[Connection[Purchase]]:
    """A page of each member's purchases, newest first."""
    asked_for = pages.window(first=first, after=after, last=last, before=before, shape=pages.BY_MOMENT)
    found = await pages.listed(PAGES, parents, asked_for, *_kept_to(context))
    return cast("list[Connection[Purchase]]", [Page(rows, asked_for) for rows in found])
