"""Sockets: subscriptions by graphql-transport-ws, and a clear close code for whatever is none."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from starlette.applications import Starlette

from api.sockets import Sockets, _connection
from models.credentials import PrincipalKind
from models.sql import SQL
from rules.actors import SYSTEM
from rules.credentials import log_in
from schema import events, pages
from tests.api.house import Caller
from tests.api.socket import Client, Closed, dialled
from tests.people import NOON, buy, freeze, member, programme

FOLLOW = "subscription($after: String) { memberEvents(after: $after) { cursor type points { available } } }"
BEGINNING = pages.cursor(events.MARK, 0)
ACK = {"type": "connection_ack"}


def sockets_of(app: Starlette) -> Sockets:
    found = [getattr(route, "app", None) for route in app.routes]
    return next(each for each in found if isinstance(each, Sockets))


@pytest.fixture(autouse=True)
def _nothing_is_left(caller: Caller, in_development: Starlette, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """After each test no socket and no wait is left, and nothing was logged as a fault."""
    yield
    found = sockets_of(in_development)
    assert (found.open, found.feed.watches) == ({}, {})
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == []


@pytest.fixture
async def client(in_development: Starlette) -> AsyncIterator[Client]:
    """A socket that was just opened."""
    async with dialled(in_development) as found:
        yield found


async def token_of(who: UUID, *, hours: int = 1) -> str:
    issued = await log_in(PrincipalKind.MEMBER, who, actor=SYSTEM, now=NOON, access_for=timedelta(hours=hours))
    return issued.access


async def mei_and_token() -> tuple[UUID, str]:
    await programme()
    mei = await member("Mei")
    return mei, await token_of(mei)


async def test_an_event_arrives_and_the_subscription_ends_when_the_client_says_so(client: Client) -> None:
    mei, token = await mei_and_token()
    assert await client.begin(token) == ACK
    client.subscribe(FOLLOW)
    await asyncio.sleep(0.05)
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
    assert await client.begin(token) == Closed(4403, "Forbidden")


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


async def test_a_socket_has_ten_subscriptions(client: Client) -> None:
    _, token = await mei_and_token()
    await client.begin(token)
    for number in range(11):
        client.subscribe(FOLLOW, id=f"s{number}")
    answer = await client.next()
    assert (answer["type"], answer["id"]) == ("error", "s10")
    client.send({"type": "complete", "id": "s3"})
    client.subscribe(FOLLOW, id="s10")
    assert not await client.hears()


async def test_a_member_has_five_sockets(in_development: Starlette) -> None:
    _, token = await mei_and_token()
    lan = await token_of(await member("Lan"))
    opened = [dialled(in_development) for _ in range(7)]
    clients = [await each.__aenter__() for each in opened]
    assert [await each.begin(token) for each in clients[:5]] == [ACK] * 5
    assert (await clients[5].begin(token)).code == 4429
    assert await clients[6].begin(lan) == ACK
    for each in opened:
        await each.__aexit__(None, None, None)


async def test_a_process_has_so_many_sockets(in_development: Starlette, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.sockets.SOCKETS", 1)
    async with dialled(in_development), dialled(in_development) as second:
        assert (await second.next()).code == 1013


async def test_a_client_who_floods_is_closed(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(_connection.FRAMES + 1):
        client.send({"type": "pong"})
    assert await client.next() == Closed(4429, "Too many messages")


async def test_an_expired_token_closes_the_socket(in_development: Starlette, caller: Caller, quick: None) -> None:
    _, token = await mei_and_token()
    async with dialled(in_development) as client:
        await client.begin(token)
        client.subscribe(FOLLOW)
        caller.clock.move(timedelta(hours=1))
        assert (await client.next()).code == 4401


async def test_a_revoked_token_closes_the_socket(in_development: Starlette, caller: Caller, quick: None) -> None:
    _, token = await mei_and_token()
    async with dialled(in_development) as client:
        await client.begin(token)
        client.subscribe(FOLLOW)
        await caller.act("tokenRevoke", "revoked", {"token": token})
        assert (await client.next()).code == 4401


async def test_no_event_is_told_to_a_credential_that_has_ended(client: Client, caller: Caller) -> None:
    mei, token = await mei_and_token()
    await client.begin(token)
    client.subscribe(FOLLOW)
    await asyncio.sleep(0.05)
    await caller.act("tokenRevoke", "revoked", {"token": token})
    await buy(mei, 100_00)
    assert (await client.next()).code == 4401
    assert not await client.hears()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A house that looks after its sockets all the time."""
    monkeypatch.setattr(_connection, "RECHECK_SECONDS", 0.02)


async def test_a_silent_client_is_pinged_and_then_let_go(
    in_development: Starlette, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, token = await mei_and_token()
    monkeypatch.setattr(_connection, "SILENT_SECONDS", 0.05)
    async with dialled(in_development) as client:
        await client.begin(token)
        for _ in range(3):
            assert await client.next() == {"type": "ping"}
        monkeypatch.setattr(_connection, "GONE_SECONDS", 0.1)
        heard = await client.next()
        while heard == {"type": "ping"}:
            heard = await client.next()
        assert heard == Closed(1001, "No sign of life")


async def test_a_stranger_who_asks_for_nothing_is_let_go(
    in_development: Starlette, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_connection, "GONE_SECONDS", 0.3)
    async with dialled(in_development) as client:
        await client.begin()
        closed = None
        while closed is None:
            client.send({"type": "pong"})
            await asyncio.sleep(0.05)
            closed = None if client.down.empty() else await client.next()
        assert closed == Closed(1000, "Nothing is asked for")


async def test_an_old_socket_is_replaced(
    in_development: Starlette, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_connection, "LIFE_SECONDS", 0.05)
    async with dialled(in_development) as client:
        await client.begin()
        assert (await client.next()).code == 1012


async def test_a_slow_client_is_dropped_with_a_word(
    in_development: Starlette, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_connection, "SLOW_SECONDS", 0.05)
    _, token = await mei_and_token()
    async with dialled(in_development) as client:
        await client.begin(token)
        client.is_reading.clear()
        client.subscribe(FOLLOW, {"after": BEGINNING})
        [connection] = sockets_of(in_development).open
        async with asyncio.timeout(3):
            await asyncio.wait({connection.ended})
        client.is_reading.set()
        assert (await client.next()).code == 1013


async def test_a_subscription_that_takes_too_long_is_told_so(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_connection, "QUERY_SECONDS", 0.05)
    _, token = await mei_and_token()
    await client.begin(token)
    client.subscribe(FOLLOW)
    assert not await client.hears(0.2), "waiting for an event takes no time"

    async def never(*_: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(SQL, "rows", never)
    client.send({"type": "complete", "id": "1"})
    monkeypatch.setattr(_connection.Connection, "_is_same", lambda *_: True)
    monkeypatch.setattr(_connection.Connection, "_context", known(monkeypatch))
    client.subscribe(FOLLOW, id="2")
    answer = await client.next()
    assert (answer["type"], answer["payload"][0]["extensions"]["code"]) == ("error", "TIMEOUT")


def known(monkeypatch: pytest.MonkeyPatch) -> Any:
    from schema.context import Context
    from tests.schema.asking import as_member

    async def context(_: object) -> Context:
        return Context(now=NOON, principal=as_member(UUID(int=1)))

    return context


async def test_all_sockets_are_closed_when_the_house_closes(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.api.house import built

    _, token = await mei_and_token()
    async with built() as app, dialled(app) as client:
        await client.begin(token)
        client.subscribe(FOLLOW)
        await sockets_of(app).aclose()
        assert await client.next() == Closed(1012, "The server restarts: connect again")
        async with dialled(app) as late:
            assert (await late.next()).code == 1013


async def test_whoever_hangs_up_leaves_nothing_behind(in_development: Starlette) -> None:
    mei, token = await mei_and_token()
    for _ in range(3):
        async with dialled(in_development) as client:
            await client.begin(token)
            client.subscribe(FOLLOW, {"after": BEGINNING})
            client.subscribe(FOLLOW, id="2")
    await buy(mei, 100_00)
