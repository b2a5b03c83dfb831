"""Where a webhook may go: what its URL may look like, and which addresses it may lead to. Arithmetic alone."""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from rules.refusals import Refusal

URL_MAX, HOST_MAX = 1_000, 253
PORT, PORT_MAX = 443, 65_535
PORTS_OWN = 1_024
"""Below this one and beside 443, a port is a service's that has nothing to do with webhooks."""

Address = IPv4Address | IPv6Address

_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<rest>(?:[/?][!\"$-\[\]-~]*)?)",
    re.IGNORECASE,
)
"""No user, no fragment, no backslash, no letters beyond ASCII: what two readers could read differently."""

_UNROUTED = [
    ip_network(each)
    for each in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",
        "168.63.129.16/32",
    )
]
"""IPv4 that leads to no server of the Internet: IANA's special-purpose addresses, and Azure's metadata service."""

_GLOBAL = ip_network("2000::/3")
_UNROUTED_6 = [
    ip_network(each) for each in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "2620:4f:8000::/48")
]
"""IPv6 that leads elsewhere than it says, as 6to4 and Teredo do, or nowhere."""


@dataclass(eq=False)
class WebhookUrlRefused(Refusal):
    """Webhooks cannot be sent to this address."""

    zh = "无法向该地址发送 Webhook。"
    field = ("url",)
    why: str


@dataclass(frozen=True, slots=True)
class Target:
    """A URL that may be asked for, in its parts."""

    scheme: str
    host: str
    """In lower case, an IPv6 address without its brackets."""
    port: int
    rest: str
    """Path and query."""

    @property
    def authority(self) -> str:
        """What is sent as `Host`."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = {"https": 443, "http": 80}[self.scheme]
        return host if self.port == usual else f"{host}:{self.port}"

    def at(self, address: Address) -> str:
        """The URL with an address in place of the name."""
        host = f"[{address}]" if address.version == IPv6Address(0).version else str(address)
        return f"{self.scheme}://{host}:{self.port}{self.rest or '/'}"


def target(url: str) -> Target:
    """The parts of a URL that webhooks may be sent to, as far as that can be told without asking anybody.

    Raises: WebhookUrlRefused.
    """
    found = _URL.fullmatch(url) if len(url) <= URL_MAX else None
    if found is None or len(found["host"]) > HOST_MAX:
        raise WebhookUrlRefused(
            "It is an https URL of ASCII letters with a name, perhaps a port and a path, without user and fragment."
        )
    scheme = found["scheme"].lower()
    port = int(found["port"]) if found["port"] else {"https": PORT, "http": 80}[scheme]
    if scheme == "https" and port != PORT and not PORTS_OWN <= port <= PORT_MAX:
        raise WebhookUrlRefused(f"The port is {PORT}, or one from {PORTS_OWN:,} up.")
    if scheme == "http" and not PORTS_OWN <= port <= PORT_MAX:
        raise WebhookUrlRefused(f"The port is one from {PORTS_OWN:,} up.")
    return Target(scheme, found["host"].strip("[]").lower(), port, found["rest"])


def check_address(address: Address, scheme: str, *, may_loop: bool) -> None:
    """See that an address a name led to may be connected to. In development that includes this machine's own.

    Raises: WebhookUrlRefused.
    """
    inner = _inner(address)
    if may_loop and inner.is_loopback:
        return
    if scheme != "https":
        raise WebhookUrlRefused("It must be https.")
    if not _is_public(inner):
        raise WebhookUrlRefused("It leads to an address that is not one of the Internet's.")


def _inner(address: Address) -> Address:
    """The IPv4 address that an IPv6 one of the form ::ffff:a.b.c.d is only another way of writing."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _is_public(address: Address) -> bool:
    if isinstance(address, IPv4Address):
        return not any(address in each for each in _UNROUTED)
    return address in _GLOBAL and not any(address in each for each in _UNROUTED_6)


def read_address(text: str) -> Address:
    """An address as the system's resolver tells it, which may name an interface behind a `%`."""
    return ip_address(text.partition("%")[0])
