"""The life of a socket: how many there may be, how long one lives, and what ends it."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from starlette.applications import Starlette

from api.sockets import _connection
from models.sql import SQL
from schema.context import Context
from tests.api.house import Caller, built
from tests.api.socket import (
    ACK,
    BEGINNING,
    FOLLOW,
    Client,
    Closed,
    dialled,
    follows,
    mei_and_token,
    sockets_of,
    token_of,
)
from tests.people import NOON, buy, member
from tests.schema.asking import as_member

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("sockets_end_well")]


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
    _, token = await mei_and_token()
    monkeypatch.setattr("api.sockets.SOCKETS", 1)
    async with dialled(in_development) as first:
        assert await first.begin(token) == ACK
        async with dialled(in_development) as second:
            assert (await second.next()).code == 1013


async def test_strangers_who_fill_all_sockets_make_room_for_members(
    in_development: Starlette, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, token = await mei_and_token()
    monkeypatch.setattr("api.sockets.SOCKETS", 2)
    async with dialled(in_development) as first, dialled(in_development) as second:
        assert await first.begin() == ACK
        async with dialled(in_development) as third:
            assert (await first.next()).code == 1013, "the oldest stranger goes"
            assert await third.begin(token) == ACK
            third.subscribe(FOLLOW)
            assert await second.begin() == ACK
            async with dialled(in_development) as fourth:
                assert (await second.next()).code == 1013
                assert await fourth.begin(token) == ACK
            assert not await third.hears()


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


async def test_no_event_is_told_to_a_credential_that_has_ended(
    client: Client, caller: Caller, in_development: Starlette
) -> None:
    mei, token = await mei_and_token()
    await client.begin(token)
    client.subscribe(FOLLOW)
    await follows(in_development)
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
    async def context(_: object) -> Context:
        return Context(now=NOON, principal=as_member(UUID(int=1)))

    return context


async def test_all_sockets_are_closed_when_the_house_closes(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
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
