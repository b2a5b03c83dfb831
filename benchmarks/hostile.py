"""Hostile requests, one kind after another, over real HTTP; then all of them beside members who look at their home.

They come from an owner, who may ask for most. Success: each is refused (a 4xx, a mistake of the client's in the
answer, null for an id that is none, or for them the schema) for less than 250 ms of the server's processor; the
server's memory grows by less than 50 MB; and while ten of them come every second, the 99th percentile of the homes
is under twice the one without, or under 50 ms, whichever is more. For those who dawdle see `benchmarks.dawdlers`.
"""

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass

import orjson

from api.requests import BODY_MAX
from benchmarks import report
from benchmarks.dawdlers import GROWTH_MB, HOME, MEMBERS, MOST_SECONDS, cpu_seconds, measure, megabytes, new_member
from benchmarks.house import House, Server, fresh_house, postgres_server, serving
from benchmarks.wire import HOST, Cut
from tests.api.test_hostile import HOSTILE, chain, nested

BUDGET_SECONDS = 0.250
TIMES = 5
"""How often each is sent to be measured: the processor's time is told in hundredths of a second."""

EVERY = 0.1
KIB = 1_024
CUT = b'{"errors": [{"extensions": {"code": "cut off"}}]}'


def asked(document: str, variables: object = None) -> bytes:
    """The body of an operation."""
    return orjson.dumps({"query": document, "variables": variables})


def around(what: bytes) -> bytes:
    """A body with that as the variable of an operation."""
    return b'{"query":"query($v: ID!) { node(id: $v) { id } }","variables":{"v":' + what + b"}}"


BODIES: dict[str, bytes] = {
    "250 KiB of [": b"[" * 250 * KIB,
    "250 KiB of lists in a variable": around(b"[" * 120 * KIB + b"]" * 120 * KIB),
    "a list of 120,000 in a variable": around(b"[" + b"0," * 120_000 + b"0]"),
    "objects 1,000 deep in a variable": around(b'{"a":' * 1_000 + b"1" + b"}" * 1_000),
    "lists 500 deep in a variable": around(b"[" * 500 + b"]" * 500),
    "an object of 20,000 parts in a variable": around(
        b"{" + b",".join(b'"k%d":0' % n for n in range(20_000)) + b"}"
    ),
    "20,000 variables nobody asked for": asked("{ __typename x }", {f"v{n}": n for n in range(20_000)}),
    "20,000 wrong elements of a list": asked(
        "query($v: [ID!]!) { nodes(ids: $v) { id } }", {"v": [{} for _ in range(20_000)]}
    ),
    "20,000 wrong parts of an input": asked(
        "query($v: PointsRedeemPreviewInput!) { pointsRedeemPreview(input: $v) { allowed } }",
        {"v": {f"k{n}": n for n in range(20_000)}},
    ),
    "50,000 ids": asked("query($v: [ID!]!) { nodes(ids: $v) { id } }", {"v": ["x"] * 50_000}),
    "a number of 10,000 digits": around(b"9" * 10_000),
    "a fraction of 10,000 digits": around(b"0." + b"9" * 10_000),
    "a number beyond all numbers": around(b"1e999999"),
    "a string of 1 MB": around(b'"' + b"x" * 1_000_000 + b'"'),
    "a string of 200 KiB": around(b'"' + b"x" * 200 * KIB + b'"'),
    "a string of 40,000 escapes": around(b'"' + b"\\u0000" * 40_000 + b'"'),
    "a string of 100,000 combining marks": around(b'"' + "\u0301".encode() * 100_000 + b'"'),
    "UTF-8 that is none": around(b'"\xff\xfe\xc3\x28"'),
    "half a pair of surrogates": around(b'"\\ud800"'),
    "nothing but zeros": bytes(200 * KIB),
    "a batch of 1,000": b"[" + b",".join([asked("{ __typename }")] * 1_000) + b"]",
    "a form": b"query=%7B__typename%7D",
    "a document of 250 KiB": asked("{ a" + " b" * 125 * KIB + " }"),
    "a hash of 100 KiB": orjson.dumps({"documentId": "sha256:" + "a" * 100 * KIB}),
    "fragments that spread each other": asked(chain(95, "...F{next} ...F{next} ...F{next}")),
    "lists in lists in a default": asked(
        "query($v: [ID!] = " + "[" * 900 + "]" * 900 + ") { nodes(ids: $v) { id } }"
    ),
    "deep introspection again": asked(
        "{ __schema { " + nested("types { interfaces", 30, "name") + " }" * 60 + " } }"
    ),
}


@dataclass(frozen=True, slots=True)
class Refused:
    """How one request was answered."""

    status: int
    body: bytes

    @property
    def is_refused(self) -> bool:
        """Whether it was told in words that it is wrong, or that there is nothing of the kind."""
        if self.status >= 500:
            return False
        said = orjson.loads(self.body)
        mistakes = said.get("errors", ())
        if mistakes:
            return all(each["extensions"]["code"] for each in mistakes)
        return "__schema" in said["data"] or not any(said["data"].values())


def requests(token: str) -> dict[str, bytes]:
    """Every hostile request, head and body."""
    bodies = {**{name: asked(document) for name, document in HOSTILE.items()}, **BODIES}
    return {name: _request(name, body, token) for name, body in bodies.items()}


def _request(name: str, body: bytes, token: str) -> bytes:
    media = "application/x-www-form-urlencoded" if name == "a form" else "application/json"
    head = f"POST /graphql HTTP/1.1\r\nhost: {HOST}\r\ncontent-type: {media}\r\nconnection: close\r\n"
    return f"{head}authorization: Bearer {token}\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body


async def send(port: int, request: bytes) -> Refused:
    """Send a request on a connection of its own. Whoever sends too much may be cut off before reading why: a 413.

    Raises: Cut, TimeoutError, when there is no whole answer.
    """
    reader, writer = await asyncio.open_connection(HOST, port)
    try:
        writer.write(request)
        async with asyncio.timeout(20.0):
            answer = await reader.read()
    except ConnectionResetError:
        if len(request) > BODY_MAX:
            return Refused(413, CUT)
        raise
    finally:
        writer.transport.abort()
    head, _, body = answer.partition(b"\r\n\r\n")
    if not head:
        raise Cut("no answer")
    return Refused(int(head.split(b" ", 2)[1]), body)


async def each_alone(house: House, server: Server) -> list[str]:
    """Send each kind by itself, and say what it cost the server."""
    failures = []
    for name, request in requests(house.staff).items():
        before, began = cpu_seconds(server), time.perf_counter()
        try:
            answers = [await send(server.port, request) for _ in range(TIMES)]
        except (Cut, OSError) as error:
            failures.append(f"{name}: {type(error).__name__} {error}")
            continue
        cpu, took = (cpu_seconds(server) - before) / TIMES, (time.perf_counter() - began) / TIMES
        report.say(f"  {answers[0].status}  {cpu * 1e3:5.0f} ms of CPU  {took * 1e3:5.0f} ms  {name}")
        if not all(each.is_refused for each in answers):
            failures.append(f"{name}: not refused, {answers[0].status} {answers[0].body[:300]!r}")
        if cpu > BUDGET_SECONDS:
            failures.append(f"{name}: {cpu * 1e3:.0f} ms of CPU")
    return failures


async def attack(server: Server, token: str, sent: list[int]) -> None:
    """Send all of them, again and again, for ever, ten a second."""
    hostile = list(requests(token).values())
    async with asyncio.TaskGroup() as under_way:
        while True:
            under_way.create_task(send(server.port, hostile[sent[0] % len(hostile)]))
            sent[0] += 1
            await asyncio.sleep(EVERY)


async def beside(house: House, server: Server, seconds: float) -> list[str]:
    """The homes without and with an attack; the failures are returned, the figures printed."""
    token = (await house.command("token", "member", await new_member(house, server.port))).strip()
    await measure(server, token, 1.0)
    alone = await measure(server, token, seconds)
    sent = [0]
    attacker = asyncio.create_task(attack(server, house.staff, sent))
    try:
        attacked = await measure(server, token, seconds)
    finally:
        attacker.cancel()
        with suppress(asyncio.CancelledError):
            await attacker
    pace = sent[0] / seconds
    report.say(f"  {MEMBERS} members alone: {len(alone) / seconds:.0f}/s, {report.spread(alone)}")
    report.say(f"  beside {pace:.0f} a second: {len(attacked) / seconds:.0f}/s, {report.spread(attacked)}")
    p99 = [found[int(len(found) * 0.99)] for found in (alone, attacked)]
    if p99[1] > max(2 * p99[0], MOST_SECONDS):
        return [f"p99 was {p99[0] * 1e3:.0f} ms and is {p99[1] * 1e3:.0f} ms"]
    return []


async def main(database: str, seed: int, seconds: float) -> list[str]:
    """Attack each database."""
    report.heading("hostile", seed)
    failures: list[str] = []
    with postgres_server(database) as cluster:
        for each in report.databases(database):
            report.say(each)
            async with fresh_house(each, cluster) as house, serving(house, LOYALTY_TRUSTED_ONLY="off") as [server]:
                await send(server.port, _request("", asked(HOME), ""))
                before = megabytes(server)
                failures += await each_alone(house, server)
                failures += await beside(house, server, seconds)
                grown = megabytes(server) - before
                report.say(f"  the server grew by {grown:.0f} MB from {before:.0f} MB")
                failures += [f"the server grew by {grown:.0f} MB"] if grown > GROWTH_MB else []
    return failures


if __name__ == "__main__":
    options = report.arguments(__doc__)
    options.add_argument("--seconds", type=float, default=10.0)
    given = options.parse_args()
    report.run(main(given.database, given.seed, given.seconds))
