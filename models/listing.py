"""Listing: a page of a list that belongs to a member, at the same cost wherever in the list it lies.

The page is a range of one index, read in the index's order. For several members at once that is a range for each of
them: on PostgreSQL by a lateral join; SQLite, which has none, first finds the rows' numbers and then the rows.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from operator import attrgetter
from typing import Any, Generic, TypeVar, get_type_hints
from uuid import UUID

from models.reading import Row, Rows
from models.sql import SQL

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Part:
    """One column of a list's order: its type, and what stands before and behind all it ever holds."""

    type: str
    lowest: Any
    highest: Any


NUMBER = Part("bigint", 0, 2**62)
MOMENT = Part("timestamptz", datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC))
ROW_ID = Part("uuid", UUID(int=0), UUID(int=2**128 - 1))


class Listing(Generic[R]):
    """A list of rows below a member, newest first.

    `table` is what is listed, with an alias; `join` what each row is completed with, by the member too. `order` are
    the columns of the list's order, which an index has after the member. `where` may narrow it further: its
    parameters are `{0}`, `{1}` and so on. The rows are objects of a class where `row` names one, else dictionaries.
    One of their columns is `member_id`; an object may have the raw id `whose` instead.
    """

    def __init__(
        self,
        columns: str,
        table: str,
        *,
        order: dict[str, Part],
        fans_out: str,
        join: str = "",
        where: str = "",
        row: type[R] | None = None,
    ) -> None:
        made: Callable[..., Any] = SQL
        self._whose: Callable[[Any], bytes] = _whose_of_dictionary
        self._owner = "member_id"
        if row is not None and issubclass(row, Row):
            self._owner = "whose" if "whose" in get_type_hints(row) else "member_id"
            self._whose = attrgetter("whose" if self._owner == "whose" else "member_id.bytes")

            def made(text: str, **more: Any) -> Any:
                return Rows(row, text, **more)

        self.order = order
        parts = columns, table, join, where
        self.one = {backwards: made(self._one(*parts, backwards)) for backwards in (False, True)}
        self.many = {
            backwards: made(
                self._lateral(*parts, backwards), sqlite=self._by_number(*parts, backwards), fans_out=fans_out
            )
            for backwards in (False, True)
        }

    async def pages(
        self,
        members: Sequence[UUID],
        *more: Any,
        most: int,
        beyond: Sequence[Any] | None = None,
        backwards: bool = False,
        shown: frozenset[str] | None = None,
    ) -> list[list[R]]:
        """For each member, in their order, the first rows beyond a key: from the newest on, or backwards.

        Of rows of a class nothing is read but what is `shown` of them, where that is known.
        """
        key = beyond or [part.lowest if backwards else part.highest for part in self.order.values()]
        # a UUID's bytes are found in a tenth of the time that the UUID is
        asked = {member.bytes: member for member in members}
        if len(asked) == 1:
            rows = await self._query(self.one[backwards], shown).rows(members[0], most, *key, *more)
            return [rows for _ in members]
        found: dict[bytes, list[R]] = {member: [] for member in asked}
        rows = await self._query(self.many[backwards], shown, self._owner).rows(
            list(asked.values()), most, *key, *more
        )
        # PostgreSQL gives them member by member
        for member, theirs in groupby(rows, self._whose):
            found[member] += theirs
        return [found[member.bytes] for member in members]

    def _query(self, whole: Any, shown: frozenset[str] | None, *more: str) -> Any:
        # where a row stands is read whatever is shown
        return whole if shown is None else whole.showing(shown.union(self.order, more))

    def _one(self, columns: str, table: str, join: str, where: str, backwards: bool) -> str:  # noqa: FBT001
        alias = table.split()[-1]
        tests = self._tests(alias, "$1", where, backwards)
        return f"SELECT {columns} FROM {table} {join} WHERE {tests} {self._end(alias, backwards)} LIMIT $2"  # noqa: S608

    def _lateral(self, columns: str, table: str, join: str, where: str, backwards: bool) -> str:  # noqa: FBT001
        alias = table.split()[-1]
        tests = self._tests(alias, "whose.member_id", where, backwards)
        # each member's rows come as the index has them, one member after another: nothing sorts them again
        return (
            "SELECT page.* FROM unnest($1::uuid[]) AS whose(member_id) CROSS JOIN LATERAL"  # noqa: S608
            f" (SELECT {columns} FROM {table} {join} WHERE {tests} {self._end(alias, backwards)} LIMIT $2) page"
        )

    def _by_number(self, columns: str, table: str, join: str, where: str, backwards: bool) -> str:  # noqa: FBT001
        name, alias = table.split()
        tests = self._tests("nth", "whose.member_id", where.replace(f"{alias}.", "nth."), backwards)
        return (
            f"SELECT {columns} FROM unnest($1::uuid[]) AS whose(member_id) CROSS JOIN {table}"  # noqa: S608
            f" ON +{alias}.member_id = whose.member_id AND {alias}.rowid IN (SELECT nth.rowid FROM {name} nth"
            f" WHERE {tests} {self._end('nth', backwards)} LIMIT $2) {join} {self._end(alias, backwards)}"
        )

    def _tests(self, alias: str, whose: str, where: str, backwards: bool) -> str:  # noqa: FBT001
        key = ", ".join(f"{alias}.{column}" for column in self.order)
        edge = ", ".join(f"${place}::{part.type}" for place, part in enumerate(self.order.values(), 3))
        more = " AND " + where.format(*(f"${3 + len(self.order) + place}" for place in range(9))) if where else ""
        return f"{alias}.member_id = {whose} AND ({key}) {'>' if backwards else '<'} ({edge}){more}"

    def _end(self, alias: str, backwards: bool) -> str:  # noqa: FBT001
        order = "ASC" if backwards else "DESC"
        return "ORDER BY " + ", ".join(f"{alias}.{column} {order}" for column in self.order)


def _whose_of_dictionary(row: dict[str, Any]) -> bytes:
    found: bytes = row["member_id"].bytes
    return found
