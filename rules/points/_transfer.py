"""Transfers: points one member gives another. Both sides are one transaction, and nothing about the points changes.

What is given leaves the lots that expire soonest, and comes as lots that expire at the same moments and were earned
when they were: passing points around makes none live longer.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from models.members import MemberState
from models.points import Counter, PointsKind
from models.sql import SQL
from models.units import Note, Points, ReasonCode, new_id
from rules import audit, codes, heirs, members, programme
from rules.actors import Actor, ActorKind
from rules.idempotency import Key, Slip
from rules.members import Held
from rules.outbox import tell
from rules.points._book import Book, InsufficientPoints
from rules.points._by_hand import Adjustment, check_alone, lately
from rules.points._ledger import open_book, open_books, post
from rules.points._parts import Lot, Movement
from rules.points._posting import Posted, record
from rules.policy import Transfer
from rules.programme import Terms
from rules.refusals import NotFound, Refusal
from rules.transactions import transaction


@dataclass(eq=False)
class TransferDisabled(Refusal):
    """Members may not give points to each other here."""

    zh = "本计划未开放积分转赠。"


@dataclass(eq=False)
class TransferSelf(Refusal):
    """Points cannot be given to oneself."""

    zh = "不能将积分转赠给自己。"


@dataclass(eq=False)
class TransferLimit(Refusal):
    """This is beyond what a member may give to others."""

    zh = "超出积分转赠限制。"
    field = ("points",)
    rule: str
    """MEMBER_DAYS: how long they must have been a member. DAY_COUNT, DAY_POINTS: how often and how much a day."""
    wanted: int
    limit: int


@dataclass(eq=False)
class ReceiverNotActive(Refusal):
    """The membership that would receive the points is not active."""

    zh = "接收积分的会员未处于激活状态。"
    state: str


@dataclass(frozen=True, slots=True)
class Receiver:
    """Who is to receive points: by id, or by the member code they show."""

    id: UUID | None = None
    code: str | None = None

    async def found(self, actor: Actor, now: datetime) -> UUID | None:
        """The member; None for nobody, and for a code that this caller may not use."""
        if self.code is not None:
            return await codes.meant(self.code, actor.principal, now)
        return self.id if actor.kind is not ActorKind.MEMBER else None


@dataclass(frozen=True, slots=True)
class Given:
    """What a transfer left behind with the one who gave: it went to whom, and what was posted."""

    to_id: UUID
    posted: Posted

    @classmethod
    def replay(cls, response: dict[str, Any]) -> "Given":
        """The stored answer of an earlier, identical request."""
        posted = {name: value for name, value in response.items() if name != "to"}
        return cls(UUID(response["to"]), Posted.replay(posted))


@dataclass(frozen=True, slots=True)
class Prospect:
    """What a transfer would come to: what stands against it, what there is, and what may be given today."""

    objections: list[Refusal]
    available: Points
    to_id: UUID | None
    left_count: int
    left_points: Points


@dataclass(frozen=True, slots=True)
class Today:
    """What a member has given away today, by themselves."""

    times: int
    points: Points


TODAY = SQL(
    "SELECT COUNT(*) AS times, COALESCE(SUM(-points), 0)::bigint AS points FROM points_transaction"
    " WHERE member_id = $1 AND kind = 'TRANSFER_OUT' AND actor_kind = 'MEMBER' AND effective_at >= $2"
)


async def _today(member_id: UUID, terms: Terms, now: datetime) -> Today:
    begins = terms.midnight_after(terms.local_day(now) - timedelta(days=1))
    row = await TODAY.row(member_id, begins) or {}
    return Today(row["times"], Points(row["points"]))


@dataclass(frozen=True, slots=True)
class Wish:
    """What a member wants to give to whom, and what it is decided on."""

    points: Points
    sender: Held
    receiver: Held | None
    today: Today
    available: Points

    def objections(self, terms: Terms, now: datetime) -> list[Refusal]:
        """Everything that stands against it, the first to be told first.

        What state the other membership is in is not told: to a member, one that cannot receive is not there.
        """
        found: list[Refusal] = [] if terms.policy.transfer.enabled else [TransferDisabled()]
        if self.receiver is None:
            found.append(NotFound())
        elif self.receiver.id == self.sender.id:
            found.append(TransferSelf())
        elif self.receiver.state is not MemberState.ACTIVE:
            found.append(NotFound())
        if refused := members.inactivity(self.sender.state):
            found.append(refused)
        found += self._beyond(terms.policy.transfer, now)
        if self.points > self.available:
            found.append(InsufficientPoints(self.points, self.available))
        return found

    def _beyond(self, policy: Transfer, now: datetime) -> list[Refusal]:
        joined, today = self.sender.joined_at or now, self.today
        figures = (
            ("DAY_COUNT", today.times + 1, policy.per_day_count),
            ("DAY_POINTS", today.points + self.points, policy.per_day_points),
        )
        found = [TransferLimit(rule, wanted, limit) for rule, wanted, limit in figures if wanted > limit]
        if now < joined + timedelta(days=policy.min_member_days):
            days = (now - joined) // timedelta(days=1)
            found.insert(0, TransferLimit("MEMBER_DAYS", days, policy.min_member_days))
        return [*found]


STATE_OF = SQL("SELECT id, state, joined_at FROM member WHERE id = $1")


async def preview_transfer(
    member_id: UUID, to: Receiver, points: Points, *, actor: Actor, now: datetime
) -> Prospect:
    """Run the checks of a member's transfer without doing it, and tell everything that stands against it.

    Raises: NotFound.
    """
    terms = await programme.terms()
    sender, receiver = await _seen(member_id), await _seen(await to.found(actor, now))
    if sender is None:
        raise NotFound
    [book] = await open_books([member_id], now)
    available, today = Points(book.balances.available), await _today(member_id, terms, now)
    found = Wish(points, sender, receiver, today, available).objections(terms, now)
    policy = terms.policy.transfer
    shown = receiver is not None and receiver.state is MemberState.ACTIVE
    return Prospect(
        found,
        available,
        receiver.id if receiver and shown else None,
        max(0, policy.per_day_count - today.times),
        Points(max(0, policy.per_day_points - today.points)),
    )


async def _seen(member_id: UUID | None) -> Held | None:
    row = None if member_id is None else await STATE_OF.row(member_id)
    return None if row is None else Held(row["id"], MemberState(row["state"]), row["joined_at"])


@transaction
async def transfer(
    member_id: UUID,
    to: Receiver,
    points: Points,
    *,
    reason: ReasonCode,
    note: Note | None = None,
    key: Key,
    actor: Actor,
    now: datetime,
) -> Given:
    """Give points of one member to another, who has them with the same expiry; what they owe is repaid first.

    Members give within the policy, and name the other by a member code, which is then read. Staff name anybody, and
    are bound as in adjusting by hand; so they also take a transfer back, by another one.

    Raises: NotFound, IdempotencyKeyReused, TransferDisabled, TransferSelf, TransferLimit, ReceiverNotActive,
    MemberFrozen, MemberNotActive, MemberMerged, ProofRequired, ApprovalRequired, InsufficientPoints, PointsLimit.
    """
    sender, receiver = await heirs.hold_with(member_id, await to.found(actor, now))
    named = to.id or codes.marked(to.code or "")
    slip = Slip(member_id, actor, key, "points.transfer", (named, points, reason, note))
    if earlier := await slip.recall():
        return Given.replay(earlier)
    terms = await programme.terms()
    book = await open_book(member_id, now)
    if actor.kind is ActorKind.MEMBER:
        available, today = Points(book.balances.available), await _today(member_id, terms, now)
        for refusal in Wish(points, sender, receiver, today, available).objections(terms, now):
            raise refusal
    else:
        await _check_by_hand(points, sender, receiver, terms=terms, reason=reason, actor=actor, now=now)
    if receiver is None or (to.code and not await codes.take(to.code, actor.principal, now)):
        raise NotFound
    return await _pass(book, await open_book(receiver.id, now), points, slip=slip, reason=reason, note=note)


async def _check_by_hand(
    wanted: Points,
    sender: Held,
    receiver: Held | None,
    *,
    terms: Terms,
    reason: ReasonCode,
    actor: Actor,
    now: datetime,
) -> None:
    """What stands against staff's moving points from one member to another.

    Raises: NotFound, TransferSelf, ReceiverNotActive, MemberNotActive, MemberMerged, ProofRequired,
    ApprovalRequired.
    """
    if receiver is None:
        raise NotFound
    if receiver.id == sender.id:
        raise TransferSelf
    if refused := members.inactivity(sender.state, frozen_may=True):
        raise refused
    if receiver.state is not MemberState.ACTIVE:
        raise ReceiverNotActive(receiver.state.value)
    alone = Adjustment(-wanted, reason)
    check_alone(alone, earlier=await lately(sender.id, actor, now), terms=terms, actor=actor, now=now)


ORIGINS = SQL(
    "SELECT l.id, COALESCE(l.origin_at, CASE WHEN t.created_at < t.effective_at THEN t.created_at"
    " ELSE t.effective_at END) AS origin_at FROM points_lot l"
    " JOIN points_transaction t ON t.member_id = l.member_id AND t.id = l.transaction_id"
    " WHERE l.member_id = $1 AND l.id = ANY($2::uuid[])"
)


async def _pass(
    giver: Book, taker: Book, points: Points, *, slip: Slip, reason: ReasonCode, note: Note | None
) -> Given:
    """The last beat: points go from one book into the other, both are written, both members are told."""
    group, now, actor = new_id(), giver.now, slip.actor
    out = Movement(
        PointsKind.TRANSFER_OUT, slip.cause, now, reason=reason, group_id=group, counterpart_id=taker.member_id
    )
    into = Movement(
        PointsKind.TRANSFER_IN,
        f"transfer:{group}",
        now,
        reason=reason,
        group_id=group,
        counterpart_id=giver.member_id,
    )
    parts = give(giver, out, points)
    rows = await ORIGINS.rows(giver.member_id, [lot.id for lot, _ in parts])
    earned = {row["id"]: row["origin_at"] for row in rows}
    take(taker, into, [(replace(lot, origin_at=earned.get(lot.id, now)), share) for lot, share in parts])
    facts = {"to": str(taker.member_id), "group": str(group)}
    posted = await record(giver, out, slip.operation, note=note, actor=actor, facts=facts)
    await tell(taker.member_id, await post(taker, actor), now)
    told = {"points": into.points, "from": str(giver.member_id), "group": str(group)}
    await audit.note(actor, slip.operation, member_id=taker.member_id, reason=reason, facts=told, now=now)
    await slip.keep({**posted.response, "to": str(taker.member_id)}, now)
    return Given(taker.member_id, posted)


def give(book: Book, movement: Movement, points: Points) -> list[tuple[Lot, int]]:
    """Take points out of a book that another is to have, out of the lots that expire soonest; which, and how many.

    Raises: InsufficientPoints, PointsLimit.
    """
    shares = book.payable(points)
    book.part_with(movement, shares, Counter.TRANSFER)
    return shares


def take(book: Book, movement: Movement, parts: list[tuple[Lot, int]]) -> None:
    """Put parts of another's lots into a book, as lots of its own that live as long; debt is repaid from them.

    Raises: PointsLimit.
    """
    # no longer earned by a purchase of this member: a claw-back takes it as it takes any other lot. Nor does it
    # slide any more: nobody's activity has it live longer than it did
    mine = [
        replace(
            lot,
            id=new_id(),
            transaction_id=movement.id,
            purchase_id=None,
            waits_for=None,
            growth=None,
            lifetime=None,
            slides=None,
            granted=Points(share),
            remaining=Points(0),
            held=Points(0),
        )
        for lot, share in parts
    ]
    book.receive(movement, [(lot, share) for lot, (_, share) in zip(mine, parts, strict=True)], Counter.TRANSFER)
