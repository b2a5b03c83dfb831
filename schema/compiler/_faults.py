"""Faults: what the compiler itself did wrong, told apart from what resolvers raise, without a word of anybody's."""

from pathlib import Path
from traceback import walk_tb
from types import CodeType

from schema.compiler._asking import Run
from schema.compiler._leaves import Declined
from schema.compiler._reading import Reading, mapped

WRITTEN = "<operation>"
"""The file that written functions are said to be of."""

HERE = Path(__file__).parent
SHOWN = 6
"""How many of the innermost frames are told."""

CALLERS = {each.__code__ for each in (Run.batch, Run.once, Reading.__call__, mapped)}
"""What of the compiler calls resolvers and properties, besides the functions it writes."""


class Fault:
    """An exception that ended a compiled run: its kind and where it was raised, never what it says.

    What it says may be anybody's name. The exception is not kept: behind it stands all that the run had in hand.
    """

    __slots__ = ("is_own", "kind", "where")

    def __init__(self, error: Exception) -> None:
        found = [(frame.f_code, line) for frame, line in walk_tb(error.__traceback__)]
        self.kind = type(error).__name__
        self.where = tuple(f"{Path(code.co_filename).name}:{line} {code.co_name}" for code, line in found[-SHOWN:])
        self.is_own = not isinstance(error, Declined) and _is_own([code for code, _ in found])
        """Whether the compiler's code raised it, or what that uses, and nothing that was asked for a value."""

    def __str__(self) -> str:
        return f"{self.kind} at {' < '.join(reversed(self.where))}"


def _is_own(codes: list[CodeType]) -> bool:
    places = [place for place, code in enumerate(codes) if _is_of_the_compiler(code)]
    if not places or places[-1] == len(codes) - 1:
        return True
    last = codes[places[-1]]
    return last.co_filename != WRITTEN and last not in CALLERS


def _is_of_the_compiler(code: CodeType) -> bool:
    return code.co_filename == WRITTEN or Path(code.co_filename).parent == HERE
