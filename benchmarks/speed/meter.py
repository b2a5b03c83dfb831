"""The meter: how much CPU a process and all it started have used, by the kernel's own books."""

import os
import time
from pathlib import Path

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
PROC = Path("/proc")

CLOCK = 2
"""In the number of a process's CPU clock, below its id: the time it was on a CPU, in nanoseconds."""


def cpu_seconds(root: int) -> float:
    """User and system time of a process, of what it started, and of what of that has ended.

    Of what lives it is exact; of what has ended the kernel knows ticks of ten milliseconds.
    """
    return sum(_seconds(pid) for pid in _family(root))


def _family(root: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for entry in PROC.iterdir():
        if entry.name.isdigit() and (fields := _fields(int(entry.name))):
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    found, todo = [], [root]
    while todo:
        found.append(todo.pop())
        todo += children.get(found[-1], [])
    return found


def _seconds(pid: int) -> float:
    """Its own time, and that of its children that have ended; 0 when it is gone, and its parent has counted it."""
    fields = _fields(pid)
    if not fields:
        return 0.0
    try:
        own = time.clock_gettime((~pid << 3) | CLOCK)
    except OSError:
        own = sum(map(int, fields[11:13])) / TICKS_PER_SECOND
    return own + sum(map(int, fields[13:15])) / TICKS_PER_SECOND


def _fields(pid: int) -> list[str]:
    """What /proc says of a process, from its state on; empty when it is gone."""
    try:
        text = (PROC / str(pid) / "stat").read_text()
    except OSError:
        return []
    return text[text.rindex(")") + 2 :].split()
