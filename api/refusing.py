"""Refusing: requests that are answered before anything of them is run, in the words of GraphQL over HTTP."""

import asyncio
import logging
from collections.abc import Mapping

import orjson
from cross_web import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive

from api import log
from api.negotiation import GRAPHQL, JSON, language, negotiate
from api.watching import REFUSED
from models.database import is_away
from schema import words

BODY_MAX = 256 * 1024
"""Bytes of a request's body."""

BODY_SECONDS = 10.0
"""How long a request may take to arrive whole."""

AWAY_SECONDS = 2
"""After how long a client asks again whether the database is back."""

PASSES = {"TIMEOUT", "UNAVAILABLE"}
"""The codes of what passes by itself."""

_log = logging.getLogger("loyalty.faults")


class Refused(HTTPException):
    """A request that is answered before anything of it is executed."""

    def __init__(
        self,
        status: int,
        reason: str,
        code: str = "BAD_REQUEST",
        allow: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, reason)
        self.code = code
        self.headers = {**(headers or {}), **({"allow": allow} if allow else {})}


def bounded(receive: Receive) -> Receive:
    """A body's messages, up to a size and a moment; beyond them the request is refused without being read on."""
    size, whole = 0, False
    ends_at = asyncio.get_running_loop().time() + BODY_SECONDS

    async def next_message() -> Message:
        nonlocal size, whole
        try:
            async with asyncio.timeout_at(None if whole else ends_at):
                message = await receive()
        except TimeoutError:
            said = f"The request did not arrive within {BODY_SECONDS:g} seconds."
            raise Refused(408, said, "TIMEOUT", headers={"connection": "close"}) from None
        size += len(message.get("body", b""))
        whole = not message.get("more_body", False)
        if size > BODY_MAX:
            raise Refused(413, f"The body is larger than {BODY_MAX} bytes.", headers={"connection": "close"})
        return message

    return next_message


def broken(error: Exception) -> Refused:
    """The refusal of a request that met a fault before anything of it was run; the fault is logged."""
    if is_away(error) or isinstance(error, TimeoutError):
        _log.error("the database is away: %s", type(error).__name__)
        said = "The service is away for a moment. Nothing was done: send the same again."
        return Refused(503, said, "UNAVAILABLE", headers={"retry-after": str(AWAY_SECONDS)})
    _log.error("fault before an operation", exc_info=error)
    return Refused(500, "Something broke on our side.", "INTERNAL_SERVER_ERROR")


def refusal(request: Request, refused: HTTPException) -> Response:
    """What a refused request is answered."""
    status, code = refused.status_code, "BAD_REQUEST"
    headers: dict[str, str] = {}
    if isinstance(refused, Refused):
        code, headers = refused.code, refused.headers
    message = words.said(code, refused.reason, language(request.headers.get("accept-language")))
    told = {"code": code, "requestId": log.request_id.get(), **({"retryable": True} if code in PASSES else {})}
    REFUSED.labels(code, str(status)).inc()
    media = negotiate(request.headers.get("accept"), {GRAPHQL, JSON}) or JSON
    body = orjson.dumps({"errors": [{"message": message, "extensions": told}]})
    return Response(body, status, {"content-type": f"{media}; charset=utf-8", **headers})
