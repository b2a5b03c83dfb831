"""Connections: who does not get round to asking is not waited for, and an answer goes out in one piece."""

import asyncio
import resource
import select
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any, TypeAlias
from urllib.parse import unquote

import httptools
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT, service_unavailable
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from api.leaving import Leaving, of_loop

HEAD_SECONDS = 10.0
"""How long a new connection, or a request that has begun, may take until its headers are whole."""

KEEP_ALIVE_SECONDS = 75
"""How long a connection may rest between requests: longer than load balancers keep theirs."""

AT_ONCE = 10_000
"""Connections of one process. Beyond them requests are answered with 503."""

HEALTH_SECONDS = 60
"""How long one of several server processes may be silent before it is replaced."""

HUNG_UP: int = getattr(select, "POLLRDHUP", 0)
"""What the system says of a connection whose other side is closed; 0 where it has no word for it."""

SPARE_FILES = 500
"""Files a process needs besides its connections."""

CLOSE = (b"connection", b"close")

URL_MAX, URLS = 100, 256
"""How long a URL may be that is read but once, and how many such are remembered."""

HEADS = 256
"""How many sets of headers are remembered as they are written."""

Header: TypeAlias = tuple[bytes, bytes]


class Cycle(RequestResponseCycle):
    """One request and its answer, as uvicorn has them; what only `send` asks for is the class's until it is set."""

    access_log = False
    chunked_encoding = None
    expected_content_length = 0
    _event: asyncio.Event | None = None
    _has_news = False
    """Whether something came that nobody was told of who receives the request bit by bit."""

    def __init__(self, protocol: "Protocol", scope: Any, *, keeps_alive: bool) -> None:
        self.scope = scope
        self.transport = protocol.transport
        self.flow = protocol.flow
        self.logger = protocol.logger
        self.default_headers = protocol.server_state.default_headers
        self.on_response = protocol.on_response_complete
        self.leaving = protocol.leaving
        self.keep_alive = keeps_alive
        self.waiting_for_100_continue = protocol.expect_100_continue
        self.body = bytearray()
        self.more_body = True
        self.disconnected = self.response_started = self.response_complete = False

    @property
    def message_event(self) -> asyncio.Event:  # type: ignore[override]  # there it is one from the beginning
        """Set when something came. Most requests are taken whole, and nobody waits for more of them."""
        if self._event is None:
            self._event = asyncio.Event()
            if self._has_news:
                self._event.set()
        return self._event

    def came(self) -> None:
        """Something came."""
        self._has_news = True
        if self._event is not None:
            self._event.set()

    def whole(self, most: int) -> bytes | None:
        """The body, taken at once; None where it is to be received, since it is not all there, or too long."""
        body = self.body
        if self.more_body or self.disconnected or self.response_complete or len(body) > most:
            return None
        self.body = bytearray()
        self._has_news = False
        if self._event is not None:
            self._event.clear()
        self.flow.resume_reading()
        return bytes(body)

    def answers(self, status: int, headers: Sequence[Header], own: bytes, body: bytes) -> bool:
        """Write a whole answer at once, which is one call of the system; False where it goes by `send` only.

        ASGI tells head and body apart, and each would be written by itself. Headers that other answers have as well
        are put together once; the `own` ones are lines already.
        """
        if self.response_started or self.disconnected or self.flow.write_paused or self.scope["method"] == "HEAD":
            return False
        told = *self.default_headers, *headers
        head = _head(told if self.keep_alive else (*told, CLOSE))
        if CLOSE in headers:
            self.keep_alive = False
        self.response_started = self.response_complete = True
        self.waiting_for_100_continue = False
        answer = b"%b%b%b\r\n%b" % (STATUS_LINE[status], head, own, body)
        self.came()
        if self.keep_alive:
            self.leaving.write(self.transport, answer)
        else:
            self.transport.write(answer)
            self.transport.close()
        self.on_response()
        return True


class Protocol(HttpToolsProtocol):
    """HTTP by uvicorn, which waits for ever for a request that never comes, with an end to that.

    A request that comes whole, as most do, sets no timer: one is set for a head that does not, and one a connection
    looks now and then whether it has rested too long.
    """

    _patience: asyncio.TimerHandle | None = None
    """Runs while a head is waited for that has begun, or that is the first."""
    _rest: asyncio.TimerHandle | None = None
    _rests_since = 0.0
    _untaken = 0
    """How much of its answers the client had not taken when it was last looked at."""
    _is_idle = True
    """Whether the head of the next request is all there is to wait for."""
    _upgrades: bool
    """Whether the connection becomes another protocol's."""
    leaving: Leaving
    """Where answers wait for those that are made in the same turn."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Expect a request."""
        super().connection_made(transport)
        self.leaving = of_loop(self.loop)
        self._upgrades = False
        self._expect()

    def data_received(self, data: bytes) -> None:
        """Take what came; what begins another request has to end soon, too.

        Under load a connection may have waited until its client gave up: then nothing is begun for nobody.
        """
        if self.cycle is None and has_hung_up(self.transport):
            self.transport.abort()
            return
        super().data_received(data)
        if self._is_idle and self._patience is None:
            self._expect()

    def on_message_begin(self) -> None:
        """A request begins. What is known of it is put together when its headers are whole."""
        self.url = b""
        self.headers = []
        self.expect_100_continue = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header more."""
        name = name.lower()
        if name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """The request is there: have it answered, when the one before it has been."""
        self._is_idle = False
        if self._patience is not None:
            self._expected()
        parser = self.parser
        version = parser.get_http_version()
        path, raw_path, query = _parts(self.url, self.root_path)
        self.scope = {
            "type": "http",
            "asgi": {"version": self.asgi_version, "spec_version": "2.3"},
            "http_version": version,
            "server": self.server,
            "client": self.client,
            "scheme": self.scheme,  # type: ignore[typeddict-item]
            "method": parser.get_method().decode("ascii"),
            "root_path": self.root_path,
            "path": path,
            "raw_path": raw_path,
            "query_string": query,
            "headers": self.headers,
            "state": self.app_state.copy(),
        }
        if parser.should_upgrade() and self._should_upgrade():
            self._upgrades = True
            return
        self._begin(Cycle(self, self.scope, keeps_alive=version != "1.0" and parser.should_keep_alive()))

    def _should_upgrade(self) -> bool:
        """Whether the connection becomes another protocol's: never before all that was asked on it is answered."""
        before: Any = self.cycle
        return (before is None or before.response_complete) and super()._should_upgrade()

    def _begin(self, cycle: Cycle) -> None:
        app: Any = self.app
        most = self.limit_concurrency
        if most is not None and (len(self.connections) >= most or len(self.tasks) >= most):
            app = service_unavailable
            self.logger.warning("Exceeded concurrency limit.")
        before: Any = self.cycle
        self.cycle = cycle
        if before is None or before.response_complete:
            self._start_asgi_task(cycle, app)
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((cycle, app))

    def on_body(self, body: bytes) -> None:
        """A part of the body, which is kept until it is asked for."""
        cycle: Any = self.cycle
        if self._upgrades or cycle.response_complete:
            return
        cycle.body += body
        if len(cycle.body) > HIGH_WATER_LIMIT:
            self.flow.pause_reading()
        cycle.came()

    def on_message_complete(self) -> None:
        """All of the request is there."""
        cycle: Any = self.cycle
        if self._upgrades or cycle.response_complete:
            return
        cycle.more_body = False
        cycle.came()

    def on_response_complete(self) -> None:
        """The request is answered: turn to the next one, or rest."""
        self.server_state.total_requests += 1
        # also while it closes, which it does not as long as its client takes nothing
        if self._rest is None and self.parser is not None:
            self._rest = self.loop.call_later(self.timeout_keep_alive, self._look)
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
            return
        self._is_idle, self._rests_since = True, self.loop.time()
        if self.headers is not self.cycle.scope["headers"] and self._patience is None:
            self._expect()

    def send_400_response(self, msg: str) -> None:
        """Say that what came is no request; what was answered before it goes first."""
        self.leaving.now()
        super().send_400_response(msg)

    def eof_received(self) -> None:
        """The other side sends no more, and the connection ends; what is answered already is not lost."""
        self.leaving.now()

    def shutdown(self) -> None:
        """The server ends, and with it the connection, when its request is answered."""
        self.leaving.now()
        super().shutdown()

    def handle_websocket_upgrade(self) -> None:
        """The connection is another protocol's from now on."""
        self.leaving.now()
        self._leave()
        super().handle_websocket_upgrade()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is expected any more."""
        self._leave()
        super().connection_lost(exc)

    def _expect(self) -> None:
        self._patience = self.loop.call_later(HEAD_SECONDS, self._give_up)

    def _expected(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _leave(self) -> None:
        self._is_idle = False
        self._expected()
        if self._rest is not None:
            self._rest.cancel()
            self._rest = None

    def _give_up(self) -> None:
        self._patience = None
        if not self.transport.is_closing():
            self.transport.close()

    def _look(self) -> None:
        """End a connection that has rested long enough, or whose client takes nothing of what it is answered.

        Any other is looked at again when it could have.
        """
        self._rest = None
        left = float(self.timeout_keep_alive)
        before, self._untaken = self._untaken, self.transport.get_write_buffer_size()
        if self._untaken:
            if self._untaken == before:
                # closed in good order, it would wait for its client for ever
                self.transport.abort()
                return
        elif self._is_idle and self._patience is None:
            left += self._rests_since - self.loop.time()
        if left <= 0:
            self._give_up()
        else:
            self._rest = self.loop.call_later(left, self._look)


def _parts(url: bytes, root: str) -> tuple[str, bytes, bytes]:
    """A URL's path, as text and as it came, both below the root, and its query."""
    return _parts_of(url, root) if len(url) <= URL_MAX else _parts_of.__wrapped__(url, root)


@lru_cache(URLS)
def _parts_of(url: bytes, root: str) -> tuple[str, bytes, bytes]:
    parsed = httptools.parse_url(url)
    path = parsed.path.decode("ascii")
    return root + (unquote(path) if "%" in path else path), root.encode("ascii") + parsed.path, parsed.query or b""


@lru_cache(HEADS)
def _head(headers: tuple[Header, ...]) -> bytes:
    """Headers, each once, as the lines they are. Raises: ValueError."""
    once = dict.fromkeys(headers)
    head = b"".join(b"%b: %b\r\n" % each for each in once)
    if len(head.splitlines()) > len(once):
        raise ValueError("A header is one line.")
    return head


def has_hung_up(transport: asyncio.Transport) -> bool:
    """Whether the other side has closed the connection, also when what it sent before is not all read yet."""
    connection = transport.get_extra_info("socket")
    if connection is None or not HUNG_UP:
        return False
    poll = select.poll()
    poll.register(connection.fileno(), HUNG_UP)
    return bool(poll.poll(0))


def allow_files() -> None:
    """Let this process, and those it starts, have as many files open as their connections may take."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = AT_ONCE + SPARE_FILES
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def options() -> dict[str, Any]:
    """What uvicorn is told of connections and of the processes that hold them."""
    return {
        "http": Protocol,
        "timeout_keep_alive": KEEP_ALIVE_SECONDS,
        "limit_concurrency": AT_ONCE,
        # on a busy machine a process takes longer than uvicorn's five seconds to start, and would be ended
        "timeout_worker_healthcheck": HEALTH_SECONDS,
        # who is believed of X-Forwarded-For is a setting of ours
        "proxy_headers": False,
    }
