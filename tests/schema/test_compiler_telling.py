"""The compiler: what is told of objects that never change is put together once, and of all others each time."""

from typing import Any

import pytest
import strawberry
from graphql import parse

from schema.compiler import Executor, _telling, unchanging
from schema.tiers import Tier


@strawberry.type
class Side:
    name: str


@unchanging
@strawberry.type
class Coin:
    name: str
    sides: list[Side]

    @strawberry.field
    async def shout(self) -> str:
        return self.name.upper()


@strawberry.type
class Worn(Coin):
    """As a coin, but not for ever."""


@strawberry.type
class Query:
    @strawberry.field
    async def coin(self, info: strawberry.Info) -> Coin:
        found: Coin = info.context[0]
        return found

    @strawberry.field
    async def coins(self, info: strawberry.Info) -> list[Coin | None]:
        found: list[Coin | None] = info.context
        return found


async def run(document: str, *contexts: Any) -> list[Any]:
    executor = Executor(strawberry.Schema(Query, types=[Worn]))
    plan = executor.plan(parse(document), None)
    return [await executor.execute(plan, context) for context in contexts]


def coin(name: str = "Kopek", kind: type[Coin] = Coin) -> Coin:
    return kind(name=name, sides=[Side(name="heads"), Side(name="tails")])


ONE, ALL = "{ coin { name sides { name } } }", "{ coins { __typename name sides { name } } }"


@pytest.mark.parametrize("document", [ONE, ALL])
async def test_what_never_changes_is_told_again(document: str) -> None:
    executor, it = Executor(strawberry.Schema(Query)), coin()
    plan = executor.plan(parse(document), None)
    first = await executor.execute(plan, [it])
    it.name = "Altyn"  # which nobody may do
    assert (await executor.execute(plan, [it])).data == first.data
    assert "Altyn" in str((await executor.execute(plan, [coin("Altyn")])).data)
    assert executor.counts == {"compiled": 3}


@pytest.mark.parametrize(
    ("document", "kind"),
    [(ONE, Worn), (ALL, Worn), ("{ coin { name shout } }", Coin), ("{ coins { shout } }", Coin)],
)
async def test_all_else_is_told_as_it_is_now(document: str, kind: type[Coin]) -> None:
    executor, it = Executor(strawberry.Schema(Query, types=[Worn])), coin(kind=kind)
    plan = executor.plan(parse(document), None)
    await executor.execute(plan, [it])
    it.name = "Altyn"
    assert "ALTYN" in str((await executor.execute(plan, [it])).data).upper()


async def test_a_list_of_them_has_each_in_its_place_and_the_nulls_between() -> None:
    them = [coin("Kopek"), None, coin("Altyn"), None]
    for found in await run("{ coins { name } }", [*them, them[0]], [them[2], *them]):
        assert not found.errors
    again = await run("{ coins { name } }", [*them, them[0]])
    assert again[0].data == {
        "coins": [{"name": "Kopek"}, None, {"name": "Altyn"}, None, {"name": "Kopek"}],
    }


async def test_no_more_are_kept_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_telling, "KEPT", 3)
    told = _telling.Told("made")
    told.made({"made": lambda it, _: {"name": it.name}})
    for number in range(10):
        assert told.one(coin(str(number)), None) == {"name": str(number)}
        assert len(told.known) <= 3


async def test_what_breaks_its_promise_to_be_there_is_told_as_graphql_core_has_it() -> None:
    broken: Any = coin()
    broken.name = None
    for found in await run(ONE, [broken], [broken]):
        assert found.data is None
        assert [error.path for error in found.errors or ()] == [["coin", "name"]]


def test_tiers_never_change() -> None:
    """They are made anew when the programme's terms are."""
    assert _telling.is_unchanging(Tier)
