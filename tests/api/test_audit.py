"""The audit log: what staff and services write leaves a line, what members do for themselves leaves none."""

from typing import Any

import pytest

from api.outside import HASHER
from models.credentials import PrincipalKind
from models.sql import SQL
from models.staff import StaffRole
from rules import credentials, keys, staff
from rules.actors import SYSTEM
from rules.keys import Holder
from schema import ids
from schema.ids import Tag
from tests.api.house import Caller
from tests.people import NOON, adjust, buy, member, programme

LOG = SQL(
    "SELECT actor_kind, actor_id, role, store_id, action, member_id, reason, request_id, facts FROM audit_log"
    " ORDER BY id",
    fans_out="a test reads the whole log",
)
REQUEST = "request-of-the-auditor"
ENTRY = SQL("SELECT id FROM points_entry WHERE member_id = $1 AND delta < 0")


async def heard(caller: Caller, token: str | None, mutation: str, given: dict[str, Any]) -> list[dict[str, Any]]:
    """The lines that one mutation leaves."""
    before = len(await LOG.rows())
    kind = f"{mutation[0].upper()}{mutation[1:]}Input"
    document = f"mutation($i: {kind}!) {{ {mutation}(input: $i) {{ userErrors {{ code }} }} }}"
    headers = {"x-request-id": REQUEST} | ({"authorization": f"Bearer {token}"} if token else {})
    reply = await caller.send(json={"query": document, "variables": {"i": given}}, headers=headers)
    assert reply[mutation] == {"userErrors": []}
    return (await LOG.rows())[before:]


async def at_the_counter() -> tuple[str, str, Any]:
    """A cashier's token, their id and their store."""
    store = await staff.open_store("SH01", "Shanghai")
    who = await staff.hire("wang", "x", StaffRole.CASHIER, store_id=store, now=NOON)
    return (await credentials.log_in(PrincipalKind.STAFF, who, actor=SYSTEM, now=NOON)).access, str(who), store


async def at_the_desk(role: StaffRole = StaffRole.CS) -> tuple[str, str]:
    who = await staff.hire(role.lower(), "x", role, now=NOON)
    return (await credentials.log_in(PrincipalKind.STAFF, who, actor=SYSTEM, now=NOON)).access, str(who)


async def test_a_cashiers_redemption_says_who_where_for_whom_why_and_in_which_request(caller: Caller) -> None:
    await programme()
    mei = await member("Mei")
    await adjust(mei, 100)
    token, who, store = await at_the_counter()
    given = {
        "memberId": ids.encode(Tag.MEMBER, mei),
        "points": 30,
        "reason": "REWARD_TEA",
        "note": "Mrs Wang's green tea",
        "idempotencyKey": "audited-1",
    }
    [line] = await heard(caller, token, "pointsRedeem", given)
    assert line.pop("facts").keys() == {"points", "transaction"}
    assert line == {
        "actor_kind": "STAFF",
        "actor_id": who,
        "role": "CASHIER",
        "store_id": store,
        "action": "points.redeem",
        "member_id": mei,
        "reason": "REWARD_TEA",
        "request_id": REQUEST,
    }
    assert "Wang" not in str(await LOG.rows())
    assert await heard(caller, token, "pointsRedeem", given) == [], (
        "a replay does nothing, so there is nothing to note"
    )


async def test_every_act_of_the_desk_leaves_a_line(caller: Caller) -> None:
    await programme()
    mei = await member("Mei")
    await adjust(mei, 100)
    token, who = await at_the_desk()
    encoded = ids.encode(Tag.MEMBER, mei)
    phone = {"kind": "PHONE", "value": "+8613800005555"}
    card = {"kind": "CARD", "namespace": "house", "value": "C1"}
    spend = {"memberId": encoded, "points": 30, "idempotencyKey": "audited-2"}
    acts: list[tuple[str, dict[str, Any], list[tuple[str, str | None]]]] = [
        ("memberFreeze", {"memberId": encoded, "reason": "RISK"}, [("member.freeze", "RISK")]),
        ("memberUnfreeze", {"memberId": encoded, "reason": "CLEARED"}, [("member.unfreeze", "CLEARED")]),
        ("memberIdentify", {"identities": [phone], "allowCreate": True}, [("member.create", None)]),
        ("memberIdentify", {"identities": [phone, card]}, [("member.attach", None)]),
        ("memberIdentify", {"identities": [phone, card]}, []),
        (
            "memberEnroll",
            {"identities": [{**card, "value": "C2"}]},
            [("member.create", None), ("member.enroll", None)],
        ),
        ("pointsRedeem", spend, [("points.redeem", "REDEMPTION")]),
        (
            "pointsAdjust",
            {"memberId": encoded, "delta": 5, "reason": "GOODWILL", "idempotencyKey": "audited-3"},
            [("points.adjust", "GOODWILL")],
        ),
    ]
    for mutation, given, lines in acts:
        left = await heard(caller, token, mutation, given)
        assert [(line["action"], line["reason"]) for line in left] == lines, mutation
        assert {(line["actor_id"], line["request_id"]) for line in left} <= {(who, REQUEST)}
    entry = ids.encode(Tag.POINTS_ENTRY, mei, await ENTRY.value(mei))
    back = {"entryId": entry, "reason": "RETURNED", "idempotencyKey": "audited-4"}
    assert [line["action"] for line in await heard(caller, token, "pointsReturn", back)] == ["points.return"]


async def test_every_report_of_a_service_leaves_a_line(caller: Caller) -> None:
    await programme()
    mei = await member("Mei")
    issued = await keys.issue(Holder.service("shop"), name="till", environment="test", actor=SYSTEM, now=NOON)
    key = issued.secret
    at = NOON.isoformat()
    order = {
        "memberId": ids.encode(Tag.MEMBER, mei),
        "orderRef": "tea-1",
        "currency": "CNY",
        "lines": [{"lineRef": "A", "quantity": 1, "paidMinor": 100_00}],
        "orderedAt": at,
        "idempotencyKey": "audited-1",
    }
    event = {"orderRef": "tea-1", "eventRef": "e1", "occurredAt": at, "idempotencyKey": "audited-2"}
    for mutation, given, action in (
        ("purchaseRecord", order, "purchase.record"),
        ("purchaseEvent", {**event, "kind": "PAID"}, "purchase.report"),
        (
            "purchaseRefund",
            {**event, "lines": [{"lineRef": "A", "refundMinor": 1}], "idempotencyKey": "audited-3"},
            "purchase.report",
        ),
    ):
        [line] = await heard(caller, key, mutation, given)
        assert (line["actor_kind"], line["actor_id"], line["action"], line["member_id"]) == (
            "SERVICE",
            key.split("_")[2],
            action,
            mei,
        )
        assert line["request_id"] == REQUEST


async def test_what_members_do_for_themselves_is_not_watched(caller: Caller) -> None:
    await programme()
    assert await heard(caller, None, "memberLogin", {"code": "demo:alice"}) == []
    mei = await member("Mei")
    await buy(mei, 100_00)
    token = (await credentials.log_in(PrincipalKind.MEMBER, mei, actor=SYSTEM, now=NOON)).access
    for mutation, given in (
        ("memberEnroll", {}),
        ("memberProfileUpdate", {"profile": {"displayName": "梅"}}),
        ("pointsRedeem", {"points": 10, "idempotencyKey": "unwatched-1"}),
        ("tokenRevoke", {"token": token}),
    ):
        assert await heard(caller, token, mutation, given) == [], mutation


async def test_a_login_of_staff_leaves_a_line(caller: Caller) -> None:
    await programme()
    who = await staff.hire("wang", HASHER.hash("a long password"), StaffRole.ANALYST, now=NOON)
    [line] = await heard(caller, None, "staffLogin", {"username": "wang", "password": "a long password"})
    assert (line["action"], line["actor_id"], line["role"], line["request_id"]) == (
        "staff.login",
        str(who),
        "ANALYST",
        REQUEST,
    )


@pytest.mark.parametrize("points", [101, 10**6])
async def test_what_was_refused_leaves_no_line(caller: Caller, points: int) -> None:
    await programme()
    mei = await member("Mei")
    await adjust(mei, 100)
    token, _ = await at_the_desk(StaffRole.OWNER)
    before = len(await LOG.rows())
    document = "mutation($i: PointsRedeemInput!) { pointsRedeem(input: $i) { userErrors { code } } }"
    given = {"memberId": ids.encode(Tag.MEMBER, mei), "points": points, "idempotencyKey": "refused-1"}
    reply = await caller.ask(document, {"i": given}, token=token)
    assert reply["pointsRedeem"]["userErrors"] == [{"code": "INSUFFICIENT_POINTS"}]
    assert len(await LOG.rows()) == before
