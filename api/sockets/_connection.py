"""A connection: one socket from its first frame to its last, and the subscriptions that run over it."""

import asyncio
import logging
from collections.abc import Iterable, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID, uuid4

import orjson
from graphql import GraphQLError
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketDisconnected
from strawberry.types.execution import PreExecutionError

from api import log
from api.callers import secret_of
from api.graphql import QUERY_SECONDS, Endpoint, Sender
from api.negotiation import language
from api.sockets import _frames
from api.sockets._frames import Malformed, Operation, Said
from models.database import is_away
from rules.actors import Principal
from schema import words
from schema.context import Context, Feed, Watch
from schema.root import schema

PROTOCOL = "graphql-transport-ws"
OPERATIONS = 10
"""Subscriptions of one socket."""

FRAMES, FRAMES_SECONDS = 200, 10.0
"""How many frames a client may send in that time."""

INIT_SECONDS = 5.0
"""Within which a client says who they are."""

RECHECK_SECONDS = 15.0
"""Between looks at whether the credential is still good, and the client still there."""

SILENT_SECONDS = 20.0
"""After which a silent client is pinged."""

GONE_SECONDS = 60.0
"""After which a silent client is taken for gone, and one who asks for nothing is let go."""

SLOW_SECONDS = 10.0
"""How long a client may take to accept a frame."""

LIFE_SECONDS = 12 * 3600.0
REASON_MAX = 123
"""Bytes of a close frame's reason."""

_log = logging.getLogger("loyalty.faults")


class House(Protocol):
    """What a connection needs of the whole."""

    @property
    def endpoint(self) -> Endpoint:
        """The endpoint beside the sockets."""

    @property
    def feed(self) -> Feed:
        """What subscriptions wait for."""

    def admits(self, connection: "Connection") -> bool:
        """Whether the caller, now known, may have one more socket."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a socket is closed: a code, and a reason for the client's developer."""

    code: int
    reason: str


class Timed:
    """A feed that stops an operation's clock while the operation has nothing to do but wait."""

    def __init__(self, feed: Feed, limit: asyncio.Timeout) -> None:
        self.feed = feed
        self.limit = limit

    def start(self) -> None:
        """From now on the operation has its time."""
        self.limit.reschedule(asyncio.get_running_loop().time() + QUERY_SECONDS)

    def stop(self) -> None:
        """From now on it waits."""
        self.limit.reschedule(None)

    @contextmanager
    def watch(self, member_id: UUID) -> Iterator["_TimedWatch"]:
        """Wait for a member's events, as long as the block lasts."""
        with self.feed.watch(member_id) as watch:
            yield _TimedWatch(watch, self)


class _TimedWatch:
    def __init__(self, watch: Watch, clock: Timed) -> None:
        self.watch = watch
        self.clock = clock

    async def beyond(self, seq: int) -> bool:
        """Wait until the member has an event beyond that number."""
        self.clock.stop()
        try:
            return await self.watch.beyond(seq)
        finally:
            self.clock.start()


class Connection:
    """One socket, accepted."""

    def __init__(self, websocket: WebSocket, house: House) -> None:
        self.websocket = websocket
        self.house = house
        self.asker = websocket
        self.who: Principal | None = None
        self.has_begun = False
        self.is_acknowledged = False
        self.operations: dict[str, asyncio.Task[None]] = {}
        self.loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[Ending | None] = self.loop.create_future()
        self.opened_at = self.heard_at = self.idle_since = self.loop.time()

    def leave(self, code: int, reason: str) -> None:
        """Close the socket, unless it is closed already."""
        self._end(Ending(code, reason))

    def _end(self, ending: Ending | None) -> None:
        if not self.ended.done():
            self.ended.set_result(ending)

    async def run(self) -> None:
        """Serve the socket until one of both sides ends it."""
        limit = self.loop.call_later(INIT_SECONDS, self._check_begun)
        own = [asyncio.create_task(self._read()), asyncio.create_task(self._keep())]
        try:
            ending = await self.ended
        finally:
            limit.cancel()
            await _stop([*own, *self.operations.values()])
        if ending is not None:
            await self._close(ending)

    async def _close(self, ending: Ending) -> None:
        reason = ending.reason.encode()[:REASON_MAX].decode(errors="ignore")
        try:
            async with asyncio.timeout(SLOW_SECONDS):
                await self.websocket.close(ending.code, reason)
        except (TimeoutError, WebSocketDisconnect, WebSocketDisconnected):
            return  # nobody is there to be told

    async def _read(self) -> None:
        """Take the client's frames, one after the other."""
        since, count = self.loop.time(), 0
        try:
            while not self.ended.done():
                frame = await self.websocket.receive()
                if frame["type"] == "websocket.disconnect":
                    return self._end(None)
                self.heard_at = self.loop.time()
                since, count = (since, count + 1) if self.heard_at - since < FRAMES_SECONDS else (self.heard_at, 1)
                if count > FRAMES:
                    return self.leave(4429, "Too many messages")
                await self._take(_frames.read(frame))
        except Malformed as error:
            self.leave(4400, str(error))
        except Exception as error:
            _note(error, "a socket")
            self.leave(1013, "Something broke on our side: try again later")

    async def _take(self, said: Said) -> None:
        if said.type == _frames.INIT:
            await self._begin(said.payload)
        elif said.type == _frames.PING:
            await self._send({"type": "pong"})
        elif said.type == _frames.SUBSCRIBE:
            await self._subscribe(said)
        elif said.type == _frames.COMPLETE and (task := self.operations.pop(said.id, None)):
            task.cancel()

    async def _begin(self, payload: dict[str, Any]) -> None:
        """Learn who is there, by the first message or else by the handshake."""
        if self.has_begun:
            return self.leave(4429, "Too many initialisation requests")
        self.has_begun = True
        given = _frames.told(payload)
        self.asker = _with_headers(self.websocket, given)
        self.who = (await self._context()).principal
        if self.who is None and self.asker.headers.get("authorization"):
            return self.leave(4403, words.ENDED_CREDENTIAL)
        if not self.house.admits(self):
            return self.leave(4429, "Too many sockets of one caller")
        self.is_acknowledged = True
        return await self._send({"type": "connection_ack"})

    def _check_begun(self) -> None:
        if not self.is_acknowledged:
            self.leave(4408, "Connection initialisation timeout")

    async def _subscribe(self, said: Said) -> None:
        asked = _frames.operation(said.payload)
        if not self.is_acknowledged:
            return self.leave(4401, "Unauthorized")
        if said.id in self.operations:
            return self.leave(4409, f"Subscriber for {said.id} already exists")
        if len(self.operations) >= OPERATIONS:
            return await self._refuse(said.id, f"A socket has at most {OPERATIONS} subscriptions.", "BAD_REQUEST")
        self.operations[said.id] = asyncio.create_task(self._operate(said.id, asked))
        return None

    async def _operate(self, name: str, asked: Operation) -> None:
        """Run one subscription to its end, whichever that is."""
        log.request_id.set(uuid4().hex)
        try:
            async with asyncio.timeout(None) as limit:
                is_whole = await self._follow(name, asked, Timed(self.house.feed, limit))
            if is_whole:
                self._forget(name)
                await self._send({"id": name, "type": "complete"})
        except TimeoutError:
            await self._refuse(name, "This took too long.", "TIMEOUT")
        except GraphQLError as error:
            await self._tell_errors(name, [error])
        except Exception as error:
            _note(error, "a subscription")
            code = "UNAVAILABLE" if is_away(error) else "INTERNAL_SERVER_ERROR"
            await self._refuse(name, "Something broke on our side.", code)
        finally:
            self._forget(name)

    async def _follow(self, name: str, asked: Operation, feed: Timed) -> bool:
        """Send what a subscription is answered; says whether it ended as it should."""
        feed.start()
        context = await self._context()
        if not self._is_same(context):
            return False
        context.feed, context.renewal = feed, self._renew
        source = await self.house.endpoint.library.open(asked.meant, context)
        results = await schema.stream(
            source or "", asked.variables, context_value=context, operation_name=asked.name
        )
        async with aclosing(results):
            async for result in results:
                feed.stop()
                if isinstance(result, PreExecutionError):
                    await self._tell_errors(name, result.errors or ())
                    return False
                await self._send({"id": name, "type": "next", "payload": _payload(result)})
                feed.start()
        return True

    async def _context(self) -> Context:
        """Who asks and when, as the endpoint finds it out for each of its requests."""
        headers, client = self.asker.headers, self.asker.client
        sender = Sender(secret_of(headers.get("authorization")), client.host if client else None)
        return await self.house.endpoint.context(sender, headers.get("accept-language"))

    async def _renew(self, context: Context) -> None:
        """The caller and the moment of the next event. Raises: GraphQLError, when the credential has ended."""
        fresh = await self._context()
        if not self._is_same(fresh):
            raise GraphQLError(words.ENDED_CREDENTIAL, extensions={"code": "UNAUTHENTICATED"})
        context.now, context.principal = fresh.now, fresh.principal

    def _is_same(self, context: Context) -> bool:
        """Whether the caller is still who they were; else the socket ends."""
        now = context.principal
        if (now and (now.kind, now.id)) == (self.who and (self.who.kind, self.who.id)):
            return True
        self.leave(4401, "The credential has ended: log in anew")
        return False

    async def _keep(self) -> None:
        """Look again and again whether the socket may live on."""
        while True:
            await asyncio.sleep(RECHECK_SECONDS)
            now = self.loop.time()
            if self.operations or self.who is not None:
                self.idle_since = now
            if now - self.opened_at > LIFE_SECONDS:
                self.leave(1012, "This socket is old: connect again")
            elif now - self.heard_at > GONE_SECONDS:
                self.leave(1001, "No sign of life")
            elif now - self.idle_since > GONE_SECONDS:
                self.leave(1000, "Nothing is asked for")
            elif now - self.heard_at > SILENT_SECONDS:
                await self._send({"type": "ping"})
            await self._recheck()

    async def _recheck(self) -> None:
        if self.who is None or self.ended.done():
            return
        try:
            self._is_same(await self._context())
        except Exception as error:
            # the database may be away; what is sent meanwhile is checked by itself
            _log.warning("a socket's credential could not be looked at: %s", type(error).__name__)

    async def _send(self, message: dict[str, Any]) -> None:
        if self.ended.done():
            return
        try:
            async with asyncio.timeout(SLOW_SECONDS):
                await self.websocket.send_text(orjson.dumps(message).decode())
        except TimeoutError:
            self.leave(1013, "Too slow: connect again, with the last cursor")
        except (WebSocketDisconnect, WebSocketDisconnected):
            self._end(None)

    async def _refuse(self, name: str, said: str, code: str) -> None:
        told = {"code": code, "requestId": log.request_id.get() or uuid4().hex}
        spoken = words.said(code, said, language(self.asker.headers.get("accept-language")))
        await self._tell_errors(name, [GraphQLError(spoken, extensions=told)])

    async def _tell_errors(self, name: str, errors: Iterable[GraphQLError]) -> None:
        """The last word on an operation that did not run, or not to its end."""
        self._forget(name)
        await self._send({"id": name, "type": "error", "payload": [error.formatted for error in errors]})

    def _forget(self, name: str) -> None:
        """The name is free again, if it is still this operation's."""
        if self.operations.get(name) is asyncio.current_task():
            del self.operations[name]


def _note(error: Exception, where: str) -> None:
    """Write down that we broke, and why, unless it is plain."""
    away = is_away(error)
    _log.error("the database is away in %s" if away else "fault in %s", where, exc_info=None if away else error)


def _payload(result: Any) -> dict[str, Any]:
    told: dict[str, Any] = {"data": result.data}
    if result.errors:
        told["errors"] = [error.formatted for error in result.errors]
    if result.extensions:
        told["extensions"] = result.extensions
    return told


def _with_headers(websocket: WebSocket, given: dict[str, str]) -> WebSocket:
    """The handshake as if those headers had been sent with it."""
    kept = [(name, value) for name, value in websocket.scope["headers"] if name.decode("latin-1") not in given]
    told = [(name.encode(), value.encode("utf-8", "replace")) for name, value in given.items()]
    return WebSocket({**websocket.scope, "headers": [*kept, *told]}, websocket.receive, websocket.send)


async def _stop(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks)
