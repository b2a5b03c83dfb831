"""Installing: what the peers are made of, from their lock files, once; and the Node they run on."""

import hashlib
import platform
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

from benchmarks.report import say

HERE = Path(__file__).parent
MODULES = "node_modules"
STAMP = ".installed"
"""Beside the modules: the hash of the lock file they were installed from."""

INSTALL_SECONDS = 300.0
NODE = 22
"""The oldest Node that all of them run on."""

MACHINES = {"x86_64": "x64", "aarch64": "arm64"}


class Absent(Exception):  # noqa: N818  the end of an attempt, told to whoever asked
    """Why the servers of a folder cannot be started here."""


@cache
def installed(folder: Path) -> None:
    """See that the modules of a folder are there as its lock file says.

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
def node() -> str:
    """The Node to run: this machine's, or where that is too old the one the packages bring along.

    Raises: Absent.
    """
    brought = HERE / MODULES / f"node-linux-{MACHINES.get(platform.machine(), '')}" / "bin" / "node"
    for program in ("node", str(brought)):
        version = _version(program)
        if version is not None and version >= NODE:
            return program
    raise Absent(f"there is no Node {NODE} here, and none came with the packages")


@cache
def _version(program: str) -> int | None:
    """The version of a Node; None where it does not run."""
    try:
        done = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=20, check=False)
    except OSError:
        return None
    found = re.match(r"v(\d+)\.", done.stdout)
    return int(found[1]) if found else None
