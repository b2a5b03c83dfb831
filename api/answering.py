"""Answering: what came of an operation, as the status, the headers and the JSON of an HTTP response."""

from collections.abc import Mapping
from typing import Any, TypeAlias

import orjson
from graphql import ExecutionResult
from starlette.types import Send

from api.connections import Cycle
from api.negotiation import GRAPHQL, JSON

Answer: TypeAlias = tuple[int, list[tuple[bytes, bytes]], bytes]
"""A status, the headers, and the body."""

AWAY_SECONDS = 2
"""After how long a client asks again whether the database is back."""

NO_STORE = (b"cache-control", b"no-store")
LABELS = {media: (b"content-type", f"{media}; charset=utf-8".encode()) for media in (GRAPHQL, JSON)}
"""The header that says what an answer is."""


def answer(result: ExecutionResult, media: str) -> Answer:
    """What an operation came to, labelled as the client asked; a request error leaves `data` out and is a 400."""
    told: dict[str, Any] = {"data": result.data}
    status, headers = 200, [LABELS[media], NO_STORE]
    if result.errors:
        told["errors"] = [each.formatted for each in result.errors]
        status = _failed(told, media, headers)
    if result.extensions:
        told["extensions"] = result.extensions
    return status, headers, orjson.dumps(told)


def _failed(told: dict[str, Any], media: str, headers: list[tuple[bytes, bytes]]) -> int:
    """The status of an answer with errors; what of the answer and its headers that changes is changed."""
    status, data, errors = 200, told["data"], told["errors"]
    if data is None and not any("path" in error or _code(error) == "TIMEOUT" for error in errors):
        del told["data"]
        status = 400 if media == GRAPHQL else 200
    if waits := [error["extensions"] for error in errors if _code(error) == "RATE_LIMITED"]:
        # nothing was run, so that this is a matter of HTTP, whatever the client accepts
        status = 429
        headers.append((b"retry-after", b"%d" % waits[0]["retryAfterSeconds"]))
    elif any(_code(error) == "UNAVAILABLE" for error in errors) and not any((data or {}).values()):
        # nothing was answered, and whoever stands between should know
        status = 503
        headers.append((b"retry-after", b"%d" % AWAY_SECONDS))
    return status


def page(text: str, headers: Mapping[str, str]) -> Answer:
    """A page for a browser."""
    told = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    return 200, [(b"content-type", b"text/html; charset=utf-8"), *told], text.encode()


def is_given(answer: Answer, request_id: str, send: Send) -> bool:
    """Whether an answer could be given at once, with the name of the request it is to; else it is to be sent."""
    status, headers, body = answer
    cycle = getattr(send, "__self__", None)
    own = b"content-length: %d\r\nx-request-id: %b\r\n" % (len(body), request_id.encode())
    return isinstance(cycle, Cycle) and cycle.answers(status, headers, own, body)


async def give(answer: Answer, request_id: str, send: Send) -> None:
    """Send an answer, with the name of the request it is to."""
    status, headers, body = answer
    headers += ((b"content-length", b"%d" % len(body)), (b"x-request-id", request_id.encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _code(error: Any) -> str | None:
    code: str | None = error.get("extensions", {}).get("code")
    return code
