"""The command: `python -m benchmarks.speed`, which `make bench` runs. Its last line is one JSON object."""

import asyncio
import signal
import sys
import time
from collections.abc import Callable

import orjson

from benchmarks.report import heading, say
from benchmarks.speed import page, results
from benchmarks.speed.answers import Disagreement
from benchmarks.speed.ground import NoCallers
from benchmarks.speed.options import options
from benchmarks.speed.rounds import Failed
from benchmarks.speed.run import Impossible, Run
from benchmarks.speed.running import NotRunning

ENDS = (Disagreement, Failed, Impossible, NoCallers, NotRunning)
"""What ends a run before its time, and says why."""


def guarded(work: Callable[[], None]) -> None:
    """Do a command's work; say why it ended early, and stop what was started when it is told to."""
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        work()
    except ENDS as error:
        say(f"FAILED {error}")
        sys.exit(1)
    except KeyboardInterrupt:
        say("stopped")
        sys.exit(130)


def main() -> None:
    """Run, tell, and end with 0 when every request was answered as it should have been."""
    asked, began = options(), time.perf_counter()
    heading("speed", asked.seed)
    run = Run(asked)
    say(run.about())
    found = asyncio.run(run.whole())
    if asked.page and asked.documents:
        say("no page is written about documents of somebody else's")
    elif asked.page:
        page.write_run(asked.page, run, found)
        say(f"wrote {asked.page}")
    say(f"took {time.perf_counter() - began:.0f} s")
    say(orjson.dumps(results.ratios(found)).decode())


if __name__ == "__main__":
    guarded(main)
