"""Clients who hang up: what tells of it, behind the server that is used."""

import asyncio
import socket
from typing import Any

import pytest
from starlette.applications import Starlette
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from api import connections, requests
from api.graphql import Endpoint
from tests.api.serving import ASKS, HEAD, said, served

pytestmark = pytest.mark.either


def test_the_server_lets_on_that_a_client_has_hung_up() -> None:
    cycle = RequestResponseCycle.__new__(RequestResponseCycle)
    cycle.disconnected = False
    receive: Any = cycle.receive
    left = requests.has_left(receive)
    assert left is not None
    assert not left()
    cycle.disconnected = True
    assert left()


def test_behind_another_server_nobody_is_taken_to_have_left() -> None:
    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    assert requests.has_left(receive) is None


@pytest.mark.skipif(not connections.HUNG_UP, reason="this system does not tell who has hung up")
@pytest.mark.usefixtures("caller")
async def test_for_who_gave_up_before_they_were_let_in_nothing_is_begun(
    in_development: Starlette, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[Any] = []
    answer = Endpoint._answer

    async def counted(*given: Any) -> Any:
        begun.append(given)
        return await answer(*given)

    monkeypatch.setattr(Endpoint, "_answer", counted)
    async with served(in_development) as port:
        for _ in range(5):
            # the server does nothing meanwhile, as one that is too busy
            with socket.create_connection(("127.0.0.1", port)) as line:  # meant to keep it waiting
                line.sendall(HEAD + ASKS)
        await asyncio.sleep(0.2)
        assert begun == []
        assert (await said(port, HEAD.replace(b"host", b"connection: close\r\nhost") + ASKS)).startswith(
            b"HTTP/1.1 200 "
        )
        assert len(begun) == 1
