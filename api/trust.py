"""Trust: the certificate authorities this machine knows, read once, since reading them takes 20 ms."""

import ssl
from functools import cache

import httpx2


@cache
def authorities() -> ssl.SSLContext:
    """What the servers we call are checked by. The environment names no others behind our back."""
    return httpx2.create_ssl_context(trust_env=False)
