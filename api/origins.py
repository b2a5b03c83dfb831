"""Origins: from which web pages a browser may open a socket."""

import re
from collections.abc import Collection
from urllib.parse import urlsplit

WECHAT = frozenset({"https://servicewechat.com", "weapp://wechat-game-runtime"})
"""Where mini-programs and mini-games come from, by WeChat's own word."""

LOCAL = r"https?://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?"
"""Where a developer's web build comes from."""


def is_welcome(origin: str | None, host: str | None, allowed: Collection[str], *, is_development: bool) -> bool:
    """Whether a socket may be opened from there: by no browser, WeChat, this server's pages, or an allowed site.

    >>> is_welcome("https://shop.example", "loyalty.example", ["https://shop.example"], is_development=False)
    True
    """
    if origin is None:
        return True
    said = origin.lower()
    is_local = is_development and re.fullmatch(LOCAL, said) is not None
    return said in WECHAT or said in allowed or is_local or _is_own(said, host)


def _is_own(origin: str, host: str | None) -> bool:
    try:
        return bool(host) and urlsplit(origin).netloc == str(host).lower()
    except ValueError:
        return False
