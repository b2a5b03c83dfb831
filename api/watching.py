"""Watching: how each operation went, as a line in the log and as numbers for Prometheus; never about whom."""

import logging
import time
from bisect import bisect_left
from collections import Counter as Tally

from graphql import ExecutionResult
from prometheus_client import Counter, Gauge, Histogram, disable_created_metrics

from schema import executing
from schema.context import Context

NAMES = 200
"""How many names of operations have numbers of their own; the others share `other`."""

STRANGERS = 50
"""How many of those may have been named by callers without a credential."""

NAME_MAX = 64
ANONYMOUS, OTHER, NONE = "anonymous", "other", "none"
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0)

disable_created_metrics()  # type: ignore[no-untyped-call]
OPERATIONS = Counter(
    "loyalty_operations",
    "Operations by how they ended: ok, refused, or an error's code.",
    ["operation", "type", "outcome"],
)
SECONDS = Histogram(
    "loyalty_operation_seconds", "How long operations took.", ["operation", "type"], buckets=BUCKETS
)
LIMITED = Counter("loyalty_rate_limited", "Operations their caller's allowance did not suffice for.", ["principal"])
COST = Counter("loyalty_cost_points", "Points of cost that operations came to.", ["principal"])
IN_FLIGHT = Gauge("loyalty_operations_in_flight", "Operations under way.", multiprocess_mode="livesum")
RUN = Counter(
    "loyalty_operations_run",
    "Operations by how they were run: compiled; generic, by graphql-core; or declined, by one and then the other.",
    ["how"],
)
FAULTS = Counter("loyalty_compiler_faults", "Documents that the compiler failed at, so that they cost too much.")
REFUSED = Counter("loyalty_requests_refused", "Requests that were no operation.", ["code", "status"])
JOBS = Counter("loyalty_jobs", "Tries at jobs, by how they ended: done, failed, or dead.", ["job", "outcome"])
WEBHOOKS = Counter(
    "loyalty_webhooks",
    "Tries at webhook deliveries, by how they ended: delivered, failed, dead; or late, after their lease.",
    ["outcome"],
)

_log = logging.getLogger("loyalty.operations")


class Names:
    """The names that have numbers of their own: the first ones, since a client may call its operations anything."""

    def __init__(self) -> None:
        self.known: set[str] = set()

    def of(self, name: str | None, *, is_stranger: bool) -> str:
        """The name as a label."""
        if name is None:
            return ANONYMOUS
        if name in self.known:
            return name
        if len(name) > NAME_MAX or len(self.known) >= (STRANGERS if is_stranger else NAMES):
            return OTHER
        self.known.add(name)
        return name


NAMED = Names()


SLOW_SECONDS = 1.0
"""From here on an operation is slow, and has its line however few others have."""


class Lines:
    """Which operations have a line in the log: all that failed, were refused or were slow, and a share of the rest.

    The rest take turns, so that the share is exact. A share of None is no lines at all.
    """

    def __init__(self, share: float | None = 1.0) -> None:
        self.share = share
        self._owed = 0.0

    def has(self, ended: str, seconds: float) -> bool:
        """Whether an operation that ended so, after so long, has a line."""
        if self.share is None:
            return False
        if ended != "ok" or seconds >= SLOW_SECONDS:
            return True
        self._owed += self.share
        if self._owed < 1:
            return False
        self._owed -= 1
        return True


class Ended:
    """How many operations of one sort ended in one way, what they cost, and how long they took."""

    __slots__ = ("cost", "count", "seconds", "times")

    def __init__(self) -> None:
        self.count = self.cost = 0
        self.seconds = 0.0
        self.times = [0] * (len(BUCKETS) + 1)
        """How many took so long, by bucket; the last are those that are in none."""

    def add(self, seconds: float, cost: int) -> None:
        """Count one more."""
        self.count += 1
        self.cost += cost
        self.seconds += seconds
        self.times[bisect_left(BUCKETS, seconds)] += 1


class Counted:
    """What is counted in passing, and added to Prometheus's numbers once a second and before each scrape.

    Its own counters take a lock for each step, which costs a request more than all else here.
    """

    def __init__(self) -> None:
        self.ended: dict[tuple[str, str, str, str], Ended] = {}
        """By name, kind, outcome and sort of caller."""
        self.under_way = 0
        self._runs: Tally[str] = Tally()
        self._faults = 0

    def put_down(self) -> None:
        """Add what was counted since the last time."""
        ended, self.ended = self.ended, {}
        for (label, kind, outcome, principal), each in ended.items():
            OPERATIONS.labels(label, kind, outcome).inc(each.count)
            COST.labels(principal).inc(each.cost)
            _put_down(SECONDS.labels(label, kind), each)
            if outcome == "RATE_LIMITED":
                LIMITED.labels(principal).inc(each.count)
        IN_FLIGHT.set(self.under_way)
        for how, count in executing.EXECUTOR.counts.items():
            RUN.labels(how).inc(count - self._runs[how])
            self._runs[how] = count
        FAULTS.inc(executing.EXECUTOR.faults - self._faults)
        self._faults = executing.EXECUTOR.faults


COUNTED = Counted()


def _put_down(histogram: Histogram, ended: Ended) -> None:
    """Add times to a histogram, all at once: `observe`, which does the same, takes them one by one."""
    histogram._sum.inc(ended.seconds)
    for bucket, count in zip(histogram._buckets, ended.times, strict=True):
        if count:
            bucket.inc(count)


def begin() -> float:
    """An operation is under way from now on; what is given back is for `end`."""
    COUNTED.under_way += 1
    return time.perf_counter()


def end(began: float) -> float:
    """How many seconds an operation took that is under way no longer."""
    COUNTED.under_way -= 1
    return time.perf_counter() - began


def write_down(context: Context, result: ExecutionResult, seconds: float, lines: Lines) -> None:
    """Count an operation that has its result, and tell the log of it if it has a line."""
    passed, who = context.passed, context.principal
    principal = who.kind if who else "NOBODY"
    if passed is None:
        label = kind = NONE
    else:
        # until an operation is known to be valid, what it calls itself is any text at all
        label = NAMED.of(passed.name, is_stranger=who is None and context.trusted is None)
        kind = passed.kind
    ended = outcome(context, result)
    cost = result.extensions["cost"]["actual"] if result.extensions else 0
    sort = label, kind, ended, principal
    counted = COUNTED.ended.get(sort)
    if counted is None:
        counted = COUNTED.ended[sort] = Ended()
    counted.add(seconds, cost)
    if lines.has(ended, seconds):
        told = {
            "operation": label,
            "type": kind,
            "outcome": ended,
            "ms": round(seconds * 1000, 1),
            "cost": cost,
            "principal": str(principal),
            "request_id": context.request_id,
        }
        if context.refusals:
            told["refusals"] = list(context.refusals)
        _log.info("operation", extra=told)


def outcome(context: Context, result: ExecutionResult) -> str:
    """How an operation ended: `ok`, `refused` by the programme, or the code of its first error."""
    if result.errors:
        return str((result.errors[0].extensions or {}).get("code", "INTERNAL_SERVER_ERROR"))
    return "refused" if context.refusals else "ok"
