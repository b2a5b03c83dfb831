"""Folding: several writes as one statement of PostgreSQL's, which does all of them or none.

The text depends on what is written, not on the values, and beyond a few rows not on how many there are; so a
server prepares it once. What can be known of a write before there are values is found out once, too: its shape
(`models.shapes`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from typing import Any

from tortoise.models import Model

from models.columns import Passing, Values
from models.engine import Moved
from models.engine.sqlite import text_of
from models.shapes import AddShape, ChangeShape, DrawShape, Marks, change_shape

FEW = 4
"""Up to so many rows of a part are written out in the text; more are given as arrays."""

Row = Mapping[str, Any]


@dataclass(slots=True)
class Added:
    """Rows to be added to one table; what a unique constraint refuses raises the clash, if there is one.

    Of each row there are the values, in the order of the shape's names.
    """

    shape: AddShape
    rows: list[Values]
    clash: type[Exception] | None = None

    def takes(self, other: "Part") -> bool:
        """Take another's rows over, if they are of the same kind."""
        if other.shape is not self.shape or other.clash is not self.clash:
            return False
        self.rows += other.rows
        return True

    def keys(self, name: str) -> list[Any]:
        """The rows' primary keys; None is one that is not known."""
        return [row.get(name) for row in self._named()]

    def amend(self, key: str, where: Row, to: Row) -> bool:
        """Make a row that is to be added what it is to be changed to, if it is one of these."""
        for place, row in enumerate(self._named()):
            if row.get(key) is not None and row[key] == where.get(key) and to.keys() <= row.keys():
                if not _stands(row, where):
                    return False
                self.rows[place] = tuple({**row, **to}.values())
                return True
        return False

    def _named(self) -> list[Row]:
        return [dict(zip(self.shape.names, row, strict=True)) for row in self.rows]

    def laid(self) -> Sequence[Any]:
        """The values of several rows, as the database takes them, in the order of the text's marks."""
        return _laid([self.shape.values(row) for row in self.rows])

    def check(self, found: int) -> None:
        """Raise the clash, if fewer rows were added than there are."""
        if self.clash is not None and found < len(self.rows):
            raise self.clash


@dataclass(slots=True)
class Changed:
    """Rows of one table and one owner to be changed, each found by its values, the owner's id first.

    Of each there is what it is found by, and then what it becomes, in the orders of the shape.
    """

    shape: ChangeShape
    rows: list[Values]
    clash: None = None

    def takes(self, other: "Part") -> bool:
        """Take another's rows over, if they are of the same kind and owner."""
        if other.shape is not self.shape or other.rows[0][0] != self.rows[0][0]:
            return False
        self.rows += other.rows
        return True

    def keys(self, name: str) -> list[Any]:
        """The rows' primary keys; None is one that is not known."""
        return [where.get(name) for where, _ in self.named()]

    def named(self) -> list[tuple[Row, Row]]:
        """What each row is found by and what it becomes, with their names."""
        by, names = self.shape.by, self.shape.names
        return [
            (dict(zip(by, row, strict=False)), dict(zip(names, row[len(by) :], strict=True))) for row in self.rows
        ]

    def amend(self, key: str, where: Row, to: Row) -> bool:
        """Change a row to what it is to be in the end, if it is one of these."""
        for place, (found, told) in enumerate(self.named()):
            if found.get(key) is not None and found[key] == where.get(key) and to.keys() == told.keys():
                if not _stands({**found, **told}, where):
                    return False
                self.rows[place] = (*found.values(), *{**told, **to}.values())
                return True
        return False

    def laid(self) -> Sequence[Any]:
        """The values of several rows, as the database takes them, in the order of the text's marks."""
        rows = [self.shape.values(row) for row in self.rows]
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
    def rows(self) -> list[Values]:
        """The one row: what it is found by, and by how much it moves."""
        return [(self.key, self.amount)]

    def laid(self) -> Sequence[Any]:
        """The values in the order of the text's marks."""
        return self.rows[0]

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
    text, values = _folded([False], [], parts)
    return Fold(text, values, [part for part in parts if part.shape.guarded])


def fold_alone(parts: Sequence[Part], model: type[Model], row: Row, owner: Part | None) -> tuple[str, list[Any]]:
    """The parts as one statement that needs no transaction, given the owner's row as it was read; and its values.

    `owner` is the first of them about that model, if there is one. The statement takes hold of that row before
    anything else. Where it is not found as it was read, nothing is written and nothing answered. Where any other
    is not found, it fails by a division by zero, and nothing of it stays.
    """
    if not isinstance(owner, Changed):
        return _folded([True, change_shape(model, tuple(row), ()), 1], [*row.values()], parts)
    shape, told = owner.shape, owner.rows[0]
    where = {**row, **dict(zip(shape.by, told, strict=False))}
    held = change_shape(model, tuple(where), shape.names)
    return _folded([True, held, 1], [*where.values(), *told[len(shape.by) :]], parts, besides=owner)


def _folded(
    kinds: list[Any], values: list[Any], parts: Sequence[Part], *, besides: Part | None = None
) -> tuple[str, list[Any]]:
    """The statement, and the values in the order of its marks; what is given of either goes before these parts."""
    many = []
    for part in parts:
        if part is besides:
            continue
        shape, rows = part.shape, part.rows
        size = len(rows)
        if size == 1:
            # those have yet to be passed on
            values += shape.whole(rows[0])
        else:
            values += part.laid()
            if size > FEW:
                if shape.guarded and kinds[0]:
                    many.append(size)
                size = 0
        kinds += shape, size
    made = _made(tuple(kinds))
    made.passing.pass_on(values)
    text = made.told_once(values)
    return text, values + many if many else values


class _Made:
    """A statement of certain kinds of parts: whether it is alone, and then each part's shape and size."""

    def __init__(self, kinds: tuple[Any, ...]) -> None:
        self.kinds = kinds
        self.moments: list[int] = []
        """Where moments stand among its values, of parts of one row."""
        self.passing = Passing()
        """How the values of these become those that the database takes."""
        self._texts: dict[tuple[int, ...], str] = {}
        at = 0
        for shape, size in zip(kinds[1::2], kinds[2::2], strict=True):
            if size == 1:
                self.moments += [at + place for place in shape.moments]
                self.passing.join(shape.passing, at)
            at += shape.width(size)

    def told_once(self, values: list[Any]) -> str:
        """The text, once the last of the moments was taken out of the values wherever else it was told.

        A command has mostly one moment, and the driver takes as long for each as for ten numbers: as a text it is
        sent like any other. Raises: ValueError, when it has no time zone.
        """
        last = values[self.moments[-1]] if self.moments else None
        alike = tuple([place for place in self.moments if values[place] is last]) if last is not None else ()
        for place in alike[:0:-1]:
            del values[place]
        if last is not None:
            values[alike[0]] = text_of(last)
        text = self._texts.get(alike)
        if text is None:
            text = self._texts[alike] = _text(self.kinds, alike)
        return text


@lru_cache(maxsize=1_024)
def _made(kinds: tuple[Any, ...]) -> _Made:
    return _Made(kinds)


def _text(kinds: tuple[Any, ...], alike: tuple[int, ...]) -> str:
    """The statement; each part stands on a line of its own, for whoever reads it one by one.

    Values that are alike have one number.
    """
    alone, shapes, marks = kinds[0], kinds[1::2], _marks(alike)
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
        return f"WITH {named} SELECT 1 / ({tests})::int, owner FROM w0"  # noqa: S608  our names
    shown = ", ".join(f"{each} AS c{place}" for place, (each, _) in enumerate(counts))
    return f"WITH {named} SELECT {shown or '1'}"


def _marks(alike: tuple[int, ...]) -> Marks:
    """The numbers of the values in their order; one of those that are alike, a text, stands for all of them."""
    numbers = map(str, count(1))
    for place in count():
        number = f"{alike[0] + 1}" if place in alike[1:] else next(numbers)
        yield f"{number}::text" if place in alike else number


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
