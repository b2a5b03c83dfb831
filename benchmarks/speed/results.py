"""Results: the figures of a run as tables for people, and as one JSON object for programs."""

from collections.abc import Mapping, Sequence

from benchmarks.speed.operations import Operation
from benchmarks.speed.rounds import Measured
from benchmarks.speed.servers import SERVERS

OURS = SERVERS[0].name
HEAD = ("server", "CPU ms", "database ms", "requests/s", "p50 ms", "p99 ms", "ours/its CPU", "target", "is it")


def ratios(found: Sequence[Measured]) -> dict[str, dict[str, float]]:
    """Our CPU per request divided by each other server's, by operation and server."""
    return {
        each.operation: {name: round(each.ratio(OURS, name), 3) for name in each.samples if name != OURS}
        for each in found
        if OURS in each.samples
    }


def rows(operation: Operation, found: Measured) -> list[tuple[str, ...]]:
    """One line for each server."""
    return [_row(name, operation.targets, found) for name in found.samples]


def _row(name: str, targets: Mapping[str, float], found: Measured) -> tuple[str, ...]:
    figures = (
        f"{found.median(name, 'cpu_ms'):.3f}",
        f"{found.median(name, 'database_ms'):.3f}",
        f"{found.median(name, 'per_second'):,.0f}",
        f"{found.median(name, 'p50_ms'):.1f}",
        f"{found.median(name, 'p99_ms'):.1f}",
    )
    if name == OURS or OURS not in found.samples:
        return (name, *figures, "", "", "")
    ratio, target = found.ratio(OURS, name), targets.get(name)
    if target is None:
        return (name, *figures, f"{ratio:.3f}", "", "")
    return (name, *figures, f"{ratio:.3f}", f"{target:.2f}", "met" if ratio <= target else "missed")


def table(lines: Sequence[tuple[str, ...]]) -> list[str]:
    """Lines in columns, for a terminal."""
    all_lines = [HEAD, *lines]
    widths = [max(len(line[place]) for line in all_lines) for place in range(len(HEAD))]
    return [
        "  ".join(_set(text, width, place) for place, (text, width) in enumerate(zip(line, widths, strict=True)))
        for line in all_lines
    ]


def _set(text: str, width: int, place: int) -> str:
    return text.ljust(width) if place in (0, len(HEAD) - 1) else text.rjust(width)
