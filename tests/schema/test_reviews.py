"""Reviews through the schema: a queue with evidence and without persons, decided once, by the desk alone."""

from datetime import timedelta
from uuid import UUID, uuid4

import orjson

from models.staff import StaffRole
from tests.people import NOON, buy, member, programme
from tests.referring import campaign, code, friend
from tests.schema.asking import CLERK, act, as_member, as_staff, ask, member_id

QUEUE = """
query($first: Int, $after: String, $state: ReferralState) {
  referralReviews(first: $first, after: $after, state: $state) {
    edges { node {
      score cleared reviewUntil suspicions { reason count }
      referral { refereeId state cause }
      referee { name active orders spentMinor brought }
      referrer { name brought rewarded inReview rejected }
    } }
    pageInfo { hasNextPage endCursor }
  }
}
"""
ANSWER = "referral { state cause } replayed userErrors { code }"


LATER = NOON + timedelta(hours=1)


async def three(said: str) -> list[UUID]:
    """Three friends with one phone, a minute after each other: the last two are looked at."""
    return [await friend(said, device="one phone", at=NOON + timedelta(minutes=n)) for n in range(3)]


async def test_the_desk_sees_what_speaks_against_a_referral_and_decides_once() -> None:
    await programme()
    await campaign()
    mei = await member("Mei")
    said = await code(mei)
    friends = await three(said)
    await buy(friends[1], 50_00, at=LATER)
    page = (await ask(QUEUE, {"first": 1}, who=CLERK)).data["referralReviews"]
    node = page["edges"][0]["node"]
    assert (node["score"], node["suspicions"]) == (120, [{"reason": "SAME_DEVICE", "count": 2}])
    assert node["referral"] == {"refereeId": member_id(friends[1]), "state": "REVIEW", "cause": "SAME_DEVICE"}
    assert node["referee"] == {"name": "**", "active": True, "orders": 1, "spentMinor": 50_00, "brought": 0}
    assert node["referrer"] == {"name": "M**", "brought": 3, "rewarded": 0, "inReview": 2, "rejected": 0}
    after = {"first": 1, "after": page["pageInfo"]["endCursor"]}
    more = (await ask(QUEUE, after, who=CLERK)).data["referralReviews"]
    assert [each["node"]["referral"]["refereeId"] for each in more["edges"]] == [member_id(friends[2])]
    assert not more["pageInfo"]["hasNextPage"]
    given = {"memberId": member_id(friends[1]), "decision": "APPROVE", "reason": "SAME_HOUSEHOLD"}
    given |= {"idempotencyKey": "review-1-x"}
    assert (await act("referralReview", ANSWER, given, who=CLERK, at=LATER))["referral"]["state"] == "QUALIFIED"
    again = await act("referralReview", ANSWER, given, who=CLERK, at=LATER)
    assert (again["replayed"], again["referral"]["cause"]) == (True, "HELD")


async def test_what_nobody_has_to_look_at_is_not_decided() -> None:
    await programme()
    await campaign()
    lan, *_ = await three(await code(await member("Mei")))
    for who, refused in ((lan, "REFERRAL_NOT_IN_REVIEW"), (uuid4(), "NOT_FOUND")):
        given = {"memberId": member_id(who), "decision": "REJECT", "reason": "ONE_PERSON"}
        done = await act("referralReview", ANSWER, given | {"idempotencyKey": f"review-{refused}"}, who=CLERK)
        assert [each["code"] for each in done["userErrors"]] == [refused]


async def test_who_cheats_does_not_learn_what_gave_them_away() -> None:
    await programme()
    await campaign()
    mei = await member("Mei")
    said = await code(mei)
    _, lan, _ = await three(said)
    invitees = "{ me { referral { invitees(first: 5) { edges { node { state cause } } } } } }"
    told = (await ask(invitees, who=as_member(mei))).data["me"]["referral"]["invitees"]["edges"]
    assert told[0]["node"] == {"state": "REVIEW", "cause": "REVIEW"}
    mine = (await ask("{ me { referral { broughtBy { cause } } } }", who=as_member(lan))).data
    assert mine["me"]["referral"]["broughtBy"]["cause"] == "REVIEW"


async def test_nothing_of_a_device_or_a_payer_is_in_what_anybody_is_told() -> None:
    await programme()
    await campaign()
    said = await code(await member("Mei"))
    await three(said)
    told = orjson.dumps((await ask(QUEUE, who=as_staff(StaffRole.OWNER))).data).decode()
    assert "one phone" not in told
    assert said not in told


async def test_a_cashier_and_an_analyst_review_nothing() -> None:
    await programme()
    for role in (StaffRole.CASHIER, StaffRole.ANALYST):
        answer = await ask(QUEUE, who=as_staff(role))
        assert {each["extensions"]["code"] for each in answer.errors} == {"FORBIDDEN"}
