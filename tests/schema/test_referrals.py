"""Referrals as clients ask for them: codes, touches, enrolling, and each side's view."""

from typing import Any
from uuid import UUID

from models.staff import StaffRole
from models.units import Points
from rules.referrals import Milestone, QualifyingAct
from schema import ids
from schema.ids import Tag
from tests.people import DAY, NOON, buy, fresh_key, member, merge, programme
from tests.referring import campaign, code, friend, work
from tests.schema.asking import CLERK, SERVICE, as_member, as_staff, ask

OPERATOR = as_staff(StaffRole.OPERATOR)
OWN = "{ me { referral { broughtBy { missingMinor } } } }"
PUBLISH = """mutation($input: ReferralCampaignPublishInput!) { referralCampaignPublish(input: $input) {
  campaign { code version act holdDays referrer { points byTier { tier points } } milestones { qualified points }
    caps { day month lifetime } budget link } replayed userErrors { code message } } }"""
CREATE = """mutation($input: ReferralCodeCreateInput!) { referralCodeCreate(input: $input) {
  code { code channel link scene qrSvg } userErrors { code } } }"""
TOUCH = (
    """mutation($input: ReferralTouchInput!) { referralTouch(input: $input) { accepted userErrors { code } } }"""
)
ENROLL = (
    """mutation($input: MemberEnrollInput!) { memberEnroll(input: $input) { member { id } userErrors { code } } }"""
)
BIND = """mutation($input: ReferralBindInput!) { referralBind(input: $input) {
  referral { state cause referrer { displayName } } replayed
    userErrors { code ... on ReferralNotPossible { reason } } } }"""
MINE = """{ me { referral { code { code link } codes { channel }
  invitees { nodes { name state missing missingMinor } } earnings { points qualified pending owed }
  milestones { qualified reached points grantedAt revoked } broughtBy { state referrer { displayName } } } } }"""
LISTED = """{ referrals { nodes { refereeId state campaign rewardSkipped referrer { displayName } } } }"""


def wish(**parts: Any) -> dict[str, Any]:
    """A campaign as a client publishes it."""
    usual = {
        "code": "FRIENDS",
        "name": "Bring a friend",
        "act": "FIRST_ORDER_PAID",
        "holdDays": 0,
        "referrer": {"points": 100, "byTier": [{"tier": "GOLD", "points": 150}]},
        "link": "https://tea.example/join?c={code}",
    }
    return {"input": {"campaign": {**usual, **parts}, "idempotencyKey": fresh_key()}}


def member_id(who: UUID) -> str:
    return ids.encode(Tag.MEMBER, who)


async def come(device: str) -> UUID:
    """Lin registers at the counter, on a device that has come by way of a code."""
    told = {"identities": [{"kind": "PHONE", "value": "+8613900000002"}], "profile": {"displayName": "Lin"}}
    enrolled = await ask(ENROLL, {"input": {**told, "referral": {"device": device}}}, who=SERVICE)
    lin = ids.decode_one(Tag.MEMBER, enrolled["memberEnroll"]["member"]["id"])
    assert lin is not None
    return lin


async def mine(who: UUID) -> dict[str, Any]:
    found: dict[str, Any] = (await ask(MINE, who=as_member(who)))["me"]["referral"]
    return found


async def test_from_a_code_to_the_reward_by_the_schema_alone() -> None:
    await programme()
    mei = await member("Mei")
    published = await ask(PUBLISH, wish(milestones=[{"qualified": 1, "points": 7}]), who=OPERATOR)
    assert published["referralCampaignPublish"]["campaign"]["version"] == 1
    shown = (await ask(CREATE, {"input": {}}, who=as_member(mei)))["referralCodeCreate"]["code"]
    assert shown["link"] == f"https://tea.example/join?c={shown['code']}"
    assert (shown["scene"], shown["qrSvg"][:4]) == (f"r={shown['code']}", "<svg")
    told = {"code": shown["scene"], "device": "a-phone", "idempotencyKey": fresh_key()}
    assert (await ask(TOUCH, {"input": told}))["referralTouch"] == {"accepted": True, "userErrors": []}
    lin = await come("a-phone")
    invitee = {"name": "L**", "state": "BOUND", "missing": "ORDER", "missingMinor": None}
    assert (await mine(mei))["invitees"]["nodes"] == [invitee]
    await buy(lin, 30_00)
    await work()
    after = await mine(mei)
    assert after["invitees"]["nodes"] == [invitee | {"state": "REWARDED", "missing": "NOTHING"}]
    assert after["earnings"] == {"points": 107, "qualified": 1, "pending": 0, "owed": 0}
    assert [each["reached"] for each in after["milestones"]] == [1]
    assert (await mine(lin))["broughtBy"] == {"state": "REWARDED", "referrer": {"displayName": "Mei"}}


async def test_a_member_has_one_code_for_each_channel_and_no_more_than_twenty() -> None:
    await programme()
    mei = as_member(await member("Mei"))

    async def made(channel: str) -> Any:
        return (await ask(CREATE, {"input": {"channel": channel}}, who=mei))["referralCodeCreate"]

    first = [(await made(f"POSTER_{number}"))["code"]["code"] for number in range(20)]
    assert len(set(first)) == 20
    assert (await made("POSTER_7"))["code"]["code"] == first[7]
    assert [each["code"] for each in (await made("POSTER_20"))["userErrors"]] == ["REFERRAL_CHANNEL_LIMIT"]
    assert [each["code"] for each in (await made("no channel"))["userErrors"]] == ["REFERRAL_CHANNEL_INVALID"]


async def test_two_people_do_not_overwrite_each_others_campaign() -> None:
    await programme()
    await ask(PUBLISH, wish(), who=OPERATOR)
    late = wish()
    late["input"]["expectedVersion"] = 0
    refused = (await ask(PUBLISH, late, who=OPERATOR))["referralCampaignPublish"]
    assert [each["code"] for each in refused["userErrors"]] == ["REFERRAL_CAMPAIGN_CHANGED"]


async def test_an_unknown_code_is_answered_like_a_known_one() -> None:
    await programme()
    await campaign()
    known = await code(await member("Mei"))
    answers = [
        (await ask(TOUCH, {"input": {"code": said, "device": "d", "idempotencyKey": fresh_key()}})).data
        for said in (known, "ABCDEFGH23", "no code at all", "")
    ]
    assert all(each == answers[0] for each in answers)


async def test_staff_bind_by_hand_with_a_reason_and_list_what_there_is() -> None:
    await programme()
    await campaign()
    mei, lan = await member("Mei"), await member("Lan")
    told = {"memberId": member_id(lan), "code": await code(mei), "reason": "FORGOT_CODE"}
    given = {"input": {**told, "idempotencyKey": fresh_key()}}
    done = (await ask(BIND, given, who=CLERK))["referralBind"]
    assert done["referral"] == {"state": "BOUND", "cause": "STAFF", "referrer": {"displayName": "Mei"}}
    assert (await ask(BIND, given, who=CLERK))["referralBind"]["replayed"]
    again = {"input": {**told, "idempotencyKey": fresh_key()}}
    [error] = (await ask(BIND, again, who=CLERK))["referralBind"]["userErrors"]
    assert error == {"code": "REFERRAL_NOT_POSSIBLE", "reason": "BOUND_ALREADY"}
    await friend(await code(mei), at=NOON + DAY)
    nodes = (await ask(LISTED, who=CLERK, at=NOON + DAY))["referrals"]["nodes"]
    assert [each["state"] for each in nodes] == ["BOUND", "BOUND"]
    assert nodes[1]["refereeId"] == member_id(lan)


async def test_what_communities_are_needed_for_is_refused_with_a_code_of_its_own() -> None:
    await programme()
    done = (await ask(PUBLISH, wish(act="COMMUNITY_DAYS"), who=OPERATOR))["referralCampaignPublish"]
    assert [each["code"] for each in done["userErrors"]] == ["REFERRAL_ACT_UNAVAILABLE"]
    wrong = (await ask(PUBLISH, wish(link="http://tea.example"), who=OPERATOR))["referralCampaignPublish"]
    assert [each["code"] for each in wrong["userErrors"]] == ["REFERRAL_CAMPAIGN_INVALID"]


async def test_nobody_is_told_what_a_friend_has_spent() -> None:
    await programme()
    await campaign(act=QualifyingAct.SPEND, spend_minor=100_00)
    mei = await member("Mei")
    lan = await friend(await code(mei))
    for more in (0, 30_00, 69_99):
        if more:
            await buy(lan, more)
        [shown] = (await mine(mei))["invitees"]["nodes"]
        assert (shown["state"], shown["missing"], shown["missingMinor"]) == ("BOUND", "SPENDING", None)
    assert (await ask(OWN, who=as_member(lan)))["me"]["referral"]["broughtBy"] == {"missingMinor": 1}


async def test_a_page_of_members_shows_whom_each_has_brought() -> None:
    await programme()
    await campaign()
    mei, wang = await member("Mei"), await member("Wang")
    for who, count in ((mei, 3), (wang, 1)):
        said = await code(who)
        for day in range(count):
            await friend(said, at=NOON + day * DAY)
    told = """{ members(first: 100) { nodes { card { displayName } referral { invitees(first: 2) {
      nodes { boundAt } pageInfo { hasNextPage } } } } } }"""
    nodes = (await ask(told, who=CLERK, at=NOON + 9 * DAY))["members"]["nodes"]
    found = {each["card"]["displayName"]: each["referral"]["invitees"] for each in nodes}
    assert [each["boundAt"][:10] for each in found["Mei"]["nodes"]] == ["2026-03-12", "2026-03-11"]
    assert [found[name]["pageInfo"]["hasNextPage"] for name in ("Mei", "Wang")] == [True, False]
    assert len(found["Wang"]["nodes"]) == 1


async def test_who_was_merged_shows_as_who_they_are_now_what_both_have_won() -> None:
    await programme()
    await campaign(milestones=(Milestone(3, Points(7)),))
    mei, twin = await member("Mei"), await member("Mei, too")
    for who in (mei, twin):
        await buy(await friend(await code(who)), 30_00, ref=str(who))
    await work()
    await merge(twin, mei)
    found = await mine(mei)
    assert found["earnings"] == {"points": 200, "qualified": 2, "pending": 0, "owed": 0}
    assert [each["reached"] for each in found["milestones"]] == [2]
    listed = "query($ids: [ID!]!) { nodes(ids: $ids) { ... on Member { referral { milestones { reached } } } } }"
    for both in ([mei, twin], [twin, mei]):
        seen = (await ask(listed, {"ids": [member_id(each) for each in both]}, who=CLERK))["nodes"]
        told = {who: each["referral"]["milestones"][0]["reached"] for who, each in zip(both, seen, strict=True)}
        assert told == {mei: 2, twin: 1}


async def test_who_was_merged_sees_as_who_they_are_now_whom_both_brought_and_who_brought_them() -> None:
    await programme()
    await campaign()
    mei, wang = await member("Mei"), await member("Wang")
    twin = await friend(await code(wang))
    codes = [await code(mei), await code(twin)]
    for day in range(4):
        await friend(codes[day % 2], at=NOON + day * DAY)
    await merge(twin, mei, at=NOON + 5 * DAY)
    asked = """query($after: String) { me { referral { broughtBy { referrer { displayName } }
      invitees(first: 3, after: $after) { nodes { boundAt } pageInfo { endCursor hasNextPage } } } } }"""
    told = (await ask(asked, who=as_member(mei)))["me"]["referral"]
    assert told["broughtBy"] == {"referrer": {"displayName": "Wang"}}
    days = [each["boundAt"][8:10] for each in told["invitees"]["nodes"]]
    after = {"after": told["invitees"]["pageInfo"]["endCursor"]}
    rest = (await ask(asked, after, who=as_member(mei)))["me"]["referral"]["invitees"]
    assert (days, [each["boundAt"][8:10] for each in rest["nodes"]]) == (["13", "12", "11"], ["10"])
