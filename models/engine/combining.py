"""Combining: questions of one kind that come in two turns of the event loop are sent as one statement.

Under load many members open the same page in the same moment. Each of their questions by itself costs a message to
the server, a plan that runs, a message back and a task that is woken; together they cost one of each. Nobody is
kept waiting for it: whoever asks alone is answered alone, once what else has come by then has been looked at.

So go the statements of several commands that share a commit.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator, Sequence
from types import coroutine
from typing import Any, Generic, TypeAlias, TypeVar

MOST = 64
"""How many questions one statement answers."""

TURNS = 2
"""How many turns of the loop are looked at: the one in which the first asks, and the next, in which those are begun
whose requests came meanwhile. With a third, hardly more are found."""

NUMBER = "question_number"
"""The last column of the rows: which question they belong to, counted from 1."""

_PARAMETER = re.compile(r"\$(\d+)")

A = TypeVar("A")
Alone: TypeAlias = Callable[[list[Any]], Awaitable[A]]
Together: TypeAlias = Callable[[list[list[Any]]], Awaitable[list[A]]]
Others: TypeAlias = "list[tuple[list[Any], asyncio.Future[A | None]]]"


def combined(query: str, kinds: Sequence[str]) -> str:
    """The statement that answers many of these questions, whose parameters are of these kinds.

    Each parameter is a list then, with a value for each question. The rows of a question keep their order.
    `OFFSET 0` keeps PostgreSQL from joining whole tables: the plan of the one question is run for each.
    """
    lists = ", ".join(f"${place}::{kind}[]" for place, kind in enumerate(kinds, 1))
    names = ", ".join(f"p{place}" for place in range(1, len(kinds) + 1))
    each = _PARAMETER.sub(r"asked.p\1", query)
    return (
        f"SELECT found.*, asked.{NUMBER} FROM unnest({lists}) WITH ORDINALITY AS asked({names}, {NUMBER})"  # noqa: S608
        f" CROSS JOIN LATERAL (SELECT * FROM ({each}) AS one OFFSET 0) AS found"
    )


@coroutine
def _turns() -> Iterator[None]:
    """Let the turns pass, as `asyncio.sleep(0)` does with one."""
    for _ in range(TURNS):
        yield


class Combining(Generic[A]):
    """The questions of one kind: who asks first asks for all who come by the end of the next turn."""

    __slots__ = ("_alone", "_most", "_others", "_together")

    def __init__(self, alone: Alone[A], together: Together[A], most: int = MOST) -> None:
        """Take what answers one question by its values, and what answers so many at once, in their order."""
        self._alone = alone
        self._together = together
        self._most = most
        self._others: Others[A] | None = None
        """Who has joined the first; None where nobody waits for others."""

    async def ask(self, values: list[Any]) -> A:
        """The answer to a question."""
        if self._others is not None:
            answer = await self._join(self._others, values)
            return await self._alone(values) if answer is None else answer
        others: Others[A] = []
        self._others = others
        found: list[A] = []
        try:
            await _turns()
            self._end(others)
            if others:
                found = await self._answers([values, *(each for each, _ in others)])
        finally:
            # this one may have been cut short: then each of the others asks for itself
            self._end(others)
            for place, (_, turn) in enumerate(others, 1):
                if not turn.done():
                    turn.set_result(found[place] if found else None)
        return found[0] if found else await self._alone(values)

    def _join(self, others: "Others[A]", values: list[Any]) -> "asyncio.Future[A | None]":
        """Ask with who was first: what comes of it, or None where each is to ask for themselves."""
        turn: asyncio.Future[A | None] = asyncio.get_running_loop().create_future()
        others.append((values, turn))
        if len(others) == self._most - 1:
            self._others = None
        return turn

    def _end(self, others: "Others[A]") -> None:
        if self._others is others:
            self._others = None

    async def _answers(self, questions: list[list[Any]]) -> list[A]:
        """The answer to each question; none at all where the whole failed."""
        try:
            return await self._together(questions)
        except Exception:
            # each is asked by itself then, so that whoever is at fault hears of it, and nobody else
            return []
