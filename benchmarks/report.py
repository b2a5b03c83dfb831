"""Reports: what every benchmark prints before and after its figures."""

import argparse
import asyncio
import math
import os
import platform
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any

from benchmarks.house import DATABASES, ROOT


def arguments(about: str | None) -> argparse.ArgumentParser:
    """The options every benchmark takes."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--database", choices=(*DATABASES, "both"), default="both")
    parser.add_argument("--seed", type=int, default=1)
    return parser


def databases(chosen: str) -> tuple[str, ...]:
    """The databases an option means."""
    return DATABASES if chosen == "both" else (chosen,)


def heading(name: str, seed: int) -> None:
    """Print what the figures belong to: the seed, the commit and the machine."""
    say(f"{name}: seed {seed}, commit {commit()}")
    say(f"machine: {processor()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}")
    say(f"python {platform.python_version()}, SQLite {sqlite3.sqlite_version}")


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def commit() -> str:
    """The commit of this checkout, and whether anything in it differs."""
    git = ["git", "--no-optional-locks", "-C", str(ROOT)]
    try:
        head = subprocess.run([*git, "rev-parse", "--short=12", "HEAD"], check=True, capture_output=True, text=True)
        changed = subprocess.run([*git, "diff", "--quiet", "HEAD"], check=False).returncode
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return head.stdout.strip() + (" with changes" if changed else "")


def processor() -> str:
    """What this machine calls its processor."""
    path = Path("/proc/cpuinfo")
    if path.exists():
        for line in path.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def spread(seconds: Sequence[float]) -> str:
    """Median, 99th percentile and maximum of some durations, in milliseconds."""
    if not seconds:
        return "none"
    found = sorted(seconds)
    p99 = found[min(len(found) - 1, math.ceil(len(found) * 0.99) - 1)]
    return f"p50 {found[len(found) // 2] * 1e3:.0f} ms, p99 {p99 * 1e3:.0f} ms, max {found[-1] * 1e3:.0f} ms"


def run(work: Coroutine[Any, Any, Sequence[str]]) -> None:
    """Do a benchmark's work and exit: 0 when nothing failed. Stopped by a signal, it still cleans up."""
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    _finish(asyncio.run(work))


def _finish(failures: Sequence[str]) -> None:
    for each in failures[:20]:
        say(f"FAILED {each}")
    say("passed" if not failures else f"{len(failures)} failures")
    sys.exit(1 if failures else 0)
