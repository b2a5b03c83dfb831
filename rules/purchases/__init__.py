"""Purchases: a member has paid, so they earn and rise; a refund takes exactly that back, in any order."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from models.purchases import (
    EventState,
    Purchase,
    PurchaseEventKind,
    PurchaseKey,
    PurchaseLine,
)
from models.sql import SQL
from models.writing import add
from rules import audit, earning, heirs, members, points, programme, referrals, tiers
from rules.actors import Actor
from rules.earning import Means, bonus
from rules.idempotency import Key, Slip
from rules.jobs import job
from rules.outbox import tell
from rules.purchases._earning import LINES
from rules.purchases._effects import happen
from rules.purchases._facts import (
    CATEGORIES_MAX,
    PARKED_FOR,
    BackfillRequired,
    CurrencyMismatch,
    EventExists,
    Happening,
    Order,
    OrderExists,
    OrderInvalid,
    OrderLine,
    OrderNotFound,
    PurchaseStateConflict,
    Stored,
    check_moment,
    check_order,
    check_refunds,
    traced,
)
from rules.purchases._landing import land_growth
from rules.purchases._orders import PURSE_AND_ORDER, placed
from rules.purchases._passing import pass_on, pass_to
from rules.purchases._preview import Foreseen, preview
from rules.purchases._referring import foresee
from rules.purchases._sitting import Brought, Sitting, sit, sit_with
from rules.transactions import transaction

__all__ = [
    "CATEGORIES_MAX",
    "Applied",
    "BackfillRequired",
    "CurrencyMismatch",
    "EventExists",
    "Foreseen",
    "Happening",
    "Order",
    "OrderExists",
    "OrderInvalid",
    "OrderLine",
    "OrderNotFound",
    "PurchaseStateConflict",
    "bonus",
    "check_order",
    "is_recorded",
    "land_growth",
    "preview",
    "record",
    "report",
    "traced",
]


@dataclass(frozen=True, slots=True)
class Applied:
    """What a reported fact came to: the movements it caused, the growth, and the tier if it changed."""

    member_id: UUID
    purchase_id: UUID
    transaction_ids: tuple[UUID, ...] = ()
    growth: int = 0
    tier: str | None = None
    parked: bool = False
    replayed: bool = False

    def plain(self) -> dict[str, Any]:
        """The answer as it is stored."""
        return {
            "member_id": str(self.member_id),
            "purchase_id": str(self.purchase_id),
            "transaction_ids": [str(each) for each in self.transaction_ids],
            "growth": self.growth,
            "tier": self.tier,
            "parked": self.parked,
        }

    @classmethod
    def replay(cls, stored: dict[str, Any]) -> "Applied":
        """The stored answer of an earlier, identical request."""
        return cls(
            member_id=UUID(stored["member_id"]),
            purchase_id=UUID(stored["purchase_id"]),
            transaction_ids=tuple(UUID(each) for each in stored["transaction_ids"]),
            growth=stored["growth"],
            tier=stored["tier"],
            parked=stored["parked"],
            replayed=True,
        )


WHOSE = SQL("SELECT member_id, purchase_id FROM purchase_key WHERE source = $1 AND order_ref = $2")
_STORED = (
    "SELECT p.id, p.member_id, p.state, p.currency, p.goods_minor, p.by_points_minor, p.refunded_minor,"  # noqa: S608
    f" p.shipping_minor, p.channel, p.store_id, p.payer_hash, p.address_hash, p.ordered_at, p.paid_at"
    f"{referrals.COLUMNS}{{}}"
    " FROM purchase p"
    f" JOIN member m ON m.id = p.member_id{referrals.JOIN}{earning.JOIN}"
    " WHERE p.member_id = $1 AND p.id = $2"
)
STORED = SQL(_STORED.format(earning.columns(3)[0]), sqlite=_STORED.format(earning.columns(3)[1]))


async def is_recorded(source: str, order_ref: str) -> bool:
    """Whether an order of that reference is known."""
    return await WHOSE.row(source, order_ref) is not None


@transaction
async def record(
    member_id: UUID,
    order: Order,
    *,
    paid: Happening | None = None,
    key: Key,
    actor: Actor,
    now: datetime,
) -> Applied:
    """Take note of a member's order, and of its payment where that has happened.

    The same order is recorded once, whatever the key: a second report of the same content is answered by the
    first one's purchase, and a payment that comes with it takes effect if none did before.

    Raises: NotFound, IdempotencyKeyReused, MemberNotActive, MemberMerged, OrderInvalid, CurrencyMismatch,
    ClockSkew, BackfillRequired, OrderExists, PurchaseStateConflict, PointsLimit, GrowthLimit.
    """
    slip = Slip(member_id, actor, key, "purchase.record", (order, paid))
    days = earning.around(paid.occurred_at if paid else order.ordered_at)
    held = await points.hold(slip, now, order.source, order.order_ref, *days, read=PURSE_AND_ORDER)
    if held.earlier:
        return Applied.replay(held.earlier)
    if refused := members.inactivity(held.state, frozen_may=True):
        raise refused
    check_order(order, held.terms)
    check_moment(order.ordered_at, actor=actor, now=now)
    known = await _recorded(member_id, order, held.row)
    if known and (known.paid_at or not paid):
        return Applied(member_id, known.id, replayed=True)
    means = await earning.means(member_id, held.row, paid.occurred_at) if paid else None
    placing = known or placed(member_id, order)
    sitting = await sit_with(placing, held, actor, means=means, lines=order.lines, is_new=not known)
    if paid:
        check_moment(paid.occurred_at, actor=actor, now=now)
        await foresee(sitting)
    if not known:
        _insert(sitting.purchase, order, now)
    if paid:
        await happen(sitting, paid)
    return await _conclude(sitting, slip)


@transaction
async def report(
    source: str, order_ref: str, happening: Happening, *, key: Key, actor: Actor, now: datetime
) -> Applied:
    """Take note of what happened to an order: paid, completed, refunded or cancelled.

    One refund drives every reversal in one transaction and a fixed order: points spent on the order return,
    points it earned are clawed back, growth follows. A refund that arrives before its payment is parked for 72
    hours and takes effect with it; one that has lapsed may be reported again. What comes of the order of a merged
    member is who they are now.

    Raises: OrderNotFound, IdempotencyKeyReused, EventExists, ClockSkew, BackfillRequired, OrderInvalid,
    PurchaseStateConflict, RefundExceedsOriginal, PointsLimit, GrowthLimit.
    """
    whose = await WHOSE.row(source, order_ref)
    if whose is None:
        raise OrderNotFound
    member_id = whose["member_id"]
    held, heir = await heirs.hold(member_id)
    slip = Slip(member_id, actor, key, "purchase.report", (source, order_ref, happening))
    if earlier := await slip.recall():
        return Applied.replay(earlier)
    check_moment(happening.occurred_at, actor=actor, now=now)
    if happening.kind is PurchaseEventKind.REFUNDED:
        check_refunds(happening.refunds)
    stored, means, brought = await _stored(member_id, whose["purchase_id"], happening.occurred_at)
    known = await _reported(stored, happening)
    if known and (known["state"] == EventState.APPLIED or known["created_at"] > now - PARKED_FOR):
        return Applied(member_id, stored.id, parked=known["state"] == EventState.PARKED, replayed=True)
    terms = await programme.terms()
    sitting = await sit(stored, held.state, terms, actor, now, means=means, brought=brought)
    if heir.id != member_id:
        await pass_to(sitting, heir)
    if happening.kind is PurchaseEventKind.PAID:
        await foresee(sitting)
    await happen(sitting, happening, lapsed_id=known["id"] if known else None)
    return await _conclude(sitting, slip)


LAPSE = SQL(
    "UPDATE purchase_event SET state = 'LAPSED' WHERE state = 'PARKED' AND created_at <= $1 RETURNING id",
    fans_out="the sweeper of parked refunds visits every member's",
)


@job("purchases.lapse", every=PARKED_FOR / 72)
async def lapse(_: dict[str, Any], now: datetime) -> None:
    """Mark the parked refunds whose payment never came. They count for nothing after 72 hours either way."""
    await _lapse(now)


@transaction
async def _lapse(now: datetime) -> int:
    return len(await LAPSE.rows(now - PARKED_FOR))


async def _stored(member_id: UUID, purchase_id: UUID, at: datetime) -> tuple[Stored, Means | None, Brought]:
    """A purchase, by what a payment at that moment earns, and what is known of who brought its member."""
    row = await STORED.row(member_id, purchase_id, *earning.around(at))
    if row is None:
        raise AssertionError("An order key without its purchase.")
    return Stored.of(row), await earning.means(member_id, row, at), Brought.of(row)


async def _recorded(member_id: UUID, order: Order, key: Mapping[str, Any]) -> Stored | None:
    """The purchase of an order that is already there, by what its key says; None for a new one.

    Raises: OrderExists, when it is another member's, or not the same.
    """
    if key["member_id"] is None:
        return None
    if key["member_id"] != member_id:
        raise OrderExists
    stored, _, _ = await _stored(member_id, key["purchase_id"], order.ordered_at)
    lines = await LINES.rows(member_id, stored.id)
    known = {row["line_ref"]: (row["quantity"], row["paid_minor"]) for row in lines}
    told = {line.line_ref: (line.quantity, line.paid_minor) for line in order.lines}
    same = (stored.shipping_minor, stored.by_points_minor) == (order.shipping_minor, order.by_points_minor)
    if known != told or not same:
        raise OrderExists
    return stored


def _insert(purchase: Stored, order: Order, now: datetime) -> None:
    """Have a new purchase written, its lines, and the key it is found by."""
    columns = {name: getattr(purchase, name) for name in Stored.__slots__}
    row = {**columns, "source": order.source, "order_ref": order.order_ref, "created_at": now}
    add(Purchase, [row])
    key = {"member_id": purchase.member_id, "purchase_id": purchase.id}
    add(PurchaseKey, [{**key, "source": order.source, "order_ref": order.order_ref}])
    add(
        PurchaseLine,
        [
            {
                **key,
                "line_ref": line.line_ref,
                "quantity": line.quantity,
                "paid_minor": line.paid_minor,
                "sku": line.sku,
                "name": line.name,
                "categories": list(line.categories) or None,
            }
            for line in order.lines
        ],
    )


REPORTED = SQL(
    "SELECT id, state, body, created_at FROM purchase_event"
    " WHERE member_id = $1 AND purchase_id = $2 AND kind = $3 AND event_ref = $4"
)


async def _reported(purchase: Stored, happening: Happening) -> dict[str, Any] | None:
    """What is known of this very event; None when it is news.

    Raises: EventExists, when another one goes by its reference.
    """
    row = await REPORTED.row(purchase.member_id, purchase.id, happening.kind.value, happening.event_ref)
    if row is not None and row["body"] != happening.body:
        raise EventExists
    return row


async def _conclude(sitting: Sitting, slip: Slip) -> Applied:
    """The last beat: the book, the events, the audit, the answer."""
    if sitting.heir:
        await pass_on(sitting)
    sitting.events += await points.post(sitting.book, sitting.actor)
    sitting.events += tiers.keep(sitting.standing, sitting.now)
    if sitting.course is not None:
        sitting.events += referrals.keep(sitting.course)
    moved = tuple(event.transaction_id for event in sitting.events if event.transaction_id)
    purchase = sitting.purchase
    await tell(purchase.member_id, sitting.events, sitting.now, after=sitting.event_seq)
    facts = {"purchase": str(purchase.id)}
    await audit.note(sitting.actor, slip.operation, member_id=purchase.member_id, facts=facts, now=sitting.now)
    applied = Applied(purchase.member_id, purchase.id, moved, sitting.growth, sitting.climbed, sitting.parked)
    await slip.keep(applied.plain(), sitting.now)
    return applied
