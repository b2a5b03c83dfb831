"""Tortoise's two clients made safe for production; a connection's `engine` key chooses them."""

import re
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qsl, unquote, urlsplit

from asyncpg import Record

if TYPE_CHECKING:
    from tortoise.backends.base.client import BaseDBAsyncClient as Base
else:
    Base = object

observer: Callable[[str], None] | None = None
"""Hears every SQL text before it is sent. Tests set it; in production it is None."""

Converters = tuple[tuple[str, Callable[[Any], Any]], ...]
"""Which columns of a row are stored otherwise than Python wants them, and how each is read."""


class Moved(Exception):  # noqa: N818  no fault: whoever gets it tries again
    """What was read ahead of a transaction does not stand any more, or a transaction is needed after all."""


class Form(Protocol):
    """What the rows of a reading become."""

    record: Any
    """The class asyncpg makes the rows of."""
    combines: bool
    """Whether PostgreSQL is asked once for all who ask within two turns of the event loop."""

    def of_records(self, records: list[Any]) -> list[Any]:
        """The rows PostgreSQL gave."""

    def of_tuples(self, names: tuple[str, ...], rows: list[tuple[Any, ...]]) -> list[Any]:
        """The rows SQLite gave, and their columns' names. It may run in a thread of the engine's."""


class Records:
    """Rows as the driver has them."""

    record = Record

    def __init__(self, *, combines: bool = False) -> None:
        self.combines = combines

    def of_records(self, records: list[Any]) -> list[Any]:
        """The rows PostgreSQL gave."""
        return records

    def of_tuples(self, names: tuple[str, ...], rows: list[tuple[Any, ...]]) -> list[Any]:
        """The rows SQLite gave, by the names of their columns, as PostgreSQL's are."""
        return [dict(zip(names, row, strict=True)) for row in rows]


Query = tuple[str, list[Any], Form]
"""A text, its values, and what its rows become."""

SQLITE_DEFAULTS = {
    "busy_timeout": "10000",
    "journal_mode": "WAL",
    "synchronous": "FULL",
    "foreign_keys": "ON",
    "journal_size_limit": "67108864",
}
SQLITE_ALLOWED = {
    *SQLITE_DEFAULTS,
    "cache_size",
    "mmap_size",
    "temp_store",
    "wal_autocheckpoint",
    "durability",
    "threads",
}
POSTGRES_SCHEMES = ("postgres", "postgresql", "asyncpg")
POSTGRES_SESSION = {"statement_timeout": "15s", "idle_in_transaction_session_timeout": "30s"}
POSTGRES_POOL: dict[str, Callable[[str], Any]] = {
    "host": str,
    "port": int,
    "minsize": int,
    "maxsize": int,
    "readers": int,
    "ssl": str,
    "application_name": str,
    "statement_cache_size": int,
    "command_timeout": float,
    "timeout": float,
    "durability": str,
    "combine": str,
}
LEAST = {"minsize": 0, "maxsize": 1, "readers": 1, "statement_cache_size": 0}
"""How few there may be: a statement that finds no connection would wait for one in vain."""

LIBPQ_NAMES = {"sslmode": "ssl", "connect_timeout": "timeout"}
"""Parameters that libpq's URLs write otherwise than the driver does."""


def connection(url: str) -> dict[str, Any]:
    """The Tortoise connection a database URL describes; nothing is opened or created yet.

    Raises: ValueError, when the URL names another database, an unknown parameter or no file.
    """
    scheme, found, rest = url.partition("://")
    if found and scheme == "sqlite":
        return _sqlite(rest)
    if found and scheme in POSTGRES_SCHEMES:
        return _postgres(url)
    raise ValueError(
        f"The database URL begins with {scheme!r}; it must begin with sqlite:// or postgres:// "
        "(for example sqlite://var/loyalty.db or postgres://user@host/loyalty)."
    )


def place(url: str) -> str:
    """Where a database is, for a person to read: a file's whole path, or a URL without its password."""
    credentials = connection(url)["credentials"]
    if "file_path" in credentials:
        return str(Path(credentials["file_path"]).absolute())
    user = f"{credentials['user']}@" if credentials["user"] else ""
    return f"postgres://{user}{credentials['host']}:{credentials['port']}/{credentials['database'] or ''}"


def _sqlite(rest: str) -> dict[str, Any]:
    path, _, query = rest.partition("?")
    if not path:
        raise ValueError("The database URL sqlite:// names no file; write for example sqlite://var/loyalty.db.")
    given = _parameters(query, SQLITE_ALLOWED)
    for name, value in given.items():
        if not re.fullmatch(r"-?\w+", value):
            raise ValueError(f"The database URL's parameter {name} has the impossible value {value!r}.")
    careless = {"synchronous": "OFF"} if given.get("durability") == "off" else {}
    return {
        "engine": f"{__name__}.sqlite",
        "credentials": {"file_path": unquote(path), **SQLITE_DEFAULTS, **careless, **given},
    }


def _postgres(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    written = _parameters(parts.query, {*POSTGRES_POOL, *POSTGRES_SESSION, *LIBPQ_NAMES})
    given = {LIBPQ_NAMES.get(name, name): value for name, value in written.items()}
    session = {name: given.pop(name, default) for name, default in POSTGRES_SESSION.items()}
    options = {name: _option(name, value) for name, value in given.items()}
    if options.get("minsize", 1) > options.get("maxsize", 8):
        raise ValueError("The database URL's parameter minsize is above maxsize.")
    return {
        "engine": f"{__name__}.asyncpg",
        "credentials": {
            "user": parts.username and unquote(parts.username),
            "password": parts.password and unquote(parts.password),
            "database": unquote(parts.path[1:]) or None,
            "host": parts.hostname and unquote(parts.hostname),
            "port": parts.port or 5432,
            "minsize": 1,
            "maxsize": 8,
            # a pooler such as pgbouncer refuses start-up settings: `=server` leaves them to the server
            "server_settings": {name: value for name, value in session.items() if value != "server"},
            **options,
        },
    }


def _option(name: str, written: str) -> Any:
    """A parameter of PostgreSQL's as what it is. Raises: ValueError."""
    try:
        value = POSTGRES_POOL[name](written)
    except ValueError:
        value = None
    if value is None or value < LEAST.get(name, value):
        raise ValueError(f"The database URL's parameter {name} has the impossible value {written!r}.")
    return value


def _parameters(query: str, allowed: set[str]) -> dict[str, str]:
    given = dict(parse_qsl(query, strict_parsing=bool(query)))
    if unknown := sorted(given.keys() - allowed):
        raise ValueError(
            f"The database URL has the unknown parameter {unknown[0]!r}; known: {', '.join(sorted(allowed))}."
        )
    for name in ("durability", "combine"):
        if given.get(name, "off") != "off":
            raise ValueError(f"The database URL's parameter {name} can only be `off`; leave it out otherwise.")
    return given


class Observed(Base):
    """A client that tells the observer each SQL text it sends."""

    def execute_query(self, query: str, values: list[Any] | None = None) -> Coroutine[Any, Any, tuple[int, Any]]:
        """The number of rows affected or found, and the rows."""
        if observer is not None:
            observer(query)
        return super().execute_query(query, values)

    def execute_query_dict(
        self, query: str, values: list[Any] | None = None
    ) -> Coroutine[Any, Any, list[dict[str, Any]]]:
        """The rows as dictionaries, RETURNING included."""
        if observer is not None:
            observer(query)
        return super().execute_query_dict(query, values)

    def execute_insert(self, query: str, values: list[Any]) -> Coroutine[Any, Any, Any]:
        """The key the database made, if it made one."""
        if observer is not None:
            observer(query)
        return super().execute_insert(query, values)

    def execute_many(self, query: str, values: list[list[Any]]) -> Coroutine[Any, Any, None]:
        """One statement for each row of values, all or none."""
        if observer is not None:
            observer(query)
        return super().execute_many(query, values)

    def execute_script(self, query: str) -> Coroutine[Any, Any, None]:
        """Several statements, as they stand."""
        if observer is not None:
            observer(query)
        return super().execute_script(query)
