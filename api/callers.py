"""Callers: who a request comes from, by its credential and by its address."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from ipaddress import IPv6Address, ip_address, ip_network

from rules import credentials, recognition
from rules.actors import Principal
from rules.recognition import Address, Credential

TOKEN_MAX = 200
BEARER = "bearer "
KEPT_BITS = {4: 24, 6: 48}
"""How much of an address is kept: enough to tell networks apart, too little to tell people apart."""

BELIEVED_SECONDS = 1.0
"""How long the word of the database is believed, so that what ends elsewhere has ended here within a second."""

CALLERS_MAX = 20_000
"""How many callers are remembered."""

ADDRESSES = 4_096
"""How many addresses are read but once. What came of it is in memory alone, and soon gives way to others'."""

HOST_MAX = 60
"""Characters of an address."""


def secret_of(header: str | None) -> str | None:
    """The token or key in an Authorization header, good or not; None where there is none."""
    if header is None or header[: len(BEARER)].lower() != BEARER:
        return None
    return header[len(BEARER) :].strip() or None


@dataclass(frozen=True, slots=True)
class _Known:
    credential: Credential
    since: float
    edition: int


class Callers:
    """Who calls, looked up at most once a second for each credential. Secrets are remembered by their hash alone.

    Only what is good is remembered, and no longer than it is: its end and its networks are looked at each time.
    What this process changes is known at once, by `recognition.edition`.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._known: dict[bytes, _Known] = {}
        self._clock = clock

    def remembered(self, secret: str | None, moment: datetime, host: str | None) -> Principal | None:
        """Who the secret stands for, by what was looked up lately; None where it has to be looked up."""
        known = self._known.get(_hash(secret)) if secret and len(secret) <= TOKEN_MAX else None
        if known is None or known.edition != recognition.edition():
            return None
        credential = known.credential
        where = None if credential.networks is None else address(host)
        if self._clock() - known.since >= BELIEVED_SECONDS or not credential.is_good(moment, where):
            return None
        return credential.principal

    async def look_up(self, secret: str, moment: datetime, host: str | None) -> Principal | None:
        """Who the secret stands for now, sent from that host; None for nobody."""
        if len(secret) > TOKEN_MAX or not secret.isascii():
            return None
        # what changes from here on makes the answer old
        edition, since = recognition.edition(), self._clock()
        found = await credentials.find(secret, moment, address(host))
        name = _hash(secret)
        self._known.pop(name, None)
        if found is None:
            return None
        self._make_room(since)
        self._known[name] = _Known(found, since, edition)
        return found.principal

    def _make_room(self, moment: float) -> None:
        """Forget whoever stands longest, two for each that comes, as long as they are old or too many."""
        for _ in range(2):
            oldest = next(iter(self._known), None)
            if oldest is None:
                return
            is_old = moment - self._known[oldest].since >= BELIEVED_SECONDS
            if not is_old and len(self._known) < CALLERS_MAX:
                return
            del self._known[oldest]


def _hash(secret: str) -> bytes:
    return sha256(secret.encode("utf-8", "surrogatepass")).digest()


def address(host: str | None) -> Address | None:
    """A caller's address, not logged and not kept; None where there is none, as on a socket of the machine."""
    return None if host is None or len(host) > HOST_MAX else _address(host)


@lru_cache(ADDRESSES)
def _address(host: str) -> Address | None:
    try:
        found = ip_address(host)
    except ValueError:
        return None
    # a socket that listens on both kinds tells IPv4 callers as mapped ones
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found


def network(host: str | None) -> str | None:
    """The network a caller's address lies in; None where there is no address, as on a socket of the machine.

    >>> network("203.0.113.77")
    '203.0.113.0/24'
    """
    return None if host is None or len(host) > HOST_MAX else _network(host)


@lru_cache(ADDRESSES)
def _network(host: str) -> str | None:
    found = _address(host)
    return None if found is None else str(ip_network((found, KEPT_BITS[found.version]), strict=False))
