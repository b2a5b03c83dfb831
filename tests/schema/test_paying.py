"""Points as a part of the price, through the schema: how many, what they are worth, what stands against it."""

from typing import Any

import pytest

from models.units import BasisPoints, Minor, Points
from rules.policy import Payment
from tests.ladder import scheme
from tests.people import adjust, member, programme, publish, set_aside
from tests.schema.asking import CASHIER, PARTNER, act, as_member, as_service, ask, member_id, refusals

TRY = """query($i: PointsPreviewInput!) { pointsPreview(input: $i) {
  available tierLimit shareLimit unit usable worth { amountMinor currency } pays { amountMinor }
  rest { amountMinor } allowed discountBps
  memberPrice { offBps goods { amountMinor } off { amountMinor currency } linesMinor }
  userErrors { code ... on AboveShareLimit { wanted limit } ... on OffUnit { wanted unit } } } }"""
HALF = Payment(points=Points(100), minor=Minor(100), max_share_bps=BasisPoints(5_000), unit=Points(10))


async def mei_with(held: int) -> Any:
    await programme()
    await publish(payment=HALF)
    mei = await member("Mei")
    await adjust(mei, held)
    return mei


async def tried(who: Any, **given: Any) -> Any:
    cart = {"lines": [{"paidMinor": 60_00}, {"paidMinor": 40_00}]}
    return (await ask(TRY, {"i": {**cart, **given}}, who=who))["pointsPreview"]


async def test_a_cart_is_told_how_many_points_may_pay_and_what_they_are_worth() -> None:
    mei = await mei_with(4_321)
    expected: dict[str, Any] = {
        "available": 4_321,
        "tierLimit": None,
        "shareLimit": 5_000,
        "unit": 10,
        "usable": 4_320,
        "worth": {"amountMinor": 4_320, "currency": "CNY"},
        "pays": None,
        "rest": {"amountMinor": 5_680},
        "allowed": True,
        "discountBps": 0,
        "memberPrice": None,
        "userErrors": [],
    }
    assert await tried(as_member(mei)) == expected
    for who in (CASHIER, as_service()):
        assert await tried(who, memberId=member_id(mei)) == expected
    assert set((await ask(TRY, {"i": {"lines": [{"paidMinor": 1}]}}, who=PARTNER)).codes) == {"FORBIDDEN"}


async def test_everybody_is_told_the_members_price_and_what_points_pay_of_it() -> None:
    mei = await mei_with(50_000)
    gives = [{"kind": "REDEEM_DISCOUNT", "value": 1_500}, {"kind": "MEMBER_PRICE", "value": 1_000}]
    await scheme(benefits={"BASIC": gives})
    price = {
        "offBps": 1_000,
        "goods": {"amountMinor": 90_00},
        "off": {"amountMinor": 10_00, "currency": "CNY"},
        "linesMinor": [54_00, 36_00],
    }
    for who, more in ((as_member(mei), {}), (CASHIER, {"memberId": member_id(mei)})):
        told = await tried(who, **more)
        assert (told["memberPrice"], told["discountBps"]) == (price, 1_500)
        # half of ¥90 is ¥45; 3,820 points pay 44.94 of it, and a unit more would be beyond it
        assert (told["usable"], told["worth"]["amountMinor"]) == (3_820, 44_94)
        assert told["rest"] == {"amountMinor": 45_06}
    told = await tried(as_member(mei), memberPriced=True)
    assert (told["memberPrice"], told["shareLimit"]) == (None, 4_250)
    shown = await ask(
        "{ me { tier { benefits { kind value } } benefits { kind value limit } } }", who=as_member(mei)
    )
    assert shown["me"]["tier"]["benefits"] == gives
    assert shown["me"]["benefits"] == [{**each, "limit": None} for each in gives]


async def test_what_stands_against_so_many_is_told_whole() -> None:
    mei = await mei_with(4_321)
    await set_aside(mei, 100, order_ref="tea-1")
    told = await tried(as_member(mei), points=5_005, orderRef="tea-1")
    assert told["userErrors"] == [
        {"code": "INSUFFICIENT_POINTS"},
        {"code": "OFF_UNIT", "wanted": 5_005, "unit": 10},
        {"code": "ABOVE_SHARE_LIMIT", "wanted": 5_005, "limit": 4_900},
    ]
    assert (told["allowed"], told["pays"], told["rest"]) == (False, {"amountMinor": 5_005}, {"amountMinor": 4_995})


async def test_somebody_elses_points_are_nobodys() -> None:
    mei = await mei_with(10)
    lan = await member("Lan")
    assert await tried(as_member(mei), memberId=member_id(lan)) is None


@pytest.mark.parametrize(
    "given",
    [
        {"lines": []},
        {"lines": [{"paidMinor": -1}]},
        {"lines": [{"paidMinor": 2**52}, {"paidMinor": 2**52}]},
        {"points": 0},
        {"orderRef": ""},
    ],
)
async def test_a_cart_that_makes_no_sense_is_told_so(given: dict[str, Any]) -> None:
    mei = await mei_with(10)
    answer = await ask(TRY, {"i": {"lines": [{"paidMinor": 1}], **given}}, who=as_member(mei))
    assert answer.codes == ["BAD_USER_INPUT"]


async def test_a_hold_off_the_unit_tells_the_unit() -> None:
    mei = await mei_with(100)
    given = {"points": 15, "orderRef": "tea-1", "idempotencyKey": "tea-for-mei"}
    payload = await act("pointsHold", "hold { id }", given, who=as_member(mei))
    assert refusals(payload) == ["OFF_UNIT"]
    assert payload["userErrors"][0]["field"] == ["points"]
