"""Connections: an answer is one piece, and all that HTTP lets a client do on a connection works as it should."""

import asyncio
import re
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from uvicorn.config import Config
from uvicorn.server import ServerState

from api import connections
from api.connections import Protocol
from tests.api.serving import ASKS, HEAD, said, served

pytestmark = pytest.mark.either

CLOSES = HEAD.replace(b"host:", b"connection: close\r\nhost:")
UPGRADES = (
    b"GET /graphql HTTP/1.1\r\nhost: house\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
    b"sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    b"sec-websocket-protocol: graphql-transport-ws\r\n\r\n"
)


class Wire(asyncio.Transport):
    """A transport that keeps each piece that is written."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[bytes] = []
        self.is_closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.pieces.append(bytes(data))

    def close(self) -> None:
        self.is_closed = True

    def is_closing(self) -> bool:
        return self.is_closed

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self.protocol = protocol

    def pause_reading(self) -> None:
        """Nobody reads."""

    def resume_reading(self) -> None:
        """Nobody reads."""


def connected(app: Starlette) -> tuple[Protocol, Wire]:
    config = Config(app, log_config=None, access_log=False, lifespan="off", **connections.options())
    config.load()
    protocol, wire = Protocol(config, ServerState(), {}), Wire()
    protocol.connection_made(wire)
    return protocol, wire


async def answered(protocol: Protocol) -> None:
    async with asyncio.timeout(5):
        await asyncio.gather(*protocol.tasks)


def bodies(answer: bytes) -> list[bytes]:
    return [each for each in answer.split(b"\r\n") if each.startswith(b"{")]


@pytest.mark.usefixtures("caller")
async def test_an_answer_is_written_in_one_piece(in_development: Starlette) -> None:
    protocol, wire = connected(in_development)
    for _ in range(2):
        protocol.data_received(HEAD + ASKS)
        await answered(protocol)
    assert len(wire.pieces) == 2
    assert all(piece.startswith(b"HTTP/1.1 200 OK\r\n") for piece in wire.pieces)
    assert all(piece.endswith(b"}") for piece in wire.pieces)
    assert not wire.is_closed
    protocol.connection_lost(None)


@pytest.mark.usefixtures("caller")
async def test_requests_sent_at_once_are_answered_in_their_order(in_development: Starlette) -> None:
    fields = [b'{"query": "{ a%d: __typename }"}' % number for number in range(5)]
    asked = [HEAD.replace(b"%d" % len(ASKS), b"%d" % len(each)) + each for each in fields]
    async with served(in_development) as port:
        answer = await said(port, b"".join(asked), CLOSES + ASKS)
    assert answer.count(b"HTTP/1.1 200 OK\r\n") == 6
    assert [each[:13] for each in bodies(answer)[:5]] == [b'{"data":{"a%d"' % number for number in range(5)]


@pytest.mark.usefixtures("caller")
async def test_who_asks_for_an_end_after_the_answer_has_it(in_development: Starlette) -> None:
    async with served(in_development) as port:
        for asked in (CLOSES, HEAD.replace(b"HTTP/1.1", b"HTTP/1.0")):
            answer = await said(port, asked + ASKS)
            assert answer.count(b"connection: close\r\n") == 1
            assert len(bodies(answer)) == 1


@pytest.mark.usefixtures("caller")
async def test_a_body_may_wait_until_it_is_asked_for_or_come_in_pieces(in_development: Starlette) -> None:
    waits = CLOSES.replace(b"host:", b"expect: 100-continue\r\nexpect: nothing-else\r\nhost:")
    pieces = CLOSES.replace(b"content-length: %d" % len(ASKS), b"transfer-encoding: chunked")
    async with served(in_development) as port:
        answer = await said(port, waits, ASKS, pause=0.1)
        assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")
        answer = await said(port, pieces, b"5\r\n%b\r\n" % ASKS[:5], b"16\r\n%b\r\n0\r\n\r\n" % ASKS[5:], pause=0.1)
        assert len(bodies(answer)) == 1


async def test_a_body_that_came_whole_is_there_for_who_receives_it_bit_by_bit() -> None:
    async def told(request: Request) -> Response:
        return Response(await request.body())

    protocol, wire = connected(Starlette(routes=[Route("/", told, methods=["POST"])]))
    protocol.data_received(b"POST / HTTP/1.1\r\nhost: house\r\ncontent-length: 4\r\n\r\nbody")
    await answered(protocol)
    assert b"".join(wire.pieces).endswith(b"\r\n\r\nbody")
    protocol.connection_lost(None)


@pytest.mark.usefixtures("caller")
async def test_a_head_without_a_body_has_none_and_any_other_route_is_served_as_well(
    in_development: Starlette,
) -> None:
    ends = b" HTTP/1.1\r\nhost: house\r\nconnection: close\r\n\r\n"
    async with served(in_development) as port:
        answer = await said(port, b"HEAD /healthz" + ends)
        assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
        assert answer.endswith(b"\r\n\r\n")
        answer = await said(port, b"GET /he%61lthz?x=%20" + ends)
        assert answer.endswith(b'{"status":"ok"}')
        answer = await said(port, CLOSES.replace(b"host:", b"origin: http://localhost:1\r\nhost:") + ASKS)
        assert b"access-control-allow-origin: http://localhost:1\r\n" in answer, "pages are answered by way of CORS"


@pytest.mark.usefixtures("caller")
async def test_a_head_that_begins_beside_an_answer_has_to_end_as_well(
    in_development: Starlette, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.2)
    async with served(in_development) as port, asyncio.timeout(5):
        answer = await said(port, HEAD + ASKS + b"POST /gra")
    assert answer.count(b"HTTP/1.1 200 OK\r\n") == 1


@pytest.mark.usefixtures("caller")
async def test_a_connection_rests_from_its_last_answer_on_and_no_longer(in_development: Starlette) -> None:
    loop = asyncio.get_running_loop()
    async with served(in_development, timeout_keep_alive=1) as port, asyncio.timeout(8):
        began = loop.time()
        answer = await said(port, HEAD + ASKS, HEAD + ASKS, HEAD + ASKS, pause=0.6)
        rested = loop.time() - began - 2 * 0.6
    assert answer.count(b"HTTP/1.1 200 OK\r\n") == 3
    assert 0.9 <= rested < 1.6


@pytest.mark.usefixtures("caller")
async def test_a_socket_is_not_taken_for_a_request_that_does_not_come(
    in_development: Starlette, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.2)
    async with served(in_development, timeout_keep_alive=1) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HEAD + ASKS)
        await reader.readuntil(b"\r\n\r\n")
        writer.write(UPGRADES)
        await reader.readuntil(b"HTTP/1.1 101 ")
        await reader.readuntil(b"\r\n\r\n")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), 1.5)
        writer.close()


@pytest.mark.usefixtures("caller")
async def test_nothing_is_left_of_a_connection_that_has_become_a_socket(in_development: Starlette) -> None:
    protocol, wire = connected(in_development)
    protocol.data_received(HEAD + ASKS)
    await answered(protocol)
    assert protocol._rest is not None
    protocol.data_received(UPGRADES)
    assert protocol._rest is None
    assert protocol._patience is None
    wire.protocol.connection_lost(None)
    await answered(protocol)


@pytest.mark.usefixtures("caller")
async def test_a_connection_becomes_no_socket_before_its_requests_are_answered(in_development: Starlette) -> None:
    async with served(in_development) as port:
        answer = await said(port, HEAD + ASKS + UPGRADES, CLOSES + ASKS, pause=0.1)
    assert re.findall(rb"HTTP/1.1 (\d+) ", answer) == [b"200", b"400", b"200"]


async def test_who_does_not_read_is_written_nothing_more(in_development: Starlette) -> None:
    protocol, wire = connected(in_development)
    protocol.data_received(HEAD + ASKS)
    protocol.flow.pause_writing()
    for _ in range(5):
        await asyncio.sleep(0.01)
    assert wire.pieces == []
    protocol.flow.resume_writing()
    await answered(protocol)
    assert b"".join(wire.pieces).endswith(b"}")
    protocol.connection_lost(None)


@pytest.mark.parametrize("told", [b"1\r\nset-cookie: x", b"1\nset-cookie: x", b"1\rset-cookie: x"])
async def test_a_header_of_two_lines_is_never_written(in_development: Starlette, told: bytes) -> None:
    protocol, wire = connected(in_development)
    protocol.data_received(HEAD + ASKS)
    cycle: Any = protocol.cycle
    with pytest.raises(ValueError, match="one line"):
        cycle.answers(200, [connections.CLOSE, connections.CLOSE, (b"retry-after", told)], b"", b"")
    assert wire.pieces == []
    await answered(protocol)
    protocol.connection_lost(None)


MUCH = 20_000_000
"""Bytes that no system keeps for a client who does not take them."""


@pytest.mark.parametrize("asks", ["GET /{0}", "GET /{0}connection: close\r\n", "GET /{0}\r\nGET /{0}"])
async def test_who_takes_nothing_of_an_answer_has_no_connection_in_the_end(asks: str) -> None:
    async def much(_: Request) -> Response:
        return Response(b"x" * MUCH)

    asked = asks.format(" HTTP/1.1\r\nhost: house\r\n").encode() + b"\r\n"
    async with served(Starlette(routes=[Route("/", much)]), timeout_keep_alive=0.3) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(asked)
        await asyncio.sleep(1.2)
        async with asyncio.timeout(5):
            assert len(await reader.read()) < MUCH
        writer.close()


async def test_who_takes_an_answer_slowly_has_all_of_it() -> None:
    async def much(_: Request) -> Response:
        return Response(b"x" * MUCH)

    async with served(Starlette(routes=[Route("/", much)]), timeout_keep_alive=0.3) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nhost: house\r\n\r\n")
        taken = 0
        async with asyncio.timeout(10):
            while piece := await reader.read(500_000):
                taken += len(piece)
                await asyncio.sleep(0.01)
        assert taken > MUCH
        writer.close()
