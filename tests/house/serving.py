"""Serving: a real server with a small demo, in a process of its own, as `make serve` would start it."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

from tests.api.shell import KEY

ROOT = Path(__file__).parents[2]
SERVE = "import api.demo; api.demo.MEMBERS = 20; from api.cli import main; main()"
START_SECONDS, STOP_SECONDS = 60.0, 20.0

CURL = """#!{python}
import sys, urllib.request
words, headers, data, url = iter(sys.argv[1:]), {{}}, None, None
for word in words:
    if word == "-H":
        name, _, value = next(words).partition(":")
        headers[name.strip()] = value.strip()
    elif word == "-d":
        data = next(words).encode()
    elif not word.startswith("-"):
        url = word
with urllib.request.urlopen(urllib.request.Request(url, data, headers)) as answer:
    sys.stdout.write(answer.read().decode())
"""
"""What stands in for curl on a machine that has none, as far as the examples use it."""


@dataclass(frozen=True)
class Server:
    """A server that listens, and what it said when it started."""

    url: str
    tokens: dict[str, str]
    environment: dict[str, str]
    folder: Path
    process: "subprocess.Popen[bytes]"

    @property
    def said(self) -> str:
        return (self.folder / "stdout").read_text("utf-8")

    @property
    def logged(self) -> str:
        return (self.folder / "stderr").read_text("utf-8")

    def bash(self, script: str) -> "subprocess.CompletedProcess[str]":
        """Run a script as somebody does who follows the README, in a folder that looks like a checkout."""
        return subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=self.folder / "checkout",
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


@contextmanager
def serving(database_url: str, folder: Path, **settings: str) -> Iterator[Server]:
    """A server with a demo on an empty database."""
    _checkout(folder)
    port = _free_port()
    environment = {**_environment(database_url, folder, port), **settings}
    with (folder / "stdout").open("wb") as out, (folder / "stderr").open("wb") as err:
        process = subprocess.Popen(
            [sys.executable, "-c", SERVE, "serve"],
            cwd=folder / "checkout",
            env=environment,
            stdout=out,
            stderr=err,
            start_new_session=True,
        )
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_until_ready(process, port, folder)
        tokens = dict(
            re.findall(r"^ {2}(\w+) +(ly[al]_\S+)$", (folder / "stdout").read_text("utf-8"), re.MULTILINE)
        )
        names = {"URL": url} | {name.upper(): token for name, token in tokens.items()}
        yield Server(url, tokens, {**environment, **names}, folder, process)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise


def _checkout(folder: Path) -> None:
    """A folder with everything the checkout has, but whose own `var` is its own."""
    checkout, programs = folder / "checkout", folder / "bin"
    checkout.mkdir()
    programs.mkdir()
    for path in ROOT.iterdir():
        if path.name not in ("var", ".git"):
            (checkout / path.name).symlink_to(path)
    if shutil.which("curl") is None:
        (programs / "curl").write_text(CURL.format(python=sys.executable))
        (programs / "curl").chmod(0o755)


def _environment(database_url: str, folder: Path, port: int) -> dict[str, str]:
    here = {name: value for name, value in os.environ.items() if not name.startswith("LOYALTY_")}  # noqa: TID251  # what a shell inherits
    # beside an SQLite database is its key store; PostgreSQL's would be in the checkout
    keys = {"LOYALTY_KEYS_URL": f"sqlite://{folder / 'keys.db'}"} if database_url.startswith("postgres") else {}
    return {
        **here,
        **keys,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), str(folder / "bin"), here.get("PATH", "")]),
        "LOYALTY_DATABASE_URL": database_url,
        "LOYALTY_MASTER_KEY": KEY,
        "LOYALTY_PORT": str(port),
    }


def _wait_until_ready(process: "subprocess.Popen[bytes]", port: int, folder: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        if _is_ready(port):
            return
        time.sleep(0.05)
    raise AssertionError(f"The server is not ready: {(folder / 'stderr').read_text('utf-8')}")


def _is_ready(port: int) -> bool:
    """Whether the server answers that it is ready. Who asks again and again reads no certificates each time."""
    asking = HTTPConnection("127.0.0.1", port, timeout=STOP_SECONDS)
    try:
        asking.request("GET", "/readyz")
        return asking.getresponse().status == 200
    except OSError:
        return False
    finally:
        asking.close()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
