"""At once: a command that reads once and writes once, and what keeps it safe with no transaction around the two."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from contextvars import Context
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from tortoise.backends.base.client import BaseDBAsyncClient

from models import turns
from models.invariants import violations
from models.units import ReasonCode
from rules import lifecycle, points, purchases
from rules.idempotency import Key
from rules.points import InsufficientPoints
from rules.refusals import MemberNotActive
from tests.people import CLERK as BOSS
from tests.people import NOON, adjust, balance, buy, freeze, member, movements, programme, proven, redeem
from tests.referring import campaign, code, friend
from tests.schema.asking import CLERK, ask, member_id
from tests.stories.test_faults import COMMANDS, Command, counted, everything

Interlude = Callable[[], Awaitable[Any]]

REDEEM = {"sqlite": 10, "postgres": 2}
RECORD = {"sqlite": 16, "postgres": 2}
RECORD_OF_REFEREE = {"sqlite": 19, "postgres": 5}
"""How many statements a redemption and a paid order take, also of somebody who was brought: there the first of them
is read in vain, and the referral beside. Whoever makes it fewer may write the lesser number."""


class Unseen(dict[Any, Any]):
    """No command knows of another, as if each ran in a process of its own."""

    def get(self, *_: object) -> None:
        """Nobody."""


@pytest.fixture
def strangers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command reads ahead at once, however many are at work on the same member."""
    monkeypatch.setattr(turns, "_turns", Unseen())


def meanwhile(
    monkeypatch: pytest.MonkeyPatch, interlude: Interlude, room: Any = points, name: str = "conclude"
) -> None:
    """Let something happen once between what the next redemption reads and what it writes."""
    conclude, told = getattr(room, name), [interlude]

    async def later(*args: Any, **more: Any) -> Any:
        if told:
            await asyncio.create_task(_run(told.pop()), context=Context())
        return await conclude(*args, **more)

    monkeypatch.setattr(room, name, later)


async def _run(interlude: Interlude) -> None:
    await interlude()


async def test_a_redemption_takes_so_many_statements(database: BaseDBAsyncClient, statements: list[str]) -> None:
    await programme()
    mei = await member("Mei")
    await buy(mei, 50_00)
    statements.clear()
    await redeem(mei, 10)
    assert len(statements) == REDEEM[database.capabilities.dialect]


@pytest.mark.parametrize("lines", [1, 3, 9])
async def test_a_paid_order_takes_so_many_statements_however_many_its_lines(
    database: BaseDBAsyncClient, statements: list[str], lines: int
) -> None:
    await programme()
    mei = await member("Mei")
    statements.clear()
    await buy(mei, *[10_00] * lines)
    assert len(statements) == RECORD[database.capabilities.dialect]


async def test_the_next_order_of_somebody_who_was_brought_takes_so_many_statements(
    database: BaseDBAsyncClient, statements: list[str]
) -> None:
    await programme()
    await campaign()
    lan = await friend(await code(await member("Mei")))
    await buy(lan, 50_00)
    statements.clear()
    await buy(lan, 50_00)
    assert len(statements) == RECORD_OF_REFEREE[database.capabilities.dialect]


async def test_what_was_redeemed_is_shown_without_reading_it_again(statements: list[str]) -> None:
    await programme(expire_months=1)
    mei = await member("Mei")
    await buy(mei, 50_00, at=NOON - timedelta(days=80))
    await buy(mei, 70_00)
    document = """mutation($input: PointsRedeemInput!) { pointsRedeem(input: $input) { replayed
      entry { id kind bucket points balanceAfter reason occurredAt recordedAt purchaseId }
      account { available pending held debt lifetimeEarned lifetimeSpent lifetimeExpired } } }"""
    wanted = {"input": {"memberId": member_id(mei), "points": 10, "idempotencyKey": "once-and-again"}}
    statements.clear()
    first = (await ask(document, wanted, who=CLERK))["pointsRedeem"]
    assert sum(each.startswith("SELECT") for each in statements) == 1
    again = (await ask(document, wanted, who=CLERK))["pointsRedeem"]
    assert (first.pop("replayed"), again.pop("replayed")) == (False, True)
    assert first == again, "what was kept in mind is not what was written"
    assert first["account"]["lifetimeExpired"] == 50


PURSE = ("points_account", "points_lot", "growth_account")


@pytest.mark.parametrize("prepare", COMMANDS)
async def test_whoever_changes_what_a_purse_holds_leaves_an_event(
    database: BaseDBAsyncClient, prepare: Callable[[], Awaitable[Command]]
) -> None:
    await programme(expire_months=1)
    command = await prepare()
    before, told = await everything(), (await counted(database))["outbox_event"]
    await command()
    after = await everything()
    moved = any(before.get(table) != after.get(table) for table in PURSE)
    assert not moved or (await counted(database))["outbox_event"] > told


@pytest.mark.usefixtures("strangers")
async def test_those_who_do_not_see_each_other_take_no_point_twice() -> None:
    await programme()
    mei = await member("Mei")
    await buy(mei, 40_00)
    answers = await asyncio.gather(*(redeem(mei, 1) for _ in range(64)), return_exceptions=True)
    refused = [answer for answer in answers if isinstance(answer, InsufficientPoints)]
    assert (len(refused), (await balance(mei))["available"]) == (24, 0)
    assert await violations() == []


@pytest.mark.usefixtures("strangers")
async def test_those_who_do_not_see_each_other_do_the_same_request_once() -> None:
    await programme()
    mei = await member("Mei")
    await buy(mei, 40_00)
    answers = await asyncio.gather(*(redeem(mei, 1, key=Key("the-very-same")) for _ in range(32)))
    assert Counter(answer.replayed for answer in answers) == {True: 31, False: 1}
    assert len({answer.transaction_id for answer in answers}) == 1


@pytest.mark.usefixtures("strangers")
async def test_points_that_went_meanwhile_are_not_spent(
    database: BaseDBAsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    if database.capabilities.dialect == "sqlite":
        pytest.skip("on SQLite one command waits for another from its beginning")
    await programme()
    mei = await member("Mei")
    await buy(mei, 40_00)
    meanwhile(monkeypatch, lambda: adjust(mei, -35))
    with pytest.raises(InsufficientPoints) as refused:
        await redeem(mei, 10)
    assert refused.value.available == 5
    assert await movements(mei) == [("EARN", 40), ("ADJUST_OUT", -35)]


@pytest.mark.usefixtures("strangers")
@pytest.mark.parametrize("what", ["frozen", "bought", "redeemed"])
async def test_a_redemption_that_was_overtaken_sees_what_happened(
    database: BaseDBAsyncClient, monkeypatch: pytest.MonkeyPatch, statements: list[str], what: str
) -> None:
    if database.capabilities.dialect == "sqlite":
        pytest.skip("on SQLite one command waits for another from its beginning")
    await programme()
    mei = await member("Mei")
    await buy(mei, 40_00)
    happenings: dict[str, Interlude] = {
        "frozen": lambda: freeze(mei),
        "bought": lambda: buy(mei, 5_00),
        "redeemed": lambda: redeem(mei, 5, key=Key("the-same-key")),
    }
    meanwhile(monkeypatch, happenings[what])
    statements.clear()
    done = await asyncio.gather(redeem(mei, 5, key=Key("the-same-key")), return_exceptions=True)
    told = {"frozen": "MemberFrozen", "bought": "Posted", "redeemed": "Posted"}
    assert [type(each).__name__ for each in done] == [told[what]]
    spent = {"frozen": 40, "bought": 40, "redeemed": 35}
    assert (await balance(mei))["available"] == spent[what]
    assert any("FOR NO KEY UPDATE" in each and each.startswith("SELECT id") for each in statements)


async def test_those_of_one_process_take_turns_and_nobody_reads_in_vain(
    database: BaseDBAsyncClient, statements: list[str]
) -> None:
    await programme()
    mei = await member("Mei")
    await buy(mei, 40_00)
    statements.clear()
    answers = await asyncio.gather(*(redeem(mei, 1) for _ in range(44)), return_exceptions=True)
    refused = [answer for answer in answers if isinstance(answer, InsufficientPoints)]
    assert (len(refused), (await balance(mei))["available"]) == (4, 0)
    if database.capabilities.dialect == "postgres":
        held = [each for each in statements if "FOR NO KEY UPDATE" in each and each.startswith("SELECT id")]
        assert held == []
    assert turns._turns == {}


async def test_who_leaves_the_line_lets_the_next_one_through() -> None:
    done = []

    async def stand(name: str) -> None:
        await turns.take_turn("mei")
        await asyncio.sleep(0)
        done.append(name)
        turns.give_turn("mei")

    tasks = [asyncio.create_task(stand(name)) for name in "abcdef"]
    await asyncio.sleep(0)
    tasks[1].cancel()
    await asyncio.sleep(0)
    # its turn has come by now, but it has not noticed
    tasks[2].cancel()
    await asyncio.wait(tasks)
    assert done == ["a", "d", "e", "f"]
    assert turns._turns == {}


async def test_an_order_of_somebody_who_was_erased_meanwhile_is_not_recorded(
    database: BaseDBAsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It tells no event, so nothing but the state of the member stands against it."""
    if database.capabilities.dialect == "sqlite":
        pytest.skip("on SQLite one command waits for another from its beginning")
    await programme()
    mei = await member("Mei")
    gone = partial(lifecycle.erase, mei, reason=ReasonCode("ASKED"), actor=proven(BOSS), now=NOON)
    meanwhile(monkeypatch, gone, purchases, "_conclude")
    with pytest.raises(MemberNotActive):
        await buy(mei, 5_00, paid=False)
