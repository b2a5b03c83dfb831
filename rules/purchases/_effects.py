"""Effects: what each event of an order does to its member, applied to a sitting and written within it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from models.points import PointsKind
from models.purchases import (
    EventState,
    Purchase,
    PurchaseEvent,
    PurchaseEventKind,
    PurchaseLine,
    PurchaseState,
)
from models.sql import SQL
from models.units import Growth, Minor, Points, new_id
from models.writing import add, change
from rules import earning, heirs, points, tiers
from rules.earning import Reversal
from rules.outbox import Event
from rules.points import Movement, RefundExceedsOriginal
from rules.purchases import _referring
from rules.purchases._earning import LINES, earn
from rules.purchases._facts import (
    PARKED_FOR,
    Happening,
    OrderInvalid,
    PurchaseStateConflict,
    Stored,
)
from rules.purchases._sitting import Sitting

PAID_STATES = {
    PurchaseState.PAID,
    PurchaseState.COMPLETED,
    PurchaseState.PARTIALLY_REFUNDED,
    PurchaseState.REFUNDED,
}


async def happen(sitting: Sitting, happening: Happening, lapsed_id: UUID | None = None) -> None:
    """Apply one event, or park it, and write it down; one that had lapsed is taken up again."""
    parks = happening.kind is PurchaseEventKind.REFUNDED and sitting.purchase.state is PurchaseState.CREATED
    if parks:
        # what could never take effect must not stand in the way of the payment it waits for
        await _check_lines(sitting.purchase, happening, await _waiting(sitting))
    sitting.parked = parks
    state = EventState.PARKED if parks else EventState.APPLIED
    event_id = lapsed_id or new_id()
    if lapsed_id:
        taken_up = {"member_id": sitting.purchase.member_id, "id": lapsed_id}
        change(PurchaseEvent, taken_up, {"state": state, "created_at": sitting.now})
    else:
        add(PurchaseEvent, [_event_row(sitting, happening, event_id, state)])
    if not parks:
        await _APPLY[happening.kind](sitting, happening, event_id)


def _event_row(sitting: Sitting, happening: Happening, event_id: UUID, state: EventState) -> dict[str, Any]:
    return {
        "id": event_id,
        "member_id": sitting.purchase.member_id,
        "purchase_id": sitting.purchase.id,
        "kind": happening.kind,
        "event_ref": happening.event_ref,
        "state": state,
        "occurred_at": happening.occurred_at,
        "refund_minor": sum(amount for _, amount in happening.refunds),
        "body": happening.body,
        "created_at": sitting.now,
    }


def _tell(sitting: Sitting, what: str) -> None:
    """Leave word of a change of the purchase for those who act on it."""
    sitting.events.append(Event(f"purchase.{what}", {"purchase": str(sitting.purchase.id)}))


def _save(purchase: Stored) -> None:
    stands = {"state": purchase.state, "paid_at": purchase.paid_at, "refunded_minor": purchase.refunded_minor}
    change(Purchase, {"member_id": purchase.member_id, "id": purchase.id}, stands)


async def _pay(sitting: Sitting, happening: Happening, _: UUID) -> None:
    """A purchase is paid: the member earns by the tier held so far, then grows. A second report changes nothing."""
    purchase = sitting.purchase
    if purchase.state in PAID_STATES:
        return
    _refuse_unless(purchase.state is PurchaseState.CREATED, purchase)
    purchase.state, purchase.paid_at = PurchaseState.PAID, happening.occurred_at
    _save(purchase)
    _tell(sitting, "paid")
    at, eligible = happening.occurred_at, Minor(purchase.goods_minor - purchase.by_points_minor)
    # growth is by what was paid: neither rules nor caps change it; it lands when the points become available
    growth = Growth(sitting.terms.base_points(eligible))
    await earn(sitting, eligible, growth, at)
    points.touch(sitting.book, at, sitting.terms)
    if not sitting.growth_waits:
        await _grow(sitting, growth, growth_cause(purchase.id), at)
    await _referring.paid(sitting)
    await _unpark(sitting)


def growth_cause(purchase_id: UUID) -> str:
    """The cause under which a purchase's growth lands, once."""
    return f"purchase:{purchase_id}:growth"


async def _complete(sitting: Sitting, happening: Happening, event_id: UUID) -> None:
    """An order is completed; one not known to be paid was paid at the same moment.

    One that is refunded in part stays so, and what is left of its points becomes available all the same.
    """
    purchase = sitting.purchase
    _refuse_unless(purchase.state is not PurchaseState.CANCELLED, purchase)
    await _pay(sitting, happening, event_id)
    is_news = purchase.state is PurchaseState.PAID
    if is_news:
        purchase.state = PurchaseState.COMPLETED
        _save(purchase)
        _tell(sitting, "completed")
    if is_news or purchase.state is PurchaseState.PARTIALLY_REFUNDED:
        await _referring.completed(sitting, happening.occurred_at)
        at = min(happening.occurred_at, sitting.now)
        await _restore(sitting, at)
        points.complete(sitting.book, purchase.id, at, sitting.terms)
        await _land(sitting, happening.occurred_at)


async def _restore(sitting: Sitting, at: datetime) -> None:
    """What was cancelled before word came of a completion that had happened by then is not cancelled any more."""
    # points are cancelled at midnights of the programme: on one day there was none to lose between
    if sitting.terms.local_day(at) < sitting.terms.local_day(sitting.now):
        await _write_cancelled(sitting)
        await points.reinstate(sitting.book, sitting.purchase.id, at)


async def _land(sitting: Sitting, at: datetime) -> None:
    """The growth of the purchase lands with its points, if they have become available."""
    purchase = sitting.purchase
    for lot in sitting.book.activated:
        if lot.purchase_id == purchase.id and lot.growth:
            due = left(lot.growth, refunded=purchase.refunded_minor, paid=purchase.goods_minor)
            await _grow(sitting, due, growth_cause(purchase.id), at)
            sitting.book.landed.add(lot.id)


def left(growth: Growth, *, refunded: int, paid: int) -> Growth:
    """What is left of a purchase's growth after so much of what was paid is refunded."""
    return Growth(growth - points.reversal(Points(growth), refunded=refunded, paid=paid, already=0))


async def _cancel(sitting: Sitting, happening: Happening, event_id: UUID) -> None:
    """An unpaid order is given up: points already spent on it come back."""
    purchase = sitting.purchase
    if purchase.state is PurchaseState.CANCELLED:
        return
    _refuse_unless(purchase.state is PurchaseState.CREATED, purchase)
    purchase.state = PurchaseState.CANCELLED
    _save(purchase)
    _tell(sitting, "cancelled")
    sitting.book = await points.open_book(purchase.member_id, sitting.now)
    _release(sitting)
    await _reverse_points(sitting, event_id, happening.occurred_at, refunded=1, paid=1)


async def _refund(sitting: Sitting, happening: Happening, event_id: UUID) -> None:
    """Lines are refunded: what they moved is moved back, by the share of the whole order now refunded."""
    purchase = sitting.purchase
    _refuse_unless(purchase.state in PAID_STATES, purchase)
    lines = await _check_lines(purchase, happening)
    for line_ref, amount in happening.refunds:
        line = lines[line_ref]
        found = {"member_id": purchase.member_id, "id": line["id"], "refunded_minor": line["refunded_minor"]}
        change(PurchaseLine, found, {"refunded_minor": line["refunded_minor"] + amount})
    total = sum(amount for _, amount in happening.refunds)
    purchase.refunded_minor = Minor(purchase.refunded_minor + total)
    whole = purchase.refunded_minor == purchase.goods_minor
    purchase.state = PurchaseState.REFUNDED if whole else PurchaseState.PARTIALLY_REFUNDED
    _save(purchase)
    _tell(sitting, "refunded")
    _release(sitting)
    await _write_cancelled(sitting)
    share = {"refunded": purchase.refunded_minor, "paid": purchase.goods_minor}
    await _reverse_points(sitting, event_id, happening.occurred_at, **share)
    await _reverse_growth(sitting, event_id, happening.occurred_at)
    await _referring.refunded(sitting, total, happening.occurred_at)


def _release(sitting: Sitting) -> None:
    """What is held for a purchase that is given up or refunded is not waited for any longer."""
    for hold in list(sitting.book.holds.values()):
        if hold.purchase_id == sitting.purchase.id:
            sitting.book.release(hold, at=sitting.now)


async def _check_lines(
    purchase: Stored, happening: Happening, waiting: Sequence[dict[str, Any]] = ()
) -> dict[str, dict[str, Any]]:
    """Refuse to refund a line beyond what was paid for it, less what waits to be refunded; the lines by reference.

    Raises: OrderInvalid, RefundExceedsOriginal.
    """
    rows = await LINES.rows(purchase.member_id, purchase.id)
    left = {row["line_ref"]: row["paid_minor"] - row["refunded_minor"] for row in rows}
    for row in waiting:
        for line_ref, amount in row["body"].items():
            left[line_ref] -= amount
    for line_ref, amount in happening.refunds:
        if line_ref not in left:
            raise OrderInvalid("The refund names a line the order does not have.")
        if amount > left[line_ref]:
            raise RefundExceedsOriginal(amount, left[line_ref])
    return {row["line_ref"]: row for row in rows}


OF_PURCHASE = SQL(
    "SELECT t.id, t.kind, t.points, t.lost, t.written_off, t.reverses_id, EXISTS (SELECT 1 FROM earn_award a"
    " WHERE a.member_id = t.member_id AND a.transaction_id = t.id) AS is_awarded"
    " FROM points_transaction t WHERE t.member_id = $1 AND t.purchase_id = $2 ORDER BY t.id"
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
            # what was taken back comes with the other sign than its original, and what was restored with the same
            gone = -row["points"] if row["kind"] != PointsKind.RETURN else row["points"]
            gone += (row["lost"] or 0) + (row["written_off"] or 0)
            reversed_by[row["reverses_id"]] = reversed_by.get(row["reverses_id"], 0) + gone
    taken: list[Reversal] = []
    originals = [(how, row) for kind, how in REVERSIBLE.items() for row in rows if row["kind"] == kind]
    for how, row in originals:
        already = reversed_by.get(row["id"], 0)
        due = points.reversal(abs(row["points"]), refunded=refunded, paid=paid, already=already)
        if due <= 0:
            continue
        movement = Movement(
            how, f"refund:{event_id}:{row['id']}", at, purchase_id=purchase.id, reverses_id=row["id"]
        )
        if how is PointsKind.RETURN:
            await points.return_to_lots(sitting.book, movement, due, already=already)
        else:
            await _claw_back(sitting, movement, due, rows)
            is_counted = row["is_awarded"] and movement.points
            taken += [Reversal(row["id"], movement.id, Points(-movement.points), at)] if is_counted else []
    if taken:
        await earning.give_back(purchase.member_id, taken, sitting.terms)


async def _claw_back(sitting: Sitting, movement: Movement, due: Points, rows: Sequence[dict[str, Any]]) -> None:
    """Take back what the purchase earned; what has expired of it or was forfeited is taken from nothing else."""
    purchase_id, book, heir = sitting.purchase.id, sitting.book, sitting.heir
    gone = 0
    if due > sum(lot.remaining for lot in book.lots if lot.purchase_id == purchase_id):
        gone = await points.written_off(
            purchase_id,
            [book, heir.book] if heir else [book],
            earned_by=[row["id"] for row in rows],
            heirs=await heirs.line_of(book.member_id) if heir else (),
        )
        gone -= sum(row["written_off"] or 0 for row in rows)
        gone -= sum(each.written_off for each in book.movements if each.purchase_id == purchase_id)
    book.claw_back(movement, due, sitting.terms.policy.claw_back, written_off=gone)


GROWTH_OF = SQL("SELECT delta FROM growth_entry WHERE member_id = $1 AND purchase_id = $2 ORDER BY seq")


WAITED = SQL("SELECT growth FROM points_lot WHERE member_id = $1 AND purchase_id = $2 AND growth IS NOT NULL")


async def _reverse_growth(sitting: Sitting, event_id: UUID, at: datetime) -> None:
    """Take growth back by the share of the whole order now refunded.

    What has not landed is not taken back: it lands as what is left.
    """
    purchase = sitting.purchase
    deltas = [row["delta"] for row in await GROWTH_OF.rows(purchase.member_id, purchase.id)]
    due = 0
    if deltas:
        original = await WAITED.value(purchase.member_id, purchase.id) or deltas[0]
        due = sum(deltas) - left(original, refunded=purchase.refunded_minor, paid=purchase.goods_minor)
    # a purchase that moves no growth may still have counted as spending, or as an order
    await _grow(sitting, -due, f"refund:{event_id}:growth", at)


async def _grow(sitting: Sitting, delta: int, cause: str, at: datetime) -> None:
    before, heir = sitting.tier, sitting.heir
    events = heir.events if heir else sitting.events
    events += await tiers.grow(
        sitting.standing,
        delta,
        cause=cause,
        terms=sitting.terms,
        purchase_id=sitting.purchase.id,
        effective_at=at,
        now=sitting.now,
        heir=heir.standing if heir else None,
    )
    sitting.growth += delta
    if sitting.tier is not before:
        sitting.climbed = sitting.tier.code


PARKED = SQL(
    "SELECT id, kind, event_ref, occurred_at, body FROM purchase_event WHERE member_id = $1"
    " AND purchase_id = $2 AND state = 'PARKED' AND created_at > $3 ORDER BY occurred_at, id"
)


async def _unpark(sitting: Sitting) -> None:
    """Apply the refunds that were waiting for this payment, in the order they happened."""
    purchase = sitting.purchase
    waiting = [] if sitting.is_new else await _waiting(sitting)
    if not waiting:
        return
    await _flush(sitting)
    for row in waiting:
        refunds = tuple((line, Minor(amount)) for line, amount in row["body"].items())
        happening = Happening(PurchaseEventKind.REFUNDED, row["event_ref"], row["occurred_at"], refunds)
        await _refund(sitting, happening, row["id"])
        change(PurchaseEvent, {"member_id": purchase.member_id, "id": row["id"]}, {"state": EventState.APPLIED})
        await _flush(sitting)


async def _waiting(sitting: Sitting) -> list[dict[str, Any]]:
    """The parked refunds of a purchase that have not lapsed, in the order they happened."""
    purchase = sitting.purchase
    return await PARKED.rows(purchase.member_id, purchase.id, sitting.now - PARKED_FOR)


async def _write_cancelled(sitting: Sitting) -> None:
    """What time alone has cancelled stands in the ledger before anybody asks it what became of a purchase."""
    if any(each.kind is PointsKind.CANCEL_PENDING for each in sitting.book.movements):
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
