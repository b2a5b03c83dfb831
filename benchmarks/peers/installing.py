"""Installing: what the peers are made of, from their lock files, once; and the Node they run on."""

import hashlib
import platform
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

from benchmarks.report import say

MODULES = "node_modules"
Version = tuple[int, int]
"""Of Node: major and minor."""

STAMP = ".installed"
"""Beside the modules: the hash of the lock file they were installed from."""

INSTALL_SECONDS = 300.0
MACHINES = {"x86_64": "x64", "aarch64": "arm64"}


class Absent(Exception):  # noqa: N818  the end of an attempt, told to whoever asked
    """Why the servers of a folder cannot be started here."""


@cache
def installed(folder: Path, least: Version) -> None:
    """See that the modules of a folder are there as its lock file says, for a Node of that version or later.

    Raises: Absent.
    """
    npm = shutil.which("npm")
    if npm is None or _version("node") is None:
        raise Absent("there is no Node here")
    lock = hashlib.sha256((folder / "package-lock.json").read_bytes()).hexdigest()
    stamp = folder / MODULES / STAMP
    if not (stamp.exists() and stamp.read_text() == lock):
        say(f"installing {folder.name} …")
        _install(npm, folder)
        stamp.write_text(lock)
    node(folder, least)


def _install(npm: str, folder: Path) -> None:
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise Absent(f"`npm ci` took longer than {INSTALL_SECONDS:.0f} seconds") from None
    if done.returncode:
        code = re.search(r"npm error code (\w+)", done.stderr)
        raise Absent(f"`npm ci` failed{f' with {code[1]}' if code else ''}: is there a network?")


@cache
def node(folder: Path, least: Version) -> str:
    """The Node to run: this machine's, or where that is too old the one the folder's packages bring along.

    Raises: Absent.
    """
    brought = folder / MODULES / f"node-linux-{MACHINES.get(platform.machine(), '')}" / "bin" / "node"
    for program in ("node", str(brought)):
        version = _version(program)
        if version is not None and version >= least:
            return program
    raise Absent(f"there is no Node {least[0]}.{least[1]} or later here")


@cache
def _version(program: str) -> Version | None:
    """The version of a Node; None where it does not run."""
    try:
        done = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=20, check=False)
    except OSError:
        return None
    found = re.match(r"v(\d+)\.(\d+)\.", done.stdout)
    return (int(found[1]), int(found[2])) if found else None
