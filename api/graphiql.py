"""GraphiQL that works offline: one page, its files from our own server, and a strict content policy."""

import gzip
import hashlib
import html
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

_FOLDER = Path(__file__).parent / "static" / "graphiql"
_PATH = "/static/graphiql"
_STYLES = ("graphiql.min.css", "explorer.css", "playground.css")
_SCRIPTS = (
    "react.production.min.js",
    "react-dom.production.min.js",
    "graphiql.min.js",
    "explorer.umd.js",
    "playground.js",
)
_LICENSES = "LICENSES.md"
_MEDIA_TYPES = {".css": "text/css", ".js": "text/javascript", ".md": "text/plain"}
_NOT_MODIFIED = 304

PAGE_HEADERS: Mapping[str, str] = {
    # GraphiQL's dialogs write <style> elements of their own, so styles stay open; scripts are ours alone.
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src data:; "
        "img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "cache-control": "no-store",  # the page carries tokens
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "vary": "accept",
}
"""The headers that every answer with `page` must carry."""


@dataclass(frozen=True, slots=True)
class Tab:
    """An example to open with: a document, and the JSON of its variables and headers as they are typed."""

    query: str
    variables: str = ""
    headers: str = ""


def page(tabs: Sequence[Tab], tokens: Mapping[str, str]) -> str:
    """The page, for the address it is served from. `tokens` are role and token of the switch, in its order.

    Tokens are for development: the page holds them, and the browser keeps them with the tabs. Without tokens
    there is no switch, and the browser keeps no header.
    """
    given = orjson.dumps({"tabs": [asdict(tab) for tab in tabs], "tokens": dict(tokens)}).decode()
    styles = "\n".join(f'<link rel="stylesheet" href="{_address(name)}">' for name in _STYLES)
    scripts = "\n".join(f'<script src="{_address(name)}"></script>' for name in _SCRIPTS)
    # "<" is the one sign by which text could end the element it stands in.
    return _PAGE.format(styles=styles, scripts=scripts, given=given.replace("<", "\\u003c"))


def routes() -> list[BaseRoute]:
    """The page's files, each under an address that changes with its content."""
    return [Route(f"{_PATH}/{{name}}", _serve)]


_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Loyalty · GraphiQL</title>
<link rel="icon" href="data:,">
{styles}
</head>
<body>
<div id="graphiql">Loading …</div>
<script id="given" type="application/json">{given}</script>
{scripts}
</body>
</html>
"""


@dataclass(frozen=True, slots=True)
class _File:
    body: bytes
    digest: str
    media_type: str


@cache
def _file(name: str) -> _File:
    body = (_FOLDER / name).read_bytes()
    return _File(body, hashlib.sha256(body).hexdigest(), _MEDIA_TYPES[Path(name).suffix])


@cache
def _gzipped(name: str) -> bytes:
    return gzip.compress(_file(name).body, compresslevel=6, mtime=0)


def _address(name: str) -> str:
    return html.escape(f"{_PATH}/{name}?v={_file(name).digest[:12]}")


def _serve(request: Request) -> Response:
    """One file. Not async: the first answer reads and compresses megabytes, which is a thread's work."""
    name = request.path_params["name"]
    if name not in (*_STYLES, *_SCRIPTS, _LICENSES):  # a list, so that no path reaches outside the folder
        return Response("Not found", 404, media_type="text/plain")
    file = _file(name)
    current = request.query_params.get("v") == file.digest[:12]
    headers = {
        "cache-control": "public, max-age=31536000, immutable" if current else "no-cache",
        "etag": f'W/"{file.digest[:32]}"',
        "vary": "accept-encoding",
        "x-content-type-options": "nosniff",
    }
    if headers["etag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=_NOT_MODIFIED, headers=headers)
    body = file.body
    if "gzip" in request.headers.get("accept-encoding", ""):
        body, headers["content-encoding"] = _gzipped(name), "gzip"
    return Response(body, headers=headers, media_type=file.media_type)
