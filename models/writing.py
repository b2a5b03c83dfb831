"""Writing: what a command decides to write is gathered while it decides, and leaves together at its end.

    add(PointsEntry, rows)
    change(PointsAccount, {"member_id": member_id, "seq": seq_read}, {"available": 70, "seq": seq_read + 1})

On PostgreSQL all of it is one statement, on SQLite one after another. Every change must find its row, or nothing
of the command stays. Whatever else a command sends goes after what was gathered before, so that it sees it.

Where a command reads all it decides on in one statement (`read_ahead`), PostgreSQL needs no transaction around the
two: the statement that writes takes hold of the owner's row first, and fails if the row is not as it was read. The
command is then tried again, and holds its owner from the beginning.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from asyncpg.exceptions import UniqueViolationError
from tortoise.exceptions import IntegrityError
from tortoise.models import Model

from models import sql
from models.engine import Moved
from models.engine.asyncpg import Wrapper as PostgresTransaction
from models.folding import Added, Changed, Part, fold, fold_alone, single
from models.sql import SQL, insert
from models.turns import gathered

__all__ = ["Moved", "Sheet", "add", "change", "read_ahead", "sheet", "watch"]

Row = Mapping[str, Any]


class Sheet:
    """What one try of a command has decided to write and not sent yet."""

    __slots__ = ("_rounds", "_touched", "ahead", "may_read_ahead", "owner", "watched")

    def __init__(self, *, may_read_ahead: bool) -> None:
        self.may_read_ahead = may_read_ahead
        self.owner: Any = None
        """Whose rows it is about, once that was read."""
        self.ahead: PostgresTransaction | None = None
        """What was read ahead on."""
        self.watched: tuple[type[Model], Row] | None = None
        """The owner's row as it was read, where the owner is not held."""
        self._rounds: list[list[Part]] = []
        """What may leave together. One statement cannot change a row twice: that takes another round."""
        self._touched: dict[type[Model], set[Any]] = {}

    @property
    def waiting(self) -> bool:
        """Whether there is anything to send."""
        return bool(self._rounds)

    def take(self, part: Part, keys: set[Any]) -> None:
        """Gather a part, whose rows have these primary keys; None is one that is not known."""
        if isinstance(part, Changed) and self._amends(*part.rows[0], part.model):
            return
        before = self._touched.get(part.model, set())
        again = isinstance(part, Changed) and bool(before and (before & keys or None in before | keys))
        if again or not self._rounds:
            self._rounds.append([])
            self._touched = {}
        self._touched.setdefault(part.model, set()).update(keys)
        current = self._rounds[-1]
        if not (current and current[-1].takes(part)):
            current.append(part)

    def _amends(self, where: Row, to: Row, model: type[Model]) -> bool:
        """Whether a change is of a row that is gathered already, and so becomes a part of what is."""
        key, now = model._meta.db_pk_column, self._rounds[-1] if self._rounds else []
        return any(part.model is model and part.amend(key, where, to) for part in now)

    async def send(self) -> None:
        """Send what was gathered so far, inside the transaction.

        Raises: Moved, after a reading ahead, since there is no transaction; whatever a clash was said to raise.
        """
        if self.ahead is not None:
            raise Moved
        rounds, self._rounds, self._touched = self._rounds, [], {}
        for parts in rounds:
            await _together(parts)

    async def settle(self) -> None:
        """Send what is left at the end; after a reading ahead as the one statement that does all of it or nothing.

        Raises: Moved, when the owner's row is not as it was read; whatever a clash was said to raise.
        """
        if self.ahead is None:
            await self.send()
        elif self._rounds:
            if len(self._rounds) > 1 or self.watched is None:
                raise Moved
            made = fold_alone(self._rounds[0], *self.watched)
            if not await self.ahead.write_alone(made.text, made.values):
                raise Moved


_sheet: ContextVar[Sheet] = ContextVar("sheet")
_busy: Counter[Any] = Counter()
"""How many commands of this process are at work on an owner. Who would have to wait for another holds the owner."""


@contextmanager
def sheet(*, may_read_ahead: bool) -> Iterator[Sheet]:
    """A clean sheet, for one try of a command."""
    clean = Sheet(may_read_ahead=may_read_ahead)
    before = _sheet.set(clean), gathered.set(clean)
    try:
        yield clean
    finally:
        # what a command that failed had gathered is not sent by whoever comes after it
        _sheet.reset(before[0])
        gathered.reset(before[1])
        if clean.owner is not None:
            _busy[clean.owner] -= 1
            if not _busy[clean.owner]:
                del _busy[clean.owner]


def add(model: type[Model], rows: Sequence[Row], *, clash: type[Exception] | None = None) -> None:
    """Have rows added, which all name the same fields. If a unique constraint refuses one, `clash` is raised."""
    if rows:
        keys = {row.get(model._meta.db_pk_column) for row in rows}
        _sheet.get().take(Added(model, tuple(rows[0]), [dict(row) for row in rows], clash), keys)


def change(model: type[Model], where: Row, to: Row) -> None:
    """Have a row changed, which is found by these values, its owner's id first. There must be one."""
    part = Changed(model, tuple(where), tuple(to), [(where, dict(to))])
    _sheet.get().take(part, {where.get(model._meta.db_pk_column)})


async def read_ahead(hold: SQL, read: SQL, *values: Any) -> tuple[list[dict[str, Any]], bool]:
    """What a command decides on, read about its owner, the first value; and whether the owner is held.

    Where they are not, the command must say by `watch` what the owner's row was.
    """
    ours, owner, transaction = _sheet.get(), values[0], sql.untouched()
    if transaction is not None:
        is_alone = owner not in _busy
        ours.owner = owner
        _busy[owner] += 1
        if ours.may_read_ahead and is_alone:
            ours.ahead = transaction
            return await read.rows_ahead(transaction, *values), False
    if sql.current().capabilities.dialect == "postgres":
        # SQLite has one writer at a time
        await hold.row(owner)
    return await read.rows(*values), True


def watch(model: type[Model], row: Row) -> None:
    """Write nothing unless the owner's row, which is not held, still has these values, its id first."""
    _sheet.get().watched = (model, row)


async def _together(parts: list[Part]) -> None:
    """Send the parts inside the transaction."""
    connection = sql.current()
    if connection.capabilities.dialect == "sqlite" or len(parts) == 1:
        for part in parts:
            await _by_itself(part)
        return
    made = fold(parts)
    try:
        [counts] = await connection.execute_query_dict(made.text, made.values)
    except IntegrityError as error:
        if clash := _clash(parts, error):
            raise clash from error
        raise
    for part, found in zip(made.guarded, counts.values(), strict=bool(made.guarded)):
        part.check(found)


def _clash(parts: list[Part], error: IntegrityError) -> Exception | None:
    """What a refusal by a unique constraint was said to raise; None for any other."""
    cause = error.__cause__
    for part in parts:
        hit = isinstance(cause, UniqueViolationError) and cause.table_name == part.model._meta.db_table
        if hit and isinstance(part, Added) and part.clash is not None:
            return part.clash()
    return None


async def _by_itself(part: Part) -> None:
    if isinstance(part, Added):
        part.check(await insert(part.model, part.rows, ignore_conflicts=part.clash is not None))
        return
    connection = sql.current()
    dialect = connection.capabilities.dialect
    text = single(part.shape, dialect)
    found = [await connection.execute_affected(text, part.row_values(row, dialect)) for row in part.rows]
    part.check(sum(found))
