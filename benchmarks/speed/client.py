"""The client: a process of its own that sends requests over kept-alive connections and takes the time of each.

It reads one job a line as JSON from standard input, and answers each with one line. A job is bounded in time and in
requests. Every answer must have the status 200 and no `errors`; one in so many is read whole.
"""

import asyncio
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from random import Random  # noqa: TID251  a benchmark takes a seed
from typing import Any, cast
from uuid import uuid4

import httptools
import orjson
import uvloop

from benchmarks.speed.cases import KEY

HOST = "127.0.0.1"
READ_WHOLE_EVERY = 25
FAILURES_TOLD = 5
PATIENCE_SECONDS = 15.0
MARK = KEY.encode()


@dataclass(frozen=True, slots=True)
class Job:
    """What to send where: for so many seconds, or so many requests, whichever ends first."""

    port: int
    requests: str
    """A file with one request a line, each a JSON text of the whole HTTP message."""
    connections: int
    seconds: float
    most: int
    seed: int


@dataclass(slots=True)
class Outcome:
    """What came of a job."""

    count: int = 0
    seconds: float = 0.0
    p50_ms: float = 0.0
    p99_ms: float = 0.0
    failures: list[str] = field(default_factory=list)
    failed: int = 0


class Work:
    """One job under way."""

    def __init__(self, job: Job, messages: list[bytes]) -> None:
        start = Random(job.seed).randrange(len(messages))
        self._turn: Iterator[bytes] = islice(_round(messages, start), job.most)
        self._ends_at = time.perf_counter() + job.seconds
        self.outcome = Outcome()
        self.times: list[float] = []

    def next(self) -> bytes | None:
        """The next message to send; None when it is time to end."""
        if time.perf_counter() >= self._ends_at:
            return None
        message = next(self._turn, None)
        return message and message.replace(MARK, uuid4().hex.encode())

    def take(self, seconds: float, status: int, body: bytes) -> None:
        """Note an answer."""
        self.times.append(seconds)
        if status != 200 or b'"errors":' in body or not self._is_whole(body):
            self.fail(f"HTTP {status}: {body[:400].decode(errors='replace')}")

    def _is_whole(self, body: bytes) -> bool:
        return len(self.times) % READ_WHOLE_EVERY != 1 or is_sound(body)

    def fail(self, why: str) -> None:
        """Note that something went wrong."""
        self.outcome.failed += 1
        if len(self.outcome.failures) < FAILURES_TOLD:
            self.outcome.failures.append(why)


def _round(messages: list[bytes], start: int) -> Iterator[bytes]:
    while True:
        yield from messages[start:]
        start = 0


def is_sound(body: bytes) -> bool:
    """Whether an answer holds data, and no refusal anywhere."""
    try:
        data = orjson.loads(body)["data"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return False
    return bool(data) and not _refusals(data)


def _refusals(value: Any) -> bool:
    if isinstance(value, dict):
        return bool(value.get("userErrors")) or any(map(_refusals, value.values()))
    return isinstance(value, list) and any(map(_refusals, value))


class Line(asyncio.Protocol):
    """One connection: sends, waits for the answer, sends again."""

    def __init__(self, work: Work, done: "asyncio.Future[None]") -> None:
        self.work, self.done = work, done
        self.transport: asyncio.WriteTransport | None = None
        self.sent_at = 0.0
        self.body: list[bytes] = []
        self.parser = httptools.HttpResponseParser(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self.transport = cast("asyncio.WriteTransport", transport)
        self._send()

    def _send(self) -> None:
        assert self.transport is not None
        message = self.work.next()
        if message is None:
            self.transport.close()
        else:
            self.sent_at = time.perf_counter()
            self.transport.write(message)

    def data_received(self, data: bytes) -> None:
        """Go on reading."""
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserError as error:
            self.work.fail(repr(error))
            self._give_up()

    def on_body(self, part: bytes) -> None:
        """A part of the answer."""
        self.body.append(part)

    def on_message_complete(self) -> None:
        """The answer is here."""
        seconds = time.perf_counter() - self.sent_at
        self.work.take(seconds, self.parser.get_status_code(), b"".join(self.body))
        keeps = self.parser.should_keep_alive()
        self.body = []
        if keeps:
            self._send()
        else:
            self.work.fail("The server hung up.")
            self._give_up()

    def _give_up(self) -> None:
        if self.transport is not None:
            self.transport.abort()

    def connection_lost(self, error: Exception | None) -> None:
        """The end, whoever wanted it."""
        if error is not None:
            self.work.fail(repr(error))
        if not self.done.done():
            self.done.set_result(None)


async def run(job: Job, messages: list[bytes]) -> Outcome:
    """Do one job."""
    loop = asyncio.get_running_loop()
    work, began = Work(job, messages), time.perf_counter()
    lines = [loop.create_future() for _ in range(job.connections)]
    made = [loop.create_connection(lambda done=done: Line(work, done), HOST, job.port) for done in lines]  # type: ignore[misc]
    opened = await asyncio.gather(*made)
    try:
        async with asyncio.timeout(job.seconds + PATIENCE_SECONDS):
            await asyncio.gather(*lines)
    except TimeoutError:
        work.fail("The server answered no more.")
    finally:
        for transport, _ in opened:
            transport.abort()
    return _summed_up(work, time.perf_counter() - began)


def _summed_up(work: Work, seconds: float) -> Outcome:
    found, times = work.outcome, sorted(work.times)
    found.count, found.seconds = len(times), seconds
    if times:
        found.p50_ms = times[len(times) // 2] * 1e3
        found.p99_ms = times[min(len(times) - 1, int(len(times) * 0.99))] * 1e3
    return found


def main() -> None:
    """Do one job after another."""
    kept: dict[str, list[bytes]] = {}
    for line in sys.stdin:
        job = Job(**orjson.loads(line))
        if job.requests not in kept:
            kept[job.requests] = [
                orjson.loads(each).encode() for each in Path(job.requests).read_bytes().splitlines()
            ]
        outcome = uvloop.run(run(job, kept[job.requests]))
        sys.stdout.write(orjson.dumps(asdict(outcome)).decode() + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
