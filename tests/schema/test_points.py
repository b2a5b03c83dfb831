"""Points through the schema: redeemed, tried, returned and adjusted, each once, each refusal with its facts."""

from typing import Any
from uuid import uuid4

import pytest

from models.sql import SQL
from models.staff import StaffRole
from models.units import BasisPoints, Growth, Points
from rules.programme import Rung
from tests.people import DAY, NOON, adjust, balance, buy, freeze, member, programme
from tests.schema.asking import (
    CASHIER,
    CLERK,
    SERVICE,
    Answer,
    act,
    as_member,
    as_staff,
    ask,
    member_id,
    purchase_id,
    refusals,
)

LADDER = (
    Rung("BASIC", "Basic", Growth(0), redeem_limit_points=Points(200)),
    Rung("SILVER", "Silver", Growth(5_000), BasisPoints(11_000), Points(1_000)),
)
MOVED = "entry { id kind bucket points balanceAfter reason purchaseId } account { available pending debt } replayed"
LEDGER = SQL("SELECT COUNT(*) AS n FROM points_transaction")
PURCHASE = SQL("SELECT id FROM purchase WHERE member_id = $1")
AUDITED = SQL(
    "SELECT action, actor_kind, role, reason, request_id, facts FROM audit_log WHERE member_id = $1 ORDER BY id",
    fans_out="a test looks",
)


async def redeeming(who: Any, **given: Any) -> Any:
    return await act(
        "pointsRedeem", MOVED, {"reason": "REWARD_TEA", "idempotencyKey": "tea-for-mei", **given}, who=who
    )


async def test_a_member_redeems_and_the_answer_shows_the_line_and_the_account() -> None:
    await programme()
    mei = await member("Mei")
    await buy(mei, 300_00)
    payload = await redeeming(as_member(mei), points=100)
    assert payload["entry"].pop("id")
    assert payload == {
        "entry": {
            "kind": "REDEEM",
            "bucket": "AVAILABLE",
            "points": -100,
            "balanceAfter": 200,
            "reason": "REWARD_TEA",
            "purchaseId": None,
        },
        "account": {"available": 200, "pending": 0, "debt": 0},
        "replayed": False,
        "userErrors": [],
    }
    assert (await balance(mei))["available"] == 200


async def test_a_cashier_redeems_for_a_member_and_it_is_written_down() -> None:
    await programme()
    mei = await member("Mei")
    await adjust(mei, 50)
    payload = await redeeming(CASHIER, memberId=member_id(mei), points=30, note="two cups of green tea")
    assert payload["account"]["available"] == 20
    row = (await AUDITED.rows(mei))[-1]
    assert (row["action"], row["actor_kind"], row["role"], row["reason"], row["request_id"]) == (
        "points.redeem",
        "STAFF",
        "CASHIER",
        "REWARD_TEA",
        "request-of-the-test",
    )
    assert row["facts"]["points"] == -30
    assert "tea" not in str(row["facts"])


async def test_the_same_request_again_is_answered_as_it_was_the_first_time() -> None:
    await programme()
    mei = await member("Mei")
    await adjust(mei, 100)
    first = await redeeming(as_member(mei), points=40)
    await adjust(mei, 500, at=NOON + DAY)
    again = await redeeming(as_member(mei), points=40)
    assert again == {**first, "replayed": True}
    assert (await balance(mei))["available"] == 560


async def test_a_replay_shows_the_account_as_it_was_also_after_points_expired() -> None:
    await programme(expire_months=1)
    mei = await member("Mei")
    await adjust(mei, 100)
    first = await redeeming(as_member(mei), points=40)
    later = await redeeming_at(mei, NOON + 60 * DAY)
    assert later == {**first, "replayed": True}


async def redeeming_at(who: Any, at: Any) -> Any:
    given = {"points": 40, "reason": "REWARD_TEA", "idempotencyKey": "tea-for-mei"}
    return await act("pointsRedeem", MOVED, given, who=as_member(who), at=at)


async def test_a_key_stands_for_one_request_only() -> None:
    await programme()
    mei = await member("Mei")
    await adjust(mei, 100)
    await redeeming(as_member(mei), points=40)
    for other in ({"points": 41}, {"points": 40, "reason": "REWARD_CAKE"}, {"points": 40, "note": "x"}):
        payload = await redeeming(as_member(mei), **other)
        assert refusals(payload) == ["IDEMPOTENCY_KEY_REUSED"]
        assert payload["userErrors"][0]["field"] == ["idempotencyKey"]
        assert payload["entry"] is None
        assert payload["account"] is None
    assert (await balance(mei))["available"] == 60


async def test_another_callers_key_and_a_key_after_a_refusal_are_free() -> None:
    await programme()
    mei, lan = await member("Mei"), await member("Lan")
    for who in (mei, lan):
        assert refusals(await redeeming(as_member(who), points=10)) == ["INSUFFICIENT_POINTS"]
        await adjust(who, 100)
        assert refusals(await redeeming(as_member(who), points=10)) == []
    assert refusals(await redeeming(CASHIER, memberId=member_id(mei), points=7)) == []
    assert (await balance(mei))["available"] == 83


async def test_a_refusal_tells_its_facts() -> None:
    await programme(ladder=LADDER)
    mei = await member("Mei")
    await adjust(mei, 150)
    document = """mutation($i: PointsRedeemInput!) { pointsRedeem(input: $i) { entry { id } userErrors {
      __typename code message field retryable
      ... on InsufficientPoints { wanted available } ... on AboveTierLimit { wanted limit }
    } } }"""

    async def refused(points: int) -> Any:
        given = {"points": points, "idempotencyKey": f"tea-{points:06}"}
        return (await ask(document, {"i": given}, who=as_member(mei)))["pointsRedeem"]["userErrors"]

    assert await refused(151) == [
        {
            "__typename": "InsufficientPoints",
            "code": "INSUFFICIENT_POINTS",
            "message": "The member has fewer points than asked for.",
            "field": ["points"],
            "retryable": False,
            "wanted": 151,
            "available": 150,
        }
    ]
    [above] = await refused(201)
    assert (above["code"], above["wanted"], above["limit"]) == ("ABOVE_TIER_LIMIT", 201, 200)


@pytest.mark.parametrize("points", [0, -1, -(2**53) + 1])
async def test_nobody_redeems_nothing_or_less(points: int) -> None:
    await programme()
    mei = await member("Mei")
    await adjust(mei, 10)
    document = "mutation($i: PointsRedeemInput!) { pointsRedeem(input: $i) { replayed } }"
    answer = await ask(document, {"i": {"points": points, "idempotencyKey": "tea-for-mei"}}, who=as_member(mei))
    assert answer == Answer({"pointsRedeem": None}, answer.errors)
    assert answer.codes == ["BAD_USER_INPUT"]
    assert (await balance(mei))["available"] == 10


@pytest.mark.parametrize("points", [2**53 - 1, 10**9 + 1])
async def test_more_than_anybody_can_have_is_refused_like_any_lack(points: int) -> None:
    await programme()
    mei = await member("Mei")
    await adjust(mei, 10)
    assert refusals(await redeeming(as_member(mei), points=points)) == ["INSUFFICIENT_POINTS"]


@pytest.mark.parametrize(
    "key", ["", "short", "x" * 129, "with space", "with\nline", "钥匙钥匙钥匙钥匙", "tab\tin-it"]
)
async def test_a_key_is_eight_to_128_printable_characters(key: str) -> None:
    await programme()
    mei = await member("Mei")
    document = "mutation($i: PointsRedeemInput!) { pointsRedeem(input: $i) { replayed } }"
    answer = await ask(document, {"i": {"points": 1, "idempotencyKey": key}}, who=as_member(mei))
    assert answer.codes == ["BAD_USER_INPUT"]


async def test_staff_must_name_the_member() -> None:
    await programme()
    document = "mutation($i: PointsRedeemInput!) { pointsRedeem(input: $i) { replayed } }"
    answer = await ask(document, {"i": {"points": 1, "idempotencyKey": "tea-for-mei"}}, who=CASHIER)
    assert answer.codes == ["BAD_USER_INPUT"]


async def test_points_help_to_pay_a_purchase_and_say_which() -> None:
    await programme()
    mei = await member("Mei")
    await adjust(mei, 100)
    await buy(mei, 50_00, ref="tea-1", paid=False)
    bought = purchase_id(mei, await PURCHASE.value(mei))
    payload = await redeeming(CLERK, memberId=member_id(mei), points=30, purchaseId=bought)
    assert payload["entry"]["purchaseId"] == bought
    found = await ask("query($id: ID!) { node(id: $id) { __typename } }", {"id": bought}, who=as_member(mei))
    assert found["node"] == {"__typename": "Purchase"}


async def test_a_member_and_another_stores_cashier_bind_no_points_to_a_purchase() -> None:
    await programme()
    mei = await member("Mei")
    await adjust(mei, 100)
    here = uuid4()
    await buy(mei, 50_00, ref="tea-1", paid=False, store_id=here)
    bought = purchase_id(mei, await PURCHASE.value(mei))
    spend = {"points": 30, "purchaseId": bought, "memberId": member_id(mei)}
    assert refusals(await redeeming(as_member(mei), **spend)) == ["NOT_FOUND"]
    for store, refused in ((uuid4(), ["NOT_FOUND"]), (here, [])):
        assert refusals(await redeeming(as_staff(StaffRole.CASHIER, store_id=store), **spend)) == refused


PREVIEW = """query($id: ID, $points: Long!) {
  pointsRedeemPreview(input: {memberId: $id, points: $points}) {
    allowed available availableAfter limit
    userErrors { code ... on InsufficientPoints { wanted available } ... on AboveTierLimit { limit } }
  }
}"""


async def test_trying_a_redemption_writes_nothing() -> None:
    await programme(ladder=LADDER)
    mei = await member("Mei")
    await adjust(mei, 150)
    written = await LEDGER.value()
    tried = (await ask(PREVIEW, {"points": 100}, who=as_member(mei)))["pointsRedeemPreview"]
    assert tried == {"allowed": True, "available": 150, "availableAfter": 50, "limit": 200, "userErrors": []}
    assert await LEDGER.value() == written


async def test_trying_tells_every_reason_and_doing_only_the_first() -> None:
    await programme(ladder=LADDER)
    mei = await member("Mei")
    await adjust(mei, 150)
    await freeze(mei)
    tried = (await ask(PREVIEW, {"id": member_id(mei), "points": 500}, who=CASHIER))["pointsRedeemPreview"]
    assert tried == {
        "allowed": False,
        "available": 150,
        "availableAfter": None,
        "limit": 200,
        "userErrors": [
            {"code": "MEMBER_FROZEN"},
            {"code": "ABOVE_TIER_LIMIT", "limit": 200},
            {"code": "INSUFFICIENT_POINTS", "wanted": 500, "available": 150},
        ],
    }
    assert refusals(await redeeming(CASHIER, memberId=member_id(mei), points=500)) == ["MEMBER_FROZEN"]


async def test_a_preview_does_not_count_what_has_expired() -> None:
    await programme(expire_months=1)
    mei = await member("Mei")
    await adjust(mei, 150)
    tried = await ask(PREVIEW, {"points": 1}, who=as_member(mei), at=NOON + 60 * DAY)
    assert tried["pointsRedeemPreview"]["available"] == 0
    assert [each["code"] for each in tried["pointsRedeemPreview"]["userErrors"]] == ["INSUFFICIENT_POINTS"]


async def test_several_mutations_in_one_operation_run_in_their_order() -> None:
    await programme()
    mei = await member("Mei")
    document = """mutation($id: ID!) {
      first: pointsAdjust(input: {memberId: $id, delta: 50, reason: "ONE", idempotencyKey: "several-1"}) {
        account { available } }
      second: pointsRedeem(input: {memberId: $id, points: 60, idempotencyKey: "several-2"}) {
        account { available } userErrors { code } }
      third: pointsRedeem(input: {memberId: $id, points: 20, idempotencyKey: "several-3"}) {
        account { available entries(first: 1) { nodes { points } } } userErrors { code } }
    }"""
    answer = await ask(document, {"id": member_id(mei)}, who=CLERK)
    assert answer["first"] == {"account": {"available": 50}}
    assert answer["second"] == {"account": None, "userErrors": [{"code": "INSUFFICIENT_POINTS"}]}
    assert answer["third"] == {
        "account": {"available": 30, "entries": {"nodes": [{"points": -20}]}},
        "userErrors": [],
    }


async def test_a_mutation_beside_others_shows_each_its_own_moment_of_the_account() -> None:
    await programme()
    mei = await member("Mei")
    await adjust(mei, 100)
    document = """mutation {
      a: pointsRedeem(input: {points: 10, idempotencyKey: "beside-10"}) { ...Account }
      b: pointsRedeem(input: {points: 10, idempotencyKey: "beside-20"}) { ...Account }
    }
    fragment Account on PointsPayload { account { available entries(first: 1) { nodes { balanceAfter } } } }"""
    answer = await ask(document, who=as_member(mei))
    for name, left in (("a", 90), ("b", 80)):
        assert answer[name]["account"]["available"] == left
        assert answer[name]["account"]["entries"]["nodes"] == [{"balanceAfter": left}]


async def test_a_service_moves_no_points() -> None:
    await programme()
    mei = await member("Mei")
    document = "mutation($i: PointsRedeemInput!) { pointsRedeem(input: $i) { replayed } }"
    given = {"memberId": member_id(mei), "points": 1, "idempotencyKey": "by-a-service"}
    assert set((await ask(document, {"i": given}, who=SERVICE)).codes) == {"FORBIDDEN"}


LONGS = [2**53, -(2**53), 2**63, 10**400, 1.5, 1e308, "5", True, None, [1], {"a": 1}]


@pytest.mark.parametrize("points", LONGS, ids=lambda value: str(value)[:12])
async def test_what_is_no_whole_number_never_reaches_the_rules(points: Any) -> None:
    await programme()
    mei = await member("Mei")
    document = "mutation($i: PointsRedeemInput!) { pointsRedeem(input: $i) { replayed } }"
    answer = await ask(document, {"i": {"points": points, "idempotencyKey": "no-number"}}, who=as_member(mei))
    assert answer.codes == ["BAD_USER_INPUT"]
    assert answer.data is None
