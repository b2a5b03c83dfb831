"""Negotiation: which media type and which language a client likes best."""

from functools import lru_cache

GRAPHQL, JSON, HTML = "application/graphql-response+json", "application/json", "text/html"


def negotiate(accept: str | None, offers: set[str]) -> str | None:
    """The offer a client likes best, by quality and then by order; None when it likes none.

    >>> negotiate("application/json;q=0.5, application/graphql-response+json", {JSON, GRAPHQL})
    'application/graphql-response+json'
    """
    if not accept:
        return JSON
    best, best_quality = None, 0.0
    for part in accept.split(","):
        name, *parameters = (piece.strip() for piece in part.lower().split(";"))
        media = JSON if name in ("*/*", "application/*") else name
        quality = _quality(parameters)
        if media in offers and quality > best_quality:
            best, best_quality = media, quality
    return best


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return float(parameter[2:])
            except ValueError:
                return 0.0
    return 1.0


LONG = 200
"""Characters of a header beyond which what it means is not remembered."""

HEADERS = 256
"""How many values of each header are remembered."""


def media_of(accept: str | None) -> str | None:
    """The kind of JSON an Accept header likes best; None when it likes nothing that is served here.

    >>> media_of("text/html, application/json;q=0.1")
    'application/json'
    """
    return _media_of(accept) if accept is None or len(accept) <= LONG else _media_of.__wrapped__(accept)


@lru_cache(HEADERS)
def _media_of(accept: str | None) -> str | None:
    if negotiate(accept, {GRAPHQL, JSON, HTML}) is None:
        return None
    return negotiate(accept, {GRAPHQL, JSON}) or JSON


def language(accept: str | None) -> str:
    """`zh` when the client likes Chinese better than English, by quality and then by order; else `en`."""
    return _language(accept) if accept is None or len(accept) <= LONG else _language.__wrapped__(accept)


def wishes(accept: bytes | None, accept_language: bytes | None) -> tuple[str | None, str]:
    """What the two headers of a request come to: the kind of JSON, None when nothing is liked, and the language."""
    if len(accept or b"") + len(accept_language or b"") <= LONG:
        return _wishes(accept, accept_language)
    return _wishes.__wrapped__(accept, accept_language)


@lru_cache(HEADERS)
def _wishes(accept: bytes | None, accept_language: bytes | None) -> tuple[str | None, str]:
    media, spoken = (None if each is None else each.decode("latin-1") for each in (accept, accept_language))
    return media_of(media), language(spoken)


@lru_cache(HEADERS)
def _language(accept: str | None) -> str:
    best, best_quality = "en", 0.0
    for part in (accept or "").split(","):
        name, *parameters = (piece.strip() for piece in part.lower().split(";"))
        quality = _quality(parameters)
        if name[:2] in ("en", "zh") and quality > best_quality:
            best, best_quality = name[:2], quality
    return best
