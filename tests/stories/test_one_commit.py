"""One commit: commands of several members that come in one moment share PostgreSQL's, and nobody another's fate."""

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import Context
from functools import partial
from socket import SO_SNDBUF, SOL_SOCKET
from typing import Any, cast
from uuid import UUID

import asyncpg
import pytest
from asyncpg.exceptions import ConnectionDoesNotExistError
from tortoise.backends.base.client import BaseDBAsyncClient

from models import turns
from models.engine import asyncpg as client
from models.engine import connections
from models.engine.asyncpg import SHARED, Client
from models.idempotency import IdempotencyKey
from models.invariants import violations
from models.sql import SQL, current, insert
from rules.idempotency import IdempotencyKeyReused, Key
from rules.points import Posted
from tests.people import CASHIER, NOON, adjust, balance, buy, freeze, member, programme, redeem
from tests.postgres import plain
from tests.stories.test_at_once import Unseen

COMMITS = SQL("SELECT COUNT(DISTINCT xmin::text) AS number FROM points_transaction WHERE kind = 'REDEEM'")
FIRST = SQL("SELECT id FROM points_transaction WHERE member_id = $1 ORDER BY id LIMIT 1")
HAS, SPENDS = 40, 5
LEFT = HAS - SPENDS


@pytest.fixture(autouse=True)
def _on_postgres(database: BaseDBAsyncClient) -> None:
    if database.capabilities.dialect == "sqlite":
        pytest.skip("there commands share a commit on the writer's thread")


async def crowd(count: int) -> list[UUID]:
    """So many members with points, in a house where somebody has redeemed before."""
    await programme()
    first, *others = [await member(f"Mei {number}") for number in range(count + 1)]
    for each in (first, *others):
        await buy(each, HAS * 100)
    await redeem(first, SPENDS)
    return others


async def at_once(those: list[UUID], **told: Any) -> list[str]:
    """The kind of what each of them hears who redeems in one moment with all others."""
    answers = await asyncio.gather(*(redeem(each, SPENDS, **told) for each in those), return_exceptions=True)
    return [type(each).__name__ for each in answers]


async def known(who: UUID) -> dict[str, Any]:
    """An answer as it is stored, which names what they got first."""
    return {"transaction_id": str(await FIRST.value(who))}


async def left(those: list[UUID]) -> list[int]:
    """What each of them has."""
    return [(await balance(each))["available"] for each in those]


def before_they_are_written(monkeypatch: pytest.MonkeyPatch, interlude: Callable[[], Awaitable[Any]]) -> None:
    """Let something happen once between what several decided and what is written of it, as by another process."""
    together, told = Client._written_together, [interlude]

    async def later(client: Client, query: str, several: list[list[Any]]) -> list[bool]:
        if told:
            await asyncio.create_task(_run(told.pop()), context=Context())
        return await together(client, query, several)

    monkeypatch.setattr(turns, "_turns", Unseen())
    replace(monkeypatch, later)


def replace(monkeypatch: pytest.MonkeyPatch, written_together: Callable[..., Awaitable[list[bool]]]) -> None:
    """Have several be written another way."""
    monkeypatch.setattr(Client, "_written_together", written_together)
    # those that were made before know the old one
    cast("Client", current()).sharing.clear()


async def _run(interlude: Callable[[], Awaitable[Any]]) -> None:
    await interlude()


async def test_redemptions_of_one_moment_are_one_reading_and_one_commit(statements: list[str]) -> None:
    those, before = await crowd(6), await COMMITS.value()
    statements.clear()
    assert await at_once(those) == ["Posted"] * 6
    assert len(statements) == 2
    assert await left(those) == [LEFT] * 6
    assert await COMMITS.value() == before + 1
    assert await violations() == []


async def test_a_commit_is_shared_by_so_many_at_most() -> None:
    those, before = await crowd(2 * SHARED + 1), await COMMITS.value()
    assert await at_once(those) == ["Posted"] * len(those)
    assert await COMMITS.value() == before + 3
    assert await violations() == []


async def test_where_the_url_says_so_each_has_a_commit_of_their_own(database: BaseDBAsyncClient) -> None:
    those, before = await crowd(3), await COMMITS.value()
    cast("Client", database).combines = False
    try:
        assert await at_once(those) == ["Posted"] * 3
    finally:
        cast("Client", database).combines = True
    assert await COMMITS.value() == before + 3


async def test_members_are_held_in_one_order_whoever_came_first(monkeypatch: pytest.MonkeyPatch) -> None:
    those, held, write_all = await crowd(5), list[UUID](), connections.write_all

    async def noted(connection: Any, query: str, several: list[list[Any]]) -> list[Any]:
        held.extend(each[0] for each in several)
        return await write_all(connection, query, several)

    monkeypatch.setattr(client, "write_all", noted)
    assert await at_once(sorted(those, reverse=True)) == ["Posted"] * 5
    assert held == sorted(those)


@pytest.mark.parametrize(
    ("what", "heard", "has"), [("spent", "InsufficientPoints", 2), ("frozen", "MemberFrozen", HAS)]
)
async def test_who_was_overtaken_begins_anew_and_the_others_do_not_notice(
    monkeypatch: pytest.MonkeyPatch, what: str, heard: str, has: int
) -> None:
    those, before = await crowd(4), await COMMITS.value()
    moved: dict[str, Callable[[], Awaitable[Any]]] = {
        "spent": partial(adjust, those[1], has - HAS),
        "frozen": partial(freeze, those[1]),
    }
    before_they_are_written(monkeypatch, moved[what])
    assert await at_once(those) == ["Posted", heard, "Posted", "Posted"]
    assert await left(those) == [LEFT, has, LEFT, LEFT]
    assert await COMMITS.value() == before + 1
    assert await violations() == []


async def test_whose_key_was_used_meanwhile_is_refused_and_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    those, key = await crowd(3), Key("the-very-same")
    told = {"principal": CASHIER.principal, "key": key, "operation": "points.redeem", "fingerprint": "another's"}
    row = {"owner_id": those[2], **told, "response": await known(those[2]), "created_at": NOON}
    before_they_are_written(monkeypatch, partial(insert, IdempotencyKey, [row]))
    assert await at_once(those, key=key) == ["Posted", "Posted", IdempotencyKeyReused.__name__]
    assert await left(those) == [LEFT, LEFT, HAS]


async def test_what_was_committed_and_not_heard_of_is_done_once(monkeypatch: pytest.MonkeyPatch) -> None:
    those, together = await crowd(4), Client._written_together

    async def lost(client: Client, query: str, several: list[list[Any]]) -> list[bool]:
        await together(client, query, several)
        raise ConnectionResetError

    replace(monkeypatch, lost)
    answers = await asyncio.gather(*(redeem(each, SPENDS) for each in those))
    assert [each.replayed for each in answers] == [True] * 4
    assert await left(those) == [LEFT] * 4
    assert await violations() == []


async def test_who_has_not_sent_all_hears_of_a_server_that_goes_away(database: BaseDBAsyncClient) -> None:
    connection = await cast("Client", database)._writer()
    # as on a long line: no more than this is under way
    connection._transport.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_SNDBUF, 4_096)
    orders = [["0" * 200_000]] * SHARED
    writing = asyncio.create_task(connections.write_all(connection, "SELECT $1 FROM pg_sleep(60)", orders))
    try:
        await asyncio.sleep(0.5)
        await database.execute_query_dict("SELECT pg_terminate_backend($1)", [connection.get_server_pid()])
        heard, _ = await asyncio.wait([writing], timeout=5)
    finally:
        writing.cancel()
        connection.terminate()
    with pytest.raises(ConnectionDoesNotExistError):
        await writing
    assert heard == {writing}


async def test_nobody_waits_for_a_member_whom_another_process_holds(database_url: str) -> None:
    those = await crowd(4)
    other = await asyncpg.connect(plain(database_url))
    try:
        await other.execute("BEGIN")
        await other.execute("SELECT 1 FROM member WHERE id = $1 FOR UPDATE", those[1])
        asked = [asyncio.create_task(redeem(each, SPENDS)) for each in those]
        done, waiting = await asyncio.wait([each for each in asked if each is not asked[1]], timeout=10)
        assert (len(done), len(waiting)) == (3, 0)
        # by now it waits in a transaction, for as long as that takes
        assert await asyncio.wait([asked[1]], timeout=0.25) == (set(), {asked[1]})
    finally:
        await other.close()
    assert isinstance(await asked[1], Posted)
    assert await left(those) == [LEFT] * 4
    assert await violations() == []
