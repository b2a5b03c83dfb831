"""Running: `serve` and `worker`."""

import asyncio
import os
import signal
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Annotated

import typer

from api import connections, demo, log
from api.cli._common import app, bar, here, run, show
from api.cli._welcome import welcome
from api.clock import now
from api.opening import NotMigrated, behind, bring_up, opened, working
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

    from api import wire
    from api.manifest import manifest

    manifest(found.documents)  # what is wrong with one is told before anything is begun
    with ExitStack() as stack:
        stack.enter_context(single_server(found.database_url))
        stack.enter_context(single_server(found.keys_url))
        told = run(_prepare(found))
        address = (host or found.host, port or found.port)
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
    if found.migrate:
        await bring_up(found)
    elif await behind(found):
        raise NotMigrated(NotMigrated.__doc__)
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
    found = here()
    with single_server(found.database_url), single_server(found.keys_url):
        log.set_up(found.log_level, as_json=found.log_json)
        if found.migrate:
            run(bring_up(found))
        show.print("working; stop with Ctrl-C")
        with suppress(KeyboardInterrupt):
            run(_work(found))


async def _work(found: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(each, stop.set)
    async with opened(found), working():
        await stop.wait()
