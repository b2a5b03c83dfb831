"""Slow: who does not get round to asking is not waited for, and others do not wait for them."""

import asyncio
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette

import api.graphql
from api import connections
from tests.api.serving import ASKS, HEAD, said, served

pytestmark = pytest.mark.apart


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.5)
    monkeypatch.setattr(api.graphql, "BODY_SECONDS", 0.5)


@pytest.mark.usefixtures("_impatient", "caller")
async def test_a_connection_that_asks_nothing_is_closed(in_development: Starlette) -> None:
    async with served(in_development) as port:
        assert await said(port) == b""
        assert await said(port, b"GET /heal", b"thz HT", pause=0.1) == b""
        slowly = [bytes([letter]) for letter in HEAD]
        assert await said(port, *slowly, pause=0.03) == b""


@pytest.mark.usefixtures("_impatient", "caller")
async def test_a_body_that_does_not_come_is_a_408_and_the_end_of_the_connection(in_development: Starlette) -> None:
    async with served(in_development) as port:
        answer = await said(port, HEAD, ASKS[:5])
        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 408 ")
        assert b"connection: close" in head.lower()
        assert b'"code":"TIMEOUT"' in body
        assert b"did not arrive within" in body


@pytest.mark.usefixtures("_impatient", "caller")
async def test_a_connection_in_use_rests_as_long_as_it_likes_and_asks_again(in_development: Starlette) -> None:
    async with served(in_development) as port:
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            for _ in range(3):
                answer = await client.post("/graphql", content=ASKS, headers={"content-type": "application/json"})
                assert answer.json()["data"] == {"__typename": "Query"}
                await asyncio.sleep(0.6)
        again = await said(port, HEAD + ASKS, b"POST /gra", pause=0.1)
        assert again.count(b"HTTP/1.1 200 OK") == 1, "the second request began and never came"


@pytest.mark.usefixtures("caller")
async def test_many_who_dawdle_hold_nobody_up(in_development: Starlette, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 1.5)
    monkeypatch.setattr(api.graphql, "BODY_SECONDS", 1.5)
    async with served(in_development) as port:
        dawdling = [asyncio.create_task(said(port, piece)) for piece in [b"", HEAD, HEAD + ASKS[:5]] * 50]
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client, asyncio.timeout(5):
            for _ in range(20):
                assert (await client.get("/healthz")).status_code == 200
        for answer in await asyncio.gather(*dawdling):
            assert answer == b"" or answer.startswith(b"HTTP/1.1 408 ")


def test_a_server_may_open_as_many_files_as_it_has_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    limits: dict[str, Any] = {"now": (1_024, 4_096)}
    monkeypatch.setattr("resource.getrlimit", lambda _: limits["now"])
    monkeypatch.setattr("resource.setrlimit", lambda _, wanted: limits.update(now=wanted))
    connections.allow_files()
    assert limits["now"] == (4_096, 4_096)
    limits["now"] = (1_024, 1_000_000)
    connections.allow_files()
    assert limits["now"] == (connections.AT_ONCE + connections.SPARE_FILES, 1_000_000)
