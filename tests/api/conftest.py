"""The house over HTTP, in development and in production; and prompts in front of databases."""

import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack

import pytest
from starlette.applications import Starlette

from models.members import IdentityKind
from rules import lifecycle, members
from rules.actors import SYSTEM
from rules.members import Profile
from tests.api.house import PRODUCTION, Caller, built, calling
from tests.api.shell import Shell
from tests.api.socket import Client, dialled, sockets_of
from tests.originals import Originals
from tests.people import NOON, buy, member, redeem


@pytest.fixture(scope="session")
async def in_development(anyio_backend: str) -> AsyncIterator[Starlette]:
    """The application as a developer runs it."""
    async with built() as app:
        yield app


@pytest.fixture(scope="session")
async def in_production(anyio_backend: str) -> AsyncIterator[Starlette]:
    """The application as it runs for real members."""
    async with built(PRODUCTION) as app:
        yield app


@pytest.fixture
async def caller(in_development: Starlette, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Caller]:
    """Somebody who calls a house in development."""
    async with calling(in_development, monkeypatch) as found:
        yield found


@pytest.fixture
async def customer(in_production: Starlette, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Caller]:
    """Somebody who calls a house in production."""
    async with calling(in_production, monkeypatch) as found:
        yield found


@pytest.fixture
async def client(in_development: Starlette) -> AsyncIterator[Client]:
    """A socket that was just opened."""
    async with dialled(in_development) as found:
        yield found


@pytest.fixture
def sockets_end_well(caller: Caller, in_development: Starlette, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """After the test no socket and no wait is left, and nothing was logged as a fault."""
    yield
    found = sockets_of(in_development)
    assert (found.open, found.feed.watches) == ({}, {})
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == []


@pytest.fixture
def shell(empty_url: str, empty_keys_url: str) -> Shell:
    """A prompt in front of an empty database and an empty key store."""
    return Shell(empty_url, {"LOYALTY_KEYS_URL": empty_keys_url})


@pytest.fixture
def migrated(migrated_urls: tuple[str, str]) -> Shell:
    """A prompt in front of a database and a key store that were migrated and hold nothing."""
    return Shell(migrated_urls[0], {"LOYALTY_KEYS_URL": migrated_urls[1]})


@pytest.fixture(scope="session")
async def two_urls(
    originals: Originals, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[list[tuple[str, str]]]:
    """The URLs of two migrated databases that tests share, each with its key store."""
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(originals.copied(tmp_path_factory.mktemp(name)))
            for name in ("shop", "bare")
        ]


@pytest.fixture(scope="session")
def bare(two_urls: list[tuple[str, str]]) -> Shell:
    """A prompt in front of a migrated database that never gets a programme."""
    return Shell(two_urls[1][0], {"LOYALTY_KEYS_URL": two_urls[1][1]})


@pytest.fixture
def nowhere() -> Shell:
    """A prompt whose commands need no database."""
    return Shell("sqlite://no-database-is-made.db")


@pytest.fixture(scope="session")
def shop(two_urls: list[tuple[str, str]]) -> Shell:
    """A prompt in front of a programme with two members, one of whom bought tea."""
    found = Shell(two_urls[0][0], {"LOYALTY_KEYS_URL": two_urls[0][1]})
    assert found("init", "--name", "Tea House").code == 0

    async def live() -> None:
        mei = await member("Mei")
        await buy(mei, 1_200_00)
        await redeem(mei, 200)
        odd = members.identity(IdentityKind.EXTERNAL, "erp", '=HYPERLINK("http://evil")')
        await lifecycle.enroll(None, [odd], Profile(display_name="Lan"), actor=SYSTEM, now=NOON)

    found.look(live)
    return found
