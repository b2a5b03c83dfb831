"""Connections: a client that does not get round to asking is not waited for."""

import asyncio
import resource
from contextlib import suppress
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_SECONDS = 10.0
"""How long a new connection, or a request that has begun, may take until its headers are whole."""

KEEP_ALIVE_SECONDS = 75
"""How long a connection may rest between requests: longer than load balancers keep theirs."""

AT_ONCE = 10_000
"""Connections of one process. Beyond them requests are answered with 503."""

HEALTH_SECONDS = 60
"""How long one of several server processes may be silent before it is replaced."""

SPARE_FILES = 500
"""Files a process needs besides its connections."""


class Protocol(HttpToolsProtocol):
    """HTTP by uvicorn, which waits for ever for a request that never comes, with an end to that."""

    _patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Expect a request."""
        super().connection_made(transport)
        self._expect()

    def data_received(self, data: bytes) -> None:
        """Take what came; what begins another request has to end soon, too."""
        cycle: Any = self.cycle
        if self._patience is None and (cycle is None or cycle.response_complete):
            self._expect()
        super().data_received(data)

    def on_headers_complete(self) -> None:
        """The request is there."""
        self._expected()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is expected any more."""
        self._expected()
        super().connection_lost(exc)

    def _expect(self) -> None:
        self._patience = self.loop.call_later(HEAD_SECONDS, self._give_up)

    def _expected(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _give_up(self) -> None:
        self._patience = None
        if not self.transport.is_closing():
            self.transport.close()


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
