"""Hand-written SQL for SQLite and PostgreSQL, sent inside the current transaction when there is one."""

import re
from asyncio import _get_running_loop
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextvars import Token
from datetime import datetime
from enum import Enum
from functools import lru_cache
from operator import attrgetter
from typing import Any, cast
from uuid import UUID

import orjson
from asyncpg.pgproto import pgproto
from tortoise.context import get_current_context, require_context
from tortoise.fields import BooleanField, DatetimeField, JSONField, UUIDField
from tortoise.fields.base import Field
from tortoise.models import Model

from models.columns import Values, insertion
from models.engine import Converters, Records
from models.engine.asyncpg import Client as PostgresClient
from models.engine.asyncpg import Wrapper as PostgresTransaction
from models.engine.sqlite import Client as SqliteClient
from models.engine.sqlite import text_of
from models.turns import gathered, in_turn

fanning_out: "list[Statement]" = []
"""Every statement that declares why it visits more than one owner; the guard lets only these through."""

PARAMETER_LIMITS = {"sqlite": 32_766, "postgres": 32_767}
ROWS_AT_ONCE = 1_000

_BYTES = attrgetter("bytes")

_LIST = re.compile(r"(=\s*ANY|(?:<>|!=)\s*ALL)\s*\(\s*\$(\d+)(?:::\w+\[\])?\s*\)", re.IGNORECASE)
_UNNEST = re.compile(
    r"\bunnest\s*\(\s*\$(\d+)::\w+\[\]\s*\)\s+(?:WITH\s+ORDINALITY\s+)?AS\s+(\w+)\s*\((\w+)(?:,\s*(\w+))?\)",
    re.IGNORECASE,
)
_IDS = re.compile(r"\bunnest\(\$(\d+)::uuid\[\]\)", re.IGNORECASE)
_ONE_BESIDE = re.compile(
    r"(LEFT )?\bJOIN LATERAL \(SELECT \* FROM (\w+) (\w+) WHERE ((?:(?!LIMIT).)*?) LIMIT 1\) \3 ON true",
    re.IGNORECASE | re.DOTALL,
)
_CAST = re.compile(r"::\w+(?:\[\])?")
_LOCK = re.compile(
    r"\s+FOR\s+(?:NO\s+KEY\s+)?(?:UPDATE|SHARE)(?:\s+OF\s+\w+)?(?:\s+SKIP\s+LOCKED|\s+NOWAIT)?\b",
    re.IGNORECASE,
)


_TOLD = re.compile(r"\b(ISO|RAW)\(")
_WRITES = re.compile(
    r"\b(?:INSERT|UPDATE|DELETE|MERGE|INTO|SHARE|nextval|setval|set_config|pg_\w+)\b", re.IGNORECASE
)


class Statement:
    """One statement with `$1` placeholders; PostgreSQL reads it as written, SQLite a translation.

    For SQLite, row locks and `::casts` are dropped, and `= ANY($1)` and `unnest($1::uuid[]) AS whose(member_id)`,
    or `WITH ORDINALITY AS whose(member_id, place)`, read their list as JSON. PostgreSQL is sent the ids to be
    unnested as one text, since of a list its driver examines each item for being a list itself. `JOIN LATERAL
    (SELECT * FROM a b WHERE … LIMIT 1) b ON true` makes PostgreSQL look one row up for each and never join whole
    tables, which SQLite does not do anyway. `ISO(moment)` is the moment as GraphQL shows it, on both, and `RAW(id)`
    an id as `models.reading` reads it for lists. Where that is not enough, `sqlite` is the text for SQLite.
    `fans_out` says why a statement may visit more than one owner.
    """

    __slots__ = ("fans_out", "ids", "lists", "postgres", "reads", "sqlite")

    on = "default"
    """The connection it is sent on."""

    def __init__(self, text: str, *, sqlite: str | None = None, fans_out: str | None = None) -> None:
        own = text if sqlite is None else sqlite
        self.postgres = _IDS.sub(
            r"unnest(string_to_array($\1::text, ',')::uuid[])", _written_out(text, _ON_POSTGRES)
        )
        self.sqlite = _for_sqlite(_written_out(own, _ON_SQLITE))
        told = [found[2] for found in _LIST.finditer(own)] + [found[1] for found in _UNNEST.finditer(own)]
        self.lists = _places(told)
        self.ids = _places(_IDS.findall(text))
        self.reads = _only_reads(text) and _only_reads(own)
        self.fans_out = fans_out
        if fans_out is not None:
            fanning_out.append(self)

    def text(self, connection: "PostgresClient | SqliteClient") -> str:
        """What is sent there."""
        return self.postgres if connection.capabilities.dialect == "postgres" else self.sqlite

    def _on(self, connection: "PostgresClient | SqliteClient", values: tuple[Any, ...]) -> tuple[str, list[Any]]:
        arguments = list(values)
        if connection.capabilities.dialect == "postgres":
            for place in self.ids:
                arguments[place] = b"".join(map(_BYTES, arguments[place])).hex(",", 16)
            return self.postgres, arguments
        for place in self.lists:
            arguments[place] = _json_list(arguments[place])
        return self.sqlite, arguments


class _Dictionaries(Records):
    """Rows as dictionaries."""

    def of_records(self, records: list[Any]) -> list[Any]:
        if not records:
            return records
        # a record would be asked for each of its names
        names = tuple(records[0].keys())
        return [dict(zip(names, record, strict=False)) for record in records]


_DICTIONARIES = _Dictionaries()
_TOGETHER = Records(combines=True)


class SQL(Statement):
    """A statement whose rows are dictionaries.

    Columns named as a model's come back as that model's field would: ids as UUID, moments as datetime in UTC,
    JSON as objects.
    """

    __slots__ = ()

    form = _DICTIONARIES

    async def rows(self, *values: Any) -> list[dict[str, Any]]:
        """All rows as dictionaries; of a query, or of a write with RETURNING."""
        if gathered.get() is not None:
            await in_turn(self.on)
        connection = current(self.on)
        text, arguments = self._on(connection, values)
        if self.reads:
            rows = await connection.read(text, arguments, self.form)
        else:
            rows = await connection.execute_query_dict(text, arguments)
        if rows:
            _convert(connection, rows)
        return rows

    async def rows_ahead(self, client: "PostgresClient", *values: Any) -> Sequence[Mapping[str, Any]]:
        """All rows, read outside any transaction, and with those who ask the same within two turns of the loop."""
        rows = await client.read(*self._on(client, values), _TOGETHER)
        if not rows:
            return rows
        # the driver's own are named, too: a dictionary is made only of what has to be read
        converters = _converters_of(client, tuple(rows[0].keys()))
        if all(row[name] is None for name, _ in converters for row in rows):
            return rows
        found = _DICTIONARIES.of_records(rows)
        _convert(client, found)
        return found

    async def row(self, *values: Any) -> dict[str, Any] | None:
        """The first row; None when there is none."""
        rows = await self.rows(*values)
        return rows[0] if rows else None

    async def value(self, *values: Any) -> Any:
        """The first column of the first row; None when there is no row."""
        rows = await self.rows(*values)
        return next(iter(rows[0].values())) if rows else None

    async def run(self, *values: Any) -> int:
        """The number of rows the statement wrote."""
        await in_turn(self.on)
        connection = current(self.on)
        return cast("int", await connection.execute_affected(*self._on(connection, values)))


_ON_POSTGRES = {
    "ISO": "replace(to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), '.000000', '')",
    "RAW": "uuid_send({})",
}
_ON_SQLITE = {"ISO": "replace(replace({}, ' ', 'T'), '+00:00', 'Z')", "RAW": "{}"}


def _places(numbers: Iterable[str]) -> tuple[int, ...]:
    return tuple(sorted({int(number) - 1 for number in numbers}))


def _written_out(text: str, how: Mapping[str, str]) -> str:
    """The text with each `ISO(moment)` and `RAW(id)` written out.

    Raises: ValueError, when a bracket is not closed.
    """
    while found := _TOLD.search(text):
        end = _closing(text, found.end())
        text = text[: found.start()] + how[found[1]].format(text[found.end() : end]) + text[end + 1 :]
    return text


def _closing(text: str, start: int) -> int:
    """Where the bracket opened just before is closed."""
    depth = 1
    for place in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[place], 0)
        if not depth:
            return place
    raise ValueError(f"A bracket is not closed in: {text}")


def _only_reads(text: str) -> bool:
    """Whether it neither writes nor locks nor changes the session; where in doubt, it does."""
    return bool(re.match(r"\s*(?:SELECT|WITH)\b", text, re.IGNORECASE)) and not _WRITES.search(text)


def _for_sqlite(text: str) -> str:
    text = _ONE_BESIDE.sub(_one_beside, _LIST.sub(_json_list_test, text))
    text = _UNNEST.sub(_json_list_given, text)
    return re.sub(r"\$(\d+)", r"?\1", _LOCK.sub("", _CAST.sub("", text)))


def _one_beside(found: re.Match[str]) -> str:
    # SQLite joins in the order that is written when it is told CROSS JOIN
    return f"{found[1] or 'CROSS '}JOIN {found[2]} {found[3]} ON {found[4]}"


def _json_list_test(found: re.Match[str]) -> str:
    test = "IN" if found[1].startswith("=") else "NOT IN"
    return f"{test} (SELECT value FROM json_each(${found[2]}))"  # noqa: S608  # a number between


def _json_list_given(found: re.Match[str]) -> str:
    place = f", key AS {found[4]}" if found[4] else ""
    return f"(SELECT value AS {found[3]}{place} FROM json_each(${found[1]})) AS {found[2]}"  # noqa: S608  names of ours


def _json_list(values: Sequence[Any] | None) -> str | None:
    return None if values is None else orjson.dumps([_plain(value) for value in values]).decode()


def _plain(value: Any) -> Any:
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime):
        return text_of(value)
    return value.value if isinstance(value, Enum) else value


def current(name: str = SQL.on) -> "PostgresClient | SqliteClient":
    """The client, or the transaction under way, of that name."""
    # in fewer steps than by `require_context().connections`, which make what is not there yet
    context = get_current_context()
    connections = (context and context._connections) or require_context().connections
    opened: dict[str, Any] = connections._storage_var.get()
    found: PostgresClient | SqliteClient | None = opened.get(name)
    if found is not None and found._bound_loop is _get_running_loop():
        return found
    # it is not open yet, or was opened by another loop
    return cast("PostgresClient | SqliteClient", connections.get(name))


def stand_in(name: str, other: Any) -> Token[Any]:
    """Have another stand where the client of that name stood, until `stand_down`, for the task that asks."""
    opened = require_context().connections._storage_var
    return opened.set({**opened.get(), name: other})


def stand_down(before: Token[Any]) -> None:
    """Have stand there again who stood there before."""
    before.var.reset(before)


def untouched() -> PostgresTransaction | None:
    """The transaction under way, if it is one of PostgreSQL's in which nothing was sent yet."""
    found: object = current()
    return found if isinstance(found, PostgresTransaction) and not found.has_begun else None


def _convert(connection: "PostgresClient | SqliteClient", rows: list[dict[str, Any]]) -> None:
    for name, convert in _converters_of(connection, tuple(rows[0])):
        for row in rows:
            stored = row[name]
            if stored is not None:
                row[name] = convert(stored)


def _converters_of(connection: "PostgresClient | SqliteClient", shape: tuple[str, ...]) -> Converters:
    """How the columns of such rows are read, as far as the driver has not done it."""
    found = connection.shapes.get(shape)
    if found is None:
        found = connection.shapes[shape] = _converters(shape, connection.capabilities.dialect)
    return found


_READERS: dict[type[Field[Any]], Callable[[Any], Any]] = {
    UUIDField: pgproto.UUID,  # a UUID made in a twentieth of the time
    DatetimeField: datetime.fromisoformat,
    BooleanField: bool,
    JSONField: orjson.loads,
}


def _converters(shape: tuple[str, ...], dialect: str) -> Converters:
    """How each column of such a row is read, by its name among all models' columns.

    Raises: TypeError, when two models hold different things in columns of that name.
    """
    kinds = column_kinds()
    found: list[tuple[str, Callable[[Any], Any]]] = []
    for name in shape:
        kind = kinds.get(name, set())
        if len(kind) > 1:
            raise TypeError(f"Two models differ on what a column {name!r} holds; name it otherwise in the SQL.")
        found += [
            (name, _READERS[field])
            for field in kind
            if field is not None and (dialect == "sqlite" or field is JSONField)
        ]
    return tuple(found)


def column_kinds() -> dict[str, set[type[Field[Any]] | None]]:
    """For each column name the kinds of field behind it; None stands for those that need no reading."""
    kinds: dict[str, set[type[Field[Any]] | None]] = {}
    for models in (require_context().apps or {}).values():
        for model in models.values():
            for name, column in model._meta.fields_db_projection.items():
                field = model._meta.fields_map[name]
                kind = next((kind for kind in _READERS if isinstance(field, kind)), None)
                kinds.setdefault(column, set()).add(kind)
    return kinds


async def insert(model: type[Model], rows: Sequence[Mapping[str, Any]], *, ignore_conflicts: bool = False) -> int:
    """Add the rows in as few statements as the database takes and return how many were added.

    All rows name the same fields (or columns); a field left out gets the model's default. With
    `ignore_conflicts`, rows that a unique constraint refuses are left out of the table and of the count.

    Raises: ValueError, when the rows do not name the same fields.
    """
    if not rows:
        return 0
    names = tuple(rows[0])
    given = insertion(model, current().capabilities.dialect, names).given
    return await insert_values(model, names, [given(row) for row in rows], ignore_conflicts=ignore_conflicts)


async def insert_values(
    model: type[Model], names: tuple[str, ...], rows: Sequence[Values], *, ignore_conflicts: bool = False
) -> int:
    """As `insert`, of rows that are the values of these fields, in their order."""
    await in_turn(SQL.on)
    connection = current()
    dialect = connection.capabilities.dialect
    plan = insertion(model, dialect, names)
    at_once = min(ROWS_AT_ONCE, PARAMETER_LIMITS[dialect] // len(plan.columns))
    added = 0
    for start in range(0, len(rows), at_once):
        chunk = rows[start : start + at_once]
        text = _insert_text(dialect, model._meta.db_table, plan.columns, len(chunk), ignore_conflicts)
        added += await connection.execute_affected(text, [value for row in chunk for value in plan.values(row)])
    return added


async def insert_rows(
    table: str,
    columns: tuple[str, ...],
    rows: Sequence[tuple[Any, ...]],
    *,
    on: str,
    ignore_conflicts: bool = False,
) -> int:
    """Add the rows to a table that has no model, on a named connection, and return how many were added."""
    connection = current(on)
    dialect = connection.capabilities.dialect
    added = 0
    for start in range(0, len(rows), ROWS_AT_ONCE):
        chunk = rows[start : start + ROWS_AT_ONCE]
        text = _insert_text(dialect, table, columns, len(chunk), ignore_conflicts)
        added += await connection.execute_affected(text, [value for row in chunk for value in row])
    return added


@lru_cache(maxsize=1_024)
def _insert_text(
    dialect: str,
    table: str,
    columns: tuple[str, ...],
    count: int,
    ignore_conflicts: bool,  # noqa: FBT001  # a part of the cache's key
) -> str:
    width = len(columns)
    mark = "$" if dialect == "postgres" else "?"
    rows = ", ".join(
        "(" + ", ".join(f"{mark}{row * width + column + 1}" for column in range(width)) + ")"
        for row in range(count)
    )
    names = ", ".join(f'"{column}"' for column in columns)
    end = " ON CONFLICT DO NOTHING" if ignore_conflicts else ""
    return f'INSERT INTO "{table}" ({names}) VALUES {rows}{end}'  # noqa: S608  # names come from the models
