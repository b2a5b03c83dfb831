"""Away: while the database cannot be reached, requests are answered at once, truly, and with when to come back."""

import asyncio
from typing import Any
from weakref import WeakKeyDictionary

import pytest
from asyncpg.exceptions import (
    AdminShutdownError,
    CannotConnectNowError,
    ConnectionDoesNotExistError,
    InterfaceError,
    InternalClientError,
    UniqueViolationError,
)
from starlette.applications import Starlette
from tortoise.exceptions import DBConnectionError, IntegrityError, OperationalError

from models.credentials import PrincipalKind
from models.database import is_away
from rules import credentials, keyring, vault
from rules import programme as programmes
from rules.actors import SYSTEM
from tests.api.house import GRAPHQL, JSON, Caller
from tests.people import NOON, member, programme


def wrapped(cause: Exception) -> OperationalError:
    """An error as the database layer hands it on."""
    error = OperationalError(cause)
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "away"),
    [
        (ConnectionRefusedError(), True),
        (ConnectionResetError(), True),
        (DBConnectionError("gone"), True),
        (wrapped(AdminShutdownError("shutting down")), True),
        (wrapped(CannotConnectNowError("starting")), True),
        (wrapped(ConnectionDoesNotExistError("lost")), True),
        (wrapped(InterfaceError("connection is closed")), True),
        (InternalClientError("cannot switch to state 11; another operation (2) is in progress"), True),
        (InternalClientError("unhandled standard data type"), False),
        (wrapped(UniqueViolationError("twice")), False),
        (IntegrityError("UNIQUE constraint failed"), False),
        (OperationalError("no such table"), False),
        (ZeroDivisionError(), False),
    ],
)
def test_a_lost_connection_is_told_from_a_fault(error: Exception, away: bool) -> None:
    assert is_away(error) is away


async def cut(*_: Any, **__: Any) -> Any:
    raise ConnectionResetError("10.0.0.7 is gone")


async def token() -> str:
    await programme()
    return (await credentials.log_in(PrincipalKind.MEMBER, await member("Mei"), actor=SYSTEM, now=NOON)).access


@pytest.mark.parametrize("accept", [GRAPHQL, JSON])
@pytest.mark.parametrize("failure", [cut, None])
async def test_before_an_operation_nothing_was_done(
    caller: Caller,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    accept: str,
    failure: Any,
) -> None:
    async def never(*_: Any) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr("rules.credentials.find", failure or never)
    monkeypatch.setattr("api.graphql.QUERY_SECONDS", 0.01)
    reply = await caller.ask("{ me { id } }", token="lya_any", accept=accept)
    assert (reply.status, reply.codes, reply.media) == (503, ["UNAVAILABLE"], accept)
    assert reply.headers["retry-after"] == "2"
    [error] = reply.body["errors"]
    assert error["message"].endswith("Nothing was done: send the same again.")
    assert error["extensions"]["retryable"] is True
    assert error["extensions"]["requestId"] == reply.headers["x-request-id"]
    assert "10.0.0.7" not in caplog.text + reply.text


async def test_a_query_that_could_not_be_answered_at_all_is_a_503(
    caller: Caller, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(programmes, "terms", cut)
    reply = await caller.ask("query Ladder { programme { name } tiers { code } }", accept=GRAPHQL)
    assert (reply.status, set(reply.codes)) == (503, {"UNAVAILABLE"})
    assert reply.headers["retry-after"] == "2"
    assert [record.getMessage() for record in caplog.records if record.name == "loyalty.faults"] == [
        "the database is away in Ladder"
    ] * 2
    assert "10.0.0.7" not in caplog.text


async def test_what_could_be_answered_is(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    as_mei = await token()
    monkeypatch.setattr(programmes, "terms", cut)
    reply = await caller.ask("{ me { state } programme { name } }", token=as_mei, accept=GRAPHQL)
    assert (reply.status, reply.codes) == (200, ["UNAVAILABLE"])
    assert reply.body["data"] == {"me": {"state": "ACTIVE"}, "programme": None}


async def test_a_mutation_says_that_its_outcome_is_unknown(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    as_mei = await token()
    monkeypatch.setattr("schema.points.points.redeem", cut)
    document = """mutation { pointsRedeem(input: {points: 1, reason: "TEA", idempotencyKey: "lost-answer"}) {
      userErrors { code } } }"""
    for language, said in (("en", "may have been done"), ("zh", "可能已经完成")):
        reply = await caller.ask(document, token=as_mei, accept_language=language)
        assert (reply.status, reply.codes) == (503, ["UNAVAILABLE"])
        assert said in reply.body["errors"][0]["message"]


async def test_a_server_without_the_newest_master_key_says_so_and_is_sent_no_more_requests(
    caller: Caller, in_development: Starlette, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await programme()
    monkeypatch.setattr(in_development.state, "ready", True, raising=False)
    monkeypatch.setattr(keyring, "_pools", WeakKeyDictionary())
    known = vault.unlocked()
    vault.unlock(vault.Vault((vault.master(bytes(32)),), known.indexing, known.house))
    try:
        reply = await caller.ask(
            'mutation { memberLogin(input: {code: "demo:new"}) { userErrors { code } } }', accept=GRAPHQL
        )
        ready = await caller.send("GET", "/readyz")
    finally:
        vault.unlock(known)
    assert (reply.status, reply.codes) == (503, ["UNAVAILABLE"])
    assert reply.body["errors"][0]["extensions"]["retryable"] is True
    assert (ready.status, ready.body) == (503, {"status": "keys moved"})
    assert "Restart it with the new master key" in caplog.text
    assert (await caller.send("GET", "/readyz")).body == {"status": "ready"}
