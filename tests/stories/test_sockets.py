"""Sockets of a real server: events over the network, clean ends whatever is sent, and a quick stop."""

import asyncio
import json
import signal
import struct
import time
from collections.abc import AsyncIterator, Iterator
from random import Random  # noqa: TID251  seeded
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import Frame, Opcode
from websockets.typing import Subprotocol

from tests import postgres
from tests.house.serving import Server, serving

pytestmark = pytest.mark.anyio
PROTOCOL = Subprotocol("graphql-transport-ws")
FOLLOW = """subscription($after: String) {
  memberEvents(after: $after) { cursor type member { id } points { available } }
}"""
SOON = 15.0
"""Seconds: an event takes milliseconds, but the suite shares its machine."""
SUBSCRIBERS = 200
FUZZED = 300
CLEAN = {1000, 1002, 1007, 1009, 4400, 4401, 4403, 4409, 4429}


@pytest.fixture(scope="module")
async def url(
    anyio_backend: str, server_url: str | None, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[str]:
    """The URL of an empty database for the server's demo."""
    if server_url is None:
        yield f"sqlite://{tmp_path_factory.mktemp('sockets') / 'loyalty.db'}"
    else:
        async with postgres.fresh_database(server_url) as found:
            yield found


@pytest.fixture(scope="module")
def server(url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A real server with a small demo."""
    # hundreds log in from one address
    with serving(url, tmp_path_factory.mktemp("server"), LOYALTY_ALLOWANCES="off") as found:
        yield found
        assert "Traceback" not in found.logged
        assert "lya_" not in found.logged


def dial(server: Server, **more: Any) -> connect:
    return connect(server.url.replace("http", "ws") + "/graphql", subprotocols=[PROTOCOL], **more)


async def hear(socket: ClientConnection) -> Any:
    async with asyncio.timeout(SOON):
        return json.loads(await socket.recv())


async def say(socket: ClientConnection, message: object) -> None:
    await socket.send(json.dumps(message))


async def follow(socket: ClientConnection, token: str, after: str | None = None) -> None:
    await say(socket, {"type": "connection_init", "payload": {"authorization": f"Bearer {token}"}})
    assert (await hear(socket))["type"] == "connection_ack"
    asked = {"query": FOLLOW, "variables": {"after": after}}
    await say(socket, {"type": "subscribe", "id": "1", "payload": asked})


async def events(socket: ClientConnection, count: int) -> list[Any]:
    return [(await hear(socket))["payload"]["data"]["memberEvents"] for _ in range(count)]


class Shop:
    """Somebody who calls the server by HTTP."""

    def __init__(self, server: Server) -> None:
        self.client = httpx2.AsyncClient(base_url=server.url, timeout=20, verify=False)

    async def ask(self, query: str, token: str | None = None, **variables: Any) -> Any:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        answer = (
            await self.client.post("/graphql", json={"query": query, "variables": variables}, headers=headers)
        ).json()
        assert "errors" not in answer, answer
        return answer["data"]


@pytest.fixture
async def shop(server: Server) -> AsyncIterator[Shop]:
    found = Shop(server)
    yield found
    await found.client.aclose()


LOGIN = "mutation($c: String!) { memberLogin(input: {code: $c}) { tokens { accessToken } userErrors { code } } }"
ENROLL = "mutation { memberEnroll(input: {}) { member { id } userErrors { code } } }"
RECORD = """mutation($m: ID!, $r: String!, $at: DateTime!) { purchaseRecord(input: {memberId: $m, orderRef: $r,
  currency: "CNY", orderedAt: $at, paidAt: $at, lines: [{lineRef: "1", quantity: 1, paidMinor: 5000}],
  idempotencyKey: $r}) { userErrors { code } } }"""


async def log_in(shop: Shop, name: str) -> str:
    found = (await shop.ask(LOGIN, c=f"demo:{name}"))["memberLogin"]
    return str(found["tokens"]["accessToken"])


async def test_a_purchase_is_heard_at_once_and_a_cut_loses_nothing(server: Server, shop: Shop) -> None:
    token = await log_in(shop, "listener")
    who = (await shop.ask(ENROLL, token))["memberEnroll"]["member"]["id"]

    async def buy(ref: str) -> None:
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        assert await shop.ask(RECORD, server.tokens["Service"], m=who, r=ref, at=at) == {
            "purchaseRecord": {"userErrors": []}
        }

    async with dial(server) as socket:
        latest = (await shop.ask("{ memberEvents { latest } }", token))["memberEvents"]["latest"]
        await follow(socket, token, latest)
        await buy("order-heard-1")
        first = await events(socket, 1)
        assert (first[0]["type"], first[0]["points"]["available"]) == ("PURCHASE_PAID", 50)
        socket.transport.abort()  # the tunnel
    await buy("order-heard-2")
    async with dial(server) as socket:
        await follow(socket, token, first[0]["cursor"])
        missed = await events(socket, 5)
        await buy("order-heard-3")
        came = await events(socket, 3)
    polled = await shop.ask("{ memberEvents(first: 100) { events { cursor } } }", token)
    everything = [each["cursor"] for each in polled["memberEvents"]["events"]]
    assert [each["cursor"] for each in first + missed + came] == everything[-9:]
    assert came[-1]["points"]["available"] == 150


async def test_two_hundred_subscribers_hear_of_themselves_alone(server: Server, shop: Shop) -> None:
    gate = asyncio.Semaphore(16)
    ready = asyncio.Barrier(SUBSCRIBERS)

    async def live(number: int) -> None:
        async with gate:
            token = await log_in(shop, f"many-{number}")
            # from a cursor on, so that it does not matter when the server begins to listen
            latest = (await shop.ask("{ memberEvents { latest } }", token))["memberEvents"]["latest"]
        async with dial(server) as socket:
            await follow(socket, token, latest)
            await ready.wait()
            async with gate:
                own = (await shop.ask(ENROLL, token))["memberEnroll"]["member"]["id"]
            [event] = await events(socket, 1)
            assert (event["type"], event["member"]["id"]) == ("MEMBER_ENROLLED", own)
            await asyncio.sleep(1)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(socket.recv(), 0.01)

    await asyncio.gather(*(live(number) for number in range(SUBSCRIBERS)))


async def test_a_token_that_was_revoked_hears_nothing_more(server: Server, shop: Shop) -> None:
    token = await log_in(shop, "leaver")
    async with dial(server) as socket:
        await follow(socket, token)
        other = await log_in(shop, "leaver")
        await shop.ask("mutation($t: String!) { tokenRevoke(input: {token: $t}) { revoked } }", t=token)
        await shop.ask(ENROLL, other)
        with pytest.raises(ConnectionClosed):
            await hear(socket)
        assert socket.close_code == 4401


async def test_a_page_of_another_site_is_refused_before_it_is_let_in(server: Server) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await dial(server, origin="https://evil.example").__aenter__()
    assert refused.value.response.status_code == 403


def raw(frame: Frame, *, mask: bool = True) -> bytes:
    return frame.serialize(mask=mask)


BREACHES = {
    "text that is not UTF-8": (raw(Frame(Opcode.TEXT, b"\xff\xfe")), 4400),
    "text that is not UTF-8, in parts": (
        raw(Frame(Opcode.TEXT, b"\xe8", fin=False)) + raw(Frame(Opcode.CONT, b"\xff")),
        4400,
    ),
    "more than a frame may hold": (raw(Frame(Opcode.TEXT, b"x" * 100_000)), 4400),
    "much more than a frame may hold": (raw(Frame(Opcode.TEXT, b"x" * 1_200_000)), 1009),
    "a frame said to be huge": (b"\x81\xff" + struct.pack("!Q", 2**40) + b"abcd", 1009),
    "a frame without a mask": (raw(Frame(Opcode.TEXT, b"{}"), mask=False), 1002),
    "an unknown kind of frame": (b"\x83\x80abcd", 1002),
    "reserved bits": (b"\xf1\x80abcd", 1002),
    "a part of nothing": (raw(Frame(Opcode.CONT, b"x")), 1002),
    "a long ping": (b"\x89\xfe\x00\x80abcd" + b"x" * 128, 1002),
    "a close of one byte": (b"\x88\x81abcdx", 1002),
    "HTTP": (b"GET / HTTP/1.1\r\nHost: house\r\n\r\n", 1002),
}


@pytest.mark.parametrize("name", BREACHES)
async def test_a_breach_of_the_wires_protocol_is_told_by_its_code(name: str, server: Server) -> None:
    sent, code = BREACHES[name]
    async with dial(server) as socket:
        socket.transport.write(sent)
        with pytest.raises(ConnectionClosed):
            await hear(socket)
        assert socket.close_code == code


VALUES: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    1e308,
    2**70,
    "",
    "1",
    "x" * 200,
    "\ud800",
    "茶",
    [],
    [1],
    {},
    {"a": {"b": []}},
)
TYPES = ("connection_init", "ping", "pong", "subscribe", "complete", "next", "start", "", 5, None)


def nonsense(chance: Random) -> bytes | str:
    """A frame of no or little sense."""
    draw = chance.random()
    if draw < 0.15:
        return chance.randbytes(chance.randrange(200))
    if draw < 0.3:
        return "".join(chr(chance.randrange(1, 0xD7FF)) for _ in range(chance.randrange(60)))
    if draw < 0.4:
        return "[" * chance.randrange(2_000)
    body: dict[str, Any] = {"type": chance.choice(TYPES)}
    if chance.random() < 0.7:
        body["id"] = chance.choice((*VALUES, "1", "2"))
    if chance.random() < 0.7:
        names = ("query", "variables", "operationName", "extensions", "authorization", "token", "headers")
        payload = {each: chance.choice((*VALUES, FOLLOW)) for each in chance.sample(names, chance.randrange(5))}
        body["payload"] = payload if chance.random() < 0.8 else chance.choice(VALUES)
    text = json.dumps(body)
    return text[: chance.randrange(len(text))] if chance.random() < 0.1 else text


async def test_whatever_is_sent_ends_cleanly(server: Server) -> None:
    chance = Random(11)
    codes: dict[int | None, int] = {}
    for _ in range(FUZZED):
        async with dial(server) as socket:
            try:
                for _ in range(chance.randrange(1, 6)):
                    await socket.send(nonsense(chance))
                await say(socket, {"type": "ping", "payload": {}})
                while (await hear(socket))["type"] != "pong":
                    pass
            except ConnectionClosed:
                codes[socket.close_code] = codes.get(socket.close_code, 0) + 1
    assert set(codes) <= CLEAN, codes
    assert codes[4400] > FUZZED / 3


async def test_a_slow_start_is_not_a_fault(server: Server) -> None:
    where = urlsplit(server.url)
    for sent in (b"", b"GET /graphql HTTP/1.1\r\nUpgrade: websocket\r\n", b"\x00" * 50):
        _, writer = await asyncio.open_connection(where.hostname, where.port)
        writer.write(sent)
        await writer.drain()
        writer.transport.abort()


async def test_a_stop_tells_everybody_and_is_quick(server: Server, shop: Shop) -> None:
    token = await log_in(shop, "last")
    async with dial(server) as one, dial(server) as other:
        await follow(one, token)
        begun = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        for socket in (one, other):
            with pytest.raises(ConnectionClosed):
                await hear(socket)
            assert (socket.close_code, socket.close_reason) == (1012, "The server restarts: connect again")
    await asyncio.to_thread(server.process.wait, 10)
    assert time.monotonic() - begun < 15
    assert server.process.returncode == 0
