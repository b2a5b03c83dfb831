"""Accruing: commissions follow the events of referrals, in the order of their ids, each once."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import repeat, takewhile
from typing import Any
from uuid import UUID

import orjson

from models.commissions import Commission as Row
from models.commissions import CommissionState
from models.partners import PartnerBooks
from models.sql import SQL, insert
from models.units import new_id
from rules.jobs import job
from rules.partners._account import hold, owe
from rules.partners._commission import ENDS, Book, Commission, Step, Terms, TermsOf, book
from rules.transactions import transaction

MARGIN = timedelta(minutes=15)
"""How long an event is left alone after it was written. No transaction lasts so long, nor a sweep that says of its
last event when it began; so none is passed by that is committed late, which would be a commission never paid."""

AT_ONCE = 1_000
STRETCHES_MAX = 2_000

CURSOR = SQL("SELECT accrued_id FROM partner_books")
ADVANCE = SQL("UPDATE partner_books SET accrued_id = $2 WHERE accrued_id = $1 RETURNING one")
EVENTS = SQL(
    "SELECT id, kind, partner_id, member_id AS referee_id, purchase_id, campaign, campaign_version, gross_minor,"
    " refund_minor, created_at FROM referral_event WHERE id > $1 ORDER BY id LIMIT $2",
    fans_out="commissions follow all events, bit by bit",
)
DOCUMENTS = SQL("SELECT code, version, document FROM referral_campaign WHERE code = ANY($1::text[])")


@job("partners.accrue", every=timedelta(seconds=30), lease=timedelta(minutes=10))
async def accrue_all(_: dict[str, Any], now: datetime) -> None:
    """Let commissions follow what came since the last half minute."""
    await accrue(now)


async def accrue(now: datetime, *, margin: timedelta = MARGIN) -> int:
    """Let commissions follow the events up to a little while ago, and say how many those were.

    It may be cut short anywhere, and called at any time by anybody: an account knows which events it has followed.
    """
    followed = 0
    for _ in range(STRETCHES_MAX):
        after = await CURSOR.value() or UUID(int=0)
        rows = await EVENTS.rows(after, AT_ONCE)
        rows = list(takewhile(lambda row: row["created_at"] <= now - margin, rows))
        if rows:
            await _follow_all(rows)
            await _advance(after, rows[-1]["id"])
        followed += len(rows)
        if len(rows) < AT_ONCE:
            break
    return followed


async def _follow_all(rows: Sequence[dict[str, Any]]) -> None:
    """Each partner's commissions follow its events of a stretch."""
    theirs: dict[UUID, list[Step]] = defaultdict(list)
    for row in rows:
        if row["partner_id"] is not None and row["kind"] in ("ORDER", "REFUND", "QUALIFIED", *ENDS):
            step = {name: value for name, value in row.items() if name not in ("partner_id", "created_at")}
            theirs[row["partner_id"]].append(Step(**step, at=row["created_at"]))
    terms = await terms_of({each.campaign for steps in theirs.values() for each in steps})
    for partner_id, steps in theirs.items():
        await follow(partner_id, steps, terms)


async def terms_of(codes: set[str]) -> TermsOf:
    """What campaigns give partners, by their codes and versions."""
    rows = await DOCUMENTS.rows(sorted(codes)) if codes else []
    told = {(row["code"], row["version"]): orjson.loads(row["document"]).get("partner", {}) for row in rows}
    return {
        key: Terms(each.get("commissionBps", 0), each.get("frozenDays", 0), each.get("minSettlementMinor", 0))
        for key, each in told.items()
    }


@transaction
async def _advance(after: UUID, upto: UUID) -> None:
    await insert(PartnerBooks, [{"one": 1}], ignore_conflicts=True)
    await ADVANCE.row(after, upto)


NAMES = (
    "id",
    "purchase_id",
    "referee_id",
    "campaign",
    "campaign_version",
    "bps",
    "frozen_days",
    "gross_minor",
    "refunded_minor",
    "amount_minor",
    "settled_minor",
    "state",
    "ordered_at",
    "frozen_until",
)
KNOWN = SQL(
    f"SELECT {', '.join(NAMES)} FROM commission WHERE partner_id = $1"  # noqa: S608  constants
    " AND (purchase_id = ANY($2::uuid[]) OR referee_id = ANY($3::uuid[]))"
)
QUALIFIED = SQL(
    "SELECT member_id, created_at FROM referral_event WHERE member_id = ANY($1::uuid[]) AND kind = 'QUALIFIED'"
    " ORDER BY id",
    fans_out="a stretch of a partner's events is of many of those it brought",
)
CHANGE = SQL(
    "UPDATE commission SET refunded_minor = $3, amount_minor = $4, state = $5, frozen_until = $6"
    " WHERE partner_id = $1 AND id = $2 RETURNING id"
)
FOLLOWED = SQL("UPDATE partner_account SET event_id = $2 WHERE partner_id = $1 RETURNING partner_id")


@transaction
async def follow(partner_id: UUID, steps: Sequence[Step], terms: TermsOf) -> None:
    """A partner's commissions follow some events. Those it has followed before change nothing.

    Raises: NotFound.
    """
    account = await hold(partner_id)
    fresh = [step for step in steps if step.id > account.event_id]
    if not fresh:
        return
    found = await _book(partner_id, fresh, terms)
    before = set(found.known)
    found.follow(fresh, (new_id() for _ in repeat(None)))
    made = [each for order, each in found.changed.items() if order not in before]
    await insert(Row, [_row(partner_id, each) for each in made])
    for order, each in found.changed.items():
        if order in before:
            given = each.refunded_minor, each.amount_minor, each.state.value, each.frozen_until
            await CHANGE.row(partner_id, each.id, *given)
    await owe(partner_id, found.owed_minor)
    await FOLLOWED.row(partner_id, fresh[-1].id)


async def _book(partner_id: UUID, steps: Sequence[Step], terms: TermsOf) -> Book:
    orders = [step.purchase_id for step in steps if step.purchase_id is not None]
    whole = [step.referee_id for step in steps if step.kind == "QUALIFIED" or step.kind in ENDS]
    buyers = [step.referee_id for step in steps if step.kind == "ORDER"]
    rows = await KNOWN.rows(partner_id, orders, whole)
    known = [Commission(**{**row, "state": CommissionState(row["state"])}) for row in rows]
    qualified = await QUALIFIED.rows(buyers) if buyers else []
    return book(known, {row["member_id"]: row["created_at"] for row in qualified}, terms)


def _row(partner_id: UUID, each: Commission) -> dict[str, Any]:
    return {"partner_id": partner_id, **{name: getattr(each, name) for name in NAMES}}
