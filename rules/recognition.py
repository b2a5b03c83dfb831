"""Recognition: what a secret was found to stand for, how far that is good, and when it has to be looked up anew."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_network

from rules.actors import Principal
from rules.transactions import after_commit

Address = IPv4Address | IPv6Address
NETWORKS = 4_096
"""How many networks are known by their texts."""

_network = lru_cache(NETWORKS)(ip_network)


def within(address: Address | None, networks: Sequence[str] | None) -> bool:
    """Whether a call from that address may use a key that is kept to some networks.

    >>> within(IPv4Address("203.0.113.7"), ["203.0.113.0/24"])
    True
    """
    if networks is None:
        return True
    return address is not None and any(address in _network(each) for each in networks)


@dataclass(frozen=True, slots=True)
class Credential:
    """Who a secret stands for, until when, and from which networks."""

    principal: Principal
    expires_at: datetime | None
    """None when it does not expire by itself."""
    networks: Sequence[str] | None = None
    """None when it may be used from anywhere."""

    def is_good(self, now: datetime, address: Address | None) -> bool:
        """Whether it may be used at this moment, from there, as far as was known when it was looked up."""
        return (self.expires_at is None or self.expires_at > now) and within(address, self.networks)


class _Edition:
    number = 0


def edition() -> int:
    """Goes up whenever this process changes what a secret stands for. What was looked up before is then old."""
    return _Edition.number


def changes() -> None:
    """The transaction under way changes what some secret stands for: from its commit, all is looked up anew."""
    after_commit(_turn)


def _turn() -> None:
    _Edition.number += 1
