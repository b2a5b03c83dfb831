"""Adjustments: points put in or taken out by hand, by one person or, when they are many, by two."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from models.members import MemberState
from models.points import PointsKind
from models.sql import SQL
from models.units import Note, Points, ReasonCode
from rules import members, programme
from rules.actors import Actor
from rules.members import Held
from rules.points._book import Book
from rules.points._ledger import open_book, open_books
from rules.points._parts import Movement
from rules.points._posting import Posted, record
from rules.programme import Terms
from rules.proofs import check_proof
from rules.refusals import Refusal


@dataclass(eq=False)
class BalanceChanged(Refusal):
    """The balance is not what the request expected."""

    zh = "积分余额已变动。"
    field = ("expectedAvailable",)
    available: Points


@dataclass(eq=False)
class ApprovalRequired(Refusal):
    """So many points are adjusted by two people: one asks, another approves."""

    zh = "该调整数额须经他人审批。"
    field = ("delta",)
    wanted: Points
    limit: Points


@dataclass(frozen=True, slots=True)
class Adjustment:
    """What is to be put in, or with a minus taken out, and why."""

    delta: int
    reason: ReasonCode
    note: Note | None = None

    @property
    def size(self) -> Points:
        """How many points it moves, whichever way."""
        return Points(abs(self.delta))


WITHIN = timedelta(hours=24)
NONE = Points(0)
LATELY = SQL(
    "SELECT COALESCE(SUM(ABS(points)), 0)::bigint AS points FROM points_transaction"
    " WHERE member_id = $1 AND actor_id = $2 AND created_at > $3"
    " AND kind IN ('ADJUST_IN', 'ADJUST_OUT', 'TRANSFER_OUT') AND cause NOT LIKE 'approval:%'"
)


async def lately(member_id: UUID, actor: Actor, now: datetime) -> Points:
    """How many points of a member somebody has adjusted, or given to others, alone in the last 24 hours."""
    return Points(await LATELY.value(member_id, actor.id, now - WITHIN))


def check_alone(wanted: Adjustment, *, earlier: Points = NONE, terms: Terms, actor: Actor, now: datetime) -> None:
    """Refuse what one person may not adjust alone, or not without a fresh proof.

    What they adjusted of that member earlier in the last 24 hours counts too: many small ones are a large one.

    Raises: ApprovalRequired, ProofRequired.
    """
    approval, proof = terms.adjust_approval_above, terms.adjust_proof_above
    together = Points(wanted.size + earlier)
    if approval is not None and together > approval:
        raise ApprovalRequired(together, approval)
    if proof is not None and together > proof:
        check_proof(actor, now)


def decide(book: Book, wanted: Adjustment, *, state: MemberState, terms: Terms, cause: str) -> Movement:
    """Decide an adjustment in a member's book, if nothing stands against it.

    Raises: MemberNotActive, MemberMerged, InsufficientPoints, PointsLimit.
    """
    if refused := members.inactivity(state, frozen_may=True):
        raise refused
    kind = PointsKind.ADJUST_IN if wanted.delta > 0 else PointsKind.ADJUST_OUT
    movement = Movement(kind, cause, book.now, reason=wanted.reason)
    if wanted.delta > 0:
        book.earn(movement, wanted.size, life=terms.life(book.now))
    else:
        book.spend(movement, wanted.size)
    return movement


async def put_right(
    held: Held,
    wanted: Adjustment,
    *,
    cause: str,
    expected_available: Points | None = None,
    facts: dict[str, Any] | None = None,
    actor: Actor,
    now: datetime,
) -> Posted:
    """Adjust a held member's points, and write it down with these facts too.

    Raises: MemberNotActive, MemberMerged, BalanceChanged, InsufficientPoints, PointsLimit, IdempotencyKeyReused.
    """
    terms = await programme.terms()
    book = await open_book(held.id, now)
    if expected_available is not None and expected_available != book.balances.available:
        raise BalanceChanged(Points(book.balances.available))
    movement = decide(book, wanted, state=held.state, terms=terms, cause=cause)
    return await record(book, movement, "points.adjust", note=wanted.note, actor=actor, facts=facts)


STATES_OF = SQL(
    "SELECT id, state FROM member WHERE id = ANY($1::uuid[])",
    fans_out="a queue of adjustments shows what each would come to",
)


async def tried(wanted: Sequence[tuple[UUID, Adjustment]], *, now: datetime) -> list[Refusal | None]:
    """What stands against each of these adjustments of a member's points now, each tried alone and none done."""
    ids = list({member_id for member_id, _ in wanted})
    terms = await programme.terms()
    states = {row["id"]: MemberState(row["state"]) for row in await STATES_OF.rows(ids)}
    books = await open_books([member_id for member_id, _ in wanted], now)
    found: list[Refusal | None] = []
    for book, (member_id, each) in zip(books, wanted, strict=True):
        try:
            decide(book, each, state=states[member_id], terms=terms, cause="")
        except Refusal as refusal:
            found.append(refusal)
        else:
            found.append(None)
    return found
