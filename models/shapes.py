"""Shapes: what can be known of a write before there are values, found out once for a table and its fields."""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any

from tortoise.models import Model

from models.columns import Passing, Values, field_of, insertion

Marks = Iterator[str]
"""The numbers of the values, in the order in which the text names them, and which of them are texts."""


class AddShape:
    """What rows of one model that name the same fields have in common. There is one of a kind."""

    guarded = False
    """Whether the statement answers how many rows it wrote."""

    def __init__(self, model: type[Model], names: tuple[str, ...]) -> None:
        self.model, self.names = model, names
        plan = insertion(model, "postgres", names)
        self.given = plan.given
        """One row's values, in the order of the names."""
        self.whole, self.values = plan.whole, plan.values
        """The columns' values, by those of the names; and as the database takes them."""
        self.passing = plan.passing
        """What makes the ones the others."""
        self.columns = plan.columns
        self.types = [_type(model, column) for column in plan.columns]
        self.moments = _moments(self.types)
        """Where moments stand among one row's values."""

    def width(self, size: int) -> int:
        """How many values so many rows have; 0: as many as there are, as arrays."""
        return (size or 1) * len(self.columns)

    def text(self, size: int, marks: Marks, after: str) -> str:
        """So many rows are inserted (0: as many as there are), once there is a row of the part named `after`."""
        named = ", ".join(f'"{column}"' for column in self.columns)
        if size and not after:
            source = f"VALUES {_rows(self.types, size, marks)}"
        else:
            beside = f", {after}" if after else ""
            source = f"SELECT v.* FROM {_source(self.types, size, marks)} AS v{beside}"  # noqa: S608  # our names
        return f'INSERT INTO "{self.model._meta.db_table}" ({named}) {source}'


class ChangeShape:
    """What changes of one model's rows have in common that are found and changed by the same fields."""

    guarded = True
    whole = tuple
    """A row's values, as they are."""

    def __init__(self, model: type[Model], by: tuple[str, ...], names: tuple[str, ...]) -> None:
        self.model, self.by, self.names = model, by, names
        self.types = {name: _type(model, name) for name in (*by, *names)}
        self.moments = _moments(self.types[name] for name in (*by, *names))
        self._passing = {dialect: Passing().see(model, (*by, *names), dialect) for dialect in _DIALECTS}
        self.passing = self._passing["postgres"]

    def width(self, size: int) -> int:
        """How many values so many rows have; 0: as many as there are, as arrays."""
        return 1 + (size or 1) * (len(self.by) + len(self.names) - 1)

    def text(self, size: int, marks: Marks, after: str) -> str:
        """So many rows are updated (0: as many as there are), once there is a row of the part named `after`.

        Without new values they are held.
        """
        table, types, owner = self.model._meta.db_table, self.types, self.by[0]
        tests = [f'"{table}"."{owner}" = ${next(marks)}::{types[owner]}']
        if size == 1:
            tests += [f'"{table}"."{name}" = ${next(marks)}::{types[name]}' for name in self.by[1:]]
            news = ", ".join(f'"{name}" = ${next(marks)}::{types[name]}' for name in self.names)
            source = ""
        else:
            columns = [*(f"was_{name}" for name in self.by[1:]), *self.names]
            news = ", ".join(f'"{name}" = v."{name}"' for name in self.names)
            tests += [f'"{table}"."{name}" = v."was_{name}"' for name in self.by[1:]]
            kinds = [types[name] for name in (*self.by[1:], *self.names)]
            named = ", ".join(f'"{column}"' for column in columns)
            source = f" FROM {_source(kinds, size, marks)} AS v({named})"
        if after:
            tests.append(f"EXISTS (SELECT 1 FROM {after})")  # noqa: S608  # our names
        found = " AND ".join(tests)
        if not self.names:
            return f'SELECT "{owner}" AS owner FROM "{table}" WHERE {found} FOR NO KEY UPDATE'  # noqa: S608  # our names
        return f'UPDATE "{table}" SET {news}{source} WHERE {found} RETURNING "{table}"."{owner}" AS owner'  # noqa: S608  # our names

    def values(self, row: Values, dialect: str = "postgres") -> list[Any]:
        """What one row is found by, its owner's id first, and what it becomes, as the database takes it."""
        values = [*row]
        self._passing[dialect].pass_on(values)
        return values


@lru_cache(maxsize=1_024)
def add_shape(model: type[Model], names: tuple[str, ...]) -> AddShape:
    """The shape of rows to be added that name these fields."""
    return AddShape(model, names)


@lru_cache(maxsize=1_024)
def change_shape(model: type[Model], by: tuple[str, ...], names: tuple[str, ...]) -> ChangeShape:
    """The shape of rows to be changed in these fields, and found by those, their owner's id first."""
    return ChangeShape(model, by, names)


class DrawShape:
    """What drawing on one model's counters has in common: a number in a row goes up or down within a range."""

    guarded = True
    whole = tuple
    """A row's values, as they are."""

    def __init__(self, model: type[Model], key: str, column: str, most: str) -> None:
        self.model, self.key, self.column, self.most = model, key, column, most
        self.types = _type(model, key), _type(model, column)
        self.moments: Values = ()
        self.passing = Passing()

    def width(self, size: int) -> int:
        """How many values there are."""
        return 2 * size

    def text(self, size: int, marks: Marks, after: str) -> str:
        """One row is drawn on, once there is a row of the part named `after`."""
        if size != 1:
            raise AssertionError("A counter is drawn on by itself.")
        beside = f" AND EXISTS (SELECT 1 FROM {after})" if after else ""  # noqa: S608  # our names
        return (
            self._text(f"${next(marks)}::{self.types[0]}", f"${next(marks)}::{self.types[1]}")
            + beside
            + (" RETURNING 1")
        )

    def alone(self, dialect: str) -> str:
        """The same as a statement by itself."""
        mark = "$" if dialect == "postgres" else "?"
        return self._text(f"{mark}1", f"{mark}2")

    def _text(self, key: str, amount: str) -> str:
        table, column = self.model._meta.db_table, self.column
        return (
            f'UPDATE "{table}" SET "{column}" = "{table}"."{column}" + {amount} WHERE "{self.key}" = {key}'  # noqa: S608
            f' AND "{table}"."{column}" + {amount} BETWEEN 0 AND "{self.most}"'
        )


@lru_cache(maxsize=64)
def draw_shape(model: type[Model], key: str, column: str, most: str) -> DrawShape:
    """The shape of drawing on a counter that is found by a key and may not pass what `most` says."""
    return DrawShape(model, key, column, most)


def _source(types: Sequence[str], size: int, marks: Marks) -> str:
    if size:
        return f"(VALUES {_rows(types, size, marks)})"
    return f"unnest({', '.join(f'${next(marks)}::{kind}[]' for kind in types)})"


def _rows(types: Sequence[str], size: int, marks: Marks) -> str:
    return ", ".join(f"({', '.join(f'${next(marks)}::{kind}' for kind in types)})" for _ in range(size))


def _moments(types: Iterable[str]) -> tuple[int, ...]:
    """Where moments stand among one row's values."""
    return tuple(place for place, each in enumerate(types) if each == "TIMESTAMPTZ")


def _type(model: type[Model], column: str) -> str:
    """The column's type on PostgreSQL, without its length: a cast to a length would cut a text off."""
    told: str = field_of(model, column).get_for_dialect("postgres", "SQL_TYPE")
    return told.partition("(")[0]


_DIALECTS = ("postgres", "sqlite")


@lru_cache(maxsize=1_024)
def single(shape: ChangeShape, dialect: str) -> str:
    """The statement that changes one row by itself, its values in the order of the shape's."""
    mark = "$" if dialect == "postgres" else "?"
    tests = [f'"{name}" = {mark}{place}' for place, name in enumerate(shape.by, start=1)]
    news = ", ".join(f'"{name}" = {mark}{place}' for place, name in enumerate(shape.names, len(tests) + 1))
    table = shape.model._meta.db_table
    return f'UPDATE "{table}" SET {news} WHERE {" AND ".join(tests)}'  # noqa: S608  # our names
