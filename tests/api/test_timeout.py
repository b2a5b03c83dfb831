"""An operation that takes too long is answered, and what it began ends as it would have."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

import api.graphql
from api.graphql import Endpoint
from rules import programme
from rules.programme import Terms


@asynccontextmanager
async def caller() -> AsyncIterator[httpx2.AsyncClient]:
    endpoint = Endpoint(outside=None, development=True, page="", page_headers={})  # type: ignore[arg-type]
    app = Starlette(routes=[Route("/graphql", endpoint)])
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://house") as client:
        yield client


async def test_an_operation_past_its_time_is_answered_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never() -> Terms:
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(programme, "terms", never)
    monkeypatch.setattr(api.graphql, "QUERY_SECONDS", 0.05)

    async with caller() as client:
        reply = await client.post(
            "/graphql",
            json={"query": "{programme{name}}"},
            headers={"accept": "application/graphql-response+json"},
        )

    assert reply.status_code == 200
    [error] = reply.json()["errors"]
    assert error["extensions"]["code"] == "TIMEOUT"


def test_a_document_that_may_write_has_longer() -> None:
    assert api.graphql.MUTATION_SECONDS > api.graphql.QUERY_SECONDS
    assert api.graphql.may_write("mutation M{x}")
    assert not api.graphql.may_write("{x}")
