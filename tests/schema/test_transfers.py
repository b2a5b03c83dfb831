"""Giving points away through the schema: by a member's code, by the desk, tried first, told in the statement."""

from typing import Any
from uuid import UUID

from models.sql import SQL
from models.units import Points
from rules import codes
from rules.policy import Transfer
from tests.people import DAY, NOON, adjust, balance, member, programme, publish
from tests.schema.asking import CASHIER, CLERK, act, as_member, as_service, ask, member_id, refusals

LATER = NOON + 40 * DAY
WHOLE = """to { displayName } entry { kind points balanceAfter reason says movement { by counterpart { displayName }
  lots { points expiresAt } } } account { available } replayed"""
TRY = """query($i: PointsTransferPreviewInput!) { pointsTransferPreview(input: $i) {
  allowed available availableAfter leftCount leftPoints to { displayName }
  userErrors { code ... on TransferLimit { rule wanted limit } } } }"""
ATTEMPTS = SQL("SELECT failures FROM attempt", fans_out="a test looks")


async def two() -> tuple[UUID, UUID]:
    await programme(expire_months=12)
    await publish(transfer=Transfer(enabled=True, per_day_points=Points(100)))
    mei, lan = await member("Mei"), await member("Lan")
    await adjust(mei, 300)
    return mei, lan


async def code_of(who: UUID) -> str:
    return (await codes.show(who, now=LATER)).code


async def giving(who: Any, **given: Any) -> Any:
    return await act(
        "pointsTransfer", WHOLE, {"points": 40, "idempotencyKey": "tea-for-two", **given}, who=who, at=LATER
    )


async def test_a_member_tries_and_then_gives_to_whoever_shows_a_code() -> None:
    mei, lan = await two()
    code = await code_of(lan)
    tried = await ask(TRY, {"i": {"toMemberCode": code, "points": 40}}, who=as_member(mei), at=LATER)
    assert tried["pointsTransferPreview"] == {
        "allowed": True,
        "available": 300,
        "availableAfter": 260,
        "leftCount": 3,
        "leftPoints": 100,
        "to": {"displayName": "Lan"},
        "userErrors": [],
    }
    told = await giving(as_member(mei), toMemberCode=f"{code[:6]} {code[6:]}")
    expected = {
        "to": {"displayName": "Lan"},
        "entry": {
            "kind": "TRANSFER_OUT",
            "points": -40,
            "balanceAfter": 260,
            "reason": "GIFT",
            "says": "Given to another member: a gift",
            "movement": {
                "by": "MEMBER",
                "counterpart": {"displayName": "Lan"},
                "lots": [{"points": -40, "expiresAt": "2027-03-10T16:00:00Z"}],
            },
        },
        "account": {"available": 260},
        "replayed": False,
        "userErrors": [],
    }
    assert told == expected
    assert await giving(as_member(mei), toMemberCode=f"{code[:6]} {code[6:]}") == {**expected, "replayed": True}


async def test_the_statement_of_either_tells_who_the_other_was() -> None:
    mei, lan = await two()
    await giving(as_member(mei), toMemberCode=await code_of(lan))
    statement = """{ me { points { available entries(first: 1) { nodes { says points
      movement { by counterpart { displayName avatarUrl } reversesId } } } } } }"""
    mine = (await ask(statement, who=as_member(lan), at=LATER, language="zh"))["me"]["points"]
    assert mine["entries"]["nodes"] == [
        {
            "says": "收到其他会员转赠（赠送）",
            "points": 40,
            "movement": {
                "by": "MEMBER",
                "counterpart": {"displayName": "Mei", "avatarUrl": None},
                "reversesId": None,
            },
        }
    ]


async def test_a_trial_tells_everything_that_stands_against_it() -> None:
    mei, _ = await two()
    given = {"i": {"toMemberCode": "771234567890123457", "points": 301}}
    told = (await ask(TRY, given, who=as_member(mei), at=LATER))["pointsTransferPreview"]
    assert told["userErrors"] == [
        {"code": "NOT_FOUND"},
        {"code": "TRANSFER_LIMIT", "rule": "DAY_POINTS", "wanted": 301, "limit": 100},
        {"code": "INSUFFICIENT_POINTS"},
    ]
    assert (told["allowed"], told["availableAfter"], told["to"]) == (False, None, None)


async def test_the_desk_names_both_and_nobody_else_does() -> None:
    mei, lan = await two()
    named = {"memberId": member_id(mei), "toMemberId": member_id(lan)}
    told = await giving(CLERK, **named, points=200)
    assert (told["to"], told["account"]) == ({"displayName": "Lan"}, {"available": 100})
    back = {"memberId": member_id(lan), "toMemberId": member_id(mei), "idempotencyKey": "and-back-again"}
    assert refusals(await giving(CLERK, **back, points=200)) == []
    assert ((await balance(mei))["available"], (await balance(lan))["available"]) == (300, 0)
    assert refusals(await giving(as_member(mei), **named)) == ["NOT_FOUND"]
    for who in (CASHIER, as_service()):
        document = "mutation($i: PointsTransferInput!) { pointsTransfer(input: $i) { replayed } }"
        given = {"i": {**named, "points": 1, "idempotencyKey": "tea-for-two"}}
        assert set((await ask(document, given, who=who)).codes) == {"FORBIDDEN"}


async def test_one_and_only_one_of_code_and_id_is_named() -> None:
    mei, lan = await two()
    document = "mutation($i: PointsTransferInput!) { pointsTransfer(input: $i) { replayed } }"
    both = {"toMemberId": member_id(lan), "toMemberCode": await code_of(lan)}
    for named in ({}, both):
        given = {"i": {"points": 1, "idempotencyKey": "tea-for-two", **named}}
        assert (await ask(document, given, who=as_member(mei))).codes == ["BAD_USER_INPUT"]


async def test_whoever_guesses_codes_is_stopped() -> None:
    mei, lan = await two()
    found = set()
    for number in range(102):
        told = await giving(as_member(mei), toMemberCode=codes.checked(f"77{number:015}"))
        found |= set(refusals(told))
    assert found == {"NOT_FOUND", "TOO_MANY_ATTEMPTS"}
    assert refusals(await giving(as_member(mei), toMemberCode=await code_of(lan))) == ["TOO_MANY_ATTEMPTS"]
    assert [row["failures"] for row in await ATTEMPTS.rows()] == [100]


async def test_whoever_guesses_codes_by_trying_is_stopped_all_the_same() -> None:
    mei, lan = await two()
    code = await code_of(lan)
    found = set()
    for number in range(101):
        given = {"i": {"toMemberCode": codes.checked(f"77{number:015}"), "points": 40}}
        told = (await ask(TRY, given, who=as_member(mei), at=LATER))["pointsTransferPreview"]
        found |= {each["code"] for each in told["userErrors"]}
    assert found == {"NOT_FOUND", "TOO_MANY_ATTEMPTS"}
    given = {"i": {"toMemberCode": code, "points": 40}}
    told = (await ask(TRY, given, who=as_member(mei), at=LATER))["pointsTransferPreview"]
    assert (told["to"], told["allowed"], told["available"]) == (None, False, 300)
    assert refusals(await giving(as_member(mei), toMemberCode=code)) == ["TOO_MANY_ATTEMPTS"]
