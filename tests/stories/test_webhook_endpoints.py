"""Webhook endpoints: patience and its end, secrets that overlap, replays, and what is swept."""

import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from api import checks
from models.sql import SQL
from models.webhooks import DisabledWhy
from rules import jobs, webhooks
from rules.actors import SYSTEM
from rules.jobs import TASKS, due
from rules.webhooks import ATTEMPTS, FAILING_FOR, WAITS, Change, ReplayTooFar
from tests.people import CLERK, DAY, NOON, buy, member, programme
from tests.receiver import Receiver, receiving, signatures
from tests.stories.carrying import (
    DELIVERIES,
    ENDPOINT,
    LINES,
    MINUTE,
    TRIES,
    Round,
    add,
    events,
    rounds,
    secret_of,
    trade,
)

SWEPT = SQL("DELETE FROM outbox_event RETURNING id", fans_out="a test sweeps")


@pytest.fixture
async def going() -> AsyncIterator[Round]:
    async with rounds() as made:
        yield made


async def test_waits_grow_over_three_days_and_then_a_delivery_is_dead_and_can_be_replayed(going: Round) -> None:
    assert timedelta(days=2.9) < sum(WAITS, timedelta()) < timedelta(days=3.2)
    assert all(WAITS[tries - 1] <= webhooks.wait(tries) <= WAITS[tries - 1] * 1.2 for tries in range(1, ATTEMPTS))
    await programme()
    async with receiving(lambda _: 500) as receiver:
        await add(receiver, "MEMBER_ENROLLED")
        await member("Mei")
        await going.until_done()
        [row] = await DELIVERIES.rows()
        assert (row["state"], len(receiver.calls)) == ("DEAD", ATTEMPTS)
        told = await webhooks.backlog(going.clock.now)
        assert (told.due, told.dead, told.disabled) == (0, 1, 0)
        assert [each.is_well for each in await checks.of_webhooks()] == [False, True]
        receiver.behaviour = lambda _: 204
        await webhooks.replay(row["endpoint_id"], row["id"], actor=CLERK, now=going.clock.now)
        await going.once()
        assert receiver.names == [receiver.calls[0].name]
    [row] = await DELIVERIES.rows()
    assert (row["state"], row["attempts"], row["fence"]) == ("DELIVERED", 1, ATTEMPTS + 1)


async def test_an_endpoint_that_fails_for_days_is_given_up_and_told_what_happens_once_it_is_enabled(
    going: Round,
) -> None:
    await programme()
    async with receiving(lambda _: 500) as receiver:
        added = await add(receiver, "MEMBER_ENROLLED")
        await member("Mei")
        await going.once()
        for days in range(1, FAILING_FOR.days):
            going.clock.now = NOON + days * DAY
            await going.once()
        going.clock.now = NOON + FAILING_FOR
        await member("Wang", at=going.clock.now)
        await going.once()
        row = await ENDPOINT.row(added.endpoint_id)
        assert row
        assert (row["state"], row["disabled_why"]) == ("DISABLED", DisabledWhy.FAILING)
        assert (await webhooks.backlog(going.clock.now)).disabled == 1
        await member("Li", at=going.clock.now)
        going.clock.now += DAY
        before = len(receiver.calls)
        assert await going.once() == 0
        receiver.behaviour = lambda _: 200
        await webhooks.change(added.endpoint_id, Change(enabled=True), actor=CLERK, now=going.clock.now)
        await member("Zhao", at=going.clock.now)
        await going.once()
        # what was on its way goes on; what happened meanwhile is left to a replay
        assert len(receiver.calls) - before == len(receiver.taken) == 3
    told = [row["action"] for row in await LINES.rows()]
    assert told == ["webhook.add", "webhook.disable", "webhook.change"]


async def test_one_failure_long_after_another_is_no_run_of_them(going: Round) -> None:
    await programme()
    async with receiving(lambda _: 500) as receiver:
        added = await add(receiver, "MEMBER_ENROLLED")
        await member("Mei")
        await going.until_done()
        assert (await ENDPOINT.row(added.endpoint_id) or {})["failing_since"] == NOON
        # nothing was told for a month, and nothing failed
        later = going.clock.now = NOON + 30 * DAY
        await member("Wang", at=later)
        await going.once()
        row = await ENDPOINT.row(added.endpoint_id)
        assert row
        assert (row["state"], row["failing_since"], row["last_failed_at"]) == ("ACTIVE", later, later)
        receiver.behaviour = lambda _: 200
        await going.until_done()
        row = await ENDPOINT.row(added.endpoint_id)
        assert row
        assert row["failing_since"] is None
        receiver.behaviour = lambda _: 500
        await member("Li", at=going.clock.now)
        await going.once()
        assert (await ENDPOINT.row(added.endpoint_id) or {})["failing_since"] == going.clock.now


@pytest.mark.corrupts
async def test_a_delivery_that_outlived_its_event_is_buried_with_one_word(
    going: Round, caplog: pytest.LogCaptureFixture
) -> None:
    await programme()
    async with receiving() as receiver:
        await add(receiver, "MEMBER_ENROLLED")
        await member("Mei")
        await webhooks.spread(NOON)
        await SWEPT.rows()
        await going.once()
        assert await going.once() == 0
        assert receiver.calls == []
    [row] = await DELIVERIES.rows()
    assert (row["state"], row["attempts"]) == ("DEAD", 1)
    [line] = caplog.records
    assert (line.levelname, line.message, line.exc_info) == ("WARNING", "a delivery outlived its event", None)


async def test_an_endpoint_that_says_it_is_gone_is_asked_no_more(going: Round) -> None:
    await programme()
    async with receiving(lambda _: 410) as receiver:
        added = await add(receiver, "MEMBER_ENROLLED")
        await member("Mei")
        await going.once()
        row = await ENDPOINT.row(added.endpoint_id)
    assert row
    assert (row["state"], row["disabled_why"]) == ("DISABLED", DisabledWhy.GONE)


async def test_a_rotated_secret_and_the_one_before_it_both_sign_until_the_overlap_ends(going: Round) -> None:
    await programme()
    async with receiving() as receiver:
        added = await add(receiver, "MEMBER_ENROLLED")
        fresh = await webhooks.rotate(added.endpoint_id, overlap=timedelta(hours=1), actor=CLERK, now=NOON)
        for at in (NOON, NOON + timedelta(hours=1)):
            going.clock.now = at
            await member(at=at)
            await going.once()
    both, alone = receiver.taken
    old = secret_of(added)
    assert (signatures(both, old), signatures(both, fresh.text)) == (True, True)
    assert (signatures(alone, old), signatures(alone, fresh.text)) == (False, True)
    row = await ENDPOINT.row(added.endpoint_id)
    assert old.removeprefix("whsec_") not in str(row)
    assert old not in repr(added)


async def test_an_endpoint_is_told_the_types_it_asked_for_and_nothing_of_before(going: Round) -> None:
    await programme()
    await trade()
    later = NOON + MINUTE
    async with receiving() as receiver:
        await add(receiver, "POINTS_MOVED", "TIER_CHANGED", at=later)
        mei = await member("Mei", at=later)
        await buy(mei, 50_00, now=later)
        going.clock.now = later
        await going.once()
        assert [json.loads(call.body)["type"] for call in receiver.taken] == ["TIER_CHANGED", "POINTS_MOVED"]


async def run_jobs(now: datetime) -> None:
    """Do the replays that are promised, page after page."""
    from api.worker import Worker

    while "webhooks.replay" in await due(now):
        await Worker(lambda: now).once()


async def replayed(
    going: Round, where: UUID, since: datetime, receiver: Receiver, *, undelivered: bool
) -> set[str]:
    """What an endpoint is sent by a replay."""
    receiver.taken.clear()
    await webhooks.replay_since(where, since, undelivered=undelivered, actor=CLERK, now=going.clock.now)
    await run_jobs(going.clock.now)
    await going.once()
    assert len(receiver.names) == len(set(receiver.names))
    return set(receiver.names)


async def test_a_replay_sends_what_happened_since_a_moment_again_and_only_that(
    going: Round, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks._replays, "PAGE", 3)
    await programme()
    async with receiving() as receiver:
        where = (await add(receiver)).endpoint_id
        await trade()
        going.clock.now = later = NOON + MINUTE
        await member("Wang", at=later)
        await going.once()
        first = await events()
        assert set(receiver.names) == first
        await webhooks.change(where, Change(enabled=False), actor=CLERK, now=later)
        await member("Li", at=later)
        going.clock.now += MINUTE
        await webhooks.change(where, Change(enabled=True), actor=CLERK, now=going.clock.now)
        assert await going.once() > 0  # looked at, and told to nobody
        missed = await events() - first
        assert await replayed(going, where, NOON, receiver, undelivered=True) == missed
        going.clock.now += MINUTE
        again = await replayed(going, where, later, receiver, undelivered=False)
        assert missed < again < await events()
    with pytest.raises(ReplayTooFar):
        await webhooks.replay_since(where, NOON - 31 * DAY, undelivered=True, actor=CLERK, now=NOON)


async def test_a_replay_that_is_done_twice_because_its_worker_died_sends_nothing_twice_more(going: Round) -> None:
    await programme()
    async with receiving() as receiver:
        where = (await add(receiver)).endpoint_id
        await trade()
        await going.once()
        going.clock.now += MINUTE
        now = going.clock.now
        await webhooks.replay_since(where, NOON, undelivered=False, actor=CLERK, now=now)
        lease = await jobs.claim("webhooks.replay", now=now)
        assert lease
        for _ in range(2):
            receiver.taken.clear()
            await TASKS["webhooks.replay"].work(lease.facts, now)
            going.clock.now += MINUTE
            await going.once()
        assert receiver.names == []


async def test_old_deliveries_are_swept_and_so_is_all_of_a_deleted_endpoint(going: Round) -> None:
    await programme()
    async with receiving() as receiver, receiving(lambda _: 500) as other:
        await add(receiver)
        gone = await add(other)
        await trade()
        await going.once()
        await webhooks.delete(gone.endpoint_id, actor=CLERK, now=NOON)
        await webhooks.sweep({}, NOON + DAY)
        assert {row["endpoint_id"] for row in await DELIVERIES.rows()} != {gone.endpoint_id}
        assert {row["state"] for row in await DELIVERIES.rows()} == {"DELIVERED"}
        await webhooks.sweep({}, NOON + 30 * DAY)
        assert await DELIVERIES.rows() == await TRIES.rows() == []


async def test_a_test_event_comes_whatever_the_types_and_says_what_it_is(going: Round) -> None:
    await programme()
    async with receiving() as receiver:
        added = await add(receiver, "TIER_CHANGED")
        await webhooks.send_test(added.endpoint_id, actor=SYSTEM, now=NOON)
        await going.once()
        [call] = receiver.taken
        assert json.loads(call.body) == {"type": "WEBHOOK_TEST", "timestamp": "2026-03-10T04:00:00Z", "data": {}}
