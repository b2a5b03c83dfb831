"""SQLite's reader: a second connection that cannot write, on a thread of its own.

All questions that wait when the thread wakes up are answered before the event loop is woken, once for all of
them: under load the way there and back is shared. The reader sees what is committed and never keeps a writer
waiting.
"""

import asyncio
import sqlite3
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from time import monotonic
from typing import Any

from tortoise.exceptions import OperationalError

from models.engine import Form, Query

PRAGMAS = ("busy_timeout", "cache_size", "mmap_size", "temp_store")
"""What of the settings of a database concerns who only reads."""

AT_ONCE_SECONDS = 0.005
"""How long answers are held back for those of the questions behind them."""


class Question:
    """Queries of one operation, and who waits for their rows."""

    __slots__ = ("answer", "error", "queries", "rows")

    def __init__(self, queries: Sequence[Query], answer: asyncio.Future[list[list[Any]]]) -> None:
        self.queries = queries
        self.answer = answer
        self.rows: list[list[Any]] = []
        self.error: BaseException | None = None

    def tell(self) -> None:
        """Give the rows, in the loop, to whoever still waits."""
        if self.answer.done():
            return
        if isinstance(self.error, sqlite3.OperationalError):
            self.answer.set_exception(OperationalError(self.error))
        elif self.error is not None:
            self.answer.set_exception(self.error)
        else:
            self.answer.set_result(self.rows)


class Reader:
    """The thread and its connection. It begins with the first question."""

    def __init__(self, path: str, pragmas: Mapping[str, Any]) -> None:
        self._path = path
        self._pragmas = {name: pragmas[name] for name in PRAGMAS if name in pragmas}
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[Question] = deque()
        self._bell: SimpleQueue[None] = SimpleQueue()
        self._rung = False
        self._ending = False
        self._ended = self._loop.create_future()
        self._thread = Thread(target=self._run, name="sqlite-reader", daemon=True)
        self._thread.start()

    def ask(self, queries: Sequence[Query]) -> asyncio.Future[list[list[Any]]]:
        """The rows of each query, later."""
        answer = self._loop.create_future()
        self._waiting.append(Question(queries, answer))
        if not self._rung:
            self._rung = True
            self._bell.put(None)
        return answer

    async def close(self) -> None:
        """Answer what was asked and end the thread."""
        self._ending = True
        self._bell.put(None)
        await asyncio.shield(self._ended)
        self._thread.join()

    def _run(self) -> None:
        connection: sqlite3.Connection | None = None
        try:
            while not self._ending:
                self._bell.get()
                # before looking, so that whoever comes later rings again
                self._rung = False
                connection = self._answer(connection)
            # who came between the last look and the end
            connection = self._answer(connection)
        finally:
            if connection is not None:
                connection.close()
            self._call(self._end)

    def _answer(self, connection: sqlite3.Connection | None) -> sqlite3.Connection | None:
        """Answer all that wait, and those that come meanwhile."""
        done: list[Question] = []
        until = monotonic() + AT_ONCE_SECONDS
        while self._waiting:
            question = self._waiting.popleft()
            if question.answer.cancelled():
                continue
            try:
                connection = connection or _opened(self._path, self._pragmas)
                question.rows = [fetched(connection, *query) for query in question.queries]
            except BaseException as error:
                question.error = error
            done.append(question)
            if monotonic() > until:
                self._call(_tell, done)
                done, until = [], monotonic() + AT_ONCE_SECONDS
        if done:
            self._call(_tell, done)
        return connection

    def _call(self, then: Any, *arguments: Any) -> None:
        # a loop that has ended leaves nobody who waits
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(then, *arguments)

    def _end(self) -> None:
        if not self._ended.done():
            self._ended.set_result(None)


def _tell(questions: list[Question]) -> None:
    for question in questions:
        question.tell()


def _opened(path: str, pragmas: Mapping[str, Any]) -> sqlite3.Connection:
    # by URI, since a plain name would make a file that has gone anew
    uri = f"{Path(path).absolute().as_uri()}?mode=rw"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, cached_statements=512)
    try:
        for name, value in {**pragmas, "query_only": "ON"}.items():
            connection.execute(f"PRAGMA {name}={value}").close()
    except BaseException:
        connection.close()
        raise
    return connection


def fetched(connection: sqlite3.Connection, query: str, values: list[Any], form: Form) -> list[Any]:
    """All rows of a query, in the form that was asked for."""
    cursor = connection.cursor()
    cursor.row_factory = None
    try:
        rows = cursor.execute(query, values).fetchall()
        return form.of_tuples(tuple([column[0] for column in cursor.description]), rows)
    finally:
        cursor.close()
