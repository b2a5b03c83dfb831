"""Phones over HTTP: asked of WeChat once, and what they make of who logged in and who bought."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
from starlette.applications import Starlette

from models.credentials import PrincipalKind
from models.members import IdentityKind
from models.sql import SQL
from rules import credentials, lifecycle, members, phones, vault
from rules.actors import SYSTEM
from rules.members import Profile
from schema import ids
from schema.ids import Tag
from tests.api.house import Caller, built, calling
from tests.people import DAY, NOON, SHOP, balance, buy, freeze, member, phone, programme

LOGIN = "tokens { accessToken refreshToken } memberState phoneLinked phoneError { code }"
LINK = (
    "phone { masked verified } alreadyLinked memberState tokens { accessToken refreshToken accessTokenExpiresIn }"
)
ME = "{ me { id state phone { masked verified } identities { kind verified } logins { device } } }"
NUMBER = "+8613800138000"
MASKED = {"masked": "138****8000", "verified": True}
STATES = SQL("SELECT id, state, merged_into_id FROM member")
MEMBERS = SQL("SELECT COUNT(*) AS n FROM member")


async def log_in(caller: Caller, code: str = "demo:alice", **more: Any) -> Any:
    return await caller.act("memberLogin", LOGIN, {"code": code, **more})


async def link(caller: Caller, token: str, code: str = "phone:13800138000") -> Any:
    return await caller.act("memberPhoneLink", LINK, {"phoneCode": code}, token=token)


async def me(caller: Caller, token: str) -> Any:
    return (await caller.ask(ME, token=token))["me"]


async def button(caller: Caller, number: str = "13800138000") -> str:
    """A code of the phone button, good once."""
    made = await caller.client.post("/_wechat/__dev/phone", params={"number": number})
    code: str = made.json()["code"]
    return code


async def lookups(caller: Caller) -> int:
    """How often WeChat was asked for a phone so far."""
    calls = (await caller.client.get("/_wechat/__dev/calls")).json()["calls"]
    return Counter(call["call"] for call in calls)["getuserphonenumber"]


async def imported() -> UUID:
    """A member whom the shop knows by phone alone."""
    who = await member("Mei", NUMBER)
    await buy(who, 300_00)
    return who


async def test_a_phone_that_is_nobodys_is_linked_and_never_asked_for_again(caller: Caller) -> None:
    await programme()
    token = (await log_in(caller))["tokens"]["accessToken"]
    assert (await me(caller, token))["phone"] is None
    before = await lookups(caller)
    told = await link(caller, token, await button(caller))
    assert told == {
        "phone": MASKED,
        "alreadyLinked": False,
        "memberState": "PENDING",
        "tokens": None,
        "userErrors": [],
    }
    assert (await me(caller, token))["phone"] == MASKED
    again = await link(caller, token, await button(caller, "13900139000"))
    assert (again["alreadyLinked"], again["phone"], again["userErrors"]) == (True, MASKED, [])
    assert await lookups(caller) == before + 1


async def test_whom_the_shop_knows_by_phone_logs_in_as_themselves(caller: Caller) -> None:
    await programme()
    mei = await imported()
    told = await log_in(caller, phoneCode=await button(caller))
    assert (told["memberState"], told["phoneLinked"], told["phoneError"]) == ("ACTIVE", True, None)
    shown = await me(caller, told["tokens"]["accessToken"])
    assert shown["id"] == ids.encode(Tag.MEMBER, mei)
    assert [each["kind"] for each in shown["identities"]] == ["PHONE", "WECHAT_OPENID", "WECHAT_UNIONID"]
    assert await MEMBERS.value() == 1
    silent = await log_in(caller)
    assert (await me(caller, silent["tokens"]["accessToken"]))["id"] == shown["id"]
    assert silent["phoneLinked"] is None


async def test_a_stranger_with_a_phone_is_one_pending_member(caller: Caller) -> None:
    await programme()
    before = await lookups(caller)
    for _ in range(2):
        told = await log_in(caller, phoneCode=await button(caller))
        assert (told["memberState"], told["phoneLinked"]) == ("PENDING", True)
    assert await MEMBERS.value() == 1
    assert await lookups(caller) == before + 1


async def test_a_shell_becomes_the_member_whose_phone_it_is(caller: Caller) -> None:
    await programme()
    shell = (await log_in(caller, device="iPhone 15"))["tokens"]
    shell_id = (await me(caller, shell["accessToken"]))["id"]
    mei = await imported()
    told = await link(caller, shell["accessToken"], await button(caller))
    assert (told["phone"], told["memberState"], told["userErrors"]) == (MASKED, "ACTIVE", [])
    fresh = told["tokens"]
    shown = await me(caller, fresh["accessToken"])
    assert shown["id"] == ids.encode(Tag.MEMBER, mei)
    assert [each["kind"] for each in shown["identities"]] == ["PHONE", "WECHAT_OPENID", "WECHAT_UNIONID"]
    assert all(each["verified"] for each in shown["identities"])
    assert shown["logins"] == [{"device": "iPhone 15"}]
    assert (await caller.ask(ME, token=shell["accessToken"])).codes == ["UNAUTHENTICATED"]
    dead = await caller.act("tokenRefresh", "tokens { accessToken }", {"refreshToken": shell["refreshToken"]})
    assert dead["userErrors"] == [{"code": "TOKEN_INVALID"}]
    [gone] = [row for row in await STATES.rows() if row["state"] == "MERGED"]
    assert (ids.encode(Tag.MEMBER, gone["id"]), gone["merged_into_id"]) == (shell_id, mei)
    silent = await log_in(caller)
    assert (await me(caller, silent["tokens"]["accessToken"]))["id"] == shown["id"]
    assert (await balance(mei))["available"] == 300


async def test_what_moved_is_sealed_with_the_new_members_key(caller: Caller) -> None:
    await programme()
    token = (await log_in(caller))["tokens"]["accessToken"]
    mei = await imported()
    await link(caller, token)
    rows = await SQL("SELECT kind, namespace, value_hash, sealed FROM member_identity WHERE member_id = $1").rows(
        mei
    )
    wrapped = await members.wrapped_key(mei)
    opened = vault.unlocked()
    for row in rows:
        value = opened.open(wrapped, mei, "identity", row["sealed"])
        assert opened.index(IdentityKind(row["kind"]), row["namespace"], value) == row["value_hash"]
    assert len(rows) == 3
    keys = await SQL("SELECT member_id FROM identity_key").rows()
    assert {row["member_id"] for row in keys} == {mei}


async def test_both_are_told_that_they_are_one(caller: Caller) -> None:
    await programme()
    token = (await log_in(caller))["tokens"]["accessToken"]
    mei = await imported()
    await link(caller, token)
    rows = await SQL("SELECT member_id, type, body FROM outbox_event WHERE type IN ($1, $2)").rows(
        "member.merged", "member.absorbed"
    )
    told = {row["type"]: row for row in rows}
    shell = told["member.merged"]["member_id"]
    assert told["member.merged"]["body"] == {"into": str(mei)}
    assert (told["member.absorbed"]["member_id"], told["member.absorbed"]["body"]) == (mei, {"from": str(shell)})


async def test_whom_only_a_phone_is_known_of_becomes_who_logged_in(caller: Caller) -> None:
    await programme()
    shell, _ = await lifecycle.enter([phone(NUMBER)], actor=SYSTEM, now=NOON)
    first = await credentials.log_in(PrincipalKind.MEMBER, shell, actor=SYSTEM, now=NOON)
    alice = (await log_in(caller))["tokens"]
    mine = (await me(caller, alice["accessToken"]))["id"]
    await caller.ask("mutation { memberEnroll(input: {}) { replayed } }", token=alice["accessToken"])
    told = await link(caller, alice["accessToken"])
    assert (told["phone"], told["tokens"], told["memberState"]) == (MASKED, None, "ACTIVE")
    assert (await me(caller, alice["accessToken"]))["id"] == mine
    assert (await caller.ask(ME, token=first.access)).codes == ["UNAUTHENTICATED"]


async def somebody(kind: str) -> tuple[UUID, str]:
    """Somebody who logged in and is no shell."""
    wechat = members.identity(IdentityKind.WECHAT_OPENID, "wxdemo0000000001", f"o-{kind}", verified=True)
    who, _ = await lifecycle.enter([wechat], actor=SYSTEM, now=NOON)
    await lifecycle.enroll(who, [], Profile(), actor=SHOP, now=NOON)
    if kind == "bought":
        await buy(who, 100_00, paid=False)
    return who, (await credentials.log_in(PrincipalKind.MEMBER, who, actor=SYSTEM, now=NOON)).access


@pytest.mark.parametrize("kind", ["enrolled", "bought"])
async def test_two_members_who_both_have_something_are_left_for_a_merge(caller: Caller, kind: str) -> None:
    await programme()
    mei = await imported()
    who, token = await somebody(kind)
    code, before = await button(caller), await lookups(caller)
    for _ in range(2):
        told = await link(caller, token, code)
        assert told["userErrors"] == [{"code": "PHONE_TAKEN"}]
        assert (told["phone"], told["tokens"], told["memberState"]) == (None, None, None)
    assert await lookups(caller) == before + 1, "asked again with the same code, it costs nothing"
    assert {row["id"]: row["state"] for row in await STATES.rows()} == {mei: "ACTIVE", who: "ACTIVE"}
    assert (await me(caller, token))["phone"] is None


async def test_a_pending_member_with_an_order_is_no_shell() -> None:
    await programme()
    mei = await imported()
    who, _ = await somebody("bought")
    await SQL("UPDATE member SET state = 'PENDING', joined_at = NULL WHERE id = $1").run(who)
    with pytest.raises(phones.PhoneTaken):
        await phones.link(who, phone(NUMBER), now=NOON)
    assert await members.find(phone(NUMBER)) == mei


async def test_a_taken_phone_keeps_nobody_from_logging_in(caller: Caller) -> None:
    await programme()
    alice = (await log_in(caller))["tokens"]
    await caller.ask("mutation { memberEnroll(input: {}) { replayed } }", token=alice["accessToken"])
    await imported()
    told = await log_in(caller, phoneCode="phone:13800138000")
    assert (told["phoneLinked"], told["phoneError"], told["userErrors"]) == (False, {"code": "PHONE_TAKEN"}, [])
    mine = (await me(caller, alice["accessToken"]))["id"]
    assert (await me(caller, told["tokens"]["accessToken"]))["id"] == mine


async def test_an_unverified_phone_of_the_members_own_is_proven(caller: Caller) -> None:
    await programme()
    who, _ = await lifecycle.enroll(None, [phone(NUMBER, verified=False)], Profile(), actor=SHOP, now=NOON)
    token = (await credentials.log_in(PrincipalKind.MEMBER, who, actor=SYSTEM, now=NOON)).access
    assert (await me(caller, token))["phone"] == {**MASKED, "verified": False}
    assert (await link(caller, token))["phone"] == MASKED
    assert await MEMBERS.value() == 1


async def test_a_frozen_member_is_found_by_phone_and_stays_frozen(caller: Caller) -> None:
    await programme()
    token = (await log_in(caller))["tokens"]["accessToken"]
    await freeze(await imported())
    assert (await link(caller, token))["memberState"] == "FROZEN"


async def test_a_retry_after_a_lost_answer_neither_fails_nor_costs(caller: Caller) -> None:
    await programme()
    token = (await log_in(caller))["tokens"]["accessToken"]
    code, before = await button(caller), await lookups(caller)
    answers = await asyncio.gather(*(link(caller, token, code) for _ in range(8)))
    assert [each["phone"] for each in answers] == [MASKED] * 8
    assert (await link(caller, token, code))["alreadyLinked"] is True
    assert await lookups(caller) == before + 1


async def test_a_code_is_of_use_to_nobody_else(caller: Caller) -> None:
    await programme()
    await imported()
    alice, bob = [(await log_in(caller, f"demo:{name}"))["tokens"]["accessToken"] for name in ("alice", "bob")]
    code = await button(caller)
    assert (await link(caller, alice, code))["userErrors"] == []
    assert (await link(caller, bob, code))["userErrors"] == [{"code": "PHONE_CODE_REFUSED"}]


@pytest.mark.parametrize("code", ["nonsense", "", "x" * 513, "demo:alice", "phone:12"])
async def test_a_code_that_is_no_good_is_refused_and_the_login_goes_on(caller: Caller, code: str) -> None:
    await programme()
    token = (await log_in(caller))["tokens"]["accessToken"]
    assert (await link(caller, token, code))["userErrors"] == [{"code": "PHONE_CODE_REFUSED"}]
    if code:
        told = await log_in(caller, phoneCode=code)
        assert (told["phoneLinked"], told["phoneError"]) == (False, {"code": "PHONE_CODE_REFUSED"})
        assert await me(caller, told["tokens"]["accessToken"])


async def test_when_wechat_is_busy_the_member_may_send_the_same_again(caller: Caller) -> None:
    await programme()
    token = (await log_in(caller))["tokens"]["accessToken"]
    code = await button(caller)
    fault = {"getuserphonenumber": {"errcode": -1, "times": 9}}
    await caller.client.post("/_wechat/__dev/faults", json=fault)
    document = f"""mutation {{ memberPhoneLink(input: {{phoneCode: "{code}"}}) {{
      userErrors {{ code retryable field }} }} }}"""
    told = (await caller.ask(document, token=token))["memberPhoneLink"]
    await caller.client.delete("/_wechat/__dev/faults")
    assert told["userErrors"] == [{"code": "WECHAT_UNAVAILABLE", "retryable": True, "field": None}]
    assert (await link(caller, token, code))["phone"] == MASKED


async def test_of_many_who_have_a_members_phone_one_is_that_member(caller: Caller) -> None:
    await programme()
    mei = await imported()
    tokens = [(await log_in(caller, f"demo:{name}"))["tokens"]["accessToken"] for name in range(8)]
    answers = await asyncio.gather(*(link(caller, token) for token in tokens))
    refused = Counter(code["code"] for each in answers for code in each["userErrors"])
    assert refused == {"PHONE_TAKEN": 7}
    [first] = [each["tokens"]["accessToken"] for each in answers if each["tokens"]]
    assert (await me(caller, first))["id"] == ids.encode(Tag.MEMBER, mei)
    assert Counter(row["state"] for row in await STATES.rows()) == {"ACTIVE": 1, "MERGED": 1, "PENDING": 7}


async def test_who_gets_a_members_old_number_does_not_get_their_account(caller: Caller) -> None:
    await programme()
    mei = await imported()
    await log_in(caller, phoneCode=await button(caller))
    assert await members.find(phone(NUMBER)) == mei
    told = await log_in(caller, "demo:bob", phoneCode=await button(caller))
    assert (told["memberState"], told["phoneLinked"]) == ("PENDING", False)
    assert told["phoneError"] == {"code": "PHONE_TAKEN"}
    bob = told["tokens"]["accessToken"]
    assert (await link(caller, bob, await button(caller)))["userErrors"] == [{"code": "PHONE_TAKEN"}]
    shown = await me(caller, bob)
    assert shown["id"] != ids.encode(Tag.MEMBER, mei)
    assert [each["kind"] for each in shown["identities"]] == ["WECHAT_OPENID", "WECHAT_UNIONID"]
    again = await log_in(caller, "demo:bob")
    assert (await me(caller, again["tokens"]["accessToken"]))["id"] == shown["id"]


async def test_who_had_a_members_number_before_them_does_not_get_their_account(caller: Caller) -> None:
    await programme()
    await log_in(caller, "demo:bob", phoneCode=await button(caller))
    alice = (await log_in(caller))["tokens"]["accessToken"]
    await caller.ask("mutation { memberEnroll(input: {}) { replayed } }", token=alice)
    assert (await link(caller, alice, await button(caller)))["userErrors"] == [{"code": "PHONE_TAKEN"}]
    bob = (await log_in(caller, "demo:bob"))["tokens"]["accessToken"]
    assert (await me(caller, bob))["id"] != (await me(caller, alice))["id"]


async def test_the_same_person_in_another_app_is_found_by_phone(caller: Caller) -> None:
    await programme()
    elsewhere = members.identity(IdentityKind.WECHAT_OPENID, "wx-another-app", "o-alice", verified=True)
    mei, _ = await lifecycle.enter([elsewhere, phone(NUMBER)], actor=SYSTEM, now=NOON)
    told = await log_in(caller, phoneCode=await button(caller))
    assert (told["phoneLinked"], told["phoneError"]) == (True, None)
    assert (await me(caller, told["tokens"]["accessToken"]))["id"] == ids.encode(Tag.MEMBER, mei)


async def test_members_alone_link_phones(caller: Caller) -> None:
    await programme()
    document = 'mutation { memberPhoneLink(input: {phoneCode: "phone:1"}) { alreadyLinked } }'
    assert (await caller.ask(document)).codes == ["UNAUTHENTICATED"]


async def test_no_number_is_logged_or_told(caller: Caller, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.WARNING, logger="httpx2")
    await programme()
    token = (await log_in(caller))["tokens"]["accessToken"]
    await imported()
    code = await button(caller)
    await link(caller, token, code)
    bob = (await log_in(caller, "demo:bob"))["tokens"]["accessToken"]
    await link(caller, bob, "phone:not a number 13800138000")
    logged = "\n".join(logging.Formatter().format(record) for record in caplog.records)
    events = str(await SQL("SELECT body FROM outbox_event").rows())
    for secret in ("13800138000", code):
        assert secret not in logged
        assert secret not in events


@pytest.fixture
async def thrifty(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Caller]:
    """Somebody who calls a house that asks WeChat for two phones a day."""
    app: Starlette
    async with built({"LOYALTY_WECHAT_PHONE_DAILY": "2"}) as app, calling(app, monkeypatch) as found:
        monkeypatch.setattr("api.outside.now", found.clock)
        yield found


async def test_no_more_phones_are_asked_for_than_a_day_may_cost(thrifty: Caller) -> None:
    await programme()
    told = [await log_in(thrifty, f"demo:{each}", phoneCode=f"phone:1380013800{each}") for each in range(3)]
    assert [each["phoneLinked"] for each in told] == [True, True, False]
    assert told[2]["phoneError"] == {"code": "PHONE_LOOKUPS_SPENT"}
    assert await lookups(thrifty) == 2
    thrifty.clock.move(DAY)
    assert (await log_in(thrifty, "demo:2", phoneCode="phone:13800138002"))["phoneLinked"] is True
