"""Requests: what is sent to each server for each operation, as whole HTTP messages."""

import hashlib
from collections.abc import Sequence
from typing import Any

import orjson

from benchmarks.speed.cases import Case
from benchmarks.speed.operations import Asking, Operation
from benchmarks.speed.servers import Server


def sha256(document: str) -> str:
    """The name of a document's text, as the house trusts it."""
    return hashlib.sha256(document.encode()).hexdigest()


def manifest(operations: Sequence[Operation], dialect: str) -> bytes:
    """The documents of a dialect by their hashes, as a client's build writes them down."""
    texts = [each.asked[dialect].document for each in operations if dialect in each.asked]
    return orjson.dumps({sha256(text): text for text in texts})


def messages(server: Server, operation: Operation, cases: Sequence[Case]) -> bytes:
    """The messages of these cases as lines of JSON texts."""
    asking = operation.asked[server.dialect]
    path = server.path.format(operation=operation.name)
    return b"\n".join(orjson.dumps(_message(path, each, _body(server, asking, each))) for each in cases)


def _body(server: Server, asking: Asking, case: Case) -> dict[str, Any]:
    variables = asking.variables(case)
    if server.sends == "variables":
        return variables
    if server.sends == "hash":
        return {"documentId": f"sha256:{sha256(asking.document)}", "variables": variables}
    return {"query": asking.document, "variables": variables}


def _message(path: str, case: Case, body: dict[str, Any]) -> str:
    text = orjson.dumps(body).decode()
    return (
        f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\naccept: application/json\r\n"
        f"authorization: Bearer {case.token}\r\ncontent-length: {len(text.encode())}\r\n\r\n{text}"
    )
