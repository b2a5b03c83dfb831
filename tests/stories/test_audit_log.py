"""The audit log: what is denied is written down within bounds, and what was done is found again by its indexes."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from tortoise.connection import get_connection

from models.audit import AuditLog
from models.listing import MOMENT, ROW_ID
from models.sql import insert
from rules import audit
from rules.actors import CLI, SYSTEM, Actor, ActorKind
from rules.audit import DENIED_CALLERS, DENIED_FIELDS, EVERYTHING, Search
from rules.transactions import transaction
from tests.people import CASHIER, CLERK, NOON

MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def _nothing_waits() -> None:
    audit._denied.clear()


@transaction
async def noted(actor: Actor, action: str, *, at: Any = NOON, **more: Any) -> None:
    await audit.note(actor, action, now=at, **more)


async def lines(wanted: Search = EVERYTHING) -> list[dict[str, Any]]:
    """The lines looked for, oldest first."""
    return await audit.search(wanted, backwards=True, most=1_000)


async def test_the_first_denial_is_written_at_once_and_more_of_them_once_a_minute_with_their_count() -> None:
    who = CASHIER._replace(network="203.0.113.0/24", request_id="request-1")
    audit.denied(who, ["Query.members"], NOON)
    assert await audit.write_denials(NOON + SECOND) == 1
    for second in range(2, 40):
        audit.denied(who._replace(request_id="request-2"), ["Member.state"], NOON + second * SECOND)
        assert await audit.write_denials(NOON + second * SECOND) == 0
    assert await audit.write_denials(NOON + MINUTE + SECOND) == 1
    first, second_line = await lines()
    assert (first["action"], first["actor_id"], first["network"], first["request_id"], first["facts"]) == (
        "access.denied",
        who.id,
        "203.0.113.0/24",
        "request-1",
        {"fields": "Query.members", "count": 1},
    )
    assert (second_line["at"], second_line["facts"]) == (
        NOON + 2 * SECOND,
        {"fields": "Member.state", "count": 38},
    )
    assert await audit.write_denials(NOON + 3 * MINUTE) == 0
    assert audit._denied == {}, "who is quiet is forgotten"


async def test_a_flood_of_fields_is_one_short_line() -> None:
    audit.denied(CLERK, [f"Query.field{number}" for number in range(500)], NOON)
    await audit.write_denials(NOON)
    [line] = await lines()
    assert len(line["facts"]["fields"].split(", ")) == DENIED_FIELDS


async def test_a_flood_of_callers_is_counted_together() -> None:
    for number in range(DENIED_CALLERS + 50):
        audit.denied(Actor(ActorKind.MEMBER, str(UUID(int=number))), ["Query.members"], NOON)
    assert await audit.write_denials(NOON) == DENIED_CALLERS + 1
    [rest] = await lines(Search(actor_kind="NOBODY"))
    assert rest["facts"]["count"] == 50


async def test_a_denial_that_cannot_be_written_is_written_later(monkeypatch: pytest.MonkeyPatch) -> None:
    audit.denied(CLERK, ["Query.members"], NOON)

    async def away(*_: object) -> int:
        raise ConnectionError

    with monkeypatch.context() as patched:
        patched.setattr(audit, "insert", away)
        with pytest.raises(ConnectionError):
            await audit.write_denials(NOON)
    assert await audit.write_denials(NOON) == 1


async def test_the_command_line_leaves_lines_and_jobs_do_not() -> None:
    await noted(CLI, "staff.hire")
    await noted(SYSTEM, "points.expire")
    assert [(line["actor_kind"], line["actor_id"], line["action"]) for line in await lines()] == [
        ("SYSTEM", "CLI", "staff.hire")
    ]


@pytest.fixture
async def written() -> UUID:
    """A log of nine lines by three people about two members, over nine minutes."""
    mei, wang = uuid4(), uuid4()
    acts = ("member.freeze", "member.unfreeze", "points.adjust")
    for number in range(9):
        actor = (CLERK, CASHIER, CLI)[number % 3]._replace(request_id=f"request-{number}")
        await noted(
            actor,
            acts[number // 3],
            at=NOON + number * MINUTE,
            member_id=(mei, wang)[number % 2],
            facts={"n": number},
        )
    return mei


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Search(), range(9)),
        (Search(actor_id=CLERK.id), (0, 3, 6)),
        (Search(actor_id="CLI", action="points.adjust"), (8,)),
        (Search(actor_id="nobody"), ()),
        (Search(actor_kind="STAFF"), (0, 1, 3, 4, 6, 7)),
        (Search(action="member."), range(6)),
        (Search(action="member.freeze"), (0, 1, 2)),
        (Search(action="member.f"), ()),
        (Search(request_id="request-4"), (4,)),
        (Search(since=NOON + 2 * MINUTE, until=NOON + 5 * MINUTE), (2, 3, 4)),
        (Search(actor_id=CLERK.id, since=NOON + MINUTE), (3, 6)),
    ],
)
async def test_what_was_done_is_found_again(written: UUID, wanted: Search, found: Any) -> None:
    assert [line["facts"]["n"] for line in await lines(wanted)] == list(found)
    newest = await audit.search(wanted, most=1_000)
    assert [line["facts"]["n"] for line in newest] == list(found)[::-1]
    theirs = [n for n in found if n % 2 == 0]
    assert [line["facts"]["n"] for line in await lines(replace(wanted, member_id=written))] == theirs


async def test_the_log_is_read_page_by_page(written: UUID) -> None:
    read: list[int] = []
    beyond = None
    while rows := await audit.search(EVERYTHING, beyond=beyond, most=2):
        read += [row["facts"]["n"] for row in rows]
        beyond = rows[-1]["at"], rows[-1]["id"]
    assert read == list(range(9))[::-1]


INDEXES = {
    "member": "audit_log_about",
    "request": "audit_log_request",
    "actor": "audit_log_actor",
    "action": "audit_log_action",
    None: "audit_log_at",
}


@pytest.mark.parametrize("driving", INDEXES)
@pytest.mark.parametrize("backwards", [False, True])
async def test_a_search_uses_its_index(driving: str | None, backwards: bool, dialect: str) -> None:
    row = {"at": NOON, "actor_kind": "STAFF", "facts": {}}
    rows = [
        {
            **row,
            "at": NOON + number * SECOND,
            "actor_id": f"actor {number % 97}",
            "action": f"action {number % 89}",
            "member_id": UUID(int=number % 83),
            "request_id": f"request {number}",
        }
        for number in range(3_000)
    ]
    await insert(AuditLog, rows)
    client = get_connection("default")
    statement = audit.STATEMENTS[driving, backwards]
    given = [
        UUID(int=5) if driving == "member" else None,
        "request 5" if driving == "request" else None,
        "actor 5" if driving == "actor" else None,
        "action 5" if driving == "action" else None,
    ]
    start = (MOMENT.lowest, ROW_ID.lowest) if backwards else (MOMENT.highest, ROW_ID.highest)
    values = [*given, None, None, MOMENT.lowest, MOMENT.highest, *start, 21]
    if dialect == "sqlite":
        plan = await client.execute_query_dict(f"EXPLAIN QUERY PLAN {statement.sqlite}", values)
        told = " ".join(str(each["detail"]) for each in plan)
        assert "TEMP B-TREE" not in told, told
    else:
        await client.execute_script("ANALYZE audit_log")
        plan = await client.execute_query_dict(f"EXPLAIN {statement.postgres}", values)
        told = " ".join(str(each["QUERY PLAN"]) for each in plan)
    # of a member with few lines PostgreSQL may as well sort what the other index finds
    assert INDEXES[driving] in told or (driving == "member" and "audit_log_member" in told), told
