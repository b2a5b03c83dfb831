"""The endpoint: a Starlette route for each operation, dict literals and orjson."""

import base64
import gc
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benchmarks.house import outside
from benchmarks.speed.credentials import KEY, KEYS, TOKEN, Believed, Caller, caller, credential, key_holder, key_id
from benchmarks.speed.databases import Database, open_database
from benchmarks.speed.handwritten.partners import PartnerReader
from benchmarks.speed.handwritten.reading import Reader
from benchmarks.speed.handwritten.redeeming import Redeemer
from models.sql import SQL
from rules import vault
from rules.vault import Vault

HOUSE_KEYS = SQL("SELECT name, wrapped FROM house_key", fans_out="the house's own")
Answer = Callable[[UUID, dict[str, Any]], Awaitable[dict[str, Any]]]


class Endpoint:
    """Who may ask for what, and the answer."""

    def __init__(self) -> None:
        self.main: Database | None = None
        self.tokens = Believed(self._who)
        self.answers: dict[str, tuple[str, Answer]] = {}

    async def open(self) -> None:
        """Open the two databases and unlock the vault."""
        said = outside()
        most = int(said["BENCH_POOL"])
        main = await open_database(said["BENCH_DATABASE_URL"], most)
        keys = await open_database(said["BENCH_KEYS_URL"], most)
        master = vault.master(base64.b64decode(said["BENCH_MASTER_KEY"]))
        rows = {row["name"]: master.unwrap(row["wrapped"], row["name"]) for row in await keys.rows(HOUSE_KEYS)}
        vault.unlock(Vault((master,), rows["index"], rows["house"]))
        reader = Reader(main, keys)
        self.main = main
        self.answers = {
            "member_home": ("MEMBER", reader.member_home),
            "ledger_page": ("MEMBER", reader.ledger_page),
            "staff_list": ("STAFF", reader.staff_list),
            "partner_stats": ("PARTNER", PartnerReader(main).partner_stats),
            "redeem": ("MEMBER", Redeemer(main).redeem),
        }

    async def _who(self, token: str) -> Caller | None:
        assert self.main is not None
        if not token.startswith(KEYS):
            return caller(await self.main.row(TOKEN, token))
        named = key_id(token)
        return key_holder(token, await self.main.row(KEY, named)) if named else None

    async def __call__(self, request: Request) -> Response:
        """Answer one request."""
        kind, answer = self.answers[request.path_params["operation"]]
        token = credential(request.headers.get("authorization"))
        who = await self.tokens.get(token) if token else None
        if who is None or who.kind != kind:
            return Response(status_code=401)
        data = await answer(who.id, orjson.loads(await request.body()))
        return Response(orjson.dumps({"data": data}), media_type="application/json")


def application() -> Starlette:
    """The application."""
    endpoint = Endpoint()

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await endpoint.open()
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 50)
        yield

    route = Route("/{operation}", endpoint.__call__, methods=["POST"])
    return Starlette(routes=[route], lifespan=lifespan)


if __name__ == "__main__":
    uvicorn.run(application(), port=int(sys.argv[1]), access_log=False, log_level="warning")
