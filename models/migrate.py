"""Migrations: applied whole or not at all, by one process at a time, and checked against the models."""

import re
from asyncio import to_thread
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tortoise.apps import Apps
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.context import TortoiseContext
from tortoise.fields import BigIntField, IntField, SmallIntField
from tortoise.fields.base import Field
from tortoise.migrations.autodetector import MigrationAutodetector
from tortoise.migrations.operations import AlterModelOptions, Operation
from tortoise.migrations.writer import ImportManager, MigrationWriter, _render_call

from models.database import database
from models.lock import one_at_a_time
from models.rebuild import Executor, RebuildError

ADVISORY_LOCK = 7_265_110_423
"""Any constant: the key of PostgreSQL's advisory lock, the same in every process."""

HEAD = "from models import ddl\n"
OURS = re.compile(r"\bops\.(CreateModel|AddField|AddIndex|AddConstraint|RemoveConstraint)\(")


async def migrate(url: str) -> list[str]:
    """Bring the database to the newest migration and return the names applied; all of them or none.

    Raises: RebuildError, when references would be broken.
    """
    return await apply(database(url), url)


async def apply(config: dict[str, Any], url: str) -> list[str]:
    """Bring the configured database to the newest of its migrations and return the names applied."""
    applied: list[str] = []

    def progress(event: str, _app: str, name: str) -> None:
        if event == "apply_done":
            applied.append(name)

    async with one_at_a_time(url), _alone(config) as client, client._in_transaction() as transaction:
        if client.capabilities.dialect == "postgres":
            await transaction.execute_query_dict("SELECT pg_advisory_xact_lock($1)", [ADVISORY_LOCK])
        executor = Executor(transaction, config["apps"])
        # made here, since the executor's first look at a missing table would abort a PostgreSQL transaction
        await executor.recorder.ensure_schema(executor._schema_editor(atomic=False))
        await executor.migrate(progress=progress)
        if applied and client.capabilities.dialect == "sqlite":
            await _check_references(transaction)
    return applied


async def is_fresh(url: str) -> bool:
    """Whether a database was never migrated, or not up to now; a file that does not exist is not made."""
    path = database(url)["connections"]["default"]["credentials"].get("file_path")
    if path is not None and not await to_thread(Path(path).exists):
        return True
    return bool(await pending(url))


async def pending(url: str) -> list[str]:
    """The migrations this database has not seen, oldest first."""
    async with _alone(database(url)) as client:
        return await unseen(client)


async def unseen(client: BaseDBAsyncClient) -> list[str]:
    """The migrations a database that is open has not seen, oldest first."""
    plan = await Executor(client, database("sqlite://:memory:")["apps"]).plan()
    return [step.migration.name for step in plan]


async def drift() -> list[str]:
    """What a new migration would hold; empty when models and migrations agree."""
    return [
        operation.describe()
        for writer in await _changes(database("sqlite://:memory:"))
        for operation in _telling(writer)
    ]


async def make(name: str) -> list[Path]:
    """Write a migration for what the models declare and the migrations lack; a person reads and mends it."""
    written: list[Path] = []
    for found in await _changes(database("sqlite://:memory:")):
        operations = _telling(found)
        if not operations:
            continue
        writer = Writer(
            f"{found.name.split('_')[0]}_{name}",
            found.app_label,
            operations,
            dependencies=found.dependencies,
            initial=found.initial,
            migrations_module=found.migrations_module,
        )
        path = writer.path()
        text = OURS.sub(r"ddl.\1(", writer.as_string())
        text = text.replace("from tortoise import migrations\n", HEAD, 1)
        path.write_text(text.replace("(migrations.Migration)", "(ddl.Migration)"), encoding="utf-8")
        written.append(path)
    return written


def _telling(found: MigrationWriter) -> list[Operation]:
    """The operations that change something. Options are told anew with every migration and change nothing."""
    return [each for each in found.operations if not isinstance(each, AlterModelOptions)]


class Writer(MigrationWriter):
    """Writes a field as it was declared; Tortoise's own forgets that an integer key is not generated."""

    def _render_field(self, field: Field[Any], imports: ImportManager) -> str:
        path, args, kwargs = field.deconstruct()
        if field.pk and not field.generated and isinstance(field, IntField | SmallIntField | BigIntField):
            kwargs["generated"] = False
        return _render_call(path, args, kwargs, imports)


async def _changes(config: dict[str, Any]) -> list[MigrationWriter]:
    async with TortoiseContext() as context:
        await context.init(config)
        apps: Apps | None = context.apps
        return await MigrationAutodetector(apps, config["apps"]).changes() if apps else []


@asynccontextmanager
async def _alone(config: dict[str, Any]) -> AsyncIterator[BaseDBAsyncClient]:
    """A connection for migrations: without time limits, and on SQLite without foreign keys.

    SQLite alters a table by rebuilding it, and with foreign keys on that deletes the rows that refer to it.
    The references are checked once the migrations are applied, before they are committed.
    """
    default = config["connections"]["default"]
    credentials = dict(default["credentials"])
    if "file_path" in credentials:
        credentials["foreign_keys"] = "OFF"
    else:
        credentials |= {"minsize": 1, "maxsize": 2}
        credentials["server_settings"] = dict.fromkeys(credentials["server_settings"], "0")
    async with TortoiseContext() as context:
        await context.init({**config, "connections": {"default": {**default, "credentials": credentials}}})
        client = context.db("default")
        await client.create_connection(with_db=True)
        yield client


async def _check_references(transaction: BaseDBAsyncClient) -> None:
    if broken := await transaction.execute_query_dict("PRAGMA foreign_key_check"):
        raise RebuildError(f"The migrations would break references: {broken[:10]}")
