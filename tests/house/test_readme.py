"""The README and the quickstarts: a newcomer who follows them word for word gets what they say."""

import json
import re
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx2
import pytest
from graphql import GraphQLObjectType

from api.examples import EXAMPLES, tabs
from tests import postgres
from tests.api.shell import Shell
from tests.house.serving import ROOT, STOP_SECONDS, Server, serving
from tests.schema.matrix import PUBLISHED

pytestmark = pytest.mark.either

PLAIN = False
"""Nothing is enciphered on this machine: so nobody reads which certificates are trusted, for each request anew."""

MARK = re.compile(r"^<!-- run -->\s*\n```(?:bash|sh|shell)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
README = (ROOT / "README.md").read_text("utf-8")
BLOCKS = MARK.findall(README)
STEP = re.compile(r"^<!-- (run|file: [\w.]+) -->\s*\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
QUICKSTARTS = [page for page in sorted((ROOT / "docs" / "quickstarts").glob("*.md")) if page.stem != "miniprogram"]
"""Those of a shell. The mini-program's is run in tests/clients, on a phone."""


@pytest.fixture(scope="module")
async def demo_url(
    anyio_backend: str, server_url: str | None, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[str]:
    """The URL of an empty database for the server's demo."""
    if server_url is None:
        yield f"sqlite://{tmp_path_factory.mktemp('demo') / 'loyalty.db'}"
    else:
        async with postgres.fresh_database(server_url) as url:
            yield url


@pytest.fixture(scope="module")
def server(demo_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A real server with a small demo."""
    with serving(demo_url, tmp_path_factory.mktemp("server")) as found:
        yield found


def test_the_readme_has_examples_and_every_mark_marks_one() -> None:
    assert len(BLOCKS) > 0
    assert README.count("<!-- run -->") == len(BLOCKS)


def test_nothing_that_is_deprecated_is_taught() -> None:
    kinds = [kind for kind in PUBLISHED.type_map.values() if isinstance(kind, GraphQLObjectType)]
    ending = {name for kind in kinds for name, each in kind.fields.items() if each.deprecation_reason}
    pages = [ROOT / "README.md", ROOT / "docs" / "api.md", ROOT / "api" / "examples.py", *QUICKSTARTS]
    words = {page.name: set(re.findall(r"\w+", page.read_text("utf-8"))) & ending for page in pages}
    assert {name: found for name, found in words.items() if found} == {}


def test_every_decision_is_in_the_index() -> None:
    index = (ROOT / "docs" / "README.md").read_text("utf-8")
    named = re.findall(r"^\| \[(\d{4})\]\(decisions/([\w-]+\.md)\)", index, re.MULTILINE)
    kept = sorted(page.name for page in (ROOT / "docs" / "decisions").glob("[0-9]*.md"))
    assert [name for _, name in named] == kept
    assert [number for number, _ in named] == [name[:4] for name in kept]


def test_a_mark_finds_its_block_and_no_other() -> None:
    text = "```bash\nnot this\n```\n<!-- run -->\n```bash\nthis\nand this\n```\n<!-- run -->\n\n```sh\nthat\n```\n"
    assert MARK.findall(text) == ["this\nand this\n", "that\n"]


@pytest.mark.parametrize("number", range(max(1, len(BLOCKS))))
def test_an_example_does_what_it_says(server: Server, number: int) -> None:
    done = server.bash(BLOCKS[number])
    assert done.returncode == 0, f"{BLOCKS[number]}\n{done.stdout}\n{done.stderr}"
    assert not re.search(r'"errors"|Traceback', done.stdout + done.stderr), done.stdout + done.stderr


@pytest.mark.parametrize("page", QUICKSTARTS, ids=lambda page: page.stem)
def test_a_quickstart_does_what_it_says(server: Server, page: Path) -> None:
    text = page.read_text("utf-8")
    steps = STEP.findall(text)
    assert len(steps) == text.count("<!-- run -->") + text.count("<!-- file: ") > 0
    for step, block in steps:
        if step != "run":
            (server.folder / "checkout" / step.removeprefix("file: ")).write_text(block, "utf-8")
            continue
        done = server.bash(block)
        assert done.returncode == 0, f"{block}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr, done.stderr


def test_an_example_that_fails_is_seen(server: Server) -> None:
    assert server.bash("curl -s $URL/graphql -d '{' | grep data").returncode != 0
    assert server.bash('test -n "$NOBODY_SET_THIS"').returncode != 0


def test_the_first_screen_has_what_a_newcomer_needs(server: Server) -> None:
    assert server.tokens.keys() == {"Member", "Cashier", "Owner", "Partner", "Service"}
    for word in (f"{server.url}/graphql", f"{server.url}/_wechat/", f"{server.url}/readyz", "demo-pass"):
        assert word in server.said
    [line] = re.findall(r"^ {2}(curl(?:.*\\\n)*.*)$", server.said, re.MULTILINE)
    done = server.bash(line)
    assert '"available":' in done.stdout, done.stderr


def test_every_demo_token_opens_the_house(server: Server) -> None:
    for name, token in server.tokens.items():
        answer = httpx2.post(
            f"{server.url}/graphql",
            json={"query": "{ nodes(ids: []) { id } }"},
            headers={"authorization": f"Bearer {token}"},
            verify=PLAIN,
        )
        assert answer.json()["data"] == {"nodes": []}, name


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_an_example_of_graphiql_is_answered(server: Server, number: int) -> None:
    tab = tabs(server.tokens)[number]
    given = {"query": tab.query, "variables": json.loads(tab.variables or "{}")}
    answer = httpx2.post(f"{server.url}/graphql", json=given, headers=json.loads(tab.headers or "{}")).json()
    assert "errors" not in answer, tab.query
    for found in answer["data"].values():
        assert found, tab.query
        assert not isinstance(found, dict) or not found.get("userErrors"), tab.query


def test_the_server_shows_graphiql_and_the_simulator(server: Server) -> None:
    html = {"accept": "text/html"}
    page = httpx2.get(f"{server.url}/", headers=html, follow_redirects=True, verify=PLAIN)
    assert page.status_code == 200
    assert server.tokens["Member"][:4] in page.text, "with tokens to play with"
    assert "WeChat simulator" in httpx2.get(f"{server.url}/_wechat/", headers=html, verify=PLAIN).text
    assert httpx2.get(f"{server.url}/readyz", verify=PLAIN).json() == {"status": "ready"}


def test_the_server_keeps_its_sqlite_database_to_itself(server: Server, dialect: str) -> None:
    if dialect == "sqlite":
        said = Shell(server.environment["LOYALTY_DATABASE_URL"])("serve", "--port", "0")
        assert said.is_clear
        assert "Another server or worker holds the SQLite database" in said.err
    assert server.bash("loyalty verify").returncode == 0, "proving is safe beside a running server"


def test_a_server_that_is_asked_to_stop_stops_and_told_no_secret(server: Server) -> None:
    """Comes last: the others need the server."""
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(STOP_SECONDS) in (0, -signal.SIGTERM)
    for secret in (*server.tokens.values(), "13800000000", "+8613800000000", "林小雨", "accessToken"):
        assert secret not in server.logged
    assert "Traceback" not in server.logged
    assert Path(server.folder / "checkout" / "var").exists() is False, "all it keeps is where the settings say"
