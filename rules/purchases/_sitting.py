"""A sitting: a held member's purchase while its facts are applied."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from models.members import MemberState
from models.purchases import PurchaseState
from rules import points, standings, tiers
from rules.actors import Actor
from rules.earning import Award, Means
from rules.outbox import Event
from rules.points import Book, Purse
from rules.programme import Terms
from rules.purchases._facts import OrderLine, Stored
from rules.purchases._heirs import Heir
from rules.referrals import Course
from rules.schemes import Rung
from rules.standings import Standing


@dataclass(frozen=True, slots=True)
class Brought:
    """What a statement that reads a member knows of who brought them."""

    is_so: bool = False
    """Whether somebody did."""
    is_several: bool = False
    """Whether they are or were others besides, whom somebody may have brought."""

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Brought":
        """What a row with the columns of referrals tells."""
        return cls(row["referral_state"] is not None, bool(row["was_merged"]))


@dataclass(slots=True)
class Sitting:
    """A held member's purchase while its facts are applied, and what has come of them so far."""

    purchase: Stored
    terms: Terms
    standing: Standing
    book: Book
    state: MemberState
    actor: Actor
    now: datetime
    means: Means | None = None
    """What the earn rules reckon with; None where there are none."""
    lines: Sequence[OrderLine] | None = None
    """What was bought, where that is known without asking."""
    awards: list[Award] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    growth: int = 0
    growth_waits: bool = False
    """Whether the growth of the purchase lands with points that wait."""
    climbed: str | None = None
    parked: bool = False
    is_new: bool = False
    """Whether the purchase came with this request, so that nothing can have happened to it."""
    event_seq: int | None = None
    """The number of the member's newest event, where it was read."""
    heir: Heir | None = None
    """Who the member is now, if they were merged."""
    brought: Brought = Brought()
    course: Course | None = None
    """What has come of their referral, once it was looked at."""

    @property
    def tier(self) -> Rung:
        """The tier held by whoever the purchase is for in the end."""
        return (self.heir or self).standing.tier


async def sit(
    purchase: Stored,
    state: MemberState,
    terms: Terms,
    actor: Actor,
    now: datetime,
    *,
    means: Means | None,
    brought: Brought,
) -> Sitting:
    """Read all that a fact may move: the points, the lots and the standing of the purchase's member."""
    standing = await tiers.standing(purchase.member_id, terms, now)
    book = await points.open_book(purchase.member_id, now, with_lots=purchase.state is not PurchaseState.CREATED)
    return Sitting(purchase, terms, standing, book, state, actor, now, means, brought=brought)


async def sit_with(
    purchase: Stored,
    held: Purse,
    actor: Actor,
    *,
    means: Means | None,
    lines: Sequence[OrderLine],
    is_new: bool,
) -> Sitting:
    """The same for a purchase that is not paid, with what was read of its member, and its lines."""
    row, book = held.row, held.book
    standing = standings.of_row(held.id, row, held.terms)
    await tiers.advance(standing, held.terms, book.now)
    return Sitting(
        purchase,
        held.terms,
        standing,
        book,
        held.state,
        actor,
        book.now,
        means,
        lines,
        is_new=is_new,
        event_seq=held.event_seq,
        brought=Brought.of(row),
    )
