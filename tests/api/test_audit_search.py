"""The audit log searched: by those who lead the programme, in pages, and from the command line."""

import csv
from pathlib import Path
from typing import Any

import pytest

from api.jotting import jot, jotting
from models.credentials import PrincipalKind
from models.listing import ROW_ID
from models.staff import StaffRole
from rules import audit, credentials, staff
from rules.actors import SYSTEM, Actor, ActorKind
from schema import ids
from schema.ids import Tag
from tests.api.house import Caller
from tests.api.shell import Shell
from tests.people import CLERK, NOON, adjust, freeze, member, programme

SEARCH = """query($f: AuditFilter, $first: Int, $after: String) {
  auditLog(filter: $f, first: $first, after: $after) {
    nodes { id at actorKind actorId role action memberId reason network requestId facts { name value } }
    pageInfo { endCursor hasNextPage }
  }
}"""


async def at_work(role: StaffRole) -> tuple[str, str]:
    """Somebody's token, and their id as a client sees it."""
    who = await staff.hire(role.lower(), "x", role, now=NOON)
    issued = await credentials.log_in(PrincipalKind.STAFF, who, actor=SYSTEM, now=NOON)
    return issued.access, ids.encode(Tag.STAFF, who)


async def test_a_lead_finds_what_was_done_to_a_member(caller: Caller) -> None:
    await programme()
    mei, wang = await member("Mei"), await member("Wang")
    await adjust(mei, 100)
    await adjust(wang, 100)
    await freeze(mei)
    token, _ = await at_work(StaffRole.ADMIN)
    wanted = {"memberId": ids.encode(Tag.MEMBER, mei), "actorKind": "STAFF"}
    found = (await caller.ask(SEARCH, {"f": wanted}, token=token))["auditLog"]["nodes"]
    assert [(line["action"], line["role"], line["reason"]) for line in found] == [
        ("member.freeze", "CS", "RISK"),
        ("points.adjust", "CS", "GOODWILL"),
    ]
    assert {fact["name"]: fact["value"] for fact in found[1]["facts"]}["points"] == "100"
    assert len({line["actorId"] for line in found}) == 1
    again = {"actorId": found[0]["actorId"], "action": "points."}
    assert len((await caller.ask(SEARCH, {"f": again}, token=token))["auditLog"]["nodes"]) == 2
    page = (await caller.ask(SEARCH, {"f": wanted, "first": 1}, token=token))["auditLog"]
    assert page["pageInfo"]["hasNextPage"]
    rest = {"f": wanted, "first": 1, "after": page["pageInfo"]["endCursor"]}
    assert (await caller.ask(SEARCH, rest, token=token))["auditLog"]["nodes"] == found[1:]


@pytest.mark.parametrize("name", ["actorId", "memberId"])
async def test_an_id_nobody_goes_by_finds_nothing(caller: Caller, name: str) -> None:
    await programme()
    await adjust(await member("Mei"), 100)
    token, own = await at_work(StaffRole.OWNER)
    for given in ("nobody", "a\x00b", "x" * 100, own, ids.encode(Tag.STORE, NOBODY)):
        reply = await caller.ask(SEARCH, {"f": {name: given}}, token=token)
        assert reply["auditLog"]["nodes"] == [], given


NOBODY = ROW_ID.highest


@pytest.mark.parametrize("name", ["action", "requestId"])
async def test_what_cannot_stand_in_the_log_is_a_mistake(caller: Caller, name: str) -> None:
    token, _ = await at_work(StaffRole.OWNER)
    for given in ("a\x00b", "x" * 100, "\u202e"):
        assert (await caller.ask(SEARCH, {"f": {name: given}}, token=token)).codes == ["BAD_USER_INPUT"]


async def test_a_denied_request_is_found_with_its_fields_and_its_request(caller: Caller) -> None:
    audit._denied.clear()
    await programme()
    token, who = await at_work(StaffRole.ANALYST)
    lead, _ = await at_work(StaffRole.OWNER)
    reply = await caller.ask(SEARCH, {"f": None}, token=token, x_request_id="the-denied-request")
    assert set(reply.codes) == {"FORBIDDEN"}
    assert (await caller.ask(SEARCH, {"f": None})).codes == ["UNAUTHENTICATED"]
    await jot(NOON, uses=False)
    [line] = (await caller.ask(SEARCH, {"f": {"action": "access.denied"}}, token=lead))["auditLog"]["nodes"]
    assert (line["actorId"], line["role"], line["requestId"]) == (who, "ANALYST", "the-denied-request")
    facts = {fact["name"]: fact["value"] for fact in line["facts"]}
    assert facts["count"] == "1"
    assert facts["fields"].startswith("Query.auditLog, AuditLine.id")


async def test_jotting_outlives_a_database_that_is_away(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def away(*_: Any) -> int:
        raise ConnectionError("a secret")

    monkeypatch.setattr(audit, "write_denials", away)
    await jot(NOON, uses=True)
    assert "could not be written" in caplog.text


async def test_what_requests_leave_is_written_when_the_server_stops() -> None:
    audit._denied.clear()
    async with jotting(lambda: NOON):
        audit.denied(CLERK, ["Query.auditLog"], NOON)
    assert [line["action"] for line in await audit.search(audit.EVERYTHING, most=5)] == ["access.denied"]


async def test_customer_service_reads_what_was_done_about_a_member_and_no_more(caller: Caller) -> None:
    await programme()
    mei, wang = await member("Mei"), await member("Wang")
    for who in (mei, wang):
        await adjust(who, 100)
        await freeze(who)
    token, _ = await at_work(StaffRole.CS)
    document = """query($a: ID!, $b: ID!, $after: String) {
      a: member(by: {id: $a}) {
        auditLog(first: 1, after: $after) { nodes { action memberId } pageInfo { endCursor } }
      }
      b: member(by: {id: $b}) { auditLog(last: 1) { nodes { action } } }
    }"""
    given = {"a": ids.encode(Tag.MEMBER, mei), "b": ids.encode(Tag.MEMBER, wang)}
    found = await caller.ask(document, given, token=token)
    assert found["a"]["auditLog"]["nodes"] == [{"action": "member.freeze", "memberId": given["a"]}]
    assert found["b"]["auditLog"]["nodes"] == [{"action": "member.create"}]
    after = found["a"]["auditLog"]["pageInfo"]["endCursor"]
    more = await caller.ask(document, {**given, "after": after}, token=token)
    assert [line["action"] for line in more["a"]["auditLog"]["nodes"]] == ["points.adjust"]
    assert set((await caller.ask(SEARCH, {"f": None}, token=token)).codes) == {"FORBIDDEN"}


def test_an_operator_lists_and_exports(shop: Shell, tmp_path: Path) -> None:
    issued = shop("key", "issue", "service", "audited")
    key_id = issued.out.split("_")[2]
    said = shop("audit", "list", "--actor", "CLI", "--action", "key.", "--most", "1")
    assert said.code == 0, said.err
    assert "key.issue" in said.out
    assert key_id in said.out
    assert issued.out.strip() not in said.out
    file = tmp_path / "audit.csv"
    assert shop("audit", "export", file, "--action", "key.").code == 0
    with file.open(encoding="utf-8", newline="") as read:
        rows = list(csv.DictReader(read))
    assert {row["action"] for row in rows} <= {"key.issue", "key.rotate", "key.revoke"}
    assert key_id in rows[-1]["facts"]
    assert "audit.export" in shop("audit", "list", "--actor", "CLI").out


def test_the_command_line_knows_people_and_stores_by_name(migrated: Shell) -> None:
    assert migrated("init").code == 0
    assert migrated("store", "add", "LOG1", "Logged").code == 0
    assert migrated("staff", "add", "liu", "--role", "CASHIER", "--store", "LOG1").code == 0
    assert migrated("token", "staff", "liu").code == 0
    who, place = migrated.sql("SELECT id, store_id FROM staff WHERE username = 'liu'")[0].values()

    async def does() -> None:
        actor = Actor(ActorKind.STAFF, str(who), role=StaffRole.CASHIER, store_id=place)
        await adjust(await member("Mei"), 7, actor=actor)

    migrated.look(does)
    for words in (("--actor", "liu"), ("--actor", who)):
        said = migrated("audit", "list", *words)
        assert said.code == 0, said.err
        assert "points.adjust  STAFF CASHIER liu" in said.out
        assert "store LOG1" in said.out
    nothing = migrated("audit", "list", "--actor", "nobody-at-all")
    assert (nothing.code, nothing.out, nothing.err.strip()) == (0, "", "no lines")


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--member", "nobody"), "no id"),
        (("--since", "yesterday"), "no moment"),
        (("--action", ""), "nothing to look for"),
        (("--actor", "x" * 100), "nothing to look for"),
    ],
)
def test_what_cannot_be_looked_for_is_one_clear_line(shop: Shell, words: tuple[str, ...], complaint: str) -> None:
    said = shop("audit", "list", *words)
    assert said.is_clear, said.err
    assert complaint in said.err
