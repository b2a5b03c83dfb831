"""Chromium, headless and cut off from every network but this machine, driven by its own debugging protocol."""

import base64
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import httpx2
import orjson
from websockets.sync.client import ClientConnection, connect

NAMES = ("chromium", "chromium-browser", "google-chrome")
START_SECONDS, STOP_SECONDS, WAIT_SECONDS = 30.0, 10.0, 20.0
MESSAGE_MAX = 64 * 1024 * 1024
"""Bytes of one message: a screenshot comes as one."""


class BrowserUnavailableError(Exception):
    """There is no Chromium on this machine."""


class Page:
    """One page: what it asked for, what it complained of, and what can be done with it."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.numbers = count(1)
        self.requests: list[str] = []
        self.complaints: list[str] = []
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **given: Any) -> dict[str, Any]:
        """Send one command and wait for its answer, hearing what the page says meanwhile."""
        number = next(self.numbers)
        self.socket.send(orjson.dumps({"id": number, "method": method, "params": given}).decode())
        end = time.monotonic() + WAIT_SECONDS
        while (left := end - time.monotonic()) > 0:
            said = orjson.loads(self.socket.recv(left))
            if said.get("id") == number:
                if "error" in said:
                    raise AssertionError(f"{method}: {said['error']}")
                answer: dict[str, Any] = said["result"]
                return answer
            self._hear(said)
        raise AssertionError(f"{method} was not answered in {WAIT_SECONDS} s.")

    def _hear(self, said: dict[str, Any]) -> None:
        told = said.get("params", {})
        if said.get("method") == "Network.requestWillBeSent":
            self.requests.append(told["request"]["url"])
        elif said.get("method") == "Runtime.exceptionThrown":
            details = told["exceptionDetails"]
            self.complaints.append(details.get("exception", {}).get("description") or details["text"])
        elif said.get("method") == "Log.entryAdded":
            entry = told["entry"]
            # an answer that refuses is no fault of the page
            if entry["level"] == "error" and entry["source"] != "network":
                self.complaints.append(entry["text"])

    def open(self, url: str, *, width: int = 1280, height: int = 800, dark: bool = False) -> None:
        """Go to an address, in a window of that size."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self.call("Page.navigate", url=url)
        self.wait("document.readyState === 'complete'")

    def evaluate(self, script: str) -> Any:
        """The value of an expression in the page; a promise is waited for."""
        answer = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            raise AssertionError(f"{script}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def wait(self, script: str) -> Any:
        """Wait until an expression is true, and return its value."""
        end = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < end:
            if found := self.evaluate(f"(it => it instanceof Node || it)({script})"):
                return found
            time.sleep(0.05)
        text = self.evaluate("document.body.innerText.slice(0, 2000)")
        raise AssertionError(f"Never true: {script}\n{text}\n{self.complaints}")

    def text(self) -> str:
        """What a person reads on the page."""
        return str(self.evaluate("document.body.innerText"))

    def click(self, selector: str) -> None:
        """Click the first element a selector finds."""
        self.wait(f"document.querySelector({orjson.dumps(selector).decode()})")
        self.evaluate(f"document.querySelector({orjson.dumps(selector).decode()}).click()")

    def fill(self, selector: str, text: str) -> None:
        """Put text into a field as if it were typed."""
        self.wait(f"document.querySelector({orjson.dumps(selector).decode()})")
        self.evaluate(f"document.querySelector({orjson.dumps(selector).decode()}).focus()")
        self.evaluate(f"document.querySelector({orjson.dumps(selector).decode()}).select?.()")
        self.call("Input.insertText", text=text)

    def picture(self, path: Path) -> None:
        """Write a screenshot as a PNG."""
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))

    def elsewhere(self, origin: str) -> list[str]:
        """The addresses the page asked for that are not of this origin."""
        own = (origin, "data:", "blob:", origin.replace("http", "ws", 1))
        return [url for url in self.requests if not url.startswith(own)]


def program() -> str:
    """The browser's program.

    Raises: BrowserUnavailableError.
    """
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        raise BrowserUnavailableError("There is no Chromium: apt-get install chromium.")
    return found


@contextmanager
def browser(folder: Path, language: str = "en") -> Iterator[Page]:
    """A page of a fresh browser, which finds no host but this machine's own address."""
    process = subprocess.Popen(
        [
            program(),
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--no-first-run",
            "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
            "--remote-debugging-port=0",
            f"--lang={language}",
            f"--accept-lang={language}",
            f"--user-data-dir={folder}",
            "about:blank",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        with connect(_address(folder, process), max_size=MESSAGE_MAX, open_timeout=START_SECONDS) as socket:
            yield Page(socket)
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _address(folder: Path, process: "subprocess.Popen[bytes]") -> str:
    """Where the browser's first page is driven from."""
    told = folder / "DevToolsActivePort"
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        if told.exists() and (lines := told.read_text().split()):
            for each in httpx2.get(f"http://127.0.0.1:{lines[0]}/json/list").json():
                if each["type"] == "page":
                    return str(each["webSocketDebuggerUrl"])
        time.sleep(0.05)
    raise AssertionError("Chromium did not start.")
