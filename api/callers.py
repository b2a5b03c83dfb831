"""Callers: who a request comes from, by its credential and by its address."""

from datetime import datetime
from ipaddress import ip_address, ip_network

from rules.actors import Principal
from rules.credentials import recognise

TOKEN_MAX = 200
BEARER = "bearer "
KEPT_BITS = {4: 24, 6: 48}
"""How much of an address is kept: enough to tell networks apart, too little to tell people apart."""


async def principal(header: str | None, moment: datetime) -> Principal | None:
    """Who the Authorization header stands for; None for nobody, also when the token is no good."""
    if not header or not header.lower().startswith(BEARER):
        return None
    secret = header[len(BEARER) :].strip()
    return await recognise(secret, moment) if 0 < len(secret) <= TOKEN_MAX and secret.isascii() else None


def network(host: str | None) -> str | None:
    """The network a caller's address lies in; None where there is no address, as on a socket of the machine.

    >>> network("203.0.113.77")
    '203.0.113.0/24'
    """
    try:
        address = ip_address(host or "")
    except ValueError:
        return None
    return str(ip_network((address, KEPT_BITS[address.version]), strict=False))
