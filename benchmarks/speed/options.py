"""Options: how large the data is, who is asked what, and how long."""

import argparse
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.speed.data.sizes import PER_MEMBER, Size
from benchmarks.speed.rounds import Load

PAGE = Path(__file__).parents[2] / "docs" / "performance.md"


@dataclass(frozen=True, slots=True)
class Options:
    """What a run was asked for."""

    database: str
    quick: bool
    size: Size
    callers: int
    seed: int
    load: Load
    servers: tuple[str, ...]
    """Empty for all that can be started."""
    operations: tuple[str, ...]
    """Empty for all there are."""
    documents: Path | None
    page: Path | None
    verify: bool
    profiles: Path | None
    """Where callgrind's profiles are left, where it counts."""


def options(arguments: Sequence[str] | None = None) -> Options:
    """The options of a command line."""
    given = _parser().parse_args(arguments)
    quick = bool(given.quick)
    members = given.members or (1_000 if quick else 100_000)
    return Options(
        database=given.database,
        quick=quick,
        size=Size(members, given.entries or PER_MEMBER * members),
        callers=given.callers,
        seed=given.seed,
        load=Load(
            rounds=given.rounds or (3 if quick else 6),
            seconds=given.seconds or (0.25 if quick else 2.0),
            connections=given.connections or (8 if quick else 16),
            warm_seconds=0.2 if quick else 1.0,
        ),
        servers=_names(given.servers),
        operations=_names(given.operations),
        documents=given.documents,
        page=given.page,
        verify=not given.no_verify,
        profiles=given.profiles,
    )


def _names(text: str) -> tuple[str, ...]:
    return tuple(each for each in re.split(r"[,\s]+", text) if each)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="benchmarks.speed", description=__doc__)
    add = parser.add_argument
    add("--quick", action="store_true", help="small data and short rounds, without the Node peers")
    add("--database", choices=("postgres", "sqlite"), default="postgres")
    add("--members", type=int, help="how many members (100,000; quick 1,000)")
    add("--entries", type=int, help=f"about how many lines of the ledger ({PER_MEMBER} a member)")
    add("--callers", type=int, default=200, help="how many members send the requests, each with a token")
    add("--seed", type=int, default=1)
    add("--rounds", type=int, help="how often each server has its turn (6; quick 3)")
    add("--seconds", type=float, help="how long each turn is (2; quick 0.25)")
    add("--connections", type=int, help="how many ask at once (16; quick 8)")
    add("--servers", default="", help="which servers, by commas; all that can be started by default")
    add("--operations", default="", help="which operations, by commas; all by default")
    add("--documents", type=Path, help="documents of your own: a folder of .graphql and .json, or one .json file")
    add("--page", type=Path, help=f"write the page there, and its chart beside it ({PAGE.name})")
    add("--profiles", type=Path, help="a folder for callgrind's profiles, where instructions are counted")
    add("--no-verify", action="store_true", help="do not check the books at the end")
    return parser
