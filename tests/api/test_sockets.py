"""Sockets: subscriptions by graphql-transport-ws, and a clear close code for whatever is none."""

import asyncio
from hashlib import sha256
from typing import Any

import pytest
from starlette.applications import Starlette

from api.allowance import Allowance
from api.sockets import _connection
from rules.rates import RATES, Rate
from tests.api.socket import ACK, BEGINNING, FOLLOW, Client, Closed, dialled, follows, mei_and_token, sockets_of
from tests.people import buy, freeze, programme

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("sockets_end_well")]


async def test_an_event_arrives_and_the_subscription_ends_when_the_client_says_so(
    client: Client, in_development: Starlette
) -> None:
    mei, token = await mei_and_token()
    assert await client.begin(token) == ACK
    client.subscribe(FOLLOW)
    await follows(in_development)
    await buy(mei, 100_00)
    event = await client.next()
    assert (event["type"], event["id"]) == ("next", "1")
    told = event["payload"]["data"]["memberEvents"]
    assert (told["type"], told["points"]) == ("PURCHASE_PAID", {"available": 100})
    for _ in range(2):
        await client.next()
    client.send({"type": "complete", "id": "1"})
    await asyncio.sleep(0.02)
    await freeze(mei)
    assert not await client.hears()
    client.subscribe(FOLLOW, {"after": told["cursor"]})
    assert (await client.next())["payload"]["data"]["memberEvents"]["type"] == "GROWTH_MOVED"


async def test_pings_are_answered_before_and_after_the_acknowledgement(client: Client) -> None:
    client.send({"type": "ping", "payload": {"a": 1}}, {"type": "pong"})
    assert await client.next() == {"type": "pong"}
    assert await client.begin() == ACK
    client.send({"type": "ping"})
    assert await client.next() == {"type": "pong"}


MALFORMED: dict[str, dict[str, Any]] = {
    "no JSON": {"text": "hello"},
    "nothing": {"text": ""},
    "half of it": {"text": '{"type":"ping"'},
    "an array": {"text": '[{"type":"ping"}]'},
    "a number": {"text": "1"},
    "null": {"text": "null"},
    "bytes": {"bytes": b'{"type":"ping"}'},
    "neither": {},
    "no type": {"text": "{}"},
    "a type that is a number": {"text": '{"type":1}'},
    "a type that is a list": {"text": '{"type":["ping"]}'},
    "an unknown type": {"text": '{"type":"start"}'},
    "the server's own type": {"text": '{"type":"connection_ack"}'},
    "no id": {"text": '{"type":"subscribe","payload":{"query":"subscription{a}"}}'},
    "an id that is a number": {"text": '{"type":"subscribe","id":1,"payload":{"query":"a"}}'},
    "an empty id": {"text": '{"type":"complete","id":""}'},
    "a long id": {"text": f'{{"type":"complete","id":"{"x" * 129}"}}'},
    "no payload": {"text": '{"type":"subscribe","id":"1"}'},
    "a payload that is a list": {"text": '{"type":"subscribe","id":"1","payload":[]}'},
    "no query": {"text": '{"type":"subscribe","id":"1","payload":{}}'},
    "a query that is a number": {"text": '{"type":"subscribe","id":"1","payload":{"query":1}}'},
    "variables that are a list": {"text": '{"type":"subscribe","id":"1","payload":{"query":"a","variables":[]}}'},
    "a name that is a number": {"text": '{"type":"subscribe","id":"1","payload":{"query":"a","operationName":1}}'},
    "extensions of text": {"text": '{"type":"subscribe","id":"1","payload":{"query":"a","extensions":"x"}}'},
    "an init of text": {"text": '{"type":"connection_init","payload":"x"}'},
    "a credential that is a number": {"text": '{"type":"connection_init","payload":{"authorization":1}}'},
    "a ping of text": {"text": '{"type":"ping","payload":"x"}'},
    "too long": {"text": '{"type":"ping","payload":{"a":"' + "x" * 70_000 + '"}}'},
    "too long in bytes": {"text": '{"type":"ping","payload":{"a":"' + "茶" * 30_000 + '"}}'},
    "too deep": {"text": '{"type":"ping","payload":' + '{"a":' * 5_000 + "1" + "}" * 5_001},
    "a lone surrogate": {"text": '{"type":"ping","payload":{"a":"\ud800"}}'},
    "a lone surrogate, escaped": {"text": r'{"type":"ping","payload":{"a":"\ud800"}}'},
    "NaN": {"text": '{"type":"ping","payload":{"a":NaN}}'},
}


@pytest.mark.parametrize("name", MALFORMED)
async def test_a_malformed_frame_closes_the_socket_with_4400(name: str, client: Client) -> None:
    client.frame(**MALFORMED[name])
    closed = await client.next()
    assert closed.code == 4400
    assert 0 < len(closed.reason.encode()) <= 123


async def test_whoever_does_not_say_who_they_are_is_closed(
    in_development: Starlette, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_connection, "INIT_SECONDS", 0.02)
    async with dialled(in_development) as client:
        assert await client.next() == Closed(4408, "Connection initialisation timeout")


async def test_a_second_initialisation_is_one_too_many(client: Client) -> None:
    client.send({"type": "connection_init"}, {"type": "connection_init"})
    assert await client.next() == ACK
    assert (await client.next()).code == 4429


async def test_nothing_is_subscribed_before_the_acknowledgement(client: Client) -> None:
    client.subscribe(FOLLOW)
    assert await client.next() == Closed(4401, "Unauthorized")


async def test_a_name_in_use_is_not_used_again(client: Client) -> None:
    _, token = await mei_and_token()
    await client.begin(token)
    client.subscribe(FOLLOW)
    client.subscribe(FOLLOW)
    assert await client.next() == Closed(4409, "Subscriber for 1 already exists")


@pytest.mark.parametrize("protocols", [(), ("graphql-ws",), ("GRAPHQL-TRANSPORT-WS",)])
async def test_another_protocol_is_not_spoken(in_development: Starlette, protocols: tuple[str, ...]) -> None:
    async with dialled(in_development, protocols=protocols) as client:
        assert client.accepted["subprotocol"] is None
        assert await client.next() == Closed(4406, "Subprotocol not acceptable")


async def test_the_protocol_is_chosen_among_others(in_development: Starlette) -> None:
    async with dialled(in_development, protocols=("graphql-ws", "graphql-transport-ws")) as client:
        assert client.accepted["subprotocol"] == "graphql-transport-ws"


@pytest.mark.parametrize(
    ("origin", "is_welcome"),
    [
        ("https://servicewechat.com", True),
        ("weapp://wechat-game-runtime", True),
        ("https://SHOP.example", True),
        ("http://house", True),
        ("https://evil.example", False),
        ("https://servicewechat.com.evil.example", False),
        ("http://house.evil.example", False),
        ("http://[", False),
        ("null", False),
        ("", False),
    ],
)
async def test_a_browser_calls_from_sites_that_are_allowed(
    in_development: Starlette, monkeypatch: pytest.MonkeyPatch, origin: str, is_welcome: bool
) -> None:
    monkeypatch.setattr(sockets_of(in_development), "origins", ("https://shop.example",))
    async with dialled(in_development, {"origin": origin}) as client:
        assert client.accepted["type"] == ("websocket.accept" if is_welcome else "websocket.close")


@pytest.mark.parametrize("key", ["authorization", "Authorization", "token", "accessToken", "headers"])
async def test_a_credential_is_found_wherever_clients_put_it(client: Client, key: str) -> None:
    _, token = await mei_and_token()
    said = {
        "authorization": f"Bearer {token}",
        "Authorization": f"bearer {token}",
        "headers": {"authorization": f"Bearer {token}"},
    }
    client.send({"type": "connection_init", "payload": {key: said.get(key, token)}})
    assert await client.next() == ACK
    client.subscribe(FOLLOW, {"after": BEGINNING})
    assert (await client.next())["type"] == "next"


async def test_a_credential_may_come_with_the_handshake(in_development: Starlette) -> None:
    _, token = await mei_and_token()
    async with dialled(in_development, {"authorization": f"Bearer {token}"}) as client:
        assert await client.begin() == ACK
        client.subscribe(FOLLOW, {"after": BEGINNING})
        assert (await client.next())["type"] == "next"


@pytest.mark.parametrize("token", ["lya_nobody", "Bearer", "x" * 5_000, "é"])
async def test_a_credential_that_is_no_good_is_told_at_once(client: Client, token: str) -> None:
    await programme()
    assert await client.begin(token) == Closed(4403, "The credential you sent is unknown, expired or revoked.")


async def test_without_a_credential_nothing_of_a_members_is_heard(client: Client) -> None:
    await mei_and_token()
    assert await client.begin() == ACK
    client.subscribe(FOLLOW)
    answer = await client.next()
    assert (answer["type"], answer["id"]) == ("error", "1")
    assert answer["payload"][0]["extensions"]["code"] == "UNAUTHENTICATED"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{ me { id } }", "BAD_REQUEST"),
        ('mutation { tokenRevoke(input: {token: "x"}) { revoked } }', "BAD_REQUEST"),
        ("subscription {", "GRAPHQL_PARSE_FAILED"),
        ("", "BAD_USER_INPUT"),
        ("subscription { nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { memberEvents(after: 5) { cursor } }", "GRAPHQL_VALIDATION_FAILED"),
        ('subscription { memberEvents(after: "x") { cursor } }', "BAD_USER_INPUT"),
        ("subscription A { memberEvents { cursor } } subscription B { memberEvents { cursor } }", "BAD_REQUEST"),
        ("subscription { " + "a: memberEvents { cursor } " * 40 + "}", "OPERATION_TOO_COMPLEX"),
        ("subscription { memberEvents { cursor } }" + " " * 20_000, "OPERATION_TOO_COMPLEX"),
    ],
)
async def test_an_operation_that_does_not_run_says_why_and_the_socket_lives(
    client: Client, query: str, code: str
) -> None:
    _, token = await mei_and_token()
    await client.begin(token)
    client.subscribe(query)
    answer = await client.next()
    assert (answer["type"], answer["id"]) == ("error", "1")
    assert {error["extensions"]["code"] for error in answer["payload"]} == {code}
    client.subscribe(FOLLOW, {"after": BEGINNING})
    assert (await client.next())["type"] == "next"


async def test_a_document_is_named_by_its_hash(client: Client) -> None:
    _, token = await mei_and_token()
    await client.begin(token)
    known = {"persistedQuery": {"version": 1, "sha256Hash": sha256(FOLLOW.encode()).hexdigest()}}
    unknown = {"persistedQuery": {"version": 1, "sha256Hash": "0" * 64}}
    beginning = {"after": BEGINNING}
    for name, said, type_ in (
        ("1", {"extensions": unknown}, "error"),
        ("2", {"query": FOLLOW, "variables": beginning, "extensions": known}, "next"),
        ("3", {"variables": beginning, "extensions": known}, "next"),
    ):
        client.send({"type": "subscribe", "id": name, "payload": said})
        answer = await client.next()
        assert (answer["type"], answer["id"]) == (type_, name)
        client.send({"type": "complete", "id": name})
        while await client.hears():
            await client.next()
    client.send({"type": "subscribe", "id": "4", "payload": {"documentId": 5}})
    assert (await client.next()).code == 4400


async def test_in_production_members_subscribe_by_trusted_documents_only(in_production: Starlette) -> None:
    _, token = await mei_and_token()
    async with dialled(in_production) as client:
        await client.begin(token)
        client.subscribe(FOLLOW)
        assert (await client.next())["payload"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_a_subscription_is_paid_for_as_any_operation_is(
    in_development: Starlette, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, token = await mei_and_token()
    poor = Allowance({**RATES, "MEMBER": Rate(10, 1)})
    monkeypatch.setattr(sockets_of(in_development).endpoint, "allowance", poor)
    await client.begin(token)
    codes = []
    for number in range(9):
        client.subscribe(FOLLOW, id=f"s{number}")
        await asyncio.sleep(0.02)
        while await client.hears(0):
            codes.append((await client.next())["payload"][0]["extensions"]["code"])
    assert set(codes) == {"RATE_LIMITED"}


async def test_a_fault_is_told_without_its_words_in_the_clients_language(
    in_development: Starlette, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, token = await mei_and_token()
    async with dialled(in_development, {"accept-language": "zh-CN"}) as client:
        await client.begin(token)

        async def broken(*_: object) -> None:
            raise KeyError("13800000000")

        monkeypatch.setattr(_connection.Connection, "_context", broken)
        client.subscribe(FOLLOW)
        [error] = (await client.next())["payload"]
    assert error["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
    assert error["message"] == "服务器出错了，请稍后重试。"
    caplog.clear()
