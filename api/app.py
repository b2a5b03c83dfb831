"""The service: its routes, what it opens and in which order it closes."""

import gc
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from typing import Any, TypeAlias

import httpx2
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send
from tortoise.connection import get_connection
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from api import activation, graphiql, log, metrics, warming
from api.allowance import Allowance, settling
from api.clock import now
from api.courier import carrying
from api.documents import Library
from api.examples import tabs
from api.graphql import Endpoint, headers_of
from api.jotting import jotting
from api.manifest import trusted
from api.opening import opened
from api.origins import LOCAL
from api.outside import World
from api.reach import Reach
from api.settings import Settings, Totp, settings
from api.simulator import simulator
from api.sockets import Sockets
from api.watching import Lines
from api.wechat import WeChat
from api.worker import working
from rules import keyring, programme

Lifespan: TypeAlias = AbstractAsyncContextManager[None]

GRAPHQL = "/graphql"
BODY_MAX = 8 * 1024 * 1024
"""Bytes of any request's body. The endpoint has a lower limit of its own, which it puts in its own words."""

COLLECTIONS = (50_000, 20, 50)
"""How many objects come before the youngest are looked through for what nobody needs, and how often the older."""

_log = logging.getLogger("loyalty.start")


def create() -> Starlette:
    """The application by the environment's settings, as the server's processes make it."""
    found = settings()
    log.set_up(found.log_level, as_json=found.log_json)
    return application(found)


def application(found: Settings) -> Starlette:
    """The ASGI application by some settings."""
    world, mounted = _world(found)
    development = not found.is_production
    # a developer who tries what production does is not helped by what production does not do
    is_open = development and not found.trusted_only
    endpoint = Endpoint(
        outside=world,
        development=development,
        page=graphiql.page(tabs({}), {}) if development else "",
        page_headers=dict(graphiql.PAGE_HEADERS),
        library=Library(trusted(found), remembers=is_open),
        trusted_only=found.trusted_only,
        allowance=Allowance(found.allowances) if found.allowances else None,
        lines=Lines(found.log_operations),
    )
    telling = metrics.route(token=found.metrics_token, is_open=development, folder=found.metrics_folder)
    sockets = Sockets(endpoint, found.origins, is_development=development)
    served = [Route(GRAPHQL, endpoint), WebSocketRoute(GRAPHQL, sockets), activation.route()]
    routes: list[BaseRoute] = [*served, *_probes(), telling, *mounted]
    if development:
        routes += [*graphiql.routes(), Route("/", _to_graphiql)]

    lifespan = _lifespan(found, world, endpoint, sockets)
    middleware = [_cross_origin(found)]
    return House(
        endpoint, found.proxies, routes=routes, lifespan=lifespan, max_body_size=BODY_MAX, middleware=middleware
    )


class House(Starlette):
    """The application: Starlette, and before it the endpoint, for the requests that are by far the most.

    An operation sent by POST and by no web page needs neither routes nor middleware. Where proxies are trusted,
    what they tell of where a request comes from is read before all else.
    """

    def __init__(self, endpoint: Endpoint, proxies: Sequence[str] = (), **others: Any) -> None:
        super().__init__(**others)
        self.endpoint = endpoint
        proxied: Any = ProxyHeadersMiddleware
        self._first: ASGIApp = proxied(self._sort, trusted_hosts=list(proxies)) if proxies else self._sort

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, a socket, or the life of the process."""
        await self._first(scope, receive, send)

    def _sort(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] == "http" and scope["path"] == GRAPHQL and scope["method"] == "POST":
            headers = headers_of(scope)
            if b"origin" not in headers:
                return self.endpoint.serve(scope, headers, receive, send)
        return super().__call__(scope, receive, send)


def _cross_origin(found: Settings) -> Middleware:
    """Which web pages may send requests.

    Nothing is known of a caller but their bearer token, so that a page can do no more than its user gave it.
    """
    return Middleware(
        CORSMiddleware,
        allow_origins=found.origins,
        allow_origin_regex=None if found.is_production else LOCAL,
        allow_methods=("GET", "POST"),
        allow_headers=("authorization", "content-type", "x-request-id"),
        expose_headers=("x-request-id", "retry-after"),
        max_age=600,
    )


def _lifespan(
    found: Settings, world: World, endpoint: Endpoint, sockets: Sockets
) -> Callable[[Starlette], Lifespan]:
    """What is open while the application serves."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with opened(found) as stack, jotting(now):
            stack.push_async_callback(world.aclose)
            stack.enter_context(metrics.counted(found.metrics_folder))
            stack.push_async_callback(sockets.aclose)
            if not found.is_production:
                tokens = await _demo_tokens(found)
                endpoint.page = graphiql.page(tabs(tokens), tokens)
            if endpoint.allowance and not found.is_embedded:
                # an SQLite database is served by this one process, which knows all there is to know
                await stack.enter_async_context(settling(endpoint.allowance))
            if found.run_worker:
                await stack.enter_async_context(working())
                await stack.enter_async_context(carrying(may_loop=not found.is_production))
            await warming.ready(endpoint.library)
            await _warn(found, endpoint.library)
            app.state.ready = True
            # the schema's objects live as long as the process: no collection need look at them again
            gc.collect()
            gc.freeze()
            gc.set_threshold(*COLLECTIONS)
            yield
            app.state.ready = False

    return lifespan


async def _warn(found: Settings, library: Library) -> None:
    """Tell the log what is not set up yet, without which a server that runs is of no use."""
    if found.trusted_only and not library.names():
        _log.warning("no document is trusted, so that members can run nothing; see docs/api.md")
    if not (found.wechat_appid and found.wechat_secret):
        _log.warning("LOYALTY_WECHAT_APPID and LOYALTY_WECHAT_SECRET are not both set: members cannot log in")
    try:
        await programme.terms()
    except programme.NoProgramme:
        _log.warning("there is no programme yet: set one up with `loyalty init`")


def _world(found: Settings) -> tuple[World, Sequence[BaseRoute]]:
    """WeChat itself, or the simulator, which also answers under /_wechat."""
    if not found.simulates_wechat:
        client = WeChat(found.wechat_base, found.wechat_appid, found.wechat_secret)
        return _house(found, client), ()
    stand_in = simulator(found.wechat_appid, found.wechat_secret)
    transport = httpx2.ASGITransport(app=stand_in)
    client = WeChat("http://wechat", found.wechat_appid, found.wechat_secret, transport=transport)
    return _house(found, client), (Mount("/_wechat", stand_in),)


def _house(found: Settings, client: WeChat) -> World:
    return World(
        client,
        found.wechat_appid,
        found.wechat_open_platform,
        found.wechat_phone_daily,
        totp_required=found.staff_totp is Totp.REQUIRED,
        refresh_grace=timedelta(seconds=found.refresh_grace),
        public_url=found.public_url,
        reach=Reach(may_loop=not found.is_production),
    )


async def _demo_tokens(found: Settings) -> dict[str, str]:
    """Fresh tokens of the demo's people for GraphiQL's switch; none where there is no demo."""
    from api.demo import tokens

    return await tokens(now()) if not found.is_production else {}


def _probes() -> list[BaseRoute]:
    """Where those who look after the process ask how it is."""
    return [Route("/healthz", _healthy), Route("/readyz", _ready)]


async def _healthy(_: Request) -> Response:
    """The process is alive."""
    return JSONResponse({"status": "ok"})


async def _ready(request: Request) -> Response:
    """The process may be sent requests: it has started, both databases answer, and there is a programme."""
    has_started = getattr(request.app.state, "ready", False)
    wanting = await _wanting() if has_started else "starting"
    return JSONResponse({"status": wanting or "ready"}, 503 if wanting else 200)


async def _wanting() -> str | None:
    """What a process that has started lacks to answer requests."""
    try:
        await get_connection("default").execute_query_dict("SELECT 1")
        await programme.terms()
    except programme.NoProgramme:
        return "no programme"
    except Exception:
        return "no database"
    try:
        await keyring.check()
    except keyring.KeysMoved:
        return "keys moved"
    except Exception:
        return "no key store"
    return None


async def _to_graphiql(_: Request) -> Response:
    """The way from the front door to GraphiQL."""
    return RedirectResponse("/graphql")
