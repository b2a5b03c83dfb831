"""The foundation is tested on models of its own, so the house's own database stays out of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.context import require_context

from models.database import database as configuration
from models.database import opened
from models.engine.asyncpg import Client as PostgresClient
from models.engine.sqlite import Client


@pytest.fixture(scope="session")
def database() -> None:
    """None: these tests open databases of their own."""


def scratch(url: str, app: str = "scratch") -> dict[str, Any]:
    """The configuration of a database with the scratch models in it."""
    models = "tests.foundation.scratch"
    return {
        **configuration(url),
        "apps": {app: {"models": [models], "default_connection": "default", "migrations": f"{models}_migrations"}},
    }


@asynccontextmanager
async def scratch_database(url: str) -> AsyncIterator[BaseDBAsyncClient]:
    """The scratch models' tables, open."""
    async with opened(scratch(url)) as client:
        await require_context().generate_schemas()
        yield client


@pytest.fixture
async def client(empty_url: str) -> AsyncIterator[BaseDBAsyncClient]:
    """An open database with the scratch tables in it."""
    async with scratch_database(empty_url) as opened_client:
        yield opened_client


@pytest.fixture
async def postgres(empty_url: str, dialect: str) -> AsyncIterator[PostgresClient]:
    """PostgreSQL with two readers."""
    if dialect != "postgres":
        pytest.skip("PostgreSQL's readers")
    async with scratch_database(f"{empty_url}&readers=2") as client:
        assert isinstance(client, PostgresClient)
        yield client


@pytest.fixture
def _embedded(dialect: str) -> None:
    """Before a database is made: no test of the writer needs one in PostgreSQL."""
    if dialect == "postgres":
        pytest.skip("PostgreSQL has no writer")


@pytest.fixture
async def sqlite_client(_embedded: None, empty_url: str) -> AsyncIterator[Client]:
    """An open SQLite database with the scratch tables, and two that are compared at COMMIT only."""
    async with scratch_database(empty_url) as opened:
        await opened.execute_script(
            "CREATE TABLE a (id INTEGER PRIMARY KEY);"
            "CREATE TABLE b (a INTEGER REFERENCES a (id) DEFERRABLE INITIALLY DEFERRED)"
        )
        yield cast("Client", opened)
