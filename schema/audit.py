"""The audit log as those who lead the programme search it."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import orjson
import strawberry

from models.staff import StaffRole
from models.units import is_plain
from rules import audit
from rules.actors import ActorKind
from rules.audit import Search
from schema import ids, pages
from schema.context import Context, HasMember
from schema.errors import bad_input
from schema.ids import Tag
from schema.pages import After, Before, Connection, First, Last
from schema.permissions import LEADS, Audience, asked, seen
from schema.scalars import Moment

FACTS_MAX, VALUE_MAX = 50, 500
TEXT_MAX = 64
SEES = LEADS | {Audience.CS}
"""Who may read lines: all of them, or those about a member who is before them."""

TAGS = {ActorKind.STAFF: Tag.STAFF, ActorKind.MEMBER: Tag.MEMBER, ActorKind.PARTNER: Tag.PARTNER}
"""The actors whose ids are rows' ids; the others go by a name of their own."""


@strawberry.type(description="One fact of what was done: ids and numbers, never personal data.")
class AuditFact:
    name: str = seen(SEES, "What is told: `points`, `transaction`, `identities`.")
    value: str = seen(SEES, "As text; a list or an object as JSON.")


@strawberry.type(description="One line of the audit log (审计日志). It never changes.")
class AuditLine:
    id: strawberry.ID = seen(SEES, "Tells lines apart.")
    at: Moment = seen(SEES, "When it was done.")
    actor_kind: ActorKind = seen(SEES, "What sort of caller did it.")
    actor_id: strawberry.ID | None = seen(SEES, "Who did it: send it back as `filter.actorId`.")
    role: StaffRole | None = seen(SEES, "Their role then, if they are staff.")
    store_id: strawberry.ID | None = seen(SEES, "The store they worked in.")
    action: str = seen(SEES, "What was done: `points.adjust`, `member.freeze`, `access.denied`.")
    member_id: strawberry.ID | None = seen(SEES, "The member concerned.")
    reason: str | None = seen(SEES, "The reason code they gave.")
    network: str | None = seen(SEES, "From where: the first 24 bits of an IPv4 address, the first 48 of IPv6.")
    request_id: str | None = seen(SEES, "The request it was done in, as the log and `X-Request-Id` have it.")
    facts: list[AuditFact] = seen(SEES, f"What else is known of it, {FACTS_MAX} facts at most.")

    @classmethod
    def of(cls, row: dict[str, Any]) -> "AuditLine":
        """The line as a client sees it."""
        kind = ActorKind(row["actor_kind"])
        return cls(
            id=strawberry.ID(ids.encode(Tag.AUDIT_LINE, row["id"])),
            at=row["at"],
            actor_kind=kind,
            actor_id=row["actor_id"] and strawberry.ID(_shown(kind, row["actor_id"])),
            role=row["role"] and StaffRole(row["role"]),
            store_id=row["store_id"] and strawberry.ID(ids.encode(Tag.STORE, row["store_id"])),
            action=row["action"],
            member_id=row["member_id"] and strawberry.ID(ids.encode(Tag.MEMBER, row["member_id"])),
            reason=row["reason"],
            network=row["network"],
            request_id=row["request_id"],
            facts=[AuditFact(name=name, value=_text(value)) for name, value in _first(row["facts"].items())],
        )


def _first(facts: Iterable[tuple[str, Any]]) -> list[tuple[str, Any]]:
    return list(facts)[:FACTS_MAX]


def _text(value: Any) -> str:
    said = value if isinstance(value, str) else orjson.dumps(value).decode()
    return said[:VALUE_MAX]


def _shown(kind: ActorKind, actor_id: str) -> str:
    """An actor's id as a client sees it: opaque where it is a row's."""
    tag = TAGS.get(kind)
    try:
        return ids.encode(tag, UUID(actor_id)) if tag else actor_id
    except ValueError:
        return actor_id


@strawberry.input(description="Which lines to look for.")
class AuditFilter:
    actor_id: strawberry.ID | None = strawberry.field(
        default=None, description="Who did it: the id of staff, a member or a partner, a key's id, or `CLI`."
    )
    actor_kind: ActorKind | None = strawberry.field(default=None, description="What sort of caller did it.")
    action: str | None = strawberry.field(
        default=None,
        description="What was done: `member.freeze`, or all of a kind with a dot at the end: `member.`.",
    )
    member_id: strawberry.ID | None = strawberry.field(default=None, description="The member concerned.")
    since: Moment | None = strawberry.field(default=None, description="From this moment on.")
    until: Moment | None = strawberry.field(default=None, description="Before this moment.")
    request_id: str | None = strawberry.field(default=None, description="The request it was done in.")


NOBODY = UUID(int=0)
"""Stands for whoever does not exist: nothing was ever done by or to them."""


def _searched(given: AuditFilter | None) -> Search:
    if given is None:
        return audit.EVERYTHING
    whom = given.member_id and (ids.decode_one(Tag.MEMBER, given.member_id) or NOBODY)
    return Search(
        member_id=whom or None,
        actor_id=given.actor_id and _meant(given.actor_id),
        actor_kind=given.actor_kind and given.actor_kind.value,
        action=_plain(given.action, "action"),
        request_id=_plain(given.request_id, "requestId"),
        since=given.since,
        until=given.until,
    )


def _meant(actor_id: str) -> str:
    """The actor a client means; an id that nothing goes by finds nothing."""
    said = ids.read(actor_id)
    if said and said[0] in TAGS.values():
        return str(said[1][0])
    return actor_id if len(actor_id) <= TEXT_MAX and is_plain(actor_id) else str(NOBODY)


def _plain(text: str | None, name: str) -> str | None:
    if text and not (len(text) <= TEXT_MAX and is_plain(text)):
        raise bad_input(f"`{name}` has 1 to {TEXT_MAX} printable characters.")
    return text or None


def _key(row: dict[str, Any]) -> tuple[datetime, UUID]:
    return row["at"], row["id"]


async def lines_of(
    parents: Sequence[HasMember],
    context: Context,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
) -> list[Connection[AuditLine]]:
    """What was done about each member, newest first."""
    del context
    asked_for = pages.window(first=first, after=after, last=last, before=before, shape=pages.BY_MOMENT)
    found = await pages.listed(audit.ABOUT, parents, asked_for)
    return [pages.page(rows, asked_for, AuditLine.of, _key) for rows in found]


@strawberry.type
class AuditQuery:
    """What may be asked of the audit log."""

    @asked(LEADS, "The audit log, newest first: what staff, partners, services and the command line did.")
    async def audit_log(
        self,
        filter: Annotated[
            AuditFilter | None, strawberry.argument(description="Which lines; all by default.")
        ] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[AuditLine] | None:
        """A page of the log."""
        wanted = _searched(filter)
        asked_for = pages.window(first=first, after=after, last=last, before=before, shape=pages.BY_MOMENT)
        key = asked_for.key
        rows = await audit.search(
            wanted, beyond=key and (key[0], key[1]), backwards=asked_for.backwards, most=asked_for.fetch
        )
        return pages.page(rows, asked_for, AuditLine.of, _key)
