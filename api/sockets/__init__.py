"""Sockets: subscriptions over graphql-transport-ws, at the address of the endpoint.

Only subscriptions go over a socket. They pass the endpoint's gate, with a context made by the endpoint: anew for
each operation, and for each event of it.
"""

import asyncio
from collections.abc import Collection

from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from api.feed import Feed
from api.graphql import Endpoint
from api.origins import is_welcome
from api.sockets._connection import PROTOCOL, Connection

SOCKETS = 2_000
"""Sockets of one process."""

PER_PRINCIPAL = 5
"""Sockets of one caller, which is as many as WeChat lets a mini-program open."""

LEAVE_SECONDS = 2.0

__all__ = ["PROTOCOL", "Sockets"]


class Sockets:
    """`/graphql` for WebSockets."""

    def __init__(self, endpoint: Endpoint, origins: Collection[str] = (), *, is_development: bool = False) -> None:
        self.endpoint = endpoint
        self.origins = {each.lower() for each in origins}
        self.is_development = is_development
        self.feed = Feed()
        self.open: dict[Connection, asyncio.Task[None]] = {}
        self.is_closing = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one socket."""
        websocket = WebSocket(scope, receive, send)
        if not self._welcomes(websocket):
            await websocket.close()  # before it is accepted, which is a 403
        elif PROTOCOL not in websocket.scope.get("subprotocols", ()):
            await websocket.accept()
            await websocket.close(4406, "Subprotocol not acceptable")
        else:
            await websocket.accept(PROTOCOL)
            await self._serve(websocket)

    def _welcomes(self, websocket: WebSocket) -> bool:
        origin, host = websocket.headers.get("origin"), websocket.headers.get("host")
        return is_welcome(origin, host, self.origins, is_development=self.is_development)

    async def _serve(self, websocket: WebSocket) -> None:
        if self.is_closing or not self._has_room():
            await websocket.close(1013, "No room just now: try again later")
            return
        connection = Connection(websocket, self)
        self.open[connection] = asyncio.create_task(connection.run())
        try:
            await self.open[connection]
        finally:
            self.open.pop(connection).cancel()

    def _has_room(self) -> bool:
        """Whether one more socket may be opened. Who has told nobody who they are makes room, the oldest first."""
        if len(self.open) < SOCKETS:
            return True
        stranger = next((each for each in self.open if each.who is None and not each.ended.done()), None)
        if stranger is not None:
            stranger.leave(1013, "No room just now: try again later")
        return stranger is not None

    def admits(self, connection: Connection) -> bool:
        """Whether the caller, now known, may have one more socket."""
        who = connection.who
        if who is None:
            return True
        same = [each.who for each in self.open if each is not connection and each.is_acknowledged and each.who]
        return sum((each.kind, each.id) == (who.kind, who.id) for each in same) < PER_PRINCIPAL

    async def aclose(self) -> None:
        """Close all sockets, soon."""
        self.is_closing = True
        for connection in list(self.open):
            connection.leave(1012, "The server restarts: connect again")
        if self.open:
            await asyncio.wait(set(self.open.values()), timeout=LEAVE_SECONDS)
        await self.feed.aclose()
