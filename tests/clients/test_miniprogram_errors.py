"""The mini-program client's errors: of each kind one, in the member's language, without anything secret."""

import json
import re
from typing import Any
from uuid import UUID

import pytest

from rules import programme
from rules.programme import Terms
from tests.clients.phone import CLIENT, URL, Phone, Reply, Thrown, storm
from tests.clients.test_miniprogram import HOME, redeem
from tests.house.test_refusals import MISTAKES

pytestmark = pytest.mark.either

HTML = {"statusCode": 503, "header": {"Retry-After": "120"}, "data": "<html>维护中</html>"}


async def error_of(phone: Phone, code: str) -> dict[str, Any]:
    """The LoyaltyError that some JavaScript ends in."""
    with pytest.raises(Thrown) as thrown:
        await phone.run(code)
    assert thrown.value["name"] == "LoyaltyError"
    return thrown.value.error


@pytest.mark.parametrize(
    ("heard", "code", "retryable"),
    [
        ("request:fail", "NETWORK", True),
        ("request:fail timeout", "TIMED_OUT", True),
        ("request:fail The request timed out.", "TIMED_OUT", True),
        ("request:fail interrupted", "INTERRUPTED", True),
        ("request:fail url not in domain list", "DOMAIN_NOT_ALLOWED", False),
    ],
)
async def test_without_an_answer_it_is_the_network(
    phone: Phone, mei: UUID, heard: str, code: str, *, retryable: bool
) -> None:
    phone.weather = storm("Home", {"fail": heard})
    error = await error_of(phone, HOME)
    assert (error["kind"], error["code"], error["retryable"]) == ("network", code, retryable)
    assert error["reason"] == heard
    assert error["requestId"] == phone.sent[-1]["header"]["x-request-id"]


async def test_what_cannot_succeed_is_not_repeated(phone: Phone, mei: UUID) -> None:
    phone.weather = storm("Redeem", {"fail": "request:fail url not in domain list"}, times=9)
    await error_of(phone, redeem(10))
    assert phone.asked() == ["Login", "Redeem"]


async def test_an_answer_that_is_not_graphql_is_told_by_its_status(phone: Phone, mei: UUID) -> None:
    wrong: list[tuple[Reply, str, bool]] = [
        (HTML, "HTTP_503", True),
        ({"statusCode": 200, "header": {}, "data": "<html>log in to this Wi-Fi</html>"}, "HTTP_200", False),
        ({"statusCode": 404, "header": {}, "data": ""}, "HTTP_404", False),
        ({"statusCode": 413, "header": {}, "data": {"detail": "too large"}}, "HTTP_413", False),
    ]
    for heard, code, retryable in wrong:
        phone.weather = storm("Home", heard)
        error = await error_of(phone, HOME)
        assert (error["kind"], error["code"], error["retryable"]) == ("http", code, retryable)
    phone.weather = storm("Home", HTML)
    assert (await error_of(phone, HOME))["retryAfterSeconds"] == 120


async def test_a_mistake_in_the_document_is_told_to_the_developer(phone: Phone, mei: UUID) -> None:
    error = await error_of(phone, "return await client.request('query Wrong { me { pionts } }')")
    assert (error["kind"], error["code"], error["retryable"]) == ("graphql", "GRAPHQL_VALIDATION_FAILED", False)
    assert "pionts" in error["message"]
    assert error["status"] == 400
    assert error["requestId"] == phone.sent[-1]["header"]["x-request-id"]


async def test_what_is_not_for_members_is_forbidden(phone: Phone, mei: UUID) -> None:
    error = await error_of(phone, "return await client.request('{ members { nodes { id } } }')")
    assert (error["code"], error["retryable"]) == ("FORBIDDEN", False)
    assert [each["extensions"]["code"] for each in error["errors"]] == ["FORBIDDEN"]


async def test_a_fault_is_named_for_the_log_and_what_was_answered_beside_it_is_kept(
    phone: Phone, mei: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken() -> Terms:
        raise ZeroDivisionError

    monkeypatch.setattr(programme, "terms", broken)
    error = await error_of(phone, "return await client.request('query Two { programme { name } me { state } }')")

    assert (error["kind"], error["code"], error["retryable"]) == ("graphql", "INTERNAL_SERVER_ERROR", True)
    assert error["data"] == {"programme": None, "me": {"state": "ACTIVE"}}
    assert error["requestId"] == error["errors"][0]["extensions"]["requestId"]
    assert error["requestId"] == phone.sent[-1]["header"]["x-request-id"]


async def test_a_refused_login_is_the_programmes_word(phone: Phone, mei: UUID) -> None:
    phone.set("code", "demo:blocked")
    error = await error_of(phone, HOME)
    assert (error["kind"], error["code"], error["retryable"]) == ("user", "LOGIN_REFUSED", False)
    assert error["message"] == "This login did not succeed."
    assert error["requestId"] == phone.sent[-1]["header"]["x-request-id"]
    await error_of(phone, redeem(10))
    assert phone.asked() == ["Login", "Login"], "not repeated"


async def test_a_busy_wechat_is_asked_again_with_a_fresh_code(phone: Phone, mei: UUID) -> None:
    await phone.wechat.post("/__dev/faults", json={"jscode2session": {"errcode": 45011}})
    error = await error_of(phone, HOME)
    assert (error["kind"], error["code"], error["retryable"]) == ("user", "WECHAT_UNAVAILABLE", True)

    await phone.wechat.post("/__dev/faults", json={"jscode2session": {"errcode": 45011, "times": 2}})
    assert (await phone.run(redeem(10)))["entry"] == {"balanceAfter": 90}
    assert phone.asked() == ["Login"] * 4 + ["Redeem"]
    assert phone.js("world.logins") == 4


async def test_a_login_that_wechat_did_not_allow_never_leaves_the_phone(phone: Phone, mei: UUID) -> None:
    phone.set("code", None)
    error = await error_of(phone, HOME)
    assert (error["kind"], error["code"], error["retryable"]) == ("network", "WECHAT_LOGIN_FAILED", True)
    assert error["reason"] == "login:fail system error"
    assert phone.sent == []
    phone.set("code", "demo:mei")
    assert await phone.run(HOME)


async def test_a_refusal_is_an_answer_and_not_repeated(phone: Phone, mei: UUID) -> None:
    payload = await phone.run(redeem(1_000))
    assert payload["entry"] is None
    [refusal] = payload["userErrors"]
    assert (refusal["code"], refusal["retryable"], refusal["available"]) == ("INSUFFICIENT_POINTS", False, 100)
    assert phone.asked().count("Redeem") == 1


async def test_messages_are_in_the_members_language(phone: Phone, mei: UUID) -> None:
    phone.set("language", "zh_CN")

    refused = await phone.run(redeem(1_000))
    assert refused["userErrors"][0]["message"] == "积分不足。"
    assert {each["header"]["accept-language"] for each in phone.sent} == {"zh-CN"}

    phone.weather = storm("Home", {"fail": "request:fail"})
    assert (await error_of(phone, HOME))["message"] == "网络连接失败，请稍后重试。"
    phone.weather = storm("Home", HTML)
    assert (await error_of(phone, HOME))["message"] == "服务暂时不可用，请稍后重试。"
    phone.set("stored", {})
    phone.set("code", "demo:blocked")
    phone.engine.eval(f"client = createClient({{ url: '{URL}' }})")
    assert (await error_of(phone, HOME))["message"] == "登录失败。"


async def test_a_fault_has_chinese_words_although_the_server_tells_it_in_english(
    phone: Phone, mei: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken() -> Terms:
        raise ZeroDivisionError

    monkeypatch.setattr(programme, "terms", broken)
    phone.set("language", "zh_TW")
    assert (await error_of(phone, "return await client.request('{ programme { name } }')"))["message"] == (
        "系统异常，请稍后重试。"
    )


async def test_nothing_secret_is_told_in_errors_or_written_to_a_console(phone: Phone, mei: UUID) -> None:
    await phone.run(HOME)
    kept = json.dumps(phone.js("world.stored"))
    secrets = set(re.findall(r"ly[ar]_[\w-]+", kept))
    assert len(secrets) == 2
    told = []
    for weather in (storm("Home", {"fail": "request:fail"}), storm("Home", HTML)):
        phone.weather = weather
        told.append(await error_of(phone, HOME))
    phone.time_passes(hours=1)
    phone.weather = storm("Refresh", {"fail": "request:fail"}, times=3, loses="request")
    told.append(await error_of(phone, HOME))
    told.append(await error_of(phone, redeem(10, "{ key: 'short' }")))
    assert not [secret for secret in secrets if secret in json.dumps(told)]
    assert phone.js("world.said") == []


async def test_a_key_is_made_of_what_the_host_has(phone: Phone, mei: UUID) -> None:
    await phone.run(redeem(1))
    assert phone.js("world.randoms") == 1, "by wx.getRandomValues"

    phone.engine.eval("wx.getRandomValues = ({ fail }) => later(() => fail({ errMsg: 'getRandomValues:fail' }))")
    await phone.run(redeem(1))
    phone.engine.eval("wx.getRandomValues = ({ success }) => later(() => success({}))")
    await phone.run(redeem(1))
    phone.engine.eval("delete wx.getRandomValues")
    await phone.run(redeem(1))
    phone.engine.eval("var crypto = { getRandomValues: (bytes) => bytes.fill(0xab) }")
    await phone.run(redeem(1))

    keys = [each["idempotencyKey"] for each in phone.inputs("Redeem")]
    assert len(set(keys)) == 5
    assert all(re.fullmatch("[0-9a-f]{32}", key) for key in keys)
    assert keys[4] == "ab" * 16


async def test_a_key_of_ones_own_is_used(phone: Phone, mei: UUID) -> None:
    await phone.run(redeem(1, "{ key: 'tea-of-tuesday' }"))
    own = redeem(2).replace("points: 2", "points: 2, idempotencyKey: 'tea-of-friday'")
    await phone.run(own)
    assert [each["idempotencyKey"] for each in phone.inputs("Redeem")] == ["tea-of-tuesday", "tea-of-friday"]


async def test_a_client_without_an_address_says_what_is_missing(phone: Phone) -> None:
    with pytest.raises(Thrown, match="createClient needs url"):
        await phone.run("return createClient({})")


def test_the_codes_that_are_typed_are_those_there_are() -> None:
    typed = (CLIENT / "index.d.ts").read_text("utf-8").partition("type MistakeCode =")[2].partition(";")[0]
    assert set(re.findall("'([A-Z_]+)'", typed)) - {"UNKNOWN"} <= MISTAKES
