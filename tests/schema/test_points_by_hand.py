"""Points moved by staff: redemptions returned, and balances adjusted for a reason."""

from typing import Any
from uuid import uuid4

from models.staff import StaffRole
from models.units import Points
from tests.people import adjust, member, programme
from tests.schema.asking import CASHIER, CLERK, OWNER, act, as_staff, ask, member_id, refusals
from tests.schema.test_points import AUDITED, MOVED, redeeming


async def test_a_redemption_is_returned_in_parts_until_nothing_is_left_of_it() -> None:
    await programme()
    mei = await member("Mei")
    await adjust(mei, 100)
    spent = (await redeeming(CASHIER, memberId=member_id(mei), points=90))["entry"]["id"]

    async def back(key: str, **given: Any) -> Any:
        told = {"entryId": spent, "reason": "CUSTOMER_RETURN", "idempotencyKey": key, **given}
        return await act("pointsReturn", MOVED, told, who=CLERK)

    first = await back("return-part-1", points=30)
    assert (first["entry"]["kind"], first["entry"]["points"], first["account"]["available"]) == ("RETURN", 30, 40)
    assert await back("return-part-1", points=30) == {**first, "replayed": True}
    rest = await back("return-the-rest")
    assert (rest["entry"]["points"], rest["account"]["available"]) == (60, 100)
    for more in ({"points": 1}, {}):
        assert refusals(await back("return-too-much", **more)) == ["REFUND_EXCEEDS_ORIGINAL"]


async def test_what_is_returned_beyond_the_redemption_is_told() -> None:
    await programme()
    mei = await member("Mei")
    await adjust(mei, 100)
    spent = (await redeeming(CASHIER, memberId=member_id(mei), points=90))["entry"]["id"]
    document = """mutation($i: PointsReturnInput!) { pointsReturn(input: $i) { userErrors {
      code ... on RefundExceedsOriginal { wanted left } } } }"""
    given = {"entryId": spent, "points": 91, "reason": "OOPS", "idempotencyKey": "return-all"}
    told = (await ask(document, {"i": given}, who=CLERK))["pointsReturn"]["userErrors"]
    assert told == [{"code": "REFUND_EXCEEDS_ORIGINAL", "wanted": 91, "left": 90}]


async def test_a_cashier_returns_what_was_redeemed_in_their_own_store() -> None:
    await programme()
    mei = await member("Mei")
    await adjust(mei, 100)
    spent = (await redeeming(CASHIER, memberId=member_id(mei), points=90))["entry"]["id"]
    told = {"entryId": spent, "reason": "CUSTOMER_RETURN", "idempotencyKey": "return-here"}
    elsewhere = as_staff(StaffRole.CASHIER, store_id=uuid4())
    assert refusals(await act("pointsReturn", MOVED, told, who=elsewhere)) == ["NOT_FOUND"]
    assert refusals(await act("pointsReturn", MOVED, told, who=CASHIER)) == []


async def test_only_a_redemption_is_returned() -> None:
    await programme()
    mei = await member("Mei")
    given = {"memberId": member_id(mei), "delta": 100, "reason": "GOODWILL", "idempotencyKey": "goodwill-1"}
    put_in = (await act("pointsAdjust", MOVED, given, who=CLERK))["entry"]["id"]
    told = {"entryId": put_in, "reason": "OOPS", "idempotencyKey": "return-1"}
    assert refusals(await act("pointsReturn", MOVED, told, who=CLERK)) == ["NOT_FOUND"]


async def adjusting(**given: Any) -> Any:
    told = {"delta": 100, "reason": "GOODWILL", "idempotencyKey": "goodwill-1", **given}
    return await act("pointsAdjust", MOVED, told, who=CLERK)


async def test_staff_put_points_in_and_take_them_out_for_a_reason() -> None:
    await programme()
    mei = member_id(who := await member("Mei"))
    put_in = await adjusting(memberId=mei)
    assert (put_in["entry"]["kind"], put_in["entry"]["reason"], put_in["account"]["available"]) == (
        "ADJUST_IN",
        "GOODWILL",
        100,
    )
    out = await adjusting(memberId=mei, delta=-60, reason="correction", idempotencyKey="goodwill-2")
    assert (out["entry"]["kind"], out["entry"]["reason"], out["account"]["available"]) == (
        "ADJUST_OUT",
        "CORRECTION",
        40,
    )
    assert await adjusting(memberId=mei) == {**put_in, "replayed": True}
    assert refusals(await adjusting(memberId=mei, delta=-41, idempotencyKey="goodwill-3")) == [
        "INSUFFICIENT_POINTS"
    ]
    assert [row["facts"]["points"] for row in await AUDITED.rows(who) if row["action"] == "points.adjust"] == [
        100,
        -60,
    ]


async def test_two_people_do_not_adjust_the_same_balance_twice() -> None:
    await programme()
    mei = member_id(await member("Mei"))
    await adjusting(memberId=mei, expectedAvailable=0)
    document = """mutation($i: PointsAdjustInput!) { pointsAdjust(input: $i) { userErrors {
      code field ... on BalanceChanged { available } } } }"""
    given = {
        "memberId": mei,
        "delta": 100,
        "expectedAvailable": 0,
        "reason": "GOODWILL",
        "idempotencyKey": "second-1",
    }
    told = (await ask(document, {"i": given}, who=OWNER))["pointsAdjust"]["userErrors"]
    assert told == [{"code": "BALANCE_CHANGED", "field": ["expectedAvailable"], "available": 100}]


async def test_an_adjustment_has_a_bound_and_is_never_nothing() -> None:
    await programme()
    mei = member_id(await member("Mei"))
    document = """mutation($i: PointsAdjustInput!) { pointsAdjust(input: $i) {
      userErrors { code ... on PointsLimit { limit } } } }"""
    given = {"memberId": mei, "reason": "GOODWILL", "idempotencyKey": "goodwill-9"}
    nothing = await ask(document, {"i": {**given, "delta": 0}}, who=CLERK)
    assert nothing.codes == ["BAD_USER_INPUT"]
    above = await ask(document, {"i": {**given, "delta": 10**9 + 1}}, who=CLERK)
    assert above["pointsAdjust"]["userErrors"] == [{"code": "POINTS_LIMIT", "limit": 10**9}]


async def test_what_is_refused_of_an_adjustment_points_at_the_delta() -> None:
    await programme(adjust_proof_above=Points(100), adjust_approval_above=Points(500))
    mei = member_id(await member("Mei"))
    document = """mutation($i: PointsAdjustInput!) { pointsAdjust(input: $i) { userErrors {
      code field ... on ApprovalRequired { wanted limit } } } }"""
    told = []
    for delta in (-1, 101, -501):
        given = {"memberId": mei, "delta": delta, "reason": "GOODWILL", "idempotencyKey": "adjust-it"}
        told += (await ask(document, {"i": given}, who=OWNER))["pointsAdjust"]["userErrors"]
    assert told == [
        {"code": "INSUFFICIENT_POINTS", "field": ["delta"]},
        {"code": "PROOF_REQUIRED", "field": None},
        {"code": "APPROVAL_REQUIRED", "field": ["delta"], "wanted": 501, "limit": 500},
    ]


async def test_staff_read_from_how_many_points_on_an_adjustment_asks_for_more() -> None:
    await programme(adjust_proof_above=Points(100))
    asked = "{ programme { adjustProofAbove adjustApprovalAbove } }"
    assert (await ask(asked, who=CASHIER))["programme"] == {"adjustProofAbove": 100, "adjustApprovalAbove": None}
    assert (await ask(asked)).codes == ["UNAUTHENTICATED"]
