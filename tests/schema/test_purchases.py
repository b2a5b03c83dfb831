"""Purchases through the schema: what a shop's back end reports, once, in any order, and only of its own."""

from datetime import timedelta
from typing import Any

import pytest

from models.sql import SQL
from tests.people import DAY, NOON, balance, freeze, member, programme
from tests.schema.asking import CLERK, SERVICE, act, as_member, as_service, ask, member_id, refusals

TOLD = """purchase { id source orderRef state channel goods { amountMinor currency } shipping { amountMinor }
  paidByPoints { amountMinor } refunded { amountMinor } orderedAt paidAt
  lines { lineRef sku name quantity paid { amountMinor } refunded { amountMinor } } }
  entries { kind points purchaseId } growth tier { code } parked replayed"""
AUDITED = SQL(
    "SELECT action, actor_kind, request_id FROM audit_log WHERE member_id = $1 ORDER BY id", fans_out="a test looks"
)


def order(who: str, **more: Any) -> dict[str, Any]:
    lines = [
        {"lineRef": "A", "quantity": 2, "paidMinor": 100_00, "sku": "TEA-LJ", "name": "明前龙井"},
        {"lineRef": "B", "quantity": 1, "paidMinor": 50_50},
    ]
    given = {
        "memberId": who,
        "orderRef": "tea-1",
        "currency": "CNY",
        "lines": lines,
        "orderedAt": NOON.isoformat(),
        "paidAt": NOON.isoformat(),
        "shippingMinor": 10_00,
        "channel": "mini-program",
        "idempotencyKey": "order-tea-1",
    }
    return {**given, **more}


async def record(given: dict[str, Any], *, who: Any = SERVICE, **more: Any) -> Any:
    return await act("purchaseRecord", TOLD, given, who=who, **more)


async def event(kind: str, ref: str, *, who: Any = SERVICE, **more: Any) -> Any:
    given = {"orderRef": "tea-1", "kind": kind, "eventRef": ref, "occurredAt": NOON.isoformat()}
    return await act("purchaseEvent", TOLD, {**given, "idempotencyKey": f"{kind}-{ref}-key", **more}, who=who)


async def refund(ref: str, lines: dict[str, int], *, who: Any = SERVICE, **more: Any) -> Any:
    told = [{"lineRef": line, "refundMinor": amount} for line, amount in lines.items()]
    given = {"orderRef": "tea-1", "eventRef": ref, "lines": told, "occurredAt": NOON.isoformat()}
    return await act("purchaseRefund", TOLD, {**given, "idempotencyKey": f"refund-{ref}-key", **more}, who=who)


async def test_an_order_that_was_paid_earns_and_is_answered_whole() -> None:
    await programme()
    mei = await member("Mei")
    payload = await record(order(member_id(mei)))
    purchase = payload["purchase"]
    bought = purchase.pop("id")
    assert purchase == {
        "source": "shop",
        "orderRef": "tea-1",
        "state": "PAID",
        "channel": "mini-program",
        "goods": {"amountMinor": 150_50, "currency": "CNY"},
        "shipping": {"amountMinor": 10_00},
        "paidByPoints": {"amountMinor": 0},
        "refunded": {"amountMinor": 0},
        "orderedAt": "2026-03-10T04:00:00Z",
        "paidAt": "2026-03-10T04:00:00Z",
        "lines": [
            {
                "lineRef": "A",
                "sku": "TEA-LJ",
                "name": "明前龙井",
                "quantity": 2,
                "paid": {"amountMinor": 100_00},
                "refunded": {"amountMinor": 0},
            },
            {
                "lineRef": "B",
                "sku": None,
                "name": None,
                "quantity": 1,
                "paid": {"amountMinor": 50_50},
                "refunded": {"amountMinor": 0},
            },
        ],
    }
    assert payload["entries"] == [{"kind": "EARN", "points": 150, "purchaseId": bought}]
    assert (payload["growth"], payload["tier"], payload["parked"], payload["replayed"]) == (150, None, False, False)


async def test_the_tier_it_lifts_the_member_to_is_answered_and_the_bonus_is_a_line_of_its_own() -> None:
    await programme()
    mei = member_id(await member("Mei"))
    line = {"lineRef": "A", "quantity": 1, "paidMinor": 1_000_00}
    lifted = await record(order(mei, lines=[line]))
    assert (lifted["growth"], lifted["tier"]) == (1_000, {"code": "SILVER"})
    second = await record(order(mei, lines=[line], orderRef="tea-2", idempotencyKey="order-tea-2"))
    assert [(entry["kind"], entry["points"]) for entry in second["entries"]] == [("EARN", 1_000), ("BONUS", 100)]
    assert second["tier"] is None


async def test_the_same_order_again_is_known_whatever_its_key() -> None:
    await programme()
    mei = await member("Mei")
    given = order(member_id(mei))
    first = await record(given)
    assert await record(given) == {**first, "replayed": True}
    other_key = await record({**given, "idempotencyKey": "another-key"})
    assert other_key["replayed"] is True
    assert other_key["purchase"] == first["purchase"]
    assert (await balance(mei))["available"] == 150


async def test_another_order_under_a_known_reference_is_refused() -> None:
    await programme()
    mei, lan = member_id(await member("Mei")), member_id(await member("Lan"))
    given = order(mei)
    await record(given)
    key = {"idempotencyKey": "another-key"}
    more = [{"lineRef": "A", "quantity": 2, "paidMinor": 100_01}]
    assert refusals(await record({**given, **key, "lines": more})) == ["ORDER_EXISTS"]
    assert refusals(await record({**given, **key, "memberId": lan})) == ["ORDER_EXISTS"]
    assert refusals(await record({**given, "lines": more})) == ["IDEMPOTENCY_KEY_REUSED"]


async def test_two_shops_may_use_the_same_reference() -> None:
    await programme()
    mei, lan = member_id(await member("Mei")), member_id(await member("Lan"))
    await record(order(mei))
    assert refusals(await record(order(lan), who=as_service("elsewhere"))) == []


async def test_a_shop_reports_nothing_of_another_shops_orders() -> None:
    await programme()
    await record(order(member_id(await member("Mei"))))
    elsewhere = as_service("elsewhere")
    assert refusals(await event("COMPLETED", "done", who=elsewhere)) == ["ORDER_NOT_FOUND"]
    assert refusals(await refund("r1", {"A": 1}, who=elsewhere)) == ["ORDER_NOT_FOUND"]


async def test_an_order_is_paid_and_completed_later() -> None:
    await programme()
    mei = await member("Mei")
    created = await record(order(member_id(mei), paidAt=None))
    assert (created["purchase"]["state"], created["purchase"]["paidAt"], created["entries"]) == (
        "CREATED",
        None,
        [],
    )
    paid = await event("PAID", "pay-1")
    assert (paid["purchase"]["state"], paid["entries"][0]["points"]) == ("PAID", 150)
    assert await event("PAID", "pay-1") == {**paid, "replayed": True}
    again = await event("PAID", "pay-2")
    assert (again["entries"], again["replayed"]) == ([], False)
    assert (await event("COMPLETED", "done-1"))["purchase"]["state"] == "COMPLETED"
    assert (await balance(mei))["available"] == 150


async def test_an_order_given_up_earns_nothing_and_cannot_be_paid_any_more() -> None:
    await programme()
    await record(order(member_id(await member("Mei")), paidAt=None))
    assert (await event("CANCELLED", "c-1"))["purchase"]["state"] == "CANCELLED"
    document = """mutation($i: PurchaseEventInput!) { purchaseEvent(input: $i) {
      userErrors { code ... on PurchaseStateConflict { state } } } }"""
    given = {"orderRef": "tea-1", "kind": "PAID", "eventRef": "p", "occurredAt": NOON.isoformat()}
    answer = await ask(document, {"i": {**given, "idempotencyKey": "pay-after-all"}}, who=SERVICE)
    assert answer["purchaseEvent"]["userErrors"] == [{"code": "PURCHASE_STATE_CONFLICT", "state": "CANCELLED"}]


async def test_refunds_take_back_exactly_what_was_earned_and_lower_no_tier() -> None:
    await programme()
    mei = await member("Mei")
    line = {"lineRef": "A", "quantity": 1, "paidMinor": 1_000_00}
    await record(order(member_id(mei), lines=[line]))
    part = await refund("r1", {"A": 333_33})
    assert [(entry["kind"], entry["points"]) for entry in part["entries"]] == [("CLAWBACK", -333)]
    assert (part["growth"], part["purchase"]["state"]) == (-333, "PARTIALLY_REFUNDED")
    assert part["purchase"]["lines"][0]["refunded"] == {"amountMinor": 333_33}
    assert await refund("r1", {"A": 333_33}) == {**part, "replayed": True}
    rest = await refund("r2", {"A": 666_67})
    assert (rest["entries"][0]["points"], rest["purchase"]["state"]) == (-667, "REFUNDED")
    figures = await balance(mei)
    assert (figures["available"], figures["growth"], figures["tier"]) == (0, 0, "SILVER")


async def test_a_refund_before_its_payment_waits_for_it() -> None:
    await programme()
    mei = await member("Mei")
    await record(order(member_id(mei), paidAt=None))
    parked = await refund("r1", {"B": 50_50})
    assert (parked["parked"], parked["entries"], parked["purchase"]["state"]) == (True, [], "CREATED")
    paid = await event("PAID", "pay-1")
    assert paid["purchase"]["state"] == "PARTIALLY_REFUNDED"
    assert [(entry["kind"], entry["points"]) for entry in paid["entries"]] == [("EARN", 150), ("CLAWBACK", -50)]
    assert (await balance(mei))["available"] == 100


async def test_a_refund_beyond_what_was_paid_is_refused_with_what_is_left() -> None:
    await programme()
    await record(order(member_id(await member("Mei"))))
    await refund("r1", {"A": 60_00})
    document = """mutation($i: PurchaseRefundInput!) { purchaseRefund(input: $i) {
      userErrors { code ... on RefundExceedsOriginal { wanted left } ... on OrderInvalid { why } } } }"""
    for lines, told in (
        ([("A", 40_01)], {"code": "REFUND_EXCEEDS_ORIGINAL", "wanted": 40_01, "left": 40_00}),
        ([("Z", 1)], {"code": "ORDER_INVALID", "why": "The refund names a line the order does not have."}),
        ([], {"code": "ORDER_INVALID", "why": "A refund names 1 to 2000 lines."}),
        ([("A", 1), ("A", 1)], {"code": "ORDER_INVALID", "why": "A refund names each line once."}),
        (
            [("A", -1)],
            {"code": "ORDER_INVALID", "why": "A refunded amount is 0 or more, and a refund as a whole above 0."},
        ),
    ):
        given = {
            "orderRef": "tea-1",
            "eventRef": "r2",
            "lines": [{"lineRef": line, "refundMinor": amount} for line, amount in lines],
            "occurredAt": NOON.isoformat(),
            "idempotencyKey": "refund-r2",
        }
        answer = await ask(document, {"i": given}, who=SERVICE)
        assert answer["purchaseRefund"]["userErrors"] == [told]


async def test_another_event_under_a_known_reference_is_refused() -> None:
    await programme()
    await record(order(member_id(await member("Mei"))))
    await refund("r1", {"A": 10_00})
    assert refusals(await refund("r1", {"A": 20_00}, idempotencyKey="another-key")) == ["EVENT_EXISTS"]
    same = await refund("r1", {"A": 10_00}, idempotencyKey="another-key")
    assert (refusals(same), same["replayed"], same["entries"]) == ([], True, [])


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"currency": "USD"}, "CURRENCY_MISMATCH"),
        ({"lines": []}, "ORDER_INVALID"),
        ({"lines": [{"lineRef": "A", "quantity": 0, "paidMinor": 1}]}, "ORDER_INVALID"),
        ({"lines": [{"lineRef": "A", "quantity": 1, "paidMinor": -1}]}, "ORDER_INVALID"),
        ({"lines": [{"lineRef": "A", "quantity": 1, "paidMinor": 1}] * 2}, "ORDER_INVALID"),
        ({"shippingMinor": -1}, "ORDER_INVALID"),
        ({"paidByPointsMinor": 150_51}, "ORDER_INVALID"),
        ({"lines": [{"lineRef": "A", "quantity": 1, "paidMinor": 2**53 - 1}]}, "ORDER_INVALID"),
        ({"orderedAt": (NOON + timedelta(minutes=6)).isoformat()}, "CLOCK_SKEW"),
        ({"paidAt": (NOON + timedelta(minutes=6)).isoformat()}, "CLOCK_SKEW"),
        ({"orderedAt": (NOON - 91 * DAY).isoformat()}, "BACKFILL_REQUIRED"),
        ({"memberId": "nobody"}, "NOT_FOUND"),
    ],
)
async def test_an_order_that_cannot_be_is_refused_and_leaves_nothing(change: dict[str, Any], code: str) -> None:
    await programme()
    mei = await member("Mei")
    assert refusals(await record(order(member_id(mei), **change))) == [code]
    assert await SQL("SELECT COUNT(*) AS n FROM purchase").value() == 0
    assert (await balance(mei))["available"] == 0


@pytest.mark.parametrize(
    "change",
    [
        {"orderRef": ""},
        {"orderRef": "x" * 101},
        {"orderRef": "a\nb"},
        {"orderRef": "a\u0000b"},
        {"channel": "x" * 65},
        {"lines": [{"lineRef": " ", "quantity": 1, "paidMinor": 1}]},
        {"lines": [{"lineRef": "A", "quantity": 1, "paidMinor": 1, "name": "x" * 201}]},
        {"lines": [{"lineRef": "A", "quantity": 1, "paidMinor": 1, "sku": "\u202e"}]},
        {"lines": [{"lineRef": "A", "quantity": 2**31, "paidMinor": 1}]},
        {"currency": "cny"},
        {"orderedAt": "2026-03-10T04:00:00"},
        {"orderedAt": "2026"},
        {"orderedAt": "2026-02-30T00:00:00Z"},
        {"orderedAt": 1_772_000_000},
        {"idempotencyKey": "short"},
    ],
    ids=lambda change: str(change)[:40],
)
async def test_what_is_malformed_is_a_mistake_of_the_request(change: dict[str, Any]) -> None:
    await programme()
    mei = await member("Mei")
    document = "mutation($i: PurchaseRecordInput!) { purchaseRecord(input: $i) { replayed } }"
    answer = await ask(document, {"i": order(member_id(mei), **change)}, who=SERVICE)
    assert answer.codes == ["BAD_USER_INPUT"]


async def test_a_lone_surrogate_is_a_mistake_of_the_request() -> None:
    await programme()
    mei = await member("Mei")
    document = "mutation($i: PurchaseRecordInput!) { purchaseRecord(input: $i) { replayed } }"
    answer = await ask(document, {"i": order(member_id(mei), channel="\ud800")}, who=SERVICE)
    assert answer.codes == ["BAD_USER_INPUT"]


async def test_a_frozen_member_may_buy_and_the_points_wait() -> None:
    await programme()
    mei = await member("Mei")
    await freeze(mei)
    assert refusals(await record(order(member_id(mei)))) == []
    assert ((await balance(mei))["available"], (await balance(mei))["pending"]) == (0, 150)


async def test_every_report_is_written_down_with_its_request() -> None:
    await programme()
    mei = await member("Mei")
    await record(order(member_id(mei)))
    await event("COMPLETED", "done")
    await refund("r1", {"A": 1_00})
    rows = [row for row in await AUDITED.rows(mei) if row["action"].startswith("purchase.")]
    assert [row["action"] for row in rows] == ["purchase.record", "purchase.report", "purchase.report"]
    assert {(row["actor_kind"], row["request_id"]) for row in rows} == {("SERVICE", "request-of-the-test")}


async def test_only_services_report_purchases() -> None:
    await programme()
    mei = await member("Mei")
    document = "mutation($i: PurchaseRecordInput!) { purchaseRecord(input: $i) { replayed } }"
    for who in (CLERK, as_member(mei)):
        assert set((await ask(document, {"i": order(member_id(mei))}, who=who)).codes) == {"FORBIDDEN"}


async def test_a_moment_that_is_refused_is_called_as_the_input_calls_it() -> None:
    await programme()
    mei = member_id(await member("Mei"))
    given = {
        "memberId": mei,
        "orderRef": "tea-1",
        "currency": "CNY",
        "lines": [{"lineRef": "A", "quantity": 1, "paidMinor": 1}],
        "idempotencyKey": "tea-1-recorded",
    }
    for days, code in ((1, "CLOCK_SKEW"), (-91, "BACKFILL_REQUIRED")):
        moment = (NOON + timedelta(days=days)).isoformat()
        told = await act("purchaseRecord", "", {**given, "orderedAt": moment}, who=SERVICE)
        assert [(each["code"], each["field"]) for each in told["userErrors"]] == [(code, ["orderedAt"])]
