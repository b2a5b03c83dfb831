"""Folding: several writes as one statement of PostgreSQL's, which does all of them or none.

The text depends on what is written, not on the values, and beyond a few rows not on how many there are; so a
server prepares it once.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from typing import Any, ClassVar

from tortoise.models import Model

from models.sql import field_of, insertion, writing

FEW = 4
"""Up to so many rows of a part are written out in the text; more are given as arrays."""

Row = Mapping[str, Any]
Marks = Iterator[int]
"""The numbers of the values, in the order in which the text names them."""


@dataclass(frozen=True, slots=True)
class AddShape:
    """What the text of some rows to be added depends on."""

    model: type[Model]
    names: tuple[str, ...]
    size: int
    """How many rows, up to `FEW`; 0 stands for more."""
    guarded: ClassVar[bool] = False
    """Whether the statement answers how many rows it wrote."""

    def text(self, marks: Marks, after: str) -> str:
        """The rows are inserted, once there is a row of the part named `after`."""
        columns = insertion(self.model, "postgres", self.names).columns
        named = ", ".join(f'"{column}"' for column in columns)
        types = [_type(self.model, column) for column in columns]
        if self.size and not after:
            source = f"VALUES {_rows(types, self.size, marks)}"
        else:
            beside = f", {after}" if after else ""
            source = f"SELECT v.* FROM {_source(types, self.size, marks)} AS v{beside}"  # noqa: S608  # our names
        return f'INSERT INTO "{self.model._meta.db_table}" ({named}) {source}'


@dataclass(frozen=True, slots=True)
class ChangeShape:
    """What the text of some rows to be changed depends on."""

    model: type[Model]
    by: tuple[str, ...]
    names: tuple[str, ...]
    size: int
    guarded: ClassVar[bool] = True

    def text(self, marks: Marks, after: str) -> str:
        """The rows are updated, once there is a row of the part named `after`; without new values they are held."""
        table, owner = self.model._meta.db_table, self.by[0]
        types = {name: _type(self.model, name) for name in (*self.names, *self.by)}
        tests = [f'"{table}"."{owner}" = ${next(marks)}::{types[owner]}']
        if self.size == 1:
            news = ", ".join(f'"{name}" = ${next(marks)}::{types[name]}' for name in self.names)
            tests += [f'"{table}"."{name}" = ${next(marks)}::{types[name]}' for name in self.by[1:]]
            source = ""
        else:
            columns = [*self.names, *(f"was_{name}" for name in self.by[1:])]
            news = ", ".join(f'"{name}" = v."{name}"' for name in self.names)
            tests += [f'"{table}"."{name}" = v."was_{name}"' for name in self.by[1:]]
            kinds = [types[name] for name in (*self.names, *self.by[1:])]
            named = ", ".join(f'"{column}"' for column in columns)
            source = f" FROM {_source(kinds, self.size, marks)} AS v({named})"
        if after:
            tests.append(f"EXISTS (SELECT 1 FROM {after})")  # noqa: S608  # our names
        found = " AND ".join(tests)
        if not self.names:
            return f'SELECT 1 FROM "{table}" WHERE {found} FOR NO KEY UPDATE'  # noqa: S608  # our names
        return f'UPDATE "{table}" SET {news}{source} WHERE {found} RETURNING 1'  # noqa: S608  # our names


@dataclass(slots=True)
class Added:
    """Rows to be added to one table; what a unique constraint refuses raises the clash, if there is one."""

    model: type[Model]
    names: tuple[str, ...]
    rows: list[dict[str, Any]]
    clash: type[Exception] | None = None

    @property
    def shape(self) -> AddShape:
        """What its text depends on."""
        return AddShape(self.model, self.names, _size(self.rows))

    def takes(self, other: "Part") -> bool:
        """Take another's rows over, if they are of the same kind."""
        alike = isinstance(other, Added) and (other.model, other.names, other.clash) == (
            self.model,
            self.names,
            self.clash,
        )
        if alike:
            self.rows += other.rows  # type: ignore[arg-type]
        return alike

    def amend(self, key: str, where: Row, to: Row) -> bool:
        """Make a row that is to be added what it is to be changed to, if it is one of these."""
        for row in self.rows:
            if row.get(key) is not None and row[key] == where.get(key) and to.keys() <= row.keys():
                return _amended(row, row, where, to)
        return False

    def values(self) -> list[Any]:
        """The values in the order of the text's marks."""
        plan = insertion(self.model, "postgres", self.names)
        return _laid([plan.values(row) for row in self.rows])

    def check(self, found: int) -> None:
        """Raise the clash, if fewer rows were added than there are."""
        if self.clash is not None and found < len(self.rows):
            raise self.clash


@dataclass(slots=True)
class Changed:
    """Rows of one table and one owner to be changed, each found by its values, the owner's id first."""

    model: type[Model]
    by: tuple[str, ...]
    names: tuple[str, ...]
    rows: list[tuple[Row, dict[str, Any]]]

    @property
    def shape(self) -> ChangeShape:
        """What its text depends on."""
        return ChangeShape(self.model, self.by, self.names, _size(self.rows))

    def takes(self, other: "Part") -> bool:
        """Take another's rows over, if they are of the same kind and owner."""
        alike = (
            isinstance(other, Changed)
            and (other.model, other.by, other.names) == (self.model, self.by, self.names)
            and other.rows[0][0][self.by[0]] == self.rows[0][0][self.by[0]]
        )
        if alike:
            self.rows += other.rows  # type: ignore[arg-type]
        return alike

    def amend(self, key: str, where: Row, to: Row) -> bool:
        """Change a row to what it is to be in the end, if it is one of these."""
        for found, told in self.rows:
            if found.get(key) is not None and found[key] == where.get(key) and to.keys() == told.keys():
                return _amended(told, {**found, **told}, where, to)
        return False

    def values(self) -> list[Any]:
        """The values in the order of the text's marks."""
        rows = [self.row_values(row, "postgres") for row in self.rows]
        return [rows[0][0], *_laid([row[1:] for row in rows])]

    def row_values(self, row: tuple[Row, Row], dialect: str) -> list[Any]:
        """The owner's id, what one row becomes, and what else it is found by."""
        where, to = row
        given = [where[self.by[0]], *(to[name] for name in self.names), *(where[name] for name in self.by[1:])]
        writers = _writers(self.model, (self.by[0], *self.names, *self.by[1:]), dialect)
        return [
            value if write is None else write(value, self.model)
            for value, write in zip(given, writers, strict=True)
        ]

    def check(self, found: int) -> None:
        """Insist on every row's having been found."""
        if found != len(self.rows):
            raise AssertionError(f"A row of {self.model._meta.db_table} moved although its owner was held.")


Part = Added | Changed


@dataclass(frozen=True, slots=True)
class Fold:
    """One statement, its values, and the parts whose counts it answers, in their order."""

    text: str
    values: list[Any]
    guarded: list[Part]


def fold(parts: Sequence[Part]) -> Fold:
    """The parts as one statement that answers how many rows each guarded one wrote."""
    shapes = tuple(part.shape for part in parts)
    return Fold(_text(shapes, alone=False), _values(parts), _guarded(parts, shapes))


def fold_alone(parts: Sequence[Part], model: type[Model], row: Row) -> Fold:
    """The parts as one statement that needs no transaction, given the owner's row as it was read.

    It takes hold of that row before anything else, and fails by a division by zero, so that nothing of it stays,
    where that row or any other is not found as it must be.
    """
    owner = next((part for part in parts if isinstance(part, Changed) and part.model is model), None)
    where, to = owner.rows[0] if owner else ({}, {})
    both = {**row, **where}
    ordered = [Changed(model, tuple(both), tuple(to), [(both, to)]), *(part for part in parts if part is not owner)]
    shapes = tuple(part.shape for part in ordered)
    guarded = _guarded(ordered, shapes)
    values = [*_values(ordered), [len(part.rows) for part in guarded]]
    return Fold(_text(shapes, alone=True), values, guarded)


def _values(parts: Sequence[Part]) -> list[Any]:
    values: list[Any] = []
    for part in parts:
        values += part.values()
    return values


def _guarded(parts: Sequence[Part], shapes: Sequence[AddShape | ChangeShape]) -> list[Part]:
    return [part for part, shape in zip(parts, shapes, strict=True) if shape.guarded]


@lru_cache(maxsize=1_024)
def _text(shapes: tuple[AddShape | ChangeShape, ...], *, alone: bool) -> str:
    """The statement; each part stands on a line of its own, for whoever reads it one by one."""
    marks = count(1)
    parts = [shape.text(marks, "w0" if alone and place else "") for place, shape in enumerate(shapes)]
    named = ", ".join(f"w{place} AS (\n{part}\n)" for place, part in enumerate(parts))
    counts = [f"(SELECT count(*) FROM w{place})" for place, shape in enumerate(shapes) if shape.guarded]  # noqa: S608
    if alone:
        # what divides by zero undoes the whole statement
        return f"WITH {named} SELECT 1 / (ARRAY[{', '.join(counts)}] = ${next(marks)}::bigint[])::int"
    shown = ", ".join(f"{each} AS c{place}" for place, each in enumerate(counts))
    return f"WITH {named} SELECT {shown or '1'}"


def _amended(told: dict[str, Any], now: Row, where: Row, to: Row) -> bool:
    # of a value that is not known, such as a default, the database is asked
    is_found = all(name in now and now[name] == value for name, value in where.items())
    if is_found:
        told.update(to)
    return is_found


def _size(rows: Sequence[Any]) -> int:
    return len(rows) if len(rows) <= FEW else 0


def _laid(rows: list[list[Any]]) -> list[Any]:
    """A few rows one after another; many as one array for each column."""
    if len(rows) == 1:
        return rows[0]
    if len(rows) <= FEW:
        return [value for row in rows for value in row]
    return [list(column) for column in zip(*rows, strict=True)]


def _source(types: Sequence[str], size: int, marks: Marks) -> str:
    if size:
        return f"(VALUES {_rows(types, size, marks)})"
    return f"unnest({', '.join(f'${next(marks)}::{kind}[]' for kind in types)})"


def _rows(types: Sequence[str], size: int, marks: Marks) -> str:
    return ", ".join(f"({', '.join(f'${next(marks)}::{kind}' for kind in types)})" for _ in range(size))


@lru_cache(maxsize=1_024)
def _type(model: type[Model], column: str) -> str:
    """The column's type on PostgreSQL, without its length: a cast to a length would cut a text off."""
    told: str = field_of(model, column).get_for_dialect("postgres", "SQL_TYPE")
    return told.partition("(")[0]


@lru_cache(maxsize=1_024)
def _writers(model: type[Model], names: tuple[str, ...], dialect: str) -> tuple[Any, ...]:
    return tuple(writing(model, name, dialect)[1] for name in names)


@lru_cache(maxsize=1_024)
def single(shape: ChangeShape, dialect: str) -> str:
    """The statement that changes one row by itself, its values in the order of `row_values`."""
    mark = "$" if dialect == "postgres" else "?"
    news = ", ".join(f'"{name}" = {mark}{place}' for place, name in enumerate(shape.names, start=2))
    first = len(shape.names) + 2
    tests = [f'"{shape.by[0]}" = {mark}1']
    tests += [f'"{name}" = {mark}{place}' for place, name in enumerate(shape.by[1:], start=first)]
    table = shape.model._meta.db_table
    return f'UPDATE "{table}" SET {news} WHERE {" AND ".join(tests)}'  # noqa: S608  # our names
