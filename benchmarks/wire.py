"""The wire: one HTTP/1.1 connection to a server on this machine, cut whenever a benchmark likes."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import orjson

HOST = "127.0.0.1"
ANSWER_SECONDS = 60.0


class Cut(Exception):  # noqa: N818  an outcome, not a mistake
    """The connection ended before the whole answer was here: what was asked may be done, or not."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: a status, and the JSON it carried."""

    status: int
    body: dict[str, Any]

    @property
    def is_sound(self) -> bool:
        """Whether the server understood and did not break."""
        return self.status == 200 and not self.body.get("errors")

    def field(self, name: str) -> Any:
        """The answer of one root field.

        Raises: AssertionError, when the server answered with errors.
        """
        if not self.is_sound:
            raise AssertionError(f"HTTP {self.status}: {self.body}")
        return self.body["data"][name]


class Line:
    """One connection, kept alive; requests go one after another."""

    def __init__(self, port: int, token: str = "") -> None:
        self.port = port
        self.token = token
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def open(self) -> "Line":
        """Connect.

        Raises: Cut.
        """
        try:
            self._reader, self._writer = await asyncio.open_connection(HOST, self.port)
        except OSError as error:
            raise Cut(str(error)) from error
        return self

    async def ask(self, document: str, variables: dict[str, Any] | None = None) -> Answer:
        """Send an operation and wait for its answer.

        Raises: Cut.
        """
        self.send(document, variables)
        return await self.receive()

    def send(self, document: str, variables: dict[str, Any] | None = None, *, part: float = 1.0) -> None:
        """Send an operation, or only the first part of it, and do not wait."""
        body = orjson.dumps({"query": document, "variables": variables or {}})
        credential = f"authorization: Bearer {self.token}\r\n" if self.token else ""
        head = (
            f"POST /graphql HTTP/1.1\r\nhost: {HOST}\r\ncontent-type: application/json\r\n{credential}"
            f"content-length: {len(body)}\r\n\r\n"
        )
        whole = head.encode() + body
        self._write(whole[: int(len(whole) * part)])

    async def get(self, path: str) -> Answer:
        """Fetch a page of the server's.

        Raises: Cut.
        """
        self._write(f"GET {path} HTTP/1.1\r\nhost: {HOST}\r\n\r\n".encode())
        return await self.receive()

    async def receive(self) -> Answer:
        """The next answer, whole.

        Raises: Cut.
        """
        if self._reader is None:
            raise Cut("not connected")
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
                length = int(head.split("content-length:", 1)[1].split("\r\n", 1)[0])
                body = await self._reader.readexactly(length)
        except (OSError, asyncio.IncompleteReadError, TimeoutError) as error:
            raise Cut(type(error).__name__) from error
        return Answer(int(head.split(" ", 2)[1]), orjson.loads(body))

    def _write(self, data: bytes) -> None:
        if self._writer is None:
            raise Cut("not connected")
        self._writer.write(data)

    def abort(self) -> None:
        """Cut the connection at once, whatever is under way."""
        if self._writer is not None:
            self._writer.transport.abort()
        self._reader = self._writer = None

    async def close(self) -> None:
        """Hang up."""
        writer, self._reader, self._writer = self._writer, None, None
        if writer is not None:
            writer.close()
            try:
                await writer.wait_closed()
            except OSError:
                return


@asynccontextmanager
async def lines(ports: Sequence[int], token: str, count: int) -> AsyncIterator[list[Line]]:
    """So many open connections, spread evenly over the servers' ports."""
    made = [Line(ports[place % len(ports)], token) for place in range(count)]
    try:
        await asyncio.gather(*(line.open() for line in made))
        yield made
    finally:
        await asyncio.gather(*(line.close() for line in made))
