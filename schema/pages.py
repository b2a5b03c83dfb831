"""Pages: bounded lists with keyset cursors, read forwards or backwards."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, TypeVar, cast
from uuid import UUID

import orjson
import strawberry

from models.listing import Listing
from models.units import is_plain
from schema import ids
from schema.context import HasMember
from schema.errors import bad_input
from schema.permissions import PUBLIC, seen

DEFAULT = 20
MOST = 100
VERSION = 1
"""The first item of a cursor, so that an old one is told apart."""

Item = TypeVar("Item")
Row = TypeVar("Row")


@strawberry.type(description="Where a page lies in its list.")
class PageInfo:
    has_next_page: bool = seen(PUBLIC, "Whether there is more after this page.")
    has_previous_page: bool = seen(PUBLIC, "Whether there is more before this page.")
    start_cursor: str | None = seen(PUBLIC, "The cursor of the first item; null on an empty page.")
    end_cursor: str | None = seen(PUBLIC, "The cursor of the last item; null on an empty page.")


@strawberry.type(description="One item of a list, and where it stands.")
class Edge(Generic[Item]):
    cursor: str = seen(PUBLIC, "Send it as `after` or `before` to read on from here.")
    node: Item = seen(PUBLIC, "The item.")


@strawberry.type(description="One page of a list.")
class Connection(Generic[Item]):
    edges: list[Edge[Item]] = seen(PUBLIC, "The items with their cursors.")
    nodes: list[Item] = seen(PUBLIC, "The items alone.")
    page_info: PageInfo = seen(PUBLIC, "Where the page lies in the list.")


First = Annotated[
    int | None,
    strawberry.argument(description=f"How many items from the start: 1 to {MOST}, {DEFAULT} by default."),
]
After = Annotated[str | None, strawberry.argument(description="Read on after this cursor.")]
Last = Annotated[int | None, strawberry.argument(description=f"How many items from the end: 1 to {MOST}.")]
Before = Annotated[str | None, strawberry.argument(description="Read back before this cursor.")]


@dataclass(frozen=True, slots=True)
class Window:
    """Which part of a list is asked for: so many items beyond a key, in one direction."""

    limit: int
    key: tuple[Any, ...] | None
    backwards: bool

    @property
    def fetch(self) -> int:
        """One more than asked for, to know whether there is more."""
        return self.limit + 1


def window(
    *,
    first: int | None,
    after: str | None,
    last: int | None = None,
    before: str | None = None,
    shape: Sequence[Callable[[Any], Any]],
) -> Window:
    """The part of a list the arguments of a connection ask for; `shape` reads each part of a cursor's key."""
    if first is not None and last is not None:
        raise bad_input("Ask with `first` or with `last`, not with both.")
    if after is not None and before is not None:
        raise bad_input("Ask with `after` or with `before`, not with both.")
    backwards = last is not None or before is not None
    if (backwards and (first is not None or after is not None)) or (last is None and before is not None):
        raise bad_input("`before` goes with `last`, `after` with `first`.")
    limit = last if backwards else first
    if limit is None:
        limit = DEFAULT
    if not 1 <= limit <= MOST:
        raise bad_input(f"A page has 1 to {MOST} items.")
    cursor = before if backwards else after
    return Window(limit, None if cursor is None else read_cursor(cursor, shape), backwards)


def limit(first: int | None) -> int:
    """How many items of a list that has no cursors."""
    wanted = DEFAULT if first is None else first
    if not 1 <= wanted <= MOST:
        raise bad_input(f"A page has 1 to {MOST} items.")
    return wanted


def cursor(*key: Any) -> str:
    """The cursor of an item with that key."""
    return ids.told(orjson.dumps([VERSION, *key], default=str))


def read_cursor(text: str, shape: Sequence[Callable[[Any], Any]]) -> tuple[Any, ...]:
    """The key behind a cursor, which comes from outside and may be anything."""
    try:
        version, *key = orjson.loads(ids.meant(text))
        if version == VERSION and len(key) == len(shape):
            return tuple(part(value) for part, value in zip(shape, key, strict=True))
    except (ValueError, TypeError, OverflowError):
        pass
    raise bad_input("This cursor is not one of this list's.")


class Itself(property):
    """An attribute that is the object itself, so that of many objects none is asked for it."""

    def at_once(self, them: list[Any]) -> list[Any]:
        """What it is for each object."""
        return them


class Listed:
    """A row of a list: its own edge. To be mixed into rows; `key` is where it stands."""

    __slots__ = ()

    @property
    def key(self) -> tuple[Any, ...]:
        """What its cursor says."""
        raise NotImplementedError

    @property
    def cursor(self) -> str:
        """Where it stands."""
        return cursor(*self.key)

    @Itself
    def node(self) -> "Listed":
        """The item: the row itself."""
        return self


class Page:
    """A connection of rows that are shown as they are, and its own page info: what nobody asks for is not made."""

    __slots__ = ("_asked", "_rows", "nodes")

    def __init__(self, rows: list[Any], asked: Window) -> None:
        self._rows = rows
        self._asked = asked
        self.nodes = rows[: asked.limit]
        if asked.backwards:
            self.nodes.reverse()

    @property
    def edges(self) -> list[Any]:
        """The rows, each with its cursor."""
        return self.nodes

    @property
    def page_info(self) -> "Page":
        """Where the page lies."""
        return self

    @property
    def has_next_page(self) -> bool:
        """Whether there is more after it."""
        return self._is_beyond if self._asked.backwards else self._has_more

    @property
    def has_previous_page(self) -> bool:
        """Whether there is more before it."""
        return self._has_more if self._asked.backwards else self._is_beyond

    @property
    def _has_more(self) -> bool:
        return len(self._rows) > self._asked.limit

    @property
    def _is_beyond(self) -> bool:
        return self._asked.key is not None

    @property
    def start_cursor(self) -> str | None:
        """Where its first row stands."""
        return self.edges[0].cursor if self.nodes else None

    @property
    def end_cursor(self) -> str | None:
        """Where its last row stands."""
        return self.edges[-1].cursor if self.nodes else None


async def listed(
    listing: Listing[Row],
    parents: Sequence[HasMember],
    asked: Window,
    *more: Any,
    shown: frozenset[str] | None = None,
) -> list[list[Row]]:
    """What a window shows of each parent's list, and a row more if there is more."""
    members = [parent.member_id for parent in parents]
    return await listing.pages(
        members, *more, most=asked.fetch, beyond=asked.key, backwards=asked.backwards, shown=shown
    )


class Placed:
    """An item of a list that was made of its row: its own edge."""

    __slots__ = ("_key", "node")

    def __init__(self, node: Any, key: tuple[Any, ...]) -> None:
        self.node = node
        self._key = key

    @property
    def cursor(self) -> str:
        """Where it stands."""
        return cursor(*self._key)


class MadePage(Page):
    """A connection of items that were made of their rows."""

    __slots__ = ("_edges",)

    def __init__(self, rows: list[Placed], asked: Window) -> None:
        super().__init__(rows, asked)
        self._edges = self.nodes
        self.nodes = [each.node for each in self._edges]

    @property
    def edges(self) -> list[Any]:
        """The items with their cursors."""
        return self._edges


def page(
    rows: Sequence[Row], asked: Window, make: Callable[[Row], Item], key: Callable[[Row], tuple[Any, ...]]
) -> Connection[Item]:
    """The connection of the rows fetched for a window (one more than asked for, if there are), in reading order."""
    return cast("Connection[Item]", MadePage([Placed(make(row), key(row)) for row in rows], asked))


def whole(value: Any) -> int:
    """A part of a key that is a whole number."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63:
        return value
    raise ValueError


def text(value: Any) -> str:
    """A part of a key that is text."""
    if isinstance(value, str):
        return value
    raise ValueError


def plain(value: Any) -> str:
    """A part of a key that is text as it may stand in the database."""
    if is_plain(found := text(value)):
        return found
    raise ValueError


def moment(value: Any) -> datetime:
    """A part of a key that is a moment."""
    found = datetime.fromisoformat(text(value))
    if found.tzinfo is None:
        raise ValueError
    return found.astimezone(UTC)


def row_id(value: Any) -> UUID:
    """A part of a key that is a row's id."""
    return UUID(text(value))


BY_MOMENT = (moment, row_id)
"""The shape of a list that is read by the moments of its rows."""
