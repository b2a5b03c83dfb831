"""The endpoint: malformed requests are answered cleanly, well-formed ones as GraphQL over HTTP has it."""

import json
import re
from typing import Any

import pytest
from starlette.applications import Starlette

from api.negotiation import negotiate
from api.requests import BODY_MAX
from models.credentials import PrincipalKind
from models.staff import StaffRole
from rules import credentials, staff
from rules.actors import SYSTEM
from tests.api.house import GRAPHQL, JSON, Caller
from tests.people import NOON, member, programme

TYPENAME = {"query": "{ __typename }"}
GOOD = json.dumps(TYPENAME).encode()
AS_JSON = {"content-type": JSON}

MALFORMED: dict[str, bytes] = {
    "nothing": b"",
    "not JSON": b"{ me { id } }",
    "half of it": GOOD[:-2],
    "a list": b"[" + GOOD + b"]",
    "an empty list": b"[]",
    "a number": b"7",
    "a string": b'"{ me }"',
    "null": b"null",
    "true": b"true",
    "an empty object": b"{}",
    "NaN": b'{"query": "{ __typename }", "variables": {"a": NaN}}',
    "Infinity": b'{"query": "{ __typename }", "variables": {"a": -Infinity}}',
    "invalid UTF-8": b'{"query": "\xff\xfe"}',
    "UTF-16": json.dumps(TYPENAME).encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf" + GOOD,
    "a lone surrogate": b'{"query": "{ __typename }", "variables": {"a": "\\ud800"}}',
    "a raw NUL": b'{"query": "{ __typename }\x00"}',
    "100,000 brackets": b'{"query": "{ __typename }", "variables": {"a": '
    + b"[" * 100_000
    + b"]" * 100_000
    + b"}}",
    "100,000 open brackets": b"[" * 100_000,
    "100,000 objects": b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
    "a query that is a number": b'{"query": 7}',
    "a query that is a list": b'{"query": ["{ __typename }"]}',
    "no query": b'{"variables": {}}',
    "a null query": b'{"query": null}',
    "variables that are a list": b'{"query": "{ __typename }", "variables": []}',
    "variables that are a string": b'{"query": "{ __typename }", "variables": "{}"}',
    "extensions that are a number": b'{"query": "{ __typename }", "extensions": 7}',
    "an operation name that is a number": b'{"query": "{ __typename }", "operationName": 7}',
    "an operation nobody wrote": b'{"query": "query A { __typename }", "operationName": "B"}',
    "a persisted query nobody stored": b'{"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "0"}}}',
}


@pytest.mark.parametrize("name", MALFORMED)
async def test_a_malformed_body_is_answered_with_400_and_a_code(caller: Caller, name: str) -> None:
    for accept in (GRAPHQL, JSON):
        reply = await caller.send(content=MALFORMED[name], headers={**AS_JSON, "accept": accept})
        assert reply.status == 400, reply.text
        assert reply.codes == ["BAD_REQUEST"]
        assert reply.media == accept
        assert "data" not in reply.body
        assert "Traceback" not in reply.text


@pytest.mark.parametrize("number", ["9" * 10_000, "-" + "9" * 10_000, "1e400", "1" * 25, "9" * 10_000 + ".5"])
async def test_a_number_nobody_can_mean_is_a_mistake_of_the_request(caller: Caller, number: str) -> None:
    document = "query($n: Int) { members(first: $n) { nodes { id } } }"
    body = f'{{"query": "{document}", "variables": {{"n": {number}}}}}'.encode()
    reply = await caller.send(content=body, headers={**AS_JSON, "accept": GRAPHQL})
    assert reply.status in (200, 400)
    assert set(reply.codes) <= {"BAD_REQUEST", "BAD_USER_INPUT", "UNAUTHENTICATED"}
    assert reply.codes


async def test_a_body_over_the_limit_is_refused_before_it_is_read(caller: Caller) -> None:
    big = json.dumps({**TYPENAME, "variables": {"a": "x" * 300_000}}).encode()
    for body, status in ((big, 413), (GOOD + b" " * (BODY_MAX - len(GOOD)), 200), (GOOD + b" " * BODY_MAX, 413)):
        assert (await caller.send(content=body, headers=AS_JSON)).status == status


async def test_a_body_of_unknown_length_is_not_read_beyond_the_limit(caller: Caller) -> None:
    sent = 0

    async def endless() -> Any:
        nonlocal sent
        while True:
            sent += 1
            assert sent < 100, "nobody stopped reading"
            yield b" " * 16_384

    assert (await caller.send(content=endless(), headers=AS_JSON)).status == 413


@pytest.mark.parametrize(
    "media",
    [
        "text/plain",
        "application/graphql",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonx",
        "",
    ],
)
async def test_only_json_is_read(caller: Caller, media: str) -> None:
    reply = await caller.send(content=GOOD, headers={"content-type": media} if media else {})
    assert (reply.status, reply.codes) == (415, ["BAD_REQUEST"])


@pytest.mark.parametrize(
    "media", ["application/json", "application/json; charset=utf-8", "Application/JSON;charset=UTF-8"]
)
async def test_json_is_json_however_it_is_written(caller: Caller, media: str) -> None:
    reply = await caller.send(content=GOOD, headers={"content-type": media})
    assert reply["__typename"] == "Query"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_other_methods_are_told_what_is_allowed(caller: Caller, method: str) -> None:
    reply = await caller.send(method, content=GOOD, headers=AS_JSON)
    assert (reply.status, reply.headers["allow"]) == (405, "GET, POST")


async def test_a_get_asks_in_development_and_never_writes(caller: Caller) -> None:
    asked = await caller.send("GET", params={"query": "{ __typename }"}, headers={"accept": GRAPHQL})
    assert (asked.status, asked["__typename"]) == (200, "Query")
    with_variables = {"query": "query($n: Boolean!) { __typename @include(if: $n) }", "variables": '{"n": true}'}
    assert (await caller.send("GET", params=with_variables, headers={"accept": JSON}))["__typename"] == "Query"
    mutation = 'mutation { tokenRevoke(input: {token: "x"}) { revoked } }'
    refused = await caller.send("GET", params={"query": mutation}, headers={"accept": GRAPHQL})
    assert (refused.status, refused.headers["allow"], refused.codes) == (405, "POST", ["BAD_REQUEST"])


@pytest.mark.parametrize(
    "params", [{"variables": "{"}, {"variables": "[]"}, {"extensions": "7"}, {"variables": "NaN"}]
)
async def test_malformed_parameters_of_a_get_are_answered_with_400(caller: Caller, params: dict[str, str]) -> None:
    reply = await caller.send("GET", params={"query": "{ __typename }", **params}, headers={"accept": GRAPHQL})
    assert (reply.status, reply.codes) == (400, ["BAD_REQUEST"])


async def test_production_answers_no_get(customer: Caller) -> None:
    reply = await customer.send("GET", params={"query": "{ __typename }"}, headers={"accept": GRAPHQL})
    assert (reply.status, reply.headers["allow"], reply.codes) == (405, "POST", ["BAD_REQUEST"])


TWO = "query A { a: __typename } mutation B { b: __typename }"


@pytest.mark.parametrize(("name", "data"), [("A", {"a": "Query"}), ("B", {"b": "Mutation"})])
async def test_of_several_operations_the_named_one_runs(caller: Caller, name: str, data: dict[str, str]) -> None:
    reply = await caller.send(json={"query": TWO, "operationName": name})
    assert reply.body["data"] == data


@pytest.mark.parametrize(
    "body", [{"query": TWO}, {"query": TWO, "operationName": ""}, {"query": TWO, "operationName": None}]
)
async def test_of_several_operations_none_runs_unnamed(caller: Caller, body: dict[str, str]) -> None:
    reply = await caller.send(json=body, headers={"accept": GRAPHQL})
    assert (reply.status, reply.codes) == (400, ["BAD_REQUEST"])


async def test_an_empty_operation_name_is_none_where_there_is_one_operation(caller: Caller) -> None:
    assert (await caller.send(json={**TYPENAME, "operationName": ""}))["__typename"] == "Query"


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        (None, JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        (JSON, JSON),
        (GRAPHQL, GRAPHQL),
        (f"{JSON}, {GRAPHQL}", JSON),
        (f"{GRAPHQL}, {JSON}", GRAPHQL),
        (f"{JSON};q=0.5, {GRAPHQL};q=0.9", GRAPHQL),
        (f"{JSON};q=0.9, {GRAPHQL};q=0.5", JSON),
        (f"{GRAPHQL};q=0, {JSON};q=0.1", JSON),
        (f"text/html, {JSON};q=0.1", JSON),
        (f"{GRAPHQL}; charset=utf-8", GRAPHQL),
        (GRAPHQL.upper(), GRAPHQL),
        (f"{GRAPHQL};q=nonsense, {JSON};q=0.2", JSON),
    ],
)
async def test_the_answer_is_of_the_kind_the_client_likes_best(
    caller: Caller, accept: str | None, media: str
) -> None:
    caller.client.headers.pop("accept", None)
    reply = await caller.send(json=TYPENAME, headers={"accept": accept} if accept else {})
    assert reply.headers["content-type"] == f"{media}; charset=utf-8"
    assert reply.headers["cache-control"] == "no-store"
    assert reply["__typename"] == "Query"


@pytest.mark.parametrize("accept", ["image/png", f"{JSON};q=0", "text/plain, text/css"])
async def test_a_client_that_likes_nothing_of_ours_is_told_so(caller: Caller, accept: str) -> None:
    reply = await caller.send(json=TYPENAME, headers={"accept": accept})
    assert (reply.status, reply.codes) == (406, ["BAD_REQUEST"])


def test_a_wildcard_does_not_outdo_what_is_named() -> None:
    assert negotiate("*/*;q=0.1, text/html", {GRAPHQL, JSON, "text/html"}) == "text/html"
    assert negotiate("text/css", {JSON}) is None


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("", "BAD_REQUEST"),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ me { id } }", "UNAUTHENTICATED"),
        ("query($n: Int!) { tiers { code } a: __typename @include(if: $n) }", "GRAPHQL_VALIDATION_FAILED"),
        ("query($n: Boolean!) { __typename @include(if: $n) }", "BAD_USER_INPUT"),
    ],
)
async def test_a_request_that_cannot_run_is_400_without_data_for_those_who_ask_for_it(
    caller: Caller, document: str, code: str
) -> None:
    new = await caller.ask(document, accept=GRAPHQL)
    assert (new.status, set(new.codes), "data" in new.body) == (400, {code}, False)
    old = await caller.ask(document, accept=JSON)
    assert (old.status, set(old.codes)) == (200 if document else 400, {code})


async def test_every_validation_error_has_its_code(caller: Caller) -> None:
    reply = await caller.ask("{ one two three { four } }")
    assert reply.codes == ["GRAPHQL_VALIDATION_FAILED"] * 3
    assert "Did you mean" not in reply.text


async def test_a_field_error_leaves_the_rest_of_the_answer(caller: Caller) -> None:
    await programme()
    token = await staff_token(StaffRole.CS)
    reply = await caller.ask("{ tiers { code } members(first: 0) { nodes { id } } }", token=token, accept=GRAPHQL)
    assert (reply.status, reply.codes) == (200, ["BAD_USER_INPUT"])
    assert reply.body["data"]["members"] is None
    assert len(reply.body["data"]["tiers"]) == 3


async def test_chinese_is_chinese_on_the_wire(caller: Caller) -> None:
    await programme(name="松间茶社")
    reply = await caller.ask("{ programme { name } }")
    assert '"松间茶社"' in reply.text
    assert "\\u" not in reply.text


@pytest.mark.parametrize(
    ("sent", "language"),
    [
        (None, "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("zh", "zh"),
        ("ZH-Hans", "zh"),
        ("en-GB,zh;q=0.9", "en"),
        ("en;q=0.1, zh;q=0.9", "zh"),
        ("fr,zh-TW;q=0.9,en;q=0.8", "zh"),
        ("zh;q=0", "en"),
        (",;;q=,=", "en"),
        ("fr", "en"),
        ("*", "en"),
        ("", "en"),
    ],
)
async def test_refusals_speak_the_language_the_client_likes_best(
    caller: Caller, sent: str | None, language: str
) -> None:
    document = 'mutation { tokenRefresh(input: {refreshToken: "x"}) { userErrors { message } } }'
    told_by = {} if sent is None else {"accept-language": sent}
    reply = await caller.send(json={"query": document}, headers=told_by)
    [told] = reply["tokenRefresh"]["userErrors"]
    assert (
        told["message"]
        == {
            "en": "This token is unknown, spent or expired.",
            "zh": "令牌无效、已使用或已过期。",
        }[language]
    )


@pytest.mark.parametrize(
    ("sent", "sane"),
    [
        ("a-request-id.01_x", True),
        ("x" * 64, True),
        ("short", False),
        ("x" * 65, False),
        ("with space", False),
        ("<script>alert(1)</script>", False),
        ("id\tid-id-id", False),
        (None, False),
    ],
)
async def test_a_request_id_is_echoed_only_when_it_is_sane(caller: Caller, sent: str | None, sane: bool) -> None:
    for path in (TYPENAME, {"query": 7}):
        reply = await caller.send(json=path, headers={"x-request-id": sent} if sent else {})
        told = reply.headers["x-request-id"]
        assert (told == sent) is sane
        assert re.fullmatch(r"[A-Za-z0-9._\-]{8,64}", told)


async def staff_token(role: StaffRole) -> str:
    store = await staff.open_store("SH01", "Shanghai") if role is StaffRole.CASHIER else None
    who = await staff.hire("wang", "x", role, store_id=store, now=NOON)
    return (await credentials.log_in(PrincipalKind.STAFF, who, actor=SYSTEM, now=NOON)).access


INTROSPECT = ("{ __schema { queryType { name } } }", '{ __type(name: "Member") { name } }')
HIDDEN = "{ ...Deep } fragment Deep on Query { ... on Query { __schema { queryType { name } } } }"


@pytest.mark.parametrize("document", [*INTROSPECT, HIDDEN])
async def test_production_shows_its_schema_to_staff_only(customer: Caller, document: str) -> None:
    await programme()
    mei = await member("Mei")
    as_mei = (await credentials.log_in(PrincipalKind.MEMBER, mei, actor=SYSTEM, now=NOON)).access
    for token in (None, as_mei, "lya_nonsense"):
        assert (await customer.ask(document, token=token)).codes == ["FORBIDDEN"]
    assert (await customer.ask(document, token=await staff_token(StaffRole.ANALYST))).codes == []
    assert (await customer.ask("{ __typename }"))["__typename"] == "Query"


async def test_development_shows_its_schema_to_everybody(caller: Caller) -> None:
    assert (await caller.ask(INTROSPECT[0])).codes == []


async def test_a_browser_sees_graphiql_in_development(caller: Caller) -> None:
    page = await caller.send("GET", headers={"accept": "text/html,*/*;q=0.8"})
    assert (page.status, page.media) == (200, "text/html")
    assert "script-src 'self'" in page.headers["content-security-policy"]
    front = await caller.send("GET", "/")
    assert (front.status, front.headers["location"]) == (307, "/graphql")


@pytest.mark.parametrize(
    "path", ["/graphql", "/", "/static/graphiql/playground.js", "/_wechat/", "/_wechat/__dev/calls"]
)
async def test_production_shows_a_browser_nothing(customer: Caller, path: str) -> None:
    page = await customer.send("GET", path, headers={"accept": "text/html"})
    assert page.status in (400, 404)
    assert "<html" not in page.text.lower()


async def test_the_process_says_that_it_is_alive_and_whether_it_is_ready(caller: Caller) -> None:
    health = await caller.send("GET", "/healthz")
    assert (health.status, health.body) == (200, {"status": "ok"})
    waiting = await caller.send("GET", "/readyz")
    assert (waiting.status, waiting.body) == (503, {"status": "starting"})


async def test_a_process_is_ready_once_it_has_started_and_there_is_a_programme(
    caller: Caller, in_development: Starlette, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(in_development.state, "ready", True, raising=False)
    without = await caller.send("GET", "/readyz")
    assert (without.status, without.body) == (503, {"status": "no programme"})
    await programme()
    ready = await caller.send("GET", "/readyz")
    assert (ready.status, ready.body) == (200, {"status": "ready"})

    async def cut() -> None:
        raise ConnectionError("the wire to the database is cut")

    with monkeypatch.context() as patched:
        patched.setattr("rules.keyring.check", cut)
        keyless = await caller.send("GET", "/readyz")
        assert (keyless.status, keyless.body) == (503, {"status": "no key store"})
    monkeypatch.setattr("rules.programme.terms", cut)
    away = await caller.send("GET", "/readyz")
    assert (away.status, away.body) == (503, {"status": "no database"})


@pytest.mark.parametrize("path", ["/nothing", "/graphql/", "/graphql/x", "/.env", "/metrics"])
async def test_nothing_else_is_there(customer: Caller, path: str) -> None:
    assert (await customer.send("GET", path, follow_redirects=False)).status in (307, 404)
