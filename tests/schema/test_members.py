"""Members through the schema: recognised, enrolled, frozen, thawed, and in their own words."""

from typing import Any

import pytest

from models.sql import SQL
from models.staff import StaffRole
from schema.identities import IDENTITIES_MAX
from tests.people import buy, member, programme
from tests.schema.asking import CASHIER, CLERK, OWNER, SERVICE, act, as_member, as_staff, ask, member_id, refusals

PHONE = {"kind": "PHONE", "value": "+8613800001234", "verified": True}
CARD = {"kind": "CARD", "namespace": "house", "value": "pt 0001"}
EXTERNAL = {"kind": "EXTERNAL", "namespace": "erp", "value": "客户-7"}
FOUND = "member { id state joinedAt identities { kind masked verified } } created"
ENROLLED = "member { id state joinedAt profile { displayName birthday } } replayed"
MEMBERS = SQL("SELECT COUNT(*) AS n FROM member")
IDENTITIES = SQL("SELECT COUNT(*) AS n FROM member_identity")
AUDITED = SQL(
    "SELECT action, reason, facts FROM audit_log WHERE member_id = $1 ORDER BY id", fans_out="a test looks"
)


async def identify(*identities: dict[str, Any], who: Any = SERVICE, **more: Any) -> Any:
    return await act("memberIdentify", FOUND, {"identities": list(identities), **more}, who=who)


async def test_a_stranger_is_created_only_when_that_is_allowed() -> None:
    await programme()
    assert refusals(await identify(PHONE)) == ["NOT_FOUND"]
    assert await MEMBERS.value() == 0
    made = await identify(PHONE, CARD, allowCreate=True)
    assert made["created"] is True
    assert made["member"]["state"] == "ACTIVE"
    assert made["member"]["joinedAt"] == "2026-03-10T04:00:00Z"
    assert made["member"]["identities"] == [
        {"kind": "PHONE", "masked": "138****1234", "verified": True},
        {"kind": "CARD", "masked": "****01", "verified": False},
    ]
    again = await identify(CARD)
    assert again["created"] is False
    assert again["member"]["id"] == made["member"]["id"]


async def test_a_name_nobody_has_is_added_to_the_member_the_others_mean() -> None:
    await programme()
    made = await identify(PHONE, allowCreate=True)
    found = await identify(PHONE, EXTERNAL)
    assert found["member"]["id"] == made["member"]["id"]
    assert [each["kind"] for each in found["member"]["identities"]] == ["PHONE", "EXTERNAL"]
    assert (await identify(EXTERNAL))["member"]["id"] == made["member"]["id"]


async def test_a_cashier_finds_a_member_and_adds_nothing_to_them() -> None:
    await programme()
    made = await identify(PHONE, allowCreate=True)
    found = await identify(PHONE, CARD, who=CASHIER)
    assert found["member"]["id"] == made["member"]["id"]
    assert await IDENTITIES.value() == 1
    assert refusals(await identify(CARD, who=CASHIER)) == ["NOT_FOUND"]


async def test_a_cashier_does_not_create_members_by_recognising_strangers() -> None:
    await programme()
    assert refusals(await identify(CARD, who=CASHIER, allowCreate=True)) == ["NOT_FOUND"]
    assert await MEMBERS.value() == 0


async def test_identities_of_two_members_are_a_conflict_that_names_both_and_joins_nobody() -> None:
    await programme()
    mei = (await identify(PHONE, allowCreate=True))["member"]["id"]
    lan = (await identify(CARD, allowCreate=True))["member"]["id"]
    document = """mutation($input: MemberIdentifyInput!) { memberIdentify(input: $input) {
      member { id }
      userErrors { __typename code message field retryable ... on IdentityConflict { memberIds } }
    } }"""
    given = {"identities": [PHONE, CARD, EXTERNAL], "allowCreate": True}
    payload = (await ask(document, {"input": given}, who=CLERK))["memberIdentify"]
    assert payload["member"] is None
    [told] = payload["userErrors"]
    assert sorted(told.pop("memberIds")) == sorted([mei, lan])
    assert told == {
        "__typename": "IdentityConflict",
        "code": "IDENTITY_CONFLICT",
        "message": "These identities belong to different members.",
        "field": ["identities"],
        "retryable": False,
    }
    assert await IDENTITIES.value() == 2


async def test_an_unverified_phone_is_not_added_to_a_member_who_has_one() -> None:
    await programme()
    await identify(PHONE, CARD, allowCreate=True)
    other = {**PHONE, "value": "+8613800009999"}
    assert refusals(await identify(CARD, {**other, "verified": False})) == ["IDENTITY_UNVERIFIED"]
    assert refusals(await identify(CARD, other)) == []


async def test_only_a_services_word_makes_an_identity_verified() -> None:
    await programme()
    made = await identify(PHONE, who=CLERK, allowCreate=True)
    assert [each["verified"] for each in made["member"]["identities"]] == [False]


@pytest.mark.parametrize(
    "bad",
    [
        {"kind": "PHONE", "value": "12"},
        {"kind": "PHONE", "value": "no number"},
        {"kind": "CARD", "namespace": "house", "value": "   "},
        {"kind": "CARD", "namespace": "house", "value": "a\u202eb"},
        {"kind": "EXTERNAL", "namespace": "erp", "value": "x" * 129},
        {"kind": "EXTERNAL", "namespace": "\u0000", "value": "x"},
    ],
)
async def test_what_cannot_be_the_identity_it_claims_to_be_is_refused(bad: dict[str, Any]) -> None:
    await programme()
    document = """mutation($input: MemberIdentifyInput!) { memberIdentify(input: $input) {
      userErrors { code ... on IdentityInvalid { kind } } } }"""
    given = {"identities": [CARD, bad], "allowCreate": True}
    payload = (await ask(document, {"input": given}, who=SERVICE))["memberIdentify"]
    assert payload["userErrors"] == [{"code": "IDENTITY_INVALID", "kind": bad["kind"]}]
    assert await MEMBERS.value() == 0


@pytest.mark.parametrize("count", [0, IDENTITIES_MAX + 1])
async def test_one_to_ten_identities_are_sent_at_once(count: int) -> None:
    await programme()
    document = "mutation($i: MemberIdentifyInput!) { memberIdentify(input: $i) { created } }"
    answer = await ask(document, {"i": {"identities": [CARD] * count}}, who=SERVICE)
    assert answer.codes == ["BAD_USER_INPUT"]


async def test_the_same_name_written_differently_is_the_same_member() -> None:
    await programme()
    made = await identify(PHONE, CARD, allowCreate=True)
    for same in (
        {**PHONE, "value": "138 0000 1234"},
        {**CARD, "value": "PT 0001"},
        {**CARD, "value": "ＰＴ 0001"},
    ):
        assert (await identify(same))["member"]["id"] == made["member"]["id"]


async def test_a_clerk_enrols_somebody_once() -> None:
    await programme()
    given = {"identities": [PHONE], "profile": {"displayName": " 林小雨 ", "birthday": "1990-02-28"}}
    made = await act("memberEnroll", ENROLLED, given, who=CLERK)
    assert made["member"]["state"] == "ACTIVE"
    assert made["member"]["profile"] == {"displayName": "林小雨", "birthday": "1990-02-28"}
    assert made["replayed"] is False
    again = await act("memberEnroll", ENROLLED, given, who=CLERK)
    assert (again["replayed"], again["member"]["id"]) == (True, made["member"]["id"])
    assert await MEMBERS.value() == 1


async def test_a_frozen_member_is_not_enrolled_anew() -> None:
    await programme()
    given = {"identities": [PHONE]}
    who = (await act("memberEnroll", ENROLLED, given, who=CLERK))["member"]["id"]
    await act("memberFreeze", "", {"memberId": who, "reason": "RISK"}, who=CLERK)
    assert refusals(await act("memberEnroll", ENROLLED, given, who=CLERK)) == ["MEMBER_FROZEN"]


async def test_staff_must_say_whom_they_enrol() -> None:
    await programme()
    document = "mutation($i: MemberEnrollInput!) { memberEnroll(input: $i) { replayed } }"
    assert (await ask(document, {"i": {}}, who=CLERK)).codes == ["BAD_USER_INPUT"]
    assert await MEMBERS.value() == 0


async def test_a_member_enrols_themselves_and_nobody_else() -> None:
    await programme()
    mei = await member("Mei")
    given = {"identities": [CARD], "profile": {"displayName": "Somebody else"}}
    payload = await act("memberEnroll", ENROLLED, given, who=as_member(mei))
    assert payload["member"]["id"] == member_id(mei)
    assert payload["replayed"] is True
    assert await MEMBERS.value() == 1


async def test_a_frozen_member_spends_nothing_until_they_are_thawed_with_what_waited() -> None:
    await programme()
    mei = await member("Mei")
    await buy(mei, 100_00)
    state = "member { state points { available pending } }"
    stop = {"memberId": member_id(mei), "reason": "risk review"}
    frozen = await act("memberFreeze", state, stop, who=CLERK)
    assert frozen["member"]["state"] == "FROZEN"
    await buy(mei, 50_00)
    spend = {"points": 10, "idempotencyKey": "spend-while-frozen"}
    assert refusals(await act("pointsRedeem", "", spend, who=as_member(mei))) == ["MEMBER_FROZEN"]
    thawed = await act("memberUnfreeze", state, {**stop, "reason": "CLEARED"}, who=OWNER)
    assert thawed["member"] == {"state": "ACTIVE", "points": {"available": 150, "pending": 0}}
    assert refusals(await act("pointsRedeem", "", spend, who=as_member(mei))) == []
    audited = [(row["action"], row["reason"]) for row in await AUDITED.rows(mei)]
    assert [each for each in audited if "freeze" in each[0]] == [
        ("member.freeze", "RISK_REVIEW"),
        ("member.unfreeze", "CLEARED"),
    ]


async def test_freezing_a_frozen_member_changes_nothing() -> None:
    await programme()
    mei = await member("Mei")
    given = {"memberId": member_id(mei), "reason": "RISK"}
    for _ in range(2):
        payload = await act("memberFreeze", "member { state }", given, who=CLERK)
        assert payload == {"member": {"state": "FROZEN"}, "userErrors": []}
    assert [row["action"] for row in await AUDITED.rows(mei)].count("member.freeze") == 1


async def test_a_member_changes_what_they_say_and_the_rest_stays() -> None:
    await programme()
    mei = await member("Mei")
    told = "member { profile { displayName avatarUrl birthday } card { displayName avatarUrl } }"
    avatar, born, name = (
        {"avatarUrl": "https://img.example/m.png"},
        {"birthday": "2000-02-29"},
        {"displayName": "梅"},
    )
    for profile in (avatar, born):
        assert refusals(await act("memberProfileUpdate", told, {"profile": profile}, who=as_member(mei))) == []
    payload = await act("memberProfileUpdate", told, {"profile": name}, who=as_member(mei))
    assert payload["member"] == {
        "profile": {"displayName": "梅", "avatarUrl": "https://img.example/m.png", "birthday": "2000-02-29"},
        "card": {"displayName": "梅", "avatarUrl": "https://img.example/m.png"},
    }


@pytest.mark.parametrize(
    ("profile", "part"),
    [
        ({"displayName": "   "}, "displayName"),
        ({"displayName": "x" * 41}, "displayName"),
        ({"displayName": "a\u200bb"}, "displayName"),
        ({"avatarUrl": "http://img.example/m.png"}, "avatarUrl"),
        ({"avatarUrl": "javascript:alert(1)"}, "avatarUrl"),
        ({"avatarUrl": "https://img.example/" + "x" * 300}, "avatarUrl"),
        ({"avatarUrl": "https://["}, "avatarUrl"),
        ({"birthday": "2026-03-11"}, "birthday"),
        ({"birthday": "1899-12-31"}, "birthday"),
    ],
)
async def test_a_profile_that_cannot_be_kept_is_refused_by_its_part(profile: dict[str, str], part: str) -> None:
    await programme()
    mei = await member("Mei")
    document = """mutation($i: MemberProfileUpdateInput!) { memberProfileUpdate(input: $i) {
      member { id } userErrors { code ... on ProfileInvalid { part } } } }"""
    payload = (await ask(document, {"i": {"profile": profile}}, who=as_member(mei)))["memberProfileUpdate"]
    assert payload == {"member": None, "userErrors": [{"code": "PROFILE_INVALID", "part": part}]}
    kept = (await ask("{ me { profile { displayName avatarUrl birthday } } }", who=as_member(mei)))["me"]["profile"]
    assert kept == {"displayName": "Mei", "avatarUrl": None, "birthday": None}


async def test_refusals_speak_the_callers_language() -> None:
    await programme()
    said = {}
    for language in ("en", "zh"):
        given = {"memberId": "nobody", "reason": "RISK"}
        payload = await act("memberFreeze", "", given, who=CLERK, language=language)
        said[language] = payload["userErrors"][0]["message"]
    assert said == {"en": "Nothing here answers to that id.", "zh": "未找到。"}


async def test_only_the_desk_freezes() -> None:
    await programme()
    mei = await member("Mei")
    document = "mutation($i: MemberFreezeInput!) { memberFreeze(input: $i) { member { id } } }"
    given = {"i": {"memberId": member_id(mei), "reason": "RISK"}}
    for who in (CASHIER, SERVICE, as_member(mei), as_staff(StaffRole.ANALYST)):
        assert (await ask(document, given, who=who)).codes[:1] == ["FORBIDDEN"]
    assert (await ask("{ me { state } }", who=as_member(mei)))["me"] == {"state": "ACTIVE"}
