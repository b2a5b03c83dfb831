"""A receiver of webhooks on this machine's loopback, which behaves as badly as it is told to."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from standardwebhooks import Webhook

HANG, DIE, DIE_IN_THE_MIDDLE, REDIRECT, GARBAGE = "hang", "die", "die in the middle", "redirect", "garbage"
Behaviour = Callable[["Call"], int | str]


@dataclass(frozen=True)
class Call:
    """One request that came, and how it was answered."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def name(self) -> str:
        return self.headers["webhook-id"]


@dataclass
class Receiver:
    """Where it listens, what came, and what it does with the next."""

    port: int = 0
    behaviour: Behaviour = lambda _: 200
    calls: list[Call] = field(default_factory=list)
    taken: list[Call] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0
    waiting: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?shop=1"

    @property
    def names(self) -> list[str]:
        """The ids of what it took, in the order in which it did."""
        return [call.name for call in self.taken]

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            with suppress(asyncio.IncompleteReadError, ConnectionError):
                await self._answer(reader, writer)
        finally:
            self.at_once -= 1
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = dict(line.lower().split(": ", 1)[:1] + line.split(": ", 1)[1:] for line in head[1:] if line)
        call = Call(head[0].split(" ")[1], headers, await reader.readexactly(int(headers["content-length"])))
        self.calls.append(call)
        does = self.behaviour(call)
        if does == HANG:
            self.waiting.set()
            await reader.read()
        elif does == DIE_IN_THE_MIDDLE:
            writer.write(b"HTTP/1.1 2")
            await writer.drain()
        elif does == GARBAGE:
            writer.write(b"good morning\r\n\r\n")
            await writer.drain()
        elif does == REDIRECT:
            writer.write(
                f"HTTP/1.1 302 Found\r\nlocation: {self.url}&moved=1\r\ncontent-length: 0\r\n\r\n".encode()
            )
            await writer.drain()
        elif does != DIE:
            status = int(does)
            if status in range(200, 300):
                self.taken.append(call)
            writer.write(f"HTTP/1.1 {status} So\r\nset-cookie: seen=1\r\ncontent-length: 2\r\n\r\nok".encode())
            await writer.drain()


@asynccontextmanager
async def receiving(behaviour: Behaviour = lambda _: 200) -> AsyncIterator[Receiver]:
    """A receiver, as long as the block lasts."""
    found = Receiver(behaviour=behaviour)
    server = await asyncio.start_server(found.answer, "127.0.0.1", 0)
    found.port = server.sockets[0].getsockname()[1]
    try:
        yield found
    finally:
        server.close()


def signatures(call: Call, secret: str) -> bool:
    """Whether one of a call's signatures is the one that the scheme's own library makes with a secret."""
    from datetime import UTC, datetime

    at = datetime.fromtimestamp(int(call.headers["webhook-timestamp"]), UTC)
    made = Webhook(secret).sign(call.name, at, call.body.decode())
    return made in call.headers["webhook-signature"].split(" ")
