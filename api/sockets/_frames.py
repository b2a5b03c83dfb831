"""Frames: what a client may send over the socket, read as strictly as the protocol has it."""

from dataclasses import dataclass
from typing import Any

import orjson
from graphql import GraphQLError
from starlette.types import Message

from api import documents
from api.documents import Asked

FRAME_MAX = 64 * 1024
"""Bytes of a frame."""

ID_MAX = 128
INIT, SUBSCRIBE, COMPLETE, PING, PONG = "connection_init", "subscribe", "complete", "ping", "pong"
NAMED = {SUBSCRIBE, COMPLETE}
TYPES = {INIT, PING, PONG, *NAMED}


class Malformed(Exception):  # noqa: N818  a mistake in the request
    """A frame that is none of graphql-transport-ws."""


@dataclass(frozen=True, slots=True)
class Said:
    """One message of a client."""

    type: str
    id: str
    payload: dict[str, Any]


def read(frame: Message) -> Said:
    """The message in a frame, which comes from outside and may be anything.

    Raises: Malformed.
    """
    text = frame.get("text")
    if not isinstance(text, str):
        raise Malformed("A frame is text.")
    if len(text) > FRAME_MAX or len(text.encode("utf-8", "surrogatepass")) > FRAME_MAX:
        raise Malformed(f"A frame has at most {FRAME_MAX} bytes.")
    try:
        body = orjson.loads(text)
    except (orjson.JSONDecodeError, RecursionError):
        raise Malformed("A frame is JSON.") from None
    if not isinstance(body, dict):
        raise Malformed("A message is a JSON object.")
    return _message(body)


def _message(body: dict[str, Any]) -> Said:
    kind, name, payload = body.get("type"), body.get("id"), body.get("payload")
    if not isinstance(kind, str) or kind not in TYPES:
        raise Malformed(f"A message has a `type`: {', '.join(sorted(TYPES))}.")
    if kind in NAMED and not (isinstance(name, str) and 0 < len(name) <= ID_MAX):
        raise Malformed(f"`{kind}` has an `id`: 1 to {ID_MAX} characters.")
    if not isinstance(payload, dict | None):
        raise Malformed("`payload` is an object.")
    return Said(kind, name if isinstance(name, str) else "", payload or {})


@dataclass(frozen=True, slots=True)
class Operation:
    """What a subscribe message asks for, its document by its text or by its hash."""

    meant: Asked
    name: str | None
    variables: dict[str, Any] | None


def operation(payload: dict[str, Any]) -> Operation:
    """The operation a subscribe message asks for.

    Raises: Malformed.
    """
    for name, kind, said in (
        ("query", str | None, "a string"),
        ("operationName", str | None, "a string"),
        ("variables", dict | None, "an object"),
        ("extensions", dict | None, "an object"),
    ):
        if not isinstance(payload.get(name), kind):
            raise Malformed(f"`payload.{name}` is {said}.")
    if not {"query", "documentId", "extensions"} & payload.keys():
        raise Malformed("`payload.query` is a string.")
    try:
        meant = documents.asked(payload)
    except GraphQLError as error:
        raise Malformed(error.message) from error
    return Operation(meant, payload.get("operationName") or None, payload.get("variables"))


CREDENTIALS = ("authorization", "token", "accesstoken", "access_token")


def told(payload: dict[str, Any]) -> dict[str, str]:
    """What the first message says beside the handshake, as headers: the credential and the language.

    Raises: Malformed, for a credential that is no text.
    """
    nested = payload.get("headers")
    said = {**(nested if isinstance(nested, dict) else {}), **payload}
    by_name = {name.lower(): value for name, value in said.items()}
    found: dict[str, str] = {}
    for name in CREDENTIALS:
        value = by_name.get(name)
        if value is not None and not isinstance(value, str):
            raise Malformed(f"`payload.{name}` is a string.")
        if value and "authorization" not in found:
            bare = name != "authorization" or " " not in value.strip()
            found["authorization"] = f"Bearer {value}" if bare else value
    language = by_name.get("accept-language")
    if isinstance(language, str):
        found["accept-language"] = language
    return found
