"""Executing: what is known of a document once spares the next operation what it cost to find out."""

from typing import Any

import pytest

from models.staff import StaffRole
from schema import examining, executing, permissions
from schema.context import Context
from schema.executing import EXECUTOR, GRAPH
from tests.people import NOON, programme
from tests.schema.asking import ANALYST, CLERK, OWNER, REQUEST, as_staff, ask, forget_documents

pytestmark = pytest.mark.once
TIERS = "query Tiers { tiers { code } }"


async def ways(document: str, times: int = 1, **more: Any) -> list[str]:
    """Which ways a document was run, one after the other."""
    found: list[str] = []
    for _ in range(times):
        before = EXECUTOR.counts.copy()
        assert (await ask(document, **more)).errors == []
        found += (EXECUTOR.counts - before).elements()
    return found


async def test_an_open_document_is_compiled_when_it_comes_again() -> None:
    await programme()
    forget_documents()
    assert await ways(TIERS, 3) == ["generic", "compiled", "compiled"]


async def test_a_trusted_document_is_compiled_before_it_comes_for_the_first_time() -> None:
    await programme()
    forget_documents()
    executing.trust(TIERS)
    plan = examining.examined(GRAPH, TIERS).named["Tiers"].plan
    assert plan is not None
    assert "def " in plan.source()
    assert await ways(TIERS, 2) == ["compiled"] * 2
    executing.distrust(TIERS)
    assert await ways(TIERS, 2) == ["generic", "compiled"]


async def test_what_is_no_graphql_and_what_is_not_valid_is_trusted_without_harm() -> None:
    forget_documents()
    for document in ("no GraphQL {", "{ nothing }"):
        executing.trust(document)
        assert (await ask(document)).errors


async def test_each_operation_of_a_document_is_known_by_itself() -> None:
    await programme()
    forget_documents()
    two = "query A { tiers { code } } query B { programme { name } }"
    assert await ways(two, 2, operation="A") == ["generic", "compiled"]
    assert await ways(two, 2, operation="B") == ["generic", "compiled"]
    answer = await ask(two, operation="B")
    assert list(answer.data) == ["programme"]


STAFF = "query Staff { staff { nodes { username } } }"


async def test_to_whom_a_document_is_open_is_found_out_once_for_each_sort_of_caller(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await programme()
    forget_documents()
    looked: list[Any] = []
    refused = permissions.refused

    def counted(wanted: Any, principal: Any) -> Any:
        looked.append(principal)
        return refused(wanted, principal)

    monkeypatch.setattr(permissions, "refused", counted)
    other = as_staff(StaffRole.OWNER, proven_until=NOON)
    for who in (OWNER, other, OWNER):
        assert (await ask(STAFF, who=who)).errors == []
    assert looked == [OWNER]
    for _ in range(2):
        assert set((await ask(STAFF, who=CLERK)).codes) == {"FORBIDDEN"}
    assert looked == [OWNER, CLERK, CLERK], "a denial is decided, and written down, each time"
    assert set((await ask(STAFF, who=ANALYST)).codes) == {"FORBIDDEN"}


def test_the_sorts_of_callers_a_document_is_open_to_are_bounded() -> None:
    known = examining.examined(GRAPH, TIERS)
    for number in range(2 * examining.CALLERS):
        kind = OWNER.kind
        known.open_up((kind, None, frozenset({f"scope.{number}"})))
    assert len(known.open_to) == examining.CALLERS


async def test_a_fault_of_whatever_runs_operations_is_masked_like_any_other(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: object) -> None:
        raise ZeroDivisionError("the number 13800001234 is in here")

    monkeypatch.setattr(EXECUTOR, "execute", broken)
    monkeypatch.setattr(EXECUTOR, "interpret", broken)
    context = Context(now=NOON, request_id=REQUEST)
    done = await executing.run(TIERS, None, context)
    assert done.errors is not None
    [error] = done.errors
    assert error.extensions == {"code": "INTERNAL_SERVER_ERROR", "requestId": REQUEST}
    assert "13800001234" not in error.message
    assert "fault in Tiers" in caplog.text


async def test_there_is_nothing_to_run_without_a_document_or_by_a_name_nobody_gave() -> None:
    context = Context(now=NOON)
    for document, name in (
        ("", None),
        (None, None),
        (TIERS, "Other"),
        ("fragment F on Query { tiers { code } }", None),
    ):
        with pytest.raises(executing.NoOperation):
            await executing.run(document, None, context, name=name)
    with pytest.raises(executing.WritesNothing):
        await executing.run(
            'mutation { tokenRevoke(input: {token: "x"}) { revoked } }', None, context, may_write=False
        )


async def test_what_was_written_for_a_document_counts_as_long_as_it_is_remembered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await programme()
    forget_documents()
    memory = examining.remembered(GRAPH)
    await ways(TIERS)
    assert memory.characters == len(TIERS)
    await ways(TIERS, 2)
    plan = memory.known[TIERS].named["Tiers"].plan
    assert plan is not None
    assert memory.characters == len(TIERS) + len(plan.source()) // examining.WRITTEN_A_CHARACTER > len(TIERS)
    monkeypatch.setattr(examining, "CHARACTERS", memory.characters)
    await ways("{ programme { name } }")
    assert TIERS not in memory.known
    assert memory.characters == sum(memory.weights.values()) == len("{ programme { name } }")
