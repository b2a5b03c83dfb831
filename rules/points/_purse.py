"""The purse: all that a command on one member's points is decided on, read in one statement."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from operator import itemgetter
from typing import Any
from uuid import UUID

from models.lots import ripe
from models.members import Member, MemberState
from models.sql import SQL
from models.writing import read_ahead, watch
from rules import members, programme, standings
from rules.idempotency import Slip
from rules.points._book import Book
from rules.points._ledger import has_slid_out, open_book
from rules.points._parts import Balances, Lot
from rules.programme import Rung, Terms
from rules.refusals import NotFound


@dataclass(slots=True)
class Purse:
    """A held member, and what they have. `row` is all that was read of them."""

    id: UUID
    state: MemberState
    terms: Terms
    earlier: Any | None
    """What the same request was answered before; None for a new one."""
    book: Book
    tier: Rung
    event_seq: int
    """The number of their newest event."""
    row: Mapping[str, Any]


def purse(columns: str = "", joins: str = "", *, on_sqlite: str | None = None) -> SQL:
    """The statement that reads a purse: of member $1, for principal $2 with key $3; and more, if more is asked for.

    It has no lots: crediting a member who owes nothing needs none. `on_sqlite` are the columns as SQLite
    reads them, where it reads them otherwise.
    """
    text = (
        "SELECT m.state, m.event_seq, k.operation, k.fingerprint, k.response, a.available, a.pending,"  # noqa: S608  names of ours
        " a.held, a.debt, a.seq, a.lifetime_earned, a.lifetime_spent, a.lifetime_expired, a.slid, g.tier_id,"
        f" g.changes_at, {{terms}} AS terms{{more}}"
        " FROM member m LEFT JOIN points_account a ON a.member_id = m.id"
        " LEFT JOIN growth_account g ON g.member_id = m.id"
        " LEFT JOIN idempotency_key k ON k.owner_id = m.id AND k.principal = $2 AND k.key = $3"
        f"{joins} WHERE m.id = $1"
    )
    here = columns if on_sqlite is None else on_sqlite
    return SQL(
        text.format(terms=programme.AS_JSON, more=columns),
        sqlite=text.format(terms=programme.AS_JSON_ON_SQLITE, more=here),
    )


LAPSED = (
    ", a.held > 0 AND EXISTS (SELECT 1 FROM points_hold h WHERE h.member_id = $1 AND h.state = 'HELD'"  # noqa: S608  names of ours
    " AND h.expires_at <= $5) AS has_lapsed, a.pending > 0 AND EXISTS (SELECT 1 FROM points_lot w"
    f" WHERE w.member_id = $1 AND {ripe('w', '$5')}) AS has_ripened"
)
"""Whether a hold has ended, or pending points have changed, and nobody has written it: nothing is looked up while
nothing is held, or pending."""

SPENT_FIRST = (
    ", l.id AS lot_id, l.transaction_id, l.purchase_id, l.granted, l.remaining, l.held AS lot_held, l.active,"
    f" l.activates_at, l.expires_at, l.slides{LAPSED}",
    " LEFT JOIN (SELECT o.*, SUM(CASE WHEN o.expires_at <= $5 OR o.slides IS NOT NULL THEN 0 ELSE o.remaining END)"
    " OVER (ORDER BY o.expires_at NULLS LAST, o.id ROWS UNBOUNDED PRECEDING)::bigint - o.remaining AS before"
    " FROM points_lot o WHERE o.member_id = $1 AND o.active AND o.remaining > 0) l ON l.before < $4",
)
TO_SPEND = purse(*SPENT_FIRST)
"""A purse for a debit of $4 points at moment $5: a row for each lot that has expired by then, and of the others for
those that are spent first, as far as the points go. Lots that slide count for nothing there, since they are spent
later than their own expiry says."""


OPEN_HOLDS = (
    ", CASE WHEN a.held > 0 THEN (SELECT COUNT(*) FROM points_hold h WHERE h.member_id = $1"
    " AND h.state = 'HELD' AND h.expires_at > $5) ELSE 0 END AS open_holds"
)
TO_HOLD = purse(f"{SPENT_FIRST[0]}{OPEN_HOLDS}", SPENT_FIRST[1])
"""The same, and how many holds are open."""


async def hold(slip: Slip, now: datetime, *more: Any, read: SQL) -> Purse:
    """A member's purse; nobody else changes what is in it before the transaction ends.

    Raises: NotFound, IdempotencyKeyReused.
    """
    rows, is_held = await read_ahead(members.HOLD, read, slip.owner_id, slip.principal, slip.key, *more)
    if not rows:
        raise NotFound
    row = rows[0]
    if row["seq"] is None or row["tier_id"] is None:
        raise AssertionError("A member without an account.")
    state = STATES[row["state"]]
    if not is_held:
        # whatever moves a member's points, growth or tier leaves an event, and every change of state shows itself
        watch(Member, {"id": slip.owner_id, "event_seq": row["event_seq"], "state": state})
    terms = programme.told(row["terms"])
    balances = Balances(*_FIGURES(row))
    lots = [_lot(each) for each in rows] if row.get("lot_id") else []
    book = Book(slip.owner_id, balances, lots, now=now)
    if _is_moved_by_time(row, now):
        book = await open_book(slip.owner_id, now)
    tier = terms.rung(row["tier_id"])
    if row["changes_at"] is not None and row["changes_at"] <= now:
        # the time may be over for which it was held
        tier = (await standings.reckoned(slip.owner_id, terms, now)).tier
    return Purse(
        slip.owner_id,
        state,
        terms,
        slip.answered(row),
        book,
        tier,
        row["event_seq"],
        row,
    )


def _is_moved_by_time(row: Mapping[str, Any], now: datetime) -> bool:
    """Whether more of the book is needed than was read, since time alone has changed what it says.

    What is released or becomes available repays the debt before anything else does, and what has slid out is
    written off before an activity.
    """
    if row["debt"] and (row["held"] or row["pending"]):
        return True
    if row.get("has_lapsed") or row.get("has_ripened"):
        return True
    return has_slid_out(row["slid"], now)


STATES = {state.value: state for state in MemberState}
"""The states a member's row may tell."""

_FIGURES = itemgetter(*(each.name for each in fields(Balances)))
_OF_LOT = itemgetter(
    *("lot_id", "transaction_id", "purchase_id", "granted", "remaining", "lot_held"),
    *("active", "activates_at", "expires_at"),
)
"""The columns of a lot, in the order of its first fields."""


def _lot(row: Mapping[str, Any]) -> Lot:
    lot = Lot(*_OF_LOT(row))
    lot.slides = row["slides"]
    return lot
