"""Clients who hang up: what tells of it, behind the server that is used."""

from typing import Any

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from api import requests


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
