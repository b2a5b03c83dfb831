"""The house over HTTP, in development and in production."""

from collections.abc import AsyncIterator

import pytest

from tests.api.house import PRODUCTION, Caller, house


@pytest.fixture
async def caller(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Caller]:
    """Somebody who calls a house in development."""
    async with house(monkeypatch) as found:
        yield found


@pytest.fixture
async def customer(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Caller]:
    """Somebody who calls a house in production."""
    async with house(monkeypatch, PRODUCTION) as found:
        yield found
