"""Curves: what one operation costs at several sizes, smallest first, and how they are told."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.speed.rounds import Load, Measured

FLAT = 1.25
"""The most that a request may cost at the largest size, of what it costs at the smallest."""

FIGURES = {"cpu": "cpu_ms", "database": "database_ms"}


@dataclass(frozen=True, slots=True)
class Asked:
    """What a run was asked for."""

    database: str
    members: tuple[int, ...]
    lines: tuple[int, ...]
    pages: tuple[int, ...]
    seed: int
    load: Load
    page: Path | None

    @property
    def about(self) -> str:
        """What is run, in a line."""
        load = self.load
        return f"{self.database}, {load.rounds} rounds of {load.seconds} s each, {load.connections} connections"


@dataclass(frozen=True, slots=True)
class Curve:
    """One operation at several sizes, smallest first."""

    name: str
    measured: Measured

    @property
    def sizes(self) -> list[str]:
        """The sizes, smallest first."""
        return list(self.measured.samples)

    def growth(self, figure: str) -> float:
        """The largest's figure divided by the smallest's; 1 for a figure too small to be counted."""
        if not self.measured.median(self.sizes[0], figure):
            return 1.0
        return self.measured.ratio(self.sizes[-1], self.sizes[0], figure)


def growths(found: Sequence[Curve]) -> dict[str, dict[str, dict[str, float]]]:
    """How much dearer the largest is than the smallest, by curve, operation and figure."""
    told: dict[str, dict[str, dict[str, float]]] = {}
    for curve in found:
        figures = {name: round(curve.growth(figure), 3) for name, figure in FIGURES.items()}
        told.setdefault(curve.name, {})[curve.measured.operation] = figures
    return told


def told(curve: Curve) -> list[str]:
    """A curve for a terminal."""
    lines = [f"\n{curve.measured.operation} by {curve.name}"]
    for size in curve.sizes:
        cpu, database = (curve.measured.median(size, figure) for figure in FIGURES.values())
        lines.append(f"  {size:>12}  CPU {cpu:7.3f} ms  database {database:7.3f} ms")
    ratios = ", ".join(f"{name} {curve.growth(figure):.2f}" for name, figure in FIGURES.items())
    return [*lines, f"  largest / smallest: {ratios}"]


def asked(arguments: Sequence[str] | None = None) -> Asked:
    """The options of a command line."""
    given = _parser().parse_args(arguments)
    quick = bool(given.quick)
    return Asked(
        database=given.database,
        members=_numbers(given.members or ("1000,4000" if quick else "1000,10000,100000")),
        lines=_numbers(given.lines or ("1000,10000" if quick else "1000,10000,100000,1000000")),
        pages=_numbers(given.pages),
        seed=given.seed,
        load=Load(given.rounds, given.seconds or (0.4 if quick else 1.0), given.connections, 0.3 if quick else 1.0),
        page=given.page,
    )


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(sorted({int(each.replace("_", "")) for each in text.split(",")}))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="benchmarks.speed.growth", description=__doc__)
    add = parser.add_argument
    add("--quick", action="store_true", help="small sizes and short rounds")
    add("--database", choices=("postgres", "sqlite"), default="postgres")
    add("--members", help="how many members, by commas (1000,10000,100000)")
    add("--lines", help="how many lines one ledger has, by commas (1000,10000,100000,1000000)")
    add("--pages", default="1,10,100,1000,10000", help="which pages are read, as far as there are so many")
    add("--seed", type=int, default=1)
    add("--rounds", type=int, default=4)
    add("--seconds", type=float, help="how long each turn is (1; quick 0.4)")
    add("--connections", type=int, default=8)
    add("--page", type=Path, help="write the part of the page there, and its chart beside it")
    return parser
