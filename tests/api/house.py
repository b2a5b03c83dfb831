"""The house over HTTP: the whole application on the suite's database, and somebody who calls it."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette

import api.graphql
from api import wechat
from api.allowance import Allowance
from api.app import application
from api.graphql import Endpoint
from api.outside import World
from api.settings import settings
from rules.rates import RATES, Rate
from schema.context import Reference
from tests.people import NOON

PRODUCTION = {
    "LOYALTY_ENV": "production",
    "LOYALTY_WECHAT_APPID": "wxreal0000000001",
    "LOYALTY_WECHAT_SECRET": "a-secret-nobody-may-read",
}
GRAPHQL = "application/graphql-response+json"
JSON = "application/json"


class Clock:
    """The endpoint's clock, which stands until it is moved."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def move(self, span: timedelta) -> None:
        self.now += span


@dataclass(frozen=True)
class Reply:
    """What a request was answered."""

    status: int
    headers: Mapping[str, str]
    text: str
    body: Any

    @property
    def codes(self) -> list[str]:
        return [error["extensions"]["code"] for error in self.body.get("errors", ())]

    @property
    def media(self) -> str:
        return self.headers["content-type"].split(";")[0]

    def __getitem__(self, name: str) -> Any:
        """A root field of an operation that went well."""
        assert self.codes == [], self.text
        return self.body["data"][name]


@dataclass(frozen=True)
class Caller:
    """Somebody with an HTTP client."""

    client: httpx2.AsyncClient
    clock: Clock

    async def send(self, method: str = "POST", path: str = "/graphql", **options: Any) -> Reply:
        answer = await self.client.request(method, path, **options)
        is_json = answer.headers.get("content-type", "").split(";")[0] in (GRAPHQL, JSON)
        return Reply(answer.status_code, answer.headers, answer.text, answer.json() if is_json else {})

    async def ask(
        self,
        query: str,
        variables: dict[str, Any] | None = None,
        *,
        token: str | None = None,
        **headers: str,
    ) -> Reply:
        """Send an operation as a mini-program would."""
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        if token is not None:
            told["authorization"] = f"Bearer {token}"
        return await self.send(json={"query": query, "variables": variables}, headers=told)

    async def act(self, mutation: str, answer: str, given: dict[str, Any], **more: Any) -> Any:
        """The payload of one mutation."""
        kind = f"{mutation[0].upper()}{mutation[1:]}Input"
        document = f"mutation($i: {kind}!) {{ {mutation}(input: $i) {{ {answer} userErrors {{ code }} }} }}"
        return (await self.ask(document, {"i": given}, **more))[mutation]


def endpoint_of(app: Starlette) -> Endpoint:
    """The GraphQL endpoint of an application."""
    [found] = [each for route in app.routes if isinstance(each := getattr(route, "endpoint", None), Endpoint)]
    return found


@asynccontextmanager
async def built(environment: Mapping[str, str] | None = None) -> AsyncIterator[Starlette]:
    """The application by some settings, without its lifespan: its database is the suite's."""
    app = application(settings(environment or {}))
    try:
        yield app
    finally:
        outside = endpoint_of(app).outside
        if isinstance(outside, World):
            await outside.aclose()


@asynccontextmanager
async def calling(app: Starlette, patch: pytest.MonkeyPatch) -> AsyncIterator[Caller]:
    """Somebody who calls an application without a network. Its clock stands, and WeChat is asked again at once."""
    clock = Clock()
    patch.setattr(api.graphql, "now", clock)
    patch.setattr(wechat, "_PAUSES", (0.0, 0.0))
    # all the tests' strangers come from one network
    plenty = Allowance({**RATES, "NOBODY": Rate(100_000, 500)}, lambda: 0.0)
    patch.setattr(endpoint_of(app), "allowance", plenty)
    # the test before had another programme
    patch.setattr(endpoint_of(app), "reference", Reference())
    transport: Any = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://house") as client:
        yield Caller(client, clock)
