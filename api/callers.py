"""Callers: who a request comes from, by its credential and by its address."""

from datetime import datetime
from ipaddress import IPv6Address, ip_address, ip_network

from rules.actors import Principal
from rules.credentials import recognise
from rules.keys import Address

TOKEN_MAX = 200
BEARER = "bearer "
KEPT_BITS = {4: 24, 6: 48}
"""How much of an address is kept: enough to tell networks apart, too little to tell people apart."""


def is_sent(header: str | None) -> bool:
    """Whether an Authorization header holds a token, good or not."""
    return header is not None and header.lower().startswith(BEARER) and bool(header[len(BEARER) :].strip())


async def principal(header: str | None, moment: datetime, host: str | None = None) -> Principal | None:
    """Who the Authorization header stands for, sent from that host; None for nobody, also for a token no good."""
    if header is None or not is_sent(header):
        return None
    secret = header[len(BEARER) :].strip()
    if not 0 < len(secret) <= TOKEN_MAX or not secret.isascii():
        return None
    return await recognise(secret, moment, address(host))


def address(host: str | None) -> Address | None:
    """A caller's address, neither kept nor logged; None where there is none, as on a socket of the machine."""
    try:
        found = ip_address(host or "")
    except ValueError:
        return None
    # a socket that listens on both kinds tells IPv4 callers as mapped ones
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found


def network(host: str | None) -> str | None:
    """The network a caller's address lies in; None where there is no address, as on a socket of the machine.

    >>> network("203.0.113.77")
    '203.0.113.0/24'
    """
    found = address(host)
    return None if found is None else str(ip_network((found, KEPT_BITS[found.version]), strict=False))
