"""Requests: the body of one, read within its bounds, and the operation it asks for."""

from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import orjson
from graphql import GraphQLError
from starlette.types import Receive

from api.connections import Cycle
from api.documents import Asked, asked
from api.refusing import Refused
from rules import transactions

BODY_MAX = 256 * 1024
"""Bytes of a request's body."""

PARAMETERS_MAX = 100
"""How many query parameters are read."""

BARE_MAX, BARE = 256, 1_024
"""Bytes of a body that is read but once, and how many such are remembered."""

EMPTY = b'"variables":{}'

KINDS = {"query": str, "operationName": str, "variables": dict, "extensions": dict}
"""What the parts of a request are."""


class Gone(Exception):  # noqa: N818  nobody's error
    """The client hung up before all was said."""


class Said(NamedTuple):
    """The operation a request asks for, its document by its text or by its hash."""

    meant: Asked
    name: str | None
    variables: dict[str, Any] | None


def has_left(receive: Receive | None) -> Callable[[], bool] | None:
    """What tells at any moment whether the client has hung up; None behind a server that does not let on.

    ASGI itself has only `receive` for it, which would have to be waited for beside each operation.
    """
    cycle: Any = getattr(receive, "__self__", None)
    return (lambda: bool(cycle.disconnected)) if hasattr(cycle, "disconnected") else None


def ask_first(receive: Receive | None) -> None:
    """Begin no command for a client who has hung up meanwhile."""
    if left := has_left(receive):
        transactions.ask_first(left)


def whole(receive: Receive) -> bytes | None:
    """A request's body, if all of it is there already and it is not too long; None where it is to be waited for."""
    cycle = getattr(receive, "__self__", None)
    return cycle.whole(BODY_MAX) if isinstance(cycle, Cycle) else None


async def body_of(receive: Receive) -> bytes:
    """A request's body, read up to its limit and no further.

    Raises: Gone, Refused.
    """
    message = await receive()
    if message["type"] == "http.disconnect":
        raise Gone
    body: bytes = message.get("body", b"")
    if not message.get("more_body") and len(body) <= BODY_MAX:
        return body
    pieces, size = [body], len(body)
    while message.get("more_body") and size <= BODY_MAX:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Gone
        pieces.append(message.get("body", b""))
        size += len(pieces[-1])
    if size > BODY_MAX:
        raise Refused(413, f"The body is larger than {BODY_MAX} bytes.", headers={"connection": "close"})
    return b"".join(pieces)


def said(body: bytes) -> Said:
    """What a body says: one JSON object of the right shape, in UTF-8.

    Raises: Refused.
    """
    if len(body) > BARE_MAX:
        return _said(body)
    found = _bare.get(body)
    if found is None:
        found = _said(body)
        if _is_bare(body):
            if len(_bare) >= BARE:
                _bare.clear()
            _bare[body] = found
    return found


_bare: dict[bytes, Said] = {}
"""What bodies say that name a document and give it nothing: everybody's is the same."""


def _is_bare(body: bytes) -> bool:
    """Whether it names a document and gives it nothing, also where it says so twice, or by a detour."""
    gives_nothing = body.count(b"variables") == body.count(EMPTY)
    return gives_nothing and b'"query"' not in body and b"\\" not in body


def _said(body: bytes) -> Said:
    try:
        found = orjson.loads(body)
    except (orjson.JSONDecodeError, RecursionError) as error:
        # deep nesting and long numbers are malformed, too
        raise Refused(400, "The body is not JSON in UTF-8.") from error
    if not isinstance(found, dict):
        raise Refused(400, "The body must be one JSON object.")
    return _operation(found)


def said_by(query: bytes) -> Said:
    """What the query parameters of a GET say.

    Raises: Refused.
    """
    try:
        found: dict[str, Any] = dict(
            parse_qsl(query.decode("latin-1"), keep_blank_values=True, max_num_fields=PARAMETERS_MAX)
        )
        for name in ("variables", "extensions"):
            if text := found.pop(name, None):
                found[name] = orjson.loads(text)
    except (ValueError, RecursionError) as error:
        raise Refused(400, "The query parameters hold malformed JSON.") from error
    return _operation(found)


def _operation(found: dict[str, Any]) -> Said:
    """The operation of a body, which is refused when it looks like none.

    Raises: Refused.
    """
    for field, value in found.items():
        kind = KINDS.get(field)
        if kind is not None and value is not None and not isinstance(value, kind):
            raise Refused(400, f"`{field}` must be {'a string' if kind is str else 'an object'}.")
    try:
        return Said(asked(found), found.get("operationName") or None, found.get("variables"))
    except GraphQLError as error:
        raise Refused(400, error.message) from error
