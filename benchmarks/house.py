"""A house under test: a programme on a fresh database, and the real `loyalty` processes that serve it."""

import asyncio
import base64
import os
import signal
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.wire import HOST, Cut, Line
from models.database import database, opened
from models.invariants import Violation, violations
from tests import postgres

DATABASES = ("sqlite", "postgres")
LOYALTY = Path(sys.executable).with_name("loyalty")
ROOT = Path(__file__).parents[1]
KEY = base64.b64encode(b"only for tests and benchmarks!!!").decode()
READY_SECONDS = 240.0
STOP_SECONDS = 40.0
COMMAND_SECONDS = 300.0
LOOK_SECONDS = 0.005

LADDER = """
[[tier]]
code = "BASIC"
name = "Basic"
threshold = 0
[[tier]]
code = "SILVER"
name = "Silver"
threshold = 5000
earn_multiplier_bps = 11000
"""


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    return port


class CommandFailed(Exception):  # noqa: N818  the house did not do as it was told
    """A `loyalty` command exited with another code than 0."""


@dataclass(slots=True)
class House:
    """A programme of its own: the URLs of its database and key store, and the settings its processes get."""

    url: str
    keys_url: str
    folder: Path
    settings: dict[str, str] = field(default_factory=dict)
    service: str = ""
    """The API key of the service `shop1`."""
    staff: str = ""
    """The access token of a member of staff with all rights."""

    @property
    def is_embedded(self) -> bool:
        """Whether the database is a file."""
        return self.url.startswith("sqlite")

    @property
    def plain_url(self) -> str:
        """The URL as other programs read it."""
        return self.url.replace("?durability=off&", "?").removesuffix("?durability=off")

    def environment(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        """What a `loyalty` process of this house finds in its environment."""
        ours = {name: value for name, value in outside().items() if not name.startswith("LOYALTY_")}
        return {
            **ours,
            "LOYALTY_ENV": "production",
            "LOYALTY_DATABASE_URL": self.url,
            "LOYALTY_KEYS_URL": self.keys_url,
            "LOYALTY_MASTER_KEY": KEY,
            "LOYALTY_MIGRATE": "off",
            "LOYALTY_LOG_LEVEL": "WARNING",
            # a benchmark asks for more at once than anybody may
            "LOYALTY_ALLOWANCES": "off",
            **self.settings,
            **(more or {}),
        }

    async def command(self, *words: str) -> str:
        """What a `loyalty` command says on standard output.

        Raises: CommandFailed, TimeoutError.
        """
        process = await asyncio.create_subprocess_exec(
            str(LOYALTY),
            *words,
            cwd=ROOT,
            env=self.environment({"LOYALTY_MIGRATE": "on"}),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(COMMAND_SECONDS):
                said, complained = await process.communicate()
        except BaseException:
            process.kill()
            await process.wait()
            raise
        if process.returncode:
            raise CommandFailed(f"{words} exited with {process.returncode}: {complained.decode()}{said.decode()}")
        return said.decode()

    async def set_up(self) -> None:
        """Give the empty database a programme, a service and a member of staff."""
        ladder = self.folder / "ladder.toml"
        ladder.write_text(LADDER)
        await self.command("init", "--currency", "GBP", "--timezone", "Europe/London", "--ladder", str(ladder))
        self.service, self.staff = await asyncio.gather(self._service(), self._boss())

    async def _service(self) -> str:
        return (await self.command("token", "service", "shop1")).strip()

    async def _boss(self) -> str:
        await self.command("staff", "add", "boss", "--role", "OWNER")
        return (await self.command("token", "staff", "boss")).strip()

    async def violations(self) -> list[Violation]:
        """What `loyalty verify` would find."""
        async with opened(database(self.url, self.keys_url)):
            return await violations()


def outside() -> Mapping[str, str]:
    """The environment of this process."""
    return os.environ  # noqa: TID251  what the processes of the house inherit


@dataclass(slots=True)
class Server:
    """A `loyalty serve` or `loyalty worker` in a process group of its own."""

    process: asyncio.subprocess.Process
    port: int
    log: Path
    ready_seconds: float = 0.0

    @property
    def is_alive(self) -> bool:
        """Whether it has not ended."""
        return self.process.returncode is None

    def signal(self, which: signal.Signals) -> None:
        """Send a signal to the server alone."""
        self.process.send_signal(which)

    async def kill(self) -> None:
        """End its whole process group at once, as kill -9 does."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        await self.process.wait()

    async def stop(self) -> int:
        """Ask it to end, and return its exit code.

        Raises: TimeoutError.
        """
        if self.is_alive:
            self.signal(signal.SIGTERM)
        async with asyncio.timeout(STOP_SECONDS):
            return await self.process.wait()

    async def await_ready(self, started: float) -> None:
        """Wait until it may be sent requests; remember how long that took.

        Raises: AssertionError, when it ends or takes too long.
        """
        while not await is_ready(self.port):
            if not self.is_alive or time.perf_counter() - started > READY_SECONDS:
                raise AssertionError(f"The server did not get ready:\n{self.log.read_text()}")
            await asyncio.sleep(LOOK_SECONDS)
        self.ready_seconds = time.perf_counter() - started


async def listens(port: int) -> bool:
    """Whether anybody takes connections on that port."""
    line = Line(port)
    try:
        await line.open()
    except Cut:
        return False
    line.abort()
    return True


async def is_ready(port: int) -> bool:
    """Whether the server on that port may be sent requests."""
    line = Line(port)
    try:
        return (await (await line.open()).get("/readyz")).status == 200
    except Cut:
        return False
    finally:
        await line.close()


async def start(house: House, port: int, **settings: str) -> Server:
    """Start a `loyalty serve` of the house and wait until it is ready."""
    started = time.perf_counter()
    server = await _spawn(house, port, "serve", "--port", str(port), **settings)
    try:
        await server.await_ready(started)
    except BaseException:
        await server.kill()
        raise
    return server


async def start_worker(house: House) -> Server:
    """Start a `loyalty worker` of the house."""
    return await _spawn(house, 0, "worker")


async def _spawn(house: House, port: int, *words: str, **settings: str) -> Server:
    log = house.folder / f"{words[0]}-{port}.log"
    with log.open("ab") as file:
        process = await asyncio.create_subprocess_exec(
            str(LOYALTY),
            *words,
            cwd=ROOT,
            env=house.environment(settings),
            stdout=file,
            stderr=file,
            start_new_session=True,
        )
    return Server(process, port, log)


@asynccontextmanager
async def serving(house: House, count: int = 1, **settings: str) -> AsyncIterator[list[Server]]:
    """So many `loyalty serve` of one house, each on a port of its own, ended whatever happens."""
    async with AsyncExitStack() as stack:
        made = []
        for _ in range(count):
            made.append(await start(house, free_port(), **settings))
            stack.push_async_callback(made[-1].kill)
        yield made


@contextmanager
def postgres_server(wanted: str) -> Iterator[postgres.Cluster | None]:
    """A PostgreSQL that keeps what it acknowledges, where one is wanted."""
    if wanted == "sqlite":
        yield None
        return
    with postgres.cluster(durable=True) as made:
        yield made


@asynccontextmanager
async def fresh_house(
    database: str, cluster: postgres.Cluster | None, *, empty: bool = False
) -> AsyncIterator[House]:
    """A house on a fresh database that keeps what it acknowledges: a file, or one on the cluster.

    An empty one holds no programme yet.
    """
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="loyalty-benchmark-")))
        if database == "sqlite" or cluster is None:
            urls = [f"sqlite://{folder / name}" for name in ("loyalty.db", "keys.db")]
        else:
            made = [await stack.enter_async_context(postgres.fresh_database(cluster.url)) for _ in range(2)]
            urls = [url.partition("?")[0] for url in made]
        house = House(urls[0], urls[1], folder)
        if not empty:
            await house.set_up()
        yield house
