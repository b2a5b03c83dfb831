"""Writing: what a command decides to write is gathered while it decides, and leaves together at its end.

    add(PointsEntry, rows)
    change(PointsAccount, {"member_id": member_id, "seq": seq_read}, {"available": 70, "seq": seq_read + 1})

On PostgreSQL all of it is one statement, on SQLite one after another. Every change must find its row, or nothing
of the command stays. Whatever else a command sends goes after what was gathered before, so that it sees it.

Where a command reads all it decides on in one statement (`read_ahead`), PostgreSQL needs no transaction around the
two: the statement that writes takes hold of the owner's row first, and does nothing if that is not as it was read.
The command is then tried again, and holds its owner from the beginning.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cached_property
from typing import Any, TypeAlias, cast

from asyncpg.exceptions import UniqueViolationError
from tortoise.exceptions import IntegrityError
from tortoise.models import Model

from models import sql
from models.columns import Values
from models.engine import Moved
from models.engine.asyncpg import Client as PostgresClient
from models.folding import Added, Changed, Drawn, Part, fold, fold_alone
from models.shapes import AddShape, ChangeShape, add_shape, change_shape, draw_shape, single
from models.sql import SQL, insert_values
from models.turns import gathered, give_turn, take_turn

__all__ = [
    "Adding",
    "Changing",
    "Moved",
    "ReadsAhead",
    "Sheet",
    "Then",
    "add",
    "afterwards",
    "aside",
    "change",
    "draw",
    "is_held",
    "is_only_writer",
    "is_under_way",
    "read_ahead",
    "rehearsal",
    "sheet",
    "watch",
]

Row = Mapping[str, Any]
Then: TypeAlias = list[Callable[[], None]]


class ReadsAhead(Exception):  # noqa: N818  no fault: whoever gets it tries that way
    """The command could do without a transaction."""


class Sheet:
    """What one try of a command has decided to write and not sent yet."""

    __slots__ = (
        "_before",
        "_drawn",
        "_first",
        "_rounds",
        "ahead",
        "is_aside",
        "may_ask",
        "owner",
        "then",
        "watched",
    )

    def __init__(self, ahead: PostgresClient | None, *, may_ask: bool) -> None:
        self.ahead = ahead
        """Where to read, and then to write, with no transaction; None where there is one."""
        self.may_ask = may_ask
        """Whether a command that could read ahead is to say so, and be tried that way."""
        self.owner: Any = None
        """Whose rows it is about, once that was read."""
        self.watched: tuple[type[Model], Row] | None = None
        """The owner's row as it was read, where the owner is not held."""
        self.is_aside = False
        """Whether what is read now is to be read as if nothing had been decided."""
        self.then: Then = []
        """What is to be done once it is committed."""
        self._rounds: list[list[Added | Changed]] = []
        """What may leave together. One statement cannot change a row twice: that takes another round."""
        self._first: dict[type[Model], Part] = {}
        """The first part about each model, in the last of these rounds."""
        self._drawn: list[Drawn] = []
        """The counters that are drawn on at the very end, since others wait for them."""

    def __enter__(self) -> "Sheet":
        """What the command decides from here on is gathered here."""
        self._before = gathered.set(self)
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of the owner, and of what a command that failed had gathered."""
        gathered.reset(self._before)
        if self.owner is not None:
            give_turn(self.owner)

    @property
    def waiting(self) -> bool:
        """Whether there is anything to send."""
        return bool(self._rounds) and not self.is_aside

    def draw(self, part: Drawn) -> None:
        """Gather what is drawn on a counter, each counter once."""
        for each in self._drawn:
            if (each.shape, each.key) == (part.shape, part.key):
                each.amount += part.amount
                return
        self._drawn.append(part)

    def take(self, part: Added | Changed) -> None:
        """Gather a part."""
        model = part.shape.model
        if not self._rounds:
            self._begin(part)
        elif model not in self._first:
            self._first[model] = part
            self._rounds[-1].append(part)
        elif not (part.shape.guarded and self._met(part)):
            last = self._rounds[-1][-1]
            if last.shape is not part.shape or not last.takes(part):
                self._rounds[-1].append(part)

    def _begin(self, part: Added | Changed) -> None:
        """Begin another round with a part."""
        self._rounds.append([part])
        self._first = {part.shape.model: part}

    def _met(self, part: Added | Changed) -> bool:
        """Whether a change of a row that is gathered became a part of what is, or of another round."""
        model = part.shape.model
        key = model._meta.db_pk_column
        alike = [each for each in self._rounds[-1] if each.shape.model is model]
        if not isinstance(part, Changed):
            return False
        if any(each.amend(key, *part.named()[0]) for each in alike):
            return True
        if _meet(key, alike, part):
            self._begin(part)
            return True
        return False

    async def send(self) -> None:
        """Send what was gathered so far, inside the transaction.

        Raises: Moved, after a reading ahead, since there is no transaction; whatever a clash was said to raise.
        """
        if self.ahead is not None:
            raise Moved
        rounds, self._rounds = self._rounds, []
        self._first = {}
        for parts in rounds:
            await _together(parts)

    async def settle(self) -> None:
        """Send what is left at the end; after a reading ahead as the one statement that does all of it or nothing.

        Raises: Moved, when the owner's row is not as it was read; whatever a clash was said to raise.
        """
        if self.ahead is not None and not self._rounds:
            return
        # whoever draws on several does it in one order
        drawn = self._drawn and sorted(
            (each for each in self._drawn if each.amount), key=lambda each: str(each.key)
        )
        if self.ahead is None:
            last = self._rounds.pop() if drawn and self._rounds else []
            await self.send()
            if drawn:
                await _together([*last, *drawn])
            return
        if len(self._rounds) > 1 or self.watched is None:
            raise Moved
        model, row = self.watched
        text, values = fold_alone([*self._rounds[0], *drawn], model, row, self._first.get(model))
        # what is drawn on is waited for by others, who are not to wait for a group of commands
        if not await self.ahead.write(text, values, shares=not drawn):
            raise Moved


_sheet = cast("ContextVar[Sheet]", gathered)
"""The sheet of the command under way. There is none outside a command."""


def sheet(ahead: PostgresClient | None = None, *, may_ask: bool = False) -> Sheet:
    """A clean sheet, for one try of a command."""
    return Sheet(ahead, may_ask=may_ask)


def is_under_way() -> bool:
    """Whether a command is at work here."""
    return gathered.get() is not None


def afterwards(then: Callable[[], None]) -> None:
    """Have something done once all that is gathered is committed; never, when it is undone."""
    _sheet.get().then.append(then)


def add(model: type[Model], rows: Sequence[Row], *, clash: type[Exception] | None = None) -> None:
    """Have rows added, which all name the same fields. If a unique constraint refuses one, `clash` is raised."""
    if rows:
        shape = add_shape(model, tuple(rows[0]))
        _sheet.get().take(Added(shape, [shape.given(row) for row in rows], clash))


def change(model: type[Model], where: Row, to: Row) -> None:
    """Have a row changed, which is found by these values, its owner's id first. There must be one."""
    shape = change_shape(model, tuple(where), tuple(to))
    _sheet.get().take(Changed(shape, [(*where.values(), *to.values())]))


class Adding:
    """Rows of one model that are added as the values of certain fields, in their order.

    It does what `add` does of rows that tell each field's name, in half the time.
    """

    def __init__(self, model: type[Model], *names: str) -> None:
        self.model, self.names = model, names

    @cached_property
    def shape(self) -> AddShape:
        """What they have in common, once the models are known."""
        return add_shape(self.model, self.names)

    def add(self, rows: list[Values], *, clash: type[Exception] | None = None) -> None:
        """Have rows added; the list is kept. If a unique constraint refuses one, `clash` is raised."""
        if rows:
            _sheet.get().take(Added(self.shape, rows, clash))


class Changing:
    """Rows of one model that are found by certain fields, their owner's id first, and changed in others.

    It does what `change` does of values that have names.
    """

    def __init__(self, model: type[Model], by: tuple[str, ...], names: tuple[str, ...]) -> None:
        self.model, self.by, self.names = model, by, names

    @cached_property
    def shape(self) -> ChangeShape:
        """What they have in common, once the models are known."""
        return change_shape(self.model, self.by, self.names)

    def change(self, where: Values, to: Values) -> None:
        """Have a row changed. There must be one."""
        _sheet.get().take(Changed(self.shape, [where + to]))


def draw(model: type[Model], key: str, which: Any, column: str, amount: int, *, most: str) -> None:
    """Have a counter moved, found by its key, within 0 and what another column of its row says is the most.

    It is done last of all, since commands of other owners wait for the row. If there is no room, the command is
    tried again: whoever must not be overtaken locks the row before and looks.
    """
    _sheet.get().draw(Drawn(draw_shape(model, key, column, most), which, amount))


def is_held() -> bool:
    """Whether the command's owner is held, so that what it reads besides stays as it is."""
    return _sheet.get().ahead is None


def is_only_writer() -> bool:
    """Whether nobody else writes before the command ends, so that all it read stays as it is."""
    return is_held() and sql.current().capabilities.dialect == "sqlite"


class _Rehearsal(Sheet):
    """A sheet that is thrown away: what is decided on it is never sent."""

    __slots__ = ()

    async def send(self) -> None:
        """Refuse to read on where what was decided is not there. Raises: AssertionError."""
        raise AssertionError("A rehearsal reads before it decides.")


def rehearsal() -> Sheet:
    """A sheet for trying a command without doing it: all it would write is thrown away."""
    return _Rehearsal(None, may_ask=False)


@contextmanager
def aside() -> Iterator[None]:
    """Within it is read what is there, whatever was decided: for a rehearsal, which adds that itself."""
    ours = _sheet.get()
    ours.is_aside, before = True, ours.is_aside
    try:
        yield
    finally:
        ours.is_aside = before


async def read_ahead(hold: SQL, read: SQL, *values: Any) -> tuple[Sequence[Mapping[str, Any]], bool]:
    """What a command decides on, read about its owner, the first value; and whether the owner is held.

    Where they are not, the command must say by `watch` what the owner's row was.
    """
    ours, owner = _sheet.get(), values[0]
    if ours.ahead is not None or sql.untouched() is not None:
        if ours.may_ask:
            raise ReadsAhead
        if ours.owner is not None:
            raise AssertionError("A command reads ahead once: a second time it would wait for itself.")
        # whoever read beside another of this process would be overtaken, and here nothing is held while they wait
        await take_turn(owner)
        ours.owner = owner
    if ours.ahead is not None:
        return await read.rows_ahead(ours.ahead, *values), False
    if sql.current().capabilities.dialect == "postgres" and not isinstance(ours, _Rehearsal):
        # SQLite has one writer at a time
        await hold.row(owner)
    return await read.rows(*values), True


def watch(model: type[Model], row: Row) -> None:
    """Write nothing unless the owner's row, which is not held, still has these values, its id first."""
    _sheet.get().watched = (model, row)


def _meet(key: str, before: list[Added | Changed], part: Changed) -> bool:
    """Whether a row of the part may be one of those before."""
    known, keys = {each for earlier in before for each in earlier.keys(key)}, part.keys(key)
    return None in known or None in keys or not known.isdisjoint(keys)


async def _together(parts: Sequence[Part]) -> None:
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


def _clash(parts: Sequence[Part], error: IntegrityError) -> Exception | None:
    """What a refusal by a unique constraint was said to raise; None for any other."""
    cause = error.__cause__
    for part in parts:
        hit = isinstance(cause, UniqueViolationError) and cause.table_name == part.shape.model._meta.db_table
        if hit and part.clash is not None:
            return part.clash()
    return None


async def _by_itself(part: Part) -> None:
    if isinstance(part, Added):
        shape, may_clash = part.shape, part.clash is not None
        part.check(await insert_values(shape.model, shape.names, part.rows, ignore_conflicts=may_clash))
        return
    connection = sql.current()
    dialect = connection.capabilities.dialect
    if isinstance(part, Drawn):
        part.check(await connection.execute_affected(part.shape.alone(dialect), list(part.rows[0])))
        return
    text = single(part.shape, dialect)
    found = [await connection.execute_affected(text, part.shape.values(row, dialect)) for row in part.rows]
    part.check(sum(found))
