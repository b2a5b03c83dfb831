"""Words: every error names its request, and speaks the language of whoever is to read it."""

import pytest

from models.credentials import PrincipalKind
from models.staff import StaffRole
from rules import credentials, staff
from rules import programme as programmes
from rules.actors import SYSTEM
from schema import words
from schema.context import Context
from tests.api.house import Caller
from tests.house.test_refusals import MISTAKES
from tests.people import NOON, programme

pytestmark = pytest.mark.either

WRONG = {
    "GRAPHQL_PARSE_FAILED": ("{", "查询语句无法解析。 Syntax Error"),
    "GRAPHQL_VALIDATION_FAILED": ("{ nothing }", "查询语句不符合接口定义。 Cannot query field"),
    "UNAUTHENTICATED": ("{ me { id } }", "请先登录。"),
    "BAD_REQUEST": ("query A { __typename } query B { __typename }", "请求格式有误。 Name the operation"),
    "BAD_USER_INPUT": ("query($id: ID!) { node(id: $id) { id } }", "参数有误。"),
    "OPERATION_TOO_COMPLEX": ("{ members(first: 1000000) { nodes { id } } }", "查询过于复杂。 The operation"),
    "INTERNAL_SERVER_ERROR": ("{ programme { name } }", "服务器出错了，请稍后重试。"),
}


@pytest.mark.parametrize("code", WRONG)
async def test_every_error_names_its_request_and_speaks_chinese_where_asked(
    caller: Caller, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    await programme()

    async def broken() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(programmes, "terms", broken)
    document, said = WRONG[code]
    for language in ("en", "zh-CN"):
        reply = await caller.ask(document, accept_language=language, x_request_id="the-request-of-it")
        assert set(reply.codes) == {code}
        for error in reply.body["errors"]:
            assert error["extensions"]["requestId"] == "the-request-of-it"
            assert error["message"].isascii() is (language == "en")
        if language == "zh-CN":
            assert reply.body["errors"][0]["message"].startswith(said)


@pytest.mark.parametrize(("method", "body"), [("POST", b"[]"), ("PUT", b"{}"), ("POST", b" " * 300_000)])
async def test_so_does_what_is_no_operation_at_all(caller: Caller, method: str, body: bytes) -> None:
    told_by = {"content-type": "application/json", "accept-language": "zh", "x-request-id": "the-request-of-it"}
    reply = await caller.send(method, content=body, headers=told_by)
    [error] = reply.body["errors"]
    assert error["message"].startswith("请求格式有误。 ")
    assert error["extensions"] == {"code": "BAD_REQUEST", "requestId": "the-request-of-it"}


def test_every_code_of_ours_has_its_words() -> None:
    assert words.LEADS.keys() | words.WHOLE.keys() == MISTAKES - {"PERSISTED_QUERY_NOT_FOUND"}, (
        "which clients know by its words"
    )
    assert not words.LEADS.keys() & words.WHOLE.keys()
    assert words.said("RATE_LIMITED", "Too much.", "en") == "Too much."
    assert Context(now=NOON).language == "en"


@pytest.mark.parametrize("token", ["lya_nobody", "x", "lyl_dev_0000000000000000_x_y"])
async def test_whoever_sent_a_credential_is_told_that_it_is_no_good(caller: Caller, token: str) -> None:
    for language, said in (("en", "The credential you sent is unknown"), ("zh", "登录凭证无效")):
        reply = await caller.ask("{ me { id } }", token=token, accept_language=language)
        assert reply.codes == ["UNAUTHENTICATED"]
        assert reply.body["errors"][0]["message"].startswith(said)
    [error] = (await caller.ask("{ me { id } }")).body["errors"]
    assert error["message"] == words.NO_CREDENTIAL


SECRET = "Tr0ub4dor: found: it, found: here. Found: me does not exist in 'A' enum."
LOGIN = "mutation($input: StaffLoginInput!) { staffLogin(input: $input) { __typename } }"
HOSTILE: tuple[tuple[str, dict[str, object], str], ...] = (
    (LOGIN, {"input": {"username": "li", "password": [SECRET]}}, "at .password: String cannot represent"),
    (LOGIN, {"input": {"username": "li", "password": SECRET, "passwort": SECRET}}, "unknown field 'passwort'"),
    (LOGIN, {"input": {"password": SECRET}}, "to include required field 'username'"),
    (LOGIN, {"input": SECRET}, "to be an object"),
    (LOGIN, {"input": {"username": {"a": SECRET}, "password": SECRET}}, "at .username:"),
    ("query($n: Int!) { members(first: $n) { nodes { id } } }", {"n": SECRET}, "Int cannot represent"),
    ("query($b: Boolean!) { __typename @include(if: $b) }", {"b": SECRET}, "Boolean cannot represent"),
    ("query($i: ID!) { node(id: $i) { id } }", {"i": {"a": SECRET}}, "ID cannot represent"),
    (
        "mutation($input: StaffInviteInput!) { staffInvite(input: $input) { __typename } }",
        {"input": {"username": "li", "role": SECRET}},
        "does not exist in 'StaffRole' enum",
    ),
    (
        "query($f: AuditFilter) { auditLog(filter: $f) { nodes { id } } }",
        {"f": {"since": SECRET}},
        "A DateTime is written by RFC 3339",
    ),
    (
        f'mutation {{ staffLogin(input: {{password: "{SECRET}"}}) {{ __typename }} }}',
        {},
        "required field 'username'",
    ),
    (f'mutation {{ staffLogin(input: "{SECRET}") {{ __typename }} }}', {}, "to be an object"),
    (f'{{ members(first: "{SECRET}") {{ nodes {{ id }} }} }}', {}, "Int cannot represent"),
    (f'{{ me {{ id }} "{SECRET}" }}', {}, "Syntax Error"),
)


@pytest.mark.parametrize(("document", "variables", "said"), HOSTILE)
async def test_no_error_repeats_what_was_sent(
    caller: Caller, document: str, variables: dict[str, object], said: str
) -> None:
    await programme()
    owner = await staff.hire("owner", "no hash", StaffRole.OWNER, actor=SYSTEM, now=NOON)
    token = (await credentials.log_in(PrincipalKind.STAFF, owner, actor=SYSTEM, now=NOON)).access
    reply = await caller.ask(document, variables, token=token)
    assert reply.codes
    assert "Tr0ub" not in reply.text
    assert any(said in error["message"] for error in reply.body["errors"]), reply.text
