"""A phone with a mini-program open: a JavaScript context that has only ES and `wx`, before the real application."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from py_mini_racer import MiniRacer
from starlette.applications import Starlette
from starlette.routing import Route, WebSocketRoute

import api.graphql
from api.documents import Library
from api.graphql import Endpoint
from api.manifest import manifest
from api.outside import World
from api.simulator import simulator
from api.sockets import Sockets
from api.wechat import WeChat
from tests.api.socket import Client, dialled
from tests.people import NOON

CLIENT = Path(__file__).parents[2] / "clients" / "miniprogram"
WORLD = Path(__file__).with_name("world.js").read_text("utf-8")
APPID, SECRET = "wxdemo0000000001", "a-secret-nobody-may-read"
URL = "https://shop.example.com/graphql"
SOURCES = ("sha256", "sending", "session", "hosts", "events", "friends")
"""The sources of the client beside its index, in the order in which they need each other."""

TURNS = 500
QUIET = 0.06
"""Seconds after which a socket that was silent has nothing to say for now."""

PATIENCE = 5.0
"""Seconds within which what a test waits for has to happen."""

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
    """The name of the operation a request asks for; empty where there is none, or only a hash."""
    named = re.match(r"\s*(?:query|mutation)\s+(\w+)", json.loads(request["data"]).get("query") or "")
    return named[1] if named else ""


class Air:
    """Sockets between a phone and the application, and what happens to them on the way."""

    def __init__(self, phone: "Phone") -> None:
        self.phone = phone
        self.wires: dict[int, asyncio.Task[None]] = {}
        self.clients: dict[int, Client] = {}
        self.opened: list[dict[str, Any]] = []
        self.sent: list[dict[str, Any]] = []
        self.heard: list[dict[str, Any]] = []
        self.is_silent = False
        self.times = 1
        self._stirred = asyncio.Event()

    async def stirs(self) -> bool:
        """Whether something comes over a socket now; waits a moment for it, if there is one."""
        if not self.wires:
            return False
        self._stirred.clear()
        try:
            async with asyncio.timeout(QUIET):
                await self._stirred.wait()
        except TimeoutError:
            return False
        return True

    def take(self, done: dict[str, Any]) -> None:
        """Do to a socket what the phone does to it."""
        number = done["id"]
        if "open" in done:
            self.opened.append(done["open"])
            self.wires[number] = asyncio.create_task(self._serve(number, done["open"]["protocols"]))
        elif number in self.clients and "send" in done:
            self.sent.append(json.loads(done["send"]))
            self.clients[number].frame(text=done["send"])
        elif number in self.clients:
            self.clients.pop(number).hang_up()

    def reach(self, number: int, what: str, told: object) -> None:
        """Something arrives at the phone."""
        self.phone.engine.eval(f"reach({number}, {json.dumps(what)}, {json.dumps(told)})")
        self._stirred.set()

    def cut(self, code: int = 1006) -> None:
        """All sockets are lost, and both sides are told."""
        for number, client in list(self.clients.items()):
            del self.clients[number]
            client.hang_up()
            self.reach(number, "close", {"code": code, "reason": ""})

    async def _serve(self, number: int, protocols: list[str]) -> None:
        async with dialled(self.phone.app, protocols=protocols) as client:
            self.clients[number] = client
            self.reach(number, "open", {})
            while number in self.clients:
                message = await client.down.get()
                if message["type"] == "websocket.close":
                    self.clients.pop(number, None)
                    self.reach(number, "close", {"code": message["code"], "reason": message.get("reason")})
                elif not self.is_silent:
                    self.heard.append(json.loads(message["text"]))
                    for _ in range(self.times):
                        self.reach(number, "message", {"data": message["text"]})

    async def aclose(self) -> None:
        """Hang up."""
        for wire in self.wires.values():
            wire.cancel()
        await asyncio.gather(*self.wires.values(), return_exceptions=True)


class Phone:
    """The JavaScript side, the air between, and a clock that both sides read."""

    def __init__(
        self, engine: MiniRacer, app: Starlette, shop: httpx2.AsyncClient, wechat: httpx2.AsyncClient
    ) -> None:
        self.engine = engine
        self.app = app
        self.shop = shop
        self.wechat = wechat
        self.weather: Weather = fair
        self.sent: list[Request] = []
        self.on_the_way: set[asyncio.Task[None]] = set()
        self.air = Air(self)
        self.now = NOON
        self.server_ahead = timedelta(0)
        engine.eval(WORLD)
        self.set("now", int(NOON.timestamp() * 1000))
        self.install("js")

    def install(self, kind: str, *unknown: str, rewrite: Callable[[str], str] = str) -> None:
        """Put the client on the phone, as CommonJS (`js`) or as ES modules rewritten by a bundler (`mjs`)."""
        for each in SOURCES:
            self.define(f"./{each}", rewrite((CLIENT / f"{each}.{kind}").read_text("utf-8")), *unknown)
        for where in ("./loyalty/index", "../../loyalty/index"):
            self.define(where, rewrite((CLIENT / f"index.{kind}").read_text("utf-8")), *unknown)

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
        for _ in range(TURNS):
            turn = await self._turn()
            if turn is None or await self.air.stirs():
                continue
            if turn["outcome"]:
                return self._told(turn["outcome"])
            assert turn["next"], "the program waits for nothing that could come"
            self.engine.eval("wait()")
        raise AssertionError("the program never ends")

    async def until(self, condition: str) -> None:
        """Let happen what happens now, until something is true of the phone's world. No time passes there."""
        async with asyncio.timeout(PATIENCE):
            while await self._turn() is None or not self.js(condition):
                await self.air.stirs()

    async def passes(self, **how_much: float) -> None:
        """Time passes, and what happens meanwhile happens."""
        end = self.now + timedelta(**how_much)
        while True:
            turn = await self._turn()
            if turn is None or await self.air.stirs():
                continue
            if turn["next"] is None or turn["next"] > end.timestamp() * 1000:
                break
            self.engine.eval("wait()")
        self.time_passes(seconds=(end - self.now).total_seconds())

    async def _turn(self) -> dict[str, Any] | None:
        """Carry what is on its way. None while something is; else how the world stands."""
        turn: dict[str, Any] = json.loads(str(self.engine.eval("turn()")))
        self.now = datetime.fromtimestamp(turn["now"] / 1000, UTC)
        self.on_the_way |= {asyncio.create_task(self._carry(each)) for each in turn["requests"]}
        for each in turn["wires"]:
            self.air.take(each)
        if not self.on_the_way:
            return turn
        done, self.on_the_way = await asyncio.wait(self.on_the_way, return_when=asyncio.FIRST_COMPLETED)
        [each.result() for each in done]
        return None

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
async def phone_of(
    monkeypatch: pytest.MonkeyPatch, *, trusted_only: bool = False, documents: Sequence[Path] = ()
) -> AsyncIterator[Phone]:
    """A phone, the real endpoint with the WeChat simulator behind it, and the suite's database."""
    stand_in = httpx2.ASGITransport(app=simulator(APPID, SECRET))
    world = World(WeChat("http://wechat", APPID, SECRET, transport=stand_in), APPID, "default")
    endpoint = Endpoint(
        outside=world,
        development=False,
        page="",
        page_headers={},
        library=Library(manifest(documents), remembers=not trusted_only),
        trusted_only=trusted_only,
    )
    sockets = Sockets(endpoint)
    app = Starlette(routes=[Route("/graphql", endpoint), WebSocketRoute("/graphql", sockets)])
    served = httpx2.ASGITransport(app=app)
    knobs = httpx2.AsyncClient(transport=stand_in, base_url="http://wechat")
    async with httpx2.AsyncClient(transport=served) as shop, knobs:
        with MiniRacer() as engine:
            phone = Phone(engine, app, shop, knobs)
            monkeypatch.setattr(api.graphql, "now", phone.server_time)
            yield phone
            await phone.air.aclose()
    await sockets.aclose()
    await world.aclose()
