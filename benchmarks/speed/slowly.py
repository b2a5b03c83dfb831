"""Slowly: a `loyalty` command whose clock goes as slowly as Valgrind makes its work.

`python -m benchmarks.speed.slowly serve …`. So what happens once a second (a token read again) happens once in as
many requests as in earnest, however busy the machine is.
"""

import time
from collections.abc import Callable

SLOWED = 50
"""How many times as long Valgrind takes."""


def slowed(clock: Callable[[], float]) -> Callable[[], float]:
    """A clock that goes slower from now on."""
    began = clock()
    return lambda: began + (clock() - began) / SLOWED


if __name__ == "__main__":
    time.monotonic, time.perf_counter = slowed(time.monotonic), slowed(time.perf_counter)
    # whoever keeps a clock is to keep these
    from api.cli import main

    main()
