"""A socket without a network: the application as an ASGI server would call it, and a client on the other side."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from starlette.applications import Starlette

from api.sockets import PROTOCOL, Sockets
from models.credentials import PrincipalKind
from rules.actors import SYSTEM
from rules.credentials import log_in
from schema import events, pages
from tests.people import NOON, member, programme

FOLLOW = "subscription($after: String) { memberEvents(after: $after) { cursor type points { available } } }"
BEGINNING = pages.cursor(events.MARK, 0)
ACK = {"type": "connection_ack"}
SOON = 3.0
"""Seconds within which an answer has to come."""


@dataclass(frozen=True)
class Closed:
    """The server's last word."""

    code: int
    reason: str


class Client:
    """Whoever is at the other end of a socket."""

    def __init__(self) -> None:
        self.up: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.down: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.is_reading = asyncio.Event()
        self.is_reading.set()
        self.accepted: dict[str, Any] = {}

    async def _take(self, message: Any) -> None:
        await self.is_reading.wait()
        self.down.put_nowait(dict(message))

    def send(self, *messages: object) -> None:
        """Send messages, each as JSON."""
        for message in messages:
            self.frame(text=json.dumps(message))

    def frame(self, **frame: Any) -> None:
        """Send a frame as it is."""
        self.up.put_nowait({"type": "websocket.receive", **frame})

    def hang_up(self) -> None:
        self.up.put_nowait({"type": "websocket.disconnect", "code": 1005})

    async def next(self) -> Any:
        """The next message, or how the socket was closed."""
        async with asyncio.timeout(SOON):
            message = await self.down.get()
        if message["type"] == "websocket.close":
            return Closed(message["code"], message.get("reason") or "")
        return json.loads(message["text"])

    async def begin(self, token: str | None = None, **payload: Any) -> Any:
        """Say who is there; answers what was answered."""
        said = {"authorization": f"Bearer {token}", **payload} if token else payload
        self.send({"type": "connection_init", "payload": said})
        return await self.next()

    def subscribe(self, query: str, variables: dict[str, Any] | None = None, *, id: str = "1") -> None:
        self.send({"type": "subscribe", "id": id, "payload": {"query": query, "variables": variables}})

    async def hears(self, seconds: float = 0.05) -> bool:
        """Whether anything more comes in that time."""
        await asyncio.sleep(seconds)
        return not self.down.empty()


@asynccontextmanager
async def dialled(
    app: Starlette, headers: Mapping[str, str] | None = None, protocols: Sequence[str] = (PROTOCOL,)
) -> AsyncIterator[Client]:
    """A socket whose handshake was answered. When it is left, the application's part has ended without a fault."""
    client = Client()
    told = {"host": "house", **(headers or {})}
    scope = {
        "type": "websocket",
        "path": "/graphql",
        "raw_path": b"/graphql",
        "root_path": "",
        "scheme": "ws",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in told.items()],
        "client": ("203.0.113.7", 5000),
        "server": ("house", 80),
        "subprotocols": list(protocols),
        "extensions": {},
    }
    client.up.put_nowait({"type": "websocket.connect"})
    serving = asyncio.create_task(app(scope, client.up.get, client._take))
    try:
        async with asyncio.timeout(SOON):
            client.accepted = await client.down.get()
        yield client
    finally:
        client.is_reading.set()
        client.hang_up()
        async with asyncio.timeout(SOON):
            await serving


def sockets_of(app: Starlette) -> Sockets:
    found = [getattr(route, "app", None) for route in app.routes]
    return next(each for each in found if isinstance(each, Sockets))


async def token_of(who: UUID) -> str:
    """A member's token, good for an hour from noon."""
    hour = timedelta(hours=1)
    return (await log_in(PrincipalKind.MEMBER, who, actor=SYSTEM, now=NOON, access_for=hour)).access


async def follows(app: Starlette) -> None:
    """Somebody has begun to follow, and misses nothing from now on."""
    async with asyncio.timeout(SOON):
        while not sockets_of(app).feed.watches:  # noqa: ASYNC110  it says it nowhere else
            await asyncio.sleep(0.005)


async def mei_and_token() -> tuple[UUID, str]:
    await programme()
    mei = await member("Mei")
    return mei, await token_of(mei)
