"""The application: strawberry's ASGI view on Tortoise's models."""

import base64
import gc
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import strawberry
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from tortoise.context import TortoiseContext
from tortoise.expressions import Q

from benchmarks.house import outside
from benchmarks.speed.credentials import KEYS, Believed, Caller, caller, credential, key_holder, key_id
from benchmarks.speed.plain.keys import HouseKey
from benchmarks.speed.plain.partners import Partner
from benchmarks.speed.plain.redeeming import PointsPayload, PointsRedeemInput, redeem
from benchmarks.speed.plain.types import Connection, Context, Info, Member, Tier, connection, member_of, tier_of
from models import members as tables
from models import partners as organisations
from models import tiers as ladder
from models.credentials import ApiKey, Token
from models.database import MODULES
from models.staff import Staff
from rules import vault
from rules.vault import Vault
from schema import ids, pages


@strawberry.input
class MemberBy:
    id: strawberry.ID


@strawberry.type
class Query:
    @strawberry.field
    async def me(self, info: Info) -> Member | None:
        caller = _permitted(info, "MEMBER")
        row = await tables.Member.get_or_none(id=caller.id)
        return member_of(row) if row else None

    @strawberry.field
    async def member(self, info: Info, by: MemberBy) -> Member | None:
        _permitted(info, "STAFF")
        found = ids.decode_one(ids.Tag.MEMBER, by.id)
        row = await tables.Member.get_or_none(id=found) if found else None
        return member_of(row) if row else None

    @strawberry.field
    async def tiers(self) -> list[Tier]:
        return [tier_of(row) for row in await ladder.Tier.all().order_by("rank")]

    @strawberry.field
    async def partner(self, info: Info) -> Partner | None:
        row = await organisations.Partner.get_or_none(id=_permitted(info, "PARTNER").id)
        return Partner(row_id=row.id, name=row.name) if row else None

    @strawberry.field
    async def members(self, info: Info, first: int = 20, after: str | None = None) -> Connection[Member]:
        _permitted(info, "STAFF")
        listed = tables.Member.all()
        if after is not None:
            at, beyond = pages.read_cursor(after, pages.BY_MOMENT)
            listed = listed.filter(Q(created_at__lt=at) | Q(created_at=at, id__lt=beyond))
        rows = await listed.order_by("-created_at", "-id").limit(first + 1)
        cursors = [pages.cursor(row.created_at, row.id) for row in rows]
        return connection([member_of(row) for row in rows], cursors, first, after)


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def points_redeem(self, info: Info, input: PointsRedeemInput) -> PointsPayload:
        return await redeem(_permitted(info, "MEMBER").id, input)


def _permitted(info: Info, kind: str) -> Caller:
    caller: Caller | None = info.context.caller
    if caller is None or caller.kind != kind:
        raise PermissionError("FORBIDDEN")
    return caller


async def _who(token: str) -> Caller | None:
    """Who a token stands for, by its digest; or an API key."""
    if token.startswith(KEYS):
        return await _holder(token)
    row = await Token.get_or_none(digest=token, use="ACCESS")
    if row is None:
        return None
    staff = await Staff.get_or_none(id=row.principal_id) if row.principal_kind == "STAFF" else None
    told = {name: getattr(row, name) for name in ("principal_id", "expires_at", "revoked_at")}
    return caller({**told, "principal_kind": row.principal_kind.value, "active": staff and staff.active})


async def _holder(secret: str) -> Caller | None:
    """Who an API key stands for."""
    named = key_id(secret)
    row = await ApiKey.get_or_none(key_id=named).select_related("partner") if named else None
    if row is None:
        return None
    told: dict[str, Any] = {name: getattr(row, name) for name in ("digest", "expires_at", "revoked_at")}
    told["revoked_at"] = told["revoked_at"] or (row.partner and row.partner.disabled_at)
    return key_holder(
        secret, {**told, "principal_kind": row.kind.value, "principal_id": row.partner_id, "active": True}
    )


class View(GraphQL[Any, None]):
    """The view, with who asks."""

    def __init__(self) -> None:
        super().__init__(strawberry.Schema(Query, Mutation))
        self.tokens = Believed(_who)

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Context:  # noqa: ARG002
        """Who asks."""
        token = credential(request.headers.get("authorization"))
        return Context(await self.tokens.get(token) if token else None)


def _engine(url: str, most: str) -> dict[str, Any] | str:
    """Tortoise's own engines, with as many connections as everybody has."""
    url = url.partition("?")[0]
    if url.startswith("sqlite"):
        return url
    return f"{url.replace('postgres://', 'asyncpg://', 1)}?minsize={most}&maxsize={most}"


@asynccontextmanager
async def _opened(_: Starlette) -> AsyncIterator[None]:
    said = outside()
    connections = {
        "default": _engine(said["BENCH_DATABASE_URL"], said["BENCH_POOL"]),
        "keys": _engine(said["BENCH_KEYS_URL"], said["BENCH_POOL"]),
    }
    apps = {
        "models": {"models": MODULES, "default_connection": "default"},
        "keys": {"models": ["benchmarks.speed.plain.keys"], "default_connection": "keys"},
    }
    async with TortoiseContext() as context:
        config = {"connections": connections, "apps": apps, "use_tz": True, "timezone": "UTC"}
        await context.init(config, _enable_global_fallback=True)
        master = vault.master(base64.b64decode(said["BENCH_MASTER_KEY"]))
        keys = {row.name: master.unwrap(row.wrapped, row.name) for row in await HouseKey.all()}
        vault.unlock(Vault((master,), keys["index"], keys["house"]))
        gc.collect()
        gc.freeze()
        yield


if __name__ == "__main__":
    application = Starlette(routes=[Route("/graphql", View())], lifespan=_opened)
    uvicorn.run(application, port=int(sys.argv[1]), access_log=False, log_level="warning")
