"""GraphiQL: nothing from elsewhere, everything it names is served, and its licences are listed truthfully."""

import hashlib
import html
import json
import re
from pathlib import Path

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Route

from api import graphiql
from api.graphiql import PAGE_HEADERS, Tab, page, routes

pytestmark = pytest.mark.either

FOLDER = Path(graphiql.__file__).parent / "static" / "graphiql"
OUR_OWN = {"playground.js", "playground.css", "LICENSES.md"}
TABS = [
    Tab("query MyCard { me { name } }", '{"a": 1}', '{"authorization": "Bearer member-token"}'),
    Tab("# </script><script>alert(1)</script>\nquery Other { me { name } }"),
]
TOKENS = {"Member": "member-token", "Cashier": "cashier-token"}


def browser() -> httpx2.AsyncClient:
    async def show(request: object) -> HTMLResponse:
        return HTMLResponse(page(TABS, TOKENS), headers=dict(PAGE_HEADERS))

    app = Starlette(routes=[Route("/graphql", show), *routes()])
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://loyalty")


def addresses() -> list[str]:
    return [html.unescape(found) for found in re.findall(r'(?:src|href)="(/[^"]+)"', page(TABS, TOKENS))]


def test_the_page_names_no_other_server() -> None:
    assert "//" not in page(TABS, TOKENS)
    for name in ("playground.js", "playground.css", "graphiql.min.css", "explorer.css"):
        assert not re.findall(r"(?:url\(|@import|fetch\(|import\()\s*[\"']?(?:https?:)?//", text_of(name))
    for path in FOLDER.iterdir():
        assert "sourceMappingURL" not in path.read_text("utf-8")


def test_the_policy_allows_only_our_own_scripts() -> None:
    policy = dict(part.strip().split(" ", 1) for part in PAGE_HEADERS["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self'"
    inline = re.findall(r"<script(?![^>]*\bsrc=)([^>]*)>", page(TABS, TOKENS))
    assert inline == [' id="given" type="application/json"'], "data is no script; any other would be blocked"


def test_the_examples_and_the_tokens_are_in_the_page_and_cannot_leave_their_place() -> None:
    text = page(TABS, TOKENS)
    found = re.search(r'<script id="given" type="application/json">(.*?)</script>', text, re.DOTALL)
    assert found
    given = json.loads(found.group(1))
    assert [tab["query"] for tab in given["tabs"]] == [tab.query for tab in TABS]
    assert given["tabs"][0]["variables"] == '{"a": 1}'
    assert list(given["tokens"].items()) == list(TOKENS.items())
    assert "alert(1)</script>" not in text


def test_without_tokens_the_page_holds_none() -> None:
    assert '"tokens":{}' in page([], {})


async def test_every_file_the_page_names_is_served_for_ever() -> None:
    async with browser() as client:
        assert len(addresses()) == 8
        for address in addresses():
            answer = await client.get(address)
            assert answer.status_code == 200
            assert "immutable" in answer.headers["cache-control"]
            name = address.split("?")[0].rsplit("/", 1)[1]
            assert answer.content == (FOLDER / name).read_bytes()
            again = await client.get(address, headers={"if-none-match": answer.headers["etag"]})
            assert again.status_code == 304
            assert again.content == b""


async def test_an_address_without_the_contents_mark_is_asked_for_again() -> None:
    async with browser() as client:
        for address in ("/static/graphiql/playground.js", "/static/graphiql/playground.js?v=old"):
            assert (await client.get(address)).headers["cache-control"] == "no-cache"


async def test_a_browser_that_unpacks_is_sent_less() -> None:
    async with browser() as client:
        address = next(address for address in addresses() if "graphiql.min.js" in address)
        packed = await client.get(address, headers={"accept-encoding": "gzip"})
        plain = await client.get(address, headers={"accept-encoding": "identity"})
        assert packed.headers["content-encoding"] == "gzip"
        assert "content-encoding" not in plain.headers
        assert int(packed.headers["content-length"]) < int(plain.headers["content-length"]) / 3
        assert packed.content == plain.content


@pytest.mark.parametrize("name", ["nothing.js", "..%2f..%2fgraphiql.py", "%2e%2e/%2e%2e/graphiql.py", ""])
async def test_nothing_else_is_served(name: str) -> None:
    async with browser() as client:
        assert (await client.get(f"/static/graphiql/{name}")).status_code == 404


def test_the_list_of_licences_is_true() -> None:
    listed = dict(re.findall(r"^\| `([^`]+)` \|.*\| `([0-9a-f]{64})` \|$", text_of("LICENSES.md"), re.MULTILINE))
    theirs = {path.name: path for path in FOLDER.iterdir() if path.name not in OUR_OWN}
    assert listed.keys() == theirs.keys()
    for name, path in theirs.items():
        assert hashlib.sha256(path.read_bytes()).hexdigest() == listed[name], name


async def test_the_licences_travel_with_the_files() -> None:
    async with browser() as client:
        answer = await client.get("/static/graphiql/LICENSES.md")
        assert "Permission is hereby granted" in answer.text
        assert "SIL OPEN FONT LICENSE" in answer.text.upper()


def text_of(name: str) -> str:
    return (FOLDER / name).read_text("utf-8")
