"""What takes long to make and many tests begin with is made once in a run, and put back for each of them."""

from collections.abc import Awaitable, Callable
from copy import deepcopy
from functools import wraps
from itertools import count
from typing import Any, TypeVar

from models.keystore import KeySQL, add_keys
from tests import guard
from tests.emptying import sweeper

T = TypeVar("T")
_numbers = count(1)
KEYS = KeySQL("SELECT member_id, generation, wrapped, settled FROM member_key", fans_out="a test keeps them")
FORGOTTEN = KeySQL("DELETE FROM erased_member", fans_out="a test puts members back")


def kept(make: Callable[[], Awaitable[T]]) -> Callable[[], Awaitable[T]]:
    """The same, made the first time and put back from then on. It wants an empty database."""
    number = next(_numbers)
    made: list[tuple[T, list[tuple[Any, ...]]]] = []

    @wraps(make)
    async def given() -> T:
        with guard.recorder.paused():
            assert await sweeper().contents() == {}
        if made:
            with guard.recorder.paused():
                await sweeper().put_back(number)
                await FORGOTTEN.run()
                await add_keys(made[0][1], ignore_conflicts=True)
            guard.recorder.wrote = True
        else:
            told = await make()
            with guard.recorder.paused():
                await sweeper().keep(number)
                made.append((told, [tuple(row.values()) for row in await KEYS.rows()]))
        return deepcopy(made[0][0])

    return given
