"""The wire: uvicorn's WebSocket protocol, with a clean end for every client and nothing of them in the log."""

import asyncio
import logging
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.protocol import OPEN

FRAME_MAX = 1024 * 1024
"""Bytes of a frame that are read at all; beyond it the socket is closed with 1009."""

PING_SECONDS = 20.0
"""Between pings of the protocol, and how long an answer may take."""

WRITE_SECONDS = 15.0
"""How long a client may leave unread what was sent."""

LINGER_SECONDS = 2.0
"""How long what a refused client still sends is thrown away, so that they can read why they were refused."""

RESTART = 1012
_log = logging.getLogger("loyalty.wire")


class Wire(WebSocketsSansIOProtocol):
    """One WebSocket connection."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.logger = _log
        # at DEBUG the library writes down every frame, and the first one holds a token
        self.conn.logger, self.conn.debug = _log, False
        self.is_refused = False

    def data_received(self, data: bytes) -> None:
        """Take what was sent; of a client who is refused, take no notice."""
        if not self.is_refused:
            super().data_received(data)

    def send_receive_event_to_app(self) -> None:
        """Hand a message on. Text that is not UTF-8 goes as bytes: the application has a word for that."""
        if self.curr_msg_data_type == "text":
            try:
                b"".join(self.frames).decode()
            except UnicodeDecodeError:
                self.curr_msg_data_type = "bytes"
        super().send_receive_event_to_app()

    def handle_parser_exception(self) -> None:
        """Close after a breach of the protocol, but not before the client could read why."""
        if self.conn.close_sent is not None:
            code, reason = self.conn.close_sent.code, self.conn.close_sent.reason
            self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.transport.write(b"".join(self.conn.data_to_send()))
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.close_sent = self.is_refused = True
        self.stop_keepalive()
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        self.close_timer = self.loop.call_later(LINGER_SECONDS, self.transport.close)

    def keepalive_timeout(self) -> None:
        """Let go of a client who does not answer, without waiting for them to read what is left."""
        super().keepalive_timeout()
        self.loop.call_later(LINGER_SECONDS, self.transport.abort)

    def shutdown(self) -> None:
        """Close because the server stops."""
        if self.handshake_complete and not self.close_sent and self.conn.state is OPEN:
            self.queue.put_nowait({"type": "websocket.disconnect", "code": RESTART})
            self.conn.send_close(RESTART, "The server restarts: connect again")
            self.transport.write(b"".join(self.conn.data_to_send()))
            self.close_sent = True
        if self.handshake_complete:
            self.stop_keepalive()
            self.transport.close()
        else:
            super().shutdown()
        self.loop.call_later(LINGER_SECONDS, self.transport.abort)

    async def send(self, message: Any) -> None:
        """Send, unless the client has not read for too long: then the connection is cut."""
        try:
            async with asyncio.timeout(WRITE_SECONDS):
                await self.writable.wait()
        except TimeoutError:
            self.transport.abort()
        await super().send(message)


def options() -> dict[str, Any]:
    """What uvicorn is told of WebSockets. Nothing is compressed: events are small, and each window takes memory."""
    return {
        "ws": Wire,
        "ws_max_size": FRAME_MAX,
        "ws_ping_interval": PING_SECONDS,
        "ws_ping_timeout": PING_SECONDS,
        "ws_per_message_deflate": False,
    }
