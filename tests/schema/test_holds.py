"""Holding points for a checkout, as a client does it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from models.credentials import KeyScope
from rules.actors import Principal
from tests.people import DAY, NOON, buy, capture, fresh_key, member, programme, redeem, release, set_aside
from tests.schema.asking import (
    ANALYST,
    CASHIER,
    CLERK,
    PARTNER,
    SERVICE,
    act,
    as_member,
    as_service,
    ask,
    member_id,
    purchase_id,
    refusals,
)

QUARTER = timedelta(minutes=15)
HOLD = "hold { id state points captured released reason purchaseId orderRef createdAt expiresAt closedAt }"
WHOLE = f"{HOLD} entry {{ kind bucket points }} account {{ available held }} replayed"
LIST = """query($state: PointsHoldState, $first: Int, $after: String, $last: Int, $before: String) { me { points {
  available held holds(state: $state, first: $first, after: $after, last: $last, before: $before) {
    nodes { id state points captured released closedAt } pageInfo { hasNextPage endCursor } }
} } }"""


async def shopper(amount: int = 100) -> UUID:
    await programme()
    mei = await member("Mei")
    await buy(mei, amount * 100, ref="coat")
    return mei


async def holding(who: Principal, **given: Any) -> Any:
    return await act("pointsHold", WHOLE, {"idempotencyKey": fresh_key(), **given}, who=who)


async def test_a_member_sets_points_aside_and_takes_them() -> None:
    mei = await shopper()
    done = await holding(as_member(mei), points=70, seconds=60, orderRef="tea-1")
    assert done["userErrors"] == []
    hold = done["hold"]
    assert {**hold, "id": ""} == {
        "id": "",
        "state": "HELD",
        "points": 70,
        "captured": 0,
        "released": 0,
        "reason": "CHECKOUT",
        "purchaseId": None,
        "orderRef": "tea-1",
        "createdAt": "2026-03-10T04:00:00Z",
        "expiresAt": "2026-03-10T04:01:00Z",
        "closedAt": None,
    }
    assert done["entry"] == {"kind": "HOLD", "bucket": "AVAILABLE", "points": -70}
    assert done["account"] == {"available": 30, "held": 70}
    given = {"holdId": hold["id"], "points": 50, "idempotencyKey": fresh_key()}
    taken = await act("pointsCapture", WHOLE, given, who=as_member(mei))
    assert taken["entry"] == {"kind": "REDEEM", "bucket": "HELD", "points": -50}
    assert taken["account"] == {"available": 50, "held": 0}
    assert [taken["hold"][name] for name in ("state", "captured", "released")] == ["PARTIALLY_CAPTURED", 50, 20]
    again = await act("pointsCapture", WHOLE, given, who=as_member(mei), at=NOON + DAY)
    assert again == {**taken, "replayed": True}


async def test_a_service_holds_for_an_order_and_its_refund_gives_the_points_back() -> None:
    mei = await shopper()
    bought = await buy(mei, 40_00, ref="tea", paid=False)
    tea = purchase_id(mei, bought.purchase_id)
    done = await holding(SERVICE, memberId=member_id(mei), points=60, purchaseId=tea)
    assert done["hold"]["purchaseId"] == tea
    given = {"holdId": done["hold"]["id"], "idempotencyKey": fresh_key()}
    rival = await act("pointsCapture", WHOLE, given, who=as_service("rival"))
    assert refusals(rival) == ["NOT_FOUND"]
    taken = await act("pointsCapture", WHOLE, given, who=SERVICE)
    assert taken["account"] == {"available": 40, "held": 0}
    event = {"orderRef": "tea", "eventRef": "e-1", "occurredAt": NOON.isoformat(), "kind": "CANCELLED"}
    await act("purchaseEvent", "", {**event, "idempotencyKey": fresh_key()}, who=SERVICE)
    assert (await ask(LIST, who=as_member(mei)))["me"]["points"]["available"] == 100


async def test_a_key_kept_to_a_scope_holds_points_with_that_scope_alone() -> None:
    mei = await shopper()
    given = {"memberId": member_id(mei), "points": 1, "idempotencyKey": fresh_key()}
    document = "mutation($i: PointsHoldInput!) { pointsHold(input: $i) { hold { state } userErrors { code } } }"
    writes = frozenset({KeyScope.POINTS_WRITE, KeyScope.POINTS_READ})
    for scopes, codes in ((frozenset({KeyScope.POINTS_READ}), {"FORBIDDEN"}), (writes, set())):
        assert set((await ask(document, {"i": given}, who=replace(SERVICE, scopes=scopes))).codes) == codes


async def test_a_member_gives_back_what_they_set_aside_but_not_what_the_shop_did() -> None:
    mei = await shopper()
    own = await holding(as_member(mei), points=10)
    shops = await holding(SERVICE, memberId=member_id(mei), points=20)
    back = await act(
        "pointsRelease", WHOLE, {"holdId": own["hold"]["id"], "idempotencyKey": fresh_key()}, who=as_member(mei)
    )
    assert (back["hold"]["state"], back["account"]) == ("RELEASED", {"available": 80, "held": 20})
    assert back["entry"] == {"kind": "RELEASE", "bucket": "HELD", "points": -10}
    for mutation in ("pointsRelease", "pointsCapture"):
        given = {"holdId": shops["hold"]["id"], "idempotencyKey": fresh_key()}
        assert refusals(await act(mutation, WHOLE, given, who=as_member(mei))) == ["NOT_FOUND"]


async def test_a_refused_hold_tells_its_facts() -> None:
    mei = await shopper()
    given = {"points": 100, "seconds": 604_801, "idempotencyKey": fresh_key()}
    document = """mutation($i: PointsHoldInput!) { pointsHold(input: $i) { hold { id } userErrors {
      code field ... on HoldTooLong { wanted limit } ... on InsufficientPoints { available } } } }"""
    told = (await ask(document, {"i": given}, who=as_member(mei)))["pointsHold"]
    error = {"code": "HOLD_TOO_LONG", "field": ["seconds"], "wanted": 604_801, "limit": 604_800}
    assert told == {"hold": None, "userErrors": [error]}
    told = (await ask(document, {"i": {**given, "points": 101, "seconds": 1}}, who=as_member(mei)))["pointsHold"]
    assert told["userErrors"] == [{"code": "INSUFFICIENT_POINTS", "field": ["points"], "available": 100}]


@pytest.mark.parametrize("wrong", [{"points": 0}, {"seconds": 0}, {"orderRef": ""}, {"orderRef": "x" * 101}])
async def test_what_makes_no_sense_is_a_mistake(wrong: dict[str, Any]) -> None:
    mei = await shopper()
    given = {"points": 1, "idempotencyKey": fresh_key(), **wrong}
    document = "mutation($i: PointsHoldInput!) { pointsHold(input: $i) { userErrors { code } } }"
    assert (await ask(document, {"i": given}, who=as_member(mei))).codes == ["BAD_USER_INPUT"]


@pytest.mark.parametrize("who", [ANALYST, PARTNER, None])
async def test_a_hold_is_not_for_everybody(who: Principal | None) -> None:
    mei = await shopper()
    given = {"memberId": member_id(mei), "points": 1, "idempotencyKey": fresh_key()}
    document = "mutation($i: PointsHoldInput!) { pointsHold(input: $i) { userErrors { code } } }"
    answer = await ask(document, {"i": given}, who=who)
    assert set(answer.codes) == {"FORBIDDEN" if who else "UNAUTHENTICATED"}


async def five_holds() -> UUID:
    """Taken, taken in part, released, expired and open, in this order."""
    mei = await shopper(1_000)
    await capture(mei, (await set_aside(mei, 10)).hold_id)
    await capture(mei, (await set_aside(mei, 20)).hold_id, 5)
    await release(mei, (await set_aside(mei, 30)).hold_id)
    await set_aside(mei, 40)
    await set_aside(mei, 50, lasting=DAY)
    return mei


STATES = ["HELD", "EXPIRED", "RELEASED", "PARTIALLY_CAPTURED", "CAPTURED"]


async def listed(mei: UUID, **given: Any) -> Any:
    return (await ask(LIST, given, who=as_member(mei), at=NOON + QUARTER))["me"]["points"]


@pytest.mark.parametrize("written", [False, True])
async def test_holds_are_listed_newest_first_and_time_ends_them_whoever_writes_it(written: bool) -> None:
    mei = await five_holds()
    if written:
        await redeem(mei, 1, at=NOON + QUARTER)
    told = await listed(mei)
    assert [each["state"] for each in told["holds"]["nodes"]] == STATES
    assert (told["available"], told["held"]) == (985 - 50 - written, 50)
    expired = told["holds"]["nodes"][1]
    assert (expired["released"], expired["closedAt"]) == (40, "2026-03-10T04:15:00Z")
    for state in STATES:
        assert [each["state"] for each in (await listed(mei, state=state))["holds"]["nodes"]] == [state]


async def test_holds_are_read_page_by_page() -> None:
    mei = await five_holds()
    whole = [each["id"] for each in (await listed(mei))["holds"]["nodes"]]
    seen: list[str] = []
    info: dict[str, Any] = {"endCursor": None, "hasNextPage": True}
    while info["hasNextPage"]:
        page = (await listed(mei, first=2, after=info["endCursor"]))["holds"]
        seen += [each["id"] for each in page["nodes"]]
        info = page["pageInfo"]
    assert seen == whole
    last = (await listed(mei, last=2))["holds"]["nodes"]
    assert [each["id"] for each in last] == whole[-2:]


async def test_a_page_of_members_shows_each_ones_holds_and_what_is_over() -> None:
    mei = await five_holds()
    wang = await member("Wang")
    await buy(wang, 30_00)
    await set_aside(wang, 10)
    document = (
        """{ members { nodes { id points { available held holds(first: 1) { nodes { state points } } } } } }"""
    )
    nodes = (await ask(document, who=CLERK, at=NOON + QUARTER))["members"]["nodes"]
    assert {each["id"]: each["points"] for each in nodes} == {
        member_id(mei): {"available": 935, "held": 50, "holds": {"nodes": [{"state": "HELD", "points": 50}]}},
        member_id(wang): {"available": 30, "held": 0, "holds": {"nodes": [{"state": "EXPIRED", "points": 10}]}},
    }


async def test_only_open_holds_cost_a_reader_anything(statements: list[str]) -> None:
    mei = await shopper()
    document = "{ me { points { available held } } }"
    counts = []
    for lasting in (None, DAY, timedelta(seconds=1)):
        if lasting:
            await set_aside(mei, 10, lasting=lasting)
        statements.clear()
        await ask(document, who=as_member(mei), at=NOON + QUARTER)
        counts.append(len(statements))
    assert counts[0] == 1
    assert counts[1] == 2
    lists = "{ me { points { holds { nodes { id } } } } }"
    statements.clear()
    await ask(lists, who=as_member(mei))
    assert len(statements) == 1


async def test_a_cashier_takes_what_was_set_aside_in_their_store() -> None:
    mei = await shopper()
    done = await holding(CASHIER, memberId=member_id(mei), points=10)
    given = {"holdId": done["hold"]["id"], "idempotencyKey": fresh_key()}
    elsewhere = replace(CASHIER, store_id=UUID(int=5))
    assert refusals(await act("pointsCapture", WHOLE, given, who=elsewhere)) == ["NOT_FOUND"]
    assert refusals(await act("pointsCapture", WHOLE, given, who=CASHIER)) == []
