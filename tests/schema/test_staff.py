"""Staff as the API shows them: listed by name, invited, closed and given other roles by those who lead."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from models.credentials import PrincipalKind
from models.sql import SQL
from models.staff import StaffRole
from rules import credentials, staff
from rules.actors import SYSTEM, Principal
from schema import ids, pages
from schema.ids import Tag
from tests.people import NOON, member, programme
from tests.schema.asking import ANALYST, CASHIER, CLERK, OWNER, Answer, act, as_staff, ask, member_id, refusals

LATER = NOON + timedelta(minutes=5)
BOSS = replace(OWNER, proven_until=LATER)
ADMIN = replace(as_staff(StaffRole.ADMIN), proven_until=LATER)
SHOWN = "staff { id username role store { id code name } isOpen isActivated hasTotp createdAt lastLoginAt }"


async def crew() -> dict[str, UUID]:
    """Mei the owner, Li the cashier by the lake and Wang of the desk."""
    await programme()
    lake = await staff.open_store("LAKE", "By the lake")
    return {
        "mei": await staff.hire("mei", "hash", StaffRole.OWNER, now=NOON),
        "li": await staff.hire("li", "hash", StaffRole.CASHIER, store_id=lake, now=NOON),
        "wang": await staff.hire("wang", "hash", StaffRole.CS, now=NOON),
    }


def staff_id(who: UUID) -> str:
    return ids.encode(Tag.STAFF, who)


async def listed(arguments: str, who: Principal = OWNER) -> Answer:
    wanted = "{ nodes { username } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } }"
    return await ask(f"{{ staff({arguments}) {wanted} }}", who=who)


async def test_everybody_is_listed_by_name_page_by_page_in_both_directions() -> None:
    await crew()
    first = (await listed("first: 2"))["staff"]
    assert [each["username"] for each in first["nodes"]] == ["li", "mei"]
    assert first["pageInfo"]["hasNextPage"]
    rest = (await listed(f'first: 2, after: "{first["pageInfo"]["endCursor"]}"'))["staff"]
    assert [each["username"] for each in rest["nodes"]] == ["wang"]
    assert not rest["pageInfo"]["hasNextPage"]
    back = (await listed(f'last: 2, before: "{rest["pageInfo"]["startCursor"]}"'))["staff"]
    assert [each["username"] for each in back["nodes"]] == ["li", "mei"]


@pytest.mark.parametrize("key", [("\x00",), (7,), (None,), ("a", "b"), ("\u202e",)])
async def test_a_cursor_that_is_none_is_a_mistake(key: Any) -> None:
    assert (await listed(f'first: 2, after: "{pages.cursor(*key)}"')).codes == ["BAD_USER_INPUT"]


@pytest.mark.parametrize("who", [CLERK, CASHIER, ANALYST])
async def test_only_those_who_lead_see_the_others(who: Principal) -> None:
    await crew()
    assert (await listed("first: 2", who)).codes == ["FORBIDDEN"]
    assert (await ask("{ staffMe { provenUntil } }", who=who))["staffMe"] is None


async def test_an_account_is_shown_with_its_store_and_its_last_login() -> None:
    people = await crew()
    for moment in (NOON, NOON + timedelta(hours=1)):
        await credentials.log_in(PrincipalKind.STAFF, people["li"], actor=SYSTEM, now=moment)
    document = "{ staff(first: 10) { nodes { id username role store { code name } isOpen hasTotp lastLoginAt } } }"
    li, mei, _ = (await ask(document, who=OWNER))["staff"]["nodes"]
    assert li == {
        "id": staff_id(people["li"]),
        "username": "li",
        "role": "CASHIER",
        "store": {"code": "LAKE", "name": "By the lake"},
        "isOpen": True,
        "hasTotp": False,
        "lastLoginAt": "2026-03-10T05:00:00Z",
    }
    assert (mei["store"], mei["lastLoginAt"]) == (None, None)


async def test_somebody_new_is_invited_with_a_link() -> None:
    await crew()
    given = {"username": " zhao ", "role": "CASHIER", "storeCode": "LAKE", "hours": 2}
    made = await act("staffInvite", f"link expiresAt {SHOWN}", given, who=BOSS)
    assert refusals(made) == []
    base, _, token = made["link"].partition("#")
    assert base == "http://house/activate"
    assert await staff.invited(token, NOON) == "zhao"
    assert made["expiresAt"] == "2026-03-10T06:00:00Z"
    assert (made["staff"]["username"], made["staff"]["store"]["code"]) == ("zhao", "LAKE")
    assert (made["staff"]["isOpen"], made["staff"]["isActivated"]) == (True, False)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"username": "zhao", "role": "CASHIER"}, "STORE_REQUIRED"),
        ({"username": "zhao", "role": "CASHIER", "storeCode": "NOWHERE"}, "NOT_FOUND"),
        ({"username": "zhao", "role": "CASHIER", "storeCode": "\x00"}, "NOT_FOUND"),
        ({"username": "zhao"}, "NOT_FOUND"),
        ({"username": "wang", "role": "CS"}, "NAME_TAKEN"),
    ],
)
async def test_an_invitation_that_cannot_be_is_refused(given: dict[str, str], code: str) -> None:
    await crew()
    assert refusals(await act("staffInvite", "link", given, who=BOSS)) == [code]


@pytest.mark.parametrize("wrong", [{"username": ""}, {"username": "x" * 65}, {"username": "a\x00"}, {"hours": 0}])
async def test_an_invitation_to_no_name_or_for_no_time_is_a_mistake(wrong: dict[str, Any]) -> None:
    await crew()
    document = "mutation($i: StaffInviteInput!) { staffInvite(input: $i) { link } }"
    given = {"username": "zhao", "role": "CS", **wrong}
    assert (await ask(document, {"i": given}, who=BOSS)).codes == ["BAD_USER_INPUT"]


async def test_what_leads_to_access_needs_a_proof() -> None:
    people = await crew()
    wang = {"staffId": staff_id(people["wang"])}
    for mutation, given in (
        ("staffInvite", {"username": "zhao", "role": "CS"}),
        ("staffClose", wang),
        ("staffReopen", wang),
        ("staffRoleChange", {**wang, "role": "ANALYST"}),
        ("staffMemberSet", {**wang, "memberId": None}),
    ):
        assert refusals(await act(mutation, "staff { id }", given, who=OWNER)) == ["PROOF_REQUIRED"], mutation


async def test_an_account_is_closed_and_opened_again() -> None:
    people = await crew()
    wang = {"staffId": staff_id(people["wang"])}
    token = (await credentials.log_in(PrincipalKind.STAFF, people["wang"], actor=SYSTEM, now=NOON)).access
    closed = await act("staffClose", SHOWN, wang, who=ADMIN)
    assert closed["staff"]["isOpen"] is False
    assert await credentials.recognise(token, NOON) is None
    assert (await act("staffReopen", SHOWN, wang, who=ADMIN))["staff"]["isOpen"] is True
    assert refusals(await act("staffClose", SHOWN, {"staffId": staff_id(people["mei"])}, who=BOSS)) == [
        "LAST_OWNER"
    ]
    assert refusals(await act("staffClose", SHOWN, {"staffId": staff_id(people["mei"])}, who=ADMIN)) == [
        "ROLE_TOO_LOW"
    ]


@pytest.mark.parametrize("mutation", ["staffClose", "staffReopen", "staffRoleChange", "staffMemberSet"])
async def test_an_absent_account_and_a_malformed_id_look_alike(mutation: str) -> None:
    people = await crew()
    needs: dict[str, dict[str, Any]] = {"staffRoleChange": {"role": "CS"}, "staffMemberSet": {"memberId": None}}
    more = needs.get(mutation, {})
    for text in (staff_id(UUID(int=7)), "", "x", ids.encode(Tag.MEMBER, people["wang"])):
        assert refusals(await act(mutation, SHOWN, {"staffId": text, **more}, who=BOSS)) == ["NOT_FOUND"]


async def test_who_somebody_is_as_a_member_is_said_by_who_leads_and_shown_to_them_alone() -> None:
    people = await crew()
    wang, mine = staff_id(people["wang"]), member_id(await member("Wang"))
    named = await act("staffMemberSet", "staff { memberId }", {"staffId": wang, "memberId": mine}, who=ADMIN)
    assert named["staff"] == {"memberId": mine}
    for text in (member_id(UUID(int=7)), "x", wang):
        given = {"staffId": wang, "memberId": text}
        assert refusals(await act("staffMemberSet", SHOWN, given, who=ADMIN)) == ["NOT_FOUND"]
    assert (await ask("{ staffMe { staff { memberId } } }", who=CLERK)).codes == ["FORBIDDEN"]


async def test_a_change_of_role_and_store_acts_at_once() -> None:
    people = await crew()
    token = (await credentials.log_in(PrincipalKind.STAFF, people["wang"], actor=SYSTEM, now=NOON)).access
    given = {"staffId": staff_id(people["wang"]), "role": "CASHIER", "storeCode": "LAKE"}
    changed = await act("staffRoleChange", SHOWN, given, who=ADMIN)
    assert (changed["staff"]["role"], changed["staff"]["store"]["code"]) == ("CASHIER", "LAKE")
    who = await credentials.recognise(token, NOON)
    assert who is not None
    assert (who.role, who.store_id) == (StaffRole.CASHIER, await staff.store("LAKE"))


async def test_two_reads_at_once_are_each_answered() -> None:
    await crew()
    one, two = await asyncio.gather(listed("first: 1"), listed("first: 2"))
    assert [len(each["staff"]["nodes"]) for each in (one, two)] == [1, 2]
    assert await SQL("SELECT COUNT(*) AS n FROM staff").value() == 3


async def test_stores_are_listed_by_code_for_all_staff() -> None:
    await programme()
    made = {code: await staff.open_store(code, f"Tea {code}") for code in ("SH02", "SH01", "HZ01")}
    document = """query($a: String, $first: Int, $last: Int) { stores(first: $first, after: $a, last: $last) {
      nodes { id code name } pageInfo { endCursor hasNextPage } } }"""
    one = (await ask(document, {"first": 2}, who=CASHIER))["stores"]
    assert one["nodes"][0] == {"id": ids.encode(Tag.STORE, made["HZ01"]), "code": "HZ01", "name": "Tea HZ01"}
    assert one["pageInfo"]["hasNextPage"]
    two = (await ask(document, {"a": one["pageInfo"]["endCursor"]}, who=ANALYST))["stores"]
    assert [each["code"] for each in (*one["nodes"], *two["nodes"])] == ["HZ01", "SH01", "SH02"]
    assert [each["code"] for each in (await ask(document, {"last": 1}, who=CLERK))["stores"]["nodes"]] == ["SH02"]
    assert (await ask("{ stores { nodes { id } } }")).codes == ["UNAUTHENTICATED"]
