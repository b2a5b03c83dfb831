"""Points: what may be earned, redeemed, held, returned and adjusted, and the ledger that records it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from models.members import MemberState
from models.points import PointsKind
from models.sql import SQL
from models.units import Note, Points, ReasonCode
from rules import heirs, members, programme, standings
from rules.actors import Actor
from rules.idempotency import Key, Slip
from rules.points._book import Book, InsufficientPoints, reversal
from rules.points._by_hand import (
    Adjustment,
    ApprovalRequired,
    BalanceChanged,
    check_alone,
    lately,
    put_right,
    tried,
)
from rules.points._checks import AboveTierLimit, check_purchase, check_redemption, is_in_reach, objections
from rules.points._forfeiting import forfeit, gone_of, let_go, lots_of, written_off
from rules.points._handing import Handed, hand_back, hand_on, hand_over, trace
from rules.points._holds import (
    HOLD_FOR,
    CaptureExceedsHold,
    Checkout,
    Extended,
    HoldExpired,
    HoldNotOpen,
    HoldTooLong,
    Kept,
    TooManyHolds,
    capture,
    extend,
    lapsed,
    release,
    set_aside,
)
from rules.points._ledger import LAND, landing, open_account, open_book, open_books, post, return_to_lots
from rules.points._living import PointsNotPending, cancel_pending, complete, reinstate, thaw, touch
from rules.points._parts import Balances, Hold, Lot, Movement
from rules.points._paying import AboveShareLimit, Cart, Offer, OffUnit, Worth, check_payment, offer, worth
from rules.points._posting import Posted, Written, conclude, record
from rules.points._purse import TO_SPEND, Purse, hold, purse
from rules.points._sweeping import activate_due, catch_up, expire_due, release_overdue
from rules.points._tally import PointsLimit
from rules.points._transfer import (
    Given,
    Prospect,
    Receiver,
    ReceiverNotActive,
    TransferDisabled,
    TransferLimit,
    TransferSelf,
    preview_transfer,
    transfer,
)
from rules.points._warning import warn_all
from rules.refusals import NotFound, Refusal
from rules.transactions import transaction

__all__ = [
    "HOLD_FOR",
    "LAND",
    "AboveShareLimit",
    "AboveTierLimit",
    "Adjustment",
    "ApprovalRequired",
    "BalanceChanged",
    "Balances",
    "Book",
    "CaptureExceedsHold",
    "Cart",
    "Chance",
    "Checkout",
    "Extended",
    "Given",
    "Handed",
    "Hold",
    "HoldExpired",
    "HoldNotOpen",
    "HoldTooLong",
    "InsufficientPoints",
    "Kept",
    "Lot",
    "Movement",
    "OffUnit",
    "Offer",
    "PointsLimit",
    "PointsNotPending",
    "Posted",
    "Prospect",
    "Purse",
    "Receiver",
    "ReceiverNotActive",
    "RefundExceedsOriginal",
    "TooManyHolds",
    "TransferDisabled",
    "TransferLimit",
    "TransferSelf",
    "Worth",
    "Written",
    "activate_due",
    "adjust",
    "cancel_pending",
    "capture",
    "catch_up",
    "check_alone",
    "check_redemption",
    "complete",
    "expire_due",
    "extend",
    "forfeit",
    "give_back",
    "gone_of",
    "hand_back",
    "hand_on",
    "hand_over",
    "hold",
    "landing",
    "lapsed",
    "let_go",
    "lots_of",
    "objections",
    "offer",
    "open_account",
    "open_book",
    "open_books",
    "post",
    "preview",
    "preview_transfer",
    "purse",
    "put_right",
    "redeem",
    "reinstate",
    "release",
    "release_overdue",
    "return_to_lots",
    "reversal",
    "set_aside",
    "thaw",
    "touch",
    "trace",
    "transfer",
    "tried",
    "warn_all",
    "written_off",
]


@dataclass(eq=False)
class RefundExceedsOriginal(Refusal):
    """More would be given back than there was."""

    zh = "退还数量超过原始数量。"
    wanted: int
    left: int


@dataclass(frozen=True, slots=True)
class Chance:
    """What a redemption would come to: what stands against it, what there is, and how much is allowed at once."""

    objections: list[Refusal]
    available: Points
    limit: Points | None


STATE_OF = SQL("SELECT state FROM member WHERE id = $1")


async def preview(member_id: UUID, points: Points, *, now: datetime) -> Chance:
    """Run the checks of a redemption without doing it, and tell everything that stands against it.

    Raises: NotFound.
    """
    state = await STATE_OF.value(member_id)
    if state is None:
        raise NotFound
    terms = await programme.terms()
    tier = (await standings.reckoned(member_id, terms, now)).tier
    [book] = await open_books([member_id], now)
    available = Points(book.balances.available)
    found = objections(points, available=available, state=MemberState(state), tier=tier)
    return Chance(found, available, tier.redeem_limit_points)


@transaction
async def redeem(
    member_id: UUID,
    points: Points,
    *,
    reason: ReasonCode,
    note: Note | None = None,
    purchase_id: UUID | None = None,
    key: Key,
    actor: Actor,
    now: datetime,
) -> Posted:
    """Take points from a member for a reward, or as part of the price of a purchase.

    The same key is always answered by the same transaction. Points paid towards a purchase come back when it is
    refunded.

    Raises: NotFound, IdempotencyKeyReused, MemberFrozen, MemberNotActive, MemberMerged, AboveTierLimit,
    InsufficientPoints, AboveShareLimit, OffUnit, PointsLimit.
    """
    slip = Slip(member_id, actor, key, "points.redeem", (points, reason, note, purchase_id))
    held = await hold(slip, now, points, now, read=TO_SPEND)
    if held.earlier:
        return Posted.replay(held.earlier)
    book = held.book
    check_redemption(points, available=Points(book.balances.available), state=held.state, tier=held.tier)
    if purchase_id is not None:
        await check_purchase(member_id, purchase_id, actor)
        await check_payment(member_id, purchase_id, points, rate=worth(held.terms, held.tier), now=now)
    movement = Movement(PointsKind.REDEEM, slip.cause, now, purchase_id=purchase_id, reason=reason)
    book.spend(movement, points)
    touch(book, now, held.terms)
    return await conclude(book, movement, slip, note=note, after=held.event_seq)


@transaction
async def adjust(
    member_id: UUID,
    delta: int,
    *,
    reason: ReasonCode,
    note: Note | None = None,
    expected_available: Points | None = None,
    key: Key,
    actor: Actor,
    now: datetime,
) -> Posted:
    """Put points in or take points out by hand, for a reason. There is no way to set a balance.

    What was done before is answered again, also without a proof and after the bounds have changed.

    Raises: NotFound, IdempotencyKeyReused, ApprovalRequired, ProofRequired, MemberNotActive, MemberMerged,
    BalanceChanged, InsufficientPoints, PointsLimit.
    """
    held = await members.hold(member_id)
    slip = Slip(member_id, actor, key, "points.adjust", (delta, reason, note, expected_available))
    if earlier := await slip.recall():
        return Posted.replay(earlier)
    wanted = Adjustment(delta, reason, note)
    earlier_ones = await lately(member_id, actor, now)
    check_alone(wanted, earlier=earlier_ones, terms=await programme.terms(), actor=actor, now=now)
    posted = await put_right(
        held, wanted, cause=slip.cause, expected_available=expected_available, actor=actor, now=now
    )
    await slip.keep(posted.response, now)
    return posted


ORIGINAL = SQL(
    "SELECT id, kind, points, purchase_id, store_id FROM points_transaction WHERE member_id = $1 AND id = $2"
)
REVERSED = SQL(
    "SELECT COALESCE(SUM(points), 0)::bigint AS points FROM points_transaction"
    " WHERE member_id = $1 AND reverses_id = $2"
)


@transaction
async def give_back(
    member_id: UUID,
    transaction_id: UUID,
    points: Points | None,
    *,
    reason: ReasonCode,
    note: Note | None = None,
    key: Key,
    actor: Actor,
    now: datetime,
) -> Posted:
    """Return the points of a redemption, in part or (with None) all that is left of it, to the lots that paid.

    Those of a merged member go on to who they are now.

    Raises: NotFound, IdempotencyKeyReused, MemberNotActive, RefundExceedsOriginal, PointsLimit.
    """
    held, heir = await heirs.hold(member_id)
    slip = Slip(member_id, actor, key, "points.return", (transaction_id, points, reason, note))
    if earlier := await slip.recall():
        return Posted.replay(earlier)
    if refused := members.inactivity(heir.state, frozen_may=True):
        raise refused
    purchase_id, already, wanted = await _left(member_id, transaction_id, points, actor)
    book = await open_book(member_id, now)
    movement = Movement(
        PointsKind.RETURN,
        slip.cause,
        now,
        purchase_id=purchase_id,
        reverses_id=transaction_id,
        reason=reason,
    )
    await return_to_lots(book, movement, wanted, already=already)
    if heir is held:
        return await conclude(book, movement, slip, note=note)
    posted = await record(book, movement, slip.operation, note=note, actor=actor)
    posted = posted.of_heir(await hand_on(member_id, heir.id, now))
    await slip.keep(posted.response, now)
    return posted


async def _left(
    member_id: UUID, transaction_id: UUID, points: Points | None, actor: Actor
) -> tuple[UUID | None, int, Points]:
    """What a redemption paid for, how much of it has come back, and how much of the rest is meant; with None, all.

    Raises: NotFound, RefundExceedsOriginal.
    """
    original = await ORIGINAL.row(member_id, transaction_id)
    if original is None or original["kind"] != PointsKind.REDEEM or not is_in_reach(actor, original["store_id"]):
        raise NotFound
    already = await REVERSED.value(member_id, transaction_id)
    left = -original["points"] - already
    wanted = Points(left) if points is None else points
    if not 0 < wanted <= left:
        raise RefundExceedsOriginal(wanted, left)
    return original["purchase_id"], already, wanted
