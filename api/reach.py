"""Reach: how the house connects to addresses that people typed in, and to none it should not.

A name is looked up once, every address it leads to is checked, and the connection is made to one that was checked:
what the name leads to a moment later does not matter. TLS is verified for the name. Redirects are not followed,
proxies and the environment are not asked, and nothing of an answer is read but its status.
"""

import asyncio
import socket
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from http.cookiejar import DefaultCookiePolicy

import httpx2

from api.trust import authorities
from models.webhooks import Failure
from rules.webhooks import Address, Outcome, Target, WebhookUrlRefused, check_address, read_address, target

SECONDS = 15.0
"""How long one try may take, from the look-up to the status."""

LOOKUP_SECONDS = 5.0
AT_ONCE = 32
"""How many tries, and how many look-ups, are under way at most."""

ADDRESSES = 2
"""How many of a name's addresses are tried."""

Lookup = Callable[[str, int], Awaitable[Sequence[Address]]]


class Unknown(Exception):  # noqa: N818  named by what is so
    """A name leads nowhere."""


class Reach:
    """Sends to addresses people typed in. Close it with `aclose`."""

    def __init__(
        self, *, may_loop: bool, lookup: Lookup | None = None, trusted: ssl.SSLContext | None = None
    ) -> None:
        self.may_loop = may_loop
        self._lookup = lookup or self._ask
        self._threads = ThreadPoolExecutor(AT_ONCE, "lookup")
        # connections are not kept: one that was verified for a name must not serve another at the same address
        self._http = httpx2.AsyncClient(
            verify=trusted or authorities(),
            limits=httpx2.Limits(max_connections=AT_ONCE, max_keepalive_connections=0),
            timeout=SECONDS,
            follow_redirects=False,
            trust_env=False,
        )
        # what one endpoint sets would be kept, and sent to every other at its address
        self._http.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=()))

    async def check(self, url: str) -> None:
        """See that webhooks may be sent there now.

        Raises: WebhookUrlRefused.
        """
        try:
            await self._addresses(target(url))
        except Unknown:
            raise WebhookUrlRefused("Its name leads nowhere.") from None

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Outcome:
        """Send a body, and tell how it went."""
        began = time.perf_counter()
        status, failure = None, None
        try:
            async with asyncio.timeout(SECONDS):
                status = await self._post(target(url), body, headers)
        except Exception as error:
            failure = _failure(error)
            if failure is None:
                raise
        return Outcome(status, failure, timedelta(seconds=time.perf_counter() - began))

    async def _post(self, wanted: Target, body: bytes, headers: Mapping[str, str]) -> int:
        """The status answered by the first of the name's addresses that can be connected to."""
        *others, last = (await self._addresses(wanted))[:ADDRESSES]
        for address in others:
            try:
                return await self._at(wanted, address, body, headers)
            except (httpx2.ConnectError, httpx2.ConnectTimeout):
                continue
        return await self._at(wanted, last, body, headers)

    async def _at(self, wanted: Target, address: Address, body: bytes, headers: Mapping[str, str]) -> int:
        request = self._http.build_request(
            "POST",
            wanted.at(address),
            content=body,
            headers={**headers, "host": wanted.authority},
            extensions={"sni_hostname": wanted.host},
        )
        answer = await self._http.send(request, stream=True)
        await answer.aclose()
        return int(answer.status_code)

    async def _addresses(self, wanted: Target) -> list[Address]:
        """The addresses a name leads to, if every one of them may be connected to.

        Raises: WebhookUrlRefused, Unknown.
        """
        found = list(dict.fromkeys(await self._lookup(wanted.host, wanted.port)))
        if not found:
            raise Unknown
        for address in found:
            check_address(address, wanted.scheme, may_loop=self.may_loop)
        return found

    async def _ask(self, host: str, port: int) -> Sequence[Address]:
        """What the system's resolver says. Whatever it takes for a number is looked at as the address it is."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(LOOKUP_SECONDS):
                found = await loop.run_in_executor(self._threads, _look_up, host, port)
        except (OSError, UnicodeError) as error:
            raise Unknown from error
        return [read_address(each) for each in found]

    async def aclose(self) -> None:
        """Let go of connections and threads."""
        await self._http.aclose()
        self._threads.shutdown(wait=False)


def _look_up(host: str, port: int) -> list[str]:
    return [str(row[4][0]) for row in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


FAILURES: tuple[tuple[tuple[type[Exception], ...], Failure], ...] = (
    ((WebhookUrlRefused,), Failure.ADDRESS_REFUSED),
    ((Unknown,), Failure.NAME_UNKNOWN),
    ((TimeoutError, httpx2.TimeoutException), Failure.TIMED_OUT),
    ((httpx2.ConnectError,), Failure.CONNECTION_FAILED),
    ((httpx2.TransportError, OSError), Failure.CONNECTION_LOST),
)
"""What went wrong by how it shows, the particular before the general."""


def _failure(error: Exception) -> Failure | None:
    """What sort of failure an error is; None for one that is ours."""
    found = next((failure for kinds, failure in FAILURES if isinstance(error, kinds)), None)
    return Failure.TLS_FAILED if found is Failure.CONNECTION_FAILED and _is_tls(error) else found


def _is_tls(error: BaseException) -> bool:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return True
        cause = cause.__cause__ or cause.__context__
    return False
