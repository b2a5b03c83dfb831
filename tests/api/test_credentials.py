"""Credentials over HTTP: how members, staff, partners and services come in, and what ends it."""

import hashlib
import logging
import re
import zlib
from datetime import timedelta
from typing import Any

import pytest
from tortoise.connection import get_connection
from tortoise.context import require_context

from api import outside
from api.outside import HASHER
from models.credentials import PrincipalKind
from models.sql import SQL
from models.staff import StaffRole
from rules import credentials, keys, partners, staff
from rules.actors import SYSTEM
from rules.credentials import ACCESS_FOR, REFRESH_FOR, STAFF_FOR
from rules.keys import Bounds, Holder
from tests.api.house import Caller
from tests.people import DAY, NOON, member, programme

TOKENS = "tokens { accessToken accessTokenExpiresAt refreshToken } isNewMember"
ME = "{ me { id state } }"
INSTANT = timedelta(milliseconds=1)


async def log_in(caller: Caller, code: str = "demo:alice") -> Any:
    return await caller.act("memberLogin", TOKENS, {"code": code})


async def refresh(caller: Caller, token: str) -> Any:
    return await caller.act("tokenRefresh", TOKENS, {"refreshToken": token})


async def is_let_in(caller: Caller, token: str) -> bool:
    codes = (await caller.ask(ME, token=token)).codes
    assert codes in ([], ["UNAUTHENTICATED"])
    return not codes


async def test_a_stranger_logs_in_with_wechat_and_becomes_a_pending_member(caller: Caller) -> None:
    await programme()
    first = await log_in(caller)
    assert first["isNewMember"] is True
    assert first["tokens"]["accessToken"].startswith("lya_")
    assert first["tokens"]["refreshToken"].startswith("lyr_")
    assert first["tokens"]["accessTokenExpiresAt"] == "2026-03-10T04:30:00Z"
    me = (await caller.ask(ME, token=first["tokens"]["accessToken"]))["me"]
    assert me["state"] == "PENDING"
    again = await log_in(caller)
    assert again["isNewMember"] is False
    assert (await caller.ask(ME, token=again["tokens"]["accessToken"]))["me"]["id"] == me["id"]
    assert again["tokens"]["accessToken"] != first["tokens"]["accessToken"]


async def test_a_pending_member_enrols_and_may_then_earn(caller: Caller) -> None:
    await programme()
    token = (await log_in(caller))["tokens"]["accessToken"]
    document = 'mutation { memberEnroll(input: {profile: {displayName: "爱丽丝"}}) { member { state } replayed } }'
    assert (await caller.ask(document, token=token))["memberEnroll"] == {
        "member": {"state": "ACTIVE"},
        "replayed": False,
    }
    shown = "{ me { card { displayName } identities { kind masked verified } } }"
    me = (await caller.ask(shown, token=token))["me"]
    assert me["card"] == {"displayName": "爱丽丝"}
    assert [(each["kind"], each["verified"]) for each in me["identities"]] == [
        ("WECHAT_OPENID", True),
        ("WECHAT_UNIONID", True),
    ]


async def test_a_wechat_code_is_good_once(caller: Caller) -> None:
    await programme()
    made = await caller.client.post("/_wechat/__dev/login", params={"as": "alice"})
    code = made.json()["code"]
    assert (await log_in(caller, code))["userErrors"] == []
    used = await log_in(caller, code)
    assert used == {"tokens": None, "isNewMember": False, "userErrors": [{"code": "LOGIN_REFUSED"}]}


@pytest.mark.parametrize("code", ["nonsense", "demo:blocked", "", "x" * 513, "\x00"])
async def test_a_code_that_is_no_good_is_refused(caller: Caller, code: str) -> None:
    await programme()
    assert (await log_in(caller, code))["userErrors"] == [{"code": "LOGIN_REFUSED"}]
    assert await SQL("SELECT COUNT(*) AS n FROM member").value() == 0


async def test_when_wechat_is_busy_the_member_may_try_again(caller: Caller) -> None:
    await programme()
    await caller.client.post("/_wechat/__dev/faults", json={"jscode2session": {"errcode": -1, "times": 9}})
    document = """mutation { memberLogin(input: {code: "demo:alice"}) {
      tokens { accessToken } userErrors { code retryable message } } }"""
    told = (await caller.ask(document, accept_language="zh-CN"))["memberLogin"]
    await caller.client.delete("/_wechat/__dev/faults")
    assert told["tokens"] is None
    assert told["userErrors"] == [
        {"code": "WECHAT_UNAVAILABLE", "retryable": True, "message": "暂时无法连接微信。"}
    ]


async def test_an_access_token_ends_at_its_very_moment(caller: Caller) -> None:
    await programme()
    token = (await log_in(caller))["tokens"]["accessToken"]
    caller.clock.move(ACCESS_FOR - INSTANT)
    assert await is_let_in(caller, token)
    caller.clock.move(INSTANT)
    assert not await is_let_in(caller, token)


async def test_a_refresh_token_is_exchanged_for_fresh_ones(caller: Caller) -> None:
    await programme()
    first = (await log_in(caller))["tokens"]
    caller.clock.move(DAY)
    assert not await is_let_in(caller, first["accessToken"])
    fresh = (await refresh(caller, first["refreshToken"]))["tokens"]
    assert fresh["refreshToken"] not in (None, first["refreshToken"])
    assert await is_let_in(caller, fresh["accessToken"])
    again = (await refresh(caller, fresh["refreshToken"]))["tokens"]
    assert await is_let_in(caller, again["accessToken"])
    assert await is_let_in(caller, fresh["accessToken"]), "a screen that still holds it goes on until it expires"


async def test_a_refresh_token_used_twice_ends_the_whole_login(caller: Caller) -> None:
    await programme()
    stolen = (await log_in(caller))["tokens"]
    other_phone = (await log_in(caller))["tokens"]
    thief = (await refresh(caller, stolen["refreshToken"]))["tokens"]
    assert await is_let_in(caller, thief["accessToken"])
    assert (await refresh(caller, stolen["refreshToken"]))["userErrors"] == [{"code": "TOKEN_INVALID"}]
    for token in (stolen["accessToken"], thief["accessToken"]):
        assert not await is_let_in(caller, token)
    assert (await refresh(caller, thief["refreshToken"]))["userErrors"] == [{"code": "TOKEN_INVALID"}]
    assert await is_let_in(caller, other_phone["accessToken"]), "another login goes on"


async def test_a_refresh_token_ends_at_its_very_moment(caller: Caller) -> None:
    await programme()
    early, late = (await log_in(caller))["tokens"], (await log_in(caller))["tokens"]
    caller.clock.move(REFRESH_FOR - INSTANT)
    assert (await refresh(caller, early["refreshToken"]))["userErrors"] == []
    caller.clock.move(INSTANT)
    assert (await refresh(caller, late["refreshToken"]))["userErrors"] == [{"code": "TOKEN_INVALID"}]


async def test_each_token_is_good_for_its_own_use_only(caller: Caller) -> None:
    await programme()
    tokens = (await log_in(caller))["tokens"]
    assert not await is_let_in(caller, tokens["refreshToken"])
    assert (await refresh(caller, tokens["accessToken"]))["userErrors"] == [{"code": "TOKEN_INVALID"}]
    for nonsense in ("", "x", "lyr_" + "x" * 43, "令牌", "\x00"):
        assert (await refresh(caller, nonsense))["userErrors"] == [{"code": "TOKEN_INVALID"}]


@pytest.mark.parametrize("which", ["accessToken", "refreshToken"])
async def test_either_token_ends_its_login(caller: Caller, which: str) -> None:
    await programme()
    tokens = (await log_in(caller))["tokens"]
    ended = await caller.act("tokenRevoke", "revoked", {"token": tokens[which]})
    assert ended["revoked"] is True
    assert not await is_let_in(caller, tokens["accessToken"])
    assert (await refresh(caller, tokens["refreshToken"]))["userErrors"] == [{"code": "TOKEN_INVALID"}]
    for token in (tokens[which], "nobody's"):
        assert await caller.act("tokenRevoke", "revoked", {"token": token}) == {"revoked": False, "userErrors": []}


PASSWORD = "correct horse battery staple"


async def hired(role: StaffRole = StaffRole.CS) -> None:
    await programme()
    store = await staff.open_store("SH01", "Shanghai") if role is StaffRole.CASHIER else None
    await staff.hire("wang", HASHER.hash(PASSWORD), role, store_id=store, now=NOON)


async def staff_login(caller: Caller, username: str = "wang", password: str = PASSWORD) -> Any:
    wanted = TOKENS.replace(" isNewMember", "")
    return await caller.act("staffLogin", wanted, {"username": username, "password": password})


async def test_staff_log_in_for_a_shift(caller: Caller) -> None:
    await hired()
    tokens = (await staff_login(caller))["tokens"]
    assert tokens["refreshToken"] is None
    listed = "{ members { nodes { id } } }"
    caller.clock.move(STAFF_FOR - INSTANT)
    assert (await caller.ask(listed, token=tokens["accessToken"]))["members"] == {"nodes": []}
    caller.clock.move(INSTANT)
    assert (await caller.ask(listed, token=tokens["accessToken"])).codes == ["UNAUTHENTICATED"]


async def test_a_wrong_password_and_an_unknown_name_are_answered_alike(caller: Caller) -> None:
    await hired()
    wrong = await caller.ask(STAFF_LOGIN, {"u": "wang", "p": "guess"})
    unknown = await caller.ask(STAFF_LOGIN, {"u": "nobody", "p": PASSWORD})
    assert wrong.body["data"] == unknown.body["data"]
    assert wrong.body["data"]["staffLogin"]["userErrors"][0]["code"] == "LOGIN_REFUSED"


STAFF_LOGIN = """mutation($u: String!, $p: String!) { staffLogin(input: {username: $u, password: $p}) {
  tokens { accessToken } userErrors { code message field retryable } } }"""


async def test_an_unknown_name_takes_a_password_check_too(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    await hired()
    checked: list[str] = []

    def heard(stored_hash: str, password: str) -> bool:
        checked.append(stored_hash)
        return HASHER.verify(stored_hash, password) if password == PASSWORD else False

    monkeypatch.setattr(outside, "_matches", heard)
    for name in ("wang", "nobody", "", "\x00", "x" * 600):
        await staff_login(caller, name, "guess")
    assert len(checked) == 5
    assert len({text.split("$")[3] for text in checked}) == 1, "the same cost for all"


@pytest.mark.parametrize(
    ("username", "password"), [("WANG", PASSWORD), ("wang ", PASSWORD), ("wang", ""), ("", "")]
)
async def test_a_name_and_a_password_are_taken_as_they_are(caller: Caller, username: str, password: str) -> None:
    await hired()
    assert (await staff_login(caller, username, password))["userErrors"] == [{"code": "LOGIN_REFUSED"}]


async def test_a_closed_account_lets_nobody_in_and_ends_its_shift_at_once(caller: Caller) -> None:
    await hired()
    token = (await staff_login(caller))["tokens"]["accessToken"]
    await SQL("UPDATE staff SET active = $1").run(False)
    assert (await caller.ask("{ members { nodes { id } } }", token=token)).codes == ["UNAUTHENTICATED"]
    assert (await staff_login(caller))["userErrors"] == [{"code": "LOGIN_REFUSED"}]


async def test_a_change_of_role_holds_at_once(caller: Caller) -> None:
    await hired()
    token = (await staff_login(caller))["tokens"]["accessToken"]
    freeze = 'mutation { memberFreeze(input: {memberId: "x", reason: "RISK"}) { userErrors { code } } }'
    assert (await caller.ask(freeze, token=token)).codes == []
    await SQL("UPDATE staff SET role = 'ANALYST'").run()
    assert set((await caller.ask(freeze, token=token)).codes) == {"FORBIDDEN"}


async def service_key(**more: Any) -> str:
    shop, bounds = Holder.service("shop"), Bounds(**more)
    issued = await keys.issue(shop, name="till", environment="test", bounds=bounds, actor=SYSTEM, now=NOON)
    return issued.secret


FIND = '{ member(by: {id: "x"}) { id } }'


async def test_a_service_comes_in_with_its_key(caller: Caller) -> None:
    key = await service_key()
    assert re.fullmatch(r"lyl_test_[0-9a-f]{16}_[0-9a-f]{48}_[0-9a-f]{8}", key)
    assert (await caller.ask(FIND, token=key))["member"] is None
    assert (await caller.ask("{ me { id } }", token=key)).codes == ["FORBIDDEN"]


async def test_a_partner_comes_in_with_theirs(caller: Caller) -> None:
    partner = await partners.register("Bamboo Books", actor=SYSTEM, now=NOON)
    holder = Holder.partner(partner)
    key = await keys.issue(holder, name="site", environment="test", actor=SYSTEM, now=NOON)
    assert (await caller.ask("{ nodes(ids: []) { id } }", token=key.secret)).codes == []
    assert (await caller.ask(FIND, token=key.secret)).codes == ["FORBIDDEN"]


def checksummed(key: str) -> str:
    """A key as somebody would forge it who knows how checksums are made."""
    body = key.rsplit("_", 1)[0]
    return f"{body}_{zlib.crc32(body.encode()):08x}"


async def test_a_key_that_is_not_exactly_right_is_nobodys(caller: Caller, statements: list[str]) -> None:
    key = await service_key()
    _, environment, key_id, secret, checksum = key.split("_")
    forged = {
        "a mistyped letter": key[:-10] + ("0" if key[-10] != "0" else "1") + key[-9:],
        "another checksum": key[:-1] + ("0" if key[-1] != "0" else "1"),
        "another secret": checksummed(f"lyl_{environment}_{key_id}_{'0' * 48}_"),
        "another environment": checksummed(f"lyl_prod_{key_id}_{secret}_"),
        "another id": checksummed(f"lyl_{environment}_{'0' * 16}_{secret}_"),
        "capitals": key.upper(),
        "cut": key[:-9],
        "longer": f"{key}_{checksum}",
        "empty parts": checksummed("lyl_____"),
    }
    for name, each in forged.items():
        assert (await caller.ask(FIND, token=each)).codes == ["UNAUTHENTICATED"], name
    statements.clear()
    await caller.ask(FIND, token=forged["a mistyped letter"])
    assert statements == [], "a mistyped key costs no statement"


async def test_a_revoked_key_and_an_expired_one_are_nobodys(caller: Caller) -> None:
    key = await service_key(expires_at=NOON + DAY)
    caller.clock.move(DAY - INSTANT)
    assert (await caller.ask(FIND, token=key)).codes == []
    caller.clock.move(INSTANT)
    assert (await caller.ask(FIND, token=key)).codes == ["UNAUTHENTICATED"]
    other = await service_key()
    await SQL("UPDATE api_key SET revoked_at = $1").run(NOON)
    assert (await caller.ask(FIND, token=other)).codes == ["UNAUTHENTICATED"]


@pytest.mark.parametrize(
    "header",
    [
        "Basic d2FuZzpwYXNz",
        "Bearer",
        "Bearer ",
        "bearer lya_nonsense",
        "Bearer " + "x" * 500,
        "Bearer lya_x lya_y",
        "Token lya_x",
        "Bearer \xe4\xbb\xa4",
    ],
)
async def test_a_header_that_means_nobody_is_nobody(caller: Caller, header: str) -> None:
    await programme()
    reply = await caller.send(
        json={"query": "{ tiers { code } me { id } }"}, headers={"authorization": header.encode("latin-1")}
    )
    assert reply.codes == ["UNAUTHENTICATED"]
    public = await caller.send(
        json={"query": "{ tiers { code } }"}, headers={"authorization": header.encode("latin-1")}
    )
    assert len(public["tiers"]) == 3


async def everything_stored() -> str:
    """Every value of every table, as text."""
    rows = []
    for models in (require_context().apps or {}).values():
        for model in models.values():
            found = await get_connection("default").execute_query_dict(f'SELECT * FROM "{model._meta.db_table}"')
            rows += [str(dict(row)) for row in found]
    return "\n".join(rows)


async def test_no_secret_is_stored_or_logged(caller: Caller, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.WARNING, logger="httpx2")
    await hired()
    key = await service_key()
    first = (await log_in(caller))["tokens"]
    fresh = (await refresh(caller, first["refreshToken"]))["tokens"]
    shift = (await staff_login(caller))["tokens"]
    for token in (first["accessToken"], fresh["accessToken"], shift["accessToken"], key):
        await caller.ask("{ tiers { code } broken }", token=token)
    await staff_login(caller, password="a wrong guess")
    await refresh(caller, first["refreshToken"])
    secrets = [
        first["accessToken"],
        first["refreshToken"],
        fresh["accessToken"],
        fresh["refreshToken"],
        shift["accessToken"],
        key,
        key.split("_")[3],
        PASSWORD,
        "a wrong guess",
        "session_key",
    ]
    stored = await everything_stored()
    assert hashlib.sha256(first["accessToken"].encode()).hexdigest() in stored
    logged = "\n".join(logging.Formatter().format(record) for record in caplog.records)
    for secret in secrets:
        assert secret not in stored
        assert secret not in logged


async def test_issued_tokens_do_not_tell_themselves(caller: Caller) -> None:
    await programme()
    mei = await member("Mei")
    issued = await credentials.log_in(PrincipalKind.MEMBER, mei, actor=SYSTEM, now=NOON)
    assert issued.access not in repr(issued)
    assert await is_let_in(caller, issued.access)
