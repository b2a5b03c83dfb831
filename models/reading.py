"""Reading on hot paths: rows whose columns are attributes, and several statements in one go.

    class EntryRow(Row):
        id: UUID
        delta: int
        note: str | None
        created_at: str

        @property
        def cursor(self) -> str:
            return encode(self.id)

    PAGE = Rows(EntryRow, "SELECT id, delta, note, ISO(created_at) AS created_at FROM entry WHERE member_id = $1")
    entries = await PAGE.rows(member_id)

A class says by its annotations which columns its statements give, in any order; all else in it is computed, by
properties, or by `AtOnce` where that is cheaper for many rows together. A column is read, and turned into what its
annotation says, only when somebody asks for it: nothing is done for a row that is only passed on. On both databases
a `UUID`, `bool`, `datetime` or enumeration is one, and a `dict` or `list` is what the JSON says. What is cheaper as
text is asked for as text: `ISO(moment)` is what GraphQL shows, and `id::text` with `id: str` is an id without the
object. `RAW(id)` with `id: Raw` is its 16 bytes, for lists whose ids are only told on; `RAW(one) || RAW(other)` are
the bytes of both.

Two or more readings that need nothing of each other are sent together, one after another on one connection:

    homes, coupons = await together(HOME.asked(member_id), COUPONS.asked(member_id))

All of it, and whatever a `SQL` only reads, goes by the engine's readers, unless a transaction is under way, which
reads what it wrote itself. `warm(PAGE, HOME)` opens them before the first request comes; `made` holds every reading
there is, so that none is forgotten.
"""

import types
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence, Set
from datetime import datetime
from enum import Enum
from inspect import getattr_static
from operator import itemgetter
from typing import Any, Generic, TypeVar, Union, cast, get_args, get_origin, get_type_hints, overload
from uuid import UUID

import asyncpg
import orjson
from asyncpg.pgproto import pgproto

from models.engine.combining import NUMBER
from models.sql import SQL, Statement, current
from models.turns import gathered, in_turn

Convert = Callable[[Any], Any]

SPARSE = 4
"""Where fewer than one column in so many is wanted, each by itself is as cheap as all of them turned at once."""

SHOWINGS = 8
"""For how many sets of attributes a query has statements of their own."""

made: "list[Rows[Any]]" = []
"""Every reading that was made, wherever its name may hang."""


class Column(property):
    """A column, read at its place, and turned into what its annotation says."""

    def __init__(self, place: Any, convert: Convert | None) -> None:
        get = itemgetter(place)
        super().__init__(get if convert is None else lambda row: _converted(convert, get(row)))
        self.get = get
        self.convert = convert

    def of_columns(self, row: type) -> Convert:
        """What finds it among all columns of many rows."""
        del row
        get, convert = self.get, self.convert
        return get if convert is None else lambda columns: [_converted(convert, each) for each in get(columns)]


class AtOnce(property):
    """An attribute that is computed for many rows in one go, by a function of some columns, a list for each."""

    def __init__(self, made: Callable[..., Sequence[Any]], *columns: str) -> None:
        super().__init__(lambda row: made(*[[getattr(row, each)] for each in columns])[0])
        self.made = made
        self.columns = columns

    def at_once(self, rows: list[Any]) -> Sequence[Any]:
        """What it is for each row; all are of one class."""
        kind = type(rows[0])
        return self.made(*[list(map(getattr(kind, each).fget, rows)) for each in self.columns])

    def of_columns(self, row: type) -> Convert:
        """What makes it of all columns of many rows."""
        ways = [getattr_static(row, each).of_columns(row) for each in self.columns]
        return lambda columns: self.made(*[way(columns) for way in ways])


class Raw(bytes):
    """The 16 bytes of an id, or of each of several."""


class Row:
    """A row of a statement; its annotations name the columns."""

    __slots__ = ()

    @classmethod
    def __at_once__(cls, names: Sequence[str]) -> Callable[[list[Any]], list[Any]] | None:
        """How several attributes of many rows are read in one go; None where they are read one after another."""
        found = [getattr_static(cls, name, None) for name in names]
        width = sum(isinstance(each, Column) for each in vars(cls).values())
        if SPARSE * len(found) < width or not all(isinstance(each, Column | AtOnce) for each in found):
            return None
        ways = [cast("Column | AtOnce", each).of_columns(cls) for each in found]

        def read(rows: list[Any]) -> list[Any]:
            columns = list(zip(*rows, strict=True))
            return [way(columns) for way in ways]

        return read


def _converted(convert: Convert, stored: Any) -> Any:
    return None if stored is None else convert(stored)


R = TypeVar("R", bound=Row)
R1 = TypeVar("R1", bound=Row)
R2 = TypeVar("R2", bound=Row)
R3 = TypeVar("R3", bound=Row)
R4 = TypeVar("R4", bound=Row)


class Rows(Statement, Generic[R]):
    """A query whose rows are objects of one class.

    Raises: TypeError, when the class has a column of a kind no database gives, or the statement other columns
    than the class; ValueError, when the statement does more than read.
    """

    __slots__ = ("_columns", "_known", "_row", "_showing", "combines", "record")

    def __init__(
        self,
        row: type[R],
        text: str,
        *,
        sqlite: str | None = None,
        fans_out: str | None = None,
        combines: bool = False,
        only: Set[str] | None = None,
    ) -> None:
        """Take a class and the query of its rows, which may have but some of the columns.

        With `combines` PostgreSQL is asked once for all who ask it within two turns of the event loop: worth it
        where many ask the same of different owners, and none of the parameters is a list.
        """
        self.combines = combines
        super().__init__(text, sqlite=sqlite, fans_out=fans_out)
        if not self.reads:
            raise ValueError(f"Rows are only read; send it as SQL: {text}")
        self._row = row
        self._columns = {name: kind for name, kind in _columns(row).items() if only is None or name in only}
        self._known: dict[tuple[str, ...], Any] = {}
        self._showing: dict[frozenset[str], Rows[R]] = {}
        self.record = _made(row, asyncpg.Record, {name: name for name in self._columns}, self._columns)
        made.append(self)

    @property
    def room(self) -> str:
        """The module its rows are of."""
        return self._row.__module__

    def rows(self, *values: Any) -> Coroutine[Any, Any, list[R]]:
        """All rows."""
        return self._asked(values) if gathered.get() is None else self._asked_in_turn(values)

    def _asked(self, values: tuple[Any, ...]) -> Coroutine[Any, Any, list[R]]:
        connection = current(self.on)
        return connection.read(*self._on(connection, values), self)

    async def _asked_in_turn(self, values: tuple[Any, ...]) -> list[R]:
        await in_turn(self.on)
        return await self._asked(values)

    async def row(self, *values: Any) -> R | None:
        """The first row; None when there is none."""
        found = await self.rows(*values)
        return found[0] if found else None

    def showing(self, attributes: frozenset[str]) -> "Rows[R]":
        """The same rows, of which nothing is read but what these attributes are made of.

        For more than a few sets of them, and where it is not known what they are made of, it is the query itself.
        """
        found = self._showing.get(attributes)
        if found is None and len(self._showing) < SHOWINGS:
            columns = columns_of(self._row, attributes) or self._columns.keys()
            found = self if columns == self._columns.keys() else self._narrowed(columns)
            self._showing[attributes] = found
        return found or self

    def _narrowed(self, columns: Set[str]) -> "Rows[R]":
        """The same rows with these columns alone; the database does not come by what nobody asks for."""
        names = ", ".join(f"narrow.{each}" for each in self._columns if each in columns)
        text, own = (f"SELECT {names} FROM ({each}) narrow" for each in (self.postgres, self.sqlite))  # noqa: S608
        made = Rows(self._row, text, sqlite=own, fans_out=self.fans_out, combines=self.combines, only=columns)
        # the texts are written out already, so that nobody could tell from them which values are lists
        made.lists, made.ids = self.lists, self.ids
        return made

    @property
    def form(self) -> "Rows[R]":
        """What its rows become: it knows itself."""
        return self

    def asked(self, *values: Any) -> "Asked[R]":
        """The question, to be put together with others."""
        return Asked(self, values)

    def of_records(self, records: list[Any]) -> list[Any]:
        """The rows PostgreSQL gave: they are of the class already."""
        if records and not self._known:
            names = tuple(asyncpg.Record.keys(records[0]))
            if names[-1] == NUMBER:
                names = names[:-1]
            self._check(names)
            self._known[names] = self.record
            # its statement gives the columns in this order: by its place one is found in a third of the time
            for place, name in enumerate(names):
                setattr(self.record, name, Column(place, _converter(asyncpg.Record, self._columns[name])))
        return records

    def of_tuples(self, names: tuple[str, ...], rows: list[tuple[Any, ...]]) -> list[Any]:
        """The rows SQLite gave, made objects of the class."""
        make = self._known.get(names)
        if make is None:
            self._check(names)
            places = {name: place for place, name in enumerate(names)}
            make = self._known[names] = _made(self._row, tuple, places, self._columns)
        return list(map(make, rows))

    def _check(self, names: tuple[str, ...]) -> None:
        if differing := sorted(self._columns.keys() ^ set(names)):
            raise TypeError(f"{self._row.__name__} and its statement differ on: {', '.join(differing)}.")


class Asked(Generic[R]):
    """A query and its values."""

    __slots__ = ("rows", "values")

    def __init__(self, rows: Rows[R], values: tuple[Any, ...]) -> None:
        self.rows = rows
        self.values = values


@overload
async def together(_one: Asked[R1], _two: Asked[R2], /) -> tuple[list[R1], list[R2]]: ...
@overload
async def together(
    _one: Asked[R1], _two: Asked[R2], _three: Asked[R3], /
) -> tuple[list[R1], list[R2], list[R3]]: ...
@overload
async def together(
    _one: Asked[R1], _two: Asked[R2], _three: Asked[R3], _four: Asked[R4], /
) -> tuple[list[R1], list[R2], list[R3], list[R4]]: ...
async def together(*asked: Asked[Any]) -> tuple[list[Any], ...]:
    """The answers to several questions to one database, in their order; asked one after another, in one go."""
    await in_turn(asked[0].rows.on)
    connection = current(asked[0].rows.on)
    questions = [(*each.rows._on(connection, each.values), each.rows) for each in asked]
    return tuple(await connection.read_together(questions))


async def warm(*statements: SQL | Rows[Any]) -> None:
    """Open the connections that read, and have PostgreSQL's prepare those of these statements that only read.

    Raises: OperationalError, when one of them is wrong.
    """
    for name in {SQL.on, *(each.on for each in statements)}:
        connection = current(name)
        texts = [(each.text(connection), each.form) for each in statements if each.reads and each.on == name]
        await connection.warm(texts)


_AS_IT_COMES = (Any, int, str, float, bytes)
_JSON = (dict, list, Mapping, Sequence)


def _json(stored: Any) -> Any:
    # an array of PostgreSQL's is a list already
    return orjson.loads(stored) if isinstance(stored, str) else stored


def _raw(stored: str) -> bytes:
    return bytes.fromhex(stored.replace("-", ""))


_ON_BOTH: dict[Any, Convert] = dict.fromkeys(_JSON, _json)
_ON_SQLITE: dict[Any, Convert] = {
    **_ON_BOTH,
    UUID: pgproto.UUID,
    Raw: _raw,
    bool: bool,
    datetime: datetime.fromisoformat,
}


def _columns(row: type[Row]) -> dict[str, Any]:
    """The columns a class names, and what each is read as.

    Raises: TypeError, when it names none, or one of a kind no database gives.
    """
    computed = {name for each in row.__mro__ for name in vars(each)}
    found = {name: _kind(hint) for name, hint in get_type_hints(row).items() if name not in computed}
    if not found:
        raise TypeError(f"{row.__name__} names no columns.")
    return found


def columns_of(row: type[Row], attributes: Iterable[str]) -> frozenset[str] | None:
    """What these attributes are made of; None where it is not known of one."""
    columns = _columns(row)
    found: set[str] = set()
    for name in attributes:
        computed = getattr_static(row, name, None)
        if name not in columns and not isinstance(computed, AtOnce):
            return None
        found.update(computed.columns if isinstance(computed, AtOnce) else [name])
    return frozenset(found)


def _kind(hint: Any) -> Any:
    """The plain type behind an annotation."""
    hint = getattr(hint, "__supertype__", hint)
    if get_origin(hint) in (Union, types.UnionType):
        [hint] = [each for each in get_args(hint) if each is not types.NoneType]
        return _kind(hint)
    hint = get_origin(hint) or hint
    if hint in _AS_IT_COMES or hint in _ON_SQLITE or (isinstance(hint, type) and issubclass(hint, Enum)):
        return hint
    raise TypeError(f"A column cannot be read as {hint!r}.")


def _made(row: type[Row], base: type, places: Mapping[str, Any], kinds: Mapping[str, Any]) -> Any:
    """The class of the rows as one driver gives them, each column found at its place."""
    columns = {name: Column(places[name], _converter(base, kind)) for name, kind in kinds.items()}
    return type(row.__name__, (row, base), {"__module__": row.__module__, "__doc__": row.__doc__, **columns})


def _converter(base: type, kind: Any) -> Convert | None:
    """What a column becomes that one driver gives; None where it is that already."""
    return (_ON_SQLITE if base is tuple else _ON_BOTH).get(kind, _by_value(kind))


def _by_value(kind: Any) -> Convert | None:
    return kind if isinstance(kind, type) and issubclass(kind, Enum) else None
