"""Webhooks: each event arrives at least once by one id, whatever the receiver, the courier and the name do."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from random import Random  # noqa: TID251  seeded
from typing import Any

import pytest
from standardwebhooks import Webhook

from api import reach
from api.courier import PER_ENDPOINT
from models.invariants import violations
from rules import webhooks
from rules.webhooks import LEASE
from schema import ids
from schema.ids import Tag
from tests.people import NOON, member, programme
from tests.receiver import DIE, DIE_IN_THE_MIDDLE, GARBAGE, HANG, REDIRECT, receiving, signatures
from tests.stories.carrying import DELIVERIES, TRIES, Round, add, events, rounds, secret_of, trade


@pytest.fixture
async def going() -> AsyncIterator[Round]:
    async with rounds() as made:
        yield made


async def test_every_event_arrives_once_signed_with_the_same_words_as_the_members_own_list(going: Round) -> None:
    await programme()
    async with receiving() as receiver:
        added = await add(receiver)
        mei = await trade()
        await going.once()
        assert sorted(receiver.names) == sorted(await events())
        assert len(receiver.calls) == len(receiver.taken) > 4
    bodies = [json.loads(call.body) for call in receiver.taken]
    # four are carried at once, so they may arrive in another order: the sequence puts them right
    bodies.sort(key=lambda body: int(body["data"]["sequence"]))
    assert [each["data"]["sequence"] for each in bodies] == list(range(1, len(bodies) + 1))
    assert {each["data"]["memberId"] for each in bodies} == {ids.encode(Tag.MEMBER, mei)}
    moved = [each for each in bodies if each["type"] == "POINTS_MOVED"][-1]
    assert moved["timestamp"] == "2026-03-10T04:00:00Z"
    [line] = moved["data"]["entries"]
    assert (line["kind"], line["bucket"], line["points"], line["balanceAfter"]) == ("REDEEM", "AVAILABLE", -30, 70)
    assert all(signatures(call, secret_of(added)) for call in receiver.taken)
    assert receiver.taken[0].headers["host"] == f"127.0.0.1:{receiver.port}"
    assert receiver.taken[0].path == "/hook?shop=1"
    assert "Mei" not in str(receiver.calls)


async def test_a_bad_receiver_gets_each_event_at_least_once_by_one_id(
    going: Round, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reach, "SECONDS", 0.15)
    await programme()
    chance = Random(5)
    bad: list[int | str] = [500, 503, 301, 404, HANG, DIE, DIE_IN_THE_MIDDLE, REDIRECT, GARBAGE]

    def half(_: Any) -> int | str:
        return 200 if chance.random() < 0.5 else chance.choice(bad)

    async with receiving(half) as receiver:
        added = await add(receiver)
        for _ in range(3):
            await trade()
        await going.until_done()
        assert set(receiver.names) == await events()
        assert {call.name for call in receiver.calls} == await events()
        assert len(receiver.calls) > len(receiver.taken)
        assert not [call for call in receiver.calls if "moved" in call.path]
        assert receiver.most_at_once <= PER_ENDPOINT
    told: dict[str, set[bytes]] = {}
    for call in receiver.calls:
        told.setdefault(call.name, set()).add(call.body)
        assert signatures(call, secret_of(added))
    assert {len(bodies) for bodies in told.values()} == {1}
    tries = await TRIES.rows()
    assert len(tries) == len(receiver.calls)
    assert {row["failure"] for row in tries} == {None, "TIMED_OUT", "CONNECTION_LOST"}
    assert {302, 200} <= {row["status"] for row in tries}
    assert {row["state"] for row in await DELIVERIES.rows()} == {"DELIVERED"}
    assert await violations() == []


async def test_what_a_courier_sent_and_did_not_live_to_report_is_sent_again_by_the_same_id(going: Round) -> None:
    await programme()
    async with receiving() as receiver:
        await add(receiver, "MEMBER_ENROLLED")
        await member("Mei")
        await webhooks.spread(NOON)
        [where] = await webhooks.due(NOON)
        [parcel] = await webhooks.claim(where, 10, now=NOON)
        sent = await going.reach.post(parcel.url, b"{}", webhooks.headers(parcel.name, b"{}", parcel.secrets, NOON))
        assert sent.is_success
        # the courier dies here: nothing is written down
        assert await going.once() == 0
        going.clock.now = NOON + LEASE
        await going.once()
        assert receiver.names == [parcel.name, parcel.name]
        assert await webhooks.report(parcel, sent, now=NOON + LEASE) is None
    [row] = await DELIVERIES.rows()
    assert (row["state"], row["attempts"], row["fence"]) == ("DELIVERED", 2, 2)


async def test_an_event_put_on_its_way_is_put_there_whole_or_not_at_all(
    going: Round, monkeypatch: pytest.MonkeyPatch
) -> None:
    await programme()
    async with receiving() as receiver:
        await add(receiver)
        await trade()

        async def dies(*_: Any, **__: Any) -> int:
            raise ConnectionError

        with monkeypatch.context() as patch:
            patch.setattr(webhooks._deliveries, "insert", dies)
            with pytest.raises(ConnectionError):
                await webhooks.spread(NOON)
        assert await DELIVERIES.rows() == []
        await asyncio.gather(*(webhooks.spread(NOON) for _ in range(8)))
        assert len(await DELIVERIES.rows()) == len(await events())


async def test_a_slow_endpoint_holds_up_nobody_else(going: Round, monkeypatch: pytest.MonkeyPatch) -> None:
    await programme()
    async with receiving(lambda _: HANG) as slow, receiving() as quick:
        await add(slow)
        await add(quick)
        await trade()
        await trade()
        async with asyncio.timeout(10):
            while await going.courier.once() or len(quick.taken) < len(await events()):  # noqa: ASYNC110  it tells
                await asyncio.sleep(0.01)
        assert set(quick.names) == await events()
        assert slow.at_once == PER_ENDPOINT
        await going.courier.settle(0)


async def test_the_schemes_own_library_verifies_what_arrives_now(going: Round) -> None:
    going.clock.now = datetime.now(UTC)  # noqa: TID251  the library compares with the real clock
    await programme()
    async with receiving() as receiver:
        added = await add(receiver)
        await member("Mei", at=going.clock.now)
        await going.once()
    for call in receiver.taken:
        assert Webhook(secret_of(added)).verify(call.body, call.headers)["type"].startswith(("MEMBER", "TIER"))


async def test_the_courier_of_a_process_works_until_it_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    from api.clock import now
    from api.courier import carrying

    await programme()
    async with receiving() as receiver, carrying(may_loop=True):
        await add(receiver, "MEMBER_ENROLLED", at=now())
        await member("Mei", at=now())
        async with asyncio.timeout(10):
            while not receiver.taken:  # noqa: ASYNC110  the receiver tells
                await asyncio.sleep(0.01)


def never(_: Any) -> int | str:
    raise AssertionError("Nobody was to come here.")


async def test_a_name_that_leads_elsewhere_later_is_not_followed_there(going: Round) -> None:
    """DNS rebinding: what was checked is what is connected to, and it is checked at every try."""
    await programme()
    async with receiving(never) as receiver:
        await add(receiver, "MEMBER_ENROLLED")
        await member("Mei")
        going.reach.may_loop = False
        await going.once()
    [row] = await TRIES.rows()
    assert (row["status"], row["failure"]) == (None, "ADDRESS_REFUSED")
