"""The meter: how much CPU a process and all it started have used, by the kernel's own books."""

import os
from pathlib import Path

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
PROC = Path("/proc")


def cpu_seconds(root: int) -> float:
    """User and system time of a process, of what it started, and of what of that has ended."""
    return sum(_ticks(pid) for pid in _family(root)) / TICKS_PER_SECOND


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


def _ticks(pid: int) -> int:
    """utime, stime, cutime and cstime; 0 of a process that is gone, whose parent has counted it."""
    fields = _fields(pid)
    return sum(int(each) for each in fields[11:15]) if fields else 0


def _fields(pid: int) -> list[str]:
    """What /proc says of a process, from its state on; empty when it is gone."""
    try:
        text = (PROC / str(pid) / "stat").read_text()
    except OSError:
        return []
    return text[text.rindex(")") + 2 :].split()
