"""The activation page: where somebody who was invited chooses a password and sets up their second factor.

The invitation stands behind the # of the link, which browsers keep to themselves: it reaches no log of any server.
"""

import secrets
from functools import cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route


@cache
def _text() -> str:
    return (Path(__file__).parent / "static" / "activate.html").read_text(encoding="utf-8")


def _page(_: Request) -> Response:
    nonce = secrets.token_urlsafe(16)
    policy = (
        f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; connect-src 'self'; "
        "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    headers = {
        "content-security-policy": policy,
        "cache-control": "no-store",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
    }
    return HTMLResponse(_text().replace("{nonce}", nonce), headers=headers)


def route() -> Route:
    """The page's place."""
    return Route("/activate", _page, methods=["GET"])
