"""Connections: who does not get round to asking is not waited for, and an answer goes out in one piece."""

import asyncio
import resource
import select
from collections.abc import Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import unquote

import httptools
from uvicorn.protocols.http.flow_control import service_unavailable
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

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


class Cycle(RequestResponseCycle):
    """One request and its answer."""

    def whole(self, most: int) -> bytes | None:
        """The body, taken at once; None where it is to be received, since it is not all there, or too long."""
        if self.more_body or self.disconnected or self.response_complete or len(self.body) > most:
            return None
        body, self.body = bytes(self.body), bytearray()
        self.message_event.clear()
        self.flow.resume_reading()
        return body

    def answers(self, status: int, headers: Sequence[tuple[bytes, bytes]], body: bytes) -> bool:
        """Write a whole answer at once, which is one call of the system; False where it goes by `send` only.

        ASGI tells head and body apart, and each would be written by itself.
        """
        if self.response_started or self.disconnected or self.flow.write_paused or self.scope["method"] == "HEAD":
            return False
        told = [*self.default_headers, *headers]
        if CLOSE in told:
            self.keep_alive = False
        elif not self.keep_alive:
            told.append(CLOSE)
        head = b"\r\n".join(map(b": ".join, told))
        if head.count(b"\n") != len(told) - 1:
            raise ValueError("A header is one line.")
        self.response_started = self.response_complete = True
        self.waiting_for_100_continue = False
        self.transport.write(b"".join((STATUS_LINE[status], head, b"\r\n\r\n", body)))
        self.message_event.set()
        if not self.keep_alive:
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

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Expect a request."""
        super().connection_made(transport)
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

    def on_headers_complete(self) -> None:
        """The request is there: have it answered, when the one before it has been."""
        self._is_idle = False
        if self._patience is not None:
            self._expected()
        scope, parser = self.scope, self.parser
        version = parser.get_http_version()
        scope["method"] = parser.get_method().decode("ascii")
        if version != "1.1":
            scope["http_version"] = version
        if parser.should_upgrade() and self._should_upgrade():
            return
        url = httptools.parse_url(self.url)
        path = url.path.decode("ascii")
        scope["path"] = self.root_path + (unquote(path) if "%" in path else path)
        scope["raw_path"] = self.root_path.encode("ascii") + url.path
        scope["query_string"] = url.query or b""
        self._begin(self._cycle(keeps_alive=version != "1.0" and parser.should_keep_alive()))

    def _cycle(self, *, keeps_alive: bool) -> Cycle:
        # as many arguments by name would take twice as long to be sorted
        return Cycle(
            self.scope,
            self.transport,
            self.flow,
            self.logger,
            self.access_logger,
            self.access_log,
            self.server_state.default_headers,
            asyncio.Event(),
            self.expect_100_continue,
            keeps_alive,
            self.on_response_complete,
        )

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
        if self.scope is not self.cycle.scope and self._patience is None:
            self._expect()

    def handle_websocket_upgrade(self) -> None:
        """The connection is another protocol's from now on."""
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
