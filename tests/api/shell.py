"""The command line, run in this process: what it is told, what it says, and how it ends."""

import asyncio
import base64
import io
import logging
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from typing import Any, TypeVar
from unittest.mock import patch

import pytest
from tortoise.models import Model

from api.cli import main
from api.opening import KEY_CHECK
from api.settings import settings
from models.database import database, opened
from models.sql import SQL
from rules import keyring, vault
from tests.people import MASTER_KEY
from tests.preparing import left, put_back

KEY = base64.b64encode(MASTER_KEY).decode()
OTHER_KEY = base64.b64encode(bytes(32)).decode()
Found = TypeVar("Found")


@dataclass(frozen=True)
class Said:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def is_clear(self) -> bool:
        """Whether it failed with a few lines for a person, and no traceback."""
        return self.code == 1 and "Traceback" not in self.err and 0 < len(self.err.strip().splitlines()) < 4


@dataclass
class Shell:
    """Somebody at a prompt, whose environment names a database."""

    url: str
    environment: dict[str, str] = field(default_factory=dict)

    def __call__(self, *words: object, stdin: str = "", **more: str) -> Said:
        """Run `loyalty` with these words."""
        told = {"LOYALTY_DATABASE_URL": self.url, "LOYALTY_MASTER_KEY": KEY, **self.environment, **more}
        out, err = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patched, _apart(patched):
            for name, value in told.items():
                patched.setenv(name, value)
            patched.setattr(sys, "argv", ["loyalty", *map(str, words)])
            patched.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
            with redirect_stdout(out), redirect_stderr(err):
                return Said(_code(main), out.getvalue(), err.getvalue())

    def look(self, ask: Callable[[], Awaitable[Found]], *masters: bytes) -> Found:
        """What the database answers to some question, by the suite's master key or by others."""

        async def asked() -> Found:
            found = settings({"LOYALTY_DATABASE_URL": self.url, **self.environment})
            async with opened(database(self.url, found.keys_url)):
                await keyring.unlock(
                    [vault.master(each) for each in masters or (MASTER_KEY,)], known=await KEY_CHECK.value()
                )
                return await ask()

        with pytest.MonkeyPatch.context() as patched, _apart(patched):
            return asyncio.run(asked())

    def sql(self, text: str, *values: Any) -> list[dict[str, Any]]:
        """The rows of a statement."""
        return self.look(lambda: SQL(text).rows(*values))


def _code(command: Callable[[], None]) -> int:
    try:
        command()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(bool(end.code))
    return 0


@contextmanager
def _apart(patched: pytest.MonkeyPatch) -> Iterator[None]:
    """Apart from the suite: a command opens its own database, and sets up its own log and vault."""
    root = logging.getLogger()
    known = [root, *(each for each in root.manager.loggerDict.values() if isinstance(each, logging.Logger))]
    handlers, levels = list(root.handlers), [(each, each.level) for each in known]
    patched.setattr("tortoise.context._global_context", None)
    prepared = [(each, left(each)) for each in Model.__subclasses__()]
    with patch.dict("os.environ"):
        try:
            yield
        finally:
            root.handlers = handlers
            for each, level in levels:
                each.setLevel(level)
            for model, what in prepared:
                put_back(model, what)
            vault.unlock(MASTER_KEY)
