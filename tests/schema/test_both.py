"""Both executors: the suite runs every operation by both, and notices what differs."""

from typing import Any

import pytest
from graphql import ExecutionResult

from models.sql import SQL
from schema import executing
from schema.executing import EXECUTOR
from tests import both
from tests.people import NOON, adjust, balance, member, programme
from tests.schema.asking import CLERK, as_member, ask, member_id

pytestmark = pytest.mark.twice
LADDER = "{ programme { name } tiers { code name } }"


async def test_every_operation_is_run_compiled_and_by_graphql_core() -> None:
    await programme()
    before = EXECUTOR.counts["compiled"]
    assert (await ask(LADDER))["programme"] == {"name": "Tea House"}
    assert EXECUTOR.counts["compiled"] == before + 1
    assert executing._executed is both._both


@pytest.mark.either
@pytest.mark.once
async def test_a_test_may_have_its_operations_run_once() -> None:
    await programme()
    await ask(LADDER)
    assert executing._executed is not both._both


async def test_an_answer_that_differs_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    await programme()

    async def other(*_: object) -> ExecutionResult:
        return ExecutionResult({"programme": {"name": "Tea House"}, "tiers": []})

    monkeypatch.setattr(both, "_completed", other)
    with pytest.raises(pytest.fail.Exception, match="Compiled it is"):
        await ask(LADDER)


async def test_a_statement_more_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    await programme()
    complete = both._completed

    async def more(*given: Any) -> ExecutionResult:
        await SQL("SELECT count(*) FROM programme").value()
        return await complete(*given)

    monkeypatch.setattr(both, "_completed", more)
    with pytest.raises(pytest.fail.Exception, match="Compiled it sends"):
        await ask(LADDER)


async def test_a_mutation_is_completed_twice_and_done_once() -> None:
    await programme()
    mei = await member("Mei")
    await adjust(mei, 100)
    given = {"memberId": member_id(mei), "points": 40, "idempotencyKey": "done-once"}
    document = """mutation($i: PointsRedeemInput!) {
      pointsRedeem(input: $i) { account { available } entry { points recordedAt } userErrors { code } } }"""
    before = EXECUTOR.counts["compiled"]
    assert (await ask(document, {"i": given}, who=CLERK, at=NOON))["pointsRedeem"]["account"] == {"available": 60}
    assert EXECUTOR.counts["compiled"] == before + 1
    assert (await balance(mei))["available"] == 60
    assert (await ask("{ me { points { available } } }", who=as_member(mei)))["me"] == {"points": {"available": 60}}
