"""Faults: whatever statement of a command fails, nothing of the command remains, and its retry is done once."""

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any

import pytest
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.exceptions import OperationalError

from models import engine
from models.invariants import violations
from models.members import IdentityKind
from models.purchases import PurchaseEventKind as Event
from rules import lifecycle, members, transactions
from rules.idempotency import Key
from tests import guard
from tests.conftest import tables_children_first
from tests.emptying import sweeper
from tests.people import (
    NOON,
    SHOP,
    adjust,
    balance,
    buy,
    freeze,
    give_back,
    happens,
    member,
    merge,
    movements,
    programme,
    redeem,
    refund,
    unfreeze,
)

KEY = Key("the-key-of-the-retry")
Command = Callable[[], Awaitable[Any]]


class BrokenError(Exception):
    """A statement that failed for a reason nobody foresaw."""


class DeadlockError(Exception):
    """A statement that failed for a reason that passes."""

    sqlstate = "40P01"


class Saboteur:
    """Lets so many statements pass, and fails each of the next ones as often as it is told."""

    def __init__(self, passes: int, error: Exception, times: int) -> None:
        self.passes, self.error, self.times = passes, error, times
        self.failed = 0

    def __call__(self, text: str) -> None:
        guard.recorder(text)
        if self.passes:
            self.passes -= 1
        elif self.failed < self.times:
            self.failed += 1
            raise self.error


@contextmanager
def sabotage(passes: int, error: Exception, times: int = 1) -> Iterator[Saboteur]:
    """Fail the statement after so many."""
    before, saboteur = engine.observer, Saboteur(passes, error, times)
    engine.observer = saboteur
    try:
        yield saboteur
    finally:
        engine.observer = before


async def everything() -> dict[str, str]:
    """What each table holds."""
    with guard.recorder.paused():
        return await sweeper().contents()


async def counted(database: BaseDBAsyncClient) -> dict[str, int]:
    """How many rows each table has."""
    with guard.recorder.paused():
        counts = [
            f"SELECT '{table}' AS name, count(*) AS rows FROM \"{table}\"" for table in tables_children_first()
        ]
        rows = await database.execute_query_dict(" UNION ALL ".join(counts))
    return {row["name"]: row["rows"] for row in rows}


async def failing(command: Command) -> AsyncIterator[int]:
    """Run a command with a fault at its first statement, its second, and so on, until it goes through."""
    for passes in range(100):
        with sabotage(passes, BrokenError()) as saboteur, suppress(BrokenError):
            await command()
        if not saboteur.failed:
            return
        yield passes


async def a_redemption() -> Command:
    mei = await member("Mei")
    await buy(mei, 50_00, at=NOON - timedelta(days=40))
    await buy(mei, 100_00)
    return lambda: redeem(mei, 30, note="for Auntie", key=KEY)


async def an_adjustment() -> Command:
    mei = await member("Mei")
    return lambda: adjust(mei, 30, key=KEY)


async def a_return() -> Command:
    mei = await member("Mei")
    await buy(mei, 50_00)
    spent = await redeem(mei, 30)
    return lambda: give_back(mei, spent.transaction_id, 10, key=KEY)


async def a_paid_order() -> Command:
    mei = await member("Mei")
    await buy(mei, 995_00)
    return lambda: buy(mei, 53_91, 36_14, ref="tea", key=KEY)


async def a_payment_with_a_refund_that_waits() -> Command:
    mei = await member("Mei")
    await buy(mei, 53_91, 36_14, ref="tea", paid=False)
    await refund("tea", {"B": 36_14})
    return lambda: happens(Event.PAID, "tea", event_ref="paid", key=KEY)


async def a_refund() -> Command:
    mei = await member("Mei")
    await buy(mei, 2_000_00, ref="sofa")
    bought = await buy(mei, 53_91, 36_14, ref="tea")
    await redeem(mei, 20, purchase_id=bought.purchase_id)
    await redeem(mei, 2_000)
    return lambda: refund("tea", {"A": 53_91, "B": 36_14}, "r-1", key=KEY)


async def a_thaw() -> Command:
    mei = await member("Mei")
    await freeze(mei)
    await buy(mei, 20_00)
    return lambda: unfreeze(mei)


async def a_new_member() -> Command:
    who = [members.identity(IdentityKind.EXTERNAL, "till", "17"), members.identity(IdentityKind.CARD, "", "c-1")]
    return lambda: lifecycle.identify(who, allow_create=True, actor=SHOP, now=NOON)


async def a_merge() -> Command:
    mei, twin = await member("Mei"), await member("Mei, too")
    await buy(mei, 500_00)
    await buy(twin, 600_00)
    return lambda: merge(twin, mei, key=KEY)


async def a_refund_of_a_merged_member() -> Command:
    mei, twin = await member("Mei"), await member("Mei, too")
    await buy(mei, 500_00)
    bought = await buy(twin, 53_91, 36_14, ref="tea")
    await redeem(twin, 20, purchase_id=bought.purchase_id)
    await merge(twin, mei)
    return lambda: refund("tea", {"B": 36_14}, "r-1", key=KEY)


COMMANDS = [
    a_redemption,
    an_adjustment,
    a_return,
    a_paid_order,
    a_payment_with_a_refund_that_waits,
    a_refund,
    a_thaw,
    a_new_member,
    a_merge,
    a_refund_of_a_merged_member,
]


@pytest.mark.parametrize("prepare", COMMANDS)
async def test_a_fault_at_any_statement_leaves_everything_as_it_was(
    prepare: Callable[[], Awaitable[Command]],
) -> None:
    await programme(expire_months=1)
    command = await prepare()
    before = await everything()
    passes = 0
    async for passes in failing(command):
        assert await everything() == before, f"statement {passes + 1} left something behind"
    assert passes >= 1, "a command reads before it writes"
    done = await everything()
    assert done != before
    assert await violations() == []
    await command()
    assert await everything() == done, "a second retry changed something"


@pytest.mark.parametrize("prepare", [a_redemption, a_paid_order, a_refund, a_new_member, a_merge])
async def test_a_deadlock_at_any_statement_is_tried_again_and_has_one_effect(
    database: BaseDBAsyncClient, prepare: Callable[[], Awaitable[Command]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secrets, "randbelow", lambda _: 0)
    await programme()
    command = await prepare()
    before = await counted(database)
    grown = set[tuple[tuple[str, int], ...]]()
    passes = 0
    while True:
        with sabotage(passes, DeadlockError()) as saboteur:
            await command()
        if not saboteur.failed:
            break
        after = await counted(database)
        grown.add(tuple((table, count - before[table]) for table, count in after.items()))
        with guard.recorder.paused():
            await sweeper().sweep()
        await programme()
        command = await prepare()
        passes += 1
    assert passes >= 2
    assert len(grown) == 1, "the effect depended on where the deadlock was"


async def test_a_database_that_stays_busy_is_given_up_after_five_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "randbelow", lambda _: 0)
    await programme()
    mei = await member("Mei")
    await buy(mei, 50_00)
    for error in (DeadlockError(), OperationalError("database is locked")):
        with sabotage(1, error, times=99) as saboteur, pytest.raises(type(error)):
            await redeem(mei, 10, key=KEY)
        # what is read passes in the first try only
        assert saboteur.failed == transactions.TRIES == 5
    assert await movements(mei) == [("EARN", 50)]
    with sabotage(1, DeadlockError(), times=4):
        assert not (await redeem(mei, 10, key=KEY)).replayed
    assert (await balance(mei))["available"] == 40


async def test_a_fault_that_is_no_deadlock_is_not_tried_again() -> None:
    await programme()
    mei = await member("Mei")
    await buy(mei, 50_00)
    for error in (BrokenError(), OperationalError("no such table")):
        with sabotage(1, error, times=99) as saboteur, pytest.raises(type(error)):
            await redeem(mei, 10)
        assert saboteur.failed == 1


async def test_a_command_calls_no_other_command() -> None:
    await programme()
    mei = await member("Mei")

    @transactions.transaction
    async def nested() -> None:
        await redeem(mei, 1)

    with pytest.raises(RuntimeError, match="inside another command"):
        await nested()
    assert not transactions.inside()
