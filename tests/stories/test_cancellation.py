"""Cancellation: callers who leave, or are torn away, leave nothing behind and nothing undone by half."""

import asyncio
import gc
import random  # noqa: TID251  # the moment of a cancellation; seeded
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from models.invariants import violations
from models.sql import SQL
from rules import transactions
from rules.idempotency import Key
from tests.people import balance, buy, member, programme, redeem

CAUSES = SQL("SELECT cause FROM points_transaction WHERE member_id = $1 AND kind = 'REDEEM'")
TOUCH = SQL("UPDATE member SET event_seq = event_seq WHERE id = $1")
ROUNDS, AT_ONCE = 100, 20


async def leave_at_random(task: "asyncio.Task[object]", rng: random.Random) -> None:
    """Cancel a task at a random depth of its awaits, or after a random moment."""
    if rng.random() < 0.5:
        for _ in range(rng.randrange(12)):
            await asyncio.sleep(0)
    else:
        await asyncio.sleep(rng.random() / 300)
    task.cancel()


async def still_works(mei: UUID) -> None:
    """No lock is held, no connection lost: as many commands as there are connections, and more, go through."""
    await asyncio.wait_for(transactions.drain(), 20)
    assert not transactions._running
    await buy(mei, 24_00)
    await asyncio.wait_for(asyncio.gather(*(redeem(mei, 1) for _ in range(24))), 10)
    assert await violations() == []


async def test_2000_callers_who_leave_leak_nothing_and_their_retries_find_what_was_done() -> None:
    await programme()
    mei = await member("Mei")
    await buy(mei, 300_00)
    rng = random.Random(7)
    left = 0
    for number in range(ROUNDS):
        keys = [Key(f"key-of-round-{number}-{place}") for place in range(AT_ONCE)]
        tasks = [asyncio.create_task(redeem(mei, 1, key=key)) for key in keys]
        await asyncio.gather(*(leave_at_random(task, rng) for task in tasks))
        answers = await asyncio.gather(*tasks, return_exceptions=True)
        left += sum(isinstance(answer, asyncio.CancelledError) for answer in answers)
    assert left > ROUNDS, "hardly anybody left in time"
    await asyncio.wait_for(transactions.drain(), 20)
    # who leaves, leaves: the command they asked for ends as it would have, once
    assert (await balance(mei))["available"] == 0
    causes = [row["cause"] for row in await CAUSES.rows(mei)]
    assert len(causes) == len(set(causes)) == 300
    done = Key(causes[-1].rsplit(":", 1)[-1])
    assert (await redeem(mei, 1, key=done)).replayed
    await still_works(mei)


@contextmanager
def complaints() -> Iterator[list[str]]:
    """What the event loop is told of errors nobody waits for."""
    loop = asyncio.get_running_loop()
    before, said = loop.get_exception_handler(), list[str]()
    loop.set_exception_handler(lambda _, context: said.append(str(context.get("exception"))))
    try:
        yield said
    finally:
        loop.set_exception_handler(before)


async def test_transactions_torn_away_themselves_are_undone_whole() -> None:
    with complaints() as said:
        await tear_away()
        gc.collect()
    # asyncpg asks the server to cancel a statement on a connection of its own, and leaves that one's end unread
    assert set(said) <= {"unexpected connection_lost() call"}


async def tear_away() -> None:
    """Cancel transactions themselves, as the end of a process does: each was done whole or not at all."""
    await programme()
    mei = await member("Mei")
    await buy(mei, 400_00)
    rng = random.Random(11)
    for _ in range(40):
        callers = [asyncio.create_task(redeem(mei, 1)) for _ in range(10)]
        await asyncio.sleep(0)
        for task in tuple(transactions._running):
            await leave_at_random(task, rng)
        await asyncio.gather(*callers, return_exceptions=True)
    await asyncio.wait_for(transactions.drain(), 20)
    # what SQLite's writer had begun ends without its task: a write stands in line behind it, a reading does not
    await TOUCH.run(mei)
    spent = len(await CAUSES.rows(mei))
    assert 0 < spent < 400
    assert (await balance(mei))["available"] == 400 - spent
    await still_works(mei)
