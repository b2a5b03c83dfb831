"""Answers: whether all servers say the same, before it is measured how dear it is to say so."""

import base64
import http.client
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import orjson

from benchmarks.report import say
from benchmarks.speed.cases import KEY, Case
from benchmarks.speed.operations import Operation
from benchmarks.speed.requests import messages
from benchmarks.speed.running import Running
from benchmarks.speed.servers import HOST, Server

CURSOR = "WzEs"
"""How a cursor of ours begins: the first version of a list, in base64."""

MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d")
SHOWN = 5
SECONDS = 30


class Disagreement(Exception):  # noqa: N818  the end of a run
    """Two servers do not answer alike, or one does not answer."""


def ask(port: int, message: str) -> Any:
    """The data one server answers one message with.

    Raises: Disagreement.
    """
    head, _, body = message.partition("\r\n\r\n")
    first, *lines = head.split("\r\n")
    method, path, _ = first.split(" ")
    connection = http.client.HTTPConnection(HOST, port, timeout=SECONDS)
    try:
        headers = dict(line.split(": ", 1) for line in lines)
        connection.request(method, path, body.encode(), headers)
        answer = connection.getresponse()
        text = answer.read()
    except OSError as error:
        raise Disagreement(f"no answer: {error!r}") from error
    finally:
        connection.close()
    told = orjson.loads(text) if text else None
    if answer.status != 200 or not isinstance(told, dict) or told.get("errors") or not told.get("data"):
        raise Disagreement(f"HTTP {answer.status}: {text[:1000].decode(errors='replace')}")
    return told["data"]


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every leaf of an answer with its path, moments as moments."""
    if isinstance(value, dict):
        for name, each in value.items():
            yield from leaves(each, f"{path}.{name}")
    elif isinstance(value, list):
        for place, each in enumerate(value):
            yield from leaves(each, f"{path}[{place}]")
    else:
        yield path, _canonical(value)


def _canonical(value: Any) -> Any:
    if isinstance(value, str) and MOMENT.match(value):
        return datetime.fromisoformat(value).astimezone(UTC)
    if isinstance(value, str) and value.startswith(CURSOR):
        key = orjson.loads(base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)))
        return tuple(_canonical(part) for part in key)
    return value


def compare(operation: Operation, servers: Sequence[Running], cases: Sequence[Case]) -> dict[str, tuple[int, int]]:
    """See that all servers answer these cases alike; how many leaves and bytes each one's first answer has.

    Raises: Disagreement.
    """
    sizes: dict[str, tuple[int, int]] = {}
    for case in cases:
        first: list[tuple[str, Any]] | None = None
        for running in servers:
            data = _answer(operation, running, case)
            found = [each for each in leaves(data) if each[0].rpartition(".")[2] not in operation.differs]
            sizes.setdefault(running.server.name, (len(list(leaves(data))), len(orjson.dumps({"data": data}))))
            if first is None:
                first = found
            else:
                _see_alike(operation, running.server, servers[0].server, first, found)
    return sizes


def able(operation: Operation, servers: Sequence[Running], case: Case) -> list[Running]:
    """Those servers whose schema has what a given document asks for; of the others it is said why not."""
    found: list[Running] = []
    for running in servers:
        try:
            _answer(operation, running, case)
        except Disagreement as why:
            if not found:
                raise  # ours comes first, and answers everything
            say(f"without {running.server.name}: {str(why)[:300]}")
        else:
            found.append(running)
    return found


def _answer(operation: Operation, running: Running, case: Case) -> Any:
    text = orjson.loads(messages(running.server, operation, [case]))
    try:
        return ask(running.port, text.replace(KEY, uuid4().hex))
    except Disagreement as error:
        raise Disagreement(f"{operation.name}: {running.server.name}: {error}") from error


def _see_alike(
    operation: Operation,
    server: Server,
    base: Server,
    expected: list[tuple[str, Any]],
    found: list[tuple[str, Any]],
) -> None:
    """Leaf by leaf where both speak one dialect, else by how many leaves there are.

    Raises: Disagreement.
    """
    who = f"{operation.name}: {server.name} does not answer as {base.name} does"
    if not operation.asked[server.dialect].alike:
        if len(expected) != len(found):
            raise Disagreement(f"{who}: {len(found)} leaves, not {len(expected)}")
        return
    if sorted(expected, key=_path) == sorted(found, key=_path):
        return
    one, other = dict(expected), dict(found)
    paths = [path for path in sorted({*one, *other}) if one.get(path, ...) != other.get(path, ...)]
    told = "\n".join(
        f"  {path}: {one.get(path, 'nothing')!r}, {other.get(path, 'nothing')!r}" for path in paths[:SHOWN]
    )
    raise Disagreement(f"{who} in {len(paths)} leaves:\n{told}")


def _path(leaf: tuple[str, Any]) -> str:
    return leaf[0]
