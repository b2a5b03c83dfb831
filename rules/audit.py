"""The audit log: what staff, partners and services write, what the command line changes, and what was denied."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from models.audit import AuditLog
from models.listing import MOMENT, ROW_ID, Listing
from models.sql import SQL, insert
from models.writing import add
from rules.actors import CLI, Actor, ActorKind
from rules.transactions import transaction

WATCHED = {ActorKind.STAFF, ActorKind.PARTNER, ActorKind.SERVICE}
ACCESS = ("staff.", "webhook.")
"""What is written down whoever does it, also the house itself: who may come in, and where events are told."""

DENIED = "access.denied"
DENIED_EVERY = timedelta(minutes=1)
"""How often the same caller's denials are written down: once, with their count."""

DENIED_FIELDS = 20
"""How many fields one such line names."""

DENIED_CALLERS = 1_000
"""How many callers' denials are gathered at once; those of more callers are counted together."""


def is_noted(actor: Actor, action: str) -> bool:
    """Whether it is written down when they do that. Members' own acts are in the ledger."""
    watched = actor.kind in WATCHED or (actor.kind, actor.id) == (CLI.kind, CLI.id)
    return watched or action.startswith(ACCESS)


async def note(
    actor: Actor,
    action: str,
    *,
    member_id: UUID | None = None,
    reason: str | None = None,
    facts: dict[str, Any] | None = None,
    now: datetime,
) -> None:
    """Write down who did what, in the transaction in which it is done, unless nobody is to know."""
    if is_noted(actor, action):
        add(AuditLog, [_line(actor, action, now, member_id=member_id, reason=reason, facts=facts or {})])


def _line(actor: Actor, action: str, now: datetime, **more: Any) -> dict[str, Any]:
    return {
        "at": now,
        "actor_kind": actor.kind.value,
        "actor_id": actor.id,
        "role": actor.role,
        "store_id": actor.store_id,
        "action": action,
        "member_id": None,
        "reason": None,
        "network": actor.network,
        "request_id": actor.request_id,
        "facts": {},
        **more,
    }


@transaction
async def exported(what: str, rows: int, *, member_id: UUID | None = None, now: datetime, **facts: str) -> None:
    """Write down that data left the house, how much of it, and of whom where it is one member's."""
    await insert(AuditLog, [_line(CLI, what, now, member_id=member_id, facts={"rows": rows, **facts})])


@dataclass(slots=True)
class Denial:
    """What one caller was lately denied."""

    actor: Actor
    at: datetime
    fields: dict[str, None] = field(default_factory=dict)
    count: int = 0
    written_at: datetime | None = None
    """When their denials were last written down."""

    def is_due(self, now: datetime) -> bool:
        """Whether there is something to write, and it is time."""
        return self.count > 0 and (self.written_at is None or now >= self.written_at + DENIED_EVERY)


_denied: dict[str, Denial] = {}
"""What was denied in this process, by caller, until it is written down off the path of requests."""

_NOBODY = Actor(ActorKind.NOBODY)


def denied(actor: Actor, fields: Sequence[str], now: datetime) -> None:
    """Gather that a caller asked for fields that are not for them. `write_denials` writes it down.

    However many try however often: a caller has one line a minute, and so have all beyond the first thousand.
    """
    if actor.principal not in _denied and len(_denied) >= DENIED_CALLERS:
        actor = _NOBODY
    found = _denied.setdefault(actor.principal, Denial(actor, now))
    if not found.count:
        # the first of them stands for all: its moment, network and request are told
        found.actor, found.at = actor, now
    found.count += 1
    for name in fields[: DENIED_FIELDS - len(found.fields)]:
        found.fields[name] = None


async def write_denials(now: datetime) -> int:
    """Write down what was denied, each caller's at once and then once a minute, and say how many lines it took.

    What cannot be written is kept for the next time.
    """
    due = {who: (found, found.count) for who, found in _denied.items() if found.is_due(now)}
    if due:
        await _write_denials([_told(found) for found, _ in due.values()])
    for found, count in due.values():
        # more may have come while these were written
        found.count, found.written_at = found.count - count, now
        if not found.count:
            found.fields = {}
    for who, found in list(_denied.items()):
        if not found.count and found.written_at and now >= found.written_at + DENIED_EVERY:
            del _denied[who]
    return len(due)


def _told(found: Denial) -> dict[str, Any]:
    return _line(found.actor, DENIED, found.at, facts={"fields": ", ".join(found.fields), "count": found.count})


@transaction
async def _write_denials(lines: list[dict[str, Any]]) -> None:
    await insert(AuditLog, lines)


@dataclass(frozen=True, slots=True)
class Search:
    """Which lines are looked for. What is None is not asked."""

    member_id: UUID | None = None
    actor_id: str | None = None
    actor_kind: str | None = None
    action: str | None = None
    """An action, or with a dot at its end all that begin so: `member.` finds `member.freeze`."""
    request_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    """The first moment that is not looked at any more."""


EVERYTHING = Search()

COLUMNS = "id, at, actor_kind, actor_id, role, store_id, action, member_id, reason, network, request_id, facts"
ASKED = {
    "member": "member_id = $1::uuid",
    "request": "request_id = $2::text",
    "actor": "actor_id = $3::text",
    "action": "action = $4::text",
}
"""What may be asked, what narrows most first. The first that is given is found by its index."""


def _statement(driving: str | None, *, backwards: bool) -> SQL:
    order, beyond = ("ASC", ">") if backwards else ("DESC", "<")
    tests = [
        test if name == driving else f"({test[test.index('$') :]} IS NULL OR {test})"
        for name, test in ASKED.items()
    ]
    text = (
        f"SELECT {COLUMNS} FROM audit_log WHERE {' AND '.join(tests)}"  # noqa: S608  constants
        " AND ($5::text IS NULL OR substr(action, 1, length($5::text)) = $5::text)"
        " AND ($6::text IS NULL OR actor_kind = $6::text) AND at >= $7::timestamptz AND at < $8::timestamptz"
        f" AND (at, id) {beyond} ($9::timestamptz, $10::uuid) ORDER BY at {order}, id {order} LIMIT $11"
    )
    return SQL(text, fans_out="the log is searched over all members")


STATEMENTS = {
    (driving, backwards): _statement(driving, backwards=backwards)
    for driving in (*ASKED, None)
    for backwards in (False, True)
}


async def search(
    wanted: Search, *, beyond: tuple[datetime, UUID] | None = None, backwards: bool = False, most: int
) -> list[dict[str, Any]]:
    """The lines looked for, newest first (backwards: oldest first), beyond the moment and id of a line."""
    exact = wanted.action is not None and not wanted.action.endswith(".")
    given = {
        "member": wanted.member_id,
        "request": wanted.request_id,
        "actor": wanted.actor_id,
        "action": wanted.action if exact else None,
    }
    driving = next((name for name, value in given.items() if value is not None), None)
    start = (MOMENT.lowest, ROW_ID.lowest) if backwards else (MOMENT.highest, ROW_ID.highest)
    return await STATEMENTS[driving, backwards].rows(
        *given.values(),
        None if exact else wanted.action,
        wanted.actor_kind,
        wanted.since or MOMENT.lowest,
        wanted.until or MOMENT.highest,
        *(beyond or start),
        most,
    )


ABOUT: Listing[dict[str, Any]] = Listing(
    ", ".join(f"l.{column}" for column in COLUMNS.split(", ")),
    "audit_log l",
    order={"at": MOMENT, "id": ROW_ID},
    fans_out="a page of members shows what was done about each one",
)
"""What was done about each member."""
