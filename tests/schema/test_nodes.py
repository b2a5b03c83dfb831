"""Ids: one object or several by id; unknown, malformed and not-yours all look the same."""

import base64
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from graphql import GraphQLInputObjectType, get_named_type

from models.credentials import PrincipalKind
from models.sql import SQL
from models.staff import StaffRole
from rules import credentials
from rules import programme as programmes
from rules.actors import SYSTEM, Actor, ActorKind
from schema import ids
from schema.ids import Tag
from tests.people import NOON, buy, fresh_key, member, programme, redeem, set_aside
from tests.schema.asking import (
    ANALYST,
    CASHIER,
    CLERK,
    OWNER,
    PARTNER,
    SERVICE,
    Answer,
    act,
    as_member,
    as_service,
    as_staff,
    ask,
    entry_id,
    hold_id,
    member_id,
    purchase_id,
    refusals,
)
from tests.schema.matrix import Step, kind_of

NODE = """query($id: ID!) { node(id: $id) {
  __typename id
  ... on Member { state } ... on PointsEntry { points } ... on Purchase { orderRef } ... on PointsHold { captured }
  ... on Tier { code }
} }"""
BARE = "query($id: ID!) { node(id: $id) { __typename id } }"
ENTRY = SQL("SELECT id FROM points_entry WHERE member_id = $1 ORDER BY seq DESC LIMIT 1")
HOLD = SQL("SELECT id FROM points_hold WHERE member_id = $1 ORDER BY id LIMIT 1")
PURCHASE = SQL("SELECT id FROM purchase WHERE member_id = $1 ORDER BY id LIMIT 1")


async def belongings(who: UUID) -> dict[str, str]:
    """The ids of a member, of the last line of their ledger, of a purchase and a hold of theirs."""
    return {
        "Member": member_id(who),
        "PointsEntry": entry_id(who, await ENTRY.value(who)),
        "Purchase": purchase_id(who, await PURCHASE.value(who)),
        "PointsHold": hold_id(who, await HOLD.value(who)),
    }


async def shopper(name: str) -> UUID:
    """A member who bought tea and spent some points."""
    who = await member(name)
    await buy(who, 300_00)
    await redeem(who, 100)
    await set_aside(who, 5, actor=Actor(ActorKind.MEMBER, str(who)))
    return who


async def test_a_member_reads_what_is_theirs_by_id() -> None:
    await programme()
    mei = await shopper("Mei")
    for kind, given in (await belongings(mei)).items():
        found = (await ask(NODE, {"id": given}, who=as_member(mei)))["node"]
        assert (found["__typename"], found["id"]) == (kind, given)


async def test_staff_and_services_read_any_members_by_id() -> None:
    await programme()
    mei = await shopper("Mei")
    for kind, given in (await belongings(mei)).items():
        for who in (CLERK, OWNER, ANALYST, SERVICE):
            assert (await ask(NODE, {"id": given}, who=who))["node"]["__typename"] == kind


async def test_a_tier_is_for_everybody() -> None:
    await programme()
    [tier] = [rung for rung in (await programmes.terms()).ladder if rung.code == "GOLD"]
    assert tier.id is not None
    given = {"id": ids.encode(Tag.TIER, tier.id)}
    for who in (None, PARTNER, CASHIER, as_member(uuid4())):
        assert (await ask(BARE, given, who=who))["node"]["__typename"] == "Tier"


def variants(good: str) -> dict[str, str]:
    """An id bent in every way that no longer is that id."""
    raw = base64.urlsafe_b64decode(good + "=" * (-len(good) % 4))
    other_tag = bytes([Tag.TIER if raw[0] != Tag.TIER else Tag.MEMBER]) + raw[1:17]
    unknown = raw[:-1] + bytes([raw[-1] ^ 1])

    def coded(data: bytes) -> str:
        return base64.urlsafe_b64encode(data).decode().rstrip("=")

    return {
        "unknown": coded(unknown),
        "another type": coded(other_tag),
        "a type that is none": coded(bytes([99]) + raw[1:]),
        "truncated": good[:-3],
        "one byte short": coded(raw[:-1]),
        "one byte long": coded(raw + b"\x00"),
        "padded": good + "==",
        "standard alphabet": good.replace("-", "+").replace("_", "/") + "\n",
        "not canonical": good[:-1] + chr(ord(good[-1]) + 1),
        "white space": f" {good}",
        "empty": "",
        "not base64": "§§§",
        "a plain uuid": str(UUID(bytes=raw[1:17])),
        "a number": "7",
        "long": "A" * 4_000,
    }


async def test_every_id_that_means_nothing_is_answered_alike() -> None:
    await programme()
    mei = await shopper("Mei")
    for good in (await belongings(mei)).values():
        for who in (as_member(mei), CLERK, SERVICE):
            answers = {name: await ask(BARE, {"id": bent}, who=who) for name, bent in variants(good).items()}
            wrong = {name: answer for name, answer in answers.items() if answer != Answer({"node": None})}
            assert wrong == {}


async def test_what_is_another_members_looks_as_if_it_were_not_there() -> None:
    await programme()
    mei, lan = await shopper("Mei"), await shopper("Lan")
    for given in (await belongings(lan)).values():
        for who in (as_member(mei), PARTNER, None):
            assert await ask(BARE, {"id": given}, who=who) == Answer({"node": None})


async def test_an_id_that_joins_one_member_to_anothers_row_finds_nothing() -> None:
    await programme()
    mei, lan = await shopper("Mei"), await shopper("Lan")
    theirs = (await ENTRY.value(lan), await PURCHASE.value(lan))
    for given in (entry_id(mei, theirs[0]), purchase_id(mei, theirs[1])):
        for who in (as_member(mei), as_member(lan), CLERK, SERVICE):
            assert await ask(BARE, {"id": given}, who=who) == Answer({"node": None})


async def test_several_ids_are_answered_in_their_order_with_nulls_between() -> None:
    await programme()
    mei, lan = await shopper("Mei"), await shopper("Lan")
    mine, theirs = await belongings(mei), await belongings(lan)
    given = [mine["Purchase"], theirs["Member"], "nonsense", mine["Member"], mine["Member"]]
    answer = await ask("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", {"ids": given}, who=as_member(mei))
    assert answer["nodes"] == [{"id": given[0]}, None, None, {"id": given[3]}, {"id": given[4]}]


@pytest.mark.parametrize(("count", "codes"), [(0, []), (100, []), (101, ["BAD_USER_INPUT"])])
async def test_a_hundred_nodes_at_most_are_asked_for_at_once(count: int, codes: list[str]) -> None:
    await programme()
    answer = await ask("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", {"ids": ["x"] * count}, who=CLERK)
    assert answer.codes == codes


async def test_nodes_are_for_those_who_are_known() -> None:
    assert (await ask('{ nodes(ids: ["x"]) { id } }')).codes == ["UNAUTHENTICATED"]


async def test_a_service_sees_the_orders_it_reported_and_no_others() -> None:
    await programme()
    mei = await member("Mei")
    await buy(mei, 300_00, ref="tea-1")
    given = purchase_id(mei, await PURCHASE.value(mei))
    listed = "query($id: ID!) { member(by: {id: $id}) { purchases { nodes { orderRef } } } }"
    for source, nodes in (("shop", [{"orderRef": "tea-1"}]), ("elsewhere", [])):
        who = as_service(source)
        found = (await ask(listed, {"id": member_id(mei)}, who=who))["member"]["purchases"]["nodes"]
        assert found == nodes
        assert (await ask(BARE, {"id": given}, who=who))["node"] == (
            {"__typename": "Purchase", "id": given} if nodes else None
        )


async def test_a_cashier_sees_their_own_stores_purchases_and_no_others() -> None:
    await programme()
    mei = await member("Mei")
    here, there = uuid4(), uuid4()
    await buy(mei, 300_00, ref="tea-1", store_id=here)
    given = purchase_id(mei, await PURCHASE.value(mei))
    for store, found in ((here, True), (there, False)):
        who = as_staff(StaffRole.CASHIER, store_id=store)
        assert ((await ask(BARE, {"id": given}, who=who))["node"] is not None) is found


def swaps_of_holds(mei: UUID, hold: str) -> dict[str, tuple[str, Callable[[str], Awaitable[Any]]]]:
    """The ids that what is done with holds takes of a member, who set this one aside."""
    me = as_member(mei)
    return {
        "pointsHold.memberId": (
            "Member",
            lambda given: act("pointsHold", "", {**holding(), "memberId": given}, who=as_member(mei)),
        ),
        "pointsHold.purchaseId": (
            "Purchase",
            lambda given: act("pointsHold", "", {**holding(), "purchaseId": given}, who=as_member(mei)),
        ),
        "pointsCapture.holdId": ("PointsHold", lambda given: act("pointsCapture", "", ending(given), who=me)),
        "pointsCapture.purchaseId": (
            "Purchase",
            lambda given: act("pointsCapture", "", {**ending(hold), "purchaseId": given}, who=as_member(mei)),
        ),
        "pointsRelease.holdId": ("PointsHold", lambda given: act("pointsRelease", "", ending(given), who=me)),
        "pointsHoldExtend.holdId": ("PointsHold", lambda given: act("pointsHoldExtend", "", longer(given), who=me)),
    }


LEAVING = ("memberOptOut", "memberRejoin", "memberErasureRequest", "memberErasureCancel")


def swaps_of_members(mei: UUID) -> dict[str, tuple[str, Callable[[str], Awaitable[Any]]]]:
    """The ids of members that giving points away, and leaving, take of a member."""

    def swap(what: str, name: str, more: dict[str, Any]) -> Callable[[str], Awaitable[Any]]:
        return lambda given: act(what, "", {**more, name: given}, who=as_member(mei))

    found = {f"{what}.memberId": ("Member", swap(what, "memberId", {})) for what in LEAVING}
    names = ("memberId", "toMemberId")
    return found | {
        f"pointsTransfer.{each}": ("Member", swap("pointsTransfer", each, giving(each))) for each in names
    }


async def test_every_id_a_mutation_takes_is_refused_alike_when_absent_and_when_not_yours() -> None:
    await programme()
    mei, lan = await shopper("Mei"), await shopper("Lan")
    mine, theirs = await belongings(mei), await belongings(lan)
    absent = {
        "Member": member_id(uuid4()),
        "PointsEntry": entry_id(lan, uuid4()),
        "Purchase": purchase_id(lan, uuid4()),
        "PointsHold": hold_id(lan, uuid4()),
        "Login": ids.encode(Tag.LOGIN, uuid4()),
    }
    login = (await credentials.log_in(PrincipalKind.MEMBER, lan, actor=SYSTEM, now=NOON)).login
    theirs["Login"] = ids.encode(Tag.LOGIN, login)
    swaps: dict[str, tuple[str, Callable[[str], Awaitable[Any]]]] = {
        "pointsRedeem.memberId": (
            "Member",
            lambda given: act("pointsRedeem", "", {**redeeming(), "memberId": given}, who=as_member(mei)),
        ),
        "pointsRedeem.purchaseId": (
            "Purchase",
            lambda given: act("pointsRedeem", "", {**redeeming(), "purchaseId": given}, who=as_member(mei)),
        ),
        **swaps_of_holds(mei, mine["PointsHold"]),
        **swaps_of_members(mei),
        "loginEnd.loginId": (
            "Login",
            lambda given: act("loginEnd", "ended", {"loginId": given}, who=as_member(mei)),
        ),
        "pointsRedeem.purchaseId for another member": (
            "Purchase",
            lambda given: act(
                "pointsRedeem", "", {**redeeming(), "memberId": mine["Member"], "purchaseId": given}, who=CLERK
            ),
        ),
    }
    for name, (kind, swap) in swaps.items():
        answers = [await swap(given) for given in (theirs[kind], absent[kind], "nonsense", mine["PointsEntry"])]
        assert [refusals(answer) for answer in answers] == [["NOT_FOUND"]] * 4, name
        assert answers[0] == answers[1] == answers[2] == answers[3], name


TRIED = {
    "Query.node(id)",
    "Query.nodes(ids)",
    "Query.pointsPreview(input.memberId)",
    "Query.pointsRedeemPreview(input.memberId)",
    "Mutation.loginEnd(input.loginId)",
    *(f"Mutation.points{each}(input.purchaseId)" for each in ("Redeem", "Hold", "Capture")),
    *(f"Mutation.points{each}(input.memberId)" for each in ("Redeem", "Hold", "Transfer")),
    *(f"Mutation.points{each}(input.holdId)" for each in ("Capture", "Release", "HoldExtend")),
    "Mutation.pointsTransfer(input.toMemberId)",
    *(f"Mutation.{mutation}(input.memberId)" for mutation in LEAVING),
}
"""The ids a member may send, each of which a test of this file swaps for another member's."""


def ids_of_members(root: str) -> set[str]:
    """Every place where a field that members may ask for takes an id."""
    found = set()
    for name, field in kind_of(root).fields.items():
        if not Step(root, name, "").audiences & {"MEMBER", "PUBLIC"}:
            continue
        for argument, each in field.args.items():
            kind = get_named_type(each.type)
            inner = kind.fields if isinstance(kind, GraphQLInputObjectType) else {}
            told = {argument: kind} | {f"{argument}.{part}": get_named_type(of.type) for part, of in inner.items()}
            found |= {f"{root}.{name}({place})" for place, of in told.items() if str(of) == "ID"}
    return found


def test_every_id_a_member_may_send_is_tried() -> None:
    assert ids_of_members("Query") | ids_of_members("Mutation") == TRIED


def redeeming() -> dict[str, Any]:
    return {"points": 1, "reason": "TEA", "idempotencyKey": fresh_key()}


def giving(named: str) -> dict[str, Any]:
    to = {"toMemberCode": "771234567890123457"} if named == "memberId" else {}
    return {"points": 1, "idempotencyKey": fresh_key(), **to}


def holding() -> dict[str, Any]:
    return {"points": 1, "idempotencyKey": fresh_key()}


def ending(hold: str) -> dict[str, Any]:
    return {"holdId": hold, "idempotencyKey": fresh_key()}


def longer(hold: str) -> dict[str, Any]:
    return {**ending(hold), "seconds": 9}


@pytest.mark.parametrize(
    ("mutation", "who", "field", "more"),
    [
        ("loginsEnd", CLERK, "memberId", {"reason": "RISK"}),
        ("memberFreeze", CLERK, "memberId", {"reason": "RISK"}),
        ("memberUnfreeze", CLERK, "memberId", {"reason": "RISK"}),
        ("pointsAdjust", CLERK, "memberId", {"delta": 1, "reason": "GOODWILL", "idempotencyKey": "key-of-test"}),
        ("pointsRedeem", CASHIER, "memberId", {"points": 1, "idempotencyKey": "key-of-test"}),
        ("pointsHold", CASHIER, "memberId", {"points": 1, "idempotencyKey": "key-of-test"}),
        ("pointsCapture", CASHIER, "holdId", {"idempotencyKey": "key-of-test"}),
        ("pointsRelease", SERVICE, "holdId", {"idempotencyKey": "key-of-test"}),
        ("pointsHoldExtend", SERVICE, "holdId", {"seconds": 9, "idempotencyKey": "key-of-test"}),
        ("pointsReturn", CASHIER, "entryId", {"reason": "RETURNED", "idempotencyKey": "key-of-test"}),
        (
            "purchaseRecord",
            SERVICE,
            "memberId",
            {
                "orderRef": "tea-1",
                "currency": "CNY",
                "lines": [{"lineRef": "A", "quantity": 1, "paidMinor": 1}],
                "orderedAt": NOON.isoformat(),
                "idempotencyKey": "key-of-test",
            },
        ),
    ],
)
async def test_an_id_of_nobody_is_refused_and_nothing_is_written(
    mutation: str, who: Any, field: str, more: dict[str, Any]
) -> None:
    await programme()
    mei = await shopper("Mei")
    tier = (await programmes.terms()).ladder[0].id
    assert tier is not None
    mine = await belongings(mei)
    wrong_kind = mine["Purchase"] if field == "memberId" else mine["Member"]
    nobody = [member_id(uuid4()), entry_id(mei, uuid4()), ids.encode(Tag.TIER, tier), wrong_kind, "nonsense", ""]
    payloads = [await act(mutation, "", {field: given, **more}, who=who) for given in nobody]
    assert {tuple(refusals(payload)) for payload in payloads} == {("NOT_FOUND",)}
    assert all(payload == payloads[0] for payload in payloads)


async def test_a_preview_for_somebody_else_is_no_preview() -> None:
    await programme()
    mei, lan = await shopper("Mei"), await shopper("Lan")
    document = """query($id: ID) {
      pointsRedeemPreview(input: {memberId: $id, points: 1}) { allowed }
    }"""
    for given in (member_id(lan), member_id(uuid4()), "nonsense", purchase_id(lan, uuid4())):
        assert await ask(document, {"id": given}, who=as_member(mei)) == Answer({"pointsRedeemPreview": None})
    for given in (member_id(uuid4()), "nonsense"):
        assert await ask(document, {"id": given}, who=CASHIER) == Answer({"pointsRedeemPreview": None})
    assert (await ask(document, {"id": member_id(mei)}, who=as_member(mei)))["pointsRedeemPreview"] == {
        "allowed": True
    }
