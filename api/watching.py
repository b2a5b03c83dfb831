"""Watching: how each operation went, as a line in the log and as numbers for Prometheus; never about whom."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from prometheus_client import Counter, Gauge, Histogram, disable_created_metrics
from strawberry.types import ExecutionResult

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
REFUSED = Counter("loyalty_requests_refused", "Requests that were no operation.", ["code", "status"])
JOBS = Counter("loyalty_jobs", "Tries at jobs, by how they ended: done, failed, or dead.", ["job", "outcome"])

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


@dataclass(slots=True)
class Seen:
    """An operation under way, and what came of it."""

    result: ExecutionResult | None = None


@contextmanager
def operation(context: Context, *, logs: str) -> Iterator[Seen]:
    """Watch an operation until it has its result; one that ended as no operation at all is not written down."""
    began = time.perf_counter()
    seen = Seen()
    with IN_FLIGHT.track_inprogress():
        yield seen
    if seen.result is not None:
        _write_down(context, seen.result, time.perf_counter() - began, logs)


def _write_down(context: Context, result: ExecutionResult, seconds: float, logs: str) -> None:
    passed, who = context.passed, context.principal
    principal = who.kind.value if who else "NOBODY"
    kind = passed.kind if passed else NONE
    # until an operation is known to be valid, what it calls itself is any text at all
    label = NAMED.of(passed.name, is_stranger=who is None and context.trusted is None) if passed else NONE
    ended = outcome(context, result)
    OPERATIONS.labels(label, kind, ended).inc()
    SECONDS.labels(label, kind).observe(seconds)
    if ended == "RATE_LIMITED":
        LIMITED.labels(principal).inc()
    cost = (result.extensions or {}).get("cost", {}).get("actual", 0)
    COST.labels(principal).inc(cost)
    if logs == "all" or (logs == "failed" and ended != "ok"):
        told = {
            "operation": label,
            "type": kind,
            "outcome": ended,
            "ms": round(seconds * 1000, 1),
            "cost": cost,
            "principal": principal,
            "request_id": context.request_id,
        }
        if passed and passed.refusals:
            told["refusals"] = passed.refusals
        _log.info("operation", extra=told)


def outcome(context: Context, result: ExecutionResult) -> str:
    """How an operation ended: `ok`, `refused` by the programme, or the code of its first error."""
    if result.errors:
        return str((result.errors[0].extensions or {}).get("code", "INTERNAL_SERVER_ERROR"))
    return "refused" if context.passed and context.passed.refusals else "ok"
