"""The suite's database: migrated once, watched in every test, emptied after each test that wrote."""

import gc
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from graphlib import TopologicalSorter
from importlib import import_module
from importlib.util import find_spec
from inspect import iscoroutinefunction
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import HealthCheck, settings
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.context import require_context
from tortoise.models import Model

from models import ddl, keystore
from models.database import connected
from models.invariants import violations
from models.keystore import KeySQL
from rules import keyring, vault
from rules.transactions import strayed
from tests import both, emptying, guard, lengths, postgres, preparing
from tests.originals import Originals
from tests.originals import originals as migrated_once

STRAYED = pytest.StashKey[list[str]]()
OFFENCES = pytest.StashKey[list[tuple[guard.Verdict, str]]]()
IS_ASYNC = pytest.StashKey[bool]()
POSTGRES_SERVER = "LOYALTY_TEST_POSTGRES_URL"
SLOW = [HealthCheck.too_slow]
"""No test may depend on how busy the machine is."""

MASTER_KEY = bytes(range(32))
POOLS = keyring._pools
FEW_KEYS = 64
NOT_RESERVED = KeySQL("DELETE FROM member_key WHERE member_id <> ALL($1::uuid[])", fans_out="a test has ended")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the caller choose the database."""
    parser.addoption("--database", choices=("sqlite", "postgres"), default="sqlite", help="run the suite on it")


def pytest_configure(config: pytest.Config) -> None:
    """Know the suite's own marker, and hear every statement from the start."""
    config.addinivalue_line(
        "markers", "corrupts: the test breaks an invariant on purpose; nothing verifies it after"
    )
    config.addinivalue_line(
        "markers",
        "once: the test counts or cuts what runs, or asks by the thousand: nothing is run by both executors",
    )
    config.addinivalue_line("markers", "twice: operations are run by both executors on PostgreSQL, too")
    config.addinivalue_line(
        "markers", "apart: the test asks no database anything: it fails if it does, and runs once, on SQLite"
    )
    config.addinivalue_line(
        "markers", "either: what the test proves lies in front of every database: it runs once, on SQLite"
    )
    settings.register_profile("suite", derandomize=True, database=None, deadline=None, suppress_health_check=SLOW)
    settings.register_profile("longer", max_examples=1_000, deadline=None, suppress_health_check=SLOW)
    settings.register_profile("long", max_examples=20_000, deadline=None, suppress_health_check=SLOW)
    # whoever names one has it loaded by hypothesis
    if not config.getoption("--hypothesis-profile"):
        settings.load_profile("suite")
    if config.getoption("--database") == "postgres":
        lengths.take_a_third()
    guard.install()
    preparing.install()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What no database can change is proved once, on SQLite."""
    for each in items:
        # whoever runs a test of hypothesis' makes it another function, so this is looked at before
        each.stash[IS_ASYNC] = isinstance(each, pytest.Function) and _is_async(each.function)
    if config.getoption("--database") == "sqlite":
        return
    kept = [each for each in items if depends_on_database(each)]
    config.hook.pytest_deselected(items=[each for each in items if each not in set(kept)])
    items[:] = kept


def pytest_collection_finish() -> None:
    """What is loaded by now stays: no collection need look at it again. And collect as rarely as a server does."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def depends_on_database(item: pytest.Item) -> bool:
    """Whether a test has the suite's database, or has asked which one it is; nobody else can know it."""
    if (
        not isinstance(item, pytest.Function)
        or item.get_closest_marker("apart")
        or item.get_closest_marker("either")
    ):
        return False
    return item.stash[IS_ASYNC] or "dialect" in item.fixturenames


def _is_async(function: Callable[..., object]) -> bool:
    tested = getattr(function, "hypothesis", None)
    return iscoroutinefunction(tested.inner_test if tested else function)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail the run for a statement that visits more than one owner without saying why, and for a stray command."""
    if find_spec("models.owners") is None:
        return
    found = guard.offences(import_module("models.owners").OWNERS)
    session.config.stash[OFFENCES] = found
    session.config.stash[STRAYED] = strays = sorted(name for name in strayed if not name.startswith("tests."))
    if (found or strays) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print what the guard found."""
    for verdict, text in config.stash.get(OFFENCES, []):
        terminalreporter.section(f"SQL guard: {verdict}", red=True)
        terminalreporter.line(text)
        terminalreporter.line("Name the owner in it, or send it as SQL(…, fans_out=the reason).")
    for name in config.stash.get(STRAYED, []):
        terminalreporter.section("A command awaits something else than its database", red=True)
        terminalreporter.line(f"{name} cannot be done by SQLite's writer; see models/engine/writer.py.")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Every async test and fixture runs on asyncio, on one loop."""
    return "asyncio"


@pytest.fixture(scope="session")
def dialect(request: pytest.FixtureRequest) -> str:
    """Which database the run is on: sqlite or postgres."""
    chosen: str = request.config.getoption("--database")
    return chosen


@pytest.fixture(scope="session")
def server_url(dialect: str, request: pytest.FixtureRequest) -> Iterator[str | None]:
    """The PostgreSQL server the run may make databases on; None on SQLite. Without one the run ends."""
    if dialect == "sqlite":
        yield None
    elif given := os.environ.get(POSTGRES_SERVER):  # noqa: TID251  # a switch of the suite, not of the platform
        yield given
    else:
        with ExitStack() as stack:
            try:
                url = stack.enter_context(postgres.server())
            except postgres.PostgresUnavailableError as error:
                _give_up(request, error)
            yield url


def _give_up(request: pytest.FixtureRequest, error: Exception) -> NoReturn:
    """A run that was asked for PostgreSQL and has none fails at once; it never passes by skipping."""
    request.session.shouldfail = f"no PostgreSQL, so nothing was tested: {error}"
    pytest.fail(str(error), pytrace=False)


@pytest.fixture(scope="session")
async def databases(anyio_backend: str, server_url: str | None) -> AsyncIterator[postgres.Databases | None]:
    """The databases of this run on its PostgreSQL server."""
    async with AsyncExitStack() as stack:
        yield None if server_url is None else postgres.Databases(server_url, stack)


@asynccontextmanager
async def _empty_database(
    databases: postgres.Databases | None, folder: Path, request: pytest.FixtureRequest, name: str = "loyalty.db"
) -> AsyncIterator[str]:
    if databases is None:
        yield f"sqlite://{folder / name}?durability=off"
        return
    async with AsyncExitStack() as stack:
        try:
            url = await stack.enter_async_context(databases.empty())
        except postgres.PostgresUnavailableError as error:
            _give_up(request, error)
        yield url


@pytest.fixture(scope="session")
async def originals(
    anyio_backend: str,
    server_url: str | None,
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> AsyncIterator[Originals]:
    """A database and a key store, migrated once by the real migrations, to be copied."""
    async with AsyncExitStack() as stack:
        try:
            made = await stack.enter_async_context(migrated_once(server_url, tmp_path_factory.mktemp("originals")))
        except postgres.PostgresUnavailableError as error:
            _give_up(request, error)
        yield made


@pytest.fixture(scope="session")
async def suite_urls(
    originals: Originals, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[str, str]]:
    async with originals.copied(tmp_path_factory.mktemp("database")) as urls:
        yield urls


@pytest.fixture(scope="session")
def database_url(suite_urls: tuple[str, str]) -> str:
    """The URL of the suite's own database."""
    return suite_urls[0]


@pytest.fixture(scope="session")
def keys_url(suite_urls: tuple[str, str]) -> str:
    """The URL of the suite's own key store."""
    return suite_urls[1]


@pytest.fixture
async def migrated_urls(originals: Originals, tmp_path: Path) -> AsyncIterator[tuple[str, str]]:
    """The URLs of a database and a key store for one test: migrated, with nothing in them."""
    async with originals.copied(tmp_path) as urls:
        yield urls


@pytest.fixture
async def empty_keys_url(
    anyio_backend: str, databases: postgres.Databases | None, tmp_path: Path, request: pytest.FixtureRequest
) -> AsyncIterator[str]:
    """The URL of a key store with nothing in it, for one test."""
    async with _empty_database(databases, tmp_path, request, "keys.db") as url:
        yield url


@pytest.fixture
async def empty_url(
    anyio_backend: str, databases: postgres.Databases | None, tmp_path: Path, request: pytest.FixtureRequest
) -> AsyncIterator[str]:
    """The URL of a database with nothing in it, for one test."""
    async with _empty_database(databases, tmp_path, request) as url:
        yield url


@pytest.fixture(scope="session")
async def database(database_url: str, keys_url: str) -> AsyncIterator[BaseDBAsyncClient | None]:
    """The suite's database, open until the end."""
    async with connected(database_url, keys_url) as client:
        alone = vault.vault(MASTER_KEY)
        await keyring.furnish(alone.masters[0], {keyring.INDEX: alone.indexing, keyring.HOUSE: alone.house})
        await _allow_deletes(client)
        async with emptying.at_work(client, database_url, columns_by_table()):
            yield client


@pytest.fixture(autouse=True)
def _watch(request: pytest.FixtureRequest) -> None:
    """Every async test has the database; the others run without it, so they need not wait for it."""
    if request.node.stash[IS_ASYNC]:
        request.getfixturevalue("_clean")


@pytest.fixture(autouse=True)
def _apart(request: pytest.FixtureRequest, _watch: None) -> Iterator[None]:
    """A test that is marked `apart` asks no database anything."""
    heard: list[str] = []
    guard.recorder.listeners.append(heard)
    yield
    guard.recorder.listeners.remove(heard)
    if heard and request.node.get_closest_marker("apart"):
        pytest.fail(f"The test is marked `apart`, and asked a database: {heard}", pytrace=False)


@pytest.fixture(autouse=True)
def _both(request: pytest.FixtureRequest) -> Iterator[None]:
    """Every operation that runs in this process is run by both executors, unless the test is marked `once`.

    On PostgreSQL they are run as they are in production, unless the test is marked `twice`: what one executor does
    and the other does not, they do on SQLite too.
    """
    marked = request.node.get_closest_marker
    with pytest.MonkeyPatch.context() as patch:
        if not marked("once") and (marked("twice") or request.getfixturevalue("dialect") == "sqlite"):
            both.compare(patch)
        yield


@pytest.fixture
async def _clean(
    anyio_backend: str, database: BaseDBAsyncClient | None, request: pytest.FixtureRequest
) -> AsyncIterator[None]:
    """After a test that wrote: verify what must always be true, then empty every table."""
    guard.recorder.wrote = False
    yield
    if database is None or not guard.recorder.wrote:
        return
    with guard.recorder.paused():
        broken = [] if request.node.get_closest_marker("corrupts") else await _violations()
        await emptying.sweeper().sweep()
        await _drop_keys()
    if broken:
        pytest.fail(f"The test left the books wrong: {broken}", pytrace=False)


async def _drop_keys() -> None:
    """Leave no keys but a few that are reserved: the process will use them for the next members."""
    for pool in POOLS.values():
        del pool.keys[FEW_KEYS:]
    await NOT_RESERVED.run([who for pool in POOLS.values() for who, _ in pool.keys])


async def _violations() -> list[object]:
    """What is wrong, as `loyalty verify` tells it, where anything looks wrong."""
    suspicions: list[object] = [*await emptying.sweeper().suspicions(), *await keystore.misplaced(1)]
    return [*await violations(), suspicions] if suspicions else []


def tables_children_first() -> list[str]:
    """Every table of the models, each before those it refers to."""
    order: TopologicalSorter[str] = TopologicalSorter()
    for models in (require_context().apps or {}).values():
        for model in models.values():
            order.add(model._meta.db_table)
            for parent in _parents(model):
                if parent != model._meta.db_table:
                    order.add(parent, model._meta.db_table)
    return list(order.static_order())


PASSING = {("api_key", "last_used_at")}
"""Columns that say when something was looked at, and not what it is."""


def columns_by_table() -> dict[str, list[str]]:
    """The columns of every table that say what it holds, the tables in that order."""
    found = {
        model._meta.db_table: sorted(model._meta.fields_db_projection.values())
        for models in (require_context().apps or {}).values()
        for model in models.values()
    }
    return {
        table: [each for each in found[table] if (table, each) not in PASSING] for table in tables_children_first()
    }


def _parents(model: type[Model]) -> set[str]:
    names = model._meta.fk_fields | model._meta.o2o_fields
    return {model._meta.fields_map[name].related_model._meta.db_table for name in names}  # type: ignore[attr-defined]


async def _barred(client: BaseDBAsyncClient, verb: str) -> list[str]:
    """The tables that have a trigger against UPDATE or DELETE."""
    catalogue = {
        "sqlite": "SELECT tbl_name AS name FROM sqlite_master "
        f"WHERE type = 'trigger' AND name = tbl_name || '_no_{verb}'",
        "postgres": "SELECT c.relname AS name FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
        f"WHERE t.tgname = c.relname || '_no_{verb}'",
    }
    return [row["name"] for row in await client.execute_query_dict(catalogue[client.capabilities.dialect])]


async def _allow_deletes(client: BaseDBAsyncClient) -> None:
    """Lift the ledgers' bar on DELETE in this throw-away database; the bar on UPDATE stays."""
    with guard.recorder.paused():
        for table in await _barred(client, "delete"):
            for statement in ddl.allow_delete(table)[client.capabilities.dialect]:
                await client.execute_script(statement)


@pytest.fixture
async def deletes_barred(database: BaseDBAsyncClient) -> AsyncIterator[None]:
    """As in production, the ledgers refuse DELETE during this test."""
    with guard.recorder.paused():
        for table in await _barred(database, "update"):
            for statement in ddl.forbid_delete(table)[database.capabilities.dialect]:
                await database.execute_script(statement)
    yield
    await _allow_deletes(database)


@pytest.fixture
def statements() -> Iterator[list[str]]:
    """The SQL texts sent during the test, in order; clear it to count from some point on."""
    heard: list[str] = []
    guard.recorder.listeners.append(heard)
    yield heard
    guard.recorder.listeners.remove(heard)
