"""Exchanges of refresh tokens: once each, and what a second one means."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from starlette.applications import Starlette

from models.sql import SQL
from rules import credentials, transactions
from tests.api.house import Caller, endpoint_of
from tests.api.test_logins import INSTANT, LIVE, is_let_in, log_in, refresh
from tests.people import NOON, programme

pytestmark = pytest.mark.either

GRACE = timedelta(seconds=30)


@pytest.fixture
def forgiving(in_development: Starlette, monkeypatch: pytest.MonkeyPatch) -> None:
    """A house that allows a lost answer some seconds."""
    world = endpoint_of(in_development).outside
    monkeypatch.setattr(world, "refresh_grace", GRACE)


async def test_a_refresh_token_that_is_sent_twice_ends_the_login(caller: Caller) -> None:
    await programme()
    stolen = (await log_in(caller))["refreshToken"]
    members_own = await refresh(caller, stolen)
    assert await refresh(caller, stolen) is None
    assert not await is_let_in(caller, members_own["accessToken"])
    assert await refresh(caller, members_own["refreshToken"]) is None
    assert await LIVE.value("REFRESH") == 0


@pytest.mark.usefixtures("forgiving")
async def test_an_exchange_whose_answer_was_lost_is_made_again(caller: Caller) -> None:
    await programme()
    old = (await log_in(caller))["refreshToken"]
    lost = await refresh(caller, old)
    caller.clock.move(GRACE)
    fresh = await refresh(caller, old)
    assert await is_let_in(caller, fresh["accessToken"])
    assert not await is_let_in(caller, lost["accessToken"]), "what was lost opens nothing"
    assert await refresh(caller, fresh["refreshToken"]), "and the login goes on"


@pytest.mark.usefixtures("forgiving")
async def test_what_was_said_to_be_lost_and_is_used_was_not_lost(caller: Caller) -> None:
    await programme()
    stolen = (await log_in(caller))["refreshToken"]
    members_own = await refresh(caller, stolen)
    thief = await refresh(caller, stolen)
    assert await is_let_in(caller, thief["accessToken"])
    assert await refresh(caller, members_own["refreshToken"]) is None
    assert not await is_let_in(caller, thief["accessToken"]), "the member is out, and so is the thief"
    assert await refresh(caller, thief["refreshToken"]) is None
    assert await LIVE.value("REFRESH") == 0


@pytest.mark.usefixtures("forgiving")
async def test_a_moment_later_it_was_not_lost_but_copied(caller: Caller) -> None:
    await programme()
    old = await log_in(caller)
    fresh = await refresh(caller, old["refreshToken"])
    caller.clock.move(GRACE + INSTANT)
    assert await refresh(caller, old["refreshToken"]) is None
    for each in (old, fresh):
        assert not await is_let_in(caller, each["accessToken"])
    ended = await SQL("SELECT ended_at FROM login").value()
    assert ended == caller.clock.now


@pytest.mark.parametrize("use", ["access", "refresh"])
async def test_once_a_successor_was_used_the_old_token_was_copied(caller: Caller, use: str) -> None:
    await programme()
    stolen = await log_in(caller)
    thief = await refresh(caller, stolen["refreshToken"])
    if use == "access":
        assert await is_let_in(caller, thief["accessToken"])
    else:
        thief = await refresh(caller, thief["refreshToken"])
    assert await refresh(caller, stolen["refreshToken"]) is None
    for each in (stolen, thief):
        assert not await is_let_in(caller, each["accessToken"])
        assert await refresh(caller, each["refreshToken"]) is None
    assert await LIVE.value("ACCESS") == 0


@pytest.mark.usefixtures("forgiving")
async def test_a_thief_who_was_faster_is_out_when_the_member_asks_again(caller: Caller) -> None:
    await programme()
    stolen = (await log_in(caller))["refreshToken"]
    thief = await refresh(caller, stolen)
    fresh = await refresh(caller, stolen)
    assert not await is_let_in(caller, thief["accessToken"])
    assert await is_let_in(caller, fresh["accessToken"])
    assert await refresh(caller, stolen) is None, "now its successor was used"
    assert not await is_let_in(caller, fresh["accessToken"])


@pytest.mark.usefixtures("forgiving")
async def test_of_32_exchanges_of_one_token_at_once_one_pair_lives(caller: Caller) -> None:
    await programme()
    old = await log_in(caller)
    pairs = await asyncio.gather(*(refresh(caller, old["refreshToken"]) for _ in range(32)))
    assert None not in pairs
    assert await LIVE.value("REFRESH") == 1
    alive = await asyncio.gather(*(is_let_in(caller, each["accessToken"]) for each in pairs))
    assert alive.count(True) == 1
    [living] = [pair for pair, lives in zip(pairs, alive, strict=True) if lives]
    assert await refresh(caller, living["refreshToken"])


@pytest.mark.usefixtures("forgiving")
async def test_of_uses_and_exchanges_at_once_no_dead_token_lets_anybody_in(caller: Caller) -> None:
    await programme()
    for _ in range(4):
        old = await log_in(caller)
        first = await refresh(caller, old["refreshToken"])
        used, again = await asyncio.gather(
            is_let_in(caller, first["accessToken"]), refresh(caller, old["refreshToken"])
        )
        if again is None:
            assert not await is_let_in(caller, first["accessToken"]), "it was used before: the login is ended"
        else:
            assert not used, "it was revoked before it was used"
            assert await is_let_in(caller, again["accessToken"])


async def test_no_exchange_issues_tokens_behind_the_back_of_an_end(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    await programme()
    tokens = await log_in(caller)
    issue, under_way = credentials._issue, asyncio.Event()

    async def slowly(*args: Any, **more: Any) -> credentials.Issued:
        under_way.set()
        await asyncio.sleep(0.1)
        return await issue(*args, **more)

    async def end() -> bool:
        await under_way.wait()
        return await credentials.log_out(tokens["accessToken"], NOON)

    monkeypatch.setattr(credentials, "_issue", slowly)
    monkeypatch.setattr(transactions, "strayed", set())  # since it sleeps
    fresh, ended = await asyncio.gather(credentials.exchange(tokens["refreshToken"], NOON), end())
    assert fresh is not None
    assert ended
    assert await LIVE.value("ACCESS") == await LIVE.value("REFRESH") == 0


async def test_an_exchange_after_a_logout_is_no_second_exchange(caller: Caller) -> None:
    await programme()
    old = await log_in(caller)
    fresh = await refresh(caller, old["refreshToken"])
    await caller.act("tokenRevoke", "revoked", {"token": fresh["accessToken"]})
    assert await refresh(caller, old["refreshToken"]) is None
    assert await LIVE.value("REFRESH") == 0


async def test_only_the_first_use_of_a_fresh_token_writes(caller: Caller, statements: list[str]) -> None:
    await programme()
    first = await log_in(caller)
    fresh = await refresh(caller, first["refreshToken"])

    async def writes(token: str) -> int:
        statements.clear()
        assert await is_let_in(caller, token)
        return sum(text.startswith("UPDATE") for text in statements)

    assert [await writes(token) for token in (first["accessToken"], *[fresh["accessToken"]] * 2)] == [0, 1, 0]
