"""The deployment: its files are whole, and agree with the service they are for."""

import configparser
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from api import connections
from api.app import application
from api.requests import BODY_MAX
from api.settings import settings
from api.worker import LEAVE_SECONDS
from rules.transactions import DRAIN_SECONDS

DEPLOY = Path(__file__).parents[2] / "deploy"
SETTINGS = (DEPLOY.parent / "docs" / "settings.md").read_text("utf-8")
GRACE_SECONDS = 20
LOYALTY = "/opt/loyalty/.venv/bin/loyalty"


def environment() -> dict[str, str]:
    lines = (DEPLOY / "loyalty.env").read_text("utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def unit() -> configparser.SectionProxy:
    parser = configparser.RawConfigParser(strict=True)
    parser.optionxform = str  # type: ignore[method-assign,assignment]  # as configparser documents it
    parser.read(DEPLOY / "loyalty.service", "utf-8")
    return parser["Service"]


Block = list[tuple[list[str], Any]]


def site() -> Block:
    """nginx's directives: each one's words, and what is in its braces."""
    text = re.sub(r"(?m)^\s*#.*$", "", (DEPLOY / "nginx.conf").read_text("utf-8"))
    words = re.findall(r"'[^']*'|[{};]|[^\s{};]+", text)
    stack: list[Block] = [[]]
    said: list[str] = []
    for word in words:
        if word == "{":
            stack.append([])
            stack[-2].append((said, stack[-1]))
        elif word == "}":
            assert not said, f"no ; after {said}"
            stack.pop()
        elif word == ";":
            stack[-1].append((said, None))
        else:
            said.append(word)
            continue
        said = []
    assert len(stack) == 1
    assert not said
    return stack[0]


def found(block: Block, *words: str) -> list[tuple[list[str], Any]]:
    return [each for each in block if each[0][: len(words)] == list(words)]


def test_the_settings_are_known_and_are_production_s() -> None:
    given = environment()
    assert {name for name in given if f"`{name}`" not in SETTINGS} == set()
    read = settings(given)
    assert read.is_production
    assert not read.is_embedded
    assert read.proxies == ("127.0.0.1",)


def test_the_unit_starts_the_service_and_waits_until_it_has_stopped() -> None:
    service = unit()
    assert service["ExecStart"] == f"{LOYALTY} serve"
    assert service["User"] == "loyalty"
    assert int(service["TimeoutStopSec"]) > GRACE_SECONDS + DRAIN_SECONDS + LEAVE_SECONDS
    assert int(service["LimitNOFILE"]) >= connections.AT_ONCE + connections.SPARE_FILES


def test_systemd_understands_the_unit(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("this system has no systemd")
    here = tmp_path / "loyalty.service"
    program = Path(sys.executable).with_name("loyalty")
    text = (DEPLOY / "loyalty.service").read_text("utf-8").replace(LOYALTY, str(program))
    here.write_text(text.replace("Documentation=file:/opt/loyalty", f"Documentation=file:{DEPLOY.parent}"))
    done = subprocess.run([analyze, "verify", "--man=no", str(here)], capture_output=True, text=True, timeout=60)
    ours = [line for line in (done.stdout + done.stderr).splitlines() if "loyalty" in line]
    assert ours == [], ours


def test_nginx_lets_through_what_the_service_is_for_and_keeps_the_rest_in() -> None:
    given = environment()
    del given["LOYALTY_DOCUMENTS"]
    served = {getattr(each, "path", "") for each in application(settings(given)).routes}
    [_, server] = [block for words, block in site() if words == ["server"]]
    through = {words[2] for words, _ in found(server, "location", "=")}
    assert through <= served
    assert served - through == {"/healthz", "/metrics"}
    [(_, rest)] = found(server, "location", "/")
    assert rest == [(["return", "404"], None)]


def test_nginx_tells_who_asks_and_waits_as_long_as_the_service() -> None:
    [_, server] = [block for words, block in site() if words == ["server"]]
    [(_, graphql)] = found(server, "location", "=", "/graphql")
    headers = {words[1]: words[2] for words, _ in found(graphql, "proxy_set_header")}
    assert headers["X-Forwarded-For"] == "$remote_addr"
    assert (headers["Upgrade"], headers["Connection"]) == ("$http_upgrade", "$loyalty_connection")
    [(limit, _)] = found(server, "client_max_body_size")
    assert limit[1] == "1m"
    assert BODY_MAX < 1024**2
    [(_, upstream)] = found(site(), "upstream")
    assert (["server", f"127.0.0.1:{settings(environment()).port}"], None) in upstream
    [(rest, _)] = found(upstream, "keepalive_timeout")
    assert int(rest[1].removesuffix("s")) < connections.KEEP_ALIVE_SECONDS


def test_nginx_understands_the_site(tmp_path: Path) -> None:
    nginx = shutil.which("nginx")
    if nginx is None:
        pytest.skip("this system has no nginx")
    text = (DEPLOY / "nginx.conf").read_text("utf-8")
    # without a certificate, and on ports anybody may have
    text = (
        re.sub(r"(?m)^\s*ssl_.*$", "", text)
        .replace("443 ssl", "8443")
        .replace(":80;", ":8080;")
        .replace(" 80;", " 8080;")
    )
    whole = tmp_path / "nginx.conf"
    whole.write_text(f"pid {tmp_path}/pid;\nerror_log stderr;\nevents {{}}\nhttp {{\n{text}\n}}\n")
    done = subprocess.run([nginx, "-t", "-c", str(whole)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
