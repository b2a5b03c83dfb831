"""Serving: the application on a port of this machine, and a client who says what they like, byte by byte."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any

import uvicorn
from starlette.applications import Starlette

from api import connections

ASKS = b'{"query": "{ __typename }"}'
HEAD = (
    b"POST /graphql HTTP/1.1\r\nhost: house\r\ncontent-type: application/json\r\n"
    b"content-length: %d\r\n\r\n" % len(ASKS)
)


class Quiet(uvicorn.Server):
    """A server that leaves the suite its signals."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def served(app: Starlette, **more: Any) -> AsyncIterator[int]:
    """The application on a port of this machine, as `serve` does it; its lifespan is the suite's."""
    options = {**connections.options(), "lifespan": "off", "log_config": None, "access_log": False, **more}
    server = Quiet(uvicorn.Config(app, port=0, **options))
    task = asyncio.create_task(server.serve())
    async with asyncio.timeout(10):
        while not server.started:  # noqa: ASYNC110  uvicorn says it nowhere else
            await asyncio.sleep(0.01)
    try:
        yield int(server.servers[0].sockets[0].getsockname()[1])
    finally:
        server.should_exit = True
        await task


async def said(port: int, *pieces: bytes, pause: float = 0.0) -> bytes:
    """What the server answers to pieces sent slowly, until it closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for piece in pieces:
            with suppress(ConnectionError):
                writer.write(piece)
                await writer.drain()
            await asyncio.sleep(pause)
            if reader.at_eof():
                break
        async with asyncio.timeout(20):
            with suppress(ConnectionError):
                return await reader.read()
        return b""
    finally:
        writer.close()
