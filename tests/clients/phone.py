"""A phone with a mini-program open: a JavaScript context that has only ES and `wx`, before the real application."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from py_mini_racer import MiniRacer
from starlette.applications import Starlette
from starlette.routing import Route

import api.graphql
from api.graphql import Endpoint
from api.outside import World
from api.simulator import simulator
from api.wechat import WeChat
from tests.people import NOON

CLIENT = Path(__file__).parents[2] / "clients" / "miniprogram"
WORLD = Path(__file__).with_name("world.js").read_text("utf-8")
APPID, SECRET = "wxdemo0000000001", "a-secret-nobody-may-read"
URL = "https://shop.example.com/graphql"
TURNS = 500

Request = dict[str, Any]
Reply = dict[str, Any]
Carry = Callable[[Request], Awaitable[Reply]]
Weather = Callable[[Request, Carry], Awaitable[Reply]]


class Thrown(Exception):  # noqa: N818  the other side's error
    """What JavaScript threw: its properties by name."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(error["text"])
        self.error = error

    def __getitem__(self, name: str) -> Any:
        """A property of the error; None when it has none of that name."""
        return self.error.get(name)


async def fair(request: Request, carry: Carry) -> Reply:
    """Fair weather: each request gets its answer."""
    return await carry(request)


def storm(operation: str, heard: Reply, *, times: int = 1, loses: str = "answer") -> Weather:
    """Weather in which an operation's answers, or its requests, are lost so often; this is heard instead."""
    lost: list[Request] = []

    async def weather(request: Request, carry: Carry) -> Reply:
        if operation_of(request) != operation or len(lost) == times:
            return await carry(request)
        lost.append(request)
        if loses == "answer":
            await carry(request)
        return heard

    return weather


def graphql(code: str, message: str = "In English.", **header: str) -> Reply:
    """An answer that is nothing but an error of GraphQL's own."""
    errors = [{"message": message, "extensions": {"code": code}}]
    return {"statusCode": 200, "header": header, "data": {"errors": errors}}


def operation_of(request: Request) -> str:
    """The name of the operation a request asks for."""
    named = re.match(r"\s*(?:query|mutation)\s+(\w+)", json.loads(request["data"])["query"])
    return named[1] if named else ""


class Phone:
    """The JavaScript side, the air between, and a clock that both sides read."""

    def __init__(self, engine: MiniRacer, shop: httpx2.AsyncClient, wechat: httpx2.AsyncClient) -> None:
        self.engine = engine
        self.shop = shop
        self.wechat = wechat
        self.weather: Weather = fair
        self.sent: list[Request] = []
        self.now = NOON
        self.server_ahead = timedelta(0)
        engine.eval(WORLD)
        self.set("now", int(NOON.timestamp() * 1000))
        self.define("./loyalty/index", (CLIENT / "index.js").read_text("utf-8"))

    def js(self, code: str) -> Any:
        """The value of an expression that JSON can carry."""
        told = self.engine.eval(f"JSON.stringify({code})")
        return json.loads(told) if isinstance(told, str) else None

    def set(self, name: str, value: object) -> None:
        """Change something of the phone's world."""
        self.engine.eval(f"world[{json.dumps(name)}] = {json.dumps(value)}")

    def define(self, name: str, source: str, *unknown: str) -> None:
        """Make a source, to which some names mean nothing, what `require(name)` gives."""
        self.engine.eval(f"define({', '.join(json.dumps(each) for each in (name, source, *unknown))})")

    def time_passes(self, **how_much: float) -> None:
        """Both clocks move on."""
        self.now += timedelta(**how_much)
        self.set("now", int(self.now.timestamp() * 1000))

    def server_time(self) -> datetime:
        """What the server's clock says."""
        return self.now + self.server_ahead

    def asked(self) -> list[str]:
        """The operations that were asked for, in order."""
        return [operation_of(each) for each in self.sent]

    def inputs(self, operation: str) -> list[dict[str, Any]]:
        """What was sent as the input of an operation, each time."""
        return [
            json.loads(each["data"])["variables"]["input"] for each in self.sent if operation_of(each) == operation
        ]

    async def run(self, code: str) -> Any:
        """What a piece of asynchronous JavaScript returns, with all the answers and pauses it needs.

        Raises: Thrown.
        """
        self.engine.eval(f"start(async () => {{ {code} }})")
        on_the_way: set[asyncio.Task[None]] = set()
        for _ in range(TURNS):
            turn = json.loads(str(self.engine.eval("turn()")))
            self.now = datetime.fromtimestamp(turn["now"] / 1000, UTC)
            on_the_way |= {asyncio.create_task(self._carry(each)) for each in turn["requests"]}
            if on_the_way:
                done, on_the_way = await asyncio.wait(on_the_way, return_when=asyncio.FIRST_COMPLETED)
                [each.result() for each in done]
            elif turn["outcome"]:
                return self._told(turn["outcome"])
            else:
                assert turn["timers"], "the program waits for nothing that could come"
                self.engine.eval("wait()")
        raise AssertionError("the program never ends")

    def _told(self, outcome: dict[str, Any]) -> Any:
        if "error" in outcome:
            raise Thrown(outcome["error"])
        return outcome["value"]

    async def _carry(self, request: Request) -> None:
        self.sent.append(request)
        reply = await self.weather(request, self._post)
        self.engine.eval(f"arrive({json.dumps(request['id'])}, {json.dumps(reply)})")

    async def _post(self, request: Request) -> Reply:
        """Bring a request to the application; answer as wx.request does."""
        assert request["method"] == "POST"
        answer = await self.shop.post(request["url"], content=request["data"], headers=request["header"])
        try:
            data = answer.json()
        except ValueError:
            data = answer.text
        return {"statusCode": answer.status_code, "header": dict(answer.headers), "data": data}


@asynccontextmanager
async def phone_of(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Phone]:
    """A phone, the real endpoint with the WeChat simulator behind it, and the suite's database."""
    stand_in = httpx2.ASGITransport(app=simulator(APPID, SECRET))
    world = World(WeChat("http://wechat", APPID, SECRET, transport=stand_in), APPID, "default")
    endpoint = Endpoint(outside=world, development=False, page="", page_headers={})
    served = httpx2.ASGITransport(app=Starlette(routes=[Route("/graphql", endpoint)]))
    knobs = httpx2.AsyncClient(transport=stand_in, base_url="http://wechat")
    async with httpx2.AsyncClient(transport=served) as shop, knobs:
        with MiniRacer() as engine:
            phone = Phone(engine, shop, knobs)
            monkeypatch.setattr(api.graphql, "now", phone.server_time)
            yield phone
    await world.aclose()
