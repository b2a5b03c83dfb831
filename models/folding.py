"""Folding: several writes as one statement of PostgreSQL's, which does all of them or none.

The text depends on what is written, not on the values, and beyond a few rows not on how many there are; so a
server prepares it once. What can be known of a write before there are values is found out once, too: its shape.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from typing import Any

from tortoise.models import Model

from models.columns import Passing, field_of, insertion, picked
from models.engine import Moved

FEW = 4
"""Up to so many rows of a part are written out in the text; more are given as arrays."""

Row = Mapping[str, Any]
Marks = Iterator[int]
"""The numbers of the values, in the order in which the text names them."""


class AddShape:
    """What rows of one model that name the same fields have in common. There is one of a kind."""

    guarded = False
    """Whether the statement answers how many rows it wrote."""

    def __init__(self, model: type[Model], names: tuple[str, ...]) -> None:
        self.model, self.names = model, names
        plan = insertion(model, "postgres", names)
        self.values = plan.values
        """One row's values, in the order of the columns."""
        self.columns = plan.columns
        self.types = [_type(model, column) for column in plan.columns]

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

    def __init__(self, model: type[Model], by: tuple[str, ...], names: tuple[str, ...]) -> None:
        self.model, self.by, self.names = model, by, names
        self.types = {name: _type(model, name) for name in (*names, *by)}
        self._found, self._news = picked(by), picked(names)
        fields = (by[0], *names, *by[1:])
        self._pass_on = {dialect: Passing(model, fields, dialect).pass_on for dialect in _DIALECTS}

    def text(self, size: int, marks: Marks, after: str) -> str:
        """So many rows are updated (0: as many as there are), once there is a row of the part named `after`.

        Without new values they are held.
        """
        table, types, owner = self.model._meta.db_table, self.types, self.by[0]
        tests = [f'"{table}"."{owner}" = ${next(marks)}::{types[owner]}']
        if size == 1:
            news = ", ".join(f'"{name}" = ${next(marks)}::{types[name]}' for name in self.names)
            tests += [f'"{table}"."{name}" = ${next(marks)}::{types[name]}' for name in self.by[1:]]
            source = ""
        else:
            columns = [*self.names, *(f"was_{name}" for name in self.by[1:])]
            news = ", ".join(f'"{name}" = v."{name}"' for name in self.names)
            tests += [f'"{table}"."{name}" = v."was_{name}"' for name in self.by[1:]]
            kinds = [types[name] for name in (*self.names, *self.by[1:])]
            named = ", ".join(f'"{column}"' for column in columns)
            source = f" FROM {_source(kinds, size, marks)} AS v({named})"
        if after:
            tests.append(f"EXISTS (SELECT 1 FROM {after})")  # noqa: S608  # our names
        found = " AND ".join(tests)
        if not self.names:
            return f'SELECT 1 FROM "{table}" WHERE {found} FOR NO KEY UPDATE'  # noqa: S608  # our names
        return f'UPDATE "{table}" SET {news}{source} WHERE {found} RETURNING 1'  # noqa: S608  # our names

    def values(self, where: Row, to: Row, dialect: str = "postgres") -> list[Any]:
        """The owner's id, what one row becomes, and what else it is found by."""
        owner, *rest = self._found(where)
        values = [owner, *self._news(to), *rest]
        self._pass_on[dialect](values)
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

    def __init__(self, model: type[Model], key: str, column: str, most: str) -> None:
        self.model, self.key, self.column, self.most = model, key, column, most
        self.types = _type(model, key), _type(model, column)

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


@dataclass(slots=True)
class Added:
    """Rows to be added to one table; what a unique constraint refuses raises the clash, if there is one."""

    shape: AddShape
    rows: list[Row]
    clash: type[Exception] | None = None

    def takes(self, other: "Part") -> bool:
        """Take another's rows over, if they are of the same kind."""
        if other.shape is not self.shape or other.clash is not self.clash:
            return False
        self.rows += other.rows
        return True

    def keys(self, name: str) -> list[Any]:
        """The rows' primary keys; None is one that is not known."""
        return [row.get(name) for row in self.rows]

    def amend(self, key: str, where: Row, to: Row) -> bool:
        """Make a row that is to be added what it is to be changed to, if it is one of these."""
        for place, row in enumerate(self.rows):
            if row.get(key) is not None and row[key] == where.get(key) and to.keys() <= row.keys():
                if not _stands(row, where):
                    return False
                # what the command holds is its own
                self.rows[place] = {**row, **to}
                return True
        return False

    def values(self) -> list[Any]:
        """The values in the order of the text's marks."""
        rows = self.rows
        return self.shape.values(rows[0]) if len(rows) == 1 else _laid([self.shape.values(row) for row in rows])

    def check(self, found: int) -> None:
        """Raise the clash, if fewer rows were added than there are."""
        if self.clash is not None and found < len(self.rows):
            raise self.clash


@dataclass(slots=True)
class Changed:
    """Rows of one table and one owner to be changed, each found by its values, the owner's id first."""

    shape: ChangeShape
    rows: list[tuple[Row, Row]]
    clash: None = None

    def takes(self, other: "Part") -> bool:
        """Take another's rows over, if they are of the same kind and owner."""
        owner = self.shape.by[0]
        if other.shape is not self.shape or other.rows[0][0][owner] != self.rows[0][0][owner]:
            return False
        self.rows += other.rows
        return True

    def keys(self, name: str) -> list[Any]:
        """The rows' primary keys; None is one that is not known."""
        return [where.get(name) for where, _ in self.rows]

    def amend(self, key: str, where: Row, to: Row) -> bool:
        """Change a row to what it is to be in the end, if it is one of these."""
        for place, (found, told) in enumerate(self.rows):
            if found.get(key) is not None and found[key] == where.get(key) and to.keys() == told.keys():
                if not _stands({**found, **told}, where):
                    return False
                self.rows[place] = found, {**told, **to}
                return True
        return False

    def values(self) -> list[Any]:
        """The values in the order of the text's marks."""
        if len(self.rows) == 1:
            return self.shape.values(*self.rows[0])
        rows = [self.shape.values(*row) for row in self.rows]
        return [rows[0][0], *_laid([row[1:] for row in rows])]

    def check(self, found: int) -> None:
        """Insist on every row's having been found."""
        if found != len(self.rows):
            raise AssertionError(f"A row of {self.shape.model._meta.db_table} moved although its owner was held.")


@dataclass(slots=True)
class Drawn:
    """A counter that is drawn on: the last thing a command does, since others wait for the row."""

    shape: DrawShape
    key: Any
    amount: int
    clash: None = None

    @property
    def rows(self) -> list[Row]:
        """The one row."""
        return [{self.shape.key: self.key}]

    def values(self) -> list[Any]:
        """The values in the order of the text's marks."""
        return [self.key, self.amount]

    def check(self, found: int) -> None:
        """Insist on the counter's having had room. Raises: Moved."""
        if not found:
            raise Moved


Part = Added | Changed | Drawn


@dataclass(frozen=True, slots=True)
class Fold:
    """One statement, its values, and the parts whose counts it answers, in their order."""

    text: str
    values: list[Any]
    guarded: list[Part]


def fold(parts: Sequence[Part]) -> Fold:
    """The parts as one statement that answers how many rows each guarded one wrote."""
    text, values = _folded(parts)
    return Fold(text, values, [part for part in parts if part.shape.guarded])


def fold_alone(parts: Sequence[Part], model: type[Model], row: Row) -> tuple[str, list[Any]]:
    """The parts as one statement that needs no transaction, given the owner's row as it was read; and its values.

    It takes hold of that row before anything else. Where it is not found as it was read, nothing is written and
    nothing answered. Where any other is not found, it fails by a division by zero, and nothing of it stays.
    """
    owner, where, to = None, row, _NOTHING
    for part in parts:
        if part.shape.model is model and isinstance(part, Changed):
            owner, (found, to) = part, part.rows[0]
            where = {**row, **found}
            break
    held = change_shape(model, tuple(where), tuple(to))
    kinds, values, many = [True, held, 1], held.values(where, to), []
    for part in parts:
        if part is not owner:
            size, shape = len(part.rows), part.shape
            kinds += shape, size if size <= FEW else 0
            values += part.values()
            if size > FEW and shape.guarded:
                many.append(size)
    return _text(tuple(kinds)), values + many


_NOTHING: Row = {}


def _folded(parts: Sequence[Part]) -> tuple[str, list[Any]]:
    """The statement, and the values of its parts in the order of its marks."""
    kinds: list[Any] = [False]
    values: list[Any] = []
    for part in parts:
        size = len(part.rows)
        kinds += part.shape, size if size <= FEW else 0
        values += part.values()
    return _text(tuple(kinds)), values


@lru_cache(maxsize=1_024)
def _text(kinds: tuple[Any, ...]) -> str:
    """The statement; each part stands on a line of its own, for whoever reads it one by one.

    The kinds are whether it is alone, and then each part's shape and size.
    """
    alone, shapes, marks = kinds[0], kinds[1::2], count(1)
    parts = [
        shape.text(size, marks, "w0" if alone and place else "")
        for place, (shape, size) in enumerate(zip(shapes, kinds[2::2], strict=True))
    ]
    named = ", ".join(f"w{place} AS (\n{part}\n)" for place, part in enumerate(parts))
    guarded = [(place, kinds[2 * place + 2]) for place, shape in enumerate(shapes) if shape.guarded]
    counts = [(f"(SELECT count(*) FROM w{place})", size) for place, size in guarded]  # noqa: S608  our names
    if alone:
        # what divides by zero undoes the whole statement
        tests = " AND ".join(f"{each} = {size or f'${next(marks)}::bigint'}" for each, size in counts)
        return f"WITH {named} SELECT 1 / ({tests})::int FROM w0"  # noqa: S608  our names
    shown = ", ".join(f"{each} AS c{place}" for place, (each, _) in enumerate(counts))
    return f"WITH {named} SELECT {shown or '1'}"


def _stands(row: Row, where: Row) -> bool:
    """Whether these values stand in the row. Of one that is not known, such as a default, the database is asked."""
    return all(name in row and row[name] == value for name, value in where.items())


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


def _type(model: type[Model], column: str) -> str:
    """The column's type on PostgreSQL, without its length: a cast to a length would cut a text off."""
    told: str = field_of(model, column).get_for_dialect("postgres", "SQL_TYPE")
    return told.partition("(")[0]


_DIALECTS = ("postgres", "sqlite")


@lru_cache(maxsize=1_024)
def single(shape: ChangeShape, dialect: str) -> str:
    """The statement that changes one row by itself, its values in the order of the shape's."""
    mark = "$" if dialect == "postgres" else "?"
    news = ", ".join(f'"{name}" = {mark}{place}' for place, name in enumerate(shape.names, start=2))
    first = len(shape.names) + 2
    tests = [f'"{shape.by[0]}" = {mark}1']
    tests += [f'"{name}" = {mark}{place}' for place, name in enumerate(shape.by[1:], start=first)]
    table = shape.model._meta.db_table
    return f'UPDATE "{table}" SET {news} WHERE {" AND ".join(tests)}'  # noqa: S608  # our names
