"""Origins: which web pages may call, and where a request comes from when it comes through a proxy."""

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send

from api.settings import SettingError, settings
from tests.api.house import PRODUCTION, Caller, built, calling, endpoint_of

pytestmark = pytest.mark.either

ASK = {
    "access-control-request-method": "POST",
    "access-control-request-headers": "authorization,content-type,x-request-id",
}
SHOP = "https://shop.example.com"


@pytest.mark.parametrize("origin", ["http://localhost:5173", "http://127.0.0.1", "https://localhost:10086"])
async def test_a_developers_web_build_may_call(caller: Caller, origin: str) -> None:
    asked = await caller.send("OPTIONS", headers={**ASK, "origin": origin})
    assert (asked.status, asked.headers["access-control-allow-origin"]) == (200, origin)
    assert "access-control-allow-credentials" not in asked.headers
    told = await caller.ask("{ __typename }", origin=origin)
    assert told.headers["access-control-allow-origin"] == origin
    assert {each.strip() for each in told.headers["access-control-expose-headers"].split(",")} == {
        "x-request-id",
        "retry-after",
    }


@pytest.mark.parametrize("origin", [SHOP, "http://localhost.evil.com", "http://evil.com/localhost", "null"])
async def test_others_may_not(caller: Caller, customer: Caller, origin: str) -> None:
    for house in (caller, customer):
        asked = await house.send("OPTIONS", headers={**ASK, "origin": origin})
        assert "access-control-allow-origin" not in asked.headers
        told = await house.ask("{ __typename }", origin=origin)
        assert "access-control-allow-origin" not in told.headers


async def test_production_lets_in_the_pages_it_names(monkeypatch: pytest.MonkeyPatch) -> None:
    async with (
        built({**PRODUCTION, "LOYALTY_ORIGINS": f"{SHOP}, https://m.example.com"}) as app,
        calling(app, monkeypatch) as house,
    ):
        for origin, allowed in ((SHOP, SHOP), ("http://localhost:5173", None), (f"{SHOP}.evil.com", None)):
            told = await house.ask("{ __typename }", origin=origin)
            assert told.headers.get("access-control-allow-origin") == allowed


async def test_what_no_web_page_sends_is_answered_before_all_middleware(
    in_development: Starlette, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    passed: list[str] = []
    stack = in_development.middleware_stack or in_development.build_middleware_stack()

    async def seen(scope: Scope, receive: Receive, send: Send) -> None:
        passed.append(scope["path"])
        await stack(scope, receive, send)

    monkeypatch.setattr(in_development, "middleware_stack", seen)
    assert (await caller.ask("{ __typename }"))["__typename"] == "Query"
    assert passed == []
    assert (await caller.ask("{ __typename }", origin="http://localhost"))["__typename"] == "Query"
    await caller.send("GET", "/healthz")
    await caller.send("GET")
    assert passed == ["/graphql", "/healthz", "/graphql"]


async def spent_by(app: Starlette, forwarded: str) -> set[str]:
    """Whose allowance a request from a machine of the house is taken from."""
    allowance = endpoint_of(app).allowance
    assert allowance is not None
    allowance.forget()
    transport = httpx2.ASGITransport(app=app, client=("10.1.2.3", 1))
    async with httpx2.AsyncClient(transport=transport, base_url="http://house") as client:
        await client.post("/graphql", json={"query": "{ __typename }"}, headers={"x-forwarded-for": forwarded})
    return set(allowance.buckets)


async def test_nobody_is_believed_where_they_come_from(in_development: Starlette, caller: Caller) -> None:
    assert await spent_by(in_development, "203.0.113.77") == {"NOBODY:10.1.2.0/24"}


async def test_a_trusted_proxy_is(monkeypatch: pytest.MonkeyPatch) -> None:
    async with built({"LOYALTY_PROXIES": "10.0.0.0/8"}) as app, calling(app, monkeypatch):
        assert await spent_by(app, "203.0.113.77") == {"NOBODY:203.0.113.0/24"}
        assert await spent_by(app, "198.51.100.1, 203.0.113.77, 10.9.9.9") == {"NOBODY:203.0.113.0/24"}
        assert await spent_by(app, "<script>") == {"NOBODY:"}
    async with built({"LOYALTY_PROXIES": "192.168.0.1"}) as app, calling(app, monkeypatch):
        assert await spent_by(app, "203.0.113.77") == {"NOBODY:10.1.2.0/24"}


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("LOYALTY_ORIGINS", "shop.example.com"),
        ("LOYALTY_ORIGINS", "https://shop.example.com/path"),
        ("LOYALTY_ORIGINS", "*"),
        ("LOYALTY_PROXIES", "*"),
        ("LOYALTY_PROXIES", "proxy.internal"),
        ("LOYALTY_PROXIES", "10.0.0.1/8"),
        ("LOYALTY_PROXIES", "10.0.0.999"),
    ],
)
def test_a_careless_list_is_refused_at_the_start(name: str, wrong: str) -> None:
    with pytest.raises(SettingError, match=name):
        settings({name: wrong})
