"""Invitees: whom a member brought, as far as the member may know."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import strawberry

from models.referrals import ReferralState
from models.sql import SQL
from rules import heirs, referrals, vault
from rules.referrals import Missing, missing
from schema import pages
from schema.cards import cards
from schema.context import Context, HasMember
from schema.enums import describe
from schema.pages import After, Before, Connection, First, Last, Window
from schema.permissions import MEMBER, STAFF, seen
from schema.scalars import Long, Moment

SEES = STAFF | MEMBER
CURSOR = "invitee"
"""What the end of a cursor is hidden for."""

HIDDEN = "**"
"""What a mask puts in the place of all but the first letter of a name."""

JOINED = "referral f JOIN referral_campaign c ON c.code = f.campaign AND c.version = f.campaign_version"

describe(
    ReferralState,
    "Where a referral stands.",
    {
        ReferralState.BOUND: "The referee has yet to do what qualifies.",
        ReferralState.QUALIFYING: "They have; it is waited whether they give it back.",
        ReferralState.QUALIFIED: "It has qualified; the reward is under way, or was skipped.",
        ReferralState.REWARDED: "Both sides were given what they are due.",
        ReferralState.CLAWED_BACK: "A refund took the rewards back.",
        ReferralState.EXPIRED: "It ran out before it qualified.",
        ReferralState.REVIEW: "Somebody of the staff has to look at it first.",
        ReferralState.REJECTED: "It was refused: by staff, or because too much speaks against it.",
        ReferralState.VOIDED: "It does not count: both turned out to be one person, or it was bound by mistake.",
    },
)
describe(
    Missing,
    "What a referee has yet to do.",
    {
        Missing.NOTHING: "Nothing: it has qualified, or never will.",
        Missing.REGISTRATION: "Verify a phone.",
        Missing.ORDER: "Pay an order; of `missingMinor` at least, where that says a sum.",
        Missing.COMPLETION: "Their order has to be completed.",
        Missing.SPENDING: "Spend more: how much, the referee alone is told (`missingMinor`).",
        Missing.HOLD: "Nothing: it is waited whether they give it back.",
        Missing.REVIEW: "Nothing: somebody of the staff has to look at it.",
    },
    name="ReferralMissing",
)


@strawberry.type(description="Somebody a member brought, as far as the member may know.")
class ReferralInvitee:
    name: str = seen(SEES, "The first letter of what they wish to be called, and no more.")
    state: ReferralState = seen(SEES, "Where it stands.")
    cause: str = seen(SEES, "Why, in one word.")
    missing: Missing = seen(SEES, "What they have yet to do.")
    missing_minor: Long | None = seen(
        SEES, "The least an order has to come to, in minor units; else null. What somebody has spent is their own."
    )
    bound_at: Moment = seen(SEES, "Since when.")
    valid_until: Moment = seen(SEES, "Until when it may qualify.")


def masked(name: str | None) -> str:
    """A name as other members may know it: its first letter.

    >>> masked("Lan")
    'L**'
    """
    return f"{name[:1]}{HIDDEN}" if name else HIDDEN


def hushed(row: dict[str, Any], context: Context) -> str:
    """Why a referral stands where it does. What gave a cheat away is for staff alone."""
    is_secret = row["state"] in (ReferralState.REVIEW, ReferralState.REJECTED) and context.member_id is not None
    return str(row["state"] if is_secret else row["cause"])


def need_of(row: dict[str, Any]) -> referrals.Need:
    """What the referral of a row needs to qualify."""
    return missing(referrals.parsed(row["document"]), ReferralState(row["state"]), row["spent_minor"])


INVITEE = "f.referee_id, f.referrer_id, f.state, f.cause, f.bound_at, f.valid_until, f.spent_minor, c.document"
BEYOND = "(f.bound_at, f.referee_id) {} ($2::timestamptz, $3::uuid)"
OF_ONE = {
    backwards: SQL(
        f"SELECT {INVITEE} FROM {JOINED} WHERE f.referrer_id = $1"  # noqa: S608  constants
        f" AND ($2::timestamptz IS NULL OR {BEYOND.format(beyond)})"
        f" ORDER BY f.bound_at {order}, f.referee_id {order} LIMIT $4",
        fans_out="whom a member brought is found by who brought them",
    )
    for backwards, order, beyond in ((False, "DESC", "<"), (True, "ASC", ">"))
}


OF_SEVERAL = {
    backwards: SQL(
        f"SELECT * FROM (SELECT {INVITEE}, ROW_NUMBER() OVER (PARTITION BY f.referrer_id"  # noqa: S608  constants
        f" ORDER BY f.bound_at {order}, f.referee_id {order}) AS place FROM {JOINED}"
        f" WHERE f.referrer_id = ANY($1::uuid[]) AND ($2::timestamptz IS NULL OR {BEYOND.format(beyond)})) page"
        " WHERE page.place <= $4 ORDER BY page.referrer_id, page.place",
        fans_out="a page of members shows whom each has brought",
    )
    for backwards, order, beyond in ((False, "DESC", "<"), (True, "ASC", ">"))
}


async def _pages(
    members: Sequence[UUID], window: Window, at: datetime | None, beyond: UUID | None
) -> list[list[dict[str, Any]]]:
    """For each member the first invitees beyond a place: of one by a range of an index, of several together.

    Whoever was others before they were merged brought those whom they brought as them.
    """
    persons = await heirs.persons(members)
    if len(persons) == 1 and len(persons[members[0]]) == 1:
        rows = await OF_ONE[window.backwards].rows(members[0], at, beyond, window.fetch)
        return [rows for _ in members]
    found: dict[UUID, list[dict[str, Any]]] = {each: [] for those in persons.values() for each in those}
    for row in await OF_SEVERAL[window.backwards].rows(list(found), at, beyond, window.fetch):
        found[row["referrer_id"]].append(row)
    return [_together([found[each] for each in persons[member]], window) for member in members]


def _together(lists: list[list[dict[str, Any]]], window: Window) -> list[dict[str, Any]]:
    """One list of several that are each in order."""
    if len(lists) == 1:
        return lists[0]
    rows = [row for each in lists for row in each]
    rows.sort(key=lambda row: (row["bound_at"], row["referee_id"]), reverse=not window.backwards)
    return rows[: window.fetch]


async def invitees_of(
    parents: Sequence[HasMember],
    context: Context,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
) -> list[Connection[ReferralInvitee]]:
    """A page of whom each member brought, the newest first."""
    window = pages.window(first=first, after=after, last=last, before=before, shape=pages.BY_MOMENT)
    at, beyond = (window.key[0], _cloaked(*window.key)) if window.key else (None, None)
    found = await _pages([parent.member_id for parent in parents], window, at, beyond)
    them = [row["referee_id"] for rows in found for row in rows]
    named = dict(zip(them, await cards(them, context), strict=True))

    def make(row: dict[str, Any]) -> ReferralInvitee:
        need, card = need_of(row), named[row["referee_id"]]
        return ReferralInvitee(
            name=masked(card.display_name if card else None),
            state=ReferralState(row["state"]),
            cause=hushed(row, context),
            missing=need.what,
            missing_minor=Long(need.minor) if need.minor and need.what is not Missing.SPENDING else None,
            bound_at=row["bound_at"],
            valid_until=row["valid_until"],
        )

    return [pages.page(rows, window, make, _place) for rows in found]


def _place(row: dict[str, Any]) -> tuple[datetime, UUID]:
    """Where an invitee stands in the list. A cursor tells nobody who it is."""
    return row["bound_at"], _cloaked(row["bound_at"], row["referee_id"])


def _cloaked(at: datetime, who: UUID) -> UUID:
    """An id hidden by a key of the house and the moment beside it, or what was hidden so."""
    mark = vault.unlocked().mark(CURSOR, at.astimezone(UTC).isoformat())
    return UUID(int=who.int ^ int(mark[:32], 16))
