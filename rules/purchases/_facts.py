"""Order facts: what a shop reports, checked before anything is held or written."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from models.purchases import PurchaseEventKind, PurchaseState
from models.staff import StaffRole
from models.units import BALANCE_MAX, Minor
from rules import vault
from rules.actors import Actor, ActorKind
from rules.programme import Terms
from rules.refusals import ClockSkew, Refusal

SKEW = timedelta(minutes=5)
"""How far a reported moment may lie ahead of our clock."""

BACKFILL = timedelta(days=90)
"""How old a reported moment may be without the right to backfill."""

PARKED_FOR = timedelta(hours=72)
"""How long a refund waits for the payment it belongs to."""

LINES_MAX = 2_000
QUANTITY_MAX = 1_000_000
CATEGORIES_MAX = 10
"""How many categories a line may have."""


@dataclass(eq=False)
class OrderNotFound(Refusal):
    """No order of that reference was recorded yet."""

    zh = "尚未记录该订单。"
    retryable = True
    field = ("orderRef",)


@dataclass(eq=False)
class OrderExists(Refusal):
    """This order was already recorded with other content."""

    zh = "该订单已以不同内容记录。"
    field = ("orderRef",)


@dataclass(eq=False)
class EventExists(Refusal):
    """This event was already reported with other content."""

    zh = "该事件已以不同内容上报。"
    field = ("eventRef",)


@dataclass(eq=False)
class OrderInvalid(Refusal):
    """This order does not add up."""

    zh = "订单内容有误。"
    why: str


@dataclass(eq=False)
class CurrencyMismatch(Refusal):
    """The order is not in the programme's currency."""

    zh = "订单币种与计划币种不符。"
    field = ("currency",)
    expected: str


@dataclass(eq=False)
class BackfillRequired(Refusal):
    """The event is too old to be reported without the right to backfill."""

    zh = "事件时间过早，需要补录权限。"
    field = ("occurredAt",)


@dataclass(eq=False)
class PurchaseStateConflict(Refusal):
    """The purchase is in a state in which this cannot happen."""

    zh = "订单当前状态不允许此操作。"
    state: str


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One line of an order, with what was paid for it after discounts."""

    line_ref: str
    quantity: int
    paid_minor: Minor
    sku: str | None = None
    name: str | None = None
    categories: tuple[str, ...] = ()
    """What the shop counts the article among; earn rules may look at it."""


@dataclass(frozen=True, slots=True)
class Order:
    """An order as the shop knows it. Shipping and what points paid earn nothing."""

    source: str
    order_ref: str
    currency: str
    ordered_at: datetime
    lines: tuple[OrderLine, ...]
    shipping_minor: Minor = Minor(0)  # noqa: RUF009  an int
    by_points_minor: Minor = Minor(0)  # noqa: RUF009  an int
    channel: str | None = None
    store_id: UUID | None = None
    payer_hash: str | None = None
    """By what the account that paid is known again; see `traced`."""
    address_hash: str | None = None

    @property
    def goods_minor(self) -> Minor:
        """What was paid for all lines."""
        return Minor(sum(line.paid_minor for line in self.lines))


@dataclass(frozen=True, slots=True)
class Happening:
    """One event of an order: its own reference makes a second report harmless."""

    kind: PurchaseEventKind
    event_ref: str
    occurred_at: datetime
    refunds: tuple[tuple[str, Minor], ...] = ()
    """For a refund: minor units by line_ref, each line once."""

    @property
    def body(self) -> dict[str, int]:
        """The refunds as they are stored."""
        return dict(self.refunds)


@dataclass(slots=True)
class Stored:
    """A purchase as the database has it."""

    id: UUID
    member_id: UUID
    state: PurchaseState
    currency: str
    goods_minor: Minor
    by_points_minor: Minor
    refunded_minor: Minor
    shipping_minor: Minor
    channel: str | None
    store_id: UUID | None
    payer_hash: str | None
    address_hash: str | None
    ordered_at: datetime
    paid_at: datetime | None

    @classmethod
    def of(cls, row: dict[str, Any]) -> "Stored":
        """The purchase of a row."""
        return cls(**{name: row[name] for name in cls.__slots__} | {"state": PurchaseState(row["state"])})


def traced(what: str, said: str) -> str:
    """By what an account or an address is known again. Nothing of it can be read back.

    How it is written makes no difference, as far as letters, digits and signs go.
    """
    plain = "".join(each for each in unicodedata.normalize("NFKC", said).casefold() if each.isalnum())
    return vault.unlocked().mark(f"order {what}", plain or said)


def check_order(order: Order, terms: Terms) -> None:
    """Refuse an order that cannot be one of this programme's.

    Raises: OrderInvalid, CurrencyMismatch.
    """
    if order.currency != terms.currency:
        raise CurrencyMismatch(terms.currency)
    if not 0 < len(order.lines) <= LINES_MAX:
        raise OrderInvalid(f"An order has 1 to {LINES_MAX} lines.")
    _check_lines(order.lines)
    if order.shipping_minor < 0 or not 0 <= order.by_points_minor <= order.goods_minor:
        raise OrderInvalid("What points paid must lie between 0 and the sum of the lines.")
    if order.goods_minor > BALANCE_MAX:
        raise OrderInvalid("The amount is too large.")


def _check_lines(lines: Sequence[OrderLine]) -> None:
    if len({line.line_ref for line in lines}) < len(lines):
        raise OrderInvalid("Two lines have the same reference.")
    if any(not 0 < line.quantity <= QUANTITY_MAX or line.paid_minor < 0 for line in lines):
        raise OrderInvalid(f"A line needs a quantity of 1 to {QUANTITY_MAX} and a paid amount of 0 or more.")
    if any(len(line.categories) > CATEGORIES_MAX for line in lines):
        raise OrderInvalid(f"A line has at most {CATEGORIES_MAX} categories.")


def check_moment(moment: datetime, *, actor: Actor, now: datetime) -> None:
    """Refuse an event from the future, and one from long ago without the right to backfill.

    Raises: ClockSkew, BackfillRequired.
    """
    if moment > now + SKEW:
        raise ClockSkew
    may_backfill = actor.kind is ActorKind.SYSTEM or actor.role in (StaffRole.OWNER, StaffRole.ADMIN)
    if moment < now - BACKFILL and not may_backfill:
        raise BackfillRequired


def check_refunds(refunds: Sequence[tuple[str, Minor]]) -> None:
    """Refuse a refund that names no line, or one line twice.

    Raises: OrderInvalid.
    """
    if not 0 < len(refunds) <= LINES_MAX:
        raise OrderInvalid(f"A refund names 1 to {LINES_MAX} lines.")
    if len({line for line, _ in refunds}) < len(refunds):
        raise OrderInvalid("A refund names each line once.")
    if any(amount < 0 for _, amount in refunds) or not sum(amount for _, amount in refunds):
        raise OrderInvalid("A refunded amount is 0 or more, and a refund as a whole above 0.")
