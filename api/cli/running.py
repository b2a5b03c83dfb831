"""Running: `serve` and `worker`."""

import asyncio
import errno
import os
import signal
import socket
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Annotated

import typer

from api.cli._common import Failed, app, bar, here, run, show
from api.cli._welcome import welcome
from api.clock import now
from api.opening import bring_up, opened, reaching, refuse_behind, require
from api.settings import Settings
from models.lock import single_server


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Overrides LOYALTY_HOST.")] = None,
    port: Annotated[int | None, typer.Option(help="Overrides LOYALTY_PORT.")] = None,
) -> None:
    """Serve the API with a worker inside. In development also the WeChat simulator, and a demo the first time."""
    found = here()
    import uvicorn

    from api import connections, log, wire
    from api.manifest import trusted

    trusted(found)  # what is wrong with one is told before anything is begun
    address = (host or found.host, found.port if port is None else port)
    _see_free(*address)
    with ExitStack() as stack:
        _hold(stack, found)
        told = run(_prepare(found))
        if told is not None:
            show.print(welcome(found, address, told))
        log.set_up(found.log_level, as_json=found.log_json)
        # once all is answered, uvicorn sends itself the signal anew; a stop that was asked for is no failure
        signal.signal(signal.SIGTERM, _leave)
        connections.allow_files()
        stack.enter_context(_shared_metrics(found))
        uvicorn.run(
            "api.app:create",
            factory=True,
            host=address[0],
            port=address[1],
            workers=found.workers,
            access_log=False,
            log_config=None,
            log_level=found.log_level.lower(),
            server_header=False,
            timeout_graceful_shutdown=20,
            **connections.options(),
            **wire.options(),
        )


def _see_free(host: str, port: int) -> None:
    """See that this address can be listened at, before anything is begun or told.

    Raises: Failed.
    """
    try:
        places = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, kind, protocol, _, place in places:
            with socket.socket(family, kind, protocol) as tried:
                tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if family == socket.AF_INET6:
                    tried.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                tried.bind(place)
                tried.listen(1)  # two may bind to an address where neither listens
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise Failed(
                f"Port {port} is in use: stop what listens there, or choose another with LOYALTY_PORT={port + 1}."
            ) from None
        if error.errno == errno.EACCES:
            raise Failed(f"Port {port} may not be listened at: choose one above 1023 with LOYALTY_PORT.") from None
        raise Failed(f"LOYALTY_HOST: {host} cannot be listened at: {error.strerror or error}.") from None


def _hold(stack: ExitStack, found: Settings) -> None:
    """Be the only server or worker on these databases. Only what may make a database makes a file beside it."""
    if found.is_production or not found.migrate:
        run(require(found))
    for name, url in (("LOYALTY_DATABASE_URL", found.database_url), ("LOYALTY_KEYS_URL", found.keys_url)):
        with reaching(name, url):
            stack.enter_context(single_server(url))


@contextmanager
def _shared_metrics(found: Settings) -> Iterator[None]:
    """A folder in which several processes put their numbers together, so that a scrape of any sees all."""
    if found.workers == 1 or found.metrics_folder:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="loyalty-metrics-") as folder:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder  # noqa: TID251  the server's processes inherit it
        yield


def _leave(*_: object) -> None:
    """End with exit code 0."""
    raise SystemExit(0)


async def _prepare(found: Settings) -> dict[str, str] | None:
    """Bring the database up, sow the demo where it belongs, and hand back its tokens; None in production."""
    from api import demo

    if found.migrate:
        await bring_up(found)
    else:
        await refuse_behind(found)
    if found.is_production:
        # opened once before the server is, so that what is wrong is one clear line
        async with opened(found):
            return None
    if await demo.is_empty(found.database_url):
        with bar("sowing the demo", demo.MEMBERS) as progress:
            await demo.sow(found, now(), progress)
    async with opened(found):
        return await demo.tokens(now())


@app.command()
def worker() -> None:
    """Do jobs only. Beside a server it needs PostgreSQL."""
    from api import log

    found = here()
    with ExitStack() as stack:
        run(require(found))
        _hold(stack, found)
        log.set_up(found.log_level, as_json=found.log_json)
        if found.migrate:
            run(bring_up(found))
        show.print("working; stop with Ctrl-C")
        with suppress(KeyboardInterrupt):
            run(_work(found))


async def _work(found: Settings) -> None:
    from api.courier import carrying
    from api.worker import working

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(each, stop.set)
    async with opened(found), working(), carrying(may_loop=not found.is_production):
        await stop.wait()
