"""Peers: GraphQL servers of other makes on the house's tables, as entries of the benchmark of speed.

They are written for Node, as well as somebody would who knows it: prepared statements on a pool, reference data in
memory, no logs. What they are made of is installed by `npm ci` from a lock file when they are first asked for.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks.peers.installing import HERE, Absent, installed, node
from benchmarks.speed.postgraphile import DIALECT
from benchmarks.speed.servers import Command, Ground, Server

POSTGRAPHILE = HERE / "postgraphile"

WARM_REQUESTS = 5_000
"""V8 compiles what was run often enough: measured before, its servers look dearer than they are."""


def _why(*folders: Path) -> str | None:
    """Why a server cannot be started here, after what it is made of has been installed; None when it can."""
    try:
        for folder in folders:
            installed(folder)
        node()
    except Absent as absent:
        return str(absent)
    return None


def _program(folder: Path, *argv: str) -> Callable[[Ground, int], Command]:
    def command(_: Ground, port: int) -> Command:
        del port  # it is in the environment
        return Command((node(), *argv), {"NODE_ENV": "production"}, folder)

    return command


def _peer(name: str, about: str, *argv: str) -> Server:
    return Server(name, about, _program(HERE, *argv), warm_requests=WARM_REQUESTS, absent=partial(_why, HERE))


SERVERS: tuple[Server, ...] = (
    _peer("mercurius", "Mercurius with JIT on Fastify, our SQL joined by what is asked", "mercurius.js", "tuned"),
    _peer("mercurius_loaders", "Mercurius with JIT on Fastify, its own loaders", "mercurius.js", "loaders"),
    Server(
        "postgraphile",
        "PostGraphile 5 with its Amber preset, computed columns and one function that writes",
        _program(POSTGRAPHILE, "server.js"),
        dialect=DIALECT,
        warm_requests=WARM_REQUESTS,
        absent=partial(_why, HERE, POSTGRAPHILE),
    ),
    _peer("yoga", "GraphQL Yoga with dataloaders", "yoga.js"),
)
"""Those that are measured where they can be started."""
