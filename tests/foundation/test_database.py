"""Opening the database: refused where acknowledged writes could be lost."""

import asyncio
import contextvars
import subprocess
import sys
from pathlib import Path

import pytest
from tortoise.backends.base.client import BaseDBAsyncClient

from models import database
from models.database import DurabilityError, connected
from models.lock import AlreadyServingError, single_server
from models.sql import SQL
from tests.foundation.conftest import scratch


@pytest.fixture
def sqlite_only(dialect: str) -> None:
    """SQLite needs to be asked once."""
    if dialect != "sqlite":
        pytest.skip("SQLite's settings are tried in the run on SQLite")


@pytest.mark.parametrize(
    "parameters", ["synchronous=OFF", "foreign_keys=OFF", "busy_timeout=100", "journal_mode=DELETE"]
)
async def test_a_careless_sqlite_is_refused(sqlite_only: None, tmp_path: Path, parameters: str) -> None:
    with pytest.raises(DurabilityError):
        async with database.opened(scratch(f"sqlite://{tmp_path}/a.db?{parameters}")):
            pass


@pytest.mark.parametrize("parameters", ["", "?synchronous=NORMAL", "?durability=off", "?synchronous=EXTRA"])
async def test_what_the_url_accepts_is_opened(sqlite_only: None, tmp_path: Path, parameters: str) -> None:
    async with database.opened(scratch(f"sqlite://{tmp_path}/new/folder/a.db{parameters}")) as client:
        [row] = await client.execute_query_dict("PRAGMA synchronous")
    expected = {"": 2, "?synchronous=NORMAL": 1, "?durability=off": 0, "?synchronous=EXTRA": 3}
    assert row["synchronous"] == expected[parameters]


async def test_foreign_keys_are_never_off(sqlite_only: None, tmp_path: Path) -> None:
    with pytest.raises(DurabilityError, match="foreign keys"):
        async with database.opened(scratch(f"sqlite://{tmp_path}/a.db?durability=off&foreign_keys=OFF")):
            pass


async def test_a_postgres_that_forgets_is_refused_unless_the_url_accepts_it(
    client: BaseDBAsyncClient, empty_url: str, dialect: str
) -> None:
    if dialect == "sqlite":
        pytest.skip("PostgreSQL's settings are tried in the run on PostgreSQL")
    [fsync] = await client.execute_query_dict("SHOW fsync")
    [commit] = await client.execute_query_dict("SHOW synchronous_commit")
    careful = empty_url.replace("durability=off", "statement_timeout=5s")
    if "off" in (fsync["fsync"], commit["synchronous_commit"]):
        with pytest.raises(DurabilityError, match="durability=off"):
            async with database.opened(scratch(careful)):
                pass
    async with database.opened(scratch(empty_url)) as accepted:
        [row] = await accepted.execute_query_dict("SHOW statement_timeout")
    assert row["statement_timeout"] == "15s"


async def test_other_tasks_find_the_database_that_is_connected(
    empty_url: str, dialect: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "MODULES", ["tests.foundation.scratch"])
    monkeypatch.setattr(database, "APP", "scratch")
    monkeypatch.setattr("tortoise.context._global_context", None)
    async with connected(empty_url):
        elsewhere = contextvars.Context()
        assert await asyncio.create_task(SQL("SELECT 1 AS one").value(), context=elsewhere) == 1
        assert database.dialect() == dialect


def test_importing_the_configuration_makes_no_file(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(root)!r}); import models.database"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    assert list(tmp_path.iterdir()) == []


def test_a_second_server_on_a_sqlite_database_is_refused(tmp_path: Path) -> None:
    url = f"sqlite://{tmp_path}/a.db"
    with (
        single_server(url),
        pytest.raises(AlreadyServingError, match="Another server or worker"),
        single_server(url),
    ):
        pass
    with single_server(url):
        pass


def test_postgres_may_have_many_servers() -> None:
    with single_server("postgres://db/shop"), single_server("postgres://db/shop"):
        pass
