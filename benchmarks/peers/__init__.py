"""Peers: GraphQL servers of other makes on the house's tables, as entries of the benchmark of speed.

They are written for Node, as well as somebody would who knows it: prepared statements on a pool, reference data in
memory, no logs. What they are made of is installed by `npm ci` from a lock file when they are first asked for.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks.peers.installing import Absent, Version, installed, node
from benchmarks.speed.postgraphile import DIALECT
from benchmarks.speed.servers import Command, Ground, Server

HERE = Path(__file__).parent
NODE = (20, 12)

POSTGRAPHILE = HERE / "postgraphile"
POSTGRAPHILE_NODE = (22, 0)


def _why(*folders: tuple[Path, Version]) -> str | None:
    """Why a server cannot be started here, after what it is made of has been installed; None when it can."""
    try:
        for folder, least in folders:
            installed(folder, least)
    except Absent as absent:
        return str(absent)
    return None


def _program(folder: Path, least: Version, *argv: str) -> Callable[[Ground, int], Command]:
    def command(_: Ground, port: int) -> Command:
        del port  # it is in the environment
        return Command((node(folder, least), *argv), {"NODE_ENV": "production"}, folder)

    return command


def _peer(name: str, about: str, *argv: str) -> Server:
    return Server(name, about, _program(HERE, NODE, *argv), absent=partial(_why, (HERE, NODE)))


SERVERS: tuple[Server, ...] = (
    _peer("mercurius", "Mercurius with JIT on Fastify, our SQL joined by what is asked", "mercurius.js", "tuned"),
    _peer("mercurius_loaders", "Mercurius with JIT on Fastify, its own loaders", "mercurius.js", "loaders"),
    Server(
        "postgraphile",
        "PostGraphile 5 with its Amber preset, computed columns and one function that writes",
        _program(POSTGRAPHILE, POSTGRAPHILE_NODE, "server.js"),
        dialect=DIALECT,
        absent=partial(_why, (HERE, NODE), (POSTGRAPHILE, POSTGRAPHILE_NODE)),
    ),
    _peer("yoga", "GraphQL Yoga with dataloaders", "yoga.js"),
)
"""Those that are measured where they can be started."""
