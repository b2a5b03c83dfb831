"""The database: which modules hold its tables, how it is opened, and what must be true before it is used."""

import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Literal, cast

from asyncpg.exceptions import InterfaceError, InternalClientError
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.connection import get_connection
from tortoise.context import TortoiseContext
from tortoise.exceptions import DBConnectionError

from models.engine import connection
from models.engine.asyncpg import Client as PostgresClient
from models.engine.sqlite import Client as SqliteClient
from models.keystore import KEYS, key_connection

APP = "models"
MODULES = [
    "models.programme",
    "models.members",
    "models.lives",
    "models.tiers",
    "models.memberships",
    "models.points",
    "models.finance",
    "models.purchases",
    "models.earning",
    "models.staff",
    "models.partners",
    "models.commissions",
    "models.referrals",
    "models.referral_rewards",
    "models.credentials",
    "models.documents",
    "models.approvals",
    "models.idempotency",
    "models.outbox",
    "models.webhooks",
    "models.jobs",
    "models.audit",
]
LEAST_BUSY_TIMEOUT_MS = 5_000
SYNCHRONOUS_FULL = 2
SYNCHRONOUS_NORMAL = 1
NORMAL = {"NORMAL", "1"}

AWAY = ("08", "28", "3D000", "53300", "55000", "57P01", "57P02", "57P03", "57P05")
"""How the SQLSTATE begins of a lost connection, and of a server that lets nobody in, is full, stops or starts."""

DISMISSED = "cannot switch to state"
"""How the driver refuses a connection that the server has said goodbye on, and whose end it has not heard yet."""

_log = logging.getLogger(__name__)


class DurabilityError(Exception):
    """The database could lose what it has acknowledged, or let in what the house forbids."""


def database(url: str, keys_url: str | None = None) -> dict[str, Any]:
    """Tortoise's configuration for a database URL and its key store's; moments are aware and in UTC."""
    keys = {} if keys_url is None else {KEYS: key_connection(keys_url)}
    return {
        "connections": {"default": connection(url), **keys},
        "apps": {APP: {"models": MODULES, "default_connection": "default", "migrations": "migrations"}},
        "use_tz": True,
        "timezone": "UTC",
    }


TORTOISE = database("sqlite://var/loyalty.db")
"""What the `tortoise` command reads; the file is made only when something connects."""


@asynccontextmanager
async def connected(
    url: str, keys_url: str | None = None, *, strict: bool = True, keys_later: bool = False
) -> AsyncIterator[BaseDBAsyncClient]:
    """Open the database for this process, refuse it if it is not safe, and close it at the end.

    Where a key store is named, it is opened beside it, or by `open_keys` once somebody has looked at the database.
    A database that would lose acknowledged writes on power loss is refused too, or, where `strict` is off, only
    warned of.

    Raises: DurabilityError.
    """
    later = [KEYS] if keys_later else []
    async with opened(database(url, keys_url), everywhere=True, strict=strict, later=later) as client:
        yield client


@asynccontextmanager
async def opened(
    config: dict[str, Any], *, everywhere: bool = False, strict: bool = True, later: Sequence[str] = ()
) -> AsyncIterator[BaseDBAsyncClient]:
    """Open a configured database and check it; `everywhere` lets tasks started elsewhere find it too.

    The connections named as `later` are known, and somebody else opens them.
    """
    async with TortoiseContext() as context:
        await context.init(config, _enable_global_fallback=everywhere)
        for name in config["connections"]:
            if name not in later:
                await _open(context.db(name), strict=strict)
        yield context.db("default")


async def open_keys(*, strict: bool = True) -> None:
    """Open the key store beside the database that is open. Raises: DurabilityError."""
    await _open(get_connection(KEYS), strict=strict)


async def _open(client: BaseDBAsyncClient, *, strict: bool) -> None:
    await client.create_connection(with_db=True)
    await check_safety(client)
    try:
        await check_durability(client)
    except DurabilityError as error:
        if strict:
            raise
        _log.warning("%s", error)


def dialect() -> Literal["sqlite", "postgres"]:
    """The dialect of the current connection."""
    return cast('Literal["sqlite", "postgres"]', get_connection("default").capabilities.dialect)


def is_away(error: BaseException) -> bool:
    """Whether the database could not be reached, or was lost on the way, rather than asked for something wrong."""
    seen: list[BaseException] = []
    todo = [error]
    while todo:
        each = todo.pop()
        if isinstance(each, ConnectionError | DBConnectionError | InterfaceError):
            return True
        if str(getattr(each, "sqlstate", None) or "").startswith(AWAY):
            return True
        if isinstance(each, InternalClientError) and str(each).startswith(DISMISSED):
            return True
        seen.append(each)
        around = (each.__cause__, each.__context__, *each.args)
        todo += [other for other in around if isinstance(other, BaseException) and other not in seen]
    return False


async def check_safety(client: BaseDBAsyncClient) -> None:
    """Refuse an SQLite database that leaves references unchecked, or whose writers would not wait for each other.

    Raises: DurabilityError.
    """
    if not isinstance(client, SqliteClient):
        return
    if await _setting(client, "PRAGMA foreign_keys") != 1:
        raise DurabilityError("SQLite's foreign keys are off; take foreign_keys out of the database URL.")
    if await _setting(client, "PRAGMA busy_timeout") < LEAST_BUSY_TIMEOUT_MS:
        raise DurabilityError(
            f"SQLite's busy_timeout is under {LEAST_BUSY_TIMEOUT_MS} ms, so concurrent commands would fail; "
            "raise busy_timeout in the database URL."
        )


async def check_durability(client: BaseDBAsyncClient) -> None:
    """Refuse a database that could lose acknowledged writes.

    Raises: DurabilityError.
    """
    if isinstance(client, SqliteClient):
        await _check_sqlite(client)
    elif isinstance(client, PostgresClient) and client.durable:
        await _check_postgres(client)


async def _check_sqlite(client: SqliteClient) -> None:
    if not client.durable:
        return
    if (mode := await _setting(client, "PRAGMA journal_mode")) != "wal":
        raise DurabilityError(
            f"SQLite's journal mode is {mode}, not WAL; use a local file system that has shared memory, "
            "or accept the loss with durability=off."
        )
    accepted = SYNCHRONOUS_NORMAL if str(client.pragmas["synchronous"]).upper() in NORMAL else SYNCHRONOUS_FULL
    if await _setting(client, "PRAGMA synchronous") < accepted:
        raise DurabilityError(
            "SQLite's synchronous setting would lose acknowledged writes on power loss; use FULL, "
            "or accept the loss with synchronous=NORMAL or durability=off in the database URL."
        )


async def _check_postgres(client: PostgresClient) -> None:
    for name in ("fsync", "synchronous_commit"):
        if await _setting(client, f"SHOW {name}") == "off":
            raise DurabilityError(
                f"PostgreSQL's {name} is off, so a power loss would undo acknowledged writes; turn it on, "
                "or accept the loss with durability=off in the database URL."
            )


async def _setting(client: BaseDBAsyncClient, question: str) -> Any:
    [answer] = await client.execute_query_dict(question)
    return next(iter(answer.values()))
