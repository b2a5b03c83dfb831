"""Approvals through the schema: who asks, who decides, and what everybody sees of it."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from models.sql import SQL
from models.staff import StaffRole
from models.units import Points
from rules import staff
from rules.actors import SYSTEM, Principal
from rules.approvals import LIVES_FOR
from schema import ids
from schema.ids import Tag
from tests.people import DAY, NOON, fresh_key, member, movements, programme
from tests.schema.asking import (
    ANALYST,
    CASHIER,
    PARTNER,
    SERVICE,
    Answer,
    act,
    as_member,
    as_staff,
    ask,
    member_id,
    refusals,
)

WHOLE = """approval { id kind state memberId delta reason note requestedAt expiresAt decidedAt decisionReason
  card { displayName } requestedBy { id username } decidedBy { username } entry { points kind balanceAfter }
  preview { allowed userErrors { code } } } replayed"""
LIST = """query($state: ApprovalState, $first: Int, $after: String, $last: Int, $before: String) {
  approvals(state: $state, first: $first, after: $after, last: $last, before: $before) {
    nodes { id state delta note requestedBy { username } preview { allowed } entry { points } card { displayName } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""


async def hired(name: str, role: StaffRole) -> UUID:
    return await staff.hire(name, "hash", role, now=NOON)


async def the_two() -> tuple[Principal, Principal]:
    """Ann of customer service, and Bo, who leads and proved himself a moment ago."""
    await programme(adjust_proof_above=Points(100), adjust_approval_above=Points(500))
    ann = as_staff(StaffRole.CS, staff_id=await hired("ann", StaffRole.CS))
    return ann, lead(await hired("bo", StaffRole.ADMIN))


def lead(staff_id: UUID, *, until: datetime = NOON + timedelta(minutes=5)) -> Principal:
    return as_staff(StaffRole.ADMIN, staff_id=staff_id, proven_until=until)


async def request(who: Principal, whose: str, delta: int = 800, *, at: datetime = NOON, **more: Any) -> Any:
    wanted = {"memberId": whose, "delta": delta, "reason": "goodwill", **more}
    given = {"subject": {"pointsAdjust": wanted}, "idempotencyKey": fresh_key()}
    return await act("approvalRequest", WHOLE, given, who=who, at=at)


async def approve(who: Principal, what: str, *, key: str | None = None, at: datetime = NOON) -> Any:
    given = {"approvalId": what, "idempotencyKey": key or fresh_key()}
    return await act("approvalApprove", WHOLE, given, who=who, at=at)


async def test_a_request_is_made_seen_and_approved() -> None:
    ann, bo = await the_two()
    mei = member_id(await member("Mei"))
    asked = (await request(ann, mei, note="打翻了茶"))["approval"]
    assert asked == {
        "id": asked["id"],
        "kind": "POINTS_ADJUST",
        "state": "PENDING",
        "memberId": mei,
        "delta": 800,
        "reason": "GOODWILL",
        "note": "打翻了茶",
        "requestedAt": "2026-03-10T04:00:00Z",
        "expiresAt": "2026-03-17T04:00:00Z",
        "decidedAt": None,
        "decisionReason": None,
        "card": {"displayName": "Mei"},
        "requestedBy": {"id": ids.encode(Tag.STAFF, UUID(ann.id)), "username": "ann"},
        "decidedBy": None,
        "entry": None,
        "preview": {"allowed": True, "userErrors": []},
    }
    key = fresh_key()
    done = await approve(bo, asked["id"], key=key)
    assert (done["userErrors"], done["replayed"]) == ([], False)
    assert done["approval"] == {
        **asked,
        "state": "APPROVED",
        "decidedAt": "2026-03-10T04:00:00Z",
        "decidedBy": {"username": "bo"},
        "entry": {"points": 800, "kind": "ADJUST_IN", "balanceAfter": 800},
        "preview": None,
    }
    assert await approve(bo, asked["id"], key=key) == {**done, "replayed": True}


async def test_a_request_is_rejected_for_a_reason_or_taken_back() -> None:
    ann, bo = await the_two()
    mei = member_id(await member("Mei"))
    one, other = [(await request(ann, mei))["approval"]["id"] for _ in range(2)]
    told = {"approvalId": one, "reason": "no evidence"}
    rejected = (await act("approvalReject", WHOLE, told, who=bo))["approval"]
    assert (rejected["state"], rejected["decisionReason"], rejected["decidedBy"]) == (
        "REJECTED",
        "NO_EVIDENCE",
        {"username": "bo"},
    )
    back = (await act("approvalWithdraw", WHOLE, {"approvalId": other}, who=ann))["approval"]
    assert (back["state"], back["decidedBy"], back["preview"]) == ("WITHDRAWN", {"username": "ann"}, None)


async def test_everything_that_is_refused_has_its_code_and_points_at_its_part() -> None:
    ann, bo = await the_two()
    mei = member_id(await member("Mei"))
    out = (await request(ann, mei, -600))["approval"]
    assert out["preview"] == {"allowed": False, "userErrors": [{"code": "INSUFFICIENT_POINTS"}]}
    own = (await request(bo, mei))["approval"]["id"]
    unproven = lead(UUID(bo.id), until=NOON)
    wrong = [
        await approve(bo, out["id"]),
        await approve(bo, own),
        await approve(unproven, out["id"]),
        await approve(bo, out["id"], at=NOON + LIVES_FOR),
        await act("approvalWithdraw", WHOLE, {"approvalId": own}, who=ann),
    ]
    assert [
        (each["approval"], each["userErrors"][0]["code"], each["userErrors"][0]["field"]) for each in wrong
    ] == [
        (None, "INSUFFICIENT_POINTS", None),
        (None, "OWN_APPROVAL", ["approvalId"]),
        (None, "PROOF_REQUIRED", None),
        (None, "APPROVAL_EXPIRED", ["approvalId"]),
        (None, "NOT_REQUESTER", ["approvalId"]),
    ]
    await staff.close(UUID(ann.id), actor=SYSTEM, now=NOON)
    found = (await ask(LIST, who=bo))["approvals"]["nodes"]
    assert [each["preview"]["allowed"] for each in found] == [True, False]
    assert refusals(await approve(bo, out["id"])) == ["REQUESTER_GONE"]


async def test_an_adjustment_of_nothing_is_not_asked_for() -> None:
    ann, _ = await the_two()
    mei = member_id(await member("Mei"))
    document = "mutation($i: ApprovalRequestInput!) { approvalRequest(input: $i) { replayed } }"
    wanted = {"memberId": mei, "delta": 0, "reason": "GOODWILL"}
    for subject in ({"pointsAdjust": wanted}, {}, {"pointsAdjust": None}):
        given = {"subject": subject, "idempotencyKey": "asked-for-it"}
        answer = await ask(document, {"i": given}, who=ann)
        assert answer.codes == ["BAD_USER_INPUT"]


async def test_the_queue_is_read_by_state_and_in_pages() -> None:
    ann, bo = await the_two()
    mei, lan = member_id(await member("Mei")), member_id(await member("Lan"))
    made = [(await request(ann, (mei, lan)[turn % 2], 600 + turn))["approval"]["id"] for turn in range(5)]
    late = (await request(ann, mei, 700, at=NOON + DAY))["approval"]["id"]
    await approve(bo, made[0])
    await act("approvalWithdraw", WHOLE, {"approvalId": made[1]}, who=ann)

    async def listed(at: datetime = NOON, **given: Any) -> list[str]:
        return [node["id"] for node in (await ask(LIST, given, who=ann, at=at))["approvals"]["nodes"]]

    assert await listed() == [late, *reversed(made)]
    assert await listed(state="PENDING") == [late, made[4], made[3], made[2]]
    assert await listed(state="APPROVED") == [made[0]]
    assert await listed(state="WITHDRAWN") == [made[1]]
    assert await listed(state="REJECTED") == await listed(state="EXPIRED") == []
    then = NOON + LIVES_FOR
    assert await listed(at=then, state="PENDING") == [late]
    assert await listed(at=then, state="EXPIRED") == [made[4], made[3], made[2]]
    first = (await ask(LIST, {"first": 4}, who=ann))["approvals"]
    rest = (await ask(LIST, {"first": 4, "after": first["pageInfo"]["endCursor"]}, who=ann))["approvals"]
    assert [node["id"] for node in first["nodes"] + rest["nodes"]] == [late, *reversed(made)]
    assert (first["pageInfo"]["hasNextPage"], rest["pageInfo"]["hasNextPage"]) == (True, False)
    back = {"last": 2, "before": rest["pageInfo"]["startCursor"]}
    assert await listed(**back) == [made[3], made[2]]
    assert (await ask(LIST, {"after": "nonsense"}, who=ann)).codes == ["BAD_USER_INPUT"]


async def test_a_members_requests_are_found_with_the_member() -> None:
    ann, _ = await the_two()
    mei, lan = await member("Mei"), await member("Lan")
    made = [(await request(ann, member_id(mei), 600 + turn))["approval"]["id"] for turn in range(3)]
    await request(ann, member_id(lan))
    document = """query($id: ID!, $after: String) { member(by: {id: $id}) {
      approvals(first: 2, after: $after) { nodes { id } pageInfo { hasNextPage endCursor } } } }"""
    page = (await ask(document, {"id": member_id(mei)}, who=ann))["member"]["approvals"]
    assert ([node["id"] for node in page["nodes"]], page["pageInfo"]["hasNextPage"]) == ([made[2], made[1]], True)
    more = {"id": member_id(mei), "after": page["pageInfo"]["endCursor"]}
    page = (await ask(document, more, who=ann))["member"]["approvals"]
    assert ([node["id"] for node in page["nodes"]], page["pageInfo"]["hasNextPage"]) == ([made[0]], False)


@pytest.mark.parametrize("count", [1, 6])
async def test_a_page_of_the_queue_takes_as_many_statements_as_it_has_relations(
    count: int, statements: list[str]
) -> None:
    ann, bo = await the_two()
    for number in range(count):
        mei = member_id(await member(f"Member {number}"))
        done = (await request(ann, mei, note="a note"))["approval"]["id"]
        await approve(bo, done)
        await request(ann, mei, note="another")
    statements.clear()
    nodes = (await ask(LIST, who=ann))["approvals"]["nodes"]
    assert [node["note"] for node in nodes] == ["another", "a note"] * count
    assert [node["entry"] for node in nodes] == [None, {"points": 800}] * count
    # one of them sees that nothing was written while the others read
    assert len(statements) <= 12, statements


async def test_a_request_has_an_id_that_means_nothing_to_those_who_may_not_see_it() -> None:
    ann, bo = await the_two()
    mei = await member("Mei")
    made = (await request(ann, member_id(mei)))["approval"]["id"]
    bare = "query($id: ID!) { node(id: $id) { __typename id } }"
    for who in (ann, bo):
        assert (await ask(bare, {"id": made}, who=who))["node"] == {"__typename": "Approval", "id": made}
    for other in (None, as_member(mei), PARTNER, SERVICE, CASHIER, ANALYST):
        assert await ask(bare, {"id": made}, who=other) == Answer({"node": None})


async def test_an_id_of_no_request_is_refused_alike_and_nothing_is_written() -> None:
    ann, bo = await the_two()
    mei, lan = await member("Mei"), await member("Lan")
    made = (await request(ann, member_id(mei)))["approval"]["id"]
    known = ids.decode(Tag.APPROVAL, made)
    assert known is not None
    nobody = [
        ids.encode(Tag.APPROVAL, mei, uuid4()),
        ids.encode(Tag.APPROVAL, lan, known[1]),
        ids.encode(Tag.APPROVAL, uuid4(), known[1]),
        member_id(mei),
        "nonsense",
        "",
    ]
    answers = [await approve(bo, given) for given in nobody]
    answers += [await act("approvalReject", WHOLE, {"approvalId": i, "reason": "NO"}, who=bo) for i in nobody]
    answers += [await act("approvalWithdraw", WHOLE, {"approvalId": i}, who=ann) for i in nobody]
    assert all(answer == answers[0] for answer in answers)
    assert refusals(answers[0]) == ["NOT_FOUND"]
    for whose in (member_id(uuid4()), made, "nonsense", ""):
        assert refusals(await request(ann, whose)) == ["NOT_FOUND"]
    assert await SQL("SELECT COUNT(*) AS n FROM approval").value() == 1
    assert await movements(mei) == []


async def test_members_hear_nothing_of_what_the_staff_ask_of_each_other() -> None:
    ann, bo = await the_two()
    mei = await member("Mei")
    document = "query($after: String) { memberEvents(after: $after) { events { type } hasMore latest } }"
    before = (await ask(document, who=as_member(mei)))["memberEvents"]
    made = (await request(ann, member_id(mei)))["approval"]["id"]
    quiet = (await ask(document, {"after": before["latest"]}, who=as_member(mei)))["memberEvents"]
    assert (quiet["events"], quiet["hasMore"]) == ([], False)
    await approve(bo, made)
    heard = (await ask(document, {"after": quiet["latest"]}, who=as_member(mei)))["memberEvents"]
    assert [each["type"] for each in heard["events"]] == ["POINTS_MOVED"]
