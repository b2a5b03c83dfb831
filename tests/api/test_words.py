"""Words: every error names its request, and speaks the language of whoever is to read it."""

import pytest

from rules import programme as programmes
from schema import words
from schema.context import Context
from tests.api.house import Caller
from tests.house.test_refusals import MISTAKES
from tests.people import NOON, programme

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
