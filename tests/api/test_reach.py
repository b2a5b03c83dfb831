"""Reach: names are looked up once, what was checked is what is connected to, and TLS is verified for the name."""

import asyncio
import datetime as dt
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from api import reach
from api.reach import Reach
from models.webhooks import Failure
from rules.webhooks import Address, WebhookUrlRefused
from tests.receiver import Receiver, receiving

pytestmark = pytest.mark.either

LOOP = ip_address("127.0.0.1")


class Names:
    """A resolver that says what it is told to, one answer after the other, and counts how often it is asked."""

    def __init__(self, *answers: Sequence[Address]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def __call__(self, host: str, _: int) -> Sequence[Address]:
        self.asked.append(host)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@asynccontextmanager
async def reaching(
    names: Names | None = None, *, may_loop: bool = True, trusted: ssl.SSLContext | None = None
) -> AsyncIterator[Reach]:
    made = Reach(may_loop=may_loop, lookup=names, trusted=trusted)
    yield made
    await made.aclose()


async def test_a_name_that_leads_to_one_address_inside_is_refused_whatever_its_others() -> None:
    public = ip_address("93.184.216.34")
    for inside in ("10.0.0.1", "127.0.0.1", "::1", "169.254.169.254", "::ffff:192.168.0.1", "64:ff9b::a00:1"):
        async with reaching(Names([public, ip_address(inside)]), may_loop=False) as out:
            with pytest.raises(WebhookUrlRefused):
                await out.check("https://shop.example")
            outcome = await out.post("https://shop.example", b"{}", {})
            assert (outcome.status, outcome.failure) == (None, Failure.ADDRESS_REFUSED)


async def test_a_name_that_was_fine_when_it_was_added_is_looked_at_again_at_every_delivery() -> None:
    names = Names([ip_address("93.184.216.34")], [LOOP])
    async with receiving() as receiver, reaching(names, may_loop=False) as out:
        url = f"https://rebound.example:{receiver.port}/hook"
        await out.check(url)
        assert (await out.post(url, b"{}", {})).failure is Failure.ADDRESS_REFUSED
        assert receiver.calls == []


async def test_the_name_is_asked_for_once_and_the_address_that_was_checked_is_connected_to() -> None:
    names = Names([LOOP], [ip_address("10.0.0.1")])
    async with receiving() as receiver, reaching(names) as out:
        outcome = await out.post(f"http://rebound.example:{receiver.port}/hook", b"{}", {})
        assert outcome.status == 200
        assert names.asked == ["rebound.example"]
        assert receiver.calls[0].headers["host"] == f"rebound.example:{receiver.port}"


async def test_numbers_that_a_resolver_takes_for_addresses_are_looked_at_as_those() -> None:
    async with reaching(may_loop=False) as out:
        for host in ("127.1", "2130706433", "0x7f000001", "0177.0.0.1", "localhost", "[::1]", "[::ffff:7f00:1]"):
            with pytest.raises(WebhookUrlRefused):
                await out.check(f"https://{host}/")


async def test_what_goes_wrong_has_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    async with receiving() as receiver, reaching() as out:
        port = receiver.port
        assert (await out.post("https://nobody.invalid/", b"{}", {})).failure is Failure.NAME_UNKNOWN
        receiver.behaviour = lambda _: "hang"
        monkeypatch.setattr(reach, "SECONDS", 0.1)
        slow = await out.post(receiver.url, b"{}", {})
        assert slow.failure is Failure.TIMED_OUT
        assert slow.took < dt.timedelta(seconds=2)
    async with reaching() as out:
        assert (await out.post(f"http://127.0.0.1:{port}/", b"{}", {})).failure is Failure.CONNECTION_FAILED


async def test_what_one_endpoint_sets_is_sent_to_no_other_at_its_address() -> None:
    async with receiving() as receiver, reaching(Names([LOOP])) as out:
        for name in ("one", "other"):
            assert (await out.post(f"http://{name}.example:{receiver.port}/", b"{}", {})).status == 200
        assert ["cookie" in call.headers for call in receiver.calls] == [False, False]


async def test_the_first_of_a_names_addresses_that_listens_is_taken() -> None:
    dead = ip_address("127.0.0.9")
    async with receiving() as receiver, reaching(Names([dead, LOOP])) as out:
        assert (await out.post(f"http://shop.example:{receiver.port}/", b"{}", {})).status == 200


def certificate(name: str, folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """What a server of that name shows, and what whoever trusts it goes by."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    day = dt.timedelta(days=1)
    now = dt.datetime.now(dt.UTC)  # noqa: TID251  TLS compares with the real clock
    made = (
        x509.CertificateBuilder(
            subject, subject, key.public_key(), x509.random_serial_number(), now - day, now + day
        )
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    plain = serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    (folder / "server.pem").write_bytes(private + pem)
    shows = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    shows.load_cert_chain(folder / "server.pem")
    return shows, ssl.create_default_context(cadata=pem.decode())


async def test_tls_is_verified_for_the_name_though_the_address_is_connected_to(tmp_path: Path) -> None:
    shows, trusts = certificate("shop.example", tmp_path)
    asked_for: list[str | None] = []
    shows.sni_callback = lambda _, name, __: asked_for.append(name)
    receiver = Receiver()
    server = await asyncio.start_server(receiver.answer, "127.0.0.1", 0, ssl=shows)
    port = server.sockets[0].getsockname()[1]
    async with reaching(Names([LOOP]), trusted=trusts) as out:
        assert (await out.post(f"https://shop.example:{port}/hook", b"{}", {})).status == 200
        assert asked_for == ["shop.example"]
        other = await out.post(f"https://other.example:{port}/hook", b"{}", {})
        assert (other.status, other.failure) == (None, Failure.TLS_FAILED)
    async with reaching(Names([LOOP])) as strict:
        assert (await strict.post(f"https://shop.example:{port}/", b"{}", {})).failure is Failure.TLS_FAILED
    assert len(receiver.calls) == 1
    server.close()
