"""Faults: what breaks on our side is masked for the client, and logged with its request and without people."""

import json
import logging
from typing import Any

import pytest
from graphql import GraphQLSchema

from models.invariants import violations
from rules import audit
from rules import programme as programmes
from schema import examining, executing
from tests.people import adjust, balance, member, programme
from tests.schema.asking import CLERK, REQUEST, SERVICE, act, as_member, ask, forget_documents, member_id

PHONE = "+8613800001234"


class BrokenError(Exception):
    """A fault of ours."""


@pytest.fixture
def broken_terms(monkeypatch: pytest.MonkeyPatch) -> None:
    """The programme cannot be read."""

    async def terms() -> None:
        raise BrokenError("the wire to the database is cut")

    monkeypatch.setattr(programmes, "terms", terms)


def told(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.name == "loyalty.faults"]


@pytest.mark.usefixtures("broken_terms")
async def test_a_fault_is_masked_and_carries_the_request_it_happened_in(caplog: pytest.LogCaptureFixture) -> None:
    answer = await ask("query Ladder { programme { name } }")
    assert answer.data == {"programme": None}
    assert answer.errors == [
        {
            "message": "Something broke on our side.",
            "locations": [{"line": 1, "column": 16}],
            "path": ["programme"],
            "extensions": {"code": "INTERNAL_SERVER_ERROR", "requestId": REQUEST},
        }
    ]
    [record] = told(caplog)
    assert record.getMessage() == "fault in Ladder"
    assert record.request_id == REQUEST  # type: ignore[attr-defined]
    assert record.exc_info
    assert record.exc_info[0] is BrokenError


async def test_the_rest_of_an_operation_is_answered(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    await programme()
    mei = await member("Mei")
    broken_relation(monkeypatch)
    answer = await ask(
        f"{{ me {{ state }} nodes(ids: []) {{ id }} broken: me {{ {BROKEN} }} }}", who=as_member(mei)
    )
    assert answer.codes == ["INTERNAL_SERVER_ERROR"]
    assert answer.data == {"me": {"state": "ACTIVE"}, "nodes": [], "broken": None}
    assert len(told(caplog)) == 1


BROKEN = "points { entries { nodes { points } } }"


def broken_relation(monkeypatch: pytest.MonkeyPatch) -> None:
    from schema.points import _ledger

    async def pages(*_: object, **__: object) -> None:
        raise BrokenError

    monkeypatch.setattr(_ledger.ENTRIES, "pages", pages)


async def test_what_was_under_way_beside_a_fault_leaves_the_database_fit_for_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await programme()
    mei = await member("Mei")
    broken_relation(monkeypatch)
    for _ in range(5):
        answer = await ask(f"{{ me {{ profile {{ displayName }} {BROKEN} }} }}", who=as_member(mei))
        assert answer.codes == ["INTERNAL_SERVER_ERROR"]
        assert await violations() == []


async def test_no_log_line_holds_the_document_or_what_was_sent_with_it(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    await programme()
    await member("Mei", PHONE)
    caplog.set_level(logging.DEBUG)
    broken_relation(monkeypatch)
    asked = f"secretAlias: profile {{ displayName }} {BROKEN}"
    document = f"query($by: MemberBy!) {{ member(by: $by) {{ {asked} }} }}"
    answer = await ask(document, {"by": {"identity": {"kind": "PHONE", "value": PHONE}}}, who=SERVICE)
    assert answer.codes == ["INTERNAL_SERVER_ERROR"]
    lines = [logging.Formatter().format(record) for record in caplog.records]
    assert told(caplog)
    for secret in (PHONE, PHONE[3:], "secretAlias", "Mei"):
        assert not [line for line in lines if secret in line], secret


async def test_a_mistake_of_the_client_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    await programme()
    mei = await member("Mei")
    caplog.set_level(logging.DEBUG)
    caplog.clear()
    for document in (
        "{",
        "{ nothing }",
        "{ me { id } }",
        "query($n: Int!) { tiers { code } members(first: $n) { nodes { id } } }",
    ):
        assert (await ask(document)).errors
    refused = await act("pointsRedeem", "", {"points": 1, "idempotencyKey": "mistake-1"}, who=as_member(mei))
    assert refused["userErrors"]
    assert [record for record in caplog.records if record.levelno > logging.DEBUG] == []


async def test_a_fault_in_the_middle_of_a_command_undoes_all_of_it_and_leaves_its_key_free(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await programme()
    mei = await member("Mei")
    await adjust(mei, 100)
    given = {"memberId": member_id(mei), "points": 40, "idempotencyKey": "fault-in-the-middle"}
    document = "mutation($i: PointsRedeemInput!) { pointsRedeem(input: $i) { account { available } } }"
    with monkeypatch.context() as patch:

        async def cut(*_: object, **__: object) -> None:
            raise BrokenError

        patch.setattr(audit, "note", cut)
        answer = await ask(document, {"i": given}, who=CLERK)
    assert answer.codes == ["INTERNAL_SERVER_ERROR"]
    assert answer.data == {"pointsRedeem": None}
    assert (await balance(mei))["available"] == 100
    again = await ask(document, {"i": given}, who=CLERK)
    assert again["pointsRedeem"] == {"account": {"available": 60}}


@pytest.mark.parametrize(
    ("document", "variables", "code"),
    [
        ("{", {}, "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", {}, "GRAPHQL_VALIDATION_FAILED"),
        ("{ members(first: true) { nodes { id } } }", {}, "GRAPHQL_VALIDATION_FAILED"),
        ("query($n: Int) { members(first: $n) { nodes { id } } }", {"n": "ten"}, "BAD_USER_INPUT"),
        ("query($n: Int!) { members(first: $n) { nodes { id } } }", {}, "BAD_USER_INPUT"),
        ("query($b: MemberBy!) { member(by: $b) { id } }", {"b": {"name": "Mei"}}, "BAD_USER_INPUT"),
        ("{ members(first: 101) { nodes { id } } }", {}, "BAD_USER_INPUT"),
        ('{ members(after: "x") { nodes { id } } }', {}, "BAD_USER_INPUT"),
        ("query A { tiers { code } } query B { tiers { code } }", {}, "BAD_REQUEST"),
        ("subscription { me }", {}, "GRAPHQL_VALIDATION_FAILED"),
    ],
)
async def test_every_mistake_has_its_code(document: str, variables: dict[str, Any], code: str) -> None:
    await programme()
    answer = await ask(document, variables, who=CLERK)
    assert set(answer.codes) == {code}, json.dumps(answer.errors)


async def test_a_valid_document_is_examined_once_and_an_invalid_one_is_not_remembered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await programme()
    forget_documents()
    seen: list[str] = []

    def counted(served: GraphQLSchema, source: str) -> examining.Examined:
        seen.append(source)
        return examine(served, source)

    examine = examining._examine
    monkeypatch.setattr(examining, "_examine", counted)
    for document in ("{ tiers { code } }", "{ tiers { nothing } }"):
        for _ in range(3):
            await ask(document)
    assert seen == ["{ tiers { code } }", *["{ tiers { nothing } }"] * 3]


async def test_documents_are_remembered_up_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_documents()
    monkeypatch.setattr(examining, "CHARACTERS", 200)
    documents = [f"query Q{number} {{ __typename }}" for number in range(20)]
    for document in documents:
        await ask(document)
        await ask(documents[0])
    memory = examining.remembered(executing.GRAPH)
    # what is compiled of a document weighs something, too
    assert sum(len(text) for text in memory.known) <= memory.characters == sum(memory.weights.values()) <= 200
    assert memory.weights.keys() == memory.known.keys()
    assert {documents[0], documents[-1]} <= memory.known.keys()
    assert documents[1] not in memory.known
