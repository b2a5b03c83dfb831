"""Connections of PostgreSQL's driver, and how a statement is sent on one that is nobody else's."""

import asyncio
import contextlib
from typing import Any, cast

from asyncpg import Connection as BaseConnection
from asyncpg.exceptions import (
    DataError,
    InvalidCachedStatementError,
    OutdatedSchemaCacheError,
    QueryCanceledError,
)

from models import engine
from models.engine import Form, Records


class Connection(BaseConnection):  # type: ignore[misc]  # asyncpg has no types
    """A connection whose session nobody changes: releasing it needs no RESET (a ROLLBACK still happens)."""

    _cut_short = False

    async def _execute(self, *args: Any, **options: Any) -> Any:
        try:
            return await super()._execute(*args, **options)
        except (asyncio.CancelledError, TimeoutError, DataError):
            self._cut_short = True
            raise

    async def execute(self, query: str, *args: Any, **options: Any) -> str:
        """Run a statement, or without arguments a script, which ends whatever was left open before it."""
        self._cut_short = self._cut_short and bool(args)
        return cast("str", await super().execute(query, *args, **options))

    def get_reset_query(self) -> str:
        """No statement at all."""
        return ""

    async def _reset(self) -> None:
        # asyncpg complains of a transaction left open; after a cancelled BEGIN that is no fault of anyone's
        if self._top_xact is not None:
            self._top_xact._managed = True
        await super()._reset()
        if self._cut_short:
            # asyncpg only flushes between preparing and executing: cancelled there, a statement leaves the server
            # inside an implicit transaction, which any script ends, also when a late cancellation hits it (an empty
            # script would do, but asyncpg stumbles over its answer)
            with contextlib.suppress(QueryCanceledError):
                await self.execute("SELECT")


AS_THEY_ARE = Records()


async def fetched(connection: Any, query: str, values: list[Any], form: Form) -> list[Any]:
    """The rows of a query."""
    if engine.observer is not None:
        engine.observer(query)
    return form.of_records(await connection.fetch(query, *values, record_class=form.record))


async def fetched_known(connection: Any, query: str, values: list[Any], form: Form) -> list[Any]:
    """As `fetched`, for a connection that is nobody else's and knows the statement: a fifth cheaper."""
    statement = connection._stmt_cache.get((query, form.record, False))
    if statement is None:
        return await fetched(connection, query, values, form)
    if engine.observer is not None:
        engine.observer(query)
    try:
        records = await connection._protocol.bind_execute(statement, values, "", 0, False, None)  # noqa: FBT003
    except (InvalidCachedStatementError, OutdatedSchemaCacheError):
        # the tables have changed since: this prepares it anew
        records = await connection.fetch(query, *values, record_class=form.record)
    return form.of_records(records)


async def write_all(connection: Any, query: str, several: list[list[Any]]) -> list[Any]:
    """The rows that a statement answers for each of several lists of values, all in one commit."""
    if engine.observer is not None:
        engine.observer(query)
    statement = connection._stmt_cache.get((query, AS_THEY_ARE.record, False))
    if statement is None:
        rows: list[Any] = await connection.fetchmany(query, several)
    else:
        rows = await connection._protocol.bind_execute_many(statement, several, "", None, return_rows=True)
    return rows
