"""Refusing: requests that are answered before anything of them is run, in the words of GraphQL over HTTP."""

import logging
from collections.abc import Mapping

import orjson

from api import log
from api.answering import AWAY_SECONDS, LABELS, NO_STORE, Answer
from api.negotiation import JSON, language, media_of
from api.watching import REFUSED
from models.database import is_away
from schema import words

PASSES = {"TIMEOUT", "UNAVAILABLE"}
"""The codes of what passes by itself."""

_log = logging.getLogger("loyalty.faults")


class Refused(Exception):  # noqa: N818  the client's mistake
    """A request that is answered before anything of it is executed."""

    def __init__(
        self,
        status: int,
        reason: str,
        code: str = "BAD_REQUEST",
        allow: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.code = code
        self.headers = {**(headers or {}), **({"allow": allow} if allow else {})}


def broken(error: Exception) -> Refused:
    """The refusal of a request that met a fault before anything of it was run; the fault is logged."""
    if is_away(error) or isinstance(error, TimeoutError):
        _log.error("the database is away: %s", type(error).__name__)
        said = "The service is away for a moment. Nothing was done: send the same again."
        return Refused(503, said, "UNAVAILABLE", headers={"retry-after": str(AWAY_SECONDS)})
    _log.error("fault before an operation", exc_info=error)
    return Refused(500, "Something broke on our side.", "INTERNAL_SERVER_ERROR")


def refusal(refused: Refused, accept: str | None, accept_language: str | None) -> Answer:
    """What a refused request is answered."""
    code = refused.code
    message = words.said(code, refused.reason, language(accept_language))
    told = {"code": code, "requestId": log.request_id.get(), **({"retryable": True} if code in PASSES else {})}
    REFUSED.labels(code, str(refused.status)).inc()
    headers = [(name.encode(), value.encode()) for name, value in refused.headers.items()]
    body = orjson.dumps({"errors": [{"message": message, "extensions": told}]})
    return refused.status, [LABELS[media_of(accept) or JSON], NO_STORE, *headers], body
