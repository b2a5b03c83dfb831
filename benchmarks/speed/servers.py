"""Servers: what is measured side by side. A server is one entry of `SERVERS`, or of `benchmarks/peers`.

Each is one process on a port of this machine with `POOL` connections to the database. It reads the bearer token as
the house does (SHA-256, looked up in `token`, its word believed for one second at most), and answers only whom the
house would answer.
"""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from benchmarks.house import KEY, LOYALTY, ROOT, House
from benchmarks.speed.operations import OURS

HOST = "127.0.0.1"
POOL = 8
"""How many connections each server opens to the database."""

Sending = Literal["text", "hash", "variables"]


@dataclass(frozen=True, slots=True)
class Ground:
    """What a server is started on: a loaded database, its key store, and the documents of this run."""

    house: House
    manifest: Path
    """The documents of the run by their hashes, as the house trusts them."""

    @property
    def database(self) -> Literal["sqlite", "postgres"]:
        """Which database it is."""
        return "sqlite" if self.house.is_embedded else "postgres"

    def environment(self, port: int) -> dict[str, str]:
        """What a peer finds in its environment."""
        return {
            "BENCH_PORT": str(port),
            "BENCH_DATABASE_URL": self.house.plain_url,
            "BENCH_KEYS_URL": self.house.keys_url,
            "BENCH_MASTER_KEY": KEY,
            "BENCH_POOL": str(POOL),
        }


@dataclass(frozen=True, slots=True)
class Command:
    """A program to start."""

    argv: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: Path = ROOT


def _always() -> None:
    return None


@dataclass(frozen=True, slots=True)
class Server:
    """One server of a run."""

    name: str
    """As the targets and the JSON name it."""
    about: str
    command: Callable[[Ground, int], Command]
    """The program that listens at 127.0.0.1 on that port. Asked once, before it is started."""
    dialect: str = OURS
    sends: Sending = "text"
    """The document by its text or its hash, or, to who speaks no GraphQL, the variables alone."""
    path: str = "/graphql"
    """Where it answers; `{operation}` is replaced by the operation's name."""
    takes_any: bool = True
    """Whether it answers documents it was not written for."""
    warm_requests: int = 0
    """How many requests of an operation come before it is measured; 0 for as many as come in a moment."""
    databases: frozenset[str] = frozenset({"postgres"})
    absent: Callable[[], str | None] = _always
    """Why it cannot be started here; None when it can."""


def ours(ground: Ground, port: int) -> Command:
    """The house itself, as in production: members run trusted documents only."""
    settings = {
        "LOYALTY_DOCUMENTS": str(ground.manifest),
        "LOYALTY_WORKER": "off",
        "LOYALTY_LOG_LEVEL": "INFO",
        # counted as for everybody, but a benchmark asks for more at once than anybody may
        "LOYALTY_ALLOWANCES": ",".join(f"{kind}=900000000/900000000" for kind in ("member", "staff", "partner")),
    }
    return Command((str(LOYALTY), "serve", "--port", str(port)), ground.house.environment(settings))


def handwritten(_: Ground, port: int) -> Command:
    """The endpoint written by hand."""
    return Command((sys.executable, "-m", "benchmarks.speed.handwritten.app", str(port)))


def plain(_: Ground, port: int) -> Command:
    """What the guides of strawberry and Tortoise come to."""
    return Command((sys.executable, "-m", "benchmarks.speed.plain.app", str(port)))


BOTH = frozenset({"postgres", "sqlite"})

SERVERS: tuple[Server, ...] = (
    Server("ours", "this house", ours, sends="hash", databases=BOTH),
    Server(
        "handwritten",
        "Starlette routes, SQL, dict literals and orjson; no GraphQL",
        handwritten,
        sends="variables",
        path="/{operation}",
        takes_any=False,
        databases=BOTH,
    ),
    Server("plain", "strawberry's ASGI view, Tortoise's models and DataLoaders", plain, databases=BOTH),
)
"""The first is measured against all others."""
