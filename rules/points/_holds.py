"""Holds: points set aside for a checkout, then taken in part or whole, or given back, also when time is over."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from models.lots import ripe
from models.points import HoldState, PointsHold, PointsKind
from models.sql import SQL
from models.units import Points, ReasonCode
from models.writing import change
from rules import audit, members, programme
from rules.actors import Actor, ActorKind
from rules.idempotency import Key, Slip
from rules.outbox import Event, tell
from rules.points._book import Book
from rules.points._checks import check_purchase, check_redemption, is_in_reach
from rules.points._ledger import open_book, open_books
from rules.points._living import touch
from rules.points._parts import Balances, Hold, Movement
from rules.points._paying import NO_DISCOUNT, Worth, check_payment, check_unit, worth
from rules.points._posting import Posted, record
from rules.points._purse import TO_HOLD, Purse, hold
from rules.refusals import NotFound, Refusal
from rules.transactions import transaction

HOLD_FOR = timedelta(minutes=15)
"""How long points are held where nobody says."""

HOLD_MAX = timedelta(days=7)
HOLDS_MAX = 20
"""How many holds of one member may be open at once: whoever opens their book reads them all."""


@dataclass(eq=False)
class HoldTooLong(Refusal):
    """Points are not held for so long."""

    zh = "预占时间超出上限。"
    field = ("seconds",)
    wanted: int
    limit: int


@dataclass(eq=False)
class TooManyHolds(Refusal):
    """The member has too many holds open."""

    zh = "该会员未完成的预占过多。"
    limit: int


@dataclass(eq=False)
class HoldExpired(Refusal):
    """The hold has expired: its points are available again."""

    zh = "预占已过期，积分已退回。"
    field = ("holdId",)


@dataclass(eq=False)
class HoldNotOpen(Refusal):
    """The hold has been captured or released before."""

    zh = "预占已核销或已释放。"
    field = ("holdId",)
    state: str


@dataclass(eq=False)
class CaptureExceedsHold(Refusal):
    """More would be taken than is held."""

    zh = "核销积分超出预占数量。"
    field = ("points",)
    wanted: Points
    limit: Points


@dataclass(frozen=True, slots=True)
class Checkout:
    """What points are set aside for, and how long it may take."""

    reason: ReasonCode
    lasting: timedelta = HOLD_FOR
    purchase_id: UUID | None = None
    order_ref: str | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """What a command on a hold left behind: the hold, and what was posted."""

    hold_id: UUID
    posted: Posted

    @classmethod
    def replay(cls, response: dict[str, Any]) -> "Kept":
        """The stored answer of an earlier, identical request."""
        posted = {name: value for name, value in response.items() if name != "hold_id"}
        return cls(UUID(response["hold_id"]), Posted.replay(posted))


@transaction
async def set_aside(
    member_id: UUID,
    points: Points,
    checkout: Checkout,
    *,
    key: Key,
    actor: Actor,
    now: datetime,
) -> Kept:
    """Set points of a member aside for a checkout, so that nothing else can spend them while it goes on.

    What stands against a redemption stands against a hold.

    Raises: NotFound, IdempotencyKeyReused, HoldTooLong, MemberFrozen, MemberNotActive, MemberMerged,
    AboveTierLimit, InsufficientPoints, AboveShareLimit, OffUnit, PointsLimit, TooManyHolds.
    """
    slip = Slip(member_id, actor, key, "points.hold", (points, checkout))
    held = await hold(slip, now, points, now, read=TO_HOLD)
    if held.earlier:
        return Kept.replay(held.earlier)
    if checkout.lasting > HOLD_MAX:
        raise HoldTooLong(int(checkout.lasting.total_seconds()), int(HOLD_MAX.total_seconds()))
    book = held.book
    check_redemption(points, available=Points(book.balances.available), state=held.state, tier=held.tier)
    if held.row["open_holds"] >= HOLDS_MAX:
        raise TooManyHolds(HOLDS_MAX)
    await _check_checkout(points, checkout, held, actor, now)
    bought = checkout.purchase_id
    movement = Movement(PointsKind.HOLD, slip.cause, now, purchase_id=bought, reason=checkout.reason)
    until = now + checkout.lasting
    made = book.hold(
        movement,
        points,
        expires_at=until,
        order_ref=checkout.order_ref,
        grace_until=held.terms.release_grace(until),
        discount_bps=held.tier.redeem_discount_bps or None,
    )
    touch(book, now, held.terms)
    return await _conclude(book, movement, made, slip, after=held.event_seq)


async def _check_checkout(points: Points, checkout: Checkout, held: Purse, actor: Actor, now: datetime) -> None:
    """Refuse points that may not pay for what they are set aside for.

    Raises: NotFound, AboveShareLimit, OffUnit.
    """
    bought = checkout.purchase_id
    if bought is not None:
        await check_purchase(held.id, bought, actor)
        await check_payment(held.id, bought, points, rate=worth(held.terms, held.tier), now=now)
    elif checkout.order_ref is not None:
        check_unit(points, terms=held.terms)


@transaction
async def capture(
    member_id: UUID,
    hold_id: UUID,
    points: Points | None,
    *,
    purchase_id: UUID | None = None,
    key: Key,
    actor: Actor,
    now: datetime,
) -> Kept:
    """Take points that were set aside, in part or (with None) all of them; the rest is given back.

    It is a redemption, and can be returned as any. A lot that has expired while it was held still pays.

    Raises: NotFound, IdempotencyKeyReused, HoldExpired, HoldNotOpen, CaptureExceedsHold, AboveShareLimit, OffUnit,
    MemberFrozen, MemberNotActive, MemberMerged.
    """
    held = await members.hold(member_id)
    slip = Slip(member_id, actor, key, "points.capture", (hold_id, points, purchase_id))
    if earlier := await slip.recall():
        return Kept.replay(earlier)
    await _check_open(member_id, hold_id, actor, now)
    if refused := members.inactivity(held.state):
        raise refused
    book = await open_book(member_id, now)
    found = book.holds[hold_id]
    wanted = found.amount if points is None else points
    if wanted > found.amount:
        raise CaptureExceedsHold(wanted, found.amount)
    bought = await _bought(member_id, found, purchase_id, actor)
    if bought is not None:
        # whoever has risen since, by this very order, pays the price at which the points were set aside
        payment = (await programme.terms()).policy.payment
        rate = Worth(payment, found.discount_bps or NO_DISCOUNT)
        await check_payment(member_id, bought, wanted, rate=rate, now=now, hold_id=hold_id)
    movement = Movement(PointsKind.REDEEM, f"hold:{hold_id}:capture", now, purchase_id=bought, reason=found.reason)
    book.capture(movement, found, wanted)
    if book.balances.slid:
        touch(book, now, await programme.terms())
    return await _conclude(book, movement, found, slip)


@transaction
async def release(member_id: UUID, hold_id: UUID, *, key: Key, actor: Actor, now: datetime) -> Kept:
    """Give points that were set aside back to the member; what they owe is repaid from them first.

    Raises: NotFound, IdempotencyKeyReused, HoldExpired, HoldNotOpen, MemberNotActive, MemberMerged.
    """
    held = await members.hold(member_id)
    slip = Slip(member_id, actor, key, "points.release", (hold_id,))
    if earlier := await slip.recall():
        return Kept.replay(earlier)
    await _check_open(member_id, hold_id, actor, now)
    if refused := members.inactivity(held.state, frozen_may=True):
        raise refused
    book = await open_book(member_id, now)
    found = book.holds[hold_id]
    movement = book.release(found, at=now)
    return await _conclude(book, movement, found, slip)


@dataclass(frozen=True, slots=True)
class Extended:
    """What an extension came to: until when the hold lasts now."""

    hold_id: UUID
    transaction_id: UUID
    """What set them aside."""
    expires_at: datetime
    replayed: bool = False

    @property
    def response(self) -> dict[str, str]:
        """The answer as it is stored."""
        ids = {"hold_id": str(self.hold_id), "transaction_id": str(self.transaction_id)}
        return {**ids, "expires_at": self.expires_at.isoformat()}

    @classmethod
    def replay(cls, response: dict[str, str]) -> "Extended":
        """The stored answer of an earlier, identical request."""
        return cls(
            UUID(response["hold_id"]),
            UUID(response["transaction_id"]),
            datetime.fromisoformat(response["expires_at"]),
            replayed=True,
        )


@transaction
async def extend(
    member_id: UUID, hold_id: UUID, lasting: timedelta, *, key: Key, actor: Actor, now: datetime
) -> Extended:
    """Keep points set aside until so long from now, a week after they were at the latest, and never for less.

    Raises: NotFound, IdempotencyKeyReused, HoldTooLong, HoldExpired, HoldNotOpen, MemberFrozen, MemberNotActive,
    MemberMerged.
    """
    held = await members.hold(member_id)
    slip = Slip(member_id, actor, key, "points.extend", (hold_id, lasting))
    if earlier := await slip.recall():
        return Extended.replay(earlier)
    row = await _check_open(member_id, hold_id, actor, now)
    if refused := members.inactivity(held.state):
        raise refused
    until = max(row["expires_at"], now + lasting)
    if until > row["created_at"] + HOLD_MAX:
        raise HoldTooLong(int((until - row["created_at"]).total_seconds()), int(HOLD_MAX.total_seconds()))
    if until > row["expires_at"]:
        grace = (await programme.terms()).release_grace(until) or row["grace_until"]
        found = {"member_id": member_id, "id": hold_id, "state": HoldState.HELD}
        change(PointsHold, found, {"expires_at": until, "grace_until": grace})
        facts = {"hold": str(hold_id), "expires_at": until.isoformat()}
        await tell(member_id, [Event("points.hold_extended", facts)], now)
        await audit.note(actor, slip.operation, member_id=member_id, facts=facts, now=now)
    extended = Extended(hold_id, row["transaction_id"], until)
    await slip.keep(extended.response, now)
    return extended


ONE = SQL(
    "SELECT state, transaction_id, created_at, expires_at, grace_until, actor_kind, source, store_id"
    " FROM points_hold WHERE member_id = $1 AND id = $2"
)


async def _check_open(member_id: UUID, hold_id: UUID, actor: Actor, now: datetime) -> dict[str, Any]:
    """Refuse what is not open, and what is somebody else's to decide on; the hold as it is stored.

    Raises: NotFound, HoldExpired, HoldNotOpen.
    """
    row = await ONE.row(member_id, hold_id)
    if row is None or not _may_end(actor, row):
        raise NotFound
    is_open = row["state"] == HoldState.HELD
    if row["state"] == HoldState.EXPIRED or (is_open and row["expires_at"] <= now):
        raise HoldExpired
    if not is_open:
        raise HoldNotOpen(row["state"])
    return row


def _may_end(actor: Actor, row: dict[str, Any]) -> bool:
    """Everybody who may at all ends what the member set aside; others' holds their own source, store or staff."""
    if row["actor_kind"] == ActorKind.MEMBER:
        return True
    if actor.kind is ActorKind.SERVICE:
        return actor.source is not None and bool(actor.source == row["source"])
    return actor.kind is not ActorKind.MEMBER and is_in_reach(actor, row["store_id"])


async def _bought(member_id: UUID, found: Hold, purchase_id: UUID | None, actor: Actor) -> UUID | None:
    """The purchase that points pay for, named now or when they were set aside.

    Raises: NotFound, for two that differ, and for one that points may not pay for.
    """
    bought = purchase_id or found.purchase_id
    if found.purchase_id not in (None, bought):
        raise NotFound
    if bought is not None:
        await check_purchase(member_id, bought, actor)
    return bought


async def _conclude(book: Book, movement: Movement, made: Hold, slip: Slip, after: int | None = None) -> Kept:
    """The last beat: what was decided is written, and the answer stored."""
    moved = next(line.delta for line in book.lines if line.movement is movement)
    facts = {"points": moved, "hold": str(made.id)}
    posted = await record(book, movement, slip.operation, note=None, actor=slip.actor, facts=facts, after=after)
    await slip.keep({**posted.response, "hold_id": str(made.id)}, book.now)
    return Kept(made.id, posted)


LAPSED = SQL(
    "SELECT a.member_id FROM points_account a WHERE a.member_id = ANY($1::uuid[]) AND (EXISTS"  # noqa: S608  ours
    " (SELECT 1 FROM points_hold h WHERE h.member_id = a.member_id AND h.state = 'HELD' AND h.expires_at <= $2)"
    f" OR EXISTS (SELECT 1 FROM points_lot w WHERE w.member_id = a.member_id AND {ripe('w', '$2')}))",
    fans_out="a page of members shows each one's points",
)


async def lapsed(member_ids: Sequence[UUID], now: datetime) -> dict[UUID, Balances]:
    """The figures of those members whose holds or waiting points time has ended, and nobody has written it."""
    rows = await LAPSED.rows(list(member_ids), now) if member_ids else []
    whose = [row["member_id"] for row in rows]
    books = await open_books(whose, now) if whose else []
    return {book.member_id: book.balances for book in books}
