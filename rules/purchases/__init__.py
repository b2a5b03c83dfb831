"""Purchases: a member has paid, so they earn and rise; a refund takes exactly that back, in any order."""

from dataclasses import astuple, dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from models.members import MemberState
from models.points import PointsKind
from models.purchases import (
    EventState,
    Purchase,
    PurchaseEvent,
    PurchaseEventKind,
    PurchaseKey,
    PurchaseLine,
    PurchaseState,
)
from models.sql import SQL, insert
from models.units import WHOLE, Minor, Points
from rules import audit, members, points, programme, tiers
from rules.actors import Actor
from rules.idempotency import Key, Slip
from rules.jobs import job
from rules.outbox import Event, tell
from rules.points import Book, Movement, RefundExceedsOriginal
from rules.programme import Terms
from rules.purchases._facts import (
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
)
from rules.tiers import Standing
from rules.transactions import transaction

__all__ = [
    "Applied",
    "BackfillRequired",
    "CurrencyMismatch",
    "EventExists",
    "Happening",
    "Order",
    "OrderExists",
    "OrderInvalid",
    "OrderLine",
    "OrderNotFound",
    "PurchaseStateConflict",
    "bonus",
    "record",
    "report",
]

PAID_STATES = {
    PurchaseState.PAID,
    PurchaseState.COMPLETED,
    PurchaseState.PARTIALLY_REFUNDED,
    PurchaseState.REFUNDED,
}


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


@dataclass(slots=True)
class Sitting:
    """A held member's purchase while its facts are applied: all was read before the first write."""

    purchase: Stored
    terms: Terms
    standing: Standing
    book: Book
    state: MemberState
    actor: Actor
    now: datetime
    events: list[Event] = field(default_factory=list)
    growth: int = 0
    climbed: str | None = None
    parked: bool = False


def bonus(base: Points, multiplier_bps: int) -> Points:
    """What a tier adds to the base: floor(base * (bps - 10000) / 10000)."""
    return Points(base * (multiplier_bps - WHOLE) // WHOLE)


WHOSE = SQL("SELECT member_id, purchase_id FROM purchase_key WHERE source = $1 AND order_ref = $2")
STORED = SQL(
    "SELECT id, member_id, state, currency, goods_minor, by_points_minor, refunded_minor, shipping_minor,"
    " channel, store_id, ordered_at, paid_at FROM purchase WHERE member_id = $1 AND id = $2"
)


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
    first one's purchase.

    Raises: NotFound, IdempotencyKeyReused, MemberNotActive, MemberMerged, OrderInvalid, CurrencyMismatch,
    ClockSkew, BackfillRequired, OrderExists, PointsLimit, GrowthLimit.
    """
    held = await members.hold(member_id)
    slip = Slip(member_id, actor, key, "purchase.record", (astuple(order), paid and astuple(paid)))
    if earlier := await slip.recall():
        return Applied.replay(earlier)
    if refused := members.inactivity(held.state, frozen_may=True):
        raise refused
    terms = await programme.terms()
    check_order(order, terms)
    check_moment(order.ordered_at, actor=actor, now=now)
    if existing := await WHOSE.row(order.source, order.order_ref):
        return await _recorded(existing, member_id, order)
    sitting = await _sit(_new(member_id, order), held.state, terms, actor, now)
    await _insert(sitting.purchase, order, now)
    if paid:
        check_moment(paid.occurred_at, actor=actor, now=now)
        await _happen(sitting, paid)
    return await _conclude(sitting, slip)


@transaction
async def report(
    source: str, order_ref: str, happening: Happening, *, key: Key, actor: Actor, now: datetime
) -> Applied:
    """Take note of what happened to an order: paid, completed, refunded or cancelled.

    One refund drives every reversal in one transaction and a fixed order: points spent on the order return,
    points it earned are clawed back, growth follows. A refund that arrives before its payment is parked for 72
    hours and takes effect with it.

    Raises: OrderNotFound, IdempotencyKeyReused, EventExists, ClockSkew, BackfillRequired, OrderInvalid,
    PurchaseStateConflict, RefundExceedsOriginal, PointsLimit, GrowthLimit.
    """
    whose = await WHOSE.row(source, order_ref)
    if whose is None:
        raise OrderNotFound
    member_id = whose["member_id"]
    held = await members.hold(member_id)
    slip = Slip(member_id, actor, key, "purchase.report", (source, order_ref, astuple(happening)))
    if earlier := await slip.recall():
        return Applied.replay(earlier)
    check_moment(happening.occurred_at, actor=actor, now=now)
    if happening.kind is PurchaseEventKind.REFUNDED:
        check_refunds(happening.refunds)
    stored = await _stored(member_id, whose["purchase_id"])
    if await _was_reported(stored, happening):
        return Applied(member_id, stored.id, replayed=True)
    sitting = await _sit(stored, held.state, await programme.terms(), actor, now)
    await _happen(sitting, happening)
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


async def _stored(member_id: UUID, purchase_id: UUID) -> Stored:
    row = await STORED.row(member_id, purchase_id)
    if row is None:
        raise AssertionError("An order key without its purchase.")
    return Stored.of(row)


async def _sit(purchase: Stored, state: MemberState, terms: Terms, actor: Actor, now: datetime) -> Sitting:
    """Read all that a fact may move: the points, the lots and the standing of the purchase's member."""
    standing = await tiers.standing(purchase.member_id, terms)
    book = await points.open_book(purchase.member_id, now, with_lots=purchase.state is not PurchaseState.CREATED)
    return Sitting(purchase, terms, standing, book, state, actor, now)


def _new(member_id: UUID, order: Order) -> Stored:
    return Stored(
        id=uuid7(),
        member_id=member_id,
        state=PurchaseState.CREATED,
        currency=order.currency,
        goods_minor=order.goods_minor,
        by_points_minor=order.by_points_minor,
        refunded_minor=Minor(0),
        shipping_minor=order.shipping_minor,
        channel=order.channel,
        store_id=order.store_id,
        ordered_at=order.ordered_at,
        paid_at=None,
    )


LINES = SQL(
    "SELECT line_ref, quantity, paid_minor, refunded_minor FROM purchase_line"
    " WHERE member_id = $1 AND purchase_id = $2"
)


async def _recorded(key: dict[str, Any], member_id: UUID, order: Order) -> Applied:
    """The answer to an order that is already there.

    Raises: OrderExists, when it is another member's, or not the same.
    """
    if key["member_id"] != member_id:
        raise OrderExists
    stored = await _stored(member_id, key["purchase_id"])
    lines = await LINES.rows(member_id, stored.id)
    known = {row["line_ref"]: (row["quantity"], row["paid_minor"]) for row in lines}
    told = {line.line_ref: (line.quantity, line.paid_minor) for line in order.lines}
    same = (stored.shipping_minor, stored.by_points_minor) == (order.shipping_minor, order.by_points_minor)
    if known != told or not same:
        raise OrderExists
    return Applied(member_id, stored.id, replayed=True)


async def _insert(purchase: Stored, order: Order, now: datetime) -> None:
    """Write a new purchase, its lines, and the key it is found by."""
    columns = {name: getattr(purchase, name) for name in Stored.__slots__}
    row = {**columns, "source": order.source, "order_ref": order.order_ref, "created_at": now}
    await insert(Purchase, [row])
    key = {"member_id": purchase.member_id, "purchase_id": purchase.id}
    await insert(PurchaseKey, [{**key, "source": order.source, "order_ref": order.order_ref}])
    await insert(
        PurchaseLine,
        [
            {
                **key,
                "line_ref": line.line_ref,
                "quantity": line.quantity,
                "paid_minor": line.paid_minor,
                "sku": line.sku,
                "name": line.name,
            }
            for line in order.lines
        ],
    )


REPORTED = SQL(
    "SELECT refund_minor, body FROM purchase_event"
    " WHERE member_id = $1 AND purchase_id = $2 AND kind = $3 AND event_ref = $4"
)


async def _was_reported(purchase: Stored, happening: Happening) -> bool:
    """Whether this very event is already known.

    Raises: EventExists, when another one goes by its reference.
    """
    row = await REPORTED.row(purchase.member_id, purchase.id, happening.kind.value, happening.event_ref)
    if row is not None and row["body"] != happening.body:
        raise EventExists
    return row is not None


async def _happen(sitting: Sitting, happening: Happening) -> None:
    """Apply one event, or park it, and write it down."""
    parks = happening.kind is PurchaseEventKind.REFUNDED and sitting.purchase.state is PurchaseState.CREATED
    event_id = uuid7()
    if parks:
        sitting.parked = True
    row = {
        "id": event_id,
        "member_id": sitting.purchase.member_id,
        "purchase_id": sitting.purchase.id,
        "kind": happening.kind,
        "event_ref": happening.event_ref,
        "state": EventState.PARKED if parks else EventState.APPLIED,
        "occurred_at": happening.occurred_at,
        "refund_minor": sum(amount for _, amount in happening.refunds),
        "body": happening.body,
        "created_at": sitting.now,
    }
    await insert(PurchaseEvent, [row])
    if not parks:
        await _APPLY[happening.kind](sitting, happening, event_id)
        kind = f"purchase.{happening.kind.value.lower()}"
        sitting.events.append(Event(kind, {"purchase": str(sitting.purchase.id)}))


SET_STATE = SQL(
    "UPDATE purchase SET state = $3, paid_at = $4, refunded_minor = $5"
    " WHERE member_id = $1 AND id = $2 RETURNING id"
)


async def _save(purchase: Stored) -> None:
    await SET_STATE.row(
        purchase.member_id, purchase.id, purchase.state.value, purchase.paid_at, purchase.refunded_minor
    )


async def _pay(sitting: Sitting, happening: Happening, _: UUID) -> None:
    """A purchase is paid: the member earns by the tier held so far, then grows. A second report changes nothing."""
    purchase = sitting.purchase
    if purchase.state in PAID_STATES:
        return
    _refuse_unless(purchase.state is PurchaseState.CREATED, purchase)
    purchase.state, purchase.paid_at = PurchaseState.PAID, happening.occurred_at
    await _save(purchase)
    base = sitting.terms.base_points(Minor(purchase.goods_minor - purchase.by_points_minor))
    extra = bonus(base, sitting.standing.tier.earn_multiplier_bps)
    _earn(sitting, PointsKind.EARN, base, happening.occurred_at)
    _earn(sitting, PointsKind.BONUS, extra, happening.occurred_at)
    await _grow(sitting, base, f"purchase:{purchase.id}:growth", happening.occurred_at)
    await _unpark(sitting)


def _earn(sitting: Sitting, kind: PointsKind, earned: Points, at: datetime) -> None:
    if earned:
        purchase_id = sitting.purchase.id
        cause = f"purchase:{purchase_id}:{kind.value.lower()}"
        movement = Movement(kind, cause, at, purchase_id=purchase_id)
        active = sitting.state is not MemberState.FROZEN
        sitting.book.earn(movement, earned, expires_at=sitting.terms.expiry(at), active=active)


async def _complete(sitting: Sitting, happening: Happening, event_id: UUID) -> None:
    """An order is completed; one not known to be paid was paid at the same moment."""
    purchase = sitting.purchase
    _refuse_unless(purchase.state is not PurchaseState.CANCELLED, purchase)
    await _pay(sitting, happening, event_id)
    if purchase.state is PurchaseState.PAID:
        purchase.state = PurchaseState.COMPLETED
        await _save(purchase)


async def _cancel(sitting: Sitting, happening: Happening, event_id: UUID) -> None:
    """An unpaid order is given up: points already spent on it come back."""
    purchase = sitting.purchase
    if purchase.state is PurchaseState.CANCELLED:
        return
    _refuse_unless(purchase.state is PurchaseState.CREATED, purchase)
    purchase.state = PurchaseState.CANCELLED
    await _save(purchase)
    sitting.book = await points.open_book(purchase.member_id, sitting.now)
    await _reverse_points(sitting, event_id, happening.occurred_at, refunded=1, paid=1)


REFUND_LINE = SQL(
    "UPDATE purchase_line SET refunded_minor = refunded_minor + $4"
    " WHERE member_id = $1 AND purchase_id = $2 AND line_ref = $3 RETURNING line_ref"
)


async def _refund(sitting: Sitting, happening: Happening, event_id: UUID) -> None:
    """Lines are refunded: what they moved is moved back, by the share of the whole order now refunded."""
    purchase = sitting.purchase
    _refuse_unless(purchase.state in PAID_STATES, purchase)
    await _check_lines(purchase, happening)
    for line_ref, amount in happening.refunds:
        await REFUND_LINE.row(purchase.member_id, purchase.id, line_ref, amount)
    total = sum(amount for _, amount in happening.refunds)
    purchase.refunded_minor = Minor(purchase.refunded_minor + total)
    whole = purchase.refunded_minor == purchase.goods_minor
    purchase.state = PurchaseState.REFUNDED if whole else PurchaseState.PARTIALLY_REFUNDED
    await _save(purchase)
    share = {"refunded": purchase.refunded_minor, "paid": purchase.goods_minor}
    await _reverse_points(sitting, event_id, happening.occurred_at, **share)
    await _reverse_growth(sitting, event_id, happening.occurred_at)


async def _check_lines(purchase: Stored, happening: Happening) -> None:
    """Refuse to refund a line beyond what was paid for it.

    Raises: OrderInvalid, RefundExceedsOriginal.
    """
    rows = await LINES.rows(purchase.member_id, purchase.id)
    left = {row["line_ref"]: row["paid_minor"] - row["refunded_minor"] for row in rows}
    for line_ref, amount in happening.refunds:
        if line_ref not in left:
            raise OrderInvalid("The refund names a line the order does not have.")
        if amount > left[line_ref]:
            raise RefundExceedsOriginal(amount, left[line_ref])


OF_PURCHASE = SQL(
    "SELECT id, kind, points, reverses_id FROM points_transaction WHERE member_id = $1 AND purchase_id = $2"
    " ORDER BY id"
)
REVERSIBLE = {
    PointsKind.REDEEM: PointsKind.RETURN,
    PointsKind.EARN: PointsKind.CLAWBACK,
    PointsKind.BONUS: PointsKind.CLAWBACK,
}


async def _reverse_points(sitting: Sitting, event_id: UUID, at: datetime, *, refunded: int, paid: int) -> None:
    """Return what was spent on the purchase, then claw back what it earned, each by its own exact target."""
    purchase = sitting.purchase
    rows = await OF_PURCHASE.rows(purchase.member_id, purchase.id)
    reversed_by: dict[UUID, int] = {}
    for row in rows:
        if row["reverses_id"]:
            reversed_by[row["reverses_id"]] = reversed_by.get(row["reverses_id"], 0) + abs(row["points"])
    for kind, how in REVERSIBLE.items():
        for row in rows:
            if row["kind"] != kind:
                continue
            already = reversed_by.get(row["id"], 0)
            due = points.reversal(abs(row["points"]), refunded=refunded, paid=paid, already=already)
            if due <= 0:
                continue
            cause = f"refund:{event_id}:{row['id']}"
            movement = Movement(how, cause, at, purchase_id=purchase.id, reverses_id=row["id"])
            if how is PointsKind.RETURN:
                await points.return_to_lots(sitting.book, movement, due, already=already)
            else:
                sitting.book.claw_back(movement, due)


GROWTH_OF = SQL("SELECT delta FROM growth_entry WHERE member_id = $1 AND purchase_id = $2 ORDER BY seq")


async def _reverse_growth(sitting: Sitting, event_id: UUID, at: datetime) -> None:
    """Take growth back by the share of the whole order now refunded. The tier stays."""
    purchase = sitting.purchase
    deltas = [row["delta"] for row in await GROWTH_OF.rows(purchase.member_id, purchase.id)]
    if deltas:
        due = points.reversal(
            Points(deltas[0]),
            refunded=purchase.refunded_minor,
            paid=purchase.goods_minor,
            already=-sum(deltas[1:]),
        )
        await _grow(sitting, -due, f"refund:{event_id}:growth", at)


async def _grow(sitting: Sitting, delta: int, cause: str, at: datetime) -> None:
    before = sitting.standing.tier
    sitting.events += await tiers.grow(
        sitting.standing,
        delta,
        cause=cause,
        terms=sitting.terms,
        purchase_id=sitting.purchase.id,
        effective_at=at,
        now=sitting.now,
    )
    sitting.growth += delta
    if sitting.standing.tier is not before:
        sitting.climbed = sitting.standing.tier.code


PARKED = SQL(
    "SELECT id, kind, event_ref, occurred_at, body FROM purchase_event WHERE member_id = $1"
    " AND purchase_id = $2 AND state = 'PARKED' AND created_at > $3 ORDER BY occurred_at, id"
)
UNPARK = SQL("UPDATE purchase_event SET state = 'APPLIED' WHERE member_id = $1 AND id = $2 RETURNING id")


async def _unpark(sitting: Sitting) -> None:
    """Apply the refunds that were waiting for this payment, in the order they happened."""
    purchase = sitting.purchase
    waiting = await PARKED.rows(purchase.member_id, purchase.id, sitting.now - PARKED_FOR)
    if not waiting:
        return
    await _flush(sitting)
    for row in waiting:
        refunds = tuple((line, Minor(amount)) for line, amount in row["body"].items())
        happening = Happening(PurchaseEventKind.REFUNDED, row["event_ref"], row["occurred_at"], refunds)
        await _refund(sitting, happening, row["id"])
        await UNPARK.row(purchase.member_id, row["id"])
        await _flush(sitting)


async def _flush(sitting: Sitting) -> None:
    """Write the book and open it anew, so that what follows in the same sitting finds it in the ledger."""
    sitting.events += await points.post(sitting.book, sitting.actor)
    sitting.book = await points.open_book(sitting.purchase.member_id, sitting.now)


_APPLY = {
    PurchaseEventKind.PAID: _pay,
    PurchaseEventKind.COMPLETED: _complete,
    PurchaseEventKind.REFUNDED: _refund,
    PurchaseEventKind.CANCELLED: _cancel,
}


def _refuse_unless(allowed: bool, purchase: Stored) -> None:  # noqa: FBT001  reads as a sentence
    """Raises: PurchaseStateConflict."""
    if not allowed:
        raise PurchaseStateConflict(purchase.state.value)


async def _conclude(sitting: Sitting, slip: Slip) -> Applied:
    """The last beat: the book, the events, the audit, the answer."""
    sitting.events += await points.post(sitting.book, sitting.actor)
    moved = tuple(event.transaction_id for event in sitting.events if event.transaction_id)
    purchase = sitting.purchase
    await tell(purchase.member_id, sitting.events, sitting.now)
    facts = {"purchase": str(purchase.id)}
    await audit.note(sitting.actor, slip.operation, member_id=purchase.member_id, facts=facts, now=sitting.now)
    applied = Applied(purchase.member_id, purchase.id, moved, sitting.growth, sitting.climbed, sitting.parked)
    await slip.keep(applied.plain(), sitting.now)
    return applied
